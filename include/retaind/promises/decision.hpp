// Kept or missed: what of a promise is decided by the as-of day, whatever was shown before (SCORING 1.7).
#pragma once

#include <optional>
#include <span>

#include "retaind/promises/evidence.hpp"
#include "retaind/promises/projection.hpp"

namespace retaind {

/// The promise's numbers as formulae want them, as of `today`.
Goal goal_of(const Promise& promise, Day today);

/// Milestones of one promise as of a day. A milestone is due once due_on + grace <= as_of.
struct MilestoneTally {
    int total = 0, due = 0, delivered = 0;
    std::optional<Day> enough_on = {};  ///< the day of the delivery that fulfilled the share
    std::optional<Day> last_delivery = {};
    double share = missing;  ///< of the weight, delivered; equal weights where all are 0
    MilestoneOdds odds = {};
};
MilestoneTally tally_milestones(const Snapshot& snapshot, const Promise& promise, const PromiseRules& rules);

struct Decision {
    std::optional<Day> kept_on = {};
    bool missed = false;
};

/// A reach promise is kept from its first measured reading at the target (to D + grace), or when it stands within
/// `quality` on D or at a reading after it; a hold when the mean of its buckets does on D; milestones when enough are
/// delivered by D + grace. Otherwise missed once D + grace has passed and is known: the watermark of the feed behind it
/// has reached the last day that counts (D of a hold, else D + grace). And only if there was any evidence: a promise
/// that only its keeper calls kept is neither.
Decision decide(const Promise& promise, const Evidence& evidence, const Goal& goal, const PromiseRules& rules);
Decision decide(const Promise& promise, const MilestoneTally& tally, Day known_to, const PromiseRules& rules);

/// Whether a self-report stands at the target.
bool is_reported_kept(const Promise& promise, const Evidence& evidence, const Goal& goal);

double mean_value(std::span<const Point> points);  ///< missing when there are none

}  // namespace retaind
