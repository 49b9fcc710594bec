// What every StateStore promises, and what ours promises about its file.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "contract/state_fixture.hpp"
#include "edge/state/schema.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// -- the state ------------------------------------------------------------------------------------------------------

TEST_F(StateContract, AnEmptyStoreRemembersNothing) {
    auto store = open();
    EXPECT_EQ(to_text(load(*store, first_day)), to_text(State{}));
    EXPECT_EQ(*store->newest_day(), std::nullopt);
}

TEST_F(StateContract, GivesBackWhatWasCommittedBitForBit) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        std::filesystem::remove(file());
        const auto state = make_state({.seed = seed, .last = first_day, .customers = 20, .promises = 10, .alerts = 12});
        {
            auto store = open();
            commit(*store, state);
            EXPECT_EQ(to_text(load(*store, first_day)), to_text(state));
        }
        auto again = open();
        EXPECT_EQ(to_text(load(*again, first_day)), to_text(state)) << "after a restart";
        EXPECT_EQ(*again->newest_day(), first_day);
    }
}

TEST_F(StateContract, CommittingADayAgainEqualsCommittingItOnce) {
    const auto before = make_state({.seed = 1, .last = day(0), .customers = 6});
    const auto discarded = make_state({.seed = 2, .last = day(1), .customers = 9, .promises = 9, .alerts = 9});
    const auto last = make_state({.seed = 3, .last = day(1), .customers = 7, .promises = 5, .alerts = 5});
    std::vector<std::string> found;
    for (const auto& commits : {std::vector{before, last}, std::vector{before, discarded, last, last, last}}) {
        std::filesystem::remove(file());
        auto store = open();
        for (const auto& state : commits) commit(*store, state);
        found.push_back(to_text(load(*store, day(1))) + to_text(load(*store, day(2), true)) +
                        to_text(load(*store, day(1), true)));
    }
    EXPECT_EQ(found[0], found[1]);
}

TEST_F(StateContract, ACycleWritesItsOwnDayAndLeavesEarlierRecordsAsTheyAre) {
    auto store = open();
    const auto first = make_state({.seed = 1, .last = day(0), .days = 1});
    commit(*store, first);
    commit(*store, make_state({.seed = 2, .last = day(1), .days = 2}));  // tells other numbers for day 0
    const auto state = load(*store, day(1));
    ASSERT_EQ(state.customers.size(), first.customers.size());
    for (std::size_t i = 0; i < state.customers.size(); ++i) {
        ASSERT_EQ(state.customers[i].days.size(), 2u);
        EXPECT_EQ(to_text(State{.customers = {{.customer_id = "", .days = {state.customers[i].days[0]}}}}),
                  to_text(State{.customers = {{.customer_id = "", .days = {first.customers[i].days[0]}}}}));
    }
}

TEST_F(StateContract, LookingBackShowsWhatWasLiveBeforeThatDay) {
    auto store = open();
    std::map<Day, std::string> live;
    for (int d = 0; d < 12; ++d) {
        auto state = make_state({.seed = static_cast<std::uint64_t>(d + 1), .last = day(d), .days = 1});
        commit(*store, state);
        live[day(d + 1)] = to_text([&] {
            auto next = load(*store, day(d + 1));
            next.alerts.clear();
            next.mailings.clear();
            next.interruptions.clear();
            return next;
        }());
    }
    for (const auto& [as_of, expected] : live) {
        EXPECT_EQ(to_text(load(*store, as_of, true)), expected) << format_day(as_of);
    }
}

TEST_F(StateContract, CarriesTheDaysThatAreCarriedAndNoOlderOnes) {
    auto store = open();
    for (int d = 0; d <= days_carried + 5; ++d) {
        commit(*store, make_state({.seed = 7, .last = day(d), .days = 1, .customers = 2, .promises = 1, .alerts = 0}));
    }
    const auto as_of = day(days_carried + 5);
    const auto state = load(*store, as_of);
    ASSERT_EQ(state.customers.size(), 2u);
    EXPECT_EQ(state.customers[0].days.front().day, as_of - std::chrono::days{days_carried});
    EXPECT_EQ(state.customers[0].days.back().day, as_of);
    EXPECT_EQ(state.promises.at(0).days.size(), 3u) << "the two newest and the day's own";
    EXPECT_EQ(load(*store, as_of, true).customers[0].days.back().day, as_of - std::chrono::days{1});
    EXPECT_THAT(load(*store, as_of + std::chrono::days{days_carried + 1}).customers, IsEmpty());
}

TEST_F(StateContract, KeptStaysKnownHoweverLongAgoItWas) {
    auto store = open();
    State state{.as_of = day(0), .rules_hash = "h"};
    state.promises = {{.promise_id = "p", .days = {{.day = day(0), .state = PromiseState::kept}}, .kept_on = day(-3)}};
    commit(*store, state);
    const auto later = load(*store, day(400));
    ASSERT_EQ(later.promises.size(), 1u);
    EXPECT_EQ(later.promises[0].kept_on, day(-3));
    EXPECT_THAT(load(*store, day(0), true).promises, IsEmpty()) << "on the day itself it was not known yet";
}

