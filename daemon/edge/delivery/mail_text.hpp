// What stands in a mail's headers. Nothing here lets a line end, so that no text can add a header of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/time.hpp"

namespace retaind {

/// "Name <local@domain>" or "local@domain".
struct MailAddress {
    std::string name = {};
    std::string address;  ///< local@domain
};

/// Nothing for what no plain SMTP server takes: control characters, spaces, brackets, quotes, other than ASCII.
std::optional<MailAddress> parse_address(std::string_view text);
/// Comma-separated; nothing when one of them is no address.
std::optional<std::vector<MailAddress>> parse_addresses(std::string_view text);

/// As a header shows it.
std::string to_header(const MailAddress& address);

/// Text of a header: as it is when printable ASCII, else as encoded words (RFC 2047, base64, at most 75 characters
/// each) on folded lines. Control characters become spaces, bytes that are no UTF-8 the replacement character.
std::string encode_header(std::string_view text);

/// "Sun, 22 Nov 2026 06:15:49 +0000"
std::string mail_date(Instant instant);

}  // namespace retaind
