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
    double divisor(CustomerIndex customer) const;
    double feed_age(CustomerIndex customer) const;
    bool is_covered(CustomerIndex customer, std::int32_t from) const;
    Tally tally(CustomerIndex customer, DaySpan days) const;
    void weeks(CustomerIndex customer, std::span<Tally> newest_first) const;

    Measured measure(CustomerIndex customer) const;
    Measured fold(CustomerIndex customer) const;
    Measured last(CustomerIndex customer) const;
    Measured days_since(CustomerIndex customer) const;
    Measured miss_streak(CustomerIndex customer) const;
    Measured ratio(CustomerIndex customer) const;
    Measured slope(CustomerIndex customer) const;
    Measured value(CustomerIndex customer) const;
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
double SignalReader::Bound::divisor(CustomerIndex customer) const {
    if (!per) return 1;
    const double number = per->number(customer);
    return number > 0 ? number : missing;
}

/// Days from the watermark to as-of, less those off-season.
double SignalReader::Bound::feed_age(CustomerIndex customer) const {
    int age = as_of - *rows.mark();
    if (off_season.empty()) return age;
    const auto segment = snapshot.text(snapshot.customers[customer].segment);
    for (auto day = day_of(*rows.mark() + 1); day <= snapshot.as_of; day += std::chrono::days{1}) {
        age -= std::ranges::any_of(off_season, [&](const OffSeason& range) {
            return (range.segment.empty() || range.segment == segment) && range.from <= day && day <= range.to;
        });
    }
    return age;
}

/// Whether the customer, and the data, reach back to a day.
bool SignalReader::Bound::is_covered(CustomerIndex customer, std::int32_t from) const {
    const auto since = customer_since(snapshot, customer);
    return from >= read_from && since && number_of(*since) <= from;
}

Tally SignalReader::Bound::tally(CustomerIndex customer, DaySpan days) const {
    Tally result;
    rows.each(customer, days, [&](std::uint32_t row, double value) {
        result.add(rows.day(row), value);
        if (signal.measure == Measure::share) result.matched += of.matches(row);
    });
    return result;
}

void SignalReader::Bound::weeks(CustomerIndex customer, std::span<Tally> newest_first) const {
    const auto mark = *rows.mark();
    const auto days = static_cast<std::int32_t>(newest_first.size()) * bucket_days;
    rows.each(customer, {mark - days + 1, mark}, [&](std::uint32_t row, double value) {
        const auto day = rows.day(row);
        newest_first[static_cast<std::size_t>((mark - day) / bucket_days)].add(day, value);
    });
}

Measured SignalReader::Bound::fold(CustomerIndex customer) const {
    const auto mark = *rows.mark();
    const auto found = tally(customer, {mark - whole_days(signal.window) + 1, mark});
    auto result = with_rows(found);
    result.raw = folded(found);
    return result;
}

Measured SignalReader::Bound::last(CustomerIndex customer) const {
    Measured result{silent(), {}, 0, {}, {}};
    rows.each_back(customer, *rows.mark(), [&](std::uint32_t row, double value) {
        result = of_one_row(value, rows.day(row));
        return false;
    });
    return result;
}

Measured SignalReader::Bound::days_since(CustomerIndex customer) const {
    Measured result{silent(), {}, 0, {}, {}};
    // As of the watermark silence says something; a row says so at once, also on a day that is not whole yet.
    rows.each_back(customer, as_of, [&](std::uint32_t row, double value) {
        if (!(value > 0)) return true;
        result = of_one_row(as_of - rows.day(row), rows.day(row));
        return false;
    });
    return result;
}