TEST_F(StateContract, FactsHoldFromTheDayTheyWereSeenUntilTheNext) {
    auto store = open();
    EXPECT_THAT(facts(*store, day(9)), IsEmpty());
    see(*store, day(0), {{"c2", "a"}, {"c1", "tab\t'quote' :x\nŽ"}});
    see(*store, day(2), {{"c2", "b"}});
    see(*store, day(3), {});
    see(*store, day(5), {{"c2", "a"}, {"c3", "new"}});
    const std::string c1 = "c1 tab\t'quote' :x\nŽ";
    EXPECT_THAT(facts(*store, day(-1)), IsEmpty()) << "nobody watched yet";
    for (const int d : {0, 1}) EXPECT_THAT(facts(*store, day(d)), ElementsAre(c1, "c2 a"));
    for (const int d : {2, 3, 4}) EXPECT_THAT(facts(*store, day(d)), ElementsAre(c1, "c2 b"));
    EXPECT_THAT(facts(*store, day(5)), ElementsAre(c1, "c2 a", "c3 new"));
    EXPECT_EQ(number("SELECT count(*) FROM facts"), 5) << "a row only where they changed";
}

TEST_F(StateContract, FactsOfADaySeenAgainTakeThePlaceOfTheFormer) {
    auto store = open();
    see(*store, day(0), {{"c1", "a"}});
    see(*store, day(1), {{"c1", "b"}, {"c2", "x"}});
    see(*store, day(1), {{"c1", "c"}});
    EXPECT_THAT(facts(*store, day(1)), ElementsAre("c1 c", "c2 x"));
    see(*store, day(1), {{"c1", ""}, {"c2", ""}, {"c9", ""}});
    EXPECT_THAT(facts(*store, day(1)), ElementsAre("c1 a")) << "as on the day before; c2 and c9 were not there then";
    EXPECT_EQ(number("SELECT count(*) FROM facts"), 1);
}

TEST_F(StateContract, KnowsWhichFactsACycleComparesWith) {
    auto store = open();
    see(*store, day(0), {{"c1", "a"}, {"c2", "a"}});
    see(*store, day(3), {{"c2", "b"}, {"c3", "a"}});
    const auto a = facts_hash("a"), b = facts_hash("b");
    using Memory = FactsMemory;
    const std::vector<Memory> newest = {{"c1", a, a}, {"c2", b, a}, {"c3", a, 0}};
    for (const int d : {3, 4}) EXPECT_EQ(load(*store, day(d)).facts, newest) << "for a cycle of day " << d;
    EXPECT_EQ(load(*store, day(4), true).facts, newest);
    EXPECT_EQ(load(*store, day(3), true).facts, (std::vector<Memory>{{"c1", a, 0}, {"c2", a, 0}}));
    see(*store, day(4), {});
    EXPECT_EQ(load(*store, day(5)).facts, (std::vector<Memory>{{"c1", a, a}, {"c2", b, b}, {"c3", a, a}}));
}

TEST_F(StateContract, RefusesACycleForADayBeforeTheNewest) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(5)}));
    const auto before = dump();
    const auto old = make_state({.seed = 2, .last = day(4)});
    const auto refused =
        store->commit({.state = old, .outbox = {}, .now = noon, .engine_version = "", .rules_text = ""});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::state);
    EXPECT_EQ(dump(), before);
}

TEST_F(StateContract, KeepsRulesOncePerHashAndTheEngineOfEachCycle) {
    auto store = open();
    for (int d = 0; d < 3; ++d) {
        auto state = make_state({.seed = 1, .last = day(d), .days = 1});
        state.rules_hash = d < 2 ? "one" : "two";
        commit(*store, state);
    }
    EXPECT_EQ(number("SELECT count(*) FROM rules"), 2);
    EXPECT_EQ(number("SELECT count(*) FROM rules WHERE hash = 'one' AND text = 'rules one'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM cycle WHERE engine = '1'"), 3);
}

TEST_F(StateContract, KnowsByWhoseRulesAPastDayWasJudged) {
    auto store = open();
    EXPECT_EQ(store->newest_cycle(first_day).value(), std::nullopt);
    State state = make_state({.last = first_day});
    state.rules_hash = "one";
    commit(*store, state);
    state = make_state({.last = day(5)});
    state.rules_hash = "two";
    commit(*store, state);
    const auto at = [&](int number) { return store->newest_cycle(day(number)).value(); };
    EXPECT_EQ(at(-1), std::nullopt);
    for (const int number : {0, 4}) {
        EXPECT_EQ(at(number)->day, first_day);
        EXPECT_EQ(at(number)->rules_text, "rules one");
    }
    EXPECT_EQ(at(5)->rules_hash, "two");
    EXPECT_EQ(at(400)->engine_version, "1");
}

