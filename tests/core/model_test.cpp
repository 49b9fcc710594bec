// The data contract, the strict reading of cells, and the joining of datasets into a snapshot.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/model/contract.hpp"
#include "retaind/model/dataset.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/promises/promise.hpp"
#include "support/rows.hpp"
#include "support/snapshot_dump.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using testing::dump;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::null;
using testing::on;
using testing::read;
using testing::Rows;
using testing::shuffled;
using testing::snapshot_of;
using testing::TextCell;
using testing::TextRow;
using enum DatasetKind;

const SnapshotOptions march{.as_of = on(2026, 3, 1), .read_from = on(2025, 1, 1)};

// -- parsers --------------------------------------------------------------------------------------------------------

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
    const std::vector<std::pair<std::string, std::optional<double>>> cases = {
        {"0", 0.0},
        {"-0", 0.0},
        {"12", 12.0},
        {"-12.5", -12.5},
        {".5", 0.5},
        {"1e3", 1000.0},
        {"1E-3", 0.001},
        {"0.30000000000000004", 0.1 + 0.2},
        {"49.990000000000002", 49.99},
        {"9007199254740993", 9007199254740992.0},
        {"", {}},
        {" 1", {}},
        {"1 ", {}},
        {"+1", {}},
        {"1,5", {}},
        {"1.5.2", {}},
        {"--1", {}},
        {"-", {}},
        {"1e", {}},
        {"nan", {}},
        {"NaN", {}},
        {"inf", {}},
        {"-Infinity", {}},
        {"1e999", {}},
        {"0x10", {}},
        {"1_000", {}},
        {"$1", {}},
        {"one", {}},
        {std::string("1\0", 2), {}},
    };
    for (const auto& [text, number] : cases) EXPECT_EQ(parse_number(text), number) << '"' << text << '"';
    EXPECT_FALSE(std::signbit(*parse_number("-0.0"))) << "there is one zero only";
}

TEST(ParseMoney, IsExactInCentsAndRefusesToRound) {
    const std::vector<std::pair<std::string, std::optional<std::int64_t>>> cases = {
        {"49", 4900},
        {"49.0", 4900},
        {"49.00", 4900},
        {"49.9", 4990},
        {"-49.99", -4999},
        {"0.01", 1},
        {"49.9900", 4999},
        {"49.990000000000002", 4999},
        {"0.30000000000000004", 30},
        {"1e2", 10000},
        {"123456789012.34", 12345678901234},
        {"49.999", {}},
        {"0.005", {}},
        {"83.33333333333333", {}},
        {"49,99", {}},
        {"49.", 4900},
        {"$49.00", {}},
        {"", {}},
        {"1e308", {}},
        {"1,234.00", {}},
        {"99999999999999999999", {}},
    };
    for (const auto& [text, cents] : cases) EXPECT_EQ(parse_money(text), cents) << '"' << text << '"';
}

TEST(ParseFlag, KnowsFourSpellings) {
    for (const auto* text : {"true", "t", "1", "yes", "TRUE", "True", "Yes"}) EXPECT_EQ(parse_flag(text), true) << text;
    for (const auto* text : {"false", "f", "0", "no", "FALSE", "No"}) EXPECT_EQ(parse_flag(text), false) << text;
    for (const auto* text : {"", "2", "-1", "on", "truee", "falsey", "ja", " 1"})
        EXPECT_FALSE(parse_flag(text)) << text;
}

