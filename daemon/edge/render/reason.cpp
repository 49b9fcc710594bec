// Conditions as people say them.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "line.hpp"

namespace retaind {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && text[0] >= 'a' && text[0] <= 'z' && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
}

/// A number or a duration: what a threshold is.
bool is_amount(std::string_view text) {
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    return !digits.empty() && digits[0] >= '0' && digits[0] <= '9' &&
           std::all_of(digits.begin(), digits.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.'; });
}

std::string spoken(std::string_view name) {
    constexpr std::string_view of_customer = "customer.";
    if (name.starts_with(of_customer)) name.remove_prefix(of_customer.size());
    std::string words(name);
    std::replace_if(
        words.begin(), words.end(), [](char c) { return c == '_' || c == '.'; }, ' ');
    return words;
}

}  // namespace

std::string readable_reason(std::string_view reason) {
    // FIELD OPERATOR CONSTANT (VALUE); anything else has more spaces before its bracket, or none.
    const auto first = reason.find(' '), second = reason.find(' ', first + 1), open = reason.find(" (");
    if (first == reason.npos || second == reason.npos || open == reason.npos || !reason.ends_with(')'))
        return std::string(reason);
    const std::string_view field = reason.substr(0, first), sign = reason.substr(first + 1, second - first - 1);
    if (!is_name(field) || open < second) return std::string(reason);
    const std::string_view constant = reason.substr(second + 1, open - second - 1);
    const std::string_view value = reason.substr(open + 2, reason.size() - open - 3);
    const std::string said = fmt::format("{}: {}", spoken(field), value);
    const bool is_same =
        sign == "==" && (constant == value || constant == fmt::format("'{}'", value) ||
                         (constant == "true" && value == "yes") || (constant == "false" && value == "no"));
    if (is_same) return said;
    constexpr std::array<std::array<std::string_view, 2>, 4> signs{
        {{">=", "{} or more"}, {"<=", "{} or less"}, {">", "more than {}"}, {"<", "less than {}"}}};
    for (const auto& [written, words] : signs) {
        if (sign == written && is_amount(constant))
            return fmt::format("{} (rule: {})", said, fmt::format(fmt::runtime(words), constant));
    }
    return std::string(reason);
}

}  // namespace retaind