TEST_F(StateContract, AuditsEachTransitionOnce) {
    auto store = open();
    State state{.as_of = day(0), .rules_hash = "h"};
    Alert alert{.key = {.rule = "drifting", .scope = Scope::customer, .entity = "c1"},
                .phase = AlertPhase::pending,
                .episode = 1,
                .seq = 1,
                .reasons = {"pace <= -0.15 (-0.2)", "due soon"}};
    const auto step = [&](int d, const std::vector<Alert>& alerts) {
        state.as_of = day(d);
        state.alerts = alerts;
        commit(*store, state);
    };
    step(0, {alert});
    step(0, {alert});
    alert.phase = AlertPhase::firing;
    alert.seq = 2;
    step(1, {alert});
    alert.message = "only another wording";
    step(1, {alert});
    step(2, {});
    EXPECT_EQ(number("SELECT count(*) FROM alert_event"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM alert_event WHERE phase_before IS NULL AND phase = 'pending' "
                     "AND reasons = 'pace <= -0.15 (-0.2); due soon'"),
              1);
    EXPECT_EQ(number("SELECT count(*) FROM alert_event WHERE phase_before = 'pending' AND phase = 'firing'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM alert_event WHERE phase_before = 'firing' AND phase IS NULL"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM alert_reason"), 0);
}

TEST_F(StateContract, AFailedCommitChangesNothing) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a")});
    const auto before = dump({});
    auto broken = make_state({.seed = 2, .last = day(1)});
    broken.feeds.push_back(broken.feeds.back());  // twice the same feed breaks the key, after scores were written
    const auto refused =
        store->commit({.state = broken, .outbox = {payload("b")}, .now = noon, .engine_version = "", .rules_text = ""});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(dump({}), before);
    commit(*store, make_state({.seed = 3, .last = day(1)}));
}

TEST_F(StateContract, ARenamedRuleKeepsAllThatIsStoredUnderItsFormerName) {
    auto store = open();
    const auto keyed = [](const std::string& rule) {
        return AlertKey{.rule = rule, .scope = Scope::customer, .entity = "c1"};
    };
    const auto cycle = [&](const std::string& rule, std::vector<Payload> outbox, std::vector<LedgerEntry> opened) {
        State state{.as_of = day(0), .rules_hash = "h", .rules = {{.rule = rule, .hash = "1"}}};
        Alert alert{.key = keyed(rule), .customer_id = "c1", .phase = AlertPhase::firing, .episode = 2, .seq = 4};
        alert.told = {{.receiver = "managers", .recipient = "m1", .episode = 2, .at = noon}};
        state.alerts = {alert};
        const auto done = store->commit({.state = state,
                                         .outbox = std::move(outbox),
                                         .ledger = {.opened = std::move(opened)},
                                         .now = noon,
                                         .engine_version = "1",
                                         .rules_text = ""});
        ASSERT_TRUE(done.ok()) << to_string(done.error());
    };
    auto sent = payload("sent"), waits = payload("waits", "late");
    sent.tells = waits.tells = {{.alert = {.key = keyed("old")}, .episode = 2, .seq = 4}};
    cycle("old", {sent, waits}, {{.key = keyed("old"), .episode = 2, .customer_id = "c1", .opened_on = day(0)}});
    claim(*store, noon, {"late"});
    settle(*store, {.delivery_id = "sent", .next_at = noon});
    auto desk = open_desk(settings_, {.directory = folder_.path()}).value();
    const Act act{.key = keyed("old"), .episode = 2, .at = noon, .until = noon + 24h, .by = "m1", .via = "link"};
    ASSERT_TRUE(desk->add(act).ok());
    const AlertSilence silence{.id = "",
                               .match = {{.field = "rule", .values = {"old", "other"}},
                                         {.field = "entity", .negated = true, .values = {"old"}}},
                               .from = noon,
                               .until = noon + 24h,
                               .author = "kim",
                               .comment = "known"};
    ASSERT_TRUE(desk->add(silence, noon).ok());
    const auto events = desk->story(keyed("old")).value()->events.size();

    const std::vector<RuleRename> renames = {{.was = "old", .name = "new"}, {.was = "never", .name = "there"}};
    for (int times = 0; times < 2; ++times) ASSERT_TRUE(store->rename(renames).ok());
    const State state = load(*store, day(0));
    ASSERT_EQ(state.alerts.size(), 1u);
    EXPECT_EQ(state.alerts[0].key, keyed("new"));
    EXPECT_EQ(state.rules[0].rule, "new");
    cycle("new", {}, {{.key = keyed("new"), .episode = 2, .customer_id = "c1", .opened_on = day(9)}});

    const auto happened = store->happened(noon).value();
    ASSERT_EQ(happened.acts.size(), 1u);
    EXPECT_EQ(happened.acts[0].key, keyed("new"));
    ASSERT_EQ(happened.delivered.size(), 1u);
    EXPECT_EQ(happened.delivered[0].key, keyed("new"));
    ASSERT_EQ(happened.waiting.size(), 1u);
    EXPECT_EQ(happened.waiting[0].tells[0].alert.key, keyed("new"));
    ASSERT_EQ(happened.unlabelled.size(), 1u);
    EXPECT_EQ(happened.unlabelled[0].key, keyed("new"));
    EXPECT_EQ(happened.unlabelled[0].opened_on, day(0)) << "the same episode";
    EXPECT_THAT(happened.silences[0].match[0].values, ElementsAre("new", "other"));
    EXPECT_THAT(happened.silences[0].match[1].values, ElementsAre("old")) << "that names no rule";
    const auto story = desk->story(keyed("new")).value();
    ASSERT_TRUE(story.has_value());
    EXPECT_EQ(story->events.size(), events) << "neither forgotten nor begun anew";
    EXPECT_EQ(story->deliveries.size(), 2u);
    EXPECT_EQ(story->acts.size(), 1u);
    EXPECT_THAT(dump(), Not(HasSubstr("'old','customer'")));
}

TEST_F(StateContract, ARenamedRuleLeavesWhatItsNewNameHas) {
    auto store = open();
    const auto keyed = [](const std::string& rule, const std::string& entity) {
        return AlertKey{.rule = rule, .scope = Scope::customer, .entity = entity};
    };
    State state{
        .as_of = day(0), .rules_hash = "h", .rules = {{.rule = "new", .hash = "n"}, {.rule = "old", .hash = "o"}}};
    for (const auto& [rule, entity] : {std::pair{"new", "both"}, {"old", "both"}, {"old", "one"}})
        state.alerts.push_back({.key = keyed(rule, entity), .customer_id = rule, .episode = 1, .seq = 1});
    commit(*store, state);
    ASSERT_TRUE(store->rename(std::vector<RuleRename>{{.was = "old", .name = "new"}}).ok());
    const State after = load(*store, day(0));
    ASSERT_EQ(after.alerts.size(), 3u);
    EXPECT_EQ(after.alerts[0].key, keyed("new", "both"));
    EXPECT_EQ(after.alerts[0].customer_id, "new");
    EXPECT_EQ(after.alerts[1].key, keyed("new", "one"));
    EXPECT_EQ(after.alerts[2].key, keyed("old", "both"));
}

// -- the outbox -----------------------------------------------------------------------------------------------------

TEST_F(StateContract, AMessageIsClaimedSentAndSettledOnce) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a", "managers", "x@example.org")});
    const auto claimed = claim(*store);
    ASSERT_THAT(ids(claimed), ElementsAre("a"));
    const auto expected = payload("a", "managers", "x@example.org");
    EXPECT_EQ(claimed[0].payload.recipient, expected.recipient);
    EXPECT_EQ(claimed[0].payload.subject, expected.subject);
    EXPECT_EQ(claimed[0].payload.text, expected.text);
    EXPECT_EQ(claimed[0].payload.html, expected.html);
    EXPECT_EQ(claimed[0].payload.json, expected.json);
    EXPECT_EQ(claimed[0].created_at, noon);
    EXPECT_EQ(claimed[0].claims, 1);
    EXPECT_THAT(claim(*store), IsEmpty());
    settle(*store, {.delivery_id = "a"});
    EXPECT_THAT(claim(*store, noon + 1000h), IsEmpty());
    const auto counts = *store->outbox();
    ASSERT_EQ(counts.size(), 1u);
    EXPECT_EQ(counts[0].status, DeliveryStatus::delivered);
    EXPECT_EQ(counts[0].messages, 1u);
}

