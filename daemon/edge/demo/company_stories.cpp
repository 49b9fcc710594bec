#include <algorithm>

#include <fmt/format.h>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

// Who the stories are about. Their names stand for them until they get a number.
constexpr const char* season_holder = "Ingrid Solberg";
constexpr const char* slipping_theatre = "Lindenhof Theatre";
constexpr const char* sold_to_club = "Harbour Rowing Club 1898";
constexpr const char* lost_champion_club = "Falkenried Athletics";
constexpr const char* ready_theatre = "Studio Meridian";
constexpr const char* loud_club = "SC Weststadt";
constexpr const char* quiet_theatre = "Kasparek Puppet Stage";
constexpr const char* unpaid_theatres[] = {"Tanzhaus Nordkai", "Brightwater Playhouse"};
constexpr const char* late_boxes[] = {"Reuter & Sons Brewing", "Kessler Freight"};
constexpr const char* vague_box = "Marlow & Finch Insurance";

// Somebody ordinary and content, to whom one thing will happen. The contract renews `renews_in` days after `until`.
Life content(const Company& company, std::string name, std::string segment, int renews_in, int years) {
    Life life;
    life.name = std::move(name);
    life.planted = true;
    life.renewal = plus(company.until, renews_in);
    life.joined = plus(life.renewal, -365 * years);
    const bool clubs = segment == "clubs";
    const bool theatres = segment == "theatres";
    life.owner = clubs ? "ana" : theatres ? "cleo" : segment == "boxes" ? "eve" : "mara";
    life.seller = clubs || theatres ? "kim" : "nora";
    life.keeper = clubs || theatres ? "ida" : segment == "boxes" ? "max" : "lou";
    life.product = clubs || theatres ? "Box office" : segment == "boxes" ? "Side box" : "full season";
    life.segment = std::move(segment);
    life.service_gap = 40.0;
    life.tickets_a_month = 0.5;
    return life;
}

void give_software(Life& life, int licences, double use) {
    life.licences = licences;
    life.use = use;
    life.monthly = 100 * (150 + 18 * licences);
    life.won_for = 4 * life.monthly;
    life.monthly_cost = life.monthly * 15 / 100;
    if (licences >= 40) life.product = "Box office Plus";
}

void give_seat(Life& life, Cents monthly, double attends) {
    life.monthly = monthly;
    life.won_for = 3 * monthly;
    life.monthly_cost = monthly * 15 / 100;
    life.attends = attends;
}

void plant_row_of_friends(Company& company) {
    const char* names[] = {season_holder, "Tomas Berg", "Aylin Kaya", "Peter Novak"};
    for (int seat = 1; seat <= 4; ++seat) {
        Life life = content(company, names[seat - 1], "season", season_renews_in, 5);
        give_seat(life, 8900, 0.95);
        life.row = 12;
        life.place = fmt::format("Row 12 Seat {}", seat);
        life.tickets_a_month = 0.05;
        if (seat == 1) life.attends = 1.0;
        if (seat == 1) life.level = {{company.ago(67), 1.0}, {company.ago(66), 0.0}};
        company.lives.push_back(std::move(life));
    }
}

void plant_slipping_promise(Company& company) {
    Life life = content(company, slipping_theatre, "theatres", 130, 3);
    give_software(life, 18, 0.72);
    Pledge pledge{.what = "Seats sold online",
                  .start_value = 20,
                  .goal = 45,
                  .unit = "percent",
                  .from = company.ago(300),
                  .due = plus(company.until, 65),
                  .importance = 3,
                  .reading_gap = 30};
    pledge.progress = {{company.ago(300), 0.0},  {company.ago(240), 0.17}, {company.ago(210), 0.25},
                       {company.ago(150), 0.33}, {company.ago(90), 0.37},  {company.ago(30), 0.39},
                       {company.until, 0.40}};
    life.pledges.push_back(std::move(pledge));
    company.lives.push_back(std::move(life));
}

