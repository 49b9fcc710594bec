// The whole daemon in one function: (snapshot, rules, state, now) -> (next state, messages, view).
//
// Pure: no I/O, no clock, no threads. The daemon, `once`, `explain`, `replay`, rule tests and backtests all call it;
// that is why they can never disagree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/ledger.hpp"
#include "retaind/alerts/message.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/cycle/view.hpp"
#include "retaind/model/facts.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/scores/change.hpp"
#include "retaind/scores/risk.hpp"
#include "retaind/signals/drift.hpp"

namespace retaind {

/// A step that an alert took in this cycle.
struct AlertNews {
    AlertKey key;
    std::string customer_id;
    Transition transition = Transition::none;
    Severity severity = Severity::warning;
    std::int64_t episode = 0;
    bool held = false;
};

struct CycleResult {
    State state;                  ///< what to remember; alerts carry what each receiver will have been told
    std::vector<Message> outbox;  ///< what to tell, to be stored in the same transaction
    View view;
    std::vector<AlertNews> news = {};  ///< sorted by key
    /// Of customers whose facts are others than the last cycle saw; an empty text: those of the day before again.
    std::vector<CustomerFacts> facts = {};
    LedgerNews ledger = {};
    std::optional<Instant> wake_at = {};  ///< as in MessagePlan
};

/// One cycle. `now` is wall time: for people (opened_at, repeats, digests) and never compared with data. Same inputs,
/// same bytes out.
CycleResult run_cycle(const Snapshot& snapshot, const RuleSet& rules, const State& state, Instant now);

/// The rows behind a term of a health, and whose it is.
struct TermSource {
    std::string subscription_id = {}, child_id = {};
    std::uint32_t rows = 0;
    std::optional<Day> first = {}, last = {};  ///< days of the first and the last of them
};

/// What moved a health since an earlier day.
struct ChangeSince {
    Day day;
    HealthChange change;
    std::vector<TermSource> sources = {};  ///< parallel to change.terms; ids only
};

/// What a drift signal (an index into RuleSet::signals) says of one customer.
struct SignalDrift {
    int signal = -1;
    Drift drift = {};
};

/// What the account manager feels, as it was written down.
struct Pulse {
    double value = missing;  ///< 0..100
    std::optional<Day> at = {};
    std::string note = {};
    bool expired = false;  ///< older than [health] pulse_expires: shown, and no longer counted
};

/// Everything that is known about one customer's numbers, for `explain`.
struct Explanation {
    std::string customer_id, name;
    Day as_of;
    Health health;  ///< terms index into `rules.signals`
    double smoothed = missing;
    Band band = Band::unknown;
    Trend trend = Trend::unknown;
    double trend_slope = missing;  ///< as in CustomerView
    Risk risk;
    SignalDrift drift;  ///< as in drift_since_days; signal -1: none
    Pulse pulse;
    bool frozen = false;           ///< a feed behind it is in trouble: nothing steps from this day, no alert moves
    bool prior_of_segment = true;  ///< false: the prior is the rules' own, too few are well covered
    double remembered = missing;   ///< what a cycle of that day stored, for a day in the past
    std::vector<std::string> profiles = {};
    std::vector<SignalScore> signals = {};  ///< parallel to rules.signals
    std::vector<TermSource> sources = {};   ///< parallel to health.terms
    std::optional<ChangeSince> since_last_cycle = {}, since_week = {}, since_month = {};
    std::vector<PromiseView> promises = {};
    std::vector<Alert> alerts = {};
    RuleSet rules = {};  ///< with the customer's profiles applied
};

/// Healths of one day, with their terms, under some rules; all by CustomerIndex.
struct DayHealths {
    std::vector<std::optional<Health>> health = {};  ///< nothing: not live, or not wanted
    std::vector<ProfileSet> profiles = {};
    std::vector<bool> is_live = {};
};

struct HealthsWanted {
    std::span<const CustomerIndex> wanted = {};         ///< whose
    const std::vector<ProfileSet>* profiles = nullptr;  ///< by CustomerIndex: taken instead of the matching ones
};

/// As of the snapshot's day.
DayHealths healths_on(const Snapshot& snapshot, const RuleSet& rules, const State& state, const HealthsWanted& which);

/// An earlier day, seen from today: all three under today's rules but `then`.
struct EarlierDay {
    Day day;
    std::vector<double> remembered = {};  ///< health as stored that day, by CustomerIndex; missing: not
    bool same_engine = true;              ///< the version of retaind that stored it is this one
    DayHealths then = {};                 ///< that day, under the rules of that day
    DayHealths now = {};                  ///< that day, under today's rules
    DayHealths bridge = {};               ///< today, with the profiles that matched that day
};

/// What moved a customer's health from that day to `today`; nothing when it was not live then. The lines add up
/// exactly: from what was remembered, by data that came late (or another engine), other rules, other profiles, to its
/// own doing.
std::optional<ChangeSince> change_since(const Snapshot& snapshot, const EarlierDay& earlier, const DayHealths& today,
                                        CustomerIndex customer);

struct Evaluation;

/// Explains customers as of the snapshot's day: the same numbers that run_cycle gives, evaluated once for all.
/// Snapshot, rules and state must outlive it.
class Explainer {
public:
    Explainer(const Snapshot& snapshot, const RuleSet& rules, const State& state);
    ~Explainer();

    /// Error (usage) when there is no such customer, or it has no live subscription.
    Result<Explanation> explain(std::string_view customer_id) const;
    /// Of every live customer, sorted by id.
    std::vector<std::string> customers() const;
    /// Of one of them with everybody below it, or ("") of all.
    DayHealths healths(std::string_view customer_id) const;

private:
    const State& state_;
    std::unique_ptr<const Evaluation> evaluation_;
};

}  // namespace retaind
