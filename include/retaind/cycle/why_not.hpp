// Why a rule does, or does not, fire for a customer: every condition with what it found, and one sentence first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/base/result.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

struct FoundCondition {
    std::string text = {};     ///< "days_to_renewal <= 180 (210)"
    std::string plainly = {};  ///< "days_to_renewal is 210, the rule wants <= 180"
    Truth holds = Truth::unknown;
    std::vector<std::string> gaps = {};  ///< why it is unknown: "usage is not mapped"
};

struct FoundTrigger {
    std::vector<FoundCondition> when = {}, any = {}, clear = {};
    Seconds hold = Seconds{0};  ///< `for`
};

/// What a rule finds about one entity of the customer: itself, a promise, its segment, or the portfolio.
struct RuleFinding {
    std::string entity = {}, name = {};  ///< `name`: the outcome of a promise, else ""
    std::string verdict = {};            ///< "not firing: days_to_renewal is 210, the rule wants <= 180"
    std::vector<FoundCondition> applies = {};
    FoundTrigger trigger = {};
    std::optional<FoundTrigger> critical = {};
    std::vector<std::string> doubted = {};  ///< feeds that stop the rule, with why: "usage: could not be read"
    std::optional<Alert> alert = {};        ///< after a cycle of this day; also one that ended lately
};

struct WhyNot {
    std::string customer_id = {}, name = {}, rule = {};
    Scope scope = Scope::customer;
    Day as_of = {};
    std::string verdict = {};                ///< of all findings, in one line
    std::vector<std::string> profiles = {};  ///< that change the rule for this customer: "first year (when, clear)"
    std::vector<RuleFinding> findings = {};  ///< sorted by entity; none when the rule has nothing to look at
};

/// As a cycle of the snapshot's day would judge it. Errors (usage): no such customer, no such rule, a rule about feeds.
Result<WhyNot> why_not(const Snapshot& snapshot, const RuleSet& rules, const State& state, std::string_view customer_id,
                       std::string_view rule);

}  // namespace retaind
