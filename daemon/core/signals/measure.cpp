#include "retaind/signals/measure.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/signals/rows.hpp"
#include "core/signals/tally.hpp"
#include "retaind/signals/facts.hpp"
#include "retaind/signals/statistics.hpp"

namespace retaind {

namespace {

/// Whole days of a span, at least one.
std::int32_t whole_days(Seconds span) { return std::max(1, static_cast<std::int32_t>(std::ceil(in_days(span)))); }

Measured with_rows(const Tally& tally) {
    Measured result{missing, {}, tally.rows, {}, {}};
    if (tally.rows == 0) return result;
    result.first = day_of(tally.first_day);
    result.last = day_of(tally.last_day);
    return result;
}

Measured of_one_row(double raw, std::int32_t day) { return {raw, {}, 1, day_of(day), day_of(day)}; }

/// The sum of one period of several: 0 without rows, missing when all of them are NULL.
double period_sum(const Tally& tally) { return tally.rows == 0 ? 0 : tally.measure(Measure::sum); }

}  // namespace

struct SignalReader::Bound {
    const Snapshot& snapshot;
    const Signal& signal;
    std::span<const OffSeason> off_season;
    Rows rows;
    RowFilter of = {};  ///< of measure share
    std::optional<CustomerColumn> per = {}, field = {};
    std::int32_t as_of, read_from;

    Bound(const Snapshot& from, const Signal& what, std::span<const OffSeason> season);

    double silent() const { return signal.silence == Silence::zero ? 0 : missing; }
    double folded(const Tally& tally) const { return tally.rows == 0 ? silent() : tally.measure(signal.measure); }
    double divisor(const Subject& subject) const;
    double feed_age(const Subject& subject) const;
    bool is_covered(const Subject& subject, std::int32_t from) const;
    Tally tally(const Subject& subject, DaySpan days) const;
    void weeks(const Subject& subject, std::span<Tally> newest_first) const;

