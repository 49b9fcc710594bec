// What is to be told to whom: alerts with news, grouped into one message per receiver and person (ALERTS.md "Noise",
// "People"). Values only; an edge renders them into mail, JSON or chat.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

/// A resolved role: a person, or an address alone.
struct Recipient {
    std::string person_id = {};      ///< "" when roles hold addresses
    std::string name = {};
    std::string email = {};
    std::string role = {};           ///< the role they were found by
    std::string standing_in_for = {};   ///< name of the absent person whose deputy this is
    bool asked_to_act = false;
    auto operator<=>(const Recipient&) const = default;
};

/// The people behind a role, of this customer or promise on this day: an absent person's deputy, the lead where
/// somebody has left, else [people.defaults]; empty when nobody has an address (a data finding, never a silent drop).
struct RoleQuestion {
    std::string role;                ///< account_manager, deputy, lead, seller, keeper, ops
    CustomerIndex customer = no_customer;
    const Promise* promise = nullptr;
    Day on;
};
std::optional<Recipient> resolve_role(const Snapshot& snapshot, const RoleDefaults& defaults,
                                      const RoleQuestion& question);

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
    double revenue = missing;        ///< yearly, minor units of base currency
    std::string doer = {};           ///< name of the one asked to act
    bool asked_to_act = false;       ///< the reader is the doer
    std::string closed_because = {};
    bool operator==(const AlertNote&) const = default;
};

enum class MessageKind { alerts, adoption, ops };
std::string_view message_kind_name(MessageKind kind);
std::optional<MessageKind> parse_message_kind(std::string_view name);

/// One message to one receiver and person: what the outbox holds. `delivery_id` is made of all but the texts, so the
/// same news always has the same id.
struct Message {
    std::string receiver;
    Recipient recipient = {};        ///< empty for receivers that address no people
    MessageKind kind = MessageKind::alerts;
    std::string occurrence = {};     ///< tells repeats of the same news apart ("" for first-time news)
    Day as_of;
    std::vector<AlertNote> notes = {};   ///< most urgent first
    bool operator==(const Message&) const = default;
};

/// Length-prefixed identity, to be hashed by an edge (SHA-256, 128 bits, hex): delivery and alert ids.
std::string identity(const Message& message);
std::string identity(const AlertKey& key);

}  // namespace retaind
