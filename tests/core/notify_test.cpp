// Who is told what: roles, receivers, told-state, and the identity of messages (ALERTS.md "People", "Noise").
#include <algorithm>
#include <iostream>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"
#include "support/desk.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using testing::company;
using testing::Desk;
using testing::drift;
using ::testing::ElementsAre;
using testing::firing;
using ::testing::IsEmpty;
using testing::today;
using testing::told;
using ::testing::UnorderedElementsAre;
using T = Transition;

const Promise* promise(const Snapshot& snapshot, std::string_view id) {
    const auto found = std::find_if(snapshot.promises.begin(), snapshot.promises.end(),
                                    [&](const Promise& one) { return snapshot.text(one.id) == id; });
    return found == snapshot.promises.end() ? nullptr : &*found;
}

// -- roles ----------------------------------------------------------------------------------------------------------

struct RoleCase {
    std::string sentence, customer, role, email;  ///< email "": nobody
    std::string standing_in_for = {}, finding = {};
};

void check_roles(const Snapshot& snapshot, const RoleDefaults& defaults, const std::vector<RoleCase>& cases) {
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        const auto index = c.customer.empty() ? no_customer : snapshot.find_customer(c.customer);
        const auto answer = find_role(snapshot, defaults, {.role = c.role, .customer = index, .on = today});
        EXPECT_EQ(answer.recipient ? answer.recipient->email : "", c.email);
        EXPECT_EQ(answer.recipient ? answer.recipient->standing_in_for : "", c.standing_in_for);
        EXPECT_EQ(answer.recipient ? answer.recipient->role : c.role, c.role);
        EXPECT_EQ(answer.finding, c.finding);
        EXPECT_FALSE(answer.waiting);
    }
}

TEST(Roles, EndWithSomebodyWhoCanBeReached) {
    check_roles(company(), {"lea", "sam", "ops@x.org"},
                {{"a manager who is there", "ada", "account_manager", "ada@x.org"},
                 {"their deputy and their lead are roles too", "ada", "deputy", "dan@x.org"},
                 {"likewise", "ada", "lead", "lea@x.org"},
                 {"the seller of the customer", "ada", "seller", "sam@x.org"},
                 {"the keeper of the running promise that is due first", "ada", "keeper", "sam@x.org"},
                 {"somebody absent up to today has a deputy", "bo", "account_manager", "dan@x.org", "Bo"},
                 {"a deputy who is absent has one as well", "cid", "account_manager", "dan@x.org", "Cid"},
                 {"absent without a deputy: the default one", "fay", "account_manager", "sam@x.org", "Fay"},
                 {"somebody without an address has left: the lead", "eve", "account_manager", "lea@x.org", "",
                  "person eve has no e-mail address"},
                 {"an address that is none is no address", "hal", "account_manager", "lea@x.org", "",
                  "person hal has no e-mail address"},
                 {"somebody nobody knows has left: the default lead", "zoe", "account_manager", "lea@x.org", "",
                  "zoe is not in people"},
                 {"roles may hold the address of a person", "bo@x.org", "account_manager", "dan@x.org", "Bo"},
                 {"a customer without a manager: the default lead", "none", "account_manager", "lea@x.org"},
                 {"without a seller: nobody", "none", "seller", ""},
                 {"without a promise: no keeper", "bo", "keeper", ""},
                 {"ops", "", "ops", "ops@x.org"},
                 {"a segment has no manager: the default lead", "", "lead", "lea@x.org"}});
}

TEST(Roles, FallBackAsFarAsTheyMustWithoutDefaults) {
    check_roles(company(), RoleDefaults{},
                {{"absent without a deputy: the lead", "fay", "account_manager", "lea@x.org", "Fay"},
                 {"absent, and nobody stands in: they are told all the same", "gus", "account_manager", "gus@x.org"},
                 {"two who stand in for each other end somewhere", "ivy", "account_manager", "jon@x.org", "Ivy"},
                 {"an address that people does not know is better than nobody", "old@x.org", "account_manager",
                  "old@x.org", "", "old@x.org is not in people"},
                 {"nobody knows them, nobody is there", "zoe", "account_manager", "", "", "zoe is not in people"},
                 {"no ops", "", "ops", ""}});
}

