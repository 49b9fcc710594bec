#include "edge/state/alert_records.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "edge/state/cells.hpp"
#include "edge/state/key_columns.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

/// One alert as columns. Its key is 0 until it is stored.
struct AlertRow {
    long long key = 0;
    std::string rule = {}, scope = {}, entity = {}, dimension = {}, customer_id = {}, phase = {}, severity = {};
    int held = 0, adopted = 0, absent_cycles = 0;
    long long episode = 0, seq = 0;
    WholeCell pending_since = {}, firing_since = {}, recovering_since = {}, ended_on = {}, critical_since = {};
    WholeCell opened_at = {}, deadline = {}, absent_on = {};
    std::string message = {}, advice = {}, closed_because = {};
    RealCell revenue = {}, risk = {};
    long long flips = 0;
    WholeCell judged_on = {};
    int flapping = 0, steps_taken = 0, risk_is_base_rate = 0;
    std::string owner = {};
    WholeCell handed_over_at = {};
};

/// A range of keys of alerts: all of them, or one.
struct AlertKeys {
    long long first = 0, last = std::numeric_limits<long long>::max();
};

AlertRow to_row(const Alert& alert) {
    AlertRow row{.rule = alert.key.rule,
                 .scope = to_word(alert.key.scope),
                 .entity = alert.key.entity,
                 .dimension = alert.key.dimension,
                 .customer_id = alert.customer_id,
                 .phase = to_word(alert.phase),
                 .severity = to_word(alert.severity),
                 .held = alert.held ? 1 : 0,
                 .adopted = alert.adopted ? 1 : 0,
                 .absent_cycles = alert.absent_cycles,
                 .episode = alert.episode,
                 .seq = alert.seq,
                 .message = alert.message,
                 .advice = alert.advice,
                 .closed_because = alert.closed_because};
    row.pending_since = alert.pending_since;
    row.firing_since = alert.firing_since;
    row.recovering_since = alert.recovering_since;
    row.ended_on = alert.ended_on;
    row.critical_since = alert.critical_since;
    row.opened_at = alert.opened_at;
    row.deadline = alert.deadline;
    row.absent_on = alert.absent_on;
    row.revenue = alert.revenue;
    row.flips = alert.flips;
    row.judged_on = alert.judged_on;
    row.flapping = alert.flapping ? 1 : 0;
    row.steps_taken = alert.steps_taken;
    row.owner = alert.owner;
    row.handed_over_at = alert.handed_over_at;
    row.risk = alert.risk;
    row.risk_is_base_rate = alert.risk_is_base_rate ? 1 : 0;
    return row;
}

Alert to_alert(const AlertRow& row) {
    Alert alert;
    alert.key = {
        .rule = row.rule, .scope = from_word<Scope>(row.scope), .entity = row.entity, .dimension = row.dimension};
    alert.customer_id = row.customer_id;
    alert.phase = from_word<AlertPhase>(row.phase);
    alert.severity = from_word<Severity>(row.severity);
    alert.held = row.held != 0;
    alert.adopted = row.adopted != 0;
    alert.absent_cycles = row.absent_cycles;
    alert.episode = row.episode;
    alert.seq = row.seq;
    alert.pending_since = row.pending_since.day();
    alert.firing_since = row.firing_since.day();
    alert.recovering_since = row.recovering_since.day();
    alert.ended_on = row.ended_on.day();
    alert.critical_since = row.critical_since.day();
    alert.opened_at = row.opened_at.instant();
    alert.deadline = row.deadline.day();
    alert.absent_on = row.absent_on.day();
    alert.message = row.message;
    alert.advice = row.advice;
    alert.closed_because = row.closed_because;
    alert.revenue = row.revenue.get();
    alert.flips = static_cast<std::uint32_t>(row.flips);
    alert.judged_on = row.judged_on.day();
    alert.flapping = row.flapping != 0;
    alert.steps_taken = row.steps_taken;
    alert.owner = row.owner;
    alert.handed_over_at = row.handed_over_at.instant();
    alert.risk = row.risk.get();
    alert.risk_is_base_rate = row.risk_is_base_rate != 0;
    return alert;
}

using AlertsByKey = std::map<long long, Alert>;

