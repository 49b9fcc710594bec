// Which addresses may be reached, and that no spelling of a URL leads to another one.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/delivery/address_guard.hpp"
#include "support/loopback_server.hpp"
#include "support/receivers.hpp"

namespace retaind {
namespace {

using test::payload;
using test::post;
using test::told;

bool may(const std::string& address, const std::string& written) {
    if (address.find(':') != address.npos) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        EXPECT_EQ(::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr), 1) << address;
        return may_connect(reinterpret_cast<const sockaddr&>(six), written);
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, address.c_str(), &four.sin_addr), 1) << address;
    return may_connect(reinterpret_cast<const sockaddr&>(four), written);
}

TEST(AddressGuard, KeepsNamesAwayFromAddressesThatAreNotForMessages) {
    struct Case {
        std::string sentence, address, written;
        bool allowed;
    };
    const std::vector<Case> cases = {
        {"a public address", "93.184.216.34", "hooks.example.org", true},
        {"a private one, whose name the configuration writes", "10.1.2.3", "hooks.corp", true},
        {"loopback likewise", "127.0.0.1", "localhost", true},
        {"link-local and most clouds' metadata", "169.254.169.254", "hooks.example.org", false},
        {"unless that address is written", "169.254.169.254", "169.254.169.254", true},
        {"another address being written does not help", "169.254.169.254", "169.254.169.253", false},
        {"just below link-local", "169.253.255.255", "h", true},
        {"just above link-local", "169.255.0.0", "h", true},
        {"metadata elsewhere", "100.100.100.200", "h", false},
        {"its neighbour", "100.100.100.201", "h", true},
        {"this network", "0.0.0.0", "h", false},
        {"multicast", "224.0.0.1", "h", false},
        {"the last one before multicast", "223.255.255.255", "h", true},
        {"broadcast", "255.255.255.255", "h", false},
        {"IPv6, public", "2606:2800:220:1::1", "h", true},
        {"IPv6 link-local", "fe80::1", "h", false},
        {"the last link-local network", "febf::1", "h", false},
        {"after it", "fec0::1", "h", true},
        {"IPv6 metadata", "fd00:ec2::254", "h", false},
        {"IPv6 private", "fd00:ec2::255", "h", true},
        {"IPv6 loopback", "::1", "localhost", true},
        {"unspecified", "::", "h", false},
        {"IPv6 multicast", "ff02::1", "h", false},
        {"link-local in IPv6 clothes", "::ffff:169.254.169.254", "h", false},
        {"link-local behind NAT64", "64:ff9b::a9fe:a9fe", "h", false},
        {"link-local behind 6to4", "2002:a9fe:a9fe::1", "h", false},
        {"link-local behind a NAT64 of one's own", "64:ff9b:1::a9fe:a9fe", "h", false},
        {"link-local behind Teredo", "2001:0:1:2:3:4:5601:5601", "h", false},
        {"link-local behind SIIT", "::ffff:0:a9fe:a9fe", "h", false},
        {"link-local in the oldest IPv6 clothes", "::a9fe:a9fe", "h", false},
        {"link-local behind ISATAP", "2001:db8::5efe:a9fe:a9fe", "h", false},
        {"or a global one", "2001:db8::200:5efe:a9fe:a9fe", "h", false},
        {"a public address behind NAT64", "64:ff9b::5db8:d822", "h", true},
        {"a private one behind NAT64", "64:ff9b::a01:203", "h", true},
        {"metadata of Azure", "168.63.129.16", "h", false},
        {"metadata of Google", "fd20:ce::254", "h", false},
        {"metadata of Scaleway", "fd00:42::42", "h", false},
        {"reserved", "240.0.0.1", "h", false},
        {"written with brackets, as URLs do", "fe80::1", "[fe80::1]", true},
        {"written in capitals", "fe80::1", "FE80:0::1", true},
        {"written as a number", "169.254.169.254", "2852039166", false},
        {"written in base 16", "169.254.169.254", "0xa9fea9fe", false},
        {"written with noughts in front", "169.254.169.254", "0169.254.169.254", false},
        {"written with a dot at its end", "169.254.169.254", "169.254.169.254.", false},
        {"written in its IPv6 clothes", "::ffff:169.254.169.254", "::ffff:169.254.169.254", false},
        {"written behind NAT64", "64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", false},
    };
    for (const auto& c : cases) EXPECT_EQ(may(c.address, c.written), c.allowed) << c.sentence << ": " << c.address;
}

