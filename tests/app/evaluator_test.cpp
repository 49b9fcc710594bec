// The evaluator over a small company and the real state: what it says when a turn has ended, and that it can be stopped
// at any moment.
#include <condition_variable>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/deliver.hpp"
#include "app/evaluator.hpp"
#include "edge/state/state.hpp"
#include "support/failing_store.hpp"
#include "support/set_clock.hpp"
#include "support/temporary_folder.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using test::FailingStore;
using test::SetClock;
using test::TemporaryFolder;

constexpr Seconds patience = 20s;  ///< for what happens at once
const std::string customers = "SELECT 'c1' AS customer_id, 'One' AS name";
/// Never ends by itself.
const std::string endless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS customer_id, 'n' AS name FROM n";

class EvaluatorOverCompany : public testing::Test {
protected:
    EvaluatorOverCompany()
        : store_(open_state({}, {.directory = folder_.path()}).value()),
          outbox_(open_state({}, {.directory = folder_.path(), .access = StateAccess::companion}).value()) {}

    std::unique_ptr<Company> company(const std::string& query = customers, const std::string& more = "") {
        std::ofstream{folder_.file("company.db")};
        std::ofstream{folder_.file("rules.toml")} << R"(
schema = 1
name = "small"
[rule.is_there]
when = ["tenure_days >= 10"]
clear = ["tenure_days <= 3"]
severity = "warning"
message = "{name} is there."
)";
        std::ofstream{folder_.file("retaind.toml")} << "[daemon]\nrules = [\"rules.toml\"]\n"
                                                       "[source.main]\nbackend = \"sqlite3\"\ntimeout = \"60s\"\n"
                                                       "connection = \"db="
                                                    << folder_.file("company.db") << R"("
[dataset.customers]
source = "main"
query = ")" << query << R"("
[dataset.subscriptions]
source = "main"
query = """SELECT 's1' AS subscription_id, 'c1' AS customer_id, 'active' AS status, '2025-01-01' AS started_on,
 '49.00' AS mrr"""
[currency]
base = "EUR"
default = "EUR"
[receiver.out]
type = "file"
)" << more;
        LoadResult loaded = load_config(folder_.file("retaind.toml"));
        EXPECT_TRUE(loaded.problems.empty()) << format_problems(loaded.problems);
        return Company::open(std::move(*loaded.loaded)).value();
    }

    EvaluatorParts parts(std::function<void()> wake_delivery = [] {}) {
        return {.board = board_,
                .store = failing_,
                .clock = clock_,
                .wake_delivery = std::move(wake_delivery),
                .status = [](const std::string&) {},
                .turn_ended =
                    [this](const TurnEnd& end) {
                        const std::lock_guard lock(mutex_);
                        ended_.push_back(end.well);
                        wake_at_ = end.wake_at;
                        changed_.notify_all();
                    }};
    }

    /// Asks, and waits for the end of that turn.
    bool turn(Evaluator& evaluator) {
        std::unique_lock lock(mutex_);
        const std::size_t before = ended_.size();
        evaluator.ask();
        EXPECT_TRUE(changed_.wait_for(lock, patience, [&] { return ended_.size() > before; }));
        return ended_.back();
    }

    TemporaryFolder folder_;
    SetClock clock_{Instant{Day{std::chrono::year{2026} / 3 / 1}} + 5h};
    Board board_;
    std::unique_ptr<StateStore> store_, outbox_;
    FailingStore failing_{*store_};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<bool> ended_;
    std::optional<Instant> wake_at_;  ///< of the last turn
};

TEST_F(EvaluatorOverCompany, SaysAfterEachTurnWhetherItWentWell) {
    bool failing = true;
    failing_.fails = [&] { return failing; };
    Evaluator evaluator{company(), parts()};
    EXPECT_FALSE(turn(evaluator));
    EXPECT_FALSE(board_.ready());
    failing = false;
    EXPECT_TRUE(turn(evaluator));
    EXPECT_TRUE(board_.ready());
    EXPECT_EQ(board_.telemetry().cycles.at("failed"), 1u);
    EXPECT_EQ(board_.telemetry().cycles.at("ok"), 1u);
}

