// The deliverer over the real store, with receivers and failures made up: what is decided is delivered, whatever
// happens in between.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/deliver.hpp"
#include "app/stored_outbox.hpp"
#include "support/failing_store.hpp"
#include "support/set_clock.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using test::FailingStore;
using test::SetClock;
using test::StoredOutbox;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Outcome = SendResult::Outcome;

constexpr Seconds patience = 20s;  ///< for what happens at once

/// Answers as it is told.
class ScriptedSender final : public Sender {
public:
    explicit ScriptedSender(std::function<SendResult(const Payload&)> answer = {}) : answer_(std::move(answer)) {}

    SendResult send(const Payload& payload) override {
        const std::lock_guard lock(mutex_);
        sent_.push_back(payload.delivery_id);
        return answer_ ? answer_(payload) : SendResult{};
    }
    void stop() override {}
    std::vector<std::string> sent() const {
        const std::lock_guard lock(mutex_);
        return sent_;
    }

private:
    std::function<SendResult(const Payload&)> answer_;
    mutable std::mutex mutex_;
    std::vector<std::string> sent_;
};

/// A receiver that says nothing until it is stopped.
class SilentSender final : public Sender {
public:
    SendResult send(const Payload&) override {
        std::unique_lock lock(mutex_);
        sending_ = true;
        changed_.notify_all();
        if (!changed_.wait_for(lock, patience, [this] { return stopped_; })) return {.outcome = Outcome::retry};
        return {.outcome = Outcome::abandoned};
    }
    void stop() override {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }
    bool wait_for_send() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [this] { return sending_; });
    }
    bool stopped() {
        const std::lock_guard lock(mutex_);
        return stopped_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool sending_ = false, stopped_ = false;
};

Payload payload(const std::string& id, const std::string& receiver = "hook", const std::string& recipient = "") {
    return {.delivery_id = id, .receiver = receiver, .recipient = recipient, .json = "{}"};
}

class DelivererOverStore : public testing::Test {
protected:
    DelivererOverStore() : failing_(store_) {}

    void queue(std::vector<Payload> payloads) { outbox_.queue(std::move(payloads)); }

    /// Results go into `results_`. The outbox is looked at again at once, also after a failure, and an hour passes each
    /// time: whatever waits is due.
    DelivererOptions options() {
        return {.look_again = 0s,
                .after_failure = 0s,
                .on_result =
                    [this](const std::string& receiver, const std::string& result) {
                        const std::lock_guard lock(mutex_);
                        results_.push_back(receiver + " " + result);
                    },
                .on_outbox =
                    [this](const std::vector<OutboxCount>& counts, std::uint64_t) {
                        clock_.advance(1h);
                        const std::lock_guard lock(mutex_);
                        counts_ = counts;
                        changed_.notify_all();
                    }};
    }

    bool wait_for(DeliveryStatus status, std::uint64_t messages) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return StoredOutbox::number(counts_, status) == messages; });
    }

    std::vector<std::string> results() {
        const std::lock_guard lock(mutex_);
        return results_;
    }

    StoredOutbox outbox_;
    StateStore& store_ = outbox_.store();
    SetClock& clock_ = outbox_.clock();
    FailingStore failing_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<OutboxCount> counts_;
    std::vector<std::string> results_;
};

TEST_F(DelivererOverStore, AResultThatCouldNotBeStoredIsStoredLaterAndHoldsNobodyBack) {
    queue({payload("a"), payload("b")});
    failing_.settles_to_fail = 3;
    const auto sender = std::make_shared<ScriptedSender>();
    Deliverer deliverer{failing_, {{"hook", {.sender = sender}}}, clock_, options()};
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 2));
    deliverer.stop();
    EXPECT_THAT(sender->sent(), ElementsAre("a", "b")) << "each once";
    EXPECT_EQ(failing_.claims_while_unsettled, 0) << "nothing new is claimed while a result is not stored";
}

