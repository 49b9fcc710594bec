// What people did: acts on alerts, silences, and an audit row for everything else. Rows are only added; a silence that
// is ended early ends earlier.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <soci/soci.h>

#include "retaind/ports/alert_desk.hpp"

namespace retaind {

/// On alerts that are remembered, oldest first.
std::vector<Act> read_acts(soci::session& sql);
/// On one alert, oldest first, remembered or not.
std::vector<Act> read_acts_on(soci::session& sql, const AlertKey& key);
/// Whether any snooze of any alert lasts beyond `now`; it may have been taken back.
bool is_any_snoozed(soci::session& sql, Instant now);
/// One that is the same in all but its time and was done within the last minute is left out. Error (usage) when its
/// author has done most_acts already.
Result<void> add_act(soci::session& sql, const Act& act);
/// The alerts that somebody released since the newest cycle looked, sorted.
std::vector<AlertKey> read_released(soci::session& sql);

/// Those that end after `now`, oldest first.
std::vector<AlertSilence> read_silences(soci::session& sql, Instant now);
std::vector<AlertSilence> read_all_silences(soci::session& sql);
/// Returns its id.
std::string add_silence(soci::session& sql, const AlertSilence& silence);
/// False when there is none that ends after `now`.
bool end_silence_at(soci::session& sql, const std::string& id, Instant now);

void audit(soci::session& sql, const AuditedAction& action);
/// What was done about the silence or delivery of this id, oldest first.
std::vector<AuditedAction> read_audit(soci::session& sql, const std::string& about);

}  // namespace retaind
