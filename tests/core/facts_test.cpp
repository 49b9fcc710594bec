// What a company overwrites in place: written down, put back, and which of it a cycle finds changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "retaind/cycle/cycle.hpp"
#include "retaind/model/facts.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::null;
using testing::on;
using testing::Rows;
using testing::TextRow;

const Day today = on(2026, 3, 1);

Rows customers(std::vector<TextRow> rows, std::vector<std::string> more = {}) {
    std::vector<std::string> columns = {"customer_id", "name", "segment", "account_manager", "parent_id", "pulse"};
    columns.insert(columns.end(), more.begin(), more.end());
    return {DatasetKind::customers, std::move(columns), std::move(rows)};
}

Rows subscriptions(std::vector<TextRow> rows) {
    return {DatasetKind::subscriptions,
            {"subscription_id", "customer_id", "status", "started_on", "ended_on", "mrr", "plan"},
            std::move(rows)};
}

Snapshot read(const std::vector<Rows>& tables, Day as_of = today) {
    return testing::snapshot_of(tables, {.as_of = as_of, .read_from = as_of - std::chrono::days{100}});
}

std::vector<CustomerFacts> facts_of(const Snapshot& snapshot, std::vector<std::string> attributes = {}) {
    const FactsWriter writer(snapshot, attributes);
    std::vector<CustomerFacts> all;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        all.push_back({.customer_id = std::string(snapshot.text(snapshot.customers[customer].id)), .text = {}});
        writer.write(customer, all.back().text);
    }
    return all;
}

void expect_put(Snapshot& snapshot, const std::vector<CustomerFacts>& facts) {
    const Result<void> put = put_back(snapshot, facts);
    EXPECT_TRUE(put.ok()) << (put ? "" : to_string(put.error()));
}

// ---- the text -------------------------------------------------------------------------------------------------------

TEST(FactsText, IsALineOfTheCustomerItsFurtherColumnsAndItsSubscriptions) {
    const Snapshot snapshot = read(
        {{DatasetKind::customers,
          {"customer_id", "name", "segment", "motion", "seller", "since", "timezone", "acquisition_cost", "pulse",
           "pulse_at", "pulse_note", "tier", "size"},
          {{"c1", "A\tB\\", "", null, "sam", "2024-02-29", "Europe/Prague", "1000.50", "33.3", "2026-02-28",
            "two\nlines", "gold", "0.1"}}},
         {DatasetKind::subscriptions,
          {"subscription_id", "customer_id", "status", "started_on", "ended_on", "mrr", "list_mrr", "seats",
           "renews_on", "notice_days", "stage", "exit_reason", "plan"},
          {{"s2", "c1", "cancelled", "2024-03-01", "2025-03-01", "5", null, null, null, null, null, "price", null},
           {"s1", "c1", "active", "2025-03-01", null, "49.99", "60", "7", "2026-12-31", "90", "won", null, "pro"}}}});
    const auto facts = facts_of(snapshot, {"not there", "size", "tier"});
    EXPECT_EQ(facts.at(0).text,
              "1\t=A\\tB\\\\\t=\t\t\t=sam\t\t=Europe/Prague\t=two\\nlines\t2024-02-29\t2026-02-28\t100050\t\t33.3\n"
              "attribute\t=size\t0.1\n"
              "attribute\t=tier\t=gold\n"
              "subscription\t=s1\t=pro\t=active\t=won\t\t2026-12-31\t\t90\t7\t4999\t6000\t2025-03-01\n"
              "subscription\t=s2\t\t=cancelled\t\t=price\t\t2025-03-01\t\t\t500\t\t2024-03-01");
}

/// A row of the contract's columns, each with a value that it may have; of one column another.
TextRow row_of(const DatasetSpec& spec, std::string_view other) {
    TextRow row;
    for (const ColumnSpec& column : spec.columns) {
        const bool is_other = column.name == other;
        if (column.name.ends_with("_id") && column.name != "parent_id")
            row.emplace_back("c1");
        else if (!column.choices.empty())
            row.emplace_back(column.choices[is_other ? 1 : 0]);
        else if (column.type == CellType::day)
            row.emplace_back(is_other ? "2025-02-02" : "2025-01-01");
        else
            row.emplace_back(is_other ? "2" : "1");
    }
    return row;
}

