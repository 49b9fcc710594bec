// The days that an explanation compares with: their scores again, under the rules of then and of today.
#pragma once

#include "company.hpp"
#include "dated_snapshot.hpp"
#include "retaind/cycle/cycle.hpp"

namespace retaind {

/// What `explain` compares a day with. A day is missing while no cycle knows it.
struct LookBack {
    std::optional<EarlierDay> last_cycle = {}, week = {}, month = {};
};

/// The health that was stored on a day, by CustomerIndex; missing where none was.
std::vector<double> remembered_on(const Snapshot& snapshot, const State& state, Day day);

/// How far before a day a look back may reach.
inline constexpr std::chrono::days look_back_days{33};

/// Evaluates the earlier days anew. The snapshot must reach back look_back_days, and is turned to them and back;
/// `today` is what `state` and `rules` make of its day. Errors: state, state_lost.
Result<LookBack> look_back(const Company& company, StateStore& store, DatedSnapshot& dated, const RuleSet& rules,
                           const State& state, const DayHealths& today);

/// Adds to an explanation, of a customer of the snapshot, what moved the customer's health since each of these days.
void compare(Explanation& explanation, const Snapshot& snapshot, const LookBack& earlier, const DayHealths& today);

}  // namespace retaind