TEST(Roles, AreAddressesWithoutAPeopleDataset) {
    check_roles(company(false), {"lead@x.org", "", ""},
                {{"a manager's address", "bo@x.org", "account_manager", "bo@x.org"},
                 {"what is no address goes to the lead", "ada", "account_manager", "lead@x.org", "",
                  "ada is not an e-mail address"},
                 {"the lead is the default one", "bo@x.org", "lead", "lead@x.org"}});
}

TEST(Roles, OfAPromiseAreWhoPromisedAndWhoMustKeepIt) {
    const Snapshot snapshot = company();
    const CustomerIndex ada = snapshot.find_customer("ada");
    const auto email = [&](const char* role, const char* id) {
        return resolve_role(snapshot, {},
                            {.role = role, .customer = ada, .promise = promise(snapshot, id), .on = today})
            ->email;
    };
    EXPECT_EQ(email("seller", "p1"), "dan@x.org");
    EXPECT_EQ(email("keeper", "p1"), "lea@x.org");
    EXPECT_EQ(email("seller", "p2"), "sam@x.org") << "nobody in particular promised it: the customer's seller";
}

TEST(Roles, WaitWhilePeopleCannotBeBelievedButForOps) {
    const Snapshot snapshot = company();
    const auto ask = [&](const char* role, const RoleDefaults& defaults) {
        return find_role(snapshot, defaults, {.role = role, .customer = 0, .on = today, .people_believed = false});
    };
    EXPECT_TRUE(ask("account_manager", {"lea", "", ""}).waiting);
    EXPECT_EQ(ask("ops", {"", "", "ops@x.org"}).recipient->email, "ops@x.org");
    EXPECT_EQ(ask("ops", {"", "", "sam"}).recipient->email, "sam@x.org");
}

// -- plans ----------------------------------------------------------------------------------------------------------

TEST(Messages, AskOneToActAndInformTheOthers) {
    Desk desk;
    desk.rule = drift({"seller", "account_manager", "lead"});
    desk.rule.doer = "account_manager";
    const auto plan = desk.plan(firing("ada"), T::fired);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org alerts: ada fired!", "mail lea@x.org alerts: ada fired",
                                        "mail sam@x.org alerts: ada fired"));
    for (const Message& message : plan.messages) EXPECT_EQ(message.notes.front().doer, "Ada");
}

TEST(Messages, TellAPersonWithTwoRolesOnce) {
    Desk desk;
    desk.rule = drift({"lead", "account_manager"});
    desk.rule.doer = "account_manager";
    EXPECT_THAT(told(desk.plan(firing("eve"), T::fired)), ElementsAre("mail lea@x.org alerts: eve fired!"));
}

TEST(Messages, GatherWhatOnePersonHearsMostUrgentFirst) {
    Desk desk;
    desk.rule = drift({"seller"});
    std::vector<Move> moves;
    for (const auto& [customer, severity, revenue] :
         {std::tuple{"bo", Severity::warning, missing}, std::tuple{"ada", Severity::warning, 100.0},
          std::tuple{"eve", Severity::critical, 5.0}, std::tuple{"fay", Severity::warning, 900.0},
          std::tuple{"gus", Severity::critical, 7.0}}) {
        moves.push_back({.alert = firing(customer, severity, revenue), .transition = T::fired, .rule = &desk.rule});
    }
    Alert over = firing("ivy", Severity::critical, 1e9);
    over.phase = AlertPhase::resolved;
    over.told = {{.receiver = "mail", .recipient = "sam", .episode = 1}};
    moves.push_back({.alert = over, .transition = T::resolved, .rule = &desk.rule});
    const std::vector<std::string> expected = {
        "mail sam@x.org alerts: gus fired! eve fired! fay fired! ada fired! bo fired!",
        "mail sam@x.org digest: ivy resolved"};
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::shuffle(moves.begin(), moves.end(), std::mt19937{seed});
        desk.mailings.clear();
        desk.interruptions.clear();
        auto plan = desk.plan(moves);
        EXPECT_EQ(told(plan), expected);
        std::sort(desk.after.begin(), desk.after.end(), [](const Alert& a, const Alert& b) { return a.key < b.key; });
        static const std::vector<Alert> first = desk.after;
        static const Message message = plan.messages.front();
        EXPECT_EQ(desk.after, first);
        EXPECT_EQ(plan.messages.front(), message);
    }
}

