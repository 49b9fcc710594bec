#include "reference/reference_scores.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace retaind::reference {

namespace {

using company::Company;
using company::CustomerRow;
using company::FeedRow;
using std::chrono::days;

bool is_known_by(const FeedRow& row, Day as_of) { return row.day <= as_of && row.known.value_or(row.day) <= as_of; }

std::optional<Day> newest_day(const Company& company, const std::string& feed) {
    std::optional<Day> newest;
    for (const FeedRow& row : company.feeds.at(feed).rows) {
        if (is_known_by(row, company.as_of) && (!newest || row.day > *newest)) newest = row.day;
    }
    return newest;
}

/// started_on <= day < ended_on for some subscription.
bool was_live(const Company& company, const std::string& customer, Day on) {
    for (const auto& subscription : company.subscriptions) {
        if (subscription.customer != customer || subscription.started_on > on) continue;
        if (!subscription.ended_on || on < *subscription.ended_on) return true;
    }
    return false;
}

bool counts(const FeedRow& row, const Company& company, const CohortQuestion& question, const std::string& customer) {
    if (row.customer != customer || !is_known_by(row, company.as_of)) return false;
    return question.metric.empty() || row.texts.at("metric") == question.metric;
}

/// The row's value or, where it has none, that of the newest row before it that has one, while `carry` lasts.
double value_of(const FeedRow& row, const Company& company, const CohortQuestion& question) {
    if (!std::isnan(row.value)) return row.value;
    const FeedRow* newest = nullptr;
    for (const FeedRow& other : company.feeds.at(question.feed).rows) {
        if (!counts(other, company, question, row.customer) || std::isnan(other.value)) continue;
        if (other.day >= row.day || row.day - other.day > days{question.carry}) continue;
        if (!newest || other.day > newest->day) newest = &other;
    }
    return newest ? newest->value : row.value;
}

/// ln(1 + x), x the measure over the week that ends on `end`. Only rows without a value, or a negative sum: nothing.
std::optional<double> level(const Company& company, const CohortQuestion& question, const std::string& customer,
                            Day end) {
    if (end - days{6} < company.read_from) return {};
    double sum = 0;
    int rows = 0, values = 0;
    std::set<Day> active;
    for (const FeedRow& row : company.feeds.at(question.feed).rows) {
        if (!counts(row, company, question, customer) || row.day < end - days{6} || row.day > end) continue;
        ++rows;
        const double value = value_of(row, company, question);
        if (std::isnan(value)) continue;
        ++values;
        sum += value;
        if (value > 0) active.insert(row.day);
    }
    if (rows == 0 && !question.silence_is_zero) return {};
    if (question.measure == "count") return std::log(1.0 + rows);
    if ((rows > 0 && values == 0) || sum < 0) return {};
    return std::log(1 + (question.measure == "sum" ? sum : static_cast<double>(active.size())));
}

/// What makes a customer's cohort; nothing when any of it is unknown.
std::optional<std::string> cohort_of(const CustomerRow& customer, const std::vector<std::string>& by) {
    std::string key;
    for (const auto& column : by) {
        if (column == "segment") {
            if (customer.segment.empty()) return {};
            key += customer.segment + "\n";
        } else if (customer.texts.contains(column)) {
            key += customer.texts.at(column) + "\n";
        } else if (customer.numbers.contains(column)) {
            key += std::to_string(customer.numbers.at(column)) + "\n";
        } else {
            return {};
        }
    }
    return key;
}

double middle_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double spread_of(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    double mean = 0, squares = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    for (const double value : values) squares += (value - mean) * (value - mean);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

/// Levels of those who were live at the week's end, by customer.
std::map<std::string, double> levels(const Company& company, const CohortQuestion& question, Day end) {
    std::map<std::string, double> result;
    for (const CustomerRow& customer : company.customers) {
        if (!was_live(company, customer.id, end)) continue;
        if (const auto u = level(company, question, customer.id, end)) result[customer.id] = *u;
    }
    return result;
}

/// A customer's position r in a week, among the levels of that week.
std::optional<double> position_in(const Company& company, const std::map<std::string, double>& week,
                                  const CohortQuestion& question, const CustomerRow& customer) {
    if (!week.contains(customer.id)) return {};
    const auto own_cohort = cohort_of(customer, question.by);
    std::vector<double> alike, all;
    for (const CustomerRow& other : company.customers) {
        if (!week.contains(other.id)) continue;
        all.push_back(week.at(other.id));
        if (own_cohort && cohort_of(other, question.by) == own_cohort) alike.push_back(week.at(other.id));
    }
    const auto enough = [&](const std::vector<double>& levels) {
        return static_cast<int>(levels.size()) >= question.min;
    };
    if (!enough(alike)) alike = all;
    if (!enough(alike)) return {};
    const double r = (week.at(customer.id) - middle_of(alike)) / std::max(spread_of(alike), 0.5);
    return std::min(3.0, std::max(-3.0, r));
}

}  // namespace

std::map<std::string, double> cohort_positions(const Company& company, const CohortQuestion& question) {
    std::map<std::string, double> positions;
    const auto newest = newest_day(company, question.feed);
    if (!newest) return positions;
    std::vector<std::map<std::string, double>> weeks;  // the newest first
    for (int week = 0; week < 8; ++week) weeks.push_back(levels(company, question, *newest - days{7 * week}));
    for (const CustomerRow& customer : company.customers) {
        if (!was_live(company, customer.id, company.as_of)) continue;
        std::optional<double> smoothed;
        Day last_seen;
        for (int week = 7; week >= 0; --week) {
            const Day end = *newest - days{7 * week};
            const auto r = position_in(company, weeks[static_cast<std::size_t>(week)], question, customer);
            if (!r) continue;
            const double passed = static_cast<double>((end - last_seen).count());
            const double share = question.halflife > 0 ? 1 - std::pow(2, -passed / question.halflife) : 1;
            smoothed = smoothed ? *smoothed + share * (*r - *smoothed) : *r;
            last_seen = end;
        }
        if (smoothed) positions[customer.id] = *smoothed;
    }
    return positions;
}

Combined combine(const std::vector<Part>& parts, double prior) {
    const auto counts = [](const Part& part) { return part.applies && part.weight > 0; };
    std::map<std::string, double> in_group, groups;
    for (const Part& part : parts) {
        if (!counts(part)) continue;
        in_group[part.group] += part.weight;
        groups[part.group] = part.group_weight;
    }
    double all_groups = 0;
    for (const auto& [name, weight] : groups) all_groups += weight;

    Combined result;
    double used = 0;
    for (const Part& part : parts) {
        result.contributions.push_back(0);
        if (!counts(part) || all_groups == 0) continue;
        const double weight = part.group_weight * part.weight / in_group.at(part.group) / all_groups;
        const auto score = part.score ? part.score : part.when_missing;
        if (!score) continue;
        const double a = part.score ? weight * part.freshness : weight;
        used += a;
        result.health += a * *score;
        result.contributions.back() = a * (*score - prior);
        if (part.score) result.coverage += a;
    }
    result.health += (1 - used) * prior;
    return result;
}

}  // namespace retaind::reference
