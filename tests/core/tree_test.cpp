// From signals to subscriptions, customers and their parents (docs/decisions/006), and what moved a health. Every
// expected number is worked out by hand beside it.
#include <gmock/gmock.h>

#include <map>

#include <fmt/format.h>

#include "edge/config/config.hpp"
#include "retaind/cycle/brief.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using testing::null;
using testing::Rows;
using testing::TextCell;
using testing::TextRow;

const Day today = testing::on(2025, 6, 30);

/// 60 points for 100 uses a week, 40 for 4 touches a month. Nothing is smoothed, nobody has a segment's prior: 70.
const std::string pack = R"(schema = 1
[health]
prior = 70
[group.use]
weight = 60
[group.care]
weight = 40
[signal.uses]
group = "use"
from = "usage"
measure = "sum"
window = "7d"
scale = { ramp = { bad = 0, good = 100 } }
[signal.touches]
group = "care"
from = "touchpoints"
measure = "count"
window = "28d"
scale = { ramp = { bad = 0, good = 4 } }
)";

RuleSet rules_with(const std::string& more = "") {
    PackResult result = load_rules({"pack.toml"}, {.texts = {{"pack.toml", pack + more}}});
    EXPECT_TRUE(result.rules) << format_problems(result.problems, result.sources);
    result.rules->policy.receivers = {{.name = "file"}};
    return std::move(*result.rules);
}

struct Company {
    Rows customers{DatasetKind::customers, {"customer_id", "name", "parent_id"}, {}, {}};
    Rows subscriptions{DatasetKind::subscriptions,
                       {"subscription_id", "customer_id", "plan", "status", "started_on", "ended_on", "mrr", "seats"},
                       {},
                       {}};
    Rows usage{DatasetKind::usage, {"customer_id", "at", "value", "subscription_id"}, {}, {}};
    Rows touchpoints{DatasetKind::touchpoints, {"customer_id", "at", "kind"}, {}, {}};

    std::vector<Rows> more = {};

    void customer(const std::string& id, TextCell parent = null) { customers.rows.push_back({id, id, parent}); }
    void subscription(const std::string& id, const std::string& customer, const std::string& mrr,
                      const std::string& plan = "basic", const std::string& seats = "10") {
        subscriptions.rows.push_back({id, customer, plan, "active", "2024-01-01", null, mrr, seats});
    }
    void use(const std::string& customer, int value, TextCell subscription = null, Day at = today) {
        usage.rows.push_back({customer, format_day(at), std::to_string(value), subscription});
    }
    void touch(const std::string& customer, int times) {
        for (int i = 0; i < times; ++i)
            touchpoints.rows.push_back({customer, format_day(today - std::chrono::days{i}), "service"});
    }

    Snapshot snapshot(Day as_of = today) const {
        std::vector<Rows> all = {customers, subscriptions, usage, touchpoints};
        all.insert(all.end(), more.begin(), more.end());
        return testing::snapshot_of(all, {.as_of = as_of, .read_from = as_of - std::chrono::days{100}});
    }
    Explanation explain(const std::string& id, const std::string& added_rules = "") const {
        const Snapshot read = snapshot();
        const RuleSet rules = rules_with(added_rules);
        const State state;
        return Explainer(read, rules, state).explain(id).value();
    }
};

/// `duo` has product a (used as it should be, three quarters of the revenue) and b (dead); two touches for both.
Company duo() {
    Company company;
    company.customer("duo");
    company.subscription("a", "duo", "300");
    company.subscription("b", "duo", "100");
    company.use("duo", 100, "a");
    company.use("duo", 0, "b", today - std::chrono::days{20});
    company.touch("duo", 2);
    return company;
}

std::vector<std::string> lines_of(const Explanation& explanation) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < explanation.health.terms.size(); ++i) {
        const Term& term = explanation.health.terms[i];
        const TermSource& source = explanation.sources[i];
        const std::string name =
            term.signal < 0 ? "child" : explanation.rules.signals[static_cast<std::size_t>(term.signal)].name;
        lines.push_back(fmt::format("{}{}{} weight {:.3f} score {:.0f} points {:.3f} rows {}", name,
                                    source.subscription_id.empty() ? "" : " of " + source.subscription_id,
                                    source.child_id.empty() ? "" : " " + source.child_id, term.weight, term.score,
                                    term.contribution, source.rows));
    }
    return lines;
}

