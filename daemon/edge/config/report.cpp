// Problems as people read them: the place, the line, a caret, and what to do.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "edge/config/config.hpp"
#include "edge/config/limits.hpp"
#include "edge/config/problems.hpp"
#include "edge/config/secrets.hpp"

namespace retaind {

using namespace config;

namespace {

constexpr std::size_t widest_line = 160;  ///< characters shown of a line

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The same length, with stars for what may be a secret: what follows the first "=" and, unless it is a plain key, what
/// stands before it.
std::string hidden(std::string_view line, bool whole) {
    constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. \t";
    const auto equals = line.find('=');
    const bool has_key = !whole && equals != line.npos && line.find_first_not_of(plain) == equals;
    std::string result{line};
    for (std::size_t at = has_key ? equals + 1 : 0; at < result.size(); ++at)
        if (result[at] != ' ' && result[at] != '\t' && !continues_character(result[at])) result[at] = '*';
    std::erase_if(result, continues_character);
    return result;
}

/// A file's lines as they may be shown.
class ShownText {
public:
    ShownText(const ShownText&) = delete;
    ShownText& operator=(const ShownText&) = delete;
    explicit ShownText(std::string text) : text_(std::move(text)), secrets_(secrets_in(text_)) {
        const std::string_view all = text_;
        for (std::size_t start = 0; start <= all.size();) {
            const auto end = std::min(all.find('\n', start), all.size());
            add(all.substr(start, end - start));
            start = end + 1;
        }
    }

    std::string line(int number) const {
        if (number < 1 || static_cast<std::size_t>(number) > lines_.size()) return "";
        const auto& [text, hides] = lines_[static_cast<std::size_t>(number - 1)];
        return hides || is_sensitive(text) ? hidden(text, hides) : starred(std::string{text}, secrets_);
    }

private:
    struct Line {
        std::string_view text;
        bool hides;  ///< it goes on with a value (a long string, a list) that began on a line with a secret's key
    };

    void add(std::string_view line) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool goes_on = in_string_ || depth_ > 0;
        lines_.push_back({line, goes_on && has_secret_});
        has_secret_ = (goes_on && has_secret_) || is_sensitive(line);
        for (const std::string_view quotes : {"\"\"\"", "'''"})
            for (auto at = line.find(quotes); at != line.npos; at = line.find(quotes, at + 3)) in_string_ = !in_string_;
        const auto count = [&](char c) { return static_cast<int>(std::ranges::count(line, c)); };
        depth_ = std::max(0, depth_ + count('[') + count('{') - count(']') - count('}'));
    }

    std::string text_;
    std::set<std::string> secrets_;
    std::vector<Line> lines_ = {};
    bool in_string_ = false, has_secret_ = false;
    int depth_ = 0;
};

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

std::string excerpt(const Error& error, const ShownText& text) {
    const auto line = text.line(error.where.line);
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
    std::map<std::string, std::unique_ptr<const ShownText>> texts;
    const auto text_of = [&](const std::string& file) -> std::unique_ptr<const ShownText> {
        const auto source = sources.find(file);
        auto text = source != sources.end() ? std::optional{source->second} : read_again(file);
        return text ? std::make_unique<const ShownText>(std::move(*text)) : nullptr;
    };
    std::string result;
    for (const auto& problem : problems) {
        result += to_string({.kind = problem.kind, .message = problem.message, .where = problem.where}) + "\n";
        const auto& file = problem.where.file;
        if (problem.where.line > 0 && may_quote(file)) {
            if (!texts.contains(file)) texts.emplace(file, text_of(file));
            if (const auto& text = texts.at(file)) result += excerpt(problem, *text);
        }
        if (!problem.hint.empty()) result += fmt::format("    hint: {}\n", problem.hint);
    }
    return result;
}

}  // namespace retaind
