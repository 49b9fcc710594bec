// One read of the company that can be looked at as of several days.
#pragma once

#include <vector>

#include "company.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// A day before the newest one that the store knows shows what the company's database said then, as far as a cycle saw
/// it (model/facts.hpp); every other day, and whatever no cycle saw, what was read. Company and store must outlive it.
class DatedSnapshot {
public:
    /// What was read; until it is turned to a day, as it was read.
    DatedSnapshot(const Company& company, StateStore& store, Snapshot read);

    /// The day must lie within what was read. In place: what looks at the snapshot sees the other day. Errors: state,
    /// and state_lost for facts that cannot be read; then the snapshot is of no use.
    Result<void> turn_to(Day day);

    const Snapshot& snapshot() const { return snapshot_; }

private:
    const Company& company_;
    StateStore& store_;
    Snapshot snapshot_;
    std::vector<Customer> customers_;  ///< as read, like the others
    std::vector<Attribute> attributes_;
    std::vector<Subscription> subscriptions_;
};

}  // namespace retaind