TEST_F(StateContract, AMessageThatIsThereAlreadyIsLeftAsItIs) {
    auto store = open();
    const auto state = make_state({.seed = 1, .last = day(0)});
    commit(*store, state, {payload("a")});
    claim(*store);
    settle(*store, {.delivery_id = "a"});
    auto again = payload("a");
    again.text = "something else";
    commit(*store, state, {again});
    EXPECT_THAT(claim(*store), IsEmpty());
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE text LIKE 'text%'"), 1);
}

TEST_F(StateContract, ClaimsOnePerReceiverThatIsNotBusyOldestFirst) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}),
           {payload("a1", "a"), payload("b1", "b"), payload("a2", "a"), payload("c1", "c"), payload("d1", "d")});
    EXPECT_THAT(ids(claim(*store, noon, {"b"}, 2)), ElementsAre("a1", "c1"));
    EXPECT_THAT(ids(claim(*store, noon, {"a", "c"}, 4)), ElementsAre("b1", "d1"));
    EXPECT_THAT(ids(claim(*store)), IsEmpty()) << "a2 waits for a1, which has no result yet";
    settle(*store, {.delivery_id = "a1"});
    EXPECT_THAT(ids(claim(*store)), ElementsAre("a2"));
}

TEST_F(StateContract, OneBadRecipientDelaysNobodyElse) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}),
           {payload("x1", "mail", "x"), payload("x2", "mail", "x"), payload("y1", "mail", "y")});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("x1"));
    settle(*store,
           {.delivery_id = "x1", .status = DeliveryStatus::retry, .next_at = noon + 60s, .error_class = "smtp_451"});
    ASSERT_THAT(ids(claim(*store)), ElementsAre("y1"));
    settle(*store, {.delivery_id = "y1"});
    EXPECT_THAT(claim(*store), IsEmpty()) << "x2 must not overtake x1";
    EXPECT_THAT(claim(*store, noon + 60s - 1s), IsEmpty());
    const auto retried = claim(*store, noon + 60s);
    ASSERT_THAT(ids(retried), ElementsAre("x1"));
    EXPECT_EQ(retried[0].attempts, 1);
    EXPECT_EQ(retried[0].error_class, "smtp_451");
}

