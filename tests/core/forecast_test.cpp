// What renewals will probably bring, against a simulation of the same (SCORING 1.9).
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/portfolio/forecast.hpp"

namespace retaind {
namespace {

TEST(Forecast, OfNothingIsNothing) {
    const RenewalForecast none = forecast_renewals({});
    EXPECT_EQ(none.renewals, 0);
    EXPECT_EQ(none.scheduled + none.low + none.expected + none.high, 0);
}

TEST(Forecast, FollowsTheFormulaOfManyRenewals) {
    const std::vector<Renewal> renewals(100, {.amount = 1000, .risk = 0.1});
    const RenewalForecast many = forecast_renewals(renewals);
    EXPECT_EQ(many.renewals, 100);
    EXPECT_DOUBLE_EQ(many.scheduled, 100'000);
    EXPECT_NEAR(many.expected, 90'000, 1e-6);
    // Var = 100 x 1000^2 x 0.09 + 0.4^2 x (100 x 1000 x 0.09)^2 = 9e6 + 12.96e6
    const double reach = 1.6448536269514722 * std::sqrt(9e6 + 12.96e6);
    EXPECT_NEAR(many.low, 90'000 - reach, 1e-6);
    EXPECT_NEAR(many.high, 90'000 + reach, 1e-6);
    const RenewalForecast alone = forecast_renewals(renewals, 0);
    EXPECT_NEAR(alone.low, 90'000 - 1.6448536269514722 * 3000, 1e-6) << "who do not move together lie closer";
}

TEST(Forecast, NeverPassesNothingOrAll) {
    const RenewalForecast sure = forecast_renewals(std::vector<Renewal>(50, {.amount = 10, .risk = 0.001}));
    EXPECT_LE(sure.high, sure.scheduled);
    const RenewalForecast lost = forecast_renewals(std::vector<Renewal>(50, {.amount = 10, .risk = 0.999}));
    EXPECT_GE(lost.low, 0);
}

TEST(Forecast, TellsTheOutcomesOfAFewLargeOnesApart) {
    const RenewalForecast one = forecast_renewals(std::vector<Renewal>{{.amount = 1000, .risk = 0.2}});
    EXPECT_DOUBLE_EQ(one.expected, 800);
    EXPECT_EQ(one.low, 0) << "in one of five cases nothing is left";
    EXPECT_NEAR(one.high, 1000, 0.01);
    const RenewalForecast safe = forecast_renewals(std::vector<Renewal>{{.amount = 1000, .risk = 0.01}}, 0);
    EXPECT_NEAR(safe.low, safe.expected, 0.01) << "nineteen of twenty keep it all; the expected value lies below";
}

struct Interval {
    double low, high;
};

/// The middle nine tenths of many draws.
Interval simulated(const std::vector<Renewal>& renewals, double shock) {
    std::mt19937_64 random{7};
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    std::vector<double> kept(40'000);
    for (double& sum : kept) {
        const double shift = shock * normal(random);
        for (const auto& [amount, risk] : renewals) {
            const double odds = risk / (1 - risk) * std::exp(shift);
            sum += uniform(random) < odds / (1 + odds) ? 0 : amount;
        }
    }
    std::ranges::sort(kept);
    return {kept[kept.size() / 20], kept[kept.size() * 19 / 20]};
}

TEST(Forecast, AgreesWithASimulation) {
    std::mt19937_64 random{11};
    std::uniform_real_distribution<double> uniform;
    for (const std::size_t few : {0u, 1u, 3u, 5u, 7u}) {
        std::vector<Renewal> renewals;
        for (int at = 0; at < 60; ++at) renewals.push_back({.amount = 100, .risk = 0.02 + 0.3 * uniform(random)});
        for (std::size_t at = 0; at < few; ++at)
            renewals.push_back(
                {.amount = 4000.0 + 500 * static_cast<double>(at), .risk = 0.05 + 0.3 * uniform(random)});
        const RenewalForecast forecast = forecast_renewals(renewals, 0.4);
        const Interval interval = simulated(renewals, 0.4);
        EXPECT_NEAR(forecast.low, std::min(interval.low, forecast.expected), 0.03 * forecast.scheduled) << few;
        EXPECT_NEAR(forecast.high, std::max(interval.high, forecast.expected), 0.03 * forecast.scheduled) << few;
        std::ranges::reverse(renewals);
        EXPECT_EQ(forecast_renewals(renewals, 0.4).low, forecast.low) << "whatever order";
    }
}

}  // namespace
}  // namespace retaind
