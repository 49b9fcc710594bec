#include "core/model/join.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace retaind::join {
namespace {

constexpr auto no_row = std::numeric_limits<Row>::max();
constexpr std::int64_t seconds_per_day = 86400;

bool holds_words(const Column& column) {
    return column.type == CellType::text || (column.type == CellType::attribute && column.numbers.empty());
}

template <class T>
int three_way(T a, T b) {
    return a < b ? -1 : a > b ? 1 : 0;
}

int compare_numbers(double a, double b) {
    if (is_missing(a) || is_missing(b)) return three_way(is_known(a), is_known(b));
    return three_way(a, b);
}

std::int32_t day_of(std::int64_t seconds) {
    return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(Seconds{seconds}).count());
}

}  // namespace

// ---- order ----------------------------------------------------------------------------------------------------------

RowOrder::RowOrder(const Dataset& dataset, std::initializer_list<std::string_view> keys,
                   std::initializer_list<std::string_view> aside) {
    const auto among = [](std::initializer_list<std::string_view> names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const auto key : keys)
        if (const auto* column = dataset.find(key)) parts_.push_back(column);
    keys_ = parts_.size();
    for (const auto& column : dataset.columns)
        if (!among(keys, column.name) && !among(aside, column.name)) parts_.push_back(&column);
    std::sort(parts_.begin() + static_cast<std::ptrdiff_t>(keys_), parts_.end(),
              [](const Column* a, const Column* b) { return a->name < b->name; });
    rank(dataset.words);
}

void RowOrder::rank(const Words& words) {
    ranks_.resize(words.size(), 0);
    std::vector<Word> used;
    for (const auto* column : parts_) {
        if (!holds_words(*column)) continue;
        for (const Word word : column->words)
            if (word != no_word && std::exchange(ranks_[word], 1) == 0) used.push_back(word);
    }
    std::sort(used.begin(), used.end(), [&](Word a, Word b) { return words.text(a) < words.text(b); });
    for (std::size_t i = 0; i < used.size(); ++i) ranks_[used[i]] = static_cast<Word>(i + 1);
}

int RowOrder::compare_cells(const Column& column, Row a, Row b) const {
    if (holds_words(column)) return three_way(ranks_[column.words[a]], ranks_[column.words[b]]);
    if (column.days.empty()) return compare_numbers(column.numbers[a], column.numbers[b]);
    const int days = three_way(column.days[a], column.days[b]);
    return days != 0 || column.seconds.empty() ? days : three_way(column.seconds[a], column.seconds[b]);
}

int RowOrder::compare(Row a, Row b, std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i)
        if (const int order = compare_cells(*parts_[i], a, b)) return order;
    return 0;
}

std::vector<Row> RowOrder::sorted(std::size_t rows) const {
    std::vector<Row> order(rows);
    std::iota(order.begin(), order.end(), Row{0});
    std::sort(order.begin(), order.end(), [&](Row a, Row b) { return compare(a, b) < 0; });
    return order;
}

// ---- table ----------------------------------------------------------------------------------------------------------

Table::Table(Dataset dataset, Snapshot& snapshot, Feed& feed)
    : data_(std::move(dataset)), snapshot_(snapshot), feed_(feed), words_(data_.words.size(), no_word) {}

Texts Table::texts(std::string_view name) {
    const auto* column = data_.find(name);
    if (column)
        for (const Word word : column->words)
            if (word != no_word && words_[word] == no_word)
                words_[word] = snapshot_.words.intern(data_.words.text(word));
    return {column, &words_};
}

std::string Table::key(Row row) const {
    const auto first_name = dataset_spec(data_.options.kind).columns.front().name;
    std::string first, rest;
    for (const auto& column : data_.columns) {
        const bool is_first = column.name == first_name;
        if (!is_first && column.name != "at" && column.name != "milestone_id" && column.name != "related_id") continue;
        const auto part = column.type == CellType::moment ? format_day(Day{std::chrono::days{column.days[row]}})
                                                          : std::string{data_.words.text(column.words[row])};
        if (is_first)
            first = part;
        else
            rest += "/" + part;
    }
    return first + rest;
}

