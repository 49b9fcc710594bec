// What people do with alerts, read off what they did (ALERTS.md "People").
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/alerts/handling.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr Instant start{Day{std::chrono::year{2026} / 3 / 10}};
const AlertKey key{.rule = "drift", .scope = Scope::customer, .entity = "c1"};
const Alert alert{.key = key, .customer_id = "c1", .phase = AlertPhase::firing, .episode = 2};

Act act(ActKind kind, Seconds after, Seconds holds, std::string by = "ada") {
    return {.key = key,
            .episode = 2,
            .kind = kind,
            .at = start + after,
            .until = start + after + holds,
            .by = by,
            .via = "link"};
}

struct HandlingCase {
    std::string sentence;
    std::vector<Act> acts;
    Seconds at;
    bool acknowledged = false, snoozed = false;
    std::string by = {};
    Severity severity = Severity::warning;  ///< of the alert
};

TEST(Handling, IsReadOffActs) {
    Act other = act(ActKind::seen, 0h, 72h);
    other.episode = 1;
    Act elsewhere = act(ActKind::seen, 0h, 72h);
    elsewhere.key.entity = "c2";
    Act on_critical = act(ActKind::on_it, 0h, 72h);
    on_critical.severity = Severity::critical;
    const std::vector<HandlingCase> cases = {
        {"nobody did anything", {}, 1h},
        {"seen", {act(ActKind::seen, 0h, 72h)}, 1h, true, false, "ada"},
        {"up to its last second", {act(ActKind::seen, 0h, 72h)}, 72h - 1s, true, false, "ada"},
        {"and no longer", {act(ActKind::seen, 0h, 72h)}, 72h},
        {"who has it in hand for longer counts",
         {act(ActKind::seen, 0h, 3h), act(ActKind::on_it, 1h, 72h, "bo"), act(ActKind::seen, 2h, 3h)},
         3h,
         true,
         false,
         "bo"},
        {"a glance takes it out of nobody's hands",
         {act(ActKind::on_it, 0h, 72h), act(ActKind::seen, 1h, 3h, "bo")},
         5h,
         true,
         false,
         "ada"},
        {"an act from the future is not yet", {act(ActKind::seen, 2h, 72h)}, 1h},
        {"of another episode", {other}, 1h},
        {"of another alert", {elsewhere}, 1h},
        {"it has risen since", {act(ActKind::seen, 0h, 72h)}, 1h, false, false, "", Severity::critical},
        {"it was that severe already", {on_critical}, 1h, true, false, "ada", Severity::critical},
        {"it has eased since", {on_critical}, 1h, true, false, "ada"},
        {"a snooze is no answer", {act(ActKind::snooze, 0h, 24h)}, 1h, false, true},
        {"and outlives a rise", {act(ActKind::snooze, 0h, 24h)}, 1h, false, true, "", Severity::critical},
        {"both", {act(ActKind::seen, 0h, 72h), act(ActKind::snooze, 1h, 24h)}, 2h, true, true, "ada"},
        {"resumed", {act(ActKind::seen, 0h, 72h), act(ActKind::snooze, 1h, 24h), act(ActKind::resume, 2h, 0h)}, 3h},
        {"to let go of a held alert is no answer", {act(ActKind::release, 0h, 72h)}, 1h},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        Alert now = alert;
        now.severity = c.severity;
        const Handling handling = handling_of(now, c.acts, start + c.at);
        EXPECT_EQ(handling.acknowledged_until.has_value(), c.acknowledged);
        EXPECT_EQ(handling.snoozed_until.has_value(), c.snoozed);
        EXPECT_EQ(handling.acknowledged_by, c.by);
    }
}

TEST(Handling, RemembersWhoAnsweredAndThatItWasCalledWrong) {
    const std::vector<Act> acts = {act(ActKind::wrong, 0h, 1h, "cid"), act(ActKind::seen, 1h, 1h, "ada"),
                                   act(ActKind::seen, 2h, 1h, "ada")};
    const Handling handling = handling_of(alert, acts, start + 48h);
    EXPECT_THAT(handling.answered, ElementsAre("ada", "cid"));
    EXPECT_TRUE(handling.called_wrong);
    EXPECT_FALSE(handling.acknowledged_until);
}

TEST(Handling, EndsWhenTheAccountGoesToAnotherManager) {
    Alert moved = alert;
    moved.owner = "bo";
    moved.handed_over_at = start + 10h;
    struct Case {
        std::string sentence;
        Act act;
        bool holds;
    };
    const std::vector<Case> cases = {
        {"what the former manager did", act(ActKind::seen, 9h, 72h), false},
        {"and put off", act(ActKind::snooze, 9h, 72h), false},
        {"and called wrong", act(ActKind::wrong, 9h, 72h), false},
        {"up to that very second", act(ActKind::seen, 10h, 72h), false},
        {"what anybody did since", act(ActKind::seen, 10h + 1s, 72h), true},
        {"what the new manager did before, as a deputy say", act(ActKind::snooze, 9h, 72h, "bo"), true},
    };
    for (const auto& c : cases) {
        const Handling handling = handling_of(moved, std::vector{c.act}, start + 20h);
        EXPECT_EQ(handling.acknowledged_until || handling.snoozed_until, c.holds) << c.sentence;
    }
    const Handling wrong = handling_of(moved, std::vector{cases[2].act}, start + 20h);
    EXPECT_TRUE(wrong.called_wrong) << "that stays true of the rule";
    EXPECT_THAT(wrong.answered, ElementsAre("ada"));
    EXPECT_EQ(time_in_hand(moved, std::vector{cases[0].act}, start, start + 100h), 1h);
}

