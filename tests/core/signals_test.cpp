// Measures, freshness, scales, cohort positions and the statistics below them: RULES.md "measure" and "scale".
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "retaind/signals/facts.hpp"
#include "retaind/signals/measure.hpp"
#include "retaind/signals/scale.hpp"
#include "retaind/signals/statistics.hpp"
#include "support/company.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using company::Company;
using company::day;
using company::FeedRow;
using std::chrono::days;

constexpr double null = missing;

void expect_same(double actual, double expected, const std::string& sentence, double within = 1e-12) {
    if (is_missing(expected)) {
        EXPECT_TRUE(is_missing(actual)) << sentence << ": " << actual;
    } else {
        EXPECT_NEAR(actual, expected, within) << sentence;
    }
}

FeedRow on(const char* when, double value = 1) { return {"ann", day(when), value}; }
FeedRow known_on(FeedRow row, const char* when) {
    row.known = day(when);
    return row;
}
FeedRow with(FeedRow row, const std::string& column, const std::string& text) {
    row.texts[column] = text;
    return row;
}

/// Ann, a customer for years, and Zoe, whose rows alone say how far the feed has come: as of Sunday the 31st, Saturday.
Company with_rows(std::vector<FeedRow> rows, const char* mark = "2024-03-30") {
    Company company{.as_of = day("2024-03-31"), .read_from = day("2023-01-01")};
    company.customers = {{.id = "ann", .segment = "west"}, {.id = "zoe", .segment = "west"}};
    company.subscriptions = {{"ann", "s1", day("2020-01-01")}, {"zoe", "s2", day("2020-01-01")}};
    rows.push_back({"zoe", day(mark), 1});
    company.feeds["usage"].rows = std::move(rows);
    return company;
}

Signal asking(Measure measure, Seconds window = days{7}) {
    Signal signal{.name = "signal", .from = "usage", .measure = measure, .window = window};
    const bool counts = measure == Measure::count || measure == Measure::sum || measure == Measure::active_days;
    signal.silence = counts ? Silence::zero : Silence::unknown;
    return signal;
}

Field column(const std::string& name, ValueType type = ValueType::text) {
    return {.kind = Field::Kind::row_column, .scope = Scope::row, .name = name, .type = type};
}

Condition where(Operand left, Comparison comparison, Operand right) {
    return {
        .kind = Condition::Kind::compare, .left = std::move(left), .comparison = comparison, .right = std::move(right)};
}

Measured measure(const Company& company, const Signal& signal, const char* customer = "ann") {
    const Snapshot snapshot = snapshot_of(company);
    return SignalReader(snapshot, signal).measure(snapshot.find_customer(customer));
}

struct MeasureCase {
    std::string sentence;
    Signal signal;
    std::vector<FeedRow> rows;
    double raw;
};

void check(const std::vector<MeasureCase>& cases) {
    for (const auto& [sentence, signal, rows, raw] : cases) {
        expect_same(measure(with_rows(rows), signal).raw, raw, sentence);
    }
}

// -- measures over a window ------------------------------------------------------------------------------------------

TEST(Window, EndsAtTheWatermarkAndHoldsWholeDays) {
    check({
        {"seven days up to Saturday: the 24th is in, the 23rd is not",
         asking(Measure::sum),
         {on("2024-03-23", 100), on("2024-03-24", 1), on("2024-03-30", 2)},
         3},
        {"one day is the watermark's own",
         asking(Measure::sum, days{1}),
         {on("2024-03-29", 5), on("2024-03-30", 2)},
         2},
        {"36 hours are two days", asking(Measure::sum, 36h), {on("2024-03-28", 9), on("2024-03-29", 5)}, 5},
    });
}

TEST(Window, HoldsOnlyRowsThatWereKnownByAsOf) {
    check({
        {"a row known on as-of counts", asking(Measure::sum), {known_on(on("2024-03-28", 4), "2024-03-31")}, 4},
        {"a row known a day later does not exist",
         asking(Measure::sum),
         {known_on(on("2024-03-28", 4), "2024-04-01")},
         0},
        {"nor does it move the watermark",
         asking(Measure::sum),
         {known_on(on("2024-03-31", 4), "2024-04-01"), on("2024-03-24", 7)},
         7},
        {"a row after as-of does not exist, either",
         asking(Measure::last),
         {on("2024-03-01", 3), on("2024-04-02", 9)},
         3},
    });
}

TEST(FoldingMeasures, AreWhatTheirNamesSay) {
    const std::vector<FeedRow> rows = {on("2024-03-24", 4), on("2024-03-26", 0), on("2024-03-28", 8),
                                       on("2024-03-28", 2)};
    check({
        {"count counts rows", asking(Measure::count), rows, 4},
        {"sum", asking(Measure::sum), rows, 14},
        {"mean is over rows, not days", asking(Measure::mean), rows, 3.5},
        {"min", asking(Measure::min), rows, 0},
        {"max", asking(Measure::max), rows, 8},
        {"a day with two uses is one active day, a day of zero none", asking(Measure::active_days), rows, 2},
        {"a negative sum is a sum", asking(Measure::sum), {on("2024-03-28", -3)}, -3},
    });
}

