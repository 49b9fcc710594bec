#include "edge/state/schema.hpp"

#include <array>
#include <string>

#include <fmt/format.h>
#include <soci/soci.h>

#include "edge/state/writing.hpp"

namespace retaind {

namespace {

// Days are days since 1970-01-01, instants seconds since then. Scores are ANY, not REAL: SQLite keeps such a double bit
// for bit, while REAL drops the sign of -0.0. Day tables are clustered by day: a cycle appends, retention cuts off.
constexpr std::string_view day_tables[] = {
    "CREATE TABLE customer (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE manager (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE promise (key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE cycle (day INTEGER PRIMARY KEY, evaluated_at INTEGER NOT NULL, rules_hash TEXT NOT NULL, "
    "engine TEXT NOT NULL, score_hash TEXT NOT NULL, forgotten_episode INTEGER NOT NULL, "
    "forgotten_seq INTEGER NOT NULL, acts_seen INTEGER NOT NULL) STRICT",
    "CREATE TABLE score_day (day INTEGER NOT NULL, customer INTEGER NOT NULL REFERENCES customer, "
    "manager INTEGER NOT NULL REFERENCES manager, owner_since INTEGER, band TEXT NOT NULL, health ANY, smoothed "
    "ANY, "
    "coverage ANY, risk ANY, PRIMARY KEY (day, customer)) STRICT, WITHOUT ROWID",
    "CREATE TABLE drift_end (day INTEGER NOT NULL, customer INTEGER NOT NULL REFERENCES customer, "
    "signal TEXT NOT NULL, PRIMARY KEY (day, customer, signal)) STRICT, WITHOUT ROWID",
    // A row where they changed, which holds until the next.
    "CREATE TABLE facts (customer INTEGER NOT NULL REFERENCES customer, day INTEGER NOT NULL, text TEXT NOT NULL, "
    "PRIMARY KEY (customer, day)) STRICT, WITHOUT ROWID",
    "CREATE TABLE promise_day (day INTEGER NOT NULL, promise INTEGER NOT NULL REFERENCES promise, "
    "state TEXT NOT NULL, verdict TEXT NOT NULL, probability ANY, PRIMARY KEY (day, promise)) STRICT, WITHOUT "
    "ROWID",
    // A row where it changed: a look back must not know what was only found later.
    "CREATE TABLE kept_promise (promise INTEGER NOT NULL REFERENCES promise, known_on INTEGER NOT NULL, "
    "kept_on INTEGER, PRIMARY KEY (promise, known_on)) STRICT, WITHOUT ROWID",
    "CREATE TABLE prior_day (day INTEGER NOT NULL, segment TEXT NOT NULL, rules_hash TEXT NOT NULL, mean ANY, "
    "customers INTEGER NOT NULL, PRIMARY KEY (day, segment, rules_hash)) STRICT, WITHOUT ROWID",
    "CREATE TABLE feed_day (day INTEGER NOT NULL, dataset TEXT NOT NULL, loaded INTEGER NOT NULL, "
    "accepted INTEGER NOT NULL, watermark INTEGER, suspect INTEGER NOT NULL, PRIMARY KEY (day, dataset)) "
    "STRICT, WITHOUT ROWID",
    "CREATE TABLE adopted_rule (day INTEGER NOT NULL, rule TEXT NOT NULL, hash TEXT NOT NULL, "
    "PRIMARY KEY (day, rule)) STRICT, WITHOUT ROWID",
    "CREATE TABLE rules (hash TEXT PRIMARY KEY, text TEXT NOT NULL, first_day INTEGER NOT NULL) STRICT",
};

constexpr std::string_view alert_tables[] = {
    "CREATE TABLE alert (key INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, scope TEXT NOT NULL, "
    "entity TEXT NOT NULL, dimension TEXT NOT NULL, customer_id TEXT NOT NULL, phase TEXT NOT NULL, "
    "severity TEXT NOT NULL, held INTEGER NOT NULL, adopted INTEGER NOT NULL, episode INTEGER NOT NULL, "
    "seq INTEGER NOT NULL, pending_since INTEGER, firing_since INTEGER, recovering_since INTEGER, ended_on "
    "INTEGER, "
    "critical_since INTEGER, opened_at INTEGER, message TEXT NOT NULL, advice TEXT NOT NULL, deadline INTEGER, "
    "revenue ANY, closed_because TEXT NOT NULL, absent_cycles INTEGER NOT NULL, absent_on INTEGER, "
    "flips INTEGER NOT NULL, judged_on INTEGER, flapping INTEGER NOT NULL, steps_taken INTEGER NOT NULL, "
    "owner TEXT NOT NULL, handed_over_at INTEGER, risk ANY, risk_is_base_rate INTEGER NOT NULL, "
    "UNIQUE (rule, scope, entity, dimension)) STRICT",
    "CREATE TABLE alert_reason (alert INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE, place INTEGER NOT NULL, "
    "text TEXT NOT NULL, PRIMARY KEY (alert, place)) STRICT, WITHOUT ROWID",
    "CREATE TABLE told (alert INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE, place INTEGER NOT NULL, "
    "receiver TEXT NOT NULL, recipient TEXT NOT NULL, episode INTEGER NOT NULL, severity TEXT NOT NULL, "
    "phase TEXT NOT NULL, at INTEGER NOT NULL, flapping INTEGER NOT NULL, leaves INTEGER NOT NULL, "
    "was_owner INTEGER NOT NULL, PRIMARY KEY (alert, place)) "
    "STRICT, WITHOUT ROWID",
    // Its deliveries are kept for a shorter time than the alert may be open.
    "CREATE TABLE first_delivery (alert INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE, "
    "episode INTEGER NOT NULL, receiver TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (alert, episode, receiver)) "
    "STRICT, WITHOUT ROWID",
    "CREATE TABLE mailing (receiver TEXT NOT NULL, recipient TEXT NOT NULL, digest_on INTEGER, told_at INTEGER, "
    "PRIMARY KEY (receiver, recipient)) STRICT, WITHOUT ROWID",
    "CREATE TABLE interruption (place INTEGER PRIMARY KEY, recipient TEXT NOT NULL, at INTEGER NOT NULL, "
    "stories INTEGER NOT NULL) STRICT",
    // The audit outlives the alert, so it repeats the alert's identity instead of pointing at it.
    "CREATE TABLE alert_event (key INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, day INTEGER NOT NULL, "
    "rule TEXT NOT NULL, scope TEXT NOT NULL, entity TEXT NOT NULL, dimension TEXT NOT NULL, "
    "customer_id TEXT NOT NULL, episode INTEGER NOT NULL, seq INTEGER NOT NULL, phase_before TEXT, phase TEXT, "
    "severity TEXT NOT NULL, held INTEGER NOT NULL, reasons TEXT NOT NULL, because TEXT NOT NULL) STRICT",
    "CREATE INDEX alert_event_at ON alert_event (at)",
    "CREATE INDEX alert_event_of ON alert_event (rule, scope, entity, dimension)",
};

constexpr std::string_view people_tables[] = {
    "CREATE TABLE act (key INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, until INTEGER NOT NULL, "
    "rule TEXT NOT NULL, scope TEXT NOT NULL, entity TEXT NOT NULL, dimension TEXT NOT NULL, "
    "episode INTEGER NOT NULL, kind TEXT NOT NULL, severity TEXT NOT NULL, author TEXT NOT NULL, "
    "via TEXT NOT NULL, comment TEXT NOT NULL) STRICT",
    "CREATE INDEX act_at ON act (at)",
    "CREATE INDEX act_snooze ON act (until) WHERE kind = 'snooze'",
    "CREATE INDEX act_of ON act (rule, scope, entity, dimension)",
    "CREATE TABLE silence (key INTEGER PRIMARY KEY AUTOINCREMENT, starts INTEGER NOT NULL, ends INTEGER NOT NULL, "
    "author TEXT NOT NULL, comment TEXT NOT NULL) STRICT",
    "CREATE TABLE silence_match (silence INTEGER NOT NULL REFERENCES silence ON DELETE CASCADE, "
    "matcher INTEGER NOT NULL, place INTEGER NOT NULL, field TEXT NOT NULL, negated INTEGER NOT NULL, value TEXT, "
    "PRIMARY KEY (silence, matcher, place)) STRICT, WITHOUT ROWID",
    "CREATE TABLE audit (key INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, author TEXT NOT NULL, "
    "what TEXT NOT NULL, about TEXT NOT NULL) STRICT",
    "CREATE INDEX audit_at ON audit (at)",
    "CREATE INDEX audit_about ON audit (about)",
    "CREATE TABLE ledger (rule TEXT NOT NULL, scope TEXT NOT NULL, entity TEXT NOT NULL, dimension TEXT NOT NULL, "
    "episode INTEGER NOT NULL, customer_id TEXT NOT NULL, severity TEXT NOT NULL, opened_on INTEGER NOT NULL, "
    "revenue ANY, renews_on INTEGER, opened_at INTEGER NOT NULL, act_by INTEGER, acted_at INTEGER, outcome TEXT, "
    "labelled_on INTEGER, happened_on INTEGER, "
    "PRIMARY KEY (rule, scope, entity, dimension, episode)) STRICT, WITHOUT ROWID",
    "CREATE INDEX ledger_of ON ledger (customer_id, rule)",
    "CREATE TABLE loss (customer_id TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (customer_id, day)) "
    "STRICT, WITHOUT ROWID",
    // Grows with every change of what the quality of rules is read off, so that it is read again only then.
    "CREATE TABLE ledger_version (version INTEGER NOT NULL) STRICT",
    "INSERT INTO ledger_version (version) VALUES (0)",
    "CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
};

constexpr std::string_view outbox_tables[] = {
    // What is looked at often stands before the texts, which spill over into further pages.
    "CREATE TABLE outbox (place INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id TEXT NOT NULL UNIQUE, "
    "receiver TEXT NOT NULL, recipient TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, "
    "refusals INTEGER NOT NULL DEFAULT 0, claims INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, next_at "
    "INTEGER NOT NULL, silenced INTEGER NOT NULL DEFAULT 0, restates INTEGER NOT NULL, kind TEXT NOT NULL, person TEXT "
    "NOT NULL, "
    "error_class TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, "
    "html TEXT NOT NULL, json TEXT NOT NULL) STRICT",
    "CREATE INDEX outbox_waiting ON outbox (receiver, recipient, place) "
    "WHERE status IN ('queued', 'retry', 'in_flight')",
    "CREATE INDEX outbox_settled ON outbox (created_at) WHERE status NOT IN ('queued', 'retry', 'in_flight')",
    "CREATE INDEX outbox_restated ON outbox (receiver, recipient, place) WHERE restates <> 0",
    "CREATE INDEX outbox_status ON outbox (status, receiver, created_at, bytes)",
    "CREATE TABLE outbox_tell (delivery INTEGER NOT NULL REFERENCES outbox ON DELETE CASCADE, "
    "place INTEGER NOT NULL, rule TEXT NOT NULL, scope TEXT NOT NULL, entity TEXT NOT NULL, "
    "dimension TEXT NOT NULL, severity TEXT NOT NULL, customer_id TEXT NOT NULL, segment TEXT NOT NULL, "
    "account_manager TEXT NOT NULL, episode INTEGER NOT NULL, seq INTEGER NOT NULL, transition TEXT NOT NULL, "
    "PRIMARY KEY (delivery, place)) STRICT, WITHOUT ROWID",
    "CREATE INDEX outbox_tell_of ON outbox_tell (rule, scope, entity, dimension)",
};

const std::vector<std::string>& ledger_triggers() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> triggers;
        for (const std::string_view table : {"ledger", "loss", "adopted_rule", "act"}) {
            for (const std::string_view change : {"INSERT", "UPDATE", "DELETE"}) {
                triggers.push_back(
                    fmt::format("CREATE TRIGGER {0}_{1} AFTER {1} ON {0} BEGIN "
                                "UPDATE ledger_version SET version = version + 1; END",
                                table, change));
            }
        }
        return triggers;
    }();
    return all;
}

