// Promises: expected trajectory, projection and state (SCORING 1.7).
//
// A promise starts on S and is due on D. What it is worth on the as-of day t is measured here from what was known by
// then; what a person is shown also remembers the day before (next_promise_state).
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
    double value = missing;                ///< v: last reading (reach), mean level (hold), share of weight (milestones)
    std::optional<Day> last_reading = {};  ///< or last delivery
    double progress = missing;             ///< p = (v - b) / (V - b)
    double expected = missing;             ///< g(tau); of a hold without a curve 1: a level is owed from the first day
    double pace = missing;                 ///< clamp(p, 0, 1) - g(tau)
    double days_behind = missing;  ///< negative: ahead; never positive once kept; missing for a hold without a curve
    double probability = missing;  ///< of being kept, 0..1; 1 when kept, 0 when missed; missing: unknown
    double required_rate_ratio = missing;  ///< reach: rate needed from now on over the rate so far
    bool disputed = false;                 ///< somebody says "kept", the measured probability is below `off_track`
    bool reported_kept = false;            ///< a self-report stands at the target
    std::optional<Day> kept_on = {};       ///< the day it was met (reach, milestones), or D when it is judged there
    PromiseState verdict = PromiseState::open;  ///< what the state would be without the two-day rule
    std::string why_unmeasurable = {};          ///< a sentence's end, as in "cannot be measured: no target"
    bool not_loaded = false;  ///< a dataset it needs failed or is doubted: nothing above is known, keep what was shown
};

/// Whether a promise has started by a day, was known by its end, and had not been replaced by another version of it.
bool has_begun(const Promise& promise, Day as_of);

/// What is known of promises besides the snapshot.
struct PromiseKnowledge {
    /// Kept is sticky: when each promise (parallel to snapshot.promises, or empty) was kept, as an earlier day found.
    std::span<const std::optional<Day>> kept_before = {};
    std::span<const std::string> doubted = {};  ///< datasets that are loaded, but not to be believed this cycle
};

/// Progress of every promise (parallel to snapshot.promises) as of the snapshot's day. Needs all of them: curves and
/// kept rates are those of the segment's earlier promises. Promises that have not begun are `open`.
///
/// The verdict, first that fits: kept; unmeasurable for lack of a target, a measure, its curve, milestones or any
/// evidence; missed (D + grace <= t, and the feed behind it has come so far); unmeasurable for lack of a keeper (where
/// some promise names one) or of a reading for `evidence_days`; open while the probability is unknown; then by
/// probability.
std::vector<Progress> measure_promises(const Snapshot& snapshot, const RuleSet& rules,
                                       const PromiseKnowledge& knowledge = {});

/// What is remembered of a promise from one as-of day.
struct PromiseDay {
    Day day;
    PromiseState state = PromiseState::open;    ///< as shown
    PromiseState verdict = PromiseState::open;  ///< as measured
    double probability = missing;
};

/// The state shown on a day: the first evaluated day sets it directly (one that was open or unmeasurable says
/// nothing yet); a worse one needs that or a worse verdict on two distinct as-of days, and then the milder of the two
/// is shown; better, kept and missed apply at once. `before` is the newest earlier day, if any.
PromiseState next_promise_state(const PromiseDay* before, PromiseState verdict);

}  // namespace retaind
