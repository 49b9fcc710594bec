// One cycle as a whole: what it says of customers that are gone, and of facts that nobody knew yet.
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/cycle/cycle.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::null;
using testing::on;
using testing::Rows;
using enum DatasetKind;

Day march(unsigned day) { return on(2026, 3, day); }

Rows customers_of(std::vector<testing::TextRow> rows) {
    return {customers, {"customer_id", "name", "account_manager", "pulse", "pulse_at"}, std::move(rows)};
}

Rows subscriptions_of(std::vector<testing::TextRow> rows) {
    return {
        subscriptions, {"subscription_id", "customer_id", "status", "started_on", "ended_on", "mrr"}, std::move(rows)};
}

Rule rule_when(Scope scope, const std::string& condition) {
    const FieldCatalogue catalogue{.scope = scope};
    return {
        .name = "watched",
        .scope = scope,
        .trigger = {.when = {*parse_condition(condition, catalogue, {"pack.toml", 1, 1})}, .clear_is_negation = true}};
}

RuleSet rules_of(Rule rule) {
    RuleSet rules{.name = "test", .hash = "1", .groups = {}, .rules = {std::move(rule)}};
    rules.rules[0].reads = datasets_read(rules, rules.rules[0]);
    return rules;
}

/// Cycles one after the other; what became of the alerts of the rule under test.
class Days {
public:
    explicit Days(RuleSet rules) : rules_(std::move(rules)) {}

    std::vector<std::string> cycle(const std::vector<Rows>& tables, Day as_of) {
        const Snapshot snapshot = testing::snapshot_of(tables, {.as_of = as_of, .read_from = on(2025, 1, 1)});
        CycleResult result = run_cycle(snapshot, rules_, state_, Instant{as_of + std::chrono::days{1}});
        state_ = std::move(result.state);
        view_ = std::move(result.view);
        std::vector<std::string> alerts;
        for (const Alert& alert : state_.alerts) {
            const std::string because = alert.closed_because.empty() ? "" : ": " + alert.closed_because;
            alerts.push_back(alert.key.entity + " " + std::string{phase_name(alert.phase)} + because);
        }
        return alerts;
    }
    const View& view() const { return view_; }
    const std::vector<Alert>& alerts() const { return state_.alerts; }

private:
    RuleSet rules_;
    State state_ = {};
    View view_ = {};
};

TEST(GoneCustomers, EndAtOnceOnlyWhenASubscriptionSaysSo) {
    struct Case {
        std::string sentence;
        std::vector<testing::TextRow> subscriptions;
        std::string next_day, day_after;
    };
    const std::string gone = "c1 closed: its subscriptions are no longer in the data";
    const std::string ended = "c1 closed: the contract ended";
    const std::vector<Case> cases = {
        {"one that has ended ends the contract",
         {{"s1", "c1", "cancelled", "2025-01-01", "2026-03-02", "10"}},
         ended,
         ended},
        {"so does one that is over without a date", {{"s1", "c1", "ended", "2025-01-01", null, "10"}}, ended, ended},
        {"rows that are not there say nothing, but for two days", {}, "c1 firing", gone},
        {"one that is still to begin neither", {{"s1", "c1", "active", "2026-04-01", null, "10"}}, "c1 firing", gone},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.sentence);
        Days days(rules_of(rule_when(Scope::customer, "tenure_days > 1")));
        const Rows both = customers_of({{"c1", "One", null, null, null}, {"c2", "Two", null, null, null}});
        const testing::TextRow other{"s2", "c2", "active", "2026-03-01", null, "10"};
        ASSERT_THAT(
            days.cycle({both, subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"}, other})}, march(1)),
            ElementsAre("c1 firing"));
        auto rows = c.subscriptions;
        rows.push_back(other);
        EXPECT_THAT(days.cycle({both, subscriptions_of(rows)}, march(2)), ElementsAre(c.next_day));
        EXPECT_THAT(days.cycle({both, subscriptions_of(rows)}, march(2)), ElementsAre(c.next_day)) << "the same day";
        EXPECT_THAT(days.cycle({both, subscriptions_of(rows)}, march(3)), ::testing::Contains(c.day_after));
    }
}

const Rows one_customer = customers_of({{"c1", "One", null, null, null}});
const Rows one_subscription = subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"}});

Rows promises_of(std::vector<testing::TextRow> rows) {
    return {promises,
            {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target", "known_at"},
            std::move(rows)};
}

TEST(GonePromises, CloseAfterTwoDaysHoweverSeldomTheirReadingsMove) {
    Rule rule = rule_when(Scope::promise, "progress < 0.5");
    Days days(rules_of(rule));
    const Rows readings_of{
        readings, {"promise_id", "at", "value"}, {{"p1", "2026-02-01", "1"}, {"p2", "2026-02-01", "9"}}};
    const testing::TextRow p1{"p1", "c1", "slow", "2026-01-01", "2026-06-30", "reach", "10", null};
    const testing::TextRow p2{"p2", "c1", "fast", "2026-01-01", "2026-06-30", "reach", "10", null};
    const auto with = [&](std::vector<testing::TextRow> rows) {
        return std::vector{one_customer, one_subscription, promises_of(std::move(rows)), readings_of};
    };
    ASSERT_THAT(days.cycle(with({p1, p2}), march(1)), ElementsAre("p1 firing"));
    EXPECT_THAT(days.cycle(with({p2}), march(2)), ElementsAre("p1 firing"));
    EXPECT_THAT(days.cycle(with({p2}), march(2)), ElementsAre("p1 firing"));
    EXPECT_THAT(days.cycle(with({p2}), march(3)), ElementsAre("p1 closed: the promise is no longer open"));
}

TEST(PromisesKnownLater, DoNotExistBefore) {
    const std::vector<Rows> tables = {
        one_customer, one_subscription,
        promises_of({{"p1", "c1", "told late", "2026-01-01", "2026-06-30", "reach", "10", "2026-03-02"}})};
    Days by_promise(rules_of(rule_when(Scope::promise, "days_to_due > 1")));
    EXPECT_THAT(by_promise.cycle(tables, march(1)), IsEmpty());
    EXPECT_THAT(by_promise.view().promises, IsEmpty());
    EXPECT_THAT(by_promise.cycle(tables, march(2)), ElementsAre("p1 firing"));
    EXPECT_EQ(by_promise.view().promises.size(), 1u);
    Days by_customer(rules_of(rule_when(Scope::customer, "promises > 0")));
    EXPECT_THAT(by_customer.cycle(tables, march(1)), IsEmpty());
    EXPECT_THAT(by_customer.cycle(tables, march(2)), ElementsAre("c1 firing"));
}

TEST(DaysSinceTouch, CountATouchOfADayThatIsNotWholeYet) {
    Rows touches{touchpoints, {"customer_id", "at", "kind"}, {{"c1", "2026-03-02", "service"}}};
    for (int ago = 1; ago <= 28; ++ago)
        for (int row = 0; row < 60; ++row)
            touches.rows.push_back({"c2", format_day(march(2) - std::chrono::days{ago}), "service"});
    const std::vector<Rows> tables = {customers_of({{"c1", "One", null, null, null}, {"c2", "Two", null, null, null}}),
                                      subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"},
                                                        {"s2", "c2", "active", "2025-01-01", null, "10"}}),
                                      touches};
    Days days(rules_of(rule_when(Scope::customer, "days_since_touch < 1")));
    EXPECT_THAT(days.cycle(tables, march(2)), ElementsAre("c1 firing"));
}

