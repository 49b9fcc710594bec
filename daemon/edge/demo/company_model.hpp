// The demo company while it is being made: plain rows in its own words, and the steps that write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "company.hpp"
#include "company_life.hpp"
#include "random.hpp"

namespace retaind::demo {

struct Contract {
    std::size_t life = 0;
    Day begins = {};
    Day ends = {};           ///< of the term; the day it renews or has ended
    std::string state = {};  ///< running, late, over, left
    std::string phase = {};  ///< first, again, more
    Cents monthly = 0;
    Cents list = 0;

    bool live(Day day) const { return begins <= day && day < ends; }
};

struct Login {
    std::size_t life = 0;
    Day day = {};
    int people = 0;
    int actions = 0;
    Day loaded = {};
};
struct Visit {
    std::size_t life = 0;
    std::size_t fixture = 0;
    std::string outcome = {};
};
struct Contact {
    std::size_t life = 0;
    Day day = {};
    std::string what = {};
    std::string via = {};
    std::string staff = {};
    int minutes = 0;
};
struct Ticket {
    std::size_t life = 0;
    Day day = {};
    std::string topic = {};
};
struct Entry {
    std::size_t life = 0;
    Day day = {};
    std::string what = {};
    int days_late = 0;
};
struct Survey {
    std::size_t life = 0;
    Day day = {};
    int score = 0;
};
struct Neighbour {
    std::size_t life = 0;
    std::size_t other = 0;
    std::string why = {};
};
struct Commitment {
    std::size_t life = 0;
    std::string id = {};
    Pledge pledge = {};
};
struct CommitmentReading {
    std::size_t commitment = 0;
    Day day = {};
    double value = 0.0;
    bool told = false;
};
struct Step {
    std::size_t commitment = 0;
    int number = 0;
    Day due = {};
    double weight = 1.0;
    std::optional<Day> done = {};
    std::optional<int> grade = {};
};
struct Demand {
    std::string segment = {};
    Day week = {};
    double value = 0.0;
};
struct Note {
    Day day = {};
    std::string text = {};
    std::string segment = {};
};

struct Staff {
    std::string id, name, mail, boss;
    std::optional<Day> away_until = {};
    std::string stand_in = {};
    std::string skills = {};
};

struct Company {
    DemoOptions options = {};
    Day from = {};  ///< the first day with rows
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
void hire_staff(Company& company);         ///< company_people.cpp
void plant_lives(Company& company);        ///< company_stories.cpp: the customers the stories are about
void invent_lives(Company& company);       ///< company_people.cpp: everybody else
void number_lives(Company& company);       ///< company_people.cpp: ids by the day they joined
void write_contracts(Company& company);    ///< company_money.cpp
void settle_prices(Company& company);      ///< company_money.cpp: the shrinking 60 %
void write_days(Company& company);         ///< company_days.cpp
void write_commitments(Company& company);  ///< company_promises.cpp
void tell_stories(Company& company);       ///< company_stories.cpp

/// Yearly revenue on a day of one segment, or of all for "".
Cents yearly_revenue(const Company& company, const std::string& segment, Day day);

/// Writes everything into a fresh file at `path`.
Result<void> store_company(const Company& company, const std::string& path);

}  // namespace retaind::demo
