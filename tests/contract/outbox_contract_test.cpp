// What the outbox promises about what its messages tell: whom they wait for, what takes them along, what silences them.
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/state_fixture.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

AlertKey key(const std::string& entity) { return {.rule = "drifting", .entity = entity}; }

Tell tell(const std::string& entity, std::int64_t episode = 1, std::int64_t seq = 1) {
    return {.alert = {.key = key(entity), .customer_id = entity}, .episode = episode, .seq = seq};
}

Payload telling(const std::string& id, std::vector<Tell> tells, const std::string& recipient = "x") {
    auto one = payload(id, "mail", recipient);
    one.person = "p-" + recipient;
    one.tells = std::move(tells);
    return one;
}

AlertSilence silence_of(const std::vector<std::string>& entities, Instant until = noon + 24h) {
    return {.id = "",
            .match = {{.field = "entity", .negated = false, .values = entities}},
            .from = noon - 1h,
            .until = until,
            .author = "kim",
            .comment = "known"};
}

class OutboxContract : public StateContract {
protected:
    struct Outbox {
        std::vector<Payload> payloads;
        std::vector<Absorption> absorptions = {};
        std::vector<Alert> alerts = {};
        Instant now = noon;
    };

    static void store_messages(StateStore& store, Outbox outbox) {
        const State state{.as_of = day(0), .rules_hash = "h", .alerts = std::move(outbox.alerts)};
        const auto done = store.commit({.state = state,
                                        .outbox = std::move(outbox.payloads),
                                        .absorptions = std::move(outbox.absorptions),
                                        .now = outbox.now,
                                        .engine_version = "1",
                                        .rules_text = ""});
        ASSERT_TRUE(done.ok()) << to_string(done.error());
    }

    std::string hush(const AlertSilence& silence) {
        return open_desk(settings_, {.directory = folder_.path()}).value()->add(silence, noon).value();
    }

    static Alert firing(const std::string& entity) {
        return {.key = key(entity), .phase = AlertPhase::firing, .episode = 1};
    }

    /// Somebody does something with the first episode of the alert "a".
    void act(ActKind kind, Instant at, Instant until, const std::string& by = "kim") {
        const auto done = open_desk(settings_, {.directory = folder_.path()})
                              .value()
                              ->add(Act{.key = key("a"),
                                        .episode = 1,
                                        .kind = kind,
                                        .at = at,
                                        .until = until,
                                        .by = by,
                                        .via = "link",
                                        .comment = "later"});
        ASSERT_TRUE(done.ok()) << to_string(done.error());
    }

    static std::vector<std::string> waiting(StateStore& store) {
        std::vector<std::string> all;
        const auto happened = store.happened(noon).value();
        for (const auto& message : happened.waiting) all.push_back(message.delivery_id);
        return all;
    }

    /// "id status" of all rows, in their order.
    std::vector<std::string> rows() {
        soci::session sql(soci::sqlite3, "db=" + file());
        std::vector<std::string> all;
        std::string row;
        soci::statement found =
            (sql.prepare << "SELECT delivery_id || ' ' || status FROM outbox ORDER BY place", soci::into(row));
        found.execute();
        while (found.fetch()) all.push_back(row);
        return all;
    }
};

TEST_F(OutboxContract, AMessageIsClaimedWithAllThatItTells) {
    auto store = open();
    auto message = telling("a", {});
    message.kind = MessageKind::adoption;
    message.person = "o'neil";
    for (int transition = 0; transition < 10; ++transition) {
        message.tells.push_back(
            {.alert = {.key = {.rule = ":r", .scope = Scope::segment, .entity = "Ž\n", .dimension = "'"},
                       .severity = static_cast<Severity>(transition % 3),
                       .customer_id = "c\"",
                       .segment = "株",
                       .account_manager = "%s"},
             .episode = std::numeric_limits<std::int64_t>::max(),
             .seq = transition,
             .transition = static_cast<Transition>(transition)});
    }
    store_messages(*store, {.payloads = {message, telling("none", {}, "y")}});
    const auto claimed = claim(*store).at(0).payload;
    EXPECT_EQ(claimed.kind, message.kind);
    EXPECT_EQ(claimed.person, message.person);
    EXPECT_EQ(claimed.tells, message.tells);
    settle(*store, {.delivery_id = "a", .next_at = noon});
    EXPECT_THAT(claim(*store).at(0).payload.tells, IsEmpty());
}

