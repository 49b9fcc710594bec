// Receivers that are down, slow, or want to be left alone for a while, over real sockets: what waits for them, in which
// order and how fast it leaves when they are back, and that nobody else notices.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/delivery_run.hpp"
#include "app/stored_outbox.hpp"
#include "support/loopback_server.hpp"
#include "support/memory.hpp"
#include "support/receivers.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using test::DeliveryRun;
using test::LoopbackServer;
using test::Peer;
using test::StoredOutbox;
using testing::ElementsAre;
using testing::Ge;
using testing::Le;

const std::string taken = "HTTP/1.1 204 No Content\r\n\r\n";

Outlet outlet_at(const LoopbackServer& server, int max_per_minute = 100'000, Seconds timeout = test::patience) {
    return {.sender = make_sender(test::webhook(server.port(), timeout)), .max_per_minute = max_per_minute};
}

Payload message(const std::string& receiver, int number, const std::string& recipient = "") {
    const auto id = fmt::format("{}-{}-{}", receiver, recipient, number);
    return {.delivery_id = id, .receiver = receiver, .recipient = recipient, .json = "{}"};
}

/// Who asked for what, and when by the made-up clock.
class Arrivals {
public:
    struct Arrival {
        std::string id;
        Seconds at;
    };

    explicit Arrivals(StoredOutbox& outbox) : outbox_(outbox) {}

    std::size_t note(const std::string& id) {
        const std::lock_guard hold{guard_};
        all_.push_back({id, outbox_.clock().now() - Instant{StoredOutbox::day}});
        return all_.size() - 1;
    }
    std::vector<Arrival> all() const {
        const std::lock_guard hold{guard_};
        return all_;
    }
    std::vector<Seconds> times() const {
        std::vector<Seconds> times;
        for (const auto& arrival : all()) times.push_back(arrival.at);
        return times;
    }

private:
    StoredOutbox& outbox_;
    mutable std::mutex guard_;
    std::vector<Arrival> all_;
};

// -- when it is tried again -----------------------------------------------------------------------------------------

struct Script {
    std::string sentence;
    std::vector<std::string> answers;  ///< one for each try; "": hangs up, "RST": resets; then all is well
    std::vector<testing::Matcher<Seconds>> tries;
    DeliveryStatus end = DeliveryStatus::delivered;
};

std::string status(const std::string& line) { return "HTTP/1.1 " + line + "\r\nContent-Length: 0\r\n\r\n"; }

std::vector<Script> scripts() {
    const auto within = [](Seconds from, Seconds to) { return testing::AllOf(Ge(from), Le(to)); };
    const auto slow_down = [](const std::string& after) { return status("429 Slow\r\nRetry-After: " + after); };
    const auto thrice = [](const std::string& answer) { return std::vector<std::string>(3, status(answer)); };
    const auto dead = DeliveryStatus::dead;
    return {
        {"done", {status("200 OK")}, {0s}},
        {"taken", {status("202 Accepted")}, {0s}},
        {"moved", thrice("301 Moved\r\nLocation: /other"), {0s, 1800s, 3600s}, dead},
        {"bad", thrice("400 Bad"), {0s, 1800s, 3600s}, dead},
        {"not allowed", thrice("401 No"), {0s, 1800s, 3600s}, dead},
        {"too large", thrice("413 Large"), {0s, 1800s, 3600s}, dead},
        {"refused twice only", {status("404 No"), status("404 No")}, {0s, 1800s, 3600s}},
        {"too slow", {status("408 Timeout")}, {0s, 1s}},
        {"too early", {status("425 Early")}, {0s, 1s}},
        {"too many", {status("429 Slow")}, {0s, 1s}},
        {"broken four times",
         std::vector<std::string>(4, status("500 Oops")),
         {0s, 1s, within(2s, 3s), within(3s, 7s), within(4s, 15s)}},
        {"no way through",
         {status("502 No"), status("503 No"), status("504 No")},
         {0s, 1s, within(2s, 3s), within(3s, 7s)}},
        {"reset", {"RST"}, {0s, 1s}},
        {"hung up", {""}, {0s, 1s}},
        {"garbage", {"SSH-2.0-OpenSSH_9.2\r\n"}, {0s, 1s}},
        {"asks for 17 seconds", {slow_down("17")}, {0s, 17s}},
        {"asks for an hour", {slow_down("3600")}, {0s, 3600s}},
        {"asks for two hours", {slow_down("7200")}, {0s, 3600s}},
        {"asks for ages", {slow_down("99999999999999999999999")}, {0s, within(1s, 3600s)}},
        {"asks for another century", {slow_down("Fri, 31 Dec 2100 23:59:59 GMT")}, {0s, 3600s}},
        {"asks for the past", {slow_down("Sun, 06 Nov 1994 08:49:37 GMT")}, {0s, 1s}},
        {"asks for less than nothing", {slow_down("-17")}, {0s, 1s}},
        {"asks for nonsense", {slow_down("soon")}, {0s, 1s}},
        {"asks twice", {slow_down("40"), slow_down("50")}, {0s, 40s, 90s}},
    };
}