TEST(Pulse, WrittenDownLaterIsNotKnownYet) {
    const std::vector<Rows> tables = {customers_of({{"c1", "One", null, "30", "2026-03-02"}}), one_subscription};
    Days days(rules_of(rule_when(Scope::customer, "pulse < 50")));
    EXPECT_THAT(days.cycle(tables, march(1)), IsEmpty());
    EXPECT_THAT(days.cycle(tables, march(2)), ElementsAre("c1 firing"));
}

/// As of the 31st of March the first pulse is 90 days old.
TEST(Pulse, IsMissingOnceItHasExpired) {
    const std::vector<Rows> tables = {customers_of({{"c1", "One", null, "30", "2025-12-31"},
                                                    {"c2", "Two", null, "30", "2025-12-30"},
                                                    {"c3", "Three", null, "30", null}}),
                                      subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"},
                                                        {"s2", "c2", "active", "2025-01-01", null, "10"},
                                                        {"s3", "c3", "active", "2025-01-01", null, "10"}})};
    Days felt(rules_of(rule_when(Scope::customer, "pulse < 50")));
    EXPECT_THAT(felt.cycle(tables, march(31)), ElementsAre("c1 firing", "c3 firing"));
    RuleSet rules = rules_of(rule_when(Scope::customer, "disagreement < -20"));
    rules.health.pulse_expires = std::chrono::days{30};
    rules.groups = {{.name = "felt"}};
    rules.signals = {{.name = "mood",
                      .from = "customers",
                      .field = "pulse",
                      .measure = Measure::value,
                      .scale = IdentityScale{},
                      .when_missing = {.prior = false, .score = 60}},
                     {.name = "known",
                      .from = "customers",
                      .field = "tenure_days",
                      .measure = Measure::value,
                      .scale = RampScale{}}};
    Days disagreed(rules);
    EXPECT_THAT(disagreed.cycle(tables, march(31)), ElementsAre("c3 firing")) << "what has no date is as of today";
    EXPECT_EQ(disagreed.view().customers[0].health, 80) << "60 in the place of an expired pulse, and 100";
    EXPECT_EQ(disagreed.view().customers[2].health, 65);
}

