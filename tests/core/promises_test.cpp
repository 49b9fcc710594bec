// Promises: expected trajectory, projection, decision, state and the signals over them (SCORING 1.7). Every expected
// number is worked out by hand in the comment beside it.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/promises/evidence.hpp"
#include "retaind/promises/measures.hpp"
#include "retaind/promises/projection.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/promises/trajectory.hpp"
#include "support/company.hpp"
#include "support/promise_rows.hpp"

namespace retaind {
namespace {

using company::MilestoneRow;
using company::PromiseRow;
using company::ReadingRow;
using std::chrono::days;

const Day start = company::day("2024-01-01");
Day on(int number) { return start + days{number}; }

constexpr double tiny = 1e-6;

void expect_number(double actual, double expected, const std::string& sentence) {
    if (is_missing(expected))
        EXPECT_TRUE(is_missing(actual)) << sentence << ": " << actual;
    else
        EXPECT_NEAR(actual, expected, tiny) << sentence;
}

Snapshot company_with(std::vector<PromiseRow> rows, int today) {
    Snapshot snapshot = company::snapshot_of(
        {.as_of = on(today), .customers = {{.id = "c", .segment = "north"}, {.id = "d", .segment = "south"}}});
    for (PromiseRow& row : rows) {
        if (row.customer.empty()) row.customer = "c";
    }
    company::add_promises(snapshot, std::move(rows));
    return snapshot;
}

/// One promise alone, as of a day.
Progress measured(const PromiseRow& row, int today, const RuleSet& rules = {}) {
    return measure_promises(company_with({row}, today), rules).front();
}

/// From 0 to 100 in 100 days.
PromiseRow reach(std::vector<ReadingRow> readings, double quality = 0) {
    return {.id = "p",
            .kind = PromiseKind::reach,
            .starts_on = on(0),
            .due_on = on(100),
            .target = 100,
            .quality = quality,
            .readings = std::move(readings)};
}

/// `count` milestones due every 10 days from day 10 to the end; those whose number is listed were delivered on time.
PromiseRow milestones(int count, double share, std::vector<int> delivered) {
    PromiseRow row{
        .id = "p", .kind = PromiseKind::milestones, .starts_on = on(0), .due_on = on(10 * count), .target = share};
    for (int i = 1; i <= count; ++i) {
        MilestoneRow milestone{.id = "m" + std::to_string(i), .due_on = on(10 * i)};
        if (std::ranges::count(delivered, i) > 0) milestone.delivered_on = on(10 * i);
        row.milestones.push_back(milestone);
    }
    return row;
}

RuleSet without_grace() {
    RuleSet rules;
    rules.promises.grace = 0;
    return rules;
}

// -- trajectory -----------------------------------------------------------------------------------------------------

TEST(DaysBehind, AreCountedFromTheNearestDayThatExpectedThisProgress) {
    const Trajectory plateau({{0, 0}, {0.2, 0.5}, {0.6, 0.5}, {1, 1}});
    const Trajectory late_start({{0, 0}, {0.3, 0}, {1, 1}});
    const Trajectory steps({{0, 0}, {0.25, 0}, {0.25, 0.5}, {0.75, 0.5}, {0.75, 1}, {1, 1}});
    struct Case {
        std::string sentence;
        Trajectory trajectory;
        double progress, today, behind;
    };
    const std::vector<Case> cases = {
        {"linear: 30 % were expected on day 30, 50 - 30 = 20", {}, 0.3, 50, 20},
        {"linear: 80 % are expected on day 80 only, 50 - 80 = -30", {}, 0.8, 50, -30},
        {"on a plateau from day 20 to 60 nobody is behind", plateau, 0.5, 45, 0},
        {"at its very end neither", plateau, 0.5, 60, 0},
        {"ten days after it they are", plateau, 0.5, 70, 10},
        {"ten days before it they are ahead", plateau, 0.5, 10, -10},
        {"below it: 25 % were expected on day 10, 30 - 10 = 20", plateau, 0.25, 30, 20},
        {"nothing done while nothing is expected", late_start, 0, 20, 0},
        {"nothing done ten days after something was", late_start, 0, 40, 10},
        {"less than nothing done is nothing done", late_start, -0.4, 40, 10},
        {"half done holds between the steps", steps, 0.5, 60, 0},
        {"and is behind from the day of the second step on", steps, 0.5, 80, 5},
        {"a sum taken in another order stays on its plateau", steps, 0.5 - 1e-15, 60, 0},
        {"a sum taken in another order does not jump ahead", steps, 0.5 + 1e-15, 60, 0},
        {"who is done is never behind, however late it gets", {}, 1, 140, 0},
        {"nor who is a rounding short of done", {}, 1 - 1e-15, 140, 0},
        {"who is done early is ahead: 40 - 100", {}, 1, 40, -60},
        {"more than done is done", {}, 1.7, 40, -60},
        {"after the due day it goes on: 120 - 90", {}, 0.9, 120, 30},
    };
    for (const auto& c : cases)
        EXPECT_NEAR(days_behind(c.trajectory, c.progress, {0, 100, c.today}), c.behind, 1e-9) << c.sentence;
}

TEST(MedianTrajectory, IsThatOfEachDayMadeMonotone) {
    Path slow{}, middle{}, quick{};
    slow.fill(0.1);
    middle.fill(0.4);
    quick.fill(0.9);
    middle[10] = 0.2;  // a dip in the middle of the middle one, which the running maximum takes out
    const std::vector<Path> paths = {slow, quick, middle};
    const Trajectory median = median_trajectory(paths);
    EXPECT_NEAR(median.expected(0), 0, tiny);
    EXPECT_NEAR(median.expected(0.25), 0.4, tiny);
    EXPECT_NEAR(median.expected(0.5), 0.4, tiny);
    EXPECT_NEAR(median.expected(1), 1, tiny);
}

// -- projection -----------------------------------------------------------------------------------------------------

TEST(ReachProjection, CarriesTheWeightedRateToTheDueDay) {
    struct Case {
        std::string sentence;
        std::vector<Point> readings;
        Goal goal;
        double probability, ratio;
    };
    const std::vector<Case> cases = {
        // rho = 40 / 20 = 2; 40 + 2 * 30 - 100 = 0; Phi(0). Ratio ((100 - 40) / 30) / 2.
        {"exactly on the line is a coin's throw", {{0, 0}, {10, 20}, {20, 40}}, {0, 50, 20, 0, 100}, 0.5, 1},
        // no noise at all: the floor is 1 % of 80 = 0.8; Phi(20 / (0.8 sqrt 30)) = Phi(4.564). Ratio (40 / 30) / 2.
        {"the noise has a floor", {{0, 0}, {10, 20}, {20, 40}}, {0, 50, 20, 0, 80}, 0.999997494, 2.0 / 3},
        // weights 0.5 and 1: rho = (5 + 30) / (7 + 14) = 5/3; residuals -40/3 and 20/3;
        // sigma^2 = (0.5 * 1600/9/14 + 400/9/14) / 1.5 = 6.349206; 40 + 5/3 * 14 - 70 = -20/3;
        // z = -6.666667 / (2.519763 * sqrt 14) = -0.707107. Ratio (30 / 14) / (5/3).
        {"younger readings count more", {{0, 0}, {14, 10}, {28, 40}}, {0, 42, 28, 0, 70}, 0.239750, 9.0 / 7},
        // the first case turned round: from 100 down to 0
        {"lower is better where the target is below the baseline",
         {{0, 100}, {10, 80}, {20, 60}},
         {0, 50, 20, 100, 0},
         0.5,
         1},
        {"two readings say nothing", {{0, 0}, {10, 20}}, {0, 50, 20, 0, 100}, missing, missing},
        // rho = 0: Phi((10 - 100) / (1 * sqrt 30)) = Phi(-16); no multiple of 0 gets there
        {"no rate at all has no ratio", {{0, 10}, {10, 10}, {20, 10}}, {0, 50, 20, 0, 100}, 0, missing},
        {"a rate that leads away has none either", {{0, 30}, {10, 20}, {20, 10}}, {0, 50, 20, 0, 100}, 0, missing},
        {"a rate that leads away downwards", {{0, 80}, {10, 90}, {20, 95}}, {0, 50, 20, 100, 0}, 0, missing},
        // rho = 5: 100 + 5 * 30 - 100 = 150, Phi(27)
        {"nothing is required of who stands at the target", {{0, 0}, {10, 50}, {20, 100}}, {0, 50, 20, 0, 100}, 1, 0},
        {"on the due day there is nothing to project",
         {{0, 0}, {10, 20}, {20, 40}},
         {0, 20, 20, 0, 100},
         missing,
         missing},
    };
    for (const auto& c : cases) {
        const auto projection = project_reach(c.readings, c.goal);
        expect_number(projection.probability, c.probability, c.sentence);
        expect_number(projection.required_rate_ratio, c.ratio, c.sentence + " (ratio)");
    }
}

TEST(ReachProjection, KeepsItsWeightsWhenAllReadingsAreVeryOld) {
    const std::vector<Point> readings = {{0, 0}, {10, 20}, {20, 40}};
    const auto projection = project_reach(readings, {0, 40000, 30000, 0, 100});  // 2^(-29980 / 14) is 0 in a double
    EXPECT_NEAR(projection.rate, 2, tiny);
}

TEST(HoldProjection, ProjectsOnlyTheTimeThatIsLeft) {
    struct Case {
        std::string sentence;
        std::vector<double> levels;
        Goal goal;
        double probability;
    };
    const std::vector<Case> cases = {
        // m = 10, squares 8, sd = sqrt(8/3), a = 0, se = 0.816497, half the time left: Phi(1 / 0.408248) =
        // Phi(2.449490)
        {"uncorrelated levels", {8, 10, 12, 10}, {0, 56, 28, 0, 9}, 0.992847},
        // squares 10, products 2 - 1 + 2 = 3, a = 0.3, n_eff = 4 * 0.7 / 1.3 = 2.153846, se = 1.825742 / 1.467599
        // = 1.244034;
        // Phi(1 / 0.622017) = Phi(1.607673)
        {"levels that follow each other say less", {8, 9, 11, 12}, {0, 56, 28, 0, 9}, 0.946047},
        {"exactly at the level is a coin's throw", {8, 10, 12, 10}, {0, 56, 28, 0, 10}, 0.5},
        // dir = -1: Phi(-(10 - 12) / (0.816497 / 2)) = Phi(4.898979)
        {"lower is better where the target is below the baseline", {8, 10, 12, 10}, {0, 56, 28, 20, 12}, 0.99999952},
        // sd = 0: se = 1 % of |9.9 - 0| = 0.099, half of it left: Phi(0.1 / 0.0495) = Phi(2.020202)
        {"a level that never moves has the floor", {10, 10, 10, 10}, {0, 56, 28, 0, 9.9}, 0.978318},
        {"three buckets say nothing", {10, 10, 10}, {0, 56, 28, 0, 9}, missing},
        {"on the due day the mean is compared, not projected", {8, 10, 12, 10}, {0, 28, 28, 0, 9}, missing},
    };
    for (const auto& c : cases) {
        std::vector<Point> buckets;
        for (std::size_t i = 0; i < c.levels.size(); ++i) buckets.push_back({static_cast<double>(7 * i), c.levels[i]});
        expect_number(project_hold(buckets, c.goal), c.probability, c.sentence);
    }
}

TEST(MilestoneProjection, IsTheBetaBinomialTail) {
    struct Case {
        std::string sentence;
        MilestoneOdds odds;
        double probability;
    };
    const std::vector<Case> cases = {
        // (a)_3 / (a+b)_3: denominators 3.8 * 4.8 * 5.8 = 105.792; j = 3: 3.2 * 4.2 * 5.2 = 69.888;
        // j = 2: 3 * 3.2 * 4.2 * 0.6 = 24.192; (69.888 + 24.192) / 105.792
        {"two of three more", {3.2, 0.6, 2, 3}, 0.889292},
        // 2.2 * 3.2 * 4.2 / 105.792 = 29.568 / 105.792
        {"all three more", {2.2, 1.6, 3, 3}, 0.279492},
        // 1.4 * 2.4 * 3.4 * 4.4 / (3 * 4 * 5 * 6) = 50.2656 / 360
        {"all four more after a miss", {1.4, 1.6, 4, 4}, 0.139627},
        {"nothing more is needed", {1.4, 1.6, 0, 4}, 1},
        {"more than needed is delivered", {1.4, 1.6, -2, 0}, 1},
        {"more is needed than remains", {1.4, 0.6, 3, 2}, 0},
        {"nothing remains and one is needed", {5, 1, 1, 0}, 0},
        {"one of one is the mean a / (a + b)", {1.4, 0.6, 1, 1}, 0.7},
    };
    for (const auto& c : cases) expect_number(project_milestones(c.odds), c.probability, c.sentence);
}

TEST(MilestoneProjection, StaysAProbabilityWithHundredsOfMilestones) {
    for (int need = 0; need <= 400; need += 25) {
        const double p = project_milestones({30, 4, need, 400});
        EXPECT_TRUE(p >= 0 && p <= 1) << need << ": " << p;
    }
    EXPECT_NEAR(project_milestones({1, 1, 201, 400}), 200.0 / 401, 1e-9);  // uniform: each of 0..400 equally likely
}

// -- reach ----------------------------------------------------------------------------------------------------------

TEST(ReachPromise, IsJudgedByItsReadings) {
    using enum PromiseState;
    struct Case {
        std::string sentence;
        PromiseRow promise;
        int today;
        PromiseState verdict;
        std::optional<int> kept_on;
    };
    const std::vector<ReadingRow> on_time = {{on(10), 10}, {on(20), 20}, {on(30), 30}};
    const std::vector<ReadingRow> up_and_down = {{on(10), 60}, {on(20), 100}, {on(30), 70}};
    const std::vector<Case> cases = {
        {"it has not begun", reach({}), -3, open, {}},
        {"two readings: unknown", reach({{on(10), 10}, {on(20), 20}}), 20, open, {}},
        // Phi((30 + 70 - 100) / ...) = 0.5
        {"on the line", reach(on_time), 30, slipping, {}},
        // rho = 1.5: 45 + 1.5 * 70 - 100 = 50, sigma 1: Phi(50 / 8.37)
        {"well ahead", reach({{on(10), 15}, {on(20), 30}, {on(30), 45}}), 30, on_track, {}},
        {"far behind", reach({{on(10), 2}, {on(20), 4}, {on(30), 6}}), 30, off_track, {}},
        {"kept from the first reading at the target, whatever comes after", reach(up_and_down), 30, kept, 20},
        {"not yet on the day before", reach(up_and_down), 19, open, {}},
        // rho = 0.6: 96 + 0.6 * 1 - 100 = -3.4, sigma 1: Phi(-3.4)
        {"near the target before the due day is not kept",
         reach({{on(80), 90}, {on(85), 93}, {on(90), 96}}, 5),
         99,
         off_track,
         {}},
        {"near enough on the due day is", reach({{on(80), 90}, {on(85), 93}, {on(90), 96}}, 5), 100, kept, 100},
        {"not near enough is off track on the due day",
         reach({{on(80), 90}, {on(85), 91}, {on(90), 92}}, 5),
         100,
         off_track,
         {}},
        {"a day before its grace ends", reach({{on(90), 92}}, 5), 106, off_track, {}},
        {"missed when its grace has passed", reach({{on(90), 92}}, 5), 107, missed, {}},
        {"a late reading inside the grace keeps it", reach({{on(90), 92}, {on(104), 95}}, 5), 120, kept, 104},
        {"one after the grace does not", reach({{on(90), 92}, {on(108), 120}}, 5), 120, missed, {}},
        {"a reading before the start is none", reach({{on(-1), 120}}), 5, open, {}},
        {"a reading that becomes known later does not exist yet",
         reach({{on(10), 10}, {on(20), 100, false, on(26)}}),
         25,
         open,
         {}},
        {"once known it counts on its own day", reach({{on(10), 10}, {on(20), 100, false, on(26)}}), 26, kept, 20},
    };
    for (const auto& c : cases) {
        const Progress progress = measured(c.promise, c.today);
        EXPECT_EQ(promise_state_name(progress.verdict), promise_state_name(c.verdict))
            << c.sentence << ", P " << progress.probability;
        EXPECT_EQ(progress.kept_on, c.kept_on ? std::optional{on(*c.kept_on)} : std::nullopt) << c.sentence;
    }
}

TEST(ReachPromise, MeasuresProgressPaceAndDaysBehindInEitherDirection) {
    PromiseRow down = reach({{on(10), 75}, {on(20), 70}, {on(30), 68}});  // from 80 down to 40
    down.baseline = 80;
    down.target = 40;
    // p = (68 - 80) / (40 - 80) = 0.3; day 50: g = 0.5; pace -0.2; 50 - 30 = 20 days
    const Progress falling = measured(down, 50);
    expect_number(falling.progress, 0.3, "share of the way down");
    expect_number(falling.pace, -0.2, "pace");
    expect_number(falling.days_behind, 20, "days behind");
    expect_number(falling.value, 68, "the last reading");
    EXPECT_EQ(falling.last_reading, on(30));

    const Progress beyond = measured(reach({{on(10), 150}}), 30);  // p = 1.5, clamped to 1: pace 1 - 0.3
    expect_number(beyond.progress, 1.5, "progress is not clamped");
    expect_number(beyond.pace, 0.7, "pace is");
    expect_number(beyond.days_behind, -70, "30 - 100");
    expect_number(beyond.probability, 1, "kept");
    expect_number(beyond.required_rate_ratio, 0, "nothing more is required");
}

TEST(ReachPromise, TakesTheNewestOfSeveralReadingsOfADay) {
    const Progress progress = measured(reach({{on(10), 10}, {on(20), 99}, {on(20), 20}}), 20);
    expect_number(progress.value, 20, "the later row");
    EXPECT_TRUE(is_missing(progress.probability)) << "two days with readings are two readings";
}

TEST(ReachPromise, FollowsTheCurveThatItNames) {
    RuleSet rules;
    rules.curves = {{"late", {{0, 0}, {0.5, 0.1}, {1, 1}}}};
    PromiseRow promise = reach({{on(50), 10}});
    promise.curve = "late";
    expect_number(measured(promise, 50, rules).pace, 0, "10 % are expected at half time");
    promise.curve = "linear";
    expect_number(measured(promise, 50, rules).pace, -0.4, "0.1 - 0.5");
}

TEST(ReachPromise, LearnsItsCurveFromTwentyKeptOnesOfTheSegment) {
    // Kept ones stand at 20 on day 50 and at 100 on day 100: half time expects 0.2. Three quarters: (0.2 + 1) / 2.
    const auto company = [](int kept) {
        std::vector<PromiseRow> rows;
        for (int i = 0; i < kept; ++i) {
            PromiseRow row = reach({{on(50), 20}, {on(100), 100}});
            row.id = "kept" + std::to_string(i);
            rows.push_back(row);
        }
        PromiseRow now = reach({});
        now.id = "now";
        now.starts_on = on(101);
        now.due_on = on(201);
        rows.push_back(now);
        now.id = "other segment";
        now.customer = "d";
        rows.push_back(now);
        return rows;
    };
    struct Case {
        std::string sentence;
        int kept, today;
        std::size_t promise;
        double expected;
    };
    const std::vector<Case> cases = {
        {"twenty teach their median", 20, 151, 20, 0.2},
        {"between its points it is straight", 20, 176, 20, 0.6},
        {"nineteen do not", 19, 151, 19, 0.5},
        {"another segment has its own", 20, 151, 21, 0.5},
    };
    for (const auto& c : cases) {
        expect_number(measure_promises(company_with(company(c.kept), c.today), {})[c.promise].expected, c.expected,
                      c.sentence);
    }
    // On day 100 itself they are kept that day, not before it.
    PromiseRow running = reach({});
    running.id = "running";
    auto rows = company(20);
    rows.push_back(running);
    const auto at_end = measure_promises(company_with(rows, 100), {});
    expect_number(at_end[21].expected, 1, "linear, at its end");
}

TEST(Promise, DoesNotExistBeforeItIsKnown) {
    PromiseRow promise = milestones(5, 0.8, {1, 2});
    promise.known = on(21);
    EXPECT_EQ(measured(promise, 20).verdict, PromiseState::open);
    EXPECT_TRUE(is_missing(measured(promise, 20).value));
    expect_number(measured(promise, 21).value, 0.4, "from the day it is known on");
}

// -- hold -----------------------------------------------------------------------------------------------------------

TEST(HoldPromise, IsJudgedByItsMeanOnTheDueDay) {
    using enum PromiseState;
    const auto hold = [](std::vector<double> levels) {
        PromiseRow row{
            .id = "p", .kind = PromiseKind::hold, .starts_on = on(0), .due_on = on(56), .target = 9, .quality = 0.5};
        for (std::size_t i = 0; i < levels.size(); ++i)
            row.readings.push_back({on(7 * static_cast<int>(i + 1)), levels[i]});
        return row;
    };
    struct Case {
        std::string sentence;
        std::vector<double> levels;
        int today;
        PromiseState verdict;
        double probability;
    };
    const std::vector<Case> cases = {
        {"three levels say nothing", {8, 10, 12}, 21, open, missing},
        {"four do: Phi(1 / (0.816497 / 2)), see above", {8, 10, 12, 10}, 28, on_track, 0.992847},
        {"a mean of 7: m - V = -2, Phi(-2 / (0.816497 / 2))", {5, 7, 9, 7}, 28, off_track, 0.0000005},
        {"one level at the target keeps nothing before the due day", {9, 9}, 14, open, missing},
        {"the mean (8 + 10 + 12 + 10) / 4 = 10 on the due day", {8, 10, 12, 10}, 56, kept, 1},
        {"a mean of 8.6 is within its quality of 0.5", {8.6, 8.6, 8.6, 8.6}, 56, kept, 1},
        {"a mean of 8.4 is not", {8.4, 8.4, 8.4, 8.4}, 56, off_track, 0},
        {"and is missed when the grace has passed", {8.4, 8.4, 8.4, 8.4}, 63, missed, 0},
        {"a level after the due day does not count", {8.4, 8.4, 8.4, 8.4, 8.4, 8.4, 8.4, 8.4, 99}, 63, missed, 0},
    };
    for (const auto& c : cases) {
        const Progress progress = measured(hold(c.levels), c.today);
        EXPECT_EQ(promise_state_name(progress.verdict), promise_state_name(c.verdict)) << c.sentence;
        expect_number(progress.probability, c.probability, c.sentence);
    }
    const Progress half = measured(hold({4.5, 4.5, 4.5, 4.5}), 28);
    expect_number(half.pace, -0.5, "a level is owed from the first day: 4.5 / 9 - 1");
    EXPECT_TRUE(is_missing(half.days_behind)) << "and has no day on which half of it was expected";
}

// -- milestones -----------------------------------------------------------------------------------------------------

TEST(MilestonePromise, IsProjectedFromTheOnesThatAreDue) {
    using enum PromiseState;
    struct Case {
        std::string sentence;
        PromiseRow promise;
        int today;
        PromiseState verdict;
        double probability;
    };
    PromiseRow early = milestones(5, 0.8, {});
    for (auto& milestone : early.milestones) milestone.delivered_on = on(1);
    PromiseRow carried_over = milestones(5, 0.8, {1, 2});
    carried_over.milestones[0].delivered_on = on(-40);
    PromiseRow late = milestones(5, 0.8, {2});
    late.milestones[0].delivered_on = on(24);
    PromiseRow same_day = milestones(5, 0.8, {});
    same_day.milestones[0].due_on = same_day.milestones[1].due_on = on(20);
    PromiseRow first_of_pair = same_day, second_of_pair = same_day;
    first_of_pair.milestones[0].delivered_on = on(20);
    second_of_pair.milestones[1].delivered_on = on(20);
    const std::vector<Case> cases = {
        {"unknown until one is due", milestones(5, 0.8, {}), 9, open, missing},
        // a = 1.4 + 1 + 0.8 = 3.2, b = 0.6, need 4 - 2, m = 3: 0.889292 as above
        {"two due, two delivered", milestones(5, 0.8, {1, 2}), 20, on_track, 0.889292},
        // a = 1.4 + 0.8, b = 0.6 + 1, need 3, m = 3
        {"the newest missed", milestones(5, 0.8, {1}), 20, off_track, 0.279492},
        // a = 1.4 + 1, b = 0.6 + 0.8: 2.4 * 3.4 * 4.4 / 105.792 = 35.904 / 105.792
        {"the older missed is half forgotten", milestones(5, 0.8, {2}), 20, slipping, 0.339383},
        {"a late delivery counts as delivered", late, 24, on_track, 0.889292},
        {"and not before its day", late, 23, slipping, 0.339383},
        {"one delivered before the start counts", carried_over, 20, on_track, 0.889292},
        {"all four that matter, delivered early, keep it at once", early, 5, kept, 1},
        // need 4, m = 3
        {"two missed of five leave too few", milestones(5, 0.8, {}), 20, off_track, 0},
        // q = 1: a = 3.2, need 3, m = 3: 69.888 / 105.792
        {"all of them are promised", milestones(5, 1, {1, 2}), 20, slipping, 0.660617},
        {"all are promised and one is missed", milestones(5, 1, {1}), 20, off_track, 0},
        {"a share of 0.6 of 5 is 3, not 4", milestones(5, 0.6, {1, 2, 3}), 30, kept, 1},
        // of two on one day the larger id is the later: m1 delivered, m2 missed: a = 1.4 + 0.8, b = 0.6 + 1
        {"of equal due dates the larger id is the newest", first_of_pair, 20, off_track, 0.279492},
        {"and the other way round", second_of_pair, 20, slipping, 0.339383},
        {"yes or no is one milestone", milestones(1, 1, {}), 5, open, missing},
        {"not delivered: missed when due, without grace", milestones(1, 1, {}), 10, missed, 0},
        {"all due missed", milestones(5, 0.8, {}), 50, missed, 0},
    };
    for (const auto& c : cases) {
        const Progress progress = measured(c.promise, c.today, without_grace());
        EXPECT_EQ(promise_state_name(progress.verdict), promise_state_name(c.verdict)) << c.sentence;
        expect_number(progress.probability, c.probability, c.sentence);
    }
}

TEST(MilestonePromise, CountsAsMissedOnlyAfterItsGrace) {
    // With 7 days of grace, on day 20 only m1 (due 10) is due: a = 2.4, b = 0.6, need 3, m = 4.
    // (3)(4)(5)(6) = 360; j = 4: 2.4 * 3.4 * 4.4 * 5.4 = 193.8816; j = 3: 4 * 2.4 * 3.4 * 4.4 * 0.6 = 86.1696; 280.0512
    // / 360
    expect_number(measured(milestones(5, 0.8, {1}), 20).probability, 0.777920,
                  "m2 was due today, which is no miss yet");
    expect_number(measured(milestones(5, 0.8, {1}), 27).probability, 0.279492, "a week later it is");
}

TEST(MilestonePromise, WeighsItsProgressAndExpectsWhatIsDue) {
    PromiseRow promise = milestones(4, 1, {1});
    for (std::size_t i = 0; i < 4; ++i) promise.milestones[i].weight = static_cast<double>(i + 1);  // 1 2 3 4: of 10
    // Day 25: m1 and m2 are due, 0.3 of the weight; delivered 0.1; the day that went beyond 0.1 was day 20.
    const Progress progress = measured(promise, 25);
    expect_number(progress.value, 0.1, "delivered");
    expect_number(progress.expected, 0.3, "due");
    expect_number(progress.pace, -0.2, "pace");
    expect_number(progress.days_behind, 5, "25 - 20");
    expect_number(measured(promise, 19).days_behind, 0, "nothing new is due before day 20");
    for (auto& milestone : promise.milestones) milestone.weight = 0;
    expect_number(measured(promise, 25).value, 0.25, "without any weight all weigh the same");
}

TEST(MilestonePromise, IgnoresDeliveriesThatAreStillToCome) {
    const PromiseRow known = milestones(5, 0.8, {1}), all = milestones(5, 0.8, {1, 2, 3, 4, 5});
    for (const int today : {5, 10, 19}) {
        const Progress a = measured(known, today), b = measured(all, today);
        expect_number(b.probability, a.probability, "probability as of day " + std::to_string(today));
        EXPECT_EQ(b.last_reading, a.last_reading);
        expect_number(b.value, a.value, "value");
    }
}

// -- what cannot be measured, and what people say -------------------------------------------------------------------

TEST(Unmeasurable, SaysWhy) {
    RuleSet rules;
    rules.signals = {{.name = "calls", .from = "calls", .measure = Measure::sum},
                     {.name = "plan_value", .from = "customers", .measure = Measure::value}};
    const auto with = [](auto change) {
        PromiseRow row = reach({{on(1), 1}, {on(2), 2}, {on(3), 3}});
        change(row);
        return row;
    };
    struct Case {
        std::string sentence;
        PromiseRow promise;
        int today;
        std::string why;
    };
    const std::vector<Case> cases = {
        {"without a target", with([](auto& row) { row.target = missing; }), 5, "it has no target"},
        {"milestones without milestones", with([](auto& row) {
             row.kind = PromiseKind::milestones;
             row.target = 0.5;
         }),
         5, "it has no milestones"},
        {"more than all of them", with([](auto& row) {
             row.kind = PromiseKind::milestones;
             row.target = 1.5;
         }),
         5, "its target is not a share between 0 and 1"},
        {"measured by something that is no signal", with([](auto& row) { row.measured_by = "clals"; }), 5,
         "measured_by \"clals\" is no signal"},
        {"measured by a signal whose dataset is not there", with([](auto& row) { row.measured_by = "calls"; }), 5,
         "dataset calls is not mapped"},
        {"measured by a signal that does not add up", with([](auto& row) { row.measured_by = "plan_value"; }), 5,
         "signal plan_value is no count, sum or active_days of a dataset"},
        {"a curve that nobody drew", with([](auto& row) { row.curve = "lat"; }), 5, "its curve \"lat\" is not defined"},
        {"no reading yet, the thirtieth day", with([](auto& row) { row.readings = {}; }), 30, ""},
        {"no reading for longer", with([](auto& row) { row.readings = {}; }), 31, "no reading for 31 days"},
        {"readings stopped", with([](auto&) {}), 40, "no reading for 37 days"},
        {"never any, and over", with([](auto& row) { row.readings = {}; }), 107, "no measured reading by its end"},
    };
    for (const auto& c : cases) {
        const Progress progress = measured(c.promise, c.today, rules);
        EXPECT_EQ(progress.why_unmeasurable, c.why) << c.sentence;
        EXPECT_EQ(progress.verdict == PromiseState::unmeasurable, !c.why.empty()) << c.sentence;
        EXPECT_TRUE(c.why.empty() || is_missing(progress.probability)) << c.sentence;
    }
}

TEST(Unmeasurable, WithoutAKeeperWhereOthersHaveOne) {
    PromiseRow kept = milestones(5, 0.8, {1}), lost = kept;
    kept.kept_by = "jo";
    lost.id = "q";
    const auto progress = measure_promises(company_with({kept, lost}, 20), {});
    EXPECT_EQ(progress[0].why_unmeasurable, "");
    EXPECT_EQ(progress[1].why_unmeasurable, "nobody keeps it");
    EXPECT_EQ(measured(lost, 20).why_unmeasurable, "") << "where nobody is named, none is missed";
    kept.known = on(21);
    EXPECT_EQ(measure_promises(company_with({kept, lost}, 20), {})[1].why_unmeasurable, "")
        << "a promise that nobody knows yet names nobody";
}

TEST(NotLoaded, SaysNothingAboutThePromise) {
    Snapshot snapshot = company_with({reach({}), milestones(5, 0.8, {})}, 60);
    for (Feed& feed : snapshot.feeds) feed.loaded = false;
    for (const Progress& progress : measure_promises(snapshot, {})) {
        EXPECT_TRUE(progress.not_loaded);
        EXPECT_EQ(progress.verdict, PromiseState::open);
        EXPECT_TRUE(is_missing(progress.probability));
    }
}

TEST(SelfReport, CountsHalfAndOnlyWhereNothingIsMeasured) {
    using enum PromiseState;
    struct Case {
        std::string sentence;
        std::vector<ReadingRow> readings;
        int today;
        PromiseState verdict;
        double probability;
        bool reported, disputed;
    };
    const std::vector<ReadingRow> poor = {{on(10), 2}, {on(20), 4}, {on(30), 6}};
    const auto and_report = [](std::vector<ReadingRow> readings, int at, double value) {
        readings.push_back({on(at), value, true});
        return readings;
    };
    const std::vector<Case> cases = {
        // nothing decided yet: the rate is 1.4 / 2 = 0.7; 0.5 * 1 + 0.5 * 0.7
        {"kept, they say, and nobody measures", {{on(40), 100, true}}, 40, on_track, 0.85, true, false},
        {"one report says nothing yet", {{on(40), 40, true}}, 40, open, missing, false, false},
        // three on the line: 0.5 * 0.5 + 0.5 * 0.7
        {"three reports on the line",
         {{on(10), 10, true}, {on(20), 20, true}, {on(30), 30, true}},
         30,
         slipping,
         0.6,
         false,
         false},
        {"kept, they say, against fresh readings", and_report(poor, 35, 100), 35, off_track, 0, true, true},
        {"the last reading is 30 days old and still fresh", and_report(poor, 35, 100), 60, off_track, 0, true, true},
        {"on the next day it is not", and_report(poor, 35, 100), 61, on_track, 0.85, true, false},
        {"at its end their word alone is no proof", {{on(90), 100, true}}, 107, unmeasurable, missing, true, false},
        {"nor against it: who says 90 has missed 100", {{on(90), 90, true}}, 107, missed, 0, false, false},
        {"missed, whatever they say", and_report(poor, 95, 100), 107, missed, 0, true, true},
    };
    for (const auto& c : cases) {
        const Progress progress = measured(reach(c.readings), c.today);
        EXPECT_EQ(promise_state_name(progress.verdict), promise_state_name(c.verdict)) << c.sentence;
        expect_number(progress.probability, c.probability, c.sentence);
        EXPECT_EQ(progress.reported_kept, c.reported) << c.sentence;
        EXPECT_EQ(progress.disputed, c.disputed) << c.sentence;
    }
}

TEST(SelfReport, IsWeighedWithTheKeptRateOfTheSegment) {
    PromiseRow word = reach({{on(140), 100, true}}), kept = milestones(1, 1, {1}), missed = milestones(1, 1, {});
    word.id = "w";
    word.starts_on = on(100);
    word.due_on = on(200);
    std::vector<PromiseRow> rows = {word, kept, missed, missed, missed};
    for (std::size_t i = 1; i < rows.size(); ++i) rows[i].id = std::to_string(i);
    rows[4].customer = "d";  // another segment
    // one kept, two missed: 0.5 + 0.5 / 3
    expect_number(measure_promises(company_with(rows, 140), {})[3].probability, 2.0 / 3,
                  "promises sorted by customer, then id: w is the fourth");
}

TEST(SelfReport, IsWeighedWithThePromisesInForceOnly) {
    PromiseRow word = reach({{on(40), 100, true}}), first = milestones(1, 1, {}), second = milestones(15, 1, {});
    word.id = "w";
    first.id = second.id = "m";
    second.known = on(5);
    Snapshot snapshot = company_with({first, second, word}, 40);
    ASSERT_EQ(snapshot.text(snapshot.promises[2].id), "w");
    const auto in_force = [](const Promise& promise) { return has_begun(promise, on(40)); };
    snapshot.promises[0].replaced = snapshot.promises[1].known;
    ASSERT_EQ(std::ranges::count_if(snapshot.promises, in_force), 2);
    expect_number(measure_promises(snapshot, {})[2].probability, 0.5 + 0.5 * 0.7,
                  "the first version would have been missed, the second is not due");
    const std::vector<std::optional<Day>> kept = {on(8), on(8), std::nullopt};
    snapshot.promises.push_back(snapshot.promises[0]);
    snapshot.promises.back().replaced = std::nullopt;
    expect_number(measure_promises(snapshot, {}, {.kept_before = kept})[2].probability, 0.5 + 0.5 * 0.5,
                  "one kept, whatever versions it has; one missed");
}

// -- measured by a signal -------------------------------------------------------------------------------------------

/// Ten calls a day from day 0 to day `last`.
company::Company with_calls(int last, int today) {
    company::Company company{.as_of = on(today), .read_from = on(-10), .customers = {{.id = "c", .segment = "north"}}};
    for (int i = 0; i <= last; ++i) company.feeds["calls"].rows.push_back({.customer = "c", .day = on(i), .value = 10});
    return company;
}

Progress measured_by_calls(PromiseRow row, int last, int today) {
    RuleSet rules;
    rules.signals = {{.name = "calls", .from = "calls", .measure = Measure::sum, .window = days{7}}};
    row.customer = "c";
    row.measured_by = "calls";
    Snapshot snapshot = company::snapshot_of(with_calls(last, today));
    company::add_promises(snapshot, {row});
    return measure_promises(snapshot, rules).front();
}

TEST(MeasuredByASignal, ReachesItsSumSinceTheStart) {
    PromiseRow promise = reach({});
    promise.target = 1000;
    // Days 0 to 29: 300 calls. Weeks end on days 6, 13, 20, 27 (70, 140, 210, 280), and today.
    const Progress progress = measured_by_calls(promise, 29, 29);
    expect_number(progress.value, 300, "since the start");
    expect_number(progress.progress, 0.3, "of a thousand");
    EXPECT_EQ(progress.last_reading, on(29));
    // rho = (300 - 70) / 23 = 10; 300 + 10 * 71 - 1000 = 10; sigma floor 10: Phi(10 / (10 sqrt 71)) = Phi(0.118678)
    expect_number(progress.probability, 0.547235, "ten a day just suffice");
    promise.starts_on = on(10);
    expect_number(measured_by_calls(promise, 29, 29).value, 200, "what came before the start does not count");
    promise.starts_on = on(-20);
    EXPECT_EQ(measured_by_calls(promise, 29, 29).why_unmeasurable, "it starts before the history that is read");
}

TEST(MeasuredByASignal, StaysDecidedOnLaterDays) {
    PromiseRow promise = reach({});
    promise.due_on = on(20);
    promise.target = 205;
    for (int today = 20; today < 60; ++today) {  // 210 by day 20, the day it is due
        const Progress progress = measured_by_calls(promise, today, today);
        EXPECT_EQ(progress.kept_on, on(20)) << today;
    }
    promise.target = 285;  // 280 by day 27, when its grace ends
    for (int today = 27; today < 60; ++today) {
        EXPECT_EQ(promise_state_name(measured_by_calls(promise, today, today).verdict), "missed") << today;
    }
}

TEST(MeasuredByASignal, HoldsItsWeeklyValues) {
    PromiseRow promise{.id = "p", .kind = PromiseKind::hold, .starts_on = on(0), .due_on = on(56), .target = 69};
    expect_number(measured_by_calls(promise, 30, 30).value, 70, "a week");
    EXPECT_TRUE(is_missing(measured_by_calls(promise, 26, 26).probability)) << "three whole weeks say nothing";
    // se = floor = 0.69; (56 - 30) / 56 = 0.464286 of the time left: Phi(1 / 0.320357) = Phi(3.121516)
    expect_number(measured_by_calls(promise, 30, 30).probability, 0.9991003, "four do");
    EXPECT_EQ(measured_by_calls(promise, 56, 56).kept_on, on(56));
}

// -- the state that is shown ----------------------------------------------------------------------------------------

TEST(PromiseStateShown, NeedsTwoDaysToGetWorse) {
    using enum PromiseState;
    struct Case {
        std::string sentence;
        std::vector<PromiseState> verdicts;
        PromiseState shown;
    };
    const std::vector<Case> cases = {
        {"the first day sets it directly", {off_track}, off_track},
        {"one bad day is not shown", {on_track, off_track}, on_track},
        {"two are", {on_track, off_track, off_track}, off_track},
        {"of two bad days the milder is shown", {on_track, off_track, slipping}, slipping},
        {"and on the next worse day again two are needed", {on_track, slipping, off_track}, slipping},
        {"three days down", {on_track, slipping, off_track, off_track}, off_track},
        {"a good day between starts the count again", {on_track, slipping, on_track, slipping}, on_track},
        {"better applies at once", {off_track, on_track}, on_track},
        {"kept at once", {off_track, kept}, kept},
        {"missed at once", {on_track, missed}, missed},
        {"a late reading turns missed into kept", {missed, kept}, kept},
        {"what was open is set directly", {open, off_track}, off_track},
        {"what becomes unknown is open at once", {slipping, open}, open},
        {"no longer measurable is worse, and takes two days", {on_track, unmeasurable}, on_track},
        {"two days", {on_track, unmeasurable, unmeasurable}, unmeasurable},
        {"measurable again is better", {unmeasurable, off_track}, off_track},
        {"a correction takes `kept` back after two days", {kept, off_track}, kept},
    };
    for (const auto& c : cases) {
        std::optional<PromiseDay> before;
        for (const PromiseState verdict : c.verdicts) {
            const PromiseState shown = next_promise_state(before ? &*before : nullptr, verdict);
            before = PromiseDay{.day = on(0), .state = shown, .verdict = verdict};
        }
        EXPECT_EQ(promise_state_name(before->state), promise_state_name(c.shown)) << c.sentence;
    }
}

TEST(PromiseStateName, IsReadBack) {
    using enum PromiseState;
    for (const PromiseState state : {open, on_track, slipping, off_track, kept, missed, unmeasurable}) {
        EXPECT_EQ(parse_promise_state(promise_state_name(state)), state);
    }
    EXPECT_EQ(parse_promise_state("late"), std::nullopt);
}

// -- signals over promises ------------------------------------------------------------------------------------------

double signal_value(const std::vector<PromiseRow>& rows, int today, Measure measure, std::optional<double> grace = {},
                    const RuleSet& rules = {}) {
    const Snapshot snapshot = company_with(rows, today);
    const auto progress = measure_promises(snapshot, rules);
    return PromiseMeasures(snapshot, rules, progress)
        .measure({.name = "s", .from = "promises", .measure = measure, .grace = grace}, 0)
        .raw;
}

TEST(MilestoneSignals, PoolTheMilestonesOfAllPromises) {
    PromiseRow one = milestones(4, 0.5, {1, 3}), two = milestones(3, 1, {1, 2}), far = milestones(2, 1, {});
    two.id = "q";
    two.due_on += days{5};
    for (auto& milestone : two.milestones) milestone.due_on += days{5};  // due 15, 25, 35; delivered 10, 20
    far.id = "r";
    far.starts_on += days{200};
    far.due_on += days{200};
    for (auto& milestone : far.milestones) milestone.due_on += days{200};
    const std::vector<PromiseRow> rows = {one, two, far};
    struct Case {
        std::string sentence;
        int today;
        Measure measure;
        double grace, value;
    };
    using enum Measure;
    const std::vector<Case> cases = {
        {"nothing due yet", 9, milestone_attainment, 0, missing},
        // due 10: delivered, and the last one: (1 + 1) / 2
        {"one due and delivered", 10, milestone_attainment, 0, 1},
        // due 10 15 20: two delivered, the last (20) not: 2 / 4
        {"the last one missed counts twice", 20, milestone_attainment, 0, 0.5},
        // due 10 15 20 25 30: delivered 10 15 25 30, the last is: (4 + 1) / 6
        {"the last one delivered counts twice", 30, milestone_attainment, 0, 5.0 / 6},
        // with 7 days of grace on day 30, due 10 15 20: 2 / 4
        {"a grace of its own", 30, milestone_attainment, 7, 0.5},
        {"one overdue on day 30", 30, overdue, 0, 1},
        {"with grace none on day 26", 26, overdue, 7, 0},
        {"three overdue on day 40: 20, 35, 40", 40, overdue, 0, 3},
        {"the next one due on day 31 is that of day 35", 31, next_due_days, 0, 4},
        {"one due today is due in 0 days", 40, next_due_days, 0, 0},
        {"none is left, and the far promise has not begun", 41, next_due_days, 0, missing},
        {"remembered to day 35 + 90 and 40 + 90", 125, overdue, 0, 3},
        {"the second promise is forgotten", 126, overdue, 0, 2},
        {"both are forgotten", 131, overdue, 0, 0},
    };
    for (const auto& c : cases) expect_number(signal_value(rows, c.today, c.measure, c.grace), c.value, c.sentence);
}

TEST(MilestoneQuality, IsTheWeightedMeanOfWhatIsKnown) {
    PromiseRow promise = milestones(4, 1, {1, 2, 3});
    promise.milestones[0].quality = 80;  // delivered 10, known 24
    promise.milestones[1].quality = 50;
    promise.milestones[1].weight = 3;
    promise.milestones[1].quality_known_on = on(21);  // delivered 20, known 21
    struct Case {
        std::string sentence;
        int today;
        double value;
    };
    const std::vector<Case> cases = {
        {"delivered, not yet known", 20, missing},
        {"known on the day it says", 21, 50},
        {"the other, without a day, 14 days after delivery: (3 * 50 + 80) / 4", 24, 57.5},
        {"a delivery without quality does not count", 60, 57.5},
    };
    for (const auto& c : cases)
        expect_number(signal_value({promise}, c.today, Measure::milestone_quality), c.value, c.sentence);
}

TEST(KeptProbability, IsTheImportanceWeightedMean) {
    PromiseRow one = milestones(5, 0.8, {1, 2}), two = milestones(1, 1, {}), unknown = reach({});
    two.id = "q";
    two.importance = 3;
    unknown.id = "r";
    const RuleSet rules = without_grace();
    // 0.889292 with weight 1, a missed one (0) with weight 3, an unknown one not at all
    expect_number(signal_value({one, two, unknown}, 20, Measure::kept_probability, {}, rules), 0.889292 / 4, "mean");
    expect_number(signal_value({unknown}, 20, Measure::kept_probability, {}, rules), missing, "nothing known");
    expect_number(signal_value({}, 20, Measure::kept_probability, {}, rules), missing, "nothing promised");
}

TEST(PromiseSignals, AreMissingWhileTheirRowsAreNotLoaded) {
    Snapshot snapshot = company_with({milestones(5, 0.8, {})}, 40);
    for (Feed& feed : snapshot.feeds) feed.loaded = feed.dataset != "milestones";
    const RuleSet rules;
    const auto progress = measure_promises(snapshot, rules);
    const PromiseMeasures measures(snapshot, rules, progress);
    for (const Measure measure : {Measure::milestone_attainment, Measure::overdue, Measure::kept_probability}) {
        EXPECT_TRUE(is_missing(measures.measure({.measure = measure}, 0).raw));
    }
}

}  // namespace
}  // namespace retaind
