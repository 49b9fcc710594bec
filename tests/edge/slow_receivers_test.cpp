// Receivers that are silent, or say a byte now and then: one deadline ends every exchange, whatever it is waiting for.
#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/loopback_server.hpp"
#include "support/mail_server.hpp"
#include "support/receivers.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::payload;
using test::Peer;

constexpr Seconds deadline{3};                 ///< of 60
constexpr std::chrono::milliseconds pace{50};  ///< of a second, between two bytes
constexpr double grace = 1;                    ///< seconds

struct SlowCase {
    std::string sentence;
    std::string scheme;  ///< http, https, smtp, smtps
    std::function<void(Peer&)> serve;
    std::string expected = "retry timeout";
    bool large = false;
};

/// A mail server that goes on well until it has read a line that begins so.
std::function<void(Peer&)> mail_until(const std::string& verb, std::function<void(Peer&)> then) {
    return [=](Peer& peer) {
        peer.say("220 test\r\n");
        bool in_text = false;
        for (auto line = peer.line(); line; line = peer.line()) {
            if (line->starts_with(verb)) return then(peer);
            if (in_text && *line != ".") continue;
            in_text = line->starts_with("DATA");
            peer.say(in_text ? "354 go\r\n" : "250 ok\r\n");
        }
    };
}

std::vector<SlowCase> slow_cases() {
    const auto silent = [](Peer& peer) { peer.until_gone(); };
    const auto deaf = [](Peer& peer) { peer.deaf_until_gone(); };
    const auto after_request = [](const std::string& head, const std::string& rest) {
        return [=](Peer& peer) {
            test::read_request(peer);
            peer.say(head);
            peer.drip(rest, pace);
        };
    };
    const auto dripping = [](const std::string& text) { return [=](Peer& peer) { peer.drip(text, pace); }; };
    const auto endless = std::string(4096, 'x');
    return {
        {"a webhook that says nothing", "http", silent},
        {"one that reads nothing", "http", deaf, "retry timeout", true},
        {"a status line that never ends", "http", after_request("", "HTTP/1.1 200 " + endless)},
        {"promises without end", "http", after_request("", "HTTP/1.1 100 Continue\r\n\r\n")},
        {"a head that never ends", "http", after_request("HTTP/1.1 503 No\r\n", "X-More: y\r\n"), "retry http_503"},
        {"a text that never ends", "http", after_request("HTTP/1.1 500 Oops\r\n\r\n", endless), "retry http_500"},
        {"a text that never ends, after a good status", "http", after_request("HTTP/1.1 200 OK\r\n\r\n", endless),
         "delivered"},
        {"no handshake", "https", silent, "retry connect"},
        {"a handshake that never ends", "https",
         dripping(std::string{"\x16\x03\x03\x40\x00\x02\x00\x3f\x00", 9} + endless), "retry connect"},
        {"a mail server that says nothing", "smtp", silent},
        {"a greeting that never ends", "smtp", dripping("220-wait\r\n")},
        {"offers that never end", "smtp", mail_until("EHLO", dripping("250-wait\r\n"))},
        {"nothing after the recipient", "smtp", mail_until("RCPT", silent)},
        {"an answer to the recipient that never ends", "smtp", mail_until("RCPT", dripping("250-wait\r\n"))},
        {"a text that nobody reads", "smtp",
         mail_until("DATA",
                    [](Peer& peer) {
                        peer.say("354 go\r\n");
                        peer.deaf_until_gone();
                    }),
         "retry timeout", true},
        {"nothing after the final dot", "smtp", mail_until(".", silent)},
        {"an answer to it that never ends", "smtp", mail_until(".", dripping("250-wait\r\n"))},
        {"no farewell", "smtp", mail_until("QUIT", silent), "delivered"},
        {"a farewell that never ends", "smtp", mail_until("QUIT", dripping("221-wait\r\n")), "delivered"},
        {"no handshake of a mail server", "smtps", silent, "retry connect"},
    };
}

ReceiverSettings receiver_of(const SlowCase& c, int port) {
    const bool is_mail = c.scheme.starts_with("smtp");
    auto receiver = is_mail ? test::mail(port, deadline) : test::webhook(port, deadline);
    const auto url = fmt::format("{}://127.0.0.1:{}", c.scheme, port);
    if (is_mail)
        receiver.smtp = url;
    else
        receiver.url = {url};
    return receiver;
}

struct Ended {
    std::string told;
    double seconds = 0;
};

Ended exchange_with(const SlowCase& c) {
    LoopbackServer server{c.serve};
    auto what = payload();
    if (c.large) what.json = what.text = std::string(16 << 20, 'x');
    const auto start = std::chrono::steady_clock::now();
    const auto result = test::post(receiver_of(c, server.port()), what);
    return {.told = test::told(result), .seconds = test::seconds_since(start)};
}

/// All at once; what took too long gets two more tries, since the machine may be busy.
TEST(SlowReceiver, IsGivenUpOnAtTheDeadline) {
    const auto cases = slow_cases();
    std::vector<std::future<Ended>> under_way;
    for (const auto& c : cases) under_way.push_back(std::async(std::launch::async, [&c] { return exchange_with(c); }));
    double longest = 0;
    for (std::size_t at = 0; at < cases.size(); ++at) {
        auto ended = under_way[at].get();
        const double bound = static_cast<double>(deadline.count()) + grace;
        for (int more = 0; more < 2 && ended.seconds > bound; ++more) ended = exchange_with(cases[at]);
        EXPECT_EQ(ended.told, cases[at].expected) << cases[at].sentence;
        EXPECT_LT(ended.seconds, bound) << cases[at].sentence;
        longest = std::max(longest, ended.seconds);
    }
    std::cout << fmt::format("N2: {} slow receivers, deadline {} s, longest exchange {:.2f} s", cases.size(),
                             deadline.count(), longest)
              << std::endl;
}

}  // namespace
}  // namespace retaind