double sum_of(const Health& health) {
    double sum = health.prior + health.weakest_part + health.caps;
    for (const Term& term : health.terms) sum += term.contribution;
    return sum;
}

TEST(Tree, ADyingProductIsSeenBesideAHealthyOne) {
    const Explanation explanation = duo().explain("duo");
    // a: 0.6 * 100 + 0.4 * 50 = 80; b: 0 + 20 = 20; mean 0.75 * 80 + 0.25 * 20 = 65; weakest 0.25 * (20 - 65).
    EXPECT_THAT(lines_of(explanation), ::testing::ElementsAre("touches weight 0.400 score 50 points -8.000 rows 2",
                                                              "uses of a weight 0.450 score 100 points 13.500 rows 1",
                                                              "uses of b weight 0.150 score 0 points -10.500 rows 0"));
    EXPECT_NEAR(explanation.health.weakest_part, -11.25, 1e-9);
    EXPECT_NEAR(explanation.health.health, 53.75, 1e-9);
    EXPECT_NEAR(sum_of(explanation.health), explanation.health.health, 1e-9);
    EXPECT_NEAR(explanation.health.coverage, 1, 1e-9);
}

TEST(Tree, TheWeakestPartIsAsHeavyAsTheRulesSay) {
    EXPECT_NEAR(duo().explain("duo", "").health.health, 53.75, 1e-9);
    Company company = duo();
    const Snapshot read = company.snapshot();
    RuleSet rules = rules_with();
    rules.health.weakest = 0;
    const State state;
    EXPECT_NEAR(Explainer(read, rules, state).explain("duo")->health.health, 65, 1e-9);
}

TEST(Tree, RowsThatNameNobodySpeakOfEveryPart) {
    Company company = duo();
    company.use("duo", 10);
    const Explanation explanation = company.explain("duo");
    EXPECT_THAT(lines_of(explanation), ::testing::Contains("uses of b weight 0.150 score 10 points -9.000 rows 1"));
}

TEST(Tree, WithoutAnyNamedRowACustomerIsOnePart) {
    Company company;
    company.customer("duo");
    company.subscription("a", "duo", "300");
    company.subscription("b", "duo", "100");
    company.use("duo", 50);
    company.touch("duo", 4);
    const Explanation explanation = company.explain("duo");
    EXPECT_THAT(lines_of(explanation), ::testing::ElementsAre("touches weight 0.400 score 100 points 12.000 rows 4",
                                                              "uses weight 0.600 score 50 points -12.000 rows 1"));
    EXPECT_EQ(explanation.health.weakest_part, 0);
}

TEST(Tree, ARenewalUnderAnotherIdGoesOnAndAGoneProductSpeaksOfNobody) {
    Company company = duo();
    // a0 ended ten days before a1 began; z ended long ago.
    company.subscriptions.rows = {{"a0", "duo", "basic", "ended", "2024-01-01", "2025-06-15", "300", "10"},
                                  {"a1", "duo", "basic", "active", "2025-06-25", null, "300", "10"},
                                  {"b", "duo", "other", "active", "2024-01-01", null, "100", "10"},
                                  {"z", "duo", "basic", "ended", "2024-01-01", "2025-01-01", "300", "10"}};
    company.usage.rows = {{"duo", "2025-06-30", "30", "a1"},
                          {"duo", "2025-06-26", "40", "a0"},
                          {"duo", "2025-06-27", "20", "z"},
                          {"duo", "2025-06-27", "5", "b"}};
    EXPECT_THAT(lines_of(company.explain("duo")),
                ::testing::IsSupersetOf({"uses of a1 weight 0.450 score 70 points 0.000 rows 2",
                                         "uses of b weight 0.150 score 5 points -9.750 rows 1"}));
}

