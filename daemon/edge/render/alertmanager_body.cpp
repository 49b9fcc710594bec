// Alerts as Alertmanager's API v2 takes them: a list, each with labels that say which alert it is, and an end. One that
// fires ends by itself a few cycles from now unless it is sent again, so that it does not outlive this daemon.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "bodies.hpp"
#include "line.hpp"
#include "note_words.hpp"

namespace retaind {
namespace {

using Alerts = nlohmann::ordered_json;

constexpr int cycles_believed = 4;
constexpr Seconds believed_at_least = std::chrono::minutes{5};
constexpr std::size_t longest_label = 200, longest_annotation = 1000;  // bytes

void put(Alerts& in, const char* name, const std::string& value, std::size_t longest) {
    if (!value.empty()) in[name] = line(value, longest);
}

Alerts labels(const AlertNote& note, Severity severity) {
    Alerts all = {{"job", "retaind"}};
    const auto add = [&](const char* name, const std::string& value) { put(all, name, value, longest_label); };
    add("alertname", note.key.rule);
    add("severity", std::string(severity_name(severity)));
    add("scope", std::string(scope_name(note.key.scope)));
    add("entity", note.key.entity);
    add("dimension", note.key.dimension);
    add("customer_id", note.customer_id);
    add("segment", note.segment);
    return all;
}

Alerts annotations(const AlertNote& note, const RenderOptions& options) {
    Alerts all = Alerts::object();
    const auto add = [&](const char* name, const std::string& value) { put(all, name, value, longest_annotation); };
    const auto day = [](const std::optional<Day>& value) { return value ? format_day(*value) : ""; };
    add("summary", note_sentence(note));
    add("reasons", fmt::format("{}", fmt::join(note.reasons, "; ")));
    add("advice", note.advice);
    add("since", day(note.since));
    add("deadline", day(note.deadline));
    add("revenue", is_known(note.revenue) ? amount_a_year(note.revenue, options.currency) : "");
    add("closed_because", note.closed_because);
    return all;
}

Alerts alert_json(const AlertNote& note, Severity severity, bool fires, const RenderOptions& options) {
    const Instant begin = std::min(note.since ? Instant{*note.since} : options.now, options.now);
    const Seconds believed = std::max(cycles_believed * options.interval, believed_at_least);
    Alerts all = {{"labels", labels(note, severity)},
                  {"annotations", annotations(note, options)},
                  {"startsAt", format_instant(begin)},
                  {"endsAt", format_instant(fires ? options.now + believed : options.now)}};
    const std::string link = link_of(note, options);
    put(all, "generatorURL", link.empty() ? safe_link(options.external_url) : link, longest_annotation);
    return all;
}

}  // namespace

std::string alertmanager_body(const Message& message, const RenderOptions& options) {
    Alerts all = Alerts::array();
    for (const AlertNote& note : message.notes) {
        all.push_back(alert_json(note, note.severity, !is_over(note), options));
        const bool changed = note.transition == Transition::escalated || note.transition == Transition::eased;
        if (!changed || note.telling == Telling::restated) continue;
        // Severity is a label, so the alert with the former one is another alert there.
        for (const Severity former : {Severity::info, Severity::warning, Severity::critical})
            if (former != note.severity) all.push_back(alert_json(note, former, false, options));
    }
    return all.dump(-1, ' ', false, Alerts::error_handler_t::replace);
}

}  // namespace retaind