TEST(Messages, TellNothingTwice) {
    Desk desk;
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)), ElementsAre("mail ada@x.org alerts: ada fired!"));
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
    EXPECT_THAT(told(desk.plan_again(T::fired)), IsEmpty()) << "not even when a transition is replayed";
}

TEST(Messages, TellTheEndToThoseWhoWereToldOfTheProblem) {
    Desk desk;
    desk.plan(firing("ada"), T::fired);
    Alert over = desk.after.front();
    over.phase = AlertPhase::closed;
    over.closed_because = "the contract ended";
    desk.rule = drift({"account_manager", "lead", "seller"});
    const auto plan = desk.plan(over, T::closed);
    EXPECT_THAT(told(plan), ElementsAre("mail ada@x.org digest: ada closed"));
    EXPECT_EQ(plan.messages.front().notes.front().closed_because, "the contract ended");
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
    Alert untold = firing("bo");
    untold.phase = AlertPhase::resolved;
    EXPECT_THAT(told(desk.plan(untold, T::resolved)), IsEmpty()) << "nobody was told of this one";
}

TEST(Messages, TellARiseWhateverWasToldBefore) {
    Desk desk;
    desk.plan(firing("ada"), T::fired);
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)), ElementsAre("mail ada@x.org alerts: ada escalated!"));
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
    alert = desk.after.front();
    alert.severity = Severity::warning;
    EXPECT_THAT(told(desk.at(1, 7).plan(alert, T::eased)), IsEmpty()) << "easing is for a digest";
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)), ElementsAre("mail ada@x.org alerts: ada escalated!"));
}

TEST(Messages, LeaveInfoUntoldUntilItRises) {
    Desk desk;
    EXPECT_THAT(told(desk.at(0, 7).plan(firing("ada", Severity::info), T::fired)), IsEmpty());
    EXPECT_THAT(desk.after.front().told, IsEmpty()) << "a digest can see that nobody knows";
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)), ElementsAre("mail ada@x.org alerts: ada fired!"));
}

TEST(Messages, KeepSilentAboutWhatIsHeldAndSayItOnceItIsReleased) {
    Desk desk;
    Alert alert = firing("ada");
    alert.held = true;
    EXPECT_THAT(told(desk.plan(alert, T::fired)), IsEmpty());
    release(alert);
    EXPECT_THAT(told(desk.plan(alert, T::none)), ElementsAre("mail ada@x.org alerts: ada fired!"));
    alert = desk.after.front();
    alert.phase = AlertPhase::resolved;
    alert.held = true;
    EXPECT_THAT(told(desk.plan(alert, T::resolved)), IsEmpty());
    release(alert);
    EXPECT_THAT(told(desk.plan(alert, T::none)), ElementsAre("mail ada@x.org digest: ada resolved"));
}

TEST(Messages, KeepQuietAboutARecurrenceInItsCooldownAndCatchUpOnce) {
    Desk desk;
    desk.plan(firing("ada"), T::fired);
    Alert alert = desk.after.front();
    alert.phase = AlertPhase::resolved;
    alert.ended_on = today;
    desk.plan(alert, T::resolved);
    alert = desk.after.front();
    alert.phase = AlertPhase::firing;
    EXPECT_THAT(told(desk.plan(alert, T::relapsed)), IsEmpty());
    alert.ended_on = std::nullopt;
    EXPECT_THAT(told(desk.plan(alert, T::fired)), ElementsAre("mail ada@x.org alerts: ada fired!"));
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
}