TEST(WebhookFaults, AreTriedAgainWhenTheyShould) {
    int lost = 0, repeated = 0;
    for (const Script& script : scripts()) {
        SCOPED_TRACE(script.sentence);
        StoredOutbox outbox;
        outbox.queue({message("hook", 1)});
        Arrivals arrivals{outbox};
        LoopbackServer server{[&](Peer& peer) {
            const auto request = test::read_request(peer);
            const auto number = arrivals.note(request.headers.at("idempotency-key"));
            const auto answer = number < script.answers.size() ? script.answers[number] : taken;
            if (answer == "RST") return peer.reset();
            peer.say(answer);
        }};
        DeliveryRun run{outbox, {{"hook", outlet_at(server)}}};
        run.run(3h);
        EXPECT_THAT(arrivals.times(), testing::ElementsAreArray(script.tries));
        EXPECT_EQ(outbox.number(script.end), 1u);
        lost += outbox.number(script.end) == 1 ? 0 : 1;
        repeated += static_cast<int>(run.count("delivered")) > 1 ? 1 : 0;
    }
    std::cout << fmt::format("N3: {} webhooks in made-up time, {} lost, {} sent twice", scripts().size(), lost,
                             repeated)
              << std::endl;
}

TEST(WebhookFaults, WhoAsksForAPauseIsGivenItForAllMessages) {
    StoredOutbox outbox;
    outbox.queue({message("hook", 1, "a"), message("hook", 2, "b"), message("hook", 3, "a"), message("other", 4)});
    Arrivals arrivals{outbox}, others{outbox};
    LoopbackServer server{[&](Peer& peer) {
        const bool first = arrivals.note(test::read_request(peer).headers.at("idempotency-key")) == 0;
        peer.say(first ? status("429 Slow\r\nRetry-After: 40") : taken);
    }};
    LoopbackServer other{[&](Peer& peer) {
        others.note(test::read_request(peer).headers.at("idempotency-key"));
        peer.say(taken);
    }};
    DeliveryRun run{outbox, {{"hook", outlet_at(server)}, {"other", outlet_at(other)}}};
    run.run(1h);
    EXPECT_THAT(arrivals.times(), ElementsAre(0s, 40s, 40s, 40s));
    EXPECT_THAT(others.times(), ElementsAre(0s));
}

// -- a day without the receiver -------------------------------------------------------------------------------------

constexpr int outage_hours = 24, each_hour = 15, persons = 6, per_minute = 30;

#ifdef __SANITIZE_ADDRESS__
constexpr long most_grown = (64 + 256) << 10;  ///< KiB; the second is what AddressSanitizer keeps of freed memory
#else
constexpr long most_grown = 64 << 10;
#endif

/// The most that arrived within one minute.
std::ptrdiff_t busiest_minute(const std::vector<Arrivals::Arrival>& arrivals) {
    std::ptrdiff_t most = 0;
    for (auto first = arrivals.begin(); first != arrivals.end(); ++first) {
        const auto end =
            std::ranges::find_if(first, arrivals.end(), [&](const auto& one) { return one.at >= first->at + 60s; });
        most = std::max(most, end - first);
    }
    return most;
}

struct Outage {
    std::string sentence;
    bool is_closed = false;  ///< connections are refused; else the answer is `answer`
    std::string answer = {};
};

using Ids = std::map<std::string, std::vector<std::string>>;  ///< by person, in order

/// One hour's messages, now in the outbox, too.
void queue_hour(StoredOutbox& outbox, int hour, Ids& queued) {
    std::vector<Payload> messages;
    for (int number = 0; number < each_hour; ++number) {
        const auto person = fmt::format("p{}", number % persons);
        messages.push_back(message("hook", hour * each_hour + number, person));
        queued[person].push_back(messages.back().delivery_id);
    }
    outbox.queue(messages);
}

TEST(Outage, OfADayLosesNothingKeepsOrderAndEndsAtTheReceiversPace) {
    const std::vector<Outage> outages = {{"connections are refused", true},
                                         {"it says that it is down", false, status("503 Down")}};
    for (const Outage& outage : outages) {
        SCOPED_TRACE(outage.sentence);
        StoredOutbox outbox;
        Arrivals tried{outbox}, got{outbox};
        std::atomic<bool> is_back = false;
        LoopbackServer server{[&](Peer& peer) {
                                  const auto id = test::read_request(peer).headers.at("idempotency-key");
                                  tried.note(id);
                                  if (is_back) got.note(id);
                                  peer.say(is_back ? taken : outage.answer);
                              },
                              outage.is_closed ? LoopbackServer::Door::closed : LoopbackServer::Door::open};
        DeliveryRun run{outbox, {{"hook", outlet_at(server, per_minute)}}};
        test::peak_memory();
        const long before = test::peak_memory();

        Ids queued;
        for (int hour = 0; hour < outage_hours; ++hour) {
            queue_hour(outbox, hour, queued);
            run.run(1h, 5min);
        }
        const auto failures = run.count("retry");
        is_back = true;
        if (outage.is_closed) server.open();
        run.run(2h);

        Ids arrived;
        for (const auto& one : got.all()) arrived[one.id.substr(5, 2)].push_back(one.id);  // hook-p1-...
        EXPECT_EQ(arrived, queued) << "each once, and in its person's order";
        EXPECT_LE(busiest_minute(tried.all()), per_minute);
        EXPECT_LT(failures, outage_hours * 60u / 4) << "it is asked now and then, not hammered at";
        const long grown = test::peak_memory() - before;
        EXPECT_LT(grown, most_grown) << "KiB";
        std::cout << fmt::format(
                         "N4 (small), {}: {} messages, {} failed tries, {} arrived, busiest minute {} of {}, "
                         "drained in {} min, memory grew by {} KiB",
                         outage.sentence, outage_hours * each_hour, failures, got.all().size(),
                         busiest_minute(tried.all()), per_minute, (run.events().back().at - outage_hours * 1h) / 1min,
                         grown)
                  << std::endl;
    }
}

