// Rule tests as files: what is read, and what is refused, at which place.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/config/rule_tests.hpp"

namespace retaind {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string pack = R"(schema = 1
[group.use]
[signal.logins]
group = "use"
from = "usage"
measure = "sum"
scale = { ramp = { bad = 0, good = 100 } }
[signal.tickets]
group = "use"
weight = 0
from = "tickets"
measure = "count"
[rule.quiet]
when = ["logins == 0"]
clear = ["logins >= 1"]
severity = "warning"
message = "quiet"
[rule.whole]
scope = "portfolio"
when = ["customers > 100"]
clear = ["customers < 90"]
severity = "info"
message = "many"
)";

const std::string head = R"([[test]]
name = "one"
pack = "../small.toml"
as_of = 2026-03-01
customers = [{ customer_id = "c1", name = "One" }]
)";

RuleTestsResult load(const std::string& text, SourceTexts more = {}) {
    SourceTexts texts = std::move(more);
    texts["rules/tests/small.toml"] = text;
    texts["rules/small.toml"] = pack;
    return load_rule_tests("rules/tests/small.toml", {.texts = texts});
}

std::vector<std::string> lines(const RuleTestsResult& result) {
    std::vector<std::string> said;
    for (const auto& problem : result.problems) said.push_back(to_string(problem));
    return said;
}

const Dataset& dataset(const RuleTestStep& step, const std::string& name) {
    for (const auto& each : step.datasets)
        if (each.options.name == name) return each;
    throw std::runtime_error("no dataset " + name);
}

std::vector<double> numbers(const RuleTestStep& step, const std::string& name) {
    return dataset(step, name).find("value")->numbers;
}

TEST(RuleTests, StepsAddAndRemoveRows) {
    const auto result = load(head + R"(
usage = [{ customer_id = "c1", at = 2026-02-27, value = 1 }, { customer_id = "c1", at = 2026-02-28, value = 2.5 }]
expect.alerts = []
[[test.step]]
as_of = 2026-03-02
remove.usage = { at = 2026-02-27 }
usage = [{ customer_id = "c1", at = 2026-03-02T08:00:00, value = 4 }]
[[test.step]]
as_of = 2026-03-05
watermark.usage = 2026-03-03
[[test.step]]
as_of = 2026-03-06
not_loaded = ["usage"]
)");
    ASSERT_THAT(lines(result), IsEmpty());
    ASSERT_THAT(result.tests, SizeIs(1));
    const auto& steps = result.tests[0].steps;
    ASSERT_THAT(steps, SizeIs(4));
    EXPECT_THAT(numbers(steps[0], "usage"), ElementsAre(1, 2.5));
    EXPECT_THAT(numbers(steps[1], "usage"), ElementsAre(2.5, 4));
    EXPECT_THAT(dataset(steps[1], "usage").find("at")->seconds, ElementsAre(0, 8 * 3600)) << "a time stays one";
    EXPECT_EQ(dataset(steps[1], "usage").watermark, steps[1].as_of) << "fresh unless said otherwise";
    EXPECT_EQ(dataset(steps[2], "usage").watermark, parse_day("2026-03-03"));
    EXPECT_THAT(steps[3].datasets, SizeIs(1)) << "customers only";
    ASSERT_THAT(steps[3].failed, SizeIs(1));
    EXPECT_EQ(steps[3].failed[0].options.name, "usage");
}

TEST(RuleTests, AFurtherColumnIsThereBeforeItHasAValue) {
    const auto result = load(head + R"(
expect.alerts = []
[[test.step]]
as_of = 2026-03-02
customers = [{ customer_id = "c2", name = "Two", seats_sold = 7 }]
)");
    ASSERT_THAT(lines(result), IsEmpty());
    EXPECT_NE(dataset(result.tests[0].steps[0], "customers").find("seats_sold"), nullptr);
}

