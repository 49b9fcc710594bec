#include "bench/generated_company.hpp"

#include <array>
#include <random>

#include <fmt/format.h>

namespace retaind::bench {
namespace {

using std::chrono::days;

constexpr std::array all_tables{
    Table{"customers", "customer_id TEXT, name TEXT, segment TEXT, account_manager TEXT", ""},
    Table{"subscriptions",
          "subscription_id TEXT, customer_id TEXT, status TEXT, started_on DATE, renews_on DATE, mrr TEXT", ""},
    Table{"usage", "customer_id TEXT, at DATE, metric TEXT, value DOUBLE PRECISION", "at"},
    Table{"attendance", "customer_id TEXT, at DATE, event TEXT, status TEXT", "at"},
    Table{"touchpoints", "customer_id TEXT, at DATE, kind TEXT", "at"},
    Table{"promises",
          "promise_id TEXT, customer_id TEXT, outcome TEXT, kind TEXT, starts_on DATE, due_on DATE, "
          "target DOUBLE PRECISION, measured_by TEXT",
          ""},
};

std::string id(int customer) { return fmt::format("c{:07}", customer); }

void customers(const Size& size, const RowSink& row) {
    for (int c = 0; c < size.customers; ++c)
        row(std::array{id(c), fmt::format("Customer {}", c), fmt::format("segment {}", c % 12),
                       fmt::format("m{}", c % 40)});
}

void subscriptions(const Size& size, const RowSink& row) {
    for (int c = 0; c < size.customers; ++c)
        row(std::array{"s" + id(c), id(c), std::string{"active"}, format_day(size.last - days{400 + c % 700}),
                       format_day(size.last + days{1 + c % 365}), fmt::format("{}.50", 20 + c % 900)});
}

void usage(const Size& size, const RowSink& row) {
    std::mt19937 dice{17};
    for (int c = 0; c < size.customers; ++c) {
        const double level = 1 + static_cast<double>(dice() % 1000) / 100;
        const int stopped = c % 20 == 0 ? 14 : 0;  // one in twenty falls quiet two weeks before the end
        for (int back = size.days - 1; back >= stopped; --back) {
            for (const char* metric : {"logins", "exports"}) {
                if (dice() % 20 == 0) continue;
                row(std::array{id(c), format_day(size.last - days{back}), std::string{metric},
                               fmt::format("{:.3f}", level * (0.5 + static_cast<double>(dice() % 1000) / 1000))});
            }
        }
    }
}

void attendance(const Size& size, const RowSink& row) {
    std::mt19937 dice{18};
    for (int c = 0; c < size.customers; ++c)
        for (int back = size.days - 3; back > 0; back -= 7)
            row(std::array{id(c), format_day(size.last - days{back}), fmt::format("match {}", back),
                           std::string{dice() % 4 == 0 ? "missed" : "attended"}});
}

void touchpoints(const Size& size, const RowSink& row) {
    for (int c = 0; c < size.customers; ++c)
        for (int back = c % 30; back < size.days; back += 30)
            row(std::array{id(c), format_day(size.last - days{back}),
                           std::string{back % 2 == 0 ? "service" : "sales"}});
}

void promises(const Size& size, const RowSink& row) {
    for (int c = 0; c < size.customers; c += 4)
        row(std::array{"p" + id(c), id(c), std::string{"exports a quarter"}, std::string{"reach"},
                       format_day(size.last - days{size.days - 10}), format_day(size.last + days{60}),
                       std::string{"900"}, std::string{"depth"}});
}

}  // namespace

std::span<const Table> tables() { return all_tables; }

std::vector<std::string> column_names(const Table& table) {
    std::vector<std::string> names;
    std::string_view rest = table.columns;
    while (!rest.empty()) {
        names.emplace_back(rest.substr(0, rest.find(' ')));
        const auto comma = rest.find(", ");
        rest = comma == std::string_view::npos ? "" : rest.substr(comma + 2);
    }
    return names;
}

void generate(const Table& table, const Size& size, const RowSink& row) {
    using Make = void (*)(const Size&, const RowSink&);
    constexpr std::array<Make, all_tables.size()> makers{customers,  subscriptions, usage,
                                                         attendance, touchpoints,   promises};
    for (std::size_t at = 0; at < all_tables.size(); ++at)
        if (all_tables[at].name == table.name) makers[at](size, row);
}

}  // namespace retaind::bench
