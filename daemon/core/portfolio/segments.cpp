#include "retaind/portfolio/segments.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace retaind {
namespace {

constexpr std::chrono::days year{365};
constexpr int usage_window = 28;

double change(double now, double before) { return before > 0 ? now / before - 1 : missing; }

/// Customers and revenue of a day in the past, by what subscriptions say: who was live then, at what price.
struct Past {
    double customers = 0, revenue = 0;
};

/// Empty when no subscription reaches back so far: then nothing can be compared.
std::map<Word, Past> past_by_segment(const Snapshot& snapshot, Day day) {
    std::map<Word, Past> past;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        double mrr = 0;
        bool live = false;
        for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
            if (!is_live(subscription, day)) continue;
            live = true;
            if (is_known(subscription.mrr)) mrr += subscription.mrr;
        }
        if (!live) continue;
        Past& segment = past[snapshot.customers[customer].segment];
        segment.customers += 1;
        segment.revenue += 12 * mrr;
    }
    return past;
}

/// Sum of `usage` over the days (from, to].
double usage_between(const Snapshot& snapshot, const Series& series, CustomerIndex customer, Day from, Day to) {
    double sum = 0;
    for (std::uint32_t row = series.first[customer]; row < series.first[customer + 1]; ++row) {
        const Day day{std::chrono::days{series.day[row]}};
        const bool known = series.known.empty() || Day{std::chrono::days{series.known[row]}} <= snapshot.as_of;
        if (day > from && day <= to && known && is_known(series.value[row])) sum += series.value[row];
    }
    return sum;
}

double usage_change(const Snapshot& snapshot, std::span<const CustomerStanding> customers) {
    const Series* series = snapshot.find_series("usage");
    const std::optional<Day> newest = watermark(snapshot, "usage");
    const std::chrono::days window{usage_window};
    if (!series || !newest || *newest - 2 * window < snapshot.read_from) return missing;
    double now = 0, before = 0;
    for (const CustomerStanding& each : customers) {
        now += usage_between(snapshot, *series, each.customer, *newest - window, *newest);
        before += usage_between(snapshot, *series, each.customer, *newest - 2 * window, *newest - window);
    }
    return change(now, before);
}

/// The last 28 days of outside demand against the same days a year earlier. `segment` no_word: all.
double demand_change(const Snapshot& snapshot, std::optional<Word> segment) {
    std::optional<Day> newest;
    for (const SegmentValue& value : snapshot.segment_series) {
        if (value.at <= snapshot.as_of && (!newest || value.at > *newest)) newest = value.at;
    }
    if (!newest) return missing;
    double now = 0, before = 0;
    for (const SegmentValue& value : snapshot.segment_series) {
        if ((segment && value.segment != *segment) || is_missing(value.value)) continue;
        const std::chrono::days age = *newest - value.at;
        if (age >= std::chrono::days{0} && age < std::chrono::days{usage_window}) now += value.value;
        if (age >= year && age < year + std::chrono::days{usage_window}) before += value.value;
    }
    return change(now, before);
}

void add_concentration(SegmentView& view, std::vector<double> revenues) {
    std::sort(revenues.begin(), revenues.end(), std::greater<>());
    if (view.revenue <= 0) return;
    double sum = 0, squares = 0;
    for (std::size_t at = 0; at < revenues.size(); ++at) {
        sum += revenues[at];
        squares += revenues[at] / view.revenue * (revenues[at] / view.revenue);
        if (at < 5) view.top5_share = sum / view.revenue;
        if (at < 10) view.top10_share = sum / view.revenue;
    }
    view.hhi = squares;
}

/// What the customers themselves say; changes and shares are the caller's.
SegmentView roll_up(const Snapshot& snapshot, std::span<const CustomerStanding> customers) {
    SegmentView view;
    std::vector<double> revenues;
    double weight = 0, health = 0, at_risk = 0, cost = 0, margin = 0;
    for (const CustomerStanding& each : customers) {
        ++view.customers;
        at_risk += each.band == Band::at_risk;
        const double revenue = is_known(each.facts.revenue) ? each.facts.revenue : 0;
        view.revenue += revenue;
        revenues.push_back(revenue);
        if (is_known(each.health)) {
            weight += revenue;
            health += revenue * each.health;
        }
        const double spent = snapshot.customers[each.customer].acquisition_cost;
        if (is_known(each.facts.payback_ratio)) {
            cost += spent;
            margin += spent * each.facts.payback_ratio;
        }
    }
    if (weight > 0) view.health = health / weight;
    if (view.customers > 0) view.at_risk_share = at_risk / view.customers;
    if (cost > 0) view.payback_ratio = margin / cost;
    add_concentration(view, std::move(revenues));
    view.usage_change_28d = usage_change(snapshot, customers);
    return view;
}

using BySegment = std::map<std::string, std::vector<CustomerStanding>, std::less<>>;

BySegment split(const Snapshot& snapshot, std::span<const CustomerStanding> customers) {
    BySegment segments;
    for (const CustomerStanding& each : customers) {
        segments[std::string(snapshot.text(snapshot.customers[each.customer].segment))].push_back(each);
    }
    return segments;
}

}  // namespace

std::vector<SegmentView> segment_views(const Snapshot& snapshot, std::span<const CustomerStanding> customers) {
    const std::map<Word, Past> past = past_by_segment(snapshot, snapshot.as_of - year);
    std::vector<SegmentView> views;
    double total = 0;
    for (const auto& [segment, members] : split(snapshot, customers)) {
        SegmentView view = roll_up(snapshot, members);
        view.segment = segment;
        const Word word = snapshot.customers[members.front().customer].segment;
        if (const auto before = past.find(word); before != past.end()) {
            view.revenue_change_yoy = change(view.revenue, before->second.revenue);
            view.customers_change_yoy = change(view.customers, before->second.customers);
        }
        view.demand_change_yoy = demand_change(snapshot, word);
        total += view.revenue;
        views.push_back(std::move(view));
    }
    for (SegmentView& view : views) {
        if (total > 0) view.revenue_share = view.revenue / total;
    }
    return views;
}

SegmentView portfolio_view(const Snapshot& snapshot, std::span<const CustomerStanding> customers) {
    SegmentView view = roll_up(snapshot, customers);
    if (view.revenue > 0) view.revenue_share = 1;
    Past before;
    for (const auto& [segment, past] : past_by_segment(snapshot, snapshot.as_of - year)) {
        before.customers += past.customers;
        before.revenue += past.revenue;
    }
    view.revenue_change_yoy = change(view.revenue, before.revenue);
    view.customers_change_yoy = change(view.customers, before.customers);
    view.demand_change_yoy = demand_change(snapshot, std::nullopt);
    for (const auto& [segment, members] : split(snapshot, customers)) {
        double revenue = 0;
        for (const CustomerStanding& each : members) revenue += is_known(each.facts.revenue) ? each.facts.revenue : 0;
        if (view.revenue > 0) {
            const double share = revenue / view.revenue;
            view.largest_segment_share =
                is_missing(view.largest_segment_share) ? share : std::max(view.largest_segment_share, share);
        }
    }
    return view;
}

}  // namespace retaind
