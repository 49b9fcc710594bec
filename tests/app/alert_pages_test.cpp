// The pages behind links, over real sockets: what shows, what acts, and what nobody finds out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/alert_pages.hpp"
#include "support/memory_desk.hpp"
#include "support/set_clock.hpp"
#include "support/talk.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::firing_alert;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const Instant now = *parse_day("2026-03-10") + 9h;
const Secret key{"a key of thirty-two bytes or more"};
const std::string base = "https://retaind.example.org/";

class AlertPagesTest : public testing::Test {
protected:
    AlertPagesTest()
        : clock_(now), pages_(desk_, clock_, key, [this](const std::string& id) { return id == "c1" ? name_ : ""; }) {
        desk_.stories = {firing_alert("gone_quiet", "c1"), firing_alert("gone_quiet", "c2")};
        pages_.configure({.brand = "Example", .external_url = base, .currency = "EUR", .zone = {}});
        server_ = listen_http({.listen = "127.0.0.1:0"}, false, [this](const HttpRequest& request) {
                      return pages_.answer(request);
                  }).value();
    }

    std::string path(const std::string& entity = "c1", Instant expires = now + link_holds) const {
        const std::string link = alert_link(base,
                                            {.key = {.rule = "gone_quiet", .scope = Scope::customer, .entity = entity},
                                             .episode = 1,
                                             .person = "m1",
                                             .expires = expires},
                                            key);
        return link.substr(base.size() - 1);
    }

    std::string talk(const std::string& bytes) const { return test::talk_to(server_->address(), bytes); }

    std::string get(const std::string& path, const std::string& method = "GET") const {
        return talk(method + " " + path + " HTTP/1.1\r\nHost: retaind.example.org\r\nConnection: close\r\n\r\n");
    }

    std::string post(const std::string& path, const std::string& form, const std::string& headers = "") const {
        return talk("POST " + path + " HTTP/1.1\r\nHost: retaind.example.org\r\nConnection: close\r\n" + headers +
                    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                    std::to_string(form.size()) + "\r\n\r\n" + form);
    }

    const std::vector<Act>& acts(std::size_t story = 0) const { return desk_.stories[story].acts; }

