// The alert ledger: a row for each episode that fired, what became of it, and the customers that were lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <soci/soci.h>

#include "retaind/alerts/ledger.hpp"

namespace retaind {

/// What became of an alert's customer when its horizon had passed.
enum class LedgerLabel { churned, shrank, renewed, still_open };

/// One episode that fired. Days are data time.
struct LedgerRow {
    AlertKey key;
    std::int64_t episode = 0;
    std::string customer_id = {};
    Severity severity = Severity::warning;
    Day opened_on;
    double revenue = missing;  ///< yearly, minor units of base currency: what it was worth
    std::optional<LedgerLabel> label = {};
    std::optional<Day> labelled_on = {};
    std::optional<Day> happened_on = {};  ///< the day of what the label says
};

/// A customer's end, as Outcome::churn means it.
struct LossRow {
    std::string customer_id;
    Day day;
};

/// An entry of an episode that is there already is replaced.
void write_ledger(soci::session& sql, const std::vector<LedgerRow>& entries);
void write_losses(soci::session& sql, const std::vector<LossRow>& losses);

/// Entries without a label that opened before `before`, by that day and key.
std::vector<LedgerRow> read_unlabelled(soci::session& sql, Day before);

/// Of every rule with labels, or that was watched when a customer was lost; sorted by rule. A rule was watched on the
/// days after the first cycle that knew it, up to the last. A loss was foreseen when an alert of the rule opened
/// before it, and is labelled with it or not labelled yet. The lead is of those labelled churned.
std::vector<RuleQuality> read_quality(soci::session& sql);

}  // namespace retaind
