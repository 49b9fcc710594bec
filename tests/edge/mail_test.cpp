// Mail against servers that answer well, badly, late or not at all.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edge/delivery/delivery.hpp"
#include "support/certificates.hpp"
#include "support/loopback_server.hpp"
#include "support/mail_server.hpp"
#include "support/program.hpp"
#include "support/receivers.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using Json = nlohmann::json;
using test::Certificates;
using test::LoopbackServer;
using test::mail;
using test::MailScript;
using test::MailServer;
using test::message_id;
using test::name_of;
using test::payload;
using test::Peer;
using test::post;
using test::Program;
using test::seconds_since;
using test::TemporaryFolder;
using test::told;
using testing::HasSubstr;
using testing::Not;

const std::string support_folder = std::string{std::getenv("RETAIND_ROOT")} + "/tests/support/";

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

TEST(Mail, AnEarlierNoDoesNotMakeARefusalOfACut) {
    LoopbackServer server{[](Peer& peer) {
        peer.say("220 test\r\n");
        if (peer.line()->starts_with("EHLO")) peer.say("502 not so\r\n");
        peer.line();  // HELO
    }};
    EXPECT_EQ(told(post(mail(server.port()))), "retry connection_lost");
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

TEST(Mail, AMailHasOneRecipient) {
    MailServer server{{}};
    auto what = payload();
    what.recipient = "a@x.org, b@x.org";
    EXPECT_EQ(told(post(mail(server.port()), what)), "refused bad_address");
}

/// An aiosmtpd that insists on TLS and on a login.
class RealMail : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        certificates_ = new Certificates;
        certificates_->make("good", "IP:127.0.0.1,DNS:localhost");
        certificates_->make("other", "DNS:elsewhere.example.org");
        port_ = test::free_port();
        sink_ = new Program{{"/usr/bin/python3", support_folder + "mail_sink.py", std::to_string(port_), inbox(),
                             "--tls", certificates_->certificate("good"), certificates_->key("good"), "--login", "user",
                             "pass word"}};
    }
    static void TearDownTestSuite() {
        delete sink_;
        delete certificates_;
        delete folder_;
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
    static inline Certificates* certificates_ = nullptr;
    static inline Program* sink_ = nullptr;
    static inline int port_ = 0;
};

TEST_F(RealMail, ArrivesThroughStarttlsAndLoginAsTextAndHtml) {
    auto what = payload();
    what.subject = "Žofie's renewal\r\nBcc: everybody@example.org";
    what.html = "<p>Žofie &amp; 株式会社</p>";
    const auto before = mails().size();
    EXPECT_EQ(told(post(receiver(), what, {.ca_file = certificates_->certificate("good")})), "delivered");
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
    EXPECT_EQ(told(post(receiver(), payload(), {.ca_file = certificates_->certificate("other")})), "retry tls");
    auto wrong = receiver();
    wrong.password = {"guess"};
    const auto result = post(wrong, payload(), {.ca_file = certificates_->certificate("good")});
    EXPECT_EQ(told(result), "refused smtp_535");
    EXPECT_THAT(result.detail, Not(HasSubstr("guess")));
    auto without = receiver();
    without.user = "";
    EXPECT_EQ(told(post(without, payload(), {.ca_file = certificates_->certificate("good")})), "refused smtp_530");
    EXPECT_EQ(mails().size(), before);
}

}  // namespace
}  // namespace retaind
