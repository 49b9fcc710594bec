// Errors, results, days, instants, zones and words: what every other room stands on.
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/base/error.hpp"
#include "retaind/base/result.hpp"
#include "retaind/base/time.hpp"
#include "retaind/base/value.hpp"
#include "retaind/base/words.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::year_month_day;

Day day(int year, unsigned month, unsigned day_of_month) {
    return Day{year_month_day{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day_of_month}}};
}

// -- errors ---------------------------------------------------------------------------------------------------------

TEST(ExitCode, IsTheDocumentedOneForEachKind) {
    const std::vector<std::pair<ErrorKind, int>> cases = {
        {ErrorKind::findings, 1}, {ErrorKind::delivery, 1}, {ErrorKind::usage, 2}, {ErrorKind::config, 3},
        {ErrorKind::source, 4},   {ErrorKind::bad_data, 4}, {ErrorKind::state, 5}, {ErrorKind::state_lost, 6},
    };
    for (const auto& [kind, code] : cases) EXPECT_EQ(exit_code(kind), code);
}

TEST(ErrorText, LeavesOutWhatIsNotKnown) {
    struct Case {
        std::string sentence;
        Error error;
        std::string text;
    };
    const std::vector<Case> cases = {
        {"everything is known",
         {.message = "unknown key \"wieght\"", .hint = "did you mean \"weight\"?", .where = {"saas.toml", 12, 3}},
         "saas.toml:12:3: unknown key \"wieght\" (did you mean \"weight\"?)"},
        {"the column is not known", {.message = "bad", .where = {"a.toml", 7, 0}}, "a.toml:7: bad"},
        {"only the file is known", {.message = "cannot be read", .where = {"a.toml", 0, 0}}, "a.toml: cannot be read"},
        {"the text came without a file", {.message = "bad", .where = {"", 7, 2}}, "line 7:2: bad"},
        {"nothing but the message", {.message = "no rows"}, "no rows"},
        {"a message and a hint", {.message = "no rows", .hint = "is the feed on?"}, "no rows (is the feed on?)"},
    };
    for (const auto& c : cases) EXPECT_EQ(to_string(c.error), c.text) << c.sentence;
}

TEST(ResultOfAValue, HoldsEitherTheValueOrTheError) {
    const Result<int> good = 4;
    EXPECT_TRUE(good.ok());
    EXPECT_EQ(*good, 4);
    const Result<int> bad = Error{.kind = ErrorKind::source, .message = "down"};
    EXPECT_FALSE(bad);
    EXPECT_EQ(bad.error().message, "down");
}

TEST(ResultOfNothing, IsSuccessUnlessItHoldsAnError) {
    EXPECT_TRUE(Result<void>{}.ok());
    const Result<void> bad = Error{.message = "down"};
    EXPECT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().message, "down");
}

// -- numbers and truth ----------------------------------------------------------------------------------------------

TEST(Truths, FollowKleene) {
    const std::array all = {Truth::no, Truth::unknown, Truth::yes};
    const std::array<std::array<Truth, 3>, 3> conjunction = {{
        {Truth::no, Truth::no, Truth::no},
        {Truth::no, Truth::unknown, Truth::unknown},
        {Truth::no, Truth::unknown, Truth::yes},
    }};
    for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t b = 0; b < 3; ++b) {
            EXPECT_EQ(both(all[a], all[b]), conjunction[a][b]);
            EXPECT_EQ(either(all[a], all[b]), negation(both(negation(all[a]), negation(all[b])))) << "De Morgan";
        }
    }
    EXPECT_EQ(negation(Truth::unknown), Truth::unknown);
    EXPECT_EQ(truth(true), Truth::yes);
    EXPECT_EQ(truth(false), Truth::no);
}

TEST(Values, AMissingNumberIsNoValue) {
    EXPECT_FALSE(Value::of(missing).known());
    EXPECT_FALSE(Value::none().known());
    EXPECT_TRUE(Value::of(0.0).known());
    EXPECT_TRUE(Value::of(std::string_view{""}).known()) << "an empty text is a text";
    EXPECT_EQ(Value::of(false).kind, Value::Kind::boolean);
}

