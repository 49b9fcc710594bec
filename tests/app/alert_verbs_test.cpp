// `alerts ...` over a desk in memory: what is understood, what is refused with which words, and what is done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/alerts.hpp"
#include "edge/delivery/delivery.hpp"
#include "support/memory_desk.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::firing_alert;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Instant now = *parse_day("2026-03-10") + 9h;

class Alerts : public testing::Test {
protected:
    Alerts() {
        desk_.stories = {firing_alert("gone_quiet", "c1"), firing_alert("gone_quiet", "c2"),
                         firing_alert("health_low", "c1")};
        desk_.stories[1].alert.revenue = 900'000;
        desk_.stories[2].alert.severity = Severity::critical;
        rules_.rules = {Rule{.name = "gone_quiet"}, Rule{.name = "health_low"}};
        rules_.policy.currency.base = "EUR";
    }

    /// As on a command line, after `alerts`.
    Result<Said> say(std::vector<std::string> words) {
        words.insert(words.begin(), {"retaind", "alerts"});
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        const auto parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
        if (const int* code = std::get_if<int>(&parsed))
            return Error{.kind = ErrorKind::usage, .message = "exit " + std::to_string(*code)};
        return answer_alerts({.desk = desk_, .rules = rules_, .zone = zone_, .now = now, .login = "kim"},
                             std::get<Options>(parsed));
    }

    std::string said(const std::vector<std::string>& words) {
        const Result<Said> answer = say(words);
        EXPECT_TRUE(answer.ok()) << (answer ? "" : answer.error().message);
        return answer ? answer->text : "";
    }

    Error refused(const std::vector<std::string>& words) {
        const Result<Said> answer = say(words);
        EXPECT_FALSE(answer.ok()) << answer->text;
        return answer ? Error{} : answer.error();
    }

    test::MemoryDesk desk_;
    RuleSet rules_;
    Zone zone_{.name = "Europe/Berlin", .offsets = {{.from = Instant{}, .offset = 1h}}};
};

TEST_F(Alerts, AreListedMostUrgentFirst) {
    desk_.stories.push_back(firing_alert("gone_quiet", "c3"));
    desk_.stories.back().alert.phase = AlertPhase::pending;
    desk_.stories.back().alert.severity = Severity::critical;
    desk_.stories.push_back(firing_alert("gone_quiet", "c4"));
    desk_.stories.back().alert.phase = AlertPhase::resolved;
    const std::string open = said({"list"});
    std::vector<std::size_t> places;
    for (const char* name : {"health_low/c1", "gone_quiet/c2", "gone_quiet/c1", "gone_quiet/c3"})
        places.push_back(open.find(name));
    EXPECT_TRUE(std::ranges::is_sorted(places)) << open;
    EXPECT_NE(places.back(), std::string::npos) << open;
    EXPECT_THAT(open, Not(HasSubstr("gone_quiet/c4")));
    EXPECT_THAT(said({"list", "--all"}), HasSubstr("gone_quiet/c4"));
    EXPECT_THAT(open,
                AllOf(HasSubstr("9,000 EUR a year"), HasSubstr("mend by 2026-04-01"), HasSubstr("since 2026-03-01")));
}

TEST_F(Alerts, AreListedByWhatIsAskedFor) {
    desk_.stories[1].alert.held = true;
    const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> cases = {
        {{"--rule", "health_low"}, {"health_low/c1"}},
        {{"--customer", "c2"}, {"gone_quiet/c2"}},
        {{"--severity", "critical"}, {"health_low/c1"}},
        {{"--held"}, {"gone_quiet/c2"}},
        {{"--open", "--customer", "c1"}, {"health_low/c1", "gone_quiet/c1"}},
        {{"--rule", "nothing"}, {}},
    };
    for (const auto& [words, names] : cases) {
        std::vector<std::string> all = {"list"};
        all.insert(all.end(), words.begin(), words.end());
        const std::string text = said(all);
        EXPECT_EQ(text == "no alerts\n", names.empty()) << text;
        for (const char* name : {"health_low/c1", "gone_quiet/c1", "gone_quiet/c2"})
            EXPECT_EQ(text.find(name) != std::string::npos, std::ranges::count(names, name) == 1)
                << words.front() << name;
    }
    EXPECT_THAT(refused({"list", "--open", "--all"}).message, HasSubstr("exit 2"));
    EXPECT_THAT(refused({"list", "--severity", "grave"}).message, HasSubstr("exit 2"));
}

