#include "retaind/promises/history.hpp"

#include <algorithm>

namespace retaind {

namespace {

/// The line between the readings around `day`, starting at nothing on the first day; flat after the last.
double progress_on(double day, const std::vector<Point>& readings, const Goal& goal) {
    Point before{goal.starts_on, 0};
    for (const Point& reading : readings) {
        const Point after{reading.day, goal.progress(reading.value)};
        if (after.day > day)
            return before.value + (after.value - before.value) * (day - before.day) / (after.day - before.day);
        before = after;
    }
    return before.value;
}

}  // namespace

double SegmentHistory::kept_rate(const PromiseRules& rules) const {
    if (kept + missed == 0) return rules.a0 / (rules.a0 + rules.b0);
    return static_cast<double>(kept) / (kept + missed);
}

Path path_of(const Evidence& evidence, const Goal& goal, Day kept_on) {
    Path path{};
    for (std::size_t i = 0; i < path_points; ++i) {
        const double tau = static_cast<double>(i) / (path_points - 1);
        const double day = goal.starts_on + tau * (goal.due_on - goal.starts_on);
        const bool done = day >= day_number(kept_on);
        path[i] = done ? 1 : std::clamp(progress_on(day, evidence.measured, goal), 0.0, 1.0);
    }
    return path;
}

}  // namespace retaind
