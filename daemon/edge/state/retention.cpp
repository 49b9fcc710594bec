#include "edge/state/retention.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "edge/state/cells.hpp"
#include "edge/state/writing.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

constexpr int rows_per_step = 5000;

/// A delete that is repeated until it finds nothing.
struct Outdated {
    std::string table;
    std::string condition;
};

std::vector<Outdated> outdated(const RetentionSettings& retention, Instant now) {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    const auto oldest = to_column(std::chrono::floor<std::chrono::days>(now - retention.scores));
    const auto daily = to_column(today) - days_kept_daily;
    const auto audited = to_column(now - retention.audit);
    // 1970-01-01 was a Thursday: days that leave 3 when divided by 7 are Sundays.
    // Facts hold until the next ones. Those that hold on no day that is kept go: of old weeks, those that are followed
    // before a Sunday comes; and all that are followed before the oldest day.
    const auto outlived = fmt::format(
        "EXISTS (SELECT 1 FROM facts AS next WHERE next.customer = facts.customer AND next.day > facts.day AND "
        "(next.day <= {} OR (next.day <= {} AND next.day <= facts.day + (10 - facts.day % 7) % 7)))",
        oldest, daily);
    const auto old =
        fmt::format("(day < {} OR (day < {} AND day % 7 <> 3)) AND day <> (SELECT max(day) FROM cycle)", oldest, daily);
    return {
        {"score_day", old},
        {"facts", outlived},
        {"drift_end", fmt::format("day < {} AND day <> (SELECT max(day) FROM cycle)", oldest)},
        {"promise_day", old},
        {"prior_day", old},
        {"feed_day", old},
        {"adopted_rule", old},
        {"cycle", old},
        {"alert_event", fmt::format("at < {}", audited)},
        {"act", fmt::format("at < {} AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.rule = act.rule "
                            "AND alert.scope = act.scope AND alert.entity = act.entity "
                            "AND alert.dimension = act.dimension AND phase IN ('pending', 'firing', 'recovering')) "
                            "AND NOT (kind = 'wrong' AND EXISTS (SELECT 1 FROM ledger WHERE ledger.rule = act.rule "
                            "AND ledger.scope = act.scope AND ledger.entity = act.entity "
                            "AND ledger.dimension = act.dimension AND ledger.episode = act.episode))",
                            audited)},
        {"audit", fmt::format("at < {}", audited)},
        {"silence", fmt::format("ends < {}", audited)},
        {"ledger", fmt::format("opened_on < {}", oldest)},
        {"loss", fmt::format("day < {}", oldest)},
        {"outbox", fmt::format("created_at < {} AND status NOT IN ('queued', 'retry', 'in_flight')",
                               to_column(now - retention.payloads))},
        {"rules", "hash NOT IN (SELECT rules_hash FROM cycle)"},
    };
}

/// The key columns of a table, which name its rows (those without a rowid have no other name).
std::string_view names_of(const std::string& table) {
    if (table == "score_day") return "day, customer";
    if (table == "drift_end") return "day, customer, signal";
    if (table == "facts") return "customer, day";
    if (table == "promise_day") return "day, promise";
    if (table == "prior_day") return "day, segment, rules_hash";
    if (table == "feed_day") return "day, dataset";
    if (table == "adopted_rule") return "day, rule";
    if (table == "ledger") return "rule, scope, entity, dimension, episode";
    if (table == "loss") return "customer_id, day";
    return "rowid";
}

long long delete_some(soci::session& sql, const Outdated& rows) {
    Writing writing{sql};
    const auto names = names_of(rows.table);
    sql << fmt::format("DELETE FROM {} WHERE ({}) IN (SELECT {} FROM {} WHERE {} LIMIT {})", rows.table, names, names,
                       rows.table, rows.condition, rows_per_step);
    long long deleted = 0;
    sql << "SELECT changes()", soci::into(deleted);
    failpoint("state.prune.step");
    writing.commit();
    return deleted;
}

}  // namespace

void drop_outdated(soci::session& sql, const RetentionSettings& retention, Instant now) {
    int steps = 0;
    for (const auto& rows : outdated(retention, now)) {
        while (steps < retention_steps && delete_some(sql, rows) == rows_per_step) ++steps;
    }
}

}  // namespace retaind