/// One way to lead a sender to an address that is not for messages.
struct Lure {
    std::string sentence, host;
    std::string leads_to = {};  ///< what its name resolves to; "": the host is a number
};

const std::vector<Lure> lures = {
    {"one number", "2852039166"},
    {"one number in base 16", "0xa9fea9fe"},
    {"in capitals", "0XA9FEA9FE"},
    {"one number in base 8", "025177524776"},
    {"four numbers in base 8", "0251.0376.0251.0376"},
    {"with more noughts", "0000251.00376.000251.0000376"},
    {"four numbers in base 16", "0xa9.0xfe.0xa9.0xfe"},
    {"three bases", "0xa9.254.0251.254"},
    {"three numbers", "169.254.43518"},
    {"two numbers", "169.16689662"},
    {"escaped digits", "%31%36%39.254.169.254"},
    {"escaped dots", "169%2e254%2e169%2e254"},
    {"another cloud, one number", "1684301000"},
    {"another cloud, base 16", "0x646464c8"},
    {"Oracle's, one number", "3221225664"},
    {"Azure's, one number", "2822734096"},
    {"this machine by nought", "0"},
    {"this machine by nought in base 16", "0x0"},
    {"this machine by two noughts", "0.0"},
    {"everybody", "4294967295"},
    {"everybody in base 16", "0xffffffff"},
    {"a group", "3758096385"},
    {"IPv4-mapped", "[::ffff:169.254.169.254]"},
    {"IPv4-mapped in base 16", "[::ffff:a9fe:a9fe]"},
    {"IPv4-mapped at length", "[0:0:0:0:0:ffff:a9fe:a9fe]"},
    {"IPv4-mapped nought", "[::ffff:0.0.0.0]"},
    {"IPv4-mapped, another cloud", "[::ffff:100.100.100.200]"},
    {"IPv4-compatible", "[::169.254.169.254]"},
    {"IPv4-compatible in base 16", "[::a9fe:a9fe]"},
    {"IPv4-translated", "[::ffff:0:169.254.169.254]"},
    {"NAT64", "[64:ff9b::169.254.169.254]"},
    {"NAT64 in base 16", "[64:ff9b::a9fe:a9fe]"},
    {"a NAT64 of one's own", "[64:ff9b:1::169.254.169.254]"},
    {"6to4", "[2002:a9fe:a9fe::]"},
    {"a host behind 6to4", "[2002:a9fe:a9fe::1]"},
    {"6to4 of nought", "[2002::1]"},
    {"Teredo", "[2001:0:1:2:3:4:5601:5601]"},
    {"ISATAP", "[2001:db8::5efe:169.254.169.254]"},
    {"ISATAP, global", "[2001:db8::200:5efe:169.254.169.254]"},
    {"a zone within mapped", "[::ffff:169.254.169.254%25eth0]"},
    {"credentials before a number", "user:pass@2852039166"},
    {"credentials that look public", "hooks.example.org@0xa9fea9fe"},
    {"a name", "hooks.example.org", "169.254.169.254"},
    {"a name of the cloud", "metadata.google.internal", "169.254.169.254"},
    {"a name with the address in it", "169.254.169.254.nip.example.org", "169.254.169.254"},
    {"a name that starts like a private address", "10.example.org", "169.254.169.254"},
    {"a name with a dot at its end", "hooks.example.org.", "169.254.169.254"},
    {"a name in capitals", "HOOKS.EXAMPLE.ORG", "169.254.169.254"},
    {"credentials that are the address", "169.254.169.254@hooks.example.org", "169.254.169.254"},
    {"credentials with a port", "169.254.169.254:80@hooks.example.org", "169.254.169.254"},
    {"a name for any link-local host", "printer.example.org", "169.254.1.2"},
    {"a name for another cloud", "hooks.example.org", "100.100.100.200"},
    {"a name for Oracle's", "hooks.example.org", "192.0.0.192"},
    {"a name for Azure's", "hooks.example.org", "168.63.129.16"},
    {"a name for nought", "hooks.example.org", "0.0.0.0"},
    {"a name for everybody", "hooks.example.org", "255.255.255.255"},
    {"a name for a group", "hooks.example.org", "224.0.0.251"},
    {"a name for IPv6 link-local", "hooks.example.org", "[fe80::1]"},
    {"a name for Amazon's in IPv6", "hooks.example.org", "[fd00:ec2::254]"},
    {"a name for Google's in IPv6", "hooks.example.org", "[fd20:ce::254]"},
    {"a name for an IPv6 group", "hooks.example.org", "[ff02::1]"},
    {"a name for nought in IPv6", "hooks.example.org", "[::]"},
    {"a name for IPv4-mapped", "hooks.example.org", "[::ffff:169.254.169.254]"},
    {"a name for NAT64", "hooks.example.org", "[64:ff9b::a9fe:a9fe]"},
    {"a name for 6to4", "hooks.example.org", "[2002:a9fe:a9fe::1]"},
    {"a name for two such", "hooks.example.org", "169.254.169.254,[fe80::1]"},
};