    test::MemoryDesk desk_;
    test::SetClock clock_;
    std::string name_ = "One & Co";
    AlertPages pages_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(AlertPagesTest, ShowWhoWhatWhyAndWhatCanBeAnswered) {
    const std::string page = get(path());
    EXPECT_THAT(page, StartsWith("HTTP/1.1 200"));
    for (const char* part :
         {"One &amp; Co", "c1 has not been seen for 12 days.", "quiet_days &gt;= 10 (12)", "2026-03-01",
          "1,200 EUR a year", "2026-04-01", "Call.", "nobody yet", "warning", "value=\"seen\"", "value=\"on_it\"",
          "value=\"wrong\"", "value=\"snooze\"", "min=\"2026-03-11\"", "max=\"2026-06-08\"", "You answer as m1"})
        EXPECT_THAT(page, HasSubstr(part));
    for (const char* header : {"Cache-Control: no-store", "Referrer-Policy: no-referrer", "X-Frame-Options: DENY",
                               "Content-Type: text/html; charset=utf-8", "form-action 'self'"})
        EXPECT_THAT(page, HasSubstr(header));
}

TEST_F(AlertPagesTest, AreFoundBelowThePathOfTheServiceToo) {
    EXPECT_THAT(get("/retaind" + path()), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(get("/retaind/alerts"), StartsWith("HTTP/1.1 404"));
}

TEST_F(AlertPagesTest, ChangeNothingByLookingAtThem) {
    for (int i = 0; i < 5; ++i) get(path());
    const std::string head = get(path(), "HEAD");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(head, Not(HasSubstr("<html")));
    get(path() + "?answer=on_it&comment=x");
    EXPECT_THAT(get(path(), "PUT"), StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AlertPagesTest, ActOnPostAndSayWhatWasDone) {
    const std::string page = post(path(), "answer=on_it&looked_at=warning");
    EXPECT_THAT(page, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(page, AllOf(HasSubstr("it is in your hands"), HasSubstr("m1, until 2026-03-24")));
    ASSERT_EQ(acts().size(), 1u);
    EXPECT_EQ(acts()[0].kind, ActKind::on_it);
    EXPECT_EQ(acts()[0].by, "m1");
    EXPECT_EQ(acts()[0].via, "link");
    EXPECT_EQ(acts()[0].at, now);
    EXPECT_THAT(acts(1), IsEmpty()) << "only the alert of the link";
    clock_.advance(1s);
    post(path(), "answer=seen");
    EXPECT_THAT(post(path(), "answer=wrong&comment=on+leave"), HasSubstr("Noted as wrong"));
    EXPECT_THAT(post(path(), "answer=snooze&until=2026-03-20&comment=season+break"),
                HasSubstr("comes back on 2026-03-20"));
    ASSERT_EQ(acts().size(), 4u);
    EXPECT_EQ(acts()[2].comment, "on leave");
    EXPECT_EQ(acts()[3].until, Instant{*parse_day("2026-03-20")});
    EXPECT_THAT(get(path()), HasSubstr("put off until 2026-03-20"));
}

TEST_F(AlertPagesTest, SayWhatIsMissingAndKeepWhatWasFilledIn) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"answer=snooze&until=2026-03-20&comment=", "needs a reason"},
        {"answer=snooze&until=&comment=why", "needs a time"},
        {"answer=snooze&until=2027-03-20&comment=why", "more than 90 days away"},
        {"answer=snooze&until=2026-03-01&comment=why", "is over already"},
        {"answer=snooze&until=someday&comment=why", "not a day"},
        {"answer=resume", "no answer"},
        {"answer=release", "no answer"},
        {"answer=", "no answer"},
        {"", "no answer"},
        {"answer=wrong&comment=" + std::string(501, 'x'), "more than 500"},
        {"answer=wrong&comment=%ff", "no answer"},
    };
    for (const auto& [form, says] : cases) {
        clock_.advance(1s);
        const std::string page = post(path(), form);
        EXPECT_THAT(page, StartsWith("HTTP/1.1 400")) << form;
        EXPECT_THAT(page, HasSubstr(says)) << form;
        EXPECT_THAT(page, HasSubstr("<form")) << form;
    }
    clock_.advance(1s);
    EXPECT_THAT(post(path(), "answer=snooze&until=2027-03-20&comment=season+break"),
                AllOf(HasSubstr("value=\"2027-03-20\""), HasSubstr("value=\"season break\"")));
    EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AlertPagesTest, TellNothingToWhoHasNoLink) {
    const std::string good = path();
    std::string forged = good;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    const std::string refused = get(forged);
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(refused, Not(HasSubstr("c1")));
    for (const std::string& other : {std::string("/alert/"), std::string("/alert/gone_quiet/c1"), good.substr(0, 40),
                                     "/alert/" + std::string(1500, 'A')}) {
        const std::string reply = get(other);
        EXPECT_EQ(reply, refused) << "one answer, whatever stands behind it: " << other;
    }
    EXPECT_THAT(post(forged, "answer=on_it"), StartsWith("HTTP/1.1 403"));
    for (const char* elsewhere : {"/", "/alerts", "/metrics", "/alert"})
        EXPECT_THAT(get(elsewhere), StartsWith("HTTP/1.1 404")) << elsewhere;
    EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AlertPagesTest, EndWithTheirLinks) {
    const std::string expired = path("c1", now);
    EXPECT_THAT(get(expired), AllOf(StartsWith("HTTP/1.1 410"), HasSubstr("has expired"), Not(HasSubstr("c1 has"))));
    EXPECT_THAT(post(expired, "answer=on_it"), StartsWith("HTTP/1.1 410"));
    EXPECT_THAT(get(path("c1", now + 1s)), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(get(path("c9")), StartsWith("HTTP/1.1 410")) << "not kept any more";
    desk_.stories[0].alert.episode = 2;
    EXPECT_THAT(get(path()), AllOf(StartsWith("HTTP/1.1 410"), HasSubstr("newer message")));
    EXPECT_THAT(post(path(), "answer=on_it"), StartsWith("HTTP/1.1 410"));
    EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AlertPagesTest, SayThatAnAlertIsOver) {
    Alert& alert = desk_.stories[0].alert;
    alert.ended_on = *parse_day("2026-03-09");
    const std::vector<std::pair<AlertPhase, std::string>> cases = {
        {AlertPhase::resolved, "it has recovered on 2026-03-09"},
        {AlertPhase::closed, "closed on 2026-03-09"},
        {AlertPhase::pending, "may be about to come back"}};
    for (const auto& [phase, says] : cases) {
        alert.phase = phase;
        const std::string page = get(path());
        EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(says), Not(HasSubstr("<form"))));
        EXPECT_THAT(post(path(), "answer=on_it"), StartsWith("HTTP/1.1 400"));
    }
    EXPECT_THAT(acts(), IsEmpty());
}

TEST_F(AlertPagesTest, TakeAnswersFromTheirOwnPagesOnly) {
    for (const char* foreign :
         {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n", "Origin: https://evil.example\r\n",
          "Origin: https://retaind.example.org.evil.example\r\n"})
        EXPECT_THAT(post(path(), "answer=on_it", foreign), StartsWith("HTTP/1.1 403")) << foreign;
    EXPECT_THAT(acts(), IsEmpty());
    for (const char* own :
         {"", "Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", "Origin: https://retaind.example.org\r\n"})
        EXPECT_THAT(post(path(), "answer=on_it", own), StartsWith("HTTP/1.1 200")) << own;
}

