#include "retaind/model/dataset.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "retaind/base/value.hpp"

namespace retaind {
namespace {

constexpr std::size_t longest_key = 120;
constexpr double most_minor_units = 9007199254740992.0;  // 2^53: beyond, a double skips integers

// ---- what a column means --------------------------------------------------------------------------------------------

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
        }
    }
    return row.back();
}

std::string folded(std::string_view name) {
    std::string text{name.substr(0, 64)};
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

std::string_view nearest_column(const DatasetSpec& spec, std::string_view name) {
    std::string_view nearest;
    std::size_t least = name.size() < 4 ? 2 : 3;
    for (const auto& column : spec.columns) {
        const auto distance = edit_distance(column.name, folded(name));
        if (distance < least) {
            least = distance;
            nearest = column.name;
        }
    }
    return nearest;
}

std::string listed(const DatasetSpec& spec) {
    std::string names;
    for (const auto& column : spec.columns) names += fmt::format("{}{}", names.empty() ? "" : ", ", column.name);
    return names;
}

struct ColumnTrouble {
    std::vector<std::string> what = {}, hints = {};

    void say(std::string trouble, std::string hint) {
        what.push_back(std::move(trouble));
        if (!hint.empty() && std::find(hints.begin(), hints.end(), hint) == hints.end())
            hints.push_back(std::move(hint));
    }
};

void find_missing(const DatasetSpec& spec, const std::vector<std::string>& columns, ColumnTrouble& trouble) {
    const auto has = [&](std::string_view name) {
        return std::find(columns.begin(), columns.end(), name) != columns.end();
    };
    for (const auto& column : spec.columns) {
        if (!column.required || has(column.name)) continue;
        const auto meant = std::find_if(columns.begin(), columns.end(), [&](const auto& given) {
            return !find_column(spec, given) && nearest_column(spec, given) == column.name;
        });
        trouble.say(
            fmt::format("column \"{}\" is missing", column.name),
            fmt::format("name it in the query: SELECT {} AS {}", meant != columns.end() ? *meant : "...", column.name));
    }
    if (spec.kind == DatasetKind::attendance && !has("status") && !has("attended"))
        trouble.say("column \"status\" or \"attended\" is missing",
                    "name it in the query: SELECT ... AS status (attended, missed or excused)");
}

void find_unknown(const DatasetSpec& spec, const std::vector<std::string>& columns, ColumnTrouble& trouble) {
    for (auto column = columns.begin(); column != columns.end(); ++column) {
        if (std::find(columns.begin(), column, *column) != column) {
            trouble.say(fmt::format("column \"{}\" is there twice", *column), "give each column its own alias");
            continue;
        }
        if (find_column(spec, *column)) continue;
        if (!is_valid_utf8(*column) || column->empty()) trouble.say("a column's name is not text", "give it an alias");
        if (spec.is_open) continue;
        const auto nearest = nearest_column(spec, *column);
        trouble.say(fmt::format("column \"{}\" is unknown", *column),
                    nearest.empty() ? fmt::format("{} may have: {}", spec.name, listed(spec))
                                    : fmt::format("did you mean \"{}\"?", nearest));
    }
}

// ---- what a cell says -----------------------------------------------------------------------------------------------

using Reason = const char*;  // nullptr: the cell is fine

bool has_foreign_year(std::string_view text) {
    const auto digits =
        std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; }) - text.begin();
    if (digits < 4 || static_cast<std::size_t>(digits) >= text.size() || text[static_cast<std::size_t>(digits)] != '-')
        return false;
    const auto year = parse_number(text.substr(0, static_cast<std::size_t>(digits)));
    return year && (*year < first_year || *year > last_year);
}

Reason why_no_number(std::string_view text) {
    const auto word = folded(text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text);
    if (word.starts_with("inf") || word.starts_with("nan")) return "not_finite";
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = end == text.data() + text.size();
    return whole && error == std::errc::result_out_of_range ? "out_of_range" : "bad_number";
}

Reason check_text(std::string_view text, const ColumnSpec& spec, const ReadLimits& limits) {
    if (!is_valid_utf8(text)) return "bad_utf8";
    if (spec.is_id() && text.empty()) return "empty";
    if (spec.is_id() && text.size() > limits.id_bytes) return "too_long";
    if (spec.choices.empty()) return nullptr;
    if (std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end()) return nullptr;
    return spec.name == "status" ? "bad_status" : spec.name == "origin" ? "bad_origin" : "bad_kind";
}

Reason read_number(std::string_view text, const ColumnSpec& spec, const ReadLimits& limits, double& number) {
    const auto parsed = parse_number(text);
    if (!parsed) return why_no_number(text);
    number = *parsed;
    return std::abs(number) > limits.number || number < spec.least || number > spec.most ? "out_of_range" : nullptr;
}

