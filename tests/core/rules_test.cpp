// The rule language: fields, conditions, templates, profiles, and what a rule reads.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/rules/condition.hpp"
#include "retaind/rules/fields.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FieldCatalogue customer_catalogue() {
    return {.scope = Scope::customer,
            .signals = {"logins", "miss_streak"},
            .attributes = {"region", "employees"},
            .row_columns = {}};
}

FieldCatalogue promise_catalogue() {
    auto catalogue = customer_catalogue();
    catalogue.scope = Scope::promise;
    return catalogue;
}

/// Values by name, as written in the condition; a name that is not there is missing.
class Values : public FieldValues {
public:
    Values(std::initializer_list<std::pair<const std::string, Value>> values) : values_(values) {}
    Value value(const Field& field) const override {
        const auto found = values_.find(field.name);
        return found == values_.end() ? Value::none() : found->second;
    }

private:
    std::map<std::string, Value> values_;
};

Condition parsed(std::string_view text, const FieldCatalogue& catalogue = customer_catalogue()) {
    auto condition = parse_condition(text, catalogue, {"pack.toml", 3, 1});
    EXPECT_TRUE(condition.ok()) << text << ": " << (condition.ok() ? "" : to_string(condition.error()));
    return condition.ok() ? *condition : Condition{};
}

std::vector<Condition> all_parsed(const std::vector<std::string>& texts) {
    std::vector<Condition> conditions;
    for (const auto& text : texts) conditions.push_back(parsed(text));
    return conditions;
}

std::string name_of(Truth truth) { return truth == Truth::yes ? "yes" : truth == Truth::no ? "no" : "unknown"; }

// -- fields ---------------------------------------------------------------------------------------------------------

TEST(FieldCatalogue, ResolvesTheNamesOfItsScopeOnly) {
    struct Case {
        std::string sentence;
        Scope scope;
        std::string name;
        std::optional<Field::Kind> kind;
        Scope of = Scope::customer;
    };
    using Kind = Field::Kind;
    const std::vector<Case> cases = {
        {"a builtin customer field", Scope::customer, "health", Kind::builtin},
        {"a signal's raw value", Scope::customer, "miss_streak", Kind::signal_raw},
        {"a signal's score", Scope::customer, "miss_streak.score", Kind::signal_score},
        {"a further column of customers", Scope::customer, "region", Kind::attribute},
        {"a promise field is none of a customer", Scope::customer, "pace", std::nullopt},
        {"nor has a customer a score", Scope::customer, "health.score", std::nullopt},
        {"a promise field", Scope::promise, "pace", Kind::builtin, Scope::promise},
        {"a customer's field seen from a promise", Scope::promise, "customer.health", Kind::builtin},
        {"a customer's signal seen from a promise", Scope::promise, "customer.logins.score", Kind::signal_score},
        {"but not without the prefix", Scope::promise, "health", std::nullopt},
        {"a segment field", Scope::segment, "hhi", Kind::builtin, Scope::segment},
        {"the portfolio has no segment", Scope::portfolio, "segment", std::nullopt},
        {"a segment has no largest segment", Scope::segment, "largest_segment_share", std::nullopt},
        {"the portfolio has", Scope::portfolio, "largest_segment_share", Kind::builtin, Scope::portfolio},
        {"a source field", Scope::source, "age_hours", Kind::builtin, Scope::source},
        {"nothing at all", Scope::customer, "", std::nullopt},
    };
    for (const auto& c : cases) {
        auto catalogue = customer_catalogue();
        catalogue.scope = c.scope;
        const auto field = catalogue.resolve(c.name);
        ASSERT_EQ(field.has_value(), c.kind.has_value()) << c.sentence;
        if (!field) continue;
        EXPECT_EQ(field->kind, *c.kind) << c.sentence;
        EXPECT_EQ(field->scope, c.of) << c.sentence;
    }
}

TEST(FieldCatalogue, KnowsTheColumnsOfARow) {
    const FieldCatalogue catalogue{.scope = Scope::row,
                                   .row_columns = {{"metric", ValueType::text}, {"value", ValueType::number}}};
    EXPECT_EQ(catalogue.resolve("metric")->type, ValueType::text);
    EXPECT_EQ(catalogue.resolve("value")->kind, Field::Kind::row_column);
    EXPECT_FALSE(catalogue.resolve("health"));
    EXPECT_EQ(catalogue.suggestion("metrics"), "metric");
}

TEST(FieldCatalogue, AcceptsAnyColumnWhileTheQuerySelectsAll) {
    auto catalogue = customer_catalogue();
    EXPECT_FALSE(catalogue.resolve("anything"));
    catalogue.attributes_open = true;
    EXPECT_EQ(catalogue.resolve("anything")->kind, Field::Kind::attribute);
    EXPECT_FALSE(catalogue.resolve("any.thing"));
}

