// The alerts: what they are now, what each person was told, and the audit of how they came to be so.
#pragma once

#include <optional>
#include <vector>

#include <soci/soci.h>

#include "retaind/ports/alert_desk.hpp"

namespace retaind {

/// All of them, sorted by key.
std::vector<Alert> read_alerts(soci::session& sql);
/// One; nothing when it is not remembered.
std::optional<Alert> read_alert(soci::session& sql, const AlertKey& key);

/// When a change happened: in data time, and in wall time.
struct AlertMoment {
    Day day;
    Instant at;
};

/// Makes the stored alerts equal to `alerts`, and writes an audit row for each whose phase, severity, hold, episode or
/// seq changed, which is new, or which is no longer remembered (its phase is then NULL).
void write_alerts(soci::session& sql, const std::vector<Alert>& alerts, AlertMoment moment);

/// The audit rows of one alert, oldest first.
std::vector<AlertEvent> read_events(soci::session& sql, const AlertKey& key);

}  // namespace retaind
