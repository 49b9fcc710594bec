#include "retaind/scores/risk.hpp"

#include <algorithm>
#include <cmath>

namespace retaind {

namespace {

constexpr double log_odds_per_point = 0.25 / 10;  // SCORING 1.8: b = 0.25 for 10 points of health lost
constexpr double precision = 1e-12;

double log_odds_lost(double health) { return log_odds_per_point * (100 - health); }

}  // namespace

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double logit(double p) { return std::log(p / (1 - p)); }

double unfitted_intercept(std::span<const double> healths, double base_rate) {
    std::vector<double> odds;
    std::ranges::copy_if(healths, std::back_inserter(odds), is_known);
    if (odds.empty() || !(base_rate > 0 && base_rate < 1)) return missing;
    std::ranges::sort(odds);  // one order of summing, whatever the order of customers
    double high = logit(base_rate) - log_odds_lost(odds.back()), low = logit(base_rate) - log_odds_lost(odds.front());
    std::ranges::transform(odds, odds.begin(), [](double health) { return std::exp(log_odds_lost(health)); });
    const double wanted = base_rate * static_cast<double>(odds.size());
    while (high - low > precision) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) break;
        const double factor = std::exp(middle);
        double expected = 0;
        for (const double each : odds) expected += factor * each / (1 + factor * each);
        (expected < wanted ? low : high) = middle;
    }
    return low + (high - low) / 2;
}

double unfitted_risk(double intercept, double health) { return logistic(intercept + log_odds_lost(health)); }

namespace {

double number_of(const Value& value) {
    return value.kind == Value::Kind::boolean ? (value.boolean ? 1 : 0) : value.number;
}

double transformed(const RiskTerm& term, double x) {
    if (is_known(x) && term.clamp) x = std::clamp(x, term.clamp->first, term.clamp->second);
    switch (term.transform) {
        case Transform::id: return x;
        case Transform::ln1p: return x >= 0 ? std::log1p(x) : missing;
        case Transform::asinh: return std::asinh(x);
    }
    return missing;
}

double log_odds(const RiskTerm& term, double raw) {
    const double x = transformed(term, raw);
    if (is_missing(x)) return term.missing_beta;
    return term.sd > 0 ? term.beta * (x - term.mean) / term.sd : 0;
}

}  // namespace

Risk fitted_risk(const FittedModel& model, const FieldValues& customer) {
    Risk risk;
    double sum = model.calibration_a + model.calibration_b * model.intercept;
    for (const auto& term : model.terms) {
        RiskPart part{.feature = term.feature.name, .raw = number_of(customer.value(term.feature))};
        part.log_odds = model.calibration_b * log_odds(term, part.raw);
        sum += part.log_odds;
        risk.parts.push_back(std::move(part));
    }
    risk.probability = logistic(sum);
    return risk;
}

std::string theme_of(const RuleSet& rules, const Field& feature) {
    if (feature.kind == Field::Kind::signal_raw || feature.kind == Field::Kind::signal_score) {
        const Signal& signal = rules.signals[static_cast<std::size_t>(feature.index)];
        return rules.groups[static_cast<std::size_t>(signal.group)].name;
    }
    if (feature.kind != Field::Kind::builtin) return "customer";
    const std::string_view reads = field_spec(feature).reads;
    const auto asks = [&](std::string_view dataset) { return reads.find(dataset) != reads.npos; };
    return asks("health")          ? "health"
           : asks("promises")      ? "outcomes"
           : asks("touchpoints")   ? "relationship"
           : asks("subscriptions") ? "commercial"
                                   : "customer";
}

}  // namespace retaind
