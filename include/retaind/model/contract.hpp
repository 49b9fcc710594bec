// The data contract (DESIGN.md 4): which datasets there are, and the columns each may have.
//
// The user's schema is theirs; the column aliases of their queries are this contract. Everything that needs to know
// a column (decoding, `check`, conditions on rows, documentation) reads it from here.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string_view>

namespace retaind {

enum class DatasetKind {
    customers,
    subscriptions,
    usage,
    attendance,
    touchpoints,
    promises,
    readings,
    milestones,
    people,
    relations,
    segment_series,
    markers,
    events,
};

/// How a cell's text is read. `attribute` is a further column of customers: a number when every cell of the column
/// is one, else a text.
enum class CellType { text, number, money, day, moment, flag, attribute };

struct ColumnSpec {
    std::string_view name;
    CellType type = CellType::text;
    bool required = false;  ///< the query must have it; and a row without it is rejected, unless `nullable`
    bool nullable = false;  ///< required as a column, but NULL says something (a promise without a target)
    std::span<const std::string_view> choices = {};           ///< the only texts allowed; others are "bad_<name>"
    double least = -std::numeric_limits<double>::infinity();  ///< of numbers and money (major units): bounds, both
    double most = std::numeric_limits<double>::infinity();    ///< allowed; beyond them is "out_of_range"

    /// Ids are short and never empty.
    bool is_id() const { return name.ends_with("_id"); }
};

struct DatasetSpec {
    DatasetKind kind;
    std::string_view name;  ///< as in [dataset.NAME]; of events, the kind's own name
    std::span<const ColumnSpec> columns;
    bool is_series = false;  ///< dated rows of customers: measures read it
    bool is_open = false;    ///< further columns are kept as attributes
};

const DatasetSpec& dataset_spec(DatasetKind kind);
std::span<const DatasetSpec> data_contract();

/// The kind that a dataset's name stands for; nothing for a name of the user's own (which is `events`).
std::optional<DatasetKind> dataset_kind(std::string_view name);

const ColumnSpec* find_column(const DatasetSpec& spec, std::string_view name);

}  // namespace retaind