Measured SignalReader::Bound::miss_streak(CustomerIndex customer) const {
    Measured result{silent(), {}, 0, {}, {}};
    rows.each_back(customer, *rows.mark(), [&](std::uint32_t row, double value) {
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

Measured SignalReader::Bound::ratio(CustomerIndex customer) const {
    const auto window = whole_days(signal.window), baseline = whole_days(signal.baseline);
    const auto mark = *rows.mark(), start = mark - window - baseline + 1;
    const auto now = tally(customer, {mark - window + 1, mark});
    const auto before = tally(customer, {start, mark - window});
    auto result = with_rows(now);
    if (!is_covered(customer, start)) return result;
    if (now.rows + before.rows == 0) {
        result.raw = silent();
    } else {
        const double base = period_sum(before) / baseline + signal.ratio_c;
        if (base > 0) result.raw = (period_sum(now) / window + signal.ratio_c) / base;
    }
    return result;
}

Measured SignalReader::Bound::slope(CustomerIndex customer) const {
    const auto start = *rows.mark() - bucket_count * bucket_days + 1;
    const auto whole = tally(customer, {start, *rows.mark()});
    auto result = with_rows(whole);
    if (!is_covered(customer, start)) return result;
    if (whole.rows == 0) {
        result.raw = silent();
        return result;
    }
    std::array<Tally, bucket_count> newest_first;
    weeks(customer, newest_first);
    std::array<double, bucket_count> sums;
    std::transform(newest_first.rbegin(), newest_first.rend(), sums.begin(), period_sum);
    if (std::ranges::any_of(sums, is_missing)) return result;
    const double rise = theil_sen(sums).slope, middle = median(sums);
    if (middle > 0) result.raw = rise / middle;
    return result;
}

Measured SignalReader::Bound::value(CustomerIndex customer) const {
    const auto found = field->value(customer);
    Measured result;
    result.rows = found.known() ? 1 : 0;
    if (found.kind == Value::Kind::text) result.text = found.text;
    if (found.kind == Value::Kind::number) result.raw = found.number;
    return result;
}

Measured SignalReader::Bound::measure(CustomerIndex customer) const {
    if (signal.measure == Measure::value) return value(customer);
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
        case Measure::share: return fold(customer);
        case Measure::last: return last(customer);
        case Measure::days_since: return days_since(customer);
        case Measure::miss_streak: return miss_streak(customer);
        case Measure::ratio: return ratio(customer);
        case Measure::slope: return slope(customer);
        default: return {};
    }
}

SignalReader::SignalReader(const Snapshot& snapshot, const Signal& signal, std::span<const OffSeason> off_season)
    : bound_(std::make_unique<Bound>(snapshot, signal, off_season)) {}
SignalReader::~SignalReader() = default;
SignalReader::SignalReader(SignalReader&&) noexcept = default;

Measured SignalReader::measure(CustomerIndex customer) const {
    auto result = bound_->measure(customer);
    result.raw /= bound_->divisor(customer);
    return result;
}

double SignalReader::freshness(CustomerIndex customer, const Measured& measured) const {
    const auto& signal = bound_->signal;
    if (signal.from == "customers" || signal.from == "promises") return 1;
    if (!bound_->rows.mark()) return 0;
    double age = 0;
    if (is_flow(signal.measure)) {
        age = bound_->feed_age(customer);
    } else if (measured.last) {
        age = in_days(bound_->snapshot.as_of - *measured.last);
    }
    if (age <= signal.max_age) return 1;
    return signal.stale_halflife > 0 ? std::exp2(-(age - signal.max_age) / signal.stale_halflife) : 0;
}

double SignalReader::bucket(CustomerIndex customer, int back) const {
    const auto& bound = *bound_;
    const auto end = bucket_end(back);
    if (!end || number_of(*end) - bucket_days + 1 < bound.read_from) return missing;
    const auto found = bound.tally(customer, {number_of(*end) - bucket_days + 1, number_of(*end)});
    return bound.folded(found) / bound.divisor(customer);
}

void SignalReader::buckets(CustomerIndex customer, std::span<double> newest_first) const {
    const auto& bound = *bound_;
    std::ranges::fill(newest_first, missing);
    if (!bound.rows.mark()) return;
    const auto mark = *bound.rows.mark();
    const auto covered = std::max(0, (mark - bound.read_from + 1) / bucket_days);
    const auto wanted = newest_first.first(std::min(newest_first.size(), static_cast<std::size_t>(covered)));
    std::vector<Tally> weeks(wanted.size());
    bound.weeks(customer, weeks);
    const double divisor = bound.divisor(customer);
    std::ranges::transform(weeks, wanted.begin(), [&](const Tally& week) { return bound.folded(week) / divisor; });
}

Measured SignalReader::rows_since(CustomerIndex customer, Day from) const {
    if (!bound_->rows.mark()) return {};
    return with_rows(bound_->tally(customer, {number_of(from), *bound_->rows.mark()}));
}

std::optional<Day> SignalReader::bucket_end(int back) const {
    if (!bound_->rows.mark()) return {};
    return day_of(*bound_->rows.mark() - back * bucket_days);
}

}  // namespace retaind