TEST(Utf8, IsCheckedToTheLastByte) {
    for (const std::string text : {"", "plain", "Zoë", "日本", "😀", "\x7f", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_valid_utf8(text)) << text;
    const std::vector<std::pair<std::string, std::string>> bad = {
        {std::string("a\0b", 3), "a NUL"},
        {"\xff", "no such byte"},
        {"\xc3", "cut short"},
        {"\xc0\xaf", "an overlong slash"},
        {"\xe0\x80\x80", "overlong, too"},
        {"\xed\xa0\x80", "a surrogate"},
        {"\xf4\x90\x80\x80", "beyond U+10FFFF"},
        {"Zo\xeb", "Latin-1"},
        {"\xe6\x97", "a third missing"},
        {"\x80", "a middle without a start"},
        {"\xf0\x9f\x98x", "a middle replaced"},
    };
    for (const auto& [text, sentence] : bad) EXPECT_FALSE(is_valid_utf8(text)) << sentence;
}

// -- the contract ---------------------------------------------------------------------------------------------------

TEST(Contract, NamesEveryDatasetAndItsColumnsOnce) {
    EXPECT_EQ(data_contract().size(), 13u);
    for (const auto& spec : data_contract()) {
        EXPECT_EQ(dataset_kind(spec.name), spec.kind);
        EXPECT_EQ(&dataset_spec(spec.kind), &spec);
        for (const auto& column : spec.columns)
            EXPECT_EQ(find_column(spec, column.name), &column) << spec.name << '.' << column.name;
    }
    EXPECT_EQ(dataset_kind("tickets"), std::nullopt) << "a name of the user's own";
}

TEST(Columns, AreCheckedAllAtOnceWithWhatWasMeant) {
    struct Case {
        std::string sentence;
        DatasetKind kind;
        std::vector<std::string> columns;
        std::string message, hint;
    };
    const std::vector<Case> cases = {
        {"one is missing",
         usage,
         {"customer_id", "at"},
         "dataset \"usage\": column \"value\" is missing",
         "name it in the query: SELECT ... AS value"},
        {"one is misspelled",
         usage,
         {"custmer_id", "at", "value"},
         "dataset \"usage\": column \"customer_id\" is missing; column \"custmer_id\" is unknown",
         "name it in the query: SELECT custmer_id AS customer_id; did you mean \"customer_id\"?"},
        {"case counts",
         usage,
         {"CUSTOMER_ID", "at", "value"},
         "dataset \"usage\": column \"customer_id\" is missing; column \"CUSTOMER_ID\" is unknown",
         "name it in the query: SELECT CUSTOMER_ID AS customer_id; did you mean \"customer_id\"?"},
        {"one is unheard of",
         usage,
         {"customer_id", "at", "value", "colour_of_hat"},
         "dataset \"usage\": column \"colour_of_hat\" is unknown",
         "usage may have: customer_id, at, value, metric, subscription_id, known_at, row_id"},
        {"one is there twice",
         usage,
         {"customer_id", "at", "value", "value"},
         "dataset \"usage\": column \"value\" is there twice",
         "give each column its own alias"},
        {"attendance needs one of two",
         attendance,
         {"customer_id", "at"},
         "dataset \"attendance\": column \"status\" or \"attended\" is missing",
         "name it in the query: SELECT ... AS status (attended, missed or excused)"},
        {"customers take any further column, but need theirs",
         customers,
         {"customer_id", "nme", "region"},
         "dataset \"customers\": column \"name\" is missing",
         "name it in the query: SELECT nme AS name"},
    };
    for (const auto& c : cases) {
        const auto reader =
            DatasetReader::open({.name = std::string{dataset_spec(c.kind).name}, .kind = c.kind}, c.columns);
        ASSERT_FALSE(reader) << c.sentence;
        EXPECT_EQ(reader.error().kind, ErrorKind::source);
        EXPECT_EQ(reader.error().message, c.message) << c.sentence;
        EXPECT_EQ(reader.error().hint, c.hint) << c.sentence;
    }
    EXPECT_TRUE(DatasetReader::open({.name = "attendance", .kind = attendance}, {"attended", "at", "customer_id"}))
        << "in any order";
}

TEST(Columns, OfCustomersAreBounded) {
    std::vector<std::string> columns = {"customer_id", "name"};
    for (int i = 0; i < 500; ++i) columns.push_back(fmt::format("further_{}", i));
    EXPECT_FALSE(DatasetReader::open({.name = "customers", .kind = customers}, columns));
}

// -- cells ----------------------------------------------------------------------------------------------------------

TEST(BadCells, RejectTheirRowWithAReason) {
    struct Case {
        std::string sentence, column;
        TextCell cell;
        std::string reason;  ///< "" = accepted
    };
    const auto kilobytes = [](std::size_t n) { return std::string(n * 1024, 'x'); };
    const std::vector<Case> subscription_cells = {
        {"a plain id", "subscription_id", "s1", ""},
        {"NULL is no id", "subscription_id", null, "null"},
        {"nor is nothing at all", "subscription_id", "", "empty"},
        {"an id has its length", "subscription_id", std::string(257, 'x'), "too_long"},
        {"256 bytes are fine", "subscription_id", std::string(256, 'x'), ""},
        {"Latin-1 is not UTF-8", "plan", "caf\xe9", "bad_utf8"},
        {"NUL ends no text", "plan", std::string("a\0b", 3), "bad_utf8"},
        {"a megabyte is no plan", "plan", kilobytes(1024), "too_long"},
        {"64 kB are long, but a text", "plan", kilobytes(64), ""},
        {"an optional cell may be NULL", "plan", null, ""},
        {"a status of one's own", "status", "paused", "bad_status"},
        {"case counts", "status", "Active", "bad_status"},
        {"a status there must be", "status", null, "null"},
        {"a date", "started_on", "2024-02-29", ""},
        {"no such day", "started_on", "2023-02-29", "bad_date"},
        {"no such month", "started_on", "2023-13-01", "bad_date"},
        {"MySQL's zero date", "started_on", "0000-00-00", "out_of_range"},
        {"somebody's for ever", "started_on", "9999-12-31", "out_of_range"},
        {"year five digits long", "started_on", "10000-01-01", "out_of_range"},
        {"German", "started_on", "29.02.2024", "bad_date"},
        {"PostgreSQL's infinity", "started_on", "infinity", "bad_date"},
        {"an empty text is no date", "started_on", "", "bad_date"},
        {"a timestamp has its day", "started_on", "2024-02-29 23:59:59", ""},
        {"an optional date", "renews_on", null, ""},
        {"a number", "seats", "12", ""},
        {"not a number", "seats", "a dozen", "bad_number"},
        {"NaN", "seats", "NaN", "not_finite"},
        {"nan", "seats", "nan", "not_finite"},
        {"Infinity", "seats", "Infinity", "not_finite"},
        {"-inf", "seats", "-inf", "not_finite"},
        {"1e308 is beyond belief", "seats", "1e308", "out_of_range"},
        {"1e400 is beyond a double", "seats", "1e400", "out_of_range"},
        {"fewer than no seats", "seats", "-1", "out_of_range"},
        {"an amount", "mrr", "49.99", ""},
        {"an amount that a binary fraction stands for", "mrr", "49.990000000000002", ""},
        {"a third of a cent", "mrr", "0.333", "bad_money"},
        {"with a currency sign", "mrr", "$49", "bad_number"},
        {"negative revenue", "mrr", "-1", "out_of_range"},
        {"more money than there is", "mrr", "1e14", "out_of_range"},
        {"an amount may be unknown", "mrr", null, ""},
    };
    const std::vector<std::string> columns = {"subscription_id", "customer_id", "status", "started_on", "mrr", "plan",
                                              "seats",           "renews_on"};
    const TextRow good = {"s1", "c1", "active", "2024-01-01", "10", null, null, null};
    for (const auto& c : subscription_cells) {
        auto row = good;
        row[static_cast<std::size_t>(std::find(columns.begin(), columns.end(), c.column) - columns.begin())] = c.cell;
        const auto dataset = read({subscriptions, columns, {row}});
        EXPECT_EQ(dataset.rows_read, 1u);
        EXPECT_EQ(dataset.rows, c.reason.empty() ? 1u : 0u) << c.column << ": " << c.sentence;
        ASSERT_EQ(dataset.rejected.size(), c.reason.empty() ? 0u : 1u) << c.column << ": " << c.sentence;
        if (!c.reason.empty()) {
            EXPECT_EQ(dataset.rejected.begin()->first, c.reason) << c.column << ": " << c.sentence;
        }
    }
}

TEST(BadCells, OfOtherDatasetsToo) {
    struct Case {
        std::string sentence;
        Rows rows;
        std::string reason;
    };
    const std::vector<Case> cases = {
        {"pulse is 0 to 100", {customers, {"customer_id", "name", "pulse"}, {{"c1", "One", "101"}}}, "out_of_range"},
        {"a flag", {customers, {"customer_id", "name", "do_not_profile"}, {{"c1", "One", "maybe"}}}, "bad_flag"},
        {"a customer without a name", {customers, {"customer_id", "name"}, {{"c1", null}}}, "null"},
        {"an attendance of one's own",
         {attendance, {"customer_id", "at", "status"}, {{"c1", "2026-01-01", "late"}}},
         "bad_status"},
        {"a touch of one's own",
         {touchpoints, {"customer_id", "at", "kind"}, {{"c1", "2026-01-01", "chat"}}},
         "bad_kind"},
        {"a promise of one's own",
         {promises,
          {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target"},
          {{"p1", "c1", "o", "2026-01-01", "2026-02-01", "dream", "1"}}},
         "bad_kind"},
        {"an origin of one's own",
         {readings, {"promise_id", "at", "value", "origin"}, {{"p1", "2026-01-01", "1", "guess"}}},
         "bad_origin"},
        {"quality is 0 to 100",
         {milestones, {"promise_id", "milestone_id", "due_on", "quality"}, {{"p1", "m1", "2026-01-01", "-1"}}},
         "out_of_range"},
        {"time that is none",
         {usage, {"customer_id", "at", "value"}, {{"c1", "2026-01-01 25:00:00", "1"}}},
         "bad_date"},
        {"a cell too few", {usage, {"customer_id", "at", "value"}, {{"c1", "2026-01-01"}}}, "wrong_column_count"},
    };
    for (const auto& c : cases) {
        const auto dataset = read(c.rows);
        EXPECT_EQ(dataset.rows, 0u) << c.sentence;
        ASSERT_EQ(dataset.rejected.size(), 1u) << c.sentence;
        EXPECT_EQ(dataset.rejected.begin()->first, c.reason) << c.sentence;
    }
}

TEST(RejectedKeys, AreTheFirstOnesInAnyOrderOfRowsAndFitForALogLine) {
    Rows rows{usage, {"at", "customer_id", "value"}, {}};
    for (int i = 0; i < 100; ++i) rows.rows.push_back({"2026-13-01", fmt::format("c{:02}\n\x1b[31m", i), "1"});
    rows.options.limits.rejected_keys = 3;
    for (unsigned seed = 0; seed < 5; ++seed) {
        const auto rejection = read(shuffled({rows}, seed)[0]).rejected.at("bad_date");
        EXPECT_EQ(rejection.rows, 100u);
        EXPECT_THAT(rejection.keys,
                    ElementsAre("c00??[31m/2026-13-01", "c01??[31m/2026-13-01", "c02??[31m/2026-13-01"));
    }
}

TEST(RowLimit, EndsTheReading) {
    auto reader =
        DatasetReader::open({.name = "usage", .kind = usage, .limits = {.rows = 2}}, {"customer_id", "at", "value"});
    ASSERT_TRUE(reader);
    const std::vector<Cell> row = {"c1", "2026-01-01", "1"};
    EXPECT_TRUE(reader->add(row));
    EXPECT_TRUE(reader->add(row));
    EXPECT_FALSE(reader->add(row));
    EXPECT_EQ(reader->rows_read(), 2u);
}

TEST(FurtherColumns, AreNumbersWhenEveryCellIsOne) {
    const auto dataset =
        read({customers,
              {"customer_id", "name", "employees", "postcode", "rating", "nothing", "mixed"},
              {{"c1", "One", "12", "01099", "-1.5", null, "12"}, {"c2", "Two", null, "10115", "0.5", null, "twelve"}}});
    EXPECT_THAT(dataset.find("employees")->numbers, ElementsAre(12.0, ::testing::IsNan()));
    EXPECT_THAT(dataset.find("rating")->numbers, ElementsAre(-1.5, 0.5));
    EXPECT_TRUE(dataset.find("postcode")->numbers.empty()) << "a leading zero says something";
    EXPECT_TRUE(dataset.find("mixed")->numbers.empty());
    EXPECT_TRUE(dataset.find("nothing")->numbers.empty()) << "of no cells nothing is known";
    EXPECT_EQ(dataset.words.text(dataset.find("mixed")->words[1]), "twelve");
}

// -- days and zones -------------------------------------------------------------------------------------------------

Zone fixed(std::string name, Seconds offset) { return {.name = std::move(name), .offsets = {{Instant{}, offset}}}; }

TEST(AtCells, GetTheirDayInTheDaemonsZone) {
    struct Case {
        std::string sentence, cell;
        Day day;
        std::int32_t second;
    };
    const std::vector<Case> cases = {
        {"a date is that day as written", "2026-03-01", on(2026, 3, 1), 0},
        {"naive: of the dataset's zone, New York; 23:30 there is next morning in Berlin", "2026-03-01 23:30:00",
         on(2026, 3, 2), 5 * 3600 + 1800},
        {"UTC: one hour later in Berlin", "2026-03-01T23:30:00Z", on(2026, 3, 2), 1800},
        {"with an offset", "2026-03-02T00:30:00+03:00", on(2026, 3, 1), 22 * 3600 + 1800},
        {"a fraction is dropped", "2026-03-01T10:00:00.999Z", on(2026, 3, 1), 11 * 3600},
    };
    for (const auto& c : cases) {
        Rows rows{usage, {"customer_id", "at", "value"}, {{"c1", c.cell, "1"}}};
        rows.options.zone = fixed("America/New_York", -5h);
        rows.options.day_zone = fixed("Europe/Berlin", 1h);
        const auto dataset = read(rows);
        ASSERT_EQ(dataset.rows, 1u) << c.sentence;
        const auto& at = *dataset.find("at");
        EXPECT_EQ(Day{std::chrono::days{at.days[0]}}, c.day) << c.sentence;
        EXPECT_EQ(at.seconds.empty() ? 0 : at.seconds[0], c.second) << c.sentence;
    }
}

TEST(DayCells, TakeTheDayOfANaiveTimestampAsWritten) {
    Rows rows{people,
              {"person_id", "email", "away_until"},
              {{"a", "a@x", "2026-03-01 23:30:00"}, {"b", "b@x", "2026-03-01T23:30:00Z"}, {"c", "c@x", "2026-03-01"}}};
    rows.options.zone = fixed("America/New_York", -5h);
    rows.options.day_zone = fixed("Europe/Berlin", 1h);
    const auto snapshot = snapshot_of({rows}, march);
    EXPECT_EQ(snapshot.person("a")->away_until, on(2026, 3, 1));
    EXPECT_EQ(snapshot.person("b")->away_until, on(2026, 3, 2)) << "an instant has its day in the daemon's zone";
    EXPECT_EQ(snapshot.person("c")->away_until, on(2026, 3, 1));
}

TEST(AtCells, MixedDatesAndTimesAreOrderedAndKept) {
    const auto dataset =
        read({usage,
              {"customer_id", "at", "value"},
              {{"c1", "2026-03-01", "1"}, {"c1", "2026-03-01 10:00:00", "2"}, {"c1", "2026-03-02", "3"}}});
    EXPECT_THAT(dataset.find("at")->seconds, ElementsAre(0, 36000, 0));
}

// -- joining --------------------------------------------------------------------------------------------------------

const Rows two_customers{customers, {"customer_id", "name", "segment"}, {{"c1", "One", "west"}, {"c2", "Two", "east"}}};

std::vector<Rows> with(std::vector<Rows> tables) {
    tables.push_back(two_customers);
    return tables;
}

const Rejection* rejection(const Snapshot& snapshot, std::string_view dataset, std::string_view reason) {
    const auto* feed = snapshot.feed(dataset);
    if (!feed) return nullptr;
    const auto found = feed->rejected.find(reason);
    return found == feed->rejected.end() ? nullptr : &found->second;
}

TEST(Attendance, IsOneNoneOrMissing) {
    const std::vector<Rows> by_status =
        with({{attendance,
               {"customer_id", "at", "status"},
               {{"c1", "2026-01-03", "excused"}, {"c1", "2026-01-01", "attended"}, {"c1", "2026-01-02", "missed"}}}});
    const auto snapshot = snapshot_of(by_status, march);
    EXPECT_THAT(snapshot.find_series("attendance")->value, ElementsAre(1.0, 0.0, ::testing::IsNan()));

    const auto by_flag =
        snapshot_of(with({{attendance,
                           {"customer_id", "at", "attended"},
                           {{"c1", "2026-01-01", "1"}, {"c1", "2026-01-02", "0"}, {"c1", "2026-01-03", null}}}}),
                    march);
    EXPECT_THAT(by_flag.find_series("attendance")->value, ElementsAre(1.0, 0.0)) << "NULL says nothing: rejected";
    EXPECT_EQ(rejection(by_flag, "attendance", "null")->rows, 1u);
    const auto& status = by_flag.find_series("attendance")->texts.front();
    EXPECT_EQ(status.name, "status");
    EXPECT_EQ(by_flag.text(status.words[1]), "missed") << "a flag has its status, too";

    const auto both = snapshot_of(with({{attendance,
                                         {"customer_id", "at", "status", "attended"},
                                         {{"c1", "2026-01-01", "attended", "0"},
                                          {"c1", "2026-01-02", "missed", "0"},
                                          {"c1", "2026-01-03", null, "1"}}}}),
                                  march);
    EXPECT_EQ(rejection(both, "attendance", "contradiction")->rows, 1u);
    EXPECT_THAT(both.find_series("attendance")->value, ElementsAre(0.0, 1.0));
}

TEST(Series, StandTogetherByCustomerAscendingByTime) {
    const auto snapshot = snapshot_of(
        with({{usage,
               {"customer_id", "at", "value", "metric"},
               {{"c2", "2026-01-02", "5", null},
                {"c1", "2026-01-02 09:00:00", "2", "seats"},
                {"c1", "2026-01-02 08:00:00", "3", "clicks"},
                {"c1", "2026-01-01", null, null},
                {"c9", "2026-01-01", "1", null}}},
              {events, {"customer_id", "at"}, {{"c2", "2026-01-05"}}, {.name = "tickets"}},
              {touchpoints, {"customer_id", "at", "kind", "minutes"}, {{"c1", "2026-01-05", "sales", "30"}}}}),
        march);
    const auto& usage_rows = *snapshot.find_series("usage");
    EXPECT_THAT(usage_rows.first, ElementsAre(0u, 3u, 4u));
    EXPECT_THAT(usage_rows.value, ElementsAre(::testing::IsNan(), 3.0, 2.0, 5.0)) << "NULL is a row without a value";
    ASSERT_EQ(usage_rows.texts.size(), 1u);
    EXPECT_EQ(usage_rows.texts[0].name, "metric");
    EXPECT_EQ(snapshot.text(usage_rows.texts[0].words[0]), "usage") << "the default metric";
    EXPECT_EQ(snapshot.text(usage_rows.texts[0].words[1]), "clicks");
    EXPECT_THAT(rejection(snapshot, "usage", "unknown_customer")->keys, ElementsAre("c9/2026-01-01"));
    EXPECT_THAT(snapshot.find_series("tickets")->value, ElementsAre(1.0)) << "an event without a value counts one";
    EXPECT_THAT(snapshot.find_series("touchpoints")->numbers.at(0).numbers, ElementsAre(30.0));
    EXPECT_EQ(snapshot.find_series("attendance"), nullptr);
}

TEST(Usage, WithoutAMetricColumnIsUsage) {
    const auto snapshot =
        snapshot_of(with({{usage, {"customer_id", "at", "value"}, {{"c1", "2026-01-01", "1"}}}}), march);
    const auto& series = *snapshot.find_series("usage");
    ASSERT_EQ(series.texts.size(), 1u);
    EXPECT_EQ(snapshot.text(series.texts[0].words.at(0)), "usage");
}

TEST(RowIds, KeepOneRowAndCountThoseThatDiffer) {
    const std::vector<Rows> tables = with({{usage,
                                            {"customer_id", "at", "value", "row_id"},
                                            {{"c1", "2026-01-01", "7", "r1"},
                                             {"c1", "2026-01-01", "7", "r1"},
                                             {"c1", "2026-01-01", "9", "r1"},
                                             {"c1", "2026-01-02", "1", null},
                                             {"c1", "2026-01-02", "1", null},
                                             {"c2", "2026-01-01", "7", "r2"}}}});
    for (unsigned seed = 0; seed < 10; ++seed) {
        const auto snapshot = snapshot_of(shuffled(tables, seed), march);
        EXPECT_THAT(snapshot.find_series("usage")->value, ElementsAre(7.0, 1.0, 1.0, 7.0))
            << "rows without an id all count; seed " << seed;
        EXPECT_EQ(rejection(snapshot, "usage", "duplicate")->rows, 1u)
            << "the one delivered twice goes silently; seed " << seed;
        EXPECT_EQ(snapshot.feed("usage")->rows, 4u);
    }
}

TEST(Promises, HaveVersionsThatHoldUntilTheNextIsKnown) {
    const std::vector<Rows> tables =
        with({{promises,
               {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target", "known_at"},
               {{"p1", "c1", "first", "2025-01-01", "2025-12-31", "reach", "10", null},
                {"p1", "c1", "moved", "2025-01-01", "2026-06-30", "reach", "10", "2025-06-01 09:00:00"},
                {"p1", "c1", "misread", "2025-01-01", "2026-06-30", "reach", "10", "2025-06-01 08:00:00"},
                {"p1", "c1", "other words", "2025-01-01", "2026-06-30", "reach", "10", "2025-06-01 09:00:00"},
                {"p1", "c2", "sold", "2025-01-01", "2026-06-30", "reach", "10", "2025-09-01"},
                {"p2", "c1", "another", "2025-01-01", "2026-06-30", "reach", "10", "2025-06-01"}}},
              {readings, {"promise_id", "at", "value"}, {{"p1", "2025-02-01", "3"}, {"p1", "2025-10-01", "4"}}}});
    for (unsigned seed = 0; seed < 10; ++seed) {
        const auto snapshot = snapshot_of(shuffled(tables, seed), march);
        const auto holding = [&](Day day) {
            std::vector<std::string> found;
            for (const Promise& promise : snapshot.promises) {
                if (!has_begun(promise, day) || snapshot.text(promise.id) != "p1") continue;
                found.emplace_back(snapshot.text(promise.outcome));
                EXPECT_EQ(snapshot.readings_of(promise).size(), 2u) << found.back();
            }
            return found;
        };
        EXPECT_THAT(holding(on(2025, 5, 31)), ElementsAre("first")) << "nobody knows of the other yet; seed " << seed;
        EXPECT_THAT(holding(on(2025, 6, 1)), ElementsAre("moved")) << "the last that became known that day";
        EXPECT_THAT(holding(on(2025, 9, 1)), ElementsAre("sold")) << "to another customer";
        EXPECT_EQ(rejection(snapshot, "promises", "duplicate")->rows, 1u) << "two at the same moment deny each other";
    }
}

TEST(SegmentSeries, KeepSinceWhenTheyAreKnown) {
    Rows rows{segment_series,
              {"segment", "at", "value", "known_at"},
              {{"west", "2026-01-01", "5", "2026-02-01"}, {"west", "2026-01-02", "6", null}}};
    auto snapshot = snapshot_of(with({rows}), march);
    ASSERT_EQ(snapshot.segment_series.size(), 2u);
    EXPECT_EQ(snapshot.segment_series[0].known, on(2026, 2, 1));
    EXPECT_EQ(snapshot.segment_series[1].known, on(2026, 1, 2));
    rows.columns.pop_back();
    for (TextRow& row : rows.rows) row.pop_back();
    snapshot = snapshot_of(with({rows}), march);
    EXPECT_EQ(snapshot.segment_series[0].known, std::nullopt) << "its own day";
}

TEST(DuplicateIds, KeepTheFirstByContentWhateverTheOrder) {
    const std::vector<Rows> tables = {
        {customers, {"customer_id", "name"}, {{"c1", "Beta"}, {"c1", "Alpha"}, {"c2", "Two"}, {"c2", "Two"}}},
        {subscriptions,
         {"subscription_id", "customer_id", "status", "started_on", "mrr"},
         {{"s1", "c2", "active", "2024-01-01", "10"},
          {"s1", "c1", "active", "2024-01-01", "20"},
          {"s2", "c9", "active", "2024-01-01", "1"}}},
        {promises,
         {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target"},
         {{"p1", "c1", "b", "2024-01-01", "2024-12-31", "reach", "10"},
          {"p1", "c1", "a", "2024-01-01", "2024-12-31", "reach", "10"}}},
        {milestones,
         {"promise_id", "milestone_id", "due_on"},
         {{"p1", "m1", "2024-03-01"}, {"p1", "m1", "2024-02-01"}, {"p9", "m1", "2024-02-01"}}},
        {people, {"person_id", "email"}, {{"a", "z@x"}, {"a", "y@x"}}},
        {relations, {"customer_id", "related_id"}, {{"c1", "c2"}, {"c1", "c2"}, {"c1", "c9"}}},
    };
    for (unsigned seed = 0; seed < 10; ++seed) {
        const auto snapshot = snapshot_of(shuffled(tables, seed), march);
        ASSERT_EQ(snapshot.customers.size(), 2u) << seed;
        EXPECT_EQ(snapshot.text(snapshot.customers[0].name), "Alpha") << seed;
        EXPECT_EQ(rejection(snapshot, "customers", "duplicate")->rows, 2u) << seed;
        EXPECT_THAT(rejection(snapshot, "customers", "duplicate")->keys, ElementsAre("c1", "c2"));
        ASSERT_EQ(snapshot.subscriptions.size(), 1u) << seed;
        EXPECT_EQ(snapshot.subscriptions[0].customer, 0u) << "customer_id c1 comes first; seed " << seed;
        EXPECT_EQ(rejection(snapshot, "subscriptions", "unknown_customer")->rows, 1u);
        ASSERT_EQ(snapshot.promises.size(), 1u);
        EXPECT_EQ(snapshot.text(snapshot.promises[0].outcome), "a") << seed;
        ASSERT_EQ(snapshot.milestones.size(), 1u);
        EXPECT_EQ(snapshot.milestones[0].due_on, on(2024, 2, 1)) << seed;
        EXPECT_THAT(rejection(snapshot, "milestones", "unknown_promise")->keys, ElementsAre("p9/m1"));
        EXPECT_EQ(snapshot.text(snapshot.person("a")->email), "y@x") << seed;
        EXPECT_EQ(snapshot.relations.size(), 1u) << seed;
        EXPECT_EQ(rejection(snapshot, "relations", "unknown_customer")->rows, 1u);
    }
}

TEST(Promises, ThatCannotBeAreRejected) {
    struct Case {
        std::string sentence;
        TextRow row;
        std::string reason;
    };
    const std::vector<Case> cases = {
        {"due before it starts", {"p", "c1", "o", "2026-02-01", "2026-01-01", "reach", "1", null}, "due_before_start"},
        {"due the day it starts", {"p", "c1", "o", "2026-01-01", "2026-01-01", "reach", "1", null}, "due_before_start"},
        {"nothing to reach", {"p", "c1", "o", "2026-01-01", "2026-02-01", "reach", "5", "5"}, "target_is_baseline"},
        {"without a baseline that is 0",
         {"p", "c1", "o", "2026-01-01", "2026-02-01", "hold", "0", null},
         "target_is_baseline"},
        {"more than all milestones",
         {"p", "c1", "o", "2026-01-01", "2026-02-01", "milestones", "80", null},
         "out_of_range"},
        {"a promise nobody can measure stays", {"p", "c1", "o", "2026-01-01", "2026-02-01", "reach", null, null}, ""},
        {"four of five milestones", {"p", "c1", "o", "2026-01-01", "2026-02-01", "milestones", "0.8", null}, ""},
        {"downwards", {"p", "c1", "o", "2026-01-01", "2026-02-01", "reach", "2", "8"}, ""},
    };
    for (const auto& c : cases) {
        const auto snapshot = snapshot_of(
            with({{promises,
                   {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target", "baseline"},
                   {c.row}}}),
            march);
        EXPECT_EQ(snapshot.promises.size(), c.reason.empty() ? 1u : 0u) << c.sentence;
        EXPECT_EQ(rejection(snapshot, "promises", c.reason) != nullptr, !c.reason.empty()) << c.sentence;
    }
}

TEST(Runs, PointFromCustomersToTheirSubscriptionsPromisesReadingsAndMilestones) {
    const auto snapshot = snapshot_of(
        with({{subscriptions,
               {"subscription_id", "customer_id", "status", "started_on", "mrr"},
               {{"s3", "c2", "active", "2024-01-01", "3"},
                {"s2", "c1", "active", "2024-01-01", "2"},
                {"s1", "c2", "active", "2024-01-01", "1"}}},
              {promises,
               {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target"},
               {{"p2", "c2", "b", "2024-01-01", "2024-12-31", "reach", "10"},
                {"p1", "c2", "a", "2024-01-01", "2024-12-31", "milestones", "0.5"}}},
              {readings,
               {"promise_id", "at", "value", "origin"},
               {{"p2", "2024-03-01", "2", null},
                {"p2", "2024-02-01", "1", "reported"},
                {"p3", "2024-02-01", "1", null}}},
              {milestones,
               {"promise_id", "milestone_id", "due_on", "weight"},
               {{"p1", "b", "2024-02-01", null}, {"p1", "a", "2024-02-01", "3"}, {"p1", "c", "2024-01-15", null}}}}),
        march);
    const auto mine = snapshot.subscriptions_of(snapshot.find_customer("c2"));
    ASSERT_EQ(mine.size(), 2u);
    EXPECT_EQ(snapshot.text(mine[0].id), "s1");
    EXPECT_DOUBLE_EQ(mine[0].mrr, 100) << "minor units";
    EXPECT_EQ(snapshot.promises_of(snapshot.find_customer("c1")).size(), 0u);
    const auto promised = snapshot.promises_of(snapshot.find_customer("c2"));
    ASSERT_EQ(promised.size(), 2u);
    const auto steps = snapshot.milestones_of(promised[0]);
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_EQ(snapshot.text(steps[0].id), "c") << "by due day";
    EXPECT_EQ(snapshot.text(steps[1].id), "a") << "then by id";
    EXPECT_DOUBLE_EQ(steps[1].weight, 3);
    EXPECT_DOUBLE_EQ(steps[2].weight, 1) << "the default";
    const auto read_off = snapshot.readings_of(promised[1]);
    ASSERT_EQ(read_off.size(), 2u);
    EXPECT_TRUE(read_off[0].reported);
    EXPECT_FALSE(read_off[1].reported) << "measured unless it says so";
    EXPECT_EQ(rejection(snapshot, "readings", "unknown_promise")->rows, 1u);
    EXPECT_EQ(snapshot.find_customer("c3"), no_customer);
}

// -- money ----------------------------------------------------------------------------------------------------------

TEST(Amounts, AreConvertedByRateOrMissingAndCounted) {
    const Rows table{subscriptions,
                     {"subscription_id", "customer_id", "status", "started_on", "mrr", "list_mrr", "currency"},
                     {{"s1", "c1", "active", "2024-01-01", "100.00", null, "EUR"},
                      {"s2", "c1", "active", "2024-01-01", "100.00", "200.00", "USD"},
                      {"s3", "c1", "active", "2024-01-01", "100.00", "200.00", "XTS"},
                      {"s4", "c1", "active", "2024-01-01", "100.00", null, null},
                      {"s5", "c1", "active", "2024-01-01", null, null, "XTS"}}};
    SnapshotOptions options = march;
    options.currency = {.base = "EUR", .fallback = "USD", .rates = {{"USD", 0.925}}};
    const auto snapshot = snapshot_of(with({table}), options);
    std::vector<double> mrr;
    for (const auto& subscription : snapshot.subscriptions) mrr.push_back(subscription.mrr);
    EXPECT_THAT(mrr, ElementsAre(10000.0, 9250.0, ::testing::IsNan(), 9250.0, ::testing::IsNan()));
    EXPECT_DOUBLE_EQ(snapshot.subscriptions[1].list_mrr, 18500);
    EXPECT_EQ(snapshot.feed("subscriptions")->contradictions.at("no_rate"), 1u)
        << "a row without an amount needs no rate";
    EXPECT_EQ(snapshot.feed("subscriptions")->rows, 5u) << "the rows stay";
}

TEST(Amounts, OfACompanyWithOneCurrencyNeedNoRates) {
    const auto table = [](TextCell first, TextCell second) {
        return Rows{
            subscriptions,
            {"subscription_id", "customer_id", "status", "started_on", "mrr", "currency"},
            {{"s1", "c1", "active", "2024-01-01", "1", first}, {"s2", "c1", "active", "2024-01-01", "1", second}}};
    };
    EXPECT_DOUBLE_EQ(snapshot_of(with({table("EUR", "EUR")}), march).subscriptions[0].mrr, 100)
        << "the only one there is";
    EXPECT_DOUBLE_EQ(snapshot_of(with({table(null, null)}), march).subscriptions[0].mrr, 100) << "never named";
    EXPECT_TRUE(is_missing(snapshot_of(with({table("EUR", "USD")}), march).subscriptions[0].mrr))
        << "two are never added";
}

TEST(Amounts, OfCustomersAreConvertedToo) {
    SnapshotOptions options = march;
    options.currency = {.base = "EUR", .fallback = "EUR", .rates = {{"USD", 0.5}}};
    const auto snapshot = snapshot_of(
        {{customers,
          {"customer_id", "name", "acquisition_cost", "cost_to_serve", "currency"},
          {{"c1", "One", "10", null, "USD"}, {"c2", "Two", "10", "3", null}, {"c3", "Three", "10", null, "XTS"}}}},
        options);
    EXPECT_DOUBLE_EQ(snapshot.customers[0].acquisition_cost, 500);
    EXPECT_DOUBLE_EQ(snapshot.customers[1].cost_to_serve, 300);
    EXPECT_TRUE(is_missing(snapshot.customers[2].acquisition_cost));
    EXPECT_EQ(snapshot.feed("customers")->contradictions.at("no_rate"), 1u);
}

// -- as of ----------------------------------------------------------------------------------------------------------

TEST(FactsAfterAsOf, AreMasked) {
    auto snapshot = snapshot_of(with({{subscriptions,
                                       {"subscription_id", "customer_id", "status", "started_on", "ended_on", "mrr"},
                                       {{"s1", "c1", "cancelled", "2024-01-01", "2026-02-15", "1"},
                                        {"s2", "c1", "trial", "2025-01-01", "2026-06-01", "1"},
                                        {"s3", "c2", "ended", "2024-01-01", null, "1"}}}}),
                                march);
    struct Case {
        std::string sentence;
        Day as_of;
        std::string first_status;
        bool first_live, customer_live;
    };
    const std::vector<Case> cases = {
        {"before it began", on(2023, 12, 31), "active", false, false},
        {"the first day", on(2024, 1, 1), "active", true, true},
        {"the day before it ended", on(2026, 2, 14), "active", true, true},
        {"the day it ended", on(2026, 2, 15), "cancelled", false, true},
        {"when the other one is over, too", on(2026, 6, 1), "cancelled", false, false},
    };
    for (const auto& c : cases) {
        snapshot.as_of = c.as_of;
        const auto& first = snapshot.subscriptions[0];
        EXPECT_EQ(status(snapshot, first), c.first_status) << c.sentence;
        EXPECT_EQ(is_live(first, c.as_of), c.first_live) << c.sentence;
        EXPECT_EQ(ended_on(first, c.as_of).has_value(), c.first_status == "cancelled") << c.sentence;
        EXPECT_EQ(is_live(snapshot, 0, c.as_of), c.customer_live) << c.sentence;
    }
    snapshot.as_of = on(2026, 3, 1);
    EXPECT_EQ(status(snapshot, snapshot.subscriptions[1]), "trial") << "a trial that will end is a trial still";
    EXPECT_FALSE(is_live(snapshot, 1, on(2026, 3, 1))) << "over without a date";
}

TEST(Customers, AreLiveFromSinceOnWhereSubscriptionsAreNotMapped) {
    const auto snapshot = snapshot_of(
        {{customers, {"customer_id", "name", "since"}, {{"c1", "One", "2026-03-02"}, {"c2", "Two", null}}}}, march);
    EXPECT_FALSE(is_live(snapshot, 0, on(2026, 3, 1)));
    EXPECT_TRUE(is_live(snapshot, 0, on(2026, 3, 2)));
    EXPECT_TRUE(is_live(snapshot, 1, on(2026, 3, 1)));
}

TEST(RowsAfterAsOf, StayInTheSnapshotAndTheWatermarkFollowsAsOf) {
    auto snapshot =
        snapshot_of(with({{usage,
                           {"customer_id", "at", "value"},
                           {{"c1", "2026-02-27", "1"}, {"c1", "2026-03-05", "2"}, {"c2", "2026-03-03", "3"}}}}),
                    march);
    EXPECT_EQ(snapshot.find_series("usage")->day.size(), 3u);
    EXPECT_EQ(watermark(snapshot, "usage"), on(2026, 2, 27));
    snapshot.as_of = on(2026, 3, 4);
    EXPECT_EQ(watermark(snapshot, "usage"), on(2026, 3, 3));
    snapshot.as_of = on(2026, 2, 26);
    EXPECT_EQ(watermark(snapshot, "usage"), std::nullopt);
}

TEST(Watermark, HoldsOnlyWhatWasKnown) {
    struct Case {
        std::string sentence;
        TextCell known_at;
        Seconds delay;
        std::string at;
        Day visible_from;
    };
    const std::vector<Case> cases = {
        {"known on its own day", null, 0s, "2026-02-10", on(2026, 2, 10)},
        {"known when it says so", "2026-02-12 08:00:00", 0s, "2026-02-10", on(2026, 2, 12)},
        {"known before it happened: not before it happened", "2026-02-01", 0s, "2026-02-10", on(2026, 2, 10)},
        {"two days later", null, 48h, "2026-02-10", on(2026, 2, 12)},
        {"a date alone is over at midnight, so half a day later is the next day", null, 12h, "2026-02-10",
         on(2026, 2, 11)},
        {"at ten, half a day later is the same day", null, 12h, "2026-02-10 10:00:00", on(2026, 2, 10)},
        {"at two p.m. it is the next", null, 12h, "2026-02-10 14:00:00", on(2026, 2, 11)},
        {"what it says is worth more than the delay", "2026-02-11", 96h, "2026-02-10", on(2026, 2, 11)},
    };
    for (const auto& c : cases) {
        Rows rows{usage, {"customer_id", "at", "value", "known_at"}, {{"c1", c.at, "1", c.known_at}}};
        rows.options.delay = c.delay;
        auto snapshot = snapshot_of(with({rows}), march);
        snapshot.as_of = c.visible_from - std::chrono::days{1};
        EXPECT_EQ(watermark(snapshot, "usage"), std::nullopt) << c.sentence;
        snapshot.as_of = c.visible_from;
        EXPECT_EQ(watermark(snapshot, "usage"), on(2026, 2, 10)) << c.sentence;
    }
}

/// Usage of the last 28 days before 2026-03-01, as many rows as `rows` says of each; and of 2026-03-01 itself.
Snapshot with_daily_rows(const std::function<int(int days_ago)>& rows, const SnapshotOptions& options = march) {
    Rows daily{usage, {"customer_id", "at", "value"}, {}};
    for (int ago = 0; ago <= 28; ++ago)
        for (int n = 0; n < rows(ago); ++n)
            daily.rows.push_back({"c1", format_day(march.as_of - std::chrono::days{ago}), "1"});
    return snapshot_of(with({daily}), options);
}

TEST(Watermark, IsTheNewestWholeDay) {
    struct Case {
        std::string sentence;
        std::function<int(int)> rows;
        int days_ago;
    };
    const auto newest = [](int rows, int usual = 100) { return [=](int ago) { return ago == 0 ? rows : usual; }; };
    const auto match_days = [](int ago) { return ago % 14 == 0 ? (ago == 0 ? 10 : 1000) : 0; };
    const std::vector<Case> cases = {
        {"a day like the others", newest(100), 0},
        {"a fifth of them is a bad day", newest(20), 0},
        {"less is one that has only begun to arrive", newest(19), 1},
        {"few rows tell nothing", newest(1, 49), 0},
        {"three such days in a row", [](int ago) { return ago < 3 ? 5 : 100; }, 3},
        {"thirteen", [](int ago) { return ago < 13 ? 5 : 100; }, 13},
        {"what has lasted two weeks is what the feed has become", [](int ago) { return ago < 15 ? 5 : 100; }, 0},
        {"a quiet weekday is quiet every week", [](int ago) { return ago % 7 == 0 ? 5 : 100; }, 0},
        {"after one that was a holiday the week before counts", [](int ago) { return ago % 14 == 7 ? 5 : 100; }, 0},
        {"matches every other week have no daily rhythm", match_days, 0},
    };
    for (const auto& c : cases)
        EXPECT_EQ(watermark(with_daily_rows(c.rows), "usage"), march.as_of - std::chrono::days{c.days_ago})
            << c.sentence;
    SnapshotOptions resting = march;
    resting.off_season = {{"", march.as_of, march.as_of}};
    EXPECT_EQ(watermark(with_daily_rows(newest(1), resting), "usage"), march.as_of) << "off-season few are enough";
    resting.off_season.front().segment = "west";
    EXPECT_EQ(watermark(with_daily_rows(newest(1), resting), "usage"), march.as_of - std::chrono::days{1});
}

TEST(Watermark, CountsOfADayOnlyTheRowsThatWereKnown) {
    Rows daily{usage, {"customer_id", "at", "value", "known_at"}, {}};
    for (int ago = 1; ago <= 28; ++ago) {
        const auto day = format_day(march.as_of - std::chrono::days{ago});
        for (int n = 0; n < 100; ++n)
            daily.rows.push_back({"c1", day, "1", ago == 1 && n >= 10 ? format_day(march.as_of) : day});
    }
    auto snapshot = snapshot_of(with({daily}), march);
    EXPECT_EQ(watermark(snapshot, "usage"), march.as_of - std::chrono::days{1}) << "the rest came a day later";
    snapshot.as_of = march.as_of - std::chrono::days{1};
    EXPECT_EQ(watermark(snapshot, "usage"), march.as_of - std::chrono::days{2}) << "until then a tenth had come";
}

TEST(Watermark, MayBeStated) {
    const auto stated = [](std::optional<Day> day, Day as_of, Seconds delay = 0s) {
        Rows rows{usage, {"customer_id", "at", "value"}, {{"c1", "2026-02-10", "1"}}};
        rows.options.delay = delay;
        std::vector<Dataset> datasets;
        datasets.push_back(read(two_customers));
        datasets.push_back(read(rows));
        datasets.back().watermark = day;
        return watermark(assemble(std::move(datasets), {}, {.as_of = as_of, .read_from = on(2025, 1, 1)}), "usage");
    };
    EXPECT_EQ(stated(on(2026, 2, 15), on(2026, 3, 1)), on(2026, 2, 15)) << "five quiet days, proven quiet";
    EXPECT_EQ(stated(on(2026, 3, 15), on(2026, 3, 1)), on(2026, 3, 1)) << "never beyond as-of";
    EXPECT_EQ(stated(on(2026, 2, 5), on(2026, 3, 1)), on(2026, 2, 5)) << "rows after it are not complete yet";
    EXPECT_EQ(stated(on(2026, 2, 20), on(2026, 2, 15), 48h), on(2026, 2, 13)) << "in the past less the delay";
    EXPECT_EQ(stated(std::nullopt, on(2026, 3, 1)), on(2026, 2, 10));
}

TEST(FeedState, TellsFourKindsOfNothingApart) {
    const auto state = [](const Rows& rows, Day as_of) {
        return feed_state(snapshot_of(with({rows}), {.as_of = as_of, .read_from = as_of}), "usage");
    };
    Rows rows{usage, {"customer_id", "at", "value"}, {{"c1", "2026-02-10", "1"}}};
    EXPECT_EQ(state(rows, on(2026, 12, 31)), FeedState::fresh) << "nobody said when it is stale";
    rows.options.stale_after = 36h;
    EXPECT_EQ(state(rows, on(2026, 2, 10)), FeedState::fresh);
    EXPECT_EQ(state(rows, on(2026, 2, 11)), FeedState::fresh) << "24 hours";
    EXPECT_EQ(state(rows, on(2026, 2, 12)), FeedState::stale) << "48 hours";
    rows.rows.clear();
    EXPECT_EQ(state(rows, on(2026, 2, 10)), FeedState::stale) << "not a single row";
    EXPECT_EQ(feed_state(snapshot_of(with({}), march), "usage"), FeedState::unmapped);

    const FailedDataset failed{.options = {.name = "usage", .kind = usage, .source = "crm"}, .error = "down"};
    std::vector<Dataset> datasets;
    datasets.push_back(read(two_customers));
    const auto snapshot = assemble(std::move(datasets), {failed}, march);
    EXPECT_EQ(feed_state(snapshot, "usage"), FeedState::not_loaded);
    EXPECT_EQ(snapshot.feed("usage")->error, "down");
    EXPECT_EQ(watermark(snapshot, "usage"), std::nullopt);
    EXPECT_EQ(watermark(snapshot, "customers"), march.as_of) << "undated: as fresh as its last reading";
}

TEST(FeedAge, CountsNoDayThatIsOffSeasonForEverybody) {
    Rows rows{usage, {"customer_id", "at", "value"}, {{"c1", "2026-05-30", "1"}}};
    rows.options.stale_after = 36h;
    struct Case {
        std::string sentence;
        std::vector<OffSeason> off_season;
        Day as_of;
        int age;
        FeedState state;
    };
    const OffSeason summer{"", on(2026, 6, 1), on(2026, 8, 31)};
    const std::vector<Case> cases = {
        {"in season every day counts", {}, on(2026, 6, 1), 2, FeedState::stale},
        {"the last day of May counts, June does not", {summer}, on(2026, 6, 1), 1, FeedState::fresh},
        {"nor does all of the summer", {summer}, on(2026, 8, 31), 1, FeedState::fresh},
        {"September does again", {summer}, on(2026, 9, 1), 2, FeedState::stale},
        {"one segment's pause is not the feed's",
         {{"west", summer.from, summer.to}},
         on(2026, 6, 1),
         2,
         FeedState::stale},
        {"two ranges that overlap are one",
         {summer, {"", on(2026, 5, 31), on(2026, 7, 1)}},
         on(2026, 8, 31),
         0,
         FeedState::fresh},
    };
    for (const auto& c : cases) {
        const auto snapshot =
            snapshot_of(with({rows}), {.as_of = c.as_of, .read_from = on(2025, 1, 1), .off_season = c.off_season});
        EXPECT_EQ(feed_age(snapshot, "usage"), std::chrono::days{c.age}) << c.sentence;
        EXPECT_EQ(feed_state(snapshot, "usage"), c.state) << c.sentence;
    }
    EXPECT_EQ(feed_age(snapshot_of(with({rows}), march), "usage"), std::nullopt) << "not a row yet";
}

TEST(Children, NeedALoadedParent) {
    const Rows rows{usage, {"customer_id", "at", "value"}, {{"c1", "2026-02-10", "1"}}};
    const auto orphan = snapshot_of({rows}, march);
    EXPECT_EQ(orphan.feed("usage")->error, "needs \"customers\", which is not mapped");
    EXPECT_EQ(feed_state(orphan, "usage"), FeedState::not_loaded);
    EXPECT_TRUE(orphan.feed("usage")->rejected.empty()) << "the rows are not to blame";

    std::vector<Dataset> datasets;
    datasets.push_back(
        read({promises, {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target"}, {}}));
    datasets.push_back(read({readings, {"promise_id", "at", "value"}, {{"p1", "2026-02-10", "1"}}}));
    const auto snapshot =
        assemble(std::move(datasets), {{.options = {.name = "customers", .kind = customers}, .error = "down"}}, march);
    EXPECT_EQ(snapshot.feed("promises")->error, "needs \"customers\", which is not loaded");
    EXPECT_EQ(snapshot.feed("readings")->error, "needs \"promises\", which is not loaded");
}

TEST(Contradictions, AreCountedAndTheRowsStay) {
    const auto snapshot =
        snapshot_of(with({{subscriptions,
                           {"subscription_id", "customer_id", "status", "started_on", "renews_on", "ended_on", "mrr"},
                           {{"a", "c1", "active", "2024-01-01", "2026-02-01", null, "1"},
                            {"b", "c1", "active", "2024-01-01", "2026-03-01", null, "1"},
                            {"c", "c1", "cancelled", "2024-01-01", null, null, "1"},
                            {"d", "c2", "cancelled", "2024-01-01", null, "2023-01-01", "1"},
                            {"e", "c2", "active", "2024-01-01", null, "2026-01-10", "1"}}},
                          {usage,
                           {"customer_id", "at", "value"},
                           {{"c2", "2026-01-10", "5"},
                            {"c2", "2026-01-11", "5"},
                            {"c2", "2026-01-12", "0"},
                            {"c1", "2026-01-12", "5"}}}}),
                    march);
    const auto& feed = *snapshot.feed("subscriptions");
    EXPECT_EQ(feed.rows, 5u);
    EXPECT_THAT(feed.contradictions,
                ElementsAre(std::pair{"active_past_end", 1u}, std::pair{"active_past_renewal", 1u},
                            std::pair{"ended_without_date", 1u}, std::pair{"ends_before_start", 1u}));
    EXPECT_THAT(snapshot.feed("usage")->contradictions, ElementsAre(std::pair{"usage_after_end", 1u}));
    EXPECT_EQ(snapshot.feed("usage")->rows, 4u);
}

// -- order and malice -----------------------------------------------------------------------------------------------

/// Every dataset, filled from a seed, with repeats, ties, NULLs and bad cells in it.
std::vector<Rows> generated(unsigned seed) {
    std::mt19937 random{seed};
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const auto customer = [&] { return fmt::format("c{}", pick(12)); };
    const auto date = [&] { return fmt::format("2026-0{}-1{}", 1 + pick(3), pick(10)); };
    const auto maybe = [&](std::string text) { return pick(4) == 0 ? TextCell{} : TextCell{std::move(text)}; };
    const auto number = [&] { return fmt::format("{}", pick(4)); };
    const auto promise = [&] { return fmt::format("p{}", pick(10)); };
    std::vector<Rows> tables = {
        {customers, {"customer_id", "name", "segment", "region", "employees"}, {}},
        {subscriptions, {"subscription_id", "customer_id", "status", "started_on", "ended_on", "mrr", "currency"}, {}},
        {usage, {"customer_id", "at", "value", "metric", "row_id", "known_at"}, {}},
        {attendance, {"customer_id", "at", "status", "event"}, {}},
        {touchpoints, {"customer_id", "at", "kind", "by", "minutes"}, {}},
        {events, {"customer_id", "at", "value", "name"}, {}, {.name = "tickets"}},
        {promises, {"promise_id", "customer_id", "outcome", "starts_on", "due_on", "kind", "target"}, {}},
        {readings, {"promise_id", "at", "value", "origin", "row_id"}, {}},
        {milestones, {"promise_id", "milestone_id", "due_on", "delivered_on", "quality"}, {}},
        {people, {"person_id", "name", "email"}, {}},
        {relations, {"customer_id", "related_id", "kind"}, {}},
        {segment_series, {"segment", "at", "value"}, {}},
        {markers, {"at", "text", "segment"}, {}},
    };
    const std::vector<std::string> kinds = {"service", "sales", "success", "review"},
                                   states = {"attended", "missed", "excused"};
    for (int i = 0; i < 60; ++i) {
        const auto at = pick(2) ? date() : fmt::format("{} 0{}:00:00", date(), pick(3));
        tables[0].rows.push_back(
            {customer(), fmt::format("Name {}", pick(3)), maybe("west"), maybe("r" + number()), maybe(number())});
        tables[1].rows.push_back({fmt::format("s{}", pick(20)), customer(), pick(2) ? "active" : "cancelled", date(),
                                  maybe(date()), maybe(number()), maybe(pick(2) ? "EUR" : "USD")});
        for (int j = 0; j < 4; ++j)
            tables[2].rows.push_back({customer(), pick(30) ? at : "never", maybe(number()), maybe("m" + number()),
                                      maybe("r" + std::to_string(pick(90))), maybe(date())});
        tables[3].rows.push_back({customer(), at, states[static_cast<std::size_t>(pick(3))], maybe("e" + number())});
        tables[4].rows.push_back(
            {customer(), at, kinds[static_cast<std::size_t>(pick(4))], maybe("b" + number()), maybe(number())});
        tables[5].rows.push_back({customer(), at, maybe(number()), maybe("n" + number())});
        tables[6].rows.push_back({promise(), customer(), "o" + number(), date(), date(), "reach", maybe(number())});
        tables[7].rows.push_back(
            {promise(), at, maybe(number()), maybe("reported"), maybe("r" + std::to_string(pick(40)))});
        tables[8].rows.push_back({promise(), "m" + number(), date(), maybe(date()), maybe(number())});
        tables[9].rows.push_back({"a" + number(), maybe("n" + number()), "e" + number()});
        tables[10].rows.push_back({customer(), customer(), maybe("near")});
        tables[11].rows.push_back({"w" + number(), at, maybe(number())});
        tables[12].rows.push_back({at, "t" + number(), maybe("west")});
    }
    tables[2].options.delay = 24h;
    return tables;
}

TEST(Snapshots, AreTheSameForAnyOrderOfRowsAndDatasets) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        const auto tables = generated(seed);
        const auto expected = dump(snapshot_of(tables, march));
        ASSERT_GT(expected.size(), 5000u);
        ASSERT_THAT(expected, HasSubstr("rejected duplicate"));
        for (unsigned shuffle = 1; shuffle <= 5; ++shuffle)
            ASSERT_EQ(dump(snapshot_of(shuffled(tables, seed * 100 + shuffle), march)), expected)
                << "seed " << seed << ", shuffle " << shuffle;
    }
}

struct Malformed {
    std::string reason;
    TextRow row;
};

/// One bad row of each kind, for customer `id`.
std::vector<Malformed> malformed_rows(const std::string& id) {
    return {
        {"null", {id, null, "1", null, null}},
        {"null", {null, "2026-01-01", "1", null, null}},
        {"not_finite", {id, "2026-01-01", "NaN", null, null}},
        {"not_finite", {id, "2026-01-01", "Infinity", null, null}},
        {"out_of_range", {id, "2026-01-01", "1e308", null, null}},
        {"out_of_range", {id, "9999-01-01", "1", null, null}},
        {"out_of_range", {id, "0000-00-00", "1", null, null}},
        {"bad_date", {id, "yesterday", "1", null, null}},
        {"bad_number", {id, "2026-01-01", "much", null, null}},
        {"bad_utf8", {id, "2026-01-01", "1", "\xff\xfe", null}},
        {"bad_utf8", {id, "2026-01-01", "1", std::string("cut\0here", 8), null}},
        {"too_long", {id, "2026-01-01", "1", std::string(1 << 20, 'x'), null}},
        {"too_long", {std::string(300, 'c'), "2026-01-01", "1", null, null}},
        {"unknown_customer", {"'; DROP TABLE customers; --", "2026-01-01", "1", null, null}},
        {"duplicate", {id, "2026-01-01", "5", null, "twice"}},
    };
}

TEST(MalformedRows, AHundredThousandHarmNobodyElseAndEachIsCounted) {
    const std::vector<std::string> columns = {"customer_id", "at", "value", "metric", "row_id"};
    Rows clean{usage, columns, {}};
    for (int day = 10; day < 30; ++day)
        clean.rows.push_back({"c2", fmt::format("2026-01-{}", day), std::to_string(day), null, null});
    auto dirty = clean;
    dirty.rows.push_back({"c1", "2026-01-01", "1", null, "twice"});
    std::map<std::string, std::uint64_t> expected;
    const unsigned seed = 4711;
    std::mt19937 random{seed};
    auto reader = DatasetReader::open({.name = "usage", .kind = usage}, columns);
    ASSERT_TRUE(reader);
    const auto bad = malformed_rows("c1");
    const auto add = [&](const TextRow& row) {
        std::vector<Cell> cells;
        for (const auto& cell : row) cells.push_back(cell ? Cell{*cell} : Cell{});
        ASSERT_TRUE(reader->add(cells));
    };
    for (int i = 0; i < 100'000; ++i) {
        const auto& chosen = bad[random() % bad.size()];
        ++expected[chosen.reason];
        add(chosen.row);
    }
    for (const auto& row : dirty.rows) add(row);
    std::vector<Dataset> datasets;
    datasets.push_back(read(two_customers));
    datasets.push_back(std::move(reader.value()).finish());
    const auto snapshot = assemble(std::move(datasets), {}, march);

    const auto& feed = *snapshot.feed("usage");
    EXPECT_EQ(feed.rows_read, 100'021u);
    // Of the equal "twice" rows one more than stays: all but the canonical first differ or repeat.
    const auto twice = expected["duplicate"];
    expected.erase("duplicate");
    for (const auto& [reason, rows] : expected) {
        ASSERT_TRUE(rejection(snapshot, "usage", reason)) << reason << ", seed " << seed;
        EXPECT_EQ(rejection(snapshot, "usage", reason)->rows, rows) << reason << ", seed " << seed;
        EXPECT_LE(rejection(snapshot, "usage", reason)->keys.size(), 20u);
    }
    EXPECT_EQ(rejection(snapshot, "usage", "duplicate")->rows, twice) << "value 1 stays, each 5 differs from it";
    EXPECT_GT(rejected_share(feed), 0.99);

    const auto untouched = snapshot_of({two_customers, clean}, march);
    const auto& series = *snapshot.find_series("usage");
    const auto& reference = *untouched.find_series("usage");
    ASSERT_EQ(series.first[2] - series.first[1], 20u);
    for (std::uint32_t i = 0; i < 20; ++i) {
        EXPECT_EQ(series.day[series.first[1] + i], reference.day[reference.first[1] + i]);
        EXPECT_EQ(series.value[series.first[1] + i], reference.value[reference.first[1] + i]);
    }
    EXPECT_EQ(series.first[1] - series.first[0], 1u) << "of c1 the one good row";
}

TEST(Rejections, AreDescribedInALine) {
    const auto dataset =
        read({usage, {"customer_id", "at", "value"}, {{"c1", "x", "1"}, {"c2", "y", "1"}, {"c3", "2026-01-01", "z"}}});
    EXPECT_EQ(describe(dataset.rejected), "bad_date 2, bad_number 1 (first: c1/x, c2/y, c3/2026-01-01)");
    EXPECT_EQ(rejected_rows(dataset.rejected), 3u);
}

}  // namespace
}  // namespace retaind
