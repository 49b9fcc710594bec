#include "timetable.hpp"

#include <algorithm>
#include <utility>

namespace retaind {
namespace {

/// People who wait for something at nearly the same time are told together, from one reading.
using Spell = std::chrono::duration<std::chrono::seconds::rep, std::ratio<300>>;

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

Timetable::Timetable(const Settings& settings, Zone zone, Clock& clock)
    : settings_(settings),
      zone_(std::move(zone)),
      clock_(clock),
      wall_seen_(clock.now()),
      steady_seen_(clock.steady()) {
    plan(Instant::max());
}

void Timetable::plan(Instant latest) {
    const Instant now = clock_.now();
    planned_ = std::min(next_turn(settings_, zone_, now), latest);
    if (wake_at_) planned_ = std::min(planned_, *wake_at_);
    if (failing_) planned_ = std::min(planned_, now + retry_after_failure);
}

Timetable::Look Timetable::look() {
    const Instant wall = clock_.now();
    const auto steady = clock_.steady();
    const auto drift = (wall - wall_seen_) - std::chrono::duration_cast<Seconds>(steady - steady_seen_);
    wall_seen_ = wall;
    steady_seen_ = steady;
    Look look{.is_due = wall >= planned_};
    if (std::chrono::abs(drift) > clock_jump) {
        look.jumped_by = drift;
        look.is_due = true;  // what was planned by another clock may be far off
    }
    if (!look.is_due) return look;
    failing_ = false;  // until it has ended
    wake_at_.reset();
    plan(Instant::max());
    return look;
}

void Timetable::turn_ended(bool well, std::optional<Instant> wake_at) {
    failing_ = !well;
    if (wake_at) wake_at = ceil<Spell>(*wake_at);
    wake_at_ = wake_at;
    plan(failing_ ? Instant::max() : planned_);
}

void Timetable::replace(const Settings& settings, Zone zone) {
    settings_ = settings;
    zone_ = std::move(zone);
    plan(planned_);
}

Seconds Timetable::pause() const { return std::clamp(planned_ - clock_.now(), Seconds{0}, longest_sleep); }

}  // namespace retaind
