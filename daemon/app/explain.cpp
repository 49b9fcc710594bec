// The verbs about one customer: `explain`, `why-not` and `brief` look at the same day, with the same state, under the
// rules of that day.
#include <cstdio>

#include "edge/report/customer_report.hpp"
#include "edge/report/report.hpp"
#include "edge/state/state.hpp"
#include "log.hpp"
#include "look_back.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

void say(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// One day of the company, as the verbs look at it.
struct Scene {
    const Company& company;
    StateStore& store;
    DatedSnapshot dated;
    RuleSet rules;
    State state;

    const Snapshot& snapshot() const { return dated.snapshot(); }
};

/// The rules that were in force on the day: those of its cycle, or of the last one before it that is kept.
Result<RuleSet> rules_in_force(const Company& company, StateStore& store, Day as_of) {
    const Result<std::optional<PastCycle>> cycle = store.newest_cycle(as_of);
    if (!cycle) return cycle.error();
    if (!cycle->has_value()) return company.rules();
    if ((*cycle)->day != as_of)
        log(LogLevel::warning, "no cycle of " + format_day(as_of) +
                                   " is kept; these are the numbers of that day under the rules of " +
                                   format_day((*cycle)->day));
    return company.rules_of(**cycle);
}

/// The healths that a cycle of the day stored, by CustomerIndex: rows may have come late since, and a source may have
/// overwritten what no cycle remembers.
Result<std::vector<double>> remembered_scores(const Scene& scene) {
    const Day as_of = scene.snapshot().as_of;
    Result<State> state = scene.store.load(as_of + std::chrono::days{1}, true);
    if (!state) return state.error();
    return remembered_on(scene.snapshot(), *state, as_of);
}

/// Reads so many days before the day that was asked for, too.
Result<Scene> set_scene(const Options& options, Company& company, StateStore& store, std::chrono::days back) {
    const Result<std::optional<Day>> newest = store.newest_day();
    if (!newest) return newest.error();
    SystemClock clock;
    const Day as_of = options.as_of ? *options.as_of : newest->value_or(company.last_complete_day(clock.now()));
    const bool past = newest->has_value() && as_of < **newest;
    Result<State> state = store.load(as_of, past);
    if (!state) return state.error();
    Result<RuleSet> rules = past ? rules_in_force(company, store, as_of) : Result<RuleSet>(company.rules());
    if (!rules) return rules.error();
    DatedSnapshot dated(company, store, company.read(as_of - back, as_of));
    for (const auto& [source, up] : company.source_up()) {
        if (!up) return Error{.kind = ErrorKind::source, .message = "source " + source + " could not be read"};
    }
    if (const Result<void> turned = dated.turn_to(as_of); !turned) return turned.error();
    return Scene{company, store, std::move(dated), std::move(*rules), std::move(*state)};
}

/// Hands the day to `look`, which says something or why it cannot.
template <class Look>
int at_the_scene(const Options& options, std::chrono::days back, const Look& look) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    Result<std::unique_ptr<StateStore>> store = open_state(
        company->settings().state,
        {.directory = state_directory(options.state_directory, company->settings()), .access = StateAccess::reader});
    if (!store) return fail(store.error());
    Result<Scene> scene = set_scene(options, *company, **store, back);
    if (!scene) return fail(scene.error());
    const Result<void> looked = look(*scene);
    return looked ? 0 : fail(looked.error());
}

constexpr std::chrono::days no_look_back{0};

}  // namespace

int run_explain(const Options& options) {
    return at_the_scene(options, look_back_days, [&](Scene& scene) -> Result<void> {
        const Explainer explainer(scene.snapshot(), scene.rules, scene.state);
        const DayHealths today = explainer.healths(options.all ? "" : options.customer);
        const Result<std::vector<double>> remembered = remembered_scores(scene);
        if (!remembered) return remembered.error();
        const Result<LookBack> earlier =
            look_back(scene.company, scene.store, scene.dated, scene.rules, scene.state, today);
        if (!earlier) return earlier.error();
        for (const std::string& customer : options.all ? explainer.customers() : std::vector{options.customer}) {
            Result<Explanation> explanation = explainer.explain(customer);
            if (!explanation) return explanation.error();
            explanation->remembered = (*remembered)[scene.snapshot().find_customer(explanation->customer_id)];
            compare(*explanation, scene.snapshot(), *earlier, today);
            say(!options.json ? explain_text(*explanation)
                : options.all ? explain_line(*explanation)
                              : explain_json(*explanation));
        }
        return {};
    });
}

int run_why_not(const Options& options) {
    return at_the_scene(options, no_look_back, [&](const Scene& scene) -> Result<void> {
        const Result<WhyNot> why = why_not(scene.snapshot(), scene.rules, scene.state, options.customer, options.rule);
        if (!why) return why.error();
        say(options.json ? why_not_json(*why) : why_not_text(*why));
        return {};
    });
}

int run_brief(const Options& options) {
    return at_the_scene(options, no_look_back, [&](const Scene& scene) -> Result<void> {
        const Result<Brief> found = brief(scene.snapshot(), scene.rules, scene.state, options.customer);
        if (!found) return found.error();
        say(options.json ? brief_json(*found) : brief_text(*found));
        return {};
    });
}

}  // namespace retaind
