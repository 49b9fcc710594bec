// What each delivery tells of which alert: for silences, escalation, and the story of an alert.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <soci/soci.h>

#include "retaind/ports/alert_desk.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// `delivery` is a row's place in the outbox. Tells go with it.
void write_tells(soci::session& sql, long long delivery, const std::vector<Tell>& tells);
std::vector<Tell> read_tells(soci::session& sql, long long delivery);

/// The messages that certainly wait, oldest first, but for those that tell of no alert.
std::vector<WaitingMessage> read_waiting(soci::session& sql);

/// A delivery arrived. What it was the first to tell of is remembered with the alerts, and outlives the delivery.
void remember_delivered(soci::session& sql, const std::string& delivery_id, Instant at);
/// Of the present episodes of open alerts, sorted by key.
std::vector<FirstDelivery> read_first_deliveries(soci::session& sql);

/// The deliveries that told of an alert, oldest first, and what the newest of them said of it.
struct ToldOf {
    std::vector<AlertDelivery> deliveries = {};
    std::optional<AlertFacts> newest = {};
};
ToldOf read_told_of(soci::session& sql, const AlertKey& key);

}  // namespace retaind
