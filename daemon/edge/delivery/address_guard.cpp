#include "edge/delivery/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace retaind {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

/// The first `bits` of an IPv6 address; IPv4 addresses are looked at as ::ffff:a.b.c.d.
struct Network {
    const char* address;
    int bits;
};

constexpr std::array<Network, 13> never_by_name = {{
    {"::ffff:169.254.0.0", 112},      // link-local, and the metadata service of most clouds
    {"::ffff:100.100.100.200", 128},  // metadata (Alibaba)
    {"::ffff:192.0.0.192", 128},      // metadata (Oracle)
    {"::ffff:168.63.129.16", 128},    // metadata (Azure)
    {"::ffff:0.0.0.0", 104},          // "this network"
    {"::ffff:224.0.0.0", 100},        // multicast
    {"::ffff:240.0.0.0", 100},        // reserved, broadcast
    {"fe80::", 10},                   // link-local
    {"fd00:ec2::254", 128},           // metadata (Amazon)
    {"fd20:ce::254", 128},            // metadata (Google)
    {"fd00:42::42", 128},             // metadata (Scaleway)
    {"ff00::", 8},                    // multicast
    {"::", 128},                      // unspecified
}};

bool parse(std::string_view text, Bytes& bytes) {
    std::string plain{text};
    if (plain.size() > 1 && plain.front() == '[' && plain.back() == ']') plain = plain.substr(1, plain.size() - 2);
    if (plain.find(':') == plain.npos) plain = "::ffff:" + plain;
    return ::inet_pton(AF_INET6, plain.c_str(), bytes.data()) == 1;
}

bool lies_in(const Bytes& bytes, const Network& network) {
    Bytes base{};
    parse(network.address, base);
    for (int bit = 0; bit < network.bits; bit += 8) {
        const auto index = static_cast<std::size_t>(bit / 8);
        const int kept = std::min(8, network.bits - bit);
        const auto mask = static_cast<std::uint8_t>(0xff << (8 - kept));
        if ((bytes[index] & mask) != (base[index] & mask)) return false;
    }
    return true;
}

/// Ways to carry an IPv4 address inside an IPv6 one: where it stands, and whether its bits are turned over.
struct Wrapping {
    Network network;
    std::size_t at;
    std::uint8_t turned = 0;
};

constexpr std::array<Wrapping, 6> wrappings = {{
    {{"64:ff9b::", 96}, 12},     // NAT64
    {{"64:ff9b:1::", 48}, 12},   // NAT64 of one's own, RFC 8215
    {{"2002::", 16}, 2},         // 6to4
    {{"2001::", 32}, 12, 0xff},  // Teredo
    {{"::ffff:0:0:0", 96}, 12},  // SIIT, RFC 2765
    {{"::", 96}, 12},            // "IPv4-compatible", RFC 4291
}};

bool is_isatap(const Bytes& bytes) {
    return (bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

Bytes inner_of(const Bytes& bytes, std::size_t at, std::uint8_t turned) {
    Bytes inner{};
    inner[10] = inner[11] = 0xff;
    for (std::size_t i = 0; i < 4; ++i) inner[12 + i] = bytes[at + i] ^ turned;
    return inner;
}

/// Addresses that carry an IPv4 address inside are judged by that one.
Bytes unwrapped(const Bytes& bytes) {
    if (lies_in(bytes, {"::", 127})) return bytes;  // unspecified and loopback
    for (const Wrapping& wrapping : wrappings) {
        if (lies_in(bytes, wrapping.network)) return inner_of(bytes, wrapping.at, wrapping.turned);
    }
    return is_isatap(bytes) ? inner_of(bytes, 12, 0) : bytes;
}

bool read(const sockaddr& address, Bytes& bytes) {
    if (address.sa_family == AF_INET) {
        bytes = {};
        bytes[10] = bytes[11] = 0xff;
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        std::memcpy(&bytes[12], &four.sin_addr, 4);
        return true;
    }
    if (address.sa_family != AF_INET6) return false;
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    std::memcpy(bytes.data(), &six.sin6_addr, 16);
    return true;
}

/// In the spelling that everybody reads: an address that hides another one was not written by who meant the inner one.
bool is_written(const sockaddr& address, const Bytes& bytes, std::string_view written) {
    Bytes literal{};
    const bool hides =
        unwrapped(bytes) != bytes || (address.sa_family == AF_INET6 && lies_in(bytes, {"::ffff:0.0.0.0", 96}));
    return !hides && parse(written, literal) && literal == bytes;
}

}  // namespace

bool may_connect(const sockaddr& address, std::string_view written) {
    Bytes bytes{};
    if (!read(address, bytes)) return false;
    if (is_written(address, bytes, written)) return true;
    const auto inner = unwrapped(bytes);
    return std::none_of(never_by_name.begin(), never_by_name.end(),
                        [&](const Network& network) { return lies_in(inner, network); });
}

}  // namespace retaind
