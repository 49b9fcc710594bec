// What every source promises, on SQLite and on a real PostgreSQL server.
#include <atomic>
#include <charconv>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/source/source.hpp"
#include "support/rows.hpp"
#include "support/snapshot_dump.hpp"
#include "support/test_database.hpp"

namespace retaind {
namespace {

using ::testing::AllOf;
using testing::dump;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::on;
using testing::PostgresDatabase;
using testing::PostgresServer;
using testing::SqliteDatabase;
using testing::TestDatabase;

std::string text_literal(const std::string& text) {
    std::string literal = "'";
    for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
    return literal + "'";
}

DatasetRequest request(DatasetKind kind, std::string query, std::string watermark = "") {
    return {.options = {.name = std::string{dataset_spec(kind).name}, .kind = kind, .source = "crm"},
            .query = std::move(query),
            .watermark_query = std::move(watermark),
            .from = on(2026, 1, 1),
            .to = on(2026, 3, 1)};
}

std::vector<std::string> texts(const Dataset& dataset, std::string_view column) {
    std::vector<std::string> found;
    for (const Word word : dataset.find(column)->words)
        found.emplace_back(word == no_word ? "NULL" : dataset.words.text(word));
    return found;
}

class SourceContract : public ::testing::TestWithParam<Backend> {
protected:
    void SetUp() override {
        if (GetParam() == Backend::sqlite3) {
            database_ = std::make_unique<SqliteDatabase>();
            return;
        }
        if (const auto missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
        database_ = std::make_unique<PostgresDatabase>();
    }

    Result<std::vector<Dataset>> read(const std::vector<DatasetRequest>& requests) {
        return open_source(database_->settings())->read(requests);
    }
    Dataset read_one(const DatasetRequest& wanted) {
        auto datasets = read({wanted});
        if (datasets.ok()) return std::move(datasets->front());
        ADD_FAILURE() << to_string(datasets.error());
        return {};
    }
    /// One text, as a customer's id.
    std::string read_text(const std::string& expression) {
        const auto dataset =
            read_one(request(DatasetKind::customers, "SELECT " + expression + " AS customer_id, 'n' AS name"));
        return dataset.rows == 1 ? texts(dataset, "customer_id")[0] : describe(dataset.rejected);
    }
    Error error_of(const DatasetRequest& wanted) {
        const auto datasets = read({wanted});
        if (!datasets.ok()) return datasets.error();
        return {.message = "no error"};
    }

    std::unique_ptr<TestDatabase> database_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SourceContract, ::testing::Values(Backend::sqlite3, Backend::postgresql),
                         [](const auto& backend) {
                             return std::string{backend.param == Backend::sqlite3 ? "Sqlite" : "Postgresql"};
                         });

// -- values -----------------------------------------------------------------------------------------------------------

TEST_P(SourceContract, EveryTypeArrivesExactly) {
    struct Case {
        std::string sentence, sqlite, postgresql, text;
    };
    const std::vector<Case> cases = {
        {"more than 32 bits", "5000000000", "5000000000::bigint", "5000000000"},
        {"the largest integer", "9223372036854775807", "9223372036854775807::bigint", "9223372036854775807"},
        {"a sum that no double holds", "(SELECT sum(x) FROM (SELECT 9007199254740993 AS x) AS s)",
         "(SELECT sum(x) FROM (SELECT 9007199254740993::bigint AS x) AS s)", "9007199254740993"},
        {"thirty digits", "'123456789012345678901234567890.12'", "123456789012345678901234567890.12::numeric(32,2)",
         "123456789012345678901234567890.12"},
        {"a double to its last bit", "0.1 + 0.2", "0.1::float8 + 0.2::float8", "0.30000000000000004"},
        {"true", "1", "true", "1"},
        {"false", "0", "false", "0"},
        {"a date", "'2024-02-29'", "date '2024-02-29'", "2024-02-29"},
        {"an instant in UTC", "'2024-02-29 10:13:14.5+00'", "timestamptz '2024-02-29 12:13:14.5+02'",
         "2024-02-29 10:13:14.5+00"},
        {"a naive timestamp", "'2024-02-29 12:13:14'", "timestamp '2024-02-29 12:13:14'", "2024-02-29 12:13:14"},
        {"money without its sign", "1234567.5", "1234567.50::money", "1234567.5"},
        {"an enum", "'happy'", "'happy'::mood", "happy"},
        {"char(n) without its blanks", "'ab'", "'ab'::char(5)", "ab"},
        {"an interval", "'1 day 02:00:00'", "interval '26 hours' + interval '0'", "1 day 02:00:00"},
        {"letters of the world", "'Zoë 日本 😀'", "'Zoë 日本 😀'", "Zoë 日本 😀"},
    };
    if (!database_->is_sqlite()) database_->run("CREATE TYPE mood AS ENUM ('happy', 'sad')");
    for (const auto& c : cases) {
        auto text = read_text(database_->either(c.sqlite, c.postgresql));
        if (c.sentence.starts_with("money") && text == "1234567.50") text = "1234567.5";
        if (c.sentence == "an interval" && text == "26:00:00") text = "1 day 02:00:00";
        EXPECT_EQ(text, c.text) << c.sentence;
    }
}

TEST_P(SourceContract, DoublesComeBackToTheLastBit) {
    const unsigned seed = 20260301;
    std::mt19937_64 random{seed};
    database_->run("CREATE TABLE measured (id integer, value double precision)");
    std::vector<double> written;
    std::string values;
    for (int i = 0; i < 500; ++i) {
        const double magnitude = std::pow(10.0, static_cast<double>(random() % 28) - 13.0);
        written.push_back((static_cast<double>(random() >> 11) / static_cast<double>(1ull << 53) - 0.5) * magnitude);
        values += fmt::format("{}({}, {:.17e})", i ? ", " : "", i, written.back());
    }
    database_->run("INSERT INTO measured VALUES " + values);
    const auto dataset = read_one(
        request(DatasetKind::usage, "SELECT 'c' AS customer_id, '2026-01-01' AS at, value FROM measured ORDER BY id"));
    ASSERT_EQ(dataset.rows, written.size()) << describe(dataset.rejected);
    EXPECT_EQ(dataset.find("value")->numbers, written) << "seed " << seed;
}

TEST_P(SourceContract, NullsAreNull) {
    const auto dataset = read_one(request(DatasetKind::subscriptions,
                                          "SELECT 's' AS subscription_id, 'c' AS customer_id, 'active' AS status, "
                                          "'2024-01-01' AS started_on, NULL AS mrr, "
                                          "NULL AS plan, NULL AS renews_on, '' AS stage"));
    ASSERT_EQ(dataset.rows, 1u) << describe(dataset.rejected);
    EXPECT_TRUE(is_missing(dataset.find("mrr")->numbers[0]));
    EXPECT_EQ(dataset.find("plan")->words[0], no_word);
    EXPECT_EQ(dataset.find("renews_on")->days[0], no_day);
    EXPECT_NE(dataset.find("stage")->words[0], no_word) << "an empty text is a text";
}

TEST_P(SourceContract, DataIsNeverTakenForSql) {
    const std::vector<std::string> seeds = {
        "'; DROP TABLE names; --",
        "\" OR 1=1 --",
        ":from",
        "a :to b",
        "::date",
        "$1",
        "$q$ :from $q$",
        "\\'; DELETE FROM names; --",
        "') AS q; DELETE FROM names; --",
        "/* :from */",
        "-- :to",
        "100%",
        "{0}",
        "%s%n",
        "${HOME}",
        "E'\\x41'",
        "NULL",
        "1; SELECT pg_sleep(10)",
        "' UNION SELECT usename FROM pg_user --",
        "\x1b[31m",
        "a\nb",
        "a\tb",
        "''",
        "\"\"",
        "`x`",
        "[x]",
        "?",
        "@from",
        "#{x}",
        "<script>",
    };
    std::vector<std::string> payloads;
    for (std::size_t i = 0; payloads.size() < 200; ++i)
        payloads.push_back(seeds[i % seeds.size()] + std::string(i / seeds.size(), ' ') + std::to_string(i));
    database_->run("CREATE TABLE names (id integer, name text)");
    std::string rows;
    for (std::size_t i = 0; i < payloads.size(); ++i)
        rows += fmt::format("{}({}, {})", i ? ", " : "", i, text_literal(payloads[i]));
    database_->run("INSERT INTO names VALUES " + rows);
    const auto dataset = read_one(
        request(DatasetKind::customers, "SELECT id AS customer_id, name, name AS seller FROM names ORDER BY id"));
    ASSERT_EQ(dataset.rows, payloads.size()) << describe(dataset.rejected);
    EXPECT_EQ(texts(dataset, "name"), payloads);
    EXPECT_EQ(texts(dataset, "seller"), payloads);
    EXPECT_EQ(read_text("(SELECT count(*) FROM names)"), "200");
}

TEST_P(SourceContract, BadTextsAreRejectedAndCounted) {
    if (!database_->is_sqlite()) GTEST_SKIP() << "PostgreSQL keeps NUL and bad UTF-8 out by itself";
    database_->run("CREATE TABLE names (id text, name)");
    database_->run(
        "INSERT INTO names VALUES ('good', 'x'), ('latin1', CAST(x'636166e9' AS TEXT)), ('nul', CAST(x'610062' AS "
        "TEXT)), ('blob', x'ff00')");
    const auto dataset = read_one(request(DatasetKind::customers, "SELECT id AS customer_id, name FROM names"));
    EXPECT_THAT(texts(dataset, "customer_id"), ElementsAre("good"));
    EXPECT_THAT(dataset.rejected.at("bad_utf8").keys, ElementsAre("blob", "latin1", "nul"));
}

TEST_P(SourceContract, LongTextsAreRejectedNotLoaded) {
    database_->run("CREATE TABLE names (id integer, name text)");
    database_->run(
        database_->either("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO "
                          "names SELECT i, printf('%.*c', 1048576, 'x') FROM n",
                          "INSERT INTO names SELECT i, repeat('ä', 1048576) FROM generate_series(1, 40) AS i"));
    database_->run("INSERT INTO names VALUES (100, 'short')");
    auto settings = database_->settings();
    settings.bad_rows = 1;
    const auto datasets =
        open_source(settings)->read({request(DatasetKind::customers, "SELECT id AS customer_id, name FROM names")});
    ASSERT_TRUE(datasets.ok()) << to_string(datasets.error());
    EXPECT_EQ(datasets.value()[0].rejected.at("too_long").rows, 40u);
    EXPECT_EQ(datasets.value()[0].rows, 1u);
}

TEST_P(SourceContract, ManyRowsArriveAllOfThem) {
    const auto dataset = read_one(request(
        DatasetKind::usage,
        database_->either(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT i % 100 AS "
            "customer_id, '2026-01-01' AS at, i AS value FROM n",
            "SELECT i % 100 AS customer_id, '2026-01-01' AS at, i AS value FROM generate_series(1, 60000) AS i")));
    ASSERT_EQ(dataset.rows, 60000u);
    double sum = 0;
    for (const double value : dataset.find("value")->numbers) sum += value;
    EXPECT_EQ(sum, 60000.0 * 60001 / 2);
}

// -- queries ----------------------------------------------------------------------------------------------------------

TEST_P(SourceContract, TheDaysToReadAreBound) {
    database_->run(
        database_->either("CREATE TABLE log (day text, n integer)", "CREATE TABLE log (day date, n integer)"));
    database_->run("INSERT INTO log VALUES ('2025-12-31', 1), ('2026-01-01', 2), ('2026-02-28', 3), ('2026-03-01', 4)");
    struct Case {
        std::string sentence, condition;
        std::vector<double> values;
    };
    const std::vector<Case> cases = {
        {"both; :to is exclusive", "day >= :from AND day < :to", {2, 3}},
        {"in the other order", "day < :to AND day >= :from", {2, 3}},
        {"one of them, twice", "day >= :from AND NOT day < :from", {2, 3, 4}},
        {"the other", "day >= :to", {4}},
        {"neither", "n > 1", {2, 3, 4}},
        {"with a cast", database_->either("day >= CAST(:from AS text)", "day >= CAST(:from AS date)"), {2, 3, 4}},
        {"not inside a text", "day >= :to OR ':from' = 'x'", {4}},
        {"not inside a comment", "day >= :to /* :from ' */ -- :from\n AND n = 4", {4}},
        {"not as a part of a name", "\"n\" = 4 AND ':from_here' <> ''", {4}},
    };
    for (const auto& c : cases) {
        const auto dataset =
            read_one(request(DatasetKind::usage, "SELECT 'c' AS customer_id, day AS at, n AS value FROM log WHERE " +
                                                     c.condition + " ORDER BY n"));
        EXPECT_EQ(dataset.find("value")->numbers, c.values) << c.sentence;
    }
}

TEST_P(SourceContract, ColonsOfTheDatabasesOwnLanguageSurvive) {
    if (database_->is_sqlite()) GTEST_SKIP() << "SQLite has none";
    EXPECT_EQ(read_text("'2024-02-29'::date::text"), "2024-02-29");
    EXPECT_EQ(read_text("(array['a','b','c'])[1:2]"), "{a,b}");
    EXPECT_EQ(read_text("$q$it's :from$q$"), "it's :from");
    EXPECT_EQ(read_text("$$:to$$"), ":to");
    EXPECT_EQ(read_text("E'it\\'s :from'"), "it's :from");
    EXPECT_EQ(read_text("E'a''b\\' :to' || 'c\\'"), "a'b' :toc\\");
    EXPECT_EQ(read_text("/* a /* nested :from */ comment */ ':to'"), ":to");
    EXPECT_EQ(read_text("(:from - interval '1 day')::date"), "2025-12-31");
}

TEST_P(SourceContract, QueriesComeAsPeopleWriteThem) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"plain", "SELECT 'c' AS customer_id, 'n' AS name"},
        {"with a semicolon", "SELECT 'c' AS customer_id, 'n' AS name;"},
        {"with a semicolon, a line and a comment",
         "SELECT 'c' AS customer_id, 'n' AS name ; \n-- that is all; really\n"},
        {"with a comment at the end", "SELECT 'c' AS customer_id, 'n' AS name -- done"},
        {"with a comment that has a quote in it", "SELECT 'c' AS customer_id, 'n' AS name /* isn't it */"},
        {"with a comment first", "-- customers; all of them\nSELECT 'c' AS customer_id, 'n' AS name"},
        {"with common table expressions",
         "WITH a AS (SELECT 'c' AS id), b AS (SELECT id, 'n' AS n FROM a) SELECT id AS customer_id, n AS name FROM b"},
        {"as a union with an order", "SELECT 'c' AS customer_id, 'n' AS name UNION SELECT 'c', 'n' ORDER BY 1"},
        {"with VALUES behind it", "SELECT column1 AS customer_id, column2 AS name FROM (VALUES ('c', 'n')) AS v"},
        {"with a limit", "SELECT 'c' AS customer_id, 'n' AS name LIMIT 1"},
        {"with a quoted alias", "SELECT 'c' AS \"customer_id\", 'n' AS \"name\", 1 AS \"two words\""},
        {"with an alias full of quotes", "SELECT 'c' AS customer_id, 'n' AS name, 1 AS \"a \"\"quoted\"\" name\""},
    };
    for (const auto& [sentence, query] : cases) {
        const auto dataset = read_one(request(DatasetKind::customers, query));
        EXPECT_EQ(dataset.rows, 1u) << sentence;
    }
}

