// A state's file in a folder of its own, and the calls that tests of its contract are made of.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "edge/state/state.hpp"
#include "support/states.hpp"
#include "support/temporary_folder.hpp"

namespace retaind::test {

inline const Day first_day = Day{std::chrono::days{20'500}};
inline const Instant noon = Instant{first_day} + std::chrono::hours{36};

inline Day day(int number) { return first_day + std::chrono::days{number}; }

inline Payload payload(const std::string& id, const std::string& receiver = "managers",
                       const std::string& recipient = "") {
    return {.delivery_id = id,
            .receiver = receiver,
            .recipient = recipient,
            .subject = "Subject of " + id,
            .text = "text\n'quoted' :bound",
            .html = "<b>html</b>",
            .json = "{\"id\":\"" + id + "\"}"};
}

inline std::vector<std::string> ids(const std::vector<Delivery>& deliveries) {
    std::vector<std::string> all;
    for (const auto& delivery : deliveries) all.push_back(delivery.payload.delivery_id);
    return all;
}

class StateContract : public testing::Test {
protected:
    std::string file() const { return folder_.file("state.db"); }

    std::unique_ptr<StateStore> open(StateOptions options = {}) {
        options.directory = folder_.path();
        auto opened = open_state(settings_, options);
        EXPECT_TRUE(opened.ok()) << (opened ? "" : to_string(opened.error()));
        return opened ? std::move(*opened) : nullptr;
    }

    Error open_error(StateOptions options = {}) {
        options.directory = folder_.path();
        auto opened = open_state(settings_, options);
        EXPECT_FALSE(opened.ok());
        return opened ? Error{} : opened.error();
    }

    void commit(StateStore& store, const State& state, std::vector<Payload> outbox = {}, Instant now = noon,
                std::vector<CustomerFacts> facts = {}) {
        const auto done = store.commit({.state = state,
                                        .outbox = std::move(outbox),
                                        .now = now,
                                        .engine_version = "1",
                                        .rules_text = "rules " + state.rules_hash,
                                        .facts = facts});
        ASSERT_TRUE(done.ok()) << to_string(done.error());
    }

    /// A cycle that saw these facts, and nothing else.
    void see(StateStore& store, Day as_of, std::vector<CustomerFacts> facts) {
        commit(store, {.as_of = as_of, .rules_hash = "h"}, {}, noon, std::move(facts));
    }

    /// "c1 text": what the store says of each customer on a day.
    std::vector<std::string> facts(StateStore& store, Day as_of) {
        const auto found = store.facts(as_of);
        EXPECT_TRUE(found.ok()) << (found ? "" : to_string(found.error()));
        std::vector<std::string> all;
        if (found)
            for (const auto& each : *found) all.push_back(each.customer_id + " " + each.text);
        return all;
    }

    State load(StateStore& store, Day as_of, bool past = false) {
        auto state = store.load(as_of, past);
        EXPECT_TRUE(state.ok()) << (state ? "" : to_string(state.error()));
        return state ? *state : State{};
    }

    std::vector<Delivery> claim(StateStore& store, Instant now = noon, std::vector<std::string> busy = {},
                                std::size_t most = 4) {
        auto claimed = store.claim(now, busy, most);
        EXPECT_TRUE(claimed.ok()) << (claimed ? "" : to_string(claimed.error()));
        return claimed ? *claimed : std::vector<Delivery>{};
    }

    void settle(StateStore& store, const Settlement& settlement) {
        const auto done = store.settle(settlement);
        ASSERT_TRUE(done.ok()) << to_string(done.error());
    }

    /// Everything in the file but the audit, whose rows tell what happened and not what is.
    std::string dump(std::set<std::string> leave_out = {"alert_event", "sqlite_sequence"}) {
        soci::session sql(soci::sqlite3, "db=" + file());
        std::string text, table;
        std::vector<std::string> tables;
        soci::statement names =
            (sql.prepare << "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", soci::into(table));
        names.execute();
        while (names.fetch()) tables.push_back(table);
        for (const auto& name : tables) {
            if (!leave_out.contains(name)) text += rows_of(sql, name);
        }
        return text;
    }

    static std::string rows_of(soci::session& sql, const std::string& table) {
        std::string column, columns, row, text = table + "\n";
        soci::statement names =
            (sql.prepare << "SELECT name FROM pragma_table_info('" << table << "')", soci::into(column));
        names.execute();
        while (names.fetch()) columns += (columns.empty() ? "quote(" : " || ',' || quote(") + column + ")";
        soci::statement rows =
            (sql.prepare << "SELECT " << columns << " FROM " << table << " ORDER BY 1", soci::into(row));
        rows.execute();
        while (rows.fetch()) text += "  " + row + "\n";
        return text;
    }

    long long number(const std::string& query) {
        soci::session sql(soci::sqlite3, "db=" + file());
        long long value = 0;
        sql << query, soci::into(value);
        return value;
    }

    void run(const std::string& statement) {
        soci::session sql(soci::sqlite3, "db=" + file());
        sql << statement;
    }

    TemporaryFolder folder_;
    StateSettings settings_ = {};
    RetentionSettings retention_ = {};
};

}  // namespace retaind::test
