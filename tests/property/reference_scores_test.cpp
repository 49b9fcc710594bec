// The fast scores against the slow, obvious ones of tests/reference, over generated companies.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "reference/reference_scores.hpp"
#include "retaind/scores/health.hpp"
#include "retaind/signals/scale.hpp"
#include "support/generated_company.hpp"

namespace retaind {
namespace {

using company::Company;
using company::Dice;

reference::CohortQuestion some_question(Dice& dice) {
    reference::CohortQuestion question;
    question.by = dice.one_of<std::vector<std::string>>(
        {{"segment"}, {"segment", "term"}, {"size"}, {"term", "size"}, {"nothing"}});
    question.halflife = dice.one_of<double>({0, 7, 14, 30});
    question.min = dice.one_of<int>({1, 2, 5, 20});
    return question;
}

std::vector<double> fast_positions(const Snapshot& snapshot, const reference::CohortQuestion& question) {
    const Signal signal{.name = "activity", .from = question.feed, .measure = Measure::sum, .silence = Silence::zero};
    const CohortScale scale{.by = question.by, .halflife = question.halflife, .min = question.min};
    auto positions = cohort_positions(snapshot, signal, scale, whole_customers(snapshot));
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        if (!is_live(snapshot, customer, snapshot.as_of)) positions[customer] = missing;
    }
    return positions;
}

TEST(CohortPositions, AreThoseOfTheReference) {
    int compared = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const Company company = company::generated_company(seed, 2 + dice.below(40));
        const auto question = some_question(dice);
        const auto expected = reference::cohort_positions(company, question);
        const Snapshot snapshot = snapshot_of(company);
        const auto found = fast_positions(snapshot, question);
        for (CustomerIndex customer = 0; customer < found.size(); ++customer) {
            const std::string id(snapshot.text(snapshot.customers[customer].id));
            ASSERT_EQ(is_known(found[customer]), expected.contains(id)) << id;
            if (is_missing(found[customer])) continue;
            ASSERT_NEAR(found[customer], expected.at(id), 1e-9) << id;
            ++compared;
        }
    }
    EXPECT_GT(compared, 200) << "the generated companies have become too empty to say anything";
}

struct Scored {
    RuleSet rules = {};
    std::vector<SignalScore> signals = {};
    std::vector<reference::Part> parts = {};
};

/// The same signals for both: some groups and weights of 0, some missing, stale, imputed or not applicable.
Scored some_signals(Dice& dice) {
    Scored scored;
    const int groups = 1 + dice.below(5), signals = 1 + dice.below(12);
    for (int i = 0; i < groups; ++i) {
        scored.rules.groups.push_back(
            {.name = "g" + std::to_string(i), .weight = dice.chance(0.1) ? 0 : dice.number(0, 50)});
    }
    for (int i = 0; i < signals; ++i) {
        Signal signal{.name = "s" + std::to_string(i), .group = dice.below(groups)};
        signal.weight = dice.chance(0.2) ? 0 : dice.number(0, 3);
        if (dice.chance(0.3)) signal.when_missing = {.prior = false, .score = dice.number(0, 100)};
        SignalScore measured{.score = dice.chance(0.3) ? missing : dice.number(0, 100)};
        measured.freshness = dice.chance(0.2) ? 0 : dice.chance(0.5) ? 1 : dice.number(0, 1);
        measured.applies = dice.chance(0.8);
        const auto& group = scored.rules.groups[static_cast<std::size_t>(signal.group)];
        reference::Part part{
            .group = group.name, .group_weight = group.weight, .weight = signal.weight, .applies = measured.applies};
        part.freshness = measured.freshness;
        if (is_known(measured.score)) part.score = measured.score;
        if (!signal.when_missing.prior) part.when_missing = signal.when_missing.score;
        scored.rules.signals.push_back(signal);
        scored.signals.push_back(measured);
        scored.parts.push_back(part);
    }
    return scored;
}

TEST(Health, IsThatOfTheReference) {
    for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const auto scored = some_signals(dice);
        const double prior = dice.number(0, 100);
        const auto expected = reference::combine(scored.parts, prior);
        const auto found = combine(scored.rules, scored.signals, prior);
        ASSERT_NEAR(found.health, expected.health, 1e-9);
        ASSERT_NEAR(found.coverage, expected.coverage, 1e-9);
        for (const auto& term : found.terms) {
            ASSERT_NEAR(term.contribution, expected.contributions[static_cast<std::size_t>(term.signal)], 1e-9);
        }
    }
}

}  // namespace
}  // namespace retaind