TEST(Tree, WithOneLiveSubscriptionAllRowsCount) {
    Company company = duo();
    company.subscriptions.rows[1] = {"b", "duo", "basic", "cancelled", "2024-01-01", "2025-01-01", "100", "10"};
    company.use("duo", 20, "b");
    EXPECT_THAT(lines_of(company.explain("duo")),
                ::testing::Contains("uses weight 0.600 score 100 points 18.000 rows 2"));
}

TEST(Tree, SeatsOfTheSubscriptionDivideItsOwnSignal) {
    Company company = duo();
    company.subscriptions.rows[0][7] = "40";
    const Explanation explanation = company.explain("duo",
                                                    "[signal.per_seat]\ngroup = \"use\"\nfrom = \"usage\"\n"
                                                    "measure = \"sum\"\nwindow = \"7d\"\nper = \"seats\"\n"
                                                    "scale = { ramp = { bad = 0, good = 10 } }\n");
    // a: 100 uses by 40 seats, of 10.
    EXPECT_THAT(lines_of(explanation),
                ::testing::Contains(::testing::StartsWith("per_seat of a weight 0.225 score 25 ")));
}

TEST(Tree, AProductThatNobodySpeaksOfIsNoPart) {
    Company company = duo();
    company.subscription("support", "duo", "1000");
    EXPECT_NEAR(company.explain("duo").health.health, 53.75, 1e-9) << "as without it";
}

TEST(Tree, ASignalWhoseDatasetDoesNotNameALineDoesNotExistForIt) {
    Company company = duo();
    company.subscription("c", "duo", "400");
    company.more = {Rows{DatasetKind::events,
                         {"customer_id", "at", "value", "subscription_id"},
                         {{"duo", format_day(today), "1", "c"}},
                         {.name = "tickets"}}};
    const Explanation explanation = company.explain("duo",
                                                    "[signal.tickets]\ngroup = \"use\"\nfrom = \"tickets\"\n"
                                                    "measure = \"count\"\nwindow = \"7d\"\n"
                                                    "scale = { ramp = { bad = 2, good = 0 } }\n");
    // Half of the revenue is c's: 0.6 * 50 by its ticket, and no use of its own; a and b have no tickets.
    EXPECT_THAT(lines_of(explanation), ::testing::ElementsAre("tickets of c weight 0.300 score 50 points -6.000 rows 1",
                                                              "touches weight 0.400 score 50 points -8.000 rows 2",
                                                              "uses of a weight 0.225 score 100 points 6.750 rows 1",
                                                              "uses of b weight 0.075 score 0 points -5.250 rows 0"));
    EXPECT_NEAR(sum_of(explanation.health), explanation.health.health, 1e-9);
}

TEST(Tree, EqualSharesWhereRevenueIsUnknownOrNothing) {
    Company company = duo();
    company.subscriptions.rows[0][6] = "0";
    company.subscriptions.rows[1][6] = "0";
    EXPECT_NEAR(company.explain("duo").health.weakest_part, 0.25 * (20 - 50), 1e-9);
}

TEST(Tree, ASignalsScoreInConditionsIsTheMeanOfItsParts) {
    // 0.75 * 100 + 0.25 * 0 = 75 for the cap; uses itself stays the sum, 100.
    const std::string caps = "[cap.low]\nat = 10\nwhen = [\"uses.score < 76\", \"uses.score > 74\", \"uses == 100\"]\n";
    EXPECT_NEAR(duo().explain("duo", caps).health.health, 10, 1e-9);
}

TEST(Tree, ChildrenJoinTheirParentAfterTheirCaps) {
    Company company = duo();
    company.customer("kid", "duo");
    company.subscription("k", "kid", "400");
    company.use("kid", 50);
    // kid: 0.6 * 50 + 0 = 30, capped at 25. duo: shares 0.375, 0.125, 0.5; mean 30 + 2.5 + 12.5 = 45; weakest 0.25 *
    // (20 - 45).
    const std::string caps = "[cap.silent]\nat = 25\nwhen = [\"touches == 0\"]\n";
    EXPECT_NEAR(company.explain("kid", caps).health.health, 25, 1e-9);
    const Explanation explanation = company.explain("duo", caps);
    EXPECT_THAT(lines_of(explanation), ::testing::Contains("child kid weight 0.500 score 25 points -22.500 rows 0"));
    EXPECT_NEAR(explanation.health.health, 45 - 6.25, 1e-9);
    EXPECT_NEAR(sum_of(explanation.health), explanation.health.health, 1e-9);
}

