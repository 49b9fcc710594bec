// The whole daemon in one function: (snapshot, rules, state, now) -> (next state, messages, view).
//
// Pure: no I/O, no clock, no threads. The daemon, `once`, `explain`, `replay`, rule tests and backtests all call it;
// that is why they can never disagree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "retaind/alerts/message.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/cycle/view.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/scores/risk.hpp"

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
};

/// One cycle. `now` is only for people (opened_at) and is never compared with data. Same inputs, same bytes out.
CycleResult run_cycle(const Snapshot& snapshot, const RuleSet& rules, const State& state, Instant now);

/// Everything that is known about one customer's numbers, for `explain`.
struct Explanation {
    std::string customer_id, name;
    Day as_of;
    Health health;  ///< terms index into `rules.signals`
    double smoothed = missing;
    Band band = Band::unknown;
    Risk risk;
    std::vector<std::string> profiles = {};
    std::vector<SignalScore> signals = {};                                     ///< parallel to rules.signals
    std::vector<std::uint32_t> rows = {};                                      ///< parallel to health.terms
    std::vector<std::pair<std::optional<Day>, std::optional<Day>>> days = {};  ///< first and last row behind each
    std::vector<PromiseView> promises = {};
    std::vector<Alert> alerts = {};
    RuleSet rules = {};  ///< with the customer's profiles applied
};

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

private:
    const State& state_;
    std::unique_ptr<const Evaluation> evaluation_;
};

}  // namespace retaind
