// Rows written down in a test, read as a database's rows are.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "retaind/model/dataset.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind::testing {

using TextCell = std::optional<std::string>;
using TextRow = std::vector<TextCell>;
inline constexpr std::nullopt_t null = std::nullopt;

struct Rows {
    DatasetKind kind;
    std::vector<std::string> columns;
    std::vector<TextRow> rows;
    DatasetOptions options = {};

    std::string name() const { return options.name.empty() ? std::string{dataset_spec(kind).name} : options.name; }
};

inline Dataset read(const Rows& given) {
    auto options = given.options;
    options.name = given.name();
    options.kind = given.kind;
    auto reader = DatasetReader::open(std::move(options), given.columns);
    if (!reader) throw std::runtime_error(to_string(reader.error()));
    for (const auto& row : given.rows) {
        std::vector<Cell> cells;
        for (const auto& cell : row) cells.push_back(cell ? Cell{*cell} : Cell{});
        reader->add(cells);
    }
    return std::move(reader.value()).finish();
}

inline Day on(int year, unsigned month, unsigned day) {
    return Day{std::chrono::year_month_day{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}}};
}

inline Snapshot snapshot_of(const std::vector<Rows>& tables, const SnapshotOptions& options) {
    std::vector<Dataset> datasets;
    for (const auto& table : tables) datasets.push_back(read(table));
    return assemble(std::move(datasets), {}, options);
}

/// The same rows in another order; the same seed gives the same order.
inline std::vector<Rows> shuffled(std::vector<Rows> tables, unsigned seed) {
    std::mt19937 random{seed};
    for (auto& table : tables) std::shuffle(table.rows.begin(), table.rows.end(), random);
    std::shuffle(tables.begin(), tables.end(), random);
    return tables;
}

}  // namespace retaind::testing
