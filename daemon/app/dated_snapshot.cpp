#include "dated_snapshot.hpp"

#include <algorithm>

#include "retaind/model/facts.hpp"

namespace retaind {

DatedSnapshot::DatedSnapshot(const Company& company, StateStore& store, Snapshot read)
    : company_(company),
      store_(store),
      snapshot_(std::move(read)),
      customers_(snapshot_.customers),
      attributes_(snapshot_.attributes),
      subscriptions_(snapshot_.subscriptions) {}

Result<void> DatedSnapshot::turn_to(Day day) {
    company_.look_at(snapshot_, day);
    std::ranges::copy(customers_, snapshot_.customers.begin());
    std::ranges::copy(subscriptions_, snapshot_.subscriptions.begin());
    snapshot_.attributes = attributes_;
    const Result<std::optional<Day>> newest = store_.newest_day();
    if (!newest) return newest.error();
    if (!newest->has_value() || day >= **newest) return {};
    const Result<std::vector<CustomerFacts>> facts = store_.facts(day);
    return facts ? put_back(snapshot_, *facts) : facts.error();
}

}  // namespace retaind
