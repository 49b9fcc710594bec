// Mails to ten people through a server that fails at each verb in each way: none is lost, none is sent twice but where
// the server took it and could not say so, nobody waits for anybody else's trouble, and nothing is said in the clear.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/delivery_run.hpp"
#include "app/stored_outbox.hpp"
#include "support/certificates.hpp"
#include "support/mail_server.hpp"
#include "support/program.hpp"
#include "support/receivers.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using test::DeliveryRun;
using test::MailScript;
using test::MailServer;
using test::StoredOutbox;
using testing::HasSubstr;
using testing::Not;

constexpr int people = 10;
constexpr int unlucky = 3;  ///< whose mail meets with the fault
const std::string password = "pass word";

std::string address(int person) { return fmt::format("p{}@example.org", person); }

std::vector<Payload> one_each() {
    std::vector<Payload> mails;
    for (int person = 0; person < people; ++person) {
        auto mail = test::payload(fmt::format("{:032x}", person + 1));
        mail.receiver = "mail";
        mail.recipient = address(person);
        mails.push_back(mail);
    }
    return mails;
}

Outlets outlets_for(const ReceiverSettings& receiver, const DeliveryOptions& options = {}) {
    return {{"mail", {.sender = make_sender(receiver, options), .max_per_minute = 1000}}};
}

/// The first round is made in the order of the outbox, so that the connections are the people.
bool is_unlucky(int connection, const std::string&) { return connection == unlucky; }

struct Fault {
    std::string sentence;
    MailScript script;
    Seconds longest = 2h;  ///< to run
    int dead = 0;          ///< given up, and said so
    int twice = 0;         ///< sent again though the server had it
};

struct Sum {
    int cases = 0, mails = 0, lost = 0, repeated = 0;
};

/// Each mail that the server has, by who it is for: their ids.
std::map<std::string, std::vector<std::string>> ids_by_person(const MailServer& server) {
    std::map<std::string, std::vector<std::string>> ids;
    for (const auto& mail : server.taken()) ids[mail.recipient].push_back(test::message_id(mail.text));
    return ids;
}

void run_fault(const Fault& fault, Sum& sum) {
    SCOPED_TRACE(fault.sentence);
    StoredOutbox outbox;
    outbox.queue(one_each());
    auto script = fault.script;
    script.offers = "250-test\r\n250 AUTH PLAIN\r\n";
    MailServer server{script};
    auto receiver = test::mail(server.port(), script.silent ? 1s : test::patience);
    receiver.user = "user";
    receiver.password = {password};
    DeliveryRun run{outbox, outlets_for(receiver)};
    run.run(fault.longest);

    int lost = people, repeated = 0;
    for (const auto& [person, ids] : ids_by_person(server)) {
        --lost;
        repeated += static_cast<int>(ids.size()) - 1;
        EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1u) << "repeats are known by their Message-ID";
    }
    EXPECT_EQ(lost, fault.dead);
    EXPECT_EQ(repeated, fault.twice);
    EXPECT_EQ(outbox.number(DeliveryStatus::dead), static_cast<std::uint64_t>(fault.dead));
    EXPECT_EQ(outbox.number(DeliveryStatus::delivered), static_cast<std::uint64_t>(people - fault.dead));
    const auto at_once = std::ranges::count_if(
        run.events(), [](const auto& event) { return event.result == "delivered" && event.at == 0s; });
    EXPECT_EQ(at_once, people - 1) << "nobody else waits";
    sum.cases += 1;
    sum.mails += people;
    sum.lost += lost - fault.dead;
    sum.repeated += repeated;
}

