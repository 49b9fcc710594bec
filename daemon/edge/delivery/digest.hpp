// SHA-256, plain and keyed, as hex.
#pragma once

#include <string>
#include <string_view>

namespace retaind {

std::string sha256_hex(std::string_view text);
std::string hmac_sha256_hex(std::string_view key, std::string_view text);

}  // namespace retaind
