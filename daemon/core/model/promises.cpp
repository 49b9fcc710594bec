// Promises, their readings and their milestones.
#include <algorithm>

#include "core/model/join.hpp"

namespace retaind::join {
namespace {

using PromiseIndex = std::uint32_t;
constexpr PromiseIndex no_promise = UINT32_MAX;

/// Why a promise cannot be (SCORING 1.7), or "".
std::string_view impossible(const Promise& promise) {
    if (promise.due_on <= promise.starts_on) return "due_before_start";
    if (promise.kind != PromiseKind::milestones) return promise.target == promise.baseline ? "target_is_baseline" : "";
    return promise.target <= 0 || promise.target > 1 ? "out_of_range" : "";
}

PromiseKind kind_of(std::string_view text) {
    return text == "reach" ? PromiseKind::reach : text == "hold" ? PromiseKind::hold : PromiseKind::milestones;
}

std::vector<Promise> read_promises(Table& table, const Snapshot& snapshot,
                                   const std::vector<CustomerIndex>& customers) {
    const auto id = table.texts("promise_id"), outcome = table.texts("outcome"), unit = table.texts("unit"),
               curve = table.texts("curve"), measured_by = table.texts("measured_by"), kind = table.texts("kind"),
               promised_by = table.texts("promised_by"), kept_by = table.texts("kept_by"),
               subscription = table.texts("subscription_id");
    const auto starts = table.days("starts_on"), due = table.days("due_on"), known = table.days("known_at");
    const auto target = table.numbers("target"), baseline = table.numbers("baseline"),
               quality = table.numbers("quality"), importance = table.numbers("importance");
    std::vector<Promise> promises;
    promises.reserve(table.rows());
    for (Row row = 0; row < table.rows(); ++row)
        promises.push_back({.id = id(row),
                            .customer = customers[row],
                            .outcome = outcome(row),
                            .unit = unit(row),
                            .curve = curve(row),
                            .measured_by = measured_by(row),
                            .promised_by = promised_by(row),
                            .kept_by = kept_by(row),
                            .subscription = subscription(row),
                            .kind = kind_of(snapshot.text(kind(row))),
                            .starts_on = *starts(row),
                            .due_on = *due(row),
                            .known = known(row),
                            .target = target(row),
                            .baseline = baseline.or_else(row, 0),
                            .quality = quality.or_else(row, 0),
                            .importance = importance.or_else(row, 1)});
    return promises;
}

/// Each version holds until the next one is known. `sorted` is by id, then known_at, where none comes first.
void chain_versions(std::vector<Promise>& promises, const std::vector<Row>& sorted) {
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const Promise& next = promises[sorted[i]];
        if (promises[sorted[i - 1]].id == next.id) promises[sorted[i - 1]].replaced = next.known;
    }
}

/// By id, as a word of the snapshot: one version of each promise.
std::vector<PromiseIndex> promises_by_id(const Snapshot& snapshot) {
    std::vector<PromiseIndex> by_word(snapshot.words.size(), no_promise);
    for (PromiseIndex i = 0; i < snapshot.promises.size(); ++i) by_word[snapshot.promises[i].id] = i;
    return by_word;
}

/// What promises_by_id's version was given is all versions'.
void share_with_versions(Snapshot& snapshot) {
    const auto by_word = promises_by_id(snapshot);
    for (Promise& promise : snapshot.promises) {
        const Promise& one = snapshot.promises[by_word[promise.id]];
        promise.first_reading = one.first_reading;
        promise.readings = one.readings;
        promise.first_milestone = one.first_milestone;
        promise.milestones = one.milestones;
    }
}

/// The promise of each row; rows of one that nobody knows are rejected.
std::vector<PromiseIndex> find_promises(Table& table, const Snapshot& snapshot, std::vector<bool>& alive) {
    const auto by_word = promises_by_id(snapshot);
    const auto& words = table.data().words;
    const auto& cells = table.data().find("promise_id")->words;
    std::vector<PromiseIndex> promises(cells.size(), no_promise);
    for (Row row = 0; row < cells.size(); ++row) {
        promises[row] = by_word[snapshot.words.find(words.text(cells[row]))];
        if (promises[row] != no_promise) continue;
        alive[row] = false;
        table.reject(row, "unknown_promise");
    }
    return promises;
}

/// Sorted rows that live, grouped by promise.
std::vector<Row> by_promise(std::vector<Row> sorted, const std::vector<bool>& alive,
                            const std::vector<PromiseIndex>& promises) {
    std::erase_if(sorted, [&](Row row) { return !alive[row]; });
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return promises[a] < promises[b]; });
    return sorted;
}

}  // namespace

