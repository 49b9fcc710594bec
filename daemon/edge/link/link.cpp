#include "edge/link/link.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace retaind {

namespace {

constexpr char version = 1;
constexpr std::size_t siv_bytes = 16;

std::string hmac(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    [[maybe_unused]] const auto* done =
        HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    assert(done);
    return {digest.begin(), digest.begin() + size};
}

std::string siv_of(std::string_view payload, const Secret& key) {
    return hmac(hmac(key.value, "retaind link mac"), std::string(1, version).append(payload)).substr(0, siv_bytes);
}

/// Encrypts and decrypts: it is the same.
std::string ciphered(std::string_view text, std::string_view siv, const Secret& key) {
    const std::string cipher_key = hmac(key.value, "retaind link cipher");
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const auto bytes = [](std::string_view of) { return reinterpret_cast<const unsigned char*>(of.data()); };
    std::string out(text.size(), '\0');
    int written = 0;
    [[maybe_unused]] const bool done =
        cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_ctr(), nullptr, bytes(cipher_key), bytes(siv)) == 1 &&
        EVP_EncryptUpdate(cipher.get(), reinterpret_cast<unsigned char*>(out.data()), &written, bytes(text),
                          static_cast<int>(text.size())) == 1;
    assert(done && static_cast<std::size_t>(written) == text.size());
    return out;
}

// -- base64url (RFC 4648, without padding) ----------------------------------------------------------------------------

std::string encoded(std::string_view bytes) {
    std::string text(4 * (bytes.size() / 3 + 1) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

/// Only what encoded() gives: other spellings of the same bytes are none.
std::optional<std::string> decoded(std::string_view text) {
    if (text.size() > longest_token || text.size() % 4 == 1) return std::nullopt;
    std::string padded{text};
    std::replace(padded.begin(), padded.end(), '-', '+');
    std::replace(padded.begin(), padded.end(), '_', '/');
    const std::size_t padding = (4 - padded.size() % 4) % 4;
    padded.append(padding, '=');
    std::string bytes(padded.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return encoded(bytes) == text ? std::optional(bytes) : std::nullopt;
}

// -- the payload ------------------------------------------------------------------------------------------------------

/// Seven bits a byte, lowest first; the highest bit says that more follow.
void put(std::string& to, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) to += static_cast<char>(0x80 | (number & 0x7f));
    to += static_cast<char>(number);
}

void put(std::string& to, std::string_view text) {
    put(to, std::uint64_t{text.size()});
    to += text;
}

class PayloadReader {
public:
    explicit PayloadReader(std::string_view text) : rest_(text) {}

    std::uint64_t number() {
        std::uint64_t result = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (rest_.empty()) break;
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            result |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return result;
        }
        fits_ = false;
        return 0;
    }

    std::string text() {
        const std::uint64_t size = number();
        if (size > rest_.size()) {
            fits_ = false;
            return {};
        }
        const std::string result{rest_.substr(0, size)};
        rest_.remove_prefix(size);
        return result;
    }

    bool is_whole() const { return fits_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool fits_ = true;
};

std::string payload_of(const LinkTarget& target) {
    std::string payload;
    put(payload, static_cast<std::uint64_t>(target.expires.time_since_epoch().count()));
    put(payload, static_cast<std::uint64_t>(target.episode));
    put(payload, target.key.rule);
    put(payload, scope_name(target.key.scope));
    put(payload, target.key.entity);
    put(payload, target.key.dimension);
    put(payload, target.person);
    return payload;
}

std::optional<LinkTarget> target_of(std::string_view text) {
    PayloadReader payload(text);
    LinkTarget target;
    target.expires = Instant{Seconds{static_cast<std::int64_t>(payload.number())}};
    target.episode = static_cast<std::int64_t>(payload.number());
    target.key.rule = payload.text();
    const std::optional<Scope> scope = parse_scope(payload.text());
    target.key.entity = payload.text();
    target.key.dimension = payload.text();
    target.person = payload.text();
    if (!payload.is_whole() || !scope) return std::nullopt;
    target.key.scope = *scope;
    return target;
}

}  // namespace

std::string make_link_token(const LinkTarget& target, const Secret& key) {
    if (key.empty()) return "";
    const std::string payload = payload_of(target);
    const std::string siv = siv_of(payload, key);
    const std::string token = encoded(std::string(1, version) + siv + ciphered(payload, siv, key));
    return token.size() <= longest_token ? token : "";
}

std::optional<LinkTarget> read_link_token(std::string_view token, const Secret& key) {
    const std::optional<std::string> bytes = decoded(token);
    if (!bytes || bytes->size() <= 1 + siv_bytes || bytes->front() != version || key.empty()) return std::nullopt;
    const std::string_view siv = std::string_view{*bytes}.substr(1, siv_bytes);
    const std::string payload = ciphered(std::string_view{*bytes}.substr(1 + siv_bytes), siv, key);
    const std::string expected = siv_of(payload, key);
    if (CRYPTO_memcmp(expected.data(), siv.data(), siv_bytes) != 0) return std::nullopt;
    return target_of(payload);
}

}  // namespace retaind
