// What contracts come to, and what segments and the portfolio do (RULES.md "Fields"). Every expected number is worked
// out by hand in the comment beside it.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/portfolio/contract_facts.hpp"
#include "retaind/portfolio/segments.hpp"
#include "support/company.hpp"

namespace retaind {
namespace {

using std::chrono::days;

const Day today = company::day("2025-06-01");

void expect_number(double actual, double expected, const std::string& sentence) {
    if (is_missing(expected))
        EXPECT_TRUE(is_missing(actual)) << sentence << ": " << actual;
    else
        EXPECT_NEAR(actual, expected, 1e-9) << sentence;
}

/// A subscription with what company::SubscriptionRow leaves out. Days are counted from today; amounts in minor units.
struct Contract {
    std::string id;
    int started = -100;
    std::optional<int> ended = {}, renews = {};
    double mrr = 100'00, list_mrr = missing, seats = missing, notice_days = missing;
    std::string status = "active", plan = {}, stage = {};
};

std::optional<Day> after(std::optional<int> number) {
    return number ? std::optional{today + days{*number}} : std::nullopt;
}

void complete(Snapshot& snapshot, const Contract& contract) {
    auto& subscription =
        *std::ranges::find(snapshot.subscriptions, snapshot.words.find(contract.id), &Subscription::id);
    subscription.renews_on = after(contract.renews);
    subscription.list_mrr = contract.list_mrr;
    subscription.notice_days = contract.notice_days;
    subscription.status = snapshot.words.intern(contract.status);
    if (!contract.stage.empty()) subscription.stage = snapshot.words.intern(contract.stage);
}

/// One customer, "c", with these contracts.
Snapshot with_contracts(const std::vector<Contract>& contracts, std::optional<Day> since = {}) {
    company::Company rows{.as_of = today, .customers = {{.id = "c", .since = since}}};
    for (const auto& contract : contracts) {
        rows.subscriptions.push_back({.customer = "c",
                                      .id = contract.id,
                                      .started_on = today + days{contract.started},
                                      .ended_on = after(contract.ended),
                                      .mrr = contract.mrr,
                                      .seats = contract.seats,
                                      .plan = contract.plan});
    }
    Snapshot snapshot = company::snapshot_of(rows);
    for (const auto& contract : contracts) complete(snapshot, contract);
    return snapshot;
}

// -- contract facts -------------------------------------------------------------------------------------------------

TEST(ContractAmounts, AreSumsOverTheLiveSubscriptions) {
    struct Case {
        std::string sentence;
        std::vector<Contract> contracts;
        double mrr, revenue, seats, discount;
    };
    const std::vector<Case> cases = {
        {"two live ones: 100 + 50 a month, 12 months",
         {{.id = "a", .seats = 10}, {.id = "b", .mrr = 50'00}},
         150'00,
         1800'00,
         10,
         missing},
        {"one that has ended counts no more",
         {{.id = "a"}, {.id = "b", .ended = -1, .mrr = 50'00}},
         100'00,
         1200'00,
         missing,
         missing},
        {"one that ends later still counts", {{.id = "a", .ended = 1}}, 100'00, 1200'00, missing, missing},
        {"one that starts later does not yet", {{.id = "a", .started = 1}}, 0, 0, missing, missing},
        {"an amount without a rate is missing, and so is the sum",
         {{.id = "a"}, {.id = "b", .mrr = missing}},
         missing,
         missing,
         missing,
         missing},
        {"seats add up where there are any",
         {{.id = "a", .seats = 3}, {.id = "b"}, {.id = "c", .seats = 4}},
         300'00,
         3600'00,
         7,
         missing},
        // 1 - 100 / 125
        {"a discount against the list", {{.id = "a", .list_mrr = 125'00}}, 100'00, 1200'00, missing, 0.2},
        // 1 - (100 + 80) / (100 + 100); the third has no list price
        {"over those with a list price",
         {{.id = "a", .list_mrr = 100'00}, {.id = "b", .mrr = 80'00, .list_mrr = 100'00}, {.id = "c"}},
         280'00,
         3360'00,
         missing,
         0.1},
    };
    for (const auto& c : cases) {
        const auto facts = contract_facts(with_contracts(c.contracts), 0);
        expect_number(facts.mrr, c.mrr, c.sentence + " (mrr)");
        expect_number(facts.revenue, c.revenue, c.sentence + " (revenue)");
        expect_number(facts.seats, c.seats, c.sentence + " (seats)");
        expect_number(facts.discount_ratio, c.discount, c.sentence + " (discount)");
    }
}

/// A rule says ">= 0.2" and means a fifth off.
TEST(ContractAmounts, ADiscountOfAFifthIsAFifthToTheLastBit) {
    for (const auto& [mrr, list] : {std::pair{80'00.0, 100'00.0}, {100'00.0, 125'00.0}, {40'00.0, 50'00.0}})
        EXPECT_GE(contract_facts(with_contracts({{.id = "a", .mrr = mrr, .list_mrr = list}}), 0).discount_ratio, 0.2);
}

TEST(ContractDays, AreCountedFromAsOf) {
    struct Case {
        std::string sentence;
        std::vector<Contract> contracts;
        double renewal, notice, past_due;
    };
    const std::vector<Case> cases = {
        {"nothing renews", {{.id = "a"}}, missing, missing, 0},
        {"the next of two", {{.id = "a", .renews = 40}, {.id = "b", .renews = 10, .notice_days = 30}}, 10, -20, 0},
        {"a renewal today is in 0 days", {{.id = "a", .renews = 0}}, 0, 0, 0},
        {"a past renewal gives way to a coming one",
         {{.id = "a", .renews = -3}, {.id = "b", .renews = 90, .notice_days = 60}},
         90,
         30,
         0},
        {"when all have passed, the last one", {{.id = "a", .renews = -30}, {.id = "b", .renews = -3}}, -3, -3, 0},
        {"that of an ended one does not count",
         {{.id = "a", .renews = 40}, {.id = "b", .ended = -1, .renews = 10}},
         40,
         40,
         0},
        {"unpaid since its renewal", {{.id = "a", .renews = -12, .status = "past_due"}}, -12, -12, 12},
        {"the longest of two",
         {{.id = "a", .renews = -12, .status = "past_due"}, {.id = "b", .renews = -20, .status = "past_due"}},
         -12,
         -12,
         20},
        {"unpaid, nobody knows since when", {{.id = "a", .status = "past_due"}}, missing, missing, missing},
    };
    for (const auto& c : cases) {
        const auto facts = contract_facts(with_contracts(c.contracts), 0);
        expect_number(facts.days_to_renewal, c.renewal, c.sentence + " (renewal)");
        expect_number(facts.days_to_notice, c.notice, c.sentence + " (notice)");
        expect_number(facts.days_past_due, c.past_due, c.sentence + " (past due)");
    }
}

TEST(ContractPayback, IsTheMarginSoFarOverTheAcquisitionCost) {
    // 487 days are 16 months of 30.4375 days.
    struct Case {
        std::string sentence;
        std::vector<Contract> contracts;
        double cost, serving, payback;
    };
    const std::vector<Case> cases = {
        {"16 * 100 / 1000", {{.id = "a", .started = -487}}, 1000'00, missing, 1.6},
        {"16 * (100 - 10) / 1000", {{.id = "a", .started = -487}}, 1000'00, 10'00, 1.44},
        // half the time: 8 * 100; served for all of the 16 months: (800 - 160) / 1000
        {"an ended one earns until its end",
         {{.id = "a", .started = -487, .ended = -243}, {.id = "b", .started = -2, .ended = -1, .mrr = 0}},
         1000'00,
         10'00,
         (244 / 30.4375 * 100 - 160) / 1000},
        {"serving costs more than it pays", {{.id = "a", .started = -487}}, 1000'00, 150'00, -0.8},
        {"one that has not started earns nothing",
         {{.id = "a", .started = -487}, {.id = "b", .started = 5}},
         1000'00,
         missing,
         1.6},
        {"without an acquisition cost there is nothing to pay back",
         {{.id = "a", .started = -487}},
         missing,
         10'00,
         missing},
        {"nor with one of nothing", {{.id = "a", .started = -487}}, 0, 10'00, missing},
        {"an unknown amount makes an unknown margin",
         {{.id = "a", .started = -487, .mrr = missing}},
         1000'00,
         missing,
         missing},
    };
    for (const auto& c : cases) {
        Snapshot snapshot = with_contracts(c.contracts);
        snapshot.customers[0].acquisition_cost = c.cost;
        snapshot.customers[0].cost_to_serve = c.serving;
        expect_number(contract_facts(snapshot, 0).payback_ratio, c.payback, c.sentence);
    }
}

TEST(ContractTexts, AreThoseOfTheDearestLiveSubscription) {
    struct Case {
        std::string sentence;
        std::vector<Contract> contracts;
        std::string plan, stage, status;
    };
    const std::vector<Case> cases = {
        {"the dearest",
         {{.id = "a", .mrr = 10'00, .plan = "small"},
          {.id = "b", .mrr = 20'00, .status = "past_due", .plan = "big", .stage = "upsell"}},
         "big",
         "upsell",
         "past_due"},
        {"of equal ones the smaller id",
         {{.id = "a", .plan = "first"}, {.id = "b", .plan = "second"}},
         "first",
         "",
         "active"},
        {"a live one before a dearer ended one",
         {{.id = "a", .mrr = 10'00, .plan = "small"}, {.id = "b", .ended = -5, .mrr = 20'00, .plan = "big"}},
         "small",
         "",
         "active"},
        {"an end that lies ahead has not happened",
         {{.id = "a", .ended = 5, .status = "cancelled", .plan = "small"}},
         "small",
         "",
         "active"},
    };
    for (const auto& c : cases) {
        const Snapshot snapshot = with_contracts(c.contracts);
        const auto facts = contract_facts(snapshot, 0);
        EXPECT_EQ(snapshot.text(facts.plan), c.plan) << c.sentence;
        EXPECT_EQ(snapshot.text(facts.stage), c.stage) << c.sentence;
        EXPECT_EQ(facts.status, c.status) << c.sentence;
    }
}

TEST(Tenure, CountsFromSinceOrTheFirstStart) {
    const std::vector<Contract> contracts = {{.id = "a", .started = -50}, {.id = "b", .started = -80, .ended = -60}};
    expect_number(contract_facts(with_contracts(contracts), 0).tenure_days, 80, "the first start");
    expect_number(contract_facts(with_contracts(contracts, today - days{400}), 0).tenure_days, 400, "since");
    expect_number(contract_facts(with_contracts({}), 0).tenure_days, missing, "nobody knows");
}

// -- segments and the portfolio -------------------------------------------------------------------------------------

struct Member {
    std::string id, segment;
    double mrr = 100'00;
    double health = 80;
    Band band = Band::healthy;
    int started = -100;
    std::optional<int> ended = {};
};

struct Market {
    company::Company rows = {.as_of = today, .read_from = today - days{400}};
    std::vector<Member> members = {};
    double acquisition_cost = missing;
    std::vector<SegmentValue> demand = {};  ///< `segment` counts: 1 is "north", 2 is "south"
};

struct RolledUp {
    std::vector<SegmentView> segments;
    SegmentView portfolio;
};

RolledUp roll_up(Market market) {
    for (const auto& member : market.members) {
        market.rows.customers.push_back({.id = member.id, .segment = member.segment});
        market.rows.subscriptions.push_back({.customer = member.id,
                                             .id = "s-" + member.id,
                                             .started_on = today + days{member.started},
                                             .ended_on = after(member.ended),
                                             .mrr = member.mrr});
    }
    Snapshot snapshot = company::snapshot_of(market.rows);
    const Word names[] = {no_word, snapshot.words.intern("north"), snapshot.words.intern("south")};
    for (SegmentValue value : market.demand) {
        value.segment = names[value.segment];
        snapshot.segment_series.push_back(value);
    }
    std::vector<CustomerStanding> standings;
    for (CustomerIndex i = 0; i < snapshot.customers.size(); ++i) {
        snapshot.customers[i].acquisition_cost = market.acquisition_cost;
        const auto id = snapshot.text(snapshot.customers[i].id);
        const auto& member = *std::ranges::find(market.members, id, &Member::id);
        if (!is_live(snapshot.subscriptions_of(i)[0], today)) continue;
        standings.push_back(
            {.customer = i, .health = member.health, .band = member.band, .facts = contract_facts(snapshot, i)});
    }
    return {segment_views(snapshot, standings), portfolio_view(snapshot, standings)};
}

TEST(Segments, AreNeverOnlyAMean) {
    const auto [segments, portfolio] = roll_up({.members = {{"a", "north", 300'00, 90},
                                                            {"b", "north", 100'00, 30, Band::at_risk},
                                                            {"c", "south", 600'00, 50, Band::watch},
                                                            {"d", "south", 500'00, 10, Band::at_risk, -100, -1}}});
    ASSERT_EQ(segments.size(), 2u);
    EXPECT_EQ(segments[0].segment, "north");
    EXPECT_EQ(segments[0].customers, 2);
    expect_number(segments[0].revenue, 12 * 400'00, "12 (300 + 100)");
    expect_number(segments[0].revenue_share, 0.4, "400 of 1000");
    expect_number(segments[0].health, 75, "(300 * 90 + 100 * 30) / 400");
    expect_number(segments[0].at_risk_share, 0.5, "one of two customers");
    expect_number(segments[0].hhi, 0.625, "0.75^2 + 0.25^2");
    expect_number(segments[0].top5_share, 1, "both are among the five largest");
    EXPECT_EQ(segments[1].customers, 1) << "d has left";
    EXPECT_EQ(portfolio.segment, "");
    EXPECT_EQ(portfolio.customers, 3);
    expect_number(portfolio.revenue_share, 1, "all of it");
    expect_number(portfolio.health, 60, "(27000 + 3000 + 30000) / 1000");
    expect_number(portfolio.hhi, 0.46, "0.3^2 + 0.1^2 + 0.6^2");
    expect_number(portfolio.largest_segment_share, 0.6, "south");
    expect_number(segments[0].largest_segment_share, missing, "a segment has none");
}

TEST(Segments, SayWhatStandsInEachBand) {
    const auto [segments, portfolio] = roll_up({.members = {{"a", "north", 300'00, 90},
                                                            {"b", "north", 100'00, 30, Band::at_risk},
                                                            {"c", "north", missing, 30, Band::at_risk},
                                                            {"d", "south", 0, 50, Band::watch},
                                                            {"e", "south", 0, missing, Band::unknown}}});
    const auto share = [](const SegmentView& view, Band band) { return view.bands[static_cast<std::size_t>(band)]; };
    expect_number(share(segments[0], Band::at_risk).customers, 2.0 / 3, "two of three customers");
    expect_number(share(segments[0], Band::at_risk).revenue, 0.25, "100 of the 400 that are known");
    expect_number(share(segments[0], Band::healthy).revenue, 0.75, "300 of 400");
    expect_number(share(segments[0], Band::watch).customers, 0, "nobody");
    expect_number(share(segments[1], Band::unknown).customers, 0.5, "one of two");
    expect_number(share(segments[1], Band::unknown).revenue, missing, "of no revenue");
    expect_number(share(portfolio, Band::at_risk).customers, 0.4, "two of five");
}

TEST(Segments, WeighEquallyWhereThereIsNoRevenue) {
    const auto [segments, portfolio] = roll_up({.members = {{"a", "", 0, 90}, {"b", "", missing, 30}}});
    EXPECT_EQ(segments[0].segment, "") << "customers without a segment are one of their own";
    expect_number(portfolio.health, 60, "(90 + 30) / 2");
    expect_number(portfolio.revenue, 0, "none is known");
    for (const double share :
         {portfolio.revenue_share, portfolio.hhi, portfolio.top5_share, portfolio.largest_segment_share}) {
        expect_number(share, missing, "a share of nothing");
    }
}

TEST(Segments, AreEmptyWithoutCustomers) {
    const auto [segments, portfolio] = roll_up({});
    EXPECT_TRUE(segments.empty());
    EXPECT_EQ(portfolio.customers, 0);
    expect_number(portfolio.health, missing, "of nobody");
    expect_number(portfolio.at_risk_share, missing, "of nobody");
}

TEST(Concentration, IsTheShareOfTheLargest) {
    Market market;
    for (int i = 0; i < 20; ++i)
        market.members.push_back({"c" + std::to_string(i), "north", i < 5 ? 10'00.0 : i < 10 ? 4'00.0 : 3'00.0});
    const auto portfolio = roll_up(market).portfolio;  // 50 + 20 + 30 = 100
    expect_number(portfolio.top5_share, 0.5, "5 * 10 of 100");
    expect_number(portfolio.top10_share, 0.7, "50 + 5 * 4 of 100");
    expect_number(portfolio.hhi, 0.0670, "5 * 0.01 + 5 * 0.0016 + 10 * 0.0009");
}

TEST(YearOnYear, ComparesWithWhoWasLiveAYearAgo) {
    struct Case {
        std::string sentence;
        std::vector<Member> members;
        double revenue, customers;
    };
    const std::vector<Case> cases = {
        {"two then, three now, and one of the two left: 100 + 200 + 100 against 100 + 300",
         {{"a", "north", 100'00, 80, Band::healthy, -500},
          {"b", "north", 300'00, 80, Band::healthy, -500, -10},
          {"c", "north", 200'00},
          {"d", "north", 100'00}},
         0,
         0.5},
        {"who came 365 days ago was there", {{"a", "north", 100'00, 80, Band::healthy, -365}}, 0, 0},
        {"who came a day later was not: there is nothing to compare with",
         {{"a", "north", 100'00, 80, Band::healthy, -364}},
         missing,
         missing},
        {"half has gone",
         {{"a", "north", 100'00, 80, Band::healthy, -500}, {"b", "north", 100'00, 80, Band::healthy, -500, -200}},
         -0.5,
         -0.5},
        {"an unknown amount is unknown in both years",
         {{"a", "north", 100'00, 80, Band::healthy, -500}, {"b", "north", missing, 80, Band::healthy, -500}},
         0,
         0},
    };
    for (const auto& c : cases) {
        const auto [segments, portfolio] = roll_up({.members = c.members});
        for (const auto& view : {segments.at(0), portfolio}) {
            expect_number(view.revenue_change_yoy, c.revenue, c.sentence + " (revenue)");
            expect_number(view.customers_change_yoy, c.customers, c.sentence + " (customers)");
        }
    }
}

TEST(UsageChange, ComparesFourWeeksWithTheFourBefore) {
    const auto steady = [](double before, double now, std::string metric = {}) {
        std::vector<company::FeedRow> rows;
        for (int age = 0; age < 56; ++age) {
            company::FeedRow row{.customer = "a", .day = today - days{age + 2}, .value = age < 28 ? now : before};
            if (!metric.empty()) row.texts["metric"] = metric;
            rows.push_back(row);
        }
        return rows;
    };
    const auto with = [](std::vector<company::FeedRow> rows, std::vector<company::FeedRow> more) {
        rows.insert(rows.end(), more.begin(), more.end());
        return rows;
    };
    company::FeedRow late{.customer = "a", .day = today - days{2}, .value = 1000};
    late.known = today + days{1};
    company::FeedRow gone{.customer = "z", .day = today - days{40}, .value = 280};
    struct Case {
        std::string sentence;
        std::vector<company::FeedRow> rows;
        double change;
    };
    const std::vector<Case> cases = {
        {"half as much, counted to the watermark two days ago", steady(10, 5), -0.5},
        {"twice as much", steady(10, 20), 1},
        {"what is known later does not count", with(steady(10, 5), {late}), -0.5},
        // before: 28 * 10 + 280 = 560; now 280
        {"who left takes the usage along", with(steady(10, 10), {gone}), -0.5},
        {"nothing before is no change", steady(0, 10), missing},
        {"other metrics than usage do not count", with(steady(10, 5, "usage"), steady(1, 500, "seats")), -0.5},
        {"where none is called usage all do", with(steady(10, 5, "actions"), steady(10, 5, "views")), -0.5},
    };
    const std::vector<Member> members = {{"a", "north"}, {"z", "north", 100'00, 80, Band::healthy, -100, -30}};
    for (const auto& c : cases) {
        Market market{.members = members};
        market.rows.feeds["usage"].rows = c.rows;
        const auto [segments, portfolio] = roll_up(market);
        expect_number(segments.at(0).usage_change_28d, c.change, c.sentence);
        expect_number(portfolio.usage_change_28d, c.change, c.sentence + " (portfolio)");
    }
    Market young{.members = members};
    young.rows.feeds["usage"].rows = steady(10, 5);
    young.rows.read_from = today - days{57};  // the watermark is 2 days ago, 56 days to it begin 57 days ago
    expect_number(roll_up(young).portfolio.usage_change_28d, -0.5, "just long enough");
    young.rows.read_from = today - days{56};
    expect_number(roll_up(young).portfolio.usage_change_28d, missing, "one day of the data is missing");
    young.rows.feeds["usage"].loaded = false;
    expect_number(roll_up(young).portfolio.usage_change_28d, missing, "not loaded");
}

TEST(YearOnYear, LeavesOutWhoseRevenueIsUnknownNowOrThen) {
    Market market{.members = {{"a", "north", missing}, {"b", "north", 200'00}, {"c", "north", 110'00}}};
    const auto before = [&](const char* customer, const char* id, double mrr) {
        market.rows.subscriptions.push_back({.customer = customer,
                                             .id = id,
                                             .started_on = today - days{500},
                                             .ended_on = today - days{90},
                                             .mrr = mrr});
    };
    before("a", "t-a", 100'00);
    before("b", "t-b", missing);
    before("c", "t-c", 100'00);
    const auto [segments, portfolio] = roll_up(market);
    for (const auto& view : {segments.at(0), portfolio}) {
        expect_number(view.revenue_change_yoy, 0.1, "110 against 100: neither a, unknown now, nor b, unknown then");
        expect_number(view.customers_change_yoy, 0, "but all three were there");
    }
}

TEST(DemandChange, ComparesWithTheSameDaysAYearAgo) {
    Market market{.members = {{"a", "north"}, {"b", "south"}}};
    market.demand = {{1, today - days{370}, 100},
                     {1, today - days{5}, 80},
                     {1, today + days{3}, 5000},
                     {2, today - days{370}, 100},
                     {2, today - days{5}, 150}};
    const auto [segments, portfolio] = roll_up(market);
    expect_number(segments[0].demand_change_yoy, -0.2, "80 against 100, the future unseen");
    expect_number(segments[1].demand_change_yoy, 0.5, "150 against 100");
    expect_number(portfolio.demand_change_yoy, 0.15, "230 against 200");
    market.demand.push_back({1, today - days{4}, 5000, today + days{1}});
    expect_number(roll_up(market).segments[0].demand_change_yoy, -0.2, "what becomes known tomorrow is unseen today");
    market.rows.read_from = today - days{396};
    expect_number(roll_up(market).segments[0].demand_change_yoy, missing, "the first day of last year's was not read");
}

TEST(SegmentPayback, IsWeighedByTheAcquisitionCost) {
    // started 487 days (16 months) ago at 100 and at 50 a month: 1.6 and 0.8 of 1000 each: (1600 + 800) / 2000
    const auto portfolio = roll_up({.members = {{"a", "north", 100'00, 80, Band::healthy, -487},
                                                {"b", "north", 50'00, 80, Band::healthy, -487}},
                                    .acquisition_cost = 1000'00})
                               .portfolio;
    expect_number(portfolio.payback_ratio, 1.2, "mean");
}

}  // namespace
}  // namespace retaind
