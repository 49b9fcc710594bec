// A write transaction: taken at once (BEGIN IMMEDIATE, so that it waits for others here and not in its middle), and
// undone unless it was committed.
#pragma once

#include <soci/soci.h>

namespace retaind {

class Writing {
public:
    explicit Writing(soci::session& sql) : sql_(sql) { sql_ << "BEGIN IMMEDIATE"; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

    ~Writing() {
        if (open_) undo();
    }

    void commit() {
        sql_ << "COMMIT";
        open_ = false;
    }

private:
    void undo() {
        try {
            sql_ << "ROLLBACK";
        } catch (const soci::soci_error&) {  // SQLite has undone it by itself already
        }
    }

    soci::session& sql_;
    bool open_ = true;
};

}  // namespace retaind
