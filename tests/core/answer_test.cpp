// What people may answer, and what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/alerts/answer.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using testing::HasSubstr;

const Instant now = *parse_day("2026-03-10") + 9h;

Alert firing(AlertPhase phase = AlertPhase::firing) {
    return {.key = {.rule = "gone_quiet", .scope = Scope::customer, .entity = "c1"},
            .phase = phase,
            .severity = Severity::critical,
            .episode = 3,
            .ended_on = phase == AlertPhase::resolved ? parse_day("2026-03-09") : std::nullopt};
}

TEST(Answer, HoldsForItsUsualTimeWhenNobodySays) {
    const std::vector<std::pair<ActKind, Seconds>> cases = {
        {ActKind::seen, days{3}}, {ActKind::on_it, days{14}}, {ActKind::wrong, days{90}}};
    for (const auto& [kind, span] : cases) {
        const auto act = make_act(firing(), {.kind = kind, .by = "m1", .via = "link"}, now);
        ASSERT_TRUE(act.ok()) << act_kind_name(kind);
        EXPECT_EQ(act->until, now + span) << act_kind_name(kind);
        EXPECT_EQ(act->episode, 3);
        EXPECT_EQ(act->at, now);
    }
    EXPECT_EQ(make_act(firing(), {.kind = ActKind::resume, .by = "m1"}, now)->until, now) << "it holds nothing";
}

TEST(Answer, IsRefusedWhereItMakesNoSense) {
    struct Case {
        const char* name;
        Alert alert;
        Answer answer;
        const char* says;
    };
    const std::vector<Case> cases = {
        {"over", firing(AlertPhase::resolved), {.kind = ActKind::seen}, "is over: resolved on 2026-03-09"},
        {"closed", firing(AlertPhase::closed), {.kind = ActKind::seen}, "is over: closed"},
        {"not yet", firing(AlertPhase::pending), {.kind = ActKind::seen}, "has not fired"},
        {"snooze without end", firing(), {.kind = ActKind::snooze, .comment = "on leave"}, "needs a time"},
        {"snooze without reason", firing(), {.kind = ActKind::snooze, .until = now + days{2}}, "needs a reason"},
        {"blank reason",
         firing(),
         {.kind = ActKind::snooze, .until = now + days{2}, .comment = " \n"},
         "needs a reason"},
        {"in the past", firing(), {.kind = ActKind::on_it, .until = now - 1s}, "is over already"},
        {"now", firing(), {.kind = ActKind::on_it, .until = now}, "is over already"},
        {"for ever", firing(), {.kind = ActKind::on_it, .until = now + days{91}}, "more than 90 days"},
        {"a novel", firing(), {.kind = ActKind::on_it, .comment = std::string(501, 'x')}, "more than 500"},
        {"no text", firing(), {.kind = ActKind::on_it, .comment = "\xff"}, "not UTF-8"},
    };
    for (const auto& [name, alert, answer, says] : cases) {
        const auto act = make_act(alert, answer, now);
        ASSERT_FALSE(act.ok()) << name;
        EXPECT_EQ(act.error().kind, ErrorKind::usage) << name;
        EXPECT_THAT(act.error().message, HasSubstr(says)) << name;
    }
    EXPECT_TRUE(make_act(firing(), {.until = now + days{90}, .comment = std::string(500, 'x')}, now).ok());
    EXPECT_TRUE(make_act(firing(AlertPhase::recovering), {}, now).ok());
}

TEST(Answer, IsToTheSeverityThatWasLookedAt) {
    EXPECT_EQ(make_act(firing(), {.looked_at = Severity::warning}, now)->severity, Severity::warning)
        << "it rose while the page was open";
    EXPECT_EQ(make_act(firing(), {}, now)->severity, Severity::critical);
    Alert eased = firing();
    eased.severity = Severity::warning;
    EXPECT_EQ(make_act(eased, {.looked_at = Severity::critical}, now)->severity, Severity::warning);
}

TEST(Answer, KeepsCommentsOnOneLine) {
    EXPECT_EQ(clean_comment("  called\r\nher\tback \x1b[2J ").value(), "called  her back  [2J");
    EXPECT_EQ(clean_comment("").value(), "");
    EXPECT_EQ(clean_comment("caf\xc3\xa9").value(), "caf\xc3\xa9");
}

TEST(AlertName, SaysTheDimensionWhereThereIsOne) {
    EXPECT_EQ(alert_name({.rule = "r", .entity = "c1"}), "r/c1");
    EXPECT_EQ(alert_name({.rule = "r", .entity = "c1", .dimension = "s2"}), "r/c1/s2");
    EXPECT_EQ(alert_name({.rule = "alerts_held", .scope = Scope::source, .entity = ""}), "alerts_held/");
}

}  // namespace
}  // namespace retaind
