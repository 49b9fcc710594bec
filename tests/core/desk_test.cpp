// Some days in the life of a desk: what is told when, and what is not (ALERTS.md "Noise", "People").
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/desk.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using testing::Desk;
using testing::drift;
using ::testing::ElementsAre;
using testing::firing;
using ::testing::IsEmpty;
using testing::today;
using testing::told;
using T = Transition;

using Lines = std::vector<std::string>;

Act act(const Desk& desk, ActKind kind, Seconds holds, std::string by = "ada") {
    return {.key = desk.after.front().key,
            .episode = desk.after.front().episode,
            .kind = kind,
            .severity = desk.after.front().severity,
            .at = desk.now,
            .until = desk.now + holds,
            .by = std::move(by),
            .via = "link"};
}

void note_delivery(Desk& desk) {
    desk.delivered = {{.key = desk.after.front().key, .episode = desk.after.front().episode, .at = desk.now}};
}

Lines end(Desk& desk, AlertPhase phase = AlertPhase::resolved) {
    Alert alert = desk.after.front();
    alert.phase = phase;
    alert.ended_on = today;
    return told(desk.plan(alert, phase == AlertPhase::resolved ? T::resolved : T::closed));
}

// -- repeats --------------------------------------------------------------------------------------------------------

TEST(Repeats, ComeAfterAWeekUntilSomebodyAnswers) {
    Desk desk;
    desk.plan({firing("ada")});
    EXPECT_THAT(told(desk.at(7, 9, 59).plan_again()), IsEmpty());
    EXPECT_EQ(desk.plan_again().wake_at, Desk::moment(7, 10));
    EXPECT_THAT(told(desk.at(7, 10).plan_again()), ElementsAre("mail ada@x.org alerts: ada repeat!"));
    EXPECT_THAT(told(desk.at(8, 10).plan_again()), IsEmpty());
    desk.acts = {act(desk, ActKind::on_it, days{10})};
    EXPECT_THAT(told(desk.at(17, 10).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(18, 10).plan_again()), ElementsAre("mail ada@x.org alerts: ada repeat!"))
        << "the answer has expired";
}

TEST(Repeats, DoNotComeWhereNothingCanBeKnownOrSaid) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.at(8, 10);
    auto frozen = std::vector<Move>{{.alert = desk.after.front(), .rule = &desk.rule, .frozen = true}};
    EXPECT_THAT(told(desk.plan(frozen)), IsEmpty()) << "its inputs are frozen";
    desk.outbox_is_full = true;
    EXPECT_THAT(told(desk.plan_again()), IsEmpty()) << "the outbox is full";
    EXPECT_THAT(told(desk.plan(firing("gus"), T::fired)), ElementsAre("mail gus@x.org alerts: gus fired!"))
        << "which never drops a problem";
    Desk never;
    never.rule.repeat = Seconds{0};
    never.plan({firing("ada")});
    EXPECT_THAT(told(never.at(30, 10).plan_again()), IsEmpty());
}

TEST(Repeats, ReachOpsEveryFourHoursAlsoAtNight) {
    Desk desk;
    desk.rule = {.name = "source_failed", .scope = Scope::source, .notify = {"ops"}, .doer = "ops"};
    desk.rules.policy.alerts.quiet_hours = "20:00-07:00";
    Alert alert = firing("");
    alert.key = {.rule = "source_failed", .scope = Scope::source, .entity = "crm"};
    EXPECT_THAT(told(desk.at(0, 22).plan(alert, T::fired)), ElementsAre("mail ops@x.org ops: crm fired!"));
    EXPECT_THAT(told(desk.at(1, 1, 59).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(1, 2).plan_again()), ElementsAre("mail ops@x.org ops: crm repeat!"));
    EXPECT_THAT(end(desk), ElementsAre("mail ops@x.org ops: crm resolved"));
}

// -- people do something
// -----------------------------------------------------------------------------------------------

TEST(Ends, AreToldAtOnceOnlyToWhoeverAnswered) {
    Desk desk;
    desk.rule = drift({"account_manager", "seller"});
    desk.plan({firing("ada")});
    desk.acts = {act(desk, ActKind::seen, 72h, "sam")};
    EXPECT_THAT(told(desk.at(0, 11).plan_again()), IsEmpty());
    desk.mailings = {{.receiver = "mail", .recipient = "ada", .digest_on = today + days{1}}};
    EXPECT_THAT(end(desk), ElementsAre("mail sam@x.org alerts: ada resolved"));
    EXPECT_THAT(told(desk.at(1, 8).plan_again()), ElementsAre("mail ada@x.org digest: ada resolved"));
    EXPECT_THAT(told(desk.at(2, 8).plan_again()), IsEmpty());
}