TEST(RuleTests, ADatasetThatALaterStepNamesIsMappedFromTheFirst) {
    const auto result = load(head + R"(
expect.alerts = []
[[test.step]]
as_of = 2026-03-02
tickets = [{ customer_id = "c1", at = 2026-03-02 }]
)");
    ASSERT_THAT(lines(result), IsEmpty());
    EXPECT_EQ(dataset(result.tests[0].steps[0], "tickets").rows, 0u);
    EXPECT_EQ(dataset(result.tests[0].steps[1], "tickets").rows, 1u);
}

TEST(RuleTests, RowsComeFromACsvFileBesideTheTests) {
    const std::string csv =
        "customer_id,at,value,metric\r\n\"c1\",2026-03-01,3,\"say \"\"hi\"\", twice\"\nc1,2026-02-28,,\n";
    const auto result = load(head + "usage = \"use.csv\"\nexpect.alerts = []\n", {{"rules/tests/use.csv", csv}});
    ASSERT_THAT(lines(result), IsEmpty());
    const auto& usage = dataset(result.tests[0].steps[0], "usage");
    ASSERT_EQ(usage.rows, 2u);
    EXPECT_EQ(usage.words.text(usage.find("metric")->words[0]), "say \"hi\", twice");
    EXPECT_EQ(usage.find("value")->numbers[0], 3);
    EXPECT_TRUE(is_missing(usage.find("value")->numbers[1])) << "an empty cell is NULL";
}

TEST(RuleTests, ExpectationsAreRead) {
    const auto result = load(head + R"(
[[test.promises]]
promise_id = "p1"
customer_id = "c1"
outcome = "o"
kind = "hold"
starts_on = 2026-01-01
due_on = 2026-09-01
[[test.usage]]
customer_id = "c1"
at = "2026-02-30"
value = 1
[test.expect]
alerts = [
  { rule = "quiet", entity = "c1", severity = "warning", reasons = ["logins"], message = "qui", advice = "call" },
  { rule = "whole", state = "pending" },
]
band.c1 = "watch"
health.c1 = { value = 64, within = 0.1 }
coverage.c1 = 0.5
risk.c1 = "missing"
signals.c1 = { logins = 3, "tickets.score" = "missing" }
signals.c2.logins.score = 25
promises.p1 = "slipping"
rejected.usage = 1
)");
    ASSERT_THAT(lines(result), IsEmpty());
    const auto& expect = result.tests[0].steps[0].expect;
    ASSERT_TRUE(expect.alerts.has_value());
    ASSERT_THAT(*expect.alerts, SizeIs(2));
    EXPECT_EQ(expect.alerts->at(0).phase, AlertPhase::firing);
    EXPECT_EQ(expect.alerts->at(0).message, "qui");
    EXPECT_EQ(expect.alerts->at(0).advice, "call");
    EXPECT_EQ(expect.alerts->at(1).phase, AlertPhase::pending);
    EXPECT_FALSE(expect.alerts->at(1).severity.has_value());
    ASSERT_THAT(expect.numbers, SizeIs(6));
    EXPECT_EQ(expect.numbers[0].value, 64);
    EXPECT_EQ(expect.numbers[0].within, 0.1);
    EXPECT_TRUE(is_missing(expect.numbers[2].value));
    EXPECT_EQ(expect.numbers[3].kind, ExpectedNumber::Kind::signal);
    EXPECT_EQ(expect.numbers[4].kind, ExpectedNumber::Kind::score);
    EXPECT_EQ(expect.numbers[5].kind, ExpectedNumber::Kind::score);
    EXPECT_EQ(expect.numbers[5].value, 25);
    EXPECT_THAT(expect.words, SizeIs(2));
    EXPECT_EQ(expect.rejected.at("usage"), 1u);
}

TEST(RuleTests, SettingsAreThoseOfTheConfiguration) {
    const auto result = load(head + R"(
usage = []
expect.alerts = []
[test.settings.outcome]
churn = ["ended"]
[test.settings.currency]
base = "EUR"
[test.settings.dataset.usage]
stale_after = "36h"
)");
    ASSERT_THAT(lines(result), IsEmpty());
    const auto& test = result.tests[0];
    EXPECT_THAT(test.rules.policy.outcome.churn, ElementsAre("ended"));
    EXPECT_EQ(test.rules.policy.currency.base, "EUR");
    EXPECT_EQ(dataset(test.steps[0], "usage").options.stale_after, Seconds{36 * 3600});
}