TEST(Messages, TellAdoptedProblemsInADigestOfTheirOwn) {
    Desk desk;
    std::vector<Move> moves;
    for (const char* customer : {"ada", "eve", "fay"}) {
        moves.push_back({.alert = firing(customer, customer[0] == 'e' ? Severity::info : Severity::warning),
                         .transition = T::fired,
                         .rule = &desk.rule,
                         .adopting = true});
        moves.back().alert.adopted = true;
    }
    desk.rule = drift({"seller"});
    EXPECT_THAT(told(desk.plan(moves)), ElementsAre("mail sam@x.org adoption: ada fired! fay fired! eve fired!"));
    Alert alert = desk.after.front();
    alert.severity = Severity::critical;
    EXPECT_THAT(told(desk.plan(alert, T::escalated)), ElementsAre("mail sam@x.org alerts: ada escalated!"));
}

TEST(TakeBackTold, LeavesWhatPeopleKnewBeforeAndAdoptsTheRest) {
    struct Case {
        std::string sentence;
        Alert after;
        std::vector<Told> before;  ///< what was told of it before; empty: there was no such alert
        std::vector<Told> told;
        bool adopted = false;
    };
    const Told of_first{.receiver = "mail", .recipient = "ada", .episode = 1};
    const auto at = [](AlertPhase phase, std::int64_t episode = 1, bool held = false) {
        Alert alert = firing("ada");
        alert.phase = phase;
        alert.episode = episode;
        alert.held = held;
        alert.told = {{.receiver = "mail", .recipient = "ada", .episode = episode, .phase = phase}};
        return alert;
    };
    const std::vector<Case> cases = {
        {"opened since: nobody knows, one digest will say it", at(AlertPhase::firing), {}, {}, true},
        {"opened since and recovering", at(AlertPhase::recovering), {}, {}, true},
        {"pending: will be news when it fires", at(AlertPhase::pending), {}, {}},
        {"held stays held", at(AlertPhase::firing, 1, true), {}, {}},
        {"opened and ended since: nobody has to hear", at(AlertPhase::resolved), {}, {}},
        {"known before and still so: nothing to say", at(AlertPhase::firing), {of_first}, {of_first}},
        {"known before and ended since: they will hear the end", at(AlertPhase::resolved), {of_first}, {of_first}},
        {"another episode than the one they know", at(AlertPhase::firing, 2), {of_first}, {of_first}, true},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::vector<Alert> before, alerts = {c.after};
        if (!c.before.empty()) before = {firing("abe"), firing("ada"), firing("bo")};
        if (!c.before.empty()) before[1].told = c.before;
        take_back_told(alerts, before);
        EXPECT_EQ(alerts[0].told, c.told);
        EXPECT_EQ(alerts[0].adopted, c.adopted);
    }
}

TEST(Messages, MoveWithTheCustomerToAnotherManager) {
    Desk desk;
    Alert alert = firing("ada");
    alert.told = {{.receiver = "mail", .recipient = "former", .episode = 1}};
    EXPECT_THAT(told(desk.plan(alert, T::none)), ElementsAre("mail ada@x.org alerts: ada fired!"));
}

TEST(Messages, WaitUntilPeopleAndCustomersCanBeBelieved) {
    Desk desk;
    desk.feeds = {{.dataset = "people", .source = "crm", .trouble = FeedTrouble::suspect}};
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)), IsEmpty());
    desk.feeds = {{.dataset = "customers", .source = "crm", .trouble = FeedTrouble::suspect}};
    EXPECT_THAT(told(desk.plan_again()), IsEmpty());
    desk.feeds.clear();
    EXPECT_THAT(told(desk.plan_again()), ElementsAre("mail ada@x.org alerts: ada fired!"));
    EXPECT_THAT(told(desk.plan(firing("nobody's"), T::none)), IsEmpty()) << "a customer that is not in the data";
}