TEST(Nothing, IsSilenceOnlyWhereThereIsNoRow) {
    auto unsure = asking(Measure::sum);
    unsure.silence = Silence::unknown;
    auto certain = asking(Measure::mean);
    certain.silence = Silence::zero;
    check({
        {"no row, and silence is zero", asking(Measure::sum), {}, 0},
        {"no row, and silence is missing", unsure, {}, missing},
        {"the mean of no rows is missing", asking(Measure::mean), {}, missing},
        {"unless silence is said to be zero", certain, {}, 0},
        {"a NULL counts as a row", asking(Measure::count), {on("2024-03-28", null)}, 1},
        {"a NULL adds nothing to the others", asking(Measure::sum), {on("2024-03-27", 4), on("2024-03-28", null)}, 4},
        {"nor to their mean", asking(Measure::mean), {on("2024-03-27", 4), on("2024-03-28", null)}, 4},
        {"nothing but NULL is not silence", asking(Measure::sum), {on("2024-03-28", null)}, missing},
        {"nor an inactive week", asking(Measure::active_days), {on("2024-03-28", null)}, missing},
    });
}

TEST(Nothing, IsMissingWhenTheFeedIs) {
    auto failed = with_rows({on("2024-03-28", 4)});
    failed.feeds["usage"].loaded = false;
    Company unmapped = with_rows({});
    unmapped.feeds.clear();
    auto young = with_rows({}, "2024-04-05");
    const auto counting = asking(Measure::count), summing = asking(Measure::sum);
    expect_same(measure(failed, counting).raw, missing, "a count over a feed that failed");
    expect_same(measure(failed, summing).raw, missing, "a sum over a feed that failed");
    expect_same(measure(unmapped, counting).raw, 0, "a count over a dataset that nobody mapped");
    expect_same(measure(unmapped, summing).raw, missing, "a sum over a dataset that nobody mapped");
    expect_same(measure(young, counting).raw, missing, "a feed whose first row is still to come");
}

TEST(Carry, HoldsTheLastValueWhileItLasts) {
    const auto carrying = [](Measure measure, int how_long) {
        auto signal = asking(measure);
        signal.carry = days{how_long};
        return signal;
    };
    const std::vector<FeedRow> rows = {on("2024-03-20", 5), on("2024-03-27", null)};
    check({
        {"the newest row is NULL, so last is missing", asking(Measure::last), rows, missing},
        {"a value of seven days ago stands in for seven days", carrying(Measure::last, 7), rows, 5},
        {"but not for six", carrying(Measure::last, 6), rows, missing},
        {"also from before the window", carrying(Measure::sum, 7), rows, 5},
        {"in an excused event nothing stands in",
         carrying(Measure::rate, 7),
         {on("2024-03-26", 0), on("2024-03-27", null)},
         0},
        {"nor does a row that is not known yet",
         carrying(Measure::last, 7),
         {known_on(on("2024-03-25", 9), "2024-04-01"), on("2024-03-20", 5), on("2024-03-27", null)},
         5},
    });
}

TEST(RowsBehindAMeasure, AreNamed) {
    const auto sum = measure(with_rows({on("2024-03-01"), on("2024-03-25"), on("2024-03-28")}), asking(Measure::sum));
    EXPECT_EQ(sum.rows, 2u);
    EXPECT_EQ(sum.first, day("2024-03-25"));
    EXPECT_EQ(sum.last, day("2024-03-28"));
    const auto none = measure(with_rows({}), asking(Measure::sum));
    EXPECT_EQ(none.rows, 0u);
    EXPECT_FALSE(none.first || none.last);
}

// -- measures that ask for the newest --------------------------------------------------------------------------------

TEST(NewestMeasures, KnowNoWindow) {
    check({
        {"last is the newest row however old", asking(Measure::last), {on("2023-05-01", 3), on("2023-06-01", 7)}, 7},
        {"days since counts to as-of, not to the watermark", asking(Measure::days_since), {on("2024-03-20")}, 11},
        {"a row of zero is no use", asking(Measure::days_since), {on("2024-03-20"), on("2024-03-25", 0)}, 11},
        {"never used is missing", asking(Measure::days_since), {on("2024-03-25", 0)}, missing},
        {"months ago is still known", asking(Measure::days_since), {on("2023-03-31")}, 366},
    });
}

TEST(DaysSince, BelievesARowOfADayThatIsNotWholeYet) {
    Company company = with_rows({on("2024-03-20"), on("2024-03-31")});
    for (int ago = 1; ago <= 28; ++ago)
        for (int row = 0; row < 60; ++row) company.feeds["usage"].rows.push_back({"zoe", company.as_of - days{ago}});
    ASSERT_EQ(watermark(snapshot_of(company), "usage"), day("2024-03-30")) << "one row of sixty has arrived";
    EXPECT_EQ(measure(company, asking(Measure::days_since)).raw, 0);
    EXPECT_EQ(measure(company, asking(Measure::count)).raw, 0) << "a window ends with the last whole day";
}