TEST_F(AlertPagesTest, AnswerOneLinkAFewTimesASecond) {
    for (int i = 0; i < acts_per_second; ++i) EXPECT_THAT(post(path(), "answer=seen"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(post(path(), "answer=seen"), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: 1")));
    EXPECT_THAT(get(path()), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(post(path("c2"), "answer=seen"), StartsWith("HTTP/1.1 200")) << "others are not held up";
    clock_.advance(1s);
    EXPECT_THAT(post(path(), "answer=seen"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AlertPagesTest, AnswerToWhatTheReaderSaw) {
    desk_.stories[0].alert.severity = Severity::critical;
    EXPECT_THAT(post(path(), "answer=on_it&looked_at=warning"), HasSubstr("has become critical since"));
    EXPECT_EQ(acts()[0].severity, Severity::warning) << "it rose in between: they are told of that";
    EXPECT_THAT(get(path()), HasSubstr("nobody yet"));
}

TEST_F(AlertPagesTest, ShowTextsFromDataAsTexts) {
    const std::string hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    name_ = hostile;
    desk_.stories[0].alert.message = desk_.stories[0].alert.advice = hostile;
    desk_.stories[0].alert.reasons = {hostile};
    const std::string page = get(path());
    EXPECT_THAT(page, StartsWith("HTTP/1.1 200"));
    for (const char* tag : {"<script", "<img"}) EXPECT_THAT(page, Not(HasSubstr(tag)));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
    const std::string refused = post(path(), "answer=snooze&until=%22%3E%3Cscript%3E&comment=%22%3E%3Cscript%3E");
    EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 400"), Not(HasSubstr("<script"))));
}

TEST_F(AlertPagesTest, StoreNoMoreOfOneReaderThanIsSensible) {
    Act earlier{.key = desk_.stories[0].alert.key, .episode = 1, .at = now, .by = "m1", .via = "link"};
    desk_.stories[0].acts.assign(most_acts, earlier);
    const std::string page = post(path(), "answer=seen");
    EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("answered too often")));
    EXPECT_EQ(acts().size(), most_acts);
}

TEST_F(AlertPagesTest, AreFoundUnderTheFormerNameOfARule) {
    desk_.stories[0].alert.key.rule = "silent";
    EXPECT_THAT(get(path()), StartsWith("HTTP/1.1 410"));
    pages_.configure({.brand = "Example", .external_url = base, .zone = {}, .renamed = {{"gone_quiet", "silent"}}});
    EXPECT_THAT(get(path()), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("One &amp; Co")));
    EXPECT_THAT(post(path(), "answer=on_it"), StartsWith("HTTP/1.1 200"));
    ASSERT_EQ(acts().size(), 1u);
    EXPECT_EQ(acts()[0].key.rule, "silent");
    EXPECT_THAT(get(path("c2")), StartsWith("HTTP/1.1 200")) << "not renamed in the state yet";
    RuleSet rules;
    rules.rules = {{.name = "silent", .was = "gone_quiet"}, {.name = "other"}};
    EXPECT_THAT(former_names(rules), testing::ElementsAre(testing::Pair("gone_quiet", "silent")));
}

TEST_F(AlertPagesTest, TakeNoAnswerFromWhoGaveTheAccountAway) {
    Alert& alert = desk_.stories[0].alert;
    alert.owner = "m2";
    alert.told = {{.receiver = "mail", .recipient = "m1", .episode = 1, .was_owner = true},
                  {.receiver = "mail", .recipient = "m2", .episode = 1}};
    const std::string page = get(path());
    EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("another account manager now"),
                            HasSubstr("has not been seen"), Not(HasSubstr("<form")), Not(HasSubstr("m2"))));
    EXPECT_THAT(post(path(), "answer=snooze&until=2026-03-20&comment=x"),
                AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("another account manager now")));
    EXPECT_THAT(acts(), IsEmpty());
    alert.told[0].was_owner = false;
    clock_.advance(1s);
    EXPECT_THAT(post(path(), "answer=on_it"), StartsWith("HTTP/1.1 200")) << "told again, in another role";
}

TEST_F(AlertPagesTest, AskToTryAgainWhileTheStateIsBusy) {
    desk_.fails = true;
    EXPECT_THAT(get(path()), StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(post(path(), "answer=seen"), StartsWith("HTTP/1.1 503"));
}

TEST(AlertLink, BeginsAsTheConfigurationSays) {
    const LinkTarget target{.key = {.rule = "r", .entity = "c"}, .episode = 1, .person = "m", .expires = now};
    const std::string token = make_link_token(target, key);
    EXPECT_EQ(alert_link("https://x.example", target, key), "https://x.example/alert/" + token);
    EXPECT_EQ(alert_link("https://x.example/", target, key), "https://x.example/alert/" + token);
    EXPECT_EQ(alert_link("", target, key), "");
    EXPECT_EQ(alert_link("https://x.example", target, {}), "");
}

}  // namespace
}  // namespace retaind
