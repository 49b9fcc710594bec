// Text for a terminal: what comes from data cannot steer it, and lines end where the screen does.
#pragma once

#include <string>
#include <string_view>

namespace retaind {

/// At most `width` characters, control characters (of every kind) as "?".
std::string shown(std::string_view text, std::size_t width);

/// `text` after `lead`, in lines of at most `width` columns; later lines begin below the text. Ends with a line end.
std::string wrapped(std::string_view lead, std::string_view text, int width = 80);

}  // namespace retaind