TEST(MissStreak, CountsMissedEventsUpToTheNewest) {
    const auto streak = asking(Measure::miss_streak);
    check({
        {"attended last", streak, {on("2024-03-01", 0), on("2024-03-08", 1)}, 0},
        {"three in a row after one attended",
         streak,
         {on("2024-02-01", 0), on("2024-02-08", 1), on("2024-03-01", 0), on("2024-03-08", 0), on("2024-03-15", 0)},
         3},
        {"excused does not break it, nor count",
         streak,
         {on("2024-02-08", 1), on("2024-03-01", 0), on("2024-03-08", null), on("2024-03-15", 0)},
         2},
        {"excused last", streak, {on("2024-03-01", 0), on("2024-03-08", null)}, 1},
        {"only excused: none missed", streak, {on("2024-03-08", null)}, 0},
        {"no event at all is unknown", streak, {}, missing},
    });
    const auto found = measure(with_rows({on("2024-02-08", 1), on("2024-03-01", 0), on("2024-03-15", 0)}), streak);
    EXPECT_EQ(found.first, day("2024-03-01"));
    EXPECT_EQ(found.last, day("2024-03-15"));
}

TEST(Rate, LeavesExcusedEventsOut) {
    const auto rate = asking(Measure::rate, days{30});
    check({
        {"two of three", rate, {on("2024-03-02", 1), on("2024-03-09", 0), on("2024-03-16", 1)}, 2.0 / 3},
        {"two of three, one excused",
         rate,
         {on("2024-03-02", 1), on("2024-03-09", 0), on("2024-03-16", 1), on("2024-03-23", null)},
         2.0 / 3},
        {"only excused is unknown", rate, {on("2024-03-23", null)}, missing},
        {"no event is unknown", rate, {}, missing},
    });
}

// -- measures against the past ---------------------------------------------------------------------------------------

/// One row a week on Saturdays, oldest first; the last on the watermark.
std::vector<FeedRow> weekly(const std::vector<double>& values) {
    std::vector<FeedRow> rows;
    auto when = day("2024-03-30") - days{7} * static_cast<int>(values.size() - 1);
    for (const double value : values) rows.push_back({"ann", std::exchange(when, when + days{7}), value});
    return rows;
}

TEST(Ratio, ComparesWithTheTimeRightBefore) {
    auto ratio = asking(Measure::ratio, days{7});
    ratio.baseline = days{14};
    auto plain = ratio;
    plain.ratio_c = 0;
    auto silent = ratio;
    silent.silence = Silence::zero;
    const auto per_day = [](double now, double before) { return (now / 7 + 0.5) / (before / 14 + 0.5); };
    check({
        {"7 now, 28 in the fortnight before", ratio, {on("2024-03-30", 7), on("2024-03-23", 28)}, per_day(7, 28)},
        {"without c it is the plain ratio", plain, {on("2024-03-30", 7), on("2024-03-23", 28)}, 0.5},
        {"the base ends where the window begins",
         ratio,
         {on("2024-03-24", 7), on("2024-03-09", 999), on("2024-03-10", 28)},
         per_day(7, 28)},
        {"who stopped altogether falls to the floor, silent or not", ratio, {on("2024-03-20", 28)}, per_day(0, 28)},
        {"no row in either is silence: missing", ratio, {}, missing},
        {"or zero", silent, {}, 0},
        {"a base of NULL, too", ratio, {on("2024-03-30", 7), on("2024-03-20", null)}, missing},
        {"beside a value, a NULL adds nothing",
         ratio,
         {on("2024-03-30", 7), on("2024-03-29", null), on("2024-03-23", 28)},
         per_day(7, 28)},
        {"nothing compares with a base of 0", plain, {on("2024-03-30", 7)}, missing},
        {"nor with one below", plain, {on("2024-03-30", 7), on("2024-03-23", -28)}, missing},
        {"a sum below 0 against one above is a ratio", plain, {on("2024-03-30", -7), on("2024-03-23", 28)}, -0.5},
        {"a window of NULL is missing", ratio, {on("2024-03-30", null), on("2024-03-20", 28)}, missing},
    });
}

TEST(Ratio, IsMissingWhileTenureIsShorterThanBoth) {
    auto ratio = asking(Measure::ratio, days{7});
    ratio.baseline = days{14};
    const std::vector<FeedRow> rows = {on("2024-03-30", 7), on("2024-03-23", 28)};
    const auto since = [&](const char* start) {
        auto company = with_rows(rows);
        company.subscriptions[0].started_on = day(start);
        return measure(company, ratio).raw;
    };
    EXPECT_TRUE(is_known(since("2024-03-10"))) << "a customer on the first day of the base";
    EXPECT_TRUE(is_missing(since("2024-03-11"))) << "a customer one day later";
    auto company = with_rows(rows);
    company.read_from = day("2024-03-11");
    EXPECT_TRUE(is_missing(measure(company, ratio).raw)) << "data that begin inside the base";
}

