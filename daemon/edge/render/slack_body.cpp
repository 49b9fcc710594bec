// A chat's message: Slack's blocks, and the same as plain text for Mattermost and for notifications.
//
// Slack takes 50 blocks, 3,000 characters in a text, 2,000 in a field, 150 in a header, 40,000 in the text beside the
// blocks (bytes are counted here, which are never fewer). Text from data can neither mention anybody nor hide an
// address behind words.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bodies.hpp"
#include "line.hpp"

namespace retaind {
namespace {

using Blocks = nlohmann::ordered_json;

constexpr std::size_t most_blocks = 50, most_fields = 10, longest_header = 150, longest_field = 2000,
                      longest_block = 3000, longest_fallback = 40000;
constexpr std::string_view cut_mark = "...";

/// What one character becomes. Slack reads `&<>`; Mattermost reads `@all` and `[words](address)`, which a space of no
/// width takes apart.
std::string_view harmless(std::string_view text, std::size_t at) {
    switch (text[at]) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '@': return "@\xe2\x80\x8b";
        case ']': return "]\xe2\x80\x8b";
        default: return text.substr(at, 1);
    }
}

std::string for_chat(std::string_view text, std::size_t longest = longest_block) {
    std::string safe;
    std::size_t last_whole = 0;  // where a cut leaves no half of a character
    for (std::size_t at = 0; at < text.size(); ++at) {
        if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && safe.size() + cut_mark.size() <= longest)
            last_whole = safe.size();
        safe += harmless(text, at);
        if (safe.size() > longest) return safe.erase(last_whole).append(cut_mark);
    }
    return safe;
}

Blocks plain(std::string text) { return {{"type", "plain_text"}, {"text", std::move(text)}, {"emoji", false}}; }
/// `verbatim`: nothing in it becomes a link or a mention by itself.
Blocks marked(std::string text) { return {{"type", "mrkdwn"}, {"text", std::move(text)}, {"verbatim", true}}; }
Blocks paragraph(std::string text) { return {{"type", "section"}, {"text", marked(std::move(text))}}; }
Blocks small(const std::string& text) {
    return {{"type", "context"}, {"elements", Blocks::array({marked(for_chat(text))})}};
}
Blocks button(const std::string& link) {
    return {{"type", "actions"},
            {"elements",
             Blocks::array({{{"type", "button"}, {"text", plain("Seen, on it, wrong or snooze")}, {"url", link}}})}};
}

void add_fields(Blocks& blocks, const std::vector<Fact>& facts) {
    Blocks fields = Blocks::array();
    for (std::size_t at = 0; at < std::min(facts.size(), most_fields); ++at)
        fields.push_back(marked("*" + facts[at].label + "*\n" + for_chat(facts[at].value, longest_field - 100)));
    if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", fields}});
}

Blocks blocks_of(const StoryWords& story) {
    Blocks blocks = Blocks::array();
    blocks.push_back(paragraph("*" + for_chat(story.headline, longest_field) + "*"));
    add_fields(blocks, story.facts);
    for (const NoteWords& note : story.notes) {
        blocks.push_back(
            paragraph(for_chat(note.mark + ". " + note.message + (note.remark.empty() ? "" : "\n" + note.remark))));
        add_fields(blocks, note.facts);
        const std::string next = note.advice + (note.advice.empty() || note.doer.empty() ? "" : "\n") + note.doer;
        if (!next.empty()) blocks.push_back(paragraph("*Next*\n" + for_chat(next, longest_field)));
        const std::string why = note.reasons.empty() ? "" : "Why: " + note.reasons + ". ";
        if (!why.empty() || !note.record.empty()) blocks.push_back(small(why + note.record));
        if (!note.link.empty()) blocks.push_back(button(note.link));
    }
    return blocks;
}

std::string text_of(const LineWords& words) {
    std::string text = (words.lead.empty() ? "" : "*" + for_chat(words.lead, 200) + "*: ") + for_chat(words.text, 800);
    if (!words.detail.empty()) text += "\n" + for_chat(words.detail, 800);
    const std::string link = words.link.empty() ? "" : " <" + for_chat(words.link) + "|Answer>";
    return text.size() + link.size() <= longest_block ? text + link : text;
}

/// A part on as many texts as it needs, up to so many; the lines that find no room are counted.
void add_part(Blocks& blocks, const PartWords& part, std::size_t most_texts) {
    std::vector<std::string> texts = {"*" + for_chat(part.title) + "*"};
    std::size_t left = part.lines.size();
    for (const LineWords& words : part.lines) {
        const std::string text = text_of(words);
        if (texts.back().size() + 1 + text.size() <= longest_block)
            texts.back() += "\n" + text;
        else if (texts.size() < most_texts)
            texts.push_back(text);
        else
            break;
        --left;
    }
    for (std::string& text : texts) blocks.push_back(paragraph(std::move(text)));
    if (left + part.left_out > 0) blocks.push_back(small(and_more(left + part.left_out)));
}

void add_divider(Blocks& blocks, bool is_first) {
    if (!is_first) blocks.push_back({{"type", "divider"}});
}

/// As words_of chooses them, they leave room for the parts.
void add_stories(Blocks& blocks, const std::vector<StoryWords>& stories) {
    for (std::size_t at = 0; at < stories.size(); ++at) {
        add_divider(blocks, at == 0);
        for (const Blocks& block : blocks_of(stories[at])) blocks.push_back(block);
    }
}

/// Each part may take what those after it do not need at least; the last block is the footer's.
void add_parts(Blocks& blocks, const MessageWords& words) {
    constexpr std::size_t least = 3;  // a divider, a text, and what is left out
    for (std::size_t at = 0; at < words.parts.size(); ++at) {
        add_divider(blocks, at == 0 && words.stories.empty());
        const std::size_t kept = 1 + least * (words.parts.size() - at - 1) + 1;
        add_part(blocks, words.parts[at], most_blocks - kept - blocks.size());
    }
}

}  // namespace

std::string slack_body(const MessageWords& words) {
    Blocks blocks = Blocks::array();
    blocks.push_back({{"type", "header"}, {"text", plain(for_chat(words.subject, longest_header))}});
    if (!words.intro.empty()) blocks.push_back(paragraph(for_chat(words.intro)));
    add_stories(blocks, words.stories);
    add_parts(blocks, words);
    blocks.push_back(small(words.footer));
    const Blocks body = {{"text", for_chat(mail_text(words), longest_fallback)}, {"blocks", blocks}};
    return body.dump(-1, ' ', false, Blocks::error_handler_t::replace);
}

}  // namespace retaind
