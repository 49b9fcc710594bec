// Drift in behaviour and trend, slowly and obviously, as SCORING.md 1.5 and 1.6 and docs/decisions/007 say them.
//
// It knows rows, not columns, and shares no code with what it checks.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/company.hpp"

namespace retaind::reference {

struct DriftQuestion {
    std::string feed = "usage";
    std::string metric = {};  ///< only rows with this metric
    bool silence_is_zero = false;
    int carry = 0;  ///< days
};

struct Breaks {
    std::optional<Day> reset = {};    ///< another plan or account manager
    std::optional<Day> restart = {};  ///< an alert ended
};

struct DriftStanding {
    std::vector<std::optional<double>> sums = {};       ///< of each whole week, the oldest first
    std::vector<std::optional<double>> positions = {};  ///< r, likewise
    std::optional<Day> from = {};                       ///< the first day of the baseline, once that is whole
    std::vector<double> residuals = {};                 ///< of the weeks after the baseline that have a position
    std::optional<double> cusum = {}, ewma = {}, limit = {};
    std::optional<Day> since = {};
};

/// Every customer's, by id; who is not in `breaks` has none.
std::map<std::string, DriftStanding> drifts(const company::Company& company, const DriftQuestion& question,
                                            const std::map<std::string, Breaks>& breaks);

struct TrendStanding {
    std::optional<double> slope = {};  ///< per step; nothing with fewer than two values
    double s = 0, variance = 0, z = 0;
};

/// Of values one step apart.
TrendStanding trend(const std::vector<std::optional<double>>& values);

}  // namespace retaind::reference
