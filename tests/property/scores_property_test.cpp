// What must hold of every score whatever the data: it adds up, and only what it should depend on matters to it.
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "retaind/scores/health.hpp"
#include "retaind/scores/risk.hpp"
#include "retaind/signals/scale.hpp"
#include "support/generated_company.hpp"

namespace retaind {
namespace {

using company::Company;
using company::Dice;
using std::chrono::days;

struct Score {
    Health health = {};
    std::vector<double> raw = {};  ///< of every signal, in the order of the rules
};

Signal signal(const std::string& name, int group, const std::string& from, Measure measure, Scale scale) {
    Signal result{.name = name, .group = group, .from = from, .measure = measure, .scale = std::move(scale)};
    const bool counts = measure == Measure::count || measure == Measure::sum || measure == Measure::active_days;
    result.silence = counts ? Silence::zero : Silence::unknown;
    return result;
}

/// A score with every kind of measure and scale in it.
RuleSet some_rules(Dice& dice) {
    const PointScale falling{{{0, 100}, {1, 80}, {5, 0}}};
    RuleSet rules;
    for (int group = 0; group < 3; ++group)
        rules.groups.push_back({.name = std::to_string(group), .weight = dice.number(0.1, 50)});
    rules.signals = {
        signal("activity", 0, "usage", Measure::sum,
               CohortScale{.by = {"segment"}, .min = dice.one_of<int>({1, 5, 20})}),
        signal("active_days", 0, "usage", Measure::active_days, RampScale{0, 10}),
        signal("level", 0, "usage", Measure::last, RampScale{0, 50}),
        signal("own_ratio", 0, "usage", Measure::ratio, RampScale{0, 1}),
        signal("quiet", 1, "usage", Measure::days_since, RecencyScale{}),
        signal("rate", 1, "attendance", Measure::rate, StepScale{{{0, 0}, {0.5, 60}, {1, 100}}}),
        signal("size", 2, "customers", Measure::value, RampScale{0, 3}),
        signal("slope", 2, "usage", Measure::slope, RampScale{-0.2, 0.2}),
        signal("streak", 1, "attendance", Measure::miss_streak, falling),
        signal("tickets", 2, "tickets", Measure::count, falling),
    };
    rules.signals[6].field = "size";
    rules.signals[2].carry = days{10};
    rules.signals[1].per = Field{.name = "seats"};
    for (auto& each : rules.signals) {
        each.weight = dice.chance(0.2) ? 0 : dice.number(0, 3);
        if (dice.chance(0.2)) each.when_missing = {.prior = false, .score = dice.number(0, 100)};
    }
    return rules;
}

/// Every live customer's score by id, with the readers that a cycle would use.
std::map<std::string, Score> scores(const Company& company, const RuleSet& rules, double prior) {
    const Snapshot snapshot = snapshot_of(company);
    std::vector<CustomerIndex> live;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        if (is_live(snapshot, customer, snapshot.as_of)) live.push_back(customer);
    }
    std::vector<std::vector<SignalScore>> rows(live.size());
    for (const auto& each : rules.signals) {
        const SignalReader reader(snapshot, each);
        const auto* cohort = std::get_if<CohortScale>(&each.scale);
        const auto positions =
            cohort ? cohort_positions(snapshot, each, *cohort, whole_customers(snapshot)) : std::vector<double>{};
        for (std::size_t i = 0; i < live.size(); ++i) {
            const auto measured = reader.measure(live[i]);
            const double score = cohort ? cohort_score(positions[live[i]], *cohort) : score_of(each.scale, measured);
            rows[i].push_back({.raw = measured.raw, .score = score, .freshness = reader.freshness(live[i], measured)});
        }
    }
    std::map<std::string, Score> result;
    for (std::size_t i = 0; i < live.size(); ++i) {
        auto& score = result[std::string(snapshot.text(snapshot.customers[live[i]].id))];
        score.health = combine(rules, rows[i], prior);
        for (const auto& each : rows[i]) score.raw.push_back(each.raw);
    }
    return result;
}

double explained(const Health& health) {
    double sum = health.prior + health.weakest_part + health.caps;
    for (const auto& term : health.terms) sum += term.contribution;
    return sum;
}

bool same(double a, double b, double within) { return (is_missing(a) && is_missing(b)) || std::abs(a - b) <= within; }

void expect_same(const std::map<std::string, Score>& found, const std::map<std::string, Score>& expected,
                 double within) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [id, score] : expected) {
        const auto& other = found.at(id);
        ASSERT_TRUE(same(other.health.health, score.health.health, within)) << id;
        ASSERT_TRUE(same(other.health.coverage, score.health.coverage, within)) << id;
        for (std::size_t i = 0; i < score.raw.size(); ++i)
            ASSERT_TRUE(same(other.raw[i], score.raw[i], within)) << id << " signal " << i;
    }
}

