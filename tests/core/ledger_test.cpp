// What becomes of alerts, and when a customer counts as lost.
#include <gtest/gtest.h>

#include "retaind/alerts/ledger.hpp"
#include "retaind/signals/loss.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using std::chrono::days;
using testing::null;
using testing::on;
using testing::Rows;
using testing::TextRow;

const Day opened = on(2026, 3, 1);

Snapshot company(const std::vector<TextRow>& subscriptions, Day as_of) {
    return testing::snapshot_of(
        {{.kind = DatasetKind::customers, .columns = {"customer_id", "name"}, .rows = {{"c1", "One"}, {"c2", "Two"}}},
         {.kind = DatasetKind::subscriptions,
          .columns = {"subscription_id", "customer_id", "status", "started_on", "ended_on", "renews_on", "mrr"},
          .rows = subscriptions}},
        {.as_of = as_of, .read_from = on(2025, 1, 1)});
}

struct LossCase {
    const char* what;
    std::vector<TextRow> subscriptions;
    std::optional<Day> lost;
};

TEST(LostOn, IsTheEndAfterWhichNothingFollows) {
    const LossCase cases[] = {
        {"cancelled for good", {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-10", null, "10"}}, on(2026, 3, 10)},
        {"a contract that was completed is no churn",
         {{"s1", "c1", "ended", "2025-01-01", "2026-03-10", null, "10"}},
         std::nullopt},
        {"another began ten days later",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-10", null, "10"},
          {"s2", "c1", "active", "2026-03-20", null, null, "10"}},
         std::nullopt},
        {"another began twenty days later: lost, and won back",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-10", null, "10"},
          {"s2", "c1", "active", "2026-03-30", null, null, "10"}},
         on(2026, 3, 10)},
        {"one of two products goes on",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-10", null, "10"},
          {"s2", "c1", "active", "2025-02-01", null, null, "10"}},
         std::nullopt},
        {"too fresh to know whether another follows",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-04-20", null, "10"}},
         std::nullopt},
        {"lost twice: the later",
         {{"s1", "c1", "cancelled", "2025-01-01", "2025-03-10", null, "10"},
          {"s2", "c1", "cancelled", "2025-06-01", "2026-03-12", null, "10"}},
         on(2026, 3, 12)},
    };
    for (const LossCase& each : cases) {
        SCOPED_TRACE(each.what);
        const Snapshot snapshot = company(each.subscriptions, on(2026, 5, 1));
        EXPECT_EQ(lost_on(snapshot, snapshot.find_customer("c1"), {}), each.lost);
    }
}

