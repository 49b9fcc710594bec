// What must not matter, over whole cycles: in which order and how often rows arrive, what lies after as-of, how
// customers are called, and the scale of weights. Compared to the last bit, unless sums are taken in another order.
#include <cmath>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "edge/config/config.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/states.hpp"
#include "support/wandering_company.hpp"

namespace retaind {
namespace {

using testing::Rows;
using testing::TextRow;
using Company = testing::WanderingCompany;
using std::chrono::days;

constexpr int days_walked = 8;

RuleSet rules() {
    const std::string root = std::getenv("RETAIND_ROOT") ? std::getenv("RETAIND_ROOT") : ".";
    PackResult pack = load_rules({root + "/tests/property/time_rules.toml"});
    EXPECT_TRUE(pack.rules) << format_problems(pack.problems);
    RuleSet rules = std::move(*pack.rules);
    rules.policy.receivers = {{.name = "mail", .addresses_people = true}};
    rules.policy.defaults.ops = "m1";
    return rules;
}

/// What some days come to.
struct Walked {
    State state;
    std::vector<View> views;
    std::vector<Message> messages;
};

Walked walk(const std::vector<Rows>& rows, const RuleSet& rules) {
    Snapshot snapshot =
        testing::snapshot_of(rows, {.as_of = Company::last, .read_from = Company::last - days{Company::days}});
    Walked result;
    for (int back = days_walked - 1; back >= 0; --back) {
        snapshot.as_of = Company::last - days{back};
        CycleResult cycle = run_cycle(snapshot, rules, result.state, Instant{snapshot.as_of + days{1}});
        result.state = std::move(cycle.state);
        result.views.push_back(std::move(cycle.view));
        result.messages.insert(result.messages.end(), cycle.outbox.begin(), cycle.outbox.end());
    }
    return result;
}

std::string bits(double number) { return fmt::format("{:a}", number); }

/// Everything that is remembered, shown and told, every bit of it.
std::string text_of(const Walked& walked) {
    std::string text = test::to_text(walked.state);
    for (const View& view : walked.views) {
        for (const CustomerView& one : view.customers)
            text += fmt::format("{} {} {} {} {} {} {}\n", one.customer_id, bits(one.health), bits(one.smoothed),
                                bits(one.coverage), bits(one.risk), band_name(one.band), one.alerts.size());
        for (const PromiseView& one : view.promises)
            text += fmt::format("{} {} {} {}\n", one.promise_id, promise_state_name(one.state),
                                bits(one.probability_kept), bits(one.pace));
        for (const SegmentView& one : view.segments)
            text += fmt::format("{} {} {}\n", one.segment, bits(one.health), bits(one.revenue));
    }
    for (const Message& message : walked.messages) {
        text += fmt::format("{} {}\n", message.receiver, message.recipient.email);
        for (const AlertNote& note : message.notes)
            text += fmt::format("  {} {} {}\n", note.key.rule, note.key.entity, note.message);
    }
    return text;
}

Rows& table(std::vector<Rows>& rows, DatasetKind kind) { return *std::ranges::find(rows, kind, &Rows::kind); }

/// Calls check(rows, seed) on some companies.
void for_companies(const std::function<void(const std::vector<Rows>&, unsigned)>& check) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        check(Company(seed).rows(), seed);
        if (::testing::Test::HasFailure()) return;
    }
}

const std::vector<DatasetKind> with_row_ids = {DatasetKind::usage, DatasetKind::touchpoints, DatasetKind::readings};

TEST(Cycles, DoNotDependOnTheOrderOfRowsOrFeeds) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned seed) {
        EXPECT_EQ(text_of(walk(testing::shuffled(rows, seed), pack)), text_of(walk(rows, pack)));
    });
}

TEST(Cycles, ReadAFeedTwiceAsOnceWhereRowsHaveIds) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned) {
        auto twice = rows;
        for (const DatasetKind kind : with_row_ids) {
            auto& feed = table(twice, kind).rows;
            const auto once = feed;
            feed.insert(feed.end(), once.begin(), once.end());
        }
        EXPECT_EQ(text_of(walk(twice, pack)), text_of(walk(rows, pack)));
    });
}

TEST(Cycles, IgnoreRepeatedRowsThatHaveIds) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned seed) {
        std::mt19937 random{seed};
        auto repeated = rows;
        for (const DatasetKind kind : with_row_ids) {
            auto& feed = table(repeated, kind).rows;
            for (int i = 0; i < 200; ++i)
                feed.insert(feed.begin() + static_cast<int>(random() % feed.size()),
                            TextRow{feed[random() % feed.size()]});
        }
        EXPECT_EQ(text_of(walk(repeated, pack)), text_of(walk(rows, pack)));
    });
}

