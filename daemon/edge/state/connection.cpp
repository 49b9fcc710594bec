#include "edge/state/connection.hpp"

namespace retaind {

Result<Connection> Connection::open(const StateSettings& settings, const StateOptions& options) {
    auto path = state_file(settings, options.directory);
    if (!path) return path.error();
    LockFile lock;
    if (options.access == StateAccess::owner) {
        auto taken = LockFile::take(*path + ".lock");
        if (!taken) return taken.error();
        lock = std::move(*taken);
    }
    auto sql = open_file(*path, options);
    if (!sql) return sql.error();
    return Connection{std::move(*path), std::move(lock), std::move(*sql)};
}

}  // namespace retaind
