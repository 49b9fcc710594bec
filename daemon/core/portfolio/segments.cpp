#include "retaind/portfolio/segments.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "retaind/signals/facts.hpp"

namespace retaind {
namespace {

constexpr std::chrono::days year{365};
constexpr std::int32_t window_days = 28;

double change(double now, double before) { return before > 0 ? now / before - 1 : missing; }

/// Customers and revenue of a day in the past, by what subscriptions say: who was live then, at what price. Who has an
/// amount without a rate, then or now, is in neither of the revenues that are compared.
struct Past {
    double customers = 0, revenue = 0;
    double left_out = 0;  ///< today's revenue of those whose revenue is not known then

    double revenue_change(double now) const { return change(now - left_out, revenue); }
};

/// The monthly revenue of a customer on a day; nothing when it was not live, missing when an amount is unknown.
std::optional<double> mrr_on(const Snapshot& snapshot, CustomerIndex customer, Day day) {
    std::optional<double> mrr;
    for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
        if (is_live(subscription, day)) mrr = mrr.value_or(0) + subscription.mrr;
    }
    return mrr;
}

/// By segment, in order of its name, so that sums are taken in one order. Empty when no subscription reaches back so
/// far: then nothing can be compared.
std::map<std::string_view, Past> past_by_segment(const Snapshot& snapshot, std::span<const CustomerStanding> live,
                                                 Day day) {
    std::vector<double> now(snapshot.customers.size(), 0);
    for (const CustomerStanding& each : live) now[each.customer] = each.facts.revenue;
    std::map<std::string_view, Past> past;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        const std::optional<double> mrr = mrr_on(snapshot, customer, day);
        if (!mrr) continue;
        Past& segment = past[snapshot.text(snapshot.customers[customer].segment)];
        segment.customers += 1;
        if (is_missing(now[customer])) continue;
        if (is_known(*mrr))
            segment.revenue += months_of_a_year * *mrr;
        else
            segment.left_out += now[customer];
    }
    return past;
}

/// Usage of the 28 days to the watermark, and of the 28 before.
struct Usage {
    double now = 0, before = 0;

    double change() const { return retaind::change(now, before); }
};

/// The rows of metric `usage`; all of them where there is no such metric.
class UsageRows {
public:
    UsageRows(const Snapshot& snapshot, const Series& series) : snapshot_(snapshot), series_(series) {
        const auto metric = std::ranges::find(series.texts, "metric", &Series::Texts::name);
        usual_ = snapshot.words.find("usage");
        if (metric != series.texts.end() && std::ranges::count(metric->words, usual_) > 0) metrics_ = &metric->words;
    }

    void add(CustomerIndex customer, Day newest, Usage& usage) const {
        const auto last = static_cast<std::int32_t>(newest.time_since_epoch().count());
        const auto end = series_.day.begin() + series_.first[customer + 1];
        auto day = std::upper_bound(series_.day.begin() + series_.first[customer], end, last - 2 * window_days);
        for (; day != end && *day <= last; ++day) {
            const auto row = static_cast<std::size_t>(day - series_.day.begin());
            if (counts(row)) (*day > last - window_days ? usage.now : usage.before) += series_.value[row];
        }
    }

private:
    bool counts(std::size_t row) const {
        if (is_missing(series_.value[row]) || (metrics_ != nullptr && (*metrics_)[row] != usual_)) return false;
        return series_.known.empty() || Day{std::chrono::days{series_.known[row]}} <= snapshot_.as_of;
    }

    const Snapshot& snapshot_;
    const Series& series_;
    const std::vector<Word>* metrics_ = nullptr;
    Word usual_ = no_word;
};

/// By segment, of everybody: who left takes their usage along. Empty where the data do not reach back 56 days.
std::map<std::string_view, Usage> usage_by_segment(const Snapshot& snapshot) {
    const Series* series = snapshot.find_series("usage");
    const std::optional<Day> newest = watermark(snapshot, "usage");
    std::map<std::string_view, Usage> usage;
    if (!series || !newest || *newest - std::chrono::days{2 * window_days - 1} < snapshot.read_from) return usage;
    const UsageRows rows(snapshot, *series);
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        rows.add(customer, *newest, usage[snapshot.text(snapshot.customers[customer].segment)]);
    }
    return usage;
}

