// What the plan of messages needs to know of an evaluation: customers as a digest shows them, promises kept, risks.
#pragma once

#include <vector>

#include "evaluation.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"

namespace retaind {

/// Live customers. What they are compared with is the newest remembered earlier day; why they moved are the reasons of
/// the rules whose alerts fired or ended on this as-of day, those apart that look at the health itself: the terms of an
/// earlier day are not remembered.
std::vector<WatchedCustomer> watched_customers(const Evaluation& evaluation, const std::vector<Move>& moves);

/// Promises of live customers that were found kept on this as-of day, and had been watched before.
std::vector<KeptPromise> kept_promises(const Evaluation& evaluation, const std::vector<PromiseMemory>& promises);

/// What is at stake: the customer's risk, else the mean of its segment's known ones.
void set_risks(const Evaluation& evaluation, std::vector<Move>& moves);

}  // namespace retaind
