#include "edge/config/address.hpp"

#include <algorithm>
#include <array>

namespace retaind::config {
namespace {

/// The value of `name=value` in a connection text, unquoted; "" when it is not there.
std::string value_of(std::string_view connection, std::string_view name) {
    for (std::size_t at = connection.find(name); at != std::string_view::npos; at = connection.find(name, at + 1)) {
        const bool starts = at == 0 || std::string_view{" \t;?&"}.find(connection[at - 1]) != std::string_view::npos;
        auto rest = connection.substr(at + name.size());
        while (rest.starts_with(' ')) rest.remove_prefix(1);
        if (!starts || !rest.starts_with('=')) continue;
        rest.remove_prefix(1);
        while (rest.starts_with(' ') || rest.starts_with('\'')) rest.remove_prefix(1);
        return std::string{rest.substr(0, rest.find_first_of(" '\t;&"))};
    }
    return "";
}

std::string host_of_connection(std::string_view connection) {
    if (connection.find("://") != std::string_view::npos) return host_of_url(connection);
    const auto host = value_of(connection, "host");
    return host.empty() ? value_of(connection, "hostaddr") : host;
}

bool asks_for_tls(std::string_view connection) {
    constexpr std::array strict = {"require", "verify-ca", "verify-full", "VERIFY_CA", "VERIFY_IDENTITY", "REQUIRED"};
    const auto mode =
        value_of(connection, "sslmode") + value_of(connection, "ssl-mode") + value_of(connection, "sslca");
    const bool has_certificate = !value_of(connection, "sslca").empty();
    return has_certificate || std::find(strict.begin(), strict.end(), mode) != strict.end();
}

}  // namespace

bool is_loopback(std::string_view host) {
    return host.empty() || host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.") ||
           host.starts_with('/');
}

std::string host_of_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return "";
    auto rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (const auto user = rest.rfind('@'); user != std::string_view::npos) rest.remove_prefix(user + 1);
    if (rest.starts_with('[')) return std::string{rest.substr(0, rest.find(']') + 1)};
    return std::string{rest.substr(0, rest.find(':'))};
}

bool is_listen_address(std::string_view listen) {
    const auto colon = listen.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto port = listen.substr(colon + 1), host = listen.substr(0, colon);
    const bool digits =
        !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
    const bool is_v6 = host.starts_with('[') && host.ends_with(']');
    const bool plain = host.find_first_of(":[]/ @") == std::string_view::npos;
    return digits && std::stoi(std::string{port}) <= 65535 && (is_v6 || plain);
}

std::string host_of_listen(std::string_view listen) { return std::string{listen.substr(0, listen.rfind(':'))}; }

bool is_open_connection(Backend backend, std::string_view connection) {
    if (backend != Backend::postgresql && backend != Backend::mysql) return false;
    return !is_loopback(host_of_connection(connection)) && !asks_for_tls(connection);
}

}  // namespace retaind::config
