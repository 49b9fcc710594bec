#include "retaind/promises/projection.hpp"

#include <algorithm>
#include <cmath>

#include "retaind/base/value.hpp"
#include "retaind/signals/scale.hpp"

namespace retaind {

namespace {

constexpr double rate_halflife = 14;  // days
constexpr double noise_floor = 0.01;  // of |target - baseline|
constexpr double standstill = 1e-9;   // of |target - baseline| per day: nothing but the rounding of sums
constexpr std::size_t readings_needed = 3;
constexpr std::size_t buckets_needed = 4;
constexpr double highest_autocorrelation = 0.9;

/// Calls visit(weight, dv, dt) for each step between neighbours. Weights are relative to the newest reading's: any
/// common factor cancels, and none of them all vanish however old the readings are.
template <class Visit>
void each_step(std::span<const Point> readings, Visit visit) {
    for (std::size_t i = 1; i < readings.size(); ++i) {
        const double age = readings.back().day - readings[i].day;
        visit(std::exp2(-age / rate_halflife), readings[i].value - readings[i - 1].value,
              readings[i].day - readings[i - 1].day);
    }
}

double weighted_rate(std::span<const Point> readings) {
    double change = 0, time = 0;
    each_step(readings, [&](double w, double dv, double dt) {
        change += w * dv;
        time += w * dt;
    });
    return change / time;
}

double weighted_noise(std::span<const Point> readings, double rate) {
    double squares = 0, weight = 0;
    each_step(readings, [&](double w, double dv, double dt) {
        squares += w * (dv - rate * dt) * (dv - rate * dt) / dt;
        weight += w;
    });
    return std::sqrt(squares / weight);
}

double mean_of(std::span<const Point> points) {
    double sum = 0;
    for (const Point& point : points) sum += point.value;
    return sum / static_cast<double>(points.size());
}

double standard_error(std::span<const Point> buckets, double mean) {
    double squares = 0, products = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        const double deviation = buckets[i].value - mean;
        squares += deviation * deviation;
        if (i > 0) products += deviation * (buckets[i - 1].value - mean);
    }
    if (squares == 0) return 0;
    const double n = static_cast<double>(buckets.size());
    const double a = std::clamp(products / squares, 0.0, highest_autocorrelation);
    return std::sqrt(squares / (n - 1)) / std::sqrt(n * (1 - a) / (1 + a));
}

double log_beta(double a, double b) { return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b); }

double log_choose(int n, int k) { return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0); }

}  // namespace

ReachProjection project_reach(std::span<const Point> readings, const Goal& goal) {
    const double left = goal.due_on - goal.today;
    if (readings.size() < readings_needed || left <= 0) return {missing, missing, missing};
    const double rate = weighted_rate(readings);
    const double way = std::abs(goal.target - goal.baseline);
    const double sigma = std::max(weighted_noise(readings, rate), noise_floor * way);
    const double value = readings.back().value;
    const double surplus = goal.direction() * (value + rate * left - goal.target);
    const bool leads_there = goal.direction() * rate > standstill * way;
    const double ratio = goal.reached(value) ? 0.0 : leads_there ? (goal.target - value) / left / rate : missing;
    return {rate, normal_cdf(surplus / (sigma * std::sqrt(left))), ratio};
}

double project_hold(std::span<const Point> buckets, const Goal& goal) {
    const double left = (goal.due_on - goal.today) / (goal.due_on - goal.starts_on);
    if (buckets.size() < buckets_needed || left <= 0) return missing;
    const double mean = mean_of(buckets);
    const double floor = noise_floor * std::abs(goal.target - goal.baseline);
    const double error = std::max(standard_error(buckets, mean), floor) * std::min(left, 1.0);
    return normal_cdf(goal.direction() * (mean - goal.target) / error);
}

double project_milestones(const MilestoneOdds& odds) {
    if (odds.need <= 0) return 1;
    if (odds.need > odds.remaining) return 0;
    const int m = odds.remaining;
    double sum = 0;
    for (int j = odds.need; j <= m; ++j) {
        sum += std::exp(log_choose(m, j) + log_beta(odds.a + j, odds.b + m - j) - log_beta(odds.a, odds.b));
    }
    return std::min(sum, 1.0);
}

}  // namespace retaind