void Table::reject(Row row, std::string_view reason) {
    feed_.rejected[std::string{reason}].add(key(row), data_.options.limits.rejected_keys);
}

std::vector<CustomerIndex> Table::customers(std::string_view name, std::vector<bool>& alive) {
    constexpr CustomerIndex not_asked = no_customer - 1;
    const auto& cells = data_.find(name)->words;
    std::vector<CustomerIndex> known(data_.words.size(), not_asked), owners(cells.size());
    for (Row row = 0; row < cells.size(); ++row) {
        auto& owner = known[cells[row]];
        if (owner == not_asked) owner = snapshot_.find_customer(data_.words.text(cells[row]));
        owners[row] = owner;
        if (owner == no_customer && alive[row]) {
            alive[row] = false;
            reject(row, "unknown_customer");
        }
    }
    return owners;
}

std::vector<std::int32_t> Table::known_days(std::string_view at_name) const {
    const auto& at = *data_.find(at_name);
    const auto* known_at = data_.find("known_at");
    const auto delay = data_.options.delay.count();
    if (!known_at && delay <= 0) return {};
    std::vector<std::int32_t> known = at.days;
    for (std::size_t row = 0; row < known.size(); ++row) {
        // A date alone happens by the end of its day; so a delay of hours moves it to the next.
        const auto moment =
            at.days[row] * seconds_per_day + (at.seconds.empty() ? seconds_per_day - 1 : at.seconds[row]);
        if (known_at && known_at->days[row] != no_day)
            known[row] = std::max(known[row], known_at->days[row]);
        else if (delay > 0)
            known[row] = day_of(moment + delay);
    }
    return known;
}

void Table::drop_repeats(const RowOrder& order, std::vector<bool>& alive) {
    const auto* ids = data_.find("row_id");
    if (!ids) return;
    std::vector<Row> first(data_.words.size(), no_row);
    for (Row row = 0; row < rows(); ++row) {
        auto& best = first[ids->words[row]];
        if (alive[row] && ids->words[row] != no_word && (best == no_row || order.compare(row, best) < 0)) best = row;
    }
    for (Row row = 0; row < rows(); ++row) {
        const Row best = first[ids->words[row]];
        if (!alive[row] || ids->words[row] == no_word || best == row) continue;
        alive[row] = false;
        if (order.compare(row, best) != 0) reject(row, "duplicate");
    }
}

void Table::drop_duplicates(const RowOrder& order, const std::vector<Row>& sorted, std::vector<bool>& alive) {
    Row kept = no_row;
    for (const Row row : sorted) {
        if (!alive[row]) continue;
        if (kept != no_row && order.same_keys(kept, row)) {
            alive[row] = false;
            reject(row, "duplicate");
        } else {
            kept = row;
        }
    }
}

void Table::release(std::string_view name) {
    for (auto& column : data_.columns)
        if (column.name == name) column = Column{.name = column.name, .type = column.type};
}

std::vector<Presence> presence_of(const Column& at, const std::vector<std::int32_t>& known,
                                  const std::vector<bool>& alive) {
    std::map<std::pair<std::int32_t, std::int32_t>, Presence> days;
    const auto& known_by = known.empty() ? at.days : known;
    Presence* last = nullptr;
    for (std::size_t row = 0; row < at.days.size(); ++row) {
        if (!alive[row]) continue;
        const std::pair key{at.days[row], known_by[row]};
        if (!last || std::pair{last->day, last->known} != key)
            last = &days.try_emplace(key, Presence{key.first, key.second, 0}).first->second;
        ++last->rows;
    }
    std::vector<Presence> presence;
    for (const auto& [day, entry] : days) presence.push_back(entry);
    return presence;
}

}  // namespace retaind::join
