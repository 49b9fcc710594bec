#include "line.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "retaind/base/text.hpp"
#include "retaind/model/dataset.hpp"

namespace retaind {
namespace {

constexpr std::size_t longest_address = 2000;  // bytes; Slack takes 3000
constexpr std::string_view dots = "...";

constexpr const char* month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// The first character of a text; a byte that begins none stands alone.
std::string_view first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return is_valid_utf8(text.substr(0, bytes)) ? text.substr(0, bytes) : text.substr(0, 1);
}

/// Controls of ASCII and Latin-1, separators of lines, and what turns the direction of reading around.
bool steers(std::string_view character) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
    if (character.size() > 3 || byte(0) != 0xe2) return false;
    return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

/// How many bytes the first characters of a text take.
std::size_t bytes_of(std::string_view text, std::size_t most_characters) {
    std::size_t at = 0;
    for (; most_characters > 0 && at < text.size(); --most_characters) at += first_character(text.substr(at)).size();
    return at;
}

std::string first_sentence(const std::string& text) {
    for (auto at = text.find(". "); at != text.npos; at = text.find(". ", at + 1)) {
        if (at + 2 < text.size() && text[at + 2] >= 'A' && text[at + 2] <= 'Z') return text.substr(0, at + 1);
    }
    return text;
}

/// Where the last of such separators begins, no later than `end`; 0 when there is none.
std::size_t last_before(const std::string& text, std::string_view separator, std::size_t end) {
    const auto at = text.rfind(separator, end);
    return at == text.npos ? 0 : at;
}

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string line(std::string_view text, std::size_t longest_bytes) {
    std::string clean;
    while (!text.empty()) {
        const std::string_view character = first_character(text);
        const std::string_view shown = steers(character) ? " " : is_valid_utf8(character) ? character : "\xef\xbf\xbd";
        if (clean.size() + shown.size() > longest_bytes - dots.size()) return clean.append(dots);
        clean += shown;
        text.remove_prefix(character.size());
    }
    return clean;
}

std::string shortened(const std::string& text, std::size_t most_characters) {
    const auto fits = [&](const std::string& some) {
        return static_cast<std::size_t>(characters(some)) <= most_characters;
    };
    std::string sentence = fits(text) ? text : first_sentence(text);
    if (sentence.ends_with('.') && !sentence.ends_with(dots)) sentence.pop_back();
    if (fits(sentence)) return sentence;
    const std::size_t longest = bytes_of(sentence, most_characters);
    const std::size_t clause = std::max(last_before(sentence, "; ", longest), last_before(sentence, ", ", longest));
    if (clause > longest / 2) return sentence.substr(0, clause);
    const std::size_t room = bytes_of(sentence, most_characters - dots.size());
    const std::size_t space = last_before(sentence, " ", room);
    // A text without spaces is cut where it must be.
    std::string cut = sentence.substr(0, space < room / 2 ? room : space);
    while (!cut.empty() && std::string_view(" ,;:-").find(cut.back()) != std::string_view::npos) cut.pop_back();
    return cut.append(dots);
}

std::string capitalised(std::string text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() -= 'a' - 'A';
    return text;
}

std::string readable_date(Day day) {
    const std::chrono::year_month_day ymd{day};
    return fmt::format("{} {} {}", static_cast<unsigned>(ymd.day()),
                       month_names[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()));
}

std::string with_readable_dates(const std::string& text) {
    constexpr std::size_t length = 10;
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const bool begins = at == 0 || text[at - 1] == ' ';
        const bool ends = at + length >= text.size() || !is_letter_or_digit(text[at + length]);
        const auto day =
            begins && ends && text[at] >= '0' && text[at] <= '9' ? parse_day(text.substr(at, length)) : std::nullopt;
        result += day ? readable_date(*day) : text.substr(at, 1);
        at += day ? length : 1;
    }
    return result;
}

std::string counted(std::int64_t number, std::string_view one) {
    return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

std::string safe_link(const std::string& address) {
    const bool is_web = address.starts_with("https://") || address.starts_with("http://");
    const bool is_plain = std::all_of(address.begin(), address.end(), [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view("\"'<>|\\`").find(c) == std::string_view::npos;
    });
    return is_web && is_plain && address.size() <= longest_address ? address : "";
}

}  // namespace retaind
