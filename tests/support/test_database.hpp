// A database of either backend for a test to fill, and how a source is told to read it.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "retaind/ports/settings.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

namespace retaind::testing {

class TestDatabase {
public:
    virtual ~TestDatabase() = default;
    virtual void run(const std::string& sql) = 0;
    virtual SourceSettings settings() const = 0;
    bool is_sqlite() const { return settings().backend == Backend::sqlite3; }
    /// What differs: one of the two.
    std::string either(const std::string& sqlite, const std::string& postgresql) const {
        return is_sqlite() ? sqlite : postgresql;
    }
};

class SqliteDatabase final : public TestDatabase {
public:
    SqliteDatabase() {
        sqlite3_open(file().c_str(), &connection_);
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;");
    }
    ~SqliteDatabase() override { sqlite3_close(connection_); }

    std::string file() const { return folder_.file("a company.db"); }
    void run(const std::string& sql) override {
        char* complaint = nullptr;
        if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, &complaint) == SQLITE_OK) return;
        const std::string text = complaint ? complaint : "?";
        sqlite3_free(complaint);
        throw std::runtime_error(text + ": " + sql);
    }
    SourceSettings settings() const override {
        return {.name = "crm", .backend = Backend::sqlite3, .connection = file(), .timeout = Seconds{10}};
    }

private:
    TemporaryFolder folder_ = {};
    sqlite3* connection_ = nullptr;
};

/// A schema of its own on a server that all tests of one executable share.
class PostgresDatabase final : public TestDatabase {
public:
    PostgresDatabase() : schema_("test_" + std::to_string(++count())) { server().run("CREATE SCHEMA " + schema_); }

    /// Started by whoever asks first, stopped when the test program ends.
    static PostgresServer& server() {
        static PostgresServer server;
        return server;
    }
    void run(const std::string& sql) override { server().run("SET search_path = " + schema_ + "; " + sql); }
    const std::string& schema() const { return schema_; }
    SourceSettings settings() const override { return settings(server().port()); }
    SourceSettings settings(int port) const {
        return {.name = "crm",
                .backend = Backend::postgresql,
                .connection = server().connection(port) + " options='-c search_path=" + schema_ + "'",
                .timeout = Seconds{10}};
    }

private:
    static int& count() {
        static int number = 0;
        return number;
    }
    std::string schema_;
};

}  // namespace retaind::testing
