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

constexpr std::array<Network, 10> never_by_name = {{
    {"::ffff:169.254.0.0", 112},      // link-local, and the metadata service of most clouds
    {"::ffff:100.100.100.200", 128},  // metadata (Alibaba)
    {"::ffff:192.0.0.192", 128},      // metadata (Oracle)
    {"::ffff:0.0.0.0", 104},          // "this network"
    {"::ffff:224.0.0.0", 100},        // multicast
    {"::ffff:240.0.0.0", 100},        // reserved, broadcast
    {"fe80::", 10},                   // link-local
    {"fd00:ec2::254", 128},           // metadata (Amazon)
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

/// Addresses that carry an IPv4 address inside (NAT64, 6to4) are judged by that one.
Bytes unwrapped(const Bytes& bytes) {
    Bytes inner{};
    inner[10] = inner[11] = 0xff;
    if (lies_in(bytes, {"64:ff9b::", 96})) {
        std::copy_n(bytes.begin() + 12, 4, inner.begin() + 12);
        return inner;
    }
    if (lies_in(bytes, {"2002::", 16})) {
        std::copy_n(bytes.begin() + 2, 4, inner.begin() + 12);
        return inner;
    }
    return bytes;
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

}  // namespace

bool may_connect(const sockaddr& address, std::string_view written) {
    Bytes bytes{}, literal{};
    if (!read(address, bytes)) return false;
    if (parse(written, literal) && literal == bytes) return true;
    const auto inner = unwrapped(bytes);
    return std::none_of(never_by_name.begin(), never_by_name.end(),
                        [&](const Network& network) { return lies_in(inner, network); });
}

}  // namespace retaind
