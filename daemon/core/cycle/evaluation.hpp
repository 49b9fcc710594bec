// The numbers of one as-of day for every live customer: what rules judge, what `explain` shows, what is remembered.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/portfolio/contract_facts.hpp"
#include "retaind/portfolio/segments.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/scores/health.hpp"
#include "retaind/scores/risk.hpp"
#include "retaind/signals/drift.hpp"
#include "retaind/signals/measure.hpp"
#include "retaind/signals/statistics.hpp"

namespace retaind {

/// One live customer. Signals stand in Evaluation::signals, row by row.
struct ScoredCustomer {
    CustomerIndex customer = no_customer;
    ProfileSet profiles = 0;
    const CustomerMemory* memory = nullptr;  ///< what is remembered of earlier days, if anything
    ContractFacts facts = {};
    std::optional<Day> owner_since = {};  ///< when the account manager changed while we watched
    std::uint32_t live_subscriptions = 0;
    std::uint32_t first_line = 0, lines = 0;  ///< their run in Evaluation::lines; none: scored as a whole
    double group_revenue = missing;           ///< with that of its children, yearly
    double health = missing, before_caps = missing, coverage = 0, smoothed = missing, risk = missing;
    double change_7d = missing, change_30d = missing;
    Band band = Band::unknown;
    Trend trend = Trend::unknown;
    double trend_slope = missing;
    bool frozen = false;  ///< a feed of the score is in trouble: smoothed and band stand still, no number is remembered
};

struct Evaluation {
    const Snapshot& snapshot;
    const RuleSet& rules;
    std::vector<FeedVerdict> feeds = {};                     ///< which datasets may be believed
    std::vector<ScoredCustomer> customers = {};              ///< live ones, by index
    std::vector<std::uint32_t> position = {};                ///< CustomerIndex -> position in customers, or UINT32_MAX
    std::vector<SignalScore> signals = {};                   ///< customers.size() x rules.signals.size()
    std::vector<Measured> measured = {};                     ///< parallel to signals
    std::vector<SubscriptionLine> lines = {};                ///< of customers whose subscriptions are told apart
    std::vector<SignalScore> line_signals = {};              ///< lines.size() x rules.signals.size()
    std::vector<Measured> line_measured = {};                ///< parallel to line_signals
    std::vector<bool> line_owns = {};                        ///< likewise: the signal is the line's own
    std::vector<std::vector<std::uint32_t>> children = {};   ///< of each customer, as positions in customers
    std::vector<std::uint32_t> order = {};                   ///< positions in customers, children before parents
    std::map<std::size_t, std::vector<Drift>> drifts = {};   ///< of signals of that measure, each parallel to customers
    std::map<ProfileSet, RuleSet> variants = {};             ///< the rules per set of profiles, the empty set included
    std::map<std::string, double, std::less<>> priors = {};  ///< H0 by segment
    std::map<double, double> risk_intercepts = {};           ///< a of the unfitted form, by base rate
    std::vector<Progress> promises = {};                     ///< parallel to snapshot.promises
    std::vector<PromiseDay> promise_days = {};               ///< likewise: as shown today
    std::vector<std::optional<Day>> kept_on = {};            ///< likewise
    std::vector<SegmentView> segments = {};
    SegmentView portfolio = {};
    std::size_t unknown_categories = 0;  ///< values of customers that a category scale does not know

    const ScoredCustomer* find(CustomerIndex customer) const;
    const RuleSet& rules_of(const ScoredCustomer& customer) const { return variants.at(customer.profiles); }
    std::span<const SignalScore> signals_of(std::size_t at) const;
    std::span<const SignalScore> line_signals_of(std::size_t line) const;
    bool is_own(std::size_t line, std::size_t signal) const { return line_owns[line * rules.signals.size() + signal]; }
    /// What is behind a term of a customer's health; nothing measured behind a child.
    Measured measured_behind(std::size_t at, const Term& term) const;
    double prior_of(CustomerIndex customer) const;
    /// Of a customer's drift signals that say something the one with the largest C; signal -1 without any.
    SignalDrift drift_of(std::size_t at) const;
    Health health_of(std::size_t at) const;  ///< with all its terms: the same numbers as in customers[at]
    Risk risk_of(std::size_t at) const;      ///< with its parts; unfitted: one, against the base rate
};

/// With `profiles`, by CustomerIndex, those are taken instead of the matching ones.
Evaluation evaluate(const Snapshot& snapshot, const RuleSet& rules, const State& state,
                    const std::vector<ProfileSet>* profiles = nullptr);

/// A live customer by id. Errors (usage): there is none, or none with a live subscription.
Result<const ScoredCustomer*> find_live(const Evaluation& evaluation, std::string_view customer_id);

/// Datasets without which nobody knows who the customers are.
bool customers_known(const Snapshot& snapshot);

}  // namespace retaind