TEST(Snooze, DelaysEverythingUntilItsEndOrTheEpisodes) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.acts = {act(desk, ActKind::snooze, 48h)};
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    const MessagePlan plan = desk.at(1, 9).plan(alert, T::escalated);
    EXPECT_THAT(told(plan), IsEmpty());
    EXPECT_EQ(plan.wake_at, Desk::moment(2, 10));
    EXPECT_THAT(told(desk.at(2, 10).plan_again()), ElementsAre("mail ada@x.org alerts: ada escalated!"));
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
    desk.acts = {act(desk, ActKind::snooze, 48h)};
    EXPECT_THAT(end(desk), ElementsAre("mail ada@x.org digest: ada resolved"));
}

TEST(Silences, CatchUpOnceAtTheirEnd) {
    Desk desk;
    desk.silences = {{.id = "s",
                      .match = {{.field = "segment", .values = {"west"}}},
                      .from = desk.now,
                      .until = desk.now + 24h,
                      .author = "ada",
                      .comment = "moving"}};
    EXPECT_THAT(told(desk.plan({firing("ada")})), IsEmpty());
    EXPECT_EQ(desk.plan_again().wake_at, desk.now + 24h);
    EXPECT_THAT(told(desk.at(1, 10).plan_again()), ElementsAre("mail ada@x.org alerts: ada fired!"));
    EXPECT_THAT(told(desk.at(1, 11).plan_again()), IsEmpty());
}

TEST(Handover, TellsTheNewManagerAtOnceAndTheOldOneInTheDigest) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.snapshot.customers[desk.snapshot.find_customer("ada")].account_manager = desk.snapshot.words.intern("gus");
    EXPECT_THAT(told(desk.at(0, 12).plan_again()),
                ElementsAre("mail ada@x.org digest: ada handed_over", "mail gus@x.org alerts: ada fired!"));
    EXPECT_EQ(desk.after.front().owner, "gus");
    EXPECT_THAT(told(desk.at(0, 13).plan_again()), IsEmpty());
    EXPECT_THAT(end(desk.at(1, 9)), ElementsAre("mail gus@x.org digest: ada resolved")) << "the old one hears no more";
}

TEST(Handover, WaitsForTheDigestOfTheOldManager) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.mailings = {{.receiver = "mail", .recipient = "ada", .digest_on = today + days{1}}};
    desk.snapshot.customers[desk.snapshot.find_customer("ada")].account_manager = desk.snapshot.words.intern("gus");
    EXPECT_THAT(told(desk.at(0, 12).plan_again()), ElementsAre("mail gus@x.org alerts: ada fired!"));
    EXPECT_THAT(told(desk.at(0, 13).plan_again()), IsEmpty());
    const MessagePlan plan = desk.at(1, 8).plan_again();
    EXPECT_EQ(told(plan)[0], "mail ada@x.org digest: ada handed_over");
    EXPECT_EQ(plan.messages[0].notes[0].new_owner, "Gus");
}

TEST(Handover, ReachesWhoHadTheAccountForAMorning) {
    Desk desk;
    desk.plan({firing("ada")});
    const auto belongs_to = [&](const char* person) {
        desk.snapshot.customers[desk.snapshot.find_customer("ada")].account_manager =
            desk.snapshot.words.intern(person);
    };
    desk.mailings = {{.receiver = "mail", .recipient = "ada", .digest_on = today + days{1}}};
    belongs_to("gus");
    EXPECT_THAT(told(desk.at(0, 12).plan_again()), ElementsAre("mail gus@x.org alerts: ada fired!"));
    belongs_to("ada");
    EXPECT_THAT(told(desk.at(0, 13).plan_again()), ElementsAre("mail gus@x.org digest: ada handed_over"))
        << "and she knows already";
}

