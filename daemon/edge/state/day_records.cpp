#include "edge/state/day_records.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edge/state/cells.hpp"
#include "edge/state/keys.hpp"
#include "edge/state/words.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

struct ScoreRow {
    long long day = 0, key = 0, manager = 0;
    WholeCell owner_since = {};
    std::string band = {};
    RealCell health = {}, smoothed = {}, coverage = {}, risk = {};
    bool operator==(const ScoreRow&) const = default;
};

struct PromiseRow {
    long long day = 0, key = 0;
    std::string state = {}, verdict = {};
    RealCell probability = {};
    bool operator==(const PromiseRow&) const = default;
};

/// Merges two lists sorted by key: puts what differs or is new, erases what is wanted no more.
template <class Row, class Put, class Erase>
void apply_differences(const std::vector<Row>& stored, const std::vector<Row>& wanted, Put put, Erase erase) {
    auto old = stored.begin();
    for (const auto& row : wanted) {
        for (; old != stored.end() && old->key < row.key; ++old) erase(*old);
        const bool there = old != stored.end() && old->key == row.key;
        if (!there || !(*old == row)) put(row);
        if (there) ++old;
    }
    for (; old != stored.end(); ++old) erase(*old);
}

template <class Row>
void sort_by_key(std::vector<Row>& rows) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
}

/// Calls `each` for every stored score of the range, by day and key.
template <class Each>
void for_each_score(soci::session& sql, DayRange range, Each each) {
    ScoreRow row;
    const long long first = to_column(range.first), last = to_column(range.last);
    soci::statement rows =
        (sql.prepare << "SELECT day, customer, manager, owner_since, band, health, smoothed, coverage, risk "
                        "FROM score_day WHERE day BETWEEN :first AND :last ORDER BY day, customer",
         soci::use(first), soci::use(last), soci::into(row.day), soci::into(row.key), soci::into(row.manager),
         into(row.owner_since), soci::into(row.band), into(row.health), into(row.smoothed), into(row.coverage),
         into(row.risk));
    rows.execute();
    while (rows.fetch()) each(row);
}

template <class Each>
void for_each_promise(soci::session& sql, DayRange range, Each each) {
    PromiseRow row;
    const long long first = to_column(range.first), last = to_column(range.last);
    soci::statement rows = (sql.prepare << "SELECT day, promise, state, verdict, probability "
                                           "FROM promise_day WHERE day BETWEEN :first AND :last ORDER BY day, promise",
                            soci::use(first), soci::use(last), soci::into(row.day), soci::into(row.key),
                            soci::into(row.state), soci::into(row.verdict), into(row.probability));
    rows.execute();
    while (rows.fetch()) each(row);
}

/// Of every day up to `last`: what is still of use, retention decides.
void read_drift_ends(soci::session& sql, Day last, std::vector<CustomerMemory>& by_key) {
    long long day = 0, key = 0;
    std::string signal;
    const long long newest = to_column(last);
    soci::statement rows = (sql.prepare << "SELECT day, customer, signal FROM drift_end WHERE day <= :last "
                                           "ORDER BY day, customer, signal",
                            soci::use(newest), soci::into(day), soci::into(key), soci::into(signal));
    rows.execute();
    while (rows.fetch()) {
        by_key[static_cast<std::size_t>(key)].drift_ends.push_back({.day = day_of(day), .signal = signal});
    }
}

// -- reading --------------------------------------------------------------------------------------------------------

void read_scores(soci::session& sql, DayRange range, State& state) {
    const Keys customers{sql, "customer"}, managers{sql, "manager"};
    std::vector<CustomerMemory> by_key(customers.size());
    for_each_score(sql, range, [&](const ScoreRow& row) {
        auto& memory = by_key[static_cast<std::size_t>(row.key)];
        if (memory.days.empty()) memory.days.reserve(static_cast<std::size_t>(days_carried) + 1);
        memory.days.push_back({.day = day_of(row.day),
                               .band = from_word<Band>(row.band),
                               .health = row.health.get(),
                               .smoothed = row.smoothed.get(),
                               .coverage = row.coverage.get(),
                               .risk = row.risk.get()});
        memory.manager_before = memory.account_manager;
        memory.owner_before = memory.owner_since;
        if (const auto& manager = managers.id(row.manager); memory.account_manager != manager) {
            memory.account_manager = manager;
        }
        memory.owner_since = row.owner_since.day();
    });
    read_drift_ends(sql, range.last, by_key);
    for (std::size_t key = 0; key < by_key.size(); ++key) {
        if (by_key[key].days.empty()) continue;
        by_key[key].customer_id = customers.id(static_cast<long long>(key));
        state.customers.push_back(std::move(by_key[key]));
    }
    std::ranges::sort(state.customers, {}, &CustomerMemory::customer_id);
}

