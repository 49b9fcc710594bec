#include "render.hpp"

#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "words.hpp"

namespace retaind {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;
using Json = nlohmann::ordered_json;

constexpr const char* text_template = R"({{#intro}}{{{intro}}}

{{/intro}}{{#notes}}{{{headline}}} [{{{mark}}}]
{{{message}}}
{{#facts}}  {{{facts}}}
{{/facts}}{{#reasons}}  Why: {{{reasons}}}
{{/reasons}}{{#advice}}  Next: {{{advice}}}
{{/advice}}{{#doer}}  {{{doer}}}
{{/doer}}
{{/notes}}{{#more}}{{{more}}}

{{/more}}--
{{{footer}}}
)";

// Styles stand at the elements: many mail programs read no others.
constexpr const char* html_template = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{subject}}</title></head>
<body style="margin:0;padding:16px;background:#f4f5f7;color:#1c2430;
 font:16px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<div style="max-width:600px;margin:0 auto">
{{#intro}}<p style="margin:0 0 12px;color:#4a5568">{{intro}}</p>
{{/intro}}{{#notes}}<div style="background:#ffffff;border-left:4px solid {{colour}};border-radius:4px;
 padding:14px 16px;margin:0 0 12px">
<div style="font-size:13px;color:{{colour}};font-weight:600">{{mark}}</div>
<div style="font-size:18px;font-weight:600;margin:2px 0 6px">{{headline}}</div>
<div>{{message}}</div>
{{#facts}}<div style="margin-top:8px;font-weight:600">{{facts}}</div>
{{/facts}}{{#reasons}}<div style="margin-top:8px;font-size:14px;color:#4a5568">Why: {{reasons}}</div>
{{/reasons}}{{#advice}}<div style="margin-top:10px;padding:8px 10px;background:#eef4ff;border-radius:4px">
<b>Next:</b> {{advice}}</div>
{{/advice}}{{#doer}}<div style="margin-top:6px;font-size:14px;color:#4a5568">{{doer}}</div>
{{/doer}}</div>
{{/notes}}{{#more}}<p style="color:#4a5568">{{more}}</p>
{{/more}}<p style="font-size:13px;color:#5f6b7a">{{footer}}</p>
</div></body></html>
)";

std::string colour(const std::string& mark) {
    if (mark == "critical") return "#b42318";
    if (mark == "warning") return "#b54708";
    if (mark == "resolved") return "#067647";
    return "#475467";
}

/// An empty text is left out as a section, never shown as an empty line.
data section(const std::string& text) { return text.empty() ? data(data::type::bool_false) : data(text); }

data template_data(const MessageWords& words) {
    data notes{data::type::list};
    for (const NoteWords& note : words.notes) {
        data each;
        each.set("headline", note.headline);
        each.set("mark", note.mark);
        each.set("colour", colour(note.mark));
        each.set("message", note.message);
        each.set("facts", section(note.facts));
        each.set("reasons", section(note.reasons));
        each.set("advice", section(note.advice));
        each.set("doer", section(note.doer));
        notes << each;
    }
    data all;
    all.set("subject", words.subject);
    all.set("intro", section(words.intro));
    all.set("notes", notes);
    all.set("more", section(words.more));
    all.set("footer", words.footer);
    return all;
}

Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }
Json day(const std::optional<Day>& value) { return value ? Json(format_day(*value)) : Json(nullptr); }

/// What identifies an alert may always leave; everything else only when `fields` is empty or names it.
bool may_leave(std::string_view field, const std::vector<std::string>& fields) {
    const auto always_end = receiver_fields.begin() + identifying_fields;
    return fields.empty() || std::find(receiver_fields.begin(), always_end, field) != always_end ||
           std::find(fields.begin(), fields.end(), field) != fields.end();
}

/// What may leave of a message, whatever it is written as.
Message only(Message message, const std::vector<std::string>& fields) {
    const auto keep = [&](std::string_view field, auto& value) {
        if (!may_leave(field, fields)) value = {};
    };
    keep("recipient", message.recipient);
    for (AlertNote& note : message.notes) {
        keep("customer_id", note.customer_id);
        keep("customer_name", note.customer_name);
        keep("segment", note.segment);
        keep("message", note.message);
        keep("advice", note.advice);
        keep("reasons", note.reasons);
        keep("since", note.since);
        keep("deadline", note.deadline);
        if (!may_leave("revenue", fields)) note.revenue = missing;
        keep("doer", note.doer);
        keep("asked_to_act", note.asked_to_act);
        keep("closed_because", note.closed_because);
    }
    return message;
}

Json note_json(const AlertNote& note, const std::vector<std::string>& fields) {
    Json all = {{"rule", note.key.rule},
                {"scope", scope_name(note.key.scope)},
                {"entity", note.key.entity},
                {"episode", note.episode},
                {"seq", note.seq},
                {"transition", transition_name(note.transition)},
                {"severity", severity_name(note.severity)},
                {"state", phase_name(note.phase)},
                {"customer_id", text(note.customer_id)},
                {"customer_name", text(note.customer_name)},
                {"segment", text(note.segment)},
                {"message", note.message},
                {"advice", text(note.advice)},
                {"reasons", note.reasons},
                {"since", day(note.since)},
                {"deadline", day(note.deadline)},
                {"revenue", is_known(note.revenue) ? Json(note.revenue / minor_units) : Json(nullptr)},
                {"doer", text(note.doer)},
                {"asked_to_act", note.asked_to_act},
                {"closed_because", text(note.closed_because)}};
    for (const std::string_view field : receiver_fields) {
        if (!may_leave(field, fields)) all.erase(std::string(field));
    }
    return all;
}

std::string json_of(const Message& message, const RenderOptions& options) {
    Json notes = Json::array();
    for (const AlertNote& note : message.notes) notes.push_back(note_json(note, options.receiver.fields));
    const Json recipient = message.recipient.email.empty() && message.recipient.person_id.empty()
                               ? Json(nullptr)
                               : Json{{"person_id", text(message.recipient.person_id)},
                                      {"name", text(message.recipient.name)},
                                      {"email", text(message.recipient.email)}};
    const Json all = {{"version", 1},
                      {"delivery_id", options.delivery_id},
                      {"kind", message_kind_name(message.kind)},
                      {"as_of", format_day(message.as_of)},
                      {"receiver", message.receiver},
                      {"recipient", recipient},
                      {"alerts", notes}};
    return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Payload render(const Message& message, const RenderOptions& options) {
    const Message leaving = only(message, options.receiver.fields);
    const MessageWords words = words_of(leaving, options);
    const data values = template_data(words);
    mustache plain{std::string(text_template)}, html{std::string(html_template)};
    return {.delivery_id = options.delivery_id,
            .receiver = message.receiver,
            .recipient = message.recipient.email,
            .subject = words.subject,
            .text = plain.render(values),
            .html = html.render(values),
            .json = json_of(leaving, options)};
}

}  // namespace retaind
