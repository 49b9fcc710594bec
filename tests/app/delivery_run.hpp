// A deliverer over a stored outbox, in made-up time: the clock stands still while anything is under way, and then jumps
// to when the next message is due.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "app/deliver.hpp"
#include "app/stored_outbox.hpp"

namespace retaind::test {

class DeliveryRun {
public:
    struct Event {
        std::string receiver, result;
        Seconds at;  ///< since the first day began
    };

    DeliveryRun(StoredOutbox& outbox, Outlets outlets)
        : outbox_(outbox), deliverer_(outbox.store(), std::move(outlets), outbox.clock(), options()) {
        settle_down();  // the store is for one thread at a time
    }

    Deliverer& deliverer() { return deliverer_; }

    /// Until nothing waits any more or so much time has passed; at least by `step` at once.
    void run(Seconds longest, Seconds step = Seconds{1}) {
        const Instant end = outbox_.clock().now() + longest;
        settle_down();
        for (auto due = outbox_.next_due(); due && outbox_.clock().now() < end; due = outbox_.next_due()) {
            const Instant now = outbox_.clock().now();
            outbox_.clock().advance(std::clamp(*due - now, step, std::max(step, end - now)));
            settle_down();
        }
    }

    /// To be looked at between two runs.
    const std::vector<Event>& events() const { return events_; }

    std::size_t count(const std::string& result) const {
        return static_cast<std::size_t>(std::ranges::count(events_, result, &Event::result));
    }

private:
    void settle_down() {
        deliverer_.wake();
        ASSERT_TRUE(deliverer_.wait_until_idle(std::chrono::minutes{1}).ok());
    }

    DelivererOptions options() {
        return {.look_again = std::chrono::hours{1}, .on_result = [this](const auto& receiver, const auto& result) {
                    events_.push_back({receiver, result, outbox_.clock().now() - Instant{StoredOutbox::day}});
                }};
    }

    StoredOutbox& outbox_;
    std::vector<Event> events_;
    Deliverer deliverer_;
};

}  // namespace retaind::test
