#include "retaind/cycle/cycle.hpp"

#include <cstdio>

#include "edge/report/report.hpp"
#include "edge/state/state.hpp"
#include "look_back.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

/// The rules that were in force on the day, if a cycle knows it; else today's.
Result<RuleSet> rules_in_force(const Company& company, StateStore& store, Day as_of) {
    const Result<std::optional<PastCycle>> cycle = store.newest_cycle(as_of);
    if (!cycle) return cycle.error();
    if (!cycle->has_value() || (*cycle)->day != as_of) return company.rules();
    return company.rules_of(**cycle);
}

Result<void> explain_all(const Options& options, Company& company, StateStore& store, Day as_of, bool past) {
    const Result<State> state = store.load(as_of, past);
    if (!state) return state.error();
    const Result<RuleSet> rules = past ? rules_in_force(company, store, as_of) : Result<RuleSet>(company.rules());
    if (!rules) return rules.error();
    Snapshot snapshot = company.read(as_of - look_back_days, as_of);
    for (const auto& [source, up] : company.source_up()) {
        if (!up) return Error{.kind = ErrorKind::source, .message = "source " + source + " could not be read"};
    }
    company.look_at(snapshot, as_of);
    const Explainer explainer(snapshot, *rules, *state);
    const DayHealths today = explainer.healths();
    const Result<LookBack> earlier = look_back(company, store, snapshot, *rules, *state, today);
    if (!earlier) return earlier.error();
    for (const std::string& customer : options.all ? explainer.customers() : std::vector{options.customer}) {
        Result<Explanation> explanation = explainer.explain(customer);
        if (!explanation) return explanation.error();
        compare(*explanation, snapshot, *earlier, today);
        const std::string said = !options.json ? explain_text(*explanation)
                                 : options.all ? explain_line(*explanation)
                                               : explain_json(*explanation);
        std::fputs(said.c_str(), stdout);
    }
    return {};
}

}  // namespace

int run_explain(const Options& options) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    Result<std::unique_ptr<StateStore>> store = open_state(
        company->settings().state,
        {.directory = state_directory(options.state_directory, company->settings()), .access = StateAccess::reader});
    if (!store) return fail(store.error());
    const Result<std::optional<Day>> newest = (*store)->newest_day();
    if (!newest) return fail(newest.error());
    SystemClock clock;
    const Day as_of = options.as_of ? *options.as_of : newest->value_or(company->last_complete_day(clock.now()));
    const bool past = newest->has_value() && as_of < **newest;
    const Result<void> explained = explain_all(options, *company, **store, as_of, past);
    return explained ? 0 : fail(explained.error());
}

}  // namespace retaind