TEST_F(OutboxContract, WhatWaitsIsWhatIsDecidedAndNotUnderWay) {
    auto store = open();
    auto ops = telling("ops", {tell("o")}, "o");
    ops.kind = MessageKind::ops;
    auto digest = telling("digest", {tell("d", 3, 4), tell("e")}, "d");
    digest.kind = MessageKind::digest;
    store_messages(*store, {.payloads = {telling("sent", {tell("a")}, "1"), telling("tried", {tell("a")}, "2"),
                                         telling("flies", {tell("a")}, "3"), ops, telling("silent", {}, "4"), digest}});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("sent"));
    settle(*store, {.delivery_id = "sent", .next_at = noon});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("tried"));
    settle(*store,
           {.delivery_id = "tried", .status = DeliveryStatus::retry, .next_at = noon + 1h, .error_class = "connect"});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("flies"));
    const auto found = store->happened(noon)->waiting;
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].delivery_id, "tried");
    EXPECT_EQ(found[1].delivery_id, "ops");
    EXPECT_EQ(found[1].kind, MessageKind::ops);
    EXPECT_EQ(found[2].delivery_id, "digest");
    EXPECT_EQ(found[2].receiver, "mail");
    EXPECT_EQ(found[2].recipient, "p-d") << "the person, not the address";
    EXPECT_EQ(found[2].kind, MessageKind::digest);
    EXPECT_THAT(found[2].tells, ElementsAre(tell("d", 3, 4), tell("e")));
}

// -- first delivery -------------------------------------------------------------------------------------------------

class FirstDeliveries : public OutboxContract {
protected:
    static Alert alert(const std::string& entity, std::int64_t episode, AlertPhase phase = AlertPhase::firing) {
        return {.key = key(entity), .phase = phase, .episode = episode};
    }

    static std::vector<std::string> first(StateStore& store) {
        std::vector<std::string> all;
        const auto happened = store.happened(noon).value();
        for (const auto& one : happened.delivered) {
            all.push_back(fmt::format("{}/{} {}", one.key.entity, one.episode, (one.at - noon).count()));
        }
        return all;
    }
};

TEST_F(FirstDeliveries, CountOnceForEachEpisodeOfAnOpenAlert) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("1", {tell("b"), tell("a"), tell("gone")}), telling("2", {tell("a")}),
                                         telling("dead", {tell("c")}, "y")},
                            .alerts = {alert("a", 1), alert("b", 1), alert("c", 1)}});
    EXPECT_THAT(first(*store), IsEmpty());
    claim(*store);
    settle(*store, {.delivery_id = "1", .status = DeliveryStatus::retry, .next_at = noon});
    EXPECT_THAT(first(*store), IsEmpty()) << "it has not arrived";
    claim(*store);
    settle(*store, {.delivery_id = "1", .next_at = noon + 5s});
    EXPECT_THAT(first(*store), ElementsAre("a/1 5", "b/1 5"));
    claim(*store);
    settle(*store, {.delivery_id = "2", .next_at = noon + 9s});
    claim(*store);
    settle(*store, {.delivery_id = "dead", .status = DeliveryStatus::dead, .next_at = noon});
    EXPECT_THAT(first(*store), ElementsAre("a/1 5", "b/1 5"));
    store_messages(*store, {.payloads = {telling("3", {tell("a", 2)})},
                            .alerts = {alert("a", 2), alert("b", 1, AlertPhase::resolved)}});
    EXPECT_THAT(first(*store), IsEmpty()) << "a new episode, and an ended one";
    claim(*store);
    settle(*store, {.delivery_id = "3", .next_at = noon + 20s});
    EXPECT_THAT(first(*store), ElementsAre("a/2 20"));
    store_messages(*store, {.payloads = {}});
    EXPECT_EQ(number("SELECT count(*) FROM first_delivery"), 0) << "forgotten with the alerts";
}

