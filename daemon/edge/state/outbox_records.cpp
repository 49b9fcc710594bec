#include "edge/state/outbox_records.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "edge/state/alert_records.hpp"
#include "edge/state/cells.hpp"
#include "edge/state/handling_records.hpp"
#include "edge/state/tell_records.hpp"
#include "edge/state/words.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

struct OutboxRow {
    long long created_at = 0, next_at = 0;
    int attempts = 0, refusals = 0, claims = 0;
    std::string status = {}, error_class = {};
    Payload payload = {};
};

Delivery to_delivery(const OutboxRow& row) {
    return {.payload = row.payload,
            .status = from_word<DeliveryStatus>(row.status),
            .attempts = row.attempts,
            .refusals = row.refusals,
            .claims = row.claims,
            .created_at = instant_of(row.created_at),
            .next_at = instant_of(row.next_at),
            .error_class = row.error_class};
}

/// Texts, and about what the tells take with their index.
long long size_of(const Payload& payload) {
    constexpr std::size_t tell = 300;
    return static_cast<long long>(payload.subject.size() + payload.text.size() + payload.html.size() +
                                  payload.json.size() + tell * payload.tells.size());
}

// -- limits ---------------------------------------------------------------------------------------------------------

struct OutboxSize {
    long long rows = 0, bytes = 0;
};

OutboxSize measure(soci::session& sql) {
    OutboxSize size;
    sql << "SELECT count(*), coalesce(sum(bytes), 0) FROM outbox", soci::into(size.rows), soci::into(size.bytes);
    return size;
}

void make_room(soci::session& sql, const OutboxLimits& limits) {
    constexpr long long step = 1000;
    const auto over = [&](const OutboxSize& size) {
        return size.rows > static_cast<long long>(limits.rows) || size.bytes > static_cast<long long>(limits.bytes);
    };
    for (auto size = measure(sql); over(size);) {
        const auto before = size.rows;
        const auto excess = size.rows - static_cast<long long>(limits.rows);
        const long long most = excess > 0 ? std::min(step, excess) : std::min(step, 1 + size.rows / 100);
        sql << "DELETE FROM outbox WHERE place IN (SELECT place FROM outbox "
               "WHERE status NOT IN ('queued', 'retry', 'in_flight') "
               "ORDER BY status IN ('dead', 'quarantined'), created_at LIMIT :most)",
            soci::use(most);
        size = measure(sql);
        if (size.rows == before) return;
    }
}

// -- adding ---------------------------------------------------------------------------------------------------------

bool is_there(soci::session& sql, const std::string& delivery_id) {
    int found = 0;
    sql << "SELECT count(*) FROM outbox WHERE delivery_id = :id", soci::use(delivery_id), soci::into(found);
    return found > 0;
}

struct Queued {
    Instant created_at, now;
};

void queue_payload(soci::session& sql, const Payload& payload, Queued when) {
    if (is_there(sql, payload.delivery_id)) return;
    long long place = 0;
    const auto created_at = to_column(when.created_at), next_at = to_column(when.now), bytes = size_of(payload);
    const auto queued = to_word(DeliveryStatus::queued), kind = to_word(payload.kind);
    const int restates = payload.restates ? 1 : 0;
    sql << "INSERT INTO outbox (delivery_id, receiver, recipient, subject, text, html, json, kind, person, "
           "restates, bytes, status, created_at, next_at) VALUES (:id, :receiver, :recipient, :subject, :text, :html, "
           ":json, :kind, :person, :restates, :bytes, :status, :created, :next) RETURNING place",
        soci::use(payload.delivery_id), soci::use(payload.receiver), soci::use(payload.recipient),
        soci::use(payload.subject), soci::use(payload.text), soci::use(payload.html), soci::use(payload.json),
        soci::use(kind), soci::use(payload.person), soci::use(restates), soci::use(bytes), soci::use(queued),
        soci::use(created_at), soci::use(next_at), soci::into(place);
    write_tells(sql, place, payload.tells);
}

