// What is to be told to whom: alerts with news, grouped into one message per receiver and person (ALERTS.md "Noise",
// "People"). Values only; an edge renders them into mail, JSON or chat.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/handling.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/scores/health.hpp"

namespace retaind {

/// A resolved role: a person, or an address alone.
struct Recipient {
    std::string person_id = {};  ///< "" when roles hold addresses
    std::string name = {};
    std::string email = {};
    std::string role = {};             ///< the role they were found by
    std::string standing_in_for = {};  ///< name of the absent person whose deputy this is
    bool asked_to_act = false;
    auto operator<=>(const Recipient&) const = default;
};

/// What tells this person or address from others: person_id, or the address where there are no ids.
const std::string& person_key(const Recipient& recipient);

/// The roles a rule may notify; every other name is a receiver's.
bool is_role(std::string_view name);

struct RoleQuestion {
    std::string role;  ///< account_manager, deputy, lead, seller, keeper, ops
    CustomerIndex customer = no_customer;
    const Promise* promise = nullptr;  ///< whose seller and keeper; null: the customer's seller, and the keeper of the
                                       ///< running promise that is due first
    Day on;
    bool people_believed = true;  ///< false: `people` is not loaded or suspect; only ops is looked up in what there is
};

/// Who is told, and what is wrong with the data when it is not the one who was meant.
struct RoleAnswer {
    std::optional<Recipient> recipient = {};
    std::string finding = {};  ///< "person p7 has no e-mail address"; "" when all is well
    bool waiting = false;      ///< nobody knows while `people` cannot be believed: ask again next cycle
};

/// The person behind a role on a day. Somebody absent (away_until >= the day): the deputy, else the default deputy,
/// else the lead, else nobody stands in and the absent one is told. Somebody who left (not in `people`, or without an
/// address): the lead, else the default lead, else ops, else the address itself if the role holds one. Nobody named
/// at all: the default lead for an account manager, the defaults of deputy, lead and ops for those, nobody for seller
/// and keeper. Without a `people` dataset roles hold addresses.
RoleAnswer find_role(const Snapshot& snapshot, const RoleDefaults& defaults, const RoleQuestion& question);
std::optional<Recipient> resolve_role(const Snapshot& snapshot, const RoleDefaults& defaults,
                                      const RoleQuestion& question);

/// The one who was told before, as they can be reached now; nothing without an address.
std::optional<Recipient> find_recipient(const Snapshot& snapshot, std::string_view key);

/// Why a note stands in a message.
enum class Telling {
    news,         ///< something changed since this reader was last told
    repeat,       ///< nothing changed, nobody has it in hand, and it is time to say so again
    step,         ///< escalation: others were told, and nobody has it in hand
    handed_over,  ///< the customer has another account manager now; this reader is no longer asked
    flapping,     ///< it comes and goes: said once, then nothing until it has settled
    restated,     ///< for Alertmanager: still as it was
};
std::string_view telling_name(Telling telling);

/// How often alerts of a rule came before a loss, among those whose horizon has passed (ledger.hpp).
struct TrackRecord {
    std::int64_t right = 0, of = 0;
    bool operator==(const TrackRecord&) const = default;
};

/// One alert as a reader needs it.
struct AlertNote {
    AlertKey key;
    std::int64_t episode = 0, seq = 0;
    Transition transition = Transition::fired;
    Severity severity = Severity::warning;
    AlertPhase phase = AlertPhase::firing;
    std::string customer_id = {}, customer_name = {}, segment = {};
    std::string message = {}, advice = {};
    std::vector<std::string> reasons = {};
    std::optional<Day> since = {}, deadline = {};
    double revenue = missing;  ///< yearly, minor units of base currency
    double risk = missing;     ///< probability of churn within the horizon
    bool risk_is_base_rate = false;
    std::string outcome = {};  ///< of a promise: what was promised
    Telling telling = Telling::news;
    std::string untold_problem = {};   ///< an ending whose problem never reached this reader: what the problem was
    std::string acknowledged_by = {};  ///< name of the one who has it in hand
    std::vector<std::string> answered_by = {};  ///< names of those who acknowledged this episode and hold it no more
    std::string new_owner = {};                 ///< of handed_over: name of the account manager
    TrackRecord record = {};
    std::string doer = {};      ///< name of the one asked to act
    bool asked_to_act = false;  ///< the reader is the doer
    std::string closed_because = {};
    bool operator==(const AlertNote& other) const;  ///< two missing revenues are the same
};

/// The alert as it stands, with the names of `snapshot`. Who acts is not known here.
AlertNote make_note(const Snapshot& snapshot, const Alert& alert, Transition transition);

/// The order in which notes are read: what is over comes last; critical first; then the more revenue; then by key.
bool is_more_urgent(const AlertNote& a, const AlertNote& b);

/// What a digest holds besides alerts (ALERTS.md "Noise").
struct DigestMove {
    std::string customer_id, customer_name;
    double before = missing, after = missing;  ///< smoothed health, yesterday and today
    Band band_before = Band::unknown, band_after = Band::unknown;
    std::vector<std::string> because = {};           ///< the largest causes, in words: "visits -6.2"
    bool operator==(const DigestMove& other) const;  ///< two missing numbers are the same
};
struct DigestDue {
    std::string customer_id, customer_name;
    std::string what;  ///< "notice", "renewal", or a promise's outcome
    Day due_on;
    double revenue = missing;
    bool operator==(const DigestDue& other) const;  ///< two missing revenues are the same
};
struct DigestKept {
    std::string customer_id, customer_name, outcome;
    bool operator==(const DigestKept&) const = default;
};
struct DigestUnknown {
    std::string dataset, because;
    int customers = 0;  ///< of the reader's
    bool operator==(const DigestUnknown&) const = default;
};
struct Digest {
    std::vector<AlertNote> act_today = {};  ///< open warnings and worse whose reader is asked to act, and
                                            ///< nobody has in hand
    std::vector<DigestMove> moved = {};     ///< largest first
    std::vector<DigestDue> due = {};        ///< within days_ahead, soonest first
    std::vector<DigestKept> kept = {};      ///< promises kept since the last digest
    std::vector<DigestUnknown> unknown = {};
    int held_back = 0;  ///< notes above that would have been a message of their own, but for the budget
    int watched = 0;    ///< the reader's customers
    bool operator==(const Digest&) const = default;
};
inline constexpr std::chrono::days days_ahead{14};
inline constexpr double move_worth_telling = 5;       ///< points of smoothed health, or any change of band
inline constexpr std::size_t most_digest_lines = 20;  ///< of each part; alerts are all listed

/// `heartbeat`: nothing but that cycles are run and messages leave, for an outside watcher that alarms when it stops.
enum class MessageKind { alerts, adoption, ops, digest, all_quiet, heartbeat };
std::string_view message_kind_name(MessageKind kind);
std::optional<MessageKind> parse_message_kind(std::string_view name);

/// One message to one receiver and person: what the outbox holds. `delivery_id` is made of receiver, person_key, kind,
/// occurrence and the sorted (alert, episode, seq) it tells, so the same news always has the same id.
struct Message {
    std::string receiver;
    Recipient recipient = {};  ///< empty for receivers that address no people
    MessageKind kind = MessageKind::alerts;
    std::string occurrence = {};  ///< tells repeats of the same news apart ("" for first-time news)
    Day as_of;
    std::vector<AlertNote> notes = {};  ///< most urgent first
    std::optional<Digest> digest = {};  ///< of kind digest and all_quiet; its news stand in `notes`
    /// Undelivered messages to the same reader that this one can take along: when none of them has left by the time it
    /// is stored, `together` is sent instead of `notes`, and they are superseded.
    std::vector<std::string> absorbs = {};
    std::vector<AlertNote> together = {};
    bool operator==(const Message&) const = default;
};

/// Length-prefixed identity, to be hashed by an edge (SHA-256, 128 bits, hex): delivery and alert ids.
std::string identity(const Message& message);
std::string identity(const AlertKey& key);

}  // namespace retaind
