// The demo company: the same from the same seed, and true to what it says was planted.
#include "edge/demo/company.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

namespace retaind {
namespace {

const Day until = *parse_day("2026-11-21");

std::string place(const std::string& name) {
    const auto folder = std::filesystem::path(testing::TempDir()) / ("retaind-demo-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    return folder / name;
}

// A database opened read-only, as retaind opens its sources.
class Database {
public:
    explicit Database(const std::string& path, std::string last = "2026-11-21") : last_(std::move(last)) {
        sqlite3* opened = nullptr;
        opened_ = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK;
        base_.reset(opened);
    }
    bool opened() const { return opened_; }

    // All rows as text, cells apart by "|"; an error as one row that begins with "error".
    std::vector<std::string> rows(const std::string& query) const {
        std::vector<std::string> result;
        sqlite3_stmt* raw = nullptr;
        if (sqlite3_prepare_v2(base_.get(), query.c_str(), -1, &raw, nullptr) != SQLITE_OK)
            return {std::string("error: ") + sqlite3_errmsg(base_.get())};
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
        bind(raw, ":from", "2025-01-01");
        bind(raw, ":to", "2026-11-22");
        bind(raw, ":last", last_.c_str());
        while (sqlite3_step(raw) == SQLITE_ROW) {
            std::string row;
            for (int i = 0; i < sqlite3_column_count(raw); ++i) {
                const auto* cell = reinterpret_cast<const char*>(sqlite3_column_text(raw, i));
                row += (i > 0 ? "|" : "") + std::string(cell != nullptr ? cell : "~");
            }
            result.push_back(row);
        }
        return result;
    }
    double number(const std::string& query) const {
        const auto found = rows(query);
        return found.size() == 1 ? std::atof(found.front().c_str()) : -1e9;
    }

private:
    static void bind(sqlite3_stmt* statement, const char* name, const char* value) {
        const int index = sqlite3_bind_parameter_index(statement, name);
        if (index > 0) sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
    }
    std::unique_ptr<sqlite3, int (*)(sqlite3*)> base_{nullptr, sqlite3_close};
    std::string last_;
    bool opened_ = false;
};

std::vector<Story> generate(const std::string& path, std::uint64_t seed = 7, Day last = until) {
    auto stories = generate_demo_company({.path = path, .seed = seed, .until = last});
    EXPECT_TRUE(stories.ok()) << (stories.ok() ? "" : to_string(stories.error()));
    return stories.ok() ? *stories : std::vector<Story>{};
}

std::string bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string source_file(const std::string& path) {
    const char* root = std::getenv("RETAIND_ROOT");
    return bytes(std::filesystem::path(root != nullptr ? root : ".") / path);
}

// One company that all tests below may read, and its stories.
const std::vector<Story>& company_stories() {
    static const std::vector<Story> stories = generate(place("company.db"));
    return stories;
}

const std::string& company() {
    static const std::string path = (company_stories(), place("company.db"));
    return path;
}

TEST(DemoCompany, IsTheSameFromTheSameSeedAndAnotherFromAnother) {
    generate(place("again.db"));
    generate(place("other.db"), 8);
    const std::string first = bytes(company());
    EXPECT_GT(first.size(), 4'000'000u);
    EXPECT_TRUE(first == bytes(place("again.db")));
    EXPECT_NE(Database(company()).rows("SELECT * FROM account"),
              Database(place("other.db")).rows("SELECT * FROM account"));
}

TEST(DemoCompany, OpensReadOnlyAndIsSound) {
    const Database base(company());
    ASSERT_TRUE(base.opened());
    EXPECT_EQ(base.rows("PRAGMA integrity_check"), std::vector<std::string>{"ok"});
    EXPECT_EQ(base.rows("PRAGMA foreign_key_check"), std::vector<std::string>{});
}

TEST(DemoCompany, HasTheRowsOfThreeHundredCustomersOverTwoYears) {
    const Database base(company());
    const struct {
        const char* query;
        double least, most;
    } cases[] = {
        {"SELECT count(*) FROM account", 300, 300},
        {"SELECT count(DISTINCT vertical) FROM account", 4, 4},
        {"SELECT count(DISTINCT name) FROM account", 300, 300},
        {"SELECT count(*) FROM contract WHERE stopped IS NULL", 190, 260},
        {"SELECT count(*) FROM login_day", 50'000, 110'000},
        {"SELECT count(*) FROM visit", 5'000, 10'000},
        {"SELECT count(*) FROM contact", 1'500, 5'000},
        {"SELECT count(*) FROM ticket", 1'000, 5'000},
        {"SELECT count(*) FROM commitment", 100, 220},
        {"SELECT count(*) FROM commitment_reading", 1'000, 4'000},
        {"SELECT count(*) FROM commitment_step", 30, 300},
        {"SELECT count(*) FROM planted_leavers", 40, 110},
        {"SELECT julianday(max(day)) - julianday(min(day)) FROM login_day", 725, 730},
        {"SELECT max(day) <= '2026-11-21' FROM login_day", 1, 1},
    };
    for (const auto& [query, least, most] : cases) {
        EXPECT_GE(base.number(query), least) << query;
        EXPECT_LE(base.number(query), most) << query;
    }
}

// Yearly revenue of contracts live on a day, as SQL.
std::string revenue(const std::string& day, const std::string& where = "1") {
    return "(SELECT 12 * sum(c.monthly) FROM contract c JOIN account a ON a.no = c.account WHERE c.begins <= " + day +
           " AND (c.stopped IS NULL OR c.stopped > " + day + ") AND " + where + ")";
}

struct Fact {
    const char* sentence;
    std::string query;
    double least, most;
};

std::string of(const std::string& name) { return "(SELECT no FROM account WHERE name = '" + name + "')"; }

std::string people_per_day(const std::string& from, const std::string& to) {
    return "(SELECT avg(people) FROM login_day WHERE account = " + of("Falkenried Athletics") +
           " AND day BETWEEN date(:last, '" + from + "') AND date(:last, '" + to +
           "') AND strftime('%w', day) BETWEEN '1' AND '5')";
}

std::vector<Fact> facts_of_money() {
    const std::string now = ":last", then = "date(:last, '-365 days')", clubs = "a.vertical = 'clubs'";
    return {
        {"the clubs carry 60 % of the revenue", "SELECT " + revenue(now, clubs) + " / " + revenue(now), 0.595, 0.605},
        {"they lost some 10 % within a year", "SELECT " + revenue(now, clubs) + " / " + revenue(then, clubs), 0.89,
         0.91},
        {"every other segment together grew",
         "SELECT " + revenue(now, "NOT " + clubs) + " / " + revenue(then, "NOT " + clubs), 1.25, 1.4},
        {"and so the total grew", "SELECT " + revenue(now) + " / " + revenue(then), 1.015, 1.05},
    };
}

std::vector<Fact> facts_of_the_row_of_friends() {
    const auto came = [](const std::string& who, const std::string& since) {
        return "SELECT avg(v.outcome = 'in') FROM visit v JOIN fixture f ON f.no = v.fixture WHERE v.account IN " +
               who + " AND f.day > date(:last, '" + since + "')";
    };
    return {
        {"the season-ticket holder came before",
         came(of("Ingrid Solberg"), "-400 days") + " AND f.day < date(:last, '-66 days')", 0.95, 1},
        {"and stopped", came(of("Ingrid Solberg"), "-66 days"), 0, 0},
        {"having missed six evenings at least", "SELECT count(*) FROM fixture WHERE day > date(:last, '-66 days')", 6,
         10},
        {"while three friends in the row",
         "SELECT count(*) FROM neighbour WHERE why = 'same row' AND account = " + of("Ingrid Solberg"), 3, 3},
        {"still come", came("(SELECT other FROM neighbour WHERE account = " + of("Ingrid Solberg") + ")", "-66 days"),
         0.75, 1},
    };
}

std::vector<Fact> facts_of_promises_and_contacts() {
    return {
        {"the promise slips: less each month than the month before",
         "WITH r AS (SELECT day, value FROM commitment_reading JOIN commitment ON no = commitment WHERE account = " +
             of("Lindenhof Theatre") +
             "), d AS (SELECT day, value - lag(value) OVER (ORDER BY day) AS gain FROM r), "
             "s AS (SELECT gain - lag(gain) OVER (ORDER BY day) AS more FROM d WHERE gain IS NOT NULL) SELECT count(*) "
             "FROM s WHERE more > 0.15",
         0, 0},
        {"and is far behind with two months to go",
         "SELECT (max(value) - 20) / 25.0 FROM commitment_reading JOIN commitment ON no = commitment WHERE account = " +
             of("Lindenhof Theatre"),
         0.35, 0.45},
        {"one promise has neither a way to count nor a reading",
         "SELECT count(*) FROM commitment c WHERE counted_by IS NULL AND NOT EXISTS (SELECT 1 FROM commitment_reading "
         "WHERE commitment = c.no)",
         1, 1},
        {"and it is the insurer's",
         "SELECT count(*) FROM commitment WHERE counted_by IS NULL AND account = " + of("Marlow & Finch Insurance"), 1,
         1},
        {"contacted five times to be sold to",
         "SELECT count(*) FROM contact WHERE what = 'offer' AND account = " + of("Harbour Rowing Club 1898"), 5, 5},
        {"and never otherwise",
         "SELECT count(*) FROM contact WHERE what <> 'offer' AND account = " + of("Harbour Rowing Club 1898"), 0, 0},
        {"with a renewal within two months",
         "SELECT julianday(term_ends) - julianday(:last) FROM contract WHERE stopped IS NULL AND account = " +
             of("Harbour Rowing Club 1898"),
         1, 60},
    };
}

std::vector<Fact> facts_of_software() {
    return {
        {"forty seats bought",
         "SELECT licences FROM contract WHERE stopped IS NULL AND account = " + of("Falkenried Athletics"), 40, 40},
        {"most of them used while the champion was there", "SELECT " + people_per_day("-130 days", "-72 days"), 26, 40},
        {"a dozen since", "SELECT " + people_per_day("-28 days", "-0 days"), 5, 14},
        {"the healthy one uses every seat",
         "SELECT avg(people) / 12.0 FROM login_day WHERE account = " + of("Studio Meridian") +
             " AND day > date(:last, '-28 days') AND strftime('%w', day) BETWEEN '1' AND '5'",
         0.85, 1},
        {"and asked for more",
         "SELECT count(*) FROM ticket WHERE topic = 'wish' AND account = " + of("Studio Meridian"), 1, 1},
        {"the loud one writes often",
         "SELECT count(*) FROM ticket WHERE day > date(:last, '-365 days') AND account = " + of("SC Weststadt"), 50,
         130},
        {"the quiet one has three seats",
         "SELECT licences FROM contract WHERE stopped IS NULL AND account = " + of("Kasparek Puppet Stage"), 3, 3},
        {"and uses them as steadily as before",
         "SELECT (SELECT sum(actions) / 90.0 FROM login_day WHERE account = " + of("Kasparek Puppet Stage") +
             " AND day > date(:last, '-90 days')) / "
             "(SELECT sum(actions) / 270.0 FROM login_day WHERE account = " +
             of("Kasparek Puppet Stage") + " AND day > date(:last, '-360 days') AND day <= date(:last, '-90 days'))",
         0.75, 1.3},
    };
}

std::vector<Fact> facts_of_payments() {
    return {
        {"two theatres have not paid back what they cost",
         "SELECT count(*) FROM account a JOIN contract c ON c.account = a.no WHERE a.name IN ('Tanzhaus Nordkai', "
         "'Brightwater Playhouse') AND "
         "c.monthly * (julianday(:last) - julianday(c.begins)) / 30.4375 < a.won_for",
         2, 2},
        {"two boxes are late and were reminded four times",
         "SELECT count(*) FROM (SELECT j.account FROM journal j JOIN contract c ON c.account = j.account AND c.state = "
         "'late' "
         "WHERE j.what = 'payment reminder' AND j.day > date(:last, '-60 days') GROUP BY j.account HAVING count(*) >= "
         "4)",
         2, 2},
    };
}

std::vector<Fact> facts_of_leavers() {
    return {
        {"leavers without a warning exist", "SELECT count(*) FROM planted_leavers WHERE NOT warned", 12, 60},
        {"and with one", "SELECT count(*) FROM planted_leavers WHERE warned", 20, 75},
        {"nobody in a story left", "SELECT count(*) FROM planted_truth t JOIN planted_leavers l ON l.account = t.who",
         0, 0},
        {"nothing happens after the last day",
         "SELECT count(*) FROM login_day WHERE day > :last OR date(loaded_at) > :last", 0, 0},
        {"nobody logs in after leaving",
         "SELECT count(*) FROM login_day d JOIN planted_leavers l USING (account) WHERE d.day >= l.day", 0, 0},
    };
}

TEST(DemoCompany, WhatWasPlantedIsTrueWhateverTheSeedAndTheDay) {
    const struct {
        std::uint64_t seed;
        const char* last;
    } cases[] = {{7, "2026-11-21"}, {1, "2027-01-03"}, {3, "2028-02-29"}};
    std::vector<Fact> facts;
    for (const auto& some : {facts_of_money(), facts_of_the_row_of_friends(), facts_of_promises_and_contacts(),
                             facts_of_software(), facts_of_payments(), facts_of_leavers()})
        facts.insert(facts.end(), some.begin(), some.end());
    for (const auto& [seed, last] : cases) {
        const std::string path = place("facts.db");
        generate(path, seed, *parse_day(last));
        const Database base(path, last);
        for (const auto& fact : facts) {
            const double found = base.number(fact.query);
            EXPECT_TRUE(found >= fact.least && found <= fact.most)
                << "seed " << seed << " until " << last << ": " << fact.sentence << ": " << found << " from "
                << fact.query;
        }
    }
}

TEST(DemoCompany, OneNightTheLoginsDidNotArriveAndCameFourDaysLate) {
    const Database base(company());
    const auto newest = [&](int ago) {
        const std::string day = "date('2026-11-21', '-" + std::to_string(ago) + " days')";
        return base.number("SELECT julianday(" + day +
                           ") - julianday(max(day)) FROM login_day WHERE date(loaded_at) <= " + day);
    };
    EXPECT_EQ(newest(41), 0) << "the feed is fresh on the day before";
    EXPECT_EQ(newest(40), 1) << "a day behind after the first night";
    EXPECT_EQ(newest(37), 4) << "four days behind at its worst";
    EXPECT_EQ(newest(36), 0) << "and all there on the day after";
}

TEST(DemoCompany, WritesDownTheStoriesItReturns) {
    const auto& stories = company_stories();
    std::vector<std::string> told;
    for (const auto& story : stories)
        told.push_back(story.name + "|" + story.customer_id_or_segment + "|" + story.customer_name + "|" +
                       (story.rule.empty() ? "~" : story.rule) + "|" + story.told + "|" +
                       (story.should_alert ? "1" : "0") + "|" + format_day(story.from) + "|" + format_day(story.to));
    EXPECT_EQ(Database(company()).rows("SELECT * FROM planted_truth"), told);
    EXPECT_EQ(stories.size(), 14u);
}

TEST(DemoCompany, EveryStoryNamesARuleOfItsPackOrAsksForSilence) {
    const std::string pack = source_file("etc/demo/rules.toml");
    for (const auto& story : company_stories()) {
        EXPECT_EQ(story.should_alert, !story.rule.empty()) << story.name;
        if (!story.rule.empty()) {
            EXPECT_NE(pack.find("[rule." + story.rule + "]"), std::string::npos) << story.rule;
        }
        EXPECT_LE(story.from, story.to) << story.name;
    }
}

// The texts of all `query` keys, in one line or between triple quotes.
std::vector<std::string> queries_of(std::string_view config) {
    std::vector<std::string> result;
    constexpr std::string_view key = "\nquery = \"";
    for (auto at = config.find(key); at != std::string_view::npos; at = config.find(key, at)) {
        at += key.size();
        const bool several = config.substr(at, 2) == "\"\"";
        if (several) at += 2;
        const auto end = config.find(several ? "\"\"\"" : "\"\n", at);
        result.emplace_back(config.substr(at, end - at));
        at = end;
    }
    return result;
}

TEST(DemoCompany, EveryQueryOfItsConfigurationFindsRows) {
    const auto queries = queries_of(source_file("etc/demo/retaind.toml"));
    const Database base(company());
    EXPECT_EQ(queries.size(), 16u) << "one per dataset";
    for (const auto& query : queries) {
        const auto rows = base.rows("SELECT * FROM (" + query + "\n) AS q LIMIT 1");
        ASSERT_EQ(rows.size(), 1u) << query;
        EXPECT_NE(rows.front().substr(0, 5), "error") << rows.front() << query;
    }
}

TEST(DemoCompany, RefusesWhatItCannotMakeAndLeavesAnOlderFileAlone) {
    const struct {
        DemoOptions options;
        ErrorKind kind;
    } cases[] = {
        {{.path = place("few.db"), .until = until, .customers = 20}, ErrorKind::usage},
        {{.path = place("undated.db")}, ErrorKind::usage},
        {{.path = place("no/such/folder.db"), .until = until}, ErrorKind::source},
    };
    for (const auto& [options, kind] : cases) {
        const auto result = generate_demo_company(options);
        ASSERT_FALSE(result.ok()) << options.path;
        EXPECT_EQ(result.error().kind, kind) << to_string(result.error());
        EXPECT_FALSE(std::filesystem::exists(options.path));
    }
    const std::string before = bytes(company());
    EXPECT_FALSE(generate_demo_company({.path = company(), .until = until, .customers = 20}).ok());
    EXPECT_EQ(bytes(company()), before);
}

TEST(DemoCompany, CanBeSmallerOrLarger) {
    for (const int customers : {100, 400}) {
        const auto stories = generate_demo_company({.path = place("sized.db"), .until = until, .customers = customers});
        ASSERT_TRUE(stories.ok());
        EXPECT_EQ(Database(place("sized.db")).number("SELECT count(*) FROM account"), customers);
    }
}

class Cleaner : public testing::Environment {
    void TearDown() override { std::filesystem::remove_all(std::filesystem::path(place("x")).parent_path()); }
};
[[maybe_unused]] const auto* const cleaner = testing::AddGlobalTestEnvironment(new Cleaner);

}  // namespace
}  // namespace retaind
