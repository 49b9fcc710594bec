// The verbs about one customer: `explain`, `why-not` and `brief` look at the same day with the same state.
#include <cstdio>

#include "edge/report/customer_report.hpp"
#include "edge/report/report.hpp"
#include "edge/state/state.hpp"
#include "retaind/cycle/cycle.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

void say(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// Reads the company and the state as of the day that was asked for, and hands both to `look`, whose exit code it
/// returns.
template <class Look>
int look_at(const Options& options, const Look& look) {
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
    const Result<State> state = (*store)->load(as_of, newest->has_value() && as_of < **newest);
    if (!state) return fail(state.error());
    const Snapshot snapshot = company->read(as_of);
    for (const auto& [source, up] : company->source_up()) {
        if (!up) return exit_code(ErrorKind::source);
    }
    return look(snapshot, company->rules(), *state);
}

}  // namespace

int run_explain(const Options& options) {
    return look_at(options, [&](const Snapshot& snapshot, const RuleSet& rules, const State& state) {
        const Explainer explainer(snapshot, rules, state);
        for (const std::string& customer : options.all ? explainer.customers() : std::vector{options.customer}) {
            const Result<Explanation> explanation = explainer.explain(customer);
            if (!explanation) return fail(explanation.error());
            say(!options.json ? explain_text(*explanation)
                : options.all ? explain_line(*explanation)
                              : explain_json(*explanation));
        }
        return 0;
    });
}

int run_why_not(const Options& options) {
    return look_at(options, [&](const Snapshot& snapshot, const RuleSet& rules, const State& state) {
        const Result<WhyNot> why = why_not(snapshot, rules, state, options.customer, options.rule);
        if (!why) return fail(why.error());
        say(options.json ? why_not_json(*why) : why_not_text(*why));
        return 0;
    });
}

int run_brief(const Options& options) {
    return look_at(options, [&](const Snapshot& snapshot, const RuleSet& rules, const State& state) {
        const Result<Brief> found = brief(snapshot, rules, state, options.customer);
        if (!found) return fail(found.error());
        say(options.json ? brief_json(*found) : brief_text(*found));
        return 0;
    });
}

}  // namespace retaind
