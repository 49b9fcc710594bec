#include "retaind/signals/subject.hpp"

#include <cstdlib>

#include "retaind/base/value.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {

namespace {

constexpr double months_a_year = 12;

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
        const bool follows = std::ranges::any_of(
            line.parts, [&](const Subscription* each) { return continues(*each, ended, *end, gap_days); });
        if (follows && (found == nullptr || (is_same_plan && found->subscription->plan != ended.plan))) found = &line;
    }
    return found;
}

/// Which subscription each row names; null when the dataset does not say.
const std::vector<Word>* named_subscriptions(const Series* series) {
    if (series == nullptr) return nullptr;
    const auto column = std::ranges::find(series->texts, "subscription_id", &Series::Texts::name);
    return column == series->texts.end() ? nullptr : &column->words;
}

}  // namespace

std::vector<SubscriptionLine> subscription_lines(const Snapshot& snapshot, CustomerIndex customer, int gap_days) {
    std::vector<SubscriptionLine> lines;
    std::vector<const Subscription*> ended;
    for (const auto& subscription : snapshot.subscriptions_of(customer)) {
        if (is_live(subscription, snapshot.as_of))
            lines.push_back(
                {.subscription = &subscription, .parts = {&subscription}, .since = subscription.started_on});
        else if (subscription.started_on <= snapshot.as_of)
            ended.push_back(&subscription);
    }
    // The latest first, so that a chain of renewals is followed back.
    std::ranges::stable_sort(ended, std::ranges::greater{}, &Subscription::started_on);
    for (const auto* each : ended) {
        auto* line = successor(lines, snapshot, *each, gap_days);
        if (line == nullptr) continue;
        line->parts.push_back(each);
        line->since = std::min(line->since, each->started_on);
    }
    for (auto& line : lines) {
        std::ranges::transform(line.parts, std::back_inserter(line.ids), &Subscription::id);
        std::ranges::sort(line.ids);
    }
    return lines;
}

bool can_name_lines(const Snapshot& snapshot, std::string_view dataset) {
    if (dataset == "promises")
        return std::ranges::any_of(snapshot.promises, [](const Promise& each) { return each.subscription != no_word; });
    return named_subscriptions(snapshot.find_series(dataset)) != nullptr;
}

bool names_line(const Snapshot& snapshot, std::string_view dataset, CustomerIndex customer,
                const SubscriptionLine& line) {
    const auto is_this = [&](Word named) { return named != no_word && std::ranges::binary_search(line.ids, named); };
    if (dataset == "promises") {
        return std::ranges::any_of(snapshot.promises_of(customer), [&](const Promise& promise) {
            return is_this(promise.subscription) && promise.starts_on <= snapshot.as_of &&
                   promise.known.value_or(promise.starts_on) <= snapshot.as_of;
        });
    }
    const auto* series = snapshot.find_series(dataset);
    const auto* named = named_subscriptions(series);
    if (named == nullptr) return false;
    const auto number = [](Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); };
    const auto first = number(snapshot.read_from), last = number(snapshot.as_of);
    for (auto row = series->first[customer]; row < series->first[customer + 1]; ++row) {
        const bool exists = series->day[row] >= first && series->day[row] <= last &&
                            (series->known.empty() || series->known[row] <= last);
        if (exists && is_this((*named)[row])) return true;
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
    return std::ranges::any_of(subject.line->parts, [&](const Subscription* each) { return is_live(*each, day); });
}

std::optional<double> own_number(const SubscriptionLine& line, std::string_view fact) {
    if (fact == "seats") return line.subscription->seats;
    if (fact == "mrr") return line.subscription->mrr / minor_units;
    if (fact == "revenue") return months_a_year * line.subscription->mrr / minor_units;
    return {};
}

}  // namespace retaind