TEST(TimeInHand, IsTheTimeInWhichEscalationStoodStill) {
    struct Case {
        std::string sentence;
        std::vector<Act> acts;
        Seconds expected;  ///< of the first 100 hours
    };
    Act low = act(ActKind::seen, 10h, 20h);
    const std::vector<Case> cases = {
        {"never", {}, 0h},
        {"once", {low}, 20h},
        {"longer than is asked for", {act(ActKind::seen, 90h, 72h)}, 10h},
        {"before it is counted", {act(ActKind::seen, -20h, 10h)}, 0h},
        {"since before", {act(ActKind::seen, -20h, 30h)}, 10h},
        {"two apart", {low, act(ActKind::on_it, 50h, 5h)}, 25h},
        {"two that overlap count once", {low, act(ActKind::on_it, 20h, 20h)}, 30h},
        {"a shorter one ends none", {low, act(ActKind::on_it, 15h, 1h)}, 20h},
        {"one within another, and one after both",
         {low, act(ActKind::on_it, 15h, 1h), act(ActKind::seen, 40h, 5h)},
         25h},
        {"resumed", {low, act(ActKind::resume, 12h, 0h)}, 2h},
        {"a snooze counts too", {act(ActKind::snooze, 10h, 20h)}, 20h},
        {"the clock went back between two", {act(ActKind::snooze, 50h, 5h), low}, 25h},
        {"the clock went back after a resume", {act(ActKind::resume, 28h, 0h), low}, 20h},
        {"one from the future is not yet", {act(ActKind::seen, 120h, 5h), low}, 20h},
    };
    for (const auto& c : cases) EXPECT_EQ(time_in_hand(alert, c.acts, start, start + 100h), c.expected) << c.sentence;
    Alert risen = alert;
    risen.severity = Severity::critical;
    EXPECT_EQ(time_in_hand(risen, std::vector{low}, start, start + 100h), 0h) << "nobody answered the critical one";
}

TEST(Silences, MatchOnWhatIsKnownAndLast) {
    const AlertFacts facts{.key = key, .severity = Severity::critical, .customer_id = "c1", .segment = "west"};
    const auto silence = [](std::vector<Route::Match> match) {
        return AlertSilence{.id = "s",
                            .match = std::move(match),
                            .from = start,
                            .until = start + 2h,
                            .author = "ada",
                            .comment = "moving"};
    };
    EXPECT_FALSE(matches(silence({}), facts)) << "one that matches everything is a mistake";
    EXPECT_TRUE(matches(silence({{.field = "segment", .values = {"east", "west"}}}), facts));
    EXPECT_FALSE(matches(silence({{.field = "segment", .negated = true, .values = {"west"}}}), facts));
    EXPECT_FALSE(
        matches(silence({{.field = "rule", .values = {"drift"}}, {.field = "entity", .values = {"c2"}}}), facts));
    const std::vector<AlertSilence> silences = {silence({{.field = "rule", .values = {"drift"}}})};
    EXPECT_EQ(silenced_until(silences, facts, start - 1s), std::nullopt);
    EXPECT_EQ(silenced_until(silences, facts, start), start + 2h);
    EXPECT_EQ(silenced_until(silences, facts, start + 2h), std::nullopt);
}

TEST(ActKinds, AreReadBackAsTheyAreWritten) {
    for (const auto kind :
         {ActKind::seen, ActKind::on_it, ActKind::wrong, ActKind::snooze, ActKind::resume, ActKind::release})
        EXPECT_EQ(parse_act_kind(act_kind_name(kind)), kind);
    EXPECT_EQ(parse_act_kind("done"), std::nullopt);
}

TEST(HandOver, WhatTheFormerManagerDoesWhileItIsNotedBindsNobody) {
    Alert moved = alert;
    moved.owner = "ben";
    moved.handed_over_at = start + 1h;
    moved.told = {{.receiver = "mail", .recipient = "ada", .episode = 2, .was_owner = true}};
    const std::vector<Act> acts = {act(ActKind::snooze, 2h, 720h), act(ActKind::on_it, 2h, 720h)};
    const Handling handling = handling_of(moved, acts, start + 3h);
    EXPECT_FALSE(handling.snoozed_until);
    EXPECT_FALSE(handling.acknowledged_until);
    EXPECT_EQ(time_in_hand(moved, acts, start, start + 4h), 0h);
}

}  // namespace
}  // namespace retaind
