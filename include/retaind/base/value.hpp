// Numbers that may be missing, three-valued truth, and the value of a field.
#pragma once

#include <cmath>
#include <limits>
#include <string_view>

namespace retaind {

/// "No number here". NaN never enters from data (it is refused on input), so inside it always means missing.
inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();
inline bool is_missing(double number) { return std::isnan(number); }
inline bool is_known(double number) { return !std::isnan(number); }

/// Amounts of money inside are in minor units, so many to the unit that people read and write.
inline constexpr double minor_units = 100;

/// Kleene's three values. A rule with an unknown outcome neither opens nor clears.
enum class Truth { no, unknown, yes };

constexpr Truth both(Truth a, Truth b) { return a < b ? a : b; }    // "and": the weaker one
constexpr Truth either(Truth a, Truth b) { return a < b ? b : a; }  // "or": the stronger one
constexpr Truth negation(Truth a) { return a == Truth::yes ? Truth::no : a == Truth::no ? Truth::yes : Truth::unknown; }
constexpr Truth truth(bool holds) { return holds ? Truth::yes : Truth::no; }

enum class ValueType { number, text, boolean };

/// The value of a field: a number, a text (borrowed), a boolean, or nothing known.
struct Value {
    enum class Kind { none, number, text, boolean };

    Kind kind = Kind::none;
    double number = missing;
    std::string_view text = {};
    bool boolean = false;

    static Value of(double n) { return is_missing(n) ? Value{} : Value{Kind::number, n, {}, false}; }
    static Value of(std::string_view t) { return Value{Kind::text, missing, t, false}; }
    static Value of(const char* t) { return of(std::string_view{t}); }  // or a literal would become a bool
    static Value of(bool b) { return Value{Kind::boolean, missing, {}, b}; }
    static Value none() { return {}; }
    bool known() const { return kind != Kind::none; }
};

}  // namespace retaind
