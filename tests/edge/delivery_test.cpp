// Senders against sockets that answer well, badly, late or not at all.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
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
#include "support/loopback_server.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using Json = nlohmann::json;
using Outcome = SendResult::Outcome;
using test::LoopbackServer;
using test::Peer;
using test::Program;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

constexpr Seconds patience{30};
const std::string support_folder = std::string{std::getenv("RETAIND_ROOT")} + "/tests/support/";

Payload payload(const std::string& id = "0123456789abcdef0123456789abcdef") {
    return {.delivery_id = id,
            .receiver = "r",
            .recipient = "ann@example.org",
            .subject = "Acme: renewal in 14 days",
            .text = "Acme drifts.\n.a line that begins with a dot\n",
            .html = "<p>Acme drifts.</p>",
            .json = "{\"delivery_id\":\"" + id + "\"}"};
}

std::string name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::delivered: return "delivered";
        case Outcome::retry: return "retry";
        case Outcome::refused: return "refused";
        case Outcome::abandoned: return "abandoned";
    }
    return "?";
}

std::string told(const SendResult& result) {
    return result.error_class.empty() ? name_of(result.outcome) : name_of(result.outcome) + " " + result.error_class;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// -- webhook --------------------------------------------------------------------------------------------------------

struct Request {
    std::string first = {};
    std::map<std::string, std::string> headers = {};
    std::string body = {};
};

Request read_request(Peer& peer) {
    Request request{.first = peer.line().value_or("")};
    for (auto line = peer.line(); line && !line->empty(); line = peer.line()) {
        auto name = line->substr(0, line->find(':'));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers[name] = line->substr(std::min(line->size(), line->find(':') + 2));
    }
    if (request.headers.contains("content-length"))
        request.body = peer.bytes(std::stoul(request.headers["content-length"]));
    return request;
}

ReceiverSettings webhook(int port, Seconds timeout = patience) {
    return {.name = "hook",
            .type = ReceiverType::webhook,
            .url = {fmt::format("http://127.0.0.1:{}/in?x=1", port)},
            .timeout = timeout};
}

SendResult post(const ReceiverSettings& receiver, const Payload& what = payload(),
                const DeliveryOptions& options = {}) {
    return make_sender(receiver, options)->send(what);
}

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
        {"garbage", "SSH-2.0-OpenSSH_9.2\r\n", "retry bad_reply"},
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

TEST(Webhook, ANameThatLeadsToTheMetadataServiceIsRefused) {
    auto receiver = webhook(1);
    receiver.url = {"http://hooks.example.org/in"};
    for (const std::string address : {"169.254.169.254", "0.0.0.0", "[fe80::1]", "[::ffff:169.254.169.254]"}) {
        const DeliveryOptions options{.known_names = {"hooks.example.org:80:" + address}};
        EXPECT_EQ(told(post(receiver, payload(), options)), "refused refused_address") << address;
    }
    LoopbackServer server{[](Peer& peer) {
        read_request(peer);
        peer.say("HTTP/1.1 204 No Content\r\n\r\n");
    }};
    receiver.url = {fmt::format("http://hooks.corp:{}/", server.port())};
    const DeliveryOptions here{.known_names = {fmt::format("hooks.corp:{}:127.0.0.1", server.port())}};
    EXPECT_EQ(told(post(receiver, payload(), here)), "delivered") << "a private host that the configuration writes";
}

TEST(Webhook, AnEndlessAnswerIsReadUpToItsLimitOnly) {
    struct Case {
        std::string sentence, head, rest, expected;
    };
    const std::vector<Case> cases = {
        {"an endless body after a good status", "HTTP/1.1 200 OK\r\n\r\n", std::string(8192, 'x'), "delivered"},
        {"an endless body after a bad one", "HTTP/1.1 500 Oops\r\n\r\n", std::string(8192, 'x'), "retry http_500"},
        {"a packed one is not unpacked", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", std::string(8192, '\0'),
         "delivered"},
        {"endless headers", "HTTP/1.1 429 Slow\r\n", "X-More: " + std::string(1000, 'x') + "\r\n", "retry http_429"},
    };
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
                              .timeout = patience};
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

// -- mail -----------------------------------------------------------------------------------------------------------

ReceiverSettings mail(int port, Seconds timeout = patience) {
    return {.name = "mail",
            .type = ReceiverType::email,
            .smtp = fmt::format("smtp://127.0.0.1:{}", port),
            .from = "retaind@example.org",
            .to = "{recipient}",
            .tls_required = false,
            .timeout = timeout};
}

/// A mail server that is well until a verb, and then says or does what it is told.
struct MailScript {
    std::string verb = {};    ///< greeting, EHLO, MAIL, RCPT, DATA, inside (the text), "." (its end)
    std::string answer = {};  ///< "": hangs up
    std::string offers = "250-test\r\n250 8BITMIME\r\n";
};

class MailServer {
public:
    explicit MailServer(MailScript script) : script_(std::move(script)), server_([this](Peer& peer) { serve(peer); }) {}

    int port() const { return server_.port(); }
    std::vector<std::string> messages() const {
        const std::lock_guard hold{guard_};
        return messages_;
    }
    std::vector<std::string> verbs() const {
        const std::lock_guard hold{guard_};
        return verbs_;
    }

private:
    /// Answers; false when the script wants to hang up here.
    bool answer(Peer& peer, const std::string& verb, const std::string& usual) {
        const bool meant = verb == script_.verb || (script_.verb == "EHLO" && verb == "HELO");
        if (!meant) return peer.say(usual);
        return !script_.answer.empty() && peer.say(script_.answer + "\r\n");
    }

    void serve(Peer& peer) {
        if (!answer(peer, "greeting", "220 test\r\n")) return;
        for (auto line = peer.line(); line; line = peer.line()) {
            const auto verb = line->substr(0, 4);
            note(verbs_, verb);
            const auto usual = verb == "EHLO" ? script_.offers : verb == "DATA" ? "354 go\r\n" : "250 ok\r\n";
            if (!answer(peer, verb, usual) || verb == "QUIT") return;
            const bool refused = verb == script_.verb;
            if (verb == "DATA" && !refused && !take_text(peer)) return;
        }
    }

    bool take_text(Peer& peer) {
        std::string text;
        for (auto line = peer.line(); line; line = peer.line()) {
            if (script_.verb == "inside") return false;
            if (*line == ".") {
                note(messages_, text);
                return answer(peer, ".", "250 taken\r\n");
            }
            text += *line + "\n";
        }
        return false;
    }

    void note(std::vector<std::string>& where, const std::string& what) {
        const std::lock_guard hold{guard_};
        where.push_back(what);
    }

    MailScript script_;
    mutable std::mutex guard_;
    std::vector<std::string> messages_, verbs_;
    LoopbackServer server_;
};

std::string message_id(const std::string& message) {
    const auto at = message.find("Message-ID: ");
    return at == message.npos ? "" : message.substr(at, message.find('\n', at) - at);
}

TEST(Mail, NoAtEachVerbIsClassified) {
    for (const std::string verb : {"greeting", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
        for (const auto& [answer, expected] :
             std::vector<std::pair<std::string, std::string>>{{"421 busy", "retry smtp_421"},
                                                              {"451 later", "retry smtp_451"},
                                                              {"452-full\r\n452 really", "retry smtp_452"},
                                                              {"550 no", "refused smtp_550"},
                                                              {"554 spam", "refused smtp_554"}}) {
            MailServer server{{.verb = verb, .answer = answer}};
            const auto result = post(mail(server.port()));
            EXPECT_EQ(told(result), expected) << verb << " " << answer;
            EXPECT_EQ(server.messages().size(), verb == "." ? 1u : 0u) << verb << " " << answer;
        }
    }
}

TEST(Mail, ACutIsTriedAgainUnderTheSameMessageId) {
    for (const std::string verb : {"greeting", "EHLO", "MAIL", "RCPT", "DATA", "inside", "."}) {
        MailServer cutting{{.verb = verb}}, well{{}};
        auto long_text = payload();
        long_text.text = std::string(200'000, 'x');
        const auto result = post(mail(cutting.port()), long_text);
        EXPECT_EQ(name_of(result.outcome), "retry") << verb;
        EXPECT_EQ(result.error_class, "connection_lost") << verb;
        EXPECT_EQ(told(post(mail(well.port()), long_text)), "delivered") << verb;
        if (verb != ".") continue;
        ASSERT_EQ(cutting.messages().size(), 1u) << "the one duplicate that is allowed";
        EXPECT_EQ(message_id(cutting.messages()[0]), message_id(well.messages()[0]));
        EXPECT_EQ(message_id(well.messages()[0]), "Message-ID: <0123456789abcdef0123456789abcdef@example.org>");
    }
}

TEST(Mail, SilenceAtEachVerbEndsAtTheDeadline) {
    for (const std::string verb : {"greeting", "RCPT", "."}) {
        LoopbackServer server{[&](Peer& peer) {
            if (verb != "greeting") peer.say("220 test\r\n");
            for (auto line = peer.line(); line; line = peer.line()) {
                if (verb == "greeting" || line->starts_with(verb)) return peer.until_gone();
                if (line->starts_with("DATA"))
                    peer.say("354 go\r\n");
                else if (line->starts_with("EHLO") || line->starts_with("MAIL") || line->starts_with("RCPT"))
                    peer.say("250 ok\r\n");
            }
        }};
        const auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(told(post(mail(server.port(), Seconds{1}))), "retry timeout") << verb;
        EXPECT_LT(seconds_since(start), 10) << verb;
    }
}

TEST(Mail, AStopWhileTheServerPondersTheEndAbandonsAtOnce) {
    std::promise<void> asked;
    LoopbackServer server{[&](Peer& peer) {
        peer.say("220 test\r\n");
        for (auto line = peer.line(); line && *line != "."; line = peer.line()) {
            if (line->starts_with("DATA"))
                peer.say("354 go\r\n");
            else if (line->starts_with("EHLO") || line->starts_with("MAIL") || line->starts_with("RCPT"))
                peer.say("250 ok\r\n");
        }
        asked.set_value();
        peer.until_gone();
    }};
    const auto sender = make_sender(mail(server.port(), Seconds{60}));
    auto result = std::async(std::launch::async, [&] { return sender->send(payload()); });
    asked.get_future().wait();
    const auto start = std::chrono::steady_clock::now();
    sender->stop();
    EXPECT_EQ(told(result.get()), "abandoned");
    EXPECT_LT(seconds_since(start), 3);
}

TEST(Mail, NothingIsSaidInTheClearWhereTlsIsRequired) {
    struct Case {
        std::string sentence;
        MailScript script;
        std::string expected;
    };
    const std::vector<Case> cases = {
        {"STARTTLS was stripped from the offers", {}, "retry tls"},
        {"STARTTLS is refused for now",
         {.verb = "STAR", .answer = "454 not now", .offers = "250-test\r\n250 STARTTLS\r\n"},
         "retry tls"},
        {"STARTTLS is refused",
         {.verb = "STAR", .answer = "502 no", .offers = "250-test\r\n250 STARTTLS\r\n"},
         "retry tls"},
    };
    for (const auto& c : cases) {
        MailServer server{c.script};
        auto receiver = mail(server.port());
        receiver.tls_required = true;
        receiver.user = "user";
        receiver.password = {"secret"};
        EXPECT_EQ(told(post(receiver)), c.expected) << c.sentence;
        for (const auto& verb : server.verbs()) {
            EXPECT_THAT(verb, testing::AnyOf("EHLO", "STAR", "QUIT", "HELO")) << c.sentence;
        }
    }
}

TEST(Mail, APasswordNeverTravelsInTheClearBeyondThisMachine) {
    auto receiver = mail(25);
    receiver.smtp = "smtp://mail.invalid";
    receiver.user = "user";
    EXPECT_EQ(told(post(receiver)), "refused no_tls");
}

TEST(Mail, AddressesThatAreNoneAreRefusedBeforeAnythingIsOpened) {
    MailServer server{{}};
    for (const std::string recipient : {"", "nobody", "a@b.org\r\nRCPT TO:<c@b.org>", "a@b.org> <c@b.org"}) {
        auto what = payload();
        what.recipient = recipient;
        EXPECT_EQ(told(post(mail(server.port()), what)), "refused bad_address") << recipient;
    }
    EXPECT_TRUE(server.verbs().empty());
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

TEST(Mail, AMailHasOneRecipient) {
    MailServer server{{}};
    auto what = payload();
    what.recipient = "a@x.org, b@x.org";
    EXPECT_EQ(told(post(mail(server.port()), what)), "refused bad_address");
}

/// Certificates for this machine, and an aiosmtpd that insists on them and on a login.
class RealMail : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        make_certificate("good", "IP:127.0.0.1,DNS:localhost");
        make_certificate("other", "DNS:elsewhere.example.org");
        port_ = test::free_port();
        sink_ =
            new Program{{"/usr/bin/python3", support_folder + "mail_sink.py", std::to_string(port_), inbox(), "--tls",
                         folder_->file("good.pem"), folder_->file("good.key"), "--login", "user", "pass word"}};
    }
    static void TearDownTestSuite() {
        delete sink_;
        delete folder_;
    }

    /// `names`: subjectAltName. `when`: for faketime, since openssl makes no certificate that is out of date already.
    static void make_certificate(const std::string& name, const std::string& names, const std::string& when = "") {
        std::vector<std::string> command = {"openssl",  "req",
                                            "-x509",    "-newkey",
                                            "ec",       "-nodes",
                                            "-pkeyopt", "ec_paramgen_curve:P-256",
                                            "-days",    "30",
                                            "-subj",    "/CN=test",
                                            "-addext",  "subjectAltName=" + names};
        if (!when.empty()) command.insert(command.begin(), {"faketime", when});
        command.insert(command.end(), {"-keyout", folder_->file(name + ".key"), "-out", folder_->file(name + ".pem")});
        test::output_of(command);
    }
    static std::string inbox() { return folder_->file("inbox.jsonl"); }

    ReceiverSettings receiver() const {
        auto settings = mail(port_);
        settings.tls_required = true;
        settings.user = "user";
        settings.password = {"pass word"};
        settings.from = "Retaind <retaind@example.org>";
        settings.reply_to = "Account team <team@example.org>";
        return settings;
    }

    static std::vector<Json> mails() {
        std::ifstream in{inbox()};
        std::vector<Json> all;
        for (std::string line; std::getline(in, line);) all.push_back(Json::parse(line));
        return all;
    }

    static std::string header(const Json& mail, const std::string& name) {
        std::string found;
        for (const auto& one : mail["headers"]) {
            if (one[0] == name) found += (found.empty() ? "" : " and ") + one[1].get<std::string>();
        }
        return found;
    }

    static inline TemporaryFolder* folder_ = nullptr;
    static inline Program* sink_ = nullptr;
    static inline int port_ = 0;
};

TEST_F(RealMail, ArrivesThroughStarttlsAndLoginAsTextAndHtml) {
    auto what = payload();
    what.subject = "Žofie's renewal\r\nBcc: everybody@example.org";
    what.html = "<p>Žofie &amp; 株式会社</p>";
    const auto before = mails().size();
    EXPECT_EQ(told(post(receiver(), what, {.ca_file = folder_->file("good.pem")})), "delivered");
    ASSERT_EQ(mails().size(), before + 1);
    const auto mail = mails().back();
    EXPECT_EQ(mail["tls"], true);
    EXPECT_EQ(mail["from"], "retaind@example.org");
    EXPECT_EQ(mail["to"], Json::array({"ann@example.org"}));
    EXPECT_EQ(header(mail, "subject"), "Žofie's renewal  Bcc: everybody@example.org");
    EXPECT_EQ(header(mail, "bcc"), "");
    EXPECT_EQ(header(mail, "message-id"), "<0123456789abcdef0123456789abcdef@example.org>");
    EXPECT_EQ(header(mail, "from"), "Retaind <retaind@example.org>");
    EXPECT_EQ(header(mail, "to"), "ann@example.org");
    EXPECT_EQ(header(mail, "reply-to"), "Account team <team@example.org>");
    EXPECT_EQ(header(mail, "auto-submitted"), "auto-generated");
    EXPECT_THAT(header(mail, "date"), HasSubstr("+0000"));
    EXPECT_EQ(mail["type"], "multipart/alternative");
    EXPECT_EQ(mail["defects"], Json::array());
    EXPECT_EQ(mail["parts"]["text/plain"], what.text);
    EXPECT_EQ(mail["parts"]["text/html"].get<std::string>().substr(0, what.html.size()), what.html);
}

TEST_F(RealMail, AnUntrustedCertificateOrAWrongLoginSendsNothing) {
    const auto before = mails().size();
    EXPECT_EQ(told(post(receiver())), "retry tls") << "signed by nobody the system trusts";
    EXPECT_EQ(told(post(receiver(), payload(), {.ca_file = folder_->file("other.pem")})), "retry tls");
    auto wrong = receiver();
    wrong.password = {"guess"};
    const auto result = post(wrong, payload(), {.ca_file = folder_->file("good.pem")});
    EXPECT_EQ(told(result), "refused smtp_535");
    EXPECT_THAT(result.detail, Not(HasSubstr("guess")));
    auto without = receiver();
    without.user = "";
    EXPECT_EQ(told(post(without, payload(), {.ca_file = folder_->file("good.pem")})), "refused smtp_530");
    EXPECT_EQ(mails().size(), before);
}

TEST_F(RealMail, ACertificateForAnotherNameOrOutOfDateEndsAWebhook) {
    make_certificate("old", "IP:127.0.0.1", "2020-01-01");
    for (const auto& [certificate, expected] : std::vector<std::pair<std::string, std::string>>{
             {"good", "delivered"}, {"other", "retry tls"}, {"old", "retry tls"}}) {
        const int port = test::free_port();
        const Program server{{"/usr/bin/python3", support_folder + "tls_hook.py", std::to_string(port),
                              folder_->file(certificate + ".pem"), folder_->file(certificate + ".key")}};
        ASSERT_TRUE(server.ready());
        auto receiver = webhook(port);
        receiver.url = {fmt::format("https://127.0.0.1:{}/", port)};
        EXPECT_EQ(told(post(receiver, payload(), {.ca_file = folder_->file(certificate + ".pem")})), expected)
            << certificate;
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