TEST(Handover, EndsWhatWasPutOffOrInHand) {
    for (const ActKind kind : {ActKind::snooze, ActKind::on_it, ActKind::wrong}) {
        SCOPED_TRACE(act_kind_name(kind));
        Desk desk;
        desk.plan({firing("ada")});
        desk.acts = {act(desk, kind, days{60})};
        EXPECT_THAT(told(desk.at(0, 11).plan_again()), IsEmpty());
        desk.snapshot.customers[desk.snapshot.find_customer("ada")].account_manager = desk.snapshot.words.intern("gus");
        EXPECT_THAT(told(desk.at(0, 12).plan_again()),
                    ElementsAre("mail ada@x.org digest: ada handed_over", "mail gus@x.org alerts: ada fired!"));
        EXPECT_EQ(desk.after.front().handed_over_at, desk.now);
        desk.acts.push_back(act(desk, ActKind::snooze, days{60}, "gus"));
        desk.acts.back().at += 1s;
        EXPECT_THAT(told(desk.at(9, 12).plan_again()), IsEmpty()) << "the new one's own word holds";
    }
}

TEST(Handover, IsKnownOfWhoHadTheAccountUntilTheyAreToldOfSomethingElse) {
    Desk desk;
    desk.rule.steps = {{.after = days{2}, .notify = {"lead"}, .advice = {}}};
    desk.plan({firing("ada")});
    const auto belongs_to = [&](const char* person) {
        desk.snapshot.customers[desk.snapshot.find_customer("ada")].account_manager =
            desk.snapshot.words.intern(person);
    };
    const auto were_owners = [&] {
        Lines people;
        for (const Told& told : desk.after.front().told) {
            if (told.was_owner) people.push_back(told.recipient);
        }
        return people;
    };
    EXPECT_THAT(were_owners(), IsEmpty());
    belongs_to("lea");
    desk.at(0, 12).plan_again();
    EXPECT_THAT(were_owners(), ElementsAre("ada"));
    belongs_to("gus");
    desk.at(0, 13).plan_again();
    EXPECT_THAT(were_owners(), ElementsAre("ada", "lea"));
    note_delivery(desk);
    desk.at(3, 13).plan_again();
    EXPECT_THAT(were_owners(), ElementsAre("ada")) << "lea is told again, as the lead";
    belongs_to("ada");
    desk.at(3, 14).plan_again();
    EXPECT_THAT(were_owners(), ElementsAre("gus"));
    belongs_to("gus@x.org");
    desk.at(3, 15).plan_again();
    EXPECT_THAT(were_owners(), ElementsAre("ada")) << "a customer may name its manager by address, too";
}

// -- escalation -----------------------------------------------------------------------------------------------------

Desk escalating() {
    Desk desk;
    desk.rule.steps = {{.after = days{2}, .notify = {"lead"}, .advice = {}},
                       {.after = days{4}, .notify = {"chat", "seller"}, .advice = {}}};
    return desk;
}

TEST(Escalation, CountsFromTheFirstDelivery) {
    Desk desk = escalating();
    desk.plan({firing("ada")});
    EXPECT_THAT(told(desk.at(3, 9).plan_again()), IsEmpty()) << "nothing has arrived yet";
    note_delivery(desk.at(3, 10));
    EXPECT_EQ(desk.plan_again().wake_at, Desk::moment(5, 10));
    EXPECT_THAT(told(desk.at(5, 9, 59).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(5, 10).plan_again()), ElementsAre("mail lea@x.org alerts: ada step"));
    EXPECT_EQ(desk.after.front().steps_taken, 1);
    EXPECT_THAT(told(desk.at(5, 11).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(7, 9, 59).plan_again()), IsEmpty());
    EXPECT_THAT(
        told(desk.at(7, 10).plan_again()),
        ElementsAre("chat  alerts: ada step", "mail ada@x.org alerts: ada repeat!", "mail sam@x.org alerts: ada step"));
    const Lines ends = end(desk.at(7, 11));
    EXPECT_THAT(ends, ElementsAre("chat  digest: ada resolved", "mail ada@x.org digest: ada resolved",
                                  "mail lea@x.org digest: ada resolved", "mail sam@x.org digest: ada resolved"))
        << "who was told of the problem hears of its end";
}

