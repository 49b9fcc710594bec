#include "look_back.hpp"

#include "log.hpp"
#include "version.hpp"

namespace retaind {

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

namespace {

struct Today {
    Day day;
    const RuleSet& rules;
    const State& state;
    const DayHealths& healths;
    const std::vector<CustomerIndex>& wanted;
};

struct Then {
    const PastCycle& cycle;
    const RuleSet& rules;
};

Result<EarlierDay> evaluate_again(StateStore& store, DatedSnapshot& dated, const Then& then, const Today& today) {
    const PastCycle& cycle = then.cycle;
    const Snapshot& snapshot = dated.snapshot();
    const Result<State> state = store.load(cycle.day, true);
    if (!state) return state.error();
    EarlierDay earlier{.day = cycle.day,
                       .remembered = remembered_on(snapshot, today.state, cycle.day),
                       .same_engine = cycle.engine_version == engine_version};
    if (const Result<void> turned = dated.turn_to(cycle.day); !turned) return turned.error();
    earlier.now = healths_on(snapshot, today.rules, *state, {.wanted = today.wanted});
    if (then.rules.score_hash == today.rules.score_hash)
        earlier.then = earlier.now;
    else
        earlier.then = healths_on(snapshot, then.rules, *state, {.wanted = today.wanted});
    if (const Result<void> turned = dated.turn_to(today.day); !turned) return turned.error();
    // Who was not there yet brings its profiles along.
    std::vector<ProfileSet> profiles = earlier.now.profiles;
    for (std::size_t customer = 0; customer < profiles.size(); ++customer) {
        if (!earlier.now.is_live[customer]) profiles[customer] = today.healths.profiles[customer];
    }
    if (profiles == today.healths.profiles)
        earlier.bridge = today.healths;
    else
        earlier.bridge =
            healths_on(snapshot, today.rules, today.state, {.wanted = today.wanted, .profiles = &profiles});
    return earlier;
}

}  // namespace

Result<LookBack> look_back(const Company& company, StateStore& store, DatedSnapshot& dated, const RuleSet& rules,
                           const State& state, const DayHealths& today) {
    constexpr std::chrono::days slack{3};
    std::vector<CustomerIndex> wanted;
    for (CustomerIndex customer = 0; customer < today.health.size(); ++customer) {
        if (today.health[customer]) wanted.push_back(customer);
    }
    const Today now{.day = dated.snapshot().as_of, .rules = rules, .state = state, .healths = today, .wanted = wanted};
    LookBack result;
    const struct {
        int days;
        std::optional<EarlierDay>& into;
    } days_back[] = {{1, result.last_cycle}, {7, result.week}, {30, result.month}};
    for (const auto& [days, into] : days_back) {
        const Day target = now.day - std::chrono::days{days};
        const Result<std::optional<PastCycle>> cycle = store.newest_cycle(target);
        if (!cycle) return cycle.error();
        const bool is_near = cycle->has_value() && (*cycle)->day >= target - slack;
        if (!cycle->has_value() || (days > 1 && !is_near) || now.day - (*cycle)->day > look_back_days) continue;
        const Result<RuleSet> then = company.rules_of(**cycle);
        if (!then) {
            log(LogLevel::warning, "no comparison with " + format_day((*cycle)->day) + ": " + to_string(then.error()));
            continue;
        }
        Result<EarlierDay> earlier = evaluate_again(store, dated, {.cycle = **cycle, .rules = *then}, now);
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
