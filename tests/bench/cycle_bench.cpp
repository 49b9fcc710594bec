// A full cycle (read, evaluate, store, render) beside the fastest raw reader of the same columns, in one run.
//
// Both backends, rounds interleaved, medians, ratios against the goals; all of it also as JSON in
// build/bench/reports/cycle_bench.json. RETAIND_QUICK=1: 10,000 customers and three rounds.
#include <libpq-fe.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/company.hpp"
#include "app/turn.hpp"
#include "bench/generated_company.hpp"
#include "edge/config/config.hpp"
#include "edge/metrics/metrics.hpp"
#include "edge/state/state.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

namespace retaind::bench {
namespace {

using Json = nlohmann::ordered_json;
using testing::PostgresServer;
using testing::TemporaryFolder;

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }

double timed(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// -- the two databases ----------------------------------------------------------------------------------------------

/// A database that can be filled and read as fast as its own library reads.
class Database {
public:
    virtual ~Database() = default;
    virtual std::string name() const = 0;
    virtual std::string source() const = 0;  ///< the lines of [source.main]
    virtual void fill(const Table& table, const Size& size) = 0;
    virtual std::size_t read_raw(const Table& table) = 0;  ///< every value of every row; returns a checksum
    virtual double goal() const = 0;                       ///< a full cycle against reading raw
};

class Sqlite final : public Database {
public:
    explicit Sqlite(std::string file) : file_(std::move(file)) {
        sqlite3_open(file_.c_str(), &connection_);
        run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
    }
    ~Sqlite() override { sqlite3_close(connection_); }
    std::string name() const override { return std::string{"SQLite "} + sqlite3_libversion(); }
    std::string source() const override { return "backend = \"sqlite3\"\nconnection = \"db=" + file_ + "\"\n"; }
    double goal() const override { return 1.1; }

    void fill(const Table& table, const Size& size) override {
        run(fmt::format("CREATE TABLE {} ({}); BEGIN;", table.name, table.columns));
        const auto columns = column_names(table).size();
        sqlite3_stmt* insert = prepare(fmt::format("INSERT INTO {} VALUES ({})", table.name,
                                                   fmt::join(std::vector<std::string>(columns, "?"), ", ")));
        generate(table, size, [&](std::span<const std::string> fields) {
            for (std::size_t i = 0; i < fields.size(); ++i)
                sqlite3_bind_text(insert, static_cast<int>(i) + 1, fields[i].c_str(), -1, SQLITE_STATIC);
            if (sqlite3_step(insert) != SQLITE_DONE) give_up(sqlite3_errmsg(connection_));
            sqlite3_reset(insert);
        });
        sqlite3_finalize(insert);
        run("COMMIT;");
    }

    std::size_t read_raw(const Table& table) override {
        sqlite3_stmt* rows =
            prepare(fmt::format("SELECT {} FROM {}", fmt::join(column_names(table), ", "), table.name));
        const int columns = sqlite3_column_count(rows);
        std::size_t sum = 0;
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int i = 0; i < columns; ++i)
                sum += sqlite3_column_type(rows, i) == SQLITE_TEXT
                           ? sqlite3_column_text(rows, i)[0]
                           : static_cast<std::size_t>(sqlite3_column_double(rows, i));
        }
        sqlite3_finalize(rows);
        return sum;
    }

private:
    void run(const std::string& sql) {
        if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            give_up(sqlite3_errmsg(connection_));
    }
    sqlite3_stmt* prepare(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
            give_up(sqlite3_errmsg(connection_));
        return statement;
    }

    std::string file_;
    sqlite3* connection_ = nullptr;
};

class Postgresql final : public Database {
public:
    Postgresql() : connection_(PQconnectdb(server_.connection().c_str())) {}
    ~Postgresql() override { PQfinish(connection_); }
    std::string name() const override {
        return std::string{"PostgreSQL "} + PQparameterStatus(connection_, "server_version");
    }
    std::string source() const override {
        return "backend = \"postgresql\"\nconnection = \"" + server_.connection() + "\"\n";
    }
    double goal() const override { return 1.15; }