Migration first_version() {
    Migration all;
    const auto add = [&all](std::span<const std::string_view> tables) {
        all.insert(all.end(), tables.begin(), tables.end());
    };
    add(day_tables);
    add(alert_tables);
    add(people_tables);
    add(outbox_tables);
    all.insert(all.end(), ledger_triggers().begin(), ledger_triggers().end());
    return all;
}

const std::array<Migration, 1>& all_migrations() {
    static const std::array<Migration, 1> all = {first_version()};
    return all;
}

Error newer(int version, std::size_t known) {
    return Error{
        .kind = ErrorKind::state,
        .message = fmt::format("the state has schema version {}, newer than this program's {}", version, known),
        .hint = "install the version of retaind that wrote it, or put back a copy of the file from before the upgrade"};
}

bool holds_tables(soci::session& sql) {
    int tables = 0;
    sql << "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'", soci::into(tables);
    return tables > 0;
}

Result<void> recognise(soci::session& sql, std::span<const Migration> to) {
    const int version = schema_version(sql);
    if (version < 0 || static_cast<std::size_t>(version) > to.size()) return newer(version, to.size());
    if (version == 0 && holds_tables(sql)) {
        return Error{.kind = ErrorKind::state,
                     .message = "the file holds tables, but none of retaind's",
                     .hint = "give [state] a file of its own"};
    }
    return {};
}

}  // namespace

std::span<const Migration> migrations() { return all_migrations(); }

int schema_version(soci::session& sql) {
    int version = 0;
    sql << "PRAGMA user_version", soci::into(version);
    return version;
}

Result<void> bring_forward(soci::session& sql, std::span<const Migration> to) {
    if (auto known = recognise(sql, to); !known) return known;
    for (auto version = static_cast<std::size_t>(schema_version(sql)); version < to.size(); ++version) {
        Writing writing{sql};
        for (const auto statement : to[version]) sql << statement;
        sql << fmt::format("PRAGMA user_version = {}", version + 1);
        writing.commit();
    }
    return {};
}

Result<void> expect_current(soci::session& sql, std::span<const Migration> to) {
    if (auto known = recognise(sql, to); !known) return known;
    const int version = schema_version(sql);
    if (static_cast<std::size_t>(version) == to.size()) return {};
    return Error{.kind = ErrorKind::state,
                 .message = fmt::format("the state has schema version {}, this program needs {}", version, to.size()),
                 .hint = "start the daemon once: it brings the state forward"};
}

}  // namespace retaind
