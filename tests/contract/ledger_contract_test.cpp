// The alert ledger in the state's file: what is written, and the quality of rules that is read off it.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/state_fixture.hpp"
#include "edge/state/ledger_records.hpp"

namespace retaind {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

LedgerEntry entry(const std::string& customer, int opened, std::optional<AlertOutcome> outcome = {}) {
    LedgerEntry one{.key = {.rule = "drifting", .scope = Scope::customer, .entity = customer},
                    .episode = opened,
                    .customer_id = customer,
                    .opened_on = day(opened),
                    .outcome = outcome};
    if (outcome) one.labelled_on = day(opened + 90);
    return one;
}

LedgerEntry churned(const std::string& customer, int opened, int lost) {
    auto one = entry(customer, opened, AlertOutcome::churned);
    one.happened_on = day(lost);
    return one;
}

class LedgerContract : public StateContract {
protected:
    /// The rule "drifting" is watched from day 0 to `last`.
    void watch(int last) {
        auto store = open();
        for (const int d : {0, last}) {
            const State state{.as_of = day(d), .rules_hash = "h", .rules = {{.rule = "drifting", .hash = "1"}}};
            commit(*store, state);
        }
    }

    void write(const std::vector<LedgerEntry>& entries, const std::vector<Loss>& losses = {}) {
        soci::session sql(soci::sqlite3, "db=" + file());
        write_ledger(sql, entries);
        write_losses(sql, losses);
    }

    std::vector<LedgerEntry> unlabelled(int before) {
        soci::session sql(soci::sqlite3, "db=" + file());
        return read_unlabelled(sql, day(before));
    }

