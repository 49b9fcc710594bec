// How likely a promise is to be kept, from what was seen so far (SCORING 1.7). Formulae only; no rows, no rules.
#pragma once

#include <cmath>
#include <span>

namespace retaind {

/// A value on a day (days since 1970-01-01).
struct Point {
    double day = 0;
    double value = 0;
    bool operator==(const Point&) const = default;
};

/// What was promised, and the day that is spoken about. Better is higher when target > baseline, else lower.
struct Goal {
    double starts_on = 0, due_on = 1, today = 0;
    double baseline = 0, target = 1;
    double quality = 0;  ///< tolerance in the unit of the target, granted on the due day

    double direction() const { return target > baseline ? 1.0 : -1.0; }
    double progress(double value) const { return (value - baseline) / (target - baseline); }
    /// At the target, or so near that only the rounding of a sum can be between.
    bool reached(double value) const { return within(value, 0); }
    bool within_quality(double value) const { return within(value, quality); }

private:
    bool within(double value, double tolerance) const {
        return direction() * (value - target) >= -tolerance - 1e-9 * std::abs(target - baseline);
    }
};

/// A reach promise: the weighted rate of its readings carried on to the due day. Needs 3 readings of different days, in
/// order of day, and today < due_on; else all is missing. Weights halve every 14 days; the noise has a floor of 1 % of
/// |target - baseline| per sqrt(day).
struct ReachProjection {
    double rate;                 ///< rho, per day
    double probability;          ///< Phi(dir (v + rho (D - t) - V) / (sigma sqrt(D - t)))
    double required_rate_ratio;  ///< ((V - v) / (D - t)) / rho; missing where rho leads nowhere or away
};
ReachProjection project_reach(std::span<const Point> readings, const Goal& goal);

/// A hold promise before its due day: Phi(dir (m - V) / (se (1 - tau))). The buckets so far count as they are; only
/// the share of time left is projected, at their mean m with its standard error se = sd / sqrt(n_eff), at least 1 % of
/// |target - baseline|. n_eff = n (1 - a) / (1 + a), a = lag-1 autocorrelation in [0, 0.9]. Missing under 4 buckets.
double project_hold(std::span<const Point> buckets, const Goal& goal);

/// Milestones so far, as the beta-binomial sees them.
struct MilestoneOdds {
    double a = 0, b = 0;  ///< a0 + faded deliveries, b0 + faded misses
    int need = 0;         ///< still to be delivered
    int remaining = 0;    ///< m: neither due nor delivered
};
/// sum_{j = need..m} C(m, j) B(a + j, b + m - j) / B(a, b); 1 if need <= 0, 0 if need > m. a, b > 0.
double project_milestones(const MilestoneOdds& odds);

}  // namespace retaind