TEST_F(Alerts, AreNamedByRuleAndEntityOrTheBeginningOfTheirId) {
    const std::string id = alert_id(desk_.stories[2].alert.key);
    for (const std::string& name : {std::string("health_low/c1"), id, id.substr(0, 8), id.substr(0, 4)})
        EXPECT_THAT(said({"show", name}), AllOf(HasSubstr("health_low/c1"), HasSubstr(id))) << name;
    EXPECT_THAT(refused({"show", id.substr(0, 3)}).message, HasSubstr("no alert")) << "too short to be meant";
    const Error mistyped = refused({"show", "health_lwo/c1"});
    EXPECT_EQ(mistyped.kind, ErrorKind::usage);
    EXPECT_EQ(mistyped.hint, "did you mean \"health_low/c1\"?");
    EXPECT_THAT(refused({"show", "nothing/like/it"}).hint, HasSubstr("alerts list"));
    desk_.stories.push_back(desk_.stories[0]);
    desk_.stories.back().alert.key.dimension = "s2";
    desk_.stories.push_back(desk_.stories.back());
    desk_.stories.back().alert.key.dimension = "s3";
    desk_.stories.erase(desk_.stories.begin());
    EXPECT_THAT(refused({"show", "gone_quiet/c1"}).message, HasSubstr("any of 2 alerts"));
    EXPECT_THAT(refused({"show", "gone_quiet/c1"}).hint, HasSubstr("gone_quiet/c1/s2"));
    EXPECT_THAT(said({"show", "gone_quiet/c1/s3"}), HasSubstr("gone_quiet/c1/s3"));
}

TEST_F(Alerts, AreShownWithAllThatHappened) {
    AlertStory& story = desk_.stories[0];
    AlertEvent event;
    event.at = now - days{2};
    event.day = *parse_day("2026-03-07");
    event.after = "firing";
    story.events = {event};
    story.deliveries = {{.delivery_id = "d1",
                         .receiver = "managers",
                         .recipient = "m1@example.org",
                         .status = DeliveryStatus::dead,
                         .created_at = now - days{1},
                         .settled_or_due_at = now,
                         .error_class = "smtp_550"}};
    story.audit = {{.at = now, .author = "pat", .what = "requeue", .about = "d1"}};
    said({"ack", "gone_quiet/c1", "--by", "m1", "--comment", "calling her"});
    const std::string text = said({"show", "gone_quiet/c1"});
    for (const char* part : {"c1 has not been seen", "quiet_days >= 10 (12)", "Call.", "1,200 EUR a year", "2026-04-01",
                             "managers (m1@example.org): dead (smtp_550), d1", "on_it by m1 (command)", "calling her",
                             "requeue d1 by pat", "nothing -> firing", "m1 has it in hand until 2026-03-24"})
        EXPECT_THAT(text, HasSubstr(part));
    const std::string json = said({"show", "gone_quiet/c1", "--json"});
    for (const char* part :
         {"\"alert_id\": \"", "\"delivery_id\": \"d1\"", "\"acknowledged_by\": \"m1\"", "\"what\": \"requeue\"",
          "\"kind\": \"on_it\"", "\"revenue\": 1200.0", "\"segment\": \"north\""})
        EXPECT_THAT(json, HasSubstr(part));
}

TEST_F(Alerts, AreAnswered) {
    said({"ack", "gone_quiet/c1", "health_low/c1"});
    said({"ack", "gone_quiet/c2", "--wrong", "--comment", "they are on leave"});
    ASSERT_EQ(desk_.stories[0].acts.size(), 1u);
    const Act& act = desk_.stories[0].acts[0];
    EXPECT_EQ(act.kind, ActKind::on_it);
    EXPECT_EQ(act.by, "kim") << "the login, when nobody says";
    EXPECT_EQ(act.via, "command");
    EXPECT_EQ(act.until, now + days{14});
    EXPECT_EQ(desk_.stories[2].acts.size(), 1u);
    EXPECT_EQ(desk_.stories[1].acts[0].kind, ActKind::wrong);
    EXPECT_EQ(desk_.stories[1].acts[0].comment, "they are on leave");
    said({"snooze", "gone_quiet/c1", "--until", "2026-03-20", "--reason", "season break", "--by", "m1"});
    EXPECT_EQ(desk_.stories[0].acts[1].until, Instant{*parse_day("2026-03-20")} - 1h) << "as the day begins, in Berlin";
    EXPECT_THAT(said({"list", "--rule", "gone_quiet"}), HasSubstr("snoozed until 2026-03-20"));
    said({"resume", "gone_quiet/c1"});
    EXPECT_THAT(said({"list", "--customer", "c1", "--rule", "gone_quiet"}), Not(HasSubstr("snoozed")));
}

