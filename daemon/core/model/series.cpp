// Dated rows of customers, in columns: usage, attendance, touchpoints, events; and what is dated without a customer.
#include <algorithm>
#include <numeric>
#include <utility>

#include "core/model/join.hpp"

namespace retaind::join {
namespace {

/// Rows that live, a customer's together, in canonical order.
class Arrangement {
public:
    Arrangement(const Table& table, const RowOrder& order, const std::vector<CustomerIndex>& owners,
                const std::vector<bool>& alive, std::size_t customers)
        : first_(customers + 1, 0) {
        for (Row row = 0; row < table.rows(); ++row)
            if (alive[row]) ++first_[owners[row] + 1];
        std::partial_sum(first_.begin(), first_.end(), first_.begin());
        rows_.resize(first_.back());
        auto next = first_;
        for (Row row = 0; row < table.rows(); ++row)
            if (alive[row]) rows_[next[owners[row]]++] = row;
        sort_runs(*table.data().find("at"), order);
    }

    const std::vector<Row>& rows() const { return rows_; }
    std::vector<std::uint32_t> take_first() { return std::move(first_); }

    template <class T>
    std::vector<T> arrange(const std::vector<T>& cells) const {
        std::vector<T> arranged(cells.empty() ? 0 : rows_.size());
        for (std::size_t i = 0; i < arranged.size(); ++i) arranged[i] = cells[rows_[i]];
        return arranged;
    }

private:
    void sort_runs(const Column& at, const RowOrder& order) {
        struct Dated {
            std::int64_t moment;
            Row row;
        };
        std::vector<Dated> run;
        for (std::size_t customer = 0; customer + 1 < first_.size(); ++customer) {
            run.clear();
            for (auto i = first_[customer]; i < first_[customer + 1]; ++i) {
                const Row row = rows_[i];
                run.push_back({at.days[row] * std::int64_t{86400} + (at.seconds.empty() ? 0 : at.seconds[row]), row});
            }
            std::sort(run.begin(), run.end(), [&](const Dated& a, const Dated& b) {
                return a.moment != b.moment ? a.moment < b.moment : order.compare_beyond_keys(a.row, b.row) < 0;
            });
            for (std::size_t i = 0; i < run.size(); ++i) rows_[first_[customer] + i] = run[i].row;
        }
    }

