// One dataset as it was read: text cells parsed strictly into typed columns, bad rows rejected and counted.
//
// Every backend, and every rule test, feeds rows through DatasetReader; so a value means the same everywhere, and
// nothing a database sends is trusted before it is parsed here. A reader is used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/base/time.hpp"
#include "retaind/base/words.hpp"
#include "retaind/model/contract.hpp"

namespace retaind {

/// Bounds on what is accepted from a database. Beyond them a row is rejected, a dataset refused.
struct ReadLimits {
    std::size_t cell_bytes = 64 * 1024;  ///< longest text cell
    std::size_t id_bytes = 256;          ///< longest id
    std::size_t rows = 200'000'000;      ///< rows of one dataset
    std::size_t attributes = 200;        ///< further columns of customers
    std::size_t rejected_keys = 20;      ///< keys kept per reason
    double number = 1e15;                ///< largest magnitude of a number ("out_of_range" beyond)
};

/// The text of a cell, or nothing for NULL.
using Cell = std::optional<std::string_view>;

/// "No day" in a column of days.
inline constexpr std::int32_t no_day = INT32_MIN;

/// A typed column; only the vector that belongs to its type is filled, one element per accepted row.
struct Column {
    std::string name;
    CellType type = CellType::text;
    std::vector<Word> words = {};            ///< text, and attributes that are text; no_word = NULL
    std::vector<double> numbers = {};        ///< number, flag (0/1), money (minor units); missing = NULL
    std::vector<std::int32_t> days = {};     ///< day and moment: days since 1970-01-01; no_day = NULL
    std::vector<std::int32_t> seconds = {};  ///< moment: second of the day; empty while every cell is a date
};

/// Rejected rows of one reason: how many, and the first keys in alphabetical order, to be looked at.
struct Rejection {
    std::uint64_t rows = 0;
    std::vector<std::string> keys = {};  ///< distinct, printable, "customer/2026-03-01" for a dated row

    /// Counts one row. Of all keys the first `most` are kept, whatever order they come in.
    void add(std::string_view key, std::size_t most);
    bool operator==(const Rejection&) const = default;
};

/// Reasons are words fit for a metric label.
/// Of a cell: "null", "empty" (an id without letters), "bad_number", "not_finite", "bad_money" (more decimals than the
/// currency has), "bad_date", "bad_flag", "out_of_range", "bad_utf8", "too_long", "bad_status", "bad_kind",
/// "bad_origin".
/// Of a row among others: "duplicate", "unknown_customer", "unknown_promise", "due_before_start",
/// "target_is_baseline", "contradiction" (two columns of one row deny each other).
using Rejections = std::map<std::string, Rejection, std::less<>>;

/// Where and how a dataset was read.
struct DatasetOptions {
    std::string name;  ///< [dataset.NAME]
    DatasetKind kind = DatasetKind::events;
    std::string source = {};     ///< [source.NAME] it came from
    Zone zone = {};              ///< of naive timestamps
    Zone day_zone = {};          ///< the daemon's: in it an instant gets its day
    Seconds delay = Seconds{0};  ///< rows become known this long after `at`
    std::optional<Seconds> stale_after = {};
    ReadLimits limits = {};
};

struct Dataset {
    DatasetOptions options;
    std::vector<Column> columns = {};
    std::size_t rows = 0;         ///< accepted
    std::uint64_t rows_read = 0;  ///< accepted and rejected
    Rejections rejected = {};
    std::optional<Day> watermark = {};  ///< what the dataset's own watermark query said, if it has one
    Words words = {};

    const Column* find(std::string_view name) const;
};

/// Turns rows of text into a Dataset. How cells are read:
///   text    valid UTF-8 without NUL, at most cell_bytes (ids: id_bytes, and not empty)
///   number  decimal or exponent; no inf, no NaN, at most ReadLimits::number in magnitude; -0 becomes 0
///   money   major units with at most two decimals, kept in minor units
///   flag    true/false, t/f, 1/0, yes/no in any case
///   moment  a date stands for itself; a naive timestamp is in `zone`; an instant gets its day in `day_zone`
///   day     a date, or the day of a naive timestamp as written, or an instant's day in `day_zone`
class DatasetReader {
public:
    /// Fails when a required column is missing, or a column is unknown (with a suggestion), naming all of them.
    static Result<DatasetReader> open(DatasetOptions options, std::vector<std::string> columns);
    ~DatasetReader();
    DatasetReader(DatasetReader&&) noexcept;
    DatasetReader& operator=(DatasetReader&&) noexcept;

    /// Cells in the order of the columns given. A bad row is counted, never an error; false once the row limit is hit.
    bool add(std::span<const Cell> cells);

    std::uint64_t rows_read() const { return dataset_.rows_read; }
    std::uint64_t rows_rejected() const;
    Dataset finish() &&;

private:
    struct Slot;  ///< a column with the cell that is being read
    DatasetReader(Dataset dataset, std::vector<Slot> slots);
    std::string row_key(std::span<const Cell> cells) const;

    Dataset dataset_;
    std::vector<Slot> slots_;
};

/// Rejected rows of all reasons.
std::uint64_t rejected_rows(const Rejections& rejections);
/// "bad_date 12, null 3 (first: c1/2026-13-01, c7)": reasons by name with their counts, then the first keys.
std::string describe(const Rejections& rejections);

/// Strict parsers: the whole text or nothing. Numbers: decimal or exponent, no inf, no NaN, no locale.
std::optional<double> parse_number(std::string_view text);
/// "49.00" or "49" in major units to minor units (cents, two digits); more than two significant decimals are refused,
/// except the noise of a binary fraction ("49.990000000000002" is 49.99).
std::optional<std::int64_t> parse_money(std::string_view text);
std::optional<bool> parse_flag(std::string_view text);  ///< true/false, t/f, 1/0, yes/no
bool is_valid_utf8(std::string_view text);              ///< also refuses NUL

}  // namespace retaind
