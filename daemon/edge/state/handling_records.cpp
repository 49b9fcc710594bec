#include "edge/state/handling_records.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "edge/state/cells.hpp"
#include "edge/state/key_columns.hpp"
#include "retaind/alerts/answer.hpp"

namespace retaind {

namespace {

constexpr std::string_view act_columns =
    "act.rule, act.scope, act.entity, act.dimension, act.episode, act.kind, act.severity, act.at, act.until, "
    "act.author, act.via, act.comment";

struct ActRow {
    KeyColumns key = {};
    long long episode = 0, at = 0, until = 0;
    std::string kind = {}, severity = {}, author = {}, via = {}, comment = {};
};

ActRow act_row(const Act& act) {
    ActRow row{.key = KeyColumns{act.key}, .episode = act.episode};
    row.at = to_column(act.at);
    row.until = to_column(act.until);
    row.kind = to_word(act.kind);
    row.severity = to_word(act.severity);
    row.author = act.by;
    row.via = act.via;
    row.comment = act.comment;
    return row;
}

Act to_act(const ActRow& row) {
    return {.key = row.key.key(),
            .episode = row.episode,
            .kind = from_word<ActKind>(row.kind),
            .severity = from_word<Severity>(row.severity),
            .at = instant_of(row.at),
            .until = instant_of(row.until),
            .by = row.author,
            .via = row.via,
            .comment = row.comment};
}

std::vector<Act> fetch_acts(soci::statement& rows, const ActRow& row) {
    std::vector<Act> acts;
    rows.execute();
    while (rows.fetch()) acts.push_back(to_act(row));
    return acts;
}

bool was_just_done(soci::session& sql, const ActRow& row) {
    int found = 0;
    sql << "SELECT count(*) FROM act WHERE rule = :rule AND scope = :scope AND entity = :entity "
           "AND dimension = :dimension AND episode = :episode AND kind = :kind AND severity = :severity "
           "AND author = :author AND via = :via AND comment = :comment AND abs(at - :at) < 60 "
           "AND (until = :until OR until - at = :until - :at) AND key = (SELECT max(key) FROM act AS newest "
           "WHERE newest.rule = act.rule AND newest.scope = act.scope AND newest.entity = act.entity "
           "AND newest.dimension = act.dimension AND newest.episode = act.episode)",
        soci::use(row.key.rule), soci::use(row.key.scope), soci::use(row.key.entity), soci::use(row.key.dimension),
        soci::use(row.episode), soci::use(row.kind), soci::use(row.severity), soci::use(row.author), soci::use(row.via),
        soci::use(row.comment), soci::use(row.at), soci::use(row.until), soci::into(found);
    return found > 0;
}

std::size_t acts_done(soci::session& sql, const ActRow& row) {
    long long found = 0;
    sql << "SELECT count(*) FROM act WHERE rule = :rule AND scope = :scope AND entity = :entity "
           "AND dimension = :dimension AND episode = :episode AND author = :author",
        soci::use(row.key.rule), soci::use(row.key.scope), soci::use(row.key.entity), soci::use(row.key.dimension),
        soci::use(row.episode), soci::use(row.author), soci::into(found);
    return static_cast<std::size_t>(found);
}

/// One matcher without values is a row with none, so that it is not forgotten.
struct MatchRow {
    long long silence = 0;
    int matcher = 0, place = 0, negated = 0;
    std::string field = {}, value = {};
    soci::indicator has_value = soci::i_null;
};

void write_matchers(soci::session& sql, long long silence, const std::vector<Route::Match>& matchers) {
    MatchRow row{.silence = silence};
    soci::statement put = (sql.prepare << "INSERT INTO silence_match (silence, matcher, place, field, negated, value) "
                                          "VALUES (:silence, :matcher, :place, :field, :negated, :value)",
                           soci::use(row.silence), soci::use(row.matcher), soci::use(row.place), soci::use(row.field),
                           soci::use(row.negated), soci::use(row.value, row.has_value));
    for (const auto& match : matchers) {
        row.field = match.field;
        row.negated = match.negated ? 1 : 0;
        row.place = 0;
        row.has_value = soci::i_null;
        if (match.values.empty()) put.execute(true);
        row.has_value = soci::i_ok;
        for (const auto& value : match.values) {
            row.value = value;
            put.execute(true);
            ++row.place;
        }
        ++row.matcher;
    }
}

std::vector<Route::Match> read_matchers(soci::session& sql, long long silence) {
    std::vector<Route::Match> matchers;
    MatchRow row;
    soci::statement rows = (sql.prepare << "SELECT place, field, negated, value FROM silence_match "
                                           "WHERE silence = :silence ORDER BY matcher, place",
                            soci::use(silence), soci::into(row.place), soci::into(row.field), soci::into(row.negated),
                            soci::into(row.value, row.has_value));
    rows.execute();
    while (rows.fetch()) {
        if (row.place == 0) matchers.push_back({.field = row.field, .negated = row.negated != 0, .values = {}});
        if (row.has_value == soci::i_ok) matchers.back().values.push_back(row.value);
    }
    return matchers;
}

std::vector<AlertSilence> fetch_silences(soci::session& sql, std::optional<Instant> end_after) {
    std::vector<AlertSilence> silences;
    std::vector<long long> keys;
    AlertSilence silence;
    long long key = 0, starts = 0, ends = 0;
    WholeCell after;
    after = end_after;
    soci::statement rows = (sql.prepare << "SELECT key, starts, ends, author, comment FROM silence "
                                           "WHERE :after IS NULL OR ends > :after ORDER BY key",
                            use(after), soci::into(key), soci::into(starts), soci::into(ends),
                            soci::into(silence.author), soci::into(silence.comment));
    rows.execute();
    while (rows.fetch()) {
        silence.id = std::to_string(key);
        silence.from = instant_of(starts);
        silence.until = instant_of(ends);
        silences.push_back(silence);
        keys.push_back(key);
    }
    for (std::size_t at = 0; at < keys.size(); ++at) silences[at].match = read_matchers(sql, keys[at]);
    return silences;
}

}  // namespace

std::vector<Act> read_acts(soci::session& sql) {
    ActRow row;
    soci::statement rows =
        (sql.prepare << "SELECT " << act_columns
                     << " FROM act JOIN alert USING (rule, scope, entity, dimension) "
                        "ORDER BY act.at, act.key",
         soci::into(row.key.rule), soci::into(row.key.scope), soci::into(row.key.entity), soci::into(row.key.dimension),
         soci::into(row.episode), soci::into(row.kind), soci::into(row.severity), soci::into(row.at),
         soci::into(row.until), soci::into(row.author), soci::into(row.via), soci::into(row.comment));
    return fetch_acts(rows, row);
}

std::vector<Act> read_acts_on(soci::session& sql, const AlertKey& key) {
    const KeyColumns wanted{key};
    ActRow row;
    soci::statement rows =
        (sql.prepare << "SELECT " << act_columns
                     << " FROM act WHERE rule = :rule AND scope = :scope AND entity = :entity "
                        "AND dimension = :dimension ORDER BY at, key",
         soci::use(wanted.rule), soci::use(wanted.scope), soci::use(wanted.entity), soci::use(wanted.dimension),
         soci::into(row.key.rule), soci::into(row.key.scope), soci::into(row.key.entity), soci::into(row.key.dimension),
         soci::into(row.episode), soci::into(row.kind), soci::into(row.severity), soci::into(row.at),
         soci::into(row.until), soci::into(row.author), soci::into(row.via), soci::into(row.comment));
    return fetch_acts(rows, row);
}

bool is_any_snoozed(soci::session& sql, Instant now) {
    const auto at = to_column(now);
    int found = 0;
    sql << "SELECT EXISTS (SELECT 1 FROM act WHERE kind = 'snooze' AND until > :now)", soci::use(at), soci::into(found);
    return found != 0;
}

Result<void> add_act(soci::session& sql, const Act& act) {
    const auto row = act_row(act);
    if (was_just_done(sql, row)) return {};
    if (act.via == "link" && acts_done(sql, row) >= most_acts)
        return Error{.kind = ErrorKind::usage,
                     .message = fmt::format("{} was answered {} times by {}, more are not kept", alert_name(act.key),
                                            most_acts, act.by),
                     .hint = "what was answered before holds"};
    sql << "INSERT INTO act (rule, scope, entity, dimension, episode, kind, severity, at, until, author, via, comment) "
           "VALUES (:rule, :scope, :entity, :dimension, :episode, :kind, :severity, :at, :until, :author, :via, "
           ":comment)",
        soci::use(row.key.rule), soci::use(row.key.scope), soci::use(row.key.entity), soci::use(row.key.dimension),
        soci::use(row.episode), soci::use(row.kind), soci::use(row.severity), soci::use(row.at), soci::use(row.until),
        soci::use(row.author), soci::use(row.via), soci::use(row.comment);
    return {};
}

std::vector<AlertKey> read_released(soci::session& sql) {
    std::vector<AlertKey> keys;
    KeyColumns row;
    soci::statement rows =
        (sql.prepare << "SELECT DISTINCT rule, scope, entity, dimension FROM act WHERE kind = 'release' "
                        "AND key > coalesce((SELECT acts_seen FROM cycle ORDER BY day DESC LIMIT 1), 0)",
         soci::into(row.rule), soci::into(row.scope), soci::into(row.entity), soci::into(row.dimension));
    rows.execute();
    while (rows.fetch()) keys.push_back(row.key());
    std::ranges::sort(keys);
    return keys;
}

std::vector<AlertSilence> read_silences(soci::session& sql, Instant now) { return fetch_silences(sql, now); }
std::vector<AlertSilence> read_all_silences(soci::session& sql) { return fetch_silences(sql, std::nullopt); }

std::string add_silence(soci::session& sql, const AlertSilence& silence) {
    long long key = 0;
    const auto starts = to_column(silence.from), ends = to_column(silence.until);
    sql << "INSERT INTO silence (starts, ends, author, comment) VALUES (:starts, :ends, :author, :comment) "
           "RETURNING key",
        soci::use(starts), soci::use(ends), soci::use(silence.author), soci::use(silence.comment), soci::into(key);
    write_matchers(sql, key, silence.match);
    return std::to_string(key);
}

bool end_silence_at(soci::session& sql, const std::string& id, Instant now) {
    const auto at = to_column(now);
    sql << "UPDATE silence SET ends = :now WHERE CAST(key AS TEXT) = :id AND ends > :now", soci::use(at), soci::use(id);
    int ended = 0;
    sql << "SELECT changes()", soci::into(ended);
    return ended > 0;
}

void audit(soci::session& sql, const AuditedAction& action) {
    const auto at = to_column(action.at);
    sql << "INSERT INTO audit (at, author, what, about) VALUES (:at, :author, :what, :about)", soci::use(at),
        soci::use(action.author), soci::use(action.what), soci::use(action.about);
}

std::vector<AuditedAction> read_audit(soci::session& sql, const std::string& about) {
    std::vector<AuditedAction> actions;
    AuditedAction action{.at = {}, .author = {}, .what = {}, .about = about};
    long long at = 0;
    soci::statement rows = (sql.prepare << "SELECT at, author, what FROM audit WHERE about = :about ORDER BY key",
                            soci::use(about), soci::into(at), soci::into(action.author), soci::into(action.what));
    rows.execute();
    while (rows.fetch()) {
        action.at = instant_of(at);
        actions.push_back(action);
    }
    return actions;
}

}  // namespace retaind
