#include "edge/state/state.hpp"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "edge/state/alert_records.hpp"
#include "edge/state/cells.hpp"
#include "edge/state/connection.hpp"
#include "edge/state/day_records.hpp"
#include "edge/state/facts_records.hpp"
#include "edge/state/handling_records.hpp"
#include "edge/state/ledger_records.hpp"
#include "edge/state/mailing_records.hpp"
#include "edge/state/outbox_records.hpp"
#include "edge/state/rename.hpp"
#include "edge/state/retention.hpp"
#include "edge/state/tell_records.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

/// Days to write: those of the state for an empty store, later only the cycle's own; earlier records stay as they are.
std::set<Day> days_to_write(const State& state, bool store_is_empty) {
    std::set<Day> days{*state.as_of};
    if (!store_is_empty) return days;
    for (const auto& customer : state.customers) {
        for (const auto& record : customer.days) days.insert(record.day);
    }
    for (const auto& promise : state.promises) {
        for (const auto& record : promise.days) days.insert(record.day);
    }
    for (const auto& prior : state.priors) days.insert(prior.day);
    for (const auto& feed : state.feeds) days.insert(feed.day);
    return days;
}

/// The newest act that a cycle which begins at `before` may know.
long long newest_act(soci::session& sql, std::optional<Instant> before = {}) {
    long long key = 0;
    WholeCell limit;
    limit = before;
    sql << "SELECT coalesce(max(key), 0) FROM act WHERE :limit IS NULL OR at < :limit", use(limit), soci::into(key);
    return key;
}

void write_cycle(soci::session& sql, const Commit& commit, long long acts_seen) {
    const auto day = to_column(*commit.state.as_of), at = to_column(commit.now);
    const std::string score_hash = commit.state.score_rules.empty() ? "" : commit.state.score_rules.back().hash;
    const AlertNumbers& forgotten = commit.state.forgotten;
    sql << "INSERT OR REPLACE INTO cycle (day, evaluated_at, rules_hash, engine, score_hash, forgotten_episode, "
           "forgotten_seq, acts_seen) VALUES (:day, :at, :hash, :engine, :score, :episode, :seq, :acts)",
        soci::use(day), soci::use(at), soci::use(commit.state.rules_hash), soci::use(commit.engine_version),
        soci::use(score_hash), soci::use(forgotten.episode), soci::use(forgotten.seq), soci::use(acts_seen);
    sql << "INSERT OR IGNORE INTO rules (hash, text, first_day) VALUES (:hash, :text, :day)",
        soci::use(commit.state.rules_hash), soci::use(commit.rules_text), soci::use(day);
}

std::optional<Day> newest_day_before(soci::session& sql, std::optional<Day> before = {}) {
    WholeCell day, limit;
    limit = before;
    sql << "SELECT max(day) FROM cycle WHERE :limit IS NULL OR day < :limit", use(limit), into(day);
    return day.day();
}

std::string rules_hash_of(soci::session& sql, Day day) {
    std::string hash;
    const auto column = to_column(day);
    sql << "SELECT rules_hash FROM cycle WHERE day = :day", soci::use(column), soci::into(hash);
    return hash;
}

AlertNumbers read_forgotten(soci::session& sql, Day day) {
    AlertNumbers forgotten;
    const auto column = to_column(day);
    sql << "SELECT forgotten_episode, forgotten_seq FROM cycle WHERE day = :day", soci::use(column),
        soci::into(forgotten.episode), soci::into(forgotten.seq);
    return forgotten;
}

std::optional<PastCycle> past_cycle(soci::session& sql, Day last) {
    const auto day = newest_day_before(sql, last + std::chrono::days{1});
    if (!day) return {};
    PastCycle cycle{.day = *day};
    const auto column = to_column(*day);
    sql << "SELECT rules_hash, engine, text FROM cycle JOIN rules ON hash = rules_hash WHERE day = :day",
        soci::use(column), soci::into(cycle.rules_hash), soci::into(cycle.engine_version), soci::into(cycle.rules_text);
    return cycle;
}

