#include "edge/source/query.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace retaind::source {
namespace {

bool is_name_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) || c == '_' || byte >= 0x80;
}

/// Walks over a query piece by piece. A piece is a quoted text, a comment, a placeholder, or one character.
class Scanner {
public:
    Scanner(std::string_view sql, Dialect dialect) : sql_(sql), dialect_(dialect) {}

    Result<Query> scan() {
        while (error_.empty() && at_ < sql_.size()) step();
        if (error_.empty() && depth_ > 0) fail("a bracket \"(\" is never closed", "");
        if (error_.empty() && !any_) fail("the query is empty", "write one SELECT");
        if (!error_.empty()) return Error{.kind = ErrorKind::source, .message = error_, .hint = hint_};
        return std::move(query_);
    }

private:
    bool postgresql() const { return dialect_ == Dialect::postgresql; }
    std::string_view rest() const { return sql_.substr(at_); }
    char previous() const { return at_ == 0 ? ' ' : sql_[at_ - 1]; }

    void fail(std::string message, std::string hint) {
        error_ = std::move(message);
        hint_ = std::move(hint);
    }

    void step() {
        const char c = sql_[at_];
        if (rest().starts_with("--")) return take_comment(rest().find('\n'), 1);
        if (rest().starts_with("/*")) return take_block_comment();
        if (std::isspace(static_cast<unsigned char>(c))) return take(1);
        if (c == ';') return end_statement();
        if (ended_) return fail("there is a second statement after \";\"", "a dataset is one SELECT");
        any_ = true;
        if (c == '\'') return take_text(is_escape_string());
        if (c == '"' || (!postgresql() && c == '`')) return take_quoted(c);
        if (!postgresql() && c == '[') return take_quoted(']');
        if (c == '$' && postgresql()) return take_dollar();
        if (c == ':') return take_colon();
        if (c == '(') ++depth_;
        if (c == ')' && --depth_ < 0) return fail("there is a bracket \")\" too many", "");
        take(1);
    }

    void take(std::size_t length) {
        if (!ended_) query_.text += rest().substr(0, length);
        at_ += length;
    }

    void end_statement() {
        if (depth_ > 0) return fail("a \";\" stands inside brackets", "a dataset is one SELECT");
        ended_ = true;
        ++at_;
    }

    /// To and with the end that was found, or to the end of the query.
    void take_comment(std::size_t end, std::size_t width) {
        take(end == std::string_view::npos ? rest().size() : end + width);
    }

    void take_block_comment() {
        std::size_t level = 0, i = at_;
        do {
            const auto here = sql_.substr(i);
            if (here.size() < 2) return fail("a comment \"/*\" is never closed", "");
            const bool opens = here.starts_with("/*") && (level == 0 || postgresql());
            const bool closes = here.starts_with("*/");
            level += opens ? 1 : 0;
            level -= closes ? 1 : 0;
            i += opens || closes ? 2 : 1;
        } while (level > 0);
        take(i - at_);
    }

    /// E'it\'s' on PostgreSQL: the backslash escapes.
    bool is_escape_string() const {
        const bool marked = postgresql() && (previous() == 'E' || previous() == 'e');
        return marked && (at_ < 2 || !is_name_character(sql_[at_ - 2]));
    }

    void take_text(bool backslash_escapes) {
        for (std::size_t i = at_ + 1; i < sql_.size(); ++i) {
            const bool doubled = sql_.substr(i).starts_with("''");
            if (doubled || (backslash_escapes && sql_[i] == '\\'))
                ++i;
            else if (sql_[i] == '\'')
                return take(i + 1 - at_);
        }
        fail("a text is never closed", "it lacks its second quote (')");
    }

    void take_quoted(char end) {
        const auto close = sql_.find(end, at_ + 1);
        if (close == std::string_view::npos)
            return fail("a quoted name is never closed", fmt::format("it lacks its {}", end));
        take(close + 1 - at_);
    }

    /// $tag$ ... $tag$, or a parameter of the user's own.
    void take_dollar() {
        std::size_t end = at_ + 1;
        while (end < sql_.size() && is_name_character(sql_[end])) ++end;
        const bool follows_name = is_name_character(previous());
        const bool digit = at_ + 1 < sql_.size() && std::isdigit(static_cast<unsigned char>(sql_[at_ + 1]));
        if (digit && !follows_name)
            return fail("the query has a parameter like $1", "the days to read are :from and :to");
        if (follows_name || end >= sql_.size() || sql_[end] != '$') return take(1);
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        if (close == std::string_view::npos) return fail(fmt::format("a text {} is never closed", tag), "");
        take(close + tag.size() - at_);
    }

    void take_colon() {
        if (rest().starts_with("::")) return take(2);
        for (const std::string_view name : {"from", "to"}) {
            const auto after = rest().substr(1);
            if (!after.starts_with(name) || (after.size() > name.size() && is_name_character(after[name.size()])))
                continue;
            query_.text += placeholder(name);
            at_ += 1 + name.size();
            return;
        }
        take(1);
    }

    std::string placeholder(std::string_view name) {
        auto& used = query_.parameters;
        auto found = std::find(used.begin(), used.end(), name);
        if (found == used.end()) found = used.emplace(used.end(), name);
        return postgresql() ? fmt::format("${}", found - used.begin() + 1) : fmt::format(":{}", name);
    }

    std::string_view sql_;
    Dialect dialect_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool ended_ = false, any_ = false;
    Query query_ = {};
    std::string error_ = {}, hint_ = {};
};

}  // namespace

Result<Query> parse_query(std::string_view sql, Dialect dialect) { return Scanner{sql, dialect}.scan(); }

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

}  // namespace retaind::source