TEST_P(SourceContract, QueriesThatCannotBeOneSelectAreRefusedWithAHint) {
    database_->run("CREATE TABLE victims (id integer)");
    database_->run("INSERT INTO victims VALUES (1)");
    struct Case {
        std::string sentence, query, message;
    };
    std::vector<Case> cases = {
        {"nothing", "", "the query is empty"},
        {"nothing but words about it", "-- nothing", "the query is empty"},
        {"a second statement", "SELECT 'c' AS customer_id, 'n' AS name; DELETE FROM victims",
         "there is a second statement after \";\""},
        {"a bracket too many, to get out of ours",
         "SELECT 'c' AS customer_id, 'n' AS name) AS q; DELETE FROM victims --", "there is a bracket \")\" too many"},
        {"a bracket too few", "SELECT ('c' AS customer_id, 'n' AS name", "a bracket \"(\" is never closed"},
        {"an open text", "SELECT 'c AS customer_id", "a text is never closed"},
        {"an open comment", "SELECT 'c' AS customer_id, 'n' AS name /* ", "a comment \"/*\" is never closed"},
        {"an open name", "SELECT 'c' AS \"customer_id", "a quoted name is never closed"},
    };
    for (const auto& c : cases) {
        const auto error = error_of(request(DatasetKind::customers, c.query));
        EXPECT_EQ(error.message, "source \"crm\": dataset \"customers\": " + c.message) << c.sentence;
        EXPECT_EQ(error.kind, ErrorKind::source);
    }
    EXPECT_EQ(read_text("(SELECT count(*) FROM victims)"), "1");
}

