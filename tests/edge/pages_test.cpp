// Pages: whatever text data brings, the tree of tags stays the same, and nothing runs.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/pages/pages.hpp"

namespace retaind {
namespace {

using testing::HasSubstr;
using testing::Not;

AlertPage page_with(const std::string& text) {
    return {.brand = text,
            .who = text,
            .mark = "critical",
            .message = text,
            .facts = {{"Since", text}, {"Worth", text}},
            .reasons = {text, text},
            .advice = text,
            .done = text,
            .problem = text,
            .reader = text,
            .seen_for = "3 days",
            .on_it_for = "14 days",
            .wrong_for = "90 days",
            .looked_at = text,
            .first_day = "2026-03-02",
            .last_day = "2026-05-30",
            .until = text,
            .reason = text,
            .longest_comment = 500};
}

/// Tags with their attributes, in order, without what stands in quotes and between tags.
std::vector<std::string> tree_of(const std::string& html) {
    std::vector<std::string> tree;
    bool in_tag = false, in_quotes = false;
    for (const char c : html) {
        if (!in_tag && c == '<') {
            tree.emplace_back();
            in_tag = true;
        } else if (in_tag && c == '"') {
            in_quotes = !in_quotes;
        } else if (in_tag && !in_quotes && c == '>') {
            in_tag = false;
        } else if (in_tag && !in_quotes) {
            tree.back() += c;
        }
    }
    return tree;
}

TEST(Pages, HaveTheSameTreeWhateverTheTextIs) {
    const auto plain = tree_of(page_html(page_with("text")));
    EXPECT_GT(plain.size(), 60u);
    for (const std::string hostile :
         {"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'><svg/onload=alert(1)>",
          "</title><script>1</script>", "</style><script>1</script>", "{{message}}{{{style}}}{{#forms}}", "--><b>",
          "\" autofocus onfocus=alert(1) x=\"", "&lt;script&gt;", "]]><x>", "javascript:alert(1)"}) {
        const std::string html = page_html(page_with(hostile));
        EXPECT_EQ(tree_of(html), plain) << hostile;
        EXPECT_THAT(html, Not(HasSubstr("<script"))) << hostile;
        EXPECT_EQ(tree_of(page_html(NoticePage{hostile, hostile, hostile})),
                  tree_of(page_html(NoticePage{"a", "b", "c"})))
            << hostile;
    }
}

TEST(Pages, OfferNothingWhereNothingIsToBeDone) {
    AlertPage over = page_with("text");
    over.over = "This is over.";
    EXPECT_THAT(page_html(over), Not(HasSubstr("<form")));
    EXPECT_THAT(page_html(over), HasSubstr("This is over."));
    EXPECT_THAT(page_html(page_with("text")), HasSubstr("<form method=\"post\">"));
}

TEST(Pages, LeaveOutWhatIsEmpty) {
    AlertPage bare{.who = "One", .mark = "warning", .message = "m", .looked_at = "warning"};
    const std::string html = page_html(bare);
    for (const char* part : {"role=\"alert\"", "role=\"status\"", "<h2>", "<dt>", "<li>"})
        EXPECT_THAT(html, Not(HasSubstr(part))) << part;
    EXPECT_THAT(html, HasSubstr(">retaind</p>")) << "without a brand";
}

TEST(Pages, PermitTheirOwnStyleAndNothingElse) {
    EXPECT_THAT(page_policy(), testing::StartsWith("default-src 'none'; style-src 'sha256-"));
    for (const char* part : {"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"})
        EXPECT_THAT(page_policy(), HasSubstr(part));
    EXPECT_THAT(page_policy(), Not(HasSubstr("unsafe")));
    EXPECT_THAT(page_html(page_with("text")), Not(testing::ContainsRegex("style=\""))) << "the hash is of <style> only";
}

}  // namespace
}  // namespace retaind
