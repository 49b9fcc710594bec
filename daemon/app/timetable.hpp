// When the daemon takes its turns: at an interval, or at local times of day.
#pragma once

#include "retaind/base/time.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

/// The first turn after `now`: one interval later, or the next time of `schedule` in the zone. A time that a day skips
/// is the first instant after the gap, and of one that a day repeats the first is meant: each time is one turn a day.
Instant next_turn(const Settings& settings, const Zone& zone, Instant now);

/// The most that lies between two turns, clock changes aside.
Seconds longest_pause(const Settings& settings);

}  // namespace retaind
