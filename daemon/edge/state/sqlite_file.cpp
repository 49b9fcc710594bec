#include "edge/state/sqlite_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "edge/state/schema.hpp"

namespace retaind {

namespace {

Error lost(const std::string& path, std::string_view why) {
    return Error{.kind = ErrorKind::state_lost,
                 .message = fmt::format("{} is corrupt: {}", path, why),
                 .hint = "put back a copy, or begin anew with --accept-state-loss (the file is kept aside)"};
}

Error failed(const std::string& path, std::string_view why, std::string hint) {
    return Error{.kind = ErrorKind::state, .message = fmt::format("{}: {}", path, why), .hint = std::move(hint)};
}

int result_of(const soci::soci_error& error) {
    const auto* from_sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    return from_sqlite == nullptr ? SQLITE_ERROR : from_sqlite->result() & 0xff;
}

/// Made by us, so that customers' data is nobody else's to read.
void create_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
}

std::unique_ptr<soci::session> connect(const std::string& path, const StateOptions& options) {
    const bool reads = options.access == StateAccess::reader;
    auto sql = std::make_unique<soci::session>(
        soci::sqlite3, fmt::format("db=\"{}\"{}", path, reads && path != ":memory:" ? " readonly=true" : ""));
    *sql << fmt::format("PRAGMA busy_timeout = {}", options.patience.count() * 1000);
    *sql << "PRAGMA foreign_keys = ON";
    if (reads) return sql;
    std::string mode;
    *sql << "PRAGMA journal_mode = WAL", soci::into(mode);
    *sql << "PRAGMA synchronous = FULL";
    *sql << "PRAGMA journal_size_limit = 67108864";
    return sql;
}

Result<void> check_contents(soci::session& sql, const std::string& path) {
    std::string finding;
    sql << "PRAGMA quick_check(1)", soci::into(finding);
    if (finding != "ok") return lost(path, finding);
    return {};
}

Result<std::unique_ptr<soci::session>> open_and_check(const std::string& path, const StateOptions& options) {
    try {
        auto sql = connect(path, options);
        if (options.access == StateAccess::owner) {
            if (auto whole = check_contents(*sql, path); !whole) return whole.error();
        }
        const bool writes = options.access == StateAccess::owner || path == ":memory:";
        auto fit = writes ? bring_forward(*sql, migrations()) : expect_current(*sql, migrations());
        if (!fit) return fit.error();
        return sql;
    } catch (const soci::soci_error& error) {
        return state_error(error, path);
    }
}

Result<void> set_aside(const std::string& path) {
    int number = 1;
    std::error_code error;
    while (std::filesystem::exists(fmt::format("{}.lost-{}", path, number), error)) ++number;
    for (const auto* part : {"-wal", "-shm", ""}) {
        if (!std::filesystem::exists(path + part, error)) continue;
        std::filesystem::rename(path + part, fmt::format("{}.lost-{}{}", path, number, part), error);
        if (error) return failed(path, "cannot be kept aside: " + error.message(), "move it away by hand");
    }
    return {};
}

}  // namespace

Error state_error(const soci::soci_error& error, const std::string& path) {
    const auto why = error.get_error_message();
    switch (result_of(error)) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return lost(path, why);
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return failed(path, "another process is writing", "try again when it is done");
        case SQLITE_FULL: return failed(path, "the disk is full", "make room; retaind tries again by itself");
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return failed(path, why, "the file and its folder must belong to the user retaind runs as");
        case SQLITE_IOERR: return failed(path, why, "look at the disk it lies on");
        default: return failed(path, why, "");
    }
}

Result<std::unique_ptr<soci::session>> open_file(const std::string& path, const StateOptions& options) {
    std::error_code why;
    const bool there = std::filesystem::exists(path, why);
    if (why) return failed(path, why.message(), "the file and its folder must belong to the user retaind runs as");
    if (!there && options.access == StateAccess::reader) return open_and_check(":memory:", options);
    if (!there && options.access == StateAccess::companion) {
        return failed(path, "there is no state yet", "start the daemon first, or run `retaind once`");
    }
    if (!there) create_private(path);
    auto opened = open_and_check(path, options);
    const bool is_lost = !opened && opened.error().kind == ErrorKind::state_lost;
    if (!is_lost || !options.accept_loss || options.access != StateAccess::owner) return opened;
    if (auto moved = set_aside(path); !moved) return moved.error();
    create_private(path);
    return open_and_check(path, options);
}

}  // namespace retaind
