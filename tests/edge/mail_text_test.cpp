// What stands in mail headers.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "edge/delivery/mail_text.hpp"

namespace retaind {
namespace {

TEST(HeaderText, IsReadableAndCannotEndItsLine) {
    struct Case {
        std::string sentence, text, header;
    };
    const std::vector<Case> cases = {
        {"plain text stays", "Acme: renewal in 14 days", "Acme: renewal in 14 days"},
        {"a line break becomes two spaces", "Hi\r\nBcc: all@example.org", "Hi  Bcc: all@example.org"},
        {"so does a lone CR or LF, a NUL and a tab", std::string{"a\rb\nc\0d\te", 9}, "a b c d e"},
        {"other scripts are encoded", "Žofie", "=?UTF-8?B?xb1vZmll?="},
        {"what looks encoded is encoded, so that it reads as written",
         "=?UTF-8?Q?x?=", "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?="},
        {"a byte that is no UTF-8 is replaced", "a\xffz", "=?UTF-8?B?Ye+/vXo=?="},
        {"a cut character is replaced", "ab\xc5", "=?UTF-8?B?YWLvv70=?="},
        {"a break hidden in other scripts is gone too", "Ž\r\nBcc: x", "=?UTF-8?B?xb0gIEJjYzogeA==?="},
        {"nothing", "", ""},
    };
    for (const auto& c : cases) EXPECT_EQ(encode_header(c.text), c.header) << c.sentence;
}

TEST(HeaderText, LongTextsAreFoldedBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "株";
    const auto header = encode_header(text);
    std::size_t start = 0;
    int lines = 0;
    while (start < header.size()) {
        auto end = header.find("\r\n ", start);
        if (end == header.npos) end = header.size();
        const auto word = header.substr(start, end - start);
        EXPECT_LE(word.size(), 75u);
        EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
        start = end + 3;
        ++lines;
    }
    EXPECT_EQ(lines, 4) << "15 characters of three bytes each fit into one encoded word";
}

TEST(MailAddress, IsTakenOnlyWhenAPlainServerTakesIt) {
    struct Case {
        std::string sentence, text;
        bool good;
        std::string header;
    };
    const std::vector<Case> cases = {
        {"an address alone", "a.b+c@example.org", true, "<a.b+c@example.org>"},
        {"with a name", "Retaind Alerts <a@example.org>", true, "\"Retaind Alerts\" <a@example.org>"},
        {"with a quoted name", "\"Doe, J.\" <a@example.org>", true, "\"Doe, J.\" <a@example.org>"},
        {"a name in another script", "Žofie <z@example.org>", true, "=?UTF-8?B?xb1vZmll?= <z@example.org>"},
        {"blanks around it", "  a@example.org\t", true, "<a@example.org>"},
        {"a host alone", "a@localhost", true, "<a@localhost>"},
        {"no domain", "a@", false, ""},
        {"no local part", "@example.org", false, ""},
        {"no at", "example.org", false, ""},
        {"two ats", "a@b@c", false, ""},
        {"a line break", "a@example.org\r\nRCPT TO:<b@example.org>", false, ""},
        {"a bracket", "a@example.org><b@example.org", false, ""},
        {"a space inside", "a b@example.org", false, ""},
        {"another script in the address", "žofie@example.org", false, ""},
        {"a NUL", std::string{"a\0@example.org", 14}, false, ""},
        {"nothing", "", false, ""},
        {"too long", std::string(300, 'a') + "@example.org", false, ""},
        {"text after the bracket", "A <a@example.org> B", false, ""},
    };
    for (const auto& c : cases) {
        const auto address = parse_address(c.text);
        ASSERT_EQ(address.has_value(), c.good) << c.sentence;
        EXPECT_EQ(address ? to_header(*address) : "", c.header) << c.sentence;
    }
}

TEST(MailAddress, ListsAreTakenWholeOrNotAtAll) {
    EXPECT_EQ(parse_addresses("a@x.org, B <b@x.org>")->size(), 2u);
    EXPECT_FALSE(parse_addresses("a@x.org,").has_value());
    EXPECT_FALSE(parse_addresses("a@x.org; b@x.org").has_value());
}

TEST(MailDate, IsWrittenAsMailWantsIt) {
    EXPECT_EQ(mail_date(Instant{Seconds{1'795'328'149}}), "Sun, 22 Nov 2026 06:15:49 +0000");
    EXPECT_EQ(mail_date(Instant{Seconds{0}}), "Thu, 01 Jan 1970 00:00:00 +0000");
}

}  // namespace
}  // namespace retaind