TEST_P(SourceContract, ParametersOfOnesOwnAreRefused) {
    const auto query =
        database_->either("SELECT :when AS customer_id, 'n' AS name", "SELECT $1 AS customer_id, 'n' AS name");
    const auto error = error_of(request(DatasetKind::customers, query));
    EXPECT_THAT(error.message, HasSubstr("the query has a parameter"));
    EXPECT_EQ(error.hint, "the days to read are :from and :to");
}

TEST_P(SourceContract, WhatTheDatabaseComplainsAboutIsPassedOnWithTheDataset) {
    const auto no_table =
        error_of(request(DatasetKind::customers, "SELECT id AS customer_id, 'n' AS name FROM nowhere"));
    EXPECT_THAT(no_table.message, AllOf(HasSubstr("source \"crm\": dataset \"customers\": "), HasSubstr("nowhere"),
                                        Not(HasSubstr("\n"))));
    const auto no_column = error_of(
        request(DatasetKind::customers,
                "SELECT \"nonsense_column\" AS customer_id, 'n' AS name FROM (SELECT 1 AS x) AS t WHERE t.y = 1"));
    EXPECT_THAT(no_column.message, HasSubstr("dataset \"customers\": "));
    const auto grammar = error_of(request(DatasetKind::customers, "SELEC 1"));
    EXPECT_THAT(grammar.message, HasSubstr("syntax error"));
}

