// What a source does while its database misbehaves: all or nothing, in time, and well again at the next reading.
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/source/source.hpp"
#include "support/fault_proxy.hpp"
#include "support/rows.hpp"
#include "support/snapshot_dump.hpp"
#include "support/test_database.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using testing::dump;
using testing::FaultProxy;
using ::testing::HasSubstr;
using testing::on;
using testing::PostgresDatabase;
using testing::PostgresServer;
using testing::SqliteDatabase;
using Fault = FaultProxy::Fault;
using Clock = std::chrono::steady_clock;

DatasetRequest request(DatasetKind kind, std::string query) {
    return {.options = {.name = std::string{dataset_spec(kind).name}, .kind = kind, .source = "crm"},
            .query = std::move(query),
            .from = on(2026, 1, 1),
            .to = on(2026, 3, 1)};
}

const std::vector<DatasetRequest>& company() {
    static const std::vector<DatasetRequest> requests = {
        request(DatasetKind::customers,
                "SELECT 'c' || i AS customer_id, 'Name ' || i AS name FROM generate_series(1, 50) AS i"),
        request(DatasetKind::usage,
                "SELECT 'c' || i % 50 + 1 AS customer_id, :from + i % 30 AS at, i AS value FROM generate_series(1, "
                "2000) AS i"),
        request(DatasetKind::touchpoints,
                "SELECT 'c' || i AS customer_id, :from AS at, 'sales' AS kind FROM generate_series(1, 50) AS i"),
    };
    return requests;
}

std::string dump_of(Result<std::vector<Dataset>> datasets) {
    return dump(assemble(std::move(datasets).value(), {}, {.as_of = on(2026, 2, 28), .read_from = on(2026, 1, 1)}));
}

template <class Work>
std::chrono::milliseconds time_of(Work work) {
    const auto start = Clock::now();
    work();
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
}

class SourceFaults : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
        database_ = std::make_unique<PostgresDatabase>();
        proxy_ = std::make_unique<FaultProxy>(PostgresDatabase::server().port());
        auto settings = database_->settings(proxy_->port());
        settings.timeout = 1s;
        settings.connect_timeout = 1s;
        source_ = open_source(settings);
        const auto start = source_->read(company());
        ASSERT_TRUE(start.ok()) << to_string(start.error());
        whole_ = proxy_->bytes();
    }

    /// Bytes that the server sends before the first statement is answered: greeting and settings.
    std::uint64_t greeting() {
        const auto nothing = source_->read({});
        EXPECT_TRUE(nothing.ok());
        return proxy_->bytes();
    }

    std::unique_ptr<PostgresDatabase> database_;
    std::unique_ptr<FaultProxy> proxy_;
    std::unique_ptr<Source> source_;
    std::uint64_t whole_ = 0;
};

