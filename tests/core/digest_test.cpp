// Digests: when they leave, and what they hold (ALERTS.md "Noise").
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

/// Summer time from 29 March 2026 one o'clock UTC to 25 October.
const Zone berlin{.name = "Europe/Berlin",
                  .offsets = {{Instant{testing::on(2025, 10, 26)} + 1h, 1h},
                              {Instant{testing::on(2026, 3, 29)} + 1h, 2h},
                              {Instant{testing::on(2026, 10, 25)} + 1h, 1h}}};

const Digest& digest_in(const MessagePlan& plan) { return *plan.messages.at(0).digest; }

TEST(DigestHour, IsOncePerLocalDayAtTheFirstCycleAfterIt) {
    Desk desk;
    desk.watch_all();
    desk.watched("ada").renews_on = today + days{20};
    desk.watched("ada").notice_on = today + days{9};
    const auto cycle = [&](int day, int hour, int minute = 0) { return told(desk.at(day, hour, minute).plan()); };
    EXPECT_THAT(cycle(0, 7, 59), IsEmpty());
    EXPECT_THAT(cycle(0, 8, 7), ElementsAre("mail ada@x.org digest:"));
    EXPECT_THAT(cycle(0, 8, 22), IsEmpty());
    EXPECT_THAT(cycle(0, 23, 59), IsEmpty());
    EXPECT_THAT(cycle(1, 7, 0), IsEmpty());
    EXPECT_THAT(cycle(1, 17, 0), ElementsAre("mail ada@x.org digest:")) << "late is better than never";
    EXPECT_THAT(cycle(3, 8, 0), ElementsAre("mail ada@x.org digest:")) << "a day without a cycle is not made up for";
}

TEST(DigestHour, IsTheReadersOwn) {
    Desk desk;
    desk.watch_all();
    desk.watched("ada").notice_on = today + days{9};
    desk.rules.policy.zone = berlin;
    EXPECT_THAT(told(desk.at(0, 6, 59).plan()), IsEmpty());
    EXPECT_THAT(told(desk.at(0, 7).plan()), ElementsAre("mail ada@x.org digest:")) << "eight o'clock in Berlin";
    desk.mailings.clear();
    desk.rules.policy.receivers[1].digest = "06:30";
    EXPECT_THAT(told(desk.at(1, 5, 29).plan()), IsEmpty());
    EXPECT_THAT(told(desk.at(1, 5, 30).plan()), ElementsAre("mail ada@x.org digest:"));
}

/// Every quarter of an hour over the two nights on which clocks change.
TEST(DigestHour, ThatANightSkipsOrRepeatsIsOne) {
    for (const auto& [from, hour] :
         {std::pair{testing::on(2026, 3, 28), "02:30"}, {testing::on(2026, 10, 24), "02:30"}}) {
        Desk desk;
        desk.watch_all();
        desk.watched("ada").notice_on = today + days{9};
        desk.rules.policy.zone = berlin;
        desk.rules.policy.alerts.digest = hour;
        std::map<Day, int> digests;
        for (Instant now{from}; now < from + days{3}; now += 15min) {
            desk.now = now;
            for (const Message& message : desk.plan().messages) {
                EXPECT_EQ(message.kind, MessageKind::digest);
                ++digests[berlin.local_day(now)];
            }
        }
        EXPECT_THAT(digests,
                    ElementsAre(std::pair{from, 1}, std::pair{from + days{1}, 1}, std::pair{from + days{2}, 1}));
    }
}

TEST(DigestHour, WakesTheDaemon) {
    Desk desk;
    desk.watch_all();
    EXPECT_EQ(desk.at(0, 5).plan().wake_at, Desk::moment(0, 8));
    EXPECT_EQ(desk.at(0, 9).plan().wake_at, Desk::moment(1, 8));
    desk.customers.clear();
    EXPECT_EQ(desk.at(0, 9).plan().wake_at, std::nullopt) << "nobody would get one";
}

TEST(Digest, HoldsWhatConcernsItsReader) {
    Desk desk;
    desk.watch_all();
    WatchedCustomer& ada = desk.watched("ada");
    ada.smoothed = 52;
    ada.smoothed_before = 61;
    ada.band = Band::watch;
    ada.band_before = Band::watch;
    ada.because = {"miss_streak >= 3 (4)"};
    ada.notice_on = today + days{14};
    ada.renews_on = today + days{15};
    ada.promises = {{"faster", today + days{3}}, {"long past", today - days{3}}};
    desk.watched("old@x.org").band_before = Band::watch;  // somebody else's
    desk.kept = {{.customer = ada.customer, .outcome = "more"},
                 {.customer = desk.snapshot.find_customer("bo"), .outcome = "not hers"}};
    desk.feeds = {{.dataset = "usage", .source = "crm", .trouble = FeedTrouble::stale, .because = "is late"}};
    const MessagePlan plan = desk.plan();
    ASSERT_EQ(told(plan)[0], "mail ada@x.org digest:");
    const Digest& digest = digest_in(plan);
    ASSERT_EQ(digest.moved.size(), 1u);
    EXPECT_EQ(digest.moved[0].customer_name, "Customer of ada");
    EXPECT_EQ(digest.moved[0].because, ada.because);
    ASSERT_EQ(digest.due.size(), 2u);
    EXPECT_EQ(digest.due[0].what, "faster");
    EXPECT_EQ(digest.due[1].what, "notice");
    ASSERT_EQ(digest.kept.size(), 1u);
    EXPECT_EQ(digest.kept[0].outcome, "more");
    ASSERT_EQ(digest.unknown.size(), 1u);
    EXPECT_EQ(digest.unknown[0].dataset, "usage");
    EXPECT_EQ(digest.watched, 1);
}

