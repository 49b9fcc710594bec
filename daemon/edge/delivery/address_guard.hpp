// Which addresses a name from the configuration may lead to. Names are resolved by others: whoever runs a receiver's
// domain must not be able to point us at a cloud's metadata service or at a neighbour on the link.
#pragma once

#include <string_view>

struct sockaddr;

namespace retaind {

/// Link-local, metadata, multicast, reserved and unspecified addresses only when `written` (the host, as the
/// configuration spells it) is that address itself, not a number, another base or an IPv6 address that stands for it.
/// Private and loopback ones may be reached, since the host they belong to is written in the configuration.
bool may_connect(const sockaddr& address, std::string_view written);

}  // namespace retaind
