// The expected trajectory g of a promise: what share should be done by which share of the time (SCORING 1.7).
#pragma once

#include <array>
#include <span>
#include <vector>

#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// A curve on [0, 1] that never falls: straight pieces, plateaus and steps. Levels within 1e-9 of each other are one
/// level, so that a sum of weights taken in another order does not jump off its plateau.
class Trajectory {
public:
    Trajectory() = default;  ///< linear
    /// Vertices (tau, share), both never falling; two of one tau make a step, which is taken at tau. Flat outside.
    explicit Trajectory(PointList vertices);

    double expected(double tau) const;       ///< g(tau)
    double earliest(double progress) const;  ///< left inverse: the first tau with g(tau) >= progress, else 1
    double latest(double progress) const;    ///< right inverse: the last tau with g(tau) <= progress, else 0

private:
    PointList vertices_ = {{0.0, 0.0}, {1.0, 1.0}};
};

/// Days behind: t minus the nearest day on which this progress was expected; so a plateau is nobody's fault. Negative
/// is ahead; who is done (progress 1) is never behind. Day numbers; progress is clamped to [0, 1].
struct Schedule {
    double starts_on, due_on, today;
};
double days_behind(const Trajectory& trajectory, double progress, const Schedule& schedule);

/// How one kept promise went: its progress at tau = 0, 0.05, ..., 1.
inline constexpr std::size_t path_points = 21;
using Path = std::array<double, path_points>;

/// The median of the paths at each tau, made monotone (running maximum), from (0, 0) to (1, 1).
Trajectory median_trajectory(std::span<const Path> paths);
inline constexpr std::size_t paths_needed = 20;  ///< kept promises of a segment before their median is used

}  // namespace retaind
