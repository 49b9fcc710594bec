#include "retaind/signals/loss.hpp"

#include <algorithm>

namespace retaind {

std::optional<Day> lost_on(const Snapshot& snapshot, CustomerIndex customer, const Outcome& outcome) {
    const std::chrono::days gap{outcome.gap_days};
    const std::span<const Subscription> own = snapshot.subscriptions_of(customer);
    const auto goes_on_after = [&](Day end) {
        return std::ranges::any_of(own, [&](const Subscription& other) {
            const std::optional<Day> other_end = ended_on(other, snapshot.as_of);
            const bool is_over_unknown_when = other.over && !other_end && !is_live(other, snapshot.as_of);
            return other.started_on <= end + gap && !is_over_unknown_when && (!other_end || *other_end > end);
        });
    };
    std::optional<Day> lost;
    for (const Subscription& subscription : own) {
        const std::optional<Day> end = ended_on(subscription, snapshot.as_of);
        if (!end || *end + gap >= snapshot.as_of) continue;
        const bool is_churn = std::ranges::count(outcome.churn, status(snapshot, subscription)) > 0;
        if (is_churn && !goes_on_after(*end)) lost = std::max(lost.value_or(*end), *end);
    }
    return lost;
}

}  // namespace retaind
