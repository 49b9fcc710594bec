#include "core/signals/rows.hpp"

#include <cmath>

namespace retaind {

Rows::Rows(const Snapshot& snapshot, const Signal& signal)
    : as_of_(number_of(snapshot.as_of)), read_from_(number_of(snapshot.read_from)) {
    const bool null_is_excused = signal.measure == Measure::rate || signal.measure == Measure::miss_streak;
    if (!null_is_excused) carry_ = static_cast<std::int32_t>(std::ceil(in_days(signal.carry)));
    const auto* feed = snapshot.feed(signal.from);
    mapped_ = feed != nullptr;
    if (feed == nullptr || !feed->loaded) return;
    if (const auto newest = watermark(snapshot, signal.from)) mark_ = number_of(*newest);
    series_ = snapshot.find_series(signal.from);
    if (series_ == nullptr) return;
    where_ = RowFilter(snapshot, *series_, signal.where_rows);
    const auto named = std::ranges::find(series_->texts, "subscription_id", &Series::Texts::name);
    if (named != series_->texts.end()) subscriptions_ = &named->words;
}

double Rows::carried(std::uint32_t row, const Subject& subject) const {
    const auto first = first_from(subject.customer, read_from_);
    for (auto before = row; before > first && day(row) - day(before - 1) <= carry_; --before) {
        if (is_known(series_->value[before - 1]) && exists(before - 1, subject)) return series_->value[before - 1];
    }
    return missing;
}

}  // namespace retaind