void plant_only_sold_to(Company& company) {
    Life life = content(company, sold_to_club, "clubs", 45, 3);
    give_software(life, 24, 0.66);
    life.service_gap = 0.0;
    life.offers_days_ago = {80, 62, 41, 19, 5};
    company.lives.push_back(std::move(life));
}

void plant_lost_champion(Company& company) {
    Life life = content(company, lost_champion_club, "clubs", 110, 4);
    give_software(life, 40, 0.85);
    life.champion_left = company.ago(70);
    life.level = {{company.ago(70), 1.0}, {company.ago(58), 0.3}};
    company.lives.push_back(std::move(life));
}

void plant_ready_for_more(Company& company) {
    Life life = content(company, ready_theatre, "theatres", 150, 2);
    give_software(life, 12, 1.0);
    life.service_gap = 25.0;
    life.wish_days_ago = 12;
    life.mood = 88;
    life.pledges.push_back({.what = "Seats sold online",
                            .start_value = 25,
                            .goal = 50,
                            .unit = "percent",
                            .from = company.ago(420),
                            .due = company.ago(60),
                            .tempo = 1.3});
    company.lives.push_back(std::move(life));
}

void plant_loyal_ones(Company& company) {
    Life loud = content(company, loud_club, "clubs", 100, 5);
    give_software(loud, 30, 0.82);
    loud.tickets_a_month = 7.0;
    company.lives.push_back(std::move(loud));
    Life quiet = content(company, quiet_theatre, "theatres", 170, 5);
    give_software(quiet, 3, 0.5);
    quiet.service_gap = 60.0;
    quiet.tickets_a_month = 0.1;
    company.lives.push_back(std::move(quiet));
}

void plant_not_paid_back(Company& company) {
    for (int number = 0; number < 2; ++number) {
        Life life = content(company, unpaid_theatres[number], "theatres", 115 + 60 * number, 1);
        give_software(life, 16 + 4 * number, 0.7);
        life.won_for = 16 * life.monthly;
        life.monthly_cost = life.monthly * 25 / 100;
        life.level = {{company.ago(85), 1.0}, {company.ago(50), 0.32}, {company.until, 0.22}};
        life.pledges.push_back({.what = "Seats sold online",
                                .start_value = 22,
                                .goal = 50,
                                .unit = "percent",
                                .from = plus(life.joined, 14),
                                .due = plus(life.joined, 340),
                                .tempo = 1.2,
                                .importance = 2});
        company.lives.push_back(std::move(life));
    }
}

void plant_boxes(Company& company) {
    for (int number = 0; number < 2; ++number) {
        Life life = content(company, late_boxes[number], "boxes", 140 + 40 * number, 2 + number);
        give_seat(life, 64000 + 8000 * number, 0.9);
        life.pays_late = true;
        company.lives.push_back(std::move(life));
    }
    Life vague = content(company, vague_box, "boxes", 190, 2);
    give_seat(vague, 72000, 0.92);
    vague.pledges.push_back({.what = "More attention for the brand",
                             .start_value = 0,
                             .goal = 100,
                             .unit = "attention",
                             .from = company.ago(140),
                             .due = plus(company.until, 180),
                             .importance = 2,
                             .measured = false});
    company.lives.push_back(std::move(vague));
}

std::size_t named(const Company& company, const std::string& name) {
    const auto found = std::find_if(company.lives.begin(), company.lives.end(),
                                    [&](const Life& life) { return life.planted && life.name == name; });
    return static_cast<std::size_t>(found - company.lives.begin());
}

void tell(Company& company, const std::string& story, const std::string& name, const std::string& rule, Day from,
          const std::string& told) {
    const Life& life = company.lives[named(company, name)];
    company.stories.push_back({story, life.id, name, rule, told, !rule.empty(), from, company.until});
}

// The day of the fourth missed event in a row.
Day missed_four(const Company& company) {
    const std::size_t who = named(company, season_holder);
    int streak = 0;
    for (const auto& visit : company.visits) {
        if (visit.life != who) continue;
        streak = visit.outcome == "in" ? 0 : streak + 1;
        if (streak == 4) return company.fixtures[visit.fixture];
    }
    return company.until;
}