/// Calls `check(company, rules, prior, seed)` on a number of generated companies.
template <class Check>
void for_companies(int count, int customers, Check check) {
    for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(count); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const auto rules = some_rules(dice);
        const double prior = dice.number(0, 100);
        check(company::generated_company(seed, customers), rules, prior, seed);
        if (testing::Test::HasFatalFailure()) return;
    }
}

TEST(Scores, AddUpOnTenThousandCustomers) {
    std::size_t customers = 0, partly = 0;
    for_companies(100, 200, [&](const Company& company, const RuleSet& rules, double prior, std::uint64_t) {
        for (const auto& [id, score] : scores(company, rules, prior)) {
            const auto& health = score.health;
            ASSERT_NEAR(explained(health), health.health, 1e-9) << id;
            ASSERT_GE(health.health, 0) << id;
            ASSERT_LE(health.health, 100) << id;
            ASSERT_GE(health.coverage, 0) << id;
            ASSERT_LE(health.coverage, 1 + 1e-12) << id;
            double weight = 0;
            for (const auto& term : health.terms) weight += term.weight;
            ASSERT_TRUE(health.terms.empty() || std::abs(weight - 1) < 1e-12) << id;
            ++customers;
            partly += health.coverage > 0.01 && health.coverage < 0.99;
        }
    });
    EXPECT_GE(customers, 10'000u);
    EXPECT_GT(partly, customers / 4) << "the generated customers have too few gaps to say anything";
}

TEST(Scores, DoNotDependOnTheOrderOfRows) {
    for_companies(30, 40, [](const Company& company, const RuleSet& rules, double prior, std::uint64_t seed) {
        expect_same(scores(shuffled(company, seed), rules, prior), scores(company, rules, prior), 0);
    });
}

TEST(Scores, DoNotLookAtWhatComesAfterAsOf) {
    for_companies(30, 40, [](const Company& company, const RuleSet& rules, double prior, std::uint64_t seed) {
        auto later = company;
        add_later_rows(later, seed);
        for (auto& subscription : later.subscriptions) {
            if (!subscription.ended_on) subscription.ended_on = later.as_of + days{1};
        }
        expect_same(scores(later, rules, prior), scores(company, rules, prior), 0);
    });
}

TEST(Scores, DoNotDependOnNames) {
    for_companies(30, 40, [](const Company& company, const RuleSet& rules, double prior, std::uint64_t) {
        std::map<std::string, Score> expected;
        for (auto& [id, score] : scores(company, rules, prior)) expected[company::new_name(id)] = score;
        expect_same(scores(renamed(company), rules, prior), expected, 1e-9);
    });
}

TEST(Scores, DependOnlyOnTheRatiosOfWeights) {
    for_companies(30, 40, [](const Company& company, const RuleSet& rules, double prior, std::uint64_t seed) {
        auto scaled = rules;
        Dice dice(seed);
        const double groups = dice.number(0.01, 100), signals = dice.number(0.01, 100);
        for (auto& group : scaled.groups) group.weight *= groups;
        for (auto& each : scaled.signals) each.weight *= signals;
        expect_same(scores(company, scaled, prior), scores(company, rules, prior), 1e-9);
    });
}

TEST(Scores, OfABetterSignalAreNeverWorse) {
    for_companies(100, 1, [](const Company&, const RuleSet& rules, double prior, std::uint64_t seed) {
        Dice dice(seed);
        std::vector<SignalScore> signals(rules.signals.size());
        for (auto& each : signals)
            each = {.score = dice.chance(0.2) ? missing : dice.number(0, 90), .freshness = dice.number(0, 1)};
        const double before = combine(rules, signals, prior).health;
        for (auto& each : signals) {
            auto better = signals;
            better[static_cast<std::size_t>(&each - signals.data())].score += 10;
            ASSERT_GE(combine(rules, better, prior).health, before - 1e-12);
        }
    });
}

TEST(Risk, OfTheUnfittedFormHasTheBaseRateAndNoOrder) {
    for_companies(20, 60, [](const Company& company, const RuleSet& rules, double prior, std::uint64_t seed) {
        Dice dice(seed);
        std::vector<double> healths;
        for (const auto& [id, score] : scores(company, rules, prior)) healths.push_back(score.health.health);
        if (healths.empty()) return;
        const double base_rate = dice.number(0.001, 0.5), a = unfitted_intercept(healths, base_rate);
        const auto add = [a](double sum, double health) { return sum + unfitted_risk(a, health); };
        const double mean =
            std::accumulate(healths.begin(), healths.end(), 0.0, add) / static_cast<double>(healths.size());
        ASSERT_NEAR(mean, base_rate, 1e-9);
        dice.shuffle(healths);
        ASSERT_EQ(unfitted_intercept(healths, base_rate), a);
    });
}

}  // namespace
}  // namespace retaind
