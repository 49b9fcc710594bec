#include "edge/source/session.hpp"

#include <fmt/format.h>

namespace retaind::source {

std::unique_ptr<Session> connect(const SourceSettings& settings) {
    switch (settings.backend) {
        case Backend::sqlite3: return connect_sqlite(settings);
        case Backend::postgresql: return connect_postgresql(settings);
        case Backend::mysql: throw Failure("the backend mysql is not supported yet", "sqlite3 and postgresql are");
        case Backend::odbc: throw Failure("the backend odbc is not supported yet", "sqlite3 and postgresql are");
    }
    throw Failure("the backend is unknown", "sqlite3 and postgresql are supported");
}

Failure too_slow(const SourceSettings& settings) {
    return Failure(
        fmt::format("no answer within {}", format_duration(settings.timeout)),
        fmt::format("is the database alive? else raise [source.{}] timeout, or make the query cheaper", settings.name));
}

}  // namespace retaind::source
