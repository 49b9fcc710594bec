// Text from data as one line that steers nothing, and the small words that every rendering shares.
#pragma once

#include <string>
#include <string_view>

#include "retaind/base/time.hpp"

namespace retaind {

/// On one line: controls, separators of lines and what turns the direction of reading around become spaces, bytes that
/// are no UTF-8 the replacement character. Cut ("...") where nobody reads on.
std::string line(std::string_view text, std::size_t longest_bytes = 2000);

/// At most so many characters: the first sentence if that is enough, else what stands before a comma or semicolon, else
/// cut after a word ("...").
std::string shortened(const std::string& text, std::size_t most_characters);

/// "has missed" as "Has missed": only a letter of ASCII changes.
std::string capitalised(std::string text);

std::string readable_date(Day day);                              ///< "1 Mar 2026"
std::string with_readable_dates(const std::string& text);        ///< "due 2026-03-01." as "due 1 Mar 2026."
std::string counted(std::int64_t number, std::string_view one);  ///< "1 alert", "3 alerts"

/// The address if a browser can open it and nothing in it could end where it is written; else "".
std::string safe_link(const std::string& address);

/// A condition with its value as people say it: "missed_in_a_row >= 3 (4)" becomes "missed in a row: 4 (rule: 3 or
/// more)". What is no comparison of a field with a constant stays as it is.
std::string readable_reason(std::string_view reason);

}  // namespace retaind