/// A query with UNION ALL gives its halves one after the other, each in an order of its own.
TEST(Cycles, DoNotDependOnHowAReadIsSplit) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned seed) {
        auto split = rows;
        for (Rows& feed : split) {
            const auto middle = feed.rows.begin() + static_cast<int>(feed.rows.size() * (seed + 1) / 8);
            std::rotate(feed.rows.begin(), middle, feed.rows.end());
            std::reverse(feed.rows.begin(), feed.rows.begin() + static_cast<int>(feed.rows.size() / 3));
        }
        EXPECT_EQ(text_of(walk(split, pack)), text_of(walk(rows, pack)));
    });
}

TEST(Cycles, DoNotLookAtRowsAfterAsOf) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned) {
        auto later = rows;
        const std::string tomorrow = format_day(Company::last + days{1}), last = format_day(Company::last - days{3});
        for (int n = 100; n < 130; ++n) {
            const std::string c = "c" + std::to_string(n), id = "later" + c;
            table(later, DatasetKind::usage).rows.push_back({c, tomorrow, "1000", tomorrow, id});
            table(later, DatasetKind::usage).rows.push_back({c, last, "1000", tomorrow, id + "k"});
            table(later, DatasetKind::touchpoints).rows.push_back({c, tomorrow, "service", id});
        }
        table(later, DatasetKind::readings).rows.push_back({"p102", tomorrow, "100", "later"});
        auto expected = walk(rows, pack), found = walk(later, pack);
        expected.state.feeds = found.state.feeds = {};  // rows that were read are counted, whatever their day
        EXPECT_EQ(text_of(found), text_of(expected));
    });
}

/// Customers under other ids, everywhere.
std::vector<Rows> renamed(std::vector<Rows> rows, const std::function<std::string(const std::string&)>& name) {
    for (Rows& feed : rows) {
        const auto column = std::ranges::find(feed.columns, "customer_id") - feed.columns.begin();
        if (static_cast<std::size_t>(column) == feed.columns.size()) continue;
        for (TextRow& row : feed.rows)
            row[static_cast<std::size_t>(column)] = name(*row[static_cast<std::size_t>(column)]);
    }
    return rows;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

TEST(Cycles, KeepNoMoreOfANameThanItsOrder) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned) {
        std::string text =
            text_of(walk(renamed(rows, [](const std::string& id) { return "k_" + id.substr(1); }), pack));
        for (int n = 0; n < Company::customers; ++n)
            text = replaced(text, fmt::format("k_{}", 100 + n), fmt::format("c{}", 100 + n));
        EXPECT_EQ(text, text_of(walk(rows, pack)));
    });
}

/// Numbers of every day by customer; a mean over customers may round in another way when they stand in another order.
void expect_close(const Walked& found, const Walked& expected,
                  const std::function<std::string(const std::string&)>& name) {
    for (std::size_t day = 0; day < expected.views.size(); ++day) {
        std::map<std::string, const CustomerView*> by_id;
        for (const CustomerView& one : found.views[day].customers) by_id[one.customer_id] = &one;
        ASSERT_EQ(by_id.size(), expected.views[day].customers.size());
        for (const CustomerView& one : expected.views[day].customers) {
            const CustomerView& other = *by_id.at(name(one.customer_id));
            ASSERT_NEAR(other.health, one.health, 1e-10) << one.customer_id;
            ASSERT_NEAR(other.smoothed, one.smoothed, 1e-10) << one.customer_id;
            ASSERT_NEAR(other.coverage, one.coverage, 1e-12) << one.customer_id;
            ASSERT_NEAR(other.risk, one.risk, 1e-12) << one.customer_id;
            ASSERT_EQ(other.band, one.band) << one.customer_id;
            ASSERT_EQ(other.alerts, one.alerts) << one.customer_id;
        }
    }
}

TEST(Cycles, DoNotDependOnNames) {
    const RuleSet pack = rules();
    for_companies([&](const std::vector<Rows>& rows, unsigned seed) {
        const auto name = [seed](const std::string& id) {
            return std::to_string(std::hash<std::string>{}(id + std::to_string(seed)) % 1000) + "-" + id;
        };
        expect_close(walk(renamed(rows, name), pack), walk(rows, pack), name);
    });
}

TEST(Cycles, DependOnTheRatiosOfWeightsOnly) {
    const RuleSet pack = rules();
    const auto scaled = [&](double groups, double signals) {
        RuleSet result = pack;
        for (Group& group : result.groups) group.weight *= groups;
        for (Signal& signal : result.signals) signal.weight *= signals;
        return result;
    };
    for_companies([&](const std::vector<Rows>& rows, unsigned seed) {
        const Walked expected = walk(rows, pack);
        EXPECT_EQ(text_of(walk(rows, scaled(4, 0.5))), text_of(expected)) << "powers of two round nothing";
        expect_close(walk(rows, scaled(0.37 * seed, 3.1)), expected, [](const std::string& id) { return id; });
    });
}

}  // namespace
}  // namespace retaind