struct WaitingRow {
    long long place = 0, created_at = 0;
    std::string recipient = {};
    int may_go_along = 0, silenced = 0;
};

/// The rows that `absorption` takes along, of its own recipient (a list's addresses have messages of their own). Empty
/// when there are none, or one of them waits no more, or has waited for too long.
std::vector<WaitingRow> absorbable(soci::session& sql, const Absorption& absorption, Instant now) {
    std::vector<WaitingRow> rows;
    for (const auto& id : absorption.absorbed) {
        WaitingRow row;
        sql << fmt::format("SELECT place, created_at, recipient, silenced, {} FROM outbox WHERE delivery_id = :id",
                           waits_for_sure),
            soci::use(id), soci::into(row.place), soci::into(row.created_at), soci::into(row.recipient),
            soci::into(row.silenced), soci::into(row.may_go_along);
        if (!sql.got_data()) return {};
        if (row.recipient != absorption.together.recipient) continue;
        const bool is_old = row.silenced == 0 && instant_of(row.created_at) + longest_absorbed < now;
        if (row.may_go_along == 0 || is_old) return {};
        rows.push_back(row);
    }
    return rows;
}

void supersede(soci::session& sql, long long place, Instant now) {
    const auto at = to_column(now);
    sql << "UPDATE outbox SET status = 'superseded', next_at = :now WHERE place = :place", soci::use(at),
        soci::use(place);
}

/// Whether `together` took the place of the payload and of those it absorbs. It is as old as the oldest of them, so
/// that a reader who cannot be reached is given up in the end.
bool absorb(soci::session& sql, const Absorption& absorption, Instant now) {
    if (is_there(sql, absorption.delivery_id) || is_there(sql, absorption.together.delivery_id)) return false;
    const auto rows = absorbable(sql, absorption, now);
    if (rows.empty()) return false;
    auto oldest = now;
    for (const auto& row : rows) {
        supersede(sql, row.place, now);
        oldest = std::min(oldest, instant_of(row.created_at));
        failpoint("state.commit.superseded");
    }
    queue_payload(sql, absorption.together, {.created_at = oldest, .now = now});
    return true;
}

// -- claiming -------------------------------------------------------------------------------------------------------

/// A waiting row that no earlier one holds back: its receiver and recipient's first, and those it no longer holds back.
struct Head {
    long long place = 0, next_at = 0;
    std::string receiver = {}, recipient = {}, status = {}, kind = {};
    int attempts = 0, silenced = 0, restates = 0;
};

/// For its end, and then for a cycle that has seen it: by that time the alert may be over, and the message with it.
bool waits_for_silence(const Head& head, Instant now, long long evaluated_at) {
    return head.silenced != 0 && head.next_at > std::min(to_column(now), evaluated_at);
}

long long newest_evaluation(soci::session& sql) {
    long long at = 0;
    sql << "SELECT coalesce(max(evaluated_at), 0) FROM cycle", soci::into(at);
    return at;
}

/// Calls `each` for every head; it says whether later rows may pass this one, which they also may when it was tried too
/// often. Walks the index from one to the next, so that a long queue costs no more than a short one.
template <class Each>
void for_each_head(soci::session& sql, int passed, Each each) {
    Head at, next;
    soci::statement step =
        (sql.prepare
             << "SELECT receiver, recipient, place, next_at, status, attempts, kind, silenced, restates FROM outbox "
                "WHERE status IN ('queued', 'retry', 'in_flight') "
                "AND (receiver, recipient, place) > (:receiver, :recipient, :place) "
                "ORDER BY receiver, recipient, place LIMIT 1",
         soci::use(at.receiver), soci::use(at.recipient), soci::use(at.place), soci::into(next.receiver),
         soci::into(next.recipient), soci::into(next.place), soci::into(next.next_at), soci::into(next.status),
         soci::into(next.attempts), soci::into(next.kind), soci::into(next.silenced), soci::into(next.restates));
    while (step.execute(true)) {
        const bool may_pass = each(std::as_const(next));
        at = next;
        if (!may_pass && next.attempts < passed) at.place = std::numeric_limits<long long>::max();
    }
}

