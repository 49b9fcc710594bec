#include "reference/reference_health.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "reference/reference_scores.hpp"

namespace retaind::reference {

namespace {

using company::Company;
using company::CustomerRow;
using company::FeedRow;
using company::SubscriptionRow;
using std::chrono::days;
using Number = std::optional<double>;

int number_of(Day day) { return static_cast<int>(day.time_since_epoch().count()); }

// -- rows -----------------------------------------------------------------------------------------------------------

bool is_known_by(const FeedRow& row, Day as_of) { return row.day <= as_of && row.known.value_or(row.day) <= as_of; }

std::optional<Day> newest_day(const Company& company, const std::string& feed) {
    std::optional<Day> newest;
    if (!company.feeds.contains(feed) || !company.feeds.at(feed).loaded) return newest;
    for (const FeedRow& row : company.feeds.at(feed).rows)
        if (is_known_by(row, company.as_of) && (!newest || row.day > *newest)) newest = row.day;
    return newest;
}

bool is_live(const SubscriptionRow& row, Day on) {
    return row.started_on <= on && (!row.ended_on || on < *row.ended_on);
}

/// A row that counts for a signal, with the value that stands for it: its own, or a carried one.
struct Seen {
    Day day;
    Number value;
    std::string metric;
};

/// All rows of one customer that count for a signal, oldest first.
std::vector<Seen> rows_of(const Company& company, const Signal& signal, const std::string& customer) {
    std::vector<Seen> rows;
    if (!company.feeds.contains(signal.from)) return rows;
    for (const FeedRow& row : company.feeds.at(signal.from).rows) {
        if (row.customer != customer || !is_known_by(row, company.as_of)) continue;
        const auto metric = row.texts.contains("metric") ? row.texts.at("metric") : "";
        if (!signal.metric.empty() && metric != signal.metric) continue;
        rows.push_back({row.day, std::isnan(row.value) ? Number{} : Number{row.value}, metric});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Seen& a, const Seen& b) { return a.day < b.day; });
    auto carried = rows;
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t before = 0; before < i && !rows[i].value; ++before)
            if (rows[before].value && rows[i].day - rows[before].day <= days{signal.carry})
                carried[i].value = rows[before].value;
    return carried;
}

std::vector<Seen> between(const std::vector<Seen>& rows, Day first, Day last) {
    std::vector<Seen> inside;
    for (const Seen& row : rows)
        if (row.day >= first && row.day <= last) inside.push_back(row);
    return inside;
}

std::vector<double> values_of(const std::vector<Seen>& rows) {
    std::vector<double> values;
    for (const Seen& row : rows)
        if (row.value) values.push_back(*row.value);
    return values;
}

double sum_of(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
}

// -- facts of a customer ---------------------------------------------------------------------------------------------

std::optional<Day> since(const Company& company, const CustomerRow& customer) {
    if (customer.since) return customer.since;
    std::optional<Day> first;
    for (const SubscriptionRow& row : company.subscriptions)
        if (row.customer == customer.id && (!first || row.started_on < *first)) first = row.started_on;
    return first;
}

Number fact(const Company& company, const CustomerRow& customer, const std::string& name) {
    if (name == "seats") {
        Number seats;
        for (const SubscriptionRow& row : company.subscriptions)
            if (row.customer == customer.id && is_live(row, company.as_of) && !std::isnan(row.seats))
                seats = seats.value_or(0) + row.seats;
        return seats;
    }
    if (!customer.numbers.contains(name)) return {};
    return customer.numbers.at(name);
}

// -- measures -------------------------------------------------------------------------------------------------------

double middle_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// One signal of one customer.
class Reading {
public:
    Reading(const Company& company, const Promises& promises, const Signal& signal, const CustomerRow& customer)
        : company_(company),
          promises_(promises),
          signal_(signal),
          customer_(customer),
          mark_(newest_day(company, signal.from)),
          rows_(rows_of(company, signal, customer.id)) {}

    SignalStanding read() {
        if (signal_.from == "customers") return of_customer();
        if (signal_.from == "promises") return of_promises();
        if (signal_.measure == "count" && !company_.feeds.contains(signal_.from)) standing_.raw = 0;
        if (mark_) measure();
        if (!signal_.per.empty() && standing_.raw) {
            const auto divisor = fact(company_, customer_, signal_.per);
            standing_.raw = divisor && *divisor > 0 ? Number{*standing_.raw / *divisor} : Number{};
        }
        standing_.freshness = freshness();
        return standing_;
    }

private:
    SignalStanding of_customer() {
        if (customer_.texts.contains(signal_.field)) standing_.text = customer_.texts.at(signal_.field);
        if (signal_.field == "segment") standing_.text = customer_.segment;
        standing_.raw = fact(company_, customer_, signal_.field);
        standing_.rows = standing_.raw || !standing_.text.empty() ? 1 : 0;
        return standing_;
    }

