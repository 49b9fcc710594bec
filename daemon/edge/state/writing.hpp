// Transactions. One that writes is taken at once (BEGIN IMMEDIATE, so that it waits for others here and not in its
// middle), and undone unless it was committed; one that only reads sees one moment until it ends.
#pragma once

#include <soci/soci.h>

namespace retaind {

inline void undo(soci::session& sql) {
    try {
        sql << "ROLLBACK";
    } catch (const soci::soci_error&) {  // SQLite has undone it by itself already
    }
}

class ReadTransaction {
public:
    explicit ReadTransaction(soci::session& sql) : sql_(sql) { sql_ << "BEGIN"; }
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;
    ~ReadTransaction() { undo(sql_); }

private:
    soci::session& sql_;
};

class Writing {
public:
    explicit Writing(soci::session& sql) : sql_(sql) { sql_ << "BEGIN IMMEDIATE"; }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

    ~Writing() {
        if (open_) undo(sql_);
    }

    void commit() {
        sql_ << "COMMIT";
        open_ = false;
    }

private:
    soci::session& sql_;
    bool open_ = true;
};

}  // namespace retaind