TEST_P(SourceContract, WritesFail) {
    database_->run("CREATE TABLE victims (id integer)");
    database_->run("INSERT INTO victims VALUES (1)");
    std::vector<std::string> attempts = {
        "DELETE FROM victims",
        "DELETE FROM victims RETURNING id AS customer_id, 'n' AS name",
        "UPDATE victims SET id = 2 RETURNING id AS customer_id, 'n' AS name",
        "INSERT INTO victims VALUES (7) RETURNING id AS customer_id, 'n' AS name",
        "DROP TABLE victims",
        "CREATE TABLE more (id integer)",
    };
    if (!database_->is_sqlite()) {
        database_->run(
            "CREATE FUNCTION wipe() RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM victims; RETURN 'c'; END $$");
        attempts.insert(
            attempts.end(),
            {"SELECT wipe() AS customer_id, 'n' AS name",
             "WITH gone AS (DELETE FROM victims RETURNING id) SELECT id AS customer_id, 'n' AS name FROM gone",
             "SELECT set_config('transaction_read_only', 'off', false) AS customer_id, wipe() AS name",
             "TRUNCATE victims", "SELECT id AS customer_id, 'n' AS name INTO more FROM victims"});
    } else {
        attempts.insert(attempts.end(), {"PRAGMA journal_mode = DELETE", "VACUUM", "ATTACH 'x.db' AS x",
                                         "WITH a AS (SELECT 1) DELETE FROM victims"});
    }
    for (const auto& attempt : attempts) {
        EXPECT_EQ(error_of(request(DatasetKind::customers, attempt)).kind, ErrorKind::source) << attempt;
        EXPECT_NE(error_of(request(DatasetKind::customers, attempt)).message, "no error") << attempt;
    }
    EXPECT_EQ(read_text("(SELECT min(id) || '/' || count(*) FROM victims)"), "1/1");
}