AlertsByKey read_rows(soci::session& sql, AlertKeys keys) {
    AlertsByKey alerts;
    AlertRow row;
    soci::statement rows =
        (sql.prepare << "SELECT key, rule, scope, entity, dimension, customer_id, phase, severity, held, adopted, "
                        "episode, seq, pending_since, firing_since, recovering_since, ended_on, critical_since, "
                        "opened_at, message, advice, deadline, revenue, closed_because, absent_cycles, "
                        "absent_on, flips, judged_on, flapping, steps_taken, owner, handed_over_at, risk, "
                        "risk_is_base_rate FROM alert WHERE key BETWEEN :first AND :last",
         soci::use(keys.first), soci::use(keys.last), soci::into(row.key), soci::into(row.rule), soci::into(row.scope),
         soci::into(row.entity), soci::into(row.dimension), soci::into(row.customer_id), soci::into(row.phase),
         soci::into(row.severity), soci::into(row.held), soci::into(row.adopted), soci::into(row.episode),
         soci::into(row.seq), into(row.pending_since), into(row.firing_since), into(row.recovering_since),
         into(row.ended_on), into(row.critical_since), into(row.opened_at), soci::into(row.message),
         soci::into(row.advice), into(row.deadline), into(row.revenue), soci::into(row.closed_because),
         soci::into(row.absent_cycles), into(row.absent_on), soci::into(row.flips), into(row.judged_on),
         soci::into(row.flapping), soci::into(row.steps_taken), soci::into(row.owner), into(row.handed_over_at),
         into(row.risk), soci::into(row.risk_is_base_rate));
    rows.execute();
    while (rows.fetch()) alerts.emplace(row.key, to_alert(row));
    return alerts;
}

void read_reasons(soci::session& sql, AlertKeys keys, AlertsByKey& alerts) {
    long long key = 0;
    std::string text;
    soci::statement rows = (sql.prepare << "SELECT alert, text FROM alert_reason "
                                           "WHERE alert BETWEEN :first AND :last ORDER BY alert, place",
                            soci::use(keys.first), soci::use(keys.last), soci::into(key), soci::into(text));
    rows.execute();
    while (rows.fetch()) alerts.at(key).reasons.push_back(text);
}

void read_told(soci::session& sql, AlertKeys keys, AlertsByKey& alerts) {
    long long key = 0, episode = 0, at = 0;
    std::string severity, phase;
    int flapping = 0, leaves = 0, was_owner = 0;
    Told told;
    soci::statement rows =
        (sql.prepare << "SELECT alert, receiver, recipient, episode, severity, phase, at, flapping, leaves, "
                        "was_owner FROM told WHERE alert BETWEEN :first AND :last ORDER BY alert, place",
         soci::use(keys.first), soci::use(keys.last), soci::into(key), soci::into(told.receiver),
         soci::into(told.recipient), soci::into(episode), soci::into(severity), soci::into(phase), soci::into(at),
         soci::into(flapping), soci::into(leaves), soci::into(was_owner));
    rows.execute();
    while (rows.fetch()) {
        told.episode = episode;
        told.severity = from_word<Severity>(severity);
        told.phase = from_word<AlertPhase>(phase);
        told.at = instant_of(at);
        told.flapping = flapping != 0;
        told.leaves = leaves != 0;
        told.was_owner = was_owner != 0;
        alerts.at(key).told.push_back(told);
    }
}

AlertsByKey read_with_keys(soci::session& sql, AlertKeys keys = {}) {
    auto alerts = read_rows(sql, keys);
    read_reasons(sql, keys, alerts);
    read_told(sql, keys, alerts);
    return alerts;
}

// -- writing --------------------------------------------------------------------------------------------------------

bool moved(const Alert& a, const Alert& b) {
    return a.phase != b.phase || a.severity != b.severity || a.held != b.held || a.episode != b.episode ||
           a.seq != b.seq;
}

/// Writes alerts one by one with statements that are prepared once.
class AlertWriter {
public:
    explicit AlertWriter(soci::session& sql) : sql_(sql) {}

    void put(const Alert& alert, long long key) {
        row_ = to_row(alert);
        row_.key = key;
        if (key == 0)
            insert();
        else
            update();
        write_reasons(alert.reasons);
        write_told(alert.told);
    }