// -- days -----------------------------------------------------------------------------------------------------------

TEST(ParseDay, TakesRealDaysOnlyAndOnlyInOneForm) {
    struct Case {
        std::string text;
        std::optional<Day> expected;
        std::string sentence;
    };
    const std::vector<Case> cases = {
        {"2026-03-01", day(2026, 3, 1), "a plain day"},
        {"2024-02-29", day(2024, 2, 29), "the leap day of a leap year"},
        {"2023-02-29", std::nullopt, "no leap day in 2023"},
        {"1900-02-29", std::nullopt, "1900 was no leap year"},
        {"2000-02-29", day(2000, 2, 29), "2000 was one"},
        {"2100-02-29", std::nullopt, "2100 will be none"},
        {"2026-01-31", day(2026, 1, 31), "the last of a long month"},
        {"2026-04-30", day(2026, 4, 30), "the last of a short month"},
        {"2026-04-31", std::nullopt, "one too many"},
        {"2026-12-31", day(2026, 12, 31), "the last of the year"},
        {"2026-00-10", std::nullopt, "no month 0"},
        {"2026-13-10", std::nullopt, "no month 13"},
        {"2026-10-00", std::nullopt, "no day 0"},
        {"1900-01-01", day(1900, 1, 1), "the first day that is a fact"},
        {"1899-12-31", std::nullopt, "before it: a sentinel"},
        {"2199-12-31", day(2199, 12, 31), "the last day that is a fact"},
        {"2200-01-01", std::nullopt, "after it"},
        {"0000-00-00", std::nullopt, "MySQL's zero date"},
        {"9999-12-31", std::nullopt, "somebody's for ever"},
        {"2026-3-1", std::nullopt, "two digits, please"},
        {"26-03-01", std::nullopt, "four digits, please"},
        {"01.03.2026", std::nullopt, "a German date"},
        {"03/01/2026", std::nullopt, "an American date"},
        {"2026/03/01", std::nullopt, "slashes"},
        {"20260301", std::nullopt, "no hyphens"},
        {" 2026-03-01", std::nullopt, "a space before"},
        {"2026-03-01 ", std::nullopt, "a space after"},
        {"2026-03-01T00:00:00", std::nullopt, "a time is not part of a day"},
        {"-026-03-01", std::nullopt, "a sign is not a digit"},
        {"2026-03-0x", std::nullopt, "a letter is not a digit"},
        {"2026-03", std::nullopt, "a month is not a day"},
        {std::string("2026-03-01\0", 11), std::nullopt, "nor may a NUL follow"},
        {"", std::nullopt, "nothing"},
    };
    for (const auto& c : cases) EXPECT_EQ(parse_day(c.text), c.expected) << c.text << ": " << c.sentence;
}

TEST(FormatDay, IsReadBackAsTheSameDayEveryDayOfThreeCenturies) {
    for (Day d = day(first_year, 1, 1); d <= day(last_year, 12, 31); d += std::chrono::days{1}) {
        ASSERT_EQ(parse_day(format_day(d)), d) << format_day(d);
    }
}

// -- moments --------------------------------------------------------------------------------------------------------