TEST(Tree, GrandchildrenCountWithTheirRevenueAndParentsWhoAreGoneArePassedOver) {
    Company company;
    company.customer("top");
    company.customer("gone", "top");
    company.customer("low", "gone");
    company.customer("lowest", "low");
    company.subscription("t", "top", "100");
    company.subscription("l", "low", "100");
    company.subscription("m", "lowest", "200");
    for (const char* id : {"top", "low"}) company.use(id, 100), company.touch(id, 4);
    company.use("lowest", 0);
    // lowest 0; low: a third of 100, two thirds of 0 = 33.3, weakest - 8.3 = 25; top: a quarter of 100, three of 25
    // = 43.75 - 4.6875.
    EXPECT_NEAR(company.explain("low").health.health, 25, 1e-9);
    EXPECT_NEAR(company.explain("top").health.health, 39.0625, 1e-9);
}

TEST(Tree, CirclesAndUnknownParentsAreFindingsAndNoLinks) {
    Company company;
    for (const auto& [id, parent] : {std::pair{"x", "y"}, {"y", "z"}, {"z", "y"}, {"w", "nobody"}, {"self", "self"}}) {
        company.customer(id, parent);
        company.subscription(std::string("s") + id, id, "100");
        company.use(id, 100);
        company.touch(id, 4);
    }
    const Snapshot snapshot = company.snapshot();
    const auto& found = snapshot.feed("customers")->contradictions;
    EXPECT_EQ(found.at("parent_circle"), 3u);
    EXPECT_EQ(found.at("unknown_parent"), 1u);
    EXPECT_THAT(lines_of(company.explain("y")),
                ::testing::Contains("child x weight 0.500 score 100 points 15.000 rows 0"));
    EXPECT_THAT(lines_of(company.explain("z")), ::testing::SizeIs(2));
}

TEST(Tree, PartsStandInACohortAsMembersOfTheirOwn) {
    Company company = duo();
    for (int i = 0; i < 20; ++i) {
        const std::string id = fmt::format("other{:02}", i);
        company.customer(id);
        company.subscription("s" + id, id, "100");
        company.use(id, 100);
    }
    const Explanation explanation =
        company.explain("duo",
                        "[signal.place]\ngroup = \"use\"\nfrom = \"usage\"\nmeasure = \"sum\"\nwindow = \"7d\"\n"
                        "scale = { cohort = { by = \"segment\", delta = 0 } }\n");
    double of_a = missing, of_b = missing;
    for (std::size_t i = 0; i < explanation.health.terms.size(); ++i) {
        const Term& term = explanation.health.terms[i];
        if (explanation.rules.signals[static_cast<std::size_t>(term.signal)].name != "place") continue;
        (explanation.sources[i].subscription_id == "a" ? of_a : of_b) = term.score;
    }
    EXPECT_NEAR(of_a, 50, 1e-9) << "as everybody";
    EXPECT_LT(of_b, 20) << "the dead product";
}

TEST(Brief, NamesProductsAndChildren) {
    Company company = duo();
    company.customer("kid", "duo");
    company.subscription("k", "kid", "400");
    company.use("kid", 50);
    const Snapshot read = company.snapshot();
    const State state;
    const Result<Brief> found = brief(read, rules_with(), state, "duo");
    ASSERT_TRUE(found.ok()) << found.error().message;
    std::vector<std::string> downs, ups;
    for (const Brief::Signal& signal : found->downs) downs.push_back(signal.name);
    for (const Brief::Signal& signal : found->ups) ups.push_back(signal.name);
    EXPECT_THAT(downs, ::testing::ElementsAre("kid", "uses of b"));
    EXPECT_THAT(ups, ::testing::ElementsAre("uses of a"));
}