    SignalStanding of_promises() {
        standing_.raw = ::reference::measure(signal_.measure, promises_.rows, customer_.id, promises_.rules,
                                             signal_.grace, number_of(company_.as_of));
        return standing_;
    }

    void measure() {
        const auto& name = signal_.measure;
        if (name == "days_since") return days_since();
        if (name == "last") return newest();
        if (name == "miss_streak") return miss_streak();
        if (name == "ratio") return ratio();
        if (name == "slope") return slope();
        const auto inside = between(rows_, *mark_ - days{signal_.window - 1}, *mark_);
        name_rows(inside);
        standing_.raw = inside.empty() ? silence() : fold(inside);
    }

    Number silence() const { return signal_.silence_is_zero ? Number{0} : Number{}; }

    void name_rows(const std::vector<Seen>& rows) {
        standing_.rows = static_cast<int>(rows.size());
        if (rows.empty()) return;
        standing_.first = rows.front().day;
        standing_.last = rows.back().day;
    }

    Number fold(const std::vector<Seen>& rows) const {
        const auto& name = signal_.measure;
        const auto values = values_of(rows);
        const auto count = static_cast<double>(rows.size());
        if (name == "count") return count;
        if (name == "share")
            return static_cast<double>(std::count_if(
                       rows.begin(), rows.end(), [&](const Seen& row) { return row.metric == signal_.of_metric; })) /
                   count;
        if (values.empty()) return {};
        const auto known = static_cast<double>(values.size());
        if (name == "sum") return sum_of(values);
        if (name == "mean") return sum_of(values) / known;
        if (name == "min") return *std::min_element(values.begin(), values.end());
        if (name == "max") return *std::max_element(values.begin(), values.end());
        const auto positive = [](double value) { return value > 0; };
        if (name == "rate") return static_cast<double>(std::count_if(values.begin(), values.end(), positive)) / known;
        std::set<Day> active;
        for (const Seen& row : rows)
            if (row.value && *row.value > 0) active.insert(row.day);
        return static_cast<double>(active.size());
    }

    void days_since() {
        standing_.raw = silence();
        for (const Seen& row : rows_) {
            if (!row.value || *row.value <= 0) continue;
            name_rows({row});
            standing_.raw = static_cast<double>((company_.as_of - row.day).count());
        }
    }

    void newest() {
        standing_.raw = silence();
        for (const Seen& row : rows_) {
            if (row.day > *mark_) continue;
            name_rows({row});
            standing_.raw = row.value;
        }
    }

    void miss_streak() {
        std::vector<Seen> missed;
        for (const Seen& row : rows_) {
            if (!row.value) continue;
            if (*row.value > 0)
                missed.clear();
            else
                missed.push_back(row);
        }
        name_rows(missed);
        standing_.raw = rows_.empty() ? silence() : Number{static_cast<double>(missed.size())};
    }

    /// Whether customer and data are old enough to look back to a day.
    bool reaches(Day first) const {
        const auto began = since(company_, customer_);
        return first >= company_.read_from && began && *began <= first;
    }

    /// The sum of a period beside others: 0 without rows, nothing when all are NULL.
    static Number sum_beside(const std::vector<Seen>& rows) {
        const auto values = values_of(rows);
        if (!rows.empty() && values.empty()) return {};
        return sum_of(values);
    }

    void ratio() {
        const Day begin = *mark_ - days{signal_.window - 1}, start = begin - days{signal_.baseline};
        const auto now = between(rows_, begin, *mark_), before = between(rows_, start, begin - days{1});
        name_rows(now);
        if (!reaches(start)) return;
        if (now.empty() && before.empty()) {
            standing_.raw = silence();
            return;
        }
        const auto a = sum_beside(now), b = sum_beside(before);
        if (a && b) standing_.raw = (*a / signal_.window + signal_.c) / (*b / signal_.baseline + signal_.c);
    }

