// Days and instants as text and as numbers. Nothing here asks what time it is.
//
// A Day is a calendar day; an Instant is a UTC second. How local days relate to instants is the business of a
// Zone, which an edge builds from the tz database and hands in as a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace retaind {

using Day = std::chrono::sys_days;
using Instant = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;

/// Years a Day may have. Dates outside are refused as "out_of_range": they are sentinels (0000, 9999), not facts.
inline constexpr int first_year = 1900;
inline constexpr int last_year = 2199;

/// "2026-03-01", strictly; no time, no other order of parts.
std::optional<Day> parse_day(std::string_view text);

/// A dated cell as written: "2026-03-01", or with a time ("T" or one space between), with an optional fraction
/// and an optional offset ("Z", "+02", "+0200", "+02:00").
struct Moment {
    Day day;
    std::optional<Seconds> time_of_day = {};  ///< absent for a date alone
    std::optional<Seconds> utc_offset = {};   ///< absent for a naive timestamp
};
std::optional<Moment> parse_moment(std::string_view text);

/// "36h", "14d", "8w", "25 months" (30.4375 days each), "90s", "15m" (minutes). Never negative.
std::optional<Seconds> parse_duration(std::string_view text);

std::string format_day(Day day);              ///< "2026-03-01"
std::string format_instant(Instant instant);  ///< "2026-03-01T12:13:14Z"
std::string format_duration(Seconds span);    ///< the largest whole unit: "14d", "36h", "90s"

/// Length in days, with fractions.
constexpr double in_days(Seconds span) { return static_cast<double>(span.count()) / 86400.0; }
constexpr double in_days(std::chrono::days span) { return static_cast<double>(span.count()); }

/// A time zone as a value: offsets from UTC, each from an instant on. Before the first, the first holds.
struct Zone {
    struct Offset {
        Instant from;
        Seconds offset;
        bool operator==(const Offset&) const = default;
    };
    std::string name = "UTC";
    std::vector<Offset> offsets = {};  ///< ascending by `from`; empty means UTC

    Seconds offset_at(Instant instant) const;
    Day local_day(Instant instant) const;
    Seconds local_time_of_day(Instant instant) const;
    /// The instant of a local time. A time that a spring gap skips becomes the first instant after the gap; of a
    /// time that autumn repeats, the first is meant.
    Instant to_instant(Day local_day, Seconds time_of_day) const;
};

}  // namespace retaind
