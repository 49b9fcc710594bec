// Webhooks against sockets that answer well, badly, late or not at all; files; the ids of deliveries.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edge/delivery/delivery.hpp"
#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/memory.hpp"
#include "support/program.hpp"
#include "support/receivers.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using Json = nlohmann::json;
using test::Certificates;
using test::LoopbackServer;
using test::payload;
using test::Peer;
using test::post;
using test::Program;
using test::read_request;
using test::Request;
using test::seconds_since;
using test::TemporaryFolder;
using test::told;
using test::webhook;
using testing::HasSubstr;
using testing::Not;

const std::string support_folder = std::string{std::getenv("RETAIND_ROOT")} + "/tests/support/";

// -- webhook --------------------------------------------------------------------------------------------------------

TEST(Webhook, PostsTheFrozenBodyWithItsIdAndAVerifiableSignature) {
    std::promise<Request> got;
    LoopbackServer server{[&](Peer& peer) {
        got.set_value(read_request(peer));
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }};
    auto receiver = webhook(server.port());
    receiver.hmac_key = {"the new key"};
    receiver.hmac_old_key = {"the old key"};
    EXPECT_EQ(told(post(receiver)), "delivered");
    auto request = got.get_future().get();
    EXPECT_EQ(request.first, "POST /in?x=1 HTTP/1.1");
    EXPECT_EQ(request.body, payload().json);
    EXPECT_EQ(request.headers["content-type"], "application/json");
    EXPECT_EQ(request.headers["idempotency-key"], payload().delivery_id);
    const auto& timestamp = request.headers["x-retaind-timestamp"];
    const std::vector<std::pair<std::string, std::string>> keys = {{"x-retaind-signature", "the new key"},
                                                                   {"x-retaind-signature-old", "the old key"}};
    for (const auto& [header, key] : keys) {
        const auto line = test::output_of({"openssl", "dgst", "-sha256", "-hmac", key}, timestamp + "." + request.body);
        const auto digest = line.substr(line.rfind(' ') + 1, 64);
        EXPECT_EQ(request.headers[header], "sha256=" + digest) << "as openssl computes it with " << key;
    }
}

TEST(Webhook, IsUnsignedWithoutAKey) {
    std::promise<Request> got;
    LoopbackServer server{[&](Peer& peer) {
        got.set_value(read_request(peer));
        peer.say("HTTP/1.1 204 No Content\r\n\r\n");
    }};
    EXPECT_EQ(told(post(webhook(server.port()))), "delivered");
    EXPECT_FALSE(got.get_future().get().headers.contains("x-retaind-signature"));
}

