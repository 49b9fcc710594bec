// The alert ledger: a row for each episode that fired, what became of it, and the customers that were lost.
#pragma once

#include <vector>

#include <soci/soci.h>

#include "retaind/alerts/ledger.hpp"

namespace retaind {

/// An episode that has an entry keeps it: it opened then.
void write_opened(soci::session& sql, const std::vector<LedgerEntry>& entries);
/// An entry of an episode that is there already is replaced.
void write_ledger(soci::session& sql, const std::vector<LedgerEntry>& entries);
void write_losses(soci::session& sql, const std::vector<Loss>& losses);

/// Entries without an outcome that opened before `before`, by that day and key.
std::vector<LedgerEntry> read_unlabelled(soci::session& sql, Day before);

/// Of every rule with labelled entries, or that was watched when a customer was lost; sorted by rule. A rule was
/// watched on the days after the first cycle that knew it, up to the last. A loss was foreseen when an alert of the
/// rule opened before it, and is labelled with it or not labelled yet. The lead is of those that churned.
std::vector<RuleQuality> read_quality(soci::session& sql);
/// Another number whenever what these two read may have changed, whoever changed it.
long long ledger_version(soci::session& sql);

}  // namespace retaind
