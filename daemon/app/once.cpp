#include <cstdio>

#include "dated_snapshot.hpp"
#include "deliver.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/report/report.hpp"
#include "edge/state/state.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

Result<std::unique_ptr<StateStore>> open_store(const Company& company, const Options& options, bool writes) {
    return open_state(company.settings().state,
                      {.directory = state_directory(options.state_directory, company.settings()),
                       .access = writes ? StateAccess::owner : StateAccess::reader,
                       .accept_loss = options.accept_state_loss});
}

/// Whether the day lies before what the state already knows: then history is looked at, not written.
Result<bool> is_past(const Company& company, const Options& options, Day as_of) {
    Result<std::unique_ptr<StateStore>> reader = open_store(company, options, false);
    if (!reader) return reader.error();
    const Result<std::optional<Day>> newest = (*reader)->newest_day();
    if (!newest) return newest.error();
    return newest->has_value() && as_of < **newest;
}

}  // namespace

int run_once(const Options& options) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    SystemClock clock;
    const Instant now = clock.now();
    const Day as_of = options.as_of.value_or(company->last_complete_day(now));
    if (const auto complete = company->expect_complete(as_of, now); !complete && !options.dry_run)
        return fail(complete.error());
    const Result<bool> past = options.accept_state_loss ? Result<bool>(false) : is_past(*company, options, as_of);
    if (!past) return fail(past.error());
    const bool writes = !options.dry_run && !*past;

    Result<std::unique_ptr<StateStore>> store = open_store(*company, options, writes);
    if (!store) return fail(store.error());
    if (writes) {
        if (const auto recovered = (*store)->recover(now); !recovered) return fail(recovered.error());
    }
    const Result<State> state = (*store)->load(as_of, *past);
    if (!state) return fail(state.error());
    const std::string directory = state_directory(options.state_directory, company->settings());
    const Result<Secret> key = writes ? link_key_of(company->settings(), directory) : Result<Secret>(Secret{});
    if (!key) return fail(key.error());
    DatedSnapshot dated(*company, **store, company->read(as_of));
    if (const Result<void> turned = dated.turn_to(as_of); !turned) return fail(turned.error());
    const Result<Turn> turn =
        take_turn(*company, **store, dated.snapshot(), *state, {.now = now, .commit = writes, .link_key = *key}, clock);
    if (!turn) return fail(turn.error());

    const std::string said = options.json ? once_json(turn->result.view) : once_text(turn->result.view);
    std::fputs(said.c_str(), stdout);
    if (writes) {
        const Result<void> sent = deliver_all(**store, make_outlets(receivers(company->settings(), directory)), clock,
                                              company->settings().retention);
        if (!sent) return fail(sent.error());
    }
    for (const auto& [source, up] : company->source_up()) {
        if (!up) return exit_code(ErrorKind::source);
    }
    return 0;
}

}  // namespace retaind