TEST_F(SourceFaults, ACutAnywhereIsAllOrNothingAndTheNextReadingIsWhole) {
    constexpr int cuts = 120;
    const auto expected = dump_of(source_->read(company()));
    ASSERT_GT(whole_, 10'000u);
    int failed = 0;
    for (int i = 0; i < cuts; ++i) {
        const auto offset = whole_ * static_cast<std::uint64_t>(i) / cuts;
        proxy_->misbehave(Fault::cut, offset);
        auto cut = source_->read(company());
        if (cut.ok()) {
            EXPECT_EQ(dump_of(std::move(cut)), expected) << "cut after " << offset << " bytes";
        } else {
            ++failed;
            EXPECT_EQ(cut.error().kind, ErrorKind::source);
            EXPECT_THAT(cut.error().message, HasSubstr("source \"crm\": ")) << "cut after " << offset << " bytes";
        }
        proxy_->misbehave(Fault::none);
        auto next = source_->read(company());
        ASSERT_TRUE(next.ok()) << to_string(next.error()) << " after a cut at " << offset;
        ASSERT_EQ(dump_of(std::move(next)), expected) << "after a cut at " << offset;
    }
    EXPECT_EQ(failed, cuts) << "no reading ends before the server's last byte";
}

TEST_F(SourceFaults, ASilentServerIsLeftInTime) {
    const auto hello = greeting();
    struct Case {
        std::string sentence;
        Fault fault;
        std::uint64_t after;
        std::chrono::milliseconds limit;
    };
    // Connecting takes at least two seconds to fail, as libpq counts.
    const std::vector<Case> cases = {
        {"accepts and never answers", Fault::stall, 0, 3000ms},
        {"one byte a second from the start", Fault::drip, 0, 3000ms},
        {"silent in the middle of the greeting", Fault::stall, 60, 3000ms},
        {"silent before the first statement", Fault::stall, hello, 2000ms},
        {"silent in the middle of the rows", Fault::stall, whole_ / 2, 2000ms},
        {"one byte a second in the middle of the rows", Fault::drip, whole_ / 2, 2000ms},
    };
    for (const auto& c : cases) {
        proxy_->misbehave(c.fault, c.after);
        std::string error = "none";
        const auto taken = time_of([&] {
            const auto datasets = source_->read(company());
            if (!datasets.ok()) error = to_string(datasets.error());
        });
        EXPECT_LE(taken.count(), c.limit.count()) << c.sentence << ": " << error;
        EXPECT_NE(error, "none") << c.sentence;
        proxy_->misbehave(Fault::none);
        const auto next = source_->read(company());
        EXPECT_TRUE(next.ok()) << c.sentence << ": " << to_string(next.error());
    }
}

TEST_F(SourceFaults, AServerThatStaysDeadHoldsUpOneThreadOnly) {
    proxy_->misbehave(Fault::stall, 0);
    const int before = proxy_->connections();
    auto settings = database_->settings(proxy_->port());
    settings.timeout = 1s;
    settings.connect_timeout = 1s;
    const auto source = open_source(settings);
    std::thread canceller;
    for (int i = 0; i < 3; ++i) {
        std::atomic<bool> reading = true;
        canceller = std::thread{[&] {
            while (reading) source->cancel();
        }};
        EXPECT_FALSE(source->read(company()).ok());
        reading = false;
        canceller.join();
    }
    EXPECT_LE(proxy_->connections() - before, 1) << "the attempt under way is waited for, not repeated";
}

TEST_F(SourceFaults, AQueryThatTakesTooLongIsEndedByTheServerItself) {
    std::string error;
    const auto taken = time_of([&] {
        error = to_string(
            source_->read({request(DatasetKind::customers, "SELECT pg_sleep(30)::text AS customer_id, 'n' AS name")})
                .error());
    });
    EXPECT_LE(taken, 2000ms);
    EXPECT_THAT(error, HasSubstr("dataset \"customers\": no answer within 1s"));
    EXPECT_THAT(error, HasSubstr("[source.crm] timeout"));
    EXPECT_TRUE(source_->read(company()).ok());
}

TEST_F(SourceFaults, ALockedTableIsNotWaitedForLonger) {
    database_->run("CREATE TABLE held (id integer)");
    // One statement, so that the lock lives exactly as long as the connection sleeps.
    std::thread holder{[&] { database_->run("BEGIN; LOCK TABLE held; SELECT pg_sleep(3); COMMIT"); }};
    std::string waiting = "0";
    const auto count_locks = request(DatasetKind::customers,
                                     "SELECT count(*) AS customer_id, 'n' AS name FROM pg_locks WHERE mode = "
                                     "'AccessExclusiveLock' AND relation = 'held'::regclass");
    while (waiting == "0") {
        const auto datasets = source_->read({count_locks});
        ASSERT_TRUE(datasets.ok());
        waiting = datasets.value()[0].words.text(datasets.value()[0].find("customer_id")->words[0]);
    }
    std::string error = "none";
    const auto taken = time_of([&] {
        const auto datasets =
            source_->read({request(DatasetKind::customers, "SELECT id AS customer_id, 'n' AS name FROM held")});
        if (!datasets.ok()) error = to_string(datasets.error());
    });
    holder.join();
    EXPECT_LE(taken, 2000ms);
    EXPECT_NE(error, "none");
}

TEST_F(SourceFaults, CancelEndsAReadingAtOnceAndEveryLaterOne) {
    struct Case {
        std::string sentence;
        Fault fault;
        std::uint64_t after;    ///< bytes until the fault
        std::uint64_t reached;  ///< bytes after which it is time to cancel
        std::string query;
    };
    const auto settled = greeting() * 9 / 10;
    const std::vector<Case> cases = {
        {"while a query runs", Fault::none, 0, settled, "SELECT pg_sleep(30)::text AS customer_id, 'n' AS name"},
        {"while the server is silent", Fault::stall, whole_ / 2, whole_ / 2,
         "SELECT i AS customer_id, 'n' AS name FROM generate_series(1, 100000) AS i"},
        {"while it connects", Fault::stall, 0, 0, "SELECT 'c' AS customer_id, 'n' AS name"},
    };
    for (const auto& c : cases) {
        auto settings = database_->settings(proxy_->port());
        settings.timeout = 30s;
        settings.connect_timeout = 30s;
        const auto source = open_source(settings);
        proxy_->misbehave(c.fault, c.after);
        const int before = proxy_->connections();
        std::atomic<bool> over = false;
        std::string error = "none";
        std::thread reader{[&] {
            const auto datasets = source->read({request(DatasetKind::customers, c.query)});
            if (!datasets.ok()) error = datasets.error().message;
            over = true;
        }};
        while (!over && (proxy_->connections() == before || proxy_->bytes() < c.reached)) std::this_thread::yield();
        const auto cancelled = Clock::now();
        while (!over) source->cancel();
        reader.join();
        EXPECT_LE(Clock::now() - cancelled, 1s) << c.sentence;
        EXPECT_EQ(error, "source \"crm\": reading was cancelled") << c.sentence;
        proxy_->misbehave(Fault::none);
        EXPECT_FALSE(source->read(company()).ok()) << c.sentence;
    }
}

TEST_F(SourceFaults, ARestartedServerIsFoundAgain) {
    auto& server = PostgresDatabase::server();
    const auto source = open_source(database_->settings());
    ASSERT_TRUE(source->read(company()).ok());
    server.stop();
    const auto down = source->read(company());
    ASSERT_FALSE(down.ok());
    EXPECT_THAT(down.error().message, HasSubstr("cannot connect: "));
    EXPECT_THAT(down.error().hint, HasSubstr("the server up?"));
    server.start();
    const auto up = source->read(company());
    EXPECT_TRUE(up.ok()) << to_string(up.error());
}

// -- SQLite -----------------------------------------------------------------------------------------------------------

const auto endless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS customer_id, 'n' AS name FROM n";

TEST(SqliteFaults, ARunawayQueryEndsInTime) {
    SqliteDatabase database;
    auto settings = database.settings();
    settings.timeout = 1s;
    const auto source = open_source(settings);
    std::string error;
    const auto taken =
        time_of([&] { error = to_string(source->read({request(DatasetKind::customers, endless)}).error()); });
    EXPECT_LE(taken, 2000ms);
    EXPECT_THAT(error, HasSubstr("dataset \"customers\": no answer within 1s"));
    EXPECT_TRUE(source->read({request(DatasetKind::customers, "SELECT 1 AS customer_id, 'n' AS name")}).ok());
}

TEST(SqliteFaults, ALockedDatabaseIsNotWaitedForLonger) {
    SqliteDatabase database;
    database.run("PRAGMA journal_mode=DELETE; CREATE TABLE t (id integer); BEGIN EXCLUSIVE;");
    auto settings = database.settings();
    settings.timeout = 1s;
    const auto source = open_source(settings);
    const auto wanted = request(DatasetKind::customers, "SELECT id AS customer_id, 'n' AS name FROM t");
    std::string error = "none";
    const auto taken = time_of([&] {
        const auto datasets = source->read({wanted});
        if (!datasets.ok()) error = to_string(datasets.error());
    });
    EXPECT_LE(taken, 2000ms);
    EXPECT_NE(error, "none");
    database.run("COMMIT");
    EXPECT_TRUE(source->read({wanted}).ok());
}

TEST(SqliteFaults, CancelEndsAQuery) {
    SqliteDatabase database;
    auto settings = database.settings();
    settings.timeout = 60s;
    const auto source = open_source(settings);
    std::atomic<bool> over = false;
    std::string error = "none";
    std::thread reader{[&] {
        const auto datasets = source->read({request(DatasetKind::customers, endless)});
        if (!datasets.ok()) error = datasets.error().message;
        over = true;
    }};
    const auto start = Clock::now();
    while (!over) source->cancel();
    reader.join();
    EXPECT_LE(Clock::now() - start, 2s);
    EXPECT_EQ(error, "source \"crm\": reading was cancelled");
}

TEST(SqliteFaults, ADamagedFileIsAnError) {
    SqliteDatabase database;
    const testing::TemporaryFolder folder;
    std::ofstream{folder.file("noise.db")} << std::string(8192, 'x');
    const auto datasets =
        open_source({.name = "crm", .connection = folder.file("noise.db")})
            ->read({request(DatasetKind::customers, "SELECT 1 AS customer_id, 'n' AS name FROM sqlite_master")});
    ASSERT_FALSE(datasets.ok());
    EXPECT_THAT(datasets.error().message, HasSubstr("not a database"));
}

}  // namespace
}  // namespace retaind