    RuleQuality quality() {
        auto store = open();
        const auto found = store->happened(noon)->quality;
        EXPECT_EQ(found.size(), 1u);
        EXPECT_EQ(open_desk(settings_, {.directory = folder_.path()}).value()->quality().value(), found);
        return found.empty() ? RuleQuality{} : found[0];
    }
};

TEST_F(LedgerContract, NothingIsKnownOfRulesBeforeAHorizonHasPassed) {
    watch(100);
    write({entry("a", 1)});
    EXPECT_THAT(open()->happened(noon)->quality, IsEmpty());
}

TEST_F(LedgerContract, EntriesWaitForTheirLabelAndAreReplacedByIt) {
    watch(100);
    auto odd = entry("o'neil", 2);
    odd.key.dimension = ":d";
    odd.episode = std::numeric_limits<std::int64_t>::max();
    odd.severity = Severity::critical;
    odd.revenue = -1.0 / 3.0;
    odd.renews_on = day(400);
    write({odd, entry("late", 3), entry("early", 1)});
    EXPECT_THAT(unlabelled(3), ElementsAre(entry("early", 1), odd));
    write({entry("early", 1, AlertOutcome::renewed)});
    EXPECT_EQ(unlabelled(3).size(), 1u);
    EXPECT_EQ(quality().renewed, 1);
}

TEST_F(LedgerContract, AnEpisodeOpensOnce) {
    watch(100);
    const auto open_again = [&](const LedgerEntry& one) {
        soci::session sql(soci::sqlite3, "db=" + file());
        write_opened(sql, {one});
    };
    open_again(entry("a", 1));
    auto released = entry("a", 1);
    released.opened_on = day(9);
    open_again(released);
    EXPECT_THAT(unlabelled(100), ElementsAre(entry("a", 1)));
    write({entry("a", 1, AlertOutcome::renewed)});
    open_again(released);
    EXPECT_THAT(unlabelled(100), IsEmpty()) << "its label stays";
    EXPECT_EQ(quality().renewed, 1);
}

TEST_F(LedgerContract, CountsWhatBecameOfTheAlerts) {
    watch(200);
    write({churned("a", 10, 30), churned("b", 10, 20), churned("c", 10, 90), entry("d", 10, AlertOutcome::shrank),
           entry("e", 10, AlertOutcome::renewed), entry("f", 10, AlertOutcome::still_open), entry("g", 150)});
    run("INSERT INTO act (at, until, rule, scope, entity, dimension, episode, kind, severity, author, via, comment) "
        "SELECT 0, 0, rule, scope, entity, dimension, episode, kind, severity, 'kim', 'link', '' FROM ledger "
        "JOIN (SELECT 'wrong' AS kind UNION ALL SELECT 'wrong' UNION ALL SELECT 'seen') "
        "WHERE entity IN ('e', 'f', 'g')");
    const RuleQuality expected{.rule = "drifting",
                               .churned = 3,
                               .shrank = 1,
                               .renewed = 1,
                               .still_open = 1,
                               .called_wrong = 2,
                               .median_lead_days = 20};
    EXPECT_EQ(quality(), expected) << "an alert called wrong twice is one, and one without a label does not count yet";
    write({churned("d", 10, 21)});
    EXPECT_EQ(quality().median_lead_days, 15.5) << "between the two in the middle";
}

TEST_F(LedgerContract, ALossIsForeseenByAnAlertBeforeItWithinItsHorizon) {
    struct Case {
        std::string sentence;
        std::vector<LedgerEntry> entries;
        int lost;
        int losses, foreseen;
    };
    const std::vector<Case> cases = {
        {"nobody said anything", {}, 50, 1, 0},
        {"labelled with it", {churned("a", 10, 50)}, 50, 1, 1},
        {"told of twice is foreseen once", {churned("a", 10, 50), entry("a", 49)}, 50, 1, 1},
        {"not labelled yet", {entry("a", 49)}, 50, 1, 1},
        {"the horizon had passed", {entry("a", 10, AlertOutcome::still_open)}, 50, 1, 0},
        {"another loss of that customer", {churned("a", 10, 20)}, 50, 1, 0},
        {"told on the day itself", {entry("a", 50)}, 50, 1, 0},
        {"another customer", {entry("b", 10)}, 50, 1, 0},
        {"lost on the rule's first day", {entry("a", 0)}, 0, 0, 0},
        {"lost when the rule was gone", {entry("a", 10)}, 101, 0, 0},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        std::filesystem::remove(file());
        watch(100);
        auto other = churned("x", 1, 2);  // so that the rule is known in every case
        other.key.entity = "y";
        write({other});
        write(c.entries, {{.customer_id = "a", .on = day(c.lost)}, {.customer_id = "a", .on = day(c.lost)}});
        EXPECT_EQ(quality().losses, c.losses);
        EXPECT_EQ(quality().foreseen, c.foreseen);
    }
}

TEST_F(LedgerContract, IsReadAgainWhenAnybodyChangedIt) {
    watch(100);
    auto store = open();
    const auto seen = [&] {
        const auto happened = store->happened(noon).value();
        std::vector<std::int64_t> numbers = {static_cast<std::int64_t>(happened.unlabelled.size())};
        for (const auto& one : happened.quality) {
            EXPECT_EQ(one.rule, "drifting");
            numbers.insert(numbers.end(), {one.churned + one.renewed, one.called_wrong, one.losses});
        }
        return numbers;
    };
    EXPECT_THAT(seen(), ElementsAre(0));
    write({entry("a", 10)});
    EXPECT_THAT(seen(), ElementsAre(1));
    write({entry("a", 10, AlertOutcome::renewed)});
    EXPECT_THAT(seen(), ElementsAre(0, 1, 0, 0));
    write({}, {{.customer_id = "b", .on = day(50)}});
    EXPECT_THAT(seen(), ElementsAre(0, 1, 0, 1));
    auto desk = open_desk(settings_, {.directory = folder_.path()}).value();
    ASSERT_TRUE(desk->add({.key = entry("a", 10).key,
                           .episode = 10,
                           .kind = ActKind::wrong,
                           .at = noon,
                           .until = noon,
                           .by = "kim",
                           .via = "link"})
                    .ok());
    EXPECT_THAT(seen(), ElementsAre(0, 1, 1, 1));
    ASSERT_TRUE(store->rename(std::vector<RuleRename>{{.was = "drifting", .name = "wandering"}}).ok());
    EXPECT_EQ(store->happened(noon)->quality.front().rule, "wandering");
    ASSERT_TRUE(store->rename(std::vector<RuleRename>{{.was = "wandering", .name = "drifting"}}).ok());
    run("DELETE FROM ledger");
    EXPECT_THAT(seen(), ElementsAre(0, 0, 0, 1));
    run("DROP TRIGGER loss_DELETE");
    run("DELETE FROM loss");
    EXPECT_THAT(seen(), ElementsAre(0, 0, 0, 1)) << "a change that nobody counts is not looked for";
}

TEST_F(LedgerContract, IsKeptAsLongAsScores) {
    retention_.scores = std::chrono::days{200};
    retention_.audit = std::chrono::days{30};
    watch(100);
    write({churned("old", 10, 11), churned("new", 11, 12)},
          {{.customer_id = "old", .on = day(10)}, {.customer_id = "new", .on = day(11)}});
    run("INSERT INTO act (at, until, rule, scope, entity, dimension, episode, kind, severity, author, via, comment) "
        "SELECT 0, 0, rule, scope, entity, dimension, episode, 'wrong', severity, 'kim', 'link', '' FROM ledger");
    ASSERT_TRUE(open()->prune(retention_, Instant{day(211)}).ok());
    EXPECT_EQ(number("SELECT count(*) FROM ledger WHERE entity = 'new'"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM ledger"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM loss"), 1);
    EXPECT_EQ(quality().called_wrong, 1) << "however long ago it was";
    ASSERT_TRUE(open()->prune(retention_, Instant{day(211)}).ok());
    EXPECT_EQ(number("SELECT count(*) FROM act"), 1) << "nothing counts the other one any more";
}

TEST_F(LedgerContract, CountsWhatWasFollowedThroughAndHowSoon) {
    watch(30);
    auto soon = entry("soon", 1, AlertOutcome::renewed), late = entry("late", 1, AlertOutcome::still_open);
    auto open_yet = entry("open", 2);
    for (auto* one : {&soon, &late, &open_yet}) {
        one->opened_at = noon;
        one->act_by = day(3);
    }
    soon.acted_at = noon + std::chrono::hours{2};
    late.acted_at = noon + std::chrono::days{60};
    open_yet.acted_at = noon + std::chrono::hours{5};
    write({soon, late, open_yet, entry("never", 1, AlertOutcome::shrank)});
    EXPECT_THAT(unlabelled(100), ElementsAre(open_yet)) << "what was noted is kept";
    const auto found = quality();
    EXPECT_EQ(found.followed_through, 1);
    FirstActions expected;
    for (const auto wait : {std::chrono::hours{2}, std::chrono::hours{24 * 60}, std::chrono::hours{5}})
        expected.add(wait);
    EXPECT_EQ(found.first_actions, expected);
    EXPECT_EQ(expected.counts[1] + expected.counts[2] + expected.counts[8], 3u);
    EXPECT_DOUBLE_EQ(expected.sum, 3600.0 * (2 + 24 * 60 + 5));
}

}  // namespace
}  // namespace retaind
