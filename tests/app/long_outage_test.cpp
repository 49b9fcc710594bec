// A receiver that is down for a day (QUALITY.md N4), from the evaluation to what is sent in the end: nothing is lost,
// and its return is no flood. Turns over the real state; time and the receivers are made up.
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "app/company.hpp"
#include "app/turn.hpp"
#include "edge/config/config.hpp"
#include "edge/state/state.hpp"
#include "support/set_clock.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Day today{std::chrono::year{2026} / 5 / 20};
constexpr int customers = 12;

constexpr const char* rules = R"(
schema = 1
name = "small"
[group.use]
weight = 1
[signal.quiet_days]
group = "use"
from = "usage"
measure = "days_since"
scale = { recency = { grace = 3, halflife = 7 } }
[rule.gone_quiet]
when = ["quiet_days >= 10"]
clear = ["quiet_days <= 5"]
severity = "warning"
cooldown = "0s"
message = "{name} has not been seen for {quiet_days} days."
)";

constexpr const char* settings = R"(
[daemon]
rules = ["rules.toml"]
[source.main]
backend = "sqlite3"
connection = "db=company.db"
[dataset.customers]
source = "main"
query = "SELECT customer_id, name, account_manager FROM customers"
[dataset.usage]
source = "main"
query = "SELECT customer_id, at, value FROM usage WHERE at >= :from AND at < :to"
[currency]
base = "EUR"
default = "EUR"
[alerts]
budget_per_week = 10000
blast_min = 1000
[receiver.hook]
type = "webhook"
url = "http://127.0.0.1:9/"
[receiver.managers]
type = "email"
smtp = "smtp://127.0.0.1:9"
from = "retaind@example.org"
to = "{recipient}"
)";

/// An alert as a reader hears of it.
struct Heard {
    std::int64_t episode = 0;
    bool ended = false;
};
using Reader = std::pair<std::string, std::string>;  ///< receiver, person

class ReceiverIsDown : public testing::Test {
protected:
    ReceiverIsDown() {
        std::ofstream{folder_.file("rules.toml")} << rules;
        std::string text = settings;
        text.replace(text.find("db=company.db"), 13, "db=" + folder_.file("company.db"));
        std::ofstream{folder_.file("retaind.toml")} << text;
        sqlite3_open(folder_.file("company.db").c_str(), &database_);
        run("CREATE TABLE customers (customer_id TEXT, name TEXT, account_manager TEXT)");
        run("CREATE TABLE usage (customer_id TEXT, at DATE, value REAL)");
        for (int n = 0; n < customers; ++n) {
            const std::string id = "'c" + std::to_string(n) + "'";
            run("INSERT INTO customers VALUES (" + id + ", " + id + ", 'm" + std::to_string(n % 2) + "@example.org')");
            run("INSERT INTO usage VALUES (" + id + ", '" + format_day(today - days{1}) + "', 1)");
        }
        LoadResult loaded = load_config(folder_.file("retaind.toml"));
        EXPECT_TRUE(loaded.problems.empty()) << format_problems(loaded.problems);
        company_ = Company::open(std::move(*loaded.loaded)).value();
        store_ = open_state({}, {.directory = folder_.path()}).value();
    }
    ~ReceiverIsDown() override { sqlite3_close(database_); }

    void run(const std::string& statement) {
        char* error = nullptr;
        sqlite3_exec(database_, statement.c_str(), nullptr, nullptr, &error);
        ASSERT_EQ(error, nullptr) << error;
    }

    void is_quiet(int customer, bool quiet) {
        run("UPDATE usage SET at = '" + format_day(today - (quiet ? days{14} : days{1})) + "' WHERE customer_id = 'c" +
            std::to_string(customer) + "'");
    }

    /// One turn, and what is due is sent: to the receivers that are up.
    void turn(const std::set<std::string>& down) {
        const Instant now = clock_.now();
        const Day as_of = company_->last_complete_day(now);
        Result<State> state = store_->load(as_of, false);
        ASSERT_TRUE(state.ok());
        const Snapshot snapshot = company_->read(as_of);
        const Result<Turn> taken = take_turn(*company_, *store_, snapshot, std::move(*state), {.now = now}, clock_);
        ASSERT_TRUE(taken.ok()) << taken.error().message;
        for (const Alert& alert : taken->result.state.alerts) {
            if (alert.phase != AlertPhase::pending) alerts_[alert.key.entity] = alert;
        }
        send(down);
        clock_.advance(minutes{15});
    }

