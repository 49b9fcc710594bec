#include "retaind/signals/drift.hpp"

#include <algorithm>
#include <cmath>

#include "core/signals/cohort.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {

namespace {

constexpr double allowance = 0.5;  // k of the CUSUM
constexpr double lambda = 0.3;     // of the EWMA

constexpr int baseline_weeks = 8;
constexpr double least_baseline_sd = 0.5;
/// How much the cohort's variance counts, in weeks, beside the 7 degrees of freedom of a customer's own.
constexpr double pseudo_observations = 8;

std::size_t whole_weeks(const Snapshot& snapshot, const SignalReader& reader) {
    const auto mark = reader.bucket_end(0);
    if (!mark || *mark < snapshot.read_from) return 0;
    return static_cast<std::size_t>((*mark - snapshot.read_from).count() + 1) / bucket_days;
}

/// A week of nothing is a week of 0, if the customer has rows in any.
Signal weekly_sums(const Signal& signal) {
    Signal sums = signal;
    sums.measure = Measure::sum;
    sums.silence = Silence::zero;
    return sums;
}

/// Of rows before the oldest whole week drift knows nothing.
void leave_out_silent(Levels& all, Day oldest_week, const SignalReader& reader) {
    for (CustomerIndex customer = 0; customer < all.members(); ++customer) {
        const auto row = std::span(all.values).subspan(customer * all.buckets, all.buckets);
        if (std::ranges::any_of(row, [](double level) { return level > 0; })) continue;
        if (reader.rows_since(customer, oldest_week).rows == 0) std::ranges::fill(row, missing);
    }
}

/// Positions in the place of levels.
void to_positions(Levels& all, const Cohorts& cohorts) {
    for (std::size_t bucket = 0; bucket < all.buckets; ++bucket) {
        const auto where = centres(all, bucket, cohorts, CohortScale{}.min);
        for (std::size_t customer = 0; customer < all.members(); ++customer) {
            auto& level = all.at(customer, bucket);
            level = where[cohorts.of[customer]].position(level);
        }
    }
}

/// The first weeks of a customer's past, from bucket `first` to bucket `last`; newer ones have smaller numbers.
struct Baseline {
    double mean = missing, squares = 0;  ///< squares: sum about the mean
    std::size_t first = 0, last = 0;
};

std::optional<Baseline> baseline_of(std::span<const double> newest_first, std::size_t oldest) {
    Baseline found;
    double sum = 0;
    int weeks = 0;
    for (found.last = oldest + 1; found.last > 0 && weeks < baseline_weeks; --found.last) {
        const double r = newest_first[found.last - 1];
        if (is_missing(r)) continue;
        if (weeks++ == 0) found.first = found.last - 1;
        sum += r;
    }
    if (weeks < baseline_weeks) return {};
    found.mean = sum / baseline_weeks;
    for (auto bucket = found.last; bucket <= found.first; ++bucket) {
        const double off = newest_first[bucket] - found.mean;
        if (is_known(off)) found.squares += off * off;
    }
    return found;
}

/// Mean variance of the baselines of a cohort; of all where it is small.
class PooledVariance {
public:
    PooledVariance(const Cohorts& cohorts, std::span<const std::optional<Baseline>> baselines)
        : cohorts_(cohorts), sums_(cohorts.count) {
        for (std::size_t customer = 0; customer < baselines.size(); ++customer) {
            if (!baselines[customer]) continue;
            for (auto* sum : {&all_, &sums_[cohorts.of[customer]]}) {
                sum->squares += baselines[customer]->squares;
                sum->customers += 1;
            }
        }
    }

    double of(std::size_t customer) const {
        const auto cohort = cohorts_.of[customer];
        const bool is_large = cohort != 0 && sums_[cohort].customers >= CohortScale{}.min;
        const auto& [squares, customers] = is_large ? sums_[cohort] : all_;
        return squares / (customers * (baseline_weeks - 1));
    }

private:
    struct Sum {
        double squares = 0, customers = 0;
    };