// The first day on which 28 days of working-day logins use little more than a third of the seats bought.
Day seats_went_unused(const Company& company, std::size_t who) {
    for (Day day = company.ago(69); day < company.until; day = plus(day, 1)) {
        double people = 0, days = 0;
        for (const auto& login : company.logins) {
            const std::chrono::weekday weekday{login.day};
            if (login.life != who || login.day > day || login.day <= plus(day, -28)) continue;
            if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) continue;
            people += login.people, days += 1;
        }
        if (days > 0 && people / days < 0.36 * company.lives[who].licences) return day;
    }
    return company.until;
}

double change_over_a_year(const Company& company, const std::string& segment, Day day) {
    const auto before = static_cast<double>(yearly_revenue(company, segment, plus(day, -365)));
    return static_cast<double>(yearly_revenue(company, segment, day)) / before - 1.0;
}

Day segment_began_to_shrink(const Company& company) {
    Day from = company.until;
    while (from > company.ago(300) && change_over_a_year(company, "clubs", plus(from, -1)) <= -0.02)
        from = plus(from, -1);
    return from;
}

void tell_of_segment(Company& company) {
    const auto clubs = static_cast<double>(yearly_revenue(company, "clubs", company.until));
    const auto total = static_cast<double>(yearly_revenue(company, "", company.until));
    const std::string told =
        fmt::format("Clubs: {:.0f} % of the revenue, {:.0f} % of it lost in a year; total +{:.0f} %.",
                    100 * clubs / total, -100 * change_over_a_year(company, "clubs", company.until),
                    100 * change_over_a_year(company, "", company.until));
    company.stories.push_back({"segment_shrinks_behind_growth", "clubs", "Clubs", "segment_shrinks", told, true,
                               segment_began_to_shrink(company), company.until});
}

void tell_of_feed(Company& company) {
    company.stories.push_back({"dead_feed", "usage", "Logins", "feed_late",
                               "The login feed failed for four nights; nobody had stopped.", true,
                               company.ago(outage_first_day_ago), company.ago(outage_last_day_ago)});
}

}  // namespace

void plant_lives(Company& company) {
    plant_row_of_friends(company);
    plant_slipping_promise(company);
    plant_only_sold_to(company);
    plant_lost_champion(company);
    plant_ready_for_more(company);
    plant_loyal_ones(company);
    plant_not_paid_back(company);
    plant_boxes(company);
}

void tell_stories(Company& company) {
    tell(company, "stopped_coming", season_holder, "stopped_coming", missed_four(company),
         "Stopped coming; the three friends in the row still come.");
    tell(company, "promise_slips", slipping_theatre, "promise_slipping", company.ago(125),
         "Promised 45 % of seats sold online; slower every month.");
    tell(company, "only_sold_to", sold_to_club, "only_sold_to", company.ago(41),
         "Hears from us only to be sold to, and renews soon.");
    tell(company, "seats_unused", lost_champion_club, "seats_unused",
         seats_went_unused(company, named(company, lost_champion_club)),
         "Pays for forty seats; since the champion left, uses a dozen.");
    tell(company, "ready_for_more", ready_theatre, "ready_for_more", company.ago(12),
         "Uses every seat, got what was promised, asked for more.");
    tell(company, "loud_but_loyal", loud_club, "", company.ago(180),
         "Complains every week, uses it every day, and stays.");
    tell(company, "quiet_but_loyal", quiet_theatre, "", company.ago(180),
         "Three seats, little use, the same for five years.");
    tell_of_segment(company);
    for (const char* name : unpaid_theatres)
        tell(company, "not_paid_back", name, "not_paid_back", company.ago(85),
             "Cost more to win than it brought in, and is used less.");
    for (const char* name : late_boxes)
        tell(company, "pays_late", name, "pays_late", company.ago(36), "Reminded again and again, and has not paid.");
    tell(company, "nobody_can_measure", vague_box, "promise_unmeasurable", company.ago(140),
         "Promised \"more attention\"; nobody agreed how to count it.");
    tell_of_feed(company);
}

}  // namespace retaind::demo
