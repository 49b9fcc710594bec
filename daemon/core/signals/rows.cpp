#include "core/signals/rows.hpp"

#include <cmath>

namespace retaind {

Rows::Rows(const Snapshot& snapshot, const Signal& signal) : as_of_(number_of(snapshot.as_of)) {
    const bool null_is_excused = signal.measure == Measure::rate || signal.measure == Measure::miss_streak;
    if (!null_is_excused) carry_ = static_cast<std::int32_t>(std::ceil(in_days(signal.carry)));
    const auto* feed = snapshot.feed(signal.from);
    mapped_ = feed != nullptr;
    if (feed == nullptr || !feed->loaded) return;
    if (const auto newest = watermark(snapshot, signal.from)) mark_ = number_of(*newest);
    series_ = snapshot.find_series(signal.from);
    if (series_ != nullptr) where_ = RowFilter(snapshot, *series_, signal.where_rows);
}

double Rows::carried(std::uint32_t row, std::uint32_t first) const {
    for (auto before = row; before > first && day(row) - day(before - 1) <= carry_; --before) {
        if (is_known(series_->value[before - 1]) && exists(before - 1)) return series_->value[before - 1];
    }
    return missing;
}

}  // namespace retaind