TEST(Escalation, CountsFromTheFirstDeliveryToSomebodyWhoCanAct) {
    Desk desk = escalating();
    desk.rules.policy.receivers.push_back({.name = "log", .is_machine = true});
    desk.rules.policy.routes = {{.match = {}, .receivers = {"log", "mail"}}};
    desk.plan({firing("ada")});
    note_delivery(desk.at(0, 10));
    desk.delivered.front().receiver = "log";
    EXPECT_THAT(told(desk.at(4, 10).plan_again()), IsEmpty()) << "only a file has it";
    desk.delivered.push_back(desk.delivered.front());
    desk.delivered.back() = {.key = desk.after.front().key, .episode = 1, .at = desk.now, .receiver = "mail"};
    EXPECT_THAT(told(desk.at(6, 9, 59).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(6, 10).plan_again()), ElementsAre("mail lea@x.org alerts: ada step"));

    Desk machines = escalating();
    machines.rules.policy.receivers = {{.name = "log", .is_machine = true}, {.name = "chat"}};
    machines.rules.policy.routes = {{.match = {}, .receivers = {"log"}}};
    machines.plan({firing("ada")});
    note_delivery(machines.at(0, 10));
    machines.delivered.front().receiver = "log";
    EXPECT_THAT(told(machines.at(4, 10).plan_again()), ElementsAre("chat  alerts: ada step"))
        << "where only machines are told, they count";
}

TEST(Escalation, TakesOnlyTheLastOfSeveralOverdueSteps) {
    Desk desk = escalating();
    desk.plan({firing("ada")});
    note_delivery(desk);
    EXPECT_THAT(told(desk.at(6, 10).plan_again()),
                ElementsAre("chat  alerts: ada step", "mail sam@x.org alerts: ada step"));
    EXPECT_EQ(desk.after.front().steps_taken, 2);
    EXPECT_THAT(told(desk.at(6, 11).plan_again()), IsEmpty());
}

TEST(Escalation, StandsStillWhileSomebodyHasItInHandAndAtNight) {
    Desk desk = escalating();
    desk.rules.policy.alerts.quiet_hours = "20:00-07:00";
    desk.plan({firing("ada")});
    note_delivery(desk);
    desk.at(1, 10);
    desk.acts = {act(desk, ActKind::seen, days{3})};
    EXPECT_THAT(told(desk.at(3, 10).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(4, 22).plan_again()), IsEmpty()) << "one of two days is over";
    EXPECT_THAT(told(desk.at(5, 10).plan_again()), ElementsAre("mail lea@x.org alerts: ada step"));
    Desk at_night = escalating();
    at_night.rules.policy.alerts.quiet_hours = "09:00-12:00";
    at_night.at(0, 8).plan({firing("ada")});
    note_delivery(at_night.at(0, 10));
    EXPECT_THAT(told(at_night.at(2, 10).plan_again()), IsEmpty());
    EXPECT_EQ(at_night.plan_again().wake_at, Desk::moment(2, 12));
    EXPECT_THAT(told(at_night.at(2, 12).plan_again()), ElementsAre("mail lea@x.org alerts: ada step"));
}

TEST(Escalation, CallsOnSomebodyWhoWasToldBeforeWithTheAdviceOfTheStep) {
    Desk desk;
    desk.rule.steps = {{.after = days{2}, .notify = {"account_manager"}, .advice = {}}};
    desk.plan({firing("ada")});
    note_delivery(desk);
    auto moves = std::vector<Move>{{.alert = desk.after.front(), .rule = &desk.rule, .step_advice = {"Call today."}}};
    const MessagePlan plan = desk.at(2, 10).plan(moves);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: ada step!"));
    EXPECT_EQ(plan.messages[0].notes[0].advice, "Call today.");
    EXPECT_NE(plan.messages[0].occurrence, "");
}

TEST(Escalation, OfRulesWithoutStepsIsTheConfigurations) {
    Desk desk;
    desk.rules.policy.alerts.escalation = {{.after = days{3}, .notify = {"lead"}}};
    desk.plan({firing("ada")});
    note_delivery(desk);
    EXPECT_THAT(told(desk.at(3, 10).plan_again()), ElementsAre("mail lea@x.org alerts: ada step"));
    Desk tip;
    tip.rules.policy.alerts.escalation = desk.rules.policy.alerts.escalation;
    tip.plan({firing("ada", Severity::info)});
    note_delivery(tip);
    EXPECT_THAT(told(tip.at(3, 10).plan_again()), IsEmpty()) << "a tip is no task";
}

// -- budget ---------------------------------------------------------------------------------------------------------

