// Drift: the charts of SCORING 1.6, and what is made of a customer's weeks.
#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "retaind/signals/drift.hpp"
#include "retaind/signals/facts.hpp"
#include "support/company.hpp"

namespace retaind {
namespace {

using company::Company;
using company::day;
using std::chrono::days;

nlohmann::json golden(const char* part) {
    return nlohmann::json::parse(std::ifstream("tests/data/golden/golden.json")).at(part);
}

// -- charts ----------------------------------------------------------------------------------------------------------

TEST(DriftChart, AgreesWithTheGoldenNumbers) {
    const auto expected = golden("drift");
    DriftChart up, down;
    for (std::size_t t = 0; t < expected.at("r").size(); ++t) {
        const auto r = expected.at("r")[t].get<double>();
        up.add(r);
        down.add(-r);
        EXPECT_NEAR(up.ewma, expected.at("ewma_lam0.3_start0")[t].get<double>(), 1e-10) << t;
        EXPECT_NEAR(down.cusum, expected.at("cusum_down_k0.5")[t].get<double>(), 1e-10) << t;
        EXPECT_NEAR(ewma_limit(up.steps, 3), expected.at("limit_L3_exact")[t].get<double>(), 1e-9) << t;
    }
    EXPECT_EQ(ewma_limit(0), 0);
}

/// Mean number of steps until the first alarm.
double run_length(double shift, const std::function<bool(const DriftChart&)>& alarms, int runs) {
    std::mt19937_64 random{20260331};
    std::normal_distribution<double> residual{shift, 1};
    long long steps = 0;
    for (int run = 0; run < runs; ++run) {
        DriftChart chart;
        while (!alarms(chart)) chart.add(residual(random));
        steps += chart.steps;
    }
    return static_cast<double>(steps) / runs;
}

TEST(DriftChart, RunsAsLongAsMeasured) {
    const auto expected = golden("arl_monte_carlo_one_sided");
    const auto cusum = [](const DriftChart& chart) { return chart.cusum > cusum_alarm; };
    const double limit = ewma_limit(1000);  // theirs was the asymptotic one
    const auto ewma = [limit](const DriftChart& chart) { return chart.ewma > limit; };
    struct Case {
        const char* chart;
        std::function<bool(const DriftChart&)> alarms;
    };
    for (const auto& [chart, alarms] : {Case{"cusum h=4", cusum}, Case{"ewma .3 L=2.7", ewma}}) {
        // Run lengths in control are about exponential, so the mean of n has an error of 1 / sqrt(n); theirs has one,
        // too. Four such errors of ours, and as much again for theirs.
        const auto quiet = expected.at(chart).at("in_control").get<double>();
        const auto shifted = expected.at(chart).at("shift -1 sd").get<double>();
        EXPECT_NEAR(run_length(0, alarms, 10000), quiet, 0.08 * quiet) << chart;
        EXPECT_NEAR(run_length(1, alarms, 10000), shifted, 0.05 * shifted) << chart;
    }
}

// -- weeks -----------------------------------------------------------------------------------------------------------

constexpr int weeks = 20;
const Day mark = day("2024-03-30");

/// What a customer does in a week, counted back from the newest: u = ln(1 + x).
using Life = std::function<double(int back)>;
Life always(double u) {
    return [u](int) { return u; };
}
constexpr double nothing = -1;  ///< no row; missing is a row of NULL

/// Ann, and others beside her, with one row a week; as of Sunday, read up to Saturday.
struct Town {
    Life ann = always(2);
    std::vector<Life> others = std::vector<Life>(24, always(2));
    std::string segment = "west";  ///< of Ann; the others live in the west
    Day since = day("2020-01-01");
    DriftBreaks breaks = {};
    Silence silence = Silence::unknown;
    std::vector<company::FeedRow> more = {};
    Day read_from = mark - days{7 * weeks - 1};

    Company rows() const {
        Company company{.as_of = mark + days{1}, .read_from = read_from};
        live(company, "ann", segment, ann);
        company.subscriptions[0].started_on = since;
        for (std::size_t n = 0; n < others.size(); ++n) live(company, "o" + std::to_string(100 + n), "west", others[n]);
        for (const auto& row : more) company.feeds["usage"].rows.push_back(row);
        return company;
    }

    Drift drift() const {
        const Snapshot snapshot = snapshot_of(rows());
        const Signal signal{.name = "drift", .from = "usage", .measure = Measure::drift, .silence = silence};
        std::vector<DriftBreaks> all(snapshot.customers.size());
        all[snapshot.find_customer("ann")] = breaks;
        return drifts(snapshot, signal, all).at(snapshot.find_customer("ann"));
    }

