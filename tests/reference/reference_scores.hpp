// Cohort positions and the combination of signals, slowly and obviously, as SCORING.md 1.1 and 1.2 say them.
//
// It knows rows, not columns, and shares no code with what it checks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/company.hpp"

namespace retaind::reference {

struct CohortQuestion {
    std::string feed = "usage", measure = "sum";  ///< or count, active_days
    std::string metric = {};                      ///< only rows with this metric
    bool silence_is_zero = true;
    int carry = 0;                              ///< days
    std::vector<std::string> by = {"segment"};  ///< "segment", or a further column of customers
    double halflife = 14;                       ///< days
    int min = 20;
};

/// Position of each live customer that has one, by id.
std::map<std::string, double> cohort_positions(const company::Company& company, const CohortQuestion& question);

/// One signal of one customer.
struct Part {
    std::string group;
    double group_weight = 1, weight = 1;
    bool applies = true;
    std::optional<double> score = {};  ///< nothing: missing
    double freshness = 1;
    std::optional<double> when_missing = {};  ///< nothing: left to the prior
};

struct Combined {
    double health = 0, coverage = 0;
    std::vector<double> contributions = {};  ///< parallel to the parts
};

Combined combine(const std::vector<Part>& parts, double prior);

}  // namespace retaind::reference