TEST(Budget, ChoosesByWhatIsAtStakeAndLeavesTheRestToTheDigest) {
    Desk desk;
    desk.rule = drift({"seller"});
    desk.rules.policy.alerts.budget_per_week = 2;
    desk.watch_all();
    desk.watched("bo").renews_on = today + days{10};
    std::vector<Alert> alerts;
    for (const char* customer : {"ada", "bo", "eve", "fay", "gus"}) alerts.push_back(firing(customer, {}, 1000));
    for (Alert& alert : alerts) {
        alert.severity = Severity::warning;
        alert.risk = 0.1;
    }
    alerts[2].severity = Severity::critical;
    alerts[3].deadline = today + days{20};
    alerts[4].revenue = 3000;
    alerts[4].risk = missing;  // the base rate
    const MessagePlan plan = desk.at(0, 7).plan(alerts);
    EXPECT_THAT(told(plan), ElementsAre("mail sam@x.org alerts: eve fired! bo fired!"))
        << "the critical one is never held back, and counts";
    EXPECT_EQ(plan.over_budget, 3);
    const MessagePlan digest = desk.at(0, 8).plan_again();
    EXPECT_EQ(told(digest).back(), "mail sam@x.org digest: gus fired! ada fired! fay fired!");
    EXPECT_EQ(digest.messages.back().digest->held_back, 3);
    EXPECT_EQ(desk.plan_again().over_budget, 0) << "they know now";
    EXPECT_THAT(told(desk.at(6, 7).plan(firing("jon"), T::fired)), IsEmpty());
    EXPECT_THAT(told(desk.at(7, 7).plan(firing("ivy"), T::fired)), ElementsAre("mail sam@x.org alerts: ivy fired!"))
        << "a week has passed";
}

TEST(Budget, CountsTheAlertsOfOneCustomerAsOneStory) {
    Desk desk;
    desk.rules.policy.alerts.budget_per_week = 1;
    std::vector<Alert> alerts = {firing("ada"), firing("ada"), firing("ada")};
    alerts[1].key.rule = "pays_late";
    alerts[2].key = {.rule = "promise", .scope = Scope::promise, .entity = "p1"};
    EXPECT_EQ(told(desk.at(0, 7).plan(alerts)).size(), 1u);
    EXPECT_EQ(desk.interruptions, (std::vector<Interruption>{{"ada", desk.now, 1}}));
    Alert risen = desk.after.front();
    risen.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(risen, T::escalated)), ElementsAre("mail ada@x.org alerts: ada escalated!"));
}

// -- flapping -------------------------------------------------------------------------------------------------------

TEST(Flapping, BeginsAndEndsAsTheTableSays) {
    Alert alert = firing("ada");
    alert.phase = AlertPhase::resolved;
    std::string days_seen;
    for (int day = 0; day < 40; ++day) {
        const Alert before = alert;
        if (day < 9) alert.phase = is_open(alert) ? AlertPhase::resolved : AlertPhase::firing;
        note_evaluation(&before, alert, today + days{day});
        const Alert again = alert;
        note_evaluation(&again, alert, today + days{day});
        days_seen += alert.flapping ? 'F' : '.';
    }
    EXPECT_EQ(days_seen, "......FFFFFFFFFFFFFFFFFF................")
        << "the seventh of twenty is more than 30 %, the fourth less than 25 %; a second cycle of a day is no day";
}

TEST(Flapping, IsSaidOnceAndThenWhatIsSo) {
    for (const bool ends_well : {true, false}) {
        Desk desk;
        desk.plan({firing("ada")});
        const auto cycle = [&](int day, AlertPhase phase, bool flapping, std::int64_t episode) {
            Alert alert = desk.after.front();
            alert.phase = phase;
            alert.flapping = flapping;
            alert.episode = episode;
            return told(desk.at(day, 9).plan(alert, T::none));
        };
        EXPECT_THAT(cycle(1, AlertPhase::resolved, true, 1), ElementsAre("mail ada@x.org alerts: ada flapping"));
        EXPECT_THAT(cycle(2, AlertPhase::firing, true, 2), IsEmpty());
        EXPECT_THAT(cycle(3, AlertPhase::resolved, true, 2), IsEmpty());
        if (ends_well) {
            EXPECT_THAT(cycle(4, AlertPhase::resolved, false, 2), ElementsAre("mail ada@x.org digest: ada resolved"));
            EXPECT_THAT(cycle(5, AlertPhase::resolved, false, 2), IsEmpty());
        } else {
            EXPECT_THAT(cycle(4, AlertPhase::firing, false, 3), ElementsAre("mail ada@x.org alerts: ada fired!"));
        }
    }
}