TEST(FactsText, HoldsEveryColumnOfTheContractThatMayBeOverwritten) {
    const std::set<std::string_view> left_out = {"customer_id", "subscription_id", "do_not_profile", "currency"};
    for (const auto kind : {DatasetKind::customers, DatasetKind::subscriptions}) {
        const DatasetSpec& spec = dataset_spec(kind);
        const auto text_with = [&](std::string_view other) {
            std::vector<Rows> tables;
            for (const auto each : {DatasetKind::customers, DatasetKind::subscriptions}) {
                Rows table{each, {}, {row_of(dataset_spec(each), each == kind ? other : "")}};
                for (const ColumnSpec& column : dataset_spec(each).columns) table.columns.emplace_back(column.name);
                tables.push_back(std::move(table));
            }
            return facts_of(read(tables)).at(0).text;
        };
        for (const ColumnSpec& column : spec.columns) {
            if (left_out.contains(column.name)) continue;
            EXPECT_NE(text_with(column.name), text_with("")) << column.name;
        }
    }
}

// ---- putting back ---------------------------------------------------------------------------------------------------

/// Every column differs between the two, also in type; parents are the other way round.
std::vector<Rows> company(bool then) {
    const auto pick = [&](const char* a, const char* b) { return testing::TextCell(then ? a : b); };
    const auto known_then = [&](const char* a) { return then ? testing::TextCell(a) : testing::TextCell(); };
    const std::vector<std::string> columns = {
        "customer_id",   "name",      "segment",  "motion",     "account_manager",
        "seller",        "parent_id", "since",    "timezone",   "acquisition_cost",
        "cost_to_serve", "pulse",     "pulse_at", "pulse_note", "do_not_profile",
        "level",         "size"};
    return {
        {DatasetKind::customers,
         columns,
         {{"c1", pick("One", "Uno"), pick("north", "south"), pick("price", "product"), pick("mia", "max"),
           pick("sam", "sue"), known_then("c2"), pick("2024-01-01", "2025-01-01"), pick("UTC", "Asia/Tokyo"),
           pick("10.5", "11"), known_then("1"), pick("12.25", "90"), pick("2026-01-01", "2026-02-01"),
           pick("tab\there", "none"), pick("0", "1"), pick("7", "n/a"), pick("big", "3")},
          {"c2", "Two", known_then("east"), null, null, null, then ? testing::TextCell() : testing::TextCell("c1"),
           null, null, null, null, null, null, null, null, pick("8.5", "9"), null}}},
        {DatasetKind::subscriptions,
         {"subscription_id", "customer_id", "plan", "status", "started_on", "renews_on", "ended_on", "notice_days",
          "mrr", "list_mrr", "seats", "stage", "exit_reason"},
         {{"s1", "c1", pick("basic", "pro"), pick("active", "cancelled"), pick("2025-01-01", "2025-01-02"),
           pick("2026-06-01", "2027-06-01"), then ? testing::TextCell() : testing::TextCell("2026-01-15"),
           pick("30", "60"), pick("100", "0"), known_then("120"), pick("4", "5"), pick("won", "lost"),
           then ? testing::TextCell() : testing::TextCell("price")},
          {"s2", "c2", null, "active", "2025-01-01", null, null, null, pick("0.01", "9"), null, null, null, null}}}};
}

const std::vector<std::string> further = {"level", "size"};

TEST(PutBack, MakesEveryColumnWhatItWas) {
    const Snapshot then = read(company(true));
    Snapshot now = read(company(false));
    ASSERT_NE(facts_of(now, further), facts_of(then, further));
    expect_put(now, facts_of(then, further));
    EXPECT_EQ(facts_of(now, further), facts_of(then, further));
    EXPECT_EQ(now.customers[0].parent_customer, 1u) << "c1 belonged to c2";
    EXPECT_EQ(now.customers[1].parent_customer, no_customer);
    EXPECT_TRUE(now.attribute("level")->is_number);
    EXPECT_FALSE(now.attribute("size")->is_number);
    EXPECT_TRUE(is_live(now, 0, today)) << "the end of s1 was written down later";
    EXPECT_FALSE(now.subscriptions[0].over);
    EXPECT_TRUE(now.customers[0].do_not_profile) << "a wish of today holds for every day";
}

TEST(PutBack, WhoHasNoFactsStaysAsReadAndFactsOfNobodyArePassedOver) {
    const Snapshot then = read(company(true));
    Snapshot now = read(company(false));
    const auto as_read = facts_of(now, further);
    expect_put(now, {{.customer_id = "c9", .text = "nothing anybody reads"}});
    EXPECT_EQ(facts_of(now, further), as_read);
    auto facts = facts_of(then);
    facts.erase(facts.begin());
    facts[0].text += "\nsubscription\t=gone\t\t\t\t\t\t\t\t\t\t\t2025-01-01";
    expect_put(now, facts);
    EXPECT_EQ(facts_of(now)[0].text, facts_of(read(company(false)))[0].text) << "c1 has no facts";
    EXPECT_EQ(facts_of(now)[1].text, facts_of(then)[1].text);
    EXPECT_FALSE(now.attribute("level")->is_number) << "no facts speak of this column";
}