TEST_F(DelivererOverStore, AnOutboxThatFillsUpIsSaidOnceAndAgainAfterItWasEmptied) {
    const auto sender = std::make_shared<ScriptedSender>();
    const Outlets closed = {{"hook", {.sender = sender, .max_per_minute = 0}}};
    const std::string four[] = {"a", "b", "c", "d"};
    std::vector<Payload> first, second;
    for (const auto& id : four) {
        first.push_back(payload(id));
        second.push_back(payload(id + "2"));
    }
    queue(first);
    int reports = 0;
    auto watched = options();
    watched.limits.rows = 5;
    watched.on_outbox = [&, base = watched.on_outbox](const std::vector<OutboxCount>& counts, std::uint64_t bytes) {
        base(counts, bytes);
        const std::lock_guard lock(mutex_);
        ++reports;
    };
    const auto see_three_reports = [&] {
        std::unique_lock lock(mutex_);
        const int enough = reports + 3;
        return changed_.wait_for(lock, patience, [&] { return reports >= enough; });
    };
    testing::internal::CaptureStderr();
    Deliverer deliverer{failing_, closed, clock_, watched};
    EXPECT_TRUE(see_three_reports());
    deliverer.replace({{"hook", {.sender = sender}}});
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 4));
    EXPECT_TRUE(see_three_reports());
    deliverer.replace(closed);
    outbox_.queue_beside(second);
    EXPECT_TRUE(wait_for(DeliveryStatus::queued, 4));
    EXPECT_TRUE(see_three_reports());
    deliverer.stop();
    const std::string said = testing::internal::GetCapturedStderr();
    const std::string warning = "the outbox is 80 % full";
    const auto once = said.find(warning), again = said.find(warning, once + 1);
    EXPECT_NE(once, said.npos) << said;
    EXPECT_NE(again, said.npos) << said;
    EXPECT_EQ(said.find(warning, again + 1), said.npos) << said;
}

TEST_F(DelivererOverStore, AResultIsStoredOnTheWayOutIfNotBefore) {
    queue({payload("a")});
    failing_.settles_to_fail = 1;
    const auto sender = std::make_shared<ScriptedSender>();
    auto slow = options();
    slow.after_failure = 3600s;
    Deliverer deliverer{failing_, {{"hook", {.sender = sender}}}, clock_, slow};
    EXPECT_FALSE(deliverer.wait_until_idle(patience).ok());
    deliverer.stop();
    EXPECT_EQ(outbox_.number(DeliveryStatus::delivered), 1u);
}

TEST_F(DelivererOverStore, OnlyRefusalsInARowGiveAMessageUp) {
    queue({payload("a")});
    const std::vector<Outcome> script = {Outcome::retry, Outcome::retry,   Outcome::refused, Outcome::refused,
                                         Outcome::retry, Outcome::refused, Outcome::refused, Outcome::refused};
    std::size_t next = 0;
    const auto sender = std::make_shared<ScriptedSender>([&](const Payload&) {
        clock_.advance(1h);
        return SendResult{.outcome = script.at(next++), .error_class = "http_404"};
    });
    Deliverer deliverer{failing_, {{"hook", {.sender = sender}}}, clock_, options()};
    EXPECT_TRUE(wait_for(DeliveryStatus::dead, 1));
    deliverer.stop();
    EXPECT_EQ(next, script.size());
    EXPECT_EQ(results().back(), "hook dead");
}

TEST_F(DelivererOverStore, OrderlyStopsCostAMessageNothing) {
    queue({payload("a")});
    for (int run = 0; run < 5; ++run) {
        const auto silent = std::make_shared<SilentSender>();
        Deliverer deliverer{failing_, {{"hook", {.sender = silent}}}, clock_, options()};
        ASSERT_TRUE(silent->wait_for_send()) << "run " << run;
        deliverer.stop();
    }
    const auto claimed = *store_.claim(clock_.now(), {}, 1);
    ASSERT_EQ(claimed.size(), 1u);
    EXPECT_EQ(claimed[0].attempts, 0);
    EXPECT_EQ(claimed[0].claims, 1) << "the one just made";
}

TEST_F(DelivererOverStore, AMessageThatNoRunSurvivesIsPutAsideAloudAndTheNextGoesOut) {
    queue({payload("poison"), payload("good")});
    for (int crash = 0; crash < 3; ++crash) {
        ASSERT_EQ(store_.claim(clock_.now(), {}, 1)->size(), 1u);
        ASSERT_EQ(*store_.recover(clock_.now()), 1u);
    }
    const auto sender = std::make_shared<ScriptedSender>();
    Deliverer deliverer{failing_, {{"hook", {.sender = sender}}}, clock_, options()};
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 1));
    deliverer.stop();
    EXPECT_THAT(sender->sent(), ElementsAre("good"));
    EXPECT_THAT(results(), ElementsAre("hook quarantined", "hook delivered"));
    EXPECT_EQ(outbox_.number(DeliveryStatus::quarantined), 1u);
}