TEST(Flapping, DoesNotHideARise) {
    Desk desk;
    desk.plan({firing("ada")});
    Alert alert = desk.after.front();
    alert.flapping = true;
    EXPECT_THAT(told(desk.plan(alert, T::none)), ElementsAre("mail ada@x.org alerts: ada flapping!"));
    alert = desk.after.front();
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)), ElementsAre("mail ada@x.org alerts: ada escalated!"));
}

TEST(Flapping, DoesNotHideAnotherEpisodeThatIsWorse) {
    Desk desk;
    desk.plan({firing("ada")});
    const auto fire = [&](int day, std::int64_t episode, Severity severity) {
        Alert alert = desk.after.front();
        alert.flapping = true;
        alert.episode = episode;
        alert.severity = severity;
        return told(desk.at(day, 9).plan(alert, T::fired));
    };
    EXPECT_THAT(fire(1, 2, Severity::warning), ElementsAre("mail ada@x.org alerts: ada flapping!"));
    EXPECT_THAT(fire(2, 3, Severity::critical), ElementsAre("mail ada@x.org alerts: ada escalated!"));
    EXPECT_THAT(fire(3, 4, Severity::warning), IsEmpty());
    EXPECT_THAT(fire(4, 5, Severity::critical), IsEmpty()) << "they know that it comes and goes, and how bad it is";
}

TEST(Flapping, IsSaidTogetherWithARiseThatComesFirst) {
    Desk desk;
    desk.plan({firing("ada")});
    Alert alert = desk.after.front();
    alert.flapping = true;
    alert.severity = Severity::critical;
    const MessagePlan plan = desk.at(1, 9).plan(alert, T::escalated);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: ada flapping!"));
    EXPECT_EQ(plan.messages.front().notes.front().transition, T::escalated);
    EXPECT_THAT(told(desk.at(1, 10).plan_again()), IsEmpty()) << "not a second message about the same";
}

// -- nights, machines, openings -------------------------------------------------------------------------------------

TEST(QuietHours, DelayWhatIsForPeopleAndNothingElse) {
    Desk desk;
    desk.rules.policy.alerts.quiet_hours = "20:00-07:00";
    desk.rules.policy.receivers.push_back({.name = "log", .is_machine = true});
    desk.rules.policy.routes.clear();
    desk.after = {firing("ada", Severity::critical)};
    const MessagePlan plan = desk.at(0, 23).plan_again(T::fired);
    EXPECT_THAT(told(plan), ElementsAre("log  alerts: ada fired"));
    EXPECT_EQ(plan.wake_at, Desk::moment(1, 7));
    EXPECT_THAT(told(desk.at(1, 6, 59).plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.at(1, 7).plan_again()),
                ElementsAre("chat  alerts: ada fired", "mail ada@x.org alerts: ada fired!"));
}

TEST(Machines, AreToldOfEveryChangeAtOnce) {
    Desk desk;
    desk.rules.policy.receivers = {{.name = "am", .is_machine = true, .wants_restating = true},
                                   {.name = "log", .is_machine = true}};
    desk.rules.policy.routes.clear();
    desk.rules.policy.alerts.quiet_hours = "00:00-23:59";
    EXPECT_THAT(told(desk.plan({firing("ada", Severity::info)})),
                ElementsAre("am  alerts: ada fired", "log  alerts: ada fired"));
    EXPECT_THAT(told(desk.at(9, 10).plan_again()), ElementsAre("am  alerts: ada restated")) << "and nobody repeats";
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)),
                ElementsAre("am  alerts: ada escalated", "log  alerts: ada escalated"));
    alert = desk.after.front();
    alert.severity = Severity::warning;
    EXPECT_THAT(told(desk.plan(alert, T::eased)), ElementsAre("am  alerts: ada eased", "log  alerts: ada eased"));
    EXPECT_THAT(end(desk), ElementsAre("am  alerts: ada resolved", "log  alerts: ada resolved"));
    EXPECT_EQ(desk.plan_again().wake_at, std::nullopt);
}

