// A connection to one database, opened for one reading. Each backend has its own; source.cpp knows none of them.
//
// Inside this room trouble is a thrown Failure; source.cpp turns it into an Error.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "edge/source/query.hpp"
#include "retaind/model/dataset.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind::source {

struct Failure : std::runtime_error {
    explicit Failure(const std::string& message, std::string what_to_do = "", ErrorKind of = ErrorKind::source)
        : runtime_error(message), hint(std::move(what_to_do)), kind(of) {}
    std::string hint;
    ErrorKind kind;
};

/// A query with the days its placeholders stand for.
struct BoundQuery {
    Query query;
    Day from, to;
    std::size_t longest_cell;  ///< bytes of a text that are of any use; of a longer one, more than these are enough

    std::string day(const std::string& parameter) const { return format_day(parameter == "from" ? from : to); }
};

/// Takes one row of text cells; false ends the reading.
using RowSink = std::function<bool(std::span<const Cell>)>;

class Session {
public:
    virtual ~Session() = default;
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    virtual Dialect dialect() const = 0;

    /// Starts a read-only transaction with one snapshot for all that follows.
    virtual void begin() = 0;
    virtual void rollback() = 0;

    /// The names of a query's columns, without running it.
    virtual std::vector<std::string> describe(const BoundQuery& query) = 0;

    /// Runs the query described last and hands every row over as texts; memory does not grow with their number. With
    /// `run` false the database checks it (names, types, permissions) and no row is read.
    virtual void read(const BoundQuery& query, const RowSink& sink, bool run = true) = 0;

    /// From another thread: ends what is under way, and all that would follow.
    virtual void cut() = 0;
};

/// Connects, within the settings' limits. Throws Failure.
std::unique_ptr<Session> connect(const SourceSettings& settings);
std::unique_ptr<Session> connect_sqlite(const SourceSettings& settings);
std::unique_ptr<Session> connect_postgresql(const SourceSettings& settings);

/// What a statement that took too long is said to have done.
Failure too_slow(const SourceSettings& settings);

}  // namespace retaind::source
