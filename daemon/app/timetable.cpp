#include "timetable.hpp"

#include <algorithm>

namespace retaind {
namespace {

/// Ascending, as the configuration sorted them.
std::vector<Seconds> times_of_day(const Settings& settings) {
    std::vector<Seconds> times;
    for (const std::string& time : settings.schedule) times.push_back(*parse_moment("2000-01-01 " + time)->time_of_day);
    return times;
}

}  // namespace

Instant next_turn(const Settings& settings, const Zone& zone, Instant now) {
    if (settings.schedule.empty()) return now + settings.interval;
    const std::vector<Seconds> times = times_of_day(settings);
    for (Day day = zone.local_day(now);; day += std::chrono::days{1}) {
        for (const Seconds time : times) {
            if (const Instant turn = zone.to_instant(day, time); turn > now) return turn;
        }
    }
}

Seconds longest_pause(const Settings& settings) {
    if (settings.schedule.empty()) return settings.interval;
    const std::vector<Seconds> times = times_of_day(settings);
    Seconds longest = times.front() + std::chrono::days{1} - times.back();
    for (std::size_t at = 1; at < times.size(); ++at) longest = std::max(longest, times[at] - times[at - 1]);
    return longest;
}

}  // namespace retaind