TEST_F(FirstDeliveries, OutliveTheDeliveries) {
    retention_.payloads = std::chrono::days{1};
    auto store = open();
    store_messages(*store, {.payloads = {telling("1", {tell("a")})}, .alerts = {alert("a", 1)}});
    claim(*store);
    settle(*store, {.delivery_id = "1", .next_at = noon});
    ASSERT_TRUE(store->prune(retention_, noon + 48h).ok());
    EXPECT_THAT(rows(), IsEmpty());
    EXPECT_EQ(number("SELECT count(*) FROM outbox_tell"), 0);
    EXPECT_THAT(first(*store), ElementsAre("a/1 0"));
}

TEST_F(FirstDeliveries, AreOfTheResultThatWasStoredWhenAProcessDied) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("1", {tell("a")})}, .alerts = {alert("a", 1)}});
    claim(*store);  // sent, and then killed
    store.reset();
    store = open();
    EXPECT_THAT(first(*store), IsEmpty());
    ASSERT_EQ(*store->recover(noon), 1u);
    claim(*store);
    settle(*store, {.delivery_id = "1", .next_at = noon + 60s});
    store.reset();
    EXPECT_THAT(first(*open()), ElementsAre("a/1 60"));
}

// -- absorption -----------------------------------------------------------------------------------------------------

class Absorptions : public OutboxContract {
protected:
    /// The message "new", which takes `absorbed` along as "together".
    static Outbox takes(std::vector<std::string> absorbed, const std::string& recipient = "x", Instant now = noon) {
        return {.payloads = {telling("new", {tell("a", 1, 9)}, recipient)},
                .absorptions = {{.delivery_id = "new",
                                 .together = telling("together", {tell("a", 1, 9), tell("b")}, recipient),
                                 .absorbed = std::move(absorbed)}},
                .now = now};
    }
};

TEST_F(Absorptions, TakeAlongWhatStillWaits) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("old", {tell("a")}), telling("older", {tell("b")})}});
    claim(*store);
    settle(*store,
           {.delivery_id = "old", .status = DeliveryStatus::retry, .next_at = noon + 1h, .error_class = "http_503"});
    store_messages(*store, takes({"old", "older"}, "x", noon + 1h));
    EXPECT_THAT(rows(), ElementsAre("old superseded", "older superseded", "together queued"));
    EXPECT_THAT(waiting(*store), ElementsAre("together"));
    const auto claimed = claim(*store, noon + 1h);
    ASSERT_THAT(ids(claimed), ElementsAre("together"));
    EXPECT_THAT(claimed[0].payload.tells, ElementsAre(tell("a", 1, 9), tell("b")));
    EXPECT_EQ(claimed[0].created_at, noon) << "as old as the oldest, so that it is given up in the end";
}