/// When each promise was kept, as known on a day: also of those that have had no record for long, since kept is sticky.
struct Kept {
    Day on, known;
};
std::map<long long, Kept> read_kept(soci::session& sql, Day known) {
    std::map<long long, Kept> kept;
    long long key = 0, known_on = 0;
    WholeCell kept_on;
    const long long last = to_column(known);
    // SQLite takes kept_on from the row that has the max(): the newest change of each promise.
    soci::statement rows = (sql.prepare << "SELECT promise, max(known_on), kept_on FROM kept_promise "
                                           "WHERE known_on <= :last GROUP BY promise",
                            soci::use(last), soci::into(key), soci::into(known_on), into(kept_on));
    rows.execute();
    while (rows.fetch()) {
        if (const auto day = kept_on.day()) kept.emplace(key, Kept{*day, day_of(known_on)});
    }
    return kept;
}

void read_promises(soci::session& sql, DayRange range, State& state) {
    constexpr std::size_t newest = 3;  // the two that suffice, and the day itself
    const Keys promises{sql, "promise"};
    std::vector<PromiseMemory> by_key(promises.size());
    for_each_promise(sql, range, [&](const PromiseRow& row) {
        auto& memory = by_key[static_cast<std::size_t>(row.key)];
        if (memory.days.size() == newest) memory.days.erase(memory.days.begin());
        memory.days.push_back({.day = day_of(row.day),
                               .state = from_word<PromiseState>(row.state),
                               .verdict = from_word<PromiseState>(row.verdict),
                               .probability = row.probability.get()});
    });
    for (const auto& [key, kept] : read_kept(sql, range.last)) {
        by_key[static_cast<std::size_t>(key)].kept_on = kept.on;
        by_key[static_cast<std::size_t>(key)].kept_known = kept.known;
    }
    for (std::size_t key = 0; key < by_key.size(); ++key) {
        if (by_key[key].days.empty() && !by_key[key].kept_on) continue;
        by_key[key].promise_id = promises.id(static_cast<long long>(key));
        state.promises.push_back(std::move(by_key[key]));
    }
    std::ranges::sort(state.promises, {}, &PromiseMemory::promise_id);
}

void read_priors(soci::session& sql, DayRange range, State& state) {
    long long day = 0;
    PriorDay prior;
    RealCell mean;
    const long long first = to_column(range.first), last = to_column(range.last);
    soci::statement rows = (sql.prepare << "SELECT day, segment, rules_hash, mean, customers FROM prior_day "
                                           "WHERE day BETWEEN :first AND :last ORDER BY day, segment, rules_hash",
                            soci::use(first), soci::use(last), soci::into(day), soci::into(prior.segment),
                            soci::into(prior.rules_hash), into(mean), soci::into(prior.customers));
    rows.execute();
    while (rows.fetch()) {
        prior.day = day_of(day);
        prior.mean = mean.get();
        state.priors.push_back(prior);
    }
}

void read_feeds(soci::session& sql, DayRange range, State& state) {
    long long day = 0, accepted = 0;
    int loaded = 0, suspect = 0;
    FeedDay feed;
    WholeCell watermark;
    const long long first = to_column(range.first), last = to_column(range.last);
    soci::statement rows = (sql.prepare << "SELECT day, dataset, loaded, accepted, watermark, suspect FROM feed_day "
                                           "WHERE day BETWEEN :first AND :last ORDER BY day, dataset",
                            soci::use(first), soci::use(last), soci::into(day), soci::into(feed.dataset),
                            soci::into(loaded), soci::into(accepted), into(watermark), soci::into(suspect));
    rows.execute();
    while (rows.fetch()) {
        feed.day = day_of(day);
        feed.loaded = loaded != 0;
        feed.rows = static_cast<std::uint64_t>(accepted);
        feed.watermark = watermark.day();
        feed.suspect = suspect != 0;
        state.feeds.push_back(feed);
    }
}

std::vector<AdoptedRule> adopted_on(soci::session& sql, Day day) {
    std::vector<AdoptedRule> rules;
    AdoptedRule adopted;
    const long long column = to_column(day);
    soci::statement rows = (sql.prepare << "SELECT rule, hash FROM adopted_rule WHERE day = :day ORDER BY rule",
                            soci::use(column), soci::into(adopted.rule), soci::into(adopted.hash));
    rows.execute();
    while (rows.fetch()) rules.push_back(adopted);
    return rules;
}

