#include "edge/config/problems.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include <fmt/format.h>

#include "edge/config/limits.hpp"
#include "edge/config/secrets.hpp"

namespace retaind::config {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The byte at which each line begins: a walk through all lines for each problem would take forever in a large file.
std::vector<std::size_t> line_starts(std::string_view text) {
    std::vector<std::size_t> starts = {0};
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1)) starts.push_back(end + 1);
    return starts;
}

/// Byte of a column of the line that begins at `at`, or the line's end.
std::size_t offset_of(std::string_view text, std::size_t at, int in_column) {
    const auto end = std::min(text.find('\n', at), text.size());
    for (int column = 1; column < in_column && at < end; ++column) {
        ++at;
        while (at < end && continues_character(text[at])) ++at;
    }
    return at;
}

/// Walks through the source of a TOML string, one decoded character at a time, keeping line and column.
class StringWalk {
public:
    StringWalk(std::string_view text, std::size_t line_start, Position where) : text_(text), where_(std::move(where)) {
        at_ = offset_of(text_, line_start, where_.column);
        quote_ = at_ < text_.size() ? text_[at_] : '"';
        const bool is_long = text_.substr(at_).starts_with(std::string(3, quote_));
        for (int i = 0; i < (is_long ? 3 : 1); ++i) step();
        if (!is_long) return;
        if (peek() == '\r') step();
        if (peek() == '\n') step();
    }

    Position after(int characters) {
        skip_joined_lines();
        for (int i = 0; i < characters && at_ < text_.size(); ++i) {
            next_character();
            skip_joined_lines();
        }
        return where_;
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void step() {
        if (at_ >= text_.size()) return;
        if (text_[at_] == '\n') {
            ++where_.line;
            where_.column = 0;
        }
        ++at_;
        while (at_ < text_.size() && continues_character(text_[at_])) ++at_;
        ++where_.column;
    }

    void next_character() {
        if (quote_ == '\'' || peek() != '\\') return step();
        step();
        const int digits = peek() == 'u' ? 4 : peek() == 'U' ? 8 : 0;
        for (int i = 0; i <= digits; ++i) step();
    }

    /// A backslash at the end of a line swallows what follows, up to the next text.
    void skip_joined_lines() {
        if (quote_ != '"' || peek() != '\\' || at_ + 1 >= text_.size()) return;
        const auto next = text_.find_first_not_of(" \t\r", at_ + 1);
        if (next == std::string_view::npos || text_[next] != '\n') return;
        step();
        while (at_ < text_.size() && std::string_view{" \t\r\n"}.find(text_[at_]) != std::string_view::npos) step();
    }

    std::string_view text_;
    Position where_;
    std::size_t at_ = 0;
    char quote_ = '"';
};

std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

}  // namespace

void Problems::error(Position where, std::string message, std::string hint) {
    error(Error{.message = std::move(message), .hint = std::move(hint), .where = std::move(where)});
}

void Problems::error(Error error) {
    if (errors_.size() < most_problems) errors_.push_back(std::move(error));
}

void Problems::warning(Position where, std::string message, std::string hint) {
    if (warnings_.size() >= most_problems) return;
    warnings_.push_back({.message = std::move(message), .hint = std::move(hint), .where = std::move(where)});
}

void Problems::add_source(const std::string& file, std::string text) {
    order_.emplace(file, static_cast<int>(order_.size()));
    line_starts_.insert_or_assign(file, line_starts(text));
    sources_.insert_or_assign(file, std::move(text));
}

std::string Problems::hint_for_missing(std::string_view kind, std::string_view name, std::string_view meant) const {
    const auto found = removed.find(fmt::format("{}.{}", kind, name));
    if (found == removed.end()) return meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant);
    const auto& [file, line, column] = found->second;
    const auto* advice = kind == "signal" ? "; with weight = 0 it stays, and does not count" : "";
    return fmt::format("it was removed in {}:{}{}", file, line, advice);
}

Position Problems::inside(const Position& quote, int index) const {
    const auto source = sources_.find(quote.file);
    if (source == sources_.end() || quote.line < 1) return quote;
    const auto& starts = line_starts_.find(quote.file)->second;
    const auto line = std::min(static_cast<std::size_t>(quote.line), starts.size()) - 1;
    return StringWalk{source->second, starts[line], quote}.after(index);
}

std::vector<Error> Problems::sorted(std::vector<Error> problems) const {
    std::set<std::string> secrets;
    if (!problems.empty())
        for (const auto& [file, text] : sources_) secrets.merge(secrets_in(text));
    for (auto& problem : problems) {
        problem.message = starred(std::move(problem.message), secrets);
        problem.hint = starred(std::move(problem.hint), secrets);
    }
    const auto rank = [this](const Error& error) {
        const auto found = order_.find(error.where.file);
        return std::tuple{found == order_.end() ? static_cast<int>(order_.size()) : found->second, error.where.line,
                          error.where.column};
    };
    std::stable_sort(problems.begin(), problems.end(),
                     [&](const Error& a, const Error& b) { return rank(a) < rank(b); });
    std::vector<Error> result;
    for (auto& problem : problems)
        if (std::find(result.rbegin(), result.rend(), problem) == result.rend()) result.push_back(std::move(problem));
    return result;
}

bool is_sensitive(std::string_view line) {
    constexpr std::array words = {"pass",       "pwd",  "secret", "token",    "key",   "url",
                                  "connection", "smtp", "://",    "authoriz", "bearer"};
    const auto text = lower(line);
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return text.find(word) != std::string::npos; });
}

bool may_quote(std::string_view file) { return file.ends_with(".toml"); }

std::string shown(std::string_view written) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == ' ' ||
               continues_character(c) || static_cast<unsigned char>(c) >= 0x80;
    };
    const bool fits = written.size() <= most_name_bytes && std::all_of(written.begin(), written.end(), is_plain);
    return fits ? std::string{written} : "...";
}

std::string_view line_of(std::string_view text, int number) {
    std::size_t start = 0;
    for (int line = 1; line < number; ++line) {
        const auto end = text.find('\n', start);
        if (end == std::string_view::npos) return text.substr(text.size());
        start = end + 1;
    }
    auto line = text.substr(start, text.find('\n', start) - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace retaind::config