/// For all ways to write a URL's host, as the resolver would answer for the name in it.
DeliveryOptions resolved(const Lure& lure, int port) {
    auto name = lure.host.substr(lure.host.rfind('@') + 1);
    if (lure.leads_to.empty()) return {};
    return {.known_names = {fmt::format("{}:{}:{}", name, port, lure.leads_to)}};
}

/// No packet leaves: what is refused never gets a socket.
TEST(AddressGuard, NoSpellingLeadsASenderThere) {
    int cases = 0;
    for (const Lure& lure : lures) {
        auto hook = test::webhook(80, Seconds{1});
        hook.url = {"http://" + lure.host + "/latest/meta-data"};
        EXPECT_EQ(told(post(hook, payload(), resolved(lure, 80))), "refused refused_address") << lure.sentence;
        auto mail = test::mail(25, Seconds{1});
        mail.smtp = "smtp://" + lure.host;
        EXPECT_EQ(told(post(mail, payload(), resolved(lure, 25))), "refused refused_address") << lure.sentence;
        cases += 2;
    }
    std::cout << "X3: " << lures.size() << " spellings, " << cases << " decisions, none connected" << std::endl;
}

/// Other scripts' digits and dots: refused as an address or as no URL, as the library's locale has it.
TEST(AddressGuard, NoOtherScriptLeadsASenderThere) {
    for (const std::string host :
         {"169\u3002254\u3002169\u3002254", "\uff11\uff16\uff19.254.169.254", "\u2460\u2465\u2468.254.169.254"}) {
        auto hook = test::webhook(80);
        hook.url = {"http://" + host + "/"};
        EXPECT_NE(told(post(hook)), "delivered") << host;
        EXPECT_NE(told(post(hook)), "retry connect") << host;
        EXPECT_NE(told(post(hook)), "retry timeout") << host;
    }
}

TEST(AddressGuard, ANameIsJudgedAtEachConnectionByWhereItLeadsThen) {
    test::LoopbackServer server{[](test::Peer& peer) {
        test::read_request(peer);
        peer.say("HTTP/1.1 204 No Content\r\n\r\n");
    }};
    auto hook = test::webhook(1);
    hook.url = {fmt::format("http://hooks.example.org:{}/", server.port())};
    const auto led_to = [&](const std::string& addresses) {
        return told(
            post(hook, payload(), {.known_names = {fmt::format("hooks.example.org:{}:{}", server.port(), addresses)}}));
    };
    EXPECT_EQ(led_to("127.0.0.1"), "delivered");
    EXPECT_EQ(led_to("169.254.169.254"), "refused refused_address") << "rebound";
    EXPECT_EQ(led_to("169.254.169.254,127.0.0.1"), "delivered") << "by way of the one that may be reached";
    EXPECT_EQ(server.clients(), 2);
}

TEST(AddressGuard, AReceiverThatIsDownIsNotTakenForARefusedOne) {
    const int port = test::free_port();
    auto hook = test::webhook(1);
    hook.url = {fmt::format("http://hooks.example.org:{}/", port)};
    const DeliveryOptions both{.known_names = {fmt::format("hooks.example.org:{}:169.254.169.254,127.0.0.1", port)}};
    EXPECT_EQ(told(post(hook, payload(), both)), "retry connect");
}

}  // namespace
}  // namespace retaind