    static void live(Company& company, const std::string& id, const std::string& segment, const Life& life) {
        company.customers.push_back({.id = id, .segment = segment});
        company.subscriptions.push_back({id, "s" + id, day("2020-01-01")});
        for (int back = 0; back < weeks; ++back) {
            const double u = life(back);
            if (u == nothing) continue;
            company.feeds["usage"].rows.push_back({id, mark - days{7 * back}, std::exp(u) - 1});
        }
    }
};

/// From so many weeks ago on at u = 1. All others are at 2 and the spread is 0.5, so r = -2; the past is steady, so
/// s = 0.5, and e = 4.
Life fallen(int since) {
    return [since](int back) { return back < since ? 1 : 2; };
}

TEST(Drift, FindsAFallAndWhenItBegan) {
    for (const int fell : {1, 2, 3, 5}) {
        const Drift drift = Town{.ann = fallen(fell)}.drift();
        EXPECT_NEAR(drift.cusum, 3.5 * fell, 1e-9) << fell;
        EXPECT_EQ(drift.since, mark - days{7 * fell}) << fell;
        EXPECT_NEAR(drift.ewma, 4 * (1 - std::pow(0.7, fell)), 1e-9) << fell;
        EXPECT_NEAR(drift.ewma_limit, ewma_limit(12), 1e-12) << fell << ": twenty weeks less the baseline's eight";
        EXPECT_EQ(drift.from, mark - days{7 * weeks - 1}) << fell;
    }
    const Drift steady = Town{}.drift();
    EXPECT_EQ(steady.cusum, 0);
    EXPECT_EQ(steady.since, std::nullopt);
    EXPECT_EQ(Town{.ann = always(1)}.drift().cusum, 0) << "who was always there has not left";
    EXPECT_EQ((Town{.ann = [](int back) { return back < 3 ? 3 : 2; }}.drift().cusum), 0) << "more use is no trouble";
}

TEST(Drift, IsAgainstWhatEverybodyDoesInThatWeek) {
    Town town{.ann = fallen(3)};
    for (Life& life : town.others) life = fallen(3);
    EXPECT_EQ(town.drift().cusum, 0) << "all fall together";
}

TEST(Drift, SkipsWeeksThatNobodyKnows) {
    const auto with = [](double third) {
        return Town{.ann = [third](int back) { return back == 2 ? third : back < 4 ? 1 : 2; }}.drift();
    };
    EXPECT_NEAR(with(missing).cusum, 3 * 3.5, 1e-9) << "a week of NULL says nothing";
    EXPECT_EQ(with(missing).since, mark - days{28});
    EXPECT_NEAR(with(nothing).cusum, 3 * 3.5 + 5.5, 1e-9) << "a week without rows is a week of 0: r is -3 at most";
    const auto silent_since = [](int since) {
        return Town{.ann = [since](int back) { return back < since ? missing : 2; }}.drift().cusum;
    };
    EXPECT_EQ(silent_since(7), 0);
    EXPECT_TRUE(is_missing(silent_since(8))) << "two months of NULL";
    const Town never{.ann = always(nothing)};
    EXPECT_TRUE(is_missing(never.drift().cusum)) << "never seen";
    Town before = never;
    before.read_from -= days{3};
    before.more = {{"ann", before.read_from}};
    EXPECT_TRUE(is_missing(before.drift().cusum)) << "seen only before the oldest whole week";
    Town zero = never;
    zero.silence = Silence::zero;
    EXPECT_EQ(zero.drift().cusum, 0) << "unless silence is said to be zero";
}

TEST(Drift, NeedsEightWeeksAndOneMore) {
    const auto with = [](int whole_weeks, int more) {
        return Town{.ann = fallen(1), .since = mark - days{7 * whole_weeks - 1 + more}}.drift().cusum;
    };
    EXPECT_TRUE(is_missing(with(8, 6)));
    EXPECT_NEAR(with(9, 0), 3.5, 1e-9);
    EXPECT_NEAR(with(9, 6), 3.5, 1e-9) << "the week in which the customer came is no whole one";
    const Town unknown{.ann = [](int back) { return back == 5 ? missing : 2; }, .since = mark - days{7 * 9 - 1}};
    EXPECT_TRUE(is_missing(unknown.drift().cusum)) << "a week of NULL is none of the eight";
}

TEST(Drift, OfASmallCohortIsAgainstAll) {
    EXPECT_NEAR((Town{.ann = fallen(2), .segment = "alone"}.drift().cusum), 7, 1e-9);
    EXPECT_NEAR((Town{.ann = fallen(2), .segment = ""}.drift().cusum), 7, 1e-9);
    EXPECT_TRUE(is_missing((Town{.ann = fallen(2), .others = std::vector<Life>(18, always(2))}.drift().cusum)))
        << "nineteen are too few to stand anywhere";
}

TEST(Drift, TakesTheSpreadOfAShortPastFromTheCohort) {
    // Twenty swing between r = -1 and 1: their variance is 8 / 7. Ann and two more are steady.
    Town town{.ann = fallen(1), .others = std::vector<Life>(2, always(2))};
    for (int n = 0; n < 20; ++n) {
        town.others.push_back([n](int back) { return (back + n) % 2 == 0 ? 1.5 : 2.5; });
    }
    const double pooled = 20 * 8.0 / (23 * 7), sd = std::sqrt(8 * pooled / 15);
    const double off = 1.0 / 23, spread = std::sqrt((6 - 23 * off * off) / 22);  // of u in the newest week
    EXPECT_NEAR(town.drift().cusum, 1 / spread / sd - 0.5, 1e-9);
}

TEST(Drift, BeginsAnewAfterAnAlertThatEnded) {
    Town town{.ann = fallen(3)};
    town.breaks.restart = mark - days{14};
    EXPECT_NEAR(town.drift().cusum, 7, 1e-9) << "two whole weeks since";
    EXPECT_EQ(town.drift().since, mark - days{14});
    town.breaks.restart = mark - days{13};
    EXPECT_NEAR(town.drift().cusum, 3.5, 1e-9) << "a week that began before does not count";
    town.breaks.restart = mark;
    EXPECT_EQ(town.drift().cusum, 0);
    EXPECT_EQ(town.drift().since, std::nullopt);
}

TEST(Drift, BeginsANewPastAfterAReset) {
    Town town{.ann = [](int back) { return back == 0 ? 0.5 : back < 9 ? 1 : 2; }};
    EXPECT_GT(town.drift().cusum, 30) << "nine weeks below the old past";
    town.breaks.reset = mark - days{7 * 9 - 1};
    EXPECT_NEAR(town.drift().cusum, (3 - 2) / 0.5 - 0.5, 1e-9) << "one week below the new one";
    EXPECT_EQ(town.drift().from, town.breaks.reset);
    town.breaks.reset = mark - days{7 * 9 - 2};
    EXPECT_TRUE(is_missing(town.drift().cusum)) << "eight whole weeks are just the new past";
}

TEST(Drift, KnowsNothingOfLaterRows) {
    const Town town{.ann = fallen(2)};
    Town later = town;
    later.more = {{"ann", mark + days{9}, 1000}, {"ann", mark - days{1}, 1000, {}, mark + days{2}}};
    EXPECT_EQ(later.drift().cusum, town.drift().cusum);
    EXPECT_EQ(later.drift().since, town.drift().since);
}

// -- plans -----------------------------------------------------------------------------------------------------------

TEST(PlanChange, IsTheStartOfTheLeadingSubscriptionAfterAnotherPlan) {
    const auto changed = [](std::optional<Day> ended, const char* before, const char* after) {
        Company company{.as_of = mark};
        company.customers = {{.id = "ann"}};
        company.subscriptions = {{"ann", "s1", day("2020-01-01"), ended},
                                 {"ann", "s2", day("2024-02-01"), {}, 100'00, missing, after}};
        company.subscriptions[0].plan = before;
        return plan_changed_on(snapshot_of(company), 0, 14);
    };
    const Day start = day("2024-02-01");
    EXPECT_EQ(changed(start, "small", "large"), start);
    EXPECT_EQ(changed(start - days{14}, "small", "large"), start);
    EXPECT_EQ(changed(start - days{15}, "small", "large"), std::nullopt) << "came back after a while: no change";
    EXPECT_EQ(changed(start + days{1}, "small", "large"), std::nullopt) << "beside the other for a day";
    EXPECT_EQ(changed(start, "large", "large"), std::nullopt) << "a renewal";
    EXPECT_EQ(changed(start, "", "large"), std::nullopt) << "nobody knows the plan";
    EXPECT_EQ(changed(std::nullopt, "small", "large"), std::nullopt) << "a second subscription";
}

}  // namespace
}  // namespace retaind