TEST_F(Absorptions, TakeAllOrNothingAndLoseNothing) {
    struct Case {
        std::string sentence;
        std::string sql;
        std::vector<std::string> absorbed;
        std::vector<std::string> rows;
    };
    const std::vector<std::string> apart = {"one queued", "two queued", "new queued"};
    const auto with_one = [](const std::string& status) {
        return std::vector<std::string>{"one " + status, "two queued", "new queued"};
    };
    const auto set_status = [](const std::string& status) {
        return "UPDATE outbox SET status = '" + status + "' WHERE delivery_id = 'one'";
    };
    const std::vector<Case> cases = {
        {"both wait", "", {"one", "two"}, {"one superseded", "two superseded", "together queued"}},
        {"one of them", "", {"two"}, {"one queued", "two superseded", "together queued"}},
        {"none is named", "", {}, apart},
        {"one is not known", "", {"one", "nothing"}, apart},
        {"under way", set_status("in_flight"), {"one", "two"}, with_one("in_flight")},
        {"delivered", set_status("delivered"), {"two", "one"}, with_one("delivered")},
        {"refused for now",
         "UPDATE outbox SET status = 'retry', error_class = 'smtp_451' WHERE delivery_id = 'one'",
         {"one", "two"},
         {"one superseded", "two superseded", "together queued"}},
        {"it may have arrived",
         "UPDATE outbox SET status = 'retry', error_class = 'timeout' WHERE delivery_id = 'one'",
         {"one", "two"},
         with_one("retry")},
        {"whoever sent it did not live to see the result",
         "UPDATE outbox SET status = 'retry', claims = 1 WHERE delivery_id = 'one'",
         {"one", "two"},
         with_one("retry")},
        {"dead", set_status("dead"), {"one", "two"}, with_one("dead")},
        {"quarantined", set_status("quarantined"), {"one", "two"}, with_one("quarantined")},
        {"taken along before", set_status("superseded"), {"one", "two"}, with_one("superseded")},
        {"another address of the list is not its business",
         "UPDATE outbox SET recipient = 'y', status = 'delivered' WHERE delivery_id = 'one'",
         {"one", "two"},
         {"one delivered", "two superseded", "together queued"}},
        {"all are of other addresses", "UPDATE outbox SET recipient = 'y'", {"one", "two"}, apart},
        {"waiting for two days",
         "UPDATE outbox SET created_at = created_at - 172800",
         {"one", "two"},
         {"one superseded", "two superseded", "together queued"}},
        {"waiting for longer: that reader is given up soon",
         "UPDATE outbox SET created_at = created_at - 172801",
         {"one", "two"},
         apart},
        {"there is a message of that id already",
         "UPDATE outbox SET delivery_id = 'together' WHERE delivery_id = 'one'",
         {"two"},
         {"together queued", "two queued", "new queued"}},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::filesystem::remove(file());
        auto store = open();
        store_messages(*store, {.payloads = {telling("one", {tell("a")}), telling("two", {tell("b")})}});
        if (!c.sql.empty()) run(c.sql);
        store_messages(*store, takes(c.absorbed));
        EXPECT_EQ(rows(), c.rows);
        store_messages(*store, takes(c.absorbed));
        EXPECT_EQ(rows().size(), c.rows.size() + (c.rows.back() == "together queued" ? 1 : 0));
    }
}

TEST_F(Absorptions, LeaveWhatIsSentAgainAndMayHaveArrived) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("old", {tell("a")})},
                            .alerts = {{.key = key("a"), .phase = AlertPhase::firing, .episode = 1}}});
    claim(*store);
    settle(*store, {.delivery_id = "old", .status = DeliveryStatus::dead, .next_at = noon, .error_class = "timeout"});
    auto desk = open_desk(settings_, {.directory = folder_.path()}).value();
    ASSERT_THAT(desk->requeue({.receiver = "mail"}, noon, "kim")->queued, ElementsAre("old"));
    EXPECT_THAT(waiting(*store), IsEmpty());
    store_messages(*store, takes({"old"}));
    EXPECT_THAT(rows(), ElementsAre("old queued", "new queued")) << "it keeps the id by which its receiver knows it";
}

TEST_F(Absorptions, ARowIsTakenAlongByOneMessageOnly) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("old", {tell("b")})}});
    auto both = takes({"old"});
    both.payloads.push_back(telling("new2", {tell("c")}));
    both.absorptions.push_back(
        {.delivery_id = "new2", .together = telling("together2", {tell("c"), tell("b")}), .absorbed = {"old"}});
    store_messages(*store, both);
    EXPECT_THAT(rows(), ElementsAre("old superseded", "together queued", "new2 queued"));
    auto next = takes({"together", "new2"});
    next.payloads[0].delivery_id = next.absorptions[0].delivery_id = "new3";
    next.absorptions[0].together.delivery_id = "together3";
    store_messages(*store, next);
    EXPECT_THAT(waiting(*store), ElementsAre("together3"));
}

