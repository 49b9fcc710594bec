// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "retaind/ports/clock.hpp"

namespace retaind::test {

class SetClock final : public Clock {
public:
    explicit SetClock(Instant start) : start_(start) {}

    Instant now() override { return start_ + Seconds{seconds_} + Seconds{jumped_}; }
    std::chrono::steady_clock::time_point steady() override {
        return std::chrono::steady_clock::time_point{Seconds{seconds_}};
    }
    void advance(Seconds by) { seconds_ += by.count(); }
    /// The wall clock is set; steady time goes on.
    void jump(Seconds by) { jumped_ += by.count(); }

private:
    Instant start_;
    std::atomic<Seconds::rep> seconds_ = 0, jumped_ = 0;
};

}  // namespace retaind::test
