#include "retaind/signals/facts.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace retaind {

namespace {

constexpr double months = 12;

Value text_of(const Snapshot& snapshot, Word word) {
    return word == no_word ? Value::none() : Value::of(snapshot.text(word));
}

/// A column of customers, or of their leading subscription.
template <Word Customer::*column>
Value customer_text(const Snapshot& snapshot, CustomerIndex customer) {
    return text_of(snapshot, snapshot.customers[customer].*column);
}

template <double Customer::*column>
Value customer_amount(const Snapshot& snapshot, CustomerIndex customer) {
    return Value::of(snapshot.customers[customer].*column / minor_units);
}

template <Word Subscription::*column>
Value subscription_text(const Snapshot& snapshot, CustomerIndex customer) {
    const auto* leading = leading_subscription(snapshot, customer);
    return leading == nullptr ? Value::none() : text_of(snapshot, leading->*column);
}

Value status_text(const Snapshot& snapshot, CustomerIndex customer) {
    const auto* leading = leading_subscription(snapshot, customer);
    return leading == nullptr ? Value::none() : Value::of(status(snapshot, *leading));
}

double monthly(const Snapshot& snapshot, CustomerIndex customer) {
    return monthly_revenue(snapshot, customer) / minor_units;
}

struct Named {
    std::string_view name;
    Value (*read)(const Snapshot&, CustomerIndex);
};

constexpr std::array facts = {
    Named{"account_manager", customer_text<&Customer::account_manager>},
    Named{"acquisition_cost", customer_amount<&Customer::acquisition_cost>},
    Named{"cost_to_serve", customer_amount<&Customer::cost_to_serve>},
    Named{"customer_id", customer_text<&Customer::id>},
    Named{"motion", customer_text<&Customer::motion>},
    Named{"mrr", [](const Snapshot& s, CustomerIndex c) { return Value::of(monthly(s, c)); }},
    Named{"name", customer_text<&Customer::name>},
    Named{"parent_id", customer_text<&Customer::parent>},
    Named{"plan", subscription_text<&Subscription::plan>},
    Named{"pulse", [](const Snapshot& s, CustomerIndex c) { return Value::of(pulse(s.customers[c], s.as_of)); }},
    Named{"revenue", [](const Snapshot& s, CustomerIndex c) { return Value::of(months * monthly(s, c)); }},
    Named{"seats", [](const Snapshot& s, CustomerIndex c) { return Value::of(seats_sold(s, c)); }},
    Named{"segment", customer_text<&Customer::segment>},
    Named{"seller", customer_text<&Customer::seller>},
    Named{"stage", subscription_text<&Subscription::stage>},
    Named{"status", status_text},
    Named{"tenure_days",
          [](const Snapshot& s, CustomerIndex c) {
              const auto since = customer_since(s, c);
              return since ? Value::of(in_days(s.as_of - *since)) : Value::none();
          }},
    Named{"timezone", customer_text<&Customer::timezone>},
};

}  // namespace

std::optional<Day> customer_since(const Snapshot& snapshot, CustomerIndex customer) {
    if (const auto since = snapshot.customers[customer].since) return since;
    const auto subscriptions = snapshot.subscriptions_of(customer);
    if (subscriptions.empty()) return {};
    return std::ranges::min(subscriptions, {}, &Subscription::started_on).started_on;
}

const Subscription* leading_subscription(const Snapshot& snapshot, CustomerIndex customer) {
    const Subscription* leading = nullptr;
    const auto rank = [&](const Subscription& subscription) {
        const bool live = is_live(subscription, snapshot.as_of);
        const double mrr = live && is_known(subscription.mrr) ? subscription.mrr : -1;
        return std::tuple(live, mrr, live ? Day{} : subscription.started_on);
    };
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        if (subscription.started_on > snapshot.as_of) continue;
        if (leading == nullptr || rank(*leading) < rank(subscription)) leading = &subscription;
    }
    return leading;
}

std::optional<Day> plan_changed_on(const Snapshot& snapshot, CustomerIndex customer, int gap_days) {
    const auto* leading = leading_subscription(snapshot, customer);
    if (leading == nullptr) return {};
    const auto begun = leading->started_on;
    const Subscription* before = nullptr;
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        const auto end = ended_on(subscription, snapshot.as_of);
        if (!end || *end > begun || begun - *end > std::chrono::days{gap_days}) continue;
        if (before == nullptr || *before->ended_on < *end) before = &subscription;
    }
    const bool known = before != nullptr && before->plan != no_word && leading->plan != no_word;
    return known && before->plan != leading->plan ? std::optional{begun} : std::nullopt;
}

double monthly_revenue(const Snapshot& snapshot, CustomerIndex customer) {
    double sum = 0;
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        if (is_live(subscription, snapshot.as_of)) sum += subscription.mrr;
    }
    return sum;
}

double seats_sold(const Snapshot& snapshot, CustomerIndex customer) {
    double sum = missing;
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        if (!is_live(subscription, snapshot.as_of) || is_missing(subscription.seats)) continue;
        sum = (is_missing(sum) ? 0 : sum) + subscription.seats;
    }
    return sum;
}

bool CustomerColumn::is_fact(std::string_view name) {
    return std::ranges::find(facts, name, &Named::name) != facts.end();
}

CustomerColumn::CustomerColumn(const Snapshot& snapshot, std::string_view name) : snapshot_(&snapshot) {
    const auto found = std::ranges::find(facts, name, &Named::name);
    if (found != facts.end()) {
        read_ = found->read;
    } else {
        attribute_ = snapshot.attribute(name);
    }
}

Value CustomerColumn::value(CustomerIndex customer) const {
    if (read_ != nullptr) return read_(*snapshot_, customer);
    if (attribute_ == nullptr) return Value::none();
    return attribute_->is_number ? Value::of(attribute_->numbers[customer])
                                 : text_of(*snapshot_, attribute_->words[customer]);
}

double CustomerColumn::number(CustomerIndex customer) const {
    const auto found = value(customer);
    return found.kind == Value::Kind::number ? found.number : missing;
}

}  // namespace retaind
