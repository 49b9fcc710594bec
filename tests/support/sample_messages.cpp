#include "support/sample_messages.hpp"

#include <algorithm>

namespace retaind::test {
namespace {

const Day today = *parse_day("2026-03-10");

Day on(const char* text) { return *parse_day(text); }

AlertNote stopped_coming() {
    return {.key = {.rule = "stopped_coming", .scope = Scope::customer, .entity = "c1"},
            .episode = 1,
            .seq = 2,
            .transition = Transition::fired,
            .severity = Severity::warning,
            .phase = AlertPhase::firing,
            .customer_id = "c1",
            .customer_name = "Row 12 Seat 4",
            .segment = "west",
            .message = "Row 12 Seat 4 has missed 3 events in a row; renewal in 112 days.",
            .advice = "Call to ask how they are. Do not sell.",
            .reasons = {"missed_in_a_row >= 3 (3)", "days_to_renewal <= 180 (112)"},
            .since = on("2026-02-28"),
            .deadline = on("2026-04-30"),
            .revenue = 58'800,
            .risk = 0.31,
            .record = {.right = 4, .of = 10},
            .doer = "Maria Lang",
            .asked_to_act = true};
}

AlertNote promise_slipping() {
    return {.key = {.rule = "promise_slipping", .scope = Scope::promise, .entity = "p7"},
            .episode = 2,
            .seq = 5,
            .transition = Transition::escalated,
            .severity = Severity::critical,
            .phase = AlertPhase::firing,
            .customer_id = "c2",
            .customer_name = "Brandt & Sons Logistics",
            .segment = "logistics",
            .message = "Brandt & Sons Logistics: \"Tickets answered within a day\" is 12 days behind, due 2026-06-30.",
            .advice = "Tell them before they find out, with a plan that holds.",
            .reasons = {"pace <= -0.15 (-0.22)", "probability_kept < 0.3 (0.24)"},
            .since = on("2026-02-19"),
            .deadline = on("2026-03-27"),
            .revenue = 4'820'000,
            .risk = 0.12,
            .risk_is_base_rate = true,
            .outcome = "Tickets answered within a day",
            .record = {.right = 7, .of = 9},
            .doer = "Jonas Weber"};
}

AlertNote health_low() {
    return {.key = {.rule = "health_low", .scope = Scope::customer, .entity = "c2"},
            .episode = 1,
            .seq = 2,
            .transition = Transition::fired,
            .severity = Severity::warning,
            .phase = AlertPhase::firing,
            .customer_id = "c2",
            .customer_name = "Brandt & Sons Logistics",
            .segment = "logistics",
            .message = "Brandt & Sons Logistics: health is 34 of 100.",
            .advice = "Bring one finding about their own business, not a question.",
            .reasons = {"health < 40 (34)"},
            .since = on("2026-03-08"),
            .revenue = 4'820'000,
            .risk = 0.12,
            .risk_is_base_rate = true,
            .record = {.right = 1, .of = 2},
            .doer = "Maria Lang",
            .asked_to_act = true};
}

AlertNote told_as(AlertNote note, Telling telling) {
    note.telling = telling;
    return note;
}

AlertNote ended(AlertNote note, Transition transition) {
    note.transition = transition;
    note.severity = Severity::warning;
    note.phase = transition == Transition::closed ? AlertPhase::closed : AlertPhase::resolved;
    return note;
}

Message to_maria(std::vector<AlertNote> notes, MessageKind kind = MessageKind::alerts) {
    return {.receiver = "managers",
            .recipient = {.person_id = "m1", .name = "Maria Lang", .email = "maria@example.org"},
            .kind = kind,
            .as_of = today,
            .notes = std::move(notes)};
}

Message source_failed() {
    return to_maria({{.key = {.rule = "source_failed", .scope = Scope::source, .entity = "crm"},
                      .episode = 1,
                      .seq = 1,
                      .transition = Transition::fired,
                      .severity = Severity::warning,
                      .phase = AlertPhase::firing,
                      .message = "crm cannot be read. Alerts that depend on it stand still.",
                      .reasons = {"customers: connection refused", "usage: connection refused"},
                      .since = on("2026-03-09"),
                      .asked_to_act = true}},
                    MessageKind::ops);
}

Message untold() {
    AlertNote over = ended(stopped_coming(), Transition::resolved);
    over.untold_problem = over.message;
    over.since = on("2026-03-03");
    return to_maria({over});
}

Message closed() {
    AlertNote over = ended(promise_slipping(), Transition::closed);
    over.closed_because = "the contract ended";
    return to_maria({over});
}

Message handed_over() {
    AlertNote note = told_as(stopped_coming(), Telling::handed_over);
    note.new_owner = "Bo Lind";
    note.asked_to_act = false;
    return to_maria({note});
}

Message escalation_step() {
    AlertNote note = told_as(promise_slipping(), Telling::step);
    note.transition = Transition::fired;
    Message message = to_maria({note});
    message.recipient.standing_in_for = "Ute Kern";
    return message;
}

Message in_hand() {
    AlertNote note = stopped_coming();
    note.acknowledged_by = "Bo Lind";
    note.transition = Transition::escalated;
    note.severity = Severity::critical;
    return to_maria({note});
}

Message digest() {
    AlertNote resolved = ended(stopped_coming(), Transition::resolved);
    resolved.customer_id = resolved.key.entity = "c9";
    resolved.customer_name = "Row 3 Seat 11";
    resolved.message = "Row 3 Seat 11 has missed 3 events in a row; renewal in 98 days.";
    AlertNote promise = promise_slipping();
    promise.asked_to_act = true;
    Message message = to_maria({health_low(), resolved}, MessageKind::digest);
    message.digest = Digest{
        .act_today = {promise, health_low(), stopped_coming()},
        .moved = {{"c5", "Harbour Clinic", 72.4, 58.1, Band::healthy, Band::watch, {"visits -9.2", "tickets -4.1"}},
                  {"c6", "Nordlicht Schule", 51.2, 60.8, Band::watch, Band::watch, {"attendance +7.9"}}},
        .due = {{"c2", "Brandt & Sons Logistics", "notice", on("2026-03-27"), 4'820'000},
                {"c5", "Harbour Clinic", "Waiting time under ten minutes", on("2026-03-20"), 1'200'000}},
        .kept = {{"c8", "Feld GmbH", "Two people trained on the planner"}},
        .unknown = {{"attendance", "not loaded since 2026-03-08", 12}},
        .held_back = 1,
        .watched = 120};
    return message;
}

Message all_quiet() {
    Message message = to_maria({}, MessageKind::all_quiet);
    message.digest = Digest{.watched = 120};
    return message;
}

Message heartbeat() {
    Message message = to_maria({}, MessageKind::heartbeat);
    message.recipient = {};
    return message;
}

}  // namespace

std::vector<SampleMessage> sample_messages() {
    return {{"one", to_maria({stopped_coming()})},
            {"several", to_maria({promise_slipping(), health_low(), stopped_coming()})},
            {"repeat", to_maria({told_as(stopped_coming(), Telling::repeat)})},
            {"step", escalation_step()},
            {"handed_over", handed_over()},
            {"flapping", to_maria({told_as(stopped_coming(), Telling::flapping)})},
            {"in_hand", in_hand()},
            {"resolved", to_maria({ended(stopped_coming(), Transition::resolved)})},
            {"untold", untold()},
            {"closed", closed()},
            {"adoption", to_maria({promise_slipping(), health_low(), stopped_coming()}, MessageKind::adoption)},
            {"ops", source_failed()},
            {"digest", digest()},
            {"all_quiet", all_quiet()},
            {"heartbeat", heartbeat()}};
}

Message sample_message(const std::string& name) {
    const auto all = sample_messages();
    return std::ranges::find(all, name, &SampleMessage::name)->message;
}

Payload render_sample(const Message& message, ReceiverType type) {
    constexpr const char* page = "https://retaind.example.org/a/";
    return render(message, {.receiver = {.name = message.receiver, .type = type, .reply_to = "success@example.org"},
                            .delivery_id = "5f0c4b1d7d1e0a3f9b6f2f6f0a4f1c22",
                            .brand = "Stadium Company",
                            .external_url = "https://retaind.example.org",
                            .currency = "EUR",
                            .link = [=](const AlertNote& note) { return page + note.key.rule + "." + note.key.entity; },
                            .now = Instant{today} + std::chrono::hours{30}});
}

}  // namespace retaind::test
