// The alert ledger: what became of each alert, read off the subscriptions when its horizon has passed (ALERTS.md,
// SCORING 2.3). A rule that is rarely right says so in every message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "retaind/alerts/alert.hpp"

namespace retaind {

/// What is known of a rule's alerts whose horizon has passed.
struct RuleQuality {
    std::string rule;
    std::int64_t churned = 0, shrank = 0, renewed = 0, still_open = 0;  ///< alerts, by what became of them
    std::int64_t called_wrong = 0;                                      ///< by people
    std::int64_t losses = 0, foreseen = 0;  ///< customers lost while the rule was watched; of them told before
    double median_lead_days = missing;      ///< from the opening to the loss, of those that were right
    bool operator==(const RuleQuality& other) const;  ///< two missing numbers are the same
};

}  // namespace retaind