TEST(ParseMoment, KeepsWhatWasWrittenAndNothingElse) {
    struct Case {
        std::string text;
        std::optional<Seconds> time_of_day;
        std::optional<Seconds> utc_offset;
        std::string sentence;
    };
    const Seconds noon = 12h + 13min + 14s;
    const std::vector<Case> cases = {
        {"2026-03-01", std::nullopt, std::nullopt, "a date alone"},
        {"2026-03-01T12:13:14Z", noon, 0s, "UTC"},
        {"2026-03-01 12:13:14", noon, std::nullopt, "naive, with a space"},
        {"2026-03-01T12:13", 12h + 13min, std::nullopt, "no seconds"},
        {"2026-03-01 12:13:14.5", noon, std::nullopt, "a fraction is dropped, never rounded up"},
        {"2026-03-01 12:13:14.999999999999+02", noon, 2h, "also a long one"},
        {"2026-03-01T12:13:14+02:00", noon, 2h, "with a colon"},
        {"2026-03-01T12:13:14+0200", noon, 2h, "without"},
        {"2026-03-01T12:13:14-03:30", noon, -(3h + 30min), "Newfoundland"},
        {"2026-03-01T12:13:14+05:45", noon, 5h + 45min, "Nepal"},
        {"2026-03-01T12:13:14-00:00", noon, 0s, "minus nothing"},
        {"2026-03-01T00:00:00+14:00", 0s, 14h, "the line islands"},
        {"2026-03-01T23:59:59Z", 23h + 59min + 59s, 0s, "the last second"},
    };
    for (const auto& c : cases) {
        const auto moment = parse_moment(c.text);
        ASSERT_TRUE(moment) << c.text << ": " << c.sentence;
        EXPECT_EQ(moment->day, day(2026, 3, 1)) << c.text;
        EXPECT_EQ(moment->time_of_day, c.time_of_day) << c.text << ": " << c.sentence;
        EXPECT_EQ(moment->utc_offset, c.utc_offset) << c.text << ": " << c.sentence;
    }
}

TEST(ParseMoment, RefusesWhatItWouldHaveToGuess) {
    const std::vector<std::string> cases = {
        "2026-03-01T",
        "2026-03-01T12",
        "2026-03-01T12:",
        "2026-03-01  12:13:14",
        "2026-03-01t12:13:14",
        "2026-03-01T24:00:00",
        "2026-03-01T12:60:00",
        "2026-03-01T12:13:60",
        "2026-03-01T12:13:14.",
        "2026-03-01T12:13:14,5",
        "2026-03-01T12:13:14+2",
        "2026-03-01T12:13:14+02:0",
        "2026-03-01T12:13:14+16:00",
        "2026-03-01T12:13:14+02:60",
        "2026-03-01T12:13:14 +02",
        "2026-03-01T12:13:14 CET",
        "2026-03-01T12:13:14z",
        "2026-03-01T1:13:14",
        "2026-03-01Z",
        "2026-02-30T12:13:14Z",
        "2026-03-01T12:13:14Z ",
        "12:13:14",
        "2026-03-01T-1:13:14",
        "2026-03-01T12:13:14+02:",
    };
    for (const auto& text : cases) EXPECT_FALSE(parse_moment(text)) << text;
}

// -- durations ------------------------------------------------------------------------------------------------------

TEST(ParseDuration, KnowsItsUnits) {
    const std::vector<std::pair<std::string, Seconds>> cases = {
        {"90s", 90s},
        {"15m", 15min},
        {"36h", 36h},
        {"14d", 14 * 24h},
        {"8w", 56 * 24h},
        {"12 months", Seconds{12 * 2629800}},
        {"0d", 0s},
        {"007d", 7 * 24h},
        {"1 month", 2629800s},
        {"36500d", 36500 * 24h},
    };
    for (const auto& [text, span] : cases) EXPECT_EQ(parse_duration(text), span) << text;
}