struct Mistake {
    const char* why;
    std::string text;
    std::string said;
};

TEST(RuleTests, MistakesAreToldAtTheirPlace) {
    const std::vector<Mistake> mistakes = {
        {"a key that nobody knows", head + "expct.alerts = []\n",
         "6:1: unknown key \"expct\" (did you mean \"expect\"?)"},
        {"a dataset that no rule reads", head + "expect.alerts = []\nusge = []\n",
         "7:1: unknown key \"usge\" (did you mean \"usage\"?)"},
        {"a column", head + "expect.alerts = []\nusage = [{ customer_id = \"c1\", at = 2026-03-01, vaule = 1 }]\n",
         "7:49: usage have no column \"vaule\" (did you mean \"value\"?)"},
        {"a cell of another type", head + "expect.alerts = []\nusage = [{ customer_id = \"c1\", at = 7 }]\n",
         "7:37: \"at\" must be a date or a time, and this is a whole number"},
        {"a row without what every row has", head + "expect.alerts = []\nusage = [{ at = 2026-03-01, value = 1 }]\n",
         "7:10: \"customer_id\" is missing (every row of usage has it)"},
        {"a row that the daemon would reject",
         head + "expect.alerts = []\ntouchpoints = [\n{ customer_id = \"c1\", at = 2026-03-01, kind = \"call\" }]\n",
         "8:1: rows of touchpoints are rejected: bad_kind 1"},
        {"rows that are no rows", head + "expect.alerts = []\nusage = 3\n",
         "7:9: \"usage\" must be a list of rows, or the name of a CSV file"},
        {"rows from elsewhere", head + "expect.alerts = []\nusage = \"../use.csv\"\n",
         "7:9: \"usage\" names a file that lies elsewhere (put it beside the file of tests, or into a folder there)"},
        {"rows from anywhere", head + "expect.alerts = []\nusage = \"/etc/passwd\"\n",
         "7:9: \"usage\" names a file that lies elsewhere"},
        {"a rule", head + "expect.alerts = [{ rule = \"quite\", entity = \"c1\" }]\n",
         "6:27: there is no rule \"quite\" (did you mean \"quiet\"?)"},
        {"an alert about nobody", head + "expect.alerts = [{ rule = \"quiet\" }]\n", "6:18: \"entity\" is missing"},
        {"an alert about nobody, in so many words", head + "expect.alerts = [{ rule = \"quiet\", entity = \"\" }]\n",
         "6:18: \"entity\" is missing"},
        {"a customer in the portfolio", head + "expect.alerts = [{ rule = \"whole\", entity = \"c1\" }]\n",
         "6:45: \"whole\" is about the portfolio (leave \"entity\" out)"},
        {"an alert twice",
         head + "[test.expect]\nalerts = [\n{ rule = \"quiet\", entity = \"c1\" },\n{ rule = \"quiet\", "
                "entity = \"c2\" },\n{ rule = \"quiet\", entity = \"c1\", state = \"pending\" }]\n",
         "10:1: this alert is already expected in line 8"},
        {"a score beside a value", head + "expect.signals.c1.logins = { score = 20, value = 99 }\n",
         "6:42: \"value\" cannot stand beside \"score\""},
        {"a tolerance that is not looked at", head + "expect.signals.c1.logins = { score = 20, within = 9 }\n",
         "6:42: \"within\" cannot stand beside \"score\""},
        {"a score in two ways", head + "expect.signals.c1 = { logins = { score = 20 }, \"logins.score\" = 20 }\n",
         "6:65: this number is already expected in line 6"},
        {"a watermark of what is not loaded",
         head + "expect.alerts = []\nwatermark.usage = 2026-02-28\nnot_loaded = [\"usage\"]\n",
         "8:14: \"usage\" is not loaded, and has a watermark (leave out one of them)"},
        {"rejected rows of what is not loaded", head + "not_loaded = [\"usage\"]\n[test.expect]\nrejected.usage = 1\n",
         "7:1: \"usage\" is not loaded, so no row is rejected"},
        {"a signal", head + "expect.signals.c1.login = 3\n",
         "6:27: there is no signal \"login\" (did you mean \"logins\"?)"},
        {"a band", head + "expect.band.c1 = \"risky\"\n", "6:18: \"c1\" cannot be \"risky\""},
        {"a number", head + "expect.health.c1 = \"high\"\n",
         "6:20: \"c1\" must be a number, { value, within }, or \"missing\", and this is a text"},
        {"steps out of order", head + "expect.alerts = []\n[[test.step]]\nas_of = 2026-03-01\n",
         "7:1: a step must lie after the one before it, 2026-03-01"},
        {"a row to remove that is not there",
         head + "expect.alerts = []\nremove.usage = { customer_id = \"c1\" }\nusage = []\n",
         "7:16: there is no such row of usage to remove"},
        {"a pack that is not there", "[[test]]\nname = \"one\"\npack = \"nobody\"\nas_of = 2026-03-01\n",
         "3:8: there is no file /usr/share/retaind/rules/nobody.toml"},
        {"nothing expected", head, "1:1: this test expects nothing"},
        {"no tests", "", "1:1: there are no tests in this file"},
        {"a dataset that is not there", head + "expect.alerts = []\nnot_loaded = [\"usag\"]\n",
         "7:15: there is no dataset \"usag\""},
    };
    for (const auto& [why, text, said] : mistakes) {
        SCOPED_TRACE(why);
        const auto result = load(text);
        EXPECT_THAT(lines(result), ElementsAre(HasSubstr("rules/tests/small.toml:" + said)));
        EXPECT_THAT(result.tests, IsEmpty());
    }
}

