#include "alert_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json_parts.hpp"
#include "plain.hpp"
#include "retaind/alerts/answer.hpp"

namespace retaind {

using namespace json_parts;

namespace {

constexpr std::size_t widest_text = 200, widest_name = 60;

/// As the order of messages looks at it.
AlertNote note_of(const Alert& alert) {
    return {.key = alert.key, .severity = alert.severity, .phase = alert.phase, .revenue = alert.revenue};
}

/// What people decided, in a few words; "" when nothing.
std::string handling_words(const Handling& handling, const Zone& zone) {
    std::string words;
    const auto add = [&](const std::string& more) { words += (words.empty() ? "" : "; ") + more; };
    if (handling.acknowledged_until)
        add(fmt::format("{} has it in hand until {}", shown(handling.acknowledged_by, widest_name),
                        format_day(zone.local_day(*handling.acknowledged_until))));
    if (handling.snoozed_until) add("snoozed until " + format_day(zone.local_day(*handling.snoozed_until)));
    if (handling.called_wrong) add("called wrong");
    return words;
}

std::string state_words(const Alert& alert) {
    std::string words{phase_name(alert.phase)};
    if (alert.held) words += ", held";
    if (alert.flapping) words += ", flapping";
    if (alert.adopted) words += ", adopted";
    return words;
}

std::string row(std::string_view label, const std::string& text) {
    return text.empty() ? "" : wrapped(fmt::format("  {:<10} ", label), shown(text, 4 * widest_text));
}

std::string worth(const Alert& alert, const std::string& currency) {
    if (is_missing(alert.revenue)) return "";
    std::string words = format_value(Value::of(alert.revenue / minor_units), Format::money, currency) + " a year";
    if (is_known(alert.risk))
        words += fmt::format(", {} likely to be lost{}", format_value(Value::of(alert.risk), Format::percent),
                             alert.risk_is_base_rate ? " (as its segment)" : "");
    return words;
}

Json handling_json(const Handling& handling) {
    return {{"acknowledged_until", instant(handling.acknowledged_until)},
            {"acknowledged_by", text(handling.acknowledged_by)},
            {"snoozed_until", instant(handling.snoozed_until)},
            {"called_wrong", handling.called_wrong},
            {"answered", handling.answered}};
}

Json entry_json(const AlertEntry& entry) {
    const Alert& alert = entry.alert;
    Json all = {{"alert_id", entry.alert_id}, {"name", alert_name(alert.key)}};
    all.update(alert_json(alert));
    all.update(Json{{"dimension", text(alert.key.dimension)},
                    {"customer_id", text(alert.customer_id)},
                    {"episode", alert.episode},
                    {"seq", alert.seq},
                    {"flapping", alert.flapping},
                    {"adopted", alert.adopted},
                    {"opened_at", instant(alert.opened_at)},
                    {"ended_on", day(alert.ended_on)},
                    {"closed_because", text(alert.closed_because)},
                    {"revenue", amount(alert.revenue)},
                    {"risk", number(alert.risk)},
                    {"account_manager", text(alert.owner)},
                    {"handling", handling_json(entry.handling)}});
    return all;
}

Json act_json(const Act& act) {
    return {{"name", alert_name(act.key)},
            {"episode", act.episode},
            {"kind", act_kind_name(act.kind)},
            {"severity", severity_name(act.severity)},
            {"at", format_instant(act.at)},
            {"until", format_instant(act.until)},
            {"by", act.by},
            {"via", act.via},
            {"comment", text(act.comment)}};
}

std::string act_words(const Act& act) {
    std::string words = fmt::format("{} by {} ({})", act_kind_name(act.kind), shown(act.by, widest_name), act.via);
    if (act.until > act.at) words += ", until " + format_instant(act.until);
    return act.comment.empty() ? words : words + ": " + shown(act.comment, widest_text);
}

}  // namespace

void sort_by_urgency(std::vector<AlertEntry>& entries) {
    std::ranges::stable_sort(entries, [](const AlertEntry& a, const AlertEntry& b) {
        const bool a_pends = a.alert.phase == AlertPhase::pending, b_pends = b.alert.phase == AlertPhase::pending;
        const AlertNote first = note_of(a.alert), second = note_of(b.alert);
        const bool over = !is_open(a.alert) || !is_open(b.alert);
        return a_pends != b_pends && !over ? b_pends : is_more_urgent(first, second);
    });
}

std::string alerts_text(const std::vector<AlertEntry>& entries, const std::string& currency, const Zone& zone) {
    if (entries.empty()) return "no alerts\n";
    std::string out;
    for (const AlertEntry& entry : entries) {
        const Alert& alert = entry.alert;
        out += fmt::format("{} {:<8} {}  ({})\n", entry.alert_id.substr(0, 8), severity_name(alert.severity),
                           shown(alert_name(alert.key), widest_name), state_words(alert));
        out += wrapped("    ", shown(alert.message, widest_text));
        std::string facts = alert.firing_since ? "since " + format_day(*alert.firing_since) : "";
        const auto add = [&](const std::string& more) {
            if (!more.empty()) facts += (facts.empty() ? "" : "; ") + more;
        };
        add(worth(alert, currency));
        if (alert.deadline) add("mend by " + format_day(*alert.deadline));
        add(handling_words(entry.handling, zone));
        if (!facts.empty()) out += wrapped("    ", facts);
    }
    return out;
}

std::string alerts_json(const std::vector<AlertEntry>& entries) {
    return written(Json{{"alerts", list(entries, entry_json)}});
}

std::string alert_story_text(const AlertReport& report) {
    const Alert& alert = report.entry.alert;
    const AlertStory& story = report.story;
    std::string out = fmt::format("{}\n\n", shown(alert_name(alert.key), 2 * widest_name));
    out += row("says", alert.message) + row("severity", std::string(severity_name(alert.severity))) +
           row("state", state_words(alert)) + row("closed", alert.closed_because) +
           row("since", alert.firing_since ? format_day(*alert.firing_since) : "") +
           row("ended", alert.ended_on ? format_day(*alert.ended_on) : "") +
           row("worth", worth(alert, report.currency)) +
           row("mend by", alert.deadline ? format_day(*alert.deadline) : "") + row("next", alert.advice) +
           row("customer", alert.customer_id) + row("segment", story.segment) + row("manager", story.account_manager) +
           row("handling", handling_words(report.entry.handling, report.zone)) +
           row("episode", std::to_string(alert.episode)) + row("id", report.entry.alert_id);
    for (const std::string& reason : alert.reasons) out += row("because", reason);
    out += "\ntold\n";
    for (const AlertDelivery& delivery : story.deliveries)
        out += fmt::format("  {}  {} to {}{}: {}{}, {}\n", format_instant(delivery.created_at),
                           transition_name(delivery.transition), delivery.receiver,
                           delivery.recipient.empty() ? "" : " (" + shown(delivery.recipient, widest_name) + ")",
                           delivery_status_name(delivery.status),
                           delivery.error_class.empty() ? "" : " (" + shown(delivery.error_class, widest_name) + ")",
                           delivery.delivery_id);
    if (story.deliveries.empty()) out += "  nobody yet\n";
    out += "\nanswers\n";
    for (const Act& act : story.acts) out += fmt::format("  {}  {}\n", format_instant(act.at), act_words(act));
    if (story.acts.empty() && story.audit.empty()) out += "  none yet\n";
    for (const AuditedAction& action : story.audit)
        out += fmt::format("  {}  {} {} by {}\n", format_instant(action.at), action.what,
                           shown(action.about, widest_name), shown(action.author, widest_name));
    out += "\nsteps\n";
    for (const AlertEvent& event : story.events)
        out += fmt::format(
            "  {}  {} -> {}, {}{}{}{}\n", format_instant(event.at), event.before.empty() ? "nothing" : event.before,
            event.after.empty() ? "nothing" : event.after, severity_name(event.severity), event.held ? ", held" : "",
            event.because.empty() ? "" : ": " + shown(event.because, widest_text),
            event.reasons.empty() ? "" : " [" + shown(event.reasons, widest_text) + "]");
    return out;
}

std::string alert_story_json(const AlertReport& report) {
    Json all = entry_json(report.entry);
    all["segment"] = text(report.story.segment);
    all["account_manager"] = text(report.story.account_manager);
    all["deliveries"] = list(report.story.deliveries, [](const AlertDelivery& delivery) {
        return Json{{"delivery_id", delivery.delivery_id},
                    {"receiver", delivery.receiver},
                    {"recipient", text(delivery.recipient)},
                    {"kind", message_kind_name(delivery.kind)},
                    {"episode", delivery.episode},
                    {"transition", transition_name(delivery.transition)},
                    {"status", delivery_status_name(delivery.status)},
                    {"created_at", format_instant(delivery.created_at)},
                    {"settled_or_due_at", format_instant(delivery.settled_or_due_at)},
                    {"error_class", text(delivery.error_class)}};
    });
    all["acts"] = list(report.story.acts, act_json);
    all["audit"] = list(report.story.audit, [](const AuditedAction& action) {
        return Json{
            {"at", format_instant(action.at)}, {"by", action.author}, {"what", action.what}, {"about", action.about}};
    });
    all["events"] = list(report.story.events, [](const AlertEvent& event) {
        return Json{{"at", format_instant(event.at)},
                    {"day", format_day(event.day)},
                    {"episode", event.episode},
                    {"seq", event.seq},
                    {"before", text(event.before)},
                    {"after", text(event.after)},
                    {"severity", severity_name(event.severity)},
                    {"held", event.held},
                    {"reasons", text(event.reasons)},
                    {"because", text(event.because)}};
    });
    return written(all);
}

std::string acts_text(const std::vector<Act>& acts) {
    std::string out;
    for (const Act& act : acts) out += fmt::format("{}: {}\n", shown(alert_name(act.key), widest_name), act_words(act));
    return out;
}

std::string acts_json(const std::vector<Act>& acts) { return written(Json{{"acts", list(acts, act_json)}}); }

std::string silences_text(const std::vector<AlertSilence>& silences, Instant now) {
    if (silences.empty()) return "no silences\n";
    std::string out;
    for (const AlertSilence& silence : silences) {
        const char* state = silence.until <= now ? "over" : silence.from > now ? "to come" : "in force";
        out +=
            fmt::format("{} {}: {} to {}, by {}\n", shown(silence.id, widest_name), state, format_instant(silence.from),
                        format_instant(silence.until), shown(silence.author, widest_name));
        for (const Route::Match& match : silence.match)
            out += row("match", fmt::format("{} {} {}", match.field, match.negated ? "is not" : "is",
                                            fmt::join(match.values, " or ")));
        out += row("because", silence.comment);
    }
    return out;
}

std::string silences_json(const std::vector<AlertSilence>& silences) {
    return written(Json{
        {"silences", list(silences, [](const AlertSilence& silence) {
             return Json{
                 {"id", silence.id},
                 {"match",
                  list(silence.match,
                       [](const Route::Match& match) {
                           return Json{{"field", match.field}, {"negated", match.negated}, {"values", match.values}};
                       })},
                 {"from", format_instant(silence.from)},
                 {"until", format_instant(silence.until)},
                 {"author", silence.author},
                 {"comment", silence.comment}};
         })}});
}

bool is_below_floor(const JudgedRule& rule) { return misses_floor(rule.quality, rule.min_precision); }

std::string quality_text(const std::vector<JudgedRule>& rules) {
    if (rules.empty()) return "no alert is old enough to be judged\n";
    const auto share = [](double value) { return is_known(value) ? fmt::format("{:.0f} %", 100 * value) : "-"; };
    std::string out = fmt::format("{:<28} {:>7} {:>6} {:>9} {:>7} {:>7} {:>6} {:>7} {:>6}\n", "rule", "alerts", "right",
                                  "precision", "recall", "lead", "wrong", "acted", "floor");
    for (const JudgedRule& rule : rules) {
        const RuleQuality& quality = rule.quality;
        const std::int64_t cases = quality.churned + quality.shrank + quality.renewed + quality.still_open;
        const std::string lead =
            is_known(quality.median_lead_days) ? fmt::format("{:.0f} d", quality.median_lead_days) : "-";
        out += fmt::format(
            "{:<28} {:>7} {:>6} {:>9} {:>7} {:>7} {:>6} {:>7} {:>6}{}\n", shown(quality.rule, 28), cases,
            quality.churned + quality.shrank, share(precision(quality)), share(recall(quality)), lead,
            quality.called_wrong,
            cases == 0 ? "-" : share(static_cast<double>(quality.followed_through) / static_cast<double>(cases)),
            share(rule.min_precision), is_below_floor(rule) ? "  below" : "");
    }
    return out +
           "right: the customer left or shrank within the horizon; lead: median time from opening to the loss;\n"
           "wrong: so called by people; acted: acknowledged, or in touch with the customer, by the deadline\n";
}

std::string quality_json(const std::vector<JudgedRule>& rules) {
    return written(Json{{"rules", list(rules, [](const JudgedRule& rule) {
                             const RuleQuality& quality = rule.quality;
                             return Json{{"rule", quality.rule},
                                         {"churned", quality.churned},
                                         {"shrank", quality.shrank},
                                         {"renewed", quality.renewed},
                                         {"still_open", quality.still_open},
                                         {"called_wrong", quality.called_wrong},
                                         {"followed_through", quality.followed_through},
                                         {"losses", quality.losses},
                                         {"foreseen", quality.foreseen},
                                         {"precision", number(precision(quality))},
                                         {"recall", number(recall(quality))},
                                         {"median_lead_days", number(quality.median_lead_days)},
                                         {"min_precision", number(rule.min_precision)},
                                         {"below_floor", is_below_floor(rule)}};
                         })}});
}

std::string requeued_text(const Requeued& requeued, const std::vector<std::string>& not_found) {
    std::string out;
    for (const std::string& id : requeued.queued) out += fmt::format("{} goes out again\n", shown(id, widest_name));
    for (const std::string& id : requeued.over)
        out += fmt::format("{} stays: all that it tells of is over\n", shown(id, widest_name));
    for (const std::string& id : not_found)
        out += fmt::format("{} is no delivery that was given up\n", shown(id, widest_name));
    return out.empty() ? "nothing was given up\n" : out;
}

std::string requeued_json(const Requeued& requeued, const std::vector<std::string>& not_found) {
    return written(Json{{"requeued", requeued.queued}, {"over", requeued.over}, {"not_found", not_found}});
}

std::string count_json(const std::string& name, std::uint64_t count) { return written(Json{{name, count}}); }

}  // namespace retaind
