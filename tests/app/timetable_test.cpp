// When turns are due, over the days on which clocks change.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "app/timetable.hpp"
#include "edge/zones/zones.hpp"

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

TEST(LongestPause, IsTheIntervalOrTheLargestGapOfADay) {
    EXPECT_EQ(longest_pause({.interval = 15min}), 15min);
    EXPECT_EQ(longest_pause({.schedule = {"06:00"}}), 24h);
    EXPECT_EQ(longest_pause({.schedule = {"06:00", "12:00"}}), 18h);
    EXPECT_EQ(longest_pause({.schedule = {"00:00", "09:00", "17:00"}}), 9h);
}

}  // namespace
}  // namespace retaind
