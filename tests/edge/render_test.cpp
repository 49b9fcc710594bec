// A message as it leaves: said in few words, nothing from data steers what shows it, and nothing leaves that `fields`
// does not name.
#include "edge/render/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "edge/render/line.hpp"
#include "retaind/base/text.hpp"
#include "retaind/model/dataset.hpp"
#include "support/sample_messages.hpp"

namespace retaind {
namespace {

using test::render_sample;
using test::sample_message;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

const Day today = *parse_day("2026-03-10");

/// One message of each kind of news, with `text` wherever data or rules bring a text.
Message message_with(const std::string& text, MessageKind kind = MessageKind::alerts) {
    AlertNote note{.key = {.rule = "drift", .scope = Scope::customer, .entity = text},
                   .episode = 1,
                   .seq = 2,
                   .severity = Severity::critical,
                   .customer_id = text,
                   .customer_name = text,
                   .segment = text,
                   .message = text,
                   .advice = text,
                   .reasons = {text, text},
                   .since = today,
                   .deadline = today,
                   .revenue = 120'000,
                   .outcome = text,
                   .record = {.right = 1, .of = 4},
                   .doer = text};
    AlertNote closed = note, source = note, handed_over = note, untold = note;
    closed.transition = Transition::closed;
    closed.closed_because = text;
    source.key = {.rule = "source_failed", .scope = Scope::source, .entity = text};
    source.customer_id = source.customer_name = "";
    handed_over.telling = Telling::handed_over;
    handed_over.new_owner = text;
    untold.transition = Transition::resolved;
    untold.untold_problem = text;
    note.acknowledged_by = text;
    Message message{.receiver = "desk",
                    .recipient = {.person_id = "m1", .name = text, .email = "m@example.org", .standing_in_for = text},
                    .kind = kind,
                    .as_of = today,
                    .notes = {note, closed, source, handed_over, untold}};
    if (kind == MessageKind::digest) {
        message.digest = Digest{.act_today = {source},
                                .moved = {{text, text, 1, 2, Band::watch, Band::at_risk, {text, text}}},
                                .due = {{text, text, text, today, 100}},
                                .kept = {{text, text, text}},
                                .unknown = {{text, text, 1}}};
    }
    return message;
}

Payload rendered(const Message& message, ReceiverType type, std::vector<std::string> fields = {}) {
    return render(message, {.receiver = {.name = message.receiver, .type = type, .fields = std::move(fields)},
                            .delivery_id = "d1",
                            .brand = "Example",
                            .currency = "EUR",
                            .link = [](const AlertNote&) { return "https://retaind.example.org/a/1"; }});
}

/// The tags of a page with their attributes, without what stands between them.
std::vector<std::string> structure(const std::string& html) {
    std::vector<std::string> tags;
    for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
        const auto end = html.find('>', at);
        if (end == std::string::npos) return {"a tag that does not end"};
        tags.push_back(html.substr(at, end + 1 - at));
    }
    return tags;
}

/// Whether a terminal, a mail program or a chat would take it as text.
bool is_plain(const std::string& text, bool may_have_lines) {
    const bool has_control = std::any_of(text.begin(), text.end(), [&](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && !(may_have_lines && c == '\n')) || c == 0x7f;
    });
    return !has_control && is_valid_utf8(text) && text.find("\xc2\x9b") == text.npos &&
           text.find("\xe2\x80\xae") == text.npos && text.find("\xe2\x80\xa8") == text.npos;
}

