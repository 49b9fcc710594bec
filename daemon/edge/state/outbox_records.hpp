// The outbox: messages decided but not yet delivered, and for a while those that were.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <soci/soci.h>

#include "retaind/ports/alert_desk.hpp"

namespace retaind {

/// Adds the payloads whose delivery_id is not there yet, each together with what it absorbs where that is possible: a
/// message that is there already, or under way, or has waited for longer than `longest_absorbed` is absorbed by none.
/// Where that passes the limits, the oldest settled rows go; a row that still waits is never dropped.
void enqueue(soci::session& sql, const Commit& commit, const OutboxLimits& limits);
inline constexpr Seconds longest_absorbed = std::chrono::hours{48};
/// In SQL, of a row: it waits, and has certainly not arrived. One whose last try had no result, or ended in silence,
/// may have: it is sent again under its own id, by which receivers know it.
inline constexpr std::string_view waits_for_sure =
    "(claims = 0 AND ((status = 'queued' AND error_class = '') OR (status IN ('queued', 'retry') AND "
    "(error_class = 'http_503' OR error_class LIKE "
    "'http\\_4%' ESCAPE '\\' OR "
    "error_class LIKE 'smtp\\_%' ESCAPE '\\' OR error_class IN ('name', 'connect', 'tls', 'refused_address', "
    "'disk_full', 'file')))))";

/// Whether what waits or is under way has reached the limits.
bool is_full(soci::session& sql, const OutboxLimits& limits);

/// Claimed rows, for StateStore::claim. A row whose alerts are all silenced or snoozed waits for the first end of that,
/// and for the first cycle after it; it holds back no later one; a digest, and a row of which something is not
/// silenced, goes.
struct ClaimRequest {
    Instant now;
    const std::vector<std::string>& busy;
    std::size_t most = 4;
};
std::vector<Delivery> claim_due(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits);

void settle_one(soci::session& sql, const Settlement& settlement);
/// As AlertDesk::requeue.
Requeued requeue_given_up(soci::session& sql, const Requeue& which, Instant now);
/// A silence or snooze ended early: rows that waited for its end wait for the next cycle, and are held again if others
/// still hold them.
void look_at_held_again(soci::session& sql, Instant now);
std::uint64_t recover_in_flight(soci::session& sql, Instant now);
std::vector<OutboxCount> count_outbox(soci::session& sql);
std::vector<Undelivered> given_up(soci::session& sql, Instant now);

}  // namespace retaind