TEST(Near, NamesWhoStillComes) {
    Company company;
    for (const char* id : {"a", "b", "c", "d", "e"}) {
        company.customer(id);
        if (std::string_view(id) != "d") company.subscription(std::string("s") + id, id, "100");
    }
    const auto on = [](int days_ago) { return format_day(today - std::chrono::days{days_ago}); };
    company.more = {Rows{DatasetKind::relations,
                         {"customer_id", "related_id", "kind"},
                         {{"a", "b", "sits near"},
                          {"b", "a", "sits near"},
                          {"c", "a", "refers"},
                          {"a", "d", "refers"},
                          {"e", "c", "refers"}},
                         {}},
                    Rows{DatasetKind::attendance,
                         {"customer_id", "at", "status"},
                         {{"b", on(27), "attended"},
                          {"c", on(28), "attended"},
                          {"c", on(1), "missed"},
                          {"d", on(1), "attended"},
                          {"a", on(1), "attended"}},
                         {}}};
    const RuleSet rules = rules_with(
        "[rule.any]\nwhen = [\"status == 'active'\"]\n"
        "severity = \"info\"\nmessage = \"{near}\"\n");
    const Snapshot read = company.snapshot();
    const State state;
    std::map<std::string, std::string> messages;
    for (const Alert& alert : run_cycle(read, rules, state, Instant{today}).view.alerts)
        messages[alert.key.entity] = alert.message;
    EXPECT_EQ(messages.at("a"), "b") << "c was not there for 28 days, d has left";
    EXPECT_EQ(messages.at("c"), "a");
    EXPECT_EQ(messages.at("e"), "unknown");
}

TEST(Value, IsOfAnyFieldThatRulesKnow) {
    const Explanation explanation =
        duo().explain("duo",
                      "[signal.spoken_with]\ngroup = \"care\"\nfrom = \"customers\"\nmeasure = \"value\"\n"
                      "field = \"days_since_touch\"\nscale = { ramp = { bad = 10, good = 0 } }\n");
    EXPECT_THAT(lines_of(explanation), ::testing::Contains("spoken_with weight 0.200 score 100 points 6.000 rows 1"));
}

// -- what moved it ---------------------------------------------------------------------------------------------------

double sum_of(const HealthChange& change) {
    double sum =
        change.prior + change.weakest_part + change.caps + change.profile + change.rules + change.engine + change.data;
    for (const TermChange& term : change.terms) sum += term.points;
    return sum;
}

Health health_of(std::vector<Term> terms, double prior) {
    Health health{.prior = prior, .terms = std::move(terms)};
    health.health = health.before_caps = sum_of(health);
    return health;
}

Term term(int signal, double weight, double freshness, double score, double prior) {
    return {.signal = signal,
            .score = score,
            .weight = weight,
            .freshness = freshness,
            .contribution = freshness > 0 ? weight * freshness * (score - prior) : 0};
}

TEST(Change, IsTheDifferenceOfTheTermsWithWhatTheDataDidApart) {
    struct Case {
        std::string sentence;
        Term before, after;
        double own, data;
    };
    const Case cases[] = {
        {"a worse score is the customer's", term(0, 0.5, 1, 80, 70), term(0, 0.5, 1, 40, 70), -20, 0},
        {"a signal that went missing is the data's", term(0, 0.5, 1, 80, 70), term(0, 0.5, 0, missing, 70), 0, -5},
        {"so is one that came back", term(0, 0.5, 0, missing, 70), term(0, 0.5, 1, 40, 70), 0, -15},
        {"an older feed only weakens what it says", term(0, 0.5, 1, 80, 70), term(0, 0.5, 0.5, 80, 70), 0, -2.5},
        {"both at once", term(0, 0.5, 1, 80, 70), term(0, 0.5, 0.5, 40, 70), -20, 7.5},
        {"still missing", term(0, 0.5, 0, missing, 70), term(0, 0.5, 0, missing, 70), 0, 0},
    };
    for (const auto& [sentence, before, after, own, data] : cases) {
        SCOPED_TRACE(sentence);
        const HealthChange change = change_between(health_of({before}, 70), health_of({after}, 70));
        EXPECT_NEAR(change.terms.empty() ? 0 : change.terms[0].points, own, 1e-9);
        EXPECT_NEAR(change.data, data, 1e-9);
        EXPECT_NEAR(sum_of(change), change.after - change.before, 1e-9);
    }
}

