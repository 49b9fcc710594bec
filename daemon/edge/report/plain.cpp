#include "plain.hpp"

#include "retaind/base/text.hpp"

namespace retaind {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The bytes of the control character at the start of `text`; 0 when there is none. U+0080 to U+009F, and what turns
/// the direction of writing (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), steer a terminal as well as escape
/// does.
std::size_t control_bytes(std::string_view text) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0; };
    if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
    if (byte(0) != 0xE2) return 0;
    const bool turns =
        (byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xAA && byte(2) <= 0xAE))) ||
        (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
    return turns ? 3 : 0;
}

}  // namespace

std::string shown(std::string_view text, std::size_t width) {
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t control = control_bytes(text.substr(at));
        clean += control > 0 ? '?' : text[at];
        at += control > 0 ? control : 1;
    }
    if (static_cast<std::size_t>(characters(clean)) <= width) return clean;
    std::size_t end = 0;
    for (std::size_t count = 0; end < clean.size(); ++end) {
        if (!continues_character(clean[end]) && count++ == width - 2) break;
    }
    return clean.substr(0, end) + "..";
}

std::string wrapped(std::string_view lead, std::string_view text, int width) {
    std::string out{lead};
    const int indent = characters(lead);
    int column = indent;
    for (const std::string_view word : words_of(text)) {
        const bool begins = column == indent;
        if (!begins && column + 1 + characters(word) > width) {
            out += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
            column = indent;
        } else if (!begins) {
            out += ' ';
            ++column;
        }
        out += word;
        column += characters(word);
    }
    return out + "\n";
}

}  // namespace retaind