    std::vector<std::uint32_t> first_;
    std::vector<Row> rows_;
};

/// Attendance: 1 attended, 0 missed, missing excused; and the status that goes with it.
struct Attendance {
    std::vector<double> value;
    std::vector<Word> status;
};

Attendance read_attendance(Table& table, Snapshot& snapshot, std::vector<bool>& alive) {
    const Word attended = snapshot.words.intern("attended"), missed = snapshot.words.intern("missed");
    const auto status = table.texts("status");
    const auto flag = table.numbers("attended");
    Attendance read{.value = std::vector<double>(table.rows(), missing),
                    .status = std::vector<Word>(table.rows(), no_word)};
    for (Row row = 0; row < table.rows(); ++row) {
        const Word by_flag = is_missing(flag(row)) ? no_word : flag(row) != 0 ? attended : missed;
        const Word word = status(row) != no_word ? status(row) : by_flag;
        const bool denied = by_flag != no_word && word != by_flag;
        if (alive[row] && (word == no_word || denied)) {
            alive[row] = false;
            table.reject(row, denied ? "contradiction" : "null");
        }
        read.status[row] = word;
        if (word == attended || word == missed) read.value[row] = word == attended ? 1 : 0;
    }
    return read;
}

void add_texts(Table& table, std::string_view column, const Arrangement& arrangement, Series& series) {
    if (!table.data().find(column)) return;
    const auto text = table.texts(column);
    Series::Texts texts{.name = std::string{column}, .words = {}};
    texts.words.reserve(arrangement.rows().size());
    for (const Row row : arrangement.rows()) texts.words.push_back(text(row));
    series.texts.push_back(std::move(texts));
    table.release(column);
}

/// A text that every row has: the column's, or the default where it says nothing.
void add_metric(Table& table, const Arrangement& arrangement, Series& series, Snapshot& snapshot) {
    const Word usual = snapshot.words.intern("usage");
    add_texts(table, "metric", arrangement, series);
    if (series.texts.empty()) series.texts.push_back({"metric", std::vector<Word>(arrangement.rows().size(), usual)});
    std::replace(series.texts.front().words.begin(), series.texts.front().words.end(), no_word, usual);
}

/// Per customer the last day that any subscription of it lasts; no end while one is open or there is none.
std::vector<std::int32_t> last_days(const Snapshot& snapshot) {
    constexpr auto no_end = INT32_MAX;
    std::vector<std::int32_t> last(snapshot.customers.size(), INT32_MIN);
    for (const auto& subscription : snapshot.subscriptions) {
        const auto end = subscription.ended_on
                             ? static_cast<std::int32_t>(subscription.ended_on->time_since_epoch().count())
                             : no_end;
        last[subscription.customer] = std::max(last[subscription.customer], end);
    }
    std::replace(last.begin(), last.end(), INT32_MIN, no_end);
    return last;
}

std::uint64_t used_after_end(const Series& series, const Snapshot& snapshot) {
    const auto last = last_days(snapshot);
    std::uint64_t rows = 0;
    for (std::size_t customer = 0; customer < last.size(); ++customer)
        for (auto i = series.first[customer]; i < series.first[customer + 1]; ++i)
            if (series.day[i] > last[customer] && series.value[i] > 0) ++rows;
    return rows;
}

void fill_values(Table& table, const Arrangement& arrangement, Series& series) {
    if (const auto* value = table.data().find("value"))
        series.value = arrangement.arrange(value->numbers);
    else
        series.value.assign(arrangement.rows().size(), 1.0);
    table.release("value");
}

void fill_rest(Table& table, const Arrangement& arrangement, Series& series) {
    if (const auto* minutes = table.data().find("minutes"))
        series.numbers.push_back({"minutes", arrangement.arrange(minutes->numbers)});
    for (const auto* column : {"kind", "channel", "by", "event", "name", "subscription_id"})
        add_texts(table, column, arrangement, series);
}

}  // namespace

void join_series(Table& table, Snapshot& snapshot, Feed& feed) {
    const auto kind = table.data().options.kind;
    std::vector<bool> alive(table.rows(), true);
    auto owners = table.customers("customer_id", alive);
    Attendance attendance;
    if (kind == DatasetKind::attendance) attendance = read_attendance(table, snapshot, alive);

    const RowOrder order{table.data(), {"customer_id", "at"}};
    table.drop_repeats(order, alive);
    auto known = table.known_days("at");
    Series series{.dataset = table.data().options.name};
    feed.presence = presence_of(*table.data().find("at"), known, alive);
    Arrangement arrangement{table, order, owners, alive, snapshot.customers.size()};
    for (const auto* read : {"customer_id", "row_id", "known_at", "attended", "status"}) table.release(read);
    owners = {};

    series.day = arrangement.arrange(table.data().find("at")->days);
    series.second = arrangement.arrange(table.data().find("at")->seconds);
    table.release("at");
    series.known = arrangement.arrange(known);
    if (series.known == series.day) series.known = {};
    if (kind == DatasetKind::attendance) {
        series.value = arrangement.arrange(attendance.value);
        series.texts.push_back({"status", arrangement.arrange(attendance.status)});
    } else {
        fill_values(table, arrangement, series);
    }
    if (kind == DatasetKind::usage) add_metric(table, arrangement, series, snapshot);
    fill_rest(table, arrangement, series);
    series.first = arrangement.take_first();
    table.count_kept(series.day.size());
    if (kind == DatasetKind::usage)
        if (const auto rows = used_after_end(series, snapshot)) feed.contradictions["usage_after_end"] = rows;
    snapshot.series.push_back(std::move(series));
}

void join_segment_series(Table& table, Snapshot& snapshot, Feed& feed) {
    const RowOrder order{table.data(), {"segment", "at"}};
    std::vector<bool> alive(table.rows(), true);
    table.drop_repeats(order, alive);
    const auto known = table.known_days("at");
    feed.presence = presence_of(*table.data().find("at"), known, alive);
    const auto known_on = [&](Row row) {
        return known.empty() ? std::nullopt : std::optional{Day{std::chrono::days{known[row]}}};
    };
    const auto segment = table.texts("segment");
    const auto at = table.days("at");
    const auto value = table.numbers("value");
    for (const Row row : order.sorted(table.rows()))
        if (alive[row])
            snapshot.segment_series.push_back(
                {.segment = segment(row), .at = *at(row), .value = value(row), .known = known_on(row)});
    table.count_kept(snapshot.segment_series.size());
}

void join_markers(Table& table, Snapshot& snapshot, Feed& feed) {
    const RowOrder order{table.data(), {"at"}};
    const std::vector<bool> alive(table.rows(), true);
    feed.presence = presence_of(*table.data().find("at"), table.known_days("at"), alive);
    const auto text = table.texts("text"), segment = table.texts("segment");
    const auto at = table.days("at");
    for (const Row row : order.sorted(table.rows()))
        snapshot.markers.push_back({.at = *at(row), .text = text(row), .segment = segment(row)});
    table.count_kept(snapshot.markers.size());
}

}  // namespace retaind::join
