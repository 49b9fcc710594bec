// What a line of the log holds, by format, and what never stands in it.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/log.hpp"

namespace retaind {
namespace {

class Log : public testing::Test {
protected:
    ~Log() override { set_log({}); }

    template <class Say>
    std::string said(const Say& say) {
        testing::internal::CaptureStderr();
        say();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(Log, KeepsLinesWholeAndPeopleUnnamed) {
    set_log({.format = "text"});
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"all is well", "all is well"},
        {"550 5.1.1 <bob.o'neil+x@example.org>: no such user", "550 5.1.1 <***@example.org>: no such user"},
        {"a@x.org, b@y.org", "***@x.org, ***@y.org"},
        {"one\nretaind: faked\x1b[2J", "one retaind: faked [2J"},
        {"at 5 @ noon, @here, me@", "at 5 @ noon, @here, me@"},
    };
    for (const auto& [text, line] : cases) {
        EXPECT_EQ(said([&] { log(LogLevel::warning, text, {.customer_id = "c1"}); }), "retaind: " + line + "\n");
        EXPECT_EQ(as_logged(text), line);
    }
}

TEST_F(Log, SaysNothingLessUrgentThanWanted) {
    set_log({.level = "warning", .format = "text"});
    EXPECT_EQ(said([] { log(LogLevel::info, "one"); }), "");
    EXPECT_EQ(said([] { log(LogLevel::warning, "two"); }), "retaind: two\n");
}

TEST_F(Log, AsJsonHasTheFieldsThatAreKnown) {
    set_log({.format = "json"});
    const auto line = said([] {
        const CycleInLog cycle(Instant{Day{std::chrono::year{2026} / 3 / 1}} + std::chrono::hours{5});
        log(LogLevel::info, "said \"so\"", {.customer_id = "c1", .rule = "gone_quiet"});
    });
    EXPECT_THAT(line, testing::MatchesRegex(R"(\{"time":"20[-0-9T:]+Z","level":"info","message":"said \\"so\\"",)"
                                            R"("customer_id":"c1","rule":"gone_quiet","cycle":"2026-03-01T05:00:00Z"\})"
                                            "\n"));
    const auto after = said([] { log({.kind = ErrorKind::source, .message = "gone \xff"}); });
    EXPECT_THAT(after, testing::HasSubstr("\"message\":\"gone \xef\xbf\xbd\",\"error_class\":\"source\"}"));
}

TEST_F(Log, WithoutAJournalThatIsAskedForGoesToStderr) {
    set_log({.format = "auto"});
    EXPECT_EQ(said([] { log(LogLevel::info, "one"); }), "retaind: one\n");
}

}  // namespace
}  // namespace retaind
