// The company's databases: SQLite and PostgreSQL, read through SOCI connections.
//
// What a query returns is never taken as the library types it (SOCI cuts 64-bit integers, drops times and guesses):
// every column is cast to text by the database and parsed by DatasetReader. One read() is one connection, one read-only
// repeatable-read transaction, one snapshot; afterwards the connection is closed, so nothing idles on the company's
// database between cycles and every cycle connects anew.
#pragma once

#include <functional>
#include <memory>

#include "retaind/ports/settings.hpp"
#include "retaind/ports/source.hpp"

namespace retaind {

/// Connects to nothing yet. MySQL and ODBC are refused at the first use ("not supported yet").
///
/// Time limits, whatever the server does: connecting takes at most connect_timeout (at least 2 s) and half a second; a
/// statement (of a large result, each batch of rows) at most timeout and half a second. Errors are of kind `source`,
/// name the dataset, and hold neither the password nor bound values.
///
/// `moved`, if there is any, is called by the thread that reads whenever the database has answered: connected, a row,
/// the end of a statement. Between two calls there is at most one of these time limits.
std::unique_ptr<Source> open_source(const SourceSettings& settings, std::function<void()> moved = {});

/// The longest that a source may be silent without being given up.
Seconds longest_answer(const SourceSettings& settings);

}  // namespace retaind