TEST(RuleTests, MistakesOfACsvFileAreToldInIt) {
    const std::vector<Mistake> mistakes = {
        {"a column", "customer_id,at,vaule\nc1,2026-03-01,1\n",
         "use.csv:1:1: column 3: usage have no column \"vaule\" (did you mean \"value\"?)"},
        {"what is no column", "customer_id,at,root:x:0:0\n", "use.csv:1:1: column 3 has no name"},
        {"a name that is too long", "customer_id,at," + std::string(64, 'x') + "\n",
         "use.csv:1:1: column 3 has no name"},
        {"no name", "customer_id,at,,value\n", "use.csv:1:1: column 3 has no name"},
        {"a column twice", "customer_id,at,value,at\n", "use.csv:1:1: column 4: \"at\" is there twice"},
        {"too few cells", "customer_id,at,value\nc1,2026-03-01\n", "use.csv:2:1: this line has not 3 cells"},
        {"an open quote", "customer_id,at,value\n\"c1,2026-03-01,1\n", "use.csv:2:1: this line has not 3 cells"},
        {"nothing", "", "use.csv:1:1: the first line must name the columns"},
        {"a bad cell", "customer_id,at,value\nc1,2026-03-01,1\nc1,yesterday,1\n",
         "use.csv:3:1: rows of usage are rejected: bad_date 1"},
    };
    for (const auto& [why, text, said] : mistakes) {
        SCOPED_TRACE(why);
        const auto result = load(head + "usage = \"use.csv\"\nexpect.alerts = []\n", {{"rules/tests/use.csv", text}});
        EXPECT_THAT(lines(result), ElementsAre(HasSubstr(said)));
    }
}

TEST(RuleTests, NothingOfACsvFileIsShown) {
    for (const auto* text : {"root:x:0:0\nhush\n", "customer_id,at,root:x:0:0\nhush\n", "customer_id,at\nhush\n"}) {
        const auto result = load(head + "usage = \"use.csv\"\nexpect.alerts = []\n", {{"rules/tests/use.csv", text}});
        ASSERT_THAT(result.problems, testing::Not(IsEmpty()));
        const auto said = format_problems(result.problems, result.sources);
        EXPECT_THAT(said, testing::Not(testing::AnyOf(HasSubstr("root"), HasSubstr("hush"))));
        EXPECT_THAT(said, testing::Not(HasSubstr("^"))) << "no line, so no caret";
    }
}

