// What every AlertDesk promises: people see alerts and act on them, beside the daemon and without it.
#include <limits>
#include <string>
#include <thread>
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
using testing::HasSubstr;
using testing::IsEmpty;

AlertKey key(const std::string& entity) {
    return {.rule = "drifting", .scope = Scope::customer, .entity = entity, .dimension = ""};
}

Alert alert(const std::string& entity, AlertPhase phase = AlertPhase::firing) {
    return {.key = key(entity), .customer_id = entity, .phase = phase, .episode = 1, .seq = 2};
}

Act act(const std::string& entity, Instant at = noon, ActKind kind = ActKind::seen) {
    return {.key = key(entity),
            .episode = 1,
            .kind = kind,
            .severity = Severity::critical,
            .at = at,
            .until = at + seen_holds,
            .by = "o'neil@example.org",
            .via = "link",
            .comment = "line\nbreak ':x'"};
}

AlertSilence silence(std::vector<Route::Match> match, Instant until = noon + 24h) {
    return {.id = "", .match = std::move(match), .from = noon, .until = until, .author = "kim", .comment = "moving"};
}

/// Everything in it.
std::string text(const AlertSilence& silence) {
    auto all = fmt::format("{} {} {} {} {}", silence.id, format_instant(silence.from), format_instant(silence.until),
                           silence.author, silence.comment);
    for (const auto& match : silence.match) {
        all += fmt::format(" [{}{}", match.negated ? "not " : "", match.field);
        for (const auto& value : match.values) all += " <" + value + ">";
        all += "]";
    }
    return all;
}

std::vector<std::string> texts(const std::vector<AlertSilence>& silences) {
    std::vector<std::string> all;
    for (const auto& silence : silences) all.push_back(text(silence));
    return all;
}

class DeskContract : public StateContract {
protected:
    std::unique_ptr<AlertDesk> open_a_desk(Seconds patience = Seconds{10}) {
        auto opened = open_desk(settings_, {.directory = folder_.path(), .patience = patience});
        EXPECT_TRUE(opened.ok()) << (opened ? "" : to_string(opened.error()));
        return opened ? std::move(*opened) : nullptr;
    }

    void remember(StateStore& store, std::vector<Alert> alerts, Instant now = noon, std::vector<Payload> outbox = {}) {
        State state{.as_of = day(0), .rules_hash = "h", .alerts = std::move(alerts)};
        std::ranges::sort(state.alerts, {}, &Alert::key);
        commit(store, state, std::move(outbox), now);
    }

    static Payload telling(const std::string& id, const std::string& entity) {
        auto one = payload(id);
        one.tells = {{.alert = {.key = key(entity), .customer_id = entity, .segment = "s", .account_manager = "m1"},
                      .episode = 1,
                      .seq = 2}};
        return one;
    }
};

TEST_F(DeskContract, WhereThereIsNoStateItSaysSoAndMakesNone) {
    const auto opened = open_desk(settings_, {.directory = folder_.path()});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().kind, ErrorKind::state);
    EXPECT_THAT(opened.error().message, HasSubstr("there is no state yet"));
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(DeskContract, WorksBesideTheOwnerAndWithoutOne) {
    auto store = open();
    auto desk = open_a_desk();
    remember(*store, {alert("a")});
    ASSERT_EQ(desk->alerts()->size(), 1u);
    EXPECT_EQ(desk->alerts()->front(), alert("a"));
    ASSERT_TRUE(desk->add(act("a")).ok());
    EXPECT_THAT(store->happened(noon)->acts, ElementsAre(act("a")));
    store.reset();
    desk = open_a_desk();
    ASSERT_TRUE(desk->add(act("a", noon + 1h)).ok());
    EXPECT_THAT(open()->happened(noon)->acts, ElementsAre(act("a"), act("a", noon + 1h)));
}

