// The wall time of people: nights, digest hours, and when it alone changes something.
#pragma once

#include <optional>
#include <string_view>

#include "retaind/base/time.hpp"

namespace retaind {

/// "08:00", which the configuration has checked.
Seconds time_of_day(std::string_view text);

/// From one local time to another, over midnight when the second is the earlier one. Two equal times are no night.
struct Night {
    Seconds from = Seconds{0}, until = Seconds{0};
};
Night night_of(std::string_view quiet_hours);  ///< "20:00-07:00"; "" is none

/// By the clock on the wall: in an hour that autumn repeats, a night may come back.
bool is_night(const Night& night, const Zone& zone, Instant now);
/// When it ends, at the latest.
Instant end_of_night(const Night& night, const Zone& zone, Instant now);

/// The first of some moments that lie ahead.
class NextMoment {
public:
    explicit NextMoment(Instant now) : now_(now) {}

    void add(Instant at) {
        if (at > now_) first_ = std::min(first_.value_or(at), at);
    }
    std::optional<Instant> first() const { return first_; }

private:
    Instant now_;
    std::optional<Instant> first_ = {};
};

}  // namespace retaind