/// No wait is so long: a clock that has gone back since set it.
constexpr Seconds longest_wait = std::chrono::hours{1};
bool has_come(const Head& head, Instant now) {
    return head.next_at <= to_column(now) || head.next_at > to_column(now + longest_wait);
}

bool is_in_flight(const Head& head) { return head.status == to_word(DeliveryStatus::in_flight); }

/// The silences and snoozes of one call, and the rows that they hold.
class Hush {
public:
    Hush(soci::session& sql, Instant now)
        : sql_(sql), now_(now), silences_(read_silences(sql, now)), some_are_snoozed_(is_any_snoozed(sql, now)) {}

    /// Whether all alerts that the row tells of are silenced or snoozed. A digest holds more than alerts, and goes; so
    /// does what only restates: Alertmanager would end what it no longer hears of. A row that was held until a time
    /// that no longer counts (a shorter snooze, another manager) waits for the next cycle only.
    bool holds(const Head& head) {
        const auto end = held_until(head);
        const Instant until = end.value_or(now_);
        const bool is_early = head.next_at < to_column(until), is_new = end && head.silenced == 0;
        const bool is_late = head.silenced != 0 && head.next_at > to_column(std::max(until, now_ + longest_wait));
        if (is_new || is_late || (end && is_early)) held_[head.place] = until;
        return end.has_value();
    }

    /// Rows that are held are due when the first of their silences ends; one that is tried again, not before its time.
    void write() {
        for (const auto& [place, until] : held_) {
            const auto at = to_column(until), soonest = to_column(now_ + longest_wait);
            sql_ << "UPDATE outbox SET silenced = 1, next_at = CASE WHEN next_at > :soonest THEN :until "
                    "ELSE max(next_at, :until) END WHERE place = :place",
                soci::use(soonest), soci::use(at), soci::use(place);
        }
    }

private:
    std::optional<Instant> held_until(const Head& head) {
        if (silences_.empty() && !some_are_snoozed_) return std::nullopt;
        const auto kind = from_word<MessageKind>(head.kind);
        if (kind == MessageKind::digest || kind == MessageKind::all_quiet || head.restates != 0) return std::nullopt;
        std::optional<Instant> end;
        for (const auto& tell : read_tells(sql_, head.place)) {
            const auto until = std::max(silenced_until(silences_, tell.alert, now_), snoozed(tell));
            if (!until) return std::nullopt;
            end = std::min(end.value_or(*until), *until);
        }
        return end;
    }

    /// A snooze ends with the episode, so that news of the end goes.
    std::optional<Instant> snoozed(const Tell& tell) {
        const bool is_end = tell.transition == Transition::resolved || tell.transition == Transition::closed;
        if (!some_are_snoozed_ || is_end) return std::nullopt;
        const auto alert = read_alert(sql_, tell.alert.key);
        if (!alert || alert->episode != tell.episode) return std::nullopt;
        return snoozed_until(*alert, read_acts_on(sql_, alert->key), now_);
    }

    soci::session& sql_;
    Instant now_;
    std::vector<AlertSilence> silences_;
    bool some_are_snoozed_;
    std::map<long long, Instant> held_ = {};  ///< by place; those of which that is not written down yet
};

