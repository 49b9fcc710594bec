// Which customers' facts a cycle finds changed.
#pragma once

#include <vector>

#include "retaind/cycle/state.hpp"
#include "retaind/model/facts.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

struct FactsSeen {
    std::vector<FactsMemory> memory = {};     ///< as in State
    std::vector<CustomerFacts> changed = {};  ///< as in CycleResult
};

/// Against what the state remembers; nothing changes while nobody knows who the customers are. Day by day: of several
/// cycles of a day what the last one saw is the day's, as if it had been the only one. A customer that is gone keeps
/// the facts it had.
FactsSeen facts_seen(const Snapshot& snapshot, const RuleSet& rules, const State& state);

}  // namespace retaind
