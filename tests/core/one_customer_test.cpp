// What is said of one customer: why a rule does not fire, for each thing that can stand in its way, and what to know
// before a call.
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/config/rule_tests.hpp"
#include "retaind/cycle/brief.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/cycle/why_not.hpp"

namespace retaind {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string pack = R"(schema = 1
[health]
smoothing = "0d"
[group.use]
[signal.logins]
group = "use"
from = "usage"
measure = "sum"
scale = { ramp = { bad = 0, good = 100 } }
[signal.misses]
group = "use"
weight = 0
from = "attendance"
measure = "miss_streak"
applies = ["motion == 'product'"]
[rule.quiet]
applies = ["motion != 'price'"]
when = ["logins < 5", "days_to_renewal <= 180"]
clear = ["logins >= 8"]
for = "3d"
keep_firing_for = "2d"
cooldown = "30d"
severity = "warning"
message = "quiet"
[rule.absent]
when = ["misses >= 3"]
clear = ["misses == 0"]
severity = "warning"
message = "absent"
[rule.either]
any = ["motion == 'price'", "segment in ['east', 'north']", "plan == 'gold'"]
severity = "info"
message = "either"
[rule.low]
when = ["health < 40"]
clear = ["health >= 45"]
severity = "critical"
message = "low"
[rule.drifts]
scope = "promise"
when = ["days_to_due <= 30"]
clear = ["days_to_due >= 40"]
severity = "warning"
message = "drifts"
[rule.shrinks]
scope = "segment"
when = ["customers <= 1"]
clear = ["customers >= 3"]
severity = "info"
message = "shrinks"
[rule.late]
scope = "source"
when = ["age_hours > 72"]
clear = ["age_hours <= 48"]
severity = "info"
message = "late"
[[profile]]
name = "buyers"
match = ["segment == 'north'"]
[profile.rule.quiet]
when = ["logins < 2", "days_to_renewal <= 180"]
)";

const std::string company = R"([[test]]
name = "one"
pack = "./rules.toml"
as_of = 2026-03-01
customers = [
  { customer_id = "c1", name = "One", segment = "west", motion = "product" },
  { customer_id = "c2", name = "Two", segment = "north", motion = "price" },
  { customer_id = "c3", name = "Gone", segment = "west" },
]
[[test.subscriptions]]
customer_id = "c1"
subscription_id = "s1"
status = "active"
started_on = 2024-09-01
renews_on = 2026-06-30
mrr = 49
[[test.subscriptions]]
customer_id = "c2"
subscription_id = "s2"
status = "active"
started_on = 2024-09-01
mrr = 49
[[test.promises]]
promise_id = "p1"
customer_id = "c1"
outcome = "less work"
kind = "reach"
target = 9
starts_on = 2026-01-01
due_on = 2026-03-20
[[test.promises]]
promise_id = "p2"
customer_id = "c1"
outcome = "more time"
kind = "reach"
target = 9
starts_on = 2026-01-01
due_on = 2026-06-20
[test.expect]
alerts = []
[[test.step]]
as_of = 2026-03-02
)";

/// `look(snapshot, rules, state)` on the last day of a test whose days before went through run_cycle.
template <class Look>
auto on_the_last_day(const std::string& text, const Look& look) {
    RuleTestsResult read = load_rule_tests("tests.toml", {.texts = {{"tests.toml", text}, {"./rules.toml", pack}}});
    if (read.tests.empty()) throw std::runtime_error(format_problems(read.problems, read.sources));
    RuleTest& test = read.tests[0];
    State state;
    for (RuleTestStep& step : test.steps) {
        const Snapshot snapshot = assemble(std::move(step.datasets), std::move(step.failed),
                                           {.as_of = step.as_of, .read_from = step.as_of - std::chrono::days{400}});
        if (&step == &test.steps.back()) return look(snapshot, test.rules, state);
        state = run_cycle(snapshot, test.rules, state, step.as_of + std::chrono::days{1}).state;
    }
    throw std::logic_error("a test has a step");
}

WhyNot ask(const std::string& more, const std::string& customer, const std::string& rule) {
    return on_the_last_day(company + more, [&](const auto& snapshot, const auto& rules, const auto& state) {
        const auto why = why_not(snapshot, rules, state, customer, rule);
        return why ? *why : WhyNot{.verdict = to_string(why.error())};
    });
}

Brief prepare(const std::string& more, const std::string& customer = "c1") {
    return on_the_last_day(company + more, [&](const auto& snapshot, const auto& rules, const auto& state) {
        const auto found = brief(snapshot, rules, state, customer);
        if (!found) throw std::runtime_error(to_string(found.error()));
        return *found;
    });
}

std::string day(const std::string& as_of, const std::string& rows = "") {
    return "[[test.step]]\nas_of = " + as_of + "\n" + rows + "\n";
}