TEST(RuleTests, ACsvFileIsReadOnce) {
    const std::string csv = "customer_id,at\nc1,2026-02-28\n";
    const std::string later = "[[test.step]]\nas_of = 2026-03-02\nusage = \"./use.csv\"\ntickets = \"use.csv\"\n";
    const auto result =
        load(head + "usage = \"use.csv\"\nexpect.alerts = []\n" + later, {{"rules/tests/use.csv", csv}});
    ASSERT_THAT(lines(result), IsEmpty());
    const auto& steps = result.tests[0].steps;
    EXPECT_EQ(dataset(steps[0], "usage").rows, 1u);
    EXPECT_EQ(dataset(steps[1], "usage").rows, 2u) << "added again";
    EXPECT_EQ(dataset(steps[1], "tickets").rows, 1u) << "the same cells as another dataset";

    const auto missing = load(head +
                              "usage = \"no.csv\"\nexpect.alerts = []\n[[test.step]]\nusage = \"no.csv\"\n"
                              "as_of = 2026-03-02\n");
    EXPECT_THAT(lines(missing), ElementsAre(HasSubstr(":6:9: there is no file rules/tests/no.csv"))) << "and told once";
}

RuleTestsResult load_with_pack(const std::string& name, SourceTexts texts = {}) {
    for (const auto* place : {"rules/packs/a.toml", "rules/tests/a.toml", "rules/tests/a.env", "packs/a.toml",
                              "/opt/a.toml", "shipped/a.toml", "shipped/more/a.toml"})
        texts.emplace(place, pack);
    texts["rules/tests/small.toml"] =
        "[[test]]\nname = \"one\"\nas_of = 2026-03-01\nexpect.alerts = []\npack = \"" + name + "\"\n";
    return load_rule_tests("rules/tests/small.toml", {.rules_directory = "shipped", .texts = texts});
}

TEST(RuleTests, PacksLieInTheProjectOfTheTestsOrAmongTheShipped) {
    for (const auto* name : {"a.toml", "./a.toml", "../packs/a.toml", "a", "../../shipped/more/a.toml"})
        EXPECT_THAT(lines(load_with_pack(name)), IsEmpty()) << name;
    for (const auto* name : {"../../packs/a.toml", "/opt/a.toml", "./a.env", "../tests/../../packs/a.toml"})
        EXPECT_THAT(
            lines(load_with_pack(name)),
            ElementsAre("rules/tests/small.toml:5:8: this pack lies elsewhere (a rule test reads packs (*.toml) "
                        "from its folder, the one above it, and --rules-directory)"))
            << name;
    EXPECT_THAT(lines(load_with_pack("b.toml", {{"rules/tests/b.toml", "extends = \"/opt/a.toml\"\n"}})),
                ElementsAre(HasSubstr("rules/tests/b.toml:1:11: this pack lies elsewhere")))
        << "nor by way of another";
}

TEST(RuleTests, AMistakeOfThePackIsToldInThePack) {
    SourceTexts texts;
    texts["a.toml"] =
        "[[test]]\nname = \"one\"\npack = \"./b.toml\"\nexpect.alerts = []\n"
        "[[test]]\nname = \"two\"\npack = \"./b.toml\"\nexpect.alerts = []\n";
    texts["./b.toml"] = pack + "[rule.quiet2]\nwehn = []\n";
    const auto result = load_rule_tests("a.toml", {.texts = texts});
    ASSERT_FALSE(result.problems.empty());
    for (const auto& line : lines(result)) EXPECT_THAT(line, HasSubstr("b.toml:")) << "once, and where it was written";
}

// -- the guide --------------------------------------------------------------------------------------------------------

using Words = std::set<std::string>;

