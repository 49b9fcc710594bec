#include "turn.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "edge/delivery/delivery.hpp"
#include "edge/render/render.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/ports/failpoint.hpp"
#include "version.hpp"

namespace retaind {
namespace {

/// What a cycle hands to the outbox.
struct Post {
    std::vector<Payload> outbox = {};
    std::vector<Absorption> absorptions = {};
};

std::vector<Tell> tells_of(const std::vector<AlertNote>& notes, const std::vector<Alert>& alerts) {
    std::vector<Tell> tells;
    for (const AlertNote& note : notes) {
        const auto alert = std::ranges::lower_bound(alerts, note.key, {}, &Alert::key);
        const bool is_known = alert != alerts.end() && alert->key == note.key;
        tells.push_back({.alert = {.key = note.key,
                                   .severity = note.severity,
                                   .customer_id = note.customer_id,
                                   .segment = note.segment,
                                   .account_manager = is_known ? alert->owner : ""},
                         .episode = note.episode,
                         .seq = note.seq,
                         .transition = note.transition});
    }
    return tells;
}

Payload freeze(const Company& company, const ReceiverSettings& receiver, const Message& message,
               const std::vector<Alert>& alerts) {
    Payload payload = render(message, {.receiver = receiver,
                                       .delivery_id = delivery_id(message),
                                       .brand = company.settings().brand,
                                       .external_url = company.settings().external_url,
                                       .currency = company.rules().policy.currency.base});
    payload.kind = message.kind;
    payload.tells = tells_of(message.notes, alerts);
    return payload;
}

/// A message with all that it can take along.
Message combined(Message message) {
    message.notes = std::move(message.together);
    message.together.clear();
    message.absorbs.clear();
    return message;
}

/// `alerts` are those of the cycle, sorted by key.
Post render_all(const Company& company, const std::vector<Message>& messages, const std::vector<Alert>& alerts) {
    Post post;
    for (const Message& message : messages) {
        ReceiverSettings receiver{.name = message.receiver};
        for (const ReceiverSettings& each : company.settings().receivers) {
            if (each.name == message.receiver) receiver = each;
        }
        for (const Message& one : addressed(message, receiver)) {
            Payload payload = freeze(company, receiver, one, alerts);
            payload.person = person_key(message.recipient);
            if (!one.absorbs.empty()) {
                Payload together = freeze(company, receiver, combined(one), alerts);
                together.person = payload.person;
                post.absorptions.push_back(
                    {.delivery_id = payload.delivery_id, .together = std::move(together), .absorbed = one.absorbs});
            }
            post.outbox.push_back(std::move(payload));
        }
    }
    return post;
}

double seconds_since(Clock& clock, std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(clock.steady() - start).count();
}

}  // namespace

Instant SystemClock::now() { return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now()); }
std::chrono::steady_clock::time_point SystemClock::steady() { return std::chrono::steady_clock::now(); }

Result<Turn> take_turn(const Company& company, StateStore& store, const Snapshot& snapshot, State state,
                       const TurnOptions& options, Clock& clock) {
    failpoint("cycle.read");
    Result<Happened> happened = store.happened(options.now);
    if (!happened) return happened.error();
    state.happened = std::move(*happened);
    const auto start = clock.steady();
    Turn turn{.result = run_cycle(snapshot, company.rules(), state, options.now)};
    turn.seconds["evaluate"] = seconds_since(clock, start);
    failpoint("cycle.evaluated");
    if (!options.commit) return turn;
    const auto stored = clock.steady();
    std::vector<Alert> told;
    Post post;
    if (!options.untold_since) post = render_all(company, turn.result.outbox, turn.result.state.alerts);
    if (options.untold_since) {
        told = turn.result.state.alerts;
        take_back_told(turn.result.state.alerts, *options.untold_since);
    }
    const Result<void> committed = store.commit({.state = turn.result.state,
                                                 .outbox = std::move(post.outbox),
                                                 .absorptions = std::move(post.absorptions),
                                                 .now = options.now,
                                                 .engine_version = engine_version,
                                                 .rules_text = company.rules_text()});
    if (!committed) return committed.error();
    if (options.untold_since) turn.result.state.alerts = std::move(told);
    turn.seconds["store"] = seconds_since(clock, stored);
    failpoint("cycle.stored");
    return turn;
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
