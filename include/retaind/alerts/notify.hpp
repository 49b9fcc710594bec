// From a cycle's alerts to messages: what each person should know, compared with what they were told (ALERTS.md).
//
// Called last in a cycle, after guard() (see guard.hpp for the whole order):
//
//   auto plan = plan_messages({.snapshot = snapshot, .rules = rules, .feeds = feeds}, moves);   // updates alert.told
//   plan.messages  -> the outbox, in the same transaction as the alerts
//   plan.findings  -> data findings of `people`, as long as they last
//
// `told` says what each will have been told once that transaction commits. Because it is a comparison and not a
// reaction, a message that could not be planned now (held, silenced, snoozed, at night, over budget, `people` not
// loaded, nobody reachable) is planned by a later cycle, once, whatever happened in between: suppression only delays.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/handling.hpp"
#include "retaind/alerts/ledger.hpp"
#include "retaind/alerts/message.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// Somebody who should have been told has no address. Others were told in their place, if there are any.
struct PeopleFinding {
    AlertKey key;
    std::string role;
    std::string because;
    auto operator<=>(const PeopleFinding&) const = default;
};

/// When somebody last got a digest, and anything at all. Stored with the state.
struct Mailing {
    std::string receiver, recipient;      ///< recipient "": the channel itself
    std::optional<Day> digest_on = {};    ///< local day of the last digest hour that was served, also by an empty one
    std::optional<Instant> told_at = {};  ///< of the last message of any kind; of a machine the last heartbeat
    bool operator==(const Mailing&) const = default;
};

/// A story told to a person at once instead of in the digest: what the weekly budget counts.
struct Interruption {
    std::string recipient;
    Instant at;
    int stories = 0;
    bool operator==(const Interruption&) const = default;
};

/// When the first message that told of an episode arrived, by one receiver.
struct FirstDelivery {
    AlertKey key;
    std::int64_t episode = 0;
    Instant at;
    std::string receiver = {};
};

/// What one delivery of the outbox tells of one alert.
struct Tell {
    AlertFacts alert;
    std::int64_t episode = 0, seq = 0;
    Transition transition = Transition::fired;
    bool operator==(const Tell&) const = default;
};

/// A message that waits in the outbox: decided, and not under way.
struct WaitingMessage {
    std::string delivery_id, receiver, recipient;  ///< recipient: person_key
    MessageKind kind = MessageKind::alerts;
    std::vector<Tell> tells = {};
};

/// A promise that is due within days_ahead of the as-of day, and not kept yet.
struct DuePromise {
    std::string outcome;
    Day due_on;
};

/// A customer's numbers as a digest needs them.
struct WatchedCustomer {
    CustomerIndex customer = no_customer;
    double smoothed = missing, smoothed_before = missing;  ///< today; the day of the cycle before
    Band band = Band::unknown, band_before = Band::unknown;
    double revenue = missing, risk = missing;
    std::optional<Day> notice_on = {}, renews_on = {};
    std::vector<DuePromise> promises = {};
    std::vector<std::string> because = {};  ///< the largest causes of the move, in words; may be empty
};

/// A promise that was found kept since the day of the cycle before.
struct KeptPromise {
    CustomerIndex customer = no_customer;
    std::string outcome;
};

/// Everything that decides who hears what, besides the alerts themselves.
struct NotifyInput {
    const Snapshot& snapshot;
    const RuleSet& rules;                             ///< for its policy: routes, receivers, defaults
    std::span<const FeedVerdict> feeds = {};          ///< of judge_feeds
    Instant now = {};                                 ///< wall time
    bool clock_jumped = false;                        ///< hold new notifications for this cycle
    std::span<const WatchedCustomer> customers = {};  ///< live ones
    std::span<const KeptPromise> kept = {};
    std::span<const Act> acts = {};
    std::span<const AlertSilence> silences = {};
    std::span<const FirstDelivery> delivered = {};
    std::span<const WaitingMessage> waiting = {};
    std::span<const Mailing> mailings = {};
    std::span<const Interruption> interruptions = {};
    std::span<const RuleQuality> quality = {};
    bool outbox_is_full = false;  ///< repeats and digests stop; problems never do
};

struct MessagePlan {
    std::vector<Message> messages = {};            ///< one per receiver, person and kind; sorted by them
    std::vector<PeopleFinding> findings = {};      ///< sorted
    std::vector<Mailing> mailings = {};            ///< to remember, sorted
    std::vector<Interruption> interruptions = {};  ///< likewise; of the last week
    int over_budget = 0;                           ///< stories that wait for a digest, for want of budget
    std::optional<Instant> wake_at = {};  ///< when wall time alone changes something: a digest hour, the end of
                                          ///< a night, a repeat, a step, a snooze or silence that ends
};