void read_score_rules(soci::session& sql, DayRange range, State& state) {
    long long day = 0;
    std::string hash;
    const long long first = to_column(range.first), last = to_column(range.last);
    soci::statement rows =
        (sql.prepare << "SELECT day, score_hash FROM cycle WHERE day BETWEEN :first AND :last ORDER BY day",
         soci::use(first), soci::use(last), soci::into(day), soci::into(hash));
    rows.execute();
    while (rows.fetch()) state.score_rules.push_back({.day = day_of(day), .hash = hash});
}

class SqliteStore final : public StateStore, private Connection {
public:
    SqliteStore(Connection connection, const OutboxLimits& limits)
        : Connection(std::move(connection)), limits_(limits) {}

    Result<State> load(Day as_of, bool past) override {
        return reading<State>([&] { return read_state(as_of, past); });
    }

    Result<std::optional<Day>> newest_day() override {
        return guarded([&]() -> Result<std::optional<Day>> { return newest_day_before(sql()); });
    }

    Result<std::optional<PastCycle>> newest_cycle(Day last) override {
        return guarded([&]() -> Result<std::optional<PastCycle>> { return past_cycle(sql(), last); });
    }

    Result<std::vector<CustomerFacts>> facts(Day day) override {
        return guarded([&]() -> Result<std::vector<CustomerFacts>> { return read_facts(sql(), day); });
    }

    Result<void> rename(std::span<const RuleRename> renames) override {
        return writing("rename", [&] {
            for (const auto& one : renames) rename_in_all_tables(sql(), one);
        });
    }

    Result<void> commit(const Commit& commit) override {
        return guarded([&] { return write_commit(commit); });
    }

    Result<std::vector<Delivery>> claim(Instant now, const std::vector<std::string>& busy, std::size_t most) override {
        return writing<std::vector<Delivery>>(
            "claim", [&] { return claim_due(sql(), {.now = now, .busy = busy, .most = most}, limits_); });
    }

    Result<void> settle(const Settlement& settlement) override {
        return writing("settle", [&] { settle_one(sql(), settlement); });
    }

    Result<std::uint64_t> recover(Instant now) override {
        return writing<std::uint64_t>("recover", [&] { return recover_in_flight(sql(), now); });
    }

    Result<std::vector<OutboxCount>> outbox() override {
        return guarded([&]() -> Result<std::vector<OutboxCount>> { return count_outbox(sql()); });
    }

    Result<Happened> happened(Instant now) override {
        return reading<Happened>([&] { return read_happened(now); });
    }

    Result<void> prune(const RetentionSettings& retention, Instant now) override {
        return guarded([&]() -> Result<void> {
            drop_outdated(sql(), retention, now);
            return {};
        });
    }

    Result<std::uint64_t> size_bytes() override {
        std::uint64_t bytes = 0;
        for (const auto* part : {"", "-wal"}) {
            std::error_code error;
            const auto size = std::filesystem::file_size(path() + part, error);
            if (!error) bytes += size;
        }
        return bytes;
    }

private:
    State read_state(Day as_of, bool past) {
        State state;
        state.as_of = newest_day_before(sql(), past ? std::optional{as_of} : std::nullopt);
        if (state.as_of) state.rules_hash = rules_hash_of(sql(), *state.as_of);
        if (state.as_of) state.forgotten = read_forgotten(sql(), *state.as_of);
        const DayRange range{.first = oldest_carried(as_of), .last = past ? as_of - std::chrono::days{1} : as_of};
        read_days(sql(), range, state);
        read_score_rules(sql(), range, state);
        read_facts_memory(sql(), range.last, state);
        if (past) return state;
        state.alerts = read_alerts(sql());
        read_mailings(sql(), state);
        return state;
    }