// -- beside slow receivers ------------------------------------------------------------------------------------------

constexpr int well_messages = 100;
constexpr Seconds deadline{3};  ///< of 60

/// Silent and dripping receivers beside two that are well. The slow ones have enough to be busy all the while.
class Neighbours {
public:
    explicit Neighbours(bool with_slow_ones) {
        std::vector<Payload> payloads;
        for (int number = 0; number < well_messages; ++number) {
            payloads.push_back(message("well-1", number, fmt::format("p{}", number % 5)));
            payloads.push_back(message("well-2", number));
        }
        for (int number = 0; with_slow_ones && number < 5; ++number) {
            for (const std::string name : {"silent", "dripping"})
                payloads.insert(payloads.begin(), message(name, number, fmt::format("p{}", number)));
        }
        waiting_ = payloads.size();
        outbox_.queue(payloads);
    }

    struct Figures {
        double p99 = 0;  ///< seconds from one delivery to the next, the second longest of both together
        double stop = 0;
    };

    Figures measure() {
        Outlets outlets = {{"well-1", outlet_at(well_)},
                           {"well-2", outlet_at(well_)},
                           {"silent", outlet_at(silent_, 100'000, deadline)},
                           {"dripping", outlet_at(dripping_, 100'000, deadline)}};
        Deliverer deliverer{
            outbox_.store(), outlets, outbox_.clock(), {.on_result = [this](auto& who, auto&) { note(who); }}};
        {
            std::unique_lock lock{guard_};
            all_well_.wait_for(lock, test::patience, [this] { return gaps_.size() >= 2 * well_messages; });
        }
        const auto start = std::chrono::steady_clock::now();
        deliverer.stop();
        const double stop = test::seconds_since(start);
        const std::lock_guard lock{guard_};
        EXPECT_EQ(gaps_.size(), 2u * well_messages) << "all of those who are well";
        std::ranges::sort(gaps_);
        return {.p99 = gaps_[gaps_.size() * 99 / 100], .stop = stop};
    }

    /// Once the slow receivers are well, too.
    std::uint64_t lost() {
        Outlets outlets;
        for (const std::string name : {"well-1", "well-2", "silent", "dripping"}) outlets[name] = outlet_at(well_);
        DeliveryRun{outbox_, outlets}.run(1h);
        return waiting_ - outbox_.number(DeliveryStatus::delivered);
    }

private:
    void note(const std::string& receiver) {
        const std::lock_guard lock{guard_};
        if (!receiver.starts_with("well")) return;
        const auto now = std::chrono::steady_clock::now();
        auto& last = last_.try_emplace(receiver, started_).first->second;
        gaps_.push_back(std::chrono::duration<double>(now - last).count());
        last = now;
        if (gaps_.size() == 2 * well_messages) all_well_.notify_all();
    }

    StoredOutbox outbox_;
    LoopbackServer well_{[](Peer& peer) {
        test::read_request(peer);
        peer.say(taken);
    }};
    LoopbackServer silent_{[](Peer& peer) { peer.until_gone(); }};
    LoopbackServer dripping_{[](Peer& peer) { peer.drip("HTTP/1.1 100 Continue\r\n\r\n", 50ms); }};
    std::mutex guard_;
    std::condition_variable all_well_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::map<std::string, std::chrono::steady_clock::time_point> last_;
    std::vector<double> gaps_;
    std::size_t waiting_ = 0;
};

TEST(SlowNeighbours, DelayNobodyAndEndAtAStop) {
    constexpr double floor = 0.05;
    double alone = 0, beside = 0;
    for (int round = 0; round < 3; ++round) {
        alone = Neighbours{false}.measure().p99;
        Neighbours neighbours{true};
        const auto figures = neighbours.measure();
        beside = figures.p99;
        EXPECT_LT(figures.stop, 1.5);
        EXPECT_EQ(neighbours.lost(), 0u);
        if (beside < std::max(floor, 2 * alone)) break;
    }
    EXPECT_LT(beside, std::max(floor, 2 * alone));
    std::cout << fmt::format("N2: p99 between deliveries {:.1f} ms beside slow receivers, {:.1f} ms without",
                             beside * 1e3, alone * 1e3)
              << std::endl;
}

}  // namespace
}  // namespace retaind
