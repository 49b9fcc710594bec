// When a customer was lost: what alerts and scores are held against (SCORING 2.1).
#pragma once

#include <optional>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/policy.hpp"

namespace retaind {

/// The latest day <= as_of on which a subscription ended with a status that is churn, and after which nothing is live
/// for `gap_days`: successive subscriptions are one. Nothing while that is not known yet (as_of <= the day + gap_days).
std::optional<Day> lost_on(const Snapshot& snapshot, CustomerIndex customer, const Outcome& outcome);

}  // namespace retaind