TEST_F(DelivererOverStore, AReceiverThatIsGoneIsSaid) {
    queue({payload("a", "gone"), payload("b")});
    const auto sender = std::make_shared<ScriptedSender>();
    Deliverer deliverer{failing_, {{"hook", {.sender = sender}}}, clock_, options()};
    EXPECT_TRUE(wait_for(DeliveryStatus::dead, 1));
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 1));
    deliverer.stop();
    EXPECT_THAT(results(), UnorderedElementsAre("gone dead", "hook delivered"));
}

TEST_F(DelivererOverStore, AStopEndsSendersThatAReloadHasReplaced) {
    queue({payload("a")});
    const auto before = std::make_shared<SilentSender>(), after = std::make_shared<SilentSender>();
    Deliverer deliverer{failing_, {{"hook", {.sender = before}}}, clock_, options()};
    ASSERT_TRUE(before->wait_for_send());
    deliverer.replace({{"hook", {.sender = after}}});
    deliverer.stop();
    EXPECT_TRUE(before->stopped());
}

TEST_F(DelivererOverStore, AReloadMayShortenHowLongTheStateKeepsWhat) {
    queue({payload("a")});
    clock_.advance(48h);
    DelivererOptions still = options();
    still.look_again = 1h;
    still.on_outbox = [this](const std::vector<OutboxCount>& counts, std::uint64_t) {
        const std::lock_guard lock(mutex_);
        counts_ = counts;
        changed_.notify_all();
    };
    Deliverer deliverer{failing_, {{"hook", {.sender = std::make_shared<ScriptedSender>()}}}, clock_, still};
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 1));
    deliverer.keep({.payloads = 24h});
    deliverer.wake();
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, 0));
}

TEST_F(DelivererOverStore, NobodyWaitsForPruning) {
    std::promise<void> begun, end;
    std::shared_future<void> may_end{end.get_future()};
    failing_.before_prune = [&, first = true]() mutable {
        if (!std::exchange(first, false)) return;
        begun.set_value();
        may_end.wait_for(patience);
    };
    Deliverer deliverer{failing_, {}, clock_, options()};
    ASSERT_EQ(begun.get_future().wait_for(patience), std::future_status::ready);
    const auto reloaded = std::async(std::launch::async, [&] {
        deliverer.keep({});
        deliverer.wake();
    });
    EXPECT_EQ(reloaded.wait_for(patience / 2), std::future_status::ready);
    end.set_value();
}

/// Meant for ThreadSanitizer: all that can happen at once does, and every message still arrives.
TEST_F(DelivererOverStore, FailuresReloadsAndStopsLoseNothing) {
    constexpr int receivers = 5, each = 12, runs = 4;
    std::vector<Payload> payloads;
    std::set<std::string> expected;
    for (int number = 0; number < receivers * each; ++number) {
        payloads.push_back(payload("m" + std::to_string(number), "r" + std::to_string(number % receivers),
                                   "p" + std::to_string(number % 3)));
        expected.insert(payloads.back().delivery_id);
    }
    queue(payloads);
    std::atomic<unsigned> calls = 0;
    failing_.fails = [&] { return ++calls % 7 == 0; };
    std::mutex mutex;
    std::set<std::string> arrived;
    const auto outlets = [&] {
        Outlets made;
        for (int receiver = 0; receiver < receivers; ++receiver) {
            made["r" + std::to_string(receiver)] = {.sender = std::make_shared<ScriptedSender>([&](const Payload& one) {
                                                        if (++calls % 5 == 0)
                                                            return SendResult{.outcome = Outcome::retry,
                                                                              .error_class = "network"};
                                                        const std::lock_guard lock(mutex);
                                                        arrived.insert(one.delivery_id);
                                                        return SendResult{};
                                                    }),
                                                    .max_per_minute = 1000};
        }
        return made;
    };
    for (int run = 0; run < runs; ++run) {
        Deliverer deliverer{failing_, outlets(), clock_, options()};
        for (int reload = 0; reload < 5; ++reload) {
            deliverer.replace(outlets());
            deliverer.wake();
            [[maybe_unused]] const auto idle = deliverer.wait_until_idle(1s);
        }
        deliverer.stop();
        [[maybe_unused]] const auto recovered = store_.recover(clock_.now());
    }
    failing_.fails = [] { return false; };
    Deliverer deliverer{failing_, outlets(), clock_, options()};
    EXPECT_TRUE(wait_for(DeliveryStatus::delivered, expected.size()));
    deliverer.stop();
    EXPECT_EQ(arrived, expected);
}

}  // namespace
}  // namespace retaind
