// Small robust statistics: medians, spread, and the trend of a short row of values (SCORING 1.1, 1.5).
#pragma once

#include <span>
#include <string_view>

namespace retaind {

/// The middle value; of an even number, the mean of the middle two; missing without any. Reorders `values`, which
/// must be known; linear, nothing is sorted.
double median(std::span<double> values);

/// Standard deviation over n - 1, in two passes; 0 for fewer than two values.
double sample_sd(std::span<const double> values);

struct Line {
    double slope, intercept;
};

/// Theil-Sen: slope = median of the slopes of all pairs, per step; intercept = median(value) - slope * median(time), at
/// the first value. Value i stands at time i; missing ones are left out. Missing with fewer than two values.
Line theil_sen(std::span<const double> values);

struct MannKendall {
    double s;         ///< rising pairs less falling pairs
    double variance;  ///< corrected for ties
    double z;         ///< (s - sign s) / sqrt(variance), 0 when s is
};

/// Mann-Kendall test of a row of values in order; missing ones are left out. SCORING 1.5.
MannKendall mann_kendall(std::span<const double> values);

enum class Trend { unknown, falling, steady, rising };
std::string_view trend_name(Trend trend);  ///< "" for unknown

/// A trend in words: rising or falling when |z| >= 1.96, else steady; unknown with fewer than 8 values. Neighbouring
/// weeks resemble each other, which inflates z: never a p-value, never the sole reason for an alert.
Trend trend_of(std::span<const double> values);

/// now / base - 1; missing while the base is below `min_base` (a small base makes any change look huge).
double relative_change(double now, double base, double min_base);

}  // namespace retaind