/// Who: the first matching route's receivers (all, when there is none), and those that `notify` names (these alone,
/// when it names no role). Receivers that address people send one message to each person behind the roles (by default
/// the account manager; of a promise its keeper, the account manager and who promised it; the lead of segments and the
/// portfolio; ops of sources). One of them is asked to act: the doer, or the first who can be reached; a person with
/// two roles is told once. Nobody reachable: ops, else receivers that need no person. The newest escalation step that
/// was due adds the people or receivers it names.
///
/// What, per person or channel, in a message at the end of this cycle:
/// - a firing alert of an episode they were never told of: the problem. Severity info waits for the digest; one about a
///   customer whose doer is not ops is an opening, and waits until no warning or critical alert of theirs is open.
/// - it rose, or is more severe than they know: escalated, whatever cooldown, flapping and budget.
/// - they were told it ended, and it is back: nothing within the cooldown, then the problem.
/// - it ended: "resolved" or "closed", to exactly those who were told of the problem; in the digest, unless they
///   acknowledged it (a channel does under its receiver's name), it is about a source, or the problem still waits
///   undelivered: then one message at once says both.
/// - it eased from critical: in the digest.
/// - it fires on, unanswered, for `repeat` (ops: between_ops_repeats, or `repeat` if that is less; zero: never) since
///   they were told: a repeat. Not of severity info, nor while its inputs are frozen, or it is acknowledged.
/// - a step of escalation is due: counted from the first delivery of the episode to a person or channel (to a machine,
///   where only machines are told: that a file has it asks nobody), less the time it was acknowledged; of
///   several overdue steps only the last is taken. Not while its inputs are frozen, or it is acknowledged. Without
///   steps of its own an alert has [alerts] escalation, unless it is info. A step is taken once one of its readers is
///   told.
/// - the customer has another account manager: the new one gets the problem; those of the old one, in the digest, that
///   it is handed over, and then nothing more.
/// - it began to flap: said once (a rise that comes first says it too); nothing until it has settled, then what is so.
/// - held, pending, snoozed, silenced: nothing, until that ends. A snooze ends with the episode.
///
/// Machines (ReceiverTraits::is_machine) are told of every change at once, whatever its severity: digest, budget, quiet
/// hours, repeats and flapping are for people. wants_restating: all they know to be firing, at every cycle, as
/// Telling::restated. One with a `heartbeat` gets it by the first cycle so long after the last one; of those that wait
/// undelivered only the newest is sent.
///
/// Budget: a story is one customer's (or promise's, segment's, ...) alerts in one message to one person; by several
/// receivers it counts once. Within seven days at most budget_per_week stories interrupt a person; those with a
/// critical or risen alert, and to ops, count but are never held back; nor is the end of a problem that waits
/// undelivered, which does not count. First come those of the most revenue x risk / days left (risk unknown:
/// Alert::risk holds the segment's mean, else [risk] base_rate; days left: to the deadline, else to renewal, else 90;
/// at least 1). The rest waits for the digest.
///
/// Quiet hours, by the reader's clock on the wall: nothing to people and channels but alerts about sources.
///
/// Digest: once per local day of the reader, at the first cycle at or after its hour (and after a night); the hour that
/// a spring gap skips is the end of the gap, and an hour that autumn repeats counts once. It holds all that waits, and
/// the parts of `Digest`. One with nothing in it is not sent, unless nothing at all was sent for days_until_all_quiet
/// local days: then all_quiet, where somebody is watched. Digests go to account managers of live customers, to whom
/// else news waits for, and to channels; a receiver speaks of the customers that a route leads to it, whatever the
/// route asks of rule, severity and entity. None while `customers` cannot be believed, nor to people while `people`
/// cannot. An adoption is that day's digest, when both are due and no news waits. `act_today` leaves out what the same
/// plan tells.
///
/// Adopted problems are a message of their own kind, outside of the budget; so are alerts about sources. The result
/// does not depend on the order of `moves`, which is kept. Times from the future (a clock that went back) count as now.
/// After a jump of the clock nothing is told, and the plan asks to be woken after_clock_jump later.
///
/// While `people` is not loaded or suspect, only receivers that need no person are told, and ops. While `customers`
/// is, or a customer is not in the data, nobody hears of an open alert about a customer.
///
/// A message absorbs those that wait undelivered for the same receiver and reader: see Message. Ops messages neither
/// absorb nor are absorbed; a digest that waits goes along with a digest only; one that tells an end goes by itself;
/// newest first, up to most_notes_together.
MessagePlan plan_messages(const NotifyInput& input, std::vector<Move>& moves);

inline constexpr Seconds between_ops_repeats = std::chrono::hours{4};
inline constexpr std::chrono::days days_until_all_quiet{7};
inline constexpr std::chrono::days budget_days{7};
inline constexpr Seconds after_clock_jump{60};
inline constexpr std::size_t most_notes_together = 100;

/// The zone of a person, by the `people` dataset; the daemon's while they have none of their own.
const Zone& zone_of(const Snapshot& snapshot, const Policy& policy, std::string_view person_key);

}  // namespace retaind
