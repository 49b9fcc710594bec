// One customer of the demo company, as decided before its days are written: who they are, and how they will fare.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "retaind/base/time.hpp"

namespace retaind::demo {

using Cents = std::int64_t;

inline constexpr std::chrono::days day_1{1};
constexpr Day plus(Day day, int days) { return day + std::chrono::days(days); }
constexpr int days_between(Day from, Day to) { return static_cast<int>((to - from).count()); }

/// How strongly somebody takes part, as a factor on their usual level: 1 before the first knot, straight lines between,
/// the last factor from then on.
struct Knot {
    Day day;
    double factor = 1.0;
};
double level_at(const std::vector<Knot>& knots, Day day);

enum class PledgeKind { reach, hold, milestones };

/// A promise that was made, and how it goes: `tempo` 1 reaches the goal just on the due day.
struct Pledge {
    std::string what;
    PledgeKind kind = PledgeKind::reach;
    double start_value = 0.0;
    double goal = 0.0;
    std::string unit = {};
    Day from = {};
    Day due = {};
    double tempo = 1.05;
    int importance = 1;
    bool measured = true;             ///< false: nobody agreed how, and no reading ever comes
    std::vector<Knot> progress = {};  ///< told day by day instead of by tempo
    int reading_gap = 14;             ///< days
};

/// Everything about one customer that is decided before its days are written.
struct Life {
    std::string id = {};  ///< given last, by the day they joined
    std::string name = {};
    std::string segment = {};  ///< season, boxes, clubs, theatres
    std::string place = {};    ///< "Row 12 Seat 4"; season only
    int row = 0;               ///< season: who shares it sits together
    std::string product = {};
    std::string owner = {};
    std::string seller = {};
    std::string keeper = {};
    Day joined = {};
    Day renewal = {};  ///< a day on which a term ends; others lie whole terms before
    int term_days = 365;
    std::optional<Day> leaves = {};
    std::string why_left = {};
    bool warned = false;  ///< a leaver whose days show it beforehand
    bool pays_late = false;
    bool planted = false;  ///< part of a story: no accidents happen to it
    int licences = 0;
    double use = 0.0;      ///< share of licences in use on a working day
    double attends = 0.0;  ///< probability of coming
    Cents monthly = 0;
    double discount = 0.0;
    Cents won_for = 0;
    Cents monthly_cost = 0;
    std::optional<int> mood = {};
    std::vector<Knot> level = {};
    std::optional<Day> champion_left = {};
    double service_gap = 55.0;  ///< mean days between helpful contacts; 0 = never
    double offer_rate = 0.012;  ///< offers a day in the 90 days before a renewal
    double tickets_a_month = 0.6;
    std::vector<int> offers_days_ago = {};  ///< planted ones; ordinary offers follow offer_rate
    std::optional<int> wish_days_ago = {};
    std::vector<Pledge> pledges = {};

    bool software() const { return segment == "clubs" || segment == "theatres"; }
    bool visits() const { return segment == "season" || segment == "boxes"; }
    bool live(Day day) const { return joined <= day && !(leaves && *leaves <= day); }
};

}  // namespace retaind::demo