TEST_F(StateContract, AMessageTriedTooOftenNoLongerHoldsBackTheNext) {
    auto store = open({.limits = {.tries_until_passed = 2}});
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("poison"), payload("good")});
    for (int tries = 0; tries < 2; ++tries) {
        ASSERT_THAT(ids(claim(*store)), ElementsAre("poison"));
        settle(*store,
               {.delivery_id = "poison", .status = DeliveryStatus::retry, .next_at = noon + (tries == 0 ? 0h : 1h)});
    }
    EXPECT_THAT(ids(claim(*store)), ElementsAre("good"));
}

TEST_F(StateContract, WhatWasInFlightWhenAProcessDiedIsDueAgainAndItsClaimsAreCounted) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a")});
    for (int crash = 1; crash <= 4; ++crash) {
        const auto claimed = claim(*store);
        ASSERT_THAT(ids(claimed), ElementsAre("a")) << crash;
        EXPECT_EQ(claimed[0].claims, crash);
        store.reset();
        store = open();
        EXPECT_EQ(*store->recover(noon), 1u);
        EXPECT_EQ(*store->recover(noon), 0u);
    }
}

TEST_F(StateContract, ATryThatDoesNotCountIsAsIfItHadNotBeenClaimed) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a")});
    settle(*store, {.delivery_id = claim(*store).at(0).payload.delivery_id,
                    .status = DeliveryStatus::retry,
                    .next_at = noon,
                    .refused = true});
    claim(*store);
    ASSERT_EQ(*store->recover(noon), 1u);
    for (int stop = 0; stop < 3; ++stop) {
        const auto claimed = claim(*store);
        ASSERT_THAT(ids(claimed), ElementsAre("a"));
        EXPECT_EQ(claimed[0].claims, 2) << "the crash before it still counts";
        EXPECT_EQ(claimed[0].attempts, 1);
        EXPECT_EQ(claimed[0].refusals, 1);
        settle(*store,
               {.delivery_id = "a", .status = DeliveryStatus::retry, .next_at = noon, .counts_as_attempt = false});
    }
}

TEST_F(StateContract, RefusalsAreCountedInARow) {
    struct Try {
        bool refused;
        int refusals;
    };
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a")});
    int attempts = 0;
    for (const Try each : {Try{false, 0}, Try{true, 1}, Try{true, 2}, Try{false, 0}, Try{true, 1}}) {
        claim(*store);
        settle(*store, {.delivery_id = "a", .status = DeliveryStatus::retry, .next_at = noon, .refused = each.refused});
        const auto claimed = claim(*store);
        ASSERT_THAT(ids(claimed), ElementsAre("a"));
        EXPECT_EQ(claimed[0].attempts, ++attempts);
        EXPECT_EQ(claimed[0].refusals, each.refusals) << "after " << attempts;
        settle(*store,
               {.delivery_id = "a", .status = DeliveryStatus::retry, .next_at = noon, .counts_as_attempt = false});
    }
}

TEST_F(StateContract, AResultForgetsTheClaimsBeforeIt) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}), {payload("a")});
    for (int tries = 0; tries < 6; ++tries) {
        ASSERT_THAT(ids(claim(*store)), ElementsAre("a"));
        settle(*store, {.delivery_id = "a", .status = DeliveryStatus::retry, .next_at = noon});
    }
}

TEST_F(StateContract, TellsWhatWasGivenUpWithinTheDayBefore) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}),
           {payload("old", "a"), payload("one", "b"), payload("two", "b"), payload("sent", "c"), payload("odd", "d")});
    const auto give_up = [&](const std::string& id, DeliveryStatus status, Instant at, const std::string& why) {
        settle(*store, {.delivery_id = id, .status = status, .next_at = at, .error_class = why});
    };
    give_up("old", DeliveryStatus::dead, noon - 25h, "http_404");
    give_up("one", DeliveryStatus::dead, noon - 23h, "http_404");
    give_up("two", DeliveryStatus::dead, noon, "http_410");
    give_up("sent", DeliveryStatus::delivered, noon, "");
    give_up("odd", DeliveryStatus::quarantined, noon - 1h, "no_result");
    const auto found = store->happened(noon)->undelivered;
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].receiver, "b");
    EXPECT_EQ(found[0].messages, 2u);
    EXPECT_EQ(found[0].error_class, "http_410") << "of the last one";
    EXPECT_EQ(found[1].receiver, "d");
}