TEST_F(EvaluatorOverCompany, ForgetsSourcesThatAreGone) {
    Evaluator evaluator{company(), parts()};
    board_.update([](Telemetry& telemetry) { telemetry.source_up["gone"] = true; });
    ASSERT_TRUE(turn(evaluator));
    EXPECT_EQ(board_.telemetry().source_up, (std::map<std::string, bool>{{"main", true}}));
}

TEST_F(EvaluatorOverCompany, GoesOnWithTheDayItKnowsWhileTheClockCannotBeBelieved) {
    Evaluator evaluator{company(), parts()};
    ASSERT_TRUE(turn(evaluator));
    const Day known = board_.view()->as_of;
    for (const Seconds jump : {Seconds{-48h}, Seconds{87'672h}, Seconds{-480'000h}}) {
        clock_.advance(jump);
        EXPECT_TRUE(turn(evaluator)) << format_duration(std::chrono::abs(jump));
        EXPECT_EQ(board_.view()->as_of, known);
        clock_.advance(-jump);
    }
    clock_.advance(30 * 24h);
    EXPECT_TRUE(turn(evaluator));
    EXPECT_EQ(board_.view()->as_of, known + std::chrono::days{30}) << "a machine may sleep for weeks";
}

TEST_F(EvaluatorOverCompany, WhatWasGivenUpIsAnAlertOfTheNextTurn) {
    Evaluator evaluator{company(), parts()};
    ASSERT_TRUE(turn(evaluator));
    const auto claimed = *outbox_->claim(clock_.now(), {}, 1);
    ASSERT_EQ(claimed.size(), 1u);
    ASSERT_TRUE(outbox_
                    ->settle({.delivery_id = claimed[0].payload.delivery_id,
                              .status = DeliveryStatus::dead,
                              .next_at = clock_.now(),
                              .error_class = "http_404"})
                    .ok());
    ASSERT_TRUE(turn(evaluator));
    const auto view = board_.view();
    const auto found =
        std::ranges::find_if(view->alerts, [](const Alert& alert) { return alert.key.rule == "delivery_failed"; });
    ASSERT_NE(found, view->alerts.end());
    EXPECT_EQ(found->key.entity, "out");
    EXPECT_EQ(found->phase, AlertPhase::firing);
}

TEST_F(EvaluatorOverCompany, TellsNobodyAnythingInTheTurnAfterAClockJump) {
    bool failing = true;
    failing_.fails = [&] { return failing; };
    Evaluator evaluator{company(), parts()};
    evaluator.note_clock_jump();
    EXPECT_FALSE(turn(evaluator));
    failing = false;
    EXPECT_TRUE(turn(evaluator));
    EXPECT_TRUE(store_->outbox()->empty()) << "a turn that failed told nobody anything either";
    EXPECT_EQ(wake_at_, clock_.now() + 60s);
    clock_.advance(60s);
    EXPECT_TRUE(turn(evaluator));
    EXPECT_EQ(store_->outbox()->size(), 1u);
    EXPECT_EQ(wake_at_, std::nullopt) << "a file waits for nothing";
}

TEST_F(EvaluatorOverCompany, SaysWhenPeopleWaitForSomething) {
    Evaluator evaluator{company(customers, R"([receiver.chat]
type = "slack"
url = "https://chat.example.org/x"
digest = "07:30"
)"),
                        parts()};
    ASSERT_TRUE(turn(evaluator));
    EXPECT_EQ(wake_at_, Instant{Day{std::chrono::year{2026} / 3 / 1}} + 7h + 30min);
}

TEST_F(EvaluatorOverCompany, KnowsTheZonesOfPeople) {
    const auto read = company(customers, R"([dataset.people]
source = "main"
query = """SELECT 'ada' AS person_id, 'ada@x.org' AS email, 'Europe/Berlin' AS timezone
 UNION ALL SELECT 'bo', 'bo@x.org', 'Mars/Base' UNION ALL SELECT 'cid', 'cid@x.org', NULL"""
)")
                          ->read(Day{std::chrono::year{2026} / 2 / 28});
    ASSERT_EQ(read.zones.size(), 1u);
    const Policy policy{.zone = {.name = "ours"}};
    EXPECT_EQ(zone_of(read, policy, "ada").name, "Europe/Berlin");
    EXPECT_EQ(zone_of(read, policy, "bo").name, "ours");
    EXPECT_EQ(zone_of(read, policy, "cid").name, "ours");
    EXPECT_EQ(read.feed("people")->contradictions.at("unknown_timezone"), 1u);
}