    void slope() {
        const Day start = *mark_ - days{8 * 7 - 1};
        const auto all = between(rows_, start, *mark_);
        name_rows(all);
        if (!reaches(start)) return;
        if (all.empty()) {
            standing_.raw = silence();
            return;
        }
        std::vector<double> sums, slopes;
        for (int week = 0; week < 8; ++week) {
            const Day first = start + days{7 * week};
            const auto sum = sum_beside(between(rows_, first, first + days{6}));
            if (!sum) return;
            sums.push_back(*sum);
        }
        for (std::size_t j = 0; j < sums.size(); ++j)
            for (std::size_t i = 0; i < j; ++i) slopes.push_back((sums[j] - sums[i]) / static_cast<double>(j - i));
        const double middle = middle_of(sums);
        if (middle != 0) standing_.raw = middle_of(slopes) / middle;
    }

    double freshness() const {
        static const std::set<std::string> of_rows = {"last", "mean", "min", "max"};
        if (!mark_) return 0;
        const bool by_row = of_rows.contains(signal_.measure);
        if (by_row && !standing_.last) return 1;
        const double age = static_cast<double>((company_.as_of - (by_row ? *standing_.last : *mark_)).count());
        return age <= signal_.max_age ? 1 : std::pow(2, -(age - signal_.max_age) / signal_.stale_halflife);
    }

    const Company& company_;
    const Promises& promises_;
    const Signal& signal_;
    const CustomerRow& customer_;
    std::optional<Day> mark_;
    std::vector<Seen> rows_;
    SignalStanding standing_ = {};
};

// -- scales ---------------------------------------------------------------------------------------------------------

double limited(double value, double least, double most) { return value < least ? least : value > most ? most : value; }

double on_points(const std::vector<std::pair<double, double>>& points, double x) {
    if (x <= points.front().first) return points.front().second;
    for (std::size_t i = 1; i < points.size(); ++i) {
        const auto [x0, y0] = points[i - 1];
        const auto [x1, y1] = points[i];
        if (x <= x1) return y0 + (x - x0) * (y1 - y0) / (x1 - x0);
    }
    return points.back().second;
}

double on_steps(const std::vector<std::pair<double, double>>& steps, double x) {
    double score = steps.front().second;
    for (const auto& [from, value] : steps)
        if (from <= x) score = value;
    return score;
}

Number score_of(const Scale& scale, const SignalStanding& standing) {
    if (scale.kind == "category") {
        const auto found = scale.categories.find(standing.text);
        return found == scale.categories.end() ? Number{} : Number{found->second};
    }
    if (!standing.raw) return {};
    const double x = *standing.raw;
    if (scale.kind == "ramp") return 100 * limited((x - scale.bad) / (scale.good - scale.bad), 0, 1);
    if (scale.kind == "points") return on_points(scale.points, x);
    if (scale.kind == "steps") return on_steps(scale.points, x);
    if (scale.kind == "recency") return 100 * std::pow(2, -std::max(0.0, x - scale.grace) / scale.halflife);
    return limited(x, 0, 100);
}

// -- a day ----------------------------------------------------------------------------------------------------------

using Positions = std::map<std::string, double>;

/// Of signals with a cohort scale, where each customer stands.
std::vector<Positions> positions_of(const Company& company, const Pack& pack) {
    std::vector<Positions> all;
    for (const Signal& signal : pack.signals) {
        all.emplace_back();
        if (signal.scale.kind != "cohort" || !company.feeds.contains(signal.from)) continue;
        all.back() = cohort_positions(company, {.feed = signal.from,
                                                .measure = signal.measure,
                                                .metric = signal.metric,
                                                .silence_is_zero = signal.silence_is_zero,
                                                .carry = signal.carry,
                                                .by = signal.scale.by,
                                                .halflife = signal.scale.halflife,
                                                .min = signal.scale.min});
    }
    return all;
}

SignalStanding stand(const Company& company, const Promises& promises, const Signal& signal, const Positions& positions,
                     const CustomerRow& customer) {
    SignalStanding standing;
    const auto size = fact(company, customer, "size");
    const bool is_asked = signal.least_size.has_value();
    if (!is_asked || (size && *size >= *signal.least_size)) {
        standing = Reading(company, promises, signal, customer).read();
        if (signal.scale.kind != "cohort")
            standing.score = score_of(signal.scale, standing);
        else if (positions.contains(customer.id))
            standing.score = 100 * std::erfc(-(positions.at(customer.id) + signal.scale.delta) / std::sqrt(2.0)) / 2;
    }
    standing.applies = !is_asked || !size || *size >= *signal.least_size;
    return standing;
}

