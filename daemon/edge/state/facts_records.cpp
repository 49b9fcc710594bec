#include "edge/state/facts_records.hpp"

#include <string>

#include "edge/state/cells.hpp"

namespace retaind {

namespace {

template <class Each>
void for_each_newest(soci::session& sql, Day last, Each each) {
    CustomerFacts facts;
    long long day = 0;
    const long long newest = to_column(last);
    // SQLite takes the text from the row that has the max().
    soci::statement rows = (sql.prepare << "SELECT id, text, max(day) FROM facts JOIN customer ON key = customer "
                                           "WHERE day <= :last GROUP BY customer ORDER BY id",
                            soci::use(newest), soci::into(facts.customer_id), soci::into(facts.text), soci::into(day));
    rows.execute();
    while (rows.fetch()) each(facts);
}

}  // namespace

std::vector<CustomerFacts> read_facts(soci::session& sql, Day last) {
    std::vector<CustomerFacts> all;
    for_each_newest(sql, last, [&](const CustomerFacts& facts) { all.push_back(facts); });
    return all;
}

void read_facts_memory(soci::session& sql, Day last, State& state) {
    for_each_newest(sql, last, [&](const CustomerFacts& facts) {
        state.facts.push_back({.customer_id = facts.customer_id, .now = facts_hash(facts.text)});
    });
    if (!state.as_of) return;
    auto memory = state.facts.begin();
    for_each_newest(sql, *state.as_of - std::chrono::days{1}, [&](const CustomerFacts& facts) {
        while (memory != state.facts.end() && memory->customer_id < facts.customer_id) ++memory;
        if (memory != state.facts.end()) memory->before = facts_hash(facts.text);
    });
}

void write_facts(soci::session& sql, std::span<const CustomerFacts> facts, Day day) {
    if (facts.empty()) return;
    const long long column = to_column(day);
    CustomerFacts row;
    soci::statement know =
        (sql.prepare << "INSERT INTO customer (id) VALUES (:id) ON CONFLICT DO NOTHING", soci::use(row.customer_id));
    soci::statement put = (sql.prepare << "INSERT OR REPLACE INTO facts (customer, day, text) "
                                          "SELECT key, :day, :text FROM customer WHERE id = :id",
                           soci::use(column), soci::use(row.text), soci::use(row.customer_id));
    soci::statement erase = (sql.prepare << "DELETE FROM facts WHERE day = :day AND customer = "
                                            "(SELECT key FROM customer WHERE id = :id)",
                             soci::use(column), soci::use(row.customer_id));
    for (const auto& each : facts) {
        row = each;
        if (row.text.empty()) {
            erase.execute(true);
        } else {
            know.execute(true);
            put.execute(true);
        }
    }
}

}  // namespace retaind
