#include <algorithm>
#include <cmath>
#include <map>

#include "company_model.hpp"

namespace retaind::demo {

using std::chrono::month_day;

double level_at(const std::vector<Knot>& knots, Day day) {
    if (knots.empty() || day <= knots.front().day) return knots.empty() ? 1.0 : knots.front().factor;
    for (std::size_t i = 1; i < knots.size(); ++i) {
        if (day > knots[i].day) continue;
        const double way = days_between(knots[i - 1].day, day) / double(days_between(knots[i - 1].day, knots[i].day));
        return knots[i - 1].factor + way * (knots[i].factor - knots[i - 1].factor);
    }
    return knots.back().factor;
}

bool arena_rests(const Company& company, Day day) {
    const int ago = days_between(day, company.until);
    return (ago >= 291 && ago <= 345) || (ago >= 656 && ago <= 710);
}

bool public_holiday(Day day) {
    using namespace std::chrono;
    const year_month_day date{day};
    const month_day here{date.month(), date.day()};
    const month_day holidays[] = {January / 1, May / 1, October / 3, December / 25, December / 26};
    return std::find(std::begin(holidays), std::end(holidays), here) != std::end(holidays);
}

namespace {

struct Span {
    Day first, last;
};

Span days_of(const Company& company, const Life& life) {
    return {std::max(company.from, life.joined), life.leaves ? plus(*life.leaves, -1) : company.until};
}

bool weekend(Day day) {
    const std::chrono::weekday weekday{day};
    return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

// A gentle wave over the year, 8 % up and down, made of straight lines.
double time_of_year(const Company& company, const std::string& segment, Day day) {
    const int phase = (days_between(company.from, day) + (segment == "clubs" ? 0 : 120)) % 365;
    const double way = phase < 183 ? phase / 183.0 : (365 - phase) / 182.0;
    return 0.92 + 0.16 * way;
}

Day loaded_on(const Company& company, Day day, Random& random) {
    if (day >= company.ago(outage_first_day_ago) && day <= company.ago(outage_last_day_ago))
        return company.ago(outage_last_day_ago - 1);
    return random.chance(0.004) ? std::min(company.until, plus(day, 1)) : day;
}

void write_logins(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    if (!life.software()) return;
    Random random = company.random("logins", index);
    const auto [first, last] = days_of(company, life);
    double mood_of_week = 1.0;
    for (Day day = first; day <= last; day = plus(day, 1)) {
        if (std::chrono::weekday{day} == std::chrono::Monday) mood_of_week = 1.0 + 0.08 * random.normal();
        const double workday = weekend(day) || public_holiday(day) ? 0.28 : 1.0;
        const double share = std::clamp(
            life.use * level_at(life.level, day) * time_of_year(company, life.segment, day) * mood_of_week * workday,
            0.0, 1.0);
        const double mean = life.licences * share;
        const double spread = std::sqrt(mean * (1.0 - share)) * 0.7;
        const int people =
            std::clamp(static_cast<int>(std::floor(mean + spread * random.normal() + 0.5)), 0, life.licences);
        const double each = std::max(3.0, 14.0 + 5.0 * random.normal());
        const Day loaded = loaded_on(company, day, random);
        if (people > 0) company.logins.push_back({index, day, people, static_cast<int>(people * each), loaded});
    }
}

// Three Saturdays of four have an event; the arena rests before the season.
void plan_fixtures(Company& company) {
    int saturdays = 0;
    for (Day day = company.from; day <= company.until; day = plus(day, 1)) {
        if (std::chrono::weekday{day} != std::chrono::Saturday) continue;
        if (++saturdays % 4 == 0 || arena_rests(company, day)) continue;
        company.fixtures.push_back(day);
    }
}

void write_visits(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    if (!life.visits()) return;
    Random random = company.random("visits", index);
    const auto [first, last] = days_of(company, life);
    for (std::size_t fixture = 0; fixture < company.fixtures.size(); ++fixture) {
        const Day day = company.fixtures[fixture];
        const bool comes = random.chance(life.attends * level_at(life.level, day));
        const bool told = random.chance(0.12) && !life.planted;
        if (day < first || day > last) continue;
        company.visits.push_back({index, fixture, comes ? "in" : told ? "told us" : "no show"});
    }
}

bool near_renewal(const Life& life, Day day) {
    const int left = days_between(day, life.renewal) % life.term_days;
    return left > 0 && left <= 90;
}

void write_contacts(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    Random random = company.random("contacts", index);
    const auto [first, last] = days_of(company, life);
    for (Day day = first; day <= last; day = plus(day, 1)) {
        const double help = random.unit(), offer = random.unit(), kind = random.unit();
        const int minutes = random.whole(4, 40);
        if (weekend(day) || public_holiday(day)) continue;
        const std::string via = kind < 0.5 ? "phone" : kind < 0.8 ? "mail" : "visit";
        if (life.service_gap > 0 && help < 1.4 / life.service_gap)
            company.contacts.push_back({index, day,
                                        kind < 0.7   ? "help"
                                        : kind < 0.9 ? "thanks"
                                                     : "review",
                                        via, life.owner, minutes});
        if (!life.planted && near_renewal(life, day) && offer < life.offer_rate * 1.4)
            company.contacts.push_back({index, day, "offer", via, life.seller, minutes});
    }
    for (const int ago : life.offers_days_ago)
        company.contacts.push_back({index, company.ago(ago), "offer", "phone", life.seller, 12});
}

void write_tickets(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    Random random = company.random("tickets", index);
    if (life.wish_days_ago) company.tickets.push_back({index, company.ago(*life.wish_days_ago), "wish"});
    const auto [first, last] = days_of(company, life);
    for (Day day = first; day <= last; day = plus(day, 1)) {
        const double draw = random.unit(), kind = random.unit();
        if (draw >= life.tickets_a_month / 30.0) continue;
        const bool wish = kind >= 0.92 && !life.planted;
        company.tickets.push_back({index, day,
                                   wish         ? "wish"
                                   : kind < 0.5 ? "question"
                                   : kind < 0.8 ? "fault"
                                                : "complaint"});
    }
}

// Every month an invoice; a few need a reminder, and planted late payers several without a payment.
void write_journal(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    Random random = company.random("journal", index);
    const auto [first, last] = days_of(company, life);
    const int turn = random.below(30);
    if (life.champion_left && *life.champion_left <= last)
        company.journal.push_back({index, *life.champion_left, "champion left", 0});
    for (Day day = plus(first, turn); day <= last; day = plus(day, 30)) {
        const bool slow = random.chance(0.05) && !life.planted;
        const int wait = slow ? random.whole(22, 40) : random.whole(2, 18);
        company.journal.push_back({index, day, "invoice", 0});
        if (life.pays_late && day >= company.ago(75)) continue;
        if (slow && plus(day, 20) <= last) company.journal.push_back({index, plus(day, 20), "payment reminder", 6});
        if (plus(day, wait) <= last)
            company.journal.push_back({index, plus(day, wait), "paid", std::max(0, wait - 14)});
    }
    for (int ago = 50, late = 11; life.pays_late && ago > 0; ago -= 14, late += 14)
        company.journal.push_back({index, company.ago(ago), "payment reminder", late});
}

void write_surveys(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    Random random = company.random("surveys", index);
    const auto [first, last] = days_of(company, life);
    for (Day day = first; day <= last; day = plus(day, 1)) {
        const bool answers = random.chance(1.0 / 110.0);
        const double opinion = 7.6 + 1.4 * random.normal() + 3.0 * (level_at(life.level, day) - 1.0);
        if (answers) company.surveys.push_back({index, day, std::clamp(static_cast<int>(opinion + 0.5), 0, 10)});
    }
}

void seat_neighbours(Company& company) {
    std::map<int, std::vector<std::size_t>> rows;
    for (std::size_t index = 0; index < company.lives.size(); ++index)
        if (company.lives[index].row > 0) rows[company.lives[index].row].push_back(index);
    for (const auto& [row, seats] : rows)
        for (const std::size_t here : seats)
            for (const std::size_t there : seats)
                if (here != there) company.neighbours.push_back({here, there, "same row"});
    Random random = company.random("brought");
    for (std::size_t index = 1; index < company.lives.size(); ++index) {
        const auto other = static_cast<std::size_t>(random.below(static_cast<int>(index)));
        if (random.chance(0.08) && company.lives[other].segment == company.lives[index].segment)
            company.neighbours.push_back({other, index, "brought along"});
    }
}

void write_demand(Company& company) {
    struct Outside {
        const char* segment;
        double level, a_year;
    };
    for (const auto& outside : {Outside{"season", 100, 0.02}, Outside{"boxes", 80, 0.12}, Outside{"clubs", 120, -0.09},
                                Outside{"theatres", 60, 0.15}}) {
        Random random = company.random("demand", static_cast<std::size_t>(outside.level));
        for (Day week = company.from; week <= company.until; week = plus(week, 7)) {
            const double grown = 1.0 + outside.a_year * days_between(company.from, week) / 365.0;
            const double value = outside.level * grown * (1.0 + 0.03 * random.normal());
            company.demand.push_back({outside.segment, week, std::floor(value * 10.0 + 0.5) / 10.0});
        }
    }
}

void write_notes(Company& company) {
    company.notes = {{company.ago(710), "The arena rests for eight weeks", "season"},
                     {company.ago(366), "New price list for clubs", "clubs"},
                     {company.ago(345), "The arena rests for eight weeks", "season"},
                     {company.ago(210), "Box office 4.0 released", "theatres"},
                     {company.ago(95), "A competitor offers clubs a free year", "clubs"}};
}

}  // namespace

void write_days(Company& company) {
    plan_fixtures(company);
    for (std::size_t index = 0; index < company.lives.size(); ++index) {
        write_logins(company, index);
        write_visits(company, index);
        write_contacts(company, index);
        write_tickets(company, index);
        write_journal(company, index);
        write_surveys(company, index);
    }
    seat_neighbours(company);
    write_demand(company);
    write_notes(company);
}

}  // namespace retaind::demo
