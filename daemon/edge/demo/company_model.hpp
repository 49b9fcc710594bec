// The demo company while it is being made: plain rows in its own words, and the lives they are drawn from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "company.hpp"
#include "random.hpp"

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
    bool measured = true;                       ///< false: nobody agreed how, and no reading ever comes
    std::vector<Knot> progress = {};            ///< told day by day instead of by tempo
    int reading_gap = 14;                       ///< days
};

/// Everything about one customer that is decided before its days are written.
struct Life {
    std::string id = {};                        ///< given last, by the day they joined
    std::string name = {};
    std::string segment = {};                   ///< season, boxes, clubs, theatres
    std::string place = {};                     ///< "Row 12 Seat 4"; season only
    int row = 0;                                ///< season: who shares it sits together
    std::string product = {};
    std::string owner = {};
    std::string seller = {};
    std::string keeper = {};
    Day joined = {};
    Day renewal = {};                           ///< a day on which a term ends; others lie whole terms before
    int term_days = 365;
    std::optional<Day> leaves = {};
    std::string why_left = {};
    bool warned = false;                        ///< a leaver whose days show it beforehand
    bool pays_late = false;
    bool planted = false;                       ///< part of a story: no accidents happen to it
    int licences = 0;
    double use = 0.0;                           ///< share of licences in use on a working day
    double attends = 0.0;                       ///< probability of coming
    Cents monthly = 0;
    double discount = 0.0;
    Cents won_for = 0;
    Cents monthly_cost = 0;
    std::optional<int> mood = {};
    std::vector<Knot> level = {};
    std::optional<Day> champion_left = {};
    double service_gap = 55.0;                  ///< mean days between helpful contacts; 0 = never
    double offer_rate = 0.012;                  ///< offers a day in the 90 days before a renewal
    double tickets_a_month = 0.6;
    std::vector<int> offers_days_ago = {};      ///< planted ones; ordinary offers follow offer_rate
    std::optional<int> wish_days_ago = {};
    std::vector<Pledge> pledges = {};

    bool software() const { return segment == "clubs" || segment == "theatres"; }
    bool visits() const { return segment == "season" || segment == "boxes"; }
    bool live(Day day) const { return joined <= day && !(leaves && *leaves <= day); }
};

struct Contract {
    std::size_t life = 0;
    Day begins = {};
    Day ends = {};                              ///< of the term; the day it renews or has ended
    std::string state = {};                     ///< running, late, over, left
    std::string phase = {};                     ///< first, again, more
    Cents monthly = 0;
    Cents list = 0;

    bool live(Day day) const { return begins <= day && day < ends; }
};

struct Login { std::size_t life = 0; Day day = {}; int people = 0; int actions = 0; Day loaded = {}; };
struct Visit { std::size_t life = 0; std::size_t fixture = 0; std::string outcome = {}; };
struct Contact { std::size_t life = 0; Day day = {}; std::string what = {}; std::string via = {}; std::string staff = {}; int minutes = 0; };
struct Ticket { std::size_t life = 0; Day day = {}; std::string topic = {}; };
struct Entry { std::size_t life = 0; Day day = {}; std::string what = {}; int days_late = 0; };
struct Survey { std::size_t life = 0; Day day = {}; int score = 0; };
struct Neighbour { std::size_t life = 0; std::size_t other = 0; std::string why = {}; };
struct Commitment { std::size_t life = 0; std::string id = {}; Pledge pledge = {}; };
struct CommitmentReading { std::size_t commitment = 0; Day day = {}; double value = 0.0; bool told = false; };
struct Step { std::size_t commitment = 0; int number = 0; Day due = {}; double weight = 1.0; std::optional<Day> done = {}; std::optional<int> grade = {}; };
struct Demand { std::string segment = {}; Day week = {}; double value = 0.0; };
struct Note { Day day = {}; std::string text = {}; std::string segment = {}; };

struct Staff {
    std::string id, name, mail, boss;
    std::optional<Day> away_until = {};
    std::string stand_in = {};
    std::string skills = {};
};

struct Company {
    DemoOptions options = {};
    Day from = {};                              ///< the first day with rows
    Day until = {};
    std::vector<Life> lives = {};
    std::vector<Staff> staff = {};
    std::vector<Day> fixtures = {};
    std::vector<Contract> contracts = {};
    std::vector<Login> logins = {};
    std::vector<Visit> visits = {};
    std::vector<Contact> contacts = {};
    std::vector<Ticket> tickets = {};
    std::vector<Entry> journal = {};
    std::vector<Survey> surveys = {};
    std::vector<Neighbour> neighbours = {};
    std::vector<Commitment> commitments = {};
    std::vector<CommitmentReading> readings = {};
    std::vector<Step> steps = {};
    std::vector<Demand> demand = {};
    std::vector<Note> notes = {};
    std::vector<Story> stories = {};

    Day ago(int days) const { return plus(until, -days); }
    Random random(std::string_view purpose, std::size_t number = 0) const { return {options.seed, purpose, number}; }
};

/// The night the usage feed stopped: rows of these days arrived only on the day after the last of them.
inline constexpr int outage_first_day_ago = 40;
inline constexpr int outage_last_day_ago = 37;

/// Season tickets all renew together, and the arena rests for eight weeks before.
inline constexpr int season_renews_in = 75;
bool arena_rests(const Company& company, Day day);
bool public_holiday(Day day);

// Names, each deterministic by its number.
std::string person_name(const Company& company, std::size_t number);
std::string company_name(const Company& company, const std::string& segment, std::size_t number);

// The steps of generation, in this order; each reads what the ones before it made.
void hire_staff(Company& company);                 ///< company_people.cpp
void plant_lives(Company& company);                ///< company_stories.cpp: the customers the stories are about
void invent_lives(Company& company);               ///< company_people.cpp: everybody else
void number_lives(Company& company);               ///< company_people.cpp: ids by the day they joined
void write_contracts(Company& company);            ///< company_money.cpp
void settle_prices(Company& company);              ///< company_money.cpp: the shrinking 60 %
void write_days(Company& company);                 ///< company_days.cpp
void write_commitments(Company& company);          ///< company_promises.cpp
void tell_stories(Company& company);               ///< company_stories.cpp

/// Yearly revenue on a day of one segment, or of all for "".
Cents yearly_revenue(const Company& company, const std::string& segment, Day day);

/// Writes everything into a fresh file at `path`.
Result<void> store_company(const Company& company, const std::string& path);

}  // namespace retaind::demo