std::vector<Fault> faults_met_once() {
    std::vector<Fault> faults;
    for (const std::string verb : {"greeting", "EHLO", "AUTH", "PASS", "MAIL", "RCPT", "DATA", "."}) {
        for (const std::string answer : {"421 busy", "451 later", "550 no", "554 spam"}) {
            faults.push_back({.sentence = verb + " answered once with " + answer,
                              .script = {.verb = verb, .answer = answer, .meets = is_unlucky}});
        }
        faults.push_back({.sentence = "cut once at " + verb,
                          .script = {.verb = verb, .meets = is_unlucky},
                          .twice = verb == "." ? 1 : 0});
    }
    faults.push_back({.sentence = "cut within the text", .script = {.verb = "inside", .meets = is_unlucky}});
    for (const std::string verb : {"greeting", "RCPT", "."}) {
        faults.push_back({.sentence = "silent once at " + verb,
                          .script = {.verb = verb, .silent = true, .meets = is_unlucky},
                          .twice = verb == "." ? 1 : 0});
    }
    return faults;
}

std::function<bool(int, const std::string&)> first_five_of_a_recipient() {
    const auto met = std::make_shared<std::set<int>>();
    return [met](int connection, const std::string& recipient) {
        if (recipient == address(unlucky) && met->size() < 5) met->insert(connection);
        return met->contains(connection);
    };
}

/// Of one recipient's mails only, since it is the recipient or the mail that the server minds.
std::vector<Fault> faults_of_a_recipient() {
    const auto always = [](int, const std::string& recipient) { return recipient == address(unlucky); };
    std::vector<Fault> faults;
    for (const std::string verb : {"RCPT", "DATA", "."}) {
        for (const std::string answer : {"550 no such user", "552 too large", "554 spam"}) {
            faults.push_back({.sentence = verb + " answered always with " + answer,
                              .script = {.verb = verb, .answer = answer, .meets = always},
                              .dead = 1});
        }
        for (const std::string answer : {"421 busy", "450 greylisted", "452 full"}) {
            faults.push_back({.sentence = verb + " answered five times with " + answer,
                              .script = {.verb = verb, .answer = answer, .meets = first_five_of_a_recipient()}});
        }
    }
    return faults;
}

TEST(MailFaults, LoseNothingAndDelayNobody) {
    Sum sum;
    for (const auto& fault : faults_met_once()) run_fault(fault, sum);
    for (const auto& fault : faults_of_a_recipient()) run_fault(fault, sum);
    EXPECT_EQ(sum.lost, 0);
    std::cout << fmt::format("N1: {} faults, {} mails, {} lost, {} sent twice", sum.cases, sum.mails, sum.lost,
                             sum.repeated)
              << std::endl;
}

TEST(MailFaults, ThreeRefusalsWithinAnHourGiveAMailUp) {
    StoredOutbox outbox;
    outbox.queue(one_each());
    MailServer server{{.verb = "RCPT", .answer = "550 no such user", .meets = [](int, const std::string& recipient) {
                           return recipient == address(unlucky);
                       }}};
    DeliveryRun run{outbox, outlets_for(test::mail(server.port()))};
    run.run(59min);
    EXPECT_EQ(outbox.number(DeliveryStatus::dead), 0u);
    run.run(2min);
    EXPECT_EQ(outbox.number(DeliveryStatus::dead), 1u);
    EXPECT_EQ(run.count("retry"), 2u);
    const auto undelivered = outbox.store().happened(outbox.clock().now()).value().undelivered;
    ASSERT_EQ(undelivered.size(), 1u) << "ops are told";
    EXPECT_EQ(undelivered[0].error_class, "smtp_550");
}

TEST(MailFaults, LaterIsTriedForThreeDaysAndThenGivenUpAloud) {
    StoredOutbox outbox;
    outbox.queue(one_each());
    MailServer server{{.verb = "RCPT", .answer = "450 later", .meets = [](int, const std::string& recipient) {
                           return recipient == address(unlucky);
                       }}};
    DeliveryRun run{outbox, outlets_for(test::mail(server.port()))};
    run.run(71h);
    EXPECT_EQ(outbox.number(DeliveryStatus::retry), 1u);
    EXPECT_EQ(outbox.number(DeliveryStatus::delivered), people - 1u);
    EXPECT_GT(run.count("retry"), 71u * 4) << "at least every quarter of an hour";
    run.run(2h);
    EXPECT_EQ(outbox.number(DeliveryStatus::dead), 1u);
    EXPECT_GE(run.events().back().at, 72h);
}

