// SQLite: read through SOCI, row by row, as text. Busy waits and runaway queries end at the time limit.
#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
// It puts sqlite3.h into a namespace of its own, sqlite_api, so that header must not come first.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "edge/source/session.hpp"

namespace retaind::source {
namespace {

using namespace sqlite_api;
using Clock = std::chrono::steady_clock;

constexpr int steps_between_looks = 2000;     // of SQLite's virtual machine
constexpr std::size_t rows_per_limit = 5000;  // as many rows as one time limit covers
constexpr std::chrono::milliseconds busy_pause{5};

/// A native statement, prepared only to be looked at.
struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// "db=FILE", or the file alone.
std::string connection_string(const std::string& connection) {
    const bool is_file = connection.find('=') == std::string::npos;
    return is_file ? fmt::format("db=\"{}\" readonly=true", connection) : connection + " readonly=true";
}

class SqliteSession final : public Session {
public:
    explicit SqliteSession(const SourceSettings& settings)
        : settings_(settings),
          sql_(soci::sqlite3, connection_string(settings.connection)),
          connection_(static_cast<soci::sqlite3_session_backend*>(sql_.get_backend())->conn_) {
        sqlite3_progress_handler(connection_, steps_between_looks, &SqliteSession::is_over, this);
        sqlite3_busy_handler(connection_, &SqliteSession::wait_while_busy, this);
    }

    Dialect dialect() const override { return Dialect::sqlite3; }
    void begin() override { execute("BEGIN"); }
    void rollback() override { execute("ROLLBACK"); }
    void cut() override { is_cut_ = true; }

    std::vector<std::string> describe(const BoundQuery& query) override;
    void read(const BoundQuery& query, const RowSink& sink, bool run) override;

private:
    bool over() const { return is_cut_ || Clock::now() >= limit_; }
    static int is_over(void* self) { return static_cast<SqliteSession*>(self)->over() ? 1 : 0; }
    static int wait_while_busy(void* self, int) {
        if (static_cast<SqliteSession*>(self)->over()) return 0;
        std::this_thread::sleep_for(busy_pause);
        return 1;
    }

    void restart_limit() { limit_ = Clock::now() + settings_.timeout; }
    void execute(const std::string& statement);
    void fetch_all(soci::statement& statement, std::vector<std::string>& texts,
                   std::vector<soci::indicator>& indicators, const RowSink& sink);
    [[noreturn]] void fail(const std::string& message);

    const SourceSettings settings_;
    soci::session sql_;
    sqlite3* connection_;
    std::atomic<bool> is_cut_ = false;
    Clock::time_point limit_ = Clock::time_point::max();
    std::vector<std::string> columns_ = {};
};

void SqliteSession::fail(const std::string& message) {
    if (Clock::now() >= limit_) throw too_slow(settings_);
    throw Failure(message);
}

void SqliteSession::execute(const std::string& statement) {
    restart_limit();
    try {
        sql_ << statement;
    } catch (const soci::soci_error& error) {
        fail(error.get_error_message());
    }
}

/// SQLite would bind nothing to a parameter that nobody gave, and read NULL.
void refuse_unknown_parameters(sqlite3_stmt* statement) {
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); ++i) {
        const char* name = sqlite3_bind_parameter_name(statement, i);
        const std::string_view parameter = name ? name : "?";
        if (parameter != ":from" && parameter != ":to")
            throw Failure(fmt::format("the query has a parameter {}", parameter), "the days to read are :from and :to");
    }
}

std::vector<std::string> SqliteSession::describe(const BoundQuery& query) {
    restart_limit();
    sqlite3_stmt* raw = nullptr;
    const auto& text = query.query.text;
    const int status = sqlite3_prepare_v2(connection_, text.c_str(), static_cast<int>(text.size()), &raw, nullptr);
    const Statement statement{raw};
    if (status != SQLITE_OK || !statement) fail(sqlite3_errmsg(connection_));
    if (!sqlite3_stmt_readonly(raw)) throw Failure("the query writes", "a dataset's query may only read");
    if (sqlite3_column_count(raw) == 0) throw Failure("the query returns no columns", "a dataset is one SELECT");
    refuse_unknown_parameters(raw);
    columns_.clear();
    for (int i = 0; i < sqlite3_column_count(raw); ++i) columns_.emplace_back(sqlite3_column_name(raw, i));
    return columns_;
}

/// CAST would round a real to 15 digits.
std::string cast(const std::string& column) {
    const auto name = "q." + quoted_name(column);
    return fmt::format("CASE typeof({0}) WHEN 'real' THEN printf('%!.17g', {0}) ELSE CAST({0} AS TEXT) END", name);
}

void SqliteSession::read(const BoundQuery& query, const RowSink& sink, bool run) {
    std::string cells;
    for (const auto& column : columns_) cells += (cells.empty() ? "" : ", ") + cast(column);
    const auto text = fmt::format("SELECT {} FROM ({}\n) AS q{}", cells, query.query.text, run ? "" : " LIMIT 0");
    std::vector<std::string> days, texts(columns_.size());
    for (const auto& parameter : query.query.parameters) days.push_back(query.day(parameter));
    std::vector<soci::indicator> indicators(columns_.size(), soci::i_null);
    restart_limit();
    try {
        soci::statement statement{sql_};
        for (std::size_t i = 0; i < days.size(); ++i) statement.exchange(soci::use(days[i], query.query.parameters[i]));
        for (std::size_t i = 0; i < texts.size(); ++i) statement.exchange(soci::into(texts[i], indicators[i]));
        statement.alloc();
        statement.prepare(text);
        statement.define_and_bind();
        fetch_all(statement, texts, indicators, sink);
    } catch (const soci::soci_error& error) {
        fail(error.get_error_message());
    }
}

void SqliteSession::fetch_all(soci::statement& statement, std::vector<std::string>& texts,
                              std::vector<soci::indicator>& indicators, const RowSink& sink) {
    std::vector<Cell> cells(texts.size());
    std::size_t rows = 0;
    for (bool more = statement.execute(true); more; more = statement.fetch()) {
        for (std::size_t i = 0; i < texts.size(); ++i)
            cells[i] = indicators[i] == soci::i_null ? Cell{} : Cell{std::string_view{texts[i]}};
        if (!sink(cells)) return;
        if (++rows % rows_per_limit == 0) restart_limit();
    }
}

}  // namespace

std::unique_ptr<Session> connect_sqlite(const SourceSettings& settings) {
    try {
        return std::make_unique<SqliteSession>(settings);
    } catch (const soci::soci_error& error) {
        throw Failure("cannot open the database: " + error.get_error_message(),
                      fmt::format("is the file of [source.{}] connection there, and readable?", settings.name));
    }
}

}  // namespace retaind::source