    struct LedgerRead {
        long long version = 0;
        std::vector<RuleQuality> quality = {};
        std::vector<LedgerEntry> unlabelled = {};
    };

    /// The ledger grows for years and changes seldom: it is read again when it has.
    const LedgerRead& ledger() {
        const auto version = ledger_version(sql());
        if (!ledger_ || ledger_->version != version)
            ledger_ = {
                .version = version, .quality = read_quality(sql()), .unlabelled = read_unlabelled(sql(), Day::max())};
        return *ledger_;
    }

    Happened read_happened(Instant now) {
        acts_seen_ = newest_act(sql());
        return {.undelivered = given_up(sql(), now),
                .delivered = read_first_deliveries(sql()),
                .waiting = read_waiting(sql()),
                .acts = read_acts(sql()),
                .released = read_released(sql()),
                .silences = read_silences(sql(), now),
                .quality = ledger().quality,
                .unlabelled = ledger().unlabelled,
                .outbox_is_full = is_full(sql(), limits_)};
    }

    Result<void> write_commit(const Commit& commit) {
        failpoint("state.commit.begin");
        Writing writing{sql()};
        const auto newest = newest_day_before(sql());
        if (newest && *newest > *commit.state.as_of) {
            return Error{.kind = ErrorKind::state,
                         .message = fmt::format("the state has seen {} already, a cycle for {} cannot be kept",
                                                format_day(*newest), format_day(*commit.state.as_of)),
                         .hint = "look back with --as-of and --dry-run"};
        }
        for (const auto day : days_to_write(commit.state, !newest)) write_day(sql(), commit.state, day);
        write_facts(sql(), commit.facts, *commit.state.as_of);
        write_cycle(sql(), commit, acts_seen_ ? *acts_seen_ : newest_act(sql(), commit.now));
        acts_seen_.reset();
        failpoint("state.commit.records");
        write_alerts(sql(), commit.state.alerts, {.day = *commit.state.as_of, .at = commit.now});
        failpoint("state.commit.alerts");
        write_mailings(sql(), commit.state);
        write_opened(sql(), commit.ledger.opened);
        write_ledger(sql(), commit.ledger.labelled);
        write_ledger(sql(), commit.ledger.acted);
        write_losses(sql(), commit.ledger.losses);
        failpoint("state.commit.mailings");
        enqueue(sql(), commit, limits_);
        failpoint("state.commit.outbox");
        writing.commit();
        failpoint("state.commit.end");
        return {};
    }

    OutboxLimits limits_;
    std::optional<LedgerRead> ledger_ = {};
    std::optional<long long> acts_seen_ = {};  ///< by the cycle under way
};

}  // namespace

Result<std::string> state_file(const StateSettings& settings, const std::string& directory) {
    if (settings.backend != Backend::sqlite3) {
        return Error{.kind = ErrorKind::config,
                     .message = "[state] backend: this version keeps its state in sqlite3 only",
                     .hint = "backend = \"sqlite3\""};
    }
    auto path = settings.connection;
    for (const std::string_view key : {"db=", "dbname="}) {
        if (path.starts_with(key)) path.erase(0, key.size());
    }
    if (path.size() > 1 && path.front() == '"' && path.back() == '"') path = path.substr(1, path.size() - 2);
    if (path.find('"') != path.npos || path.find('=') != path.npos) {
        return Error{.kind = ErrorKind::config,
                     .message = fmt::format("[state] connection: \"{}\" is no file name", settings.connection),
                     .hint = "connection = \"db=/var/lib/retaind/state.db\", with nothing after it"};
    }
    return path.empty() ? directory + "/state.db" : path;
}

Result<std::unique_ptr<StateStore>> open_state(const StateSettings& settings, const StateOptions& options) {
    auto connection = Connection::open(settings, options);
    if (!connection) return connection.error();
    return std::unique_ptr<StateStore>{std::make_unique<SqliteStore>(std::move(*connection), options.limits)};
}

}  // namespace retaind
