// From the outbox to the receivers: claim, send, settle; in that order, each committed (ALERTS.md).
//
// One thread owns the store and decides; up to `lanes` others send, never two at once to the same receiver. So a dead
// receiver delays nobody else, and a crash repeats at most what was in flight. A receiver that cannot be reached or
// asks for a pause is left alone until the message that met with it is due again: so an outage is not hammered at, and
// messages leave in their order when it ends.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "retaind/alerts/retry.hpp"
#include "retaind/ports/clock.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// A way out: how to send to a receiver, and how often at most.
struct Outlet {
    std::shared_ptr<Sender> sender;
    int max_per_minute = 60;
};
using Outlets = std::map<std::string, Outlet, std::less<>>;

Outlets make_outlets(const std::vector<ReceiverSettings>& receivers);

/// The outbox filled to this share with what waits is said once; again after it was down to half of that.
inline constexpr double outbox_warns_at = 0.8;

/// How long a verb that ends waits for its messages to leave; the rest stays in the outbox for the next run.
inline constexpr Seconds longest_delivery{120};

struct DelivererOptions {
    RetryPolicy policy = {};
    std::size_t lanes = 4;
    Seconds look_again = Seconds{1};      ///< the outbox may have been filled by another process
    Seconds after_failure = Seconds{10};  ///< of the store
    Seconds prune_every = std::chrono::hours{1};
    OutboxLimits limits = {};  ///< of the store
    RetentionSettings retention = {};
    int claims_until_quarantine = 3;  ///< a message claimed so often without a result may be what ends the process
    std::function<void(const std::string& receiver, const std::string& result)> on_result = {};
    std::function<void(const std::vector<OutboxCount>& counts, std::uint64_t bytes)> on_outbox = {};
};

class Deliverer {
public:
    /// Starts at once. The store and the clock must outlive it; nobody else may use the store meanwhile.
    Deliverer(StateStore& store, Outlets outlets, Clock& clock, DelivererOptions options = {});
    ~Deliverer();  ///< stops as stop() does

    void wake();                                    ///< there is something new
    void replace(Outlets outlets);                  ///< for what is claimed from now on
    void keep(const RetentionSettings& retention);  ///< from now on; what is kept no longer goes at once

    /// Waits until nothing is due and nothing under way, at most so long. An error: of the store.
    Result<void> wait_until_idle(Seconds longest);

    /// Abandons what is under way (the next run sends it again) and ends all threads.
    void stop();

private:
    struct Lane {
        std::shared_ptr<Sender> sender;
        std::thread thread;
    };
    struct Sent {
        Delivery delivery;
        SendResult result;
    };

    void loop();
    bool claim_and_start();
    void send(Delivery delivery, std::shared_ptr<Sender> sender);
    void collect(std::unique_lock<std::mutex>& lock);
    void decide(const Sent& sent);
    void give_up(const Delivery& delivery, Settlement settlement, const std::string& why);
    bool settle();
    std::vector<std::string> closed_receivers();
    void report(std::unique_lock<std::mutex>& lock);
    void warn(const std::vector<OutboxCount>& counts);
    void note(const Result<void>& result);

    StateStore& store_;
    Clock& clock_;
    DelivererOptions options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Outlets outlets_;
    std::map<std::string, Lane, std::less<>> lanes_;  ///< by receiver: sends under way
    std::map<std::string, std::deque<std::chrono::steady_clock::time_point>, std::less<>> recent_;
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> paused_until_;  ///< by receiver
    std::deque<Sent> sent_;             ///< back from the lanes, not decided yet
    std::deque<Settlement> unsettled_;  ///< decided, not stored yet
    std::optional<Error> failure_;      ///< of the store, since the last success
    std::chrono::steady_clock::time_point pruned_ = {};
    bool woken_ = true, idle_ = false, stopping_ = false;
    bool warned_ = false;  ///< that the outbox fills up
    std::thread thread_;
};

/// Sends what is due, once, and returns: for `once` and `replay`.
Result<void> deliver_all(StateStore& store, Outlets outlets, Clock& clock, const RetentionSettings& retention);

}  // namespace retaind
