#include "retaind/signals/subject.hpp"

#include <cstdlib>

#include "retaind/base/value.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {

namespace {

constexpr double months = 12;

bool continues(const Subscription& later, const Subscription& ended, Day end, int gap_days) {
    const auto gap = later.started_on - end;
    return later.started_on >= ended.started_on && std::abs(gap.count()) <= gap_days;
}

/// The line that continues an ended subscription, or null.
SubscriptionLine* successor(std::vector<SubscriptionLine>& lines, const Snapshot& snapshot, const Subscription& ended,
                            int gap_days) {
    const auto end = ended_on(ended, snapshot.as_of);
    SubscriptionLine* found = nullptr;
    if (!end) return found;
    for (auto& line : lines) {
        const bool is_same_plan = line.subscription->plan == ended.plan;
        const bool follows = std::ranges::any_of(snapshot.subscriptions_of(ended.customer), [&](const auto& each) {
            return std::ranges::find(line.ids, each.id) != line.ids.end() && continues(each, ended, *end, gap_days);
        });
        if (follows && (found == nullptr || (is_same_plan && found->subscription->plan != ended.plan))) found = &line;
    }
    return found;
}

bool is_known_by(const Series& series, std::size_t row, std::int32_t as_of) {
    return series.day[row] <= as_of && (series.known.empty() || series.known[row] <= as_of);
}

}  // namespace

std::vector<SubscriptionLine> subscription_lines(const Snapshot& snapshot, CustomerIndex customer, int gap_days) {
    std::vector<SubscriptionLine> lines;
    std::vector<const Subscription*> ended;
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        if (is_live(subscription, snapshot.as_of))
            lines.push_back(
                {.subscription = &subscription, .ids = {subscription.id}, .since = subscription.started_on});
        else if (subscription.started_on <= snapshot.as_of)
            ended.push_back(&subscription);
    }
    // The latest first, so that a chain of renewals is followed back.
    std::ranges::stable_sort(ended, std::ranges::greater{}, &Subscription::started_on);
    for (const auto* each : ended) {
        auto* line = successor(lines, snapshot, *each, gap_days);
        if (line == nullptr) continue;
        line->ids.push_back(each->id);
        line->since = std::min(line->since, each->started_on);
    }
    for (auto& line : lines) std::ranges::sort(line.ids);
    return lines;
}

bool names_a_line(const Snapshot& snapshot, std::string_view dataset, CustomerIndex customer,
                  std::span<const SubscriptionLine> lines) {
    if (lines.empty()) return false;
    const auto is_one = [&](Word subscription) {
        return subscription != no_word && std::ranges::any_of(lines, [&](const SubscriptionLine& line) {
                   return std::ranges::binary_search(line.ids, subscription);
               });
    };
    if (dataset == "promises") {
        return std::ranges::any_of(snapshot.promises_of(customer), [&](const Promise& promise) {
            const bool begun =
                promise.starts_on <= snapshot.as_of && promise.known.value_or(promise.starts_on) <= snapshot.as_of;
            return begun && is_one(promise.subscription);
        });
    }
    const auto* series = snapshot.find_series(dataset);
    if (series == nullptr) return false;
    const auto column = std::ranges::find(series->texts, "subscription_id", &Series::Texts::name);
    if (column == series->texts.end()) return false;
    const auto as_of = static_cast<std::int32_t>(snapshot.as_of.time_since_epoch().count());
    for (auto row = series->first[customer]; row < series->first[customer + 1]; ++row) {
        if (is_one(column->words[row]) && is_known_by(*series, row, as_of)) return true;
    }
    return false;
}

std::vector<Subject> whole_customers(const Snapshot& snapshot) {
    std::vector<Subject> all;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) all.emplace_back(customer);
    return all;
}

std::optional<Day> since(const Snapshot& snapshot, const Subject& subject) {
    return subject.line != nullptr ? subject.line->since : customer_since(snapshot, subject.customer);
}

bool is_live(const Snapshot& snapshot, const Subject& subject, Day day) {
    if (subject.line == nullptr) return is_live(snapshot, subject.customer, day);
    return std::ranges::any_of(snapshot.subscriptions_of(subject.customer), [&](const Subscription& each) {
        return std::ranges::binary_search(subject.line->ids, each.id) && is_live(each, day);
    });
}

std::optional<double> own_number(const SubscriptionLine& line, std::string_view fact) {
    if (fact == "seats") return line.subscription->seats;
    if (fact == "mrr") return line.subscription->mrr / minor_units;
    if (fact == "revenue") return months * line.subscription->mrr / minor_units;
    return {};
}

}  // namespace retaind
