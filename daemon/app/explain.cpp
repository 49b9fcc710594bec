#include "retaind/cycle/cycle.hpp"

#include <cstdio>

#include "edge/report/report.hpp"
#include "edge/state/state.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {

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
    const Result<State> state = (*store)->load(as_of, newest->has_value() && as_of < **newest);
    if (!state) return fail(state.error());
    const Snapshot snapshot = company->read(as_of);
    for (const auto& [source, up] : company->source_up()) {
        if (!up) return exit_code(ErrorKind::source);
    }
    const Explainer explainer(snapshot, company->rules(), *state);
    for (const std::string& customer : options.all ? explainer.customers() : std::vector{options.customer}) {
        const Result<Explanation> explanation = explainer.explain(customer);
        if (!explanation) return fail(explanation.error());
        const std::string said = !options.json ? explain_text(*explanation)
                                 : options.all ? explain_line(*explanation)
                                               : explain_json(*explanation);
        std::fputs(said.c_str(), stdout);
    }
    return 0;
}

}  // namespace retaind