TEST_P(SourceContract, ColumnsAreCheckedAgainstTheContract) {
    struct Case {
        std::string sentence, query, message, hint;
    };
    const std::vector<Case> cases = {
        {"one too few", "SELECT 'c' AS customer_id, '2026-01-01' AS at", "column \"value\" is missing",
         "SELECT ... AS value"},
        {"one too many", "SELECT 'c' AS customer_id, '2026-01-01' AS at, 1 AS value, 2 AS valeu",
         "column \"valeu\" is unknown", "did you mean \"value\"?"},
        {"one twice", "SELECT 'c' AS customer_id, '2026-01-01' AS at, 1 AS value, 2 AS value",
         "column \"value\" is there twice", "its own alias"},
        {"none named", "SELECT 'c', '2026-01-01', 1", "column \"customer_id\" is missing", "customer_id"},
    };
    for (const auto& c : cases) {
        const auto error = error_of(request(DatasetKind::usage, c.query));
        EXPECT_THAT(error.message, HasSubstr(c.message)) << c.sentence;
        EXPECT_THAT(error.hint, HasSubstr(c.hint)) << c.sentence;
    }
}

// -- all or nothing ---------------------------------------------------------------------------------------------------

TEST_P(SourceContract, TooManyBadRowsFailTheSource) {
    const auto rows = [&](int good, int bad) {
        return request(DatasetKind::usage,
                       database_->either(
                           fmt::format("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
                                       "SELECT 'c' || i AS customer_id, "
                                       "CASE WHEN i <= {} THEN 'never' ELSE '2026-01-01' END AS at, 1 AS value FROM n",
                                       good + bad, bad),
                           fmt::format("SELECT 'c' || i AS customer_id, CASE WHEN i <= {} THEN 'never' ELSE "
                                       "'2026-01-01' END AS at, 1 AS value FROM generate_series(1, {}) AS i",
                                       bad, good + bad)));
    };
    EXPECT_TRUE(read({rows(95, 5)}).ok()) << "5 % is still borne";
    EXPECT_TRUE(read({rows(9, 10)}).ok()) << "of fewer than 20 rows nothing follows";
    const auto error = error_of(rows(94, 6));
    EXPECT_EQ(error.message,
              "source \"crm\": dataset \"usage\": 6 of 100 rows are bad: bad_date 6 (first: c1/never, c2/never, "
              "c3/never, c4/never, c5/never)");
    EXPECT_EQ(error.hint, "mend the query or the data; [source.crm] bad_rows allows 5 %");
    EXPECT_EQ(error.kind, ErrorKind::bad_data) << "the rows did come: ops need not wait to see whether it passes";
    EXPECT_FALSE(read({request(DatasetKind::customers, "SELECT 'c' AS customer_id, 'n' AS name"), rows(1, 50)}).ok())
        << "one bad dataset fails them all";
}

