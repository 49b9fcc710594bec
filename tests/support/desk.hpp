// A small company and the alerts of its account managers, planned cycle by cycle with set wall times.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "retaind/alerts/notify.hpp"
#include "support/rows.hpp"

namespace retaind::testing {

inline const Day today = on(2026, 3, 10);

inline Rows people() {
    return {.kind = DatasetKind::people,
            .columns = {"person_id", "name", "email", "lead_id", "away_until", "deputy_id"},
            .rows = {{"ada", "Ada", "ada@x.org", "lea", null, "dan"},
                     {"bo", "Bo", "bo@x.org", "lea", "2026-03-10", "dan"},    // absent up to today
                     {"cid", "Cid", "cid@x.org", "lea", "2026-03-20", "bo"},  // absent, and so is the deputy
                     {"dan", "Dan", "dan@x.org", "lea", "2026-03-09", null},  // back since today
                     {"eve", "Eve", "", "lea", null, "dan"},                  // left: no address
                     {"fay", "Fay", "fay@x.org", "lea", "2026-03-20", null},  // absent without a deputy
                     {"gus", "Gus", "gus@x.org", null, "2026-03-20", null},   // absent, nobody stands in
                     {"hal", "Hal", "not an address", null, null, null},
                     {"ivy", "Ivy", "ivy@x.org", null, "2026-03-20", "jon"},  // a circle
                     {"jon", "Jon", "jon@x.org", null, "2026-03-20", "ivy"},
                     {"lea", "Lea", "lea@x.org", null, null, null},
                     {"sam", "Sam", "sam@x.org", null, null, null}}};
}

/// Customers named after their account manager, and "none" without one.
inline Snapshot company(bool with_people = true) {
    Rows customers{.kind = DatasetKind::customers,
                   .columns = {"customer_id", "name", "account_manager", "seller", "segment"},
                   .rows = {{"none", "None", null, null, null}}};
    for (const char* manager :
         {"ada", "bo", "cid", "eve", "fay", "gus", "hal", "ivy", "zoe", "bo@x.org", "old@x.org"}) {
        customers.rows.push_back({manager, std::string{"Customer of "} + manager, manager, "sam", "west"});
    }
    Rows promises{
        .kind = DatasetKind::promises,
        .columns = {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target", "promised_by",
                    "kept_by", "known_at"},
        .rows = {{"p1", "ada", "faster", "2026-01-01", "2026-06-01", "reach", "10", "dan", "lea", null},
                 {"p2", "ada", "more", "2026-01-01", "2026-04-01", "reach", "10", null, "sam", null},
                 {"p3", "ada", "past", "2025-01-01", "2025-04-01", "reach", "10", null, "gus", null},
                 {"p4", "ada", "told tomorrow", "2026-01-01", "2026-03-20", "reach", "10", null, "gus", "2026-03-11"}}};
    std::vector<Rows> tables = {customers, promises};
    if (with_people) tables.push_back(people());
    return snapshot_of(tables, {.as_of = today, .read_from = today});
}

inline Rule drift(std::vector<std::string> notify = {"account_manager"}) {
    return {.name = "drift", .notify = notify, .doer = notify.empty() ? "" : notify.front()};
}

inline Alert firing(std::string customer, Severity severity = Severity::warning, double revenue = missing) {
    return {.key = {.rule = "drift", .scope = Scope::customer, .entity = customer},
            .customer_id = customer,
            .phase = AlertPhase::firing,
            .severity = severity,
            .episode = 1,
            .seq = 1,
            .pending_since = today,
            .firing_since = today,
            .message = "drifts",
            .revenue = revenue};
}

/// Plans at set times, and what is stored after them: alerts, mailings, interruptions.
class Desk {
public:
    Desk() {
        rules.policy.receivers = {{.name = "chat"}, {.name = "mail", .addresses_people = true}};
        rules.policy.routes = {{.match = {}, .receivers = {"mail"}}};
        rules.policy.defaults = {"lea", "", "ops@x.org"};
    }