Move fired(Severity severity, Scope scope = Scope::customer) {
    Move move{.alert = {}, .transition = Transition::fired};
    move.alert = {.key = {.rule = "r", .scope = scope, .entity = "c1"},
                  .customer_id = scope == Scope::segment ? "" : "c1",
                  .phase = AlertPhase::firing,
                  .severity = severity,
                  .episode = 2,
                  .firing_since = opened,
                  .revenue = 120'00};
    return move;
}

RuleSet rules() {
    RuleSet all;
    all.risk.horizon = 28;
    return all;
}

LedgerNews opened_by(const Snapshot& snapshot, const std::vector<Move>& moves) {
    return keep_ledger({.snapshot = snapshot, .rules = rules(), .moves = moves});
}

LedgerNews labels_of(const Snapshot& snapshot, const std::vector<LedgerEntry>& unlabelled,
                     const std::vector<Act>& acts = {}, const std::vector<FeedVerdict>& feeds = {}) {
    return keep_ledger(
        {.snapshot = snapshot, .rules = rules(), .unlabelled = unlabelled, .acts = acts, .feeds = feeds});
}

TEST(Ledger, NotesWarningsAboutCustomersWhenTheyOpen) {
    const Snapshot snapshot = company({{"s1", "c1", "active", "2025-01-01", null, "2026-03-15", "10"}}, opened);
    std::vector<Move> moves = {fired(Severity::warning), fired(Severity::info),
                               fired(Severity::critical, Scope::segment)};
    moves.push_back(fired(Severity::warning));
    moves.back().transition = Transition::escalated;
    const LedgerNews news = opened_by(snapshot, moves);
    ASSERT_EQ(news.opened.size(), 1u);
    EXPECT_EQ(news.opened[0].episode, 2);
    EXPECT_EQ(news.opened[0].opened_on, opened);
    EXPECT_EQ(news.opened[0].renews_on, on(2026, 3, 15));
    EXPECT_EQ(news.opened[0].revenue, 120'00);
}

TEST(Ledger, NotesWhatWasHeldOnlyOnceItIsReleased) {
    const Snapshot snapshot =
        company({{"s1", "c1", "active", "2025-01-01", null, "2026-03-05", "10"}}, opened + days{9});
    std::vector<Move> moves = {fired(Severity::warning)};
    Move& move = moves.front();
    move.alert.held = true;
    EXPECT_TRUE(opened_by(snapshot, moves).opened.empty()) << "nobody heard of it";
    move.transition = Transition::none;
    EXPECT_TRUE(opened_by(snapshot, moves).opened.empty());
    move.alert.held = false;
    EXPECT_TRUE(opened_by(snapshot, moves).opened.empty()) << "it is told already";
    move.released = true;
    const LedgerNews news = opened_by(snapshot, moves);
    ASSERT_EQ(news.opened.size(), 1u);
    EXPECT_EQ(news.opened[0].opened_on, opened + days{9}) << "before that day nobody could act";
    EXPECT_EQ(news.opened[0].renews_on, std::nullopt);
    for (const AlertPhase phase : {AlertPhase::pending, AlertPhase::resolved, AlertPhase::closed}) {
        move.alert.phase = phase;
        EXPECT_TRUE(opened_by(snapshot, moves).opened.empty()) << phase_name(phase);
    }
}

LedgerEntry entry(std::optional<Day> renews_on = {}) {
    return {.key = {.rule = "r", .scope = Scope::customer, .entity = "c1"},
            .episode = 2,
            .customer_id = "c1",
            .opened_on = opened,
            .revenue = 120'00,
            .renews_on = renews_on};
}

TEST(Ledger, LabelsAnAlertByWhatBecameOfTheCustomer) {
    struct Case {
        const char* what;
        std::vector<TextRow> subscriptions;
        std::optional<Day> renews_on;
        AlertOutcome outcome;
    };
    const Case cases[] = {
        {"left within the horizon",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-20", null, "10"}},
         on(2026, 3, 20),
         AlertOutcome::churned},
        {"left on the horizon's last day",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-29", null, "10"}},
         std::nullopt,
         AlertOutcome::churned},
        {"left a day later",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-30", null, "10"}},
         std::nullopt,
         AlertOutcome::still_open},
        {"pays less now", {{"s1", "c1", "active", "2025-01-01", null, null, "9"}}, {}, AlertOutcome::shrank},
        {"pays a little less", {{"s1", "c1", "active", "2025-01-01", null, null, "9.6"}}, {}, AlertOutcome::still_open},
        {"renewed", {{"s1", "c1", "active", "2025-01-01", null, null, "10"}}, on(2026, 3, 20), AlertOutcome::renewed},
        {"no renewal was due yet",
         {{"s1", "c1", "active", "2025-01-01", null, null, "10"}},
         on(2026, 9, 1),
         AlertOutcome::still_open},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.what);
        const std::vector<LedgerEntry> open = {entry(each.renews_on)};
        const Day last = opened + days{28 + 14};
        EXPECT_TRUE(labels_of(company(each.subscriptions, last), open).labelled.empty());
        const LedgerNews news = labels_of(company(each.subscriptions, last + days{1}), open);
        ASSERT_EQ(news.labelled.size(), 1u);
        EXPECT_EQ(news.labelled[0].outcome, each.outcome);
        EXPECT_EQ(news.labelled[0].labelled_on, last + days{1});
        EXPECT_EQ(news.labelled[0].happened_on.has_value(), each.outcome == AlertOutcome::churned);
    }
}

Snapshot with_touchpoints(const std::vector<TextRow>& touchpoints, Day as_of) {
    return testing::snapshot_of(
        {{.kind = DatasetKind::customers, .columns = {"customer_id", "name"}, .rows = {{"c1", "One"}, {"c2", "Two"}}},
         {.kind = DatasetKind::touchpoints, .columns = {"customer_id", "at", "kind"}, .rows = touchpoints}},
        {.as_of = as_of, .read_from = on(2025, 1, 1)});
}

TEST(Ledger, NotesWhenSomebodyFirstActed) {
    const Instant told = Instant{opened + days{1}} + std::chrono::hours{8}, answered = told + std::chrono::hours{3};
    LedgerEntry open = entry();
    open.opened_at = told;
    const auto answer = [&](ActKind kind, std::int64_t episode = 2) {
        return Act{.key = open.key, .episode = episode, .kind = kind, .at = answered, .by = "ada", .via = "link"};
    };
    struct Case {
        const char* what;
        std::vector<TextRow> touchpoints;
        std::vector<Act> acts;
        std::optional<Instant> acted_at;
    };
    const Case cases[] = {
        {"nobody", {}, {}, {}},
        {"an answer", {}, {answer(ActKind::on_it)}, answered},
        {"an answer to another episode", {}, {answer(ActKind::on_it, 1)}, {}},
        {"who snoozes does nothing", {}, {answer(ActKind::snooze)}, {}},
        {"in touch before it opened", {{"c1", "2026-03-01", "service"}}, {}, {}},
        {"in touch on the day it was told", {{"c1", "2026-03-02", "service"}}, {}, told},
        {"in touch later, and again",
         {{"c1", "2026-03-04 10:00:00", "sales"}, {"c1", "2026-03-05", "sales"}},
         {},
         Instant{opened + days{3}} + std::chrono::hours{10}},
        {"with somebody else", {{"c2", "2026-03-04", "service"}}, {}, {}},
        {"whichever came first", {{"c1", "2026-03-04", "service"}}, {answer(ActKind::seen)}, answered},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.what);
        const LedgerNews news = labels_of(with_touchpoints(each.touchpoints, opened + days{10}), {open}, each.acts);
        ASSERT_EQ(news.acted.size(), each.acted_at ? 1u : 0u) << "also while subscriptions are not loaded";
        if (!each.acted_at) continue;
        EXPECT_EQ(news.acted[0].acted_at, each.acted_at);
        const auto again =
            labels_of(with_touchpoints({{"c1", "2026-03-02", "service"}}, opened + days{11}), news.acted);
        EXPECT_TRUE(again.acted.empty()) << "noted once";
    }
}

