// When turns are due, over the days on which clocks change.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/timetable.hpp"
#include "edge/zones/zones.hpp"
#include "support/set_clock.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;

Instant at(const std::string& text) {
    const Moment moment = *parse_moment(text);
    return Instant{moment.day} + *moment.time_of_day;
}

/// The turns after `from`, one after another.
std::vector<std::string> turns(const Settings& settings, const std::string& from, int count) {
    const Zone zone = *load_zone(settings.timezone);
    std::vector<std::string> found;
    for (Instant turn = at(from); count > 0; --count) {
        turn = next_turn(settings, zone, turn);
        found.push_back(format_instant(turn).substr(0, 16));
    }
    return found;
}

TEST(NextTurn, IsOneIntervalAwayOrTheNextTimeOfTheDay) {
    struct Case {
        std::string sentence;
        Settings settings;
        std::string from;
        std::vector<std::string> turns;
    };
    const std::string berlin = "Europe/Berlin";
    const std::vector<Case> cases = {
        {"an interval", {.interval = 15min}, "2026-03-01 10:07", {"2026-03-01T10:22", "2026-03-01T10:37"}},
        {"times of day, over midnight",
         {.schedule = {"06:00", "12:00"}},
         "2026-03-01 07:00",
         {"2026-03-01T12:00", "2026-03-02T06:00", "2026-03-02T12:00"}},
        {"a turn at its very time is over", {.schedule = {"06:00"}}, "2026-03-01 06:00", {"2026-03-02T06:00"}},
        {"in the daemon's zone, whose day has begun already",
         {.schedule = {"00:30"}, .timezone = berlin},
         "2026-01-31 23:10",
         {"2026-01-31T23:30", "2026-02-01T23:30"}},
        {"a time that spring skips runs when the gap is over, the day after at its time",
         {.schedule = {"02:30"}, .timezone = berlin},
         "2026-03-28 12:00",
         {"2026-03-29T01:00", "2026-03-30T00:30"}},
        {"two times in the gap are one turn",
         {.schedule = {"02:15", "02:45", "04:00"}, .timezone = berlin},
         "2026-03-28 12:00",
         {"2026-03-29T01:00", "2026-03-29T02:00", "2026-03-30T00:15"}},
        {"a time that autumn repeats runs once",
         {.schedule = {"02:30"}, .timezone = berlin},
         "2026-10-24 12:00",
         {"2026-10-25T00:30", "2026-10-26T01:30"}},
        {"also when the daemon is started in the repeated hour",
         {.schedule = {"02:30"}, .timezone = berlin},
         "2026-10-25 01:10",
         {"2026-10-26T01:30"}},
        {"a day that a zone skips altogether",
         {.schedule = {"06:00"}, .timezone = "Pacific/Apia"},
         "2011-12-29 17:00",
         {"2011-12-30T10:00", "2011-12-30T16:00"}},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(turns(c.settings, c.from, static_cast<int>(c.turns.size())), c.turns) << c.sentence;
    }
}

class Turns : public testing::Test {
protected:
    /// Time goes by, looked at as often as the daemon does; the minutes at which a turn was due.
    std::vector<int> due_within(Seconds span) {
        std::vector<int> due;
        const Seconds until = gone_ + span;
        while (gone_ < until) {
            const Seconds step = std::min(std::max(timetable_.pause(), Seconds{1}), until - gone_);
            clock_.advance(step);
            gone_ += step;
            if (timetable_.look().is_due) due.push_back(static_cast<int>(gone_ / 1min));
        }
        return due;
    }

    test::SetClock clock_{at("2026-03-01 10:00")};
    Timetable timetable_{Settings{.interval = 15min}, Zone{}, clock_};
    Seconds gone_{0};
};

TEST_F(Turns, ComeAtTheIntervalAndWhenPeopleWaitForSomething) {
    EXPECT_EQ(due_within(40min), (std::vector<int>{15, 30}));
    timetable_.turn_ended(true, at("2026-03-01 10:40"));
    EXPECT_EQ(due_within(30min), (std::vector<int>{40, 55})) << "the next one is counted from there";
    timetable_.turn_ended(true, at("2026-03-01 12:00"));
    EXPECT_EQ(due_within(30min), (std::vector<int>{70, 85})) << "what is far away puts nothing off";
    timetable_.turn_ended(true, at("2026-03-01 11:30"));
    EXPECT_EQ(due_within(1min), (std::vector<int>{100})) << "what passed while the turn ran is due at once";
}

TEST_F(Turns, AreSharedByThoseWhoWaitForNearlyTheSameTime) {
    timetable_.turn_ended(true, at("2026-03-01 10:06"));
    EXPECT_EQ(due_within(14min), (std::vector<int>{10})) << "one reading serves the five minutes before it";
}

TEST_F(Turns, ComeSoonAfterAFailure) {
    EXPECT_EQ(due_within(15min).size(), 1u);
    timetable_.turn_ended(false, {});
    EXPECT_EQ(timetable_.pause(), retry_after_failure);
    EXPECT_EQ(due_within(1min).size(), 1u) << "until it has ended the failure is no longer counted";
}

TEST_F(Turns, AreAtMostAnIntervalAwayWhateverTheClockDoes) {
    for (const Seconds jump :
         {Seconds{1h}, Seconds{-1h}, Seconds{24h}, Seconds{-24h}, Seconds{87600h}, Seconds{-87600h}}) {
        clock_.jump(jump);
        clock_.advance(1s);
        const Timetable::Look look = timetable_.look();
        EXPECT_EQ(look.jumped_by, jump);
        EXPECT_TRUE(look.is_due) << "also after a jump back: the plan was another clock's";
        EXPECT_LE(timetable_.planned() - clock_.now(), 15min);
        EXPECT_FALSE(timetable_.look().jumped_by) << "said once";
    }
    clock_.jump(15s);
    EXPECT_FALSE(timetable_.look().jumped_by) << "clocks are set by seconds all the time";
}

TEST_F(Turns, AreNotPutOffByReloads) {
    for (int reload = 0; reload < 20; ++reload) {
        clock_.advance(1min);
        gone_ += 1min;
        timetable_.replace(Settings{.interval = 15min}, Zone{});
        if (!timetable_.look().is_due) continue;
        EXPECT_EQ(gone_, 15min);
        return;
    }
    FAIL() << "never due";
}

TEST(LongestPause, IsTheIntervalOrTheLargestGapOfADay) {
    EXPECT_EQ(longest_pause({.interval = 15min}), 15min);
    EXPECT_EQ(longest_pause({.schedule = {"06:00"}}), 24h);
    EXPECT_EQ(longest_pause({.schedule = {"06:00", "12:00"}}), 18h);
    EXPECT_EQ(longest_pause({.schedule = {"00:00", "09:00", "17:00"}}), 9h);
}

}  // namespace
}  // namespace retaind
