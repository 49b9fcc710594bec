// The seam to retaind's own database: the state of the last cycle, and the outbox.
//
// The promise that carries everything (ALERTS.md): a cycle's next state and its messages are one transaction. Then each
// message is claimed (committed), sent, and its result committed. So a crash loses nothing, and repeats at most the
// deliveries that were in flight.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/model/facts.hpp"
#include "retaind/ports/sender.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

/// A message that can take others along (Message::absorbs).
struct Absorption {
    std::string delivery_id;            ///< of a payload in Commit::outbox
    Payload together;                   ///< what is queued instead
    std::vector<std::string> absorbed;  ///< what is superseded then; all of them must still wait
};

/// One cycle's writing.
struct Commit {
    const State& state;
    std::vector<Payload> outbox;
    std::vector<Absorption> absorptions = {};
    LedgerNews ledger = {};
    Instant now;
    std::string engine_version;
    std::string rules_text;  ///< the packs' source, kept once per rules hash: past scores can be reproduced
    std::span<const CustomerFacts> facts = {};  ///< as in CycleResult
};

enum class DeliveryStatus { queued, in_flight, retry, delivered, dead, quarantined, superseded };
std::string_view delivery_status_name(DeliveryStatus status);

/// A message of the outbox.
struct Delivery {
    Payload payload;
    DeliveryStatus status = DeliveryStatus::queued;
    int attempts = 0;  ///< tries that have a result
    int refusals = 0;  ///< of them the last ones in a row that were refused
    int claims = 0;    ///< times claimed without a result since the last one
    Instant created_at;
    Instant next_at;
    std::string error_class = {};
};

struct Settlement {
    std::string delivery_id;
    DeliveryStatus status = DeliveryStatus::delivered;  ///< delivered, retry, dead or quarantined
    Instant next_at = {};                               ///< of retry: when it is due; else when it was settled
    std::string error_class = {};
    bool counts_as_attempt = true;  ///< false: as if it had not been claimed
    bool refused = false;           ///< one more in a row; any other try ends the row
};

/// Bounds of the outbox (ALERTS.md).
struct OutboxLimits {
    std::uint64_t rows = 100'000;
    std::uint64_t bytes = 256ull << 20;
    int tries_until_passed = 8;  ///< a message tried so often no longer holds back later ones to the same person
};

/// A cycle that was: whose rules and which engine its scores came from.
struct PastCycle {
    Day day;
    std::string rules_hash = {}, rules_text = {}, engine_version = {};
    bool operator==(const PastCycle&) const = default;
};

struct OutboxCount {
    std::string receiver;
    DeliveryStatus status = DeliveryStatus::queued;
    std::uint64_t messages = 0, bytes = 0;
    Instant oldest;  ///< when the oldest of them was decided
};

class StateStore {
public:
    virtual ~StateStore() = default;
    StateStore() = default;
    StateStore(const StateStore&) = delete;
    StateStore& operator=(const StateStore&) = delete;

    /// What a cycle for day `as_of` steps from: records of the days_carried days before it and of the day itself. With
    /// `past`, records of `as_of` and later, and alerts, are left out (a rerun of history); else the newest state.
    virtual Result<State> load(Day as_of, bool past) = 0;

    /// The day of the newest cycle, without loading it.
    virtual Result<std::optional<Day>> newest_day() = 0;

    /// The newest cycle on `last` or before.
    virtual Result<std::optional<PastCycle>> newest_cycle(Day last) = 0;

    /// What the company's database said of each customer on that day, as far as a cycle has seen it.
    virtual Result<std::vector<CustomerFacts>> facts(Day day) = 0;

    /// Whatever is kept under a rule's former name is then kept under its name, all or nothing. Where both have an
    /// entry, the former one's stays as it is.
    virtual Result<void> rename(std::span<const RuleRename> renames) = 0;

    /// All or nothing. Payloads whose delivery_id is there already are left as they are.
    virtual Result<void> commit(const Commit& commit) = 0;

    /// Rows due at `now` become in_flight (committed) and are returned, oldest first, at most one per receiver of those
    /// not in `busy`, order per receiver and recipient kept.
    virtual Result<std::vector<Delivery>> claim(Instant now, const std::vector<std::string>& busy,
                                                std::size_t most) = 0;
    virtual Result<void> settle(const Settlement& settlement) = 0;

    /// Deliveries in flight when a process died become due again (their claims are counted). Called once, at start.
    virtual Result<std::uint64_t> recover(Instant now) = 0;

    virtual Result<std::vector<OutboxCount>> outbox() = 0;
    /// What came about outside of cycles, as a cycle at `now` must know it; but for `clock_jumped`. `undelivered` is
    /// what was given up (dead or quarantined) within the day before `now`.
    virtual Result<Happened> happened(Instant now) = 0;
    /// Deletes what retention no longer keeps, in bounded steps.
    virtual Result<void> prune(const RetentionSettings& retention, Instant now) = 0;
    virtual Result<std::uint64_t> size_bytes() = 0;
};

}  // namespace retaind