    void fill(const Table& table, const Size& size) override {
        run(fmt::format("CREATE TABLE {} ({})", table.name, table.columns));
        expect(PQexec(connection_, fmt::format("COPY {} FROM STDIN", table.name).c_str()), PGRES_COPY_IN);
        std::string buffer;
        const auto send = [&](std::size_t from) {
            if (buffer.size() < from) return;
            if (PQputCopyData(connection_, buffer.data(), static_cast<int>(buffer.size())) != 1) complain();
            buffer.clear();
        };
        generate(table, size, [&](std::span<const std::string> fields) {
            fmt::format_to(std::back_inserter(buffer), "{}\n", fmt::join(fields, "\t"));
            send(1 << 16);
        });
        send(0);
        if (PQputCopyEnd(connection_, nullptr) != 1) complain();
        expect(PQgetResult(connection_), PGRES_COMMAND_OK);
        while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
        run(fmt::format("ANALYZE {}", table.name));
    }

    std::size_t read_raw(const Table& table) override {
        const auto sql = fmt::format("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)",
                                     fmt::join(column_names(table), ", "), table.name);
        expect(PQexec(connection_, sql.c_str()), PGRES_COPY_OUT);
        std::size_t sum = 0;
        for (char* row = nullptr; PQgetCopyData(connection_, &row, 0) > 0; PQfreemem(row))
            sum += static_cast<unsigned char>(row[0]);
        while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
        return sum;
    }

private:
    void run(const std::string& sql) { expect(PQexec(connection_, sql.c_str()), PGRES_COMMAND_OK); }
    void expect(PGresult* result, ExecStatusType wanted) {
        const bool right = PQresultStatus(result) == wanted;
        PQclear(result);
        if (!right) complain();
    }
    [[noreturn]] void complain() { give_up(PQerrorMessage(connection_)); }

    PostgresServer server_ = {};
    PGconn* connection_;
};

// -- the cycle ------------------------------------------------------------------------------------------------------

std::string configuration(const Database& database, const std::string& folder, const std::string& rules) {
    auto text = fmt::format(
        "[daemon]\nrules = [\"{}\"]\nhistory = \"120d\"\n\n[state]\nconnection = \"db={}/state.db\"\n\n"
        "[source.main]\n{}timeout = \"10m\"\n\n[currency]\nbase = \"EUR\"\ndefault = \"EUR\"\n",
        rules, folder, database.source());
    for (const Table& table : tables()) {
        const auto dated = table.dated.empty() ? "" : fmt::format(" WHERE {0} >= :from AND {0} < :to", table.dated);
        text += fmt::format("\n[dataset.{}]\nsource = \"main\"\nquery = \"SELECT {} FROM {}{}\"\n", table.name,
                            fmt::join(column_names(table), ", "), table.name, dated);
    }
    const auto path = folder + "/retaind.toml";
    std::ofstream{path} << text;
    return path;
}

std::unique_ptr<Company> open_company(const std::string& path) {
    auto loaded = load_config(path);
    if (!loaded.loaded) give_up(format_problems(loaded.problems, loaded.sources));
    auto company = Company::open(std::move(*loaded.loaded));
    if (!company) give_up(to_string(company.error()));
    return std::move(*company);
}

using Phases = std::map<std::string, double>;

