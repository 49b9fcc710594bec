// Churn risk: a probability with an additive explanation in log-odds (SCORING 1.8).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "retaind/rules/ruleset.hpp"

namespace retaind {

double logistic(double x);
double logit(double p);

/// Unfitted: logit p = a + 0.25 (100 - H) / 10, with a such that the mean p over `healths` equals base_rate, by
/// bisection to 1e-12. Missing healths are left out. Returns a; missing without customers, or a base rate not inside
/// (0, 1). The order of `healths` makes no difference.
double unfitted_intercept(std::span<const double> healths, double base_rate);
double unfitted_risk(double intercept, double health);

/// One part of the log-odds against the average customer: beta z (plus missing_beta), times the calibration's slope. So
/// exp(log_odds) is the odds factor, and the parts add up to logit(probability) - (a + b intercept) exactly.
struct RiskPart {
    std::string feature;
    std::string theme = {};  ///< what it is about, to group by; "" until somebody asks
    double raw = missing;
    double log_odds = 0;
};

struct Risk {
    double probability = missing;
    std::vector<RiskPart> parts = {};
};

/// z = (phi(x) - mean) / sd, 0 when x is missing (plus missing_beta) or sd = 0; ln1p of a negative is missing. Clamping
/// comes before phi, in the unit of the feature; a boolean is 0 or 1. Parts are in the order of the model's terms.
Risk fitted_risk(const FittedModel& model, const FieldValues& customer);

/// What a feature is about: the group of a signal; else "health", "outcomes", "relationship", "commercial" or
/// "customer", by what the field reads.
std::string theme_of(const RuleSet& rules, const Field& feature);

}  // namespace retaind