    void send(const std::set<std::string>& down) {
        while (true) {
            const auto claimed = *store_->claim(clock_.now(), {}, 100);
            if (claimed.empty()) return;
            for (const Delivery& delivery : claimed) settle(delivery, down.contains(delivery.payload.receiver));
        }
    }

    void settle(const Delivery& delivery, bool fails) {
        ASSERT_TRUE(store_
                        ->settle({.delivery_id = delivery.payload.delivery_id,
                                  .status = fails ? DeliveryStatus::retry : DeliveryStatus::delivered,
                                  .next_at = clock_.now() + minutes{fails ? 10 : 0},
                                  .error_class = fails ? "connect" : ""})
                        .ok());
        if (fails) return;
        const Reader reader{delivery.payload.receiver, delivery.payload.person};
        ++messages_[reader];
        for (const Tell& tell : delivery.payload.tells) {
            Heard& heard = heard_[reader][tell.alert.key.entity];
            EXPECT_GE(tell.episode, heard.episode) << "in order";
            heard = {tell.episode, tell.transition == Transition::resolved || tell.transition == Transition::closed};
        }
    }

    /// What all readers of a receiver heard last is what is so.
    void expect_all_is_told(const std::string& receiver) {
        for (const auto& [entity, alert] : alerts_) {
            if (alert.key.scope != Scope::customer) continue;
            const bool even = (entity.back() - '0') % 2 == 0;
            const Reader reader{receiver, receiver == "hook" ? "" : even ? "m0@example.org" : "m1@example.org"};
            const bool told_before = heard_[reader].contains(entity);
            const bool over = !is_open(alert);
            if (over && !told_before) continue;  // began and ended unheard, and both in one message, or in none
            EXPECT_EQ(heard_[reader][entity].episode, alert.episode) << receiver << " " << entity;
            EXPECT_EQ(heard_[reader][entity].ended, over) << receiver << " " << entity;
        }
    }

    test::TemporaryFolder folder_;
    sqlite3* database_ = nullptr;
    test::SetClock clock_{today + hours{6}};
    std::unique_ptr<Company> company_;
    std::unique_ptr<StateStore> store_;
    std::map<std::string, Alert> alerts_;
    std::map<Reader, int> messages_;
    std::map<Reader, std::map<std::string, Heard>> heard_;
};

/// Two trials: what changes every hour for a day, and what has changed once when it is over.
TEST_F(ReceiverIsDown, LosesNothingAndIsNotFlooded) {
    std::mt19937 random{7};
    turn({});
    for (int n = 0; n < 4; ++n) is_quiet(n, true);
    for (int n = 0; n < 4; ++n) turn({});
    const auto before = messages_;
    const std::set<std::string> down = {"managers", "hook"};
    std::map<std::string, std::int64_t> most;  // episodes
    for (int quarter = 0; quarter < 96; ++quarter) {
        if (quarter % 4 == 0) {
            for (int n = 0; n < customers; ++n) is_quiet(n, random() % 2 == 0);
        }
        turn(down);
    }
    EXPECT_EQ(messages_, before) << "they are down";
    for (const auto& [entity, alert] : alerts_) most[entity] = alert.episode;
    EXPECT_GE(std::ranges::count_if(most, [](const auto& each) { return each.second >= 5; }), 6) << "a day of changes";
    for (int n = 0; n < 8; ++n) turn({});
    for (const auto& [reader, count] : messages_)  // of two dozen each
        EXPECT_LE(count - (before.contains(reader) ? before.at(reader) : 0), 8) << reader.first << " " << reader.second;
    for (int quarter = 0; quarter < 96; ++quarter) turn({});  // the next digest
    for (const char* receiver : {"managers", "hook"}) expect_all_is_told(receiver);
}

TEST_F(ReceiverIsDown, DelaysNoOther) {
    turn({});
    is_quiet(0, true);
    turn({"managers"});
    EXPECT_EQ((messages_[{"hook", ""}]), 1);
    EXPECT_EQ((messages_[{"managers", "m0@example.org"}]), 0);
    is_quiet(0, false);
    turn({"managers"});
    expect_all_is_told("hook");
    turn({});
    EXPECT_EQ((messages_[{"managers", "m0@example.org"}]), 1) << "the problem and its end in one";
    expect_all_is_told("managers");
}

}  // namespace
}  // namespace retaind
