// What the verbs print, as text for people and as JSON for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edge/report/report.hpp"

namespace retaind {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Day march(unsigned day) {
    return Day{std::chrono::year_month_day{std::chrono::year{2026}, std::chrono::March, std::chrono::day{day}}};
}

Explanation explanation() {
    Explanation result;
    result.customer_id = "c1";
    result.name = "One";
    result.as_of = march(31);
    result.health = {.health = 45, .before_caps = 45, .coverage = 1, .prior = 45};
    result.rules.signals = {{.name = "use"}, {.name = "own_past", .measure = Measure::drift}};
    return result;
}

TEST(Explain, TellsTheTrendInWords) {
    Explanation one = explanation();
    EXPECT_THAT(explain_text(one), Not(HasSubstr("trend")));
    EXPECT_TRUE(nlohmann::json::parse(explain_json(one)).at("trend").is_null());
    one.trend = Trend::falling;
    one.trend_slope = -4.25;
    EXPECT_THAT(explain_text(one), HasSubstr("\ntrend: falling, 8 weeks (-4.2 points a week)\n"));
    EXPECT_EQ(nlohmann::json::parse(explain_json(one)).at("trend"), "falling");
    EXPECT_EQ(nlohmann::json::parse(explain_json(one)).at("trend_slope"), -4.25);
}

TEST(Explain, TellsSinceWhenBehaviourDrifts) {
    Explanation one = explanation();
    EXPECT_TRUE(nlohmann::json::parse(explain_json(one)).at("drift").is_null());
    one.drift = {.signal = 1, .drift = {.cusum = 4, .since = march(1), .ewma = 1.5, .ewma_limit = 1.1}};
    EXPECT_THAT(explain_text(one), Not(HasSubstr("drift:"))) << "4 is no alarm yet";
    one.drift.drift.cusum = 6.25;
    EXPECT_THAT(explain_text(one),
                HasSubstr("\ndrift: own_past has fallen since 2026-03-01 (C 6.2, alarm above 4); the "
                          "last weeks confirm it (EWMA 1.5, limit 1.1)\n"));
    one.drift.drift.ewma = 0.5;
    EXPECT_THAT(explain_text(one), HasSubstr("do not confirm it (EWMA 0.5"));
    const auto json = nlohmann::json::parse(explain_json(one)).at("drift");
    EXPECT_EQ(json.at("signal"), "own_past");
    EXPECT_EQ(json.at("since"), "2026-03-01");
    EXPECT_EQ(json.at("alarm"), true);
}

TEST(Explain, ShowsThePulseBesideTheHealth) {
    Explanation one = explanation();
    EXPECT_TRUE(nlohmann::json::parse(explain_json(one)).at("pulse").is_null());
    one.pulse = {.value = 80, .at = march(1), .note = "fine\x1b[2J, they say", .expired = true};
    EXPECT_THAT(explain_text(one), HasSubstr("\npulse 80 of 2026-03-01, against a health of 45 (expired: no longer "
                                             "counted): fine?[2J, they say\n"))
        << "no text from data steers the terminal";
    one.pulse = {.value = 80};
    EXPECT_THAT(explain_text(one), HasSubstr("\npulse 80, against a health of 45\n"));
    EXPECT_TRUE(nlohmann::json::parse(explain_json(one)).at("pulse").at("at").is_null());
}

TEST(Once, HasSegmentsAndPortfolioWithAllTheirNumbers) {
    View view{.as_of = march(31)};
    SegmentView west{.segment = "west", .customers = 2, .revenue = 1200'00, .hhi = 0.5};
    west.bands[static_cast<std::size_t>(Band::at_risk)] = {.customers = 0.5, .revenue = 0.25};
    view.segments = {west};
    view.portfolio = {.segment = "", .customers = 2, .top5_share = 1, .largest_segment_share = 0.75};
    const auto json = nlohmann::json::parse(once_json(view));
    const auto segment = json.at("segments").at(0);
    EXPECT_EQ(segment.at("segment"), "west");
    EXPECT_EQ(segment.at("revenue"), 1200) << "in major units";
    EXPECT_EQ(segment.at("hhi"), 0.5);
    EXPECT_TRUE(segment.at("health").is_null());
    EXPECT_FALSE(segment.contains("largest_segment_share"));
    EXPECT_EQ(segment.at("bands").at("at_risk").at("customers_share"), 0.5);
    EXPECT_EQ(segment.at("bands").at("at_risk").at("revenue_share"), 0.25);
    EXPECT_TRUE(segment.at("bands").at("healthy").at("revenue_share").is_null());
    EXPECT_EQ(json.at("portfolio").at("top5_share"), 1);
    EXPECT_EQ(json.at("portfolio").at("largest_segment_share"), 0.75);
    EXPECT_FALSE(json.at("portfolio").contains("segment"));
}

TEST(Once, CountsWhatContradictsItself) {
    View view{.as_of = march(31)};
    view.feeds = {{.dataset = "customers", .rows = 9, .contradictions = {{"unknown_category", 2}}}};
    EXPECT_THAT(once_text(view), HasSubstr("\n      2 unknown_category, kept\n"));
    EXPECT_EQ(nlohmann::json::parse(once_json(view)).at("data").at(0).at("contradictions").at("unknown_category"), 2);
}

}  // namespace
}  // namespace retaind
