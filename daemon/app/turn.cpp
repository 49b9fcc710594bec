#include "turn.hpp"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "edge/state/state.hpp"
#include "post.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/ports/failpoint.hpp"
#include "version.hpp"

namespace retaind {
namespace {

double seconds_since(Clock& clock, std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(clock.steady() - start).count();
}

/// A rule renamed with `was` keeps all that the store has under its former name, before anything of it is asked.
Result<void> follow_renames(const RuleSet& rules, StateStore& store, State& state) {
    const std::vector<RuleRename> renames = rule_renames(state.alerts, state.rules, rules);
    if (renames.empty()) return {};
    if (const Result<void> renamed = store.rename(renames); !renamed) return renamed;
    rename_rules(state.alerts, state.rules, renames);
    return {};
}

}  // namespace

Instant SystemClock::now() { return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now()); }
std::chrono::steady_clock::time_point SystemClock::steady() { return std::chrono::steady_clock::now(); }

Result<Turn> take_turn(const Company& company, StateStore& store, const Snapshot& snapshot, State state,
                       const TurnOptions& options, Clock& clock) {
    failpoint("cycle.read");
    if (options.commit) {
        if (const Result<void> renamed = follow_renames(company.rules(), store, state); !renamed)
            return renamed.error();
    }
    Result<Happened> happened = store.happened(options.now);
    if (!happened) return happened.error();
    state.happened = std::move(*happened);
    state.happened.clock_jumped = options.clock_jumped;
    const auto start = clock.steady();
    Turn turn{.result = run_cycle(snapshot, company.rules(), state, options.now)};
    turn.seconds["evaluate"] = seconds_since(clock, start);
    options.evaluated();
    failpoint("cycle.evaluated");
    if (!options.commit) return turn;
    const auto stored = clock.steady();
    State& next = turn.result.state;
    Correspondence told;  // as it would be, had the messages left
    Post post;
    if (options.untold_since) {
        told = {.alerts = next.alerts, .mailings = next.mailings, .interruptions = next.interruptions};
        take_back_told(next.alerts, options.untold_since->alerts);
        next.mailings = options.untold_since->mailings;
        next.interruptions = options.untold_since->interruptions;
    } else {
        post = render_post(
            company.settings(), turn.result.outbox, next.alerts,
            {.now = options.now, .currency = company.rules().policy.currency.base, .link_key = options.link_key});
    }
    const Result<void> committed = store.commit({.state = next,
                                                 .outbox = std::move(post.outbox),
                                                 .absorptions = std::move(post.absorptions),
                                                 .ledger = turn.result.ledger,
                                                 .now = options.now,
                                                 .engine_version = engine_version,
                                                 .rules_text = company.rules_text(),
                                                 .facts = turn.result.facts});
    if (!committed) return committed.error();
    if (options.untold_since) {
        next.alerts = std::move(told.alerts);
        next.mailings = std::move(told.mailings);
        next.interruptions = std::move(told.interruptions);
    }
    turn.seconds["store"] = seconds_since(clock, stored);
    failpoint("cycle.stored");
    return turn;
}

Result<Secret> link_key_of(const Settings& settings, const std::string& directory) {
    if (settings.external_url.empty()) return Secret{};
    const Result<std::unique_ptr<AlertDesk>> desk =
        open_desk(settings.state, {.directory = directory, .access = StateAccess::companion});
    if (!desk) return desk.error();
    return desk.value()->link_key();
}

std::string state_directory(const std::string& asked, const Settings& settings) {
    if (!asked.empty()) return asked;
    if (const char* given = std::getenv("STATE_DIRECTORY")) return given;
    const std::filesystem::path folder = std::filesystem::path(settings.file).parent_path();
    return folder.empty() ? "." : folder.string();
}

std::vector<ReceiverSettings> receivers(const Settings& settings, const std::string& directory) {
    std::vector<ReceiverSettings> result = settings.receivers;
    for (ReceiverSettings& receiver : result) {
        if (receiver.type != ReceiverType::file) continue;
        if (receiver.path.empty()) receiver.path = "messages.jsonl";
        if (std::filesystem::path(receiver.path).is_relative()) receiver.path = directory + "/" + receiver.path;
    }
    return result;
}

}  // namespace retaind