TEST(ParseDuration, RefusesTheRest) {
    const std::vector<std::string> cases = {
        "",      "d",    "14",       "14 d",         "-1d",
        "+1d",   "1.5d", "14D",      "1y",           "14dd",
        " 14d",  "14d ", "12months", "99999999999d", "999999999999999999999999s",
        "1d12h", "1e3s",
    };
    for (const auto& text : cases) EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(FormatDuration, UsesTheLargestWholeUnit) {
    const std::vector<std::pair<Seconds, std::string>> cases = {
        {14 * 24h, "14d"}, {36h, "36h"}, {90s, "90s"}, {15min, "15m"}, {24h, "1d"}, {0s, "0d"}, {-36h, "-36h"},
    };
    for (const auto& [span, text] : cases) EXPECT_EQ(format_duration(span), text);
    EXPECT_DOUBLE_EQ(in_days(Seconds{36h}), 1.5);
}

TEST(FormatInstant, IsUtcToTheSecond) {
    EXPECT_EQ(format_instant(Instant{day(2026, 3, 1) + 12h + 13min + 14s}), "2026-03-01T12:13:14Z");
    EXPECT_EQ(format_instant(Instant{-1s}), "1969-12-31T23:59:59Z") << "before the epoch days still round down";
}

// -- zones ----------------------------------------------------------------------------------------------------------

// Written by hand from the rules of 2024: forward on 31 March at 01:00 UTC, back on 27 October at 01:00 UTC.
Zone berlin_2024() {
    return {.name = "Europe/Berlin",
            .offsets = {{Instant{day(2023, 10, 29) + 1h}, 1h},
                        {Instant{day(2024, 3, 31) + 1h}, 2h},
                        {Instant{day(2024, 10, 27) + 1h}, 1h}}};
}

TEST(UtcZone, ChangesNothing) {
    const Zone utc;
    const Instant instant{day(2026, 3, 1) + 23h + 59min + 59s};
    EXPECT_EQ(utc.local_day(instant), day(2026, 3, 1));
    EXPECT_EQ(utc.local_time_of_day(instant), 23h + 59min + 59s);
    EXPECT_EQ(utc.to_instant(day(2026, 3, 1), 23h + 59min + 59s), instant);
}

TEST(ZoneOffset, BeginsWithItsInstantAndTheFirstHoldsBefore) {
    const Zone zone = berlin_2024();
    const Instant forward{day(2024, 3, 31) + 1h};
    EXPECT_EQ(zone.offset_at(forward - 1s), 1h);
    EXPECT_EQ(zone.offset_at(forward), 2h);
    EXPECT_EQ(zone.offset_at(Instant{day(1990, 7, 1)}), 1h) << "before the first entry";
    EXPECT_EQ(zone.offset_at(Instant{day(2090, 7, 1)}), 1h) << "after the last";
}

TEST(LocalDay, TurnsAtLocalMidnight) {
    const Zone zone = berlin_2024();
    struct Case {
        Instant instant;
        Day local;
        Seconds time_of_day;
        std::string sentence;
    };
    const std::vector<Case> cases = {
        {Instant{day(2024, 1, 31) + 22h + 59min + 59s}, day(2024, 1, 31), 23h + 59min + 59s, "winter, a second before"},
        {Instant{day(2024, 1, 31) + 23h}, day(2024, 2, 1), 0s, "winter: midnight is 23:00 UTC"},
        {Instant{day(2024, 6, 30) + 21h + 59min + 59s}, day(2024, 6, 30), 23h + 59min + 59s, "summer, a second before"},
        {Instant{day(2024, 6, 30) + 22h}, day(2024, 7, 1), 0s, "summer: midnight is 22:00 UTC"},
        {Instant{day(2023, 12, 31) + 23h}, day(2024, 1, 1), 0s, "the year turns, too"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(zone.local_day(c.instant), c.local) << c.sentence;
        EXPECT_EQ(zone.local_time_of_day(c.instant), c.time_of_day) << c.sentence;
    }
}

TEST(LocalDay, LiesBehindUtcInTheWest) {
    const Zone honolulu{.name = "Pacific/Honolulu", .offsets = {{Instant{day(1947, 6, 8)}, -10h}}};
    EXPECT_EQ(honolulu.local_day(Instant{day(2024, 3, 1) + 9h}), day(2024, 2, 29));
    EXPECT_EQ(honolulu.to_instant(day(2024, 2, 29), 23h), (Instant{day(2024, 3, 1) + 9h}));
}

TEST(LocalTime, SkippedInSpringIsTheFirstInstantAfterTheGap) {
    const Zone zone = berlin_2024();
    const Instant forward{day(2024, 3, 31) + 1h};
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 1h + 59min + 59s), forward - 1s);
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 2h), forward) << "the gap's first second";
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 2h + 30min), forward) << "inside the gap";
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 2h + 59min + 59s), forward) << "the gap's last second";
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 3h), forward) << "03:00 exists and is that instant";
    EXPECT_EQ(zone.to_instant(day(2024, 3, 31), 3h + 1s), forward + 1s);
}

