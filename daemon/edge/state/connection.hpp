// One connection to the state's file: how calls over it begin, end and fail. Store and desk work over one each.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <soci/soci.h>

#include "edge/state/lock_file.hpp"
#include "edge/state/sqlite_file.hpp"
#include "edge/state/words.hpp"
#include "edge/state/writing.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {

class Connection {
public:
    /// Takes the owner's lock first, and keeps it until the file is closed. Errors as of open_state.
    static Result<Connection> open(const StateSettings& settings, const StateOptions& options);

    soci::session& sql() { return *sql_; }
    const std::string& path() const { return path_; }

    /// Runs one of our calls and turns what it throws into the Error that stands for it.
    template <class Call>
    auto guarded(Call call) -> decltype(call()) {
        try {
            return call();
        } catch (const soci::soci_error& error) {
            return state_error(error, path_);
        } catch (const UnknownWord& unknown) {
            return Error{.kind = ErrorKind::state_lost,
                         .message = fmt::format("{} is corrupt: {}", path_, unknown.what()),
                         .hint = "put back a copy, or begin anew with --accept-state-loss (the file is kept aside)"};
        }
    }

    /// A call whose statements all see the same moment.
    template <class Value, class Call>
    Result<Value> reading(Call call) {
        return guarded([&]() -> Result<Value> {
            const ReadTransaction moment{sql()};
            return call();
        });
    }

    /// A call that is one transaction, with a place to be killed at before and after its commit. An Error that it
    /// returns undoes it.
    template <class Value, class Call>
    Result<Value> writing(const std::string& name, Call call) {
        return guarded([&]() -> Result<Value> {
            Writing writing{sql()};
            Result<Value> value = call();
            if (!value) return value;
            failpoint(("state." + name + ".written").c_str());
            writing.commit();
            failpoint(("state." + name + ".end").c_str());
            return value;
        });
    }
    template <class Call>
    Result<void> writing(const std::string& name, Call call) {
        const auto done = writing<bool>(name, [&] {
            call();
            return true;
        });
        return done ? Result<void>{} : done.error();
    }

private:
    Connection(std::string path, LockFile lock, std::unique_ptr<soci::session> sql)
        : path_(std::move(path)), lock_(std::move(lock)), sql_(std::move(sql)) {}

    std::string path_;
    LockFile lock_;
    std::unique_ptr<soci::session> sql_;  ///< closed before the lock is let go of
};

}  // namespace retaind