TEST_F(EvaluatorOverCompany, AStopBeforeTheReadingHasBegunIsNotForgotten) {
    std::mutex mutex;
    std::condition_variable changed;
    bool loading = false, stopping = false;
    failing_.before_load = [&] {
        std::unique_lock lock(mutex);
        loading = true;
        changed.notify_all();
        changed.wait_for(lock, patience, [&] { return stopping; });
    };
    auto cancelled = company(endless);
    Company& reading = *cancelled;
    Evaluator evaluator{std::move(cancelled), parts()};
    evaluator.ask();
    {
        std::unique_lock lock(mutex);
        ASSERT_TRUE(changed.wait_for(lock, patience, [&] { return loading; }));
        reading.cancel();  // as stop() does, which then waits for the thread
        stopping = true;
        changed.notify_all();
    }
    const auto start = std::chrono::steady_clock::now();
    evaluator.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, patience) << "the reading was begun after all";
    EXPECT_EQ(*store_->newest_day(), std::nullopt);
}

TEST_F(EvaluatorOverCompany, HasMovedWhileItWaitsAndWithEachStepOfATurnButNotWhileItHangs) {
    std::promise<void> loading, storing, go_on;
    const auto may_go_on = go_on.get_future().share();
    failing_.before_load = [&] { loading.set_value(); };
    failing_.fails = [&] {
        storing.set_value();
        return may_go_on.wait_for(patience) != std::future_status::ready;
    };
    Evaluator evaluator{company(), parts()};
    EXPECT_TRUE(evaluator.has_moved());
    EXPECT_TRUE(evaluator.has_moved()) << "there is nothing to do";
    std::thread hangs_at_commit{[&] { EXPECT_TRUE(turn(evaluator)); }};
    ASSERT_EQ(loading.get_future().wait_for(patience), std::future_status::ready);
    ASSERT_EQ(storing.get_future().wait_for(patience), std::future_status::ready);
    EXPECT_TRUE(evaluator.has_moved()) << "it read rows, and evaluated them";
    EXPECT_FALSE(evaluator.has_moved()) << "it hangs while it stores";
    EXPECT_FALSE(evaluator.has_moved());
    go_on.set_value();
    hangs_at_commit.join();
    EXPECT_TRUE(evaluator.has_moved());
}

/// Meant for ThreadSanitizer: turns, deliveries, reloads and scrapes at once, as in the daemon.
TEST_F(EvaluatorOverCompany, TurnsDeliveriesReloadsAndScrapesAtOnce) {
    constexpr int days = 6;
    const auto outlets = [&] {
        return make_outlets({{.name = "out", .type = ReceiverType::file, .path = folder_.file("out.jsonl")}});
    };
    std::atomic<unsigned> calls = 0;
    failing_.fails = [&] { return ++calls % 3 == 0; };
    Deliverer deliverer{
        *outbox_,
        outlets(),
        clock_,
        {.look_again = 0s,
         .on_result =
             [this](const std::string& receiver, const std::string& result) {
                 board_.update([&](Telemetry& telemetry) { ++telemetry.deliveries[{receiver, result}]; });
             },
         .on_outbox = [this](
                          const std::vector<OutboxCount>& counts,
                          std::uint64_t) { board_.update([&](Telemetry& telemetry) { telemetry.outbox = counts; }); }}};
    Evaluator evaluator{company(), parts([&] { deliverer.wake(); })};
    std::atomic<bool> over = false;
    std::thread scraper{[&] {
        while (!over) {
            EXPECT_EQ(board_.answer({.method = "GET", .path = "/metrics"}).status, 200);
            [[maybe_unused]] const auto view = board_.view();
        }
    }};
    for (int day = 0; day < days; ++day) {
        evaluator.ask();
        evaluator.replace(company());
        deliverer.replace(outlets());
        while (!turn(evaluator)) {}
        clock_.advance(24h);
    }
    evaluator.ask();
    evaluator.stop();
    EXPECT_TRUE(deliverer.wait_until_idle(patience).ok());
    deliverer.stop();
    over = true;
    scraper.join();
    std::ifstream in{folder_.file("out.jsonl")};
    std::string line;
    int lines = 0;
    while (std::getline(in, line)) ++lines;
    EXPECT_EQ(lines, 1) << "what was found at first is told once";
}

}  // namespace
}  // namespace retaind
