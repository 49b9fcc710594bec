// One alert: its identity, its life, and one step of it (ALERTS.md "Transitions").
//
// The step is a pure function of the alert before, what was found, and the data time. It never looks at wall time, so
// a replay over the same days walks through the same states.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/time.hpp"
#include "retaind/base/value.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// What makes an alert the same alert tomorrow. No values, names or severity.
struct AlertKey {
    std::string rule;
    Scope scope = Scope::customer;
    std::string entity;            ///< customer_id, promise_id, segment, "" (portfolio) or dataset
    std::string dimension = {};    ///< subscription_id where a signal is per subscription
    auto operator<=>(const AlertKey&) const = default;
};

enum class AlertPhase { pending, firing, recovering, resolved, closed };
std::string_view phase_name(AlertPhase phase);
std::optional<AlertPhase> parse_phase(std::string_view name);
std::string_view severity_name(Severity severity);
std::optional<Severity> parse_severity(std::string_view name);
std::string_view scope_name(Scope scope);
std::optional<Scope> parse_scope(std::string_view name);

/// What one person or channel was told of an alert.
struct Told {
    std::string receiver, recipient;
    std::int64_t episode = 0;
    Severity severity = Severity::warning;
    AlertPhase phase = AlertPhase::firing;
    bool operator==(const Told&) const = default;
};

/// An alert that is open, or was lately. Days are data time.
struct Alert {
    AlertKey key;
    std::string customer_id = {};            ///< whom it is about; "" for segment, portfolio, source
    AlertPhase phase = AlertPhase::pending;
    Severity severity = Severity::warning;
    bool held = false;                       ///< by the blast guard: stored, not announced
    bool adopted = false;                    ///< found when a state or rule was new: told in the adoption digest only
    std::int64_t episode = 0;                ///< grows with each new incident
    std::int64_t seq = 0;                    ///< grows with each transition
    std::optional<Day> pending_since = {}, firing_since = {}, recovering_since = {}, ended_on = {};
    std::optional<Day> critical_since = {};  ///< since when the critical condition has held
    std::optional<Instant> opened_at = {};   ///< wall time, for people
    std::vector<std::string> reasons = {};   ///< conditions with their values, of the last fresh evaluation that held
    std::string message = {}, advice = {};
    std::optional<Day> deadline = {};
    double revenue = missing;                ///< yearly, minor units of base currency: what it is worth
    std::string closed_because = {};
    int absent_cycles = 0;                   ///< fresh snapshots in a row without the entity
    std::vector<Told> told = {};
    bool operator==(const Alert&) const = default;
};

bool is_open(const Alert& alert);            ///< pending, firing or recovering

/// What this cycle found about one rule and entity.
struct Finding {
    bool frozen = false;                     ///< an input is not fresh: nothing moves
    bool present = true;                     ///< the entity and rule exist
    bool ended = false;                      ///< the customer's contract ended
    Truth applies = Truth::yes, when = Truth::unknown, clear = Truth::unknown;
    Truth critical_when = Truth::unknown, critical_clear = Truth::unknown;
    Day data_time;                           ///< the oldest watermark among the datasets the rule reads
    std::string gone_because = {};           ///< for "closed"
};

enum class Transition {
    none, started_pending, fired, dropped, recovering, relapsed, resolved, escalated, eased, closed
};
std::string_view transition_name(Transition transition);

/// Entities missing from so many fresh snapshots in a row are gone.
inline constexpr int absences_until_closed = 2;

/// One step. `before` is the alert as stored, or null. Episode and seq only grow. Stepping twice with the same finding
/// changes nothing the second time. `after` is empty when nothing is to be stored.
struct AlertStep {
    std::optional<Alert> after = {};
    Transition transition = Transition::none;
};
AlertStep step(const Alert* before, const AlertKey& key, const Rule& rule, const Finding& finding);

}  // namespace retaind
