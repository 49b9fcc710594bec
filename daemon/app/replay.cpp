#include "replay.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "deliver.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/state/state.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

/// Midnight after the day, in the company's zone: when a live cycle would first have spoken about it.
Instant moment_of(const Company& company, Day day) {
    return company.zone().to_instant(day + std::chrono::days{1}, Seconds{0});
}

Result<void> check_days(const Company& company, StateStore& store, const ReplayOptions& options, Instant now) {
    if (options.from > options.to) return Error{.kind = ErrorKind::usage, .message = "--from lies after --to"};
    if (const auto complete = company.expect_complete(options.to, now); !complete) return complete;
    const Result<std::optional<Day>> newest = store.newest_day();
    if (!newest) return newest.error();
    if (!newest->has_value() || **newest < options.from) return {};
    return Error{.kind = ErrorKind::usage,
                 .message = "the state already knows days up to " + format_day(**newest),
                 .hint = "replay later days, or begin with an empty state"};
}

}  // namespace

Result<Replayed> replay(Company& company, StateStore& store, const ReplayOptions& options, Clock& clock) {
    if (const Result<void> checked = check_days(company, store, options, clock.now()); !checked) return checked.error();
    Result<State> state = store.load(options.from, false);
    if (!state) return state.error();
    Snapshot snapshot = company.read(options.from, options.to);
    for (const auto& [source, up] : company.source_up()) {
        if (!up)
            return Error{.kind = ErrorKind::source,
                         .message = "source " + source + " could not be read",
                         .hint = "nothing was replayed"};
    }
    const Correspondence before{
        .alerts = state->alerts, .mailings = state->mailings, .interruptions = state->interruptions};
    Replayed replayed;
    for (Day day = options.from; day <= options.to; day += std::chrono::days{1}) {
        company.look_at(snapshot, day);
        if (options.before_day) options.before_day(snapshot, *state);
        Result<Turn> turn = take_turn(
            company, store, snapshot, std::move(*state),
            {.now = moment_of(company, day), .untold_since = options.with_messages ? nullptr : &before}, clock);
        if (!turn) return turn.error();
        replayed.days.push_back({.day = day,
                                 .customers = turn->result.view.customers.size(),
                                 .messages = turn->result.outbox.size(),
                                 .news = std::move(turn->result.news)});
        *state = std::move(turn->result.state);
        replayed.last = std::move(turn->result.view);
        if (options.progress) options.progress(day);
    }
    return replayed;
}

int run_replay(const Options& options) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    const std::string directory = state_directory(options.state_directory, company->settings());
    Result<std::unique_ptr<StateStore>> store =
        open_state(company->settings().state, {.directory = directory, .access = StateAccess::owner});
    if (!store) return fail(store.error());
    SystemClock clock;
    ReplayOptions how{.from = *options.from, .to = *options.to, .with_messages = options.deliver};
    if (isatty(STDERR_FILENO)) how.progress = [](Day day) { fmt::print(stderr, "\rreplayed {}", format_day(day)); };
    const Result<Replayed> replayed = replay(*company, **store, how, clock);
    if (how.progress) fmt::print(stderr, "\n");
    if (!replayed) return fail(replayed.error());
    for (const ReplayedDay& day : replayed->days) {
        std::size_t opened = 0, ended = 0;
        for (const AlertNews& news : day.news) {
            opened += news.transition == Transition::fired;
            ended += news.transition == Transition::resolved || news.transition == Transition::closed;
        }
        if (options.json)
            fmt::print("{{\"day\":\"{}\",\"customers\":{},\"opened\":{},\"ended\":{},\"messages\":{}}}\n",
                       format_day(day.day), day.customers, opened, ended, day.messages);
        else
            fmt::print("{}  {} customers  {} opened  {} ended  {} messages\n", format_day(day.day), day.customers,
                       opened, ended, day.messages);
    }
    if (!options.deliver) return 0;
    const Result<void> sent = deliver_all(**store, make_outlets(receivers(company->settings(), directory)), clock,
                                          company->settings().retention);
    return sent ? 0 : fail(sent.error());
}

}  // namespace retaind
