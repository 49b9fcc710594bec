#include "wall_time.hpp"

#include <algorithm>

namespace retaind {

namespace {

constexpr std::chrono::days a_day{1};

}  // namespace

Seconds time_of_day(std::string_view text) {
    const auto moment = parse_moment("2000-01-01 " + std::string{text});
    return moment ? moment->time_of_day.value_or(Seconds{0}) : Seconds{0};
}

Night night_of(std::string_view quiet_hours) {
    const auto dash = quiet_hours.find('-');
    if (dash == quiet_hours.npos) return {};
    return {.from = time_of_day(quiet_hours.substr(0, dash)), .until = time_of_day(quiet_hours.substr(dash + 1))};
}

bool is_night(const Night& night, const Zone& zone, Instant now) {
    const Seconds time = zone.local_time_of_day(now);
    if (night.from <= night.until) return night.from <= time && time < night.until;
    return time >= night.from || time < night.until;
}

Instant end_of_night(const Night& night, const Zone& zone, Instant now) {
    const Seconds left = (night.until - zone.local_time_of_day(now) + a_day) % Seconds{a_day};
    NextMoment end{now};
    end.add(now + left);  // while the clock on the wall runs on evenly
    const Day today = zone.local_day(now);
    end.add(zone.to_instant(today, night.until));
    end.add(zone.to_instant(today + a_day, night.until));
    return *end.first();
}

}  // namespace retaind
