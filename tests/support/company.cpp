#include "support/company.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

namespace retaind::company {

namespace {

std::int32_t number_of(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }
Word word(Snapshot& snapshot, const std::string& text) { return text.empty() ? no_word : snapshot.words.intern(text); }

CustomerIndex index_of(const Company& sorted, const std::string& id) {
    const auto found = std::ranges::lower_bound(sorted.customers, id, {}, &CustomerRow::id);
    if (found == sorted.customers.end() || found->id != id) throw std::invalid_argument("no customer " + id);
    return static_cast<CustomerIndex>(found - sorted.customers.begin());
}

Attribute& attribute(Snapshot& snapshot, const std::string& name, bool is_number) {
    auto found = std::ranges::find(snapshot.attributes, name, &Attribute::name);
    if (found == snapshot.attributes.end()) {
        snapshot.attributes.push_back({name, is_number, {}, {}});
        found = std::prev(snapshot.attributes.end());
        found->numbers.resize(is_number ? snapshot.customers.size() : 0, missing);
        found->words.resize(is_number ? 0 : snapshot.customers.size(), no_word);
    }
    return *found;
}

void add_customers(Snapshot& snapshot, const Company& sorted) {
    for (const auto& row : sorted.customers) {
        Customer customer{.id = word(snapshot, row.id)};
        customer.segment = word(snapshot, row.segment);
        customer.since = row.since;
        snapshot.customers.push_back(customer);
    }
    for (std::size_t i = 0; i < sorted.customers.size(); ++i) {
        const auto& row = sorted.customers[i];
        if (!row.parent.empty()) snapshot.customers[i].parent_customer = index_of(sorted, row.parent);
        for (const auto& [name, text] : row.texts) attribute(snapshot, name, false).words[i] = word(snapshot, text);
        for (const auto& [name, number] : row.numbers) attribute(snapshot, name, true).numbers[i] = number;
    }
    std::ranges::sort(snapshot.attributes, {}, &Attribute::name);
}

void add_subscriptions(Snapshot& snapshot, const Company& sorted) {
    for (const auto& row : sorted.subscriptions) {
        Subscription subscription{.id = word(snapshot, row.id), .started_on = row.started_on};
        subscription.customer = index_of(sorted, row.customer);
        subscription.status = word(snapshot, row.ended_on ? "cancelled" : "active");
        subscription.plan = word(snapshot, row.plan);
        subscription.ended_on = row.ended_on;
        subscription.mrr = row.mrr;
        subscription.seats = row.seats;
        auto& customer = snapshot.customers[subscription.customer];
        if (customer.subscriptions++ == 0)
            customer.first_subscription = static_cast<std::uint32_t>(snapshot.subscriptions.size());
        snapshot.subscriptions.push_back(subscription);
    }
}

std::vector<Feed::Presence> presence_of(const Series& series) {
    std::map<std::pair<std::int32_t, std::int32_t>, Feed::Presence> days;
    for (std::size_t i = 0; i < series.day.size(); ++i) {
        const std::pair key{series.day[i], series.known[i]};
        ++days.try_emplace(key, Feed::Presence{key.first, key.second, 0}).first->second.rows;
    }
    std::vector<Feed::Presence> presence;
    for (const auto& [key, rows] : days) presence.push_back(rows);
    return presence;
}

struct PlacedRow {
    CustomerIndex customer;
    const FeedRow* row;
};

/// By customer, then day, then everything else: a row's place says nothing about when it arrived.
std::vector<PlacedRow> in_canonical_order(const Company& sorted, const std::vector<FeedRow>& rows) {
    std::vector<PlacedRow> placed;
    for (const auto& row : rows) placed.push_back({index_of(sorted, row.customer), &row});
    std::ranges::sort(placed, [](const PlacedRow& a, const PlacedRow& b) {
        if (const auto order = std::tie(a.customer, a.row->day) <=> std::tie(b.customer, b.row->day); order != 0)
            return order < 0;
        const auto value = [](const FeedRow& row) { return is_missing(row.value) ? -1e300 : row.value; };
        if (value(*a.row) != value(*b.row)) return value(*a.row) < value(*b.row);
        return std::tie(a.row->texts, a.row->known) < std::tie(b.row->texts, b.row->known);
    });
    return placed;
}

void add_feed(Snapshot& snapshot, const Company& sorted, const std::string& name, const FeedRows& feed) {
    snapshot.feeds.push_back(
        {.dataset = name, .source = "test", .loaded = feed.loaded, .rows = feed.rows.size(), .dated = true});
    if (!feed.loaded) return;
    std::set<std::string> columns;
    for (const auto& row : feed.rows) {
        for (const auto& [column, text] : row.texts) columns.insert(column), word(snapshot, text);
    }
    Series series{.dataset = name, .first = std::vector<std::uint32_t>(snapshot.customers.size() + 1)};
    for (const auto& column : columns) series.texts.push_back({column, {}});
    for (const auto& [customer, placed] : in_canonical_order(sorted, feed.rows)) {
        const auto& row = *placed;
        ++series.first[customer + 1];
        series.day.push_back(number_of(row.day));
        series.known.push_back(number_of(row.known.value_or(row.day)));
        series.value.push_back(row.value);
        for (auto& texts : series.texts) {
            const auto found = row.texts.find(texts.name);
            texts.words.push_back(found == row.texts.end() ? no_word : word(snapshot, found->second));
        }
    }
    for (std::size_t i = 1; i < series.first.size(); ++i) series.first[i] += series.first[i - 1];
    snapshot.feeds.back().presence = presence_of(series);
    snapshot.series.push_back(std::move(series));
}

}  // namespace

Snapshot snapshot_of(const Company& company) {
    Company sorted = company;
    std::ranges::sort(sorted.customers, {}, &CustomerRow::id);
    std::ranges::sort(sorted.subscriptions, {},
                      [](const SubscriptionRow& row) { return std::tie(row.customer, row.id); });
    Snapshot snapshot{.as_of = company.as_of, .read_from = company.read_from};
    for (const auto& row : company.customers) word(snapshot, row.segment);
    add_customers(snapshot, sorted);
    add_subscriptions(snapshot, sorted);
    for (const auto& [name, feed] : company.feeds) add_feed(snapshot, sorted, name, feed);
    if (!sorted.subscriptions.empty())
        snapshot.feeds.push_back({.dataset = "subscriptions", .source = "test", .loaded = true});
    std::ranges::sort(snapshot.feeds, {}, &Feed::dataset);
    return snapshot;
}

Day day(const char* text) { return parse_day(text).value(); }

}  // namespace retaind::company
