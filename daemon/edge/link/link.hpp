// Signed links: who may answer which episode of which alert, until when (OpenSSL).
//
// A token is version || SIV || ciphertext in base64url. The SIV is HMAC-SHA256 over version and payload, cut to 128
// bits; the payload is encrypted by AES-256-CTR that starts from it (the construction of RFC 5297). So whoever sees a
// token, in a proxy's log say, reads no ids, nobody makes one without the key, and the same target has the same token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "retaind/alerts/alert.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

struct LinkTarget {
    AlertKey key;
    std::int64_t episode = 0;
    std::string person;  ///< person_key of the reader; of a channel its receiver's name
    Instant expires;
    bool operator==(const LinkTarget&) const = default;
};

/// How long a link can be used, at most.
inline constexpr Seconds link_holds = std::chrono::days{30};

/// No token is longer: it has to fit into a request, and into a line of a mail.
inline constexpr std::size_t longest_token = 900;

/// "" without a key, and when ids are so long that it would be longer than longest_token.
std::string make_link_token(const LinkTarget& target, const Secret& key);

/// Nothing unless make_link_token gave exactly this text, with this key. Whether it has expired is the caller's to ask.
/// What is compared is compared in constant time.
std::optional<LinkTarget> read_link_token(std::string_view token, const Secret& key);

}  // namespace retaind
