// Ends a call into a library that has no time limit of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace retaind::source {

/// One thread that waits. When a watch outlives its limit, or when bite() is called, `action` runs once, on that thread
/// or the caller's; what it cut stays cut. `action` must be safe beside the call that it ends.
class Watchdog {
public:
    using Clock = std::chrono::steady_clock;

    explicit Watchdog(std::function<void()> action);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    /// While it lives the watchdog waits, at most for the limit.
    class Watch {
    public:
        Watch(Watchdog& watchdog, std::chrono::milliseconds limit);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

    private:
        Watchdog& watchdog_;
    };

    void bite();
    bool timed_out() const;

private:
    void wait();
    void act();

    std::function<void()> action_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Clock::time_point limit_ = Clock::time_point::max();
    bool acted_ = false, timed_out_ = false, stopping_ = false;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace retaind::source
