// What the earlier promises of a segment teach: how often they were kept, and how kept ones usually went (SCORING 1.7).
#pragma once

#include <map>
#include <vector>

#include "retaind/promises/decision.hpp"
#include "retaind/promises/trajectory.hpp"

namespace retaind {

/// Decided promises of one segment, those decided before the as-of day only.
struct SegmentHistory {
    int kept = 0, missed = 0;
    std::vector<Path> paths = {};  ///< of kept reach promises

    /// Share kept; a0 / (a0 + b0), the mean of the milestone prior, before anything was decided.
    double kept_rate(const PromiseRules& rules) const;
};

/// By segment; customers without a segment are one of their own (no_word).
using History = std::map<Word, SegmentHistory>;

/// The progress of a kept reach promise over its time: straight lines from (S, 0) through its measured readings, in
/// 0..1, and 1 from the day it was kept.
Path path_of(const Evidence& evidence, const Goal& goal, Day kept_on);

}  // namespace retaind