std::string logins(int count, const std::string& at = "2026-02-27", const std::string& customer = "c1") {
    return "usage = [{ customer_id = \"" + customer + "\", at = " + at + ", value = " + std::to_string(count) + " }]\n";
}

struct Case {
    const char* why;
    std::string more, customer, rule, verdict;
};

TEST(WhyNot, SaysInASentenceWhatStandsInTheWay) {
    const std::vector<Case> cases = {
        {"one condition does not hold", logins(7), "c1", "quiet",
         "not firing: logins is 7, the rule wants < 5; the other condition holds"},
        {"it holds, not for long enough", logins(3) + day("2026-03-03"), "c1", "quiet",
         "not firing yet: the conditions have held for 2 days, the rule wants them for 3d"},
        {"it fires, found when the rule was new", logins(3) + day("2026-03-06"), "c1", "quiet",
         "firing since 2026-03-06, warning; it was found when the rule was new, and told in a digest only"},
        {"the rule does not apply", logins(3, "2026-02-27", "c2"), "c2", "quiet",
         "not firing: the rule does not apply: motion is price, the rule wants != 'price'"},
        {"a dataset that nobody maps", "", "c1", "absent",
         "not firing: misses >= 3 (unknown), because attendance is not mapped"},
        {"a signal that the customer does not have", "", "c2", "absent",
         "not firing: misses >= 3 (unknown), because misses does not apply to this customer"},
        {"a feed that could not be read", "not_loaded = [\"attendance\"]\n", "c1", "absent",
         "not firing, because it is not judged now: attendance: it could not be read"},
        {"the same while something is open", logins(3) + "not_loaded = [\"usage\"]\n", "c1", "quiet",
         "it stays pending, because it is not judged now: usage: it could not be read"},
        {"no alternative holds", "", "c1", "either",
         "not firing: none of the alternatives holds: motion is product, the rule wants == 'price', segment is west, "
         "the rule wants in ['east', 'north'], plan == 'gold' (unknown), because the data say nothing of plan"},
        {"too little is measured", "", "c1", "low",
         "not firing: health < 40 (unknown), because only 0 % of the score is measured, less than the floor of 35 %"},
        {"a promise of several", "", "c1", "drifts", "1 of 2 promises are firing"},
        {"nobody to judge", "", "c2", "drifts", "not firing: there is no promise that the rule looks at"},
        {"no live subscription", "", "c3", "quiet",
         "not firing: customer 'c3' has no live subscription as of 2026-03-02"},
        {"a segment", "", "c1", "shrinks", "firing since 2026-03-01, info"},
        {"a rule about feeds", "", "c1", "late", "'late' speaks of feeds, not of customers"},
        {"a rule that is not there", "", "c1", "quite", "there is no rule 'quite' (did you mean 'quiet'?)"},
        {"a customer who is not there", "", "c9", "quiet", "there is no customer 'c9'"},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.why);
        EXPECT_THAT(ask(each.more, each.customer, each.rule).verdict, testing::StartsWith(each.verdict));
    }
}

TEST(WhyNot, ShowsEveryConditionWithWhatItFound) {
    const WhyNot why = ask(logins(7), "c1", "quiet");
    ASSERT_THAT(why.findings, SizeIs(1));
    const RuleFinding& finding = why.findings[0];
    ASSERT_THAT(finding.trigger.when, SizeIs(2));
    EXPECT_EQ(finding.trigger.when[0].text, "logins < 5 (7)");
    EXPECT_EQ(finding.trigger.when[0].holds, Truth::no);
    EXPECT_EQ(finding.trigger.when[1].holds, Truth::yes);
    EXPECT_EQ(finding.trigger.clear[0].text, "logins >= 8 (7)");
    EXPECT_EQ(finding.trigger.hold, std::chrono::days{3});
    EXPECT_EQ(finding.applies[0].holds, Truth::yes);
    EXPECT_THAT(why.profiles, IsEmpty());
}

TEST(WhyNot, NamesTheProfileThatChangedTheRule) {
    const WhyNot why = ask(logins(3, "2026-02-27", "c2"), "c2", "quiet");
    EXPECT_THAT(why.profiles, ElementsAre("buyers (when)"));
    EXPECT_EQ(why.findings.at(0).trigger.when[0].text, "logins < 2 (3)");
}

TEST(WhyNot, LooksAtEachPromise) {
    const WhyNot why = ask("", "c1", "drifts");
    ASSERT_THAT(why.findings, SizeIs(2));
    EXPECT_EQ(why.findings[0].name, "less work");
    EXPECT_THAT(why.findings[0].verdict, HasSubstr("firing since 2026-03-01"));
    EXPECT_EQ(why.findings[1].verdict, "not firing: days_to_due is 110, the rule wants <= 30");
}

// -- brief ------------------------------------------------------------------------------------------------------------

