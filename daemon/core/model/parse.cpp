// The strict parsers of a cell's text.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "retaind/base/value.hpp"
#include "retaind/model/dataset.hpp"

namespace retaind {
namespace {

constexpr std::size_t most_whole_digits = 16;  // of an amount: 10^16 and two decimals fit into 64 bits

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What is left of an amount once its sign is gone: whole digits and decimals, or nothing for another form.
struct Decimal {
    std::string_view whole, decimals;
};

std::optional<Decimal> split_decimal(std::string_view text) {
    const auto dot = std::min(text.find('.'), text.size());
    const Decimal decimal{text.substr(0, dot), dot < text.size() ? text.substr(dot + 1) : std::string_view{}};
    const bool only_digits = std::all_of(decimal.whole.begin(), decimal.whole.end(), is_digit) &&
                             std::all_of(decimal.decimals.begin(), decimal.decimals.end(), is_digit);
    if (!only_digits || decimal.whole.empty() || (dot < text.size() && decimal.decimals.empty())) return std::nullopt;
    return decimal;
}

std::optional<std::int64_t> exact_money(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto decimal = split_decimal(text);
    if (!decimal || decimal->whole.size() > most_whole_digits) return std::nullopt;
    std::int64_t minor = 0;
    for (const char digit : decimal->whole) minor = minor * 10 + (digit - '0');
    for (std::size_t i = 0; i < 2; ++i)
        minor = minor * 10 + (i < decimal->decimals.size() ? decimal->decimals[i] - '0' : 0);
    for (std::size_t i = 2; i < decimal->decimals.size(); ++i)
        if (decimal->decimals[i] != '0') return std::nullopt;
    return negative ? -minor : minor;
}

/// The amount that a binary fraction stands for: within a millionth of a cent, or what a double cannot tell apart.
std::optional<std::int64_t> nearest_money(double number) {
    const double minor = number * minor_units;
    const double whole = std::nearbyint(minor);
    if (std::abs(whole) > 1e17 || std::abs(minor - whole) > 1e-6 + std::abs(whole) * 1e-15) return std::nullopt;
    return static_cast<std::int64_t>(whole);
}

/// Bytes of the UTF-8 sequence that starts here, 0 when it is none: overlong forms, surrogates and what lies beyond
/// U+10FFFF are refused.
std::size_t sequence_length(const unsigned char* at, const unsigned char* end) {
    struct Form {
        unsigned char first, last, second_from, second_to;
        std::size_t length;
    };
    static constexpr std::array forms = {
        Form{0x01, 0x7f, 0, 0, 1},       Form{0xc2, 0xdf, 0x80, 0xbf, 2}, Form{0xe0, 0xe0, 0xa0, 0xbf, 3},
        Form{0xe1, 0xec, 0x80, 0xbf, 3}, Form{0xed, 0xed, 0x80, 0x9f, 3}, Form{0xee, 0xef, 0x80, 0xbf, 3},
        Form{0xf0, 0xf0, 0x90, 0xbf, 4}, Form{0xf1, 0xf3, 0x80, 0xbf, 4}, Form{0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (const auto& form : forms) {
        if (*at < form.first || *at > form.last) continue;
        if (static_cast<std::size_t>(end - at) < form.length) return 0;
        if (form.length > 1 && (at[1] < form.second_from || at[1] > form.second_to)) return 0;
        for (std::size_t i = 2; i < form.length; ++i)
            if ((at[i] & 0xc0) != 0x80) return 0;
        return form.length;
    }
    return 0;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    const auto unsigned_text = text.starts_with('-') ? text.substr(1) : text;
    if (unsigned_text.empty() || !(is_digit(unsigned_text.front()) || unsigned_text.front() == '.'))
        return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
    return number == 0 ? 0.0 : number;
}

std::optional<std::int64_t> parse_money(std::string_view text) {
    if (const auto exact = exact_money(text)) return exact;
    const auto number = parse_number(text);
    return number ? nearest_money(*number) : std::nullopt;
}

std::optional<bool> parse_flag(std::string_view text) {
    if (text.empty() || text.size() > 5) return std::nullopt;
    std::array<char, 5> folded{};
    std::transform(text.begin(), text.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view word{folded.data(), text.size()};
    if (word == "1" || word == "true" || word == "t" || word == "yes") return true;
    if (word == "0" || word == "false" || word == "f" || word == "no") return false;
    return std::nullopt;
}

bool is_valid_utf8(std::string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* const end = at + text.size();
    while (at != end) {
        if (*at > 0 && *at < 0x80) {
            ++at;
            continue;
        }
        const auto length = sequence_length(at, end);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

}  // namespace retaind