// -- what is said again at every cycle ------------------------------------------------------------------------------

TEST_F(OutboxContract, OfWhatOnlyRestatesTheNewestThatArrivedIsKept) {
    auto store = open();
    const auto says = [&](const std::string& id, bool restates, const std::string& receiver = "machine") {
        auto one = telling(id, {tell("a")});
        one.receiver = receiver;
        one.restates = restates;
        store_messages(*store, {.payloads = {one}});
    };
    const auto deliver = [&](DeliveryStatus status = DeliveryStatus::delivered) {
        for (const auto& one : claim(*store))
            settle(*store, {.delivery_id = one.payload.delivery_id, .status = status, .next_at = noon});
    };
    says("problem", false);
    deliver();
    says("again1", true);
    says("elsewhere", true, "another");
    deliver();
    says("again2", true);
    deliver(DeliveryStatus::dead);
    says("again3", true);
    EXPECT_THAT(rows(), ElementsAre("problem delivered", "again1 delivered", "elsewhere delivered", "again2 dead",
                                    "again3 queued"));
    deliver();
    EXPECT_THAT(rows(), ElementsAre("problem delivered", "elsewhere delivered", "again2 dead", "again3 delivered"));
    says("over", false);
    deliver();
    EXPECT_EQ(rows().size(), 5u) << "news leave all as it is";
    EXPECT_EQ(number("SELECT count(*) FROM outbox_tell"), 5) << "what they told went with them";
}

// -- silences -------------------------------------------------------------------------------------------------------

TEST_F(OutboxContract, ASilencedMessageWaitsAndHoldsBackNobody) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("hushed", {tell("a"), tell("b")}), telling("later", {tell("c")})}});
    hush(silence_of({"a"}, noon + 5h));
    hush(silence_of({"b"}, noon + 3h));
    ASSERT_THAT(ids(claim(*store)), ElementsAre("later"));
    settle(*store, {.delivery_id = "later", .next_at = noon});
    EXPECT_THAT(claim(*store, noon + 3h - 1s), IsEmpty()) << "the first of its silences has not ended";
    EXPECT_THAT(waiting(*store), ElementsAre("hushed"));
    EXPECT_THAT(claim(*store, noon + 3h), IsEmpty()) << "no cycle has looked whether it is still so";
    store_messages(*store, {.payloads = {telling("newest", {tell("c")})}, .now = noon + 3h});
    EXPECT_THAT(ids(claim(*store, noon + 3h)), ElementsAre("hushed")) << "again the oldest";
    EXPECT_THAT(claim(*store, noon + 3h), IsEmpty()) << "now it holds back the next one";
}

TEST_F(OutboxContract, OnlyAMessageOfWhichAllIsSilencedWaits) {
    struct Case {
        std::string sentence;
        MessageKind kind;
        std::vector<Tell> tells;
        std::vector<std::string> silenced;
        bool waits;
    };
    const std::vector<Case> cases = {
        {"all of it", MessageKind::alerts, {tell("a"), tell("b")}, {"a", "b"}, true},
        {"some of it", MessageKind::alerts, {tell("a"), tell("b")}, {"b"}, false},
        {"none of it", MessageKind::alerts, {tell("a")}, {"b"}, false},
        {"it tells of no alert", MessageKind::alerts, {}, {"a"}, false},
        {"to ops", MessageKind::ops, {tell("a")}, {"a"}, true},
        {"of a new state", MessageKind::adoption, {tell("a")}, {"a"}, true},
        {"a digest holds more than alerts", MessageKind::digest, {tell("a")}, {"a"}, false},
        {"all is quiet", MessageKind::all_quiet, {}, {"a"}, false},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::filesystem::remove(file());
        auto store = open();
        auto message = telling("m", c.tells);
        message.kind = c.kind;
        store_messages(*store, {.payloads = {message}});
        hush(silence_of(c.silenced));
        EXPECT_EQ(claim(*store).empty(), c.waits);
    }
}

