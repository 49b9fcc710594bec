// From a cycle's alerts to messages: what each person should know, compared with what they were told (ALERTS.md).
//
// Called last in a cycle, after guard() (see guard.hpp for the whole order):
//
//   auto plan = plan_messages({.snapshot = snapshot, .rules = rules, .feeds = feeds}, moves);   // updates alert.told
//   plan.messages  -> the outbox, in the same transaction as the alerts
//   plan.findings  -> data findings of `people`, as long as they last
//
// `told` says what each will have been told once that transaction commits. Because it is a comparison and not a
// reaction, a message that could not be planned now (held, `people` not loaded, nobody reachable) is planned by a
// later cycle.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/message.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// Somebody who should have been told has no address. Others were told in their place, if there are any.
struct PeopleFinding {
    AlertKey key;
    std::string role;
    std::string because;
    auto operator<=>(const PeopleFinding&) const = default;
};

struct NotifyInput {
    const Snapshot& snapshot;
    const RuleSet& rules;                     ///< for its policy: routes, receivers, defaults
    std::span<const FeedVerdict> feeds = {};  ///< of judge_feeds
};

struct MessagePlan {
    std::vector<Message> messages = {};        ///< one per receiver, person and kind; sorted by them
    std::vector<PeopleFinding> findings = {};  ///< sorted
};

/// Who: the first matching route's receivers (all, when there is none), and those that `notify` names (these alone,
/// when it names no role). Receivers that address people send one message to each person behind the roles (by default
/// the account manager; the lead of segments and the portfolio; ops of sources). One of them is asked to act: the
/// doer, or the first who can be reached; a person with two roles is told once. Nobody reachable: ops, else receivers
/// that need no person.
///
/// What, per person:
/// - a firing alert of an episode they were never told of: the problem. Severity info only in an adoption digest, else
///   it stays untold, for a digest;
/// - it rose, or is more severe than they know: escalated, whatever the cooldown;
/// - they were told it ended, and it is back: nothing within the cooldown, then the problem;
/// - it ended: "resolved" or "closed", to exactly those who were told of the problem (info: left to the digest);
/// - held or pending: nothing.
///
/// Adopted problems are a message of their own kind; so are alerts about sources. The result does not depend on the
/// order of `moves`, which is kept.
///
/// While `people` is not loaded or suspect, only receivers that need no person are told, and ops. While `customers`
/// is, or a customer is not in the data, nobody hears of an open alert about a customer.
MessagePlan plan_messages(const NotifyInput& input, std::vector<Move>& moves);

}  // namespace retaind
