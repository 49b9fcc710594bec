// Finding :from and :to in a user's query, and nothing else.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/source/query.hpp"

namespace retaind::source {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TEST(Placeholders, AreNumberedOnPostgresqlAndNamedOnSqlite) {
    struct Case {
        std::string sentence, query, postgresql, sqlite;
        std::vector<std::string> parameters;
    };
    const std::vector<Case> cases = {
        {"both", "a >= :from AND a < :to", "a >= $1 AND a < $2", "a >= :from AND a < :to", {"from", "to"}},
        {"in the order they come",
         "a < :to AND a >= :from",
         "a < $1 AND a >= $2",
         "a < :to AND a >= :from",
         {"to", "from"}},
        {"twice is one", ":from :from :to", "$1 $1 $2", ":from :from :to", {"from", "to"}},
        {"none", "SELECT 1", "SELECT 1", "SELECT 1", {}},
        {"a longer name is another", ":from_day :total", ":from_day :total", ":from_day :total", {}},
        {"at the very end", "a<:to", "a<$1", "a<:to", {"to"}},
        {"in a text", "':from' || 'it''s :to'", "':from' || 'it''s :to'", "':from' || 'it''s :to'", {}},
        {"in a quoted name", "\":from\"", "\":from\"", "\":from\"", {}},
        {"in comments", "1 --:from\n/* :to */", "1 --:from\n/* :to */", "1 --:from\n/* :to */", {}},
        {"the final semicolon and what follows it go", "SELECT 1 ; -- done", "SELECT 1 ", "SELECT 1 ", {}},
    };
    for (const auto& c : cases) {
        for (const auto dialect : {Dialect::postgresql, Dialect::sqlite3}) {
            const auto query = parse_query(c.query, dialect);
            ASSERT_TRUE(query.ok()) << c.sentence;
            const auto& expected = dialect == Dialect::postgresql ? c.postgresql : c.sqlite;
            EXPECT_EQ(query.value().text, expected) << c.sentence;
            EXPECT_THAT(query.value().parameters, ElementsAreArray(c.parameters)) << c.sentence;
        }
    }
}

TEST(Postgresql, HasTextsAndColonsOfItsOwn) {
    const std::vector<std::string> untouched = {
        "a::from",          "E'it\\'s :from'",
        "e'\\\\' || ':to'", "E'a''\\' :from'",
        "$$ :from $$",      "$tag$ :from $x$ :to $tag$",
        "a[1:2]",           "/* /* :from */ :to */ 1",
        "x := 1",           "name$1 + 1",
        "U&':from'",
    };
    for (const auto& sql : untouched) {
        const auto query = parse_query(sql, Dialect::postgresql);
        ASSERT_TRUE(query.ok()) << sql << ": " << query.error().message;
        EXPECT_EQ(query.value().text, sql);
        EXPECT_TRUE(query.value().parameters.empty()) << sql;
    }
    EXPECT_THAT(parse_query("'plain \\' || :from", Dialect::postgresql).value().parameters, ElementsAre("from"))
        << "without E a backslash is a letter";
    EXPECT_THAT(parse_query("typE'x' || :to", Dialect::postgresql).value().parameters, ElementsAre("to"));
    EXPECT_THAT(parse_query(":from::date", Dialect::postgresql).value().text, "$1::date");
}

TEST(Sqlite, HasQuotesOfItsOwn) {
    for (const std::string sql : {"[:from]", "`:from`", "[it's]", "`it's`"}) {
        const auto query = parse_query(sql, Dialect::sqlite3);
        ASSERT_TRUE(query.ok()) << sql;
        EXPECT_TRUE(query.value().parameters.empty()) << sql;
    }
    EXPECT_THAT(parse_query("/* /* */ :from", Dialect::sqlite3).value().parameters, ElementsAre("from"))
        << "its comments do not nest";
}

TEST(Queries, ThatCannotStandInBracketsAreRefused) {
    for (const std::string sql : {"", "  ", ";", "-- x", "/* x */", "SELECT 1; SELECT 2", "SELECT 1;;x", "(SELECT 1",
                                  "SELECT 1)", "(;)", "'", "\"", "/*", "SELECT 1) AS q; DROP TABLE t; --"}) {
        EXPECT_FALSE(parse_query(sql, Dialect::postgresql).ok()) << sql;
        EXPECT_FALSE(parse_query(sql, Dialect::sqlite3).ok()) << sql;
    }
    for (const std::string sql : {"$1", "$x$", "E'\\'", "/* /* */"})
        EXPECT_FALSE(parse_query(sql, Dialect::postgresql).ok()) << sql;
    for (const std::string sql : {"[", "`"}) EXPECT_FALSE(parse_query(sql, Dialect::sqlite3).ok()) << sql;
}

TEST(QuotedNames, DoubleTheirQuotes) {
    EXPECT_EQ(quoted_name("plain"), "\"plain\"");
    EXPECT_EQ(quoted_name("a \"b\""), "\"a \"\"b\"\"\"");
}

}  // namespace
}  // namespace retaind::source
