// Refuses texts that would hurt the TOML library (a dotted key recurses once per part), before it sees them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "retaind/base/error.hpp"

namespace retaind::config {

std::optional<Error> find_excess(std::string_view text, const std::string& file);

}  // namespace retaind::config
