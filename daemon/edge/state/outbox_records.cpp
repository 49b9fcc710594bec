#include "edge/state/outbox_records.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "edge/state/cells.hpp"
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

long long size_of(const Payload& payload) {
    return static_cast<long long>(payload.subject.size() + payload.text.size() + payload.html.size() +
                                  payload.json.size());
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
               "WHERE status NOT IN ('queued', 'retry', 'in_flight') ORDER BY created_at LIMIT :most)",
            soci::use(most);
        size = measure(sql);
        if (size.rows == before) return;
    }
}

// -- claiming -------------------------------------------------------------------------------------------------------

/// A waiting row that no earlier one holds back: its receiver and recipient's first, and those it no longer holds back.
struct Head {
    long long place = 0, next_at = 0;
    std::string receiver = {}, recipient = {}, status = {};
    int attempts = 0;
};

/// Calls `each` for every head. Walks the index from one to the next, so that a long queue costs no more than a short
/// one.
template <class Each>
void for_each_head(soci::session& sql, int passed, Each each) {
    Head at, next;
    soci::statement step = (sql.prepare << "SELECT receiver, recipient, place, next_at, status, attempts FROM outbox "
                                           "WHERE status IN ('queued', 'retry', 'in_flight') "
                                           "AND (receiver, recipient, place) > (:receiver, :recipient, :place) "
                                           "ORDER BY receiver, recipient, place LIMIT 1",
                            soci::use(at.receiver), soci::use(at.recipient), soci::use(at.place),
                            soci::into(next.receiver), soci::into(next.recipient), soci::into(next.place),
                            soci::into(next.next_at), soci::into(next.status), soci::into(next.attempts));
    while (step.execute(true)) {
        each(std::as_const(next));
        at = next;
        if (next.attempts < passed) at.place = std::numeric_limits<long long>::max();
    }
}

bool is_due(const Head& head, Instant now) {
    return head.status != to_word(DeliveryStatus::in_flight) && head.next_at <= to_column(now);
}

/// Of each receiver that is not busy the oldest head that is due, oldest first.
std::vector<Head> due_heads(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits) {
    std::map<std::string, Head> due;
    for_each_head(sql, limits.tries_until_passed, [&](const Head& head) {
        if (!is_due(head, request.now) || std::ranges::find(request.busy, head.receiver) != request.busy.end()) return;
        const auto [best, is_first] = due.try_emplace(head.receiver, head);
        if (!is_first && head.place < best->second.place) best->second = head;
    });
    std::vector<Head> heads;
    for (auto& [receiver, head] : due) heads.push_back(std::move(head));
    std::ranges::sort(heads, {}, &Head::place);
    return heads;
}

Delivery read_delivery(soci::session& sql, long long place) {
    OutboxRow row;
    auto& payload = row.payload;
    sql << "SELECT delivery_id, receiver, recipient, subject, text, html, json, status, attempts, refusals, claims, "
           "created_at, next_at, error_class FROM outbox WHERE place = :place",
        soci::use(place), soci::into(payload.delivery_id), soci::into(payload.receiver), soci::into(payload.recipient),
        soci::into(payload.subject), soci::into(payload.text), soci::into(payload.html), soci::into(payload.json),
        soci::into(row.status), soci::into(row.attempts), soci::into(row.refusals), soci::into(row.claims),
        soci::into(row.created_at), soci::into(row.next_at), soci::into(row.error_class);
    return to_delivery(row);
}

void mark_claimed(soci::session& sql, long long place) {
    const auto in_flight = to_word(DeliveryStatus::in_flight);
    sql << "UPDATE outbox SET status = :status, claims = claims + 1 WHERE place = :place", soci::use(in_flight),
        soci::use(place);
}

}  // namespace

void enqueue(soci::session& sql, const std::vector<Payload>& payloads, Instant now, const OutboxLimits& limits) {
    Payload bound;
    const auto at = to_column(now);
    const auto queued = to_word(DeliveryStatus::queued);
    long long bytes = 0;
    soci::statement put =
        (sql.prepare
             << "INSERT INTO outbox (delivery_id, receiver, recipient, subject, text, html, json, bytes, status, "
                "created_at, next_at) VALUES (:id, :receiver, :recipient, :subject, :text, :html, :json, :bytes, "
                ":status, :created, :next) ON CONFLICT (delivery_id) DO NOTHING",
         soci::use(bound.delivery_id), soci::use(bound.receiver), soci::use(bound.recipient), soci::use(bound.subject),
         soci::use(bound.text), soci::use(bound.html), soci::use(bound.json), soci::use(bytes), soci::use(queued),
         soci::use(at), soci::use(at));
    for (const auto& payload : payloads) {
        bound = payload;
        bytes = size_of(payload);
        put.execute(true);
        failpoint("state.commit.message");
    }
    make_room(sql, limits);
}

std::vector<Delivery> claim_due(soci::session& sql, const ClaimRequest& request, const OutboxLimits& limits) {
    auto heads = due_heads(sql, request, limits);
    if (heads.size() > request.most) heads.resize(request.most);
    std::vector<Delivery> deliveries;
    for (const auto& head : heads) {
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

std::optional<Instant> earliest_due(soci::session& sql, const OutboxLimits& limits) {
    std::optional<Instant> earliest;
    for_each_head(sql, limits.tries_until_passed, [&](const Head& head) {
        if (head.status == to_word(DeliveryStatus::in_flight)) return;
        const auto due = instant_of(head.next_at);
        if (!earliest || due < *earliest) earliest = due;
    });
    return earliest;
}

}  // namespace retaind
