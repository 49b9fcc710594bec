// What renewals will probably bring (SCORING 1.9).
#pragma once

#include <span>
#include <string>

#include "retaind/base/time.hpp"

namespace retaind {

/// A renewal that is due: what it is worth a year, in minor units, and the probability that it is lost.
struct Renewal {
    double amount = 0;
    double risk = 0;  ///< 0..1
};

/// Amounts as those given. Between `low` and `high` lies what is kept in nine of ten cases.
struct RenewalForecast {
    std::string segment = {};
    int renewals = 0;
    double scheduled = 0;  ///< when none is lost
    double low = 0, expected = 0, high = 0;
};

/// Customers do not leave independently of each other: a common shock moves the log-odds of all of them, with this
/// standard deviation until a backtest has measured one.
inline constexpr double usual_shock = 0.4;
inline constexpr std::chrono::days renewals_ahead{90};

/// Normal approximation; where the largest five are over a quarter of it all, their 32 outcomes are told apart instead
/// (with a single one of 40 % the approximation is out by 4 % of the whole, so half would be too late).
RenewalForecast forecast_renewals(std::span<const Renewal> renewals, double shock = usual_shock);

}  // namespace retaind
