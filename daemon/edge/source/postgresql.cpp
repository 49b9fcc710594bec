// PostgreSQL: SOCI holds the connection and the transaction; rows come through a cursor and libpq, because SOCI would
// rewrite the colons of the user's SQL, hold a whole result in memory, and lose the server's error codes.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include "edge/source/session.hpp"
#include "edge/source/watchdog.hpp"

namespace retaind::source {
namespace {

// Of pg_type, fixed for ever.
constexpr Oid bool_oid = 16, money_oid = 790, date_oid = 1082;
constexpr std::size_t batch_bytes = 2 << 20;  // rows fetched at once: about so many bytes of text
constexpr std::size_t first_batch = 64, most_rows = 20'000;
constexpr std::chrono::milliseconds grace{500};  // the server's own limit strikes first, when it still can

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultOf = std::unique_ptr<PGresult, FreeResult>;

// ---- the connection string ------------------------------------------------------------------------------------------

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// Keywords and values of "host=x dbname=y" or "postgresql://...".
std::map<std::string, std::string> parse_connection(const SourceSettings& settings) {
    char* complaint = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options{
        PQconninfoParse(settings.connection.c_str(), &complaint)};
    if (!options) {
        PQfreemem(complaint);  // it may quote what it could not read, a password among it
        throw Failure("the connection string cannot be read",
                      "write \"host=... dbname=... user=...\", and the password into password_file");
    }
    std::map<std::string, std::string> values;
    for (const auto* option = options.get(); option->keyword; ++option)
        if (option->val) values[option->keyword] = option->val;
    return values;
}

/// Every byte that could mean something in an address, as %XX.
std::string percent_encoded(std::string_view value) {
    std::string encoded;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

/// As an address, because SOCI takes "keyword='a value'" apart at its blanks and puts it together wrongly.
std::string connection_string(const SourceSettings& settings) {
    auto values = parse_connection(settings);
    if (!settings.password.empty()) values["password"] = settings.password.value;
    values["connect_timeout"] = std::to_string(std::max<long long>(2, settings.connect_timeout.count()));
    values["client_encoding"] = "UTF8";
    values.try_emplace("application_name", "retaind");
    std::string address = "postgresql:///";
    for (char separator = '?'; const auto& [keyword, value] : values) {
        address += fmt::format("{}{}={}", separator, keyword, percent_encoded(value));
        separator = '&';
    }
    return address;
}

// ---- failures -------------------------------------------------------------------------------------------------------

std::string first_line(std::string_view text) {
    text = text.substr(0, text.find('\n'));
    if (text.starts_with("ERROR:  ")) text.remove_prefix(8);
    return std::string{text};
}

std::string hint_for(std::string_view sqlstate) {
    if (sqlstate == "42883") return ":from and :to are dates; compare a text with CAST(:from AS text)";
    if (sqlstate == "42501") return "grant SELECT to the user of [source] connection";
    if (sqlstate == "25006") return "a dataset's query may only read";
    if (sqlstate.starts_with("42")) return "the query must run as it stands in retaind.toml";
    return "";
}

class PostgresqlSession final : public Session {
public:
    explicit PostgresqlSession(const SourceSettings& settings)
        : settings_(settings),
          sql_(soci::postgresql, connection_string(settings)),
          connection_(static_cast<soci::postgresql_session_backend*>(sql_.get_backend())->conn_),
          socket_(fcntl(PQsocket(connection_), F_DUPFD_CLOEXEC, 0)),
          watchdog_([this] { shutdown(socket_.fd, SHUT_RDWR); }) {
        PQsetNoticeProcessor(
            connection_, [](void*, const char*) {}, nullptr);
        configure();
    }

    Dialect dialect() const override { return Dialect::postgresql; }
    void begin() override { execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); }
    void rollback() override { execute("ROLLBACK"); }
    void cut() override { watchdog_.bite(); }

    std::vector<std::string> describe(const BoundQuery& query) override;
    void read(const BoundQuery& query, const RowSink& sink, bool run) override;

private:
    /// The connection's socket once more: libpq may close its own while the watchdog looks at it.
    struct Socket {
        explicit Socket(int number) : fd(number) {}
        ~Socket() {
            if (fd >= 0) close(fd);
        }
        Socket(const Socket&) = delete;
        Socket& operator=(const Socket&) = delete;
        int fd;
    };
    struct ColumnOfResult {
        std::string name;
        Oid type;
        bool is_short;  ///< of fixed size
    };
    struct Batch {
        std::size_t rows, bytes;
        bool wanted;
    };

    void configure();
    void execute(const std::string& statement);
    void declare(const BoundQuery& query);
    static std::string cast(const ColumnOfResult& column, std::size_t longest);
    Batch fetch(std::size_t rows, const RowSink& sink);
    ResultOf checked(PGresult* result);
    [[noreturn]] void fail(const PGresult* result);

    const SourceSettings settings_;
    soci::session sql_;
    PGconn* connection_;
    Socket socket_;
    Watchdog watchdog_;  // after what it cuts
    std::vector<ColumnOfResult> columns_ = {};
};

/// Texts come out the same on every server: ISO dates, UTC, shortest exact doubles.
void PostgresqlSession::configure() {
    const auto limit = std::chrono::milliseconds{settings_.timeout}.count();
    const std::array<std::pair<const char*, std::string>, 8> values = {{
        {"statement_timeout", std::to_string(limit)},
        {"lock_timeout", std::to_string(limit)},
        {"datestyle", "ISO"},
        {"timezone", "UTC"},
        {"extra_float_digits", "3"},
        {"standard_conforming_strings", "on"},
        {"cursor_tuple_fraction", "1"},
        {"default_transaction_read_only", "on"},
    }};
    std::string calls;
    for (const auto& [name, value] : values)
        calls += fmt::format("{}set_config('{}', '{}', false)", calls.empty() ? "" : ", ", name, value);
    execute("SELECT " + calls);
}

void PostgresqlSession::execute(const std::string& statement) {
    const Watchdog::Watch watch{watchdog_, settings_.timeout + grace};
    try {
        sql_ << statement;
    } catch (const soci::soci_error& error) {
        if (watchdog_.timed_out()) throw too_slow(settings_);
        throw Failure(first_line(error.get_error_message()));
    }
}

ResultOf PostgresqlSession::checked(PGresult* raw) {
    ResultOf result{raw};
    const auto status = PQresultStatus(raw);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(raw);
    return result;
}

void PostgresqlSession::fail(const PGresult* result) {
    if (watchdog_.timed_out()) throw too_slow(settings_);
    const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!sqlstate || !message) throw Failure("the connection was lost: " + first_line(PQerrorMessage(connection_)));
    if (std::string_view{sqlstate} == "57014") throw too_slow(settings_);
    throw Failure(fmt::format("{} (SQLSTATE {})", first_line(message), sqlstate), hint_for(sqlstate));
}

std::vector<std::string> PostgresqlSession::describe(const BoundQuery& query) {
    const Watchdog::Watch watch{watchdog_, settings_.timeout + grace};
    const std::vector<Oid> types(query.query.parameters.size(), date_oid);
    checked(PQprepare(connection_, "", query.query.text.c_str(), static_cast<int>(types.size()), types.data()));
    const auto described = checked(PQdescribePrepared(connection_, ""));
    columns_.clear();
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(described.get()); ++i) {
        columns_.push_back({PQfname(described.get(), i), PQftype(described.get(), i), PQfsize(described.get(), i) > 0});
        names.push_back(columns_.back().name);
    }
    if (names.empty()) throw Failure("the query returns no columns", "a dataset is one SELECT");
    return names;
}