Reason read_money(std::string_view text, const ColumnSpec& spec, const ReadLimits& limits, double& minor) {
    double major = 0;
    if (const Reason reason = read_number(text, spec, limits, major)) return reason;
    const auto parsed = parse_money(text);
    if (!parsed) return "bad_money";
    minor = static_cast<double>(*parsed);
    return std::abs(minor) > most_minor_units ? "out_of_range" : nullptr;
}

Reason bad_date(std::string_view text) { return has_foreign_year(text) ? "out_of_range" : "bad_date"; }

std::int32_t day_number(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }

/// A key fit for a log line and a page: short, one line, valid UTF-8.
std::string printable(std::string_view text) {
    std::string key{text.substr(0, longest_key)};
    const bool valid = is_valid_utf8(key);
    for (char& c : key) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (!valid && byte >= 0x80)) c = '?';
    }
    return key;
}

/// "01099" is a postcode and stays a text.
bool reads_as_number(std::string_view text, const ReadLimits& limits) {
    const auto digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') return false;
    const auto number = parse_number(text);
    return number && std::abs(*number) <= limits.number;
}

/// A further column of customers becomes numbers when every cell of it is one (and there is any).
void settle_attribute(Column& column, const Words& words, const ReadLimits& limits) {
    std::vector<signed char> verdicts(words.size(), -1);
    bool any = false;
    for (const Word word : column.words) {
        if (word == no_word) continue;
        any = true;
        if (verdicts[word] < 0) verdicts[word] = reads_as_number(words.text(word), limits);
        if (!verdicts[word]) return;
    }
    if (!any) return;
    column.numbers.reserve(column.words.size());
    for (const Word word : column.words)
        column.numbers.push_back(word == no_word ? missing : *parse_number(words.text(word)));
    column.words = {};
}

}  // namespace

// ---- rejections -----------------------------------------------------------------------------------------------------

void Rejection::add(std::string_view row_key, std::size_t most) {
    ++rows;
    const auto key = printable(row_key);
    if (keys.size() >= most && (most == 0 || key >= keys.back())) return;
    const auto place = std::lower_bound(keys.begin(), keys.end(), key);
    if (place != keys.end() && *place == key) return;
    keys.emplace(place, key);
    if (keys.size() > most) keys.pop_back();
}

std::uint64_t rejected_rows(const Rejections& rejections) {
    std::uint64_t rows = 0;
    for (const auto& [reason, rejection] : rejections) rows += rejection.rows;
    return rows;
}

std::string describe(const Rejections& rejections) {
    constexpr std::size_t keys_shown = 5;
    std::string counts, keys;
    std::size_t shown = 0;
    for (const auto& [reason, rejection] : rejections) {
        counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", reason, rejection.rows);
        for (const auto& key : rejection.keys)
            if (shown++ < keys_shown) keys += fmt::format("{}{}", keys.empty() ? "" : ", ", key);
    }
    return keys.empty() ? counts : fmt::format("{} (first: {})", counts, keys);
}

