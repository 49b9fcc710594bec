#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

struct SegmentPlan {
    std::string segment;
    double share;          // of all customers there ever were
    double new_last_year;  // share that joined within the last 365 days
    double new_year_before;
    double leaves_at_renewal;  // probability, at each renewal
    std::vector<std::string> owners;
    std::string seller;
    std::string keeper;
};

std::vector<SegmentPlan> segment_plans() {
    return {{"season", 0.39, 0.24, 0.22, 0.21, {"mara", "theo"}, "nora", "lou"},
            {"clubs", 0.30, 0.10, 0.14, 0.22, {"ana", "ben"}, "kim", "ida"},
            {"theatres", 0.19, 0.34, 0.24, 0.18, {"cleo", "dan"}, "kim", "ida"},
            {"boxes", 0.12, 0.32, 0.24, 0.18, {"eve"}, "nora", "max"}};
}

// The first day of the newest term, drawn so that old customers renew evenly over the year.
Day draw_joined(const Company& company, const SegmentPlan& plan, Random& random) {
    const double when = random.unit();
    if (when < plan.new_last_year) return company.ago(random.whole(15, 364));
    if (when < plan.new_last_year + plan.new_year_before) return company.ago(random.whole(365, 729));
    return company.ago(random.whole(730, 730 + 4 * 365));
}

void set_terms(const Company& company, Life& life, Random& random) {
    if (life.segment != "season") {
        int years = 1;
        while (plus(life.joined, 365 * years) <= company.until) ++years;
        life.renewal = plus(life.joined, 365 * years);
        return;
    }
    life.renewal = plus(company.until, season_renews_in);
    life.term_days = random.chance(0.5) ? 183 : 365;
    life.product = life.term_days == 183 ? "half season" : "full season";
}

void set_size(Life& life, Random& random) {
    life.monthly = 100 * (life.segment == "season" ? random.whole(49, 119) : random.whole(380, 920));
    if (life.software()) {
        const bool club = life.segment == "clubs";
        const double unit = random.unit();
        life.licences = club ? 8 + static_cast<int>(82 * unit * unit) : 4 + static_cast<int>(30 * unit * unit);
        life.monthly = 100 * (150 + life.licences * random.whole(club ? 17 : 13, club ? 24 : 19));
        life.use = random.between(0.25, 0.92);
        life.product = life.licences >= 40 ? "Box office Plus" : "Box office";
    }
    if (life.segment == "boxes") life.product = random.chance(0.3) ? "Corner box" : "Side box";
    if (life.visits()) {
        const double unit = random.unit();
        life.attends = 0.97 - 0.5 * unit * unit;
    }
    life.discount = random.chance(0.4) ? 0.05 * random.whole(1, 4) : 0.0;
    life.won_for = life.monthly * random.whole(2, life.segment == "season" ? 3 : 6);
    life.monthly_cost = life.monthly * random.whole(8, 25) / 100;
}

const std::vector<std::string>& reasons() {
    static const std::vector<std::string> all = {"price",          "went to a competitor", "budget cut",
                                                 "did not use it", "missing feature",      "moved away",
                                                 "closed down"};
    return all;
}

// Most who leave do so at a renewal, some in between; six of ten show it beforehand.
void decide_leaving(const Company& company, const SegmentPlan& plan, Life& life, Random& random) {
    std::vector<Day> chances;
    for (Day end = life.renewal; end > life.joined; end = plus(end, -life.term_days))
        if (end > company.from) chances.push_back(end);
    std::reverse(chances.begin(), chances.end());
    for (const Day end : chances) {
        if (!random.chance(plan.leaves_at_renewal)) continue;
        const int early = random.chance(0.3) ? random.whole(20, 150) : 0;
        const Day leaves = plus(end, -early);
        if (leaves <= std::max(company.from, plus(life.joined, 45)) || leaves > company.until) continue;
        life.leaves = leaves;
        break;
    }
    if (!life.leaves) return;
    life.warned = random.chance(0.6);
    life.why_left = reasons()[static_cast<std::size_t>(random.below(life.warned ? 5 : 7))];
    if (!life.warned) return;
    const int before = random.whole(35, 130);
    life.level = {{plus(*life.leaves, -before), 1.0},
                  {plus(*life.leaves, -before / 3), random.between(0.2, 0.5)},
                  {*life.leaves, random.between(0.0, 0.25)}};
}

// Holidays of their own, a lost champion, a slow spring: what makes stayers look like leavers for a while.
void decide_accidents(const Company& company, Life& life, Random& random) {
    if (!life.level.empty()) return;
    if (life.software() && random.chance(0.22)) {
        const Day left = plus(company.from, random.whole(60, 715));
        if (left > life.joined) life.champion_left = left;
        if (life.champion_left && random.chance(0.3))
            life.level = {{left, 1.0}, {plus(left, 25), random.between(0.3, 0.55)}, {plus(left, 160), 0.8}};
    }
    if (life.level.empty() && random.chance(0.45)) {
        const Day start = plus(company.from, random.whole(20, 720));
        const int length = random.whole(12, 30);
        const double low = random.between(0.15, 0.6);
        life.level = {{start, 1.0}, {plus(start, 3), low}, {plus(start, length), low}, {plus(start, length + 4), 1.0}};
    }
}