TEST(Brief, GathersWhatIsKnown) {
    const Brief told = prepare(logins(80) + R"(
people = [{ person_id = "m1", name = "Mia", email = "m1@example.org" }]
touchpoints = [
  { customer_id = "c1", at = 2026-01-10, kind = "service", by = "m1" },
  { customer_id = "c1", at = 2026-02-10, kind = "service", by = "m1", channel = "phone" },
  { customer_id = "c1", at = 2026-02-20, kind = "review", by = "somebody" },
  { customer_id = "c1", at = 2026-03-20, kind = "sales", by = "m1" },
]
relations = [
  { customer_id = "c1", related_id = "c2", kind = "refers" },
  { customer_id = "c2", related_id = "c1", kind = "refers" },
  { customer_id = "c3", related_id = "c1", kind = "sits near" },
]
)");
    EXPECT_EQ(told.name, "One");
    EXPECT_EQ(told.since, parse_day("2024-09-01"));
    EXPECT_EQ(told.renews_on, parse_day("2026-06-30"));
    EXPECT_EQ(told.revenue, 12 * 4900);
    EXPECT_EQ(told.health, 80);
    ASSERT_THAT(told.ups, SizeIs(1));
    EXPECT_EQ(told.ups[0].name, "logins");
    ASSERT_THAT(told.touches, SizeIs(2)) << "one of each kind, none that is still to come";
    EXPECT_EQ(told.touches[0].kind, "review");
    EXPECT_EQ(told.touches[1].by, "Mia");
    EXPECT_EQ(told.touches[1].channel, "phone");
    ASSERT_THAT(told.near, SizeIs(2)) << "both sides may say so; it is said once";
    EXPECT_TRUE(told.near[0].live);
    EXPECT_FALSE(told.near[1].live);
    EXPECT_THAT(told.promises, SizeIs(2));
    EXPECT_THAT(told.gaps, IsEmpty());
}

TEST(Brief, SaysWhatHadBetterNotBeSaid) {
    const auto review = std::string("touchpoints = [{ customer_id = \"c1\", at = 2026-02-20, kind = \"review\" }]\n");
    const auto reading = [](const char* at, const char* value, const char* origin) {
        return fmt::format("{{ promise_id = \"p1\", at = {}, value = {}, origin = \"{}\" }},", at, value, origin);
    };
    const std::string measured = reading("2026-01-20", "0", "measured") + reading("2026-02-10", "0.2", "measured") +
                                 reading("2026-02-27", "0.1", "measured");
    const std::string behind = "readings = [" + measured + "]\n";
    const std::string disputed = "readings = [" + measured + reading("2026-02-28", "9", "reported") + "]\n";
    struct Said {
        const char* why;
        std::string more, sentence;
        bool is_there = true;
    };
    const std::vector<Said> cases = {
        {"always", "", "Mention no health"},
        {"no review", logins(80), "Do not ask for a reference: no review"},
        {"a review", review, "reference", false},
        {"a promise off track", behind, "Do not sell; speak first of what is off track: less work"},
        {"only somebody's word", disputed,
         "Do not call it reached; somebody says so, what is measured does not: less work"},
        {"nothing measured", "", "Claim no progress where it cannot be measured (2 promises): less work"},
        {"an alert that presses", "", "Do not sell; speak first of what is open: drifts"},
        {"data that nobody brings", "", "Do not speak as if you knew what is missing (usage: nobody measures it)"},
        {"data that is there", logins(80), "what is missing", false},
        {"data that failed", "not_loaded = [\"usage\"]\n", "(usage: it could not be read)"},
    };
    for (const auto& [why, more, sentence, is_there] : cases) {
        SCOPED_TRACE(why);
        const auto said = testing::Contains(HasSubstr(sentence));
        if (is_there)
            EXPECT_THAT(prepare(more).not_to_say, said);
        else
            EXPECT_THAT(prepare(more).not_to_say, Not(said));
    }
}

TEST(Brief, OfSomebodyWhoIsNotProfiledHoldsTheContractAndPromisesOnly) {
    const Brief told = prepare(
        "remove.customers = { customer_id = \"c1\" }\n"
        "customers = [{ customer_id = \"c1\", name = \"One\", pulse = 20, pulse_at = 2026-03-01, do_not_profile = true "
        "}]\n"
        "touchpoints = [{ customer_id = \"c1\", at = 2026-02-20, kind = \"review\" }]\n" +
        logins(80));
    EXPECT_TRUE(told.do_not_profile);
    EXPECT_EQ(told.revenue, 12 * 4900);
    EXPECT_THAT(told.promises, SizeIs(2));
    EXPECT_TRUE(is_missing(told.health) && is_missing(told.pulse) && is_missing(told.coverage));
    EXPECT_THAT(told.ups, IsEmpty());
    EXPECT_THAT(told.touches, IsEmpty());
    EXPECT_THAT(told.alerts, IsEmpty());
    EXPECT_THAT(told.gaps, IsEmpty());
}

}  // namespace
}  // namespace retaind