const Column* Dataset::find(std::string_view name) const {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

// ---- the reader -----------------------------------------------------------------------------------------------------

struct DatasetReader::Slot {
    ColumnSpec spec;
    bool in_key = false;

    // The cell at hand, until its whole row is known to be good.
    bool known = false;
    std::string_view text = {};
    double number = 0;
    std::int32_t day = 0, second = 0;
    bool timed = false;
    Word last = no_word;  // rows of one customer often stand together

    Reason read(const Cell& cell, const DatasetOptions& options);
    Reason read_moment(std::string_view cell, const DatasetOptions& options);
    Reason read_day(std::string_view cell, const DatasetOptions& options);
    void append(Column& column, Words& words);
    void append_text(Column& column, Words& words);
    void append_moment(Column& column);
};

Reason DatasetReader::Slot::read(const Cell& cell, const DatasetOptions& options) {
    known = cell.has_value();
    if (!known) return spec.required && !spec.nullable ? "null" : nullptr;
    if (cell->size() > options.limits.cell_bytes) return "too_long";
    text = *cell;
    switch (spec.type) {
        case CellType::text:
        case CellType::attribute: return check_text(text, spec, options.limits);
        case CellType::number: return read_number(text, spec, options.limits, number);
        case CellType::money: return read_money(text, spec, options.limits, number);
        case CellType::day: return read_day(text, options);
        case CellType::moment: return read_moment(text, options);
        case CellType::flag: break;
    }
    const auto parsed = parse_flag(text);
    number = parsed && *parsed ? 1 : 0;
    return parsed ? nullptr : "bad_flag";
}

Reason DatasetReader::Slot::read_moment(std::string_view cell, const DatasetOptions& options) {
    const auto moment = parse_moment(cell);
    if (!moment) return bad_date(cell);
    day = day_number(moment->day);
    second = 0;
    timed = moment->time_of_day.has_value();
    if (!timed) return nullptr;
    const Instant instant = moment->utc_offset ? Instant{moment->day + *moment->time_of_day - *moment->utc_offset}
                                               : options.zone.to_instant(moment->day, *moment->time_of_day);
    day = day_number(options.day_zone.local_day(instant));
    second = static_cast<std::int32_t>(options.day_zone.local_time_of_day(instant).count());
    return nullptr;
}

Reason DatasetReader::Slot::read_day(std::string_view cell, const DatasetOptions& options) {
    const auto moment = parse_moment(cell);
    if (!moment) return bad_date(cell);
    day = day_number(moment->day);
    if (moment->utc_offset)
        day = day_number(options.day_zone.local_day(Instant{moment->day + *moment->time_of_day - *moment->utc_offset}));
    return nullptr;
}

void DatasetReader::Slot::append(Column& column, Words& words) {
    switch (spec.type) {
        case CellType::text:
        case CellType::attribute: append_text(column, words); break;
        case CellType::number:
        case CellType::money:
        case CellType::flag: column.numbers.push_back(known ? number : missing); break;
        case CellType::day: column.days.push_back(known ? day : no_day); break;
        case CellType::moment: append_moment(column); break;
    }
}

void DatasetReader::Slot::append_text(Column& column, Words& words) {
    if (known && (last == no_word || words.text(last) != text)) last = words.intern(text);
    column.words.push_back(known ? last : no_word);
}

void DatasetReader::Slot::append_moment(Column& column) {
    const bool has_time = known && timed;
    if (has_time && column.seconds.empty()) column.seconds.resize(column.days.size(), 0);
    column.days.push_back(known ? day : no_day);
    if (has_time || !column.seconds.empty()) column.seconds.push_back(known ? second : 0);
}

DatasetReader::DatasetReader(Dataset dataset, std::vector<Slot> slots)
    : dataset_(std::move(dataset)), slots_(std::move(slots)) {}
DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

Result<DatasetReader> DatasetReader::open(DatasetOptions options, std::vector<std::string> columns) {
    const auto& spec = dataset_spec(options.kind);
    ColumnTrouble trouble;
    find_missing(spec, columns, trouble);
    find_unknown(spec, columns, trouble);
    if (columns.size() > spec.columns.size() + options.limits.attributes)
        trouble.say(fmt::format("{} columns are too many", columns.size()),
                    fmt::format("at most {} further columns", options.limits.attributes));
    if (!trouble.what.empty())
        return Error{.kind = ErrorKind::source,
                     .message = fmt::format("dataset \"{}\": {}", options.name, fmt::join(trouble.what, "; ")),
                     .hint = fmt::format("{}", fmt::join(trouble.hints, "; "))};

    Dataset dataset{.options = std::move(options)};
    std::vector<Slot> slots;
    for (auto& name : columns) {
        const auto* known = find_column(spec, name);
        Slot slot{.spec = known ? *known : ColumnSpec{.name = "", .type = CellType::attribute}};
        slot.in_key = known == spec.columns.data() || name == "at" || name == "milestone_id" || name == "related_id";
        dataset.columns.push_back({.name = std::move(name), .type = slot.spec.type});
        slots.push_back(slot);
    }
    return DatasetReader{std::move(dataset), std::move(slots)};
}

std::string DatasetReader::row_key(std::span<const Cell> cells) const {
    std::string first, rest;
    for (std::size_t i = 0; i < slots_.size() && i < cells.size(); ++i) {
        if (!slots_[i].in_key) continue;
        const auto part = cells[i] ? cells[i]->substr(0, longest_key) : std::string_view{"NULL"};
        if (slots_[i].spec.name == dataset_spec(dataset_.options.kind).columns.front().name)
            first.assign(part);
        else
            rest += fmt::format("/{}", part);
    }
    return first + rest;
}

bool DatasetReader::add(std::span<const Cell> cells) {
    if (dataset_.rows_read >= dataset_.options.limits.rows) return false;
    ++dataset_.rows_read;
    Reason reason = cells.size() == slots_.size() ? nullptr : "wrong_column_count";
    for (std::size_t i = 0; !reason && i < slots_.size(); ++i) reason = slots_[i].read(cells[i], dataset_.options);
    if (reason) {
        dataset_.rejected[reason].add(row_key(cells), dataset_.options.limits.rejected_keys);
        return true;
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].append(dataset_.columns[i], dataset_.words);
    ++dataset_.rows;
    return true;
}

std::uint64_t DatasetReader::rows_rejected() const { return rejected_rows(dataset_.rejected); }

Dataset DatasetReader::finish() && {
    for (auto& column : dataset_.columns)
        if (column.type == CellType::attribute) settle_attribute(column, dataset_.words, dataset_.options.limits);
    return std::move(dataset_);
}

}  // namespace retaind