const std::vector<std::pair<std::string, std::string>> hostile_texts = {
    {"tags", "</div><script>alert(1)</script><!-- "},
    {"a tag that does not end", "<img src=x onerror=alert(1) "},
    {"quotes", "\" style=\"position:fixed\" x='"},
    {"an entity", "&lt;b&gt; & &#0;"},
    {"header lines", "harmless\r\nBcc: everybody@example.org\r\n\r\nbody"},
    {"line ends of other scripts", "one\xe2\x80\xa8two\xc2\x85three"},
    {"an escape sequence",
     "\x1b[2J\x1b]0;title\x07 and \xc2\x9b"
     "31m"},
    {"reading turned around",
     "file\xe2\x80\xae"
     "cod.exe"},
    {"mustache", "{{brand}} {{{footer}}} {{#notes}}{{/notes}} {{=<% %>=}}"},
    {"mentions", "<!channel> <@U123> <#C1|general> @here @all @channel"},
    {"addresses behind words", "<https://example.net|your bank> [your bank](https://example.net) ![x](https://x)"},
    {"bad UTF-8", "caf\xe9 \xff\xfe \xed\xa0\x80 \xf0\x9f"},
    {"JSON", R"(","severity":"info","x":")"},
    {"a condition that goes on", "health < 40 (31) (32"},
    {"very long", std::string(100'000, 'x') + "\xe2\x82\xac"},
    {"long, and longer once escaped", std::string(5'000, '&')},
    {"long, of several bytes each", std::string("x") + [] {
         std::string euros;
         for (int i = 0; i < 5000; ++i) euros += "\xe2\x82\xac";
         return euros;
     }()}};

constexpr MessageKind kinds[] = {MessageKind::alerts, MessageKind::adoption, MessageKind::ops, MessageKind::digest};

TEST(Mail, HostileTextsStayText) {
    for (const MessageKind kind : kinds) {
        const Payload plain = rendered(message_with("Ada", kind), ReceiverType::email);
        const auto lines = std::count(plain.text.begin(), plain.text.end(), '\n');
        for (const auto& [what, text] : hostile_texts) {
            SCOPED_TRACE(what);
            const Payload payload = rendered(message_with(text, kind), ReceiverType::email);
            EXPECT_EQ(structure(payload.html), structure(plain.html));
            EXPECT_TRUE(is_plain(payload.html, true));
            EXPECT_TRUE(is_plain(payload.text, true));
            EXPECT_EQ(std::count(payload.text.begin(), payload.text.end(), '\n'), lines);
            EXPECT_TRUE(is_plain(payload.subject, false));
            EXPECT_LE(characters(payload.subject), 70);
            EXPECT_LE(payload.html.size(), 300'000u);
        }
    }
}

TEST(Webhook, HostileTextsStayText) {
    for (const auto& [what, text] : hostile_texts) {
        SCOPED_TRACE(what);
        const Payload payload = rendered(message_with(text, MessageKind::digest), ReceiverType::webhook);
        EXPECT_EQ(payload.json.find('\n'), std::string::npos);
        const Json json = Json::parse(payload.json);
        EXPECT_EQ(json["alerts"][0]["severity"], "critical");
        EXPECT_EQ(json["alerts"].size(), 5u);
    }
}

TEST(Alertmanager, HostileTextsStayText) {
    for (const auto& [what, text] : hostile_texts) {
        SCOPED_TRACE(what);
        const Json alerts = Json::parse(rendered(message_with(text), ReceiverType::alertmanager).json);
        ASSERT_EQ(alerts.size(), 5u);
        EXPECT_EQ(alerts[0]["labels"]["severity"], "critical");
        for (const char* part : {"labels", "annotations"}) {
            for (const auto& [name, value] : alerts[0][part].items()) {
                EXPECT_TRUE(is_plain(value.get<std::string>(), false)) << name;
                EXPECT_LE(value.get<std::string>().size(), 1000u) << name;
            }
        }
    }
}

/// Every text of a chat's body, with where it stands.
void expect_within_limits(const Json& body) {
    EXPECT_LE(body["text"].get<std::string>().size(), 40'000u);
    EXPECT_LE(body["blocks"].size(), 50u);
    for (const Json& block : body["blocks"]) {
        const std::size_t longest = block["type"] == "header" ? 150 : 3'000;
        if (block.contains("text")) {
            EXPECT_LE(block["text"]["text"].get<std::string>().size(), longest);
        }
        if (!block.contains("fields")) continue;
        EXPECT_LE(block["fields"].size(), 10u);
        for (const Json& field : block["fields"]) EXPECT_LE(field["text"].get<std::string>().size(), 2'000u);
    }
}

TEST(Slack, TextsMentionNobodyAndHideNoAddress) {
    for (const MessageKind kind : kinds) {
        for (const auto& [what, text] : hostile_texts) {
            SCOPED_TRACE(what);
            const std::string json = rendered(message_with(text, kind), ReceiverType::slack).json;
            for (const char* read_by_a_chat : {"<!", "<@", "<#", "@here", "@all", "@channel", "](", "<https://example"})
                EXPECT_THAT(json, Not(HasSubstr(read_by_a_chat)));
            expect_within_limits(Json::parse(json));
        }
    }
}

std::string guest(int number) { return "Guest " + std::to_string(1000 + number); }

/// One alert of each of so many guests.
Message about_guests(int number) {
    Message message = sample_message("one");
    const AlertNote first = message.notes[0];
    message.notes.clear();
    for (int at = 0; at < number; ++at) {
        AlertNote note = first;
        note.key.entity = note.customer_id = "c" + std::to_string(1000 + at);
        note.customer_name = guest(at);
        note.message = guest(at) + " has missed 3 events in a row; renewal in 112 days.";
        message.notes.push_back(note);
    }
    return message;
}

TEST(Render, NamesEverybodyAlsoBeyondWhatIsToldInFull) {
    const Message message = about_guests(120);
    const Payload mail = render_sample(message, ReceiverType::email);
    const Json body = Json::parse(render_sample(message, ReceiverType::slack).json);
    expect_within_limits(body);
    const std::string blocks = body["blocks"].dump();
    for (int at = 0; at < 120; ++at) {
        EXPECT_THAT(mail.text, HasSubstr(guest(at)));
        EXPECT_THAT(mail.html, HasSubstr(guest(at)));
        EXPECT_THAT(blocks, HasSubstr(guest(at)));
        EXPECT_THAT(blocks, HasSubstr("https://retaind.example.org/a/stopped_coming.c" + std::to_string(1000 + at)));
        EXPECT_THAT(body["text"].get<std::string>(), HasSubstr(guest(at))) << "which Mattermost shows";
    }
    EXPECT_THAT(mail.text, HasSubstr("\n\nThe others, in short\n"
                                     "  Guest 1040: has missed 3 events in a row; renewal in 112 days.\n"
                                     "    Answer: https://retaind.example.org/a/stopped_coming.c1040\n"));
    EXPECT_THAT(mail.text, EndsWith("/a/stopped_coming.c1119\n\n--\nStadium Company, from the data as of 10 Mar 2026. "
                                    "Replies reach success@example.org.\n"))
        << "nobody is only counted";
}

TEST(Slack, CountsExactlyWhatItHasNoRoomFor) {
    const Json body = Json::parse(render_sample(about_guests(700), ReceiverType::slack).json);
    expect_within_limits(body);
    const std::string blocks = body["blocks"].dump();
    int named = 0;
    while (named < 700 && blocks.find(guest(named)) != std::string::npos) ++named;
    EXPECT_GE(named, 200) << "the most urgent ones";
    EXPECT_THAT(blocks, HasSubstr("\"and " + std::to_string(700 - named) + " more\""));
}

TEST(Slack, OfALongDigestShowsSomethingOfEachPart) {
    Message message = sample_message("digest");
    message.digest->act_today = about_guests(700).notes;
    const Json body = Json::parse(render_sample(message, ReceiverType::slack).json);
    expect_within_limits(body);
    const std::string blocks = body["blocks"].dump();
    for (const char* shown : {"Guest 1060", "Also new", "Harbour Clinic", "Due in 14 days", "Feld GmbH", "not loaded"})
        EXPECT_THAT(blocks, HasSubstr(shown));
}

TEST(Slack, IsMadeOfBlocksAndTheSameAsText) {
    const Json body = Json::parse(render_sample(sample_message("one"), ReceiverType::slack).json);
    std::vector<std::string> types;
    for (const Json& block : body["blocks"]) types.push_back(block["type"].get<std::string>());
    EXPECT_THAT(types,
                ElementsAre("header", "section", "section", "section", "section", "context", "actions", "context"));
    EXPECT_EQ(body["blocks"][0]["text"]["text"], "Row 12 Seat 4 has missed 3 events in a row; renewal in 112 days");
    EXPECT_EQ(body["blocks"][3]["fields"][1]["text"], "*Worth*\n588 EUR a year");
    EXPECT_EQ(body["blocks"][6]["elements"][0]["url"], "https://retaind.example.org/a/stopped_coming.c1");
    EXPECT_THAT(body["text"].get<std::string>(),
                testing::StartsWith("Row 12 Seat 4\nWarning. Has missed 3 events in a row; renewal in 112 days.\n"));
}

TEST(Render, WhatIsNotHostileIsKeptAsItIs) {
    const Message message = message_with("Zoë & Søn: {\"a\"} 100 % €");
    EXPECT_THAT(rendered(message, ReceiverType::email).text, HasSubstr("Zoë & Søn: {\"a\"} 100 % €"));
    EXPECT_THAT(rendered(message, ReceiverType::email).html, HasSubstr("Zoë &amp; Søn: {&quot;a&quot;} 100 % €"));
    EXPECT_EQ(Json::parse(rendered(message, ReceiverType::file).json)["alerts"][0]["message"],
              "Zoë & Søn: {\"a\"} 100 % €");
}

TEST(Render, ALinkThatNoBrowserShouldOpenIsLeftOut) {
    for (const char* address : {"javascript:alert(1)", "https://a.example/\" onclick=\"x", "https://a.example/ b",
                                "https://a.example/\n", "ftp://a.example", ""}) {
        const Payload mail = render(sample_message("one"), {.receiver = {.name = "m", .type = ReceiverType::email},
                                                            .link = [&](const AlertNote&) { return address; }});
        EXPECT_THAT(mail.html, Not(HasSubstr("href"))) << address;
    }
}

TEST(Reasons, AreSaidInWordsWhenTheyCompareAFieldWithANumber) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"missed_in_a_row >= 3 (4)", "missed in a row: 4 (rule: 3 or more)"},
        {"days_to_renewal <= 180 (112)", "days to renewal: 112 (rule: 180 or less)"},
        {"health < 40 (39.8)", "health: 39.8 (rule: less than 40)"},
        {"pace > -0.5 (-0.2)", "pace: -0.2 (rule: more than -0.5)"},
        {"customer.tenure_days >= 14d (20)", "tenure days: 20 (rule: 14d or more)"},
        {"state == 'off_track' (off_track)", "state: off_track"},
        {"disputed == true (yes)", "disputed: yes"},
        {"steps_overdue == 2 (2)", "steps overdue: 2"},
        // Where words would not be exact, it stays as it is.
        {"state != 'kept' (missed)", "state != 'kept' (missed)"},
        {"mrr < list_mrr (40, 49)", "mrr < list_mrr (40, 49)"},
        {"segment in ['a', 'b'] (a)", "segment in ['a', 'b'] (a)"},
        {"known(pulse) (3)", "known(pulse) (3)"},
        {"customers: connection refused", "customers: connection refused"},
        {"", ""}};
    for (const auto& [exact, said] : cases) EXPECT_EQ(readable_reason(exact), said);
}

TEST(Subjects, AreCutAfterAWord) {
    EXPECT_EQ(shortened("Nobody has called. Silence is not health.", 30), "Nobody has called");
    EXPECT_EQ(shortened("Nobody has called them, for ninety days", 24), "Nobody has called them");
    EXPECT_EQ(shortened("Nobody has called them for ninety days", 24), "Nobody has called...");
    EXPECT_EQ(shortened("Nobody has called.", 30), "Nobody has called");
    EXPECT_EQ(shortened(std::string(100, 'x'), 10), "xxxxxxx...");
    EXPECT_EQ(shortened("€€€€€€€€€€€€", 10), "€€€€€€€...");
}

TEST(Dates, OfATextAreSaidAsEverywhereElse) {
    EXPECT_EQ(with_readable_dates("due 2026-06-30."), "due 30 Jun 2026.");
    EXPECT_EQ(with_readable_dates("2026-06-30"), "30 Jun 2026");
    for (const char* other : {"due 2026-13-30", "no2026-06-30", "2026-06-301", "2026-06-3", ""})
        EXPECT_EQ(with_readable_dates(other), other);
}

TEST(Record, IsNotSaidBelowThreeCases) {
    Message message = sample_message("one");
    EXPECT_THAT(render_sample(message, ReceiverType::email).text, HasSubstr("right in 4 of 10"));
    message.notes[0].record = {.right = 2, .of = 2};
    const Payload mail = render_sample(message, ReceiverType::email);
    EXPECT_THAT(mail.text + mail.html, Not(HasSubstr("right in")));
}

/// Each kind of message, to the letter: its name among the samples, its subject, its text above the footer.
struct Golden {
    std::string name, subject, text;
};
const std::vector<Golden> goldens = {
    {"one", R"(Row 12 Seat 4 has missed 3 events in a row; renewal in 112 days)",
     R"(Row 12 Seat 4
Warning. Has missed 3 events in a row; renewal in 112 days.
  Since    28 Feb 2026 (10 days)
  Worth    588 EUR a year
  Risk     31 %
  Mend by  30 Apr 2026 (in 51 days)
  Why      missed in a row: 3 (rule: 3 or more); days to renewal: 112 (rule: 180 or less)
           This rule was right in 4 of 10 cases so far.
  Next     Call to ask how they are. Do not sell.
           You are asked to act.
  Answer   https://retaind.example.org/a/stopped_coming.c1 (seen, on it, wrong or snooze)
)"},
    {"several", R"(Brandt & Sons Logistics: "Tickets..." is 12 days behind, and 1 more)",
     R"(Brandt & Sons Logistics
  Worth    48,200 EUR a year
  Risk     12 % (the segment's base rate)
  Mend by  27 Mar 2026 (in 17 days)
Now critical. "Tickets answered within a day" is 12 days behind, due 30 Jun 2026.
  Since    19 Feb 2026 (19 days)
  Why      pace: -0.22 (rule: -0.15 or less); probability kept: 0.24 (rule: less than 0.3)
           This rule was right in 7 of 9 cases so far.
  Next     Tell them before they find out, with a plan that holds.
           Jonas Weber is asked to act.
  Answer   https://retaind.example.org/a/promise_slipping.p7 (seen, on it, wrong or snooze)
Warning. Health is 34 of 100.
  Since    8 Mar 2026 (2 days)
  Why      health: 34 (rule: less than 40)
  Next     Bring one finding about their own business, not a question.
           You are asked to act.
  Answer   https://retaind.example.org/a/health_low.c2 (seen, on it, wrong or snooze)

Row 12 Seat 4
Warning. Has missed 3 events in a row; renewal in 112 days.
  Since    28 Feb 2026 (10 days)
  Worth    588 EUR a year
  Risk     31 %
  Mend by  30 Apr 2026 (in 51 days)
  Why      missed in a row: 3 (rule: 3 or more); days to renewal: 112 (rule: 180 or less)
           This rule was right in 4 of 10 cases so far.
  Next     Call to ask how they are. Do not sell.
           You are asked to act.
  Answer   https://retaind.example.org/a/stopped_coming.c1 (seen, on it, wrong or snooze)
)"},
    {"repeat", R"(Still open: Row 12 Seat 4 has missed 3 events in a row)",
     R"(Row 12 Seat 4
Still open. Has missed 3 events in a row; renewal in 112 days.
Nobody has answered yet.
  Since    28 Feb 2026 (10 days)
  Worth    588 EUR a year
  Risk     31 %
  Mend by  30 Apr 2026 (in 51 days)
  Why      missed in a row: 3 (rule: 3 or more); days to renewal: 112 (rule: 180 or less)
           This rule was right in 4 of 10 cases so far.
  Next     Call to ask how they are. Do not sell.
           You are asked to act.
  Answer   https://retaind.example.org/a/stopped_coming.c1 (seen, on it, wrong or snooze)
)"},
    {"step", R"(Unanswered: Brandt & Sons Logistics: "Tickets..." is 12 days behind)",
     R"(You receive this while Ute Kern is away.

Brandt & Sons Logistics
Unanswered. "Tickets answered within a day" is 12 days behind, due 30 Jun 2026.
Jonas Weber has not answered, so you are told too.
  Since    19 Feb 2026 (19 days)
  Worth    48,200 EUR a year
  Risk     12 % (the segment's base rate)
  Mend by  27 Mar 2026 (in 17 days)
  Why      pace: -0.22 (rule: -0.15 or less); probability kept: 0.24 (rule: less than 0.3)
           This rule was right in 7 of 9 cases so far.
  Next     Tell them before they find out, with a plan that holds.
           Jonas Weber is asked to act.
  Answer   https://retaind.example.org/a/promise_slipping.p7 (seen, on it, wrong or snooze)
)"},
    {"handed_over", R"(Now with Bo Lind: Row 12 Seat 4 has missed 3 events in a row)",
     R"(Row 12 Seat 4
Handed over. Has missed 3 events in a row; renewal in 112 days.
Bo Lind looks after this customer now. You are no longer asked.
  Since    28 Feb 2026 (10 days)
  Worth    588 EUR a year
  Risk     31 %
  Mend by  30 Apr 2026 (in 51 days)
)"},
    {"flapping", R"(Comes and goes: Row 12 Seat 4 has missed 3 events in a row)",
     R"(Row 12 Seat 4
Comes and goes. Has missed 3 events in a row; renewal in 112 days.
You hear of it again once it has settled.
  Since    28 Feb 2026 (10 days)
  Worth    588 EUR a year
  Risk     31 %
  Mend by  30 Apr 2026 (in 51 days)
  Why      missed in a row: 3 (rule: 3 or more); days to renewal: 112 (rule: 180 or less)
           This rule was right in 4 of 10 cases so far.
  Next     Call to ask how they are. Do not sell.
           You are asked to act.
  Answer   https://retaind.example.org/a/stopped_coming.c1 (seen, on it, wrong or snooze)
)"},
    {"resolved", R"(Resolved: Row 12 Seat 4 has missed 3 events in a row)",
     R"(Row 12 Seat 4
Resolved. It was: has missed 3 events in a row; renewal in 112 days.
  Began    28 Feb 2026 (10 days)
  Worth    588 EUR a year
)"},
    {"untold", R"(Resolved: Row 12 Seat 4 has missed 3 events in a row)",
     R"(Row 12 Seat 4
Resolved. It was: has missed 3 events in a row; renewal in 112 days.
Over by 10 Mar 2026. You were not told meanwhile, because the message could not be delivered.
  Began    3 Mar 2026 (7 days)
  Worth    588 EUR a year
)"},
    {"closed", R"(Closed: Brandt & Sons Logistics: "Tickets..." is 12 days behind)",
     R"(Brandt & Sons Logistics
Closed. It was: "Tickets answered within a day" is 12 days behind, due 30 Jun 2026.
The contract ended. This is not a recovery.
  Began    19 Feb 2026 (19 days)
  Worth    48,200 EUR a year
)"},
    {"ops", R"(crm cannot be read. Alerts that depend on it stand still)",
     R"(Data: crm
Warning. crm cannot be read. Alerts that depend on it stand still.
  Since    9 Mar 2026 (1 day)
  Why      customers: connection refused; usage: connection refused
  Next     You are asked to act.
  Answer   https://retaind.example.org/a/source_failed.crm (seen, on it, wrong or snooze)
)"},
    {"digest", R"(Act today: Brandt & Sons Logistics and 2 more; 1 new, 2 moved, 2 due)",
     R"(1 alert below would have been a message of its own, but you were interrupted often enough this week.

Act today
  Brandt & Sons Logistics: Now critical: "Tickets answered within a day" is 12 days behind, due 30 Jun 2026.
    Mend by 27 Mar 2026 (in 17 days); worth 48,200 EUR a year. Tell them before they find out, with a plan that holds.
    Answer: https://retaind.example.org/a/promise_slipping.p7
  Health is 34 of 100.
    Worth 48,200 EUR a year. Bring one finding about their own business, not a question.
    Answer: https://retaind.example.org/a/health_low.c2
  Row 12 Seat 4: has missed 3 events in a row; renewal in 112 days.
    Mend by 30 Apr 2026 (in 51 days); worth 588 EUR a year. Call to ask how they are. Do not sell.
    Answer: https://retaind.example.org/a/stopped_coming.c1

Also new
  Row 3 Seat 11: Resolved. It was: has missed 3 events in a row; renewal in 98 days.

Moved since yesterday
  Harbour Clinic: health from 72 to 58, now watch
    visits -9.2, tickets -4.1
  Nordlicht Schule: health from 51 to 61
    attendance +7.9

Due in 14 days
  27 Mar 2026: Brandt & Sons Logistics, last day to give notice
    48,200 EUR a year
  20 Mar 2026: Harbour Clinic, "Waiting time under ten minutes" is due
    12,000 EUR a year

Promises kept
  Feld GmbH: Two people trained on the planner

Unknown
  attendance: not loaded since 8 Mar 2026
    12 customers of yours
)"},
    {"all_quiet", R"(All quiet, 120 customers watched)",
     R"(There has been nothing to tell about your 120 customers for a week. This only shows that the watch goes on.
)"},
};

TEST(Mail, ReadsLikeThis) {
    for (const Golden& golden : goldens) {
        const Payload mail = render_sample(sample_message(golden.name), ReceiverType::email);
        EXPECT_EQ(mail.subject, golden.subject) << golden.name;
        EXPECT_EQ(mail.text, golden.text +
                                 "\n--\nStadium Company, from the data as of 10 Mar 2026. Replies reach "
                                 "success@example.org.\n");
    }
}

TEST(Mail, AFoundListIsOneListWhoseSubjectCounts) {
    const Payload mail = render_sample(sample_message("adoption"), ReceiverType::email);
    EXPECT_EQ(mail.subject, "Found at the start: 3 alerts");
    EXPECT_THAT(mail.text, testing::StartsWith("This was already so when watching began, or when a rule was new."));
}

TEST(Mail, WhoHasItInHandIsSaidInsteadOfWhoIsAsked) {
    const Payload mail = render_sample(sample_message("in_hand"), ReceiverType::email);
    EXPECT_THAT(mail.text, AllOf(HasSubstr("Bo Lind has it in hand."), Not(HasSubstr("asked to act"))));
}

TEST(Mail, ShowsNoMoreThanPeopleRead) {
    Message message = sample_message("digest");
    message.digest->moved.resize(33, message.digest->moved[0]);
    EXPECT_THAT(render_sample(message, ReceiverType::email).text, HasSubstr("\n  and 13 more\n"));
    message = sample_message("one");
    const AlertNote note = message.notes[0];
    message.notes.resize(552, note);
    EXPECT_THAT(render_sample(message, ReceiverType::email).text, HasSubstr("\n  and 12 more\n"))
        << "40 in full, 500 on a line each";
    for (AlertNote& each : message.notes) each.message.append(5'000, 'x');
    const Payload mail = render_sample(message, ReceiverType::email);
    EXPECT_LE(mail.text.size(), 300'000u);
    EXPECT_THAT(mail.text, HasSubstr(" more\n"));
}

TEST(Mail, SaysThatItRoseAndThatItComesAndGoes) {
    Message message = sample_message("flapping");
    message.notes.front().transition = Transition::escalated;
    message.notes.front().severity = Severity::critical;
    EXPECT_THAT(render_sample(message, ReceiverType::email).text,
                HasSubstr("\nNow critical. Has missed 3 events in a row; renewal in 112 days.\n"
                          "It comes and goes: you hear of it again once it has settled.\n"));
}

TEST(Mail, DoesNotSayThatNobodyAnsweredWhereSomebodyDid) {
    Message message = sample_message("repeat");
    message.notes[0].answered_by = {"Jonas Weber"};
    EXPECT_THAT(render_sample(message, ReceiverType::email).text,
                AllOf(HasSubstr("\nJonas Weber had it in hand; it is still so.\n"), Not(HasSubstr("answered"))));
    EXPECT_THAT(rendered(message, ReceiverType::email, {"message"}).text,
                AllOf(HasSubstr("\nSomebody had it in hand; it is still so.\n"), Not(HasSubstr("Jonas"))));
    message = sample_message("step");
    message.notes[0].answered_by = {"Bo Lind", "Jonas Weber"};
    const Payload mail = render_sample(message, ReceiverType::email);
    EXPECT_THAT(mail.text,
                HasSubstr("\nStill open. \"Tickets answered within a day\" is 12 days behind, due 30 Jun "
                          "2026.\nBo Lind and Jonas Weber had it in hand; it is still so. You are told too.\n"));
    EXPECT_THAT(mail.subject, testing::StartsWith("Still open: "));
}

Message telling() {
    AlertNote note{.key = {.rule = "health_low", .scope = Scope::customer, .entity = "c7"},
                   .episode = 3,
                   .seq = 4,
                   .severity = Severity::warning,
                   .customer_id = "c7",
                   .customer_name = "Secret Ltd",
                   .segment = "north",
                   .message = "Secret Ltd: health 31.",
                   .advice = "Call Ada.",
                   .reasons = {"health < 40 (31)"},
                   .since = today,
                   .deadline = today,
                   .revenue = 9'876'500,
                   .risk = 0.77,
                   .outcome = "Secret outcome",
                   .acknowledged_by = "Olaf",
                   .record = {.right = 4, .of = 5},
                   .doer = "Maria",
                   .asked_to_act = true};
    AlertNote closed = note;
    closed.transition = Transition::closed;
    closed.closed_because = "the contract of Secret Ltd ended";
    closed.untold_problem = "Secret Ltd: Olga left.";
    closed.new_owner = "Bo Lind";
    return {.receiver = "chat",
            .recipient = {.person_id = "m1", .name = "Maria", .email = "maria@example.org", .standing_in_for = "Bo"},
            .as_of = today,
            .notes = {note, closed}};
}

const std::vector<const char*> secrets = {"Secret",
                                          "north",
                                          "31",
                                          "Olga",
                                          "Ada",
                                          "98,765",
                                          "98765",
                                          "Maria",
                                          "maria",
                                          "m1",
                                          "Bo ",
                                          "contract",
                                          "77",
                                          "Olaf",
                                          "4 of 5",
                                          "Mar 2026;",
                                          "retaind.example.org"};

TEST(Fields, LetOutOnlyWhatTheyName) {
    for (const ReceiverType type : {ReceiverType::email, ReceiverType::slack, ReceiverType::webhook,
                                    ReceiverType::alertmanager, ReceiverType::file}) {
        const Payload payload = rendered(telling(), type, {"customer_id"});
        const std::string everything = payload.subject + payload.text + payload.html + payload.json;
        for (const char* secret : secrets) EXPECT_THAT(everything, Not(HasSubstr(secret)));
        EXPECT_THAT(everything, HasSubstr("c7"));
        EXPECT_EQ(payload.recipient, "maria@example.org") << "mail still has to arrive";
    }
    const Payload mail = rendered(telling(), ReceiverType::email, {"customer_id"});
    EXPECT_EQ(mail.subject, "c7: rule health_low");
    EXPECT_EQ(mail.text,
              "c7\nWarning. rule health_low\nClosed. It was: rule health_low\nThis is not a recovery.\n\n--\n"
              "Example, from the data as of 10 Mar 2026.\n");
    const Json json = Json::parse(rendered(telling(), ReceiverType::webhook, {"customer_id"}).json);
    EXPECT_TRUE(json["recipient"].is_null());
    std::vector<std::string> keys;
    for (const auto& [key, value] : json["alerts"][0].items()) keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("customer_id", "entity", "episode", "rule", "scope", "seq", "severity", "state",
                                  "telling", "transition"));
}

TEST(Fields, OfADigestFollowTheirOwnNames) {
    const Message message = sample_message("digest");
    const auto all_of = [&](std::vector<std::string> fields) {
        const Payload mail = rendered(message, ReceiverType::email, fields);
        return mail.subject + mail.text + mail.html + rendered(message, ReceiverType::webhook, fields).json;
    };
    const std::string bare = all_of({"customer_id"});
    for (const char* secret : {"Harbour", "Brandt", "visits", "trained", "attendance", "notice", "48,200", "48200"})
        EXPECT_THAT(bare, Not(HasSubstr(secret)));
    EXPECT_THAT(bare, HasSubstr("c2"));
    const std::string more = all_of({"customer_id", "digest"});
    EXPECT_THAT(more, AllOf(HasSubstr("visits"), HasSubstr("notice"), HasSubstr("c5"), Not(HasSubstr("Harbour")),
                            Not(HasSubstr("48,200")), Not(HasSubstr("trained"))));
}

TEST(Fields, EachLetsOutItsOwnPart) {
    const Json whole = Json::parse(rendered(telling(), ReceiverType::webhook).json);
    for (const std::string_view field : receiver_fields) {
        SCOPED_TRACE(std::string(field));
        const Json json = Json::parse(rendered(telling(), ReceiverType::webhook, {std::string(field)}).json);
        const bool of_message = field == "recipient" || field == "digest";
        const Json& part = of_message ? json : json["alerts"][0];
        EXPECT_EQ(part[std::string(field)], (of_message ? whole : whole["alerts"][0])[std::string(field)]);
        const bool identifies = std::find(receiver_fields.begin(), receiver_fields.begin() + identifying_fields,
                                          field) != receiver_fields.begin() + identifying_fields;
        EXPECT_EQ(json["alerts"][0].size(), identifying_fields + (identifies || of_message ? 0 : 1));
    }
    EXPECT_THAT(rendered(telling(), ReceiverType::email, {"message"}).text,
                AllOf(HasSubstr("Secret Ltd: health 31."), Not(HasSubstr("Ada"))));
    EXPECT_THAT(rendered(telling(), ReceiverType::email, {"revenue"}).text, HasSubstr("98,765"));
}

TEST(Fields, NameEveryPartThatAMessageHas) {
    const Json json = Json::parse(rendered(telling(), ReceiverType::webhook).json);
    for (const auto& [key, value] : json["alerts"][0].items())
        EXPECT_NE(std::find(receiver_fields.begin(), receiver_fields.end(), key), receiver_fields.end()) << key;
}

}  // namespace
}  // namespace retaind
