// The records of as-of days: scores, promises, priors, feeds, adopted rules.
#pragma once

#include <soci/soci.h>

#include "retaind/cycle/state.hpp"

namespace retaind {

/// Days whose records are read, both included.
struct DayRange {
    Day first, last;
};

/// Fills the day records of `state`, sorted as it promises.
void read_days(soci::session& sql, DayRange range, State& state);

/// Makes the stored records of one day equal to those that `state` has for it; rows that are the same already are not
/// touched, since most cycles of a day repeat the one before.
void write_day(soci::session& sql, const State& state, Day day);

}  // namespace retaind