TEST(PutBack, ADoubleComesBackToTheLastBit) {
    const std::vector<double> numbers = {0.1, 1.0 / 3, 5e-324, 1e15, 123456789.123456789, 0};
    Snapshot snapshot = read({customers({{"c1", "One", null, null, null, null}})});
    for (const double number : numbers) {
        snapshot.customers[0].pulse = number;
        const auto facts = facts_of(snapshot);
        snapshot.customers[0].pulse = missing;
        expect_put(snapshot, facts);
        EXPECT_EQ(snapshot.customers[0].pulse, number);
    }
}

TEST(PutBack, AColumnThatTheQueryNoLongerBringsIsThereAgain) {
    const auto facts = facts_of(
        read({customers({{"c1", "One", null, null, null, null, "gold", "3"}}, {"tier", "size"})}), {"size", "tier"});
    Snapshot now = read({customers({{"c1", "One", null, null, null, null}})});
    expect_put(now, facts);
    ASSERT_TRUE(now.attribute("tier") && now.attribute("size"));
    EXPECT_EQ(now.text(now.attribute("tier")->words[0]), "gold");
    EXPECT_EQ(now.attribute("size")->numbers[0], 3);
}

TEST(PutBack, SaysWhichTextItCannotRead) {
    const std::string customer = "1\t=One\t\t\t\t\t\t\t\t\t\t\t\t", subscription = "subscription\t=s1\t\t=active";
    const struct {
        std::string sentence, text;
        int line;
    } cases[] = {
        {"nothing", "", 1},
        {"a version from the future", "2" + customer.substr(1), 1},
        {"a cell too few", customer.substr(0, customer.size() - 1), 1},
        {"a cell too many", customer + "\t", 1},
        {"a text without its mark", "1\tOne\t\t\t\t\t\t\t\t\t\t\t\t", 1},
        {"an escape that is none", "1\t=O\\ne\\x\t\t\t\t\t\t\t\t\t\t\t\t", 1},
        {"an escape cut off", "1\t=One\\\t\t\t\t\t\t\t\t\t\t\t\t", 1},
        {"a day that is none", "1\t=One\t\t\t\t\t\t\t\t2026-02-30\t\t\t\t", 1},
        {"a number that is none", customer + "nan", 1},
        {"a line that is none", customer + "\n", 2},
        {"a kind that is none", customer + "\npromise\t=p", 2},
        {"a further column without a name", customer + "\nattribute\t\t=x", 2},
        {"a further column without a value", customer + "\nattribute\t=tier", 2},
        {"a subscription without an id", customer + "\nsubscription\t\t\t\t\t\t\t\t\t\t\t\t2025-01-01", 2},
        {"a subscription that never began", customer + "\n" + subscription + "\t\t\t\t\t\t\t\t\t", 2},
        {"a subscription cut off", customer + "\nattribute\t=tier\t=gold\n" + subscription, 3},
    };
    for (const auto& each : cases) {
        Snapshot snapshot = read({customers({{"c1", "One", null, null, null, null}}),
                                  subscriptions({{"s1", "c1", "active", "2025-01-01", null, "10", null}})});
        const Result<void> put = put_back(snapshot, std::vector{CustomerFacts{"c1", each.text}});
        ASSERT_FALSE(put.ok()) << each.sentence;
        EXPECT_EQ(put.error().kind, ErrorKind::state_lost);
        EXPECT_THAT(put.error().message, HasSubstr("customer 'c1'")) << each.sentence;
        EXPECT_THAT(put.error().message, HasSubstr("line " + std::to_string(each.line))) << each.sentence;
    }
}

TEST(PutBack, NoTextMakesItFall) {
    const auto facts = facts_of(read(company(true)), further);
    for (const auto& whole : facts) {
        for (std::size_t at = 0; at < whole.text.size(); ++at) {
            for (const char c : {'\t', '\n', '\\', '=', '9', '\x80', '\0'}) {
                Snapshot snapshot = read({customers({{"c1", "One", null, null, null, null}})});
                auto broken = whole;
                broken.text[at] = c;
                (void)put_back(snapshot, std::vector{broken});
                broken.text.resize(at);
                (void)put_back(snapshot, std::vector{broken});
            }
        }
    }
}

// ---- what a cycle finds changed -------------------------------------------------------------------------------------

class FactsSeen : public ::testing::Test {
protected:
    /// A cycle over one row per customer: its id and its segment.
    std::vector<CustomerFacts> cycle(int day, const std::vector<std::pair<std::string, std::string>>& rows) {
        std::vector<TextRow> table, contracts;
        for (const auto& [id, segment] : rows) {
            table.push_back({id, "Name of " + id, segment, null, null, null, "x"});
            contracts.push_back({"s" + id, id, "active", "2025-01-01", null, "10", null});
        }
        return run(read({customers(table, {"tier"}), subscriptions(contracts)}, today + std::chrono::days{day}));
    }

