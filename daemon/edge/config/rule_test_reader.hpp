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

/// Lines of cells; the first names the columns.
struct CsvTable {
    struct Line {
        int number = 0;  ///< in the file, from 1
        std::vector<std::string> cells = {};
    };
    std::string file;
    std::vector<std::string> header = {};
    std::vector<Line> lines = {};  ///< not far beyond most_test_rows
};

/// The CSV files beside a file of tests, or further down; each is read once.
class CsvFiles {
public:
    explicit CsvFiles(std::string directory) : directory_(std::move(directory)) {}

    /// The file that the item names; null after a complaint, and when there was one before.
    const CsvTable* read(const Item& item);

private:
    std::optional<CsvTable> read_file(const std::string& file, const Item& item) const;

    std::string directory_;
    std::map<std::string, std::optional<CsvTable>, std::less<>> tables_ = {};
};

/// Rows of one dataset: tables, or the name of a CSV file whose first line names the columns (an empty cell is NULL).
struct test_rows {
    const DatasetSpec& spec;
    CsvFiles& files;
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