TEST_F(Alerts, AreNotAnsweredHalfway) {
    desk_.stories[1].alert.phase = AlertPhase::resolved;
    EXPECT_THAT(refused({"ack", "gone_quiet/c1", "gone_quiet/c2"}).message, HasSubstr("is over"));
    EXPECT_THAT(desk_.stories[0].acts, IsEmpty());
    EXPECT_THAT(refused({"ack", "gone_quiet/c1", "--until", "200d"}).message, HasSubstr("90 days"));
    EXPECT_THAT(refused({"ack", "gone_quiet/c1", "--until", "soon"}).message,
                HasSubstr("neither a day nor a duration"));
    EXPECT_THAT(refused({"snooze", "gone_quiet/c1", "--until", "3d"}).message, HasSubstr("exit 2")) << "no reason";
    EXPECT_THAT(refused({"snooze", "gone_quiet/c1", "--reason", "r"}).message, HasSubstr("exit 2")) << "no end";
    EXPECT_THAT(refused({"ack"}).message, HasSubstr("exit 2"));
    EXPECT_THAT(refused({}).message, HasSubstr("exit 2"));
    desk_.fails = true;
    EXPECT_EQ(refused({"list"}).kind, ErrorKind::state);
}

TEST_F(Alerts, AreSilencedListedAndHeardAgain) {
    const std::string text = said({"silence", "--match", "segment == \"north\"", "--match", "rule != 'health_low'",
                                   "--until", "2d", "--comment", "maintenance"});
    EXPECT_THAT(text, HasSubstr("matches 2 of the open alerts"));
    ASSERT_EQ(desk_.all_silences.size(), 1u);
    const AlertSilence& silence = desk_.all_silences[0];
    EXPECT_EQ(silence.match.size(), 2u);
    EXPECT_EQ(silence.until, now + days{2});
    EXPECT_EQ(silence.author, "kim");
    EXPECT_THAT(said({"silence", "--list"}), AllOf(HasSubstr("s1 in force"), HasSubstr("maintenance")));
    EXPECT_EQ(said({"silence", "--end", "s1"}), "s1 is over\n");
    EXPECT_EQ(said({"silence", "--list"}), "no silences\n");
    EXPECT_THAT(said({"silence", "--list", "--all"}), HasSubstr("s1 over"));
    EXPECT_THAT(refused({"silence", "--end", "s1"}).message, HasSubstr("no silence \"s1\""));
}

TEST_F(Alerts, AreNotSilencedByMistake) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--match", "rule == 'gone_quite'", "--until", "2d", "--comment", "c"}, "no rule 'gone_quite'"},
        {{"--match", "severity == 'grave'", "--until", "2d", "--comment", "c"}, "no severity 'grave'"},
        {{"--match", "health < 40", "--until", "2d", "--comment", "c"}, "health"},
        {{"--match", "rule == 'gone_quiet'", "--until", "2d", "--comment", " "}, "needs a comment"},
        {{"--match", "rule == 'gone_quiet'", "--until", "2026-03-01", "--comment", "c"}, "end before it begins"},
        {{"--match", "rule == 'gone_quiet'", "--from", "5d", "--until", "2d", "--comment", "c"},
         "end before it begins"},
        {{"--match", "rule == 'gone_quiet'", "--until", "400d", "--comment", "c"}, "at most 365 days"},
        {{"--match", "rule == 'gone_quiet'", "--until", "2d"}, "exit 2"},
        {{"--match", "rule == 'gone_quiet'", "--comment", "c"}, "exit 2"},
        {{}, "exit 2"},
    };
    for (const auto& [words, says] : cases) {
        std::vector<std::string> all = {"silence"};
        all.insert(all.end(), words.begin(), words.end());
        EXPECT_THAT(refused(all).message, HasSubstr(says));
    }
    EXPECT_THAT(desk_.all_silences, IsEmpty());
    EXPECT_THAT(said({"silence", "--match", "rule == 'source_failed'", "--until", "1d", "--comment", "c"}),
                HasSubstr("matches 0"))
        << "built-in rules are rules";
}