/// What can be read of the mails and the password in what was said.
void expect_nothing_told(const std::string& heard) {
    for (const std::string word : {"AUTH", "MAIL", "RCPT", "DATA", "Acme", "dXNlcg", "AHVzZXI", "pass"}) {
        EXPECT_THAT(heard, Not(HasSubstr(word)));
    }
}

TEST(MailFaults, NeverSpeakInTheClearWhereTlsIsRequired) {
    const std::string offered = "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";
    const std::vector<std::pair<std::string, MailScript>> cases = {
        {"STARTTLS was stripped", {.offers = "250-test\r\n250 AUTH PLAIN\r\n"}},
        {"all offers were stripped", {.verb = "EHLO", .answer = "502 what?"}},
        {"STARTTLS is refused for now", {.verb = "STAR", .answer = "454 not now", .offers = offered}},
        {"STARTTLS is refused", {.verb = "STAR", .answer = "502 no", .offers = offered}},
        {"STARTTLS is cut", {.verb = "STAR", .offers = offered}},
        {"nothing comes after STARTTLS", {.verb = "STAR", .answer = "220 go", .offers = offered}},
        {"more is said with its answer",
         {.verb = "STAR", .answer = "220 go\r\n235 welcome\r\n250 ok\r\n250 ok", .offers = offered}},
    };
    for (const auto& [sentence, script] : cases) {
        SCOPED_TRACE(sentence);
        StoredOutbox outbox;
        outbox.queue(one_each());
        MailServer server{script};
        auto receiver = test::mail(server.port());
        receiver.tls_required = true;
        receiver.user = "user";
        receiver.password = {password};
        DeliveryRun run{outbox, outlets_for(receiver)};
        run.run(10min, 30s);
        EXPECT_EQ(run.count("delivered"), 0u);
        EXPECT_EQ(outbox.number(DeliveryStatus::queued) + outbox.number(DeliveryStatus::retry), people + 0u)
            << "all wait for better times";
        expect_nothing_told(server.heard());
    }
    std::cout << "N1: " << cases.size() << " ways to keep TLS away, nothing said in the clear" << std::endl;
}

std::size_t lines_with(const std::string& path, const std::string& text) {
    std::ifstream in{path};
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);) lines += line.find(text) != line.npos ? 1 : 0;
    return lines;
}

TEST(MailFaults, AWrongCertificateHoldsMailsBackUntilItIsRight) {
    const test::Certificates made;
    made.make("good", "IP:127.0.0.1");
    made.make("other", "DNS:elsewhere.example.org");
    const test::TemporaryFolder folder;
    const auto inbox = folder.file("inbox.jsonl");
    const int port = test::free_port();
    const test::Program sink{{std::getenv("RETAIND_PYTHON"),
                              std::string{std::getenv("RETAIND_ROOT")} + "/tests/support/mail_sink.py",
                              std::to_string(port), inbox, "--tls", made.certificate("good"), made.key("good"),
                              "--login", "user", password}};
    ASSERT_TRUE(sink.ready());
    auto receiver = test::mail(port);
    receiver.tls_required = true;
    receiver.user = "user";
    receiver.password = {password};
    StoredOutbox outbox;
    outbox.queue(one_each());
    DeliveryRun run{outbox, outlets_for(receiver, {.ca_file = made.certificate("other")})};
    run.run(10min, 30s);
    EXPECT_EQ(run.count("delivered"), 0u);
    EXPECT_EQ(lines_with(inbox, ""), 0u);
    run.deliverer().replace(outlets_for(receiver, {.ca_file = made.certificate("good")}));
    run.run(20min);
    EXPECT_EQ(outbox.number(DeliveryStatus::delivered), people + 0u);
    EXPECT_EQ(lines_with(inbox, "\"tls\": true"), people + 0u);
}

}  // namespace
}  // namespace retaind
