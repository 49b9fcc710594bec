// The rules' hash: what a score was made with.
#pragma once

#include <string>
#include <string_view>

namespace retaind::config {

/// The first 16 hex digits of SHA-256.
std::string short_hash(std::string_view text);

}  // namespace retaind::config
