#include "retaind/model/snapshot.hpp"

#include <algorithm>

namespace retaind {
namespace {

/// The element of a vector sorted by `text_of` that has this text, or nullptr.
template <class T, class TextOf>
const T* find_sorted(const std::vector<T>& sorted, std::string_view wanted, TextOf text_of) {
    const auto found =
        std::lower_bound(sorted.begin(), sorted.end(), wanted,
                         [&](const T& element, std::string_view text) { return text_of(element) < text; });
    return found != sorted.end() && text_of(*found) == wanted ? &*found : nullptr;
}

template <class T>
std::span<const T> run(const std::vector<T>& all, std::uint32_t first, std::uint32_t count) {
    return std::span{all}.subspan(first, count);
}

constexpr int compared_days = 14;         ///< before a feed's newest day
constexpr int least_days = 10;            ///< of them with rows: else the feed has no daily rhythm
constexpr std::uint64_t least_rows = 50;  ///< of the same weekday among them
constexpr double whole_share = 0.2;       ///< of those rows, from which a day counts as whole

bool is_off_season(const Snapshot& snapshot, Day day) {
    return std::any_of(snapshot.off_season.begin(), snapshot.off_season.end(), [&](const OffSeason& season) {
        return season.segment.empty() && season.from <= day && day <= season.to;
    });
}

std::uint64_t rows_on(const Feed& feed, Day day, Day as_of) {
    const auto number = static_cast<std::int32_t>(day.time_since_epoch().count());
    auto entry = std::lower_bound(feed.presence.begin(), feed.presence.end(), number,
                                  [](const auto& each, std::int32_t wanted) { return each.day < wanted; });
    std::uint64_t rows = 0;
    for (; entry != feed.presence.end() && entry->day == number; ++entry)
        if (Day{std::chrono::days{entry->known}} <= as_of) rows += entry->rows;
    return rows;
}

/// Far fewer rows than usual on this weekday, in a feed that has rows nearly every day: most are still to come.
bool is_partial(const Snapshot& snapshot, const Feed& feed, Day day) {
    const auto rows = [&](int ago) { return rows_on(feed, day - std::chrono::days{ago}, snapshot.as_of); };
    const std::uint64_t usual = std::max(rows(compared_days / 2), rows(compared_days));
    if (usual < least_rows || static_cast<double>(rows(0)) >= whole_share * static_cast<double>(usual)) return false;
    int days = 0;
    for (int ago = 1; ago <= compared_days; ++ago) days += rows(ago) > 0;
    return days >= least_days && !is_off_season(snapshot, day);
}

std::optional<Day> newest_day(const Snapshot& snapshot, const Feed& feed) {
    for (auto entry = feed.presence.rbegin(); entry != feed.presence.rend(); ++entry) {
        const Day day{std::chrono::days{entry->day}}, known{std::chrono::days{entry->known}};
        if (day <= snapshot.as_of && known <= snapshot.as_of && !is_partial(snapshot, feed, day)) return day;
    }
    return std::nullopt;
}

std::optional<Day> watermark(const Snapshot& snapshot, const Feed& feed) {
    if (!feed.loaded) return std::nullopt;
    if (feed.stated_watermark)
        return std::min(*feed.stated_watermark, snapshot.as_of - std::chrono::ceil<std::chrono::days>(feed.delay));
    return feed.dated ? newest_day(snapshot, feed) : snapshot.as_of;
}

}  // namespace

const Feed* Snapshot::feed(std::string_view dataset) const {
    return find_sorted(feeds, dataset, [](const Feed& f) -> std::string_view { return f.dataset; });
}

const Series* Snapshot::find_series(std::string_view dataset) const {
    return find_sorted(series, dataset, [](const Series& s) -> std::string_view { return s.dataset; });
}

const Attribute* Snapshot::attribute(std::string_view name) const {
    return find_sorted(attributes, name, [](const Attribute& a) -> std::string_view { return a.name; });
}

const Person* Snapshot::person(std::string_view id) const {
    return find_sorted(people, id, [&](const Person& p) { return text(p.id); });
}

CustomerIndex Snapshot::find_customer(std::string_view id) const {
    const auto* found = find_sorted(customers, id, [&](const Customer& c) { return text(c.id); });
    return found ? static_cast<CustomerIndex>(found - customers.data()) : no_customer;
}

std::span<const Subscription> Snapshot::subscriptions_of(CustomerIndex customer) const {
    return run(subscriptions, customers[customer].first_subscription, customers[customer].subscriptions);
}

std::span<const Promise> Snapshot::promises_of(CustomerIndex customer) const {
    return run(promises, customers[customer].first_promise, customers[customer].promises);
}

std::span<const Reading> Snapshot::readings_of(const Promise& promise) const {
    return run(readings, promise.first_reading, promise.readings);
}

std::span<const Milestone> Snapshot::milestones_of(const Promise& promise) const {
    return run(milestones, promise.first_milestone, promise.milestones);
}

double rejected_share(const Feed& feed) {
    if (feed.rows_read == 0) return 0;
    return static_cast<double>(rejected_rows(feed.rejected)) / static_cast<double>(feed.rows_read);
}

std::optional<Day> watermark(const Snapshot& snapshot, std::string_view dataset) {
    const auto* feed = snapshot.feed(dataset);
    return feed ? watermark(snapshot, *feed) : std::nullopt;
}

std::optional<std::chrono::days> feed_age(const Snapshot& snapshot, std::string_view dataset) {
    const auto newest = watermark(snapshot, dataset);
    if (!newest) return std::nullopt;
    std::chrono::days age{0};
    for (Day day = snapshot.as_of; day > *newest; day -= std::chrono::days{1}) {
        if (!is_off_season(snapshot, day)) age += std::chrono::days{1};
    }
    return age;
}

FeedState feed_state(const Snapshot& snapshot, std::string_view dataset) {
    const auto* feed = snapshot.feed(dataset);
    if (!feed) return FeedState::unmapped;
    if (!feed->loaded) return FeedState::not_loaded;
    if (!feed->stale_after) return FeedState::fresh;
    const auto age = feed_age(snapshot, dataset);
    return age && *age <= *feed->stale_after ? FeedState::fresh : FeedState::stale;
}

bool is_loaded(const Snapshot& snapshot, std::string_view dataset) {
    const Feed* feed = snapshot.feed(dataset);
    return !feed || feed->loaded;
}

std::optional<Day> ended_on(const Subscription& subscription, Day as_of) {
    return subscription.ended_on && *subscription.ended_on <= as_of ? subscription.ended_on : std::nullopt;
}

std::string_view status(const Snapshot& snapshot, const Subscription& subscription) {
    const auto stated = snapshot.text(subscription.status);
    const bool later = subscription.ended_on && *subscription.ended_on > snapshot.as_of;
    return later && stated != "trial" ? "active" : stated;
}

bool is_live(const Subscription& subscription, Day as_of) {
    if (subscription.started_on > as_of) return false;
    return subscription.ended_on ? as_of < *subscription.ended_on : !subscription.over;
}

bool is_live(const Snapshot& snapshot, CustomerIndex customer, Day as_of) {
    if (!snapshot.feed("subscriptions")) {
        const auto& since = snapshot.customers[customer].since;
        return !since || *since <= as_of;
    }
    const auto subscriptions = snapshot.subscriptions_of(customer);
    return std::any_of(subscriptions.begin(), subscriptions.end(),
                       [&](const Subscription& subscription) { return is_live(subscription, as_of); });
}

double pulse(const Customer& customer, Day as_of, Seconds expires) {
    const auto& at = customer.pulse_at;
    return at && (*at > as_of || as_of - *at > expires) ? missing : customer.pulse;
}

bool has_ended(const Snapshot& snapshot, CustomerIndex customer) {
    if (is_live(snapshot, customer, snapshot.as_of)) return false;
    const auto subscriptions = snapshot.subscriptions_of(customer);
    return std::any_of(subscriptions.begin(), subscriptions.end(), [&](const Subscription& subscription) {
        return ended_on(subscription, snapshot.as_of) || (subscription.over && !subscription.ended_on);
    });
}

}  // namespace retaind