TEST(FieldCatalogue, SuggestsWhatWasProbablyMeant) {
    const auto customer = customer_catalogue();
    const auto promise = promise_catalogue();
    EXPECT_EQ(customer.suggestion("helth"), "health");
    EXPECT_EQ(customer.suggestion("misstreak"), "miss_streak");
    EXPECT_EQ(customer.suggestion("days_to_renewla"), "days_to_renewal");
    EXPECT_EQ(customer.suggestion("zebra"), "");
    EXPECT_EQ(promise.suggestion("health"), "customer.health");
    EXPECT_EQ(promise.suggestion("paces"), "pace");
}

TEST(Nearest, AllowsTwoEditsOrOneForShortNames) {
    const std::vector<std::string_view> names = {"weight", "window", "at", "per"};
    EXPECT_EQ(nearest("wieght", names), "weight");
    EXPECT_EQ(nearest("wiegth", names), "weight");
    EXPECT_EQ(nearest("windows", names), "window");
    EXPECT_EQ(nearest("pre", names), "per");
    EXPECT_EQ(nearest("xyz", names), "");
    EXPECT_EQ(nearest("wegt", names), "weight");
    EXPECT_EQ(nearest("ab", names), "at");
}

TEST(Fields, NameOnlyTypesUnitsAndDatasetsThatExist) {
    for (const auto scope : {Scope::customer, Scope::promise, Scope::segment, Scope::portfolio, Scope::source})
        for (const auto& spec : fields(scope)) {
            EXPECT_EQ(spec.unit.empty(), spec.type != ValueType::number) << spec.name;
            EXPECT_EQ(spec.reads.empty(), scope == Scope::source) << spec.name;
        }
    EXPECT_EQ(fields(Scope::customer)[static_cast<std::size_t>(CustomerField::pulse)].name, "pulse");
    EXPECT_EQ(fields(Scope::promise)[static_cast<std::size_t>(PromiseField::kept_by)].name, "kept_by");
    EXPECT_EQ(fields(Scope::segment)[static_cast<std::size_t>(SegmentField::hhi)].name, "hhi");
    EXPECT_EQ(fields(Scope::source)[static_cast<std::size_t>(SourceField::rows)].name, "rows");
}

// -- conditions: reading ----------------------------------------------------------------------------------------------

TEST(ParseCondition, SaysWhatIsWrongAndAtWhichColumn) {
    struct Case {
        std::string text;
        int column;
        std::string message;
        std::string hint;
    };
    const std::vector<Case> cases = {
        {"", 1, "an empty condition", "write one like health < 40"},
        {"helth < 40", 1, "a customer has no field \"helth\"", "did you mean \"health\"?"},
        {"  helth < 40", 3, "a customer has no field \"helth\"", "did you mean \"health\"?"},
        {"health < smothed", 10, "a customer has no field \"smothed\"", "did you mean \"smoothed\"?"},
        {"health", 7, "expected an operator, found the end", "one of == != < <= > >= in"},
        {"health = 40", 8, "\"=\" does not compare", "write == instead"},
        {"health <", 9, "expected a field, a number or a 'text', found the end", ""},
        {"health < 40 and risk > 0.3", 13, "one condition cannot contain \"and\"",
         "write each condition as a string of its own: all of `when`, one of `any`"},
        {"health + 3 < 40", 8, "conditions do not calculate", "compare a field with a number or another field"},
        {"health < 40 + 3", 13, "conditions do not calculate", "compare a field with a number or another field"},
        {"health < 4x", 10, "\"4x\" is neither a number nor a duration", "durations look like 36h, 14d or 8w"},
        {"segment == west", 12, "a customer has no field \"west\"", "a text stands in single quotes: 'west'"},
        {"segment == \"west\"", 12, "texts stand in single quotes", "as in segment == 'west'"},
        {"segment == 'west", 12, "this text has no closing quote", "end it with '"},
        {"segment == 4", 12, "\"segment\" is a text, and 4 is a number", "a text stands in single quotes"},
        {"health == 'good'", 11, "\"health\" is a number, and 'good' is a text", ""},
        {"segment < 'west'", 9, "a text has no order", "use == or !="},
        {"3 < 4", 1, "a condition needs a field", "as in health < 40"},
        {"band == 'unknown'", 9, "\"band\" is never 'unknown'", "one of: healthy, watch, at_risk"},
        {"band == 'at risk'", 9, "\"band\" is never 'at risk'", "did you mean 'at_risk'?"},
        {"trend == 'sideways'", 10, "\"trend\" is never 'sideways'", "one of: rising, steady, falling"},
        {"risk > 30", 8, "\"risk\" lies between 0 and 1", "write 0.3 for 30 %"},
        {"health < 14d", 10, "14d is a duration, and \"health\" is not in days", ""},
        {"days_to_renewal < revenue", 19, "\"days_to_renewal\" is in days, and \"revenue\" is in money",
         "compare fields of one unit"},
        {"segment in west", 12, "expected a list of texts", "as in segment in ['west', 'east']"},
        {"segment in ['west' 'east']", 20, "expected \",\" or \"]\"", ""},
        {"segment in []", 13, "expected a text in single quotes", "as in ['west', 'east']"},
        {"health in ['west']", 8, "\"health\" is a number, and \"in\" compares texts", ""},
        {"known(pulze)", 7, "a customer has no field \"pulze\"", "did you mean \"pulse\"?"},
        {"known()", 7, "expected a field", "as in known(pulse)"},
        {"known(pulse", 12, "expected \")\"", "as in known(pulse)"},
        {"max(pulse) > 3", 1, "there is no function \"max\"", "only known(field) and unknown(field) exist"},
        {"health < 40 )", 13, "\")\" after the end of the condition", "a condition is: operand, operator, operand"},
        {"region == 'Zürich' x", 20, "\"x\" after the end of the condition",
         "a condition is: operand, operator, operand"},
    };
    for (const auto& c : cases) {
        const auto condition = parse_condition(c.text, customer_catalogue(), {"pack.toml", 3, 1});
        ASSERT_FALSE(condition.ok()) << c.text;
        EXPECT_EQ(condition.error().message, c.message) << c.text;
        EXPECT_EQ(condition.error().hint, c.hint) << c.text;
        EXPECT_EQ(condition.error().where, (Position{"pack.toml", 3, c.column})) << c.text;
        EXPECT_EQ(condition.error().kind, ErrorKind::config);
    }
}

