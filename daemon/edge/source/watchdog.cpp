#include "edge/source/watchdog.hpp"

#include <utility>

namespace retaind::source {

Watchdog::Watchdog(std::function<void()> action) : action_(std::move(action)), thread_([this] { wait(); }) {}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Watchdog::wait() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        if (limit_ == Clock::time_point::max()) {
            changed_.wait(lock);
        } else if (Clock::now() < limit_) {
            const auto until = limit_;
            changed_.wait_until(lock, until);
        } else {
            timed_out_ = true;
            limit_ = Clock::time_point::max();
            act();
        }
    }
}

void Watchdog::act() {
    if (!std::exchange(acted_, true)) action_();
}

void Watchdog::bite() {
    const std::lock_guard lock{mutex_};
    act();
}

bool Watchdog::timed_out() const {
    const std::lock_guard lock{mutex_};
    return timed_out_;
}

Watchdog::Watch::Watch(Watchdog& watchdog, std::chrono::milliseconds limit) : watchdog_(watchdog) {
    {
        const std::lock_guard lock{watchdog_.mutex_};
        watchdog_.limit_ = Clock::now() + limit;
    }
    watchdog_.changed_.notify_one();
}

Watchdog::Watch::~Watch() {
    const std::lock_guard lock{watchdog_.mutex_};
    watchdog_.limit_ = Clock::time_point::max();
}

}  // namespace retaind::source