TEST(Slope, IsTheRiseOfWeeklySumsOverTheirMedian) {
    const auto slope = asking(Measure::slope);
    check({
        {"falling by one a week around 6.5", slope, weekly({10, 9, 8, 7, 6, 5, 4, 3}), -1 / 6.5},
        {"one bad week changes nothing", slope, weekly({10, 10, 10, 0, 10, 10, 10, 10}), 0},
        {"a ninth week is not looked at", slope, weekly({99, 4, 4, 4, 4, 4, 4, 4, 4}), 0},
        {"weeks without rows are zero; with most of them the median is, and the slope missing", slope, weekly({1, 0}),
         missing},
        {"sums below 0 that fall would seem to rise", slope, weekly({-1, -2, -3, -4, -5, -6, -7, -8}), missing},
        {"from below 0 it may rise, while the median is above", slope, weekly({-1, 1, 3, 5, 7, 9, 11, 13}), 2.0 / 6},
        {"a week of NULL is unknown", slope, weekly({1, 2, 3, 4, null, 6, 7, 8}), missing},
        {"no rows", slope, {}, missing},
    });
    auto company = with_rows(weekly({1, 2, 3, 4, 5, 6, 7, 8}));
    company.subscriptions[0].started_on = day("2024-02-05");
    expect_same(measure(company, slope).raw, missing, "a customer from the second day of the eight weeks on");
    company.subscriptions[0].started_on = day("2024-02-04");
    expect_same(measure(company, slope).raw, 1 / 4.5, "a customer from their first day on");
}

// -- row conditions --------------------------------------------------------------------------------------------------

TEST(RowConditions, TakeOnlyRowsThatAreKnownToMatch) {
    const std::vector<FeedRow> rows = {
        with(on("2024-03-25", 1), "metric", "seats"),
        with(on("2024-03-26", 2), "metric", "logins"),
        on("2024-03-27", 4),
        with(on("2024-03-28", null), "metric", "seats"),
    };
    const auto number = [](const std::string& name) { return column(name, ValueType::number); };
    struct Case {
        std::string sentence;
        Condition condition;
        double rows;
    };
    const std::vector<Case> cases = {
        {"a text that is equal", where(column("metric"), Comparison::equal, std::string("seats")), 2},
        {"another text, and known to be", where(column("metric"), Comparison::not_equal, std::string("seats")), 1},
        {"a text that no row has", where(column("metric"), Comparison::equal, std::string("quiz")), 0},
        {"not a text that no row has", where(column("metric"), Comparison::not_equal, std::string("quiz")), 3},
        {"one of two texts", {.kind = Condition::Kind::in, .left = column("metric"), .choices = {"logins", "quiz"}}, 1},
        {"known", {.kind = Condition::Kind::known, .left = column("metric")}, 3},
        {"unknown", {.kind = Condition::Kind::unknown, .left = column("metric")}, 1},
        {"a number above 1; NULL is not", where(number("value"), Comparison::greater, 1.0), 2},
        {"the same with its sides changed", where(1.0, Comparison::less, number("value")), 2},
        {"a number up to 2", where(number("value"), Comparison::less_equal, 2.0), 2},
        {"a number of at least 2", where(number("value"), Comparison::greater_equal, 2.0), 2},
        {"a boolean is 1 or 0", where(column("attended", ValueType::boolean), Comparison::equal, true), 1},
        {"a column that the query does not have", where(column("channel"), Comparison::not_equal, std::string("phone")),
         0},
        {"is unknown", {.kind = Condition::Kind::unknown, .left = column("channel")}, 4},
    };
    for (const auto& [sentence, condition, expected] : cases) {
        auto counting = asking(Measure::count);
        counting.where_rows = {condition};
        expect_same(measure(with_rows(rows), counting).raw, expected, sentence);
        auto share = asking(Measure::share);
        share.of = {condition};
        expect_same(measure(with_rows(rows), share).raw, expected / 4, sentence + ", as a share");
    }
}

TEST(RowConditions, HoldAllTogether) {
    auto counting = asking(Measure::count);
    counting.where_rows = {where(column("metric"), Comparison::equal, std::string("seats")),
                           where(column("value", ValueType::number), Comparison::greater, 1.0)};
    const std::vector<FeedRow> rows = {with(on("2024-03-25", 1), "metric", "seats"),
                                       with(on("2024-03-26", 2), "metric", "seats")};
    EXPECT_EQ(measure(with_rows(rows), counting).raw, 1);
    auto last = counting;
    last.measure = Measure::days_since;
    EXPECT_EQ(measure(with_rows(rows), last).raw, 5) << "the newest row that matches, not the newest row";
}

// -- facts of customers ----------------------------------------------------------------------------------------------

TEST(Per, DividesByAFactOfTheCustomer) {
    auto company = with_rows({on("2024-03-28", 30)});
    auto signal = asking(Measure::sum);
    signal.per = Field{.name = "seats"};
    expect_same(measure(company, signal).raw, missing, "nobody knows the seats");
    company.subscriptions[0].seats = 10;
    expect_same(measure(company, signal).raw, 3, "thirty logins on ten seats");
    company.subscriptions.push_back({"ann", "s9", day("2024-01-01"), {}, 1, 5});
    expect_same(measure(company, signal).raw, 2, "seats of all live subscriptions");
    company.subscriptions.back().ended_on = day("2024-03-31");
    expect_same(measure(company, signal).raw, 3, "and of no other");
    company.subscriptions[0].seats = 0;
    expect_same(measure(company, signal).raw, missing, "nothing can be said per no seat");
}

