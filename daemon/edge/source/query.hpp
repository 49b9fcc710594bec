// A user's query, made fit to stand inside another one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"

namespace retaind::source {

enum class Dialect { sqlite3, postgresql };

/// One statement without its final semicolon. Placeholders are as the database wants them: `:from` and `:to` on SQLite,
/// `$1` and `$2`, numbered by `parameters`, on PostgreSQL.
struct Query {
    std::string text;
    std::vector<std::string> parameters = {};  ///< "from", "to": those it uses, in the order of their numbers
};

/// Finds `:from` and `:to` outside of texts, quoted names and comments (`::date`, `':to'` and `arr[1:2]` stay as they
/// are). Refuses, with a hint: nothing but comments, a second statement, an open quote, comment or bracket, a bracket
/// too many, and `$1` of the user's own.
Result<Query> parse_query(std::string_view sql, Dialect dialect);

/// "name" with its quotes doubled: as SQL quotes a column's name.
std::string quoted_name(std::string_view name);

}  // namespace retaind::source
