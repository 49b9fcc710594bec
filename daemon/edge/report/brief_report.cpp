#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "customer_report.hpp"
#include "plain.hpp"

namespace retaind {
namespace {

// So that it is half a page whatever people wrote: 40 lines of 100 columns.
constexpr int page_width = 100;
constexpr std::size_t most_of_a_kind = 3;  ///< promises, alerts, neighbours
constexpr std::size_t one_line = 88, two_lines = 165, three_lines = 250;
constexpr std::size_t longest_message = 110, longest_outcome = 50;

std::string entry(std::string_view heading, std::string_view text, std::size_t longest = two_lines) {
    return wrapped(fmt::format("{:<10}", heading), shown(text, longest), page_width);
}

std::string without_underscores(std::string_view name) {
    std::string words{name};
    std::ranges::replace(words, '_', ' ');
    return words;
}

/// " (and 2 more)" after the last one that is shown.
std::string rest(std::size_t at, std::size_t all) {
    return at + 1 == most_of_a_kind && all > most_of_a_kind ? fmt::format(" (and {} more)", all - most_of_a_kind) : "";
}

std::string joined(const std::vector<std::string>& parts, std::string_view between = ", ") {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) text += (text.empty() ? "" : std::string(between)) + part;
    }
    return text;
}

std::string labelled(std::string_view label, const std::string& text) {
    return text.empty() ? "" : fmt::format("{} {}", label, text);
}

std::string days(long count) { return fmt::format("{} day{}", count, count == 1 ? "" : "s"); }

/// "in 12 days", "today", "3 days ago"
std::string from(Day as_of, Day day) {
    const long away = (day - as_of).count();
    return away == 0 ? "today" : away > 0 ? "in " + days(away) : days(-away) + " ago";
}

std::string dated(std::string_view label, const std::optional<Day>& day, Day as_of) {
    return day ? fmt::format("{} {} ({})", label, format_day(*day), from(as_of, *day)) : "";
}

std::string signals_text(std::string_view label, const std::vector<Brief::Signal>& signals) {
    std::vector<std::string> words;
    for (const Brief::Signal& signal : signals)
        words.push_back(fmt::format("{} {} ({:+.0f})", without_underscores(signal.name), format_number(signal.raw),
                                    signal.contribution));
    return labelled(label, joined(words));
}

std::string contract_text(const Brief& brief) {
    const std::string revenue =
        is_known(brief.revenue)
            ? format_value(Value::of(brief.revenue / minor_units), Format::money, brief.currency) + " a year"
            : "";
    std::string out = entry(
        "Who", joined({labelled("segment", brief.segment), labelled("motion", brief.motion),
                       labelled("plan", brief.plan), brief.since ? "customer since " + format_day(*brief.since) : ""}));
    const std::string terms =
        joined({revenue, dated("renews", brief.renews_on, brief.as_of),
                brief.notice_on != brief.renews_on ? dated("notice by", brief.notice_on, brief.as_of) : ""});
    if (!terms.empty()) out += entry("", terms);
    const std::string people =
        joined({labelled("account manager", brief.account_manager), labelled("sold by", brief.seller)});
    return people.empty() ? out : out + entry("", people, one_line);
}

std::string health_text(const Brief& brief) {
    std::string out =
        entry("Health", joined({fmt::format("{:.0f}, {}, {:.0f} % of it measured", brief.health,
                                            without_underscores(band_name(brief.band)), 100 * brief.coverage),
                                signals_text("up:", brief.ups), signals_text("down:", brief.downs)},
                               "; "));
    if (is_known(brief.pulse))
        out += entry("Feeling",
                     joined({fmt::format("{:.0f} of 100", brief.pulse),
                             brief.pulse_at ? "on " + format_day(*brief.pulse_at) : "",
                             brief.pulse_note.empty() ? "" : fmt::format("\"{}\"", shown(brief.pulse_note, 55))}),
                     one_line);
    std::vector<std::string> touches;
    for (const Brief::Touch& touch : brief.touches)
        touches.push_back(fmt::format("{} {} ({})", touch.kind, format_day(touch.day),
                                      joined({from(brief.as_of, touch.day), touch.by, touch.channel})));
    if (touches.empty()) return out + entry("Last", "nobody has been in touch, as far as is known");
    return out + entry("Last", joined(touches, "; "), three_lines);
}

std::string pace_text(const Brief::Promised& promise) {
    const bool has_pace = promise.state != PromiseState::missed && promise.state != PromiseState::unmeasurable;
    if (!has_pace || is_missing(promise.days_behind)) return "";
    const long count = std::lround(promise.days_behind);
    return count == 0 ? "on pace" : count > 0 ? days(count) + " behind" : days(-count) + " ahead";
}

std::string promises_text(const Brief& brief) {
    std::string out;
    for (std::size_t at = 0; at < brief.promises.size() && at < most_of_a_kind; ++at) {
        const Brief::Promised& promise = brief.promises[at];
        out += entry(
            at == 0 ? "Promised" : "",
            fmt::format(
                "{}: {}{}", shown(promise.outcome, longest_outcome),
                joined({without_underscores(promise_state_name(promise.state)), promise.disputed ? "disputed" : "",
                        pace_text(promise), dated("due", promise.due_on, brief.as_of),
                        labelled("promised by", promise.promised_by), labelled("kept by", promise.kept_by)}),
                rest(at, brief.promises.size())));
    }
    return out;
}

