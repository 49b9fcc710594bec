// Whatever a database returns: every row is kept or counted, and a snapshot can be made of what was kept.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "retaind/model/snapshot.hpp"

namespace {

using namespace retaind;

void must(bool holds) {
    if (!holds) std::abort();
}

/// The first byte chooses the dataset; the rest are cells, apart by 0x1F, a lone 0x00 being NULL.
std::vector<Cell> cells_of(std::string_view text) {
    std::vector<Cell> cells;
    while (!text.empty()) {
        const auto end = std::min(text.find('\x1f'), text.size());
        const auto cell = text.substr(0, end);
        cells.push_back(cell == std::string_view{"\0", 1} ? Cell{} : Cell{cell});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return cells;
}

std::vector<std::string> columns_of(DatasetKind kind) {
    std::vector<std::string> names;
    for (const auto& column : dataset_spec(kind).columns) names.emplace_back(column.name);
    return names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    constexpr int kinds = static_cast<int>(DatasetKind::events) + 1;
    const auto kind = static_cast<DatasetKind>(bytes[0] % kinds);
    auto reader = DatasetReader::open({.name = std::string{dataset_spec(kind).name}, .kind = kind}, columns_of(kind));
    must(reader.ok());
    const auto cells = cells_of({reinterpret_cast<const char*>(bytes) + 1, size - 1});
    const auto columns = columns_of(kind).size();
    std::uint64_t rows = 0;
    for (std::size_t at = 0; at + columns <= cells.size(); at += columns, ++rows)
        reader->add(std::span{cells}.subspan(at, columns));
    auto dataset = std::move(*reader).finish();
    must(dataset.rows_read == rows && dataset.rows + rejected_rows(dataset.rejected) == rows);
    std::vector<Dataset> datasets;
    datasets.push_back(std::move(dataset));
    const auto day = *parse_day("2026-03-01");
    assemble(std::move(datasets), {}, {.as_of = day, .read_from = day - std::chrono::days{100}});
    return 0;
}