    Measured measure(const Subject& subject) const;
    Measured fold(const Subject& subject) const;
    Measured last(const Subject& subject) const;
    Measured days_since(const Subject& subject) const;
    Measured miss_streak(const Subject& subject) const;
    Measured ratio(const Subject& subject) const;
    Measured slope(const Subject& subject) const;
    Measured value(const Subject& subject) const;
};

SignalReader::Bound::Bound(const Snapshot& from, const Signal& what, std::span<const OffSeason> season)
    : snapshot(from),
      signal(what),
      off_season(season),
      rows(from, what),
      as_of(number_of(from.as_of)),
      read_from(number_of(from.read_from)) {
    if (signal.per) per.emplace(snapshot, signal.per->name);
    if (signal.measure == Measure::value) field.emplace(snapshot, signal.field);
    const auto* series = snapshot.find_series(signal.from);
    if (signal.measure == Measure::share && series != nullptr) of = RowFilter(snapshot, *series, signal.of);
}

/// What `per` divides by; missing unless above 0.
double SignalReader::Bound::divisor(const Subject& subject) const {
    if (!per) return 1;
    const auto own = subject.line != nullptr ? own_number(*subject.line, signal.per->name) : std::nullopt;
    const double number = own ? *own : per->number(subject.customer);
    return number > 0 ? number : missing;
}

/// Days from the watermark to as-of, less those off-season.
double SignalReader::Bound::feed_age(const Subject& subject) const {
    int age = as_of - *rows.mark();
    if (off_season.empty()) return age;
    const auto segment = snapshot.text(snapshot.customers[subject.customer].segment);
    for (auto day = day_of(*rows.mark() + 1); day <= snapshot.as_of; day += std::chrono::days{1}) {
        age -= std::ranges::any_of(off_season, [&](const OffSeason& range) {
            return (range.segment.empty() || range.segment == segment) && range.from <= day && day <= range.to;
        });
    }
    return age;
}

/// Whether the subject, and the data, reach back to a day.
bool SignalReader::Bound::is_covered(const Subject& subject, std::int32_t from) const {
    const auto begun = since(snapshot, subject);
    return from >= read_from && begun && number_of(*begun) <= from;
}

Tally SignalReader::Bound::tally(const Subject& subject, DaySpan days) const {
    Tally result;
    rows.each(subject, days, [&](std::uint32_t row, double value) {
        result.add(rows.day(row), value);
        if (signal.measure == Measure::share) result.matched += of.matches(row);
    });
    return result;
}

void SignalReader::Bound::weeks(const Subject& subject, std::span<Tally> newest_first) const {
    const auto mark = *rows.mark();
    const auto days = static_cast<std::int32_t>(newest_first.size()) * bucket_days;
    rows.each(subject, {mark - days + 1, mark}, [&](std::uint32_t row, double value) {
        const auto day = rows.day(row);
        newest_first[static_cast<std::size_t>((mark - day) / bucket_days)].add(day, value);
    });
}

Measured SignalReader::Bound::fold(const Subject& subject) const {
    const auto mark = *rows.mark();
    const auto found = tally(subject, {mark - whole_days(signal.window) + 1, mark});
    auto result = with_rows(found);
    result.raw = folded(found);
    return result;
}

Measured SignalReader::Bound::last(const Subject& subject) const {
    Measured result{silent(), {}, 0, {}, {}};
    rows.each_back(subject, *rows.mark(), [&](std::uint32_t row, double value) {
        result = of_one_row(value, rows.day(row));
        return false;
    });
    return result;
}

Measured SignalReader::Bound::days_since(const Subject& subject) const {
    Measured result{silent(), {}, 0, {}, {}};
    // As of the watermark silence says something; a row says so at once, also on a day that is not whole yet.
    rows.each_back(subject, as_of, [&](std::uint32_t row, double value) {
        if (!(value > 0)) return true;
        result = of_one_row(as_of - rows.day(row), rows.day(row));
        return false;
    });
    return result;
}

Measured SignalReader::Bound::miss_streak(const Subject& subject) const {
    Measured result{silent(), {}, 0, {}, {}};
    rows.each_back(subject, *rows.mark(), [&](std::uint32_t row, double value) {
        result.raw = result.rows;
        if (is_missing(value)) return true;
        if (value > 0) return false;
        result.first = day_of(rows.day(row));
        if (!result.last) result.last = result.first;
        result.raw = ++result.rows;
        return true;
    });
    return result;
}

Measured SignalReader::Bound::ratio(const Subject& subject) const {
    const auto window = whole_days(signal.window), baseline = whole_days(signal.baseline);
    const auto mark = *rows.mark(), start = mark - window - baseline + 1;
    const auto now = tally(subject, {mark - window + 1, mark});
    const auto before = tally(subject, {start, mark - window});
    auto result = with_rows(now);
    if (!is_covered(subject, start)) return result;
    if (now.rows + before.rows == 0) {
        result.raw = silent();
    } else {
        const double base = period_sum(before) / baseline + signal.ratio_c;
        if (base > 0) result.raw = (period_sum(now) / window + signal.ratio_c) / base;
    }
    return result;
}

Measured SignalReader::Bound::slope(const Subject& subject) const {
    const auto start = *rows.mark() - bucket_count * bucket_days + 1;
    const auto whole = tally(subject, {start, *rows.mark()});
    auto result = with_rows(whole);
    if (!is_covered(subject, start)) return result;
    if (whole.rows == 0) {
        result.raw = silent();
        return result;
    }
    std::array<Tally, bucket_count> newest_first;
    weeks(subject, newest_first);
    std::array<double, bucket_count> sums;
    std::transform(newest_first.rbegin(), newest_first.rend(), sums.begin(), period_sum);
    if (std::ranges::any_of(sums, is_missing)) return result;
    const double rise = theil_sen(sums).slope, middle = median(sums);
    if (middle > 0) result.raw = rise / middle;
    return result;
}

Measured SignalReader::Bound::value(const Subject& subject) const {
    const auto found = field->value(subject.customer);
    Measured result;
    result.rows = found.known() ? 1 : 0;
    if (found.kind == Value::Kind::text) result.text = found.text;
    if (found.kind == Value::Kind::number) result.raw = found.number;
    return result;
}

Measured SignalReader::Bound::measure(const Subject& subject) const {
    if (signal.measure == Measure::value) return value(subject);
    if (signal.measure == Measure::count && !rows.is_mapped()) return {0, {}, 0, {}, {}};
    if (!rows.mark()) return {};
    switch (signal.measure) {
        case Measure::count:
        case Measure::sum:
        case Measure::mean:
        case Measure::min:
        case Measure::max:
        case Measure::active_days:
        case Measure::rate:
        case Measure::share: return fold(subject);
        case Measure::last: return last(subject);
        case Measure::days_since: return days_since(subject);
        case Measure::miss_streak: return miss_streak(subject);
        case Measure::ratio: return ratio(subject);
        case Measure::slope: return slope(subject);
        default: return {};
    }
}

SignalReader::SignalReader(const Snapshot& snapshot, const Signal& signal, std::span<const OffSeason> off_season)
    : bound_(std::make_unique<Bound>(snapshot, signal, off_season)) {}
SignalReader::~SignalReader() = default;
SignalReader::SignalReader(SignalReader&&) noexcept = default;

Measured SignalReader::measure(const Subject& subject) const {
    auto result = bound_->measure(subject);
    result.raw /= bound_->divisor(subject);
    return result;
}

double SignalReader::freshness(const Subject& subject, const Measured& measured) const {
    const auto& signal = bound_->signal;
    if (signal.from == "customers" || signal.from == "promises") return 1;
    if (!bound_->rows.mark()) return 0;
    double age = 0;
    if (is_flow(signal.measure)) {
        age = bound_->feed_age(subject);
    } else if (measured.last) {
        age = in_days(bound_->snapshot.as_of - *measured.last);
    }
    if (age <= signal.max_age) return 1;
    return signal.stale_halflife > 0 ? std::exp2(-(age - signal.max_age) / signal.stale_halflife) : 0;
}

double SignalReader::bucket(const Subject& subject, int back) const {
    const auto& bound = *bound_;
    const auto end = bucket_end(back);
    if (!end || number_of(*end) - bucket_days + 1 < bound.read_from) return missing;
    const auto found = bound.tally(subject, {number_of(*end) - bucket_days + 1, number_of(*end)});
    return bound.folded(found) / bound.divisor(subject);
}

void SignalReader::buckets(const Subject& subject, std::span<double> newest_first) const {
    const auto& bound = *bound_;
    std::ranges::fill(newest_first, missing);
    if (!bound.rows.mark()) return;
    const auto mark = *bound.rows.mark();
    const auto covered = std::max(0, (mark - bound.read_from + 1) / bucket_days);
    const auto wanted = newest_first.first(std::min(newest_first.size(), static_cast<std::size_t>(covered)));
    std::vector<Tally> weeks(wanted.size());
    bound.weeks(subject, weeks);
    const double divisor = bound.divisor(subject);
    std::ranges::transform(weeks, wanted.begin(), [&](const Tally& week) { return bound.folded(week) / divisor; });
}

Measured SignalReader::rows_since(const Subject& subject, Day from) const {
    if (!bound_->rows.mark()) return {};
    return with_rows(bound_->tally(subject, {number_of(from), *bound_->rows.mark()}));
}

std::optional<Day> SignalReader::bucket_end(int back) const {
    if (!bound_->rows.mark()) return {};
    return day_of(*bound_->rows.mark() - back * bucket_days);
}

}  // namespace retaind
