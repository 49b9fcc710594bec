// Scales: how a raw value becomes a score of 0..100 (RULES.md "scale", SCORING 1.1).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "retaind/signals/measure.hpp"

namespace retaind {

/// Score of every scale but `cohort` (see cohort_positions); missing when the raw value is, or when a category is
/// unknown.
double score_of(const Scale& scale, const Measured& measured);

/// The scale in words: "0 at 0.2, 100 at 0.8"; "" where there is none.
std::string describe(const Scale& scale);

/// Cohort position of each member: the smoothed standardised position ewma(r) over the last 8 buckets of 7 days,
/// r = clamp((u - med) / max(sd, 0.5), -3, 3), u = ln(1 + x); med and sd (n - 1) over the members live at that bucket's
/// end, of the same cohort (at least `min`, else all live ones if these are as many, else missing). SCORING 1.1.
/// `members` are all there are, also those who have left since: they were compared with then. Buckets at whose end a
/// member was not live, before the data begin, or without a value are skipped: the next step of the ewma spans the
/// longer time. A member of whom the cohort is unknown (no segment) is compared with all.
std::vector<double> cohort_positions(const Snapshot& snapshot, const Signal& signal, const CohortScale& scale,
                                     std::span<const Subject> members);

/// 100 Phi(position + delta); missing without a position.
double cohort_score(double position, const CohortScale& scale);

/// Standard normal distribution function, erfc(-z / sqrt 2) / 2.
double normal_cdf(double z);

/// One step of an exponential filter with a half-life, over dt of the same unit: y + (1 - 2^(-dt/h)) (x - y).
/// A half-life of 0 follows x at once.
double smooth(double previous, double x, double dt, double halflife);

}  // namespace retaind