TEST(Pulse, IsShownWithItsDateAndNoteBesideTheHealth) {
    const Rows customers_with_notes{customers,
                                    {"customer_id", "name", "pulse", "pulse_at", "pulse_note"},
                                    {{"c1", "One", "30", "2025-12-01", "they look around"},
                                     {"c2", "Two", "30", "2026-04-01", "later"},
                                     {"c3", "Three", "70", null, null}}};
    const std::vector<Rows> tables = {customers_with_notes,
                                      subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"},
                                                        {"s2", "c2", "active", "2025-01-01", null, "10"},
                                                        {"s3", "c3", "active", "2025-01-01", null, "10"}})};
    const Snapshot snapshot = testing::snapshot_of(tables, {.as_of = march(31), .read_from = on(2025, 1, 1)});
    const RuleSet rules;
    const State state;
    const Explainer explainer(snapshot, rules, state);
    const Pulse old = explainer.explain("c1")->pulse, later = explainer.explain("c2")->pulse;
    EXPECT_EQ(old.value, 30);
    EXPECT_EQ(old.at, on(2025, 12, 1));
    EXPECT_EQ(old.note, "they look around");
    EXPECT_TRUE(old.expired);
    EXPECT_TRUE(is_missing(later.value) && later.note.empty()) << "written down after as-of";
    EXPECT_FALSE(explainer.explain("c3")->pulse.expired) << "without a date";
}

TEST(Category, ThatNobodyKnowsIsCounted) {
    const Rows with_moods{customers,
                          {"customer_id", "name", "mood", "segment"},
                          {{"c1", "One", "good", "west"},
                           {"c2", "Two", "goood", "west"},
                           {"c3", "Three", null, "west"},
                           {"c4", "Four", "goood", "east"}}};
    std::vector<testing::TextRow> contracts;
    for (const std::string n : {"1", "2", "3", "4"})
        contracts.push_back({"s" + n, "c" + n, "active", "2025-01-01", null, "10"});
    RuleSet rules = rules_of(rule_when(Scope::customer, "tenure_days < 0"));
    rules.groups = {{.name = "felt"}};
    const FieldCatalogue catalogue;
    rules.signals = {{.name = "mood",
                      .from = "customers",
                      .field = "mood",
                      .measure = Measure::value,
                      .applies = {*parse_condition("segment == 'west'", catalogue, {"pack.toml", 1, 1})},
                      .scale = CategoryScale{{{"good", 100.0}, {"poor", 20.0}}}}};
    Days days(rules);
    days.cycle({with_moods, subscriptions_of(contracts)}, march(31));
    const auto& feeds = days.view().feeds;
    const auto feed = std::ranges::find(feeds, "customers", &FeedView::dataset);
    ASSERT_NE(feed, feeds.end());
    EXPECT_EQ(feed->contradictions.at("unknown_category"), 1u)
        << "the two's; no word is no finding, and the signal is not the east's";
}

// -- deadlines ------------------------------------------------------------------------------------------------------

/// The deadline of an alert that opens on a day of March 2026 (the first is a Sunday).
Day deadline_from(unsigned opened, int days, Calendar calendar = {}) {
    Rule rule = rule_when(Scope::customer, "revenue > 0");
    rule.deadline = {.kind = Deadline::Kind::after_opening, .after = std::chrono::days{days}};
    RuleSet rules = rules_of(rule);
    rules.policy.calendar = std::move(calendar);
    Days life{rules};
    life.cycle({customers_of({{"c1", "One", "m1", null, null}}),
                subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"}})},
               march(opened));
    return life.alerts().at(0).deadline.value();
}

TEST(Deadlines, AreTheLastWorkingDayBeforeItIsTooLate) {
    EXPECT_EQ(deadline_from(3, 2), march(5)) << "a Thursday";
    EXPECT_EQ(deadline_from(3, 5), march(6)) << "a Sunday: the Friday before";
    EXPECT_EQ(deadline_from(3, 5, {.holidays = {march(6)}}), march(5)) << "a holiday";
    EXPECT_EQ(deadline_from(3, 5, {.weekdays = {6, 7}}), march(8)) << "who works at weekends";
    EXPECT_EQ(deadline_from(6, 2), march(8)) << "no working day is left: what there is";
}

TEST(Deadlines, BelongToTheirEpisode) {
    Rule rule = rule_when(Scope::customer, "pulse < 50");
    rule.deadline = {.kind = Deadline::Kind::after_opening, .after = std::chrono::days{2}};
    Days life{rules_of(rule)};
    const auto cycle_with = [&](const char* pulse, unsigned day) {
        life.cycle({customers_of({{"c1", "One", "m1", pulse, null}}),
                    subscriptions_of({{"s1", "c1", "active", "2025-01-01", null, "10"}})},
                   march(day));
        return life.alerts().at(0).deadline;
    };
    EXPECT_EQ(cycle_with("10", 3), march(5));
    EXPECT_EQ(cycle_with("10", 4), march(5)) << "it does not move away";
    cycle_with("90", 5);
    EXPECT_EQ(cycle_with("10", 17), march(19));
}

}  // namespace
}  // namespace retaind