    void erase(long long key) { sql_ << "DELETE FROM alert WHERE key = :key", soci::use(key); }

private:
    void insert() {
        sql_ << "INSERT INTO alert (rule, scope, entity, dimension, customer_id, phase, severity, held, adopted, "
                "episode, seq, pending_since, firing_since, recovering_since, ended_on, critical_since, opened_at, "
                "message, advice, deadline, revenue, closed_because, absent_cycles, absent_on, flips, judged_on, "
                "flapping, "
                "steps_taken, owner, handed_over_at, risk, risk_is_base_rate) VALUES (:rule, :scope, :entity, "
                ":dimension, :customer, :phase, :severity, :held, :adopted, :episode, :seq, :pending, :firing, "
                ":recovering, :ended, :critical, :opened, :message, :advice, :deadline, :revenue, :because, :absent, "
                ":absent_on, :flips, :judged, :flapping, :steps, :owner, :handed_over, :risk, :base_rate) "
                "RETURNING key",
            soci::use(row_.rule), soci::use(row_.scope), soci::use(row_.entity), soci::use(row_.dimension),
            soci::use(row_.customer_id), soci::use(row_.phase), soci::use(row_.severity), soci::use(row_.held),
            soci::use(row_.adopted), soci::use(row_.episode), soci::use(row_.seq), use(row_.pending_since),
            use(row_.firing_since), use(row_.recovering_since), use(row_.ended_on), use(row_.critical_since),
            use(row_.opened_at), soci::use(row_.message), soci::use(row_.advice), use(row_.deadline), use(row_.revenue),
            soci::use(row_.closed_because), soci::use(row_.absent_cycles), use(row_.absent_on), soci::use(row_.flips),
            use(row_.judged_on), soci::use(row_.flapping), soci::use(row_.steps_taken), soci::use(row_.owner),
            use(row_.handed_over_at), use(row_.risk), soci::use(row_.risk_is_base_rate), soci::into(row_.key);
    }

    void update() {
        sql_ << "UPDATE alert SET customer_id = :customer, phase = :phase, severity = :severity, held = :held, "
                "adopted = :adopted, episode = :episode, seq = :seq, pending_since = :pending, "
                "firing_since = :firing, recovering_since = :recovering, ended_on = :ended, "
                "critical_since = :critical, opened_at = :opened, message = :message, advice = :advice, "
                "deadline = :deadline, revenue = :revenue, closed_because = :because, absent_cycles = :absent, "
                "absent_on = :absent_on, flips = :flips, judged_on = :judged, flapping = :flapping, "
                "steps_taken = :steps, owner = :owner, handed_over_at = :handed_over, risk = :risk, risk_is_base_rate "
                "= :base_rate "
                "WHERE key = :key",
            soci::use(row_.customer_id), soci::use(row_.phase), soci::use(row_.severity), soci::use(row_.held),
            soci::use(row_.adopted), soci::use(row_.episode), soci::use(row_.seq), use(row_.pending_since),
            use(row_.firing_since), use(row_.recovering_since), use(row_.ended_on), use(row_.critical_since),
            use(row_.opened_at), soci::use(row_.message), soci::use(row_.advice), use(row_.deadline), use(row_.revenue),
            soci::use(row_.closed_because), soci::use(row_.absent_cycles), use(row_.absent_on), soci::use(row_.flips),
            use(row_.judged_on), soci::use(row_.flapping), soci::use(row_.steps_taken), soci::use(row_.owner),
            use(row_.handed_over_at), use(row_.risk), soci::use(row_.risk_is_base_rate), soci::use(row_.key);
        sql_ << "DELETE FROM alert_reason WHERE alert = :key", soci::use(row_.key);
        sql_ << "DELETE FROM told WHERE alert = :key", soci::use(row_.key);
    }

    void write_reasons(const std::vector<std::string>& reasons) {
        long long place = 0;
        for (const auto& reason : reasons) {
            sql_ << "INSERT INTO alert_reason (alert, place, text) VALUES (:alert, :place, :text)", soci::use(row_.key),
                soci::use(place), soci::use(reason);
            ++place;
        }
    }

    void write_told(const std::vector<Told>& told) {
        long long place = 0;
        for (const auto& one : told) {
            const auto severity = to_word(one.severity), phase = to_word(one.phase);
            const long long episode = one.episode, at = to_column(one.at);
            const int flapping = one.flapping ? 1 : 0, leaves = one.leaves ? 1 : 0, was_owner = one.was_owner ? 1 : 0;
            sql_ << "INSERT INTO told (alert, place, receiver, recipient, episode, severity, phase, at, flapping, "
                    "leaves, was_owner) VALUES (:alert, :place, :receiver, :recipient, :episode, :severity, :phase, "
                    ":at, :flapping, :leaves, :was_owner)",
                soci::use(row_.key), soci::use(place), soci::use(one.receiver), soci::use(one.recipient),
                soci::use(episode), soci::use(severity), soci::use(phase), soci::use(at), soci::use(flapping),
                soci::use(leaves), soci::use(was_owner);
            ++place;
        }
    }

