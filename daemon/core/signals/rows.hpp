// A walk over the rows of one feed that exist for a signal: of days since Snapshot::read_from, known by as-of, and
// matching `where`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/signals/row_filter.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/signals/subject.hpp"

namespace retaind {

inline std::int32_t number_of(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }
inline Day day_of(std::int32_t number) { return Day{std::chrono::days{number}}; }

/// Days from `from` to `to`, both included, counted from 1970-01-01.
struct DaySpan {
    std::int32_t from, to;
};

/// The snapshot and signal must outlive it.
class Rows {
public:
    Rows(const Snapshot& snapshot, const Signal& signal);

    bool is_mapped() const { return mapped_; }
    /// The feed's watermark; none when it is not loaded or has brought nothing yet: then nothing can be said.
    std::optional<std::int32_t> mark() const { return mark_; }
    std::int32_t day(std::uint32_t row) const { return series_->day[row]; }

    /// visit(row, value) in order of days; value is missing for a NULL that nothing is carried into.
    template <class Visit>
    void each(const Subject& subject, DaySpan days, Visit visit) const {
        if (series_ == nullptr) return;
        const auto end = series_->first[subject.customer + 1];
        for (auto row = first_from(subject.customer, std::max(days.from, read_from_)); row < end && day(row) <= days.to;
             ++row) {
            if (exists(row, subject)) visit(row, value(row, subject));
        }
    }

    /// The same from the newest row of `last` or before back, until `visit` returns false.
    template <class Visit>
    void each_back(const Subject& subject, std::int32_t last, Visit visit) const {
        if (series_ == nullptr) return;
        const auto first = first_from(subject.customer, read_from_);
        for (auto row = first_from(subject.customer, last + 1); row > first; --row) {
            if (exists(row - 1, subject) && !visit(row - 1, value(row - 1, subject))) return;
        }
    }

private:
    bool exists(std::uint32_t row, const Subject& subject) const {
        if (subscriptions_ != nullptr && !subject.is_spoken_of((*subscriptions_)[row])) return false;
        return (series_->known.empty() || series_->known[row] <= as_of_) && where_.matches(row);
    }

    /// The row's value or, while `carry` lasts, that of the subject's newest row before it that has one.
    double value(std::uint32_t row, const Subject& subject) const {
        if (carry_ == 0 || is_known(series_->value[row])) return series_->value[row];
        return carried(row, subject);
    }

    /// The customer's first row on or after a day, by bisection.
    std::uint32_t first_from(CustomerIndex customer, std::int32_t from) const {
        const auto begin = series_->day.begin();
        const auto found =
            std::lower_bound(begin + series_->first[customer], begin + series_->first[customer + 1], from);
        return static_cast<std::uint32_t>(found - begin);
    }

    double carried(std::uint32_t row, const Subject& subject) const;

    const Series* series_ = nullptr;
    const std::vector<Word>* subscriptions_ = nullptr;  ///< which one each row names, if the feed says so
    bool mapped_ = false;
    std::optional<std::int32_t> mark_ = {};
    std::int32_t as_of_, read_from_, carry_ = 0;
    RowFilter where_ = {};
};

}  // namespace retaind