TEST(LocalTime, RepeatedInAutumnIsTheFirstOfTheTwo) {
    const Zone zone = berlin_2024();
    EXPECT_EQ(zone.to_instant(day(2024, 10, 27), 2h), (Instant{day(2024, 10, 27)})) << "02:00 summer time";
    EXPECT_EQ(zone.to_instant(day(2024, 10, 27), 2h + 30min), (Instant{day(2024, 10, 27) + 30min}));
    EXPECT_EQ(zone.to_instant(day(2024, 10, 27), 3h), (Instant{day(2024, 10, 27) + 2h})) << "03:00 is winter time";
}

TEST(LocalTime, OfAWholeSkippedDayIsTheFirstInstantAfterIt) {
    // Samoa crossed the date line at the end of 29 December 2011: 30 December never was.
    const Instant crossing{day(2011, 12, 30) + 10h};
    const Zone apia{.name = "Pacific/Apia", .offsets = {{Instant{day(2011, 9, 24) + 14h}, -10h}, {crossing, 14h}}};
    EXPECT_EQ(apia.to_instant(day(2011, 12, 29), 23h + 59min + 59s), crossing - 1s);
    EXPECT_EQ(apia.to_instant(day(2011, 12, 30), 12h), crossing);
    EXPECT_EQ(apia.to_instant(day(2011, 12, 31), 0s), crossing);
    EXPECT_EQ(apia.local_day(crossing - 1s), day(2011, 12, 29));
    EXPECT_EQ(apia.local_day(crossing), day(2011, 12, 31));
}

TEST(LocalTime, RoundTripsEveryFiveMinutesOfTheYearExceptWhereAutumnRepeats) {
    const Zone zone = berlin_2024();
    const Instant repeated{day(2024, 10, 27) + 1h};
    for (Instant instant{day(2024, 1, 1)}; instant < Instant{day(2025, 1, 1)}; instant += 5min) {
        const Instant back = zone.to_instant(zone.local_day(instant), zone.local_time_of_day(instant));
        const bool second_of_two = instant >= repeated && instant < repeated + 1h;
        ASSERT_EQ(back, second_of_two ? instant - 1h : instant) << format_instant(instant);
    }
}

// -- words ----------------------------------------------------------------------------------------------------------

TEST(Words, AreKeptOnceAndFoundAgain) {
    Words words;
    const Word berlin = words.intern("Berlin");
    EXPECT_NE(berlin, no_word);
    EXPECT_EQ(words.intern("Berlin"), berlin);
    EXPECT_NE(words.intern("berlin"), berlin) << "case counts";
    EXPECT_EQ(words.find("Berlin"), berlin);
    EXPECT_EQ(words.find("Bern"), no_word);
    EXPECT_EQ(words.text(berlin), "Berlin");
    EXPECT_EQ(words.size(), 3u);
}

TEST(Words, TellAnEmptyTextFromNoText) {
    Words words;
    EXPECT_EQ(words.find(""), no_word);
    const Word empty = words.intern("");
    EXPECT_NE(empty, no_word);
    EXPECT_EQ(words.find(""), empty);
    EXPECT_EQ(words.text(empty), words.text(no_word));
}

TEST(Words, ViewsLiveAsLongAsThePoolAlsoWhenItGrowsAndMoves) {
    Words words;
    const std::string_view first = words.text(words.intern("short"));
    for (int i = 0; i < 10000; ++i) words.intern("word " + std::to_string(i));
    const Words moved = std::move(words);
    EXPECT_EQ(first, "short");
    EXPECT_EQ(moved.find("short"), 1u);
    EXPECT_EQ(moved.text(moved.find("word 9999")), "word 9999");
}

}  // namespace
}  // namespace retaind
