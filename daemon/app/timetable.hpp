// When the daemon takes its turns: at an interval or at local times of day, when people wait for something, and soon
// after a failure.
#pragma once

#include <optional>

#include "retaind/base/time.hpp"
#include "retaind/ports/clock.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

/// The first turn after `now`: one interval later, or the next time of `schedule` in the zone. A time that a day skips
/// is the first instant after the gap, and of one that a day repeats the first is meant: each time is one turn a day.
Instant next_turn(const Settings& settings, const Zone& zone, Instant now);

/// The most that lies between two turns, clock changes aside.
Seconds longest_pause(const Settings& settings);

/// After a failed turn (the state cannot be written, say) the next is tried this soon.
inline constexpr Seconds retry_after_failure{10};
/// A wall clock that moves this much more or less than the steady one has jumped.
inline constexpr Seconds clock_jump{15};
/// However far the next turn is away, the clock is looked at so often.
inline constexpr Seconds longest_sleep{60};

/// The turns of a running daemon. Used by one thread.
class Timetable {
public:
    Timetable(const Settings& settings, Zone zone, Clock& clock);

    struct Look {
        bool is_due = false;                    ///< a turn is to be taken now; the next one is planned already
        std::optional<Seconds> jumped_by = {};  ///< the wall clock jumped since the last look: a turn is due at once
    };
    Look look();

    /// `wake_at` as in CycleResult.
    void turn_ended(bool well, std::optional<Instant> wake_at);
    /// Another configuration. Reloads may come more often than turns, and put none off.
    void replace(const Settings& settings, Zone zone);

    Instant planned() const { return planned_; }
    Seconds pause() const;  ///< until it should be looked at again

private:
    void plan(Instant latest);

    Settings settings_;
    Zone zone_;
    Clock& clock_;
    Instant planned_ = {};
    std::optional<Instant> wake_at_ = {};
    bool failing_ = false;  ///< the last turn did
    Instant wall_seen_;
    std::chrono::steady_clock::time_point steady_seen_;
};

}  // namespace retaind
