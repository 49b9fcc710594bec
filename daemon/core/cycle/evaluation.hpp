// The numbers of one as-of day for every live customer: what rules judge, what `explain` shows, what is remembered.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/portfolio/contract_facts.hpp"
#include "retaind/portfolio/segments.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/scores/health.hpp"
#include "retaind/scores/risk.hpp"
#include "retaind/signals/measure.hpp"

namespace retaind {

/// One live customer. Signals stand in Evaluation::signals, row by row.
struct ScoredCustomer {
    CustomerIndex customer = no_customer;
    ProfileSet profiles = 0;
    const CustomerMemory* memory = nullptr;  ///< what is remembered of earlier days, if anything
    ContractFacts facts = {};
    double health = missing, before_caps = missing, coverage = 0, smoothed = missing, risk = missing;
    double change_7d = missing, change_30d = missing;
    Band band = Band::unknown;
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
    std::map<ProfileSet, RuleSet> variants = {};             ///< the rules per set of profiles, the empty set included
    std::map<std::string, double, std::less<>> priors = {};  ///< H0 by segment
    std::map<double, double> risk_intercepts = {};           ///< a of the unfitted form, by base rate
    std::vector<Progress> promises = {};                     ///< parallel to snapshot.promises
    std::vector<PromiseDay> promise_days = {};               ///< likewise: as shown today
    std::vector<std::optional<Day>> kept_on = {};            ///< likewise
    std::vector<SegmentView> segments = {};
    SegmentView portfolio = {};

    const ScoredCustomer* find(CustomerIndex customer) const;
    const RuleSet& rules_of(const ScoredCustomer& customer) const { return variants.at(customer.profiles); }
    std::span<const SignalScore> signals_of(std::size_t at) const;
    double prior_of(CustomerIndex customer) const;
    Health health_of(std::size_t at) const;  ///< with all its terms: the same numbers as in customers[at]
    Risk risk_of(std::size_t at) const;      ///< with its parts; unfitted: one, against the base rate
};

Evaluation evaluate(const Snapshot& snapshot, const RuleSet& rules, const State& state);

/// A live customer by id. Errors (usage): there is none, or none with a live subscription.
Result<const ScoredCustomer*> find_live(const Evaluation& evaluation, std::string_view customer_id);

/// Datasets without which nobody knows who the customers are.
bool customers_known(const Snapshot& snapshot);

}  // namespace retaind
