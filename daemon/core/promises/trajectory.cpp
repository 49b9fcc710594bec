#include "retaind/promises/trajectory.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "retaind/signals/statistics.hpp"

namespace retaind {

namespace {

constexpr double same_level = 1e-9;

/// Where the piece from `a` to `b` has the level; `a` is below it and `b` is not.
double crossing(const std::pair<double, double>& a, const std::pair<double, double>& b, double level) {
    const double share = std::clamp((level - a.second) / (b.second - a.second), 0.0, 1.0);
    return a.first + share * (b.first - a.first);
}

}  // namespace

Trajectory::Trajectory(PointList vertices) : vertices_(std::move(vertices)) { assert(!vertices_.empty()); }

double Trajectory::expected(double tau) const {
    const auto after = std::upper_bound(vertices_.begin(), vertices_.end(), tau,
                                        [](double x, const auto& vertex) { return x < vertex.first; });
    if (after == vertices_.begin()) return after->second;
    const auto& before = *std::prev(after);
    if (after == vertices_.end()) return before.second;
    return before.second + (after->second - before.second) * (tau - before.first) / (after->first - before.first);
}

double Trajectory::earliest(double progress) const {
    const auto reached = std::find_if(vertices_.begin(), vertices_.end(),
                                      [&](const auto& vertex) { return vertex.second >= progress - same_level; });
    if (reached == vertices_.begin()) return 0;
    if (reached == vertices_.end()) return 1;
    return crossing(*std::prev(reached), *reached, progress);
}

double Trajectory::latest(double progress) const {
    const auto passed = std::find_if(vertices_.begin(), vertices_.end(),
                                     [&](const auto& vertex) { return vertex.second > progress + same_level; });
    if (passed == vertices_.begin()) return 0;
    if (passed == vertices_.end()) return 1;
    return crossing(*std::prev(passed), *passed, progress);
}

double days_behind(const Trajectory& trajectory, double progress, const Schedule& schedule) {
    const double p = std::clamp(progress, 0.0, 1.0);
    const double length = schedule.due_on - schedule.starts_on;
    const double from = schedule.starts_on + length * trajectory.earliest(p);
    const bool done = p >= 1 - same_level;
    const double to = done ? std::max(schedule.today, from) : schedule.starts_on + length * trajectory.latest(p);
    return schedule.today - std::clamp(schedule.today, from, to);
}

Trajectory median_trajectory(std::span<const Path> paths) {
    assert(!paths.empty());
    PointList vertices;
    double highest = 0;
    for (std::size_t i = 0; i < path_points; ++i) {
        std::vector<double> values;
        for (const Path& path : paths) values.push_back(path[i]);
        highest = i == 0 ? 0.0 : i + 1 == path_points ? 1.0 : std::max(highest, median(values));
        vertices.emplace_back(static_cast<double>(i) / (path_points - 1), highest);
    }
    return Trajectory{std::move(vertices)};
}

}  // namespace retaind
