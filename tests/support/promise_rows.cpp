#include "support/promise_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace retaind::company {

namespace {

Word word(Snapshot& snapshot, const std::string& text) { return text.empty() ? no_word : snapshot.words.intern(text); }

CustomerIndex index_of(const Snapshot& snapshot, const std::string& id) {
    const auto found =
        std::ranges::find_if(snapshot.customers, [&](const Customer& c) { return snapshot.text(c.id) == id; });
    if (found == snapshot.customers.end()) throw std::invalid_argument("no customer " + id);
    return static_cast<CustomerIndex>(found - snapshot.customers.begin());
}

void add_readings(Snapshot& snapshot, Promise& promise, std::vector<ReadingRow> rows) {
    std::ranges::stable_sort(rows, {}, &ReadingRow::at);
    promise.first_reading = static_cast<std::uint32_t>(snapshot.readings.size());
    promise.readings = static_cast<std::uint32_t>(rows.size());
    for (const auto& row : rows) {
        snapshot.readings.push_back(
            {.at = row.at, .value = row.value, .reported = row.reported, .known = row.known.value_or(row.at)});
    }
}

void add_milestones(Snapshot& snapshot, Promise& promise, std::vector<MilestoneRow> rows) {
    std::ranges::sort(rows, {}, [](const MilestoneRow& row) { return std::tuple(row.due_on, row.id); });
    promise.first_milestone = static_cast<std::uint32_t>(snapshot.milestones.size());
    promise.milestones = static_cast<std::uint32_t>(rows.size());
    for (const auto& row : rows) {
        snapshot.milestones.push_back({.id = word(snapshot, row.id),
                                       .due_on = row.due_on,
                                       .weight = row.weight,
                                       .delivered_on = row.delivered_on,
                                       .quality = row.quality,
                                       .quality_known_on = row.quality_known_on});
    }
}

void add_promise(Snapshot& snapshot, const PromiseRow& row) {
    Promise promise{.id = word(snapshot, row.id),
                    .customer = index_of(snapshot, row.customer),
                    .kind = row.kind,
                    .starts_on = row.starts_on,
                    .due_on = row.due_on,
                    .known = row.known};
    promise.target = row.target;
    promise.baseline = row.baseline;
    promise.quality = row.quality;
    promise.importance = row.importance;
    promise.curve = word(snapshot, row.curve);
    promise.measured_by = word(snapshot, row.measured_by);
    promise.kept_by = word(snapshot, row.kept_by);
    add_readings(snapshot, promise, row.readings);
    add_milestones(snapshot, promise, row.milestones);
    Customer& customer = snapshot.customers[promise.customer];
    if (customer.promises++ == 0) customer.first_promise = static_cast<std::uint32_t>(snapshot.promises.size());
    snapshot.promises.push_back(promise);
}

}  // namespace

void add_promises(Snapshot& snapshot, std::vector<PromiseRow> rows) {
    std::ranges::sort(rows, {}, [](const PromiseRow& row) { return std::tie(row.customer, row.id); });
    for (const auto& row : rows) add_promise(snapshot, row);
    for (const char* name : {"milestones", "promises", "readings"}) {
        snapshot.feeds.push_back({.dataset = name, .source = "test", .loaded = true});
    }
    std::ranges::sort(snapshot.feeds, {}, &Feed::dataset);
}

}  // namespace retaind::company