Phases one_cycle(Company& company, Day as_of) {
    const std::string state_file = company.settings().state.connection.substr(3);
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(state_file + suffix);
    SystemClock clock;
    Phases phases;
    auto store = open_state(company.settings().state);
    if (!store) give_up(to_string(store.error()));
    std::unique_ptr<Snapshot> snapshot;
    phases["read"] = timed([&] { snapshot = std::make_unique<Snapshot>(company.read(as_of)); });
    for (const auto& [source, up] : company.source_up())
        if (!up) give_up("the source could not be read");
    const auto turn = take_turn(company, **store, *snapshot, State{}, {.now = clock.now()}, clock);
    if (!turn) give_up(to_string(turn.error()));
    phases.insert(turn->seconds.begin(), turn->seconds.end());
    phases["render"] = timed([&] { render_view(turn->result.view, company.settings().metrics); });
    return phases;
}

Json compare(Database& database, const Size& size, int rounds, const std::string& rules) {
    const TemporaryFolder folder;
    for (const Table& table : tables()) database.fill(table, size);
    const auto company = open_company(configuration(database, folder.path().string(), rules));
    std::map<std::string, std::vector<double>> seconds;
    std::vector<double> ratios;
    fmt::print("\n{}, {} customers, {} days; seconds\n{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
               database.name(), size.customers, size.days, "round", "raw", "cycle", "ratio", "read", "evaluate",
               "store", "render");
    for (int round = 1; round <= rounds; ++round) {
        const double raw = timed([&] {
            for (const Table& table : tables()) database.read_raw(table);
        });
        Phases phases;
        const double cycle = timed([&] { phases = one_cycle(*company, size.last); });
        seconds["raw"].push_back(raw);
        seconds["cycle"].push_back(cycle);
        for (const auto& [phase, took] : phases) seconds[phase].push_back(took);
        ratios.push_back(cycle / raw);
        fmt::print("{:>8}{:>10.3f}{:>10.3f}{:>10.2f}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", round, raw, cycle,
                   cycle / raw, phases["read"], phases["evaluate"], phases["store"], phases["render"]);
    }
    const double ratio = median(ratios);
    fmt::print("  a full cycle takes {:.2f} times the raw reader; the goal is {:.2f}: {}\n", ratio, database.goal(),
               ratio <= database.goal() ? "reached" : "MISSED");
    Json medians;
    for (const auto& [phase, took] : seconds) medians[phase] = median(took);
    return {{"database", database.name()}, {"customers", size.customers},        {"days", size.days},
            {"rounds", seconds},           {"median_seconds", medians},          {"median_ratio", ratio},
            {"goal", database.goal()},     {"reached", ratio <= database.goal()}};
}

std::string processor() {
    std::ifstream cpu{"/proc/cpuinfo"};
    for (std::string line; std::getline(cpu, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

int run() {
    const char* root = std::getenv("RETAIND_ROOT");
    const std::string rules = std::filesystem::absolute(root ? root : ".").string() + "/tests/bench/rules.toml";
    const bool quick = std::getenv("RETAIND_QUICK") != nullptr;
    const Size size{.customers = quick ? 10'000 : 100'000};
    const int rounds = quick ? 3 : 5;
    fmt::print("{} x {}, retaind {}\n", std::thread::hardware_concurrency(), processor(), RETAIND_VERSION);
    Json results = {
        {"processor", processor()}, {"threads", std::thread::hardware_concurrency()}, {"runs", Json::array()}};
    {
        const TemporaryFolder folder;
        Sqlite sqlite{folder.file("company.db")};
        results["runs"].push_back(compare(sqlite, size, rounds, rules));
    }
    if (const auto missing = PostgresServer::missing(); missing.empty()) {
        Postgresql postgresql;
        results["runs"].push_back(compare(postgresql, size, rounds, rules));
    } else {
        fmt::print("\nPostgreSQL was left out: {}\n", missing);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("\npeak memory {} MB\n", usage.ru_maxrss / 1024);
    results["peak_megabytes"] = usage.ru_maxrss / 1024;
    if (const char* report = std::getenv("RETAIND_REPORT")) std::ofstream{report} << results.dump(2) << "\n";
    return 0;
}

}  // namespace
}  // namespace retaind::bench

int main() {
    try {
        return retaind::bench::run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