/// Of each receiver that is not busy the oldest head that is due, oldest first.
std::vector<Head> due_heads(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits) {
    std::map<std::string, Head> due;
    Hush hush{sql, request.now};
    const long long evaluated_at = newest_evaluation(sql);
    for_each_head(sql, limits.tries_until_passed, [&](const Head& head) {
        if (is_in_flight(head)) return false;
        if (hush.holds(head) || waits_for_silence(head, request.now, evaluated_at)) return true;
        const bool is_busy = std::ranges::find(request.busy, head.receiver) != request.busy.end();
        if (is_busy || !has_come(head, request.now)) return false;
        const auto [best, is_first] = due.try_emplace(head.receiver, head);
        if (!is_first && head.place < best->second.place) best->second = head;
        return false;
    });
    hush.write();
    std::vector<Head> heads;
    for (auto& [receiver, head] : due) heads.push_back(std::move(head));
    std::ranges::sort(heads, {}, &Head::place);
    return heads;
}

Delivery read_delivery(soci::session& sql, long long place) {
    OutboxRow row;
    std::string kind;
    auto& payload = row.payload;
    sql << "SELECT delivery_id, receiver, recipient, subject, text, html, json, kind, person, status, attempts, "
           "refusals, claims, created_at, next_at, error_class FROM outbox WHERE place = :place",
        soci::use(place), soci::into(payload.delivery_id), soci::into(payload.receiver), soci::into(payload.recipient),
        soci::into(payload.subject), soci::into(payload.text), soci::into(payload.html), soci::into(payload.json),
        soci::into(kind), soci::into(payload.person), soci::into(row.status), soci::into(row.attempts),
        soci::into(row.refusals), soci::into(row.claims), soci::into(row.created_at), soci::into(row.next_at),
        soci::into(row.error_class);
    payload.kind = from_word<MessageKind>(kind);
    payload.tells = read_tells(sql, place);
    return to_delivery(row);
}

std::vector<std::string> given_up_ids(soci::session& sql, const Requeue& which) {
    if (which.receiver.empty()) return which.delivery_ids;
    std::vector<std::string> ids;
    std::string id;
    soci::statement rows = (sql.prepare << "SELECT delivery_id FROM outbox WHERE status IN ('dead', 'quarantined') "
                                           "AND receiver = :receiver ORDER BY place",
                            soci::use(which.receiver), soci::into(id));
    rows.execute();
    while (rows.fetch()) ids.push_back(id);
    return ids;
}

/// It only restates; or it tells of alerts, and of each what is so no longer: it has ended or begun anew since, or its
/// reader was told that it is over or another's. A digest tells of more.
bool tells_only_what_is_over(soci::session& sql, const std::string& delivery_id) {
    int restates = 0, over = 0;
    sql << "SELECT restates FROM outbox WHERE delivery_id = :id", soci::use(delivery_id), soci::into(restates);
    if (restates != 0) return true;
    sql << "SELECT count(*) > 0 AND max(still) = 0 FROM (SELECT CASE WHEN transition IN ('resolved', 'closed') THEN "
           "NOT EXISTS (SELECT 1 FROM alert WHERE alert.rule = tell.rule AND alert.scope = tell.scope "
           "AND alert.entity = tell.entity AND alert.dimension = tell.dimension "
           "AND (alert.episode > tell.episode OR alert.phase IN ('firing', 'recovering'))) ELSE "
           "EXISTS (SELECT 1 FROM alert WHERE alert.rule = tell.rule AND alert.scope = tell.scope "
           "AND alert.entity = tell.entity AND alert.dimension = tell.dimension AND alert.episode = tell.episode "
           "AND alert.phase IN ('firing', 'recovering') AND NOT EXISTS (SELECT 1 FROM told WHERE told.alert = "
           "alert.key "
           "AND told.receiver = outbox.receiver AND told.recipient = outbox.person AND told.episode = tell.episode "
           "AND (told.leaves <> 0 OR told.phase IN ('resolved', 'closed')))) END AS still "
           "FROM outbox_tell AS tell JOIN outbox ON outbox.place = tell.delivery WHERE delivery_id = :id "
           "AND kind NOT IN ('digest', 'all_quiet'))",
        soci::use(delivery_id), soci::into(over);
    return over != 0;
}

