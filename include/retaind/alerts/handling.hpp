// What people do with alerts: acknowledge, snooze, silence (ALERTS.md "People"). Acts and silences are only ever added,
// so the audit trail and the truth are one; how an alert is handled is read off them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/rules/policy.hpp"

namespace retaind {

/// `seen`, `on_it` and `wrong` acknowledge: repeats and escalation stop until severity rises, the episode ends, or the
/// time is over. `snooze` delays every message about the alert. `resume` ends both at once. `release` lets go of an
/// alert that the blast guard holds.
enum class ActKind { seen, on_it, wrong, snooze, resume, release };
std::string_view act_kind_name(ActKind kind);
std::optional<ActKind> parse_act_kind(std::string_view name);

/// One thing that somebody did with one episode of an alert.
struct Act {
    AlertKey key;
    std::int64_t episode = 0;
    ActKind kind = ActKind::seen;
    Severity severity = Severity::warning;  ///< the alert's, when it was done
    Instant at;
    Instant until = {};        ///< when it has no effect any more
    std::string by;            ///< person_key of a reader, or a login on this machine
    std::string via;           ///< "link", "command", "api"
    std::string comment = {};  ///< required for snooze
    bool operator==(const Act&) const = default;
};

/// How long an act holds when nobody says, and at most.
inline constexpr Seconds seen_holds = std::chrono::days{3};
inline constexpr Seconds acknowledged_holds = std::chrono::days{14};
inline constexpr Seconds longest_act = std::chrono::days{90};
inline constexpr std::size_t longest_comment = 500;  ///< bytes
inline constexpr std::size_t most_acts = 100;  ///< through the links of one reader to one episode; more are refused

/// What follows at a moment, of the alert's present episode.
struct Handling {
    std::optional<Instant> acknowledged_until = {}, snoozed_until = {};
    std::string acknowledged_by = {};
    bool called_wrong = false;
    std::vector<std::string> answered = {};  ///< who acknowledged this episode, ever; sorted
};

/// Acts from the future are not yet. An act at a lower severity than the alert's no longer acknowledges. Of several
/// acknowledgements the longest holds: who merely looks at it takes it out of nobody's hands. The last snooze counts. A
/// snooze is ended only by its time, by `resume`, by the episode's end, and by a hand-over: what others than the
/// account's new manager did before it no longer holds, for the new one has to hear of the problem.
Handling handling_of(const Alert& alert, std::span<const Act> acts, Instant now);

/// Until when the last snooze of the present episode holds; nothing when there is none, it is over, or was taken back.
std::optional<Instant> snoozed_until(const Alert& alert, std::span<const Act> acts, Instant now);

/// For how long between `from` and `to` the alert's present episode was acknowledged or snoozed: escalation stood
/// still.
Seconds time_in_hand(const Alert& alert, std::span<const Act> acts, Instant from, Instant to);

/// What a silence may match on.
struct AlertFacts {
    AlertKey key;
    Severity severity = Severity::warning;
    std::string customer_id = {}, segment = {}, account_manager = {};
    bool operator==(const AlertFacts&) const = default;
};
inline constexpr std::string_view silence_fields[] = {"rule",        "scope",   "entity",         "severity",
                                                      "customer_id", "segment", "account_manager"};

/// While it lasts, messages about what it matches wait; at its end at most one catches up.
struct AlertSilence {
    std::string id;
    std::vector<Route::Match> match;  ///< all must hold; never empty; of silence_fields
    Instant from, until;
    std::string author, comment;
    bool operator==(const AlertSilence&) const = default;
};
inline constexpr Seconds longest_silence = std::chrono::days{365};

bool matches(const AlertSilence& silence, const AlertFacts& alert);
/// Until when the alert is silenced, if it is at `now`.
std::optional<Instant> silenced_until(std::span<const AlertSilence> silences, const AlertFacts& alert, Instant now);

}  // namespace retaind