TEST(Heartbeat, IsSentByTheFirstCycleAfterItsTime) {
    Desk desk;
    desk.rules.policy.receivers.push_back({.name = "watcher", .is_machine = true, .heartbeat = 1h});
    EXPECT_THAT(told(desk.at(0, 10).plan()), ElementsAre("watcher  heartbeat:"));
    EXPECT_THAT(told(desk.at(0, 10, 59).plan()), IsEmpty());
    const MessagePlan next = desk.at(0, 11).plan();
    EXPECT_THAT(told(next), ElementsAre("watcher  heartbeat:"));
    EXPECT_NE(next.messages[0].occurrence, "") << "each has an id of its own";
    desk.waiting = {{.delivery_id = "old", .receiver = "watcher", .recipient = "", .kind = MessageKind::heartbeat}};
    EXPECT_THAT(desk.at(0, 12).plan().messages[0].absorbs, ElementsAre("old")) << "one is enough to say that all works";
    desk.at(0, 9);
    EXPECT_THAT(told(desk.plan()), IsEmpty()) << "the clock went back";
    EXPECT_THAT(told(desk.at(0, 10).plan()), ElementsAre("watcher  heartbeat:"));
    desk.outbox_is_full = true;
    EXPECT_THAT(told(desk.at(0, 12).plan()), IsEmpty());
}

TEST(Heartbeat, OfAWatcherIsAllThatItHearsUnlessARouteNamesIt) {
    Desk desk;
    desk.rules.policy.receivers.push_back({.name = "watcher", .is_machine = true, .heartbeat = 1h});
    desk.rules.policy.routes.clear();
    EXPECT_THAT(told(desk.plan({firing("ada")})),
                ElementsAre("chat  alerts: ada fired", "mail ada@x.org alerts: ada fired!", "watcher  heartbeat:"))
        << "it may be outside";
    desk.rules.policy.routes = {{.match = {}, .receivers = {"watcher"}}};
    EXPECT_THAT(told(desk.at(1, 9).plan({firing("bo")})),
                ElementsAre("watcher  alerts: bo fired", "watcher  heartbeat:"));
}

TEST(Openings, WaitUntilNothingIsWrongWithTheCustomer) {
    Desk desk;
    Alert opening = firing("ada", Severity::info), trouble = firing("ada");
    trouble.key.rule = "pays_late";
    EXPECT_THAT(told(desk.plan({opening, trouble})), ElementsAre("mail ada@x.org alerts: ada fired!"));
    desk.after[1].phase = AlertPhase::resolved;
    EXPECT_THAT(told(desk.at(1, 8).plan_again()), ElementsAre("mail ada@x.org digest: ada fired! ada resolved"));
}

TEST(Promises, AreTheKeepersTheManagersAndTheSellersByDefault) {
    Desk desk;
    desk.rule = drift({});
    Alert alert = firing("ada");
    alert.key = {.rule = "slips", .scope = Scope::promise, .entity = "p1"};
    const MessagePlan plan = desk.plan(alert, T::fired);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: p1 fired", "mail dan@x.org alerts: p1 fired",
                                        "mail lea@x.org alerts: p1 fired!"));
    EXPECT_EQ(plan.messages[0].notes[0].outcome, "faster");
}

// -- what waits undelivered -----------------------------------------------------------------------------------------

WaitingMessage waiting_for_ada(const std::string& id, std::vector<std::string> customers,
                               MessageKind kind = MessageKind::alerts) {
    WaitingMessage message{.delivery_id = id, .receiver = "mail", .recipient = "ada", .kind = kind};
    for (const auto& customer : customers)
        message.tells.push_back({.alert = {.key = firing(customer).key}, .episode = 1, .seq = 1});
    return message;
}

TEST(Absorption, SaysAProblemAndItsEndInOneMessage) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.waiting = {waiting_for_ada("d1", {"ada"})};
    Alert alert = desk.after.front();
    alert.phase = AlertPhase::resolved;
    const MessagePlan plan = desk.plan(alert, T::resolved);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: ada resolved")) << "at once";
    const Message& message = plan.messages[0];
    EXPECT_THAT(message.absorbs, ElementsAre("d1"));
    ASSERT_EQ(message.together.size(), 1u);
    EXPECT_EQ(message.together[0].untold_problem, "drifts");
    EXPECT_EQ(message.notes[0].untold_problem, "") << "if it has left meanwhile";
}

TEST(Absorption, TakesAlongWhatStillWaits) {
    Desk desk;
    desk.rule = drift({"seller"});
    for (const char* customer : {"ada", "bo"}) desk.after.push_back(firing(customer));
    desk.plan_again(T::fired);
    desk.waiting = {waiting_for_ada("d1", {"ada"}), waiting_for_ada("d2", {"bo"}, MessageKind::digest),
                    waiting_for_ada("d3", {"ada"}, MessageKind::ops)};
    for (WaitingMessage& message : desk.waiting) message.recipient = "sam";
    desk.after.push_back(firing("gus"));
    const MessagePlan plan = desk.plan_again();
    ASSERT_EQ(plan.messages.size(), 1u);
    EXPECT_THAT(plan.messages[0].absorbs, ElementsAre("d1"));
    Lines together;
    for (const AlertNote& note : plan.messages[0].together) together.push_back(told(note));
    EXPECT_THAT(together, ElementsAre("ada fired!", "gus fired!"));
}