/// While it was held, its reader heard of the end of all that it tells.
bool was_overtaken_by_the_end(soci::session& sql, const Head& head) {
    if (head.silenced == 0) return false;
    int overtaken = 0;
    sql << "SELECT count(*) > 0 AND min(ended) <> 0 FROM (SELECT EXISTS (SELECT 1 FROM outbox AS later "
           "JOIN outbox_tell AS end ON end.delivery = later.place WHERE later.receiver = :receiver "
           "AND later.recipient = :recipient AND later.place > :place AND later.status IN ('in_flight', 'delivered') "
           "AND end.rule = tell.rule AND end.scope = tell.scope AND end.entity = tell.entity "
           "AND end.dimension = tell.dimension AND end.episode = tell.episode "
           "AND end.transition IN ('resolved', 'closed')) AS ended FROM outbox_tell AS tell "
           "WHERE tell.delivery = :place)",
        soci::use(head.receiver), soci::use(head.recipient), soci::use(head.place), soci::into(overtaken);
    return overtaken != 0;
}

void mark_claimed(soci::session& sql, long long place) {
    const auto in_flight = to_word(DeliveryStatus::in_flight);
    sql << "UPDATE outbox SET status = :status, claims = claims + 1, silenced = 0 WHERE place = :place",
        soci::use(in_flight), soci::use(place);
}

/// Of what is said again at every cycle the newest that arrived is enough.
void forget_restated(soci::session& sql, const std::string& delivery_id) {
    sql << "DELETE FROM outbox WHERE place IN (SELECT earlier.place FROM outbox AS earlier JOIN outbox AS this "
           "ON earlier.receiver = this.receiver AND earlier.recipient = this.recipient AND earlier.place < this.place "
           "WHERE this.delivery_id = :id AND this.restates <> 0 AND earlier.restates <> 0 "
           "AND earlier.status IN ('delivered', 'superseded'))",
        soci::use(delivery_id);
}

}  // namespace

void enqueue(soci::session& sql, const Commit& commit, const OutboxLimits& limits) {
    for (const auto& payload : commit.outbox) {
        const auto absorption = std::ranges::find(commit.absorptions, payload.delivery_id, &Absorption::delivery_id);
        const bool is_taken_along = absorption != commit.absorptions.end() && absorb(sql, *absorption, commit.now);
        if (!is_taken_along) queue_payload(sql, payload, {.created_at = commit.now, .now = commit.now});
        failpoint("state.commit.message");
    }
    make_room(sql, limits);
}

bool is_full(soci::session& sql, const OutboxLimits& limits) {
    OutboxSize waiting;
    sql << "SELECT count(*), coalesce(sum(bytes), 0) FROM outbox WHERE status IN ('queued', 'retry', 'in_flight')",
        soci::into(waiting.rows), soci::into(waiting.bytes);
    return waiting.rows >= static_cast<long long>(limits.rows) || waiting.bytes >= static_cast<long long>(limits.bytes);
}

std::vector<Delivery> claim_due(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits) {
    auto heads = due_heads(sql, request, limits);
    if (heads.size() > request.most) heads.resize(request.most);
    std::vector<Delivery> deliveries;
    for (const auto& head : heads) {
        if (was_overtaken_by_the_end(sql, head)) {
            supersede(sql, head.place, request.now);
            continue;
        }
        mark_claimed(sql, head.place);
        failpoint("state.claim.row");
        deliveries.push_back(read_delivery(sql, head.place));
    }
    return deliveries;
}