TEST(Digest, TellsOnlyOfMovesThatAreWorthIt) {
    struct Case {
        double before, after;
        Band band_before, band_after;
        bool told;
    };
    for (const auto& c : std::vector<Case>{{60, 55, Band::watch, Band::watch, true},
                                           {60, 55.5, Band::watch, Band::watch, false},
                                           {41, 39, Band::watch, Band::at_risk, true},
                                           {41, 39, Band::watch, Band::unknown, false},
                                           {missing, 39, Band::watch, Band::at_risk, false}}) {
        Desk desk;
        desk.watch_all();
        desk.watched("ada").smoothed_before = c.before;
        desk.watched("ada").smoothed = c.after;
        desk.watched("ada").band_before = c.band_before;
        desk.watched("ada").band = c.band_after;
        EXPECT_EQ(!desk.plan().messages.empty(), c.told) << c.before << " to " << c.after;
    }
}

TEST(Digest, ListsWhatThereIsToDoTodayUntilSomebodyHasItInHand) {
    Desk desk;
    desk.watch_all();
    EXPECT_THAT(told(desk.plan({firing("ada"), firing("bo", Severity::info)})),
                ElementsAre("mail ada@x.org alerts: ada fired!", "mail dan@x.org digest: bo fired!"))
        << "what is told at once needs no list, and a tip is no task";
    const MessagePlan next = desk.at(1, 8).plan_again();
    EXPECT_THAT(told(next), ElementsAre("mail ada@x.org digest:"));
    ASSERT_EQ(digest_in(next).act_today.size(), 1u);
    EXPECT_TRUE(digest_in(next).act_today[0].asked_to_act);
    EXPECT_TRUE(next.messages[0].recipient.asked_to_act);
    desk.acts = {{.key = firing("ada").key,
                  .episode = 1,
                  .kind = ActKind::on_it,
                  .at = desk.now,
                  .until = desk.now + days{14},
                  .by = "ada",
                  .via = "link"}};
    EXPECT_THAT(told(desk.at(2, 8).plan_again()), IsEmpty()) << "she has it in hand";
}

TEST(Digest, OfAnEmptyDayIsNotSentAndOfAnEmptyWeekSaysThatAllIsQuiet) {
    Desk desk;
    desk.watch_all();
    desk.rules.policy.receivers.pop_back();
    desk.rules.policy.receivers = {{.name = "chat"}};
    desk.rules.policy.routes.clear();
    std::vector<int> quiet;
    for (int day = 0; day < 16; ++day) {
        const MessagePlan plan = desk.at(day, 8, day % 3).plan();
        if (plan.messages.empty()) continue;
        EXPECT_EQ(plan.messages[0].kind, MessageKind::all_quiet);
        EXPECT_EQ(digest_in(plan).watched, static_cast<int>(desk.customers.size()));
        quiet.push_back(day);
    }
    EXPECT_THAT(quiet, ElementsAre(7, 14)) << "local days count, not hours";
}

TEST(Digest, WaitsWhileTheCustomersCannotBeBelieved) {
    Desk desk;
    desk.watch_all();
    desk.watched("ada").notice_on = today + days{9};
    desk.feeds = {{.dataset = "customers", .source = "crm", .trouble = FeedTrouble::suspect}};
    EXPECT_THAT(told(desk.plan()), IsEmpty());
    desk.feeds = {{.dataset = "people", .source = "crm", .trouble = FeedTrouble::not_loaded, .is_victim = true}};
    EXPECT_THAT(told(desk.plan()), IsEmpty());
    desk.feeds.clear();
    EXPECT_THAT(told(desk.plan()), ElementsAre("mail ada@x.org digest:"));
}

TEST(Digest, SpeaksToAChannelOfTheCustomersThatARouteLeadsToIt) {
    Desk desk;
    desk.watch_all();
    desk.rules.policy.receivers = {{.name = "chat"}, {.name = "log", .is_machine = true}, {.name = "ops"}};
    desk.rules.policy.routes = {
        {.match = {{.field = "scope", .values = {"source"}}}, .receivers = {"ops"}},
        {.match = {{.field = "severity", .values = {"critical"}}, {.field = "segment", .values = {"west"}}},
         .receivers = {"chat"}},
        {.match = {}, .receivers = {"log"}}};
    for (WatchedCustomer& one : desk.customers) one.notice_on = today + days{9};
    const MessagePlan plan = desk.plan();
    EXPECT_THAT(told(plan), ElementsAre("chat  digest:"));
    EXPECT_EQ(digest_in(plan).watched, 11) << "all but the one in no segment";
}

TEST(Digest, IsNotSentBesideAnAdoptionWithoutNews) {
    Desk desk;
    desk.watch_all();
    desk.watched("ada").notice_on = today + days{9};
    Alert alert = firing("ada");
    alert.adopted = true;
    EXPECT_THAT(told(desk.plan(alert, T::fired, true)), ElementsAre("mail ada@x.org adoption: ada fired!"));
    EXPECT_THAT(told(desk.at(1, 8).plan_again()), ElementsAre("mail ada@x.org digest:"));
}

TEST(Digest, IsOncePerDayWhateverTheClockDid) {
    Desk desk;
    desk.watch_all();
    desk.watched("ada").notice_on = today + days{9};
    EXPECT_THAT(told(desk.at(1, 9).plan()), ElementsAre("mail ada@x.org digest:")) << "a clock that is a day ahead";
    EXPECT_THAT(told(desk.at(0, 9).plan()), IsEmpty()) << "set right";
    EXPECT_THAT(told(desk.at(1, 9).plan()), ElementsAre("mail ada@x.org digest:"));
}

}  // namespace
}  // namespace retaind