TEST_F(StateContract, AFullOutboxDropsWhatIsDeliveredAndNeverWhatWaits) {
    struct Case {
        std::string sentence;
        OutboxLimits limits;
        std::size_t delivered_left, waiting;
    };
    const std::vector<Case> cases = {
        {"nothing is full", {.rows = 100, .bytes = 1 << 20}, 6, 4},
        {"too many rows: the oldest delivered ones go", {.rows = 7, .bytes = 1 << 20}, 3, 4},
        {"fewer rows allowed than wait: all that wait stay", {.rows = 2, .bytes = 1 << 20}, 0, 4},
        {"too many bytes", {.rows = 100, .bytes = 10}, 0, 4},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::filesystem::remove(file());
        auto store = open({.limits = c.limits});
        const auto state = make_state({.seed = 1, .last = day(0)});
        for (int i = 0; i < 6; ++i) {
            commit(*store, state, {payload(fmt::format("old{}", i))}, noon + Seconds{i});
            claim(*store, noon + 1h);
            settle(*store, {.delivery_id = fmt::format("old{}", i)});
        }
        for (int i = 0; i < 4; ++i) commit(*store, state, {payload(fmt::format("new{}", i))}, noon + 1h);
        EXPECT_EQ(static_cast<std::size_t>(number("SELECT count(*) FROM outbox WHERE status = 'delivered'")),
                  c.delivered_left);
        EXPECT_EQ(static_cast<std::size_t>(number("SELECT count(*) FROM outbox WHERE status = 'queued'")), c.waiting);
    }
}

// -- more than one connection ---------------------------------------------------------------------------------------

TEST_F(StateContract, ASecondOwnerIsRefusedAndTheFirstGoesOn) {
    auto store = open();
    const auto error = open_error();
    EXPECT_EQ(error.kind, ErrorKind::state);
    EXPECT_THAT(error.message, HasSubstr(fmt::format("held by process {}", ::getpid())));
    commit(*store, make_state({.seed = 1, .last = day(0)}));
    store.reset();
    EXPECT_NE(open(), nullptr) << "the lock ends with its holder";
}

TEST_F(StateContract, ReadersNeedNoLockAndCannotWrite) {
    auto before = open({.access = StateAccess::reader});
    EXPECT_EQ(to_text(load(*before, day(0))), to_text(State{})) << "there is no file yet";
    EXPECT_FALSE(std::filesystem::exists(file()));
    auto owner = open();
    const auto state = make_state({.seed = 1, .last = day(0)});
    commit(*owner, state);
    auto reader = open({.access = StateAccess::reader});
    EXPECT_EQ(to_text(load(*reader, day(0))), to_text(state));
    EXPECT_FALSE(
        reader->commit({.state = state, .outbox = {}, .now = noon, .engine_version = "", .rules_text = ""}).ok());
    commit(*owner, make_state({.seed = 2, .last = day(1)}));
    EXPECT_EQ(*reader->newest_day(), day(1));
}

TEST_F(StateContract, TwoThreadsCommitAndDeliverThroughConnectionsOfTheirOwn) {
    constexpr int cycles = 40;
    auto owner = open();
    commit(*owner, make_state({.seed = 1, .last = day(0)}));
    std::set<std::string> delivered;
    std::thread sender{[&] {
        auto mine = open({.access = StateAccess::companion});
        while (delivered.size() < cycles) {
            for (const auto& one : claim(*mine, noon + 1h)) {
                EXPECT_TRUE(delivered.insert(one.payload.delivery_id).second);
                settle(*mine, {.delivery_id = one.payload.delivery_id});
            }
        }
    }};
    for (int i = 1; i <= cycles; ++i) {
        commit(*owner, make_state({.seed = static_cast<std::uint64_t>(i), .last = day(i), .customers = 50}),
               {payload(fmt::format("m{}", i), fmt::format("r{}", i % 3))});
    }
    sender.join();
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE status = 'delivered'"), cycles);
}

TEST_F(StateContract, ALockedFileIsReportedAsBusy) {
    auto store = open({.patience = Seconds{0}});
    soci::session other(soci::sqlite3, "db=" + file());
    other << "BEGIN IMMEDIATE";
    const auto state = make_state({.seed = 1, .last = day(0)});
    const auto refused =
        store->commit({.state = state, .outbox = {}, .now = noon, .engine_version = "", .rules_text = ""});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::state);
    EXPECT_THAT(refused.error().message, HasSubstr("another process is writing"));
    other << "ROLLBACK";
    commit(*store, state);
}

// -- the file -------------------------------------------------------------------------------------------------------