TEST_F(DeskContract, PeopleActWhileTheDaemonCommits) {
    constexpr int cycles = 30;
    auto store = open();
    remember(*store, {alert("a")});
    std::thread person{[&] {
        auto desk = open_a_desk();
        for (int i = 0; i < cycles; ++i) EXPECT_TRUE(desk->add(act("a", noon + i * 1h)).ok());
    }};
    for (int i = 0; i < cycles; ++i) remember(*store, {alert("a"), alert(fmt::format("b{}", i))});
    person.join();
    EXPECT_EQ(store->happened(noon)->acts.size(), static_cast<std::size_t>(cycles));
}

TEST_F(DeskContract, AWriterInTheWayIsReportedAndNothingIsDone) {
    auto store = open();
    remember(*store, {alert("a")});
    auto desk = open_a_desk(Seconds{0});
    soci::session other(soci::sqlite3, "db=" + file());
    other << "BEGIN IMMEDIATE";
    const auto refused = desk->add(act("a"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::state);
    EXPECT_EQ(desk->alerts()->size(), 1u) << "looking needs no turn";
    other << "ROLLBACK";
    EXPECT_THAT(*desk->acts(), IsEmpty());
}

// -- acts -----------------------------------------------------------------------------------------------------------

TEST_F(DeskContract, AnActIsKeptAsItWasDone) {
    auto store = open();
    const AlertKey odd{.rule = ":r'", .scope = Scope::promise, .entity = "Žofie\n", .dimension = "\"d\""};
    remember(*store, {{.key = odd, .episode = 1}});
    auto desk = open_a_desk();
    std::vector<Act> done;
    for (const auto kind :
         {ActKind::seen, ActKind::on_it, ActKind::wrong, ActKind::snooze, ActKind::resume, ActKind::release}) {
        done.push_back({.key = odd,
                        .episode = std::numeric_limits<std::int64_t>::max(),
                        .kind = kind,
                        .severity = Severity::info,
                        .at = noon,
                        .until = Instant{Seconds{253'402'300'799}},
                        .by = "",
                        .via = "api",
                        .comment = std::string(longest_comment, '\'')});
        ASSERT_TRUE(desk->add(done.back()).ok());
    }
    EXPECT_EQ(*desk->acts(), done);
}

TEST_F(DeskContract, TheSameActWithinAMinuteIsAddedOnce) {
    auto store = open();
    remember(*store, {alert("a")});
    auto desk = open_a_desk();
    const auto with = [](auto change) {
        auto one = act("a", noon + 59s);
        change(one);
        return one;
    };
    struct Case {
        std::string sentence;
        Act act;
        bool is_added;
    };
    const std::vector<Case> cases = {
        {"the first one", act("a"), true},
        {"clicked twice", act("a"), false},
        {"59 seconds later, holding as long", act("a", noon + 59s), false},
        {"59 seconds later, until the same time", with([](Act& one) { one.until = noon + seen_holds; }), false},
        {"by somebody else", with([](Act& one) { one.by = "kim"; }), true},
        {"of another kind", with([](Act& one) { one.kind = ActKind::wrong; }), true},
        {"with another comment", with([](Act& one) { one.comment = "now I know"; }), true},
        {"until another time", with([](Act& one) { one.until += 24h; }), true},
        {"at another severity", with([](Act& one) { one.severity = Severity::info; }), true},
        {"of another episode", with([](Act& one) { one.episode = 2; }), true},
        {"after a minute", act("a", noon + 60s), true},
    };
    std::size_t acts = 0;
    for (const auto& c : cases) {
        ASSERT_TRUE(desk->add(c.act).ok());
        acts += c.is_added ? 1 : 0;
        EXPECT_EQ(desk->acts()->size(), acts) << c.sentence;
    }
}

TEST_F(DeskContract, OneAuthorActsSoOftenOnOneEpisodeAndNoMore) {
    auto store = open();
    remember(*store, {alert("a"), alert("b")});
    auto desk = open_a_desk();
    const auto later = [](std::size_t minutes) { return noon + std::chrono::minutes{minutes}; };
    for (std::size_t done = 0; done < most_acts; ++done) ASSERT_TRUE(desk->add(act("a", later(done))).ok());
    const auto refused = desk->add(act("a", later(most_acts)));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::usage);
    EXPECT_THAT(refused.error().message, HasSubstr("drifting/a was answered 100 times by o'neil@example.org"));
    EXPECT_EQ(desk->acts()->size(), most_acts);
    EXPECT_TRUE(desk->add(act("a", later(most_acts - 1))).ok()) << "the last one once more, within its minute";
    auto by_another = act("a"), of_the_next = act("a");
    by_another.by = "kim";
    of_the_next.episode = 2;
    for (const auto& one : {by_another, of_the_next, act("b")}) EXPECT_TRUE(desk->add(one).ok());
    EXPECT_EQ(desk->acts()->size(), most_acts + 3);
}

TEST_F(DeskContract, WhoReleasesIsNeverRefused) {
    auto store = open();
    auto held = alert("a");
    held.held = true;
    remember(*store, {held});
    auto desk = open_a_desk();
    for (std::size_t done = 0; done < most_acts + 2; ++done) {
        auto one = act("a", noon + std::chrono::minutes{2 * done});
        one.via = "command";
        ASSERT_TRUE(desk->add(one).ok());
    }
    EXPECT_EQ(*desk->release({}, noon + 90h, act("a").by), 1u);
    EXPECT_THAT(store->happened(noon + 90h)->released, ElementsAre(key("a")));
}

TEST_F(DeskContract, AReleaseCountsAlsoAfterTheClockWentBack) {
    auto store = open();
    auto held = alert("a");
    held.held = true;
    remember(*store, {held}, noon + 1h);
    auto desk = open_a_desk();
    ASSERT_EQ(*desk->release({}, noon, "kim"), 1u);
    EXPECT_THAT(store->happened(noon)->released, ElementsAre(key("a")));
    remember(*store, {held}, noon);
    EXPECT_THAT(store->happened(noon)->released, IsEmpty()) << "the cycle has seen it";
}

TEST_F(DeskContract, ActsOfForgottenAlertsAreNoMoreThanAudit) {
    auto store = open();
    remember(*store, {alert("a"), alert("b")});
    auto desk = open_a_desk();
    for (const auto* entity : {"b", "a", "never"}) ASSERT_TRUE(desk->add(act(entity)).ok());
    ASSERT_TRUE(desk->add(act("a", noon - 1h, ActKind::on_it)).ok());
    EXPECT_THAT(*desk->acts(), ElementsAre(act("a", noon - 1h, ActKind::on_it), act("b"), act("a"))) << "oldest first";
    remember(*store, {alert("b")});
    EXPECT_THAT(store->happened(noon)->acts, ElementsAre(act("b")));
    EXPECT_EQ(number("SELECT count(*) FROM act"), 4);
}

TEST_F(DeskContract, ReleasesWhatIsHeldUntilTheNextCycleHasSeenIt) {
    auto store = open();
    const auto held = [](const std::string& entity) {
        auto one = alert(entity);
        one.held = true;
        return one;
    };
    remember(*store, {alert("a"), held("b"), held("c")});
    auto desk = open_a_desk();
    EXPECT_EQ(*desk->release({key("a"), key("b"), key("none")}, noon + 1h, "kim"), 1u);
    EXPECT_THAT(store->happened(noon + 1h)->released, ElementsAre(key("b")));
    EXPECT_EQ(*desk->release({}, noon + 2h, "kim"), 2u) << "both are still held";
    remember(*store, {alert("a"), held("b"), held("c")}, noon + 2h);
    EXPECT_THAT(store->happened(noon + 3h)->released, ElementsAre(key("b"), key("c")))
        << "done after the cycle had looked: it has not seen it";
    remember(*store, {alert("a"), held("b"), held("c")}, noon + 3h);
    EXPECT_THAT(store->happened(noon + 3h)->released, IsEmpty());
    EXPECT_EQ(number("SELECT count(*) FROM act WHERE kind = 'release' AND author = 'kim' AND via = 'command'"), 3);
}

// -- silences -------------------------------------------------------------------------------------------------------

TEST_F(DeskContract, ASilenceIsKeptAsItWasMadeAndEndsOnce) {
    open();
    auto desk = open_a_desk();
    auto first = silence({{.field = "customer_id", .negated = false, .values = {"c1", "'); DROP TABLE act; --"}},
                          {.field = "severity", .negated = true, .values = {"critical"}},
                          {.field = "segment", .negated = true, .values = {}}});
    auto second = silence({{.field = "rule", .negated = false, .values = {""}}}, noon + 2h);
    second.from = noon + 1h;
    first.id = *desk->add(first, noon);
    second.id = *desk->add(second, noon);
    EXPECT_NE(first.id, second.id);
    EXPECT_THAT(texts(*desk->silences(noon, false)), ElementsAre(text(second), text(first))) << "newest first";
    EXPECT_THAT(texts(*desk->silences(noon + 2h, false)), ElementsAre(text(first)));
    EXPECT_THAT(texts(*desk->silences(noon + 2h, true)), ElementsAre(text(second), text(first)));
    EXPECT_TRUE(*desk->end_silence(first.id, noon + 3h, "lee"));
    EXPECT_FALSE(*desk->end_silence(first.id, noon + 3h, "lee")) << "it is over";
    EXPECT_FALSE(*desk->end_silence(second.id, noon + 3h, "lee")) << "over by itself";
    for (const auto* unknown : {"", "7", "1 OR 1", "x"}) EXPECT_FALSE(*desk->end_silence(unknown, noon, "lee"));
    EXPECT_THAT(texts(*desk->silences(noon + 3h, false)), IsEmpty());
    EXPECT_EQ(desk->silences(noon, true)->back().until, noon + 3h);
}

TEST_F(DeskContract, ACycleKnowsTheSilencesThatAreNotOver) {
    auto store = open();
    auto desk = open_a_desk();
    auto lasting = silence({{.field = "rule", .negated = false, .values = {"drifting"}}});
    auto to_come = lasting;
    to_come.from = noon + 10h;
    lasting.id = *desk->add(lasting, noon);
    to_come.id = *desk->add(to_come, noon);
    ASSERT_TRUE(desk->add(silence(lasting.match, noon + 1s), noon).ok());
    EXPECT_THAT(texts(store->happened(noon + 1s)->silences), ElementsAre(text(lasting), text(to_come)));
}

// -- deliveries -----------------------------------------------------------------------------------------------------

TEST_F(DeskContract, DoesNotRequeueWhatTellsOnlyOfWhatIsOver) {
    struct Case {
        std::string sentence;
        std::vector<Tell> tells;
        bool is_sent;
        MessageKind kind = MessageKind::alerts;
    };
    const auto tell = [](const std::string& entity, std::int64_t episode = 1,
                         Transition transition = Transition::fired) {
        return Tell{.alert = {.key = key(entity)}, .episode = episode, .seq = 2, .transition = transition};
    };
    const std::vector<Case> cases = {
        {"still so", {tell("a")}, true},
        {"over", {tell("b")}, false},
        {"one of two is over", {tell("a"), tell("b")}, true},
        {"another episode", {tell("a", 0)}, false},
        {"forgotten", {tell("z")}, false},
        {"news of the end", {tell("b", 1, Transition::resolved)}, true},
        {"tells of no alert", {}, true},
        {"a digest", {tell("b")}, true, MessageKind::digest},
        {"news of the end, and it is back", {tell("a", 1, Transition::resolved)}, false},
        {"its reader knows that it is another's", {tell("c")}, false},
        {"its reader knows of another episode", {tell("d")}, true},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::filesystem::remove(file());
        auto store = open();
        auto message = payload("m", "r1");
        message.tells = c.tells;
        message.kind = c.kind;
        message.person = "anna";
        auto moved = alert("c"), known = alert("d");
        moved.told = {{.receiver = "r1", .recipient = "anna", .episode = 1, .phase = AlertPhase::closed}};
        known.told = {{.receiver = "r1", .recipient = "anna", .episode = 0, .phase = AlertPhase::resolved}};
        remember(*store, {alert("a"), alert("b", AlertPhase::resolved), moved, known}, noon, {message});
        claim(*store, noon, {});
        settle(*store, {.delivery_id = "m", .status = DeliveryStatus::dead, .next_at = noon});
        const auto requeued = open_a_desk()->requeue({.receiver = "r1"}, noon, "kim").value();
        EXPECT_THAT(requeued.queued, testing::SizeIs(c.is_sent ? 1 : 0));
        EXPECT_THAT(requeued.over, testing::SizeIs(c.is_sent ? 0 : 1));
        EXPECT_EQ(claim(*store, noon, {}).size(), c.is_sent ? 1u : 0u);
    }
}

TEST_F(DeskContract, RequeuesWhatWasGivenUpWithFreshTries) {
    auto store = open();
    remember(*store, {alert("a")}, noon,
             {payload("dead", "r1"), payload("stuck", "r2"), payload("sent", "r3"), payload("waits", "r4")});
    claim(*store, noon, {"r4"});
    settle(*store, {.delivery_id = "dead", .status = DeliveryStatus::retry, .next_at = noon, .refused = true});
    claim(*store, noon, {"r4"});
    settle(*store, {.delivery_id = "dead", .status = DeliveryStatus::dead, .next_at = noon, .error_class = "smtp_550"});
    settle(*store, {.delivery_id = "stuck", .status = DeliveryStatus::quarantined, .next_at = noon});
    settle(*store, {.delivery_id = "sent", .next_at = noon});
    auto desk = open_a_desk();
    const auto requeued = [&](const Requeue& which, Instant now) { return desk->requeue(which, now, "kim")->queued; };
    EXPECT_THAT(requeued({.delivery_ids = {"sent", "waits", "dead", "nothing", "dead"}}, noon + 90h),
                ElementsAre("dead"));
    EXPECT_THAT(requeued({.delivery_ids = {"stuck"}, .receiver = "r1"}, noon), IsEmpty()) << "the receiver's, instead";
    EXPECT_THAT(requeued({.receiver = "r2"}, noon + 90h), ElementsAre("stuck"));
    EXPECT_THAT(requeued({}, noon), IsEmpty());
    EXPECT_THAT(store->happened(noon)->undelivered, IsEmpty());
    const auto again = claim(*store, noon + 90h, {"r4"});
    ASSERT_THAT(ids(again), ElementsAre("dead", "stuck"));
    EXPECT_EQ(again[0].attempts + again[0].refusals, 0);
    EXPECT_EQ(again[0].claims, 1);
    EXPECT_EQ(again[0].created_at, noon + 90h) << "its time to be delivered in begins anew";
    EXPECT_EQ(again[0].error_class, "smtp_550") << "whether it may have arrived is still told by that";
}

TEST_F(DeskContract, TellsTheStoryOfAnAlert) {
    auto store = open();
    auto one = alert("a", AlertPhase::pending);
    remember(*store, {one, alert("b")}, noon - 2h);
    one.phase = AlertPhase::firing;
    one.seq = 3;
    one.reasons = {"pace <= -0.15", "due soon"};
    one.owner = "m1";
    auto second = telling("second", "a");
    second.kind = MessageKind::digest;
    second.recipient = "x@example.org";
    second.tells[0].transition = Transition::escalated;
    second.tells[0].alert.segment = "s2";
    remember(*store, {one, alert("b")}, noon, {telling("first", "a"), telling("other", "b"), second});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("first"));
    settle(*store, {.delivery_id = "first", .next_at = noon + 1s});
    auto desk = open_a_desk();
    ASSERT_TRUE(desk->add(act("a")).ok());
    ASSERT_TRUE(desk->add(act("b")).ok());
    const auto story = desk->story(key("a")).value();
    ASSERT_TRUE(story.has_value());
    EXPECT_EQ(story->alert, one);
    EXPECT_EQ(story->segment, "s2") << "as last told";
    EXPECT_EQ(story->account_manager, "m1");
    ASSERT_EQ(story->events.size(), 2u);
    EXPECT_EQ(story->events[0].before, "");
    EXPECT_EQ(story->events[0].after, "pending");
    EXPECT_EQ(story->events[0].at, noon - 2h);
    EXPECT_EQ(story->events[1].before, "pending");
    EXPECT_EQ(story->events[1].after, "firing");
    EXPECT_EQ(story->events[1].seq, 3);
    EXPECT_EQ(story->events[1].day, day(0));
    EXPECT_EQ(story->events[1].reasons, "pace <= -0.15; due soon");
    ASSERT_EQ(story->deliveries.size(), 2u);
    EXPECT_EQ(story->deliveries[0].delivery_id, "first");
    EXPECT_EQ(story->deliveries[0].status, DeliveryStatus::delivered);
    EXPECT_EQ(story->deliveries[0].settled_or_due_at, noon + 1s);
    EXPECT_EQ(story->deliveries[1].kind, MessageKind::digest);
    EXPECT_EQ(story->deliveries[1].recipient, "x@example.org");
    EXPECT_EQ(story->deliveries[1].transition, Transition::escalated);
    EXPECT_EQ(story->deliveries[1].status, DeliveryStatus::queued);
    EXPECT_THAT(story->acts, ElementsAre(act("a")));
    EXPECT_EQ(desk->story(key("never")).value(), std::nullopt);
}

/// Looking at one alert must cost no more the more there are: nothing is read whole.
TEST_F(DeskContract, AStoryIsReadByTheKeyOfItsAlert) {
    auto store = open();
    std::vector<Alert> many;
    for (int at = 0; at < 3; ++at) {
        many.push_back(alert(fmt::format("a{}", at)));
        many.back().reasons = {fmt::format("reason {}", at)};
        many.back().told = {{.receiver = fmt::format("r{}", at), .recipient = "", .at = noon}};
    }
    remember(*store, many);
    EXPECT_EQ(open_a_desk()->story(key("a1")).value()->alert, many[1]);
    run("UPDATE alert SET phase = 'nobody wrote this' WHERE entity = 'a0'");
    auto desk = open_a_desk();
    EXPECT_FALSE(desk->alerts().ok());
    EXPECT_TRUE(desk->story(key("a1")).ok()) << "the others are not looked at";
}

// -- keys and audit -------------------------------------------------------------------------------------------------

TEST_F(DeskContract, TheLinkKeyIsMadeOnceAndKept) {
    open();
    std::vector<std::string> keys(4);
    std::vector<std::thread> openers;
    for (auto& one : keys) openers.emplace_back([&] { one = open_a_desk()->link_key().value().value; });
    for (auto& opener : openers) opener.join();
    for (const auto& one : keys) EXPECT_EQ(one, keys[0]);
    EXPECT_EQ(keys[0].size(), 64u);
    EXPECT_EQ(keys[0].find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(open_a_desk()->link_key().value().value, keys[0]);
    std::filesystem::remove(file());
    open();
    EXPECT_NE(open_a_desk()->link_key().value().value, keys[0]) << "another state has another key";
}

TEST_F(DeskContract, WhatPeopleDoBesidesActsIsAuditedToo) {
    auto store = open();
    remember(*store, {alert("a")}, noon, {payload("dead")});
    claim(*store);
    settle(*store, {.delivery_id = "dead", .status = DeliveryStatus::dead, .next_at = noon});
    auto desk = open_a_desk();
    const auto id = *desk->add(silence({{.field = "rule", .negated = false, .values = {"x"}}}), noon + 1s);
    ASSERT_TRUE(*desk->end_silence(id, noon + 2s, "lee"));
    ASSERT_EQ(desk->requeue({.receiver = "managers"}, noon + 3s, "pat")->queued.size(), 1u);
    soci::session sql(soci::sqlite3, "db=" + file());
    const auto rows = rows_of(sql, "audit");
    const auto at = [](Seconds later) { return (noon + later).time_since_epoch().count(); };
    EXPECT_THAT(rows, HasSubstr(fmt::format("{},'kim','silence','{}'", at(1s), id)));
    EXPECT_THAT(rows, HasSubstr(fmt::format("{},'lee','silence_ended','{}'", at(2s), id)));
    EXPECT_THAT(rows, HasSubstr(fmt::format("{},'pat','requeue','dead'", at(3s))));
}

TEST_F(DeskContract, TheStoryTellsWhatWasDoneWithSilencesAndDeliveriesOfTheAlert) {
    auto store = open();
    remember(*store, {alert("a"), alert("b")}, noon, {telling("of_a", "a"), telling("of_b", "b")});
    for (const auto* id : {"of_a", "of_b"}) {
        claim(*store);
        settle(*store, {.delivery_id = id, .status = DeliveryStatus::dead, .next_at = noon});
    }
    auto desk = open_a_desk();
    const auto matching = *desk->add(silence({{.field = "segment", .negated = false, .values = {"s"}},
                                              {.field = "entity", .negated = true, .values = {"b"}}}),
                                     noon + 1s);
    ASSERT_TRUE(desk->add(silence({{.field = "entity", .negated = false, .values = {"b"}}}), noon + 2s).ok());
    ASSERT_TRUE(*desk->end_silence(matching, noon + 3s, "lee"));
    ASSERT_EQ(desk->requeue({.receiver = "managers"}, noon + 4s, "pat")->queued.size(), 2u);
    using Action = AuditedAction;
    EXPECT_THAT(desk->story(key("a")).value()->audit, ElementsAre(Action{noon + 1s, "kim", "silence", matching},
                                                                  Action{noon + 3s, "lee", "silence_ended", matching},
                                                                  Action{noon + 4s, "pat", "requeue", "of_a"}));
}

TEST_F(DeskContract, KeepsTheAuditAndWhatWasDoneWithAlertsThatAreOpen) {
    retention_.audit = std::chrono::days{30};
    auto store = open();
    remember(*store, {alert("open"), alert("ended", AlertPhase::resolved)});
    auto desk = open_a_desk();
    for (const auto* entity : {"open", "ended", "forgotten"}) ASSERT_TRUE(desk->add(act(entity)).ok());
    ASSERT_TRUE(desk->add(silence({{.field = "rule", .negated = false, .values = {"x"}}}), noon).ok());
    ASSERT_TRUE(store->prune(retention_, noon + 30 * 24h).ok());
    EXPECT_EQ(number("SELECT count(*) FROM act"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM audit"), 1);
    ASSERT_TRUE(store->prune(retention_, noon + 30 * 24h + 1s).ok());
    EXPECT_THAT(*desk->acts(), ElementsAre(act("open")));
    EXPECT_EQ(number("SELECT count(*) FROM act"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM audit"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM silence"), 1) << "it ended a day later";
    ASSERT_TRUE(store->prune(retention_, noon + 32 * 24h).ok());
    EXPECT_EQ(number("SELECT count(*) FROM silence"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM silence_match"), 0);
}

}  // namespace
}  // namespace retaind