TEST_P(SourceContract, AllDatasetsAreOfOneMoment) {
    database_->run("CREATE TABLE a (n integer)");
    database_->run("CREATE TABLE b (n integer)");
    std::atomic<bool> done = false;
    std::atomic<int> written = 0;
    std::thread writer{[&] {
        while (!done) {
            database_->run("BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); COMMIT;");
            ++written;
        }
    }};
    const auto source = open_source(database_->settings());
    const auto counting = [](const std::string& table) {
        return request(DatasetKind::customers, "SELECT count(*) AS customer_id, 'n' AS name FROM " + table);
    };
    int moved = 0;
    std::string before;
    for (int i = 0; i < 30; ++i) {
        const auto datasets = source->read({counting("a"), counting("b"), counting("a")});
        if (!datasets.ok()) ADD_FAILURE() << to_string(datasets.error());
        if (!datasets.ok()) break;
        const auto first = texts(datasets.value()[0], "customer_id")[0];
        EXPECT_EQ(texts(datasets.value()[1], "customer_id")[0], first);
        EXPECT_EQ(texts(datasets.value()[2], "customer_id")[0], first);
        moved += first != before;
        before = first;
    }
    done = true;
    writer.join();
    EXPECT_GT(moved, 5) << written << " rows were written meanwhile";
}

TEST_P(SourceContract, AfterAnErrorTheNextReadingWorks) {
    const auto source = open_source(database_->settings());
    const auto good = request(DatasetKind::customers, "SELECT 'c' AS customer_id, 'n' AS name");
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(source->read({good, request(DatasetKind::usage, "SELECT nonsense")}).ok());
        EXPECT_TRUE(source->read({good}).ok());
    }
}

// -- watermarks, checking ---------------------------------------------------------------------------------------------

TEST_P(SourceContract, AWatermarkQueryStatesTheNewestCompleteDay) {
    const auto with = [](const std::string& watermark) {
        return request(DatasetKind::usage, "SELECT 'c' AS customer_id, '2026-01-01' AS at, 1 AS value", watermark);
    };
    EXPECT_EQ(read_one(with("SELECT '2026-02-03'")).watermark, on(2026, 2, 3));
    EXPECT_EQ(
        read_one(with("SELECT max(day) FROM (SELECT '2026-02-03 10:00:00' AS day) AS d WHERE :from < :to;")).watermark,
        on(2026, 2, 3));
    EXPECT_EQ(read_one(with("SELECT NULL")).watermark, std::nullopt) << "nothing is complete";
    EXPECT_EQ(read_one(with("SELECT '2026-02-03' WHERE 1 = 0")).watermark, std::nullopt);
    EXPECT_THAT(error_of(with("SELECT 'soon'")).message,
                HasSubstr("dataset \"usage\": the watermark query returned no date"));
    EXPECT_THAT(error_of(with("SELECT 1, 2")).message, HasSubstr("the watermark query must return one column"));

    auto late = with("SELECT '2026-02-03 23:30:00+00'");
    late.options.day_zone = {.name = "Europe/Berlin", .offsets = {{Instant{}, Seconds{3600}}}};
    EXPECT_EQ(read_one(late).watermark, on(2026, 2, 4)) << "an instant has its day in the daemon's zone";
}

TEST_P(SourceContract, CheckFindsEverythingAtOnceAndReadsNothing) {
    const auto source = open_source(database_->settings());
    const auto findings = source->check({
        request(DatasetKind::customers, "SELECT 'c' AS customer_id, 'n' AS name"),
        request(DatasetKind::usage, "SELECT 'c' AS customer_id, '2026-01-01' AS at"),
        request(DatasetKind::attendance, "SELECT x FROM nowhere"),
        request(DatasetKind::readings, "SELECT 'p' AS promise_id, 'never' AS at, 1 AS value"),
        request(DatasetKind::touchpoints, "SELECT 'c' AS customer_id, '2026-01-01' AS at, 'sales' AS kind",
                "SELECT 1, 2"),
    });
    ASSERT_EQ(findings.size(), 3u);
    EXPECT_THAT(findings[0].message, HasSubstr("dataset \"usage\": column \"value\" is missing"));
    EXPECT_THAT(findings[1].message, HasSubstr("dataset \"attendance\": "));
    EXPECT_THAT(findings[2].message, HasSubstr("dataset \"touchpoints\": the watermark query must return one column"));
    EXPECT_TRUE(source->check({request(DatasetKind::customers, "SELECT 'c' AS customer_id, 'n' AS name")}).empty());
}

// -- both backends together -------------------------------------------------------------------------------------------

