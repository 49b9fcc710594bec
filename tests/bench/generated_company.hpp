// A company of any size, from a seed, as rows of text: what the benchmark writes into each database.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/time.hpp"

namespace retaind::bench {

struct Table {
    std::string_view name;
    std::string_view columns;  ///< as in CREATE TABLE, for either database
    std::string_view dated;    ///< the column that :from and :to choose by, or ""
};
std::span<const Table> tables();
std::vector<std::string> column_names(const Table& table);

struct Size {
    int customers = 100'000;
    int days = 90;
    Day last = parse_day("2026-03-31").value();
};

/// Calls `row` for every row of a table, in the same order for the same size.
using RowSink = std::function<void(std::span<const std::string> fields)>;
void generate(const Table& table, const Size& size, const RowSink& row);

}  // namespace retaind::bench
