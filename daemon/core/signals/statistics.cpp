#include "retaind/signals/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "retaind/base/value.hpp"

namespace retaind {

double median(std::span<double> values) {
    if (values.empty()) return missing;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double sample_sd(std::span<const double> values) {
    if (values.size() < 2) return 0;
    const auto n = static_cast<double>(values.size());
    double sum = 0;
    for (const double value : values) sum += value;
    const double mean = sum / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return std::sqrt(squares / (n - 1));
}

Line theil_sen(std::span<const double> values) {
    std::vector<double> slopes, times, known;
    for (std::size_t j = 0; j < values.size(); ++j) {
        if (is_missing(values[j])) continue;
        for (std::size_t i = 0; i < j; ++i) {
            if (is_known(values[i])) slopes.push_back((values[j] - values[i]) / static_cast<double>(j - i));
        }
        times.push_back(static_cast<double>(j));
        known.push_back(values[j]);
    }
    const double slope = median(slopes);
    return {slope, median(known) - slope * median(times)};
}

namespace {

std::vector<double> without_missing(std::span<const double> values) {
    std::vector<double> known;
    std::ranges::copy_if(values, std::back_inserter(known), is_known);
    return known;
}

/// Sum of t (t - 1) (2t + 5) over groups of t equal values.
double tie_correction(std::vector<double> values) {
    std::ranges::sort(values);
    double correction = 0;
    for (auto from = values.begin(); from != values.end();) {
        const auto to = std::upper_bound(from, values.end(), *from);
        const auto t = static_cast<double>(to - from);
        correction += t * (t - 1) * (2 * t + 5);
        from = to;
    }
    return correction;
}

}  // namespace

MannKendall mann_kendall(std::span<const double> all) {
    const auto values = without_missing(all);
    double s = 0;
    for (std::size_t j = 0; j < values.size(); ++j) {
        for (std::size_t i = 0; i < j; ++i) s += (values[j] > values[i]) - (values[j] < values[i]);
    }
    const auto n = static_cast<double>(values.size());
    const double variance = (n * (n - 1) * (2 * n + 5) - tie_correction(values)) / 18;
    const double sign = (s > 0) - (s < 0);
    return {s, variance, s == 0 ? 0 : (s - sign) / std::sqrt(variance)};
}

std::string_view trend_name(Trend trend) {
    switch (trend) {
        case Trend::unknown: return "";
        case Trend::falling: return "falling";
        case Trend::steady: return "steady";
        case Trend::rising: return "rising";
    }
    return "";
}

Trend trend_of(std::span<const double> values) {
    if (std::ranges::count_if(values, is_known) < 8) return Trend::unknown;
    const double z = mann_kendall(values).z;
    return z >= 1.96 ? Trend::rising : z <= -1.96 ? Trend::falling : Trend::steady;
}

double relative_change(double now, double base, double min_base) {
    return base >= min_base && base > 0 ? now / base - 1 : missing;
}

}  // namespace retaind
