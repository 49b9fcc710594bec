// Conditions and templates: parsed once from text, evaluated with three values (RULES.md "Conditions").
//
//   condition := operand ("==" | "!=" | "<" | "<=" | ">" | ">=") operand
//              | field "in" "[" text { "," text } "]"
//              | ("known" | "unknown") "(" field ")"
//   operand   := field | number | 'text' | true | false | duration ("14d", in days)
//
// Nothing else: no arithmetic, no functions, no nesting. A quote inside a text is written twice: 'O''Neill'.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/base/value.hpp"
#include "retaind/rules/fields.hpp"

namespace retaind {

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

/// A field, a number (durations are days), a text or a boolean.
using Operand = std::variant<Field, double, std::string, bool>;

struct Condition {
    enum class Kind { compare, in, known, unknown };
    Kind kind = Kind::compare;
    Operand left = 0.0;
    Comparison comparison = Comparison::equal;
    Operand right = 0.0;
    std::vector<std::string> choices = {};  ///< of `in`
    std::string text = {};                  ///< as written, for reasons
    Position where = {};

    bool operator==(const Condition&) const = default;
};

/// Parses and resolves one condition. `where` is where its first character stands; an error's column is counted from
/// there, in characters. Errors: unknown fields, comparing a text with a number, ordering texts, a duration beside
/// something that is not days, a number outside a field's range, a text that the field never has, dates.
Result<Condition> parse_condition(std::string_view text, const FieldCatalogue& catalogue, const Position& where);

/// Looks up what a field is worth for the entity at hand.
class FieldValues {
public:
    virtual ~FieldValues() = default;
    virtual Value value(const Field& field) const = 0;
};

/// yes, no, or unknown when a field it needs is missing (or an attribute holds another type than the condition wants).
Truth evaluate(const Condition& condition, const FieldValues& values);
Truth evaluate_all(const std::vector<Condition>& conditions, const FieldValues& values);  ///< yes when empty
Truth evaluate_any(const std::vector<Condition>& conditions, const FieldValues& values);  ///< no when empty

/// "miss_streak >= 3 (4)": the condition with the values that made it so, with as many decimals as show why.
std::string describe(const Condition& condition, const FieldValues& values);

/// The fields it names, left to right.
std::vector<Field> fields_of(const Condition& condition);

/// How two sets of conditions, each holding as a whole, relate: they can hold together; they exclude each other but
/// meet at one number ("< 40", ">= 40"), so that noise flips one into the other; or a gap, another text, or an equality
/// keeps them apart. Decided field by field from constants; what cannot be decided counts as overlapping.
enum class Overlap { overlapping, touching, apart };
Overlap overlap(const std::vector<Condition>& a, const std::vector<Condition>& b);
/// Whether no value that their fields can have could ever satisfy all of them.
bool is_contradiction(const std::vector<Condition>& conditions);
/// Whether `b` surely holds wherever `a` does. What cannot be decided from constants does not follow.
bool implies(const std::vector<Condition>& a, const std::vector<Condition>& b);

/// `days` says "12 days behind" or "3 days ahead" of days_behind; of any other field it becomes `day_count`: "12 days".
enum class Format { plain, money, date, percent, days, day_count };

/// Text with holes: `{name} has missed {miss_streak} events; {days_behind:days}`. "{{" and "}}" are braces.
struct Template {
    struct Hole {
        Field field;
        Format format = Format::plain;
        bool operator==(const Hole&) const = default;
    };
    using Part = std::variant<std::string, Hole>;
    std::vector<Part> parts = {};
    std::string text = {};
    Position where = {};

    bool operator==(const Template&) const = default;
};

Result<Template> parse_template(std::string_view text, const FieldCatalogue& catalogue, const Position& where);

/// Plain text; a missing value reads "unknown". `currency` follows amounts ("1,234 EUR").
std::string render(const Template& text, const FieldValues& values, std::string_view currency = "");

/// A number as people read it: at most two decimals, no trailing zeros, "unknown" when missing.
std::string format_number(double number);
/// money: "1,234 EUR", cents below 1,000 when there are any; percent: "31 %", one decimal below ten; booleans: "yes" or
/// "no".
std::string format_value(const Value& value, Format format, std::string_view currency = "");

}  // namespace retaind