Combined combine_signals(const std::vector<SignalStanding>& signals, const Pack& pack, double prior) {
    std::vector<Part> parts;
    for (std::size_t i = 0; i < pack.signals.size(); ++i) {
        const Signal& signal = pack.signals[i];
        parts.push_back({.group = signal.group,
                         .group_weight = pack.groups.at(signal.group),
                         .weight = signal.weight,
                         .applies = signals[i].applies,
                         .score = signals[i].score,
                         .freshness = signals[i].freshness,
                         .when_missing = signal.when_missing});
    }
    return combine(parts, prior);
}

void apply_caps(CustomerStanding& to, const Pack& pack) {
    to.health = to.before_caps;
    for (const Cap& cap : pack.caps)
        for (std::size_t i = 0; i < pack.signals.size(); ++i) {
            const auto& raw = to.signals[i].raw;
            if (pack.signals[i].name == cap.signal && raw && *raw < cap.below) to.health = std::min(to.health, cap.at);
        }
}

// -- subscriptions and children --------------------------------------------------------------------------------------

std::vector<SubscriptionRow> live_subscriptions(const Company& company, const std::string& customer) {
    std::vector<SubscriptionRow> live;
    for (const SubscriptionRow& row : company.subscriptions)
        if (row.customer == customer && is_live(row, company.as_of)) live.push_back(row);
    return live;
}

using Feeds = std::set<std::string>;

std::string named_by(const FeedRow& row) {
    return row.texts.contains("subscription_id") ? row.texts.at("subscription_id") : "";
}

/// Whether some known row of a feed names a subscription.
bool names(const Company& company, const std::string& feed, const SubscriptionRow& subscription) {
    if (!company.feeds.contains(feed)) return false;
    const auto& rows = company.feeds.at(feed).rows;
    return std::any_of(rows.begin(), rows.end(), [&](const FeedRow& row) {
        return row.customer == subscription.customer && named_by(row) == subscription.id &&
               row.day >= company.read_from && is_known_by(row, company.as_of);
    });
}

/// The live subscriptions that are scored each on their own: two at least that some feed names.
std::vector<SubscriptionRow> parts_of(const Company& company, const Feeds& feeds, const std::string& customer) {
    std::vector<SubscriptionRow> parts;
    for (const SubscriptionRow& live : live_subscriptions(company, customer))
        if (std::any_of(feeds.begin(), feeds.end(), [&](const auto& feed) { return names(company, feed, live); }))
            parts.push_back(live);
    return parts.size() < 2 ? std::vector<SubscriptionRow>{} : parts;
}

/// Those of them that one feed names.
std::vector<SubscriptionRow> parts_in(const Company& company, const Feeds& feeds, const std::string& feed,
                                      const std::string& customer) {
    auto parts = parts_of(company, feeds, customer);
    std::erase_if(parts, [&](const SubscriptionRow& part) { return !names(company, feed, part); });
    return parts;
}

std::string part_id(const std::string& customer, const std::string& subscription) {
    return customer + "/" + subscription;
}

/// The company with each subscription that a feed tells apart as a customer of its own. Rows of products that are gone
/// belong to nobody, and still say how far the feed has come.
Company in_parts(Company company, const Feeds& feeds, const std::string& feed) {
    const Company whole = company;
    for (const CustomerRow& customer : whole.customers) {
        const auto parts = parts_in(whole, feeds, feed, customer.id);
        if (parts.empty()) continue;
        std::erase_if(company.customers, [&](const auto& row) { return row.id == customer.id; });
        std::erase_if(company.subscriptions, [&](const auto& row) { return row.customer == customer.id; });
        for (FeedRow& row : company.feeds.at(feed).rows)
            if (row.customer == customer.id) row.customer = "";
        for (SubscriptionRow subscription : parts) {
            CustomerRow part = customer;
            part.id = part_id(customer.id, subscription.id);
            part.since = subscription.started_on;
            company.customers.push_back(part);
            for (FeedRow row : whole.feeds.at(feed).rows) {
                const bool is_its = named_by(row).empty() || named_by(row) == subscription.id;
                if (row.customer != customer.id || !is_its) continue;
                row.customer = part.id;
                company.feeds.at(feed).rows.push_back(row);
            }
            subscription.customer = part.id;
            company.subscriptions.push_back(subscription);
        }
    }
    return company;
}

struct Share {
    double health = 0, coverage = 0;
    double revenue = 0;  ///< not a number: unknown
};

double revenue_of(const std::vector<SubscriptionRow>& subscriptions) {
    double sum = 0;
    for (const SubscriptionRow& row : subscriptions) sum += row.mrr;
    return sum;
}

