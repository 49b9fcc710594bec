// What one walk over the rows of a window finds: enough for every measure that folds rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "retaind/base/value.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

struct Tally {
    std::uint32_t rows = 0;         ///< rows there are
    std::uint32_t known = 0;        ///< of them, with a value
    std::uint32_t positive = 0;     ///< of these, above 0
    std::uint32_t matched = 0;      ///< rows that match `of`
    std::uint32_t active_days = 0;  ///< days with a value above 0
    double sum = 0, least = missing, greatest = missing;
    std::int32_t first_day = no_day, last_day = no_day, last_active_day = no_day;

    /// Rows must come in order of days.
    void add(std::int32_t day, double value) {
        if (rows++ == 0) first_day = day;
        last_day = day;
        if (is_missing(value)) return;
        least = known == 0 ? value : std::min(least, value);
        greatest = known == 0 ? value : std::max(greatest, value);
        sum += value;
        ++known;
        if (value <= 0) return;
        ++positive;
        active_days += day != last_active_day;
        last_active_day = day;
    }

    /// The measure; missing when it needs a value and every row is NULL. Not for a tally without rows.
    double measure(Measure asked) const {
        const auto of_known = [this](double value) { return known == 0 ? missing : value; };
        switch (asked) {
            case Measure::count: return rows;
            case Measure::share: return static_cast<double>(matched) / rows;
            case Measure::sum: return of_known(sum);
            case Measure::mean: return of_known(sum / known);
            case Measure::min: return least;
            case Measure::max: return greatest;
            case Measure::active_days: return of_known(active_days);
            case Measure::rate: return of_known(static_cast<double>(positive) / known);
            default: return missing;
        }
    }
};

}  // namespace retaind