TEST(Messages, FollowTheFirstRouteThatMatches) {
    const auto match = [](std::string field, std::vector<std::string> values, bool negated = false) {
        return Route::Match{.field = std::move(field), .negated = negated, .values = std::move(values)};
    };
    struct Case {
        std::string sentence;
        std::vector<Route::Match> match;
        bool holds;
    };
    const std::vector<Case> cases = {
        {"an empty one matches everything", {}, true},
        {"by severity", {match("severity", {"critical", "warning"})}, true},
        {"by rule", {match("rule", {"other"})}, false},
        {"by scope", {match("scope", {"customer"})}, true},
        {"by a customer's column", {match("segment", {"west"})}, true},
        {"by person", {match("account_manager", {"bo"})}, false},
        {"negated", {match("segment", {"west"}, true)}, false},
        {"all must hold", {match("segment", {"west"}), match("severity", {"critical"})}, false},
        {"what is not known matches nothing", {match("motion", {"price"})}, false},
        {"not even negated", {match("motion", {"price"}, true)}, false},
    };
    for (const auto& c : cases) {
        Desk desk;
        desk.rules.policy.routes = {{.match = c.match, .receivers = {"chat"}}, {.match = {}, .receivers = {"mail"}}};
        const auto plan = desk.plan(firing("ada"), T::fired);
        ASSERT_EQ(plan.messages.size(), 1u) << c.sentence;
        EXPECT_EQ(plan.messages.front().receiver, c.holds ? "chat" : "mail") << c.sentence;
    }
}

TEST(Routes, AskTheLeadingSubscriptionAsItIsToday) {
    Desk desk;
    Snapshot& snapshot = desk.snapshot;
    const CustomerIndex ada = snapshot.find_customer("ada");
    const auto add = [&](const char* plan, const char* status, double mrr, std::optional<Day> ended_on) {
        snapshot.subscriptions.push_back({.id = snapshot.words.intern(plan),
                                          .customer = ada,
                                          .plan = snapshot.words.intern(plan),
                                          .status = snapshot.words.intern(status),
                                          .started_on = testing::on(2025, 1, 1),
                                          .ended_on = ended_on,
                                          .mrr = mrr});
        snapshot.customers[ada].subscriptions += 1;
    };
    add("no rate", "trial", missing, {});
    add("team", "cancelled", 10'00, today + std::chrono::days{1});
    add("team too", "past_due", 10'00, {});
    const auto matches = [&](const char* field, const char* value) {
        desk.rules.policy.routes = {{.match = {{.field = field, .values = {value}}}, .receivers = {"chat"}},
                                    {.match = {}, .receivers = {"mail"}}};
        return desk.plan(firing("ada"), T::fired).messages.front().receiver == "chat";
    };
    EXPECT_TRUE(matches("plan", "team")) << "the dearest whose amount is known, of equal ones the first";
    EXPECT_TRUE(matches("status", "active")) << "that it is cancelled tomorrow is not known today";
    EXPECT_FALSE(matches("status", "cancelled"));
}

TEST(Messages, GoWhereNotifySays) {
    Desk desk;
    desk.rule = drift({"chat"});
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)), ElementsAre("chat  alerts: ada fired")) << "named alone";
    desk.rule = drift({"lead", "chat"});
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)),
                ElementsAre("chat  alerts: ada fired", "mail lea@x.org alerts: ada fired!"));
    desk.rule = drift({});
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)), ElementsAre("mail ada@x.org alerts: ada fired!"));
    desk.rules.policy.routes.clear();
    EXPECT_THAT(told(desk.plan(firing("ada"), T::fired)),
                ElementsAre("chat  alerts: ada fired", "mail ada@x.org alerts: ada fired!"))
        << "no route: all receivers";
}

