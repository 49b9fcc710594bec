#include "edge/state/tell_records.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "edge/state/cells.hpp"
#include "edge/state/key_columns.hpp"
#include "edge/state/outbox_records.hpp"

namespace retaind {

namespace {

/// Once bound, for every row.
struct TellRow {
    long long delivery = 0, episode = 0, seq = 0;
    int place = 0;
    KeyColumns key = {};
    std::string severity = {}, customer_id = {}, segment = {}, account_manager = {}, transition = {};
};

AlertFacts to_facts(const TellRow& row) {
    return {.key = row.key.key(),
            .severity = from_word<Severity>(row.severity),
            .customer_id = row.customer_id,
            .segment = row.segment,
            .account_manager = row.account_manager};
}

Tell to_tell(const TellRow& row) {
    return {.alert = to_facts(row),
            .episode = row.episode,
            .seq = row.seq,
            .transition = from_word<Transition>(row.transition)};
}

}  // namespace

void write_tells(soci::session& sql, long long delivery, const std::vector<Tell>& tells) {
    TellRow row{.delivery = delivery};
    soci::statement put =
        (sql.prepare << "INSERT INTO outbox_tell (delivery, place, rule, scope, entity, dimension, severity, "
                        "customer_id, segment, account_manager, episode, seq, transition) VALUES (:delivery, :place, "
                        ":rule, :scope, :entity, :dimension, :severity, :customer, :segment, :manager, :episode, :seq, "
                        ":transition)",
         soci::use(row.delivery), soci::use(row.place), soci::use(row.key.rule), soci::use(row.key.scope),
         soci::use(row.key.entity), soci::use(row.key.dimension), soci::use(row.severity), soci::use(row.customer_id),
         soci::use(row.segment), soci::use(row.account_manager), soci::use(row.episode), soci::use(row.seq),
         soci::use(row.transition));
    for (const auto& tell : tells) {
        row.key = KeyColumns{tell.alert.key};
        row.severity = to_word(tell.alert.severity);
        row.customer_id = tell.alert.customer_id;
        row.segment = tell.alert.segment;
        row.account_manager = tell.alert.account_manager;
        row.episode = tell.episode;
        row.seq = tell.seq;
        row.transition = to_word(tell.transition);
        put.execute(true);
        ++row.place;
    }
}

std::vector<Tell> read_tells(soci::session& sql, long long delivery) {
    std::vector<Tell> tells;
    TellRow row;
    soci::statement rows =
        (sql.prepare << "SELECT rule, scope, entity, dimension, severity, customer_id, segment, account_manager, "
                        "episode, seq, transition FROM outbox_tell WHERE delivery = :delivery ORDER BY place",
         soci::use(delivery), soci::into(row.key.rule), soci::into(row.key.scope), soci::into(row.key.entity),
         soci::into(row.key.dimension), soci::into(row.severity), soci::into(row.customer_id), soci::into(row.segment),
         soci::into(row.account_manager), soci::into(row.episode), soci::into(row.seq), soci::into(row.transition));
    rows.execute();
    while (rows.fetch()) tells.push_back(to_tell(row));
    return tells;
}

std::vector<WaitingMessage> read_waiting(soci::session& sql) {
    std::vector<WaitingMessage> waiting;
    std::vector<long long> places;
    WaitingMessage message;
    std::string kind;
    long long place = 0;
    soci::statement rows =
        (sql.prepare << fmt::format("SELECT place, delivery_id, receiver, person, kind FROM outbox "
                                    "WHERE {} AND (place IN (SELECT delivery FROM outbox_tell) OR kind = 'heartbeat') "
                                    "ORDER BY place",
                                    waits_for_sure),
         soci::into(place), soci::into(message.delivery_id), soci::into(message.receiver),
         soci::into(message.recipient), soci::into(kind));
    rows.execute();
    while (rows.fetch()) {
        message.kind = from_word<MessageKind>(kind);
        waiting.push_back(message);
        places.push_back(place);
    }
    for (std::size_t at = 0; at < places.size(); ++at) waiting[at].tells = read_tells(sql, places[at]);
    return waiting;
}

void remember_delivered(soci::session& sql, const std::string& delivery_id, Instant at) {
    const auto column = to_column(at);
    sql << "INSERT OR IGNORE INTO first_delivery (alert, episode, receiver, at) "
           "SELECT alert.key, outbox_tell.episode, outbox.receiver, :at FROM outbox "
           "JOIN outbox_tell ON outbox_tell.delivery = outbox.place "
           "JOIN alert USING (rule, scope, entity, dimension) WHERE outbox.delivery_id = :id",
        soci::use(column), soci::use(delivery_id);
}

std::vector<FirstDelivery> read_first_deliveries(soci::session& sql) {
    std::vector<FirstDelivery> deliveries;
    KeyColumns key;
    std::string receiver;
    long long episode = 0, at = 0;
    soci::statement rows =
        (sql.prepare << "SELECT rule, scope, entity, dimension, first_delivery.episode, receiver, at "
                        "FROM first_delivery JOIN alert ON alert.key = first_delivery.alert "
                        "AND alert.episode = first_delivery.episode "
                        "WHERE phase IN ('pending', 'firing', 'recovering')",
         soci::into(key.rule), soci::into(key.scope), soci::into(key.entity), soci::into(key.dimension),
         soci::into(episode), soci::into(receiver), soci::into(at));
    rows.execute();
    while (rows.fetch())
        deliveries.push_back({.key = key.key(), .episode = episode, .at = instant_of(at), .receiver = receiver});
    std::ranges::sort(deliveries, [](const FirstDelivery& a, const FirstDelivery& b) {
        return std::tie(a.key, a.receiver) < std::tie(b.key, b.receiver);
    });
    return deliveries;
}

ToldOf read_told_of(soci::session& sql, const AlertKey& key) {
    ToldOf told;
    TellRow row{.key = KeyColumns{key}};
    AlertDelivery delivery;
    std::string kind, status;
    long long created_at = 0, next_at = 0;
    soci::statement rows =
        (sql.prepare << "SELECT delivery_id, receiver, recipient, kind, episode, transition, status, created_at, "
                        "next_at, error_class, severity, customer_id, segment, account_manager "
                        "FROM outbox_tell JOIN outbox ON outbox.place = outbox_tell.delivery WHERE rule = :rule "
                        "AND scope = :scope AND entity = :entity AND dimension = :dimension "
                        "ORDER BY outbox.place, outbox_tell.place",
         soci::use(row.key.rule), soci::use(row.key.scope), soci::use(row.key.entity), soci::use(row.key.dimension),
         soci::into(delivery.delivery_id), soci::into(delivery.receiver), soci::into(delivery.recipient),
         soci::into(kind), soci::into(row.episode), soci::into(row.transition), soci::into(status),
         soci::into(created_at), soci::into(next_at), soci::into(delivery.error_class), soci::into(row.severity),
         soci::into(row.customer_id), soci::into(row.segment), soci::into(row.account_manager));
    rows.execute();
    while (rows.fetch()) {
        delivery.kind = from_word<MessageKind>(kind);
        delivery.episode = row.episode;
        delivery.transition = from_word<Transition>(row.transition);
        delivery.status = from_word<DeliveryStatus>(status);
        delivery.created_at = instant_of(created_at);
        delivery.settled_or_due_at = instant_of(next_at);
        told.deliveries.push_back(delivery);
        told.newest = to_facts(row);
    }
    return told;
}

}  // namespace retaind
