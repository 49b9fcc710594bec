// A mail's two bodies.
#include <kainjow/mustache.hpp>

#include <fmt/format.h>

#include "bodies.hpp"

namespace retaind {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

// Styles stand at the elements: many mail programs read no others. Facts are a table, so that labels line up; anything
// breaks where it must rather than widen a narrow window.
constexpr const char* html_template = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{subject}}</title></head>
<body style="margin:0;padding:12px;background:#f2f4f7;color:#1d2939;overflow-wrap:anywhere;word-break:break-word;
 font:16px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:600px;margin:0 auto">
{{#intro}}<p style="margin:4px 4px 12px;color:#475467;font-size:14px">{{intro}}</p>
{{/intro}}{{#stories}}<div style="background:#ffffff;border-radius:8px;margin:0 0 12px;padding:16px">
<div style="font-size:20px;line-height:1.3;font-weight:600">{{headline}}</div>
{{#has_facts}}<table role="presentation" cellpadding="0" cellspacing="0" style="margin:8px 0 0;
 border-collapse:collapse">
{{#facts}}<tr><td style="padding:1px 12px 1px 0;vertical-align:baseline;white-space:nowrap;color:#667085;
 font-size:14px">
{{label}}</td><td style="padding:1px 0;vertical-align:baseline">{{value}}</td></tr>
{{/facts}}</table>
{{/has_facts}}{{#notes}}<div style="margin:10px 0 0;padding:0 0 0 12px;border-left:4px solid {{colour}}">
<div style="font-size:13px;font-weight:600;color:{{colour}}">{{mark}}</div>
<div style="font-size:17px">{{message}}</div>
{{#remark}}<div style="margin:4px 0 0;color:#475467">{{remark}}</div>
{{/remark}}{{#has_facts}}<table role="presentation" cellpadding="0" cellspacing="0" style="margin:8px 0 0;
 border-collapse:collapse">
{{#facts}}<tr><td style="padding:1px 12px 1px 0;vertical-align:baseline;white-space:nowrap;color:#667085;
 font-size:14px">
{{label}}</td><td style="padding:1px 0;vertical-align:baseline">{{value}}</td></tr>
{{/facts}}</table>
{{/has_facts}}{{#has_next}}<div style="margin:10px 0 0;padding:10px 12px;background:#eff4ff;border-radius:6px">
{{#advice}}<div>{{advice}}</div>
{{/advice}}{{#doer}}<div style="font-size:14px;color:#475467">{{doer}}</div>
{{/doer}}</div>
{{/has_next}}{{#small}}<div style="margin:8px 0 0;font-size:13px;color:#667085">{{small}}</div>
{{/small}}{{#link}}<div style="margin:12px 0 2px"><a href="{{link}}" style="display:inline-block;padding:8px 14px;
 border:1px solid #d0d5dd;border-radius:6px;color:#175cd3;text-decoration:none;font-size:14px;font-weight:600">
Seen, on it, wrong or snooze</a></div>
{{/link}}</div>
{{/notes}}</div>
{{/stories}}{{#parts}}<div style="background:#ffffff;border-radius:8px;margin:0 0 12px;padding:14px 16px 12px">
<div style="font-size:13px;font-weight:600;color:#475467">{{title}}</div>
{{#lines}}<div style="margin:8px 0 0">{{#lead}}<b style="font-weight:600">{{lead}}</b>: {{/lead}}{{text}}
{{#detail}}<div style="font-size:14px;color:#667085">{{detail}}</div>
{{/detail}}{{#link}}<div style="font-size:14px"><a href="{{link}}" style="color:#175cd3;text-decoration:none">
Answer</a></div>
{{/link}}</div>
{{/lines}}{{#more}}<div style="margin:8px 0 0;font-size:14px;color:#667085">{{more}}</div>
{{/more}}</div>
{{/parts}}<p style="margin:4px;font-size:13px;color:#667085">{{footer}}</p>
</div></body></html>
)";

const char* colour(Tone tone) {
    switch (tone) {
        case Tone::critical: return "#b42318";
        case Tone::warning: return "#b54708";
        case Tone::calm: return "#175cd3";
        case Tone::good: return "#067647";
        case Tone::over: break;
    }
    return "#475467";
}

/// An empty text is left out as a section, never shown as an empty line.
data section(const std::string& text) { return text.empty() ? data(data::type::bool_false) : data(text); }

void set_facts(data& in, const std::vector<Fact>& facts) {
    data rows{data::type::list};
    for (const Fact& fact : facts) {
        data row;
        row.set("label", fact.label);
        row.set("value", fact.value);
        rows << row;
    }
    in.set("has_facts", data(facts.empty() ? data::type::bool_false : data::type::bool_true));
    in.set("facts", rows);
}

/// What is for those who ask why.
std::string small_print(const NoteWords& note) {
    const std::string why = note.reasons.empty() ? "" : "Why: " + note.reasons + ".";
    return why + (why.empty() || note.record.empty() ? "" : " ") + note.record;
}

data note_data(const NoteWords& note) {
    data all;
    all.set("mark", note.mark);
    all.set("colour", colour(note.tone));
    all.set("message", note.message);
    all.set("remark", section(note.remark));
    set_facts(all, note.facts);
    const bool has_next = !note.advice.empty() || !note.doer.empty();
    all.set("has_next", data(has_next ? data::type::bool_true : data::type::bool_false));
    all.set("advice", section(note.advice));
    all.set("doer", section(note.doer));
    all.set("small", section(small_print(note)));
    all.set("link", section(note.link));
    return all;
}

data story_data(const StoryWords& story) {
    data notes{data::type::list};
    for (const NoteWords& note : story.notes) notes << note_data(note);
    data all;
    all.set("headline", story.headline);
    set_facts(all, story.facts);
    all.set("notes", notes);
    return all;
}

data part_data(const PartWords& part) {
    data lines{data::type::list};
    for (const LineWords& words : part.lines) {
        data each;
        each.set("lead", section(words.lead));
        each.set("text", words.text);
        each.set("detail", section(words.detail));
        each.set("link", section(words.link));
        lines << each;
    }
    data all;
    all.set("title", part.title);
    all.set("lines", lines);
    all.set("more", section(and_more(part.left_out)));
    return all;
}

constexpr const char* answers = "seen, on it, wrong or snooze";

void add_row(std::string& text, const std::string& label, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<9}{}\n", label, value);
}

void add_facts(std::string& text, const std::vector<Fact>& facts) {
    for (const Fact& fact : facts) add_row(text, fact.label, fact.value);
}

void add_story(std::string& text, const StoryWords& story) {
    text += story.headline + "\n";
    add_facts(text, story.facts);
    for (const NoteWords& note : story.notes) {
        text += note.mark + ". " + note.message + "\n";
        if (!note.remark.empty()) text += note.remark + "\n";
        add_facts(text, note.facts);
        add_row(text, "Why", note.reasons);
        add_row(text, note.reasons.empty() ? "Why" : "", note.record);
        add_row(text, "Next", note.advice);
        add_row(text, note.advice.empty() ? "Next" : "", note.doer);
        add_row(text, "Answer", note.link.empty() ? "" : note.link + " (" + answers + ")");
    }
    text += "\n";
}

void add_part(std::string& text, const PartWords& part) {
    text += part.title + "\n";
    for (const LineWords& words : part.lines) {
        text += "  " + (words.lead.empty() ? "" : words.lead + ": ") + words.text + "\n";
        if (!words.detail.empty()) text += "    " + words.detail + "\n";
        if (!words.link.empty()) text += "    Answer: " + words.link + "\n";
    }
    if (part.left_out > 0) text += "  " + and_more(part.left_out) + "\n";
    text += "\n";
}

}  // namespace

std::string mail_text(const MessageWords& words) {
    std::string text;
    if (!words.intro.empty()) text += words.intro + "\n\n";
    for (const StoryWords& story : words.stories) add_story(text, story);
    for (const PartWords& part : words.parts) add_part(text, part);
    return text + "--\n" + words.footer + "\n";
}

std::string mail_html(const MessageWords& words) {
    data stories{data::type::list}, parts{data::type::list};
    for (const StoryWords& story : words.stories) stories << story_data(story);
    for (const PartWords& part : words.parts) parts << part_data(part);
    data all;
    all.set("subject", words.subject);
    all.set("intro", section(words.intro));
    all.set("stories", stories);
    all.set("parts", parts);
    all.set("footer", words.footer);
    return mustache{std::string(html_template)}.render(all);
}

}  // namespace retaind
