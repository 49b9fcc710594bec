#include "edge/config/hash.hpp"

#include <array>
#include <cassert>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace retaind::config {

std::string short_hash(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const int done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    assert(done == 1 && size == 32);
    if (done != 1) return std::string(16, '0');
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

}  // namespace retaind::config
