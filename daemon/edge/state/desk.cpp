#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "edge/state/alert_records.hpp"
#include "edge/state/connection.hpp"
#include "edge/state/handling_records.hpp"
#include "edge/state/ledger_records.hpp"
#include "edge/state/outbox_records.hpp"
#include "edge/state/state.hpp"
#include "edge/state/tell_records.hpp"

namespace retaind {

namespace {

const std::string requeued = "requeue";

std::string random_key() {
    std::array<unsigned char, 32> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0)
        throw soci::soci_error(std::string{"the system gives no random numbers: "} + std::strerror(errno));
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// The stored one; the first caller makes it.
Secret stored_key(soci::session& sql, const std::string& name) {
    Secret key;
    sql << "SELECT value FROM secret WHERE name = :name", soci::use(name), soci::into(key.value);
    if (sql.got_data()) return key;
    key.value = random_key();
    sql << "INSERT INTO secret (name, value) VALUES (:name, :value)", soci::use(name), soci::use(key.value);
    return key;
}

/// What was done with the deliveries of an alert, and the silences that match it.
std::vector<AuditedAction> read_audit_of(soci::session& sql, const AlertStory& story) {
    const AlertFacts facts{.key = story.alert.key,
                           .severity = story.alert.severity,
                           .customer_id = story.alert.customer_id,
                           .segment = story.segment,
                           .account_manager = story.account_manager};
    std::vector<AuditedAction> actions;
    const auto add = [&](const std::string& about, bool is_delivery) {
        for (auto& action : read_audit(sql, about)) {
            if ((action.what == requeued) == is_delivery) actions.push_back(std::move(action));
        }
    };
    std::set<std::string> deliveries;
    for (const auto& delivery : story.deliveries) deliveries.insert(delivery.delivery_id);
    for (const auto& id : deliveries) add(id, true);
    for (const auto& silence : read_all_silences(sql)) {
        if (matches(silence, facts)) add(silence.id, false);
    }
    std::ranges::stable_sort(actions, {}, &AuditedAction::at);
    return actions;
}

std::optional<AlertStory> read_story(soci::session& sql, const AlertKey& key) {
    auto alert = read_alert(sql, key);
    if (!alert) return std::nullopt;
    auto told = read_told_of(sql, key);
    AlertStory story{.alert = std::move(*alert), .segment = {}, .account_manager = {}};
    if (told.newest) {
        story.segment = told.newest->segment;
        story.account_manager = told.newest->account_manager;
    }
    story.events = read_events(sql, key);
    story.deliveries = std::move(told.deliveries);
    story.acts = read_acts_on(sql, key);
    story.audit = read_audit_of(sql, story);
    return story;
}

class SqliteDesk final : public AlertDesk, private Connection {
public:
    explicit SqliteDesk(Connection connection) : Connection(std::move(connection)) {}

    Result<std::vector<Alert>> alerts() override {
        return reading<std::vector<Alert>>([&] { return read_alerts(sql()); });
    }

    Result<std::vector<Act>> acts() override {
        return reading<std::vector<Act>>([&] { return read_acts(sql()); });
    }

    Result<std::optional<AlertStory>> story(const AlertKey& key) override {
        return reading<std::optional<AlertStory>>([&] { return read_story(sql(), key); });
    }

    Result<void> add(const Act& act) override {
        return writing<void>("act", [&] {
            if (act.kind == ActKind::resume) look_at_held_again(sql(), act.at);
            return add_act(sql(), act);
        });
    }

    Result<std::uint64_t> release(const std::vector<AlertKey>& keys, Instant now, const std::string& by) override {
        return writing<std::uint64_t>("release", [&]() -> Result<std::uint64_t> {
            std::uint64_t released = 0;
            for (const auto& alert : read_alerts(sql())) {
                if (!alert.held || (!keys.empty() && std::ranges::find(keys, alert.key) == keys.end())) continue;
                const auto added = add_act(sql(), {.key = alert.key,
                                                   .episode = alert.episode,
                                                   .kind = ActKind::release,
                                                   .severity = alert.severity,
                                                   .at = now,
                                                   .by = by,
                                                   .via = "command"});
                if (!added) return added.error();
                ++released;
            }
            return released;
        });
    }

    Result<std::string> add(const AlertSilence& silence, Instant now) override {
        return writing<std::string>("silence", [&] {
            auto id = add_silence(sql(), silence);
            audit(sql(), {.at = now, .author = silence.author, .what = "silence", .about = id});
            return id;
        });
    }

    Result<std::vector<AlertSilence>> silences(Instant now, bool also_over) override {
        return reading<std::vector<AlertSilence>>([&] {
            auto all = also_over ? read_all_silences(sql()) : read_silences(sql(), now);
            std::ranges::reverse(all);
            return all;
        });
    }

    Result<bool> end_silence(const std::string& id, Instant now, const std::string& by) override {
        return writing<bool>("silence_ended", [&] {
            if (!end_silence_at(sql(), id, now)) return false;
            look_at_held_again(sql(), now);
            audit(sql(), {.at = now, .author = by, .what = "silence_ended", .about = id});
            return true;
        });
    }

    Result<Requeued> requeue(const Requeue& which, Instant now, const std::string& by) override {
        return writing<Requeued>("requeue", [&] {
            auto found = requeue_given_up(sql(), which, now);
            for (const auto& id : found.queued) audit(sql(), {.at = now, .author = by, .what = requeued, .about = id});
            return found;
        });
    }

    Result<std::vector<RuleQuality>> quality() override {
        return reading<std::vector<RuleQuality>>([&] { return read_quality(sql()); });
    }

    Result<Secret> link_key() override {
        return writing<Secret>("link_key", [&] { return stored_key(sql(), "link_key"); });
    }
};

}  // namespace

Result<std::unique_ptr<AlertDesk>> open_desk(const StateSettings& settings, StateOptions options) {
    options.access = StateAccess::companion;
    auto connection = Connection::open(settings, options);
    if (!connection) return connection.error();
    return std::unique_ptr<AlertDesk>{std::make_unique<SqliteDesk>(std::move(*connection))};
}

}  // namespace retaind
