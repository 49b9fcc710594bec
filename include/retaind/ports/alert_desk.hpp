// The seam for people: what they may see of alerts, and do about them, beside the cycles. Usable while the daemon runs;
// the next cycle takes over what was done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "retaind/alerts/handling.hpp"
#include "retaind/alerts/ledger.hpp"
#include "retaind/base/result.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// A step that an alert took, from the audit trail.
struct AlertEvent {
    Instant at;
    Day day;  ///< as of
    std::int64_t episode = 0, seq = 0;
    std::string before, after;  ///< phases by name; "" where there was none, or is none any more
    Severity severity = Severity::warning;
    bool held = false;
    std::string reasons, because;
};

/// A delivery that told of an alert.
struct AlertDelivery {
    std::string delivery_id, receiver, recipient;  ///< recipient: the address
    MessageKind kind = MessageKind::alerts;
    std::int64_t episode = 0;
    Transition transition = Transition::fired;
    DeliveryStatus status = DeliveryStatus::queued;
    Instant created_at, settled_or_due_at;
    std::string error_class;
};

/// Something that somebody did beside acts: about a silence or a delivery, by its id.
struct AuditedAction {
    Instant at;
    std::string author;
    std::string what;  ///< "silence", "silence_ended", "requeue"
    std::string about;
    bool operator==(const AuditedAction&) const = default;
};

/// Everything about one alert.
struct AlertStory {
    Alert alert;
    std::string segment, account_manager;  ///< of the customer, as last told; "" when never told
    std::vector<AlertEvent> events = {};   ///< oldest first, like everything here
    std::vector<AlertDelivery> deliveries = {};
    std::vector<Act> acts = {};
    std::vector<AuditedAction> audit = {};  ///< about its deliveries, and silences that match it
};

/// Which deliveries to send again.
struct Requeue {
    std::vector<std::string> delivery_ids = {};
    std::string receiver = {};  ///< instead: all of its dead and quarantined ones
};

/// What became of them.
struct Requeued {
    std::vector<std::string> queued = {};  ///< due at once, with fresh tries, under the same id
    std::vector<std::string> over = {};    ///< not sent: every alert that they tell of is over
};

class AlertDesk {
public:
    virtual ~AlertDesk() = default;
    AlertDesk() = default;
    AlertDesk(const AlertDesk&) = delete;
    AlertDesk& operator=(const AlertDesk&) = delete;

    /// All that are remembered, sorted by key, and the acts on them.
    virtual Result<std::vector<Alert>> alerts() = 0;
    virtual Result<std::vector<Act>> acts() = 0;
    /// Nothing when no such alert is remembered.
    virtual Result<std::optional<AlertStory>> story(const AlertKey& key) = 0;

    /// An act that is the same in all but its time and was done within the last minute is not added again. Error
    /// (usage): its author has done most_acts already.
    virtual Result<void> add(const Act& act) = 0;
    /// Held alerts that the next cycle lets go of; all of them when `keys` is empty. How many there were.
    virtual Result<std::uint64_t> release(const std::vector<AlertKey>& keys, Instant now, const std::string& by) = 0;

    /// Gives it an id of its own and returns that.
    virtual Result<std::string> add(const AlertSilence& silence, Instant now) = 0;
    /// Newest first; those that are over only on demand.
    virtual Result<std::vector<AlertSilence>> silences(Instant now, bool also_over) = 0;
    /// False when there is none of this id that is not over.
    virtual Result<bool> end_silence(const std::string& id, Instant now, const std::string& by) = 0;

    /// Of dead and quarantined deliveries; those that are not found are in neither list.
    virtual Result<Requeued> requeue(const Requeue& which, Instant now, const std::string& by) = 0;

    virtual Result<std::vector<RuleQuality>> quality() = 0;

    /// With which links in messages are signed: made at first use, kept with the state.
    virtual Result<Secret> link_key() = 0;
};

}  // namespace retaind
