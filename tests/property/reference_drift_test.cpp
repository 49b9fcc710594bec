// Drift and trend against the slow, obvious ones of tests/reference, over generated companies: every number of every
// customer to 1e-9.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "reference/reference_drift.hpp"
#include "retaind/signals/drift.hpp"
#include "retaind/signals/facts.hpp"
#include "retaind/signals/statistics.hpp"
#include "support/generated_company.hpp"

namespace retaind {
namespace {

using company::Company;
using company::Dice;
using std::chrono::days;

// -- companies --------------------------------------------------------------------------------------------------------

/// A row every few days, for most of the history; many fall at some day, some stop, pause, or forget a value.
void live_on(Company& company, Dice& dice, const std::string& customer) {
    const double level = std::exp(dice.number(0, 4)), fallen = dice.one_of<double>({1, 1, 0.5, 0.1, 0});
    const int fell = 7 * dice.below(30), paused = 7 * dice.below(80);
    for (int back = 310; back >= 0; back -= 1 + dice.below(9)) {
        if (back < paused && back > paused - 40) continue;
        company::FeedRow row{customer, company.as_of - days{back}};
        row.value = std::floor(level * dice.number(0.5, 1.5) * (back < fell ? fallen : 1));
        if (dice.chance(0.1)) row.value = missing;
        if (dice.chance(0.02)) row.value = -row.value;
        if (dice.chance(0.1)) row.known = row.day + days{dice.below(40)};
        row.texts["metric"] = dice.chance(0.8) ? "a" : "b";
        company.feeds["usage"].rows.push_back(row);
    }
}

/// A generated company with longer lives: most of its customers stay for the whole history, some join on the
/// way, some leave. The long lives replace what was generated: of two values of one day nothing says which is carried
/// on.
Company some_company(Dice& dice, std::uint64_t seed) {
    Company company = company::generated_company(seed, dice.one_of<int>({1, 15, 30, 60, 120, 120, 120}));
    company.read_from = company.as_of - days{dice.one_of<int>({40, 62, 70, 140, 200, 260, 300}) + dice.below(7)};
    std::set<std::string> staying;
    for (const auto& customer : company.customers)
        if (dice.chance(0.8)) staying.insert(customer.id);
    std::erase_if(company.feeds["usage"].rows, [&](const auto& row) { return staying.contains(row.customer); });
    for (auto& customer : company.customers) {
        if (staying.contains(customer.id)) live_on(company, dice, customer.id);
        if (dice.chance(0.5)) customer.segment = "south";
        const int joined = dice.chance(0.7) ? 400 : dice.below(280);
        if (dice.chance(0.7))
            company.subscriptions.push_back({customer.id, customer.id + "-stays", company.as_of - days{joined}});
    }
    std::map<std::string, Day> left;
    for (const auto& customer : company.customers)
        if (dice.chance(0.15)) left[customer.id] = company.as_of - days{dice.below(100)};
    for (auto& row : company.subscriptions)
        if (left.contains(row.customer)) row.ended_on = left.at(row.customer);
    company::add_later_rows(company, seed);
    for (auto& row : company.feeds["usage"].rows) row.texts.try_emplace("metric", "a");
    if (dice.chance(0.3)) company.as_of -= days{dice.below(60)};
    return company::shuffled(std::move(company), seed);
}

std::map<std::string, reference::Breaks> some_breaks(Dice& dice, const Company& company) {
    std::map<std::string, reference::Breaks> breaks;
    if (dice.chance(0.2)) return breaks;
    for (const auto& customer : company.customers) {
        if (dice.chance(0.2)) breaks[customer.id].reset = company.as_of - days{dice.below(260)};
        if (dice.chance(0.2)) breaks[customer.id].restart = company.as_of - days{dice.below(150)};
    }
    return breaks;
}

reference::DriftQuestion some_question(Dice& dice) {
    reference::DriftQuestion question;
    if (dice.chance(0.3)) question.metric = dice.one_of<std::string>({"a", "b"});
    question.silence_is_zero = dice.chance(0.3);
    if (dice.chance(0.3)) question.carry = 1 + dice.below(20);
    return question;
}

// -- comparing --------------------------------------------------------------------------------------------------------

struct Compared {
    int customers = 0, known = 0, drifting = 0, alarmed = 0, over_limit = 0;
    int without_rows = 0, lonely = 0, joined = 0, left_out = 0, reset = 0, restarted = 0;
    int trends = 0, tied = 0, rising = 0, falling = 0;
};

Signal signal_of(const reference::DriftQuestion& question) {
    Signal signal{.name = "drifts", .from = question.feed, .measure = Measure::drift};
    if (!question.metric.empty()) {
        const Field metric{
            .kind = Field::Kind::row_column, .scope = Scope::row, .name = "metric", .type = ValueType::text};
        signal.where_rows = {{.left = metric, .comparison = Comparison::equal, .right = question.metric}};
    }
    signal.silence = question.silence_is_zero ? Silence::zero : Silence::unknown;
    signal.carry = days{question.carry};
    return signal;
}

void expect_same(double found, const std::optional<double>& wanted, const std::string& what) {
    ASSERT_EQ(is_known(found), wanted.has_value()) << what << " is " << found << ", not " << wanted.value_or(missing);
    if (wanted) {
        ASSERT_NEAR(found, *wanted, 1e-9) << what;
    }
}

std::string text_of(const std::optional<Day>& day) { return day ? format_day(*day) : "none"; }

void compare_drift(const Drift& found, const reference::DriftStanding& wanted) {
    ASSERT_NO_FATAL_FAILURE(expect_same(found.cusum, wanted.cusum, "C"));
    ASSERT_NO_FATAL_FAILURE(expect_same(found.ewma, wanted.ewma, "z"));
    ASSERT_NO_FATAL_FAILURE(expect_same(found.ewma_limit, wanted.limit, "the limit of z"));
    ASSERT_EQ(text_of(found.since), text_of(wanted.since));
    if (wanted.cusum) {
        ASSERT_EQ(text_of(found.from), text_of(wanted.from));
    }
}

std::ptrdiff_t how_many_known(const std::vector<std::optional<double>>& values) {
    return std::ranges::count_if(values, [](const auto& value) { return value.has_value(); });
}

void compare_trend(const std::vector<std::optional<double>>& values, Compared& compared) {
    std::vector<double> numbers;
    for (const auto& value : values) numbers.push_back(value.value_or(missing));
    const auto wanted = reference::trend(values);
    const auto found = mann_kendall(numbers);
    ASSERT_NO_FATAL_FAILURE(expect_same(theil_sen(numbers).slope, wanted.slope, "slope"));
    ASSERT_NEAR(found.s, wanted.s, 1e-9);
    ASSERT_NEAR(found.variance, wanted.variance, 1e-9);
    ASSERT_NEAR(found.z, wanted.z, 1e-9);
    const auto n = static_cast<double>(how_many_known(values));
    ++compared.trends;
    compared.tied += wanted.variance < n * (n - 1) * (2 * n + 5) / 18 - 0.1;
    compared.rising += wanted.z > 1.96;
    compared.falling += wanted.z < -1.96;
}

void count(const Snapshot& snapshot, CustomerIndex customer, const reference::DriftStanding& standing,
           Compared& compared) {
    ++compared.customers;
    const std::string id(snapshot.text(snapshot.customers[customer].id));
    compared.without_rows += how_many_known(standing.sums) == 0;
    if (!standing.cusum) return;
    ++compared.known;
    compared.drifting += *standing.cusum > 0;
    compared.alarmed += *standing.cusum > cusum_alarm;
    compared.over_limit += *standing.ewma > *standing.limit;
    compared.lonely += snapshot.text(snapshot.customers[customer].segment) == "only" + id;
    compared.joined += customer_since(snapshot, customer) > snapshot.read_from + days{7};
    compared.left_out += how_many_known(standing.positions) < std::ssize(standing.positions);
}

/// Parallel to the customers, or empty where nobody has any.
std::vector<DriftBreaks> breaks_of(const Snapshot& snapshot, const std::map<std::string, reference::Breaks>& breaks) {
    std::vector<DriftBreaks> result;
    if (breaks.empty()) return result;
    for (const auto& customer : snapshot.customers) {
        const auto found = breaks.find(std::string(snapshot.text(customer.id)));
        result.emplace_back();
        if (found != breaks.end()) result.back() = {.reset = found->second.reset, .restart = found->second.restart};
    }
    return result;
}

void compare_company(const Company& company, Dice& dice, Compared& compared) {
    const auto question = some_question(dice);
    const auto breaks = some_breaks(dice, company);
    const auto expected = reference::drifts(company, question, breaks);
    const Snapshot snapshot = snapshot_of(company);
    const auto found = drifts(snapshot, signal_of(question), breaks_of(snapshot, breaks));
    ASSERT_EQ(found.size(), expected.size());
    for (CustomerIndex customer = 0; customer < found.size(); ++customer) {
        const std::string id(snapshot.text(snapshot.customers[customer].id));
        SCOPED_TRACE(id);
        const auto& wanted = expected.at(id);
        ASSERT_NO_FATAL_FAILURE(compare_drift(found[customer], wanted));
        if (dice.chance(0.2)) {
            ASSERT_NO_FATAL_FAILURE(compare_trend(wanted.sums, compared));
        }
        auto newest = wanted.sums;
        newest.erase(newest.begin(), newest.size() > 8 ? newest.end() - 8 : newest.begin());
        ASSERT_NO_FATAL_FAILURE(compare_trend(newest, compared));
        count(snapshot, customer, wanted, compared);
        if (!wanted.cusum || !breaks.contains(id)) continue;
        const auto& [reset, restart] = breaks.at(id);
        compared.reset += reset && *reset > company.read_from + days{7};
        compared.restarted += restart && *restart > *wanted.from + days{9 * 7};
    }
}

TEST(Drift, OfTenThousandCustomersIsThatOfTheReference) {
    const char* text = std::getenv("RETAIND_SEED");
    const std::uint64_t first = text ? std::strtoull(text, nullptr, 10) : std::random_device{}();
    std::cout << "RETAIND_SEED=" << first << std::endl;
    Compared compared;
    for (std::uint64_t seed = first; compared.customers < 10'000 && seed < first + 400; ++seed) {
        SCOPED_TRACE("RETAIND_SEED=" + std::to_string(seed));
        Dice dice(seed);
        const Company company = some_company(dice, seed);
        compare_company(company, dice, compared);
        if (HasFailure()) return;
    }
    EXPECT_GE(compared.customers, 10'000);
    EXPECT_GT(compared.known, compared.customers / 3);
    EXPECT_GT(compared.drifting, compared.customers / 10);
    EXPECT_GT(compared.alarmed, compared.customers / 50);
    EXPECT_GT(compared.over_limit, compared.customers / 100);
    EXPECT_GT(compared.without_rows, compared.customers / 200);
    EXPECT_GT(compared.lonely, compared.customers / 100);
    EXPECT_GT(compared.joined, compared.customers / 50);
    EXPECT_GT(compared.left_out, compared.customers / 10);
    EXPECT_GT(compared.reset, compared.customers / 100);
    EXPECT_GT(compared.restarted, compared.customers / 100);
    EXPECT_GT(compared.tied, compared.trends / 3);
    EXPECT_GT(compared.rising, compared.trends / 200);
    EXPECT_GT(compared.falling, compared.trends / 100);
}

}  // namespace
}  // namespace retaind
