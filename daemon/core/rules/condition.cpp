#include "retaind/rules/condition.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace retaind {
namespace {

Value value_of(const Operand& operand, const FieldValues& values) {
    if (const auto* field = std::get_if<Field>(&operand)) return values.value(*field);
    if (const auto* number = std::get_if<double>(&operand)) return Value::of(*number);
    if (const auto* text = std::get_if<std::string>(&operand)) return Value::of(std::string_view{*text});
    return Value::of(std::get<bool>(operand));
}

/// Attributes know no booleans: databases send 0 and 1, or a text. Anything else is not one.
Value as_boolean(const Value& value) {
    if (value.kind == Value::Kind::number && value.number == 0) return Value::of(false);
    if (value.kind == Value::Kind::number && value.number == 1) return Value::of(true);
    if (value.kind == Value::Kind::text && (value.text == "true" || value.text == "t")) return Value::of(true);
    if (value.kind == Value::Kind::text && (value.text == "false" || value.text == "f")) return Value::of(false);
    return value.kind == Value::Kind::boolean ? value : Value::none();
}

template <class T>
bool compare_ordered(const T& a, Comparison comparison, const T& b) {
    switch (comparison) {
        case Comparison::equal: return a == b;
        case Comparison::not_equal: return a != b;
        case Comparison::less: return a < b;
        case Comparison::less_equal: return a <= b;
        case Comparison::greater: return a > b;
        case Comparison::greater_equal: return a >= b;
    }
    return false;
}

Truth compare(Value left, Comparison comparison, Value right) {
    if (left.kind == Value::Kind::boolean) right = as_boolean(right);
    if (right.kind == Value::Kind::boolean) left = as_boolean(left);
    if (!left.known() || left.kind != right.kind) return Truth::unknown;
    switch (left.kind) {
        case Value::Kind::number: return truth(compare_ordered(left.number, comparison, right.number));
        case Value::Kind::text: return truth(compare_ordered(left.text, comparison, right.text));
        case Value::Kind::boolean: return truth(compare_ordered(left.boolean, comparison, right.boolean));
        case Value::Kind::none: break;
    }
    return Truth::unknown;
}

Truth is_among(const Value& value, const std::vector<std::string>& choices) {
    if (value.kind != Value::Kind::text) return Truth::unknown;
    return truth(std::find(choices.begin(), choices.end(), value.text) != choices.end());
}

double rounded(double number, int decimals) {
    const double factor = std::pow(10.0, decimals);
    const double scaled = number * factor;
    return std::isfinite(scaled) ? std::round(scaled) / factor : number;
}

Value rounded(const Value& value, int decimals) {
    return value.kind == Value::Kind::number ? Value::of(rounded(value.number, decimals)) : value;
}

/// With as many decimals as it takes to see why the comparison came out as it did: 39.998 < 40 must not read "40".
int decimals_that_show(const Condition& condition, const FieldValues& values) {
    constexpr int most = 9;
    if (condition.kind != Condition::Kind::compare) return 2;
    const auto left = value_of(condition.left, values), right = value_of(condition.right, values);
    const auto exact = compare(left, condition.comparison, right);
    for (int decimals = 2; decimals < most; ++decimals)
        if (compare(rounded(left, decimals), condition.comparison, rounded(right, decimals)) == exact) return decimals;
    return most;
}

std::string without_trailing_zeros(std::string text) {
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text == "-0" ? "0" : text;
}

std::string fixed(double number, int decimals) {
    return without_trailing_zeros(fmt::format("{:.{}f}", number, decimals));
}

std::string shown(const Value& value, int decimals) {
    return value.kind == Value::Kind::number ? fixed(value.number, decimals) : format_value(value, Format::plain);
}

}  // namespace

Truth evaluate(const Condition& condition, const FieldValues& values) {
    const auto left = value_of(condition.left, values);
    switch (condition.kind) {
        case Condition::Kind::known: return truth(left.known());
        case Condition::Kind::unknown: return truth(!left.known());
        case Condition::Kind::in: return is_among(left, condition.choices);
        case Condition::Kind::compare: break;
    }
    return compare(left, condition.comparison, value_of(condition.right, values));
}

Truth evaluate_all(const std::vector<Condition>& conditions, const FieldValues& values) {
    Truth result = Truth::yes;
    for (const auto& condition : conditions) result = both(result, evaluate(condition, values));
    return result;
}

Truth evaluate_any(const std::vector<Condition>& conditions, const FieldValues& values) {
    Truth result = Truth::no;
    for (const auto& condition : conditions) result = either(result, evaluate(condition, values));
    return result;
}

std::vector<Field> fields_of(const Condition& condition) {
    std::vector<Field> fields;
    if (const auto* left = std::get_if<Field>(&condition.left)) fields.push_back(*left);
    if (condition.kind != Condition::Kind::compare) return fields;
    if (const auto* right = std::get_if<Field>(&condition.right)) fields.push_back(*right);
    return fields;
}

std::string describe(const Condition& condition, const FieldValues& values) {
    const int decimals = decimals_that_show(condition, values);
    std::string shown_values;
    for (const auto& field : fields_of(condition))
        shown_values += fmt::format("{}{}", shown_values.empty() ? "" : ", ", shown(values.value(field), decimals));
    return fmt::format("{} ({})", condition.text, shown_values);
}

std::string format_number(double number) { return is_missing(number) ? "unknown" : fixed(number, 2); }

}  // namespace retaind
