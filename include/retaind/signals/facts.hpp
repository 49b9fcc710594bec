// What the snapshot itself says of a customer as of its day, by name: for `per`, `by` and measure `value`.
#pragma once

#include <optional>
#include <string_view>

#include "retaind/base/value.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

/// Since when somebody is a customer: `since`, else the start of the first subscription.
std::optional<Day> customer_since(const Snapshot& snapshot, CustomerIndex customer);

/// The subscription that speaks for a customer: of the live ones the dearest, else the one begun last before as-of.
/// Equal ones: the smaller id. Null without any that has begun.
const Subscription* leading_subscription(const Snapshot& snapshot, CustomerIndex customer);

/// When the plan changed: the start of the leading subscription, if the one that ended last in the `gap_days` before it
/// was of another plan.
std::optional<Day> plan_changed_on(const Snapshot& snapshot, CustomerIndex customer, int gap_days);

/// Summed over the live subscriptions: a month's revenue in minor units of the base currency, missing when an amount
/// has no rate; and the seats of those that sell seats, missing when none does.
double monthly_revenue(const Snapshot& snapshot, CustomerIndex customer);
inline constexpr double months_of_a_year = 12;
double seats_sold(const Snapshot& snapshot, CustomerIndex customer);

/// One fact of every customer, looked up by name once. Known are the columns of customers; what subscriptions say as of
/// today (plan, stage, status; seats, mrr, revenue summed over the live ones; tenure_days); and every further column.
/// Amounts are in major units of the base currency, revenue a year's; missing when one of their parts is. The snapshot
/// must outlive it.
class CustomerColumn {
public:
    /// Whether every snapshot knows such a fact; a further column is known when the data bring it.
    static bool is_fact(std::string_view name);

    CustomerColumn(const Snapshot& snapshot, std::string_view name);

    bool exists() const { return read_ != nullptr || attribute_ != nullptr; }
    Value value(CustomerIndex customer) const;    ///< none when unknown, or when there is no such fact
    double number(CustomerIndex customer) const;  ///< missing unless it is a number

private:
    using Read = Value (*)(const Snapshot&, CustomerIndex);

    const Snapshot* snapshot_;
    Read read_ = nullptr;
    const Attribute* attribute_ = nullptr;
};

}  // namespace retaind