/// As of the newest day that is not after the range, however long ago: a rule once adopted stays adopted.
void read_adopted(soci::session& sql, DayRange range, State& state) {
    WholeCell newest;
    const long long last = to_column(range.last);
    sql << "SELECT max(day) FROM cycle WHERE day <= :last", soci::use(last), into(newest);
    if (const auto day = newest.day()) state.rules = adopted_on(sql, *day);
}

// -- writing --------------------------------------------------------------------------------------------------------

std::vector<ScoreRow> wanted_scores(soci::session& sql, const State& state, Day day) {
    Keys customers{sql, "customer"}, managers{sql, "manager"};
    std::vector<ScoreRow> wanted;
    wanted.reserve(state.customers.size());
    for (const auto& memory : state.customers) {
        const auto score = std::ranges::find(memory.days.rbegin(), memory.days.rend(), day, &ScoreDay::day);
        if (score == memory.days.rend()) continue;
        auto& row = wanted.emplace_back();
        row.day = to_column(day);
        row.key = customers.of(memory.customer_id);
        row.manager = managers.of(memory.account_manager);
        row.owner_since = memory.owner_since;
        row.band = to_word(score->band);
        row.health = score->health;
        row.smoothed = score->smoothed;
        row.coverage = score->coverage;
        row.risk = score->risk;
    }
    sort_by_key(wanted);
    return wanted;
}

void write_scores(soci::session& sql, const State& state, Day day) {
    std::vector<ScoreRow> stored;
    for_each_score(sql, {day, day}, [&](const ScoreRow& row) { stored.push_back(row); });
    ScoreRow bound;
    soci::statement put =
        (sql.prepare
             << "INSERT OR REPLACE INTO score_day (day, customer, manager, owner_since, band, health, smoothed, "
                "coverage, risk) VALUES (:day, :customer, :manager, :since, :band, :health, :smoothed, "
                ":coverage, :risk)",
         soci::use(bound.day), soci::use(bound.key), soci::use(bound.manager), use(bound.owner_since),
         soci::use(bound.band), use(bound.health), use(bound.smoothed), use(bound.coverage), use(bound.risk));
    soci::statement erase = (sql.prepare << "DELETE FROM score_day WHERE day = :day AND customer = :customer",
                             soci::use(bound.day), soci::use(bound.key));
    const auto run = [&bound](soci::statement& statement) {
        return [&bound, &statement](const ScoreRow& row) {
            bound = row;
            statement.execute(true);
        };
    };
    apply_differences(stored, wanted_scores(sql, state, day), run(put), run(erase));
}

void write_drift_ends(soci::session& sql, const State& state, Day day) {
    long long column = to_column(day), key = 0;
    std::string signal;
    sql << "DELETE FROM drift_end WHERE day = :day", soci::use(column);
    Keys customers{sql, "customer"};
    soci::statement put = (sql.prepare << "INSERT INTO drift_end (day, customer, signal) VALUES (:day, :customer, "
                                          ":signal)",
                           soci::use(column), soci::use(key), soci::use(signal));
    for (const auto& memory : state.customers) {
        for (const auto& end : memory.drift_ends) {
            if (end.day != day) continue;
            key = customers.of(memory.customer_id);
            signal = end.signal;
            put.execute(true);
        }
    }
}

std::vector<PromiseRow> wanted_promises(Keys& keys, const State& state, Day day) {
    std::vector<PromiseRow> wanted;
    for (const auto& memory : state.promises) {
        const auto record = std::ranges::find(memory.days.rbegin(), memory.days.rend(), day, &PromiseDay::day);
        if (record == memory.days.rend()) continue;
        auto& row = wanted.emplace_back();
        row.day = to_column(day);
        row.key = keys.of(memory.promise_id);
        row.state = to_word(record->state);
        row.verdict = to_word(record->verdict);
        row.probability = record->probability;
    }
    sort_by_key(wanted);
    return wanted;
}

void write_promises(soci::session& sql, Keys& keys, const State& state, Day day) {
    std::vector<PromiseRow> stored;
    for_each_promise(sql, {day, day}, [&](const PromiseRow& row) { stored.push_back(row); });
    PromiseRow bound;
    soci::statement put =
        (sql.prepare << "INSERT OR REPLACE INTO promise_day (day, promise, state, verdict, probability) "
                        "VALUES (:day, :promise, :state, :verdict, :probability)",
         soci::use(bound.day), soci::use(bound.key), soci::use(bound.state), soci::use(bound.verdict),
         use(bound.probability));
    soci::statement erase = (sql.prepare << "DELETE FROM promise_day WHERE day = :day AND promise = :promise",
                             soci::use(bound.day), soci::use(bound.key));
    const auto run = [&bound](soci::statement& statement) {
        return [&bound, &statement](const PromiseRow& row) {
            bound = row;
            statement.execute(true);
        };
    };
    apply_differences(stored, wanted_promises(keys, state, day), run(put), run(erase));
}