/// The last 28 days of outside demand against the same days a year earlier; missing where the data do not reach back
/// so far. Without `segment`: all.
double demand_change(const Snapshot& snapshot, std::optional<Word> segment) {
    const auto exists = [&](const SegmentValue& value) {
        return value.at <= snapshot.as_of && value.known.value_or(value.at) <= snapshot.as_of;
    };
    std::optional<Day> newest;
    for (const SegmentValue& value : snapshot.segment_series) {
        if (exists(value) && (!newest || value.at > *newest)) newest = value.at;
    }
    if (!newest || *newest - year - std::chrono::days{window_days - 1} < snapshot.read_from) return missing;
    double now = 0, before = 0;
    for (const SegmentValue& value : snapshot.segment_series) {
        if ((segment && value.segment != *segment) || is_missing(value.value) || !exists(value)) continue;
        const std::chrono::days age = *newest - value.at;
        if (age >= std::chrono::days{0} && age < std::chrono::days{window_days}) now += value.value;
        if (age >= year && age < year + std::chrono::days{window_days}) before += value.value;
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
    double weight = 0, health = 0, scored = 0, plain = 0, cost = 0, margin = 0;
    std::array<BandShare, 4> sums;
    sums.fill({.customers = 0, .revenue = 0});
    for (const CustomerStanding& each : customers) {
        ++view.customers;
        BandShare& band = sums[static_cast<std::size_t>(each.band)];
        const double revenue = is_known(each.facts.revenue) ? each.facts.revenue : 0;
        view.revenue += revenue;
        band.customers += 1;
        band.revenue += revenue;
        revenues.push_back(revenue);
        if (is_known(each.health)) {
            weight += revenue;
            health += revenue * each.health;
            scored += 1;
            plain += each.health;
        }
        const double spent = snapshot.customers[each.customer].acquisition_cost;
        if (is_known(each.facts.payback_ratio)) {
            cost += spent;
            margin += spent * each.facts.payback_ratio;
        }
    }
    if (scored > 0) view.health = weight > 0 ? health / weight : plain / scored;
    for (std::size_t band = 0; band < sums.size(); ++band) {
        if (view.customers > 0) view.bands[band].customers = sums[band].customers / view.customers;
        if (view.revenue > 0) view.bands[band].revenue = sums[band].revenue / view.revenue;
    }
    view.at_risk_share = view.bands[static_cast<std::size_t>(Band::at_risk)].customers;
    if (cost > 0) view.payback_ratio = margin / cost;
    add_concentration(view, std::move(revenues));
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
    const auto past = past_by_segment(snapshot, customers, snapshot.as_of - year);
    const auto usage = usage_by_segment(snapshot);
    std::vector<SegmentView> views;
    double total = 0;
    for (const auto& [segment, members] : split(snapshot, customers)) {
        SegmentView view = roll_up(snapshot, members);
        view.segment = segment;
        const Word word = snapshot.customers[members.front().customer].segment;
        if (const auto before = past.find(segment); before != past.end()) {
            view.revenue_change_yoy = before->second.revenue_change(view.revenue);
            view.customers_change_yoy = change(view.customers, before->second.customers);
        }
        if (const auto used = usage.find(segment); used != usage.end()) view.usage_change_28d = used->second.change();
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
    for (const auto& [segment, past] : past_by_segment(snapshot, customers, snapshot.as_of - year)) {
        before.customers += past.customers;
        before.revenue += past.revenue;
        before.left_out += past.left_out;
    }
    view.revenue_change_yoy = before.revenue_change(view.revenue);
    view.customers_change_yoy = change(view.customers, before.customers);
    Usage usage;
    for (const auto& [segment, used] : usage_by_segment(snapshot)) {
        usage.now += used.now;
        usage.before += used.before;
    }
    view.usage_change_28d = usage.change();
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
