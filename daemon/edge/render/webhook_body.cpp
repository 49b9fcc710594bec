// What a webhook or a file gets, as docs/webhook.md and docs/webhook.schema.json describe it.
#include <nlohmann/json.hpp>

#include "bodies.hpp"

namespace retaind {
namespace {

using Json = nlohmann::ordered_json;

Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }
Json day(const std::optional<Day>& value) { return value ? Json(format_day(*value)) : Json(nullptr); }
Json number(double value) { return is_known(value) ? Json(value) : Json(nullptr); }
Json amount(double minor) { return number(minor / minor_units); }

Json risk(const AlertNote& note) {
    if (is_missing(note.risk)) return nullptr;
    return {{"probability", note.risk}, {"is_base_rate", note.risk_is_base_rate}};
}

Json record(const TrackRecord& record) {
    if (record.of == 0) return nullptr;
    return {{"right", record.right}, {"of", record.of}};
}

Json note_json(const AlertNote& note, const RenderOptions& options) {
    Json all = {{"rule", note.key.rule},
                {"scope", scope_name(note.key.scope)},
                {"entity", note.key.entity},
                {"episode", note.episode},
                {"seq", note.seq},
                {"transition", transition_name(note.transition)},
                {"severity", severity_name(note.severity)},
                {"state", phase_name(note.phase)},
                {"telling", telling_name(note.telling)},
                {"customer_id", text(note.customer_id)},
                {"customer_name", text(note.customer_name)},
                {"segment", text(note.segment)},
                {"message", note.message},
                {"advice", text(note.advice)},
                {"reasons", note.reasons},
                {"since", day(note.since)},
                {"deadline", day(note.deadline)},
                {"revenue", amount(note.revenue)},
                {"risk", risk(note)},
                {"outcome", text(note.outcome)},
                {"record", record(note.record)},
                {"doer", text(note.doer)},
                {"asked_to_act", note.asked_to_act},
                {"acknowledged_by", text(note.acknowledged_by)},
                {"new_owner", text(note.new_owner)},
                {"untold_problem", text(note.untold_problem)},
                {"closed_because", text(note.closed_because)},
                {"link", text(link_of(note, options))}};
    for (const std::string_view field : receiver_fields) {
        if (!may_leave(field, options.receiver.fields)) all.erase(std::string(field));
    }
    return all;
}

Json notes_json(const std::vector<AlertNote>& notes, const RenderOptions& options) {
    Json all = Json::array();
    for (const AlertNote& note : notes) all.push_back(note_json(note, options));
    return all;
}

Json list_of(const auto& rows, auto as_json) {
    Json all = Json::array();
    for (const auto& row : rows) {
        Json one = {{"customer_id", text(row.customer_id)}, {"customer_name", text(row.customer_name)}};
        one.update(as_json(row));
        all.push_back(one);
    }
    return all;
}

Json digest_json(const Digest& digest, const RenderOptions& options) {
    Json unknown = Json::array();
    for (const DigestUnknown& one : digest.unknown)
        unknown.push_back({{"dataset", one.dataset}, {"because", one.because}, {"customers", one.customers}});
    const auto move = [](const DigestMove& one) {
        return Json{{"before", number(one.before)},
                    {"after", number(one.after)},
                    {"band_before", band_name(one.band_before)},
                    {"band_after", band_name(one.band_after)},
                    {"because", one.because}};
    };
    const auto due = [](const DigestDue& one) {
        return Json{{"what", text(one.what)}, {"due_on", format_day(one.due_on)}, {"revenue", amount(one.revenue)}};
    };
    return {{"act_today", notes_json(digest.act_today, options)},
            {"moved", list_of(digest.moved, move)},
            {"due", list_of(digest.due, due)},
            {"kept", list_of(digest.kept,
                             [](const DigestKept& one) {
                                 return Json{{"outcome", text(one.outcome)}};
                             })},
            {"unknown", unknown},
            {"held_back", digest.held_back},
            {"watched", digest.watched}};
}

}  // namespace

std::string webhook_body(const Message& message, const RenderOptions& options) {
    const Recipient& reader = message.recipient;
    const Json recipient =
        reader.email.empty() && reader.person_id.empty()
            ? Json(nullptr)
            : Json{{"person_id", text(reader.person_id)}, {"name", text(reader.name)}, {"email", text(reader.email)}};
    const Json all = {{"version", 1},
                      {"delivery_id", options.delivery_id},
                      {"kind", message_kind_name(message.kind)},
                      {"as_of", format_day(message.as_of)},
                      {"receiver", message.receiver},
                      {"recipient", recipient},
                      {"alerts", notes_json(message.notes, options)},
                      {"digest", message.digest ? digest_json(*message.digest, options) : Json(nullptr)}};
    return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace retaind