void join_promises(Table& table, Snapshot& snapshot) {
    const RowOrder order{table.data(), {"promise_id", "known_at"}};
    std::vector<bool> alive(table.rows(), true);
    const auto customers = table.customers("customer_id", alive);
    auto promises = read_promises(table, snapshot, customers);
    for (Row row = 0; row < table.rows(); ++row) {
        if (const auto reason = impossible(promises[row]); alive[row] && !reason.empty()) {
            alive[row] = false;
            table.reject(row, reason);
        }
    }
    table.drop_repeats(order, alive);
    auto sorted = order.sorted(table.rows());
    table.drop_duplicates(order, sorted, alive);
    std::erase_if(sorted, [&](Row row) { return !alive[row]; });
    chain_versions(promises, sorted);
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return customers[a] < customers[b]; });

    for (const Row row : sorted) {
        auto& customer = snapshot.customers[customers[row]];
        if (customer.promises++ == 0) customer.first_promise = static_cast<PromiseIndex>(snapshot.promises.size());
        snapshot.promises.push_back(promises[row]);
    }
    table.count_kept(sorted.size());
}

void join_readings(Table& table, Snapshot& snapshot, Feed& feed) {
    const RowOrder order{table.data(), {"promise_id", "at"}};
    std::vector<bool> alive(table.rows(), true);
    const auto promises = find_promises(table, snapshot, alive);
    table.drop_repeats(order, alive);
    const auto& at = *table.data().find("at");
    const auto known = table.known_days("at");
    feed.presence = presence_of(at, known, alive);

    const auto value = table.numbers("value");
    const auto origin = table.texts("origin");
    for (const Row row : by_promise(order.sorted(table.rows()), alive, promises)) {
        auto& promise = snapshot.promises[promises[row]];
        if (promise.readings++ == 0) promise.first_reading = static_cast<std::uint32_t>(snapshot.readings.size());
        snapshot.readings.push_back({.at = Day{std::chrono::days{at.days[row]}},
                                     .second = at.seconds.empty() ? 0 : at.seconds[row],
                                     .value = value(row),
                                     .reported = snapshot.text(origin(row)) == "reported",
                                     .known = Day{std::chrono::days{known.empty() ? at.days[row] : known[row]}}});
    }
    share_with_versions(snapshot);
    table.count_kept(snapshot.readings.size());
}

void join_milestones(Table& table, Snapshot& snapshot) {
    const RowOrder order{table.data(), {"promise_id", "milestone_id"}};
    std::vector<bool> alive(table.rows(), true);
    const auto promises = find_promises(table, snapshot, alive);
    auto sorted = order.sorted(table.rows());
    table.drop_duplicates(order, sorted, alive);

    const auto id = table.texts("milestone_id");
    const auto due = table.days("due_on"), delivered = table.days("delivered_on"),
               graded = table.days("quality_known_on");
    const auto weight = table.numbers("weight"), quality = table.numbers("quality");
    // Sorted by id already, and the sorts are stable: so by due day, then id, within each promise.
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return *due(a) < *due(b); });
    for (const Row row : by_promise(std::move(sorted), alive, promises)) {
        auto& promise = snapshot.promises[promises[row]];
        if (promise.milestones++ == 0) promise.first_milestone = static_cast<std::uint32_t>(snapshot.milestones.size());
        snapshot.milestones.push_back({.id = id(row),
                                       .due_on = *due(row),
                                       .weight = weight.or_else(row, 1),
                                       .delivered_on = delivered(row),
                                       .quality = quality(row),
                                       .quality_known_on = graded(row)});
    }
    share_with_versions(snapshot);
    table.count_kept(snapshot.milestones.size());
}

}  // namespace retaind::join
