// Problems as people read them: the place, the line, a caret, and what to do.
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "edge/config/config.hpp"
#include "edge/config/limits.hpp"
#include "edge/config/problems.hpp"

namespace retaind {

using namespace config;

namespace {

constexpr std::size_t widest_line = 160;  ///< characters shown of a line

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Whether a line lies inside a long string that began on a line with a secret's key.
bool is_inside_secret(std::string_view text, int number) {
    bool inside = false, secret = false;
    for (int line = 1; line < number; ++line) {
        const auto current = line_of(text, line);
        for (const std::string_view quotes : {"\"\"\"", "'''"})
            for (auto at = current.find(quotes); at != std::string_view::npos; at = current.find(quotes, at + 3)) {
                inside = !inside;
                if (inside) secret = is_sensitive(current);
            }
    }
    return inside && secret;
}

/// The same length, with stars for what may be a secret: everything after the first "=".
std::string starred(std::string_view line, bool whole) {
    const auto equals = whole ? 0 : line.find('=');
    const auto from = whole ? 0 : equals == std::string_view::npos ? 0 : equals + 1;
    std::string result{line};
    for (std::size_t at = from; at < result.size(); ++at)
        if (result[at] != ' ' && result[at] != '\t' && !continues_character(result[at])) result[at] = '*';
    std::erase_if(result, continues_character);
    return result;
}

std::string shown_line(std::string_view text, int number) {
    const auto line = line_of(text, number);
    if (is_inside_secret(text, number)) return starred(line, true);
    return is_sensitive(line) ? starred(line, false) : std::string{line};
}

/// Characters `from` to `from + widest_line` of a line, tabs and control characters as blanks.
std::string window(std::string_view line, std::size_t from) {
    std::string result;
    std::size_t character = 0;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (at > 0 && !continues_character(line[at])) ++character;
        if (character < from || character >= from + widest_line) continue;
        result += static_cast<unsigned char>(line[at]) < 0x20 || line[at] == 0x7f ? ' ' : line[at];
    }
    return result;
}

std::string excerpt(const Error& error, std::string_view text) {
    const auto line = shown_line(text, error.where.line);
    if (line.find_first_not_of(" \t\r") == std::string::npos) return "";
    const auto column = static_cast<std::size_t>(error.where.column > 0 ? error.where.column - 1 : 0);
    const std::size_t from = column < widest_line ? 0 : column - widest_line / 2;
    return fmt::format("    {}\n    {}^\n", window(line, from), std::string(column - from, ' '));
}

std::optional<std::string> read_again(const std::string& file) {
    std::ifstream stream{file, std::ios::binary};
    if (!stream) return std::nullopt;
    std::string text(most_file_bytes, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

}  // namespace

std::string format_problems(const std::vector<Error>& problems, const SourceTexts& sources) {
    SourceTexts texts = sources;
    std::string result;
    for (const auto& problem : problems) {
        const auto plain = to_string({.kind = problem.kind, .message = problem.message, .where = problem.where});
        result += plain + "\n";
        const auto& file = problem.where.file;
        if (problem.where.line > 0 && !file.empty() && !texts.contains(file))
            if (auto text = read_again(file)) texts.emplace(file, std::move(*text));
        if (const auto text = texts.find(file); problem.where.line > 0 && text != texts.end())
            result += excerpt(problem, text->second);
        if (!problem.hint.empty()) result += fmt::format("    hint: {}\n", problem.hint);
    }
    return result;
}

}  // namespace retaind
