// How good predictions were: the small core that backtests are made of (SCORING 2.3).
//
// All are pure, missing when they cannot be said (nothing, or only one kind, to compare), and independent of the order
// of predictions: equal scores always share what lies among them.
#pragma once

#include <span>

#include "retaind/base/time.hpp"

namespace retaind {

/// What was said beforehand (a probability where so named; otherwise any score, higher = more likely), and what came.
struct Prediction {
    double score = 0;
    bool happened = false;
};

/// A prediction that was made on a day.
struct DatedPrediction {
    Day day;
    Prediction prediction;
};

/// Probability that one that happened scored above one that did not; equal scores count half.
double auc(std::span<const Prediction> predictions);

/// Mean of the AUCs of single days: pooled AUC rises just because the hazard moves with the calendar. Days on which
/// nothing, or everything, happened say nothing and are left out.
double auc_within_date(std::span<const DatedPrediction> predictions);

/// Area under precision over recall in steps; equal scores are one step.
double average_precision(std::span<const Prediction> predictions);

/// Mean squared error of probabilities, and the mean of -ln p of what came (probabilities kept 1e-15 off 0 and 1).
double brier(std::span<const Prediction> predictions);
double log_loss(std::span<const Prediction> predictions);

/// 1 - Brier / (q (1 - q)), q the share that happened: 0 for always saying q.
double brier_skill(std::span<const Prediction> predictions);

/// Expected calibration error: mean |mean probability - share that happened| over `bins` bins of as equal counts as can
/// be (the first ones larger), weighted by count.
double calibration_error(std::span<const Prediction> predictions, int bins = 10);

/// Among the highest-scored `share` of all (rounded up): the share of all that happened which it holds (recall), and
/// how many times more often it happened there than overall (lift).
double recall_at(std::span<const Prediction> predictions, double share);
double lift_at(std::span<const Prediction> predictions, double share);

}  // namespace retaind