/// The rows of the table below a heading of docs/rule-tests.md: the words in backticks of the first cell and the
/// second.
std::vector<std::pair<Words, Words>> rows_below(const std::string& heading) {
    const char* root = std::getenv("RETAIND_ROOT");
    std::ifstream guide{std::filesystem::path{root ? root : "."} / "docs/rule-tests.md"};
    const auto words_in = [](const std::string& cell) {
        Words words;
        std::istringstream parts{cell};
        for (std::string text, word; std::getline(parts, text, '`') && std::getline(parts, word, '`');)
            words.insert(word);
        return words;
    };
    std::vector<std::pair<Words, Words>> rows;
    bool is_below = false;
    for (std::string line; std::getline(guide, line);) {
        if (line.starts_with("#")) is_below = line == heading;
        if (!is_below || !line.starts_with("| ")) continue;
        const auto second = line.find(" | ");
        rows.emplace_back(words_in(line.substr(0, second)),
                          words_in(line.substr(second, line.find(" |", second + 3) - second)));
    }
    return rows;
}

Words keys_below(const std::string& heading) {
    Words keys;
    for (const auto& [first, second] : rows_below(heading)) keys.insert(first.begin(), first.end());
    return keys;
}

/// What the row of a key says in backticks.
Words said_of(const std::string& heading, const std::string& key) {
    for (const auto& [first, second] : rows_below(heading))
        if (first.contains(key)) return second;
    return {};
}

/// The keys that were read of a table, without those of the tables in it.
Words keys_of(const RuleTestsResult& result, const std::string& table) {
    Words keys;
    for (const auto& key : result.keys)
        if (key.starts_with(table + ".") && key.find('.', table.size() + 1) == key.npos)
            keys.insert(key.substr(table.size() + 1));
    return keys;
}

Words without(Words keys, const Words& others) {
    for (const auto& key : others) keys.erase(key);
    return keys;
}

TEST(Guide, NamesEveryKeyThatIsReadAndNoOther) {
    const auto result = load(head + R"(
usage = [{ customer_id = "c1", at = 2026-02-28, value = 1 }]
watermark.usage = 2026-02-28
not_loaded = ["tickets"]
expect.alerts = [{ rule = "quiet", entity = "c1" }]
expect.health.c1 = { value = 64, within = 0.1 }
[test.settings.dataset.usage]
stale_after = "36h"
[[test.step]]
as_of = 2026-03-02
remove.usage = { at = 2026-02-28 }
)");
    ASSERT_THAT(lines(result), IsEmpty());
    const auto datasets = keys_of(result, "test.step.remove"), of_step = keys_of(result, "test.step");
    ASSERT_TRUE(datasets.contains("usage"));
    EXPECT_EQ(keys_below("## A step: `[[test.step]]`"), without(of_step, datasets));
    EXPECT_EQ(keys_below("## A test"), without(without(keys_of(result, "test"), of_step), {"step"}));
    EXPECT_EQ(keys_below("## What is expected"), keys_of(result, "test.expect"));
    EXPECT_EQ(without(said_of("## What is expected", "alerts"), {"[]"}), keys_of(result, "test.expect.alerts"));
    EXPECT_TRUE(said_of("## What is expected", "health").contains("{ value = 64, within = 0.1 }"));
    EXPECT_EQ(keys_of(result, "test.expect.*"), (Words{"value", "within"}));

    auto settings = keys_of(result, "test.settings");
    settings.erase("outcome");
    settings.erase("dataset");
    settings.insert({"[test.settings.outcome]", "[test.settings.dataset.NAME]"});
    settings.merge(keys_of(result, "test.settings.dataset.*"));
    EXPECT_EQ(said_of("## A test", "settings"), settings);
}

// -- what a pack took away --------------------------------------------------------------------------------------------

const std::string removing = R"(extends = "./small.toml"
[signal]
tickets = "remove"
[rule]
quiet = "remove"
)";
const std::string signal_removed = "it was removed in rules/mine.toml:3; with weight = 0 it stays, and does not count";