TEST(ParseCondition, CountsColumnsFromWhereItStands) {
    const auto condition = parse_condition("helth < 40", customer_catalogue(), {"pack.toml", 12, 10});
    ASSERT_FALSE(condition.ok());
    EXPECT_EQ(condition.error().where.column, 10);
}

TEST(ParseCondition, RefusesDatesAndNamesTheCustomerPrefix) {
    const auto date = parse_condition("due_on < 3", promise_catalogue(), {"", 1, 1});
    ASSERT_FALSE(date.ok());
    EXPECT_EQ(date.error().hint, "compare days, as in days_to_due <= 30");
    const auto prefix = parse_condition("health < 40", promise_catalogue(), {"", 1, 1});
    ASSERT_FALSE(prefix.ok());
    EXPECT_EQ(prefix.error().hint, "did you mean \"customer.health\"?");
}

TEST(ParseCondition, KeepsTheTextAsWritten) {
    EXPECT_EQ(parsed("  health   < 40 ").text, "health   < 40");
    EXPECT_EQ(parsed("  health   < 40 ").where, (Position{"pack.toml", 3, 3}));
}

TEST(ParseCondition, ReadsDurationsInDays) {
    EXPECT_EQ(std::get<double>(parsed("days_to_renewal <= 14d").right), 14);
    EXPECT_EQ(std::get<double>(parsed("days_to_renewal <= 36h").right), 1.5);
    EXPECT_EQ(std::get<double>(parsed("days_to_renewal > -2w").right), -14);
    EXPECT_EQ(std::get<double>(parsed("logins >= 1e3").right), 1000);
}

