#include <algorithm>
#include <utility>

#include "core/model/join.hpp"

namespace retaind::join {
namespace {

/// What a subscription says against itself, as of the day.
void note_contradictions(Table& table, const Subscription& subscription, Day as_of) {
    const auto& [start, end] = std::pair{subscription.started_on, subscription.ended_on};
    if (subscription.over && !end) table.contradict("ended_without_date");
    if (end && *end < start) table.contradict("ends_before_start");
    if (!subscription.over && end && *end <= as_of) table.contradict("active_past_end");
    if (!subscription.over && !end && subscription.renews_on && *subscription.renews_on < as_of)
        table.contradict("active_past_renewal");
}

void assign_runs(Snapshot& snapshot) {
    for (std::uint32_t i = 0; i < snapshot.subscriptions.size(); ++i) {
        auto& customer = snapshot.customers[snapshot.subscriptions[i].customer];
        if (customer.subscriptions++ == 0) customer.first_subscription = i;
    }
}

}  // namespace

bool is_over(std::string_view status) { return status == "cancelled" || status == "ended"; }

void join_subscriptions(Table& table, Snapshot& snapshot, const Currency& currency) {
    const RowOrder order{table.data(), {"subscription_id"}};
    std::vector<bool> alive(table.rows(), true);
    const auto customers = table.customers("customer_id", alive);
    auto sorted = order.sorted(table.rows());
    table.drop_duplicates(order, sorted, alive);
    std::erase_if(sorted, [&](Row row) { return !alive[row]; });
    std::stable_sort(sorted.begin(), sorted.end(), [&](Row a, Row b) { return customers[a] < customers[b]; });

    const Exchange exchange{currency, table.data()};
    const auto id = table.texts("subscription_id"), plan = table.texts("plan"), status = table.texts("status"),
               stage = table.texts("stage"), exit_reason = table.texts("exit_reason");
    const auto started = table.days("started_on"), renews = table.days("renews_on"), ended = table.days("ended_on");
    const auto notice = table.numbers("notice_days"), seats = table.numbers("seats"), mrr = table.numbers("mrr"),
               list_mrr = table.numbers("list_mrr");
    snapshot.subscriptions.reserve(sorted.size());
    for (const Row row : sorted) {
        if ((is_known(mrr(row)) || is_known(list_mrr(row))) && !exchange.has_rate(row)) table.contradict("no_rate");
        const auto word = status(row);
        snapshot.subscriptions.push_back({.id = id(row),
                                          .customer = customers[row],
                                          .plan = plan(row),
                                          .status = word,
                                          .stage = stage(row),
                                          .exit_reason = exit_reason(row),
                                          .started_on = *started(row),
                                          .renews_on = renews(row),
                                          .ended_on = ended(row),
                                          .notice_days = notice(row),
                                          .seats = seats(row),
                                          .mrr = exchange.to_base(mrr(row), row),
                                          .list_mrr = exchange.to_base(list_mrr(row), row),
                                          .over = is_over(snapshot.text(word))});
        note_contradictions(table, snapshot.subscriptions.back(), snapshot.as_of);
    }
    assign_runs(snapshot);
    table.count_kept(sorted.size());
}

}  // namespace retaind::join