Pledge draw_pledge(const Company& company, const Life& life, Random& random) {
    Pledge pledge;
    const Day earliest = std::max(company.from, life.joined);
    const int room = std::max(1, days_between(earliest, plus(company.until, -10)));
    pledge.from = plus(earliest, random.below(room));
    pledge.due = plus(pledge.from, random.whole(180, 400));
    pledge.tempo = 1.06 + 0.24 * random.normal();
    pledge.importance = random.whole(1, 3);
    if (life.segment == "boxes") {
        pledge.kind = PledgeKind::hold;
        pledge.what = "Guests rate the evening 8.0 or better";
        pledge.start_value = 6.5;
        pledge.goal = 8.0;
        pledge.unit = "points";
        pledge.reading_gap = 7;
    } else if (random.chance(0.35) && life.joined >= company.from) {
        pledge.kind = PledgeKind::milestones;
        pledge.what = "Live in six steps";
        pledge.goal = 0.8;
        pledge.from = life.joined;
        pledge.due = plus(life.joined, random.whole(150, 240));
    } else {
        pledge.what = life.segment == "clubs" ? "Members who pay online" : "Seats sold online";
        pledge.start_value = random.whole(18, 35);
        pledge.goal = pledge.start_value + random.whole(20, 35);
        pledge.unit = "percent";
    }
    return pledge;
}

void decide_relationship(const Company& company, Life& life, Random& random) {
    life.service_gap = life.segment == "season" ? random.between(90, 180) : random.between(30, 75);
    life.offer_rate = life.segment == "season" ? 0.004 : random.between(0.004, 0.022);
    life.tickets_a_month = life.segment == "season" ? 0.1 : random.between(0.1, 1.4);
    if (random.chance(0.3)) life.mood = random.whole(50, 92);
    if (life.segment == "season") return;
    if (random.chance(0.65)) life.pledges.push_back(draw_pledge(company, life, random));
    if (random.chance(0.2)) life.pledges.push_back(draw_pledge(company, life, random));
}

// Their segment's rhythm applied to one ordinary customer.
Life draw_life(const Company& company, const SegmentPlan& plan, std::size_t number) {
    Random random = company.random("life of " + plan.segment, number);
    Life life;
    life.segment = plan.segment;
    life.owner = plan.owners[number % plan.owners.size()];
    life.seller = plan.seller;
    life.keeper = plan.keeper;
    life.joined = draw_joined(company, plan, random);
    set_terms(company, life, random);
    set_size(life, random);
    decide_leaving(company, plan, life, random);
    decide_accidents(company, life, random);
    decide_relationship(company, life, random);
    return life;
}

void invent_segment(Company& company, const SegmentPlan& plan, int wanted) {
    const bool season = plan.segment == "season";
    for (std::size_t number = 0; wanted > 0; ++number, --wanted) {
        Life life = draw_life(company, plan, number);
        life.name = season ? person_name(company, number) : company_name(company, plan.segment, number);
        if (season) {
            life.row = 20 + static_cast<int>(number / 4);
            life.place = fmt::format("Row {} Seat {}", life.row, number % 4 + 1);
        }
        company.lives.push_back(std::move(life));
    }
}

}  // namespace

void hire_staff(Company& company) {
    const auto hire = [&](std::string id, std::string name, std::string boss, std::string skills) {
        std::string mail = id + "@tribune.example";
        company.staff.push_back(
            {std::move(id), std::move(name), std::move(mail), std::move(boss), {}, {}, std::move(skills)});
    };
    hire("vera", "Vera Lindholm", "", "head of accounts");
    hire("ana", "Ana Duarte", "vera", "clubs");
    hire("ben", "Ben Achterberg", "vera", "clubs");
    hire("cleo", "Cleo Marchetti", "vera", "theatres");
    hire("dan", "Dan Osei", "vera", "theatres");
    hire("eve", "Eve Sandvik", "vera", "boxes");
    hire("mara", "Mara Tillmann", "vera", "season tickets");
    hire("theo", "Theo Baptiste", "vera", "season tickets");
    hire("kim", "Kim Rademacher", "vera", "selling software");
    hire("nora", "Nora Haddad", "vera", "selling seats and boxes");
    hire("ida", "Ida Kruse", "vera", "onboarding");
    hire("max", "Max Ferreira", "vera", "hospitality");
    hire("lou", "Lou Bergström", "vera", "arena");
    hire("ops", "Operations", "vera", "data");
    for (auto& person : company.staff) {
        if (person.id != "dan") continue;
        person.away_until = plus(company.until, 9);
        person.stand_in = "cleo";
    }
}

void invent_lives(Company& company) {
    int left = company.options.customers - static_cast<int>(company.lives.size());
    const auto plans = segment_plans();
    for (const auto& plan : plans) {
        const auto planted = std::count_if(company.lives.begin(), company.lives.end(), [&](const Life& life) {
            return life.planted && life.segment == plan.segment;
        });
        const int share = static_cast<int>(company.options.customers * plan.share) - static_cast<int>(planted);
        const int wanted = &plan == &plans.back() ? left : std::min(left, share);
        invent_segment(company, plan, wanted);
        left -= wanted;
    }
}

void number_lives(Company& company) {
    std::stable_sort(company.lives.begin(), company.lives.end(),
                     [](const Life& a, const Life& b) { return a.joined < b.joined; });
    int number = 1000;
    Random random = company.random("numbers");
    for (auto& life : company.lives) life.id = fmt::format("K-{}", number += random.whole(1, 9));
}

}  // namespace retaind::demo
