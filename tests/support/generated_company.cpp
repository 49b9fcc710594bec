#include "support/generated_company.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace retaind::company {

namespace {

using std::chrono::days;

constexpr int weeks_of_data = 20;

CustomerRow some_customer(Dice& dice, int number) {
    CustomerRow row{.id = "c" + std::to_string(number)};
    row.segment = dice.one_of<std::string>({"", "north", "south", "south", "south", "west", "west", "only" + row.id});
    if (dice.chance(0.9)) row.texts["term"] = dice.one_of<std::string>({"spring", "autumn"});
    if (dice.chance(0.9)) row.numbers["size"] = dice.below(3);
    if (dice.chance(0.2)) row.since = day("2023-06-01") + days{dice.below(300)};
    return row;
}

void add_some_subscriptions(Company& company, Dice& dice, const std::string& customer) {
    auto start = company.as_of - days{dice.chance(0.5) ? 400 + dice.below(400) : dice.below(120) - 10};
    for (int number = 0; number < 1 + dice.below(2); ++number) {
        SubscriptionRow row{customer, customer + "-" + std::to_string(number), start};
        if (dice.chance(0.3)) row.ended_on = start + days{1 + dice.below(150)};
        row.mrr = dice.chance(0.1) ? missing : dice.below(1000) * 100;
        row.seats = dice.chance(0.2) ? missing : dice.below(20);
        company.subscriptions.push_back(row);
        start += days{dice.below(200)};
    }
}

/// A customer's own rhythm, with gaps.
void add_some_rows(Company& company, Dice& dice, const std::string& customer) {
    if (dice.chance(0.1)) return;
    const double level = std::exp(dice.number(-1, 5)), pace = dice.number(0.02, 0.6);
    for (int back = weeks_of_data * 7; back >= -3; --back) {
        if (!dice.chance(pace) || (back / 30) % 3 == 2) continue;
        FeedRow row{customer, company.as_of - days{back},
                    dice.chance(0.1) ? missing : std::floor(dice.number(0, level))};
        row.texts["metric"] = dice.one_of<std::string>({"a", "b"});
        if (dice.chance(0.1)) row.known = row.day + days{dice.below(20)};
        company.feeds["usage"].rows.push_back(row);
    }
    for (int back = weeks_of_data * 7; back >= 0; back -= 7) {
        const double value = dice.one_of<double>({1, 1, 0, missing});
        if (dice.chance(0.7))
            company.feeds["attendance"].rows.push_back({customer, company.as_of - days{back}, value, {}, {}});
    }
}

}  // namespace

Company generated_company(std::uint64_t seed, int customers) {
    Dice dice(seed);
    Company company{.as_of = day("2024-03-31"),
                    .read_from = day("2024-03-31") - days{dice.one_of<int>({20, 57, 140, 400})}};
    company.feeds["usage"], company.feeds["attendance"];
    for (int number = 0; number < customers; ++number) {
        company.customers.push_back(some_customer(dice, number));
        add_some_subscriptions(company, dice, company.customers.back().id);
        add_some_rows(company, dice, company.customers.back().id);
    }
    return company;
}

void add_later_rows(Company& company, std::uint64_t seed) {
    Dice dice(seed);
    for (auto& [name, feed] : company.feeds) {
        for (int i = 0; i < 50; ++i) {
            FeedRow row{dice.one_of(company.customers).id, company.as_of + days{1 + dice.below(30)},
                        dice.number(0, 1000)};
            if (dice.chance(0.5)) {
                row.known = row.day;
                row.day = company.as_of - days{dice.below(60)};
            }
            feed.rows.push_back(row);
        }
    }
}

Company shuffled(Company company, std::uint64_t seed) {
    Dice dice(seed);
    dice.shuffle(company.customers);
    dice.shuffle(company.subscriptions);
    for (auto& [name, feed] : company.feeds) dice.shuffle(feed.rows);
    return company;
}

std::string new_name(const std::string& id) { return std::to_string(std::hash<std::string>{}(id)) + "/" + id; }

Company renamed(Company company) {
    for (auto& row : company.customers) row.id = new_name(row.id);
    for (auto& row : company.subscriptions) row.customer = new_name(row.customer);
    for (auto& [name, feed] : company.feeds) {
        for (auto& row : feed.rows) row.customer = new_name(row.customer);
    }
    return company;
}

}  // namespace retaind::company