TEST(Absorption, LeavesThatOfWhichNobodyKnowsAndTakesAnEndThatIsNoMore) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.waiting = {waiting_for_ada("d1", {"nobody"}), waiting_for_ada("d2", {"ada"})};
    desk.waiting[1].tells[0].transition = T::resolved;
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    const Message message = desk.plan(alert, T::escalated).messages[0];
    EXPECT_THAT(message.absorbs, ElementsAre("d2"));
    ASSERT_EQ(message.together.size(), 1u);
    EXPECT_EQ(told(message.together[0]), "ada escalated!");
}

// -- the clock ------------------------------------------------------------------------------------------------------

TEST(Clock, ThatJumpedHoldsEverythingForACycle) {
    Desk desk;
    desk.clock_jumped = true;
    const MessagePlan plan = desk.plan({firing("ada")});
    EXPECT_THAT(told(plan), IsEmpty());
    EXPECT_EQ(plan.wake_at, desk.now + after_clock_jump);
    desk.clock_jumped = false;
    EXPECT_THAT(told(desk.plan_again()), ElementsAre("mail ada@x.org alerts: ada fired!"));
}

TEST(Clock, ThatWentBackMakesNothingLateNorEarly) {
    Desk desk;
    desk.at(3650, 10).plan({firing("ada")});
    note_delivery(desk);
    desk.rule.steps = {{.after = days{2}, .notify = {"lead"}, .advice = {}}};
    EXPECT_THAT(told(desk.at(0, 10).plan_again()), IsEmpty());
    EXPECT_EQ(desk.after.front().told.front().at, desk.now);
    EXPECT_THAT(told(desk.at(7, 10).plan_again()), ElementsAre("mail ada@x.org alerts: ada repeat!"));
}

TEST(Clock, ThatWentBackWakesForAnAnswerThatIsNotYet) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.at(1, 7, 30);
    desk.acts = {act(desk, ActKind::seen, days{3})};
    EXPECT_THAT(end(desk.at(1, 7)), IsEmpty()) << "it waits for the digest";
    EXPECT_EQ(desk.plan_again().wake_at, Desk::moment(1, 7, 30));
    EXPECT_THAT(told(desk.at(1, 7, 30).plan_again()), ElementsAre("mail ada@x.org alerts: ada resolved"));
}

TEST(Notes, SayHowOftenTheRuleWasRightAndWhoHasItInHand) {
    Desk desk;
    desk.rule = drift({"account_manager", "seller"});
    desk.quality = {{.rule = "drift", .churned = 3, .shrank = 1, .renewed = 5, .still_open = 1}};
    desk.plan({firing("ada")});
    desk.acts = {act(desk, ActKind::on_it, days{3})};
    Alert alert = desk.after.front();
    alert.risk = 0.2;
    alert.risk_is_base_rate = true;
    alert.told.clear();
    const AlertNote note = desk.plan(alert, T::none).messages[0].notes[0];
    EXPECT_EQ(note.record, (TrackRecord{.right = 4, .of = 10}));
    EXPECT_EQ(note.acknowledged_by, "Ada");
    EXPECT_THAT(note.answered_by, IsEmpty());
    EXPECT_EQ(note.risk, 0.2);
    EXPECT_TRUE(note.risk_is_base_rate);
}

TEST(Notes, SayWhoHadItInHandWhenAnAnswerHasRunOut) {
    Desk desk;
    desk.plan({firing("ada")});
    desk.acts = {act(desk, ActKind::on_it, days{3}), act(desk, ActKind::seen, days{3}, "sam")};
    const MessagePlan plan = desk.at(20, 10).plan_again();
    ASSERT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: ada repeat!"));
    EXPECT_THAT(plan.messages[0].notes[0].answered_by, ElementsAre("Ada", "Sam"));
    EXPECT_EQ(plan.messages[0].notes[0].acknowledged_by, "");
    Desk unanswered;
    unanswered.plan({firing("ada")});
    EXPECT_THAT(unanswered.at(7, 10).plan_again().messages.at(0).notes[0].answered_by, IsEmpty());
}

}  // namespace
}  // namespace retaind