    soci::session& sql_;
    AlertRow row_ = {};
};

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : "; ") + text;
    return all;
}

/// The audit row of one change; a null `after` means that the alert is no longer remembered.
void write_event(soci::session& sql, const Alert* before, const Alert* after, AlertMoment moment) {
    const Alert& now = after != nullptr ? *after : *before;
    auto row = to_row(now);
    std::string phase_before = before != nullptr ? to_word(before->phase) : "";
    auto had = before != nullptr ? soci::i_ok : soci::i_null;
    auto has = after != nullptr ? soci::i_ok : soci::i_null;
    const auto at = to_column(moment.at), day = to_column(moment.day);
    const auto reasons = joined(now.reasons);
    sql << "INSERT INTO alert_event (at, day, rule, scope, entity, dimension, customer_id, episode, seq, phase_before, "
           "phase, severity, held, reasons, because) VALUES (:at, :day, :rule, :scope, :entity, :dimension, :customer, "
           ":episode, :seq, :before, :phase, :severity, :held, :reasons, :because)",
        soci::use(at), soci::use(day), soci::use(row.rule), soci::use(row.scope), soci::use(row.entity),
        soci::use(row.dimension), soci::use(row.customer_id), soci::use(row.episode), soci::use(row.seq),
        soci::use(phase_before, had), soci::use(row.phase, has), soci::use(row.severity), soci::use(row.held),
        soci::use(reasons), soci::use(row.closed_because);
}

}  // namespace

std::optional<Alert> read_alert(soci::session& sql, const AlertKey& key) {
    const KeyColumns wanted{key};
    long long at = 0;
    sql << "SELECT key FROM alert WHERE rule = :rule AND scope = :scope AND entity = :entity "
           "AND dimension = :dimension",
        soci::use(wanted.rule), soci::use(wanted.scope), soci::use(wanted.entity), soci::use(wanted.dimension),
        soci::into(at);
    if (!sql.got_data()) return std::nullopt;
    return read_with_keys(sql, {.first = at, .last = at}).at(at);
}

std::vector<Alert> read_alerts(soci::session& sql) {
    std::vector<Alert> alerts;
    for (auto& [key, alert] : read_with_keys(sql)) alerts.push_back(std::move(alert));
    std::ranges::sort(alerts, {}, &Alert::key);
    return alerts;
}

void write_alerts(soci::session& sql, const std::vector<Alert>& alerts, AlertMoment moment) {
    std::map<AlertKey, std::pair<long long, Alert>> stored;
    for (const auto& [key, alert] : read_with_keys(sql)) stored.emplace(alert.key, std::pair{key, alert});
    AlertWriter writer{sql};
    for (const auto& alert : alerts) {
        auto before = stored.extract(alert.key);
        const Alert* old = before.empty() ? nullptr : &before.mapped().second;
        if (old != nullptr && *old == alert) continue;
        if (old == nullptr || moved(*old, alert)) write_event(sql, old, &alert, moment);
        writer.put(alert, old == nullptr ? 0 : before.mapped().first);
        failpoint("state.commit.alert");
    }
    for (const auto& [key, gone] : stored) {
        write_event(sql, &gone.second, nullptr, moment);
        writer.erase(gone.first);
    }
}

std::vector<AlertEvent> read_events(soci::session& sql, const AlertKey& key) {
    std::vector<AlertEvent> events;
    AlertEvent event;
    const KeyColumns wanted{key};
    long long at = 0, day = 0;
    std::string severity;
    int held = 0;
    soci::statement rows =
        (sql.prepare
             << "SELECT at, day, episode, seq, coalesce(phase_before, ''), coalesce(phase, ''), severity, held, "
                "reasons, because FROM alert_event WHERE rule = :rule AND scope = :scope AND entity = :entity "
                "AND dimension = :dimension ORDER BY key",
         soci::use(wanted.rule), soci::use(wanted.scope), soci::use(wanted.entity), soci::use(wanted.dimension),
         soci::into(at), soci::into(day), soci::into(event.episode), soci::into(event.seq), soci::into(event.before),
         soci::into(event.after), soci::into(severity), soci::into(held), soci::into(event.reasons),
         soci::into(event.because));
    rows.execute();
    while (rows.fetch()) {
        event.at = instant_of(at);
        event.day = day_of(day);
        event.severity = from_word<Severity>(severity);
        event.held = held != 0;
        events.push_back(event);
    }
    return events;
}

}  // namespace retaind
