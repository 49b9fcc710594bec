#include "reference/reference_drift.hpp"

#include <algorithm>
#include <cmath>

namespace retaind::reference {

namespace {

using company::Company;
using company::CustomerRow;
using company::FeedRow;
using company::SubscriptionRow;
using std::chrono::days;

constexpr std::size_t baseline_weeks = 8, enough_alike = 20;

double mean_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

/// Over n - 1.
double variance_of(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    const double mean = mean_of(values);
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return squares / static_cast<double>(values.size() - 1);
}

double middle_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// -- weeks -----------------------------------------------------------------------------------------------------------

using Rows = std::vector<const FeedRow*>;

struct Week {
    Day first, last;
};

/// The whole weeks that end at the newest day with a row, the oldest first.
std::vector<Week> whole_weeks(const Company& company, const Rows& rows) {
    std::optional<Day> newest;
    for (const FeedRow* row : rows)
        if (!newest || row->day > *newest) newest = row->day;
    std::vector<Week> weeks;
    if (!newest) return weeks;
    for (Day last = *newest; last - days{6} >= company.read_from; last -= days{7})
        weeks.push_back({last - days{6}, last});
    std::reverse(weeks.begin(), weeks.end());
    return weeks;
}

Rows known_rows(const Company& company, const std::string& feed) {
    Rows known;
    for (const FeedRow& row : company.feeds.at(feed).rows) {
        const bool is_read = row.day >= company.read_from && row.day <= company.as_of;
        if (is_read && row.known.value_or(row.day) <= company.as_of) known.push_back(&row);
    }
    return known;
}

/// The row's value or, where it has none, that of the newest row before it that has one, while `carry` lasts.
double value_of(const FeedRow& row, const Rows& own_rows, int carry) {
    if (!std::isnan(row.value)) return row.value;
    const FeedRow* newest = nullptr;
    for (const FeedRow* other : own_rows) {
        if (std::isnan(other->value) || other->day >= row.day || row.day - other->day > days{carry}) continue;
        if (!newest || other->day > newest->day) newest = other;
    }
    return newest ? newest->value : row.value;
}

/// A week's sum is nothing where it holds only rows without a value; a week without rows sums to 0 for somebody who has
/// rows in another week, or whose silence means 0.
std::vector<std::optional<double>> weekly_sums(const std::vector<Week>& weeks, const Rows& own_rows,
                                               const DriftQuestion& question) {
    std::vector<std::optional<double>> sums;
    bool has_rows = false;
    for (const Week& week : weeks) {
        double sum = 0;
        int rows = 0, values = 0;
        for (const FeedRow* row : own_rows) {
            if (row->day < week.first || row->day > week.last) continue;
            ++rows;
            const double value = value_of(*row, own_rows, question.carry);
            if (std::isnan(value)) continue;
            ++values;
            sum += value;
        }
        has_rows = has_rows || rows > 0;
        sums.push_back(rows > 0 && values == 0 ? std::nullopt : std::optional(sum));
    }
    if (!has_rows && !question.silence_is_zero) sums.assign(weeks.size(), std::nullopt);
    return sums;
}

// -- positions -------------------------------------------------------------------------------------------------------

struct Baseline {
    std::vector<double> positions = {};
    std::vector<std::size_t> weeks = {};  ///< they stand in
    double variance = 0;

