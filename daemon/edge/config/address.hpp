// Where a connection, an address or a listener points: this machine or another, with or without TLS.
#pragma once

#include <string>
#include <string_view>

#include "retaind/ports/settings.hpp"

namespace retaind::config {

bool is_loopback(std::string_view host);

/// The host of "https://user@host:1/x", or "".
std::string host_of_url(std::string_view url);

/// host:port or [v6]:port with a port of 0..65535.
bool is_listen_address(std::string_view listen);
std::string host_of_listen(std::string_view listen);

/// Whether a database connection leaves this machine without asking for TLS.
bool is_open_connection(Backend backend, std::string_view connection);

}  // namespace retaind::config