TEST(Ledger, IsFollowedThroughByTheDeadline) {
    LedgerEntry one = entry();
    EXPECT_FALSE(is_followed_through(one));
    one.acted_at = Instant{opened + days{5}} + std::chrono::hours{23};
    EXPECT_TRUE(is_followed_through(one)) << "without a deadline any action is";
    one.act_by = opened + days{5};
    EXPECT_TRUE(is_followed_through(one));
    one.act_by = opened + days{4};
    EXPECT_FALSE(is_followed_through(one));
}

TEST(Ledger, FindsLossesAndForgetsOldOnes) {
    const std::vector<TextRow> gone = {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-20", null, "10"}};
    const Day known = on(2026, 3, 20) + days{15};
    EXPECT_TRUE(labels_of(company(gone, known - days{1}), {}).losses.empty());
    EXPECT_EQ(labels_of(company(gone, known), {}).losses,
              (std::vector<Loss>{{.customer_id = "c1", .on = on(2026, 3, 20)}}));
    EXPECT_TRUE(labels_of(company(gone, on(2026, 3, 20) + days{91}), {}).losses.empty());
}

TEST(Ledger, WaitsWhileSubscriptionsAreNotLoaded) {
    Snapshot snapshot = company({{"s1", "c1", "cancelled", "2025-01-01", "2026-03-20", null, "10"}}, on(2026, 5, 1));
    for (Feed& feed : snapshot.feeds) {
        if (feed.dataset == "subscriptions") feed.loaded = false;
    }
    const std::vector<LedgerEntry> open = {entry()};
    const LedgerNews news = labels_of(snapshot, open);
    EXPECT_TRUE(news.labelled.empty());
    EXPECT_TRUE(news.losses.empty());
}

TEST(Ledger, BelievesNoLoadThatTheCycleDoesNot) {
    const Snapshot snapshot =
        company({{"s1", "c1", "cancelled", "2025-01-01", "2026-03-20", null, "10"}}, on(2026, 5, 1));
    const std::vector<LedgerEntry> open = {entry()};
    const std::vector<FeedVerdict> half = {
        {.dataset = "subscriptions", .source = "crm", .trouble = FeedTrouble::suspect}};
    const LedgerNews news = labels_of(snapshot, open, {}, half);
    EXPECT_TRUE(news.labelled.empty());
    EXPECT_TRUE(news.losses.empty());
}

TEST(RuleQuality, SharesAreMissingWithoutACase) {
    EXPECT_TRUE(is_missing(precision({})));
    EXPECT_TRUE(is_missing(recall({})));
    const RuleQuality quality{
        .rule = "r", .churned = 3, .shrank = 1, .renewed = 4, .still_open = 2, .losses = 8, .foreseen = 2};
    EXPECT_DOUBLE_EQ(precision(quality), 0.4);
    EXPECT_DOUBLE_EQ(recall(quality), 0.25);
}

TEST(RuleQuality, IsHeldAgainstTheFloorOnceThereAreCases) {
    struct Case {
        const char* what;
        std::int64_t churned, renewed;
        double floor;
        bool missed;
    };
    const Case cases[] = {{"rarely right", 1, 8, 0.3, true},           {"just right", 3, 7, 0.3, false},
                          {"two cases say nothing", 0, 2, 0.3, false}, {"three do", 0, 3, 0.3, true},
                          {"no floor", 0, 9, missing, false},          {"no case", 0, 0, 0.3, false}};
    for (const Case& each : cases) {
        const RuleQuality quality{.rule = "r", .churned = each.churned, .renewed = each.renewed};
        EXPECT_EQ(misses_floor(quality, each.floor), each.missed) << each.what;
    }
}

TEST(RuleQuality, IsOfEveryRuleThatHasAFloor) {
    RuleSet all = rules();
    all.rules = {{.name = "free"}, {.name = "strict", .min_precision = 0.5}};
    const std::vector<RuleQuality> quality = {{.rule = "free", .renewed = 9},
                                              {.rule = "gone", .renewed = 9},
                                              {.rule = "strict", .churned = 2, .shrank = 1, .renewed = 6}};
    const std::vector<FlooredRule> own = floored_rules(all, quality);
    ASSERT_EQ(own.size(), 1u);
    EXPECT_EQ(own[0].rule, "strict");
    EXPECT_EQ(own[0].right, 3);
    EXPECT_EQ(own[0].of, 9);
    EXPECT_EQ(own[0].floor, 0.5);
    EXPECT_TRUE(own[0].is_below);
    all.policy.alerts.min_precision = 0.1;
    const std::vector<FlooredRule> both = floored_rules(all, quality);
    ASSERT_EQ(both.size(), 2u) << "a rule that is gone needs no floor";
    EXPECT_EQ(both[0].floor, 0.1);
    EXPECT_TRUE(both[0].is_below);
    EXPECT_EQ(both[1].floor, 0.5);
    EXPECT_FALSE(floored_rules(all, {})[0].is_below) << "nothing is known of it yet";
}

}  // namespace
}  // namespace retaind
