// What retaind remembers between cycles, as a value.
//
// Everything recursive is anchored to days (SCORING 1.0): a cycle for day D steps from the newest record of an earlier
// day and replaces the record of D. So N cycles a day equal one, and a rerun compounds nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/scores/health.hpp"

namespace retaind {

/// How many days of records a State carries: enough for the eight weeks of a trend. Older ones live in the store only.
inline constexpr int days_carried = 60;

/// Records of this day and before it are about to be forgotten: every cycle of a day must find the same ones.
inline Day oldest_carried(Day as_of) { return as_of - std::chrono::days{days_carried}; }

/// A customer's scores of one as-of day. Health and risk are missing when a feed behind them was in trouble: smoothed
/// and band are then those of the last day that has a health, and nothing steps from them or compares with them.
struct ScoreDay {
    Day day;
    Band band = Band::unknown;
    double health = missing, smoothed = missing, coverage = 0, risk = missing;
    bool operator==(const ScoreDay&) const = default;
};

/// On this as-of day an alert ended that looked at a drift signal: from the next day on, its charts begin anew.
struct DriftEnd {
    Day day;
    std::string signal;
    bool operator==(const DriftEnd&) const = default;
};

struct CustomerMemory {
    std::string customer_id;
    std::vector<ScoreDay> days = {};        ///< ascending, at most days_carried
    std::string account_manager = {};       ///< last seen; one that is unknown today does not count
    std::optional<Day> owner_since = {};    ///< when it changed while we watched
    std::string manager_before = {};        ///< both as of the day before the newest one: what a cycle of the same day
    std::optional<Day> owner_before = {};   ///< steps from
    std::vector<DriftEnd> drift_ends = {};  ///< by day, as far back as series are read
};

struct PromiseMemory {
    std::string promise_id;
    std::vector<PromiseDay> days = {};   ///< ascending; the two newest suffice
    std::optional<Day> kept_on = {};     ///< sticky from the as-of day after `kept_known` on
    std::optional<Day> kept_known = {};  ///< the as-of day that found it
};

/// Mean health of a segment's well-covered customers on a day: the prior H0 of later days, under the same rules.
struct PriorDay {
    Day day;
    std::string segment;
    std::string rules_hash;
    double mean = missing;
    int customers = 0;
};

/// By which rules the scores of a day came about (RuleSet::score_hash): those of other rules cannot be compared.
struct ScoreRules {
    Day day;
    std::string hash;
    bool operator==(const ScoreRules&) const = default;
};

/// What came from outside since the cycle before: of the outbox, of people, of the machine's clock.
struct Happened {
    std::vector<Undelivered> undelivered = {};  ///< by receiver
    std::vector<FirstDelivery> delivered = {};  ///< of open alerts, sorted by key, then receiver
    std::vector<WaitingMessage> waiting = {};   ///< oldest first
    std::vector<Act> acts = {};                 ///< on remembered alerts, oldest first
    std::vector<AlertKey> released = {};        ///< held alerts that somebody let go of
    std::vector<AlertSilence> silences = {};    ///< not over yet
    std::vector<RuleQuality> quality = {};      ///< sorted by rule
    std::vector<LedgerEntry> unlabelled = {};   ///< alerts whose outcome is not known yet
    bool outbox_is_full = false;
    bool clock_jumped = false;
};

/// Which facts of a customer (model/facts.hpp) were seen last, as hashes of their text; 0 is none.
struct FactsMemory {
    std::string customer_id;
    std::uint64_t now = 0;
    std::uint64_t before = 0;  ///< as of the day before State::as_of: what a cycle of the same day compares with
    bool operator==(const FactsMemory&) const = default;
};

struct State {
    std::optional<Day> as_of = {};  ///< of the newest cycle; none: nothing is remembered yet
    std::string rules_hash = {};
    std::vector<CustomerMemory> customers = {};  ///< sorted by id
    std::vector<PromiseMemory> promises = {};    ///< sorted by id
    std::vector<FactsMemory> facts = {};         ///< sorted by id; also of customers that are not live
    std::vector<PriorDay> priors = {};           ///< by day, then segment
    std::vector<FeedDay> feeds = {};             ///< by day, then dataset
    std::vector<ScoreRules> score_rules = {};    ///< by day; of the days that are carried
    std::vector<AdoptedRule> rules = {};         ///< sorted by name
    std::vector<Alert> alerts = {};              ///< sorted by key; open ones, and ended ones of the last 90 days
    /// The greatest episode and the greatest seq of any alert that is no longer remembered. An alert that comes back
    /// begins after them, since ledger, acts and deliveries outlive it and go by (alert, episode, seq). A number need
    /// not be the next one, only greater than all before; so one pair for all alerts does, and the state stays bounded.
    AlertNumbers forgotten = {};
    std::vector<Mailing> mailings = {};            ///< sorted
    std::vector<Interruption> interruptions = {};  ///< of the last week
    Happened happened = {};                        ///< since: not of a cycle, and not in a Commit's state
};

}  // namespace retaind