/// What a day comes to, before anything of an earlier day but the prior.
class Scores {
public:
    Scores(const Company& company, const Promises& promises, const Pack& pack, const Memory& memory)
        : company_(company), promises_(promises), pack_(pack), memory_(memory), whole_(positions_of(company, pack)) {
        for (const Signal& signal : pack.signals) feeds_.insert(signal.from);
        for (const Signal& signal : pack.signals) {
            const bool is_known = parted_.contains(signal.from);
            if (!is_known) parted_[signal.from] = in_parts(company, feeds_, signal.from);
            if (!is_known) positions_[signal.from] = positions_of(parted_[signal.from], pack);
        }
    }

    std::map<std::string, CustomerStanding> all() {
        for (const CustomerRow& customer : company_.customers)
            if (is_live_customer(customer.id)) standing_of(customer);
        return std::move(standings_);
    }

private:
    bool is_live_customer(const std::string& id) const { return !live_subscriptions(company_, id).empty(); }

    static const CustomerRow& row_of(const Company& company, const std::string& id) {
        return *std::find_if(company.customers.begin(), company.customers.end(),
                             [&](const CustomerRow& row) { return row.id == id; });
    }

    /// The nearest live customer above.
    std::string parent_of(const CustomerRow& customer) const {
        std::string above = customer.parent;
        while (!above.empty() && !is_live_customer(above)) above = row_of(company_, above).parent;
        return above;
    }

    std::vector<const CustomerRow*> children_of(const CustomerRow& customer) const {
        std::vector<const CustomerRow*> children;
        for (const CustomerRow& other : company_.customers)
            if (!other.parent.empty() && is_live_customer(other.id) && parent_of(other) == customer.id)
                children.push_back(&other);
        return children;
    }

    /// Its own and that of all below it.
    double revenue_with_children(const CustomerRow& customer) const {
        double sum = revenue_of(live_subscriptions(company_, customer.id));
        for (const CustomerRow* child : children_of(customer)) sum += revenue_with_children(*child);
        return sum;
    }

    /// Of the customer as a whole, or of one subscription: then own signals are the subscription's.
    std::vector<SignalStanding> signals_of(const CustomerRow& customer, const std::string& subscription) const {
        std::vector<SignalStanding> signals;
        for (std::size_t i = 0; i < pack_.signals.size(); ++i) {
            const Signal& signal = pack_.signals[i];
            const auto parts = parts_in(company_, feeds_, signal.from, customer.id);
            const bool is_own =
                std::any_of(parts.begin(), parts.end(), [&](const auto& p) { return p.id == subscription; });
            const Company& parted = parted_.at(signal.from);
            const auto& among_parts = positions_.at(signal.from)[i];
            if (is_own)
                signals.push_back(
                    stand(parted, promises_, signal, among_parts, row_of(parted, part_id(customer.id, subscription))));
            else if (!parts.empty() && !subscription.empty())
                signals.push_back({.applies = false});
            else
                signals.push_back(
                    stand(company_, promises_, signal, parts.empty() ? among_parts : whole_[i], customer));
        }
        return signals;
    }

    std::vector<Share> own_parts(CustomerStanding& to, const CustomerRow& customer) const {
        const auto live = live_subscriptions(company_, customer.id);
        const auto told_apart = parts_of(company_, feeds_, customer.id);
        if (told_apart.empty()) {
            const auto combined = combine_signals(to.signals, pack_, to.prior);
            for (std::size_t i = 0; i < to.signals.size(); ++i) to.signals[i].contribution = combined.contributions[i];
            return {{combined.health, combined.coverage, revenue_of(live)}};
        }
        std::vector<Share> parts;
        for (const SubscriptionRow& subscription : told_apart) {
            const auto combined = combine_signals(signals_of(customer, subscription.id), pack_, to.prior);
            parts.push_back({combined.health, combined.coverage, subscription.mrr});
        }
        return parts;
    }

    void join(CustomerStanding& to, const std::vector<Share>& parts) const {
        to.parts = static_cast<int>(parts.size());
        double sum = 0, least = 100, mean = 0;
        for (const Share& part : parts) sum += part.revenue;
        for (const Share& part : parts) {
            const double share = sum > 0 ? part.revenue / sum : 1.0 / to.parts;
            mean += share * part.health;
            to.coverage += share * part.coverage;
            least = std::min(least, part.health);
        }
        to.weakest_part = to.parts > 1 ? pack_.weakest * std::min(0.0, least - mean) : 0;
        to.before_caps = mean + to.weakest_part;
    }