TEST(Messages, NeverDropWhatNobodyCanBeToldOf) {
    Desk desk;
    desk.rules.policy.defaults.lead = "";
    auto plan = desk.plan(firing("zoe"), T::fired);
    EXPECT_THAT(told(plan), ElementsAre("mail ops@x.org alerts: zoe fired!")) << "ops";
    ASSERT_EQ(plan.findings.size(), 1u);
    EXPECT_EQ(plan.findings.front().because, "zoe is not in people");
    desk.rules.policy.defaults.ops = "";
    plan = desk.plan(firing("zoe"), T::fired);
    EXPECT_THAT(told(plan), ElementsAre("chat  alerts: zoe fired")) << "a receiver that needs no person";
    desk.rules.policy.receivers = {{.name = "mail", .addresses_people = true}};
    plan = desk.plan(firing("zoe"), T::fired);
    EXPECT_THAT(told(plan), IsEmpty());
    EXPECT_FALSE(plan.findings.empty());
    desk.rules.policy.defaults.ops = "ops@x.org";
    EXPECT_THAT(told(desk.plan_again()), ElementsAre("mail ops@x.org alerts: zoe fired!")) << "as soon as somebody can";
}

TEST(Messages, CarryWhatAReaderNeeds) {
    Desk desk;
    Alert alert = firing("ada", Severity::critical, 588000);
    alert.pending_since = today - std::chrono::days{9};
    alert.reasons = {"miss_streak >= 3 (4)"};
    alert.advice = "Call to ask how they are.";
    alert.deadline = today + std::chrono::days{20};
    const Message message = desk.plan(alert, T::fired).messages.front();
    const AlertNote& note = message.notes.front();
    EXPECT_EQ(message.as_of, today);
    EXPECT_EQ(message.recipient.person_id, "ada");
    EXPECT_TRUE(message.recipient.asked_to_act);
    EXPECT_EQ(note.customer_name, "Customer of ada");
    EXPECT_EQ(note.segment, "west");
    EXPECT_EQ(note.since, today - std::chrono::days{9});
    EXPECT_EQ(note.deadline, alert.deadline);
    EXPECT_EQ(note.reasons, alert.reasons);
    EXPECT_EQ(note.advice, alert.advice);
    EXPECT_EQ(note.revenue, 588000);
}

// -- identity -------------------------------------------------------------------------------------------------------

TEST(IdentityOfAMessage, IsMadeOfWhatItTellsToWhomNotOfItsWords) {
    Desk desk;
    desk.rule = drift({"seller"});
    std::vector<Move> moves;
    for (const char* customer : {"ada", "bo"}) {
        moves.push_back({.alert = firing(customer), .transition = T::fired, .rule = &desk.rule});
    }
    const Message message = desk.plan(moves).messages.front();
    const auto changed = [&](auto change) {
        Message other = message;
        change(other);
        return identity(other) != identity(message);
    };
    EXPECT_FALSE(changed([](Message& m) { std::swap(m.notes[0], m.notes[1]); })) << "order";
    EXPECT_FALSE(changed([](Message& m) { m.notes[0].message = "other words"; }));
    EXPECT_FALSE(changed([](Message& m) { m.recipient.name = "Samuel"; }));
    EXPECT_FALSE(changed([](Message& m) { m.recipient.role = "lead"; }));
    EXPECT_FALSE(changed([](Message& m) { m.as_of += std::chrono::days{1}; }));
    EXPECT_TRUE(changed([](Message& m) { m.notes[0].seq += 1; }));
    EXPECT_TRUE(changed([](Message& m) { m.notes[0].episode += 1; }));
    EXPECT_TRUE(changed([](Message& m) { m.notes[0].key.entity = "adb"; }));
    EXPECT_TRUE(changed([](Message& m) { m.notes.pop_back(); }));
    EXPECT_TRUE(changed([](Message& m) { m.receiver = "chat"; }));
    EXPECT_TRUE(changed([](Message& m) { m.recipient.person_id = "lea"; }));
    EXPECT_TRUE(changed([](Message& m) { m.kind = MessageKind::adoption; }));
    EXPECT_TRUE(changed([](Message& m) { m.occurrence = "2"; }));
}

