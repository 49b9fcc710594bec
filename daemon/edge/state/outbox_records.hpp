// The outbox: messages decided but not yet delivered, and for a while those that were.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <soci/soci.h>

#include "retaind/ports/state_store.hpp"

namespace retaind {

/// Adds those whose delivery_id is not there yet. Where that passes the limits, the oldest settled rows go; a row that
/// still waits is never dropped.
void enqueue(soci::session& sql, const std::vector<Payload>& payloads, Instant now, const OutboxLimits& limits);

/// Claimed rows, for StateStore::claim.
struct ClaimRequest {
    Instant now;
    const std::vector<std::string>& busy;
    std::size_t most = 4;
};
std::vector<Delivery> claim_due(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits);

void settle_one(soci::session& sql, const Settlement& settlement);
std::uint64_t recover_in_flight(soci::session& sql, Instant now);
std::vector<OutboxCount> count_outbox(soci::session& sql);
std::vector<Undelivered> given_up(soci::session& sql, Instant now);
std::optional<Instant> earliest_due(soci::session& sql, const OutboxLimits& limits);

}  // namespace retaind
