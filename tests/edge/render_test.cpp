// A message as it leaves: nothing from data steers what shows it, and nothing leaves that `fields` does not name.
#include "edge/render/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "retaind/model/dataset.hpp"

namespace retaind {
namespace {

using testing::AllOf;
using testing::ElementsAre;
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
                   .doer = text};
    AlertNote closed = note, source = note;
    closed.transition = Transition::closed;
    closed.closed_because = text;
    source.key = {.rule = "source_failed", .scope = Scope::source, .entity = text};
    source.customer_id = source.customer_name = "";
    return {.receiver = "desk",
            .recipient = {.person_id = "m1", .name = text, .email = "m@example.org", .standing_in_for = text},
            .kind = kind,
            .as_of = today,
            .notes = {note, closed, source}};
}

Payload rendered(const Message& message, std::vector<std::string> fields = {}) {
    return render(message, {.receiver = {.name = message.receiver, .fields = std::move(fields)},
                            .delivery_id = "d1",
                            .brand = "Example",
                            .currency = "EUR"});
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
    {"bad UTF-8", "caf\xe9 \xff\xfe \xed\xa0\x80 \xf0\x9f"},
    {"JSON", R"(","severity":"info","x":")"},
    {"very long", std::string(100'000, 'x') + "\xe2\x82\xac"},
    {"long, of several bytes each", std::string("x") + [] {
         std::string euros;
         for (int i = 0; i < 5000; ++i) euros += "\xe2\x82\xac";
         return euros;
     }()}};

TEST(Render, HostileTextsStayText) {
    for (const MessageKind kind : {MessageKind::alerts, MessageKind::adoption, MessageKind::ops}) {
        const Payload plain = rendered(message_with("Ada", kind));
        const auto lines = std::count(plain.text.begin(), plain.text.end(), '\n');
        for (const auto& [what, text] : hostile_texts) {
            SCOPED_TRACE(what);
            const Payload payload = rendered(message_with(text, kind));
            EXPECT_EQ(structure(payload.html), structure(plain.html));
            EXPECT_TRUE(is_plain(payload.html, true));
            EXPECT_TRUE(is_plain(payload.text, true));
            EXPECT_EQ(std::count(payload.text.begin(), payload.text.end(), '\n'), lines);
            EXPECT_TRUE(is_plain(payload.subject, false));
            EXPECT_LE(payload.subject.size(), 160u);
            EXPECT_LE(payload.html.size(), 100'000u);
            EXPECT_EQ(payload.json.find('\n'), std::string::npos);
            const Json json = Json::parse(payload.json);
            EXPECT_EQ(json["alerts"][0]["severity"], "critical");
            EXPECT_EQ(json["alerts"].size(), 3u);
        }
    }
}

TEST(Render, WhatIsNotHostileIsKeptAsItIs) {
    const Payload payload = rendered(message_with("Zoë & Søn: {\"a\"} 100 % €"));
    EXPECT_THAT(payload.text, HasSubstr("Zoë & Søn: {\"a\"} 100 % €"));
    EXPECT_THAT(payload.html, HasSubstr("Zoë &amp; Søn: {&quot;a&quot;} 100 % €"));
    EXPECT_EQ(Json::parse(payload.json)["alerts"][0]["message"], "Zoë & Søn: {\"a\"} 100 % €");
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
                   .doer = "Maria",
                   .asked_to_act = true};
    AlertNote closed = note;
    closed.transition = Transition::closed;
    closed.closed_because = "the contract of Secret Ltd ended";
    return {.receiver = "chat",
            .recipient = {.person_id = "m1", .name = "Maria", .email = "maria@example.org", .standing_in_for = "Bo"},
            .as_of = today,
            .notes = {note, closed}};
}

TEST(Fields, LetOutOnlyWhatTheyName) {
    const Payload payload = rendered(telling(), {"customer_id"});
    const std::string everything = payload.subject + payload.text + payload.html + payload.json;
    for (const char* secret :
         {"Secret", "north", "31", "Ada", "98,765", "98765", "Maria", "maria", "m1", "Bo ", "contract", "Mar 2026;"})
        EXPECT_THAT(everything, Not(HasSubstr(secret)));
    EXPECT_EQ(payload.subject, "c7: rule health_low (and 1 more)");
    EXPECT_EQ(payload.text,
              "c7 [warning]\nrule health_low\n\nc7 [closed]\nClosed. It was: rule health_low\n\n--\n"
              "Example, from the data as of 10 Mar 2026.\n");
    const Json json = Json::parse(payload.json);
    EXPECT_TRUE(json["recipient"].is_null());
    std::vector<std::string> keys;
    for (const auto& [key, value] : json["alerts"][0].items()) keys.push_back(key);
    EXPECT_THAT(keys, ElementsAre("customer_id", "entity", "episode", "rule", "scope", "seq", "severity", "state",
                                  "transition"));
    EXPECT_EQ(payload.recipient, "maria@example.org") << "mail still has to arrive";
}

TEST(Fields, EachLetsOutItsOwnPart) {
    const Payload all = rendered(telling());
    for (const std::string_view field : receiver_fields) {
        SCOPED_TRACE(std::string(field));
        const Payload payload = rendered(telling(), {std::string(field)});
        const Json json = Json::parse(payload.json), whole = Json::parse(all.json);
        const bool of_message = field == "recipient";
        const Json& part = of_message ? json : json["alerts"][0];
        EXPECT_EQ(part[std::string(field)], (of_message ? whole : whole["alerts"][0])[std::string(field)]);
        const bool identifies = std::find(receiver_fields.begin(), receiver_fields.begin() + identifying_fields,
                                          field) != receiver_fields.begin() + identifying_fields;
        EXPECT_EQ(json["alerts"][0].size(), identifying_fields + (identifies || of_message ? 0 : 1));
    }
    EXPECT_THAT(rendered(telling(), {"message"}).text,
                AllOf(HasSubstr("Secret Ltd: health 31."), Not(HasSubstr("Ada"))));
    EXPECT_THAT(rendered(telling(), {"revenue"}).text, HasSubstr("98,765"));
}

TEST(Fields, NameEveryPartThatAMessageHas) {
    const Json json = Json::parse(rendered(telling()).json);
    for (const auto& [key, value] : json["alerts"][0].items())
        EXPECT_NE(std::find(receiver_fields.begin(), receiver_fields.end(), key), receiver_fields.end()) << key;
}

}  // namespace
}  // namespace retaind
