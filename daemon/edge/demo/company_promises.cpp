#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

double tenth(double value) { return std::floor(value * 10.0 + 0.5) / 10.0; }

Day last_word(const Company& company, const Life& life, const Pledge& pledge) {
    const Day gone = life.leaves ? plus(*life.leaves, -1) : company.until;
    return std::min({company.until, pledge.due, gone});
}

// Progress grows with what the customer does: a customer who fades stops getting there.
void write_reach(Company& company, std::size_t number, Random& random) {
    const auto& [index, id, pledge] = company.commitments[number];
    const Life& life = company.lives[index];
    const Day last = last_word(company, life, pledge);
    const double step = pledge.tempo / days_between(pledge.from, pledge.due);
    double reached = 0.0;
    int since = 0;
    for (Day day = pledge.from; day <= last; day = plus(day, 1), ++since) {
        if (since > 0) reached += step * level_at(life.level, day);
        const double noise = 0.012 * random.normal();
        const bool told = random.chance(0.06);
        if (since % pledge.reading_gap != 0) continue;
        const double share = pledge.progress.empty() ? std::min(1.05, reached + (since > 0 ? noise : 0.0))
                                                     : level_at(pledge.progress, day);
        const double value = tenth(pledge.start_value + (pledge.goal - pledge.start_value) * share);
        company.readings.push_back({number, day, value, told && since > 0});
    }
}

void write_hold(Company& company, std::size_t number, Random& random) {
    const auto& [index, id, pledge] = company.commitments[number];
    const Life& life = company.lives[index];
    const double usual = pledge.goal + 1.2 * (pledge.tempo - 0.95);
    for (Day day = pledge.from; day <= last_word(company, life, pledge); day = plus(day, pledge.reading_gap)) {
        const double value = usual + 0.35 * random.normal() - 1.5 * (1.0 - level_at(life.level, day));
        company.readings.push_back({number, day, std::clamp(tenth(value), 0.0, 10.0), false});
    }
}

void write_steps(Company& company, std::size_t number, Random& random) {
    const auto& [index, id, pledge] = company.commitments[number];
    const Life& life = company.lives[index];
    constexpr int steps = 6;
    const int length = days_between(pledge.from, pledge.due);
    for (int step = 1; step <= steps; ++step) {
        const Day due = plus(pledge.from, length * step / steps - (step == steps ? 7 : 0));
        const double late =
            -5.0 + 9.0 * random.normal() + 70.0 * (1.0 - level_at(life.level, due)) + 25.0 * (1.0 - pledge.tempo);
        const int grade = std::clamp(static_cast<int>(80.0 + 9.0 * random.normal()), 0, 100);
        const Day done = std::max(plus(pledge.from, 1), plus(due, static_cast<int>(late)));
        const bool happened = done <= company.until && !(life.leaves && *life.leaves <= done);
        Step row{number, step, due, step == steps ? 2.0 : 1.0};
        if (happened) row.done = done;
        if (happened) row.grade = grade;
        company.steps.push_back(row);
    }
}

}  // namespace

void write_commitments(Company& company) {
    for (std::size_t index = 0; index < company.lives.size(); ++index)
        for (const auto& pledge : company.lives[index].pledges)
            company.commitments.push_back({index, fmt::format("C-{}", 501 + company.commitments.size()), pledge});
    for (std::size_t number = 0; number < company.commitments.size(); ++number) {
        if (!company.commitments[number].pledge.measured) continue;
        Random random = company.random("commitment", number);
        switch (company.commitments[number].pledge.kind) {
            case PledgeKind::reach: write_reach(company, number, random); break;
            case PledgeKind::hold: write_hold(company, number, random); break;
            case PledgeKind::milestones: write_steps(company, number, random); break;
        }
    }
}

}  // namespace retaind::demo