    const Cohorts& cohorts_;
    std::vector<Sum> sums_;
    Sum all_ = {};
};

double shrunk_sd(double squares, double cohort_variance) {
    const double own = baseline_weeks - 1;
    return std::max(least_baseline_sd,
                    std::sqrt((squares + pseudo_observations * cohort_variance) / (own + pseudo_observations)));
}

class Weeks {
public:
    explicit Weeks(Day mark) : mark_(mark) {}
    Day end(std::size_t bucket) const { return mark_ - std::chrono::days{bucket_days} * static_cast<int>(bucket); }
    Day begin(std::size_t bucket) const { return end(bucket) - std::chrono::days{bucket_days - 1}; }
    /// The oldest bucket that begins no earlier than a day; nothing when none does.
    std::optional<std::size_t> from(Day day, std::size_t buckets) const {
        if (begin(0) < day) return {};
        const auto whole = static_cast<std::size_t>((mark_ - day).count() + 1) / bucket_days;
        return std::min(whole, buckets) - 1;
    }

private:
    Day mark_;
};

Drift walk(std::span<const double> newest_first, const Baseline& baseline, double sd, const Weeks& weeks,
           std::optional<Day> restart) {
    DriftChart chart;
    auto zero = baseline.last;  // the newest bucket with C = 0
    auto newest = baseline.first;
    for (auto bucket = baseline.last; bucket-- > 0;) {
        if (is_missing(newest_first[bucket])) continue;
        newest = bucket;
        const bool is_over = restart && weeks.begin(bucket) <= *restart;
        if (!is_over) chart.add((baseline.mean - newest_first[bucket]) / sd);
        if (chart.cusum == 0) zero = bucket;
    }
    if (newest >= std::min<std::size_t>(baseline.last, bucket_count)) return {};
    Drift drift{.cusum = chart.cusum, .ewma = chart.ewma, .ewma_limit = ewma_limit(chart.steps)};
    if (chart.cusum > 0) drift.since = weeks.end(zero);
    drift.from = weeks.begin(baseline.first);
    return drift;
}

}  // namespace

void DriftChart::add(double residual) {
    cusum = std::max(0.0, cusum + residual - allowance);
    ewma = lambda * residual + (1 - lambda) * ewma;
    ++steps;
}

double ewma_limit(int steps, double width) {
    return width * std::sqrt(lambda / (2 - lambda) * (1 - std::pow(1 - lambda, 2.0 * steps)));
}

std::vector<Drift> drifts(const Snapshot& snapshot, const Signal& signal, std::span<const DriftBreaks> breaks) {
    std::vector<Drift> found(snapshot.customers.size());
    const auto sums = weekly_sums(signal);
    const SignalReader reader(snapshot, sums);
    const auto buckets = whole_weeks(snapshot, reader);
    if (buckets == 0) return found;
    const Weeks weeks(*reader.bucket_end(0));
    const auto members = whole_customers(snapshot);
    const auto cohorts = cohorts_by(snapshot, CohortScale{}.by, members);
    auto positions = levels(snapshot, reader, members, buckets);
    if (signal.silence == Silence::unknown) leave_out_silent(positions, weeks.begin(buckets - 1), reader);
    to_positions(positions, cohorts);

    const auto row_of = [&](std::size_t customer) {
        return std::span<const double>(positions.values).subspan(customer * buckets, buckets);
    };
    std::vector<std::optional<Baseline>> baselines(found.size());
    for (CustomerIndex customer = 0; customer < found.size(); ++customer) {
        const auto since = customer_since(snapshot, customer);
        const auto reset = breaks.empty() ? std::nullopt : breaks[customer].reset;
        if (const auto oldest = weeks.from(std::max(since, reset).value_or(snapshot.read_from), buckets))
            baselines[customer] = baseline_of(row_of(customer), *oldest);
    }
    const PooledVariance pooled(cohorts, baselines);
    for (std::size_t customer = 0; customer < found.size(); ++customer) {
        if (!baselines[customer]) continue;
        const double sd = shrunk_sd(baselines[customer]->squares, pooled.of(customer));
        found[customer] = walk(row_of(customer), *baselines[customer], sd, weeks,
                               breaks.empty() ? std::nullopt : breaks[customer].restart);
    }
    return found;
}

}  // namespace retaind