    /// So many days after the first one, by the clock of UTC.
    static Instant moment(int day, int hour, int minute = 0) {
        return Instant{today} + std::chrono::days{1 + day} + std::chrono::hours{hour} + std::chrono::minutes{minute};
    }
    Desk& at(int day, int hour, int minute = 0) {
        now = moment(day, hour, minute);
        return *this;
    }

    MessagePlan plan(std::vector<Move> moves) {
        auto made = plan_messages({.snapshot = snapshot,
                                   .rules = rules,
                                   .feeds = feeds,
                                   .now = now,
                                   .clock_jumped = clock_jumped,
                                   .customers = customers,
                                   .kept = kept,
                                   .acts = acts,
                                   .silences = silences,
                                   .delivered = delivered,
                                   .waiting = waiting,
                                   .mailings = mailings,
                                   .interruptions = interruptions,
                                   .quality = quality,
                                   .outbox_is_full = outbox_is_full},
                                  moves);
        after.clear();
        for (const Move& move : moves) after.push_back(move.alert);
        mailings = made.mailings;
        interruptions = made.interruptions;
        return made;
    }
    MessagePlan plan() { return plan(std::vector<Move>{}); }
    MessagePlan plan(const Alert& alert, Transition transition, bool adopting = false) {
        return plan({{.alert = alert, .transition = transition, .rule = &rule, .adopting = adopting}});
    }
    MessagePlan plan_again(Transition transition = Transition::none) {
        std::vector<Move> moves;
        for (const Alert& alert : after) moves.push_back({.alert = alert, .transition = transition, .rule = &rule});
        return plan(moves);
    }
    /// Several alerts that fire at once.
    MessagePlan plan(const std::vector<Alert>& alerts) {
        after = alerts;
        return plan_again(Transition::fired);
    }
    /// Customers as the digest sees them: all, well, and with nothing due.
    void watch_all() {
        for (CustomerIndex at = 0; at < snapshot.customers.size(); ++at)
            customers.push_back({.customer = at, .smoothed = 70, .band = Band::healthy});
    }
    WatchedCustomer& watched(std::string_view id) { return customers.at(snapshot.find_customer(id)); }

    Snapshot snapshot = company();
    RuleSet rules;
    Rule rule = drift();
    Instant now = Instant{today} + std::chrono::hours{34};  ///< ten o'clock of the next day
    bool clock_jumped = false, outbox_is_full = false;
    std::vector<FeedVerdict> feeds = {};
    std::vector<WatchedCustomer> customers = {};
    std::vector<KeptPromise> kept = {};
    std::vector<Act> acts = {};
    std::vector<AlertSilence> silences = {};
    std::vector<FirstDelivery> delivered = {};
    std::vector<WaitingMessage> waiting = {};
    std::vector<RuleQuality> quality = {};
    std::vector<Alert> after = {};
    std::vector<Mailing> mailings = {};
    std::vector<Interruption> interruptions = {};
};

/// "entity transition": or, where nothing changed, why it is told all the same. With "!" the reader is asked to act.
inline std::string told(const AlertNote& note) {
    const bool is_news = note.telling == Telling::news;
    return note.key.entity + " " +
           std::string{is_news ? transition_name(note.transition) : telling_name(note.telling)} +
           (note.asked_to_act ? "!" : "");
}

/// "receiver person kind: note note ..."
inline std::vector<std::string> told(const MessagePlan& plan) {
    std::vector<std::string> lines;
    for (const Message& message : plan.messages) {
        std::string line =
            message.receiver + " " + message.recipient.email + " " + std::string{message_kind_name(message.kind)} + ":";
        for (const AlertNote& note : message.notes) line += " " + told(note);
        lines.push_back(line);
    }
    return lines;
}

}  // namespace retaind::testing
