// Messages on their way into the outbox: whose body they get, where their links lead, what each tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/alert_pages.hpp"
#include "app/post.hpp"

namespace retaind {
namespace {

using testing::HasSubstr;
using testing::Not;

const Instant now = Instant{*parse_day("2026-03-10")} + std::chrono::hours{9};

Settings company() {
    Settings settings{.external_url = "https://retaind.example.org"};
    settings.receivers = {{.name = "mail", .type = ReceiverType::email, .to = "{recipient}"},
                          {.name = "team", .type = ReceiverType::email, .to = "a@example.org, b@example.org"}};
    return settings;
}

AlertNote note(const std::string& entity) {
    return {.key = {.rule = "gone_quiet", .scope = Scope::customer, .entity = entity},
            .episode = 2,
            .seq = 5,
            .customer_id = entity,
            .segment = "west",
            .message = entity + " has gone quiet."};
}

std::vector<Alert> alerts() {
    Alert alert{.key = note("c1").key};
    alert.owner = "m1";
    return {alert};
}

Message to_maria() {
    return {.receiver = "mail",
            .recipient = {.person_id = "m1", .name = "Maria", .email = "maria@example.org"},
            .as_of = *parse_day("2026-03-09"),
            .notes = {note("c1")}};
}

TEST(Post, SaysWhatAMessageTells) {
    const Post post = render_post(company(), {to_maria()}, alerts(), {.now = now});
    ASSERT_EQ(post.outbox.size(), 1u);
    const Payload& payload = post.outbox.front();
    EXPECT_EQ(payload.person, "m1");
    EXPECT_EQ(payload.recipient, "maria@example.org");
    const Tell tell{.alert = {.key = note("c1").key, .customer_id = "c1", .segment = "west", .account_manager = "m1"},
                    .episode = 2,
                    .seq = 5};
    EXPECT_EQ(payload.tells, std::vector<Tell>{tell});
    EXPECT_THAT(payload.text, Not(HasSubstr("/alert/"))) << "without a key nothing can be signed";
}

TEST(Post, LinksLeadToThePageOfTheReader) {
    const Secret key{"a key of thirty-two bytes or more"};
    const Post post = render_post(company(), {to_maria()}, alerts(), {.now = now, .link_key = key});
    const std::string link = alert_link(
        "https://retaind.example.org",
        {.key = note("c1").key, .episode = 2, .person = "m1", .expires = floor<std::chrono::days>(now) + link_holds},
        key);
    EXPECT_THAT(post.outbox.front().text, HasSubstr(link));
}

TEST(Post, AFixedListGetsAMessageEach) {
    Message message = to_maria();
    message.receiver = "team";
    message.recipient = {};
    const Post post = render_post(company(), {message}, alerts(), {.now = now});
    ASSERT_EQ(post.outbox.size(), 2u);
    EXPECT_EQ(post.outbox[0].recipient, "a@example.org");
    EXPECT_EQ(post.outbox[1].recipient, "b@example.org");
    EXPECT_NE(post.outbox[0].delivery_id, post.outbox[1].delivery_id);
    EXPECT_EQ(post.outbox[0].person, "") << "the channel is told, not its readers";
}

TEST(Post, KnowsWhatOnlyRestates) {
    Message message = to_maria();
    message.notes = {note("c1"), note("c2")};
    const auto restates = [&] {
        return render_post(company(), {message}, alerts(), {.now = now}).outbox.front().restates;
    };
    EXPECT_FALSE(restates());
    message.notes[0].telling = Telling::restated;
    EXPECT_FALSE(restates()) << "one of them is news";
    message.notes[1].telling = Telling::restated;
    EXPECT_TRUE(restates());
    message.notes.clear();
    EXPECT_FALSE(restates());
}

TEST(Post, WhatIsTakenAlongIsRenderedToo) {
    Message message = to_maria();
    message.absorbs = {"an earlier one"};
    message.together = {note("c1"), note("c2")};
    const Post post = render_post(company(), {message}, alerts(), {.now = now});
    ASSERT_EQ(post.absorptions.size(), 1u);
    const Absorption& taken = post.absorptions.front();
    EXPECT_EQ(taken.delivery_id, post.outbox.front().delivery_id);
    EXPECT_EQ(taken.absorbed, message.absorbs);
    EXPECT_EQ(taken.together.tells.size(), 2u);
    EXPECT_THAT(taken.together.text, HasSubstr("c2 has gone quiet."));
    EXPECT_THAT(post.outbox.front().text, Not(HasSubstr("c2")));
}

}  // namespace
}  // namespace retaind