TEST(RemovedTables, AreRememberedForWhoStillNamesThem) {
    const std::string naming = R"([rule.loud]
when = ["tickets > 3"]
clear = ["tickets.score > 90"]
severity = "warning"
message = "{tickets}"
[signal.visits]
group = "uses"
from = "usage"
measure = "count"
)";
    std::vector<DatasetSettings> datasets(2);
    datasets[0].name = "customers";
    datasets[0].kind = DatasetKind::customers;
    datasets[0].query = "select customer_id, name from customers";
    datasets[1].name = "usage";
    datasets[1].kind = DatasetKind::usage;
    const auto said_of = [&](const std::string& text) {
        const auto result =
            load_rules({"rules/mine.toml"},
                       {.datasets = datasets, .texts = {{"rules/small.toml", pack}, {"rules/mine.toml", text}}});
        std::vector<std::string> said;
        for (const auto& problem : result.problems) said.push_back(to_string(problem));
        return said;
    };
    const auto said = said_of(removing + naming);
    for (const auto* place : {":7:", ":8:", ":10:"})
        EXPECT_THAT(said, testing::Contains(testing::AllOf(HasSubstr(place), HasSubstr(signal_removed)))) << place;
    EXPECT_THAT(said, testing::Contains(HasSubstr("there is no group \"uses\" (did you mean \"use\"?)")));
    EXPECT_THAT(said_of("extends = \"./small.toml\"\n" + naming), testing::Not(testing::Contains(HasSubstr("removed"))))
        << "all is there";
}

TEST(RemovedTables, AreRememberedWhereAnythingMayBeAColumn) {
    const auto result = load_rules(
        {"rules/mine.toml"},
        {.texts = {{"rules/small.toml", pack},
                   {"rules/mine.toml", removing + "[rule.loud]\nwhen = [\"tickets > 3\"]\nclear = [\"tickets < 2\"]\n"
                                                  "severity = \"warning\"\nmessage = \"loud\"\n"}}});
    ASSERT_TRUE(result.rules.has_value());
    std::vector<std::string> said;
    for (const auto& warning : result.warnings) said.push_back(to_string(warning));
    EXPECT_THAT(said, testing::Contains(testing::AllOf(HasSubstr("\"tickets\" is taken for a column of customers"),
                                                       HasSubstr(signal_removed))));
}

TEST(RemovedTables, AreRememberedForTheExpectationsOfATest) {
    std::string text =
        head + "expect.alerts = [{ rule = \"quiet\", entity = \"c1\" }]\nexpect.signals.c1.tickets = 3\n";
    text.replace(text.find("small.toml"), 10, "mine.toml");
    EXPECT_THAT(lines(load(text, {{"rules/mine.toml", removing}})),
                ElementsAre(HasSubstr("there is no rule \"quiet\" (it was removed in rules/mine.toml:5)"),
                            HasSubstr("there is no signal \"tickets\" (" + signal_removed + ")")));
    const auto back =
        "extends = \"./mine.toml\"\n[signal.tickets]\ngroup = \"use\"\nweight = 0\nfrom = \"tickets\"\n"
        "measure = \"count\"\n";
    text.replace(text.find("mine.toml"), 9, "back.toml");
    EXPECT_THAT(lines(load(text, {{"rules/mine.toml", removing}, {"rules/back.toml", back}})),
                ElementsAre(HasSubstr("there is no rule \"quiet\" (it was removed")))
        << "the signal came back";
}

TEST(RuleTests, AreBounded) {
    std::string many = head + "expect.alerts = []\nusage = [";
    for (int i = 0; i < 10'001; ++i) many += "{ customer_id = \"c1\", at = 2026-03-01, value = 1 },\n";
    EXPECT_THAT(lines(load(many + "]\n")), ElementsAre(HasSubstr("\"usage\" has more than 10000 rows")));

    std::string csv = "customer_id,at\n";
    for (int i = 0; i < 10'000; ++i) csv += "c1,2026-03-01\n";
    const std::string steps = head + "usage = \"use.csv\"\nexpect.alerts = []\n[[test.step]]\nas_of = 2026-03-02\n";
    const auto line = "rules/tests/small.toml:8:1: too many rows: a dataset may have 10000";
    const std::string more = "usage = \"use.csv\"\n", unread = "[[test]]\nname = \"two\"\npack = \"../nowhere.toml\"\n";
    EXPECT_THAT(lines(load(steps + more + unread, {{"rules/tests/use.csv", csv}})), ElementsAre(HasSubstr(line)))
        << "nothing more is read";
}

}  // namespace
}  // namespace retaind
