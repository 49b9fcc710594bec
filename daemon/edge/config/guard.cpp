#include "edge/config/guard.hpp"

#include <fmt/format.h>

#include "edge/config/limits.hpp"

namespace retaind::config {
namespace {

/// Follows strings and comments just well enough to count the dots of keys.
class Guard {
public:
    Guard(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    std::optional<Error> check() {
        while (at_ < text_.size()) {
            if (text_[at_] == '\n')
                new_line();
            else if (auto error = look(text_[at_]))
                return error;
            else
                ++at_;
            if (at_ - line_start_ > most_line_bytes)
                return excess(fmt::format("a line of more than {} bytes", most_line_bytes));
        }
        return std::nullopt;
    }

private:
    void new_line() {
        ++at_;
        ++line_;
        line_start_ = at_;
        dots_ = 0;
    }

    Error excess(std::string message) const {
        return {.message = std::move(message), .where = {file_, line_, static_cast<int>(at_ - line_start_) + 1}};
    }

    std::optional<Error> look(char c) {
        if (c == '#')
            skip_comment();
        else if (c == '"' || c == '\'')
            skip_string(c);
        else if (c == '.')
            ++dots_;
        else if (std::string_view{"=,[]{}"}.find(c) != std::string_view::npos)
            dots_ = 0;
        if (dots_ < most_key_parts) return std::nullopt;
        return excess(fmt::format("a key of more than {} parts", most_key_parts));
    }

    /// Leaves the cursor on the last character of the comment.
    void skip_comment() {
        const auto end = text_.find('\n', at_);
        at_ = (end == std::string_view::npos ? text_.size() : end) - 1;
    }

    /// Leaves the cursor on the closing quote, or before the line end of a string that is never closed.
    void skip_string(char quote) {
        const bool is_long = text_.substr(at_).starts_with(std::string(3, quote));
        at_ += is_long ? 3 : 1;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\n' && !is_long) break;
            if (text_[at_] == '\n')
                skip_line_end();
            else if (text_[at_] == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n')
                ++at_;
            else if (text_[at_] == quote && !is_long)
                return;
            else if (text_[at_] == quote && text_.substr(at_).starts_with(std::string(3, quote)))
                return close_long(quote);
        }
        --at_;
    }

    void skip_line_end() {
        ++line_;
        line_start_ = at_ + 1;
    }

    /// Up to two quotes may stand directly before the three that close.
    void close_long(char quote) {
        at_ += 2;
        for (int i = 0; i < 2 && at_ + 1 < text_.size() && text_[at_ + 1] == quote; ++i) ++at_;
    }

    std::string_view text_;
    const std::string& file_;
    std::size_t at_ = 0, line_start_ = 0, dots_ = 0;
    int line_ = 1;
};

}  // namespace

std::optional<Error> find_excess(std::string_view text, const std::string& file) {
    if (text.size() > most_file_bytes)
        return Error{.message = fmt::format("the file is larger than {} bytes", most_file_bytes),
                     .where = {file, 1, 1}};
    return Guard{text, file}.check();
}

}  // namespace retaind::config