std::string alerts_text(const Brief& brief) {
    std::string out, advice;
    for (std::size_t at = 0; at < brief.alerts.size() && at < most_of_a_kind; ++at) {
        const Alert& alert = brief.alerts[at];
        const std::string since = alert.firing_since ? fmt::format(" (since {})", format_day(*alert.firing_since)) : "";
        out += entry(at == 0 ? "Open" : "",
                     fmt::format("{}: {}{}{}", severity_name(alert.severity), shown(alert.message, longest_message),
                                 since, rest(at, brief.alerts.size())));
        if (advice.empty()) advice = alert.advice;
    }
    return advice.empty() ? out : out + entry("Next", advice);
}

std::string near_text(const Brief& brief) {
    std::vector<std::string> near;
    for (std::size_t at = 0; at < brief.near.size() && at < most_of_a_kind; ++at) {
        const Brief::Near& each = brief.near[at];
        near.push_back(fmt::format("{} ({}){}", each.name,
                                   joined({each.kind, each.live ? "still with us" : "has left"}),
                                   rest(at, brief.near.size())));
    }
    return near.empty() ? "" : entry("Near", joined(near, "; "));
}

nlohmann::ordered_json promised_json(const Brief::Promised& promise) {
    using Json = nlohmann::ordered_json;
    const auto number = [](double value) { return is_known(value) ? Json(value) : Json(nullptr); };
    return {{"promise_id", promise.promise_id},
            {"outcome", promise.outcome},
            {"state", promise_state_name(promise.state)},
            {"days_behind", number(promise.days_behind)},
            {"probability_kept", number(promise.probability)},
            {"due_on", format_day(promise.due_on)},
            {"promised_by", promise.promised_by},
            {"kept_by", promise.kept_by},
            {"disputed", promise.disputed}};
}

}  // namespace

std::string brief_text(const Brief& brief) {
    std::string out = fmt::format("{} ({}), as of {}\n", shown(brief.name, 60), shown(brief.customer_id, 60),
                                  format_day(brief.as_of)) +
                      contract_text(brief);
    if (brief.do_not_profile) out += entry("", "asked not to be profiled: no score, no alerts, no history here");
    if (!brief.do_not_profile) out += health_text(brief);
    out += promises_text(brief);
    if (!brief.do_not_profile) out += alerts_text(brief) + near_text(brief);
    if (brief.not_to_say.empty()) return out;
    out += "\nBetter not said\n";
    for (const std::string& sentence : brief.not_to_say) out += wrapped("  - ", shown(sentence, two_lines), page_width);
    return out;
}

std::string brief_json(const Brief& brief) {
    using Json = nlohmann::ordered_json;
    const auto number = [](double value) { return is_known(value) ? Json(value) : Json(nullptr); };
    const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
    const auto day = [](const std::optional<Day>& value) { return value ? Json(format_day(*value)) : Json(nullptr); };
    const auto signals = [&](const std::vector<Brief::Signal>& from) {
        Json list = Json::array();
        for (const auto& each : from)
            list.push_back({{"signal", each.name}, {"raw", number(each.raw)}, {"contribution", each.contribution}});
        return list;
    };
    Json touches = Json::array(), promises = Json::array(), alerts = Json::array(), near = Json::array();
    for (const auto& touch : brief.touches)
        touches.push_back({{"kind", touch.kind},
                           {"day", format_day(touch.day)},
                           {"by", text(touch.by)},
                           {"channel", text(touch.channel)}});
    for (const auto& promise : brief.promises) promises.push_back(promised_json(promise));
    for (const auto& alert : brief.alerts)
        alerts.push_back({{"rule", alert.key.rule},
                          {"severity", severity_name(alert.severity)},
                          {"since", day(alert.firing_since)},
                          {"message", alert.message},
                          {"advice", text(alert.advice)}});
    for (const auto& each : brief.near)
        near.push_back({{"name", each.name}, {"kind", text(each.kind)}, {"live", each.live}});
    const Json all = {{"customer_id", brief.customer_id},
                      {"name", brief.name},
                      {"as_of", format_day(brief.as_of)},
                      {"segment", text(brief.segment)},
                      {"motion", text(brief.motion)},
                      {"plan", text(brief.plan)},
                      {"account_manager", text(brief.account_manager)},
                      {"seller", text(brief.seller)},
                      {"since", day(brief.since)},
                      {"revenue", is_known(brief.revenue) ? Json(brief.revenue / minor_units) : Json(nullptr)},
                      {"renews_on", day(brief.renews_on)},
                      {"notice_on", day(brief.notice_on)},
                      {"do_not_profile", brief.do_not_profile},
                      {"health", number(brief.health)},
                      {"band", brief.do_not_profile ? Json(nullptr) : Json(band_name(brief.band))},
                      {"coverage", number(brief.coverage)},
                      {"ups", signals(brief.ups)},
                      {"downs", signals(brief.downs)},
                      {"pulse", number(brief.pulse)},
                      {"pulse_at", day(brief.pulse_at)},
                      {"pulse_note", text(brief.pulse_note)},
                      {"touches", touches},
                      {"promises", promises},
                      {"alerts", alerts},
                      {"near", near},
                      {"gaps", brief.gaps},
                      {"not_to_say", brief.not_to_say}};
    return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace retaind
