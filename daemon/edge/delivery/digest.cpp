#include "edge/delivery/digest.hpp"

#include <array>
#include <cassert>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fmt/format.h>

namespace retaind {

namespace {

using HashBytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string hex(const HashBytes& digest, unsigned int size) {
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
    HashBytes digest{};
    unsigned int size = 0;
    [[maybe_unused]] const int done = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
    assert(done == 1);
    return hex(digest, size);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
    HashBytes digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), digest.data(), &size);
    return hex(digest, size);
}

}  // namespace retaind
