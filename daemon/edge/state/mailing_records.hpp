// When whom was written to: digests served, and interruptions that the weekly budget counts.
#pragma once

#include <soci/soci.h>

#include "retaind/cycle/state.hpp"

namespace retaind {

void read_mailings(soci::session& sql, State& state);
void write_mailings(soci::session& sql, const State& state);

}  // namespace retaind
