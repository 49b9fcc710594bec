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
    std::string entity;          ///< customer_id, promise_id, segment, "" (portfolio) or dataset
    std::string dimension = {};  ///< subscription_id where a signal is per subscription
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
    Instant at = {};         ///< when that was decided, or decided again (a repeat): wall time
    bool flapping = false;   ///< they were told that it comes and goes, and wait for the end of that
    bool leaves = false;     ///< another has the account now, which they have not been told yet
    bool was_owner = false;  ///< they had the account, and were told of nothing since but that it is another's
    bool operator==(const Told&) const = default;
};

/// An alert that is open, or was lately. Days are data time where not said otherwise.
///
/// A pending alert that had earlier episodes keeps their number, `ended_on` and `closed_because` until it fires. A
/// firing one with `ended_on` came back within its cooldown: nobody was told, yet.
struct Alert {
    AlertKey key;
    std::string customer_id = {};  ///< whom it is about; "" for segment, portfolio, source
    AlertPhase phase = AlertPhase::pending;
    Severity severity = Severity::warning;
    bool held = false;                      ///< by the blast guard: stored, not announced (opening, rise or ending)
    bool adopted = false;                   ///< found when a state or rule was new: told in the adoption digest only
    std::int64_t episode = 0;               ///< grows with each new incident
    std::int64_t seq = 0;                   ///< grows with each transition
    std::optional<Day> pending_since = {};  ///< since when the condition has held
    std::optional<Day> firing_since = {}, recovering_since = {}, ended_on = {};
    std::optional<Day> critical_since = {};  ///< since when the critical condition has held
    std::optional<Instant> opened_at = {};   ///< wall time, for people
    std::vector<std::string> reasons = {};   ///< conditions with their values, of the last fresh evaluation that held
    std::string message = {}, advice = {};
    std::optional<Day> deadline = {};
    double revenue = missing;  ///< yearly, minor units of base currency: what it is worth
    std::string closed_because = {};
    int absent_cycles = 0;              ///< fresh snapshots in a row without the entity, one per as-of day
    std::optional<Day> absent_on = {};  ///< the as-of day of the last of them
    std::vector<Told> told = {};        ///< one per receiver and recipient, sorted by them
    std::uint32_t flips = 0;  ///< its last evaluation_days_watched, newest lowest: a bit where it fired or ended
    std::optional<Day> judged_on = {};           ///< the as-of day of the newest bit
    bool flapping = false;                       ///< comes and goes: nobody is told of each time
    int steps_taken = 0;                         ///< escalation steps of this episode that were told, or passed over
    std::string owner = {};                      ///< the account manager, since somebody was told
    std::optional<Instant> handed_over_at = {};  ///< when the account was last found to be another's: wall time
    double risk = missing;                       ///< the customer's, or its segment's base rate
    bool risk_is_base_rate = false;

    bool operator==(const Alert& other) const;  ///< two missing revenues are the same
};

/// Flapping (ALERTS.md "Noise"): begins above 30 % changes over 20 evaluations, one per as-of day, and ends below 25 %.
inline constexpr int evaluation_days_watched = 20;
inline constexpr double flapping_begins = 0.30, flapping_ends = 0.25;

/// Notes a fresh evaluation in `after`: whether the alert fired or ended, against `before` (null: there was none), and
/// whether it flaps. Several on one as-of day count as one.
void note_evaluation(const Alert* before, Alert& after, Day as_of);

bool is_open(const Alert& alert);  ///< pending, firing or recovering

/// Ended alerts are remembered so long (days): for cooldown, recurrence, and "resolved" that somebody still has to be
/// told.
inline constexpr int days_ended_alerts_are_kept = 90;
bool is_worth_keeping(const Alert& alert, Day as_of);

/// Episode and seq.
struct AlertNumbers {
    std::int64_t episode = 0, seq = 0;
    bool operator==(const AlertNumbers&) const = default;
};

/// What this cycle found about one rule and entity.
struct Finding {
    bool frozen = false;  ///< an input is not fresh: nothing moves, whatever else is said here
    bool present = true;  ///< the entity and rule exist
    bool ended = false;   ///< the customer's contract ended
    Truth applies = Truth::yes, when = Truth::unknown, clear = Truth::unknown;
    Truth critical_when = Truth::unknown, critical_clear = Truth::unknown;
    Day data_time = {};             ///< the oldest watermark among the datasets the rule reads
    Day as_of = {};                 ///< the snapshot's day: absences are counted by it
    std::string gone_because = {};  ///< for "closed"; "" says it in general words
};

/// What happened in one step. When several things happen at once (back to firing, and critical), the one that has to be
/// told wins.
enum class Transition {
    none,
    started_pending,  ///< the condition holds, not yet for long enough
    fired,            ///< a new episode; or a recurrence that outlived its cooldown, which is told only now
    dropped,          ///< pending, and the condition no longer holds
    recovering,
    relapsed,  ///< firing again, same episode, no message: from recovering, or ended within the cooldown
    resolved,
    escalated,  ///< to critical (or the rule itself became more severe); also a recurrence that is more severe
    eased,
    closed,  ///< not recovery: the contract ended, the entity or rule is gone, or the rule no longer applies
};
std::string_view transition_name(Transition transition);

/// Entities missing from so many fresh snapshots in a row are gone. Snapshots of one as-of day are one: whether an
/// entity is there is read anew each day, however seldom the data about it move.
inline constexpr int absences_until_closed = 2;

/// One step. `before` is the alert as stored, or null. `after` is empty when nothing is to be stored (any more).
///
/// - `for` and `keep_firing_for` are data time between two evaluations that said yes; zero means at once, in this step.
///   Frozen days count exactly when the data time that follows covers them.
/// - Unknown outcomes change nothing. When `when` and `clear` both hold, `when` wins.
/// - Severity rises only while firing, and eases while firing or recovering.
/// - A recurrence no later than `cooldown` after the end (days apart; zero: never) reopens the old episode.
/// - An ending that was held was never told: it is judged again once the entity is there. A quiet recurrence stays so.
/// - Episode and seq only grow, seq by one per step that is a transition. Stepping twice with the same finding changes
///   nothing the second time. A new alert's begin after `forgotten` (State::forgotten).
///
/// Texts, reasons, deadline, revenue and customer_id are the caller's: set them on `after`. `opened_at` is emptied
/// when a new episode begins.
struct AlertStep {
    std::optional<Alert> after = {};
    Transition transition = Transition::none;
};
AlertStep step(const Alert* before, const AlertKey& key, const Rule& rule, const Finding& finding,
               const AlertNumbers& forgotten = {});

}  // namespace retaind
