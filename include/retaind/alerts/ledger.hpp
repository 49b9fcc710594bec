// The alert ledger: what became of each alert, read off the subscriptions when its horizon has passed (ALERTS.md,
// SCORING 2.3). A rule that is rarely right says so in every message.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/handling.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

/// What became of an alert's customer within the horizon, the worst first. `renewed`: a renewal passed, and it stayed.
enum class AlertOutcome { churned, shrank, renewed, still_open };
std::string_view alert_outcome_name(AlertOutcome outcome);  ///< "churned", "shrank", "renewed", "open"
std::optional<AlertOutcome> parse_alert_outcome(std::string_view name);

/// One episode of an alert about a customer or its promise, warning or critical: it said that something is about to be
/// lost. One that was held is no such word before it is released, and opens on that day.
struct LedgerEntry {
    AlertKey key;
    std::int64_t episode = 0;
    std::string customer_id;
    Severity severity = Severity::warning;
    Day opened_on;                         ///< data time
    double revenue = missing;              ///< yearly, minor units, when it opened
    std::optional<Day> renews_on = {};     ///< the next renewal, when it opened
    Instant opened_at = {};                ///< wall time
    std::optional<Day> act_by = {};        ///< the alert's deadline, when it opened
    std::optional<Instant> acted_at = {};  ///< when somebody first acknowledged it, or was in touch with the customer
    std::optional<AlertOutcome> outcome = {};
    std::optional<Day> happened_on = {};  ///< of churned: the day
    std::optional<Day> labelled_on = {};
    bool operator==(const LedgerEntry& other) const;  ///< two missing revenues are the same
};

/// A customer that was lost.
struct Loss {
    std::string customer_id;
    Day on;
    bool operator==(const Loss&) const = default;
};

/// What a cycle adds to the ledger.
struct LedgerNews {
    std::vector<LedgerEntry> opened = {};    ///< sorted by key; of a released one an entry may be there already
    std::vector<LedgerEntry> labelled = {};  ///< of the unlabelled ones given, those whose horizon has passed
    std::vector<LedgerEntry> acted = {};     ///< of the other unlabelled ones, those that somebody has acted on by now
    std::vector<Loss> losses = {};  ///< of the last days_losses_are_found; the same ones again, cycle after cycle
};

/// A revenue that fell by more than this share has shrunk.
inline constexpr double shrunk_share = 0.05;
/// How long after it a loss is still found: longer outages of the daemon miss it.
inline constexpr std::chrono::days days_losses_are_found{90};

/// Acted on: acknowledged (seen, on it, wrong), or a touchpoint of the customer from the day of opened_at on; until it
/// is labelled. `horizon` in days. An alert is labelled when opened_on + horizon + gap_days has passed. Nothing is
/// labelled or lost while customers or subscriptions are not loaded, or suspect.
struct LedgerInput {
    const Snapshot& snapshot;
    const RuleSet& rules;
    std::span<const Move> moves = {};
    std::span<const LedgerEntry> unlabelled = {};
    std::span<const Act> acts = {};
    std::span<const FeedVerdict> feeds = {};
};
LedgerNews keep_ledger(const LedgerInput& input);

/// Whether somebody acted by the deadline, or at all where there was none.
bool is_followed_through(const LedgerEntry& entry);

/// From the opening to the first action.
struct FirstActions {
    static constexpr std::array<double, 8> bounds = {3'600,   14'400,  43'200,    86'400,
                                                     172'800, 604'800, 1'209'600, 2'592'000};  ///< seconds
    std::array<std::uint64_t, bounds.size() + 1> counts = {};  ///< by the first bound that is not less; then the rest
    double sum = 0;                                            ///< seconds
    void add(Seconds wait);
    bool operator==(const FirstActions&) const = default;
};

/// What is known of a rule's alerts whose horizon has passed.
struct RuleQuality {
    std::string rule;
    std::int64_t churned = 0, shrank = 0, renewed = 0, still_open = 0;  ///< alerts, by what became of them
    std::int64_t called_wrong = 0;                                      ///< by people
    std::int64_t followed_through = 0;                                  ///< of those counted above
    FirstActions first_actions = {};                                    ///< also of those not labelled yet
    std::int64_t losses = 0, foreseen = 0;  ///< customers lost while the rule was watched; of them told before
    double median_lead_days = missing;      ///< from the opening to the loss, of those that were right
    bool operator==(const RuleQuality& other) const;  ///< two missing numbers are the same
};

/// Shares 0..1; missing without any case.
double precision(const RuleQuality& quality);  ///< churned or shrank, of all that are labelled
double recall(const RuleQuality& quality);     ///< foreseen, of all losses

/// Fewer labelled alerts than this say nothing about a rule.
inline constexpr std::int64_t cases_worth_saying = 3;
/// `floor` is a precision; missing: none.
bool misses_floor(const RuleQuality& quality, double floor);
/// The rule's own `min_precision`, or that of [alerts]; missing: none.
double precision_floor(const RuleSet& rules, std::string_view rule);
/// All rules that have a floor, in the order of the rules.
std::vector<FlooredRule> floored_rules(const RuleSet& rules, std::span<const RuleQuality> quality);

}  // namespace retaind