void write_kept(soci::session& sql, Keys& keys, const State& state, Day day) {
    long long key = 0;
    WholeCell kept_on;
    const long long known_on = to_column(day);
    sql << "DELETE FROM kept_promise WHERE known_on = :day", soci::use(known_on);
    const auto kept = read_kept(sql, day);
    soci::statement put = (sql.prepare << "INSERT INTO kept_promise (promise, known_on, kept_on) "
                                          "VALUES (:promise, :known, :kept)",
                           soci::use(key), soci::use(known_on), use(kept_on));
    for (const auto& memory : state.promises) {
        key = keys.of(memory.promise_id);
        const auto before = kept.find(key);
        if (memory.kept_on == (before == kept.end() ? std::nullopt : std::optional{before->second.on})) continue;
        kept_on = memory.kept_on;
        put.execute(true);
    }
}

void write_priors(soci::session& sql, const State& state, Day day) {
    const long long column = to_column(day);
    sql << "DELETE FROM prior_day WHERE day = :day", soci::use(column);
    std::string segment, hash;
    RealCell mean;
    int customers = 0;
    soci::statement put = (sql.prepare << "INSERT INTO prior_day (day, segment, rules_hash, mean, customers) "
                                          "VALUES (:day, :segment, :hash, :mean, :customers)",
                           soci::use(column), soci::use(segment), soci::use(hash), use(mean), soci::use(customers));
    for (const auto& prior : state.priors) {
        if (prior.day != day) continue;
        segment = prior.segment;
        hash = prior.rules_hash;
        mean = prior.mean;
        customers = prior.customers;
        put.execute(true);
    }
}

void write_feeds(soci::session& sql, const State& state, Day day) {
    const long long column = to_column(day);
    sql << "DELETE FROM feed_day WHERE day = :day", soci::use(column);
    std::string dataset;
    int loaded = 0, suspect = 0;
    long long accepted = 0;
    WholeCell watermark;
    soci::statement put = (sql.prepare << "INSERT INTO feed_day (day, dataset, loaded, accepted, watermark, suspect) "
                                          "VALUES (:day, :dataset, :loaded, :accepted, :watermark, :suspect)",
                           soci::use(column), soci::use(dataset), soci::use(loaded), soci::use(accepted),
                           use(watermark), soci::use(suspect));
    for (const auto& feed : state.feeds) {
        if (feed.day != day) continue;
        dataset = feed.dataset;
        loaded = feed.loaded ? 1 : 0;
        accepted = static_cast<long long>(feed.rows);
        watermark = feed.watermark;
        suspect = feed.suspect ? 1 : 0;
        put.execute(true);
    }
}

/// Most cycles of a day adopt what is adopted, and leave the rows alone.
void write_adopted(soci::session& sql, const State& state, Day day) {
    const long long column = to_column(day);
    const auto is_same = [](const AdoptedRule& a, const AdoptedRule& b) {
        return a.rule == b.rule && a.hash == b.hash;
    };
    if (std::ranges::equal(adopted_on(sql, day), state.rules, is_same)) return;
    sql << "DELETE FROM adopted_rule WHERE day = :day", soci::use(column);
    std::string rule, hash;
    soci::statement put = (sql.prepare << "INSERT INTO adopted_rule (day, rule, hash) VALUES (:day, :rule, :hash)",
                           soci::use(column), soci::use(rule), soci::use(hash));
    for (const auto& adopted : state.rules) {
        rule = adopted.rule;
        hash = adopted.hash;
        put.execute(true);
    }
}

}  // namespace

void read_days(soci::session& sql, DayRange range, State& state) {
    read_scores(sql, range, state);
    read_promises(sql, range, state);
    read_priors(sql, range, state);
    read_feeds(sql, range, state);
    read_adopted(sql, range, state);
}

void write_day(soci::session& sql, const State& state, Day day) {
    write_scores(sql, state, day);
    write_drift_ends(sql, state, day);
    failpoint("state.commit.scores");
    Keys promises{sql, "promise"};
    write_promises(sql, promises, state, day);
    write_kept(sql, promises, state, day);
    failpoint("state.commit.promises");
    write_priors(sql, state, day);
    write_feeds(sql, state, day);
    write_adopted(sql, state, day);
}

}  // namespace retaind