TEST(Change, KnowsTermsThatCameAndWentAndAnotherPrior) {
    const Health before = health_of({term(0, 0.5, 1, 80, 70), term(1, 0.5, 1, 60, 70)}, 70);
    const Health after = health_of({term(0, 0.6, 1, 80, 60), term(2, 0.4, 1, 30, 60)}, 60);
    const HealthChange change = change_between(before, after);
    EXPECT_EQ(change.terms.size(), 3u);
    EXPECT_NEAR(change.prior, -10, 1e-9);
    EXPECT_NEAR(sum_of(change), after.health - before.health, 1e-9);
}

TEST(Change, OfAChildForWantOfDataIsNotTheParentsOwn) {
    Company company = duo();
    company.customer("kid", "duo");
    company.subscription("k", "kid", "400");
    company.use("kid", 50);
    company.touch("kid", 2);
    Snapshot snapshot = company.snapshot();
    const RuleSet rules = rules_with();
    const State state;
    const std::vector<CustomerIndex> everybody = {0, 1};
    EarlierDay earlier{.day = today, .remembered = {missing, missing}};
    earlier.now = earlier.then = healths_on(snapshot, rules, state, {.wanted = everybody});
    snapshot.as_of = today + std::chrono::days{30};  // nothing new arrives: every feed grows old
    const DayHealths now = earlier.bridge = healths_on(snapshot, rules, state, {.wanted = everybody});
    for (const CustomerIndex customer : everybody) {
        const auto since = change_since(snapshot, earlier, now, customer);
        ASSERT_TRUE(since);
        EXPECT_NEAR(sum_of(since->change), since->change.after - since->change.before, 1e-9);
        for (const TermChange& term : since->change.terms) EXPECT_NEAR(term.points, 0, 1e-9) << customer;
        EXPECT_GT(std::abs(since->change.data), 1);
    }
}

TEST(Change, KeepsRulesProfilesAndLateDataApartFromTheCustomer) {
    Company company = duo();
    Snapshot snapshot = company.snapshot();
    const RuleSet rules = rules_with(
        "[[profile]]\nname = \"used\"\nmatch = [\"tenure_days >= 540\"]\n[profile.signal.touches]\n"
        "scale = { ramp = { bad = 0, good = 8 } }\n");
    const RuleSet then = rules_with(
        "[signal.more]\ngroup = \"care\"\nfrom = \"touchpoints\"\nmeasure = \"count\"\n"
        "scale = { ramp = { bad = 0, good = 1 } }\n");
    const State state;
    const std::vector<CustomerIndex> everybody = {0};
    const DayHealths now = healths_on(snapshot, rules, state, {.wanted = everybody});
    EarlierDay earlier{.day = today - std::chrono::days{7}, .remembered = {41}};
    snapshot.as_of = earlier.day;
    earlier.now = healths_on(snapshot, rules, state, {.wanted = everybody});
    earlier.then = healths_on(snapshot, then, state, {.wanted = everybody});
    snapshot.as_of = today;
    earlier.bridge = healths_on(snapshot, rules, state, {.wanted = everybody, .profiles = &earlier.now.profiles});
    const auto since = change_since(snapshot, earlier, now, 0);
    ASSERT_TRUE(since);
    EXPECT_EQ(since->change.before, 41);
    EXPECT_NEAR(sum_of(since->change), since->change.after - since->change.before, 1e-9);
    const double on_the_way = change_between(*earlier.now.health[0], *earlier.bridge.health[0]).data;
    EXPECT_NEAR(since->change.data - on_the_way, earlier.then.health[0]->health - 41, 1e-9) << "rows that came late";
    EXPECT_NEAR(since->change.rules, earlier.now.health[0]->health - earlier.then.health[0]->health, 1e-9);
    EXPECT_NEAR(since->change.profile, now.health[0]->health - earlier.bridge.health[0]->health, 1e-9);
}

}  // namespace
}  // namespace retaind
