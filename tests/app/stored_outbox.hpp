// The real store in a folder of its own, messages in its outbox, and a clock that only tests move.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "edge/state/state.hpp"
#include "support/set_clock.hpp"
#include "support/temporary_folder.hpp"

namespace retaind::test {

class StoredOutbox {
public:
    static constexpr Day day{std::chrono::year{2026} / 3 / 1};

    StoredOutbox() : store_(open_state({}, {.directory = folder_.path()}).value()) {}

    StateStore& store() { return *store_; }
    SetClock& clock() { return clock_; }

    void queue(std::vector<Payload> payloads) { queue_in(*store_, std::move(payloads)); }
    /// While a Deliverer has the store: on a connection of its own.
    void queue_beside(std::vector<Payload> payloads) {
        const auto beside = open_state({}, {.directory = folder_.path(), .access = StateAccess::companion});
        queue_in(*beside.value(), std::move(payloads));
    }

    static std::uint64_t number(const std::vector<OutboxCount>& counts, DeliveryStatus status) {
        std::uint64_t messages = 0;
        for (const OutboxCount& count : counts) messages += count.status == status ? count.messages : 0;
        return messages;
    }
    std::uint64_t number(DeliveryStatus status) { return number(store_->outbox().value(), status); }

private:
    void queue_in(StateStore& store, std::vector<Payload> payloads) {
        const State state{.as_of = day, .rules_hash = "h"};
        ASSERT_TRUE(store
                        .commit({.state = state,
                                 .outbox = std::move(payloads),
                                 .now = clock_.now(),
                                 .engine_version = "1",
                                 .rules_text = ""})
                        .ok());
    }

    TemporaryFolder folder_;
    SetClock clock_{Instant{day}};
    std::unique_ptr<StateStore> store_;
};

}  // namespace retaind::test