/// The same company in the database's own types, its rows in an order of its own.
void fill(TestDatabase& database, unsigned seed) {
    database.run(database.either(
        "CREATE TABLE account (id integer, label text, vertical text, vip integer, size real, since text)",
        "CREATE TABLE account (id bigint, label varchar(40), vertical char(8), vip boolean, size double precision, "
        "since date)"));
    database.run(database.either("CREATE TABLE logins (account integer, at text, n real)",
                                 "CREATE TABLE logins (account bigint, at timestamptz, n numeric(20,6))"));
    database.run(
        database.either("CREATE TABLE contract (id text, account integer, state text, start text, price real)",
                        "CREATE TABLE contract (id text, account bigint, state text, start date, price money)"));
    std::vector<std::string> rows;
    for (int i = 0; i < 40; ++i) {
        rows.push_back(fmt::format(
            "INSERT INTO account VALUES ({}, 'Account {}', '{}', {}, {}, {})", i, i, i % 3 ? "west" : "east",
            database.either(i % 2 ? "1" : "0", i % 2 ? "true" : "false"), i % 5 ? fmt::format("{}.1", i) : "NULL",
            i % 4 ? fmt::format("'2024-0{}-11'", 1 + i % 9) : "NULL"));
        rows.push_back(fmt::format("INSERT INTO contract VALUES ('k{}', {}, 'active', '2024-01-1{}', '{}.99')", i % 35,
                                   i, i % 10, 40 + i));
        for (int j = 0; j < 6; ++j)
            rows.push_back(fmt::format("INSERT INTO logins VALUES ({}, '2026-01-{} 0{}:30:00+00', {})",
                                       i % 37 ? i : 999, 10 + j, j, 0.1 * j + i));
    }
    std::shuffle(rows.begin(), rows.end(), std::mt19937{seed});
    std::string all;
    for (const auto& row : rows) all += row + ";";
    database.run("BEGIN;" + all + "COMMIT;");
}

std::string dump_of(TestDatabase& database) {
    const std::vector<DatasetRequest> requests = {
        request(DatasetKind::customers,
                "SELECT id AS customer_id, label AS name, vertical AS segment, vip, size, since FROM account"),
        request(DatasetKind::subscriptions,
                "SELECT id AS subscription_id, account AS customer_id, state AS status, start AS started_on, price AS "
                "mrr FROM contract"),
        request(DatasetKind::usage,
                "SELECT account AS customer_id, at, n AS value FROM logins WHERE at >= :from AND at < :to"),
    };
    auto datasets = open_source(database.settings())->read(requests);
    if (!datasets.ok()) return to_string(datasets.error());
    return dump(assemble(std::move(datasets).value(), {}, {.as_of = on(2026, 3, 1), .read_from = on(2026, 1, 1)}));
}

TEST(BothBackends, GiveTheSameSnapshotFromRowsInAnyOrder) {
    if (const auto missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    std::string expected;
    for (const unsigned seed : {1u, 2u, 3u}) {
        SqliteDatabase sqlite;
        PostgresDatabase postgresql;
        fill(sqlite, seed);
        fill(postgresql, seed + 100);
        if (expected.empty()) expected = dump_of(sqlite);
        ASSERT_THAT(expected,
                    AllOf(HasSubstr("rejected unknown_customer"), HasSubstr("rejected duplicate"), HasSubstr("vip")));
        EXPECT_EQ(dump_of(sqlite), expected) << "seed " << seed;
        EXPECT_EQ(dump_of(postgresql), expected) << "seed " << seed;
    }
}

// -- connections and secrets ------------------------------------------------------------------------------------------

TEST(SqliteSource, SaysThatItsFileIsMissingAndMakesNone) {
    const testing::TemporaryFolder folder;
    for (const auto& connection : {folder.file("none.db"), "db=" + folder.file("none.db")}) {
        const auto datasets =
            open_source({.name = "crm", .connection = connection})->read({request(DatasetKind::customers, "SELECT 1")});
        ASSERT_FALSE(datasets.ok());
        EXPECT_THAT(datasets.error().message, HasSubstr("source \"crm\": cannot open the database"));
        EXPECT_FALSE(std::filesystem::exists(folder.file("none.db")));
    }
}

TEST(OtherBackends, AreRefusedInPlainWords) {
    for (const auto backend : {Backend::mysql, Backend::odbc}) {
        const auto source = open_source({.name = "erp", .backend = backend, .connection = "db=x"});
        const auto datasets = source->read({});
        ASSERT_FALSE(datasets.ok());
        EXPECT_THAT(datasets.error().message, HasSubstr("is not supported yet"));
        EXPECT_EQ(source->check({}).size(), 1u);
    }
}

class PostgresqlSource : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
        database_ = std::make_unique<PostgresDatabase>();
    }
    const DatasetRequest one_ = request(DatasetKind::customers, "SELECT current_user AS customer_id, 'n' AS name");
    std::unique_ptr<PostgresDatabase> database_;
};