/// A column as text. A long one is cut behind what a cell may hold, so that the reader still sees that it is too long.
std::string PostgresqlSession::cast(const ColumnOfResult& column, std::size_t longest) {
    auto value = "q." + quoted_name(column.name);
    if (column.type == bool_oid) value = fmt::format("CAST({} AS integer)", value);   // as SQLite says it
    if (column.type == money_oid) value = fmt::format("CAST({} AS numeric)", value);  // without its sign and commas
    value = fmt::format("CAST({} AS text)", value);
    return column.is_short ? value : fmt::format("left({}, {})", value, longest + 1);
}

void PostgresqlSession::declare(const BoundQuery& query) {
    std::string cells;
    for (const auto& column : columns_) cells += (cells.empty() ? "" : ", ") + cast(column, query.longest_cell);
    const auto cursor =
        fmt::format("DECLARE retaind_rows NO SCROLL CURSOR FOR SELECT {} FROM ({}\n) AS q", cells, query.query.text);
    std::vector<std::string> days;
    for (const auto& parameter : query.query.parameters) days.push_back(query.day(parameter));
    std::vector<const char*> values;
    for (const auto& day : days) values.push_back(day.c_str());
    const std::vector<Oid> types(values.size(), date_oid);
    const Watchdog::Watch watch{watchdog_, settings_.timeout + grace};
    checked(PQexecParams(connection_, cursor.c_str(), static_cast<int>(values.size()), types.data(), values.data(),
                         nullptr, nullptr, 0));
}

void PostgresqlSession::read(const BoundQuery& query, const RowSink& sink, bool run) {
    declare(query);
    for (std::size_t rows = first_batch; run;) {
        const auto batch = fetch(rows, sink);
        if (batch.rows < rows || !batch.wanted) break;
        rows = std::clamp<std::size_t>(batch_bytes * rows / batch.bytes, 1, std::min(rows * 4, most_rows));
    }
    execute("CLOSE retaind_rows");
}

PostgresqlSession::Batch PostgresqlSession::fetch(std::size_t rows, const RowSink& sink) {
    const auto statement = fmt::format("FETCH FORWARD {} FROM retaind_rows", rows);
    ResultOf result;
    {
        const Watchdog::Watch watch{watchdog_, settings_.timeout + grace};
        result = checked(PQexec(connection_, statement.c_str()));
    }
    const int count = PQntuples(result.get()), width = PQnfields(result.get());
    std::vector<Cell> cells(static_cast<std::size_t>(width));
    Batch batch{.rows = static_cast<std::size_t>(count), .bytes = 1, .wanted = true};
    for (int row = 0; row < count && batch.wanted; ++row) {
        for (int i = 0; i < width; ++i) {
            const auto length = static_cast<std::size_t>(PQgetlength(result.get(), row, i));
            batch.bytes += length;
            cells[static_cast<std::size_t>(i)] = PQgetisnull(result.get(), row, i)
                                                     ? Cell{}
                                                     : Cell{std::string_view{PQgetvalue(result.get(), row, i), length}};
        }
        batch.wanted = sink(cells);
    }
    return batch;
}

}  // namespace

std::unique_ptr<Session> connect_postgresql(const SourceSettings& settings) {
    try {
        return std::make_unique<PostgresqlSession>(settings);
    } catch (const soci::soci_error& error) {
        // "Cannot establish connection to the database." and, on a line of its own, why.
        const auto message = error.get_error_message();
        const auto line = message.find('\n');
        throw Failure("cannot connect: " + first_line(line == std::string::npos ? message : message.substr(line + 1)),
                      fmt::format("is [source.{}] connection right, and the server up?", settings.name));
    }
}

}  // namespace retaind::source
