// What is rendered for Alertmanager, sent to a real one: it takes it, counts the same alert once, and lets it end.
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "edge/delivery/delivery.hpp"
#include "edge/render/render.hpp"
#include "support/loopback_server.hpp"
#include "support/program.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using Json = nlohmann::json;
using test::output_of;
using testing::ElementsAre;
using testing::SizeIs;

Instant real_now() { return std::chrono::floor<Seconds>(std::chrono::system_clock::now()); }

AlertNote note_on(const std::string& customer) {
    return {.key = {.rule = "health_low", .scope = Scope::customer, .entity = customer},
            .episode = 1,
            .seq = 1,
            .transition = Transition::fired,
            .severity = Severity::warning,
            .customer_id = customer,
            .customer_name = "Ada \"the first\" <Ltd>\n",
            .segment = "north",
            .message = "Ada Ltd: health is 31 of 100.",
            .reasons = {"health < 40 (31)"},
            .since = std::chrono::floor<std::chrono::days>(real_now()) - std::chrono::days{3},
            .revenue = 120'000};
}

/// A server of our own, on loopback, that tells nobody.
class Alertmanager {
public:
    Alertmanager() {
        const std::string config = folder_.file("alertmanager.yml");
        output_of({"sh", "-c", "printf 'route: {receiver: nobody}\\nreceivers: [{name: nobody}]\\n' > " + config});
        program_ = std::make_unique<test::Program>(
            std::vector<std::string>{"sh", "-c",
                                     fmt::format("exec prometheus-alertmanager --config.file={} --storage.path={} "
                                                 "--web.listen-address=127.0.0.1:{} --cluster.listen-address= 2>&1",
                                                 config, folder_.file("data"), port_)});
        EXPECT_TRUE(holds([&] { return !alerts().is_null(); }));
    }

    SendResult send(const std::vector<AlertNote>& notes, Instant now = real_now()) {
        const Message message{.receiver = "am", .as_of = std::chrono::floor<std::chrono::days>(now), .notes = notes};
        const ReceiverSettings receiver{
            .name = "am", .type = ReceiverType::alertmanager, .url = {fmt::format("http://127.0.0.1:{}/", port_)}};
        const Payload payload = render(message, {.receiver = receiver,
                                                 .external_url = "https://retaind.example.org",
                                                 .currency = "EUR",
                                                 .now = now,
                                                 .interval = Seconds{60}});
        return make_sender(receiver)->send(payload);
    }

    /// What amtool shows as active; null while the server does not answer.
    Json alerts() {
        try {
            return Json::parse(output_of({"amtool", fmt::format("--alertmanager.url=http://127.0.0.1:{}", port_),
                                          "alert", "query", "--output=json"}));
        } catch (const std::exception&) {
            return nullptr;
        }
    }

    /// Asks again and again; what is asked takes its time.
    static bool holds(const std::function<bool()>& what) {
        const auto end = std::chrono::steady_clock::now() + Seconds{30};
        while (!what()) {
            if (std::chrono::steady_clock::now() > end) return false;
        }
        return true;
    }

    std::vector<std::string> severities() {
        std::vector<std::string> found;
        for (const Json& alert : alerts()) found.push_back(alert["labels"]["severity"].get<std::string>());
        return found;
    }

private:
    test::TemporaryFolder folder_;
    int port_ = test::free_port();
    std::unique_ptr<test::Program> program_;
};

TEST(Alertmanager, ReceivesCountsOnceAndResolves) {
    Alertmanager server;
    ASSERT_EQ(server.send({note_on("c1"), note_on("c2")}).outcome, SendResult::Outcome::delivered);
    Json alerts = server.alerts();
    ASSERT_THAT(alerts, SizeIs(2));
    EXPECT_EQ(alerts[0]["labels"], (Json{{"job", "retaind"},
                                         {"alertname", "health_low"},
                                         {"severity", "warning"},
                                         {"scope", "customer"},
                                         {"entity", alerts[0]["labels"]["entity"]},
                                         {"customer_id", alerts[0]["labels"]["entity"]},
                                         {"segment", "north"}}));
    EXPECT_EQ(alerts[0]["annotations"]["revenue"], "1,200 EUR a year");
    EXPECT_EQ(alerts[0]["annotations"]["reasons"], "health < 40 (31)");
    EXPECT_EQ(alerts[0]["generatorURL"], "https://retaind.example.org");
    AlertNote again = note_on("c1");
    again.telling = Telling::restated;
    again.message = "Ada Ltd: health is 30 of 100.";
    ASSERT_EQ(server.send({again}).outcome, SendResult::Outcome::delivered);
    EXPECT_THAT(server.alerts(), SizeIs(2)) << "sent again, it is the same alert";
    AlertNote over = note_on("c1");
    over.transition = Transition::resolved;
    over.phase = AlertPhase::resolved;
    ASSERT_EQ(server.send({over}).outcome, SendResult::Outcome::delivered);
    EXPECT_TRUE(Alertmanager::holds([&] { return server.alerts().size() == 1; })) << "ended";
    EXPECT_EQ(server.alerts()[0]["labels"]["entity"], "c2");
}

TEST(Alertmanager, LetsAnAlertEndThatIsNotSentAgain) {
    Alertmanager server;
    constexpr Seconds believed{5 * 60};
    ASSERT_EQ(server.send({note_on("c1")}, real_now() - believed + Seconds{8}).outcome, SendResult::Outcome::delivered);
    EXPECT_THAT(server.alerts(), SizeIs(1));
    EXPECT_TRUE(Alertmanager::holds([&] { return server.alerts().empty(); }));
}

TEST(Alertmanager, KnowsOneSeverityAtATime) {
    Alertmanager server;
    ASSERT_EQ(server.send({note_on("c1")}).outcome, SendResult::Outcome::delivered);
    EXPECT_THAT(server.severities(), ElementsAre("warning"));
    AlertNote worse = note_on("c1");
    worse.severity = Severity::critical;
    worse.transition = Transition::escalated;
    ASSERT_EQ(server.send({worse}).outcome, SendResult::Outcome::delivered);
    EXPECT_TRUE(Alertmanager::holds([&] { return server.severities() == std::vector<std::string>{"critical"}; }));
}

TEST(Alertmanager, TakesThousandsInBoundedCalls) {
    Alertmanager server;
    std::vector<AlertNote> notes;
    for (int at = 0; at < 1201; ++at) notes.push_back(note_on(fmt::format("c{}", at)));
    ASSERT_EQ(server.send(notes).outcome, SendResult::Outcome::delivered);
    EXPECT_THAT(server.alerts(), SizeIs(1201));
}

}  // namespace
}  // namespace retaind
