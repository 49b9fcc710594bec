// A state whose calls fail when a test wants it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "retaind/ports/state_store.hpp"

namespace retaind::test {

/// Passes on to another store, or fails.
class FailingStore final : public StateStore {
public:
    explicit FailingStore(StateStore& store) : store_(store) {}

    std::atomic<int> settles_to_fail = 0;
    std::atomic<int> claims_while_unsettled = 0;         ///< between a settle that failed and the next that did not
    std::function<bool()> fails = [] { return false; };  ///< asked at every rename, commit, claim and settle
    std::function<void()> before_load = [] {};
    std::function<void()> before_prune = [] {};

    Result<State> load(Day as_of, bool past) override {
        before_load();
        return store_.load(as_of, past);
    }
    Result<std::optional<Day>> newest_day() override { return store_.newest_day(); }
    Result<std::optional<PastCycle>> newest_cycle(Day last) override { return store_.newest_cycle(last); }
    Result<std::vector<CustomerFacts>> facts(Day day) override { return store_.facts(day); }
    Result<void> rename(std::span<const RuleRename> renames) override {
        if (fails()) return trouble();
        return store_.rename(renames);
    }
    Result<void> commit(const Commit& commit) override {
        if (fails()) return trouble();
        return store_.commit(commit);
    }
    Result<std::vector<Delivery>> claim(Instant now, const std::vector<std::string>& busy, std::size_t most) override {
        if (unsettled_) ++claims_while_unsettled;
        if (fails()) return trouble();
        return store_.claim(now, busy, most);
    }
    Result<void> settle(const Settlement& settlement) override {
        unsettled_ = settles_to_fail > 0 || fails();
        if (settles_to_fail > 0) --settles_to_fail;
        if (unsettled_) return trouble();
        return store_.settle(settlement);
    }
    Result<std::uint64_t> recover(Instant now) override { return store_.recover(now); }
    Result<std::vector<OutboxCount>> outbox() override { return store_.outbox(); }
    Result<Happened> happened(Instant now) override { return store_.happened(now); }
    Result<void> prune(const RetentionSettings& retention, Instant now) override {
        before_prune();
        return store_.prune(retention, now);
    }
    Result<std::uint64_t> size_bytes() override { return store_.size_bytes(); }

private:
    static Error trouble() { return {.kind = ErrorKind::state, .message = "the disk is full, says the test"}; }
    StateStore& store_;
    std::atomic<bool> unsettled_ = false;
};

}  // namespace retaind::test
