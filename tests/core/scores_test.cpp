// Health, caps, bands, risk, and the measures of how good they were: SCORING 1.2 to 1.4, 1.8, 2.3.
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "retaind/scores/evaluation.hpp"
#include "retaind/scores/health.hpp"
#include "retaind/scores/risk.hpp"
#include "retaind/signals/scale.hpp"
#include "support/company.hpp"

namespace retaind {
namespace {

Signal weighing(const std::string& name, int group, double weight = 1) {
    return {.name = name, .group = group, .weight = weight};
}

/// The default score of SCORING 1.2.
RuleSet default_score() {
    RuleSet rules;
    rules.groups = {{.name = "engagement", .weight = 40}, {.name = "outcomes", .weight = 60}};
    rules.signals = {weighing("activity", 0), weighing("grade", 1, 1), weighing("milestones_met", 1, 2)};
    return rules;
}

SignalScore scored(double score, double freshness = 1) {
    return {.raw = score, .score = score, .freshness = freshness};
}
SignalScore gone() { return {}; }
SignalScore not_for_them() { return {.raw = 1, .score = 100, .applies = false}; }

double explained(const Health& health) {
    const auto add = [](double sum, const Term& term) { return sum + term.contribution; };
    return health.prior + std::accumulate(health.terms.begin(), health.terms.end(), 0.0, add) + health.weakest_part +
           health.caps;
}

// -- health ----------------------------------------------------------------------------------------------------------

TEST(Health, OfTheWorkedExampleIs64) {
    const std::vector signals = {scored(cohort_score(-0.5, {})), scored(score_of(RampScale{30, 80}, {.raw = 60})),
                                 scored(score_of(RampScale{0, 1}, {.raw = (3 + 1) / (4 + 1.0)}))};
    const auto health = combine(default_score(), signals, 70);
    ASSERT_EQ(health.terms.size(), 3u);
    EXPECT_NEAR(health.terms[0].contribution, -8, 1e-9);
    EXPECT_NEAR(health.terms[1].contribution, -2, 1e-9);
    EXPECT_NEAR(health.terms[2].contribution, 4, 1e-9);
    EXPECT_NEAR(health.health, 64, 1e-9);
    EXPECT_NEAR(health.coverage, 1, 1e-12);
    EXPECT_EQ(next_band(Band::unknown, health.health, health.coverage, {}), Band::watch);
}

TEST(Health, WeighsWhatAppliesAndLeavesTheRestToThePrior) {
    auto worst = default_score();
    worst.signals[2].when_missing = {.prior = false, .score = 0};
    auto watched = default_score();
    watched.signals[0].weight = 0;
    auto dead_group = default_score();
    dead_group.groups[0].weight = 0;
    struct Case {
        std::string sentence;
        RuleSet rules;
        std::vector<SignalScore> signals;
        double health, coverage;
    };
    const std::vector<Case> cases = {
        {"all perfect", default_score(), {scored(100), scored(100), scored(100)}, 100, 1},
        {"nothing measured is the prior", default_score(), {gone(), gone(), gone()}, 70, 0},
        {"missing weight goes to the prior", default_score(), {scored(20), gone(), scored(100)}, 8 + 14 + 40, 0.8},
        {"what does not apply leaves its group to the others",
         default_score(),
         {scored(20), not_for_them(), scored(100)},
         8 + 60,
         1},
        {"a group without any leaves the total", default_score(), {scored(20), not_for_them(), not_for_them()}, 20, 1},
        {"nothing applies", default_score(), {not_for_them(), not_for_them(), not_for_them()}, 70, 0},
        {"half stale counts half", default_score(), {scored(20, 0.5), scored(70), scored(70)}, 70 - 10, 0.8},
        {"worn out counts nothing", default_score(), {scored(20, 0), scored(100), scored(100)}, 28 + 60, 0.6},
        {"missing as the worst counts in full, and is not covered",
         worst,
         {scored(70), scored(70), gone()},
         70 - 28,
         0.6},
        {"a signal of weight 0 has no say", watched, {scored(0), scored(100), scored(100)}, 100, 1},
        {"nor has a group of weight 0", dead_group, {scored(0), scored(100), scored(100)}, 100, 1},
    };
    for (const auto& [sentence, rules, signals, health, coverage] : cases) {
        const auto found = combine(rules, signals, 70);
        EXPECT_NEAR(found.health, health, 1e-9) << sentence;
        EXPECT_NEAR(found.coverage, coverage, 1e-12) << sentence;
        EXPECT_NEAR(explained(found), found.health, 1e-9) << sentence;
    }
}

TEST(Health, NamesItsTermsInTheOrderOfTheRules) {
    auto rules = default_score();
    rules.signals[0].weight = 0;
    rules.signals[1].when_missing = {.prior = false, .score = 10};
    const auto health = combine(rules, std::vector{scored(50), gone(), gone()}, 70);
    ASSERT_EQ(health.terms.size(), 2u) << "a watched signal is no term";
    const auto& [grade, milestones] = std::tie(health.terms[0], health.terms[1]);
    EXPECT_EQ(grade.signal, 1);
    EXPECT_TRUE(grade.imputed);
    EXPECT_EQ(grade.score, 10);
    EXPECT_EQ(grade.freshness, 1);
    EXPECT_NEAR(grade.weight, 1.0 / 3, 1e-15);
    EXPECT_EQ(milestones.signal, 2);
    EXPECT_FALSE(milestones.imputed);
    EXPECT_TRUE(is_missing(milestones.score));
    EXPECT_EQ(milestones.freshness, 0);
    EXPECT_EQ(milestones.contribution, 0);
}

// -- caps ------------------------------------------------------------------------------------------------------------

class Fields final : public FieldValues {
public:
    explicit Fields(std::map<std::string, Value> values) : values_(std::move(values)) {}
    Value value(const Field& field) const override {
        const auto found = values_.find(field.name);
        return found == values_.end() ? Value::none() : found->second;
    }

private:
    std::map<std::string, Value> values_;
};

Cap cap(const std::string& name, double at, const std::string& field, double at_least) {
    const Condition condition{.left = Field{.name = field}, .comparison = Comparison::greater_equal, .right = at_least};
    return {.name = name, .at = at, .when = {condition}};
}

TEST(Caps, TheLowestThatIsKnownToHoldWins) {
    RuleSet rules;
    rules.caps = {cap("late", 60, "days_past_due", 30), cap("leaving", 20, "notice", 1),
                  cap("very_late", 40, "days_past_due", 90)};
    struct Case {
        std::string sentence;
        std::map<std::string, Value> fields;
        double before, health;
        int cap;
    };
    const std::vector<Case> cases = {
        {"none holds", {{"days_past_due", Value::of(0.0)}}, 80, 80, -1},
        {"one holds", {{"days_past_due", Value::of(45.0)}}, 80, 60, 0},
        {"of two the lower", {{"days_past_due", Value::of(95.0)}}, 80, 40, 2},
        {"the lowest, wherever it stands", {{"days_past_due", Value::of(95.0)}, {"notice", Value::of(1.0)}}, 80, 20, 1},
        {"an unknown condition does not cap", {}, 80, 80, -1},
        {"a cap never raises", {{"days_past_due", Value::of(45.0)}}, 33, 33, -1},
        {"nor is it in force exactly at its height", {{"days_past_due", Value::of(45.0)}}, 60, 60, -1},
    };
    for (const auto& [sentence, fields, before, capped, index] : cases) {
        Health health{.health = before, .before_caps = before, .prior = before};
        apply_caps(health, rules, Fields(fields));
        EXPECT_EQ(health.health, capped) << sentence;
        EXPECT_EQ(health.before_caps, before) << sentence;
        EXPECT_EQ(health.caps, capped - before) << sentence;
        EXPECT_EQ(health.cap, index) << sentence;
    }
}

// -- bands -----------------------------------------------------------------------------------------------------------

TEST(Band, FallsAtOnceAndClimbsFivePointsLater) {
    struct Case {
        std::string sentence;
        Band before;
        double smoothed, coverage;
        Band band;
    };
    const std::vector<Case> cases = {
        {"first day, at the edge", Band::unknown, 70, 1, Band::healthy},
        {"first day, just below", Band::unknown, 69.99, 1, Band::watch},
        {"first day, at the lower edge", Band::unknown, 40, 1, Band::watch},
        {"first day, below it", Band::unknown, 39.99, 1, Band::at_risk},
        {"healthy stays at the edge", Band::healthy, 70, 1, Band::healthy},
        {"healthy falls below it", Band::healthy, 69.99, 1, Band::watch},
        {"healthy falls two bands at once", Band::healthy, 10, 1, Band::at_risk},
        {"watch does not climb at the edge", Band::watch, 70, 1, Band::watch},
        {"nor just below five points more", Band::watch, 74.99, 1, Band::watch},
        {"but there", Band::watch, 75, 1, Band::healthy},
        {"at risk does not climb at 44", Band::at_risk, 44, 1, Band::at_risk},
        {"but at 45", Band::at_risk, 45, 1, Band::watch},
        {"at risk at 72 climbs one band", Band::at_risk, 72, 1, Band::watch},
        {"at risk at 75 climbs two", Band::at_risk, 75, 1, Band::healthy},
        {"too little is covered", Band::healthy, 90, 0.34, Band::unknown},
        {"just enough is, rounding aside", Band::healthy, 90, 0.35 - 1e-15, Band::healthy},
        {"nothing smoothed", Band::healthy, missing, 1, Band::unknown},
    };
    for (const auto& [sentence, before, smoothed, coverage, band] : cases) {
        EXPECT_EQ(next_band(before, smoothed, coverage, {}), band) << sentence;
    }
}

TEST(Band, HasAName) {
    for (const auto band : {Band::unknown, Band::at_risk, Band::watch, Band::healthy}) {
        EXPECT_EQ(parse_band(band_name(band)), band);
    }
    EXPECT_EQ(band_name(Band::at_risk), "at_risk");
    EXPECT_FALSE(parse_band("fine"));
}

// -- risk ------------------------------------------------------------------------------------------------------------

TEST(UnfittedRisk, MeetsTheBaseRateWhateverTheOrder) {
    std::vector<double> healths;
    for (int i = 0; i <= 1000; ++i) healths.push_back(i % 101);
    for (const double base_rate : {0.001, 0.03, 0.5, 0.97}) {
        const double a = unfitted_intercept(healths, base_rate);
        const auto add = [a](double sum, double health) { return sum + unfitted_risk(a, health); };
        EXPECT_NEAR(std::accumulate(healths.begin(), healths.end(), 0.0, add) / 1001, base_rate, 1e-12);
        auto reversed = healths;
        std::ranges::reverse(reversed);
        EXPECT_EQ(unfitted_intercept(reversed, base_rate), a) << "to the last bit";
    }
}

TEST(UnfittedRisk, RisesWithHealthLost) {
    const double a = logit(0.03);
    EXPECT_NEAR(unfitted_risk(a, 100), 0.03, 1e-15);
    EXPECT_NEAR(logit(unfitted_risk(a, 60)) - a, 1, 1e-12) << "40 points lost add 1 to the log-odds";
}

TEST(UnfittedRisk, HoldsAtItsEdges) {
    EXPECT_NEAR(unfitted_intercept(std::array{100.0}, 0.03), logit(0.03), 1e-12) << "one customer has the base rate";
    EXPECT_NEAR(unfitted_intercept(std::array{60.0, missing, 60.0}, 0.03), logit(0.03) - 1, 1e-12)
        << "the missing are left out";
    EXPECT_TRUE(is_missing(unfitted_intercept({}, 0.03)));
    EXPECT_TRUE(is_missing(unfitted_intercept(std::array{50.0}, 0)));
    EXPECT_TRUE(is_missing(unfitted_intercept(std::array{50.0}, 1)));
}

RiskTerm term(const std::string& feature, Transform transform, double mean, double sd, double beta) {
    return {.feature = {.name = feature},
            .transform = transform,
            .mean = mean,
            .sd = sd,
            .beta = beta,
            .missing_beta = 0.25};
}

TEST(FittedRisk, AddsUpItsParts) {
    auto clamped = term("x", Transform::id, 2, 4, 0.8);
    clamped.clamp = {-1, 4};
    struct Case {
        std::string sentence;
        RiskTerm term;
        Value x;
        double log_odds;
    };
    const std::vector<Case> cases = {
        {"two spreads above the mean", term("x", Transform::id, 2, 4, 0.8), Value::of(10.0), 1.6},
        {"clamped first", clamped, Value::of(10.0), 0.4},
        {"clamped from below", clamped, Value::of(-10.0), -0.6},
        {"ln(1 + x)", term("x", Transform::ln1p, 0, 1, 2), Value::of(std::exp(3.0) - 1), 6},
        {"ln(1 + x) of a negative is missing", term("x", Transform::ln1p, 0, 1, 2), Value::of(-0.5), 0.25},
        {"asinh", term("x", Transform::asinh, 0, 1, 2), Value::of(std::sinh(-2.0)), -4},
        {"missing has a coefficient of its own", term("x", Transform::id, 2, 4, 0.8), Value::none(), 0.25},
        {"a text is missing", term("x", Transform::id, 2, 4, 0.8), Value::of("ten"), 0.25},
        {"a boolean is 0 or 1", term("x", Transform::id, 0, 1, 3), Value::of(true), 3},
        {"a feature that never varied says nothing", term("x", Transform::id, 2, 0, 0.8), Value::of(10.0), 0},
    };
    for (const auto& [sentence, one, x, log_odds] : cases) {
        const FittedModel model{.intercept = -3, .terms = {one, term("y", Transform::id, 0, 1, 1)}};
        const auto risk = fitted_risk(model, Fields({{"x", x}, {"y", Value::of(0.5)}}));
        ASSERT_EQ(risk.parts.size(), 2u);
        EXPECT_EQ(risk.parts[0].feature, "x");
        EXPECT_NEAR(risk.parts[0].log_odds, log_odds, 1e-12) << sentence;
        EXPECT_NEAR(logit(risk.probability), -3 + log_odds + 0.5, 1e-9) << sentence;
    }
}

TEST(FittedRisk, IsCalibratedWithItsParts) {
    FittedModel model{
        .intercept = -3, .terms = {term("x", Transform::id, 0, 1, 1)}, .calibration_a = -0.2, .calibration_b = 0.5};
    const auto risk = fitted_risk(model, Fields({{"x", Value::of(2.0)}}));
    EXPECT_NEAR(risk.parts[0].log_odds, 1, 1e-12);
    EXPECT_NEAR(logit(risk.probability), -0.2 + 0.5 * -3 + 1, 1e-12);
}

// -- evaluation ------------------------------------------------------------------------------------------------------

nlohmann::json golden() { return nlohmann::json::parse(std::ifstream("tests/data/golden/golden.json")); }

/// Rows of numbers below a heading.
std::vector<std::vector<double>> numbers(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::vector<double>> rows;
    std::string line, cell;
    for (std::getline(file, line); std::getline(file, line);) {
        std::istringstream cells(line);
        for (rows.emplace_back(); std::getline(cells, cell, ',');) rows.back().push_back(std::stod(cell));
    }
    return rows;
}

/// What the golden ridge model at a lambda says of the thousand golden rows, by our own fitted_risk.
std::vector<Prediction> golden_predictions(const std::string& lambda) {
    const auto values = golden();
    const auto coefficients = values.at("ridge").at(lambda).at("coef_std").get<std::vector<double>>();
    FittedModel model{.intercept = coefficients[0]};
    for (std::size_t i = 0; i + 1 < coefficients.size(); ++i) {
        model.terms.push_back(term(std::to_string(i), Transform::id, values.at("mean")[i].get<double>(),
                                   values.at("sd_population")[i].get<double>(), coefficients[i + 1]));
    }
    std::vector<Prediction> predictions;
    for (const auto& row : numbers("tests/data/golden/logit_1000.csv")) {
        std::map<std::string, Value> fields;
        for (std::size_t i = 0; i + 1 < row.size(); ++i) fields[std::to_string(i)] = Value::of(row[i]);
        predictions.push_back({fitted_risk(model, Fields(fields)).probability, row.back() == 1});
    }
    return predictions;
}

TEST(Evaluation, AgreesWithScikitLearnOnAThousandCustomers) {
    const auto predictions = golden_predictions("1.0");
    ASSERT_EQ(predictions.size(), 1000u);
    const auto expected = golden().at("metrics_at_ridge_1");
    const double within = 1e-9;  // the coefficients are given to ten digits
    EXPECT_NEAR(auc(predictions), expected.at("auc").get<double>(), 1e-12);
    EXPECT_NEAR(average_precision(predictions), expected.at("average_precision").get<double>(), 1e-12);
    EXPECT_NEAR(brier(predictions), expected.at("brier").get<double>(), within);
    EXPECT_NEAR(log_loss(predictions), expected.at("log_loss").get<double>(), within);
    EXPECT_NEAR(calibration_error(predictions), expected.at("ece_10_equal_mass").get<double>(), within);
    EXPECT_NEAR(lift_at(predictions, 0.1), expected.at("lift_10pct").get<double>(), 1e-12);
    const auto ridge = golden().at("ridge");
    for (const auto& [lambda, model] : ridge.items())
        EXPECT_NEAR(2 * log_loss(golden_predictions(lambda)) * 1000, model.at("deviance").get<double>(), 1e-6)
            << lambda;
}

std::vector<Prediction> tied() {
    const auto ties = golden().at("ties");
    std::vector<Prediction> predictions;
    for (std::size_t i = 0; i < ties.at("y").size(); ++i) {
        predictions.push_back({ties.at("s")[i].get<double>(), ties.at("y")[i].get<int>() == 1});
    }
    return predictions;
}

TEST(Evaluation, SharesTiesInWhateverOrder) {
    auto predictions = tied();
    std::ranges::sort(predictions, {}, [](const Prediction& one) { return std::pair(one.happened, one.score); });
    const double error = calibration_error(predictions), lift = lift_at(predictions, 0.3);
    for (int round = 0; round < 2; ++round) {
        EXPECT_NEAR(auc(predictions), golden().at("ties").at("auc").get<double>(), 1e-15);
        EXPECT_NEAR(average_precision(predictions), golden().at("ties").at("average_precision").get<double>(), 1e-15);
        // Two of 4 are above 0.4, and two of the four at 0.4: the third is half of one.
        EXPECT_NEAR(recall_at(predictions, 0.3), 2.5 / 4, 1e-15);
        EXPECT_EQ(lift_at(predictions, 0.3), lift);
        EXPECT_EQ(calibration_error(predictions), error);
        std::ranges::reverse(predictions);
    }
}

TEST(Evaluation, SaysNothingWhereNothingCanBeSaid) {
    const std::vector<Prediction> none, only_stayers = {{0.1, false}, {0.2, false}}, only_quitters = {{0.1, true}};
    for (const auto& predictions : {none, only_stayers, only_quitters}) {
        EXPECT_TRUE(is_missing(auc(predictions)));
        EXPECT_TRUE(is_missing(brier_skill(predictions)));
    }
    for (const auto& predictions : {none, only_stayers}) {
        EXPECT_TRUE(is_missing(average_precision(predictions)));
        EXPECT_TRUE(is_missing(recall_at(predictions, 0.1)));
        EXPECT_TRUE(is_missing(lift_at(predictions, 0.1)));
    }
    EXPECT_TRUE(is_missing(brier(none)));
    EXPECT_TRUE(is_missing(log_loss(none)));
    EXPECT_TRUE(is_missing(calibration_error(none)));
    EXPECT_EQ(average_precision(only_quitters), 1);
}

TEST(Evaluation, OfCertaintyIsFinite) {
    const std::vector<Prediction> wrong = {{0, true}, {1, false}};
    EXPECT_NEAR(log_loss(wrong), -std::log(1e-15), 1e-2);
    EXPECT_EQ(brier(wrong), 1);
    EXPECT_EQ(auc(wrong), 0);
    EXPECT_NEAR(brier_skill(std::vector<Prediction>{{0.5, true}, {0.5, false}}), 0, 1e-15) << "always saying q";
}

TEST(Evaluation, WithinDateLooksAtEachDayAlone) {
    // Each day is ranked perfectly; the second day's scores are all higher, and fewer quit. The third says nothing.
    const Day first = company::day("2024-03-01"), second = company::day("2024-03-08"),
              third = company::day("2024-03-15");
    const std::vector<DatedPrediction> predictions = {
        {first, {0.2, true}},  {second, {0.9, true}},  {first, {0.1, false}}, {second, {0.8, false}},
        {third, {0.5, false}}, {second, {0.7, false}}, {first, {0.3, true}},
    };
    EXPECT_EQ(auc_within_date(predictions), 1);
    std::vector<Prediction> pooled;
    for (const auto& each : predictions) pooled.push_back(each.prediction);
    EXPECT_NEAR(auc(pooled), (4 + 1 + 1) / 12.0, 1e-15);
    EXPECT_TRUE(is_missing(auc_within_date({})));
}

TEST(Evaluation, OfCalibrationFillsBinsEvenly) {
    // Five predictions in two bins: three below, two above. Off by 0.1 upward and by 0.35 downward.
    const std::vector<Prediction> predictions = {{0.1, false}, {0.1, false}, {0.1, false}, {0.6, true}, {0.7, true}};
    EXPECT_NEAR(calibration_error(predictions, 2), (3 * 0.1 + 2 * 0.35) / 5, 1e-12);
    EXPECT_NEAR(calibration_error(predictions, 10), (3 * 0.1 + 0.4 + 0.3) / 5, 1e-12) << "more bins than predictions";
}

}  // namespace
}  // namespace retaind