TEST(ParseCondition, SurvivesAnyText) {
    const std::vector<std::string> odd = {"'",
                                          "''",
                                          "[",
                                          "in",
                                          "in in in",
                                          "((((",
                                          "known",
                                          "unknown(",
                                          ". == .",
                                          std::string(10'000, '('),
                                          std::string(10'000, '9'),
                                          "\xff\xfe == 'x'",
                                          std::string("health\0< 4", 10),
                                          "health < 1e999",
                                          "health < nan",
                                          "== == =="};
    for (const auto& text : odd)
        EXPECT_FALSE(parse_condition(text, customer_catalogue(), {"", 1, 1}).ok()) << text.substr(0, 40);
}

// -- conditions: truth ------------------------------------------------------------------------------------------------

TEST(Evaluate, IsThreeValued) {
    struct Case {
        std::string condition;
        Value value;
        Truth truth;
    };
    const std::vector<Case> cases = {
        {"health < 40", Value::of(39.9), Truth::yes},
        {"health < 40", Value::of(40.0), Truth::no},
        {"health < 40", Value::none(), Truth::unknown},
        {"health <= 40", Value::of(40.0), Truth::yes},
        {"health > 40", Value::of(40.0), Truth::no},
        {"health >= 40", Value::of(40.0), Truth::yes},
        {"health == 40", Value::of(40.0), Truth::yes},
        {"health != 40", Value::of(40.0), Truth::no},
        {"health != 40", Value::none(), Truth::unknown},
        {"40 > health", Value::of(39.0), Truth::yes},
        {"segment == 'west'", Value::of("west"), Truth::yes},
        {"segment == 'west'", Value::of("east"), Truth::no},
        {"segment != 'west'", Value::none(), Truth::unknown},
        {"segment == 'O''Neill'", Value::of("O'Neill"), Truth::yes},
        {"segment in ['west', 'east']", Value::of("east"), Truth::yes},
        {"segment in ['west', 'east']", Value::of("north"), Truth::no},
        {"segment in ['west']", Value::none(), Truth::unknown},
        {"known(pulse)", Value::of(0.0), Truth::yes},
        {"known(pulse)", Value::none(), Truth::no},
        {"unknown(pulse)", Value::none(), Truth::yes},
        {"unknown( pulse )", Value::of(1.0), Truth::no},
        {"employees > 100", Value::of(101.0), Truth::yes},
        {"employees > 100", Value::of("many"), Truth::unknown},
        {"region == true", Value::of(1.0), Truth::yes},
        {"region == true", Value::of("t"), Truth::yes},
        {"region != false", Value::of(0.0), Truth::no},
        {"region == true", Value::of(2.0), Truth::unknown},
    };
    for (const auto& c : cases) {
        const auto condition = parsed(c.condition);
        const auto field = fields_of(condition).at(0).name;
        EXPECT_EQ(name_of(evaluate(condition, Values{{field, c.value}})), name_of(c.truth)) << c.condition;
    }
}

TEST(Evaluate, ComparesFieldsWithFields) {
    const auto condition = parsed("pulse < health");
    EXPECT_EQ(evaluate(condition, Values{{"pulse", Value::of(3.0)}, {"health", Value::of(4.0)}}), Truth::yes);
    EXPECT_EQ(evaluate(condition, Values{{"pulse", Value::of(3.0)}}), Truth::unknown);
    EXPECT_THAT(fields_of(condition), testing::SizeIs(2));
}

TEST(Evaluate, ReadsBooleans) {
    const auto disputed = parsed("disputed == true", promise_catalogue());
    EXPECT_EQ(evaluate(disputed, Values{{"disputed", Value::of(true)}}), Truth::yes);
    EXPECT_EQ(evaluate(disputed, Values{{"disputed", Value::of(false)}}), Truth::no);
    EXPECT_EQ(evaluate(disputed, Values{}), Truth::unknown);
}

TEST(EvaluateAllAndAny, FollowKleene) {
    // Three conditions on one field each: health yes/no/unknown against risk yes/no/unknown.
    const auto conditions = all_parsed({"health < 40", "risk > 0.3"});
    const std::vector<std::pair<Truth, Value>> healths = {
        {Truth::no, Value::of(50.0)}, {Truth::unknown, Value::none()}, {Truth::yes, Value::of(30.0)}};
    const std::vector<std::pair<Truth, Value>> risks = {
        {Truth::no, Value::of(0.1)}, {Truth::unknown, Value::none()}, {Truth::yes, Value::of(0.5)}};
    for (const auto& [a, health] : healths)
        for (const auto& [b, risk] : risks) {
            const Values values{{"health", health}, {"risk", risk}};
            const Truth all = a == Truth::no || b == Truth::no             ? Truth::no
                              : a == Truth::unknown || b == Truth::unknown ? Truth::unknown
                                                                           : Truth::yes;
            const Truth any = a == Truth::yes || b == Truth::yes           ? Truth::yes
                              : a == Truth::unknown || b == Truth::unknown ? Truth::unknown
                                                                           : Truth::no;
            EXPECT_EQ(evaluate_all(conditions, values), all) << name_of(a) << " and " << name_of(b);
            EXPECT_EQ(evaluate_any(conditions, values), any) << name_of(a) << " or " << name_of(b);
        }
    EXPECT_EQ(evaluate_all({}, Values{}), Truth::yes);
    EXPECT_EQ(evaluate_any({}, Values{}), Truth::no);
}

TEST(Trigger, HoldsAndClears) {
    const Trigger trigger{.when = all_parsed({"health < 40"}),
                          .any = all_parsed({"risk > 0.3", "miss_streak >= 3"}),
                          .clear = all_parsed({"health >= 45"})};
    const Values bad{{"health", Value::of(30.0)}, {"risk", Value::of(0.1)}, {"miss_streak", Value::of(3.0)}};
    EXPECT_EQ(holds(trigger, bad), Truth::yes);
    EXPECT_EQ(clears(trigger, bad), Truth::no);
    EXPECT_EQ(holds(trigger, Values{{"health", Value::of(30.0)}, {"risk", Value::of(0.1)}}), Truth::unknown);

    const Trigger negated{.when = all_parsed({"status == 'past_due'"}), .clear_is_negation = true};
    EXPECT_EQ(clears(negated, Values{{"status", Value::of("active")}}), Truth::yes);
    EXPECT_EQ(clears(negated, Values{{"status", Value::of("past_due")}}), Truth::no);
    EXPECT_EQ(clears(negated, Values{}), Truth::unknown) << "missing is never recovery";
}

TEST(Describe, QuotesTheValuesThatMadeItSo) {
    struct Case {
        std::string sentence, condition;
        Value value;
        std::string text;
    };
    const std::vector<Case> cases = {
        {"a whole number", "miss_streak >= 3", Value::of(4.0), "miss_streak >= 3 (4)"},
        {"two decimals", "health < 40", Value::of(31.2468), "health < 40 (31.25)"},
        {"as many decimals as show why", "health < 40", Value::of(39.9996), "health < 40 (39.9996)"},
        {"a text", "segment == 'west'", Value::of("west"), "segment == 'west' (west)"},
        {"a missing value", "health < 40", Value::none(), "health < 40 (unknown)"},
        {"knowing", "known(pulse)", Value::of(55.0), "known(pulse) (55)"},
        {"one of several", "segment in ['west', 'east']", Value::of("east"), "segment in ['west', 'east'] (east)"},
    };
    for (const auto& c : cases) {
        const auto condition = parsed(c.condition);
        EXPECT_EQ(describe(condition, Values{{fields_of(condition).at(0).name, c.value}}), c.text) << c.sentence;
    }
    EXPECT_EQ(describe(parsed("pulse < health"), Values{{"pulse", Value::of(40.0)}, {"health", Value::of(71.0)}}),
              "pulse < health (40, 71)");
}

// -- what excludes what -----------------------------------------------------------------------------------------------

TEST(Overlap, TellsGapsFromTouchingAndOverlap) {
    struct Case {
        std::string sentence;
        std::vector<std::string> when, clear;
        Overlap overlap;
    };
    const std::vector<Case> cases = {
        {"a gap", {"health < 40"}, {"health >= 45"}, Overlap::apart},
        {"no gap: noise flips it", {"health < 40"}, {"health >= 40"}, Overlap::touching},
        {"both hold between 35 and 40", {"health < 40"}, {"health > 35"}, Overlap::overlapping},
        {"both hold at 40", {"health <= 40"}, {"health >= 40"}, Overlap::overlapping},
        {"an equality cannot flap", {"miss_streak > 0"}, {"miss_streak == 0"}, Overlap::apart},
        {"another field says nothing", {"health < 40"}, {"risk < 0.1"}, Overlap::overlapping},
        {"one field of several is enough", {"health < 40", "risk > 0.3"}, {"risk < 0.2"}, Overlap::apart},
        {"the whole interval counts", {"health > 20", "health < 40"}, {"health <= 15"}, Overlap::apart},
        {"constants on the left", {"40 > health"}, {"45 <= health"}, Overlap::apart},
        {"other texts", {"segment == 'west'"}, {"segment == 'east'"}, Overlap::apart},
        {"a text and its negation", {"segment == 'west'"}, {"segment != 'west'"}, Overlap::apart},
        {"lists that share a text", {"segment in ['west', 'east']"}, {"segment in ['east']"}, Overlap::overlapping},
        {"lists that share none", {"segment in ['west']"}, {"segment in ['east', 'north']"}, Overlap::apart},
        {"known and unknown", {"unknown(pulse)"}, {"known(pulse)"}, Overlap::apart},
        {"a value and its absence", {"pulse < 30"}, {"unknown(pulse)"}, Overlap::apart},
        {"two fields have no gap to write", {"pulse < health"}, {"pulse >= health"}, Overlap::apart},
        {"two fields, the other way round", {"pulse < health"}, {"health > pulse"}, Overlap::overlapping},
        {"true and false", {"region == true"}, {"region != true"}, Overlap::apart},
        {"an excluded number", {"miss_streak == 3"}, {"miss_streak != 3"}, Overlap::apart},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(overlap(all_parsed(c.when), all_parsed(c.clear)), c.overlap) << c.sentence;
        EXPECT_EQ(overlap(all_parsed(c.clear), all_parsed(c.when)), c.overlap) << c.sentence << ", asked in reverse";
    }
}

TEST(IsContradiction, FindsWhatCanNeverHold) {
    EXPECT_TRUE(is_contradiction(all_parsed({"health < 40", "health > 60"})));
    EXPECT_TRUE(is_contradiction(all_parsed({"segment == 'west'", "segment == 'east'"})));
    EXPECT_TRUE(is_contradiction(all_parsed({"segment == 'west'", "unknown(segment)"})));
    EXPECT_TRUE(is_contradiction(all_parsed({"miss_streak == 3", "miss_streak != 3"})));
    EXPECT_FALSE(is_contradiction(all_parsed({"health < 40", "risk > 0.3"})));
    EXPECT_FALSE(is_contradiction(all_parsed({"health >= 40", "health <= 40"})));
    EXPECT_FALSE(is_contradiction({}));
}

// -- templates --------------------------------------------------------------------------------------------------------

TEST(IsContradiction, KnowsWhatAFieldCanBe) {
    const auto never = [](const std::vector<std::string>& texts) { return is_contradiction(all_parsed(texts)); };
    EXPECT_TRUE(never({"health > 100"}));
    EXPECT_FALSE(never({"health >= 100"}));
    EXPECT_TRUE(never({"coverage < 0"}));
    EXPECT_TRUE(never({"promises < 0"}));
    EXPECT_FALSE(never({"days_to_renewal < 0"}));
    EXPECT_TRUE(never({"band != 'healthy'", "band != 'watch'", "band != 'at_risk'"}));
    EXPECT_FALSE(never({"segment != 'a'", "segment != 'b'"}));
}

TEST(Implies, FollowsFromConstants) {
    struct Case {
        std::vector<std::string> a, b;
        bool follows;
    };
    const std::vector<Case> cases = {
        {{"tenure_days < 30"}, {"tenure_days < 90"}, true},
        {{"tenure_days < 90"}, {"tenure_days < 30"}, false},
        {{"tenure_days < 30", "motion == 'a'"}, {"motion == 'a'"}, true},
        {{"motion == 'a'"}, {"motion in ['a', 'b']"}, true},
        {{"motion in ['a', 'b']"}, {"motion != 'c'"}, true},
        {{"motion in ['a', 'c']"}, {"motion in ['a', 'b']"}, false},
        {{"motion == 'a'"}, {"known(motion)"}, true},
        {{"known(motion)"}, {"motion == 'a'"}, false},
        {{"motion == 'a'"}, {"segment == 'a'"}, false},
        {{"pulse > health"}, {"pulse > health"}, true},
    };
    for (const auto& c : cases)
        EXPECT_EQ(implies(all_parsed(c.a), all_parsed(c.b)), c.follows) << c.a[0] << " -> " << c.b[0];
}

TEST(Render, FillsTheHoles) {
    const Values values{{"name", Value::of("Row 12")},   {"revenue", Value::of(1234567.0)},
                        {"mrr", Value::of(49.5)},        {"risk", Value::of(0.314)},
                        {"miss_streak", Value::of(4.0)}, {"days_to_renewal", Value::of(1.0)},
                        {"coverage", Value::of(0.043)},  {"logins", Value::of(-1234.0)}};
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"{name} has missed {miss_streak} events.", "Row 12 has missed 4 events."},
        {"{revenue:money}", "1,234,567 EUR"},
        {"{mrr:money} a month", "49.50 EUR a month"},
        {"{logins:money}", "-1,234 EUR"},
        {"{risk:percent}, {coverage:percent}", "31 %, 4.3 %"},
        {"in {days_to_renewal:days}", "in 1 day"},
        {"{{name}} is {name}", "{name} is Row 12"},
        {"a lone } stays", "a lone } stays"},
        {"{segment}", "unknown"},
        {"", ""},
    };
    for (const auto& [text, rendered] : cases) {
        const auto parsed_template = parse_template(text, customer_catalogue(), {"", 1, 1});
        ASSERT_TRUE(parsed_template.ok()) << text;
        EXPECT_EQ(render(*parsed_template, values, "EUR"), rendered) << text;
    }
}

TEST(Render, SaysWhereAPromiseStands) {
    const auto text =
        parse_template("{outcome}: {days_behind:days}, due {due_on:date}, {disputed}", promise_catalogue(), {"", 1, 1});
    ASSERT_TRUE(text.ok());
    const auto rendered = [&](double days_behind) {
        return render(*text, Values{{"outcome", Value::of("fewer returns")},
                                    {"days_behind", Value::of(days_behind)},
                                    {"due_on", Value::of(20513.0)},
                                    {"disputed", Value::of(true)}});
    };
    EXPECT_EQ(rendered(12), "fewer returns: 12 days behind, due 2026-03-01, yes");
    EXPECT_EQ(rendered(-3.2), "fewer returns: 3 days ahead, due 2026-03-01, yes");
    EXPECT_EQ(rendered(0.7), "fewer returns: 1 day behind, due 2026-03-01, yes");
    EXPECT_EQ(rendered(0.2), "fewer returns: on schedule, due 2026-03-01, yes");
    EXPECT_EQ(rendered(missing), "fewer returns: unknown, due 2026-03-01, yes");
}

TEST(ParseTemplate, SaysWhatIsWrongAndAtWhichColumn) {
    struct Case {
        std::string text;
        int column;
        std::string message, hint;
    };
    const std::vector<Case> cases = {
        {"{nme} is late", 2, "a customer has no field \"nme\"", "did you mean {name}?"},
        {"late: {name", 7, "this brace is never closed", "write {{ for a brace itself"},
        {"{revenue:euro}", 10, "there is no format \"euro\"", "one of money, date, percent, days"},
        {"Zürich {health:money}", 16, "\"health\" cannot be written as money", "its unit is 0..100"},
        {"{name:percent}", 7, "\"name\" cannot be written as percent", ""},
        {"{}", 2, "a customer has no field \"\"", ""},
    };
    for (const auto& c : cases) {
        const auto text = parse_template(c.text, customer_catalogue(), {"pack.toml", 7, 1});
        ASSERT_FALSE(text.ok()) << c.text;
        EXPECT_EQ(text.error().message, c.message);
        EXPECT_EQ(text.error().hint, c.hint);
        EXPECT_EQ(text.error().where, (Position{"pack.toml", 7, c.column})) << c.text;
    }
}

TEST(FormatNumber, ReadsLikeANumberAPersonWrote) {
    const std::vector<std::pair<double, std::string>> cases = {
        {4, "4"},         {4.5, "4.5"}, {0.314159, "0.31"}, {-0.001, "0"},
        {-12.5, "-12.5"}, {100, "100"}, {1e6, "1000000"},   {missing, "unknown"}};
    for (const auto& [number, text] : cases) EXPECT_EQ(format_number(number), text);
}

TEST(FormatValue, KeepsOddNumbersHarmless) {
    EXPECT_EQ(format_value(Value::of(1e300), Format::date), "unknown");
    EXPECT_EQ(format_value(Value::of(-0.004), Format::money, "EUR"), "0 EUR");
    EXPECT_EQ(format_value(Value::of(999.999), Format::money, "EUR"), "1,000 EUR");
    EXPECT_EQ(format_value(Value::of(-1.0), Format::day_count), "-1 day");
}

// -- profiles and dependencies ----------------------------------------------------------------------------------------

RuleSet small_pack() {
    RuleSet rules;
    rules.groups = {{.name = "use", .weight = 40}, {.name = "watched", .weight = 0}};
    rules.signals = {
        {.name = "logins", .group = 0, .weight = 2, .from = "usage", .measure = Measure::sum},
        {.name = "miss_streak", .group = 0, .weight = 1, .from = "attendance", .measure = Measure::miss_streak},
        {.name = "tickets", .group = 1, .weight = 1, .from = "tickets", .measure = Measure::count}};
    rules.caps = {{.name = "late_payer", .at = 40, .when = all_parsed({"days_past_due > 30"})}};
    rules.rules = {
        {.name = "at_risk", .trigger = {.when = all_parsed({"health < 40"}), .clear = all_parsed({"health > 45"})}}};
    return rules;
}

TEST(WithProfiles, ChangesOnlyTheKeysThatWereWritten) {
    auto rules = small_pack();
    Signal signal{.weight = 7, .measure = Measure::count, .scale = RampScale{0, 10}};
    rules.profiles = {
        {.name = "first year", .signals = {{.target = 0, .values = signal, .keys = {"scale", "weight"}}}},
        {.name = "large",
         .groups = {{.target = 0, .values = {.weight = 80}, .keys = {"weight"}}},
         .signals = {{.target = 0, .values = {.weight = 9}, .keys = {"weight"}}},
         .caps = {{.target = 0, .values = {.at = 20}, .keys = {"at"}}},
         .base_rate = 0.5},
    };
    const auto first = with_profiles(rules, 1);
    EXPECT_EQ(first.signals[0].weight, 7);
    EXPECT_EQ(first.signals[0].scale, (Scale{RampScale{0, 10}}));
    EXPECT_EQ(first.signals[0].measure, Measure::sum) << "the measure was not written";
    EXPECT_EQ(first.signals[1].weight, 1);
    EXPECT_EQ(first.groups[0].weight, 40);

    const auto both_profiles = with_profiles(rules, 3);
    EXPECT_EQ(both_profiles.signals[0].weight, 9) << "of two the later wins";
    EXPECT_EQ(both_profiles.signals[0].scale, (Scale{RampScale{0, 10}})) << "what only the first wrote stays";
    EXPECT_EQ(both_profiles.groups[0].weight, 80);
    EXPECT_EQ(both_profiles.caps[0].at, 20);
    EXPECT_EQ(both_profiles.caps[0].when, rules.caps[0].when);
    EXPECT_EQ(both_profiles.risk.base_rate, 0.5);

    EXPECT_EQ(with_profiles(rules, 0).signals[0].weight, 2);
}

TEST(WithProfiles, MovesClearOnlyWithItsOwnKeyAndKeepsReadsRight) {
    auto rules = small_pack();
    Rule changed;
    changed.trigger.when = all_parsed({"miss_streak >= 3"});
    changed.trigger.clear = all_parsed({"miss_streak == 0"});
    changed.severity = Severity::critical;
    rules.profiles = {{.name = "fans", .rules = {{.target = 0, .values = changed, .keys = {"clear", "when"}}}}};
    const auto fans = with_profiles(rules, 1);
    EXPECT_EQ(fans.rules[0].trigger.when[0].text, "miss_streak >= 3");
    EXPECT_EQ(fans.rules[0].trigger.clear[0].text, "miss_streak == 0");
    EXPECT_EQ(fans.rules[0].severity, Severity::warning);
    EXPECT_EQ(fans.rules[0].reads, datasets_read(fans, fans.rules[0]));
    EXPECT_THAT(fans.rules[0].reads, ElementsAre("attendance", "customers", "subscriptions"));
}

TEST(DatasetsRead, FollowSignalsHealthAndCaps) {
    auto rules = small_pack();
    const FieldCatalogue catalogue{
        .scope = Scope::customer, .signals = {"logins", "miss_streak", "tickets"}, .attributes = {"region"}};
    const auto reads = [&](std::string_view name) { return datasets_read(rules, *catalogue.resolve(name)); };
    EXPECT_THAT(reads("logins"), ElementsAre("usage"));
    EXPECT_THAT(reads("tickets.score"), ElementsAre("tickets"));
    EXPECT_THAT(reads("region"), ElementsAre("customers"));
    EXPECT_THAT(reads("promises_missed"), ElementsAre("milestones", "promises", "readings"));
    EXPECT_THAT(reads("health"), ElementsAre("attendance", "subscriptions", "usage"))
        << "weighted signals and caps; not the group that weighs nothing";
    EXPECT_THAT(reads("risk"), ElementsAre("attendance", "subscriptions", "usage"));

    rules.risk.model = FittedModel{.terms = {{.feature = *catalogue.resolve("tickets")}}};
    EXPECT_THAT(reads("risk"), ElementsAre("tickets")) << "a model reads its own features";

    rules.policy.dataset_sources = {{"customers", "crm"}, {"subscriptions", "crm"}, {"usage", "crm"}};
    EXPECT_THAT(reads("health"), ElementsAre("subscriptions", "usage")) << "only what is mapped";
}

TEST(DatasetsRead, IncludeWhatSaysThatTheEntityExists) {
    const auto rules = small_pack();
    EXPECT_THAT(datasets_read(rules, Rule{.scope = Scope::customer}), ElementsAre("customers", "subscriptions"));
    EXPECT_THAT(datasets_read(rules, Rule{.scope = Scope::promise}),
                ElementsAre("customers", "promises", "subscriptions"));
    EXPECT_THAT(datasets_read(rules, Rule{.scope = Scope::source}), ElementsAre());
    Rule rule{.applies = all_parsed({"known(pulse)"})};
    rule.critical = Trigger{.when = all_parsed({"days_since_touch > 30"})};
    EXPECT_THAT(datasets_read(rules, rule), ElementsAre("customers", "subscriptions", "touchpoints"));
}

TEST(DatasetsRead, EndsOnACircle) {
    auto rules = small_pack();
    const FieldCatalogue catalogue{.scope = Scope::customer, .signals = {"logins", "miss_streak", "tickets"}};
    const Position here{"pack.toml", 1, 1};
    rules.signals[0].applies = {*parse_condition("miss_streak > 1", catalogue, here)};
    rules.signals[1].applies = {*parse_condition("logins > 1", catalogue, here)};
    rules.caps[0].when = {*parse_condition("health < 3", catalogue, here)};
    EXPECT_THAT(datasets_read(rules, *catalogue.resolve("health")), ElementsAre("attendance", "usage"));
}

TEST(AttributesRead, AreTheColumnsThatAnythingNames) {
    auto rules = small_pack();
    EXPECT_THAT(attributes_read(rules), IsEmpty());
    const FieldCatalogue open{.scope = Scope::customer, .attributes_open = true};
    const auto when = [&](std::string_view text) { return std::vector{*parse_condition(text, open, {"", 1, 1})}; };
    rules.signals[0].applies = when("sport == 'rugby'");
    rules.signals[1].scale = CohortScale{.by = {"segment", "league"}};
    rules.signals[2].field = "score_of_theirs";
    rules.caps[0].when = when("blocked == true");
    rules.rules[0].message = *parse_template("{name} in {city}", open, {"", 1, 1});
    rules.rules[0].critical = Trigger{.when = when("tier == 'gold'")};
    rules.profiles = {{.name = "north", .match = when("region == 'north'")}};
    EXPECT_THAT(attributes_read(rules),
                ElementsAre("blocked", "city", "league", "region", "score_of_theirs", "sport", "tier"));
}

TEST(IsFlow, FollowsTheTableOfFreshness) {
    for (const auto measure : {Measure::count, Measure::sum, Measure::active_days, Measure::days_since, Measure::ratio,
                               Measure::slope, Measure::share, Measure::rate, Measure::miss_streak, Measure::drift})
        EXPECT_TRUE(is_flow(measure));
    for (const auto measure :
         {Measure::last, Measure::mean, Measure::min, Measure::max, Measure::value, Measure::overdue})
        EXPECT_FALSE(is_flow(measure));
}

}  // namespace
}  // namespace retaind