TEST_F(PostgresqlSource, TakesAnyPasswordAndNeverShowsIt) {
    const std::string password = "it's \"a\" \\ b=c :from %s 日本";
    auto& server = PostgresDatabase::server();
    server.run("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD " + text_literal(password));
    SourceSettings settings{.name = "crm", .backend = Backend::postgresql, .connection = "", .password = {password}};
    const auto port = std::to_string(server.port());
    for (const auto& connection : {"host=127.0.0.1 dbname=postgres user=guarded port=" + port,
                                   "postgresql://guarded@127.0.0.1:" + port + "/postgres"}) {
        settings.connection = connection;
        auto datasets = open_source(settings)->read({one_});
        ASSERT_TRUE(datasets.ok()) << to_string(datasets.error());
        EXPECT_THAT(texts(datasets.value()[0], "customer_id"), ElementsAre("guarded"));
    }
    settings.password.value = "canary-4711";
    const auto wrong = open_source(settings)->read({one_});
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error().message,
                AllOf(HasSubstr("password authentication failed"), Not(HasSubstr("canary")), Not(HasSubstr("\n"))));

    settings.connection = "host=127.0.0.1 password='canary-0815 dbname=oops";
    const auto broken = open_source(settings)->read({one_});
    ASSERT_FALSE(broken.ok());
    EXPECT_THAT(to_string(broken.error()),
                AllOf(HasSubstr("connection string cannot be read"), Not(HasSubstr("canary"))));

    settings.password.value = "customer";
    settings.connection = "host=127.0.0.1 dbname=postgres user=retaind port=" + port;
    const auto scrubbed =
        open_source(settings)->read({request(DatasetKind::customers, "SELECT 1 AS customer FROM customer")});
    ASSERT_FALSE(scrubbed.ok());
    EXPECT_THAT(scrubbed.error().message, Not(HasSubstr("\"customer\"")))
        << "a secret is starred out wherever it turns up";
}

TEST_F(PostgresqlSource, SaysWhatToGrant) {
    database_->run(
        "CREATE TABLE secret (id integer); DROP ROLE IF EXISTS nobody_much; CREATE ROLE nobody_much LOGIN; GRANT USAGE "
        "ON SCHEMA " +
        database_->schema() + " TO nobody_much");
    auto settings = database_->settings();
    const auto at = settings.connection.find("user=retaind");
    settings.connection.replace(at, 12, "user=nobody_much");
    const auto source = open_source(settings);
    const auto wanted = request(DatasetKind::customers, "SELECT id AS customer_id, 'n' AS name FROM secret");
    const auto findings = source->check({wanted});
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_THAT(findings[0].message, HasSubstr("permission denied for table secret"));
    EXPECT_THAT(findings[0].hint, HasSubstr("grant SELECT"));
    database_->run("REVOKE ALL ON SCHEMA " + database_->schema() + " FROM nobody_much; DROP ROLE nobody_much");
}

TEST_F(PostgresqlSource, DoesNotDependOnTheServersManners) {
    database_->run(
        "CREATE TABLE t (d date, i timestamptz, f float8); INSERT INTO t VALUES ('2024-02-03', '2024-02-03 12:00+00', "
        "0.1)");
    database_->run(
        "ALTER ROLE retaind SET datestyle = 'German'; ALTER ROLE retaind SET timezone = 'Asia/Kolkata'; ALTER ROLE "
        "retaind SET extra_float_digits = -5;"
        "ALTER ROLE retaind SET standard_conforming_strings = off");
    const auto datasets =
        open_source(database_->settings())
            ->read({request(
                DatasetKind::customers,
                "SELECT d::text AS never, 'a\\b' AS customer_id, d AS name, i AS seller, f AS motion FROM t")});
    database_->run("ALTER ROLE retaind RESET ALL");
    ASSERT_TRUE(datasets.ok()) << to_string(datasets.error());
    EXPECT_EQ(texts(datasets.value()[0], "customer_id")[0], "a\\b");
    EXPECT_EQ(texts(datasets.value()[0], "name")[0], "2024-02-03");
    EXPECT_EQ(texts(datasets.value()[0], "seller")[0], "2024-02-03 12:00:00+00");
    EXPECT_EQ(texts(datasets.value()[0], "motion")[0], "0.1");
}

TEST_F(PostgresqlSource, LeavesNoConnectionBehind) {
    const auto source = open_source(database_->settings());
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(source->read({one_}).ok());
        EXPECT_FALSE(source->read({request(DatasetKind::customers, "SELECT")}).ok());
    }
    // The server forgets a closed connection a moment later.
    std::string left = "?";
    for (int i = 0; i < 200 && left != "1"; ++i) {
        const auto datasets = source->read({request(
            DatasetKind::customers,
            "SELECT count(*) AS customer_id, 'n' AS name FROM pg_stat_activity WHERE application_name = 'retaind'")});
        ASSERT_TRUE(datasets.ok());
        left = texts(datasets.value()[0], "customer_id")[0];
    }
    EXPECT_EQ(left, "1") << "its own";
}

}  // namespace
}  // namespace retaind
