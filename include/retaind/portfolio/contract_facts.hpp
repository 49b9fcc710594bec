// What the subscriptions of a customer come to, as of the snapshot's day (RULES.md "Fields").
#pragma once

#include <string_view>

#include "retaind/model/snapshot.hpp"

namespace retaind {

/// Amounts in minor units of the base currency. Missing where a part of it is, or nothing says it.
struct ContractFacts {
    double mrr = missing;              ///< sum over live subscriptions, a month's
    double revenue = missing;          ///< 12 mrr
    double seats = missing;            ///< sum over the live ones that sell seats
    double discount_ratio = missing;   ///< 1 - mrr / list_mrr, over live subscriptions with a list price
    double payback_ratio = missing;    ///< margin so far / acquisition cost
    double tenure_days = missing;      ///< since `since`, else the first start
    double days_to_renewal = missing;  ///< to the next renewal of a live subscription; negative when all are past
    double days_to_notice = missing;   ///< that renewal minus its notice period
    double days_past_due = missing;  ///< 0 unless past due; then since the renewal that was not paid, if it has passed
    Word plan = no_word, stage = no_word;  ///< of the leading subscription
    std::string_view status = {};          ///< likewise
};

/// Margin so far: mrr of every subscription times the months it has run (30.4375 days each), minus cost_to_serve (a
/// month's) times the months of tenure.
ContractFacts contract_facts(const Snapshot& snapshot, CustomerIndex customer);

}  // namespace retaind