TEST_F(Alerts, AreReleasedWhenTheyAreHeld) {
    EXPECT_THAT(refused({"release", "gone_quiet/c1"}).message, HasSubstr("is not held"));
    EXPECT_THAT(refused({"release"}).message, HasSubstr("exit 2")) << "nobody releases all by leaving something out";
    for (AlertStory& story : desk_.stories) story.alert.held = true;
    EXPECT_THAT(said({"release", "gone_quiet/c1"}), HasSubstr("1 held alerts"));
    ASSERT_EQ(desk_.let_go.size(), 1u);
    EXPECT_EQ(desk_.let_go[0].first.entity, "c1");
    EXPECT_EQ(desk_.let_go[0].second, "kim");
    EXPECT_THAT(said({"release", "--all", "--json"}), HasSubstr("\"released\": 3"));
}

TEST_F(Alerts, SendAgainWhatWasGivenUp) {
    desk_.given_up = {"d1", "d2", "d3"};
    const Result<Said> some = say({"requeue", "d1", "d9"});
    ASSERT_TRUE(some.ok());
    EXPECT_EQ(some->code, 1) << "one of them is not there";
    EXPECT_THAT(some->text, AllOf(HasSubstr("d1 goes out again"), HasSubstr("d9 is no delivery")));
    const Result<Said> rest = say({"requeue", "--receiver", "managers"});
    EXPECT_EQ(rest->code, 0);
    EXPECT_THAT(rest->text, AllOf(HasSubstr("d2"), HasSubstr("d3")));
    EXPECT_EQ(said({"requeue", "--receiver", "managers"}), "nothing was given up\n");
    EXPECT_THAT(refused({"requeue"}).message, HasSubstr("exit 2"));
    EXPECT_THAT(refused({"requeue", "d1", "--receiver", "x"}).message, HasSubstr("exit 2"));
}

TEST_F(Alerts, TellWhichRulesAreBelowTheirFloor) {
    EXPECT_THAT(said({"quality"}), HasSubstr("no alert is old enough"));
    desk_.qualities = {{.rule = "gone_quiet",
                        .churned = 3,
                        .shrank = 1,
                        .renewed = 4,
                        .still_open = 2,
                        .called_wrong = 1,
                        .losses = 5,
                        .foreseen = 3,
                        .median_lead_days = 23},
                       {.rule = "health_low", .renewed = 9, .still_open = 1}};
    Result<Said> none = say({"quality"});
    EXPECT_EQ(none->code, 0) << "no floor";
    for (const char* part : {"gone_quiet", "10      4      40 %    60 %    23 d", "health_low", "0 %"})
        EXPECT_THAT(none->text, HasSubstr(part));
    rules_.policy.alerts.min_precision = 0.1;
    const Result<Said> all = say({"quality"});
    EXPECT_EQ(all->code, 1);
    EXPECT_THAT(all->text, HasSubstr("10 %  below"));
    rules_.rules[1].min_precision = 0;
    EXPECT_EQ(say({"quality"})->code, 0) << "the rule's own floor counts";
    rules_.rules[0].min_precision = 0.5;
    const Result<Said> json = say({"quality", "--json"});
    EXPECT_EQ(json->code, 1);
    EXPECT_THAT(json->text, AllOf(HasSubstr("\"precision\": 0.4"), HasSubstr("\"below_floor\": true")));
    desk_.qualities = {{.rule = "gone_quiet", .renewed = 2}};
    EXPECT_EQ(say({"quality"})->code, 0) << "two cases say nothing about a rule";
    desk_.qualities = {{.rule = "gone_quiet", .renewed = 3}};
    EXPECT_EQ(say({"quality"})->code, 1);
}

TEST_F(Alerts, TakeTimesAsPeopleWriteThem) {
    const std::vector<std::pair<std::string, Instant>> cases = {
        {"14d", now + days{14}},
        {"36h", now + 36h},
        {"2026-03-20", Instant{*parse_day("2026-03-20")} - 1h},
        {"2026-03-20 18:00", *parse_day("2026-03-20") + 17h},
        {"2026-03-20T18:00Z", *parse_day("2026-03-20") + 18h},
    };
    for (const auto& [text, at] : cases) {
        const Result<Instant> parsed = parse_time(text, zone_, now);
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(*parsed, at) << text;
    }
    for (const char* text : {"", "tomorrow", "20.3.2026", "14", "-3d"}) EXPECT_FALSE(parse_time(text, zone_, now).ok());
}

}  // namespace
}  // namespace retaind
