#include "retaind/portfolio/contract_facts.hpp"

#include <algorithm>

#include "retaind/signals/facts.hpp"

namespace retaind {
namespace {

constexpr double days_a_month = 30.4375;

void add_amounts(ContractFacts& facts, const Snapshot& snapshot, CustomerIndex customer) {
    double listed = 0, list = 0;
    for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
        if (!is_live(subscription, snapshot.as_of) || is_missing(subscription.list_mrr)) continue;
        listed += subscription.mrr;
        list += subscription.list_mrr;
    }
    facts.mrr = monthly_revenue(snapshot, customer);
    facts.revenue = months_of_a_year * facts.mrr;
    facts.seats = seats_sold(snapshot, customer);
    if (list > 0) facts.discount_ratio = (list - listed) / list;  // exact, where 1 - listed / list is a hair off
}

double payback(const Snapshot& snapshot, const Customer& customer, CustomerIndex index, double tenure_days) {
    if (is_missing(customer.acquisition_cost) || customer.acquisition_cost <= 0) return missing;
    double margin = 0;
    for (const Subscription& subscription : snapshot.subscriptions_of(index)) {
        if (subscription.started_on > snapshot.as_of) continue;
        const Day end = ended_on(subscription, snapshot.as_of).value_or(snapshot.as_of);
        margin += subscription.mrr * std::max(0.0, in_days(end - subscription.started_on)) / days_a_month;
    }
    const double cost = is_known(customer.cost_to_serve) ? customer.cost_to_serve * tenure_days / days_a_month : 0;
    return (margin - cost) / customer.acquisition_cost;
}

/// The next renewal, or when all have passed the one that passed last.
const Subscription* next_renewal(const Snapshot& snapshot, CustomerIndex customer) {
    const Subscription* next = nullptr;
    for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
        if (!is_live(subscription, snapshot.as_of) || !subscription.renews_on) continue;
        const bool ahead = *subscription.renews_on >= snapshot.as_of;
        const bool next_ahead = next && *next->renews_on >= snapshot.as_of;
        const bool better = !next || (ahead && (!next_ahead || *subscription.renews_on < *next->renews_on)) ||
                            (!ahead && !next_ahead && *subscription.renews_on > *next->renews_on);
        if (better) next = &subscription;
    }
    return next;
}

double past_due(const Snapshot& snapshot, CustomerIndex customer) {
    double days = 0;
    for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
        if (!is_live(subscription, snapshot.as_of) || status(snapshot, subscription) != "past_due") continue;
        if (!subscription.renews_on || *subscription.renews_on > snapshot.as_of) return missing;
        days = std::max(days, in_days(snapshot.as_of - *subscription.renews_on));
    }
    return days;
}

}  // namespace

ContractFacts contract_facts(const Snapshot& snapshot, CustomerIndex customer) {
    ContractFacts facts;
    add_amounts(facts, snapshot, customer);
    if (const std::optional<Day> since = customer_since(snapshot, customer))
        facts.tenure_days = in_days(snapshot.as_of - *since);
    facts.payback_ratio = payback(snapshot, snapshot.customers[customer], customer, facts.tenure_days);
    if (const Subscription* renewal = next_renewal(snapshot, customer)) {
        facts.days_to_renewal = in_days(*renewal->renews_on - snapshot.as_of);
        facts.days_to_notice = facts.days_to_renewal - (is_known(renewal->notice_days) ? renewal->notice_days : 0);
    }
    facts.days_past_due = past_due(snapshot, customer);
    if (const Subscription* leading = leading_subscription(snapshot, customer)) {
        facts.plan = leading->plan;
        facts.stage = leading->stage;
        facts.status = status(snapshot, *leading);
    }
    return facts;
}

}  // namespace retaind
