// The parts of a rule test: rows as they are written, and expectations.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/rule_tests.hpp"
#include "edge/config/table_reader.hpp"
#include "retaind/model/contract.hpp"

namespace retaind::config {

/// Cells by column, as a database would send them; a column that is not there is NULL.
struct TestRow {
    std::map<std::string, std::string, std::less<>> cells = {};
    Position where = {};
};

/// Rows of one dataset: tables, or the name of a CSV file in `directory` whose first line names the columns (an empty
/// cell is NULL).
struct test_rows {
    const DatasetSpec& spec;
    const std::string& directory;
    std::optional<std::vector<TestRow>> operator()(const Item& item) const;
};

/// What rows to be removed look like: a table, or several; any columns will do.
struct removed_rows {
    const DatasetSpec& spec;
    std::optional<std::vector<TestRow>> operator()(const Item& item) const;
};

/// `datasets`: the sorted names that a test may speak of.
void read_expectations(TableReader& in, const RuleSet& rules, const std::vector<std::string>& datasets,
                       Expectations& to);

}  // namespace retaind::config
