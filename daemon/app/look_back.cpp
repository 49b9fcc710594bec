#include "look_back.hpp"

#include "version.hpp"

namespace retaind {
namespace {

/// The health that was stored on a day, by CustomerIndex.
std::vector<double> remembered_on(const Snapshot& snapshot, const State& state, Day day) {
    std::vector<double> result(snapshot.customers.size(), missing);
    for (const CustomerMemory& memory : state.customers) {
        const CustomerIndex customer = snapshot.find_customer(memory.customer_id);
        if (customer == no_customer) continue;
        for (const ScoreDay& record : memory.days) {
            if (record.day == day) result[customer] = record.health;
        }
    }
    return result;
}

struct Today {
    Day day;
    const RuleSet& rules;
    const State& state;
    const DayHealths& healths;
};

Result<EarlierDay> evaluate_again(const Company& company, StateStore& store, Snapshot& snapshot, const PastCycle& cycle,
                                  const Today& today) {
    const Result<State> state = store.load(cycle.day, true);
    if (!state) return state.error();
    EarlierDay earlier{.day = cycle.day,
                       .remembered = remembered_on(snapshot, today.state, cycle.day),
                       .same_engine = cycle.engine_version == engine_version};
    company.look_at(snapshot, cycle.day);
    earlier.now = healths_on(snapshot, today.rules, *state);
    earlier.then = earlier.now;
    if (cycle.rules_hash != today.rules.hash) {
        const Result<RuleSet> rules = company.rules_of(cycle);
        if (!rules) return rules.error();
        earlier.then = healths_on(snapshot, *rules, *state);
    }
    company.look_at(snapshot, today.day);
    if (earlier.now.profiles == today.healths.profiles) {
        earlier.bridge = today.healths;
    } else {
        earlier.bridge = healths_on(snapshot, today.rules, today.state, &earlier.now.profiles);
    }
    return earlier;
}

}  // namespace

Result<LookBack> look_back(const Company& company, StateStore& store, Snapshot& snapshot, const RuleSet& rules,
                           const State& state, const DayHealths& today) {
    constexpr std::chrono::days slack{3};
    const Today now{.day = snapshot.as_of, .rules = rules, .state = state, .healths = today};
    LookBack result;
    const struct {
        int days;
        std::optional<EarlierDay>& into;
    } wanted[] = {{1, result.last_cycle}, {7, result.week}, {30, result.month}};
    for (const auto& [days, into] : wanted) {
        const Day target = now.day - std::chrono::days{days};
        const Result<std::optional<PastCycle>> cycle = store.newest_cycle(target);
        if (!cycle) return cycle.error();
        const bool is_near = cycle->has_value() && (*cycle)->day >= target - slack;
        if (!cycle->has_value() || (days > 1 && !is_near) || now.day - (*cycle)->day > look_back_days) continue;
        Result<EarlierDay> earlier = evaluate_again(company, store, snapshot, **cycle, now);
        if (!earlier) return earlier.error();
        into = std::move(*earlier);
    }
    return result;
}

void compare(Explanation& explanation, const Snapshot& snapshot, const LookBack& earlier, const DayHealths& today) {
    const CustomerIndex customer = snapshot.find_customer(explanation.customer_id);
    if (earlier.last_cycle) explanation.since_last_cycle = change_since(snapshot, *earlier.last_cycle, today, customer);
    if (earlier.week) explanation.since_week = change_since(snapshot, *earlier.week, today, customer);
    if (earlier.month) explanation.since_month = change_since(snapshot, *earlier.month, today, customer);
}

}  // namespace retaind