    bool is_whole() const { return positions.size() == baseline_weeks; }
};

struct Person {
    std::string segment = {};
    std::optional<Day> since = {};
    std::vector<SubscriptionRow> subscriptions = {};
    Rows rows = {};
    Breaks breaks = {};
    Baseline baseline = {};
    DriftStanding standing = {};
};

using People = std::map<std::string, Person>;

/// started_on <= day < ended_on for some subscription.
bool was_live(const Person& person, Day on) {
    for (const auto& subscription : person.subscriptions) {
        if (subscription.started_on <= on && (!subscription.ended_on || on < *subscription.ended_on)) return true;
    }
    return false;
}

struct Cohort {
    double middle, spread;
};

std::optional<Cohort> cohort_of(const std::vector<double>& alike) {
    if (alike.size() < enough_alike) return {};
    return Cohort{middle_of(alike), std::max(0.5, std::sqrt(variance_of(alike)))};
}

/// Adds everybody's position in a week: among the live of the segment, else among all the live, else none.
void place_all(People& people, std::size_t week, Day last) {
    std::map<std::string, double> levels;  // of the live, by customer
    std::map<std::string, std::vector<double>> in_segment;
    std::vector<double> of_all;
    for (const auto& [id, person] : people) {
        const auto& sum = person.standing.sums[week];
        if (!sum || *sum < 0 || !was_live(person, last)) continue;
        levels[id] = std::log(1 + *sum);
        of_all.push_back(levels[id]);
        if (!person.segment.empty()) in_segment[person.segment].push_back(levels[id]);
    }
    const auto everybody = cohort_of(of_all);
    std::map<std::string, std::optional<Cohort>> cohorts;
    for (const auto& [segment, alike] : in_segment) cohorts[segment] = cohort_of(alike);

    for (auto& [id, person] : people) {
        auto& position = person.standing.positions.emplace_back();
        auto cohort = cohorts.contains(person.segment) ? cohorts.at(person.segment) : std::nullopt;
        if (!cohort) cohort = everybody;
        if (!cohort || !levels.contains(id)) continue;
        position = std::min(3.0, std::max(-3.0, (levels.at(id) - cohort->middle) / cohort->spread));
    }
}

// -- the past --------------------------------------------------------------------------------------------------------

std::optional<Day> came_on(const Person& person) {
    if (person.since) return person.since;
    std::optional<Day> first;
    for (const auto& subscription : person.subscriptions)
        if (!first || subscription.started_on < *first) first = subscription.started_on;
    return first;
}

/// The first eight positions in weeks that lie wholly after the customer came and after the reset.
Baseline baseline_of(const std::vector<Week>& weeks, const Person& person) {
    Baseline baseline;
    const auto came = came_on(person), reset = person.breaks.reset;
    for (std::size_t week = 0; week < weeks.size() && !baseline.is_whole(); ++week) {
        if ((came && weeks[week].first < *came) || (reset && weeks[week].first < *reset)) continue;
        if (!person.standing.positions[week]) continue;
        baseline.positions.push_back(*person.standing.positions[week]);
        baseline.weeks.push_back(week);
    }
    baseline.variance = variance_of(baseline.positions);
    return baseline;
}

/// The mean variance of the whole baselines of a segment; of all while they are too few.
double cohort_variance(const People& people, const std::string& segment) {
    std::vector<double> alike, all;
    for (const auto& [id, person] : people) {
        if (!person.baseline.is_whole()) continue;
        all.push_back(person.baseline.variance);
        if (!segment.empty() && person.segment == segment) alike.push_back(person.baseline.variance);
    }
    return mean_of(alike.size() < enough_alike ? all : alike);
}

// -- the charts ------------------------------------------------------------------------------------------------------

bool is_placed_lately(const DriftStanding& standing) {
    const std::size_t count = standing.positions.size();
    for (std::size_t week = count > 8 ? count - 8 : 0; week < count; ++week)
        if (standing.positions[week]) return true;
    return false;
}

/// s: the customer's own spread, drawn towards the cohort's as if that had been seen in eight further weeks.
double spread_of(const Person& person, const People& people) {
    const double variance = (7 * person.baseline.variance + 8 * cohort_variance(people, person.segment)) / 15;
    return std::max(0.5, std::sqrt(variance));
}

void walk(const std::vector<Week>& weeks, const People& people, Person& person) {
    const Baseline& baseline = person.baseline;
    DriftStanding& standing = person.standing;
    if (!baseline.is_whole() || !is_placed_lately(standing)) return;
    standing.from = weeks[baseline.weeks.front()].first;
    const double b = mean_of(baseline.positions), s = spread_of(person, people);
    const double l = 0.3, width = 2.7;
    double c = 0, z = 0;
    int t = 0;
    Day quiet = weeks[baseline.weeks.back()].last;  // the last week with C = 0
    for (std::size_t week = baseline.weeks.back() + 1; week < weeks.size(); ++week) {
        if (!standing.positions[week]) continue;
        const double e = (b - *standing.positions[week]) / s;
        standing.residuals.push_back(e);
        const bool is_before_restart = person.breaks.restart && weeks[week].first <= *person.breaks.restart;
        c = is_before_restart ? 0 : std::max(0.0, c + e - 0.5);
        z = is_before_restart ? 0 : l * e + (1 - l) * z;
        t = is_before_restart ? 0 : t + 1;
        if (c == 0) quiet = weeks[week].last;
    }
    if (standing.residuals.empty()) return;
    standing.cusum = c;
    standing.ewma = z;
    standing.limit = width * std::sqrt(l / (2 - l) * (1 - std::pow(1 - l, 2 * t)));
    if (c > 0) standing.since = quiet;
}

}  // namespace

std::map<std::string, DriftStanding> drifts(const Company& company, const DriftQuestion& question,
                                            const std::map<std::string, Breaks>& breaks) {
    const auto known = known_rows(company, question.feed);
    const auto weeks = whole_weeks(company, known);
    People people;
    for (const CustomerRow& row : company.customers) {
        people[row.id] = {.segment = row.segment, .since = row.since};
        if (breaks.contains(row.id)) people[row.id].breaks = breaks.at(row.id);
    }
    for (const SubscriptionRow& row : company.subscriptions) people.at(row.customer).subscriptions.push_back(row);
    for (const FeedRow* row : known) {
        if (question.metric.empty() || row->texts.at("metric") == question.metric)
            people.at(row->customer).rows.push_back(row);
    }
    for (auto& [id, person] : people) person.standing.sums = weekly_sums(weeks, person.rows, question);
    for (std::size_t week = 0; week < weeks.size(); ++week) place_all(people, week, weeks[week].last);
    for (auto& [id, person] : people) person.baseline = baseline_of(weeks, person);

    std::map<std::string, DriftStanding> standings;
    for (auto& [id, person] : people) {
        walk(weeks, people, person);
        standings[id] = person.standing;
    }
    return standings;
}

TrendStanding trend(const std::vector<std::optional<double>>& values) {
    TrendStanding result;
    std::vector<double> slopes;
    double n = 0, ties = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!values[i]) continue;
        ++n;
        double equal = 0;  // t_g of the value's own group
        for (std::size_t j = 0; j < values.size(); ++j) {
            if (!values[j]) continue;
            if (*values[j] == *values[i]) ++equal;
            if (j <= i) continue;
            slopes.push_back((*values[j] - *values[i]) / static_cast<double>(j - i));
            result.s += *values[j] > *values[i] ? 1 : *values[j] < *values[i] ? -1 : 0;
        }
        ties += (equal - 1) * (2 * equal + 5);  // each of the t_g members brings its share of the group's term
    }
    if (!slopes.empty()) result.slope = middle_of(slopes);
    result.variance = (n * (n - 1) * (2 * n + 5) - ties) / 18;
    const double sign = result.s > 0 ? 1 : result.s < 0 ? -1 : 0;
    if (result.s != 0) result.z = (result.s - sign) / std::sqrt(result.variance);
    return result;
}

}  // namespace retaind::reference
