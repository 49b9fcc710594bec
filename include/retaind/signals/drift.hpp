// Drift in behaviour: a customer's place among customers alike leaves its own past (SCORING 1.6, decision 007).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// Two control charts over residuals e ~ N(0, 1); above 0 is worse than usual. CUSUM finds when it began, EWMA says
/// whether the last weeks still look like it. One in about 345 quiet weeks raises the first, one in 390 the second.
struct DriftChart {
    double cusum = 0;  ///< C = max(0, C + e - 0.5)
    double ewma = 0;   ///< z = 0.3 e + 0.7 z
    int steps = 0;

    void add(double residual);
};

/// C above it is an alarm.
inline constexpr double cusum_alarm = 4;

/// z above it is an alarm: `width` standard deviations of z after so many steps from 0, exactly.
double ewma_limit(int steps, double width = 2.7);

/// A customer's charts as of the newest week.
struct Drift {
    double cusum = missing;         ///< missing while the past is too short, or nothing was measured for eight weeks
    std::optional<Day> since = {};  ///< the end of the last week with C = 0; none while that is the newest week
    double ewma = missing, ewma_limit = missing;
    std::optional<Day> from = {};  ///< the first day of the baseline
};

/// Days that end what was before, by which the past of a customer is read.
struct DriftBreaks {
    std::optional<Day> reset = {};    ///< a new plan or owner: the baseline begins with the first whole week from it on
    std::optional<Day> restart = {};  ///< an alert ended: C and z are 0 until a whole week after it
};

/// One per customer of the snapshot. Weeks are the 7-day buckets that end at the watermark, back to
/// Snapshot::read_from; of each the sum of the signal's rows, 0 beside rows in other weeks, and of it the position r
/// among the segment as in cohort_positions, not smoothed. e = (b - r) / s: b is the mean of the first 8 weeks with a
/// position since the customer came (or was reset); s their standard deviation, drawn towards the cohort's by 8
/// pseudo-observations, at least 0.5. Weeks without a position are left out. `breaks` is parallel to
/// Snapshot::customers, or empty.
std::vector<Drift> drifts(const Snapshot& snapshot, const Signal& signal, std::span<const DriftBreaks> breaks);

}  // namespace retaind
