// The two things about text that several rooms ask for.
#pragma once

#include <string_view>
#include <vector>

namespace retaind {

/// Characters of UTF-8: what an editor counts as columns.
int characters(std::string_view text);

/// What stands between single spaces; views into `text`.
std::vector<std::string_view> words_of(std::string_view text);

}  // namespace retaind