void settle_one(soci::session& sql, const Settlement& settlement) {
    const auto status = to_word(settlement.status);
    const auto next_at = to_column(settlement.next_at);
    const int counted = settlement.counts_as_attempt ? 1 : 0;
    const int refused = settlement.refused ? 1 : 0;
    sql << "UPDATE outbox SET status = :status, next_at = :next, error_class = :error, attempts = attempts + :counted, "
           "refusals = CASE WHEN :refused THEN refusals + 1 WHEN :counted THEN 0 ELSE refusals END, "
           "claims = CASE WHEN :counted THEN 0 ELSE claims - 1 END WHERE delivery_id = :id",
        soci::use(status), soci::use(next_at), soci::use(settlement.error_class), soci::use(counted),
        soci::use(refused), soci::use(settlement.delivery_id);
    if (settlement.status != DeliveryStatus::delivered) return;
    remember_delivered(sql, settlement.delivery_id, settlement.next_at);
    forget_restated(sql, settlement.delivery_id);
}

Requeued requeue_given_up(soci::session& sql, const Requeue& which, Instant now) {
    Requeued requeued;
    for (const auto& id : given_up_ids(sql, which)) {
        const bool is_over = tells_only_what_is_over(sql, id);
        const auto status = to_word(is_over ? DeliveryStatus::superseded : DeliveryStatus::queued);
        const auto at = to_column(now);
        std::string found;
        sql << "UPDATE outbox SET status = :status, attempts = 0, refusals = 0, claims = 0, silenced = 0, "
               "created_at = :now, next_at = :now "
               "WHERE delivery_id = :id AND status IN ('dead', 'quarantined') RETURNING delivery_id",
            soci::use(status), soci::use(at), soci::use(id), soci::into(found);
        if (sql.got_data()) (is_over ? requeued.over : requeued.queued).push_back(found);
    }
    return requeued;
}

void look_at_held_again(soci::session& sql, Instant now) {
    const auto at = to_column(now);
    sql << "UPDATE outbox SET next_at = :now WHERE silenced <> 0 AND status IN ('queued', 'retry')", soci::use(at);
}

std::uint64_t recover_in_flight(soci::session& sql, Instant now) {
    const auto at = to_column(now);
    sql << "UPDATE outbox SET status = 'retry', next_at = :now WHERE status = 'in_flight'", soci::use(at);
    long long recovered = 0;
    sql << "SELECT changes()", soci::into(recovered);
    return static_cast<std::uint64_t>(recovered);
}

std::vector<OutboxCount> count_outbox(soci::session& sql) {
    std::vector<OutboxCount> counts;
    OutboxCount count;
    std::string status;
    long long messages = 0, bytes = 0, oldest = 0;
    soci::statement rows =
        (sql.prepare << "SELECT receiver, status, count(*), sum(bytes), min(created_at) FROM outbox "
                        "GROUP BY receiver, status ORDER BY receiver, status",
         soci::into(count.receiver), soci::into(status), soci::into(messages), soci::into(bytes), soci::into(oldest));
    rows.execute();
    while (rows.fetch()) {
        count.status = from_word<DeliveryStatus>(status);
        count.messages = static_cast<std::uint64_t>(messages);
        count.bytes = static_cast<std::uint64_t>(bytes);
        count.oldest = instant_of(oldest);
        counts.push_back(count);
    }
    return counts;
}

std::vector<Undelivered> given_up(soci::session& sql, Instant now) {
    std::vector<Undelivered> all;
    Undelivered each;
    long long messages = 0, newest = 0;
    const auto from = to_column(now - std::chrono::days{1}), to = to_column(now);
    // With max(), SQLite takes the other columns from the row that has it.
    soci::statement rows = (sql.prepare << "SELECT receiver, count(*), error_class, max(next_at) FROM outbox "
                                           "WHERE status IN ('dead', 'quarantined') AND next_at BETWEEN :from AND :to "
                                           "GROUP BY receiver ORDER BY receiver",
                            soci::use(from), soci::use(to), soci::into(each.receiver), soci::into(messages),
                            soci::into(each.error_class), soci::into(newest));
    rows.execute();
    while (rows.fetch()) {
        each.messages = static_cast<std::uint64_t>(messages);
        all.push_back(each);
    }
    return all;
}

}  // namespace retaind