    const CustomerStanding& standing_of(const CustomerRow& customer) {
        if (const auto found = standings_.find(customer.id); found != standings_.end()) return found->second;
        CustomerStanding standing;
        const auto prior = memory_.priors.find(customer.segment);
        const bool has_prior = prior != memory_.priors.end() && prior->second.customers >= 20;
        standing.prior = has_prior ? prior->second.mean : pack_.prior;
        standing.signals = signals_of(customer, "");
        auto parts = own_parts(standing, customer);
        for (const CustomerRow* child : children_of(customer)) {
            const auto& below = standing_of(*child);
            parts.push_back({below.health, below.coverage, revenue_with_children(*child)});
        }
        join(standing, parts);
        apply_caps(standing, pack_);
        return standings_[customer.id] = standing;
    }

    const Company& company_;
    const Promises& promises_;
    const Pack& pack_;
    const Memory& memory_;
    Feeds feeds_ = {};                                              ///< that the pack reads
    std::vector<Positions> whole_;                                  ///< by signal
    std::map<std::string, Company> parted_ = {};                    ///< by feed
    std::map<std::string, std::vector<Positions>> positions_ = {};  ///< by feed, then signal
    std::map<std::string, CustomerStanding> standings_ = {};
};

std::string band_of(const CustomerStanding& standing, const std::string& before, const Pack& pack) {
    static const std::vector<std::string> order = {"at_risk", "watch", "healthy"};
    if (standing.coverage < pack.coverage_floor - 1e-9) return "unknown";
    const auto rank = [&](const std::string& band) {
        return std::find(order.begin(), order.end(), band) - order.begin();
    };
    const bool had_one = !before.empty() && before != "unknown";
    const auto reaches = [&](const std::string& band, double edge) {
        const bool climbs = had_one && rank(band) > rank(before);
        return standing.smoothed >= edge + (climbs ? pack.hysteresis : 0);
    };
    if (reaches("healthy", pack.healthy)) return "healthy";
    return reaches("watch", pack.watch) ? "watch" : "at_risk";
}

void smooth(CustomerStanding& to, const std::string& id, Day as_of, const Pack& pack, const Memory& memory) {
    to.smoothed = to.health;
    const auto before = memory.customers.find(id);
    if (before == memory.customers.end()) {
        to.band = band_of(to, "", pack);
        return;
    }
    const double passed = static_cast<double>((as_of - before->second.day).count());
    const double share = pack.smoothing > 0 ? 1 - std::pow(2, -passed / pack.smoothing) : 1;
    to.smoothed = before->second.smoothed + share * (to.health - before->second.smoothed);
    to.band = band_of(to, before->second.band, pack);
}

double chance(double a, double health) { return 1 / (1 + std::exp(-(a + 0.25 * (100 - health) / 10))); }

/// a such that the mean chance is the base rate, by halving.
double intercept(const std::map<std::string, CustomerStanding>& all, double base_rate) {
    double low = -100, high = 100;
    for (int step = 0; step < 200; ++step) {
        const double middle = (low + high) / 2;
        double sum = 0;
        for (const auto& [id, standing] : all) sum += chance(middle, standing.health);
        (sum / static_cast<double>(all.size()) < base_rate ? low : high) = middle;
    }
    return low;
}

void remember(Memory& memory, const Company& company, const std::map<std::string, CustomerStanding>& all) {
    memory.priors.clear();
    for (const CustomerRow& customer : company.customers) {
        const auto found = all.find(customer.id);
        if (found == all.end()) continue;
        const CustomerStanding& standing = found->second;
        memory.customers[customer.id] = {company.as_of, standing.smoothed, standing.band};
        if (standing.coverage < 0.8 - 1e-9) continue;
        Memory::Prior& prior = memory.priors[customer.segment];
        prior.mean = (prior.mean * prior.customers + standing.before_caps) / (prior.customers + 1);
        ++prior.customers;
    }
}

}  // namespace

std::map<std::string, CustomerStanding> score_day(const Company& company, const Promises& promises, const Pack& pack,
                                                  Memory& memory) {
    auto all = Scores(company, promises, pack, memory).all();
    for (auto& [id, standing] : all) smooth(standing, id, company.as_of, pack, memory);
    const double a = all.empty() ? 0 : intercept(all, pack.base_rate);
    for (auto& [id, standing] : all) standing.risk = chance(a, standing.health);
    remember(memory, company, all);
    return all;
}

}  // namespace retaind::reference
