#include "retaind/base/time.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace retaind {
namespace {

using std::chrono::days;
using std::chrono::floor;

constexpr Seconds one_day{86400};
constexpr Seconds longest_offset{16 * 3600 - 60};  // 15:59, what PostgreSQL accepts
constexpr Seconds longest_duration{300LL * 365 * 86400};
constexpr std::size_t longest_number = 11;  // digits of longest_duration, and no overflow

/// Reads a text from left to right; what does not fit leaves the cursor where it was.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    bool take(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// Exactly `width` digits.
    std::optional<int> number(std::size_t width) {
        if (rest_.size() < width || count_digits() < width) return std::nullopt;
        int number = 0;
        for (const char digit : rest_.substr(0, width)) number = number * 10 + (digit - '0');
        rest_.remove_prefix(width);
        return number;
    }

    std::string_view digits() {
        const auto taken = rest_.substr(0, count_digits());
        rest_.remove_prefix(taken.size());
        return taken;
    }

    std::string_view rest() const { return rest_; }

private:
    std::size_t count_digits() const {
        const auto first_other = std::find_if(rest_.begin(), rest_.end(), [](char c) { return c < '0' || c > '9'; });
        return static_cast<std::size_t>(first_other - rest_.begin());
    }

    std::string_view rest_;
};

std::optional<Day> take_day(Cursor& cursor) {
    const auto year = cursor.number(4);
    if (!year || !cursor.take('-')) return std::nullopt;
    const auto month = cursor.number(2);
    if (!month || !cursor.take('-')) return std::nullopt;
    const auto day = cursor.number(2);
    if (!day || *year < first_year || *year > last_year) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return Day{date};
}

/// "HH:MM", "HH:MM:SS" or "HH:MM:SS.fraction"; the fraction is dropped.
std::optional<Seconds> take_time_of_day(Cursor& cursor) {
    const auto hour = cursor.number(2);
    if (!hour || *hour > 23 || !cursor.take(':')) return std::nullopt;
    const auto minute = cursor.number(2);
    if (!minute || *minute > 59) return std::nullopt;
    const Seconds whole_minutes = std::chrono::hours{*hour} + std::chrono::minutes{*minute};
    if (!cursor.take(':')) return whole_minutes;
    const auto second = cursor.number(2);
    if (!second || *second > 59) return std::nullopt;
    if (cursor.take('.') && cursor.digits().empty()) return std::nullopt;
    return whole_minutes + Seconds{*second};
}

/// "Z", "+02", "+0200" or "+02:00".
std::optional<Seconds> take_offset(Cursor& cursor) {
    if (cursor.take('Z')) return Seconds{0};
    const bool negative = cursor.take('-');
    if (!negative && !cursor.take('+')) return std::nullopt;
    const auto hours = cursor.number(2);
    if (!hours) return std::nullopt;
    int minutes = 0;
    if (!cursor.at_end()) {
        cursor.take(':');
        const auto given = cursor.number(2);
        if (!given || *given > 59) return std::nullopt;
        minutes = *given;
    }
    const Seconds offset = std::chrono::hours{*hours} + std::chrono::minutes{minutes};
    if (offset > longest_offset) return std::nullopt;
    return negative ? -offset : offset;
}

struct Unit {
    std::string_view name;
    long long seconds;
};
// Largest first, for writing. Months are only read: 30.4375 days each.
constexpr std::array written_units{Unit{"d", 86400}, Unit{"h", 3600}, Unit{"m", 60}, Unit{"s", 1}};
constexpr std::array read_only_units{Unit{"w", 7 * 86400}, Unit{" months", 2629800}, Unit{" month", 2629800}};

std::optional<long long> seconds_per(std::string_view unit_name) {
    for (const auto& unit : written_units)
        if (unit.name == unit_name) return unit.seconds;
    for (const auto& unit : read_only_units)
        if (unit.name == unit_name) return unit.seconds;
    return std::nullopt;
}

}  // namespace

std::optional<Day> parse_day(std::string_view text) {
    Cursor cursor{text};
    const auto day = take_day(cursor);
    return cursor.at_end() ? day : std::nullopt;
}

std::optional<Moment> parse_moment(std::string_view text) {
    Cursor cursor{text};
    const auto day = take_day(cursor);
    if (!day) return std::nullopt;
    Moment moment{.day = *day};
    if (cursor.at_end()) return moment;
    if (!cursor.take('T') && !cursor.take(' ')) return std::nullopt;
    moment.time_of_day = take_time_of_day(cursor);
    if (!moment.time_of_day) return std::nullopt;
    if (cursor.at_end()) return moment;
    moment.utc_offset = take_offset(cursor);
    if (!moment.utc_offset || !cursor.at_end()) return std::nullopt;
    return moment;
}

std::optional<Seconds> parse_duration(std::string_view text) {
    Cursor cursor{text};
    const auto digits = cursor.digits();
    const auto unit_seconds = seconds_per(cursor.rest());
    if (digits.empty() || digits.size() > longest_number || !unit_seconds) return std::nullopt;
    long long count = 0;
    for (const char digit : digits) count = count * 10 + (digit - '0');
    if (count > longest_duration.count() / *unit_seconds) return std::nullopt;
    return Seconds{count * *unit_seconds};
}

std::string format_day(Day day) {
    const std::chrono::year_month_day date{day};
    return fmt::format("{:04}-{:02}-{:02}", int{date.year()}, unsigned{date.month()}, unsigned{date.day()});
}

std::string format_instant(Instant instant) {
    const Day day = floor<days>(instant);
    const std::chrono::hh_mm_ss time{instant - day};
    return fmt::format("{}T{:02}:{:02}:{:02}Z", format_day(day), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

std::string format_duration(Seconds span) {
    const auto unit = std::find_if(written_units.begin(), written_units.end(),
                                   [&](const Unit& u) { return span.count() % u.seconds == 0; });
    return fmt::format("{}{}", span.count() / unit->seconds, unit->name);
}

Seconds Zone::offset_at(Instant instant) const {
    if (offsets.empty()) return Seconds{0};
    const auto later = std::upper_bound(offsets.begin(), offsets.end(), instant,
                                        [](Instant wanted, const Offset& offset) { return wanted < offset.from; });
    return later == offsets.begin() ? later->offset : std::prev(later)->offset;
}

Day Zone::local_day(Instant instant) const { return floor<days>(instant + offset_at(instant)); }

Seconds Zone::local_time_of_day(Instant instant) const {
    const Instant local = instant + offset_at(instant);
    return local - floor<days>(local);
}

Instant Zone::to_instant(Day local_day, Seconds time_of_day) const {
    const Instant local = local_day + time_of_day;
    if (offsets.empty()) return local;
    // No offset is longer than a day, so what was over a day before the same reading of a UTC clock is over.
    auto current = std::upper_bound(offsets.begin(), offsets.end(), local - one_day,
                                    [](Instant wanted, const Offset& offset) { return wanted < offset.from; });
    if (current != offsets.begin()) --current;
    while (std::next(current) != offsets.end() && local - current->offset >= std::next(current)->from) ++current;
    const Instant instant = local - current->offset;
    return current == offsets.begin() ? instant : std::max(instant, current->from);
}

}  // namespace retaind