TEST(Value, ReadsAColumnOfCustomers) {
    auto company = with_rows({});
    company.customers[0].texts = {{"pay_state", "late"}};
    company.customers[0].numbers = {{"nps", 7}};
    company.subscriptions.push_back({"ann", "s9", day("2024-01-01"), {}, 500'00, missing, "gold"});
    Signal signal{.name = "signal", .from = "customers", .measure = Measure::value};
    struct Case {
        std::string field, text;
        double raw;
    };
    const std::vector<Case> cases = {
        {"nps", "", 7},
        {"pay_state", "late", missing},
        {"segment", "west", missing},
        {"plan", "gold", missing},
        {"status", "active", missing},
        {"revenue", "", 12 * 600},
        {"mrr", "", 600},
        {"tenure_days", "", 1551},
        {"nobody_knows", "", missing},
    };
    const Snapshot snapshot = snapshot_of(company);
    for (const auto& [field, text, raw] : cases) {
        signal.field = field;
        const auto found = SignalReader(snapshot, signal).measure(0);
        EXPECT_EQ(found.text, text) << field;
        expect_same(found.raw, raw, field);
    }
}

TEST(LeadingSubscription, IsTheDearestLiveOneElseTheLastBegun) {
    auto company = with_rows({});
    auto& subscriptions = company.subscriptions;
    subscriptions = {{"ann", "s1", day("2020-01-01"), {}, 10},
                     {"ann", "s2", day("2021-01-01"), {}, 20},
                     {"ann", "s3", day("2022-01-01"), day("2023-01-01"), 99},
                     {"ann", "s4", day("2025-01-01"), {}, 99}};
    const auto leading = [&] {
        const Snapshot snapshot = snapshot_of(company);
        const auto* found = leading_subscription(snapshot, 0);
        return found == nullptr ? "" : std::string(snapshot.text(found->id));
    };
    EXPECT_EQ(leading(), "s2");
    subscriptions[0].ended_on = subscriptions[1].ended_on = day("2024-01-01");
    EXPECT_EQ(leading(), "s3");
    subscriptions = {};
    EXPECT_EQ(leading(), "");
}

// -- freshness -------------------------------------------------------------------------------------------------------

TEST(Freshness, IsTheFeedsForFlowsAndTheRowsForStates) {
    struct Case {
        std::string sentence;
        Measure measure;
        const char* mark;
        const char* row;
        double freshness;
    };
    const std::vector<Case> cases = {
        {"silence in a fresh feed is not stale", Measure::sum, "2024-03-30", "2023-06-01", 1},
        {"a feed of seven days ago is fresh", Measure::sum, "2024-03-24", "2024-03-01", 1},
        {"one of 21 days ago counts half", Measure::sum, "2024-03-10", "2024-03-01", 0.5},
        {"an old last use is not stale, either", Measure::days_since, "2024-03-30", "2023-06-01", 1},
        {"an old state is stale in a fresh feed", Measure::last, "2024-03-30", "2024-03-10", 0.5},
        {"a new state is not", Measure::last, "2024-03-30", "2024-03-24", 1},
        {"a mean is as old as its newest row", Measure::mean, "2024-03-30", "2024-02-25", 0.25},
    };
    for (const auto& [sentence, asked, mark, row, freshness] : cases) {
        const Snapshot snapshot = snapshot_of(with_rows({on(row)}, mark));
        const auto signal = asking(asked, days{60});
        const SignalReader reader(snapshot, signal);
        EXPECT_NEAR(reader.freshness(0, reader.measure(0)), freshness, 1e-12) << sentence;
    }
}

TEST(Freshness, IsNoneWithoutAFeedAndFullForFactsAndPromises) {
    auto company = with_rows({on("2024-03-28")});
    company.feeds["usage"].loaded = false;
    const Snapshot snapshot = snapshot_of(company);
    auto signal = asking(Measure::count);
    EXPECT_EQ(SignalReader(snapshot, signal).freshness(0, {}), 0);
    signal.from = "tickets";
    EXPECT_EQ(SignalReader(snapshot, signal).freshness(0, {}), 0)
        << "a count of 0 over what is not mapped has no weight";
    for (const char* from : {"customers", "promises"}) {
        signal.from = from;
        EXPECT_EQ(SignalReader(snapshot, signal).freshness(0, {}), 1) << from;
    }
}

TEST(Freshness, DoesNotAgeOffSeason) {
    const Snapshot snapshot = snapshot_of(with_rows({}, "2024-03-10"));
    const auto signal = asking(Measure::sum);
    const auto freshness = [&](std::vector<OffSeason> ranges) {
        return SignalReader(snapshot, signal, ranges).freshness(0, {});
    };
    EXPECT_NEAR(freshness({}), 0.5, 1e-12);
    EXPECT_EQ(freshness({{"", day("2024-03-12"), day("2024-03-25")}}), 1) << "14 of 21 days are off";
    EXPECT_EQ(freshness({{"west", day("2024-03-01"), day("2024-03-24")}}), 1)
        << "days before the watermark age nothing anyway";
    EXPECT_NEAR(freshness({{"east", day("2024-03-01"), day("2024-03-31")}}), 0.5, 1e-12) << "another segment's season";
    EXPECT_NEAR(freshness({{"", day("2024-03-12"), day("2024-03-18")}, {"west", day("2024-03-12"), day("2024-03-18")}}),
                std::exp2(-0.5), 1e-12)
        << "a day is off only once";
}

// -- buckets and cohort positions ------------------------------------------------------------------------------------

TEST(Buckets, AreWholeWeeksThatEndAtTheWatermark) {
    auto company = with_rows({on("2024-03-30", 1), on("2024-03-24", 2), on("2024-03-23", 4), on("2024-03-16", null)});
    company.read_from = day("2024-03-04");
    const Snapshot snapshot = snapshot_of(company);
    const auto signal = asking(Measure::sum);
    const SignalReader reader(snapshot, signal);
    const std::array expected = {3.0, 4.0, missing, missing};
    std::array<double, 4> together;
    reader.buckets(0, together);
    for (int back = 0; back < 4; ++back) {
        const auto at = static_cast<std::size_t>(back);
        expect_same(reader.bucket(0, back), expected[at], "bucket " + std::to_string(back));
        expect_same(together[at], expected[at], "together, bucket " + std::to_string(back));
    }
    EXPECT_EQ(reader.bucket_end(0), day("2024-03-30"));
    EXPECT_EQ(reader.bucket_end(3), day("2024-03-09"));
}

/// Customers c0, c1, ... of one segment, with one row each in the week that ends on the watermark, the 30th.
Company cohort(const std::vector<double>& values, const std::string& segment = "west") {
    Company company{.as_of = day("2024-03-31"), .read_from = day("2024-03-24")};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto id = "c" + std::to_string(i);
        company.customers.push_back({.id = id, .segment = segment});
        company.subscriptions.push_back({id, "s" + id, day("2020-01-01")});
        company.feeds["usage"].rows.push_back({id, day("2024-03-30"), values[i]});
    }
    return company;
}

std::vector<double> positions(const Company& company, const CohortScale& scale) {
    const Snapshot snapshot = snapshot_of(company);
    return cohort_positions(snapshot, asking(Measure::sum), scale, whole_customers(snapshot));
}

TEST(CohortPosition, StandsInSpreadsFromTheMedian) {
    const CohortScale scale{.min = 3};
    const double e = std::exp(1.0);
    // u = 0, 1, 3: the median is 1, the spread sqrt(7 / 3).
    const auto odd = positions(cohort({0, e - 1, std::exp(3.0) - 1}), scale);
    expect_same(odd[0], -1 / std::sqrt(7.0 / 3), "the least of three", 1e-12);
    expect_same(odd[1], 0, "the middle one", 1e-12);
    expect_same(odd[2], 2 / std::sqrt(7.0 / 3), "the most of three", 1e-12);
    // u = 0, 0, 2, 2: the median of an even number is the mean of the middle two.
    const auto even = positions(cohort({0, 0, e * e - 1, e * e - 1}), scale);
    expect_same(even[0], -1 / std::sqrt(4.0 / 3), "the lower half", 1e-12);
    // u = 1, 1, 1: the spread is at least 0.5.
    const auto equal = positions(cohort({e - 1, e - 1, e - 1}), scale);
    expect_same(equal[1], 0, "all alike", 1e-12);
    // One of 21 far away is at most 3.
    std::vector<double> crowd(21, 0.0);
    crowd[20] = 1e9;
    EXPECT_EQ(std::ranges::max(positions(cohort(crowd), scale)), 3);
}

TEST(CohortPosition, OfTooFewIsAgainstAllAndOfTooFewOfAllIsMissing) {
    auto company = cohort({0, 0, 0});
    for (const auto& row : {"d0", "d1"}) {
        company.customers.push_back({.id = row, .segment = "east"});
        company.subscriptions.push_back({row, std::string("s") + row, day("2020-01-01")});
        company.feeds["usage"].rows.push_back({row, day("2024-03-30"), std::exp(1.0) - 1});
    }
    const double spread = std::sqrt(0.3);  // of u = 0, 0, 0, 1, 1
    const auto three = positions(company, {.min = 3});
    expect_same(three[0], 0, "a cohort of three stands for itself");
    expect_same(three[3], 1 / spread, "a cohort of two is compared with all five");
    const auto two = positions(company, {.min = 2});
    expect_same(two[3], 0, "unless two are enough");
    expect_same(positions(company, {.min = 6})[0], missing, "and five cannot be compared with anybody");
    company.customers[4].segment = "";
    expect_same(positions(company, {.min = 2})[4], 1 / spread, "without a segment, with all");
    company.customers[3].numbers["size"] = 1;
    company.customers[4].numbers["size"] = 1;
    expect_same(positions(company, {.by = {"size"}, .min = 2})[3], 0, "a number can make a cohort, too");
}

TEST(CohortPosition, IsWithinEveryColumnOfAList) {
    auto company = cohort({0, 1, 3, 7});
    for (std::size_t i = 0; i < 4; ++i) company.customers[i].texts["term"] = i < 2 ? "spring" : "autumn";
    const auto found = positions(company, {.by = {"segment", "term"}, .min = 2});
    const double half = std::log(2.0) / 2, spread = std::max(0.5, std::log(2.0) / std::sqrt(2.0));
    for (const std::size_t i : {0u, 2u}) expect_same(found[i], -half / spread, "the lower of two", 1e-12);
    for (const std::size_t i : {1u, 3u}) expect_same(found[i], half / spread, "the higher of two", 1e-12);
}

TEST(CohortPosition, IsSmoothedOverTheWeeksOfACustomersLife) {
    // Two customers: u differs by 1 in the newest week and not at all before, or the other way round.
    const auto weeks_of = [](std::vector<double> newest_first, const char* joined) {
        Company company{.as_of = day("2024-03-31"), .read_from = day("2024-02-05")};
        for (const char* id : {"ann", "zoe"}) company.customers.push_back({.id = id, .segment = "west"});
        company.subscriptions = {{"ann", "s1", day(joined)}, {"zoe", "s2", day("2020-01-01")}};
        auto& rows = company.feeds["usage"].rows;
        rows.push_back({"zoe", day("2024-03-30"), 0});
        for (std::size_t back = 0; back < newest_first.size(); ++back) {
            const auto when = day("2024-03-30") - days{7} * static_cast<int>(back);
            rows.push_back({"ann", when, is_missing(newest_first[back]) ? missing : std::exp(newest_first[back]) - 1});
        }
        return company;
    };
    const double r = 0.5 / std::sqrt(0.5);  // u = 1 against 0: half away from the median, spread sqrt(1/2)
    const double step = 1 - std::exp2(-0.5), two_steps = 1 - std::exp2(-1.0);
    struct Case {
        std::string sentence;
        std::vector<double> newest_first;
        const char* joined;
        double position;
    };
    const std::vector<Case> cases = {
        {"one good week after seven even ones (read from the 5th of February)", {1}, "2020-01-01", step * r},
        {"the first value starts it: a good first week, then even ones", {0, 1}, "2024-03-23", (1 - step) * r},
        {"weeks before the customer was live do not count", {1}, "2024-03-24", r},
        {"a customer for the last day of the week is in", {1}, "2024-03-30", r},
        {"one who joined after it has no position yet", {1}, "2024-03-31", missing},
        {"over a week of NULL the step is as long as two", {0, null, 1}, "2024-03-16", (1 - two_steps) * r},
        {"a newest week of NULL leaves the one before", {null, 1}, "2024-03-23", r},
    };
    for (const auto& [sentence, weeks, joined, position] : cases) {
        expect_same(positions(weeks_of(weeks, joined), {.min = 1})[0], position, sentence, 1e-12);
    }
    const CohortScale at_once{.halflife = 0, .min = 1};
    expect_same(positions(weeks_of({1, 0}, "2020-01-01"), at_once)[0], r,
                "without a half-life only the last week counts");
}

TEST(CohortPosition, CountsThoseWhoWereLiveThenAndNobodyElse) {
    auto company = cohort({0, 0, 1e6, 1e6});
    company.subscriptions[2].ended_on = day("2024-03-31");  // live in the week, gone now
    company.subscriptions[3].ended_on = day("2024-03-30");  // gone at the week's end
    const auto found = positions(company, {.min = 3});
    EXPECT_TRUE(is_known(found[0])) << "three were live at the week's end";
    EXPECT_TRUE(is_known(found[2])) << "also who has left since: others were compared with it";
    EXPECT_TRUE(is_missing(positions(company, {.min = 4})[0])) << "the fourth was gone by then";
}

// -- scales ----------------------------------------------------------------------------------------------------------

TEST(Scale, MapsEveryValueAndItsEdges) {
    const RampScale rising{0.2, 0.8}, falling{30, 10};
    const PointScale points{{{0, 100}, {1, 80}, {3, 25}, {5, 0}}};
    const StepScale steps{{{0, 10}, {5, 60}, {9, 100}}};
    const RecencyScale recency{3, 7};
    struct Case {
        std::string sentence;
        Scale scale;
        double raw, score;
    };
    const std::vector<Case> cases = {
        {"ramp at bad", rising, 0.2, 0},
        {"ramp below bad", rising, -5, 0},
        {"ramp at good", rising, 0.8, 100},
        {"ramp beyond good", rising, 2, 100},
        {"ramp half way", rising, 0.5, 50},
        {"a falling ramp at bad", falling, 30, 0},
        {"a falling ramp at good", falling, 10, 100},
        {"a falling ramp between", falling, 25, 25},
        {"points below the first", points, -1, 100},
        {"points at the first", points, 0, 100},
        {"points at a corner", points, 1, 80},
        {"points between corners", points, 2, 52.5},
        {"points at the last", points, 5, 0},
        {"points beyond the last", points, 50, 0},
        {"steps below the first", steps, -1, 10},
        {"steps just below a step", steps, 4.999, 10},
        {"steps on a step", steps, 5, 60},
        {"steps beyond the last", steps, 99, 100},
        {"recency today", recency, 0, 100},
        {"recency at the end of grace", recency, 3, 100},
        {"recency a half-life later", recency, 10, 50},
        {"recency two half-lives later", recency, 17, 25},
        {"identity", IdentityScale{}, 42, 42},
        {"identity below 0", IdentityScale{}, -1, 0},
        {"identity above 100", IdentityScale{}, 101, 100},
        {"no scale", {}, 5, missing},
        {"a cohort is not scored one by one", CohortScale{}, 5, missing},
        {"a missing value", rising, missing, missing},
        {"recency without grace or half-life on the day", RecencyScale{0, 0}, 0, 100},
        {"and a day later", RecencyScale{0, 0}, 1, 0},
    };
    for (const auto& [sentence, scale, raw, score] : cases) expect_same(score_of(scale, {.raw = raw}), score, sentence);
}

TEST(Scale, OfATextIsItsCategorys) {
    const CategoryScale scale{{{"good", 100}, {"poor", 20}}};
    expect_same(score_of(scale, {.text = "poor"}), 20, "a category");
    expect_same(score_of(scale, {.text = "so-so"}), missing, "a text that nobody foresaw");
    expect_same(score_of(scale, {.raw = 20}), missing, "a number is no category");
    expect_same(score_of(RampScale{0, 1}, {.text = "good"}), missing, "a text is no number");
}

TEST(Scale, ShowsTheMedianOfACohortAt69) {
    EXPECT_NEAR(cohort_score(0, {}), 69.146246127401312, 1e-9);
    EXPECT_NEAR(cohort_score(-0.5, {}), 50, 1e-12);
    EXPECT_TRUE(is_missing(cohort_score(missing, {})));
    EXPECT_NEAR(normal_cdf(1.959963984540054), 0.975, 1e-12);
    EXPECT_NEAR(normal_cdf(-8), 6.22096057427178e-16, 1e-27) << "exact in the tail";
}

TEST(Smooth, MovesHalfTheWayInAHalfLife) {
    EXPECT_NEAR(smooth(80, 40, 7, 7), 60, 1e-12);
    EXPECT_NEAR(smooth(smooth(80, 40, 3, 7), 40, 4, 7), 60, 1e-12) << "in two uneven steps";
    EXPECT_EQ(smooth(80, 40, 0, 7), 80);
    EXPECT_EQ(smooth(80, 40, 1, 0), 40) << "a half-life of 0 follows at once";
}

// -- statistics ------------------------------------------------------------------------------------------------------

nlohmann::json golden() { return nlohmann::json::parse(std::ifstream("tests/data/golden/golden.json")); }

TEST(Statistics, AgreeWithR) {
    const auto trend = golden().at("trend");
    const auto x = trend.at("x").get<std::vector<double>>();
    const auto test = mann_kendall(x);
    EXPECT_EQ(test.s, trend.at("mann_kendall_S").get<double>());
    EXPECT_NEAR(test.variance, trend.at("var_tie_corrected").get<double>(), 1e-12);
    EXPECT_NEAR(test.z, trend.at("z").get<double>(), 1e-14);
    EXPECT_EQ(theil_sen(x).slope, trend.at("theil_sen_slope").get<double>());
    EXPECT_EQ(theil_sen(x).intercept, trend.at("theil_sen_intercept_median").get<double>());
    EXPECT_EQ(trend_of(x), Trend::falling);
}

TEST(Statistics, HoldAtTheirEdges) {
    std::vector<double> none, one = {3}, even = {4, 1, 3, 2};
    expect_same(median(none), missing, "the median of nothing");
    expect_same(median(one), 3, "of one");
    expect_same(median(even), 2.5, "of an even number");
    EXPECT_EQ(sample_sd(one), 0);
    EXPECT_NEAR(sample_sd(std::array{1.0, 2.0, 3.0, 4.0}), std::sqrt(5.0 / 3), 1e-15);
    EXPECT_NEAR(sample_sd(std::array{1e9 + 1, 1e9 + 2, 1e9 + 3}), 1, 1e-9) << "large values keep their spread";
    expect_same(theil_sen(one).slope, missing, "no slope through one point");
    expect_same(theil_sen(std::array{0.0, missing, 4.0, 6.0}).slope, 2, "a gap keeps its time");
    EXPECT_EQ(mann_kendall(std::array{5.0, 5.0, 5.0}).z, 0);
    EXPECT_EQ(trend_of(std::array{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0}), Trend::unknown) << "seven weeks are too few";
    EXPECT_EQ(trend_of(std::array{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}), Trend::rising);
    EXPECT_EQ(trend_of(std::array{1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0}), Trend::steady);
    expect_same(relative_change(12, 10, 10), 0.2, "20 % up");
    expect_same(relative_change(12, 9.9, 10), missing, "from too small a base");
}

}  // namespace
}  // namespace retaind