TEST(IdentityOfAnAlert, CannotBeForgedByMovingABoundary) {
    const AlertKey one{.rule = "ab", .scope = Scope::customer, .entity = "c"};
    EXPECT_EQ(identity(one), "2:ab8:customer1:c0:");
    EXPECT_NE(identity(one), identity(AlertKey{.rule = "a", .scope = Scope::customer, .entity = "bc"}));
    EXPECT_NE(identity(AlertKey{.rule = "a", .entity = "1:b"}), identity(AlertKey{.rule = "a1:", .entity = "b"}));
}

TEST(MessageKinds, AreReadBackAsTheyAreWritten) {
    for (const auto kind :
         {MessageKind::alerts, MessageKind::adoption, MessageKind::ops, MessageKind::digest, MessageKind::all_quiet}) {
        EXPECT_EQ(parse_message_kind(message_kind_name(kind)), kind);
    }
    EXPECT_EQ(parse_message_kind("spam"), std::nullopt);
}

// -- what one person hears over a random life -----------------------------------------------------------------------

/// Whatever is held, lost or late: nobody hears of an end without a beginning, of a beginning twice, or of an end
/// twice; and once all is released and known, everybody knows the truth.
TEST(ToldState, TellsEachPersonAConsistentStory) {
    const unsigned seed = std::random_device{}();
    std::cout << "seed " << seed << std::endl;
    std::mt19937 random{seed};
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    Desk desk;
    desk.rule = drift({"account_manager", "seller"});
    desk.rule.cooldown = std::chrono::days{2};
    for (int life = 0; life < 300; ++life) {
        std::optional<Alert> alert;
        std::map<std::string, bool> believes;          ///< by person: that there is a problem
        std::map<std::string, std::int64_t> episodes;  ///< by person: the newest they heard of
        Day day = today;
        bool quiet = false;
        for (int at = 0; at < 40; ++at) {
            SCOPED_TRACE("seed " + std::to_string(seed) + ", life " + std::to_string(life) + ", step " +
                         std::to_string(at));
            const bool settled = at >= 36;
            day += std::chrono::days{settled ? 3 : static_cast<int>(random() % 2)};
            const Truth when = settled ? Truth::yes : truth(chance(50));
            const Finding finding{
                .frozen = !settled && chance(15), .when = when, .clear = negation(when), .data_time = day};
            auto stepped = step(alert ? &*alert : nullptr, firing("ada").key, desk.rule, finding);
            if (!stepped.after) continue;
            stepped.after->customer_id = "ada";
            stepped.after->held = settled ? false : stepped.after->held ? chance(70) : chance(15);
            if (stepped.after->phase == AlertPhase::pending) stepped.after->held = false;
            quiet = !settled && chance(20);
            desk.at(life, 0).now += std::chrono::hours{9} + std::chrono::minutes{at};
            desk.mailings.clear();  // so that a digest follows at once
            desk.interruptions.clear();
            desk.feeds.clear();
            if (quiet) desk.feeds = {{.dataset = "people", .source = "crm", .trouble = FeedTrouble::not_loaded}};
            const auto plan = desk.plan(*stepped.after, stepped.transition);
            alert = desk.after.front();
            for (const Message& message : plan.messages) {
                if (message.notes.empty()) continue;
                const T what = message.notes.front().transition;
                bool& problem = believes[message.recipient.email];
                std::int64_t& episode = episodes[message.recipient.email];
                const bool is_new = std::exchange(episode, message.notes.front().episode) < episode;
                EXPECT_TRUE(what != T::fired || !problem || is_new) << "a problem is told once";
                EXPECT_TRUE(what != T::resolved || problem) << "only who knew hears of the end";
                problem = what == T::fired || what == T::escalated;
            }
        }
        EXPECT_THAT(believes, UnorderedElementsAre(std::pair{"ada@x.org", true}, std::pair{"sam@x.org", true}));
    }
}

}  // namespace
}  // namespace retaind