    /// A cycle whose source could not be read.
    std::vector<CustomerFacts> failed_cycle(int day) {
        std::vector<FailedDataset> failed;
        for (const auto kind : {DatasetKind::customers, DatasetKind::subscriptions})
            failed.push_back(
                {.options = {.name = std::string(dataset_spec(kind).name), .kind = kind}, .error = "it is down"});
        const Day as_of = today + std::chrono::days{day};
        return run(assemble({}, failed, {.as_of = as_of, .read_from = as_of}));
    }

    /// "c1 north": the customer and its segment, or what else the facts say.
    static std::vector<std::string> told(const std::vector<CustomerFacts>& facts) {
        std::vector<std::string> all;
        for (const auto& [id, text] : facts) {
            const auto from = text.find("\t=", 3) + 2;
            all.push_back(id + (text.empty() ? " as before" : " " + text.substr(from, text.find('\t', from) - from)));
        }
        return all;
    }

    RuleSet rules_ = {};
    State state_ = {};

private:
    std::vector<CustomerFacts> run(const Snapshot& snapshot) {
        CycleResult result = run_cycle(snapshot, rules_, state_, Instant{snapshot.as_of});
        state_ = std::move(result.state);
        return std::move(result.facts);
    }
};

TEST_F(FactsSeen, AreThoseThatChanged) {
    EXPECT_THAT(told(cycle(0, {{"c1", "north"}, {"c2", "north"}})), ElementsAre("c1 north", "c2 north"));
    EXPECT_THAT(cycle(1, {{"c1", "north"}, {"c2", "north"}}), IsEmpty());
    EXPECT_THAT(told(cycle(2, {{"c1", "north"}, {"c2", "south"}, {"c3", "east"}})), ElementsAre("c2 south", "c3 east"));
    EXPECT_THAT(told(cycle(3, {{"c0", "new"}, {"c3", "east"}})), ElementsAre("c0 new")) << "who is gone says nothing";
    EXPECT_THAT(told(cycle(4, {{"c1", "north"}, {"c2", "north"}, {"c3", "east"}})), ElementsAre("c2 north"));
}

TEST_F(FactsSeen, OfADayAreThoseOfItsLastCycle) {
    cycle(0, {{"c1", "north"}, {"c2", "north"}});
    EXPECT_THAT(told(cycle(1, {{"c1", "south"}, {"c2", "north"}})), ElementsAre("c1 south"));
    EXPECT_THAT(told(cycle(1, {{"c1", "east"}, {"c2", "north"}})), ElementsAre("c1 east"));
    EXPECT_THAT(cycle(1, {{"c1", "east"}, {"c2", "north"}}), IsEmpty());
    const State one_cycle = state_;
    EXPECT_THAT(told(cycle(1, {{"c1", "north"}, {"c2", "west"}, {"c3", "new"}})),
                ElementsAre("c1 as before", "c2 west", "c3 new"));
    EXPECT_THAT(told(cycle(1, {{"c1", "east"}})), ElementsAre("c1 east", "c2 as before", "c3 as before"));
    EXPECT_EQ(state_.facts, one_cycle.facts) << "nothing compounds";
    EXPECT_THAT(told(cycle(2, {{"c1", "north"}, {"c2", "north"}})), ElementsAre("c1 north"));
}

TEST_F(FactsSeen, StandStillWhileNobodyKnowsWhoTheCustomersAre) {
    cycle(0, {{"c1", "north"}});
    EXPECT_THAT(failed_cycle(1), IsEmpty());
    EXPECT_THAT(told(cycle(1, {{"c1", "south"}})), ElementsAre("c1 south"));
    EXPECT_THAT(failed_cycle(1), IsEmpty());
    EXPECT_THAT(failed_cycle(2), IsEmpty());
    EXPECT_THAT(told(cycle(2, {{"c1", "east"}})), ElementsAre("c1 east"));
    EXPECT_THAT(told(cycle(2, {{"c1", "south"}})), ElementsAre("c1 as before")) << "south, as on day 1";
}

TEST_F(FactsSeen, HoldTheFurtherColumnsThatTheRulesRead) {
    EXPECT_THAT(cycle(0, {{"c1", "north"}}).at(0).text, ::testing::Not(HasSubstr("tier")));
    rules_.groups = {{.name = "all"}};
    rules_.signals = {{.name = "tier", .from = "customers", .field = "tier", .measure = Measure::value}};
    EXPECT_THAT(cycle(1, {{"c1", "north"}}).at(0).text, HasSubstr("attribute\t=tier\t=x"));
}

}  // namespace
}  // namespace retaind
