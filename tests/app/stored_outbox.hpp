// The real store in a folder of its own, messages in its outbox, and a clock that only tests move.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

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

    /// When the next message is due that no earlier one to the same recipient holds back; nothing while none waits.
    std::optional<Instant> next_due() {
        soci::session sql(soci::sqlite3, "db=" + folder_.file("state.db"));
        long long at = 0;
        const int passed = OutboxLimits{}.tries_until_passed;
        soci::indicator found = soci::i_null;
        sql << "SELECT min(next_at) FROM outbox AS one WHERE status IN ('queued', 'retry') AND NOT EXISTS "
               "(SELECT 1 FROM outbox AS earlier WHERE earlier.receiver = one.receiver "
               "AND earlier.recipient = one.recipient AND earlier.place < one.place "
               "AND earlier.status IN ('queued', 'retry', 'in_flight') AND earlier.attempts < :passed)",
            soci::use(passed), soci::into(at, found);
        return found == soci::i_ok ? std::optional{Instant{Seconds{at}}} : std::nullopt;
    }

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