TEST_F(StateContract, TheFileIsDurableAndPrivate) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}));
    std::string mode;
    soci::session sql(soci::sqlite3, "db=" + file());
    sql << "PRAGMA journal_mode", soci::into(mode);
    EXPECT_EQ(mode, "wal");
    EXPECT_EQ(std::filesystem::status(file()).permissions() & std::filesystem::perms::mask,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_GT(*store->size_bytes(), 4096u);
    EXPECT_EQ(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

TEST_F(StateContract, ANewerSchemaIsRefusedAndLeftAlone) {
    open().reset();
    run(fmt::format("PRAGMA user_version = {}", migrations().size() + 1));
    for (const auto access : {StateAccess::owner, StateAccess::reader, StateAccess::companion}) {
        const auto error = open_error({.access = access, .accept_loss = true});
        EXPECT_EQ(error.kind, ErrorKind::state);
        EXPECT_THAT(error.message, HasSubstr("newer"));
        EXPECT_THAT(error.hint, HasSubstr("a copy of the file"));
    }
    EXPECT_EQ(number("SELECT user_version FROM pragma_user_version"), static_cast<long long>(migrations().size() + 1));
}

TEST_F(StateContract, AnotherProgramsDatabaseIsRefused) {
    run("CREATE TABLE account (id INTEGER)");
    const auto error = open_error();
    EXPECT_EQ(error.kind, ErrorKind::state);
    EXPECT_THAT(error.message, HasSubstr("none of retaind's"));
}

TEST_F(StateContract, AnOlderSchemaIsBroughtForwardWholeOrNotAtAll) {
    const auto state = make_state({.seed = 1, .last = day(0)});
    commit(*open(), state);
    std::vector<Migration> future(migrations().begin(), migrations().end());
    future.push_back({"ALTER TABLE cycle ADD COLUMN note TEXT NOT NULL DEFAULT 'old'"});
    future.push_back({"CREATE TABLE extra (id INTEGER)", "CREATE TABLE cycle (day INTEGER)"});  // the second one fails
    soci::session sql(soci::sqlite3, "db=" + file());
    EXPECT_FALSE(expect_current(sql, future).ok()) << "who only reads must not bring it forward";
    EXPECT_THROW((void)bring_forward(sql, future), soci::soci_error);
    EXPECT_EQ(schema_version(sql), static_cast<int>(migrations().size()) + 1) << "the first one stands";
    EXPECT_EQ(number("SELECT count(*) FROM cycle WHERE note = 'old'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM sqlite_master WHERE name = 'extra'"), 0)
        << "half of the second one is undone";
    future.back() = {"CREATE TABLE extra (id INTEGER)"};
    EXPECT_TRUE(bring_forward(sql, future).ok());
    EXPECT_TRUE(expect_current(sql, future).ok());
}

TEST_F(StateContract, ACorruptFileIsALostStateAndKeptAsideOnlyWhenAccepted) {
    struct Damage {
        std::string sentence;
        std::size_t offset;
    };
    for (const auto& damage : {Damage{"the header", 0}, Damage{"a page in the middle", 3 * 4096}}) {
        SCOPED_TRACE(damage.sentence);
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) std::filesystem::remove(entry);
        {
            auto store = open();
            commit(*store, make_state({.seed = 1, .last = day(0), .customers = 500}));
        }
        {
            std::fstream raw{file(), std::ios::in | std::ios::out | std::ios::binary};
            raw.seekp(static_cast<std::streamoff>(damage.offset));
            raw << std::string(4096, '\x5a');
        }
        const auto error = open_error();
        EXPECT_EQ(error.kind, ErrorKind::state_lost);
        EXPECT_EQ(exit_code(error.kind), 6);
        EXPECT_THAT(error.hint, HasSubstr("--accept-state-loss"));
        EXPECT_FALSE(std::filesystem::exists(file() + ".lost-1"));
        auto fresh = open({.accept_loss = true});
        ASSERT_NE(fresh, nullptr);
        EXPECT_EQ(to_text(load(*fresh, day(0))), to_text(State{}));
        EXPECT_TRUE(std::filesystem::exists(file() + ".lost-1"));
    }
}

TEST_F(StateContract, AStoredWordNobodyWroteIsALostState) {
    auto store = open();
    commit(*store, make_state({.seed = 1, .last = day(0)}));
    run("UPDATE score_day SET band = 'purple'");
    const auto state = store->load(day(0), false);
    ASSERT_FALSE(state.ok());
    EXPECT_EQ(state.error().kind, ErrorKind::state_lost);
}

TEST_F(StateContract, AFolderThatIsNotThereIsAStateError) {
    settings_.connection = "db=" + folder_.file("nowhere/state.db");
    for (const auto access : {StateAccess::owner, StateAccess::companion}) {
        EXPECT_EQ(open_error({.access = access}).kind, ErrorKind::state);
    }
}

TEST(StateFile, IsTheOneTheSettingsName) {
    struct Case {
        std::string sentence, connection, path;
    };
    const std::vector<Case> cases = {
        {"nothing said: in the state directory", "", "/var/lib/retaind/state.db"},
        {"as SOCI writes it", "db=/srv/a.db", "/srv/a.db"},
        {"its other name", "dbname=/srv/a.db", "/srv/a.db"},
        {"a path alone", "/srv/a b.db", "/srv/a b.db"},
        {"quoted", "db=\"/srv/a b.db\"", "/srv/a b.db"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(*state_file({.connection = c.connection}, "/var/lib/retaind"), c.path) << c.sentence;
    }
    EXPECT_EQ(state_file({.connection = "db=a timeout=3"}, ".").error().kind, ErrorKind::config);
    EXPECT_EQ(state_file({.backend = Backend::mysql}, ".").error().kind, ErrorKind::config);
}

// -- retention ------------------------------------------------------------------------------------------------------

TEST_F(StateContract, KeepsScoresDailyThenWeeklyThenNotAtAll) {
    retention_.scores = std::chrono::days{200};
    auto store = open();
    for (int d = 0; d < 300; ++d) {
        auto state = make_state({.seed = 1, .last = day(d), .days = 1, .customers = 1, .promises = 1, .alerts = 0});
        state.rules_hash = d < 50 ? "old" : "new";
        commit(*store, state);
    }
    const Instant now{day(300)};
    ASSERT_TRUE(store->prune(retention_, now).ok());
    for (const std::string table : {"score_day", "cycle", "promise_day", "adopted_rule"}) {
        SCOPED_TRACE(table);
        EXPECT_EQ(number("SELECT count(DISTINCT day) FROM " + table), 92 + 15);
        EXPECT_EQ(number("SELECT count(*) FROM " + table + " WHERE day < " +
                         std::to_string(day(100).time_since_epoch().count())),
                  0);
        EXPECT_EQ(number("SELECT count(*) FROM " + table + " WHERE day < " +
                         std::to_string(day(208).time_since_epoch().count()) +
                         " AND strftime('%w', day * 86400, "
                         "'unixepoch') <> '0'"),
                  0)
            << "of older weeks only Sundays stay";
    }
    EXPECT_EQ(number("SELECT count(*) FROM rules"), 1) << "rules that no cycle refers to go";
}

TEST_F(StateContract, KeepsTheFactsOfEveryDayWhoseScoresItKeeps) {
    retention_.scores = std::chrono::days{200};
    auto store = open();
    for (int d = 0; d < 300; ++d) {
        std::vector<CustomerFacts> changed = {{"often", "o" + std::to_string(d)}};
        if (d % 45 == 0) changed.push_back({"seldom", "s" + std::to_string(d)});
        if (d == 0) changed.push_back({"never", "n"});
        see(*store, day(d), changed);
    }
    std::map<Day, std::vector<std::string>> before;
    for (int d = 0; d < 300; ++d) before[day(d)] = facts(*store, day(d));
    const Instant now{day(300)};
    ASSERT_TRUE(store->prune(retention_, now).ok());
    int kept = 0;
    for (const auto& [when, expected] : before) {
        const auto column = std::to_string(when.time_since_epoch().count());
        if (number("SELECT count(*) FROM cycle WHERE day = " + column) == 0) continue;
        ++kept;
        EXPECT_EQ(facts(*store, when), expected) << format_day(when);
    }
    EXPECT_EQ(kept, 92 + 15);
    EXPECT_EQ(number("SELECT count(*) FROM facts WHERE customer = (SELECT key FROM customer WHERE id = 'never')"), 1);
    EXPECT_LE(number("SELECT count(*) FROM facts"), 92 + 16 + 7 + 1) << "what holds on no kept day is gone";
}

TEST_F(StateContract, TheNewestCycleStaysHoweverOldItIs) {
    auto store = open();
    const auto state = make_state({.seed = 1, .last = day(0), .days = 1});
    commit(*store, state);
    ASSERT_TRUE(store->prune(retention_, Instant{day(5000)}).ok());
    EXPECT_EQ(to_text(load(*store, day(0))), to_text(state));
}

TEST_F(StateContract, ForgetsDeliveredPayloadsButNothingThatWaits) {
    retention_.payloads = std::chrono::days{30};
    auto store = open();
    const auto state = make_state({.seed = 1, .last = day(0)});
    commit(*store, state, {payload("sent", "a"), payload("waits", "b"), payload("dead", "c")});
    claim(*store, noon, {"b"});
    settle(*store, {.delivery_id = "sent"});
    settle(*store, {.delivery_id = "dead", .status = DeliveryStatus::dead});
    ASSERT_TRUE(store->prune(retention_, noon + 29 * 24h).ok());
    EXPECT_EQ(number("SELECT count(*) FROM outbox"), 3);
    ASSERT_TRUE(store->prune(retention_, noon + 31 * 24h).ok());
    EXPECT_EQ(number("SELECT count(*) FROM outbox"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM outbox WHERE delivery_id = 'waits'"), 1);
}

TEST_F(StateContract, NoValueIsEverReadAsSql) {
    auto store = open();
    auto state = make_state({.seed = 1, .last = day(0)});
    state.customers[0].customer_id = "'); DROP TABLE score_day; --";
    std::ranges::sort(state.customers, {}, &CustomerMemory::customer_id);
    commit(*store, state, {payload("x'; DELETE FROM outbox; --", "r :a", "\"q\"")}, noon,
           {{"'); DROP TABLE facts; --", "'); DROP TABLE facts; -- :id"}});
    EXPECT_THAT(facts(*store, day(0)), ElementsAre("'); DROP TABLE facts; -- '); DROP TABLE facts; -- :id"));
    EXPECT_EQ(to_text(load(*store, day(0))), to_text(state));
    EXPECT_EQ(claim(*store).size(), 1u);
}

}  // namespace
}  // namespace retaind
