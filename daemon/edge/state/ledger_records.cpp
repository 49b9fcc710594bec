#include "edge/state/ledger_records.hpp"

#include <map>

#include "edge/state/cells.hpp"
#include "edge/state/key_columns.hpp"

namespace retaind {

template <>
inline constexpr WordList<AlertOutcome, 4> stored_words<AlertOutcome>{{{AlertOutcome::churned, "churned"},
                                                                       {AlertOutcome::shrank, "shrank"},
                                                                       {AlertOutcome::renewed, "renewed"},
                                                                       {AlertOutcome::still_open, "still_open"}}};

namespace {

using QualityByRule = std::map<std::string, RuleQuality>;

RuleQuality& quality_of(QualityByRule& rules, const std::string& rule) {
    auto& quality = rules[rule];
    quality.rule = rule;
    return quality;
}

void count_labels(soci::session& sql, QualityByRule& rules) {
    RuleQuality row;
    soci::statement rows =
        (sql.prepare << "SELECT rule, sum(outcome = 'churned'), sum(outcome = 'shrank'), sum(outcome = 'renewed'), "
                        "sum(outcome = 'still_open'), sum(EXISTS (SELECT 1 FROM act WHERE kind = 'wrong' "
                        "AND act.rule = ledger.rule AND act.scope = ledger.scope AND act.entity = ledger.entity "
                        "AND act.dimension = ledger.dimension AND act.episode = ledger.episode)) "
                        "FROM ledger WHERE outcome IS NOT NULL GROUP BY rule",
         soci::into(row.rule), soci::into(row.churned), soci::into(row.shrank), soci::into(row.renewed),
         soci::into(row.still_open), soci::into(row.called_wrong));
    rows.execute();
    while (rows.fetch()) quality_of(rules, row.rule) = row;
}

void count_losses(soci::session& sql, QualityByRule& rules) {
    RuleQuality row;
    // Left to itself SQLite walks all rows of the rule, for each loss.
    soci::statement rows =
        (sql.prepare << "WITH watched AS (SELECT rule, min(day) AS first, max(day) AS last FROM adopted_rule "
                        "GROUP BY rule) "
                        "SELECT watched.rule, count(*), sum(EXISTS (SELECT 1 FROM ledger INDEXED BY ledger_of "
                        "WHERE ledger.rule = watched.rule AND ledger.customer_id = loss.customer_id "
                        "AND opened_on < loss.day "
                        "AND (outcome IS NULL OR (outcome = 'churned' AND happened_on = loss.day)))) "
                        "FROM watched JOIN loss ON loss.day > watched.first AND loss.day <= watched.last "
                        "GROUP BY watched.rule",
         soci::into(row.rule), soci::into(row.losses), soci::into(row.foreseen));
    rows.execute();
    while (rows.fetch()) {
        auto& quality = quality_of(rules, row.rule);
        quality.losses = row.losses;
        quality.foreseen = row.foreseen;
    }
}

/// Of a sorted list: the middle one, or the mean of the two in the middle.
double median(const std::vector<double>& sorted) {
    if (sorted.empty()) return missing;
    const auto middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

void measure_leads(soci::session& sql, QualityByRule& rules) {
    std::map<std::string, std::vector<double>> leads;
    std::string rule;
    double days = 0;
    soci::statement rows = (sql.prepare << "SELECT rule, CAST(happened_on - opened_on AS REAL) AS lead FROM ledger "
                                           "WHERE outcome = 'churned' AND happened_on IS NOT NULL ORDER BY lead",
                            soci::into(rule), soci::into(days));
    rows.execute();
    while (rows.fetch()) leads[rule].push_back(days);
    for (const auto& [name, sorted] : leads) quality_of(rules, name).median_lead_days = median(sorted);
}

void measure_actions(soci::session& sql, QualityByRule& rules) {
    std::string rule;
    LedgerEntry entry;
    long long opened_at = 0, acted_at = 0;
    int is_labelled = 0;
    WholeCell act_by;
    soci::statement rows =
        (sql.prepare << "SELECT rule, opened_at, acted_at, act_by, outcome IS NOT NULL FROM ledger "
                        "WHERE acted_at IS NOT NULL",
         soci::into(rule), soci::into(opened_at), soci::into(acted_at), into(act_by), soci::into(is_labelled));
    rows.execute();
    while (rows.fetch()) {
        auto& quality = quality_of(rules, rule);
        quality.first_actions.add(Seconds{acted_at - opened_at});
        entry.acted_at = instant_of(acted_at);
        entry.act_by = act_by.day();
        if (is_labelled != 0 && is_followed_through(entry)) ++quality.followed_through;
    }
}

/// `insert`: "INSERT OR ...", what becomes of an entry that is there already.
void put_entries(soci::session& sql, const std::string& insert, const std::vector<LedgerEntry>& entries) {
    KeyColumns key;
    long long episode = 0, opened_on = 0, opened_at = 0;
    std::string customer_id, severity, outcome;
    RealCell revenue;
    soci::indicator has_outcome = soci::i_null;
    WholeCell renews_on, act_by, acted_at, labelled_on, happened_on;
    soci::statement put =
        (sql.prepare
             << insert
             << " INTO ledger (rule, scope, entity, dimension, episode, customer_id, "
                "severity, opened_on, revenue, renews_on, opened_at, act_by, acted_at, outcome, labelled_on, "
                "happened_on) "
                "VALUES (:rule, :scope, :entity, :dimension, :episode, :customer, :severity, :opened, :revenue, "
                ":renews, :opened_at, :act_by, :acted_at, :outcome, :labelled, :happened)",
         soci::use(key.rule), soci::use(key.scope), soci::use(key.entity), soci::use(key.dimension), soci::use(episode),
         soci::use(customer_id), soci::use(severity), soci::use(opened_on), use(revenue), use(renews_on),
         soci::use(opened_at), use(act_by), use(acted_at), soci::use(outcome, has_outcome), use(labelled_on),
         use(happened_on));
    for (const auto& entry : entries) {
        key = KeyColumns{entry.key};
        episode = entry.episode;
        customer_id = entry.customer_id;
        severity = to_word(entry.severity);
        opened_on = to_column(entry.opened_on);
        revenue = entry.revenue;
        renews_on = entry.renews_on;
        opened_at = to_column(entry.opened_at);
        act_by = entry.act_by;
        acted_at = entry.acted_at;
        outcome = entry.outcome ? to_word(*entry.outcome) : "";
        has_outcome = entry.outcome ? soci::i_ok : soci::i_null;
        labelled_on = entry.labelled_on;
        happened_on = entry.happened_on;
        put.execute(true);
    }
}

}  // namespace

void write_opened(soci::session& sql, const std::vector<LedgerEntry>& entries) {
    put_entries(sql, "INSERT OR IGNORE", entries);
}

void write_ledger(soci::session& sql, const std::vector<LedgerEntry>& entries) {
    put_entries(sql, "INSERT OR REPLACE", entries);
}

void write_losses(soci::session& sql, const std::vector<Loss>& losses) {
    std::string customer_id;
    long long day = 0;
    soci::statement put = (sql.prepare << "INSERT OR IGNORE INTO loss (customer_id, day) VALUES (:customer, :day)",
                           soci::use(customer_id), soci::use(day));
    for (const auto& loss : losses) {
        customer_id = loss.customer_id;
        day = to_column(loss.on);
        put.execute(true);
    }
}

std::vector<LedgerEntry> read_unlabelled(soci::session& sql, Day before) {
    std::vector<LedgerEntry> entries;
    LedgerEntry entry;
    KeyColumns key;
    long long opened_on = 0, opened_at = 0;
    std::string severity;
    RealCell revenue;
    WholeCell renews_on, act_by, acted_at;
    const auto limit = to_column(before);
    soci::statement rows =
        (sql.prepare
             << "SELECT rule, scope, entity, dimension, episode, customer_id, severity, opened_on, revenue, "
                "renews_on, opened_at, act_by, acted_at FROM ledger WHERE outcome IS NULL AND opened_on < :before "
                "ORDER BY opened_on, rule, scope, entity, dimension, episode",
         soci::use(limit), soci::into(key.rule), soci::into(key.scope), soci::into(key.entity),
         soci::into(key.dimension), soci::into(entry.episode), soci::into(entry.customer_id), soci::into(severity),
         soci::into(opened_on), into(revenue), into(renews_on), soci::into(opened_at), into(act_by), into(acted_at));
    rows.execute();
    while (rows.fetch()) {
        entry.key = key.key();
        entry.severity = from_word<Severity>(severity);
        entry.opened_on = day_of(opened_on);
        entry.revenue = revenue.get();
        entry.renews_on = renews_on.day();
        entry.opened_at = instant_of(opened_at);
        entry.act_by = act_by.day();
        entry.acted_at = acted_at.instant();
        entries.push_back(entry);
    }
    return entries;
}

long long ledger_version(soci::session& sql) {
    long long version = 0;
    sql << "SELECT version FROM ledger_version", soci::into(version);
    return version;
}

std::vector<RuleQuality> read_quality(soci::session& sql) {
    QualityByRule rules;
    count_labels(sql, rules);
    count_losses(sql, rules);
    measure_leads(sql, rules);
    measure_actions(sql, rules);
    std::vector<RuleQuality> sorted;
    for (auto& [rule, quality] : rules) sorted.push_back(std::move(quality));
    return sorted;
}

}  // namespace retaind