TEST_F(OutboxContract, ASilenceCountsWhileItLasts) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("m", {tell("a")})}});
    auto to_come = silence_of({"a"});
    to_come.from = noon + 1s;
    const auto id = hush(to_come);
    hush(silence_of({"a"}, noon));
    EXPECT_THAT(claim(*store, noon + 1s), IsEmpty());
    EXPECT_THAT(claim(*store, noon + 24h - 1s), IsEmpty());
    auto desk = open_desk(settings_, {.directory = folder_.path()}).value();
    ASSERT_TRUE(*desk->end_silence(id, noon + 1h, "lee"));
    EXPECT_THAT(claim(*store, noon + 1h), IsEmpty());
    store_messages(*store, {.payloads = {}, .now = noon + 1h});
    EXPECT_THAT(ids(claim(*store, noon + 1h)), ElementsAre("m"));
}

TEST_F(OutboxContract, ASnoozeHoldsWhatIsQueuedAlready) {
    auto store = open();
    auto ended = tell("a");
    ended.transition = Transition::resolved;
    store_messages(*store,
                   {.payloads = {telling("m", {tell("a")}), telling("end", {ended}, "y")}, .alerts = {firing("a")}});
    act(ActKind::snooze, noon, noon + 24h);
    EXPECT_THAT(ids(claim(*store)), ElementsAre("end")) << "a snooze ends with the episode";
    settle(*store, {.delivery_id = "end", .next_at = noon});
    EXPECT_THAT(claim(*store, noon + 23h), IsEmpty());
    act(ActKind::resume, noon + 1h, noon + 24h);
    store_messages(*store, {.payloads = {}, .alerts = {firing("a")}, .now = noon + 1h});
    EXPECT_THAT(ids(claim(*store, noon + 1h)), ElementsAre("m")) << "taken back";
}

TEST_F(OutboxContract, AShorterSnoozeHoldsNoLongerThanItSays) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("m", {tell("a")})}, .alerts = {firing("a")}});
    act(ActKind::snooze, noon, noon + 720h);
    EXPECT_THAT(claim(*store), IsEmpty());
    act(ActKind::snooze, noon + 1h, noon + 48h);
    EXPECT_THAT(claim(*store, noon + 2h), IsEmpty());
    store_messages(*store, {.payloads = {}, .alerts = {firing("a")}, .now = noon + 48h});
    EXPECT_THAT(ids(claim(*store, noon + 48h)), ElementsAre("m"));
}

TEST_F(OutboxContract, ASnoozeThatEndedWithAHandOverHoldsNoLonger) {
    auto store = open();
    auto alert = firing("a");
    alert.owner = "anna";
    store_messages(*store, {.payloads = {telling("m", {tell("a")})}, .alerts = {alert}});
    act(ActKind::snooze, noon, noon + 720h, "anna");
    EXPECT_THAT(claim(*store), IsEmpty());
    alert.owner = "ben";
    alert.handed_over_at = noon + 2h;
    store_messages(*store, {.payloads = {}, .alerts = {alert}, .now = noon + 2h});
    EXPECT_THAT(claim(*store, noon + 2h), IsEmpty()) << "a cycle is to see whether it is still so";
    store_messages(*store, {.payloads = {}, .alerts = {alert}, .now = noon + 3h});
    EXPECT_THAT(ids(claim(*store, noon + 3h)), ElementsAre("m"));
}