TEST(Webhook, AnswersAreClassified) {
    struct Case {
        std::string sentence, answer, expected;
        std::optional<Seconds> retry_after = {};
    };
    const std::vector<Case> cases = {
        {"done", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "delivered"},
        {"taken", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", "delivered"},
        {"done, though its text is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "delivered"},
        {"done, though its head is cut off", "HTTP/1.1 200 OK\r\nContent-Le", "delivered"},
        {"moved: not followed", "HTTP/1.1 301 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
         "refused http_301"},
        {"bad request", "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", "refused http_400"},
        {"not allowed", "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "refused http_401"},
        {"gone", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "refused http_410"},
        {"too slow for it", "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n", "retry http_408"},
        {"too large", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", "refused http_413"},
        {"too early", "HTTP/1.1 425 Early\r\nContent-Length: 0\r\n\r\n", "retry http_425"},
        {"too many", "HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n", "retry http_429",
         Seconds{17}},
        {"broken", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "retry http_500"},
        {"down for a while", "HTTP/1.1 503 No\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", "retry http_503",
         Seconds{120}},
        {"a proxy's time is up", "HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n", "retry http_504"},
        {"moved for now", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "refused http_302"},
        {"moved with the method kept", "HTTP/1.1 308 Moved\r\nLocation: /\r\n\r\n", "refused http_308"},
        {"forbidden", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "refused http_403"},
        {"no such place", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "refused http_404"},
        {"not understood", "HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n", "refused http_422"},
        {"not built yet", "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n", "retry http_501"},
        {"a proxy's fault", "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", "retry http_502"},
        {"a status that nobody knows", "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", "retry http_999"},
        {"too many, with no word of when", "HTTP/1.1 429 Slow\r\n\r\n", "retry http_429"},
        {"asks for two hours", "HTTP/1.1 429 Slow\r\nRetry-After: 7200\r\n\r\n", "retry http_429", Seconds{7200}},
        {"asks for now", "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\n\r\n", "retry http_429"},
        {"asks for the past", "HTTP/1.1 429 Slow\r\nRetry-After: -5\r\n\r\n", "retry http_429"},
        {"asks for a past date", "HTTP/1.1 503 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
         "retry http_503"},
        {"asks for no time at all", "HTTP/1.1 503 No\r\nRetry-After: soon\r\n\r\n", "retry http_503"},
        {"goes on and is then gone", "HTTP/1.1 100 Continue\r\n\r\n", "retry connection_lost"},
        {"garbage", "SSH-2.0-OpenSSH_9.2\r\n", "retry bad_reply"},
        {"bytes", std::string{"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n", 11}, "retry bad_reply"},
        {"a status that is none", "HTTP/1.1 000 x\r\n\r\n", "retry bad_reply"},
        {"nothing at all", "", "retry connection_lost"},
        {"a cut before the status is whole", "HTTP/1.1 20", "retry connection_lost"},
    };
    for (const auto& c : cases) {
        LoopbackServer server{[&](Peer& peer) {
            read_request(peer);
            peer.say(c.answer);
        }};
        const auto result = post(webhook(server.port()));
        EXPECT_EQ(told(result), c.expected) << c.sentence;
        EXPECT_EQ(result.retry_after, c.retry_after) << c.sentence;
        EXPECT_THAT(result.detail, Not(HasSubstr("127.0.0.1"))) << c.sentence;
        EXPECT_EQ(server.clients(), 1) << c.sentence;
    }
    std::cout << "N3: " << cases.size() << " answers classified" << std::endl;
}

TEST(Webhook, ADateToComeBackAtIsTakenAsSuch) {
    LoopbackServer server{[](Peer& peer) {
        read_request(peer);
        peer.say("HTTP/1.1 503 No\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n");
    }};
    const std::chrono::sys_days date{std::chrono::year{2101} / 1 / 1};
    const std::chrono::duration<double> far = date - std::chrono::system_clock::now();
    const auto result = post(webhook(server.port()));
    ASSERT_TRUE(result.retry_after);
    EXPECT_NEAR(static_cast<double>(result.retry_after->count()), far.count(), 60);
}

TEST(Webhook, AnAbsurdTimeToComeBackIsStillATime) {
    LoopbackServer server{[](Peer& peer) {
        read_request(peer);
        peer.say("HTTP/1.1 429 No\r\nRetry-After: 99999999999999999999999\r\nContent-Length: 0\r\n\r\n");
    }};
    const auto result = post(webhook(server.port()));
    EXPECT_EQ(told(result), "retry http_429");
    EXPECT_GE(result.retry_after.value_or(Seconds{0}), Seconds{0});
}

TEST(Webhook, NoRedirectIsFollowedAnywhere) {
    LoopbackServer elsewhere{[](Peer& peer) { read_request(peer); }};
    for (const int status : {301, 302, 303, 307, 308}) {
        LoopbackServer server{[&](Peer& peer) {
            read_request(peer);
            peer.say(fmt::format("HTTP/1.1 {} Moved\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
                                 status, elsewhere.port()));
        }};
        EXPECT_EQ(told(post(webhook(server.port()))), fmt::format("refused http_{}", status));
    }
    EXPECT_EQ(elsewhere.clients(), 0);
}

TEST(Webhook, WhatGoesWrongOnTheWayIsTriedAgain) {
    EXPECT_EQ(told(post(webhook(test::free_port()))), "retry connect");
    auto nowhere = webhook(1);
    nowhere.url = {"http://no-such-host.invalid/"};
    EXPECT_EQ(told(post(nowhere)), "retry name");
    LoopbackServer resetting{[](Peer& peer) {
        read_request(peer);
        peer.reset();
    }};
    EXPECT_EQ(told(post(webhook(resetting.port()))), "retry connection_lost");
    auto other = webhook(1);
    other.url = {"file:///etc/passwd"};
    EXPECT_EQ(told(post(other)), "retry bad_reply");
}

TEST(Webhook, AnEndlessAnswerIsReadUpToItsLimitOnly) {
    const auto bomb = test::output_of({"sh", "-c", "head -c 67108864 /dev/zero | gzip"});
    struct Case {
        std::string sentence, head, rest, expected;
    };
    const std::vector<Case> cases = {
        {"an endless body after a good status", "HTTP/1.1 200 OK\r\n\r\n", std::string(8192, 'x'), "delivered"},
        {"an endless body after a bad one", "HTTP/1.1 500 Oops\r\n\r\n", std::string(8192, 'x'), "retry http_500"},
        {"endless chunks", "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n",
         "1000\r\n" + std::string(4096, 'x') + "\r\n", "retry http_500"},
        {"a packed one is not unpacked", "HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n", bomb, "retry http_500"},
        {"endless headers", "HTTP/1.1 429 Slow\r\n", "X-More: " + std::string(1000, 'x') + "\r\n", "retry http_429"},
        {"one endless header", "HTTP/1.1 503 No\r\nX-More: ", std::string(8192, 'x'), "retry http_503"},
        {"endless promises", "", "HTTP/1.1 100 Continue\r\n\r\n", "retry bad_reply"},
        {"an endless first line", "HTTP/1.1 200 ", std::string(8192, 'x'), "retry network"},
    };
    test::peak_memory();
    const long before = test::peak_memory();
    for (const auto& c : cases) {
        std::atomic<std::size_t> sent = 0;
        LoopbackServer server{[&](Peer& peer) {
            read_request(peer);
            peer.say(c.head);
            while (sent < (64u << 20) && peer.say(c.rest)) sent += c.rest.size();
        }};
        EXPECT_EQ(told(post(webhook(server.port()))), c.expected) << c.sentence;
        EXPECT_LT(sent, 16u << 20) << c.sentence;
    }
    const long grown = test::peak_memory() - before;
    EXPECT_LT(grown, 16 << 10) << "KiB";
    std::cout << "N3: " << cases.size() << " endless answers, memory grew by " << grown << " KiB" << std::endl;
}

TEST(Webhook, OneDeadlineEndsSilenceAndTrickles) {
    struct Case {
        std::string sentence;
        std::function<void(Peer&)> serve;
    };
    const std::vector<Case> cases = {
        {"never a word", [](Peer& peer) { peer.until_gone(); }},
        {"a status that never ends",
         [](Peer& peer) {
             read_request(peer);
             peer.say("HTTP/1.1 2");
             peer.until_gone();
         }},
    };
    for (const auto& c : cases) {
        LoopbackServer server{c.serve};
        const auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(told(post(webhook(server.port(), Seconds{1}))), "retry timeout") << c.sentence;
        EXPECT_LT(seconds_since(start), 10) << c.sentence;
    }
}

/// A port whose queue of callers is full: what calls waits for an answer that does not come.
class SilentPort {
public:
    SilentPort() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::bind(sockets_.front(), plain, size);
        ::listen(sockets_.front(), 0);
        ::getsockname(sockets_.front(), plain, &size);
        port_ = ntohs(address.sin_port);
        for (int caller = 0; caller < 4; ++caller) {
            sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(sockets_.back(), plain, size);
        }
    }
    ~SilentPort() {
        for (const int socket : sockets_) ::close(socket);
    }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;
    int port() const { return port_; }

private:
    int port_ = 0;
    std::vector<int> sockets_ = {};
};

TEST(Webhook, WhereNobodyPicksUpNothingArrived) {
    const SilentPort silent;
    EXPECT_EQ(told(post(webhook(silent.port(), Seconds{1}))), "retry connect") << "never \"timeout\": nothing was sent";
}

TEST(Webhook, AStopAbandonsWhatIsUnderWayAtOnce) {
    std::promise<void> asked;
    LoopbackServer server{[&](Peer& peer) {
        read_request(peer);
        asked.set_value();
        peer.until_gone();
    }};
    const auto sender = make_sender(webhook(server.port(), Seconds{60}));
    auto result = std::async(std::launch::async, [&] { return sender->send(payload()); });
    asked.get_future().wait();
    const auto start = std::chrono::steady_clock::now();
    sender->stop();
    EXPECT_EQ(told(result.get()), "abandoned");
    EXPECT_LT(seconds_since(start), 3);
    EXPECT_EQ(told(sender->send(payload())), "abandoned") << "nor is another begun";
}

TEST(Slack, GetsItsBodyAsItWasMade) {
    std::promise<Request> got;
    LoopbackServer server{[&](Peer& peer) {
        got.set_value(read_request(peer));
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }};
    auto receiver = webhook(server.port());
    receiver.type = ReceiverType::slack;
    EXPECT_EQ(told(post(receiver)), "delivered");
    auto request = got.get_future().get();
    EXPECT_EQ(request.body, payload().json);
    EXPECT_EQ(request.headers["idempotency-key"], payload().delivery_id);
}

TEST(Alertmanager, GetsABoundedNumberOfAlertsToACall) {
    std::mutex guard;
    std::vector<std::pair<std::string, std::size_t>> calls;
    LoopbackServer server{[&](Peer& peer) {
        const auto request = read_request(peer);
        const std::lock_guard lock{guard};
        calls.emplace_back(request.first, Json::parse(request.body).size());
        peer.say(calls.size() == 4 ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
                                   : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }};
    ReceiverSettings receiver{.name = "am",
                              .type = ReceiverType::alertmanager,
                              .url = {fmt::format("http://127.0.0.1:{}/am/", server.port())},
                              .timeout = test::patience};
    const auto send = [&](const std::string& alerts) {
        auto what = payload();
        what.json = alerts;
        const auto result = told(post(receiver, what));
        const std::lock_guard lock{guard};
        return result + ", " + std::to_string(calls.size());
    };
    const std::string many = Json(std::vector<Json>(1001, Json::object())).dump();
    EXPECT_EQ(send(many), "delivered, 3");
    EXPECT_EQ(send(many), "retry http_503, 4") << "what follows a call that failed is not sent";
    EXPECT_EQ(send("[]"), "delivered, 4") << "nothing to say takes no call";
    EXPECT_EQ(send("no list"), "refused unreadable, 4");
    const std::string first = "POST /am/api/v2/alerts HTTP/1.1";
    const std::lock_guard lock{guard};
    EXPECT_THAT(calls, testing::ElementsAre(std::pair{first, 500u}, std::pair{first, 500u}, std::pair{first, 1u},
                                            std::pair{first, 500u}));
}

TEST(Addressed, AFixedListIsOneDeliveryForEachAddress) {
    struct Case {
        std::string sentence;
        ReceiverSettings receiver;
        std::string person;
        std::vector<std::string> emails;
    };
    const ReceiverSettings list{.name = "mail", .type = ReceiverType::email, .to = "A <a@x.org>, b@x.org"};
    const std::vector<Case> cases = {
        {"each of a list", list, "", {"a@x.org", "b@x.org"}},
        {"the person, where the message is for one", list, "p@x.org", {"p@x.org"}},
        {"nobody where the receiver is no mail",
         {.name = "mail", .type = ReceiverType::webhook, .to = "a@x.org"},
         "",
         {""}},
        {"as it is where the list cannot be read",
         {.name = "mail", .type = ReceiverType::email, .to = "a@x.org;b"},
         "",
         {""}},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        const Message message{.receiver = "mail", .recipient = {.email = c.person}, .as_of = Day{}};
        std::vector<std::string> emails;
        std::set<std::string> ids;
        for (const Message& one : addressed(message, c.receiver)) {
            emails.push_back(one.recipient.email);
            ids.insert(delivery_id(one));
        }
        EXPECT_EQ(emails, c.emails);
        EXPECT_EQ(ids.size(), emails.size()) << "each has an id of its own";
    }
}

// -- webhook over TLS -----------------------------------------------------------------------------------------------

TEST(SecureWebhook, EndsAtACertificateThatDoesNotFit) {
    const Certificates made;
    made.make("good", "IP:127.0.0.1,DNS:localhost");
    made.make("other", "DNS:elsewhere.example.org");
    made.make("old", "IP:127.0.0.1", "2020-01-01");
    struct Case {
        std::string sentence, shown, trusted, expected;
    };
    const std::vector<Case> cases = {
        {"one that is trusted and fits", "good", "good", "delivered"},
        {"one for another name", "other", "other", "retry tls"},
        {"one that is out of date", "old", "old", "retry tls"},
        {"one that nobody but itself has signed", "good", "other", "retry tls"},
        {"one that the system does not know", "good", "", "retry tls"},
    };
    for (const auto& c : cases) {
        const int port = test::free_port();
        const Program server{{"/usr/bin/python3", support_folder + "tls_hook.py", std::to_string(port),
                              made.certificate(c.shown), made.key(c.shown)}};
        ASSERT_TRUE(server.ready());
        auto receiver = webhook(port);
        receiver.url = {fmt::format("https://127.0.0.1:{}/", port)};
        const DeliveryOptions trust{.ca_file = c.trusted.empty() ? "" : made.certificate(c.trusted)};
        EXPECT_EQ(told(post(receiver, payload(), trust)), c.expected) << c.sentence;
    }
    std::cout << "N3: " << cases.size() << " certificates judged" << std::endl;
}

TEST(SecureWebhook, SaysNothingToWhoSpeaksNoTls) {
    for (const std::string answer : {"HTTP/1.1 200 OK\r\n\r\n", "", "\x15\x03\x01\x7f\x7f", "220 mail\r\n"}) {
        std::string heard;  // to be read when the server has ended
        {
            LoopbackServer server{[&](Peer& peer) {
                heard = peer.bytes(5);
                peer.say(answer);
            }};
            auto receiver = webhook(1);
            receiver.url = {fmt::format("https://127.0.0.1:{}/", server.port())};
            EXPECT_EQ(told(post(receiver)), "retry tls") << answer;
            EXPECT_EQ(server.clients(), 1) << answer;
        }
        EXPECT_TRUE(heard.starts_with("\x16\x03")) << "a handshake, and nothing else";
    }
}

// -- file -----------------------------------------------------------------------------------------------------------

std::string contents(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

ReceiverSettings file_at(const std::string& path, std::uint64_t rotate_bytes = 1 << 20) {
    return {.name = "file", .type = ReceiverType::file, .path = path, .rotate_bytes = rotate_bytes};
}

TEST(File, GetsALinePerDelivery) {
    const TemporaryFolder folder;
    const auto sender = make_sender(file_at(folder.file("out.jsonl")));
    EXPECT_EQ(told(sender->send(payload("a"))), "delivered");
    EXPECT_EQ(told(sender->send(payload("b"))), "delivered");
    EXPECT_EQ(contents(folder.file("out.jsonl")), "{\"delivery_id\":\"a\"}\n{\"delivery_id\":\"b\"}\n");
}

TEST(File, ALineThatACrashLeftUnfinishedIsEndedFirst) {
    const TemporaryFolder folder;
    std::ofstream{folder.file("out.jsonl")} << "{\"delivery_id\":\"x\"}\n{\"deliv";
    EXPECT_EQ(told(post(file_at(folder.file("out.jsonl")), payload("a"))), "delivered");
    EXPECT_EQ(contents(folder.file("out.jsonl")), "{\"delivery_id\":\"x\"}\n{\"deliv\n{\"delivery_id\":\"a\"}\n");
}

TEST(File, IsRotatedBeforeItGrowsTooLargeAndNeverSplitsALine) {
    const TemporaryFolder folder;
    const auto sender = make_sender(file_at(folder.file("out.jsonl"), 45));  // two lines of 20 bytes
    for (const std::string id : {"a", "b", "c", "d", "e"}) EXPECT_EQ(told(sender->send(payload(id))), "delivered");
    EXPECT_EQ(contents(folder.file("out.jsonl")), "{\"delivery_id\":\"e\"}\n");
    EXPECT_EQ(contents(folder.file("out.jsonl.1")), "{\"delivery_id\":\"c\"}\n{\"delivery_id\":\"d\"}\n");
    EXPECT_EQ(told(post(file_at(folder.file("tiny.jsonl"), 5))), "delivered")
        << "a line larger than the limit goes alone";
}

TEST(File, WhatTheSystemRefusesIsTriedAgain) {
    const TemporaryFolder folder;
    EXPECT_EQ(told(post(file_at("/dev/full"))), "retry disk_full");
    EXPECT_EQ(told(post(file_at(folder.file("nowhere/out.jsonl")))), "retry file");
    EXPECT_EQ(told(post(file_at(folder.path()))), "retry file");
}

// -- ids ------------------------------------------------------------------------------------------------------------

TEST(DeliveryId, IsTheFirstHalfOfTheHashOfTheIdentity) {
    const Message message{.receiver = "managers",
                          .recipient = {.email = "ann@example.org"},
                          .as_of = Day{},
                          .notes = {{.key = {.rule = "r", .entity = "c1"}, .episode = 1, .seq = 2}}};
    const auto line = test::output_of({"openssl", "dgst", "-sha256"}, identity(message));
    EXPECT_EQ(delivery_id(message), line.substr(line.rfind(' ') + 1, 32));
    auto other_words = message;
    other_words.notes[0].message = "another wording";
    EXPECT_EQ(delivery_id(other_words), delivery_id(message));
    auto later = message;
    later.notes[0].seq = 3;
    EXPECT_NE(delivery_id(later), delivery_id(message));
    EXPECT_EQ(alert_id(message.notes[0].key).size(), 32u);
}

}  // namespace
}  // namespace retaind
