// What the state no longer keeps.
#pragma once

#include <soci/soci.h>

#include "retaind/base/time.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

/// Days of which every record is kept; of older weeks only the last day's is.
inline constexpr int days_kept_daily = 92;

/// What people did stays as long as an alert that it is about is open, or a ledger row counts it. Deletes in
/// transactions of at most a few thousand rows, so that nobody else waits long. What is left for the next
/// call after `retention_steps` of them is left.
inline constexpr int retention_steps = 200;
void drop_outdated(soci::session& sql, const RetentionSettings& retention, Instant now);

}  // namespace retaind
