// Promises: expected trajectory, projection and state (SCORING 1.7).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

enum class PromiseState { open, on_track, slipping, off_track, kept, missed, unmeasurable };
std::string_view promise_state_name(PromiseState state);
std::optional<PromiseState> parse_promise_state(std::string_view name);

/// Where a promise stands as of a day, before any memory of earlier days.
struct Progress {
    double value = missing;              ///< v: last reading, level, or share delivered
    std::optional<Day> last_reading = {};
    double progress = missing;           ///< p = (v - b) / (V - b)
    double expected = missing;           ///< g(tau)
    double pace = missing;               ///< clamp(p, 0, 1) - g(tau)
    double days_behind = missing;        ///< negative: ahead
    double probability = missing;        ///< of being kept, 0..1; missing: unknown
    double required_rate_ratio = missing;
    bool disputed = false;
    bool reported_kept = false;
    std::optional<Day> kept_on = {};     ///< the first day it was met (reach), or decided
    PromiseState verdict = PromiseState::open;   ///< what the state would be without the two-day rule
    std::string why_unmeasurable = {};
};

/// Progress of every promise (parallel to snapshot.promises) as of the snapshot's day. Needs all of them: curves and
/// kept rates are those of the segment's earlier promises. Promises that start after as_of are `open`.
std::vector<Progress> measure_promises(const Snapshot& snapshot, const RuleSet& rules);

/// What is remembered of a promise from one as-of day.
struct PromiseDay {
    Day day;
    PromiseState state = PromiseState::open;     ///< as shown
    PromiseState verdict = PromiseState::open;   ///< as measured
    double probability = missing;
};

/// The state shown on `day`: the first evaluated day sets it directly; a worse one needs the same or a worse verdict on
/// two distinct as-of days; better, kept and missed apply at once. `before` is the newest earlier day, if any.
PromiseState next_promise_state(const PromiseDay* before, PromiseState verdict);

/// Raw values of signals `from = "promises"` for one customer.
struct PromiseMeasures {
    PromiseMeasures(const Snapshot& snapshot, const RuleSet& rules, const std::vector<Progress>& progress);
    /// kept_probability, milestone_attainment, milestone_quality, overdue or next_due_days, and the rows behind it.
    struct Value { double raw = missing; std::uint32_t rows = 0; std::optional<Day> first = {}, last = {}; };
    Value measure(const Signal& signal, CustomerIndex customer) const;

private:
    const Snapshot& snapshot_;
    const RuleSet& rules_;
    const std::vector<Progress>& progress_;
};

}  // namespace retaind