TEST_F(OutboxContract, WhatASnoozeHeldIsNotSentAfterNewsOfItsEnd) {
    auto store = open();
    auto alert = firing("a");
    store_messages(*store, {.payloads = {telling("problem", {tell("a")})}, .alerts = {alert}});
    act(ActKind::snooze, noon, noon + 24h);
    EXPECT_THAT(claim(*store), IsEmpty());
    auto ended = tell("a");
    ended.transition = Transition::resolved;
    alert.phase = AlertPhase::resolved;
    store_messages(*store, {.payloads = {telling("end", {ended})}, .alerts = {alert}, .now = noon + 1h});
    EXPECT_THAT(ids(claim(*store, noon + 1h)), ElementsAre("end"));
    settle(*store, {.delivery_id = "end", .next_at = noon + 1h});
    store_messages(*store, {.payloads = {}, .alerts = {alert}, .now = noon + 25h});
    EXPECT_THAT(claim(*store, noon + 25h), IsEmpty());
    EXPECT_THAT(rows(), ElementsAre("problem superseded", "end delivered"));
}

TEST_F(OutboxContract, WhatOnlyRestatesIsNotSilenced) {
    auto store = open();
    auto again = telling("again", {tell("a")});
    again.restates = true;
    store_messages(*store, {.payloads = {again}});
    hush(silence_of({"a"}));
    EXPECT_THAT(ids(claim(*store)), ElementsAre("again")) << "Alertmanager would end what it no longer hears of";
}

TEST_F(OutboxContract, AHeartbeatThatWaitsCanBeTakenAlong) {
    auto store = open();
    auto beat = telling("beat", {}, "");
    beat.person = "";
    beat.kind = MessageKind::heartbeat;
    store_messages(*store, {.payloads = {beat, telling("other", {})}});
    EXPECT_THAT(waiting(*store), ElementsAre("beat"));
}

TEST_F(OutboxContract, ARetryThatIsSilencedWaitsForBoth) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("m", {tell("a")}), telling("next", {tell("b")})}});
    claim(*store);
    settle(*store, {.delivery_id = "m", .status = DeliveryStatus::retry, .next_at = noon + 50min});
    EXPECT_THAT(claim(*store), IsEmpty()) << "it is first";
    hush(silence_of({"a"}, noon + 10min));
    EXPECT_THAT(ids(claim(*store)), ElementsAre("next"));
    EXPECT_THAT(ids(claim(*store, noon + 50min - 1s)), IsEmpty());
    settle(*store, {.delivery_id = "next", .next_at = noon});
    store_messages(*store, {.payloads = {}, .now = noon + 50min});
    EXPECT_THAT(ids(claim(*store, noon + 50min)), ElementsAre("m"));
}

TEST_F(OutboxContract, AWaitThatAWrongClockSetIsOver) {
    auto store = open();
    store_messages(*store, {.payloads = {telling("m", {tell("a")})}});
    claim(*store);
    settle(*store, {.delivery_id = "m", .status = DeliveryStatus::retry, .next_at = noon + 24h * 3653});
    EXPECT_THAT(ids(claim(*store)), ElementsAre("m")) << "no wait is longer than an hour";
}

// -- bounds ---------------------------------------------------------------------------------------------------------

TEST_F(OutboxContract, IsFullByWhatWaitsAlone) {
    auto store = open({.limits = {.rows = 3}});
    const auto is_full = [&] { return store->happened(noon)->outbox_is_full; };
    store_messages(*store, {.payloads = {telling("1", {}), telling("2", {}), telling("3", {})}});
    EXPECT_TRUE(is_full());
    store_messages(*store, {.payloads = {telling("problem", {tell("a")})}});
    EXPECT_EQ(rows().size(), 4u) << "a problem is never dropped";
    for (const auto* id : {"1", "2"}) {
        claim(*store);
        EXPECT_TRUE(is_full() || id == std::string{"2"}) << "what is under way counts";
        settle(*store, {.delivery_id = id, .next_at = noon});
    }
    EXPECT_FALSE(is_full()) << "what has arrived does not";
    store.reset();
    store = open({.limits = {.bytes = 1000}});
    EXPECT_FALSE(is_full());
    auto large = telling("large", {});
    large.text = std::string(1000, 'x');
    store_messages(*store, {.payloads = {large}});
    EXPECT_TRUE(is_full());
}

}  // namespace
}  // namespace retaind
