#include "edge/delivery/mail_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <openssl/evp.h>

#include <fmt/format.h>

namespace retaind {

namespace {

constexpr std::size_t longest_word = 45;  ///< bytes of one encoded word: 60 characters in base64, 72 with its frame

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_atom(char c) {
    constexpr std::string_view others = "!#$%&'*+/=?^_`{|}~.-";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
}

bool is_local_at_domain(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size() || text.size() > 254 || at > 64) return false;
    const auto local = text.substr(0, at), domain = text.substr(at + 1);
    const auto in_domain = [](char c) {
        return is_atom(c) && (std::string_view{"!#$%&'*+/=?^_`{|}~"}.find(c) == std::string_view::npos);
    };
    return std::ranges::all_of(local, is_atom) && std::ranges::all_of(domain, in_domain) && domain.front() != '-';
}

/// Length of the UTF-8 character that text starts with; 0 where there is none.
std::size_t character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xf0 && first < 0xf5 ? 4
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xc2 && first < 0xe0 ? 2
                                                             : 0;
    if (size == 0 || text.size() < size) return 0;
    const auto goes_on = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
    return std::ranges::all_of(text.substr(1, size - 1), goes_on) ? size : 0;
}

/// The characters of a text, cleaned.
std::vector<std::string> characters(std::string_view text) {
    std::vector<std::string> all;
    while (!text.empty()) {
        const auto size = character(text);
        all.emplace_back(size == 0                  ? "\xef\xbf\xbd"
                         : is_control(text.front()) ? " "
                                                    : std::string{text.substr(0, size)});
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return all;
}

std::string base64(const std::string& text) {
    std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return encoded;
}

bool needs_encoding(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }) ||
           text.find("=?") != text.npos || text.size() > 900;
}

}  // namespace

std::optional<MailAddress> parse_address(std::string_view text) {
    text = trimmed(text);
    const auto open = text.find('<');
    if (open == text.npos)
        return is_local_at_domain(text) ? std::optional{MailAddress{.address = std::string{text}}} : std::nullopt;
    if (text.back() != '>') return std::nullopt;
    const auto address = text.substr(open + 1, text.size() - open - 2);
    auto name = trimmed(text.substr(0, open));
    if (name.size() > 1 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    if (!is_local_at_domain(address)) return std::nullopt;
    return MailAddress{.name = std::string{name}, .address = std::string{address}};
}

std::optional<std::vector<MailAddress>> parse_addresses(std::string_view text) {
    std::vector<MailAddress> all;
    while (true) {
        const auto comma = text.find(',');
        const auto one = parse_address(text.substr(0, comma));
        if (!one) return std::nullopt;
        all.push_back(*one);
        if (comma == text.npos) return all;
        text.remove_prefix(comma + 1);
    }
}

std::string to_header(const MailAddress& address) {
    if (address.name.empty()) return fmt::format("<{}>", address.address);
    const auto encoded = encode_header(address.name);
    if (encoded.starts_with("=?")) return fmt::format("{} <{}>", encoded, address.address);
    std::string quoted;
    for (const char c : encoded) quoted += (c == '"' || c == '\\' ? std::string{"\\"} : std::string{}) + c;
    return fmt::format("\"{}\" <{}>", quoted, address.address);
}

std::string encode_header(std::string_view text) {
    std::string plain, encoded, word;
    const auto all = characters(text);
    for (const auto& one : all) plain += one;
    if (!needs_encoding(plain)) return plain;
    const auto flush = [&] {
        if (!word.empty()) encoded += fmt::format("{}=?UTF-8?B?{}?=", encoded.empty() ? "" : "\r\n ", base64(word));
        word.clear();
    };
    for (const auto& one : all) {
        if (word.size() + one.size() > longest_word) flush();
        word += one;
    }
    flush();
    return encoded;
}

std::string mail_date(Instant instant) {
    static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[std::chrono::weekday{day}.c_encoding()],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                       time.seconds().count());
}

}  // namespace retaind
