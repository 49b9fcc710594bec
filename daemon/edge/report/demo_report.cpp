#include "demo_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "plain.hpp"
#include "retaind/base/text.hpp"

namespace retaind {
namespace {

constexpr int width = 80;  ///< of the screen

/// A command that is too long goes on in a second line, as a shell reads it.
std::string command_line(std::string_view indent, std::string command) {
    const auto option = command.find(" --config ");
    if (static_cast<int>(indent.size()) + characters(command) > width && option != command.npos)
        command.replace(option, 1, fmt::format(" \\\n{}  ", indent));
    return fmt::format("{}{}\n", indent, command);
}

std::string person_text(const DemoReport& report) {
    if (!report.person) return "";
    const Alert& alert = *report.person;
    std::string out = wrapped("", report.customer_name + " needs " +
                                      (report.looked_after.empty() ? "somebody" : report.looked_after) + " today.");
    out += wrapped("  What  ", alert.message);
    out += wrapped("  Why   ", fmt::format("{}", fmt::join(alert.reasons, "; ")));
    if (!alert.advice.empty()) out += wrapped("  Next  ", alert.advice);
    return out + "\n";
}

std::string stories_text(const DemoReport& report) {
    std::size_t right = 0;
    for (const DemoReport::Story& story : report.stories) right += story.as_it_should;
    std::string out = fmt::format("{} stories are hidden in this company; {} came out as they should:\n",
                                  report.stories.size(), right);
    for (const DemoReport::Story& story : report.stories) {
        const std::string verdict = !story.as_it_should  ? "MISSED"
                                    : story.should_alert ? format_day(story.found_on.value_or(report.last))
                                                         : "left alone";
        out += wrapped(fmt::format("{:<10}  ", verdict), story.told) + command_line("  ", story.command);
    }
    return out + "\n";
}

std::string feed_text(const DemoReport::Feed& feed) {
    return wrapped("", fmt::format("The feed \"{}\" was silent from {} to {}. Counted as \"nobody uses it\", it would "
                                   "have raised {} false alerts, in {} messages to account managers. It raised {}, in "
                                   "{} messages, and {} to ops: about the feed.",
                                   feed.dataset, format_day(feed.from), format_day(feed.to), feed.alerts_if_zero,
                                   feed.messages_if_zero, feed.alerts, feed.messages, feed.to_ops)) +
           "\n";
}

std::string history_text(const DemoReport& report) {
    const auto days = (report.last - report.first).count() + 1;
    std::string told = fmt::format("In {} days {} customers left. For {} an alert came within the 56 days before", days,
                                   report.left, report.told_before);
    if (!report.lead_days.empty())
        told += fmt::format(" (median {:.0f} days ahead)", report.lead_days[report.lead_days.size() / 2]);
    told += fmt::format("; {} were missed", report.missed.size());
    constexpr std::size_t most = 3;
    for (std::size_t at = 0; at < report.missed.size() && at < most; ++at)
        told += (at == 0 ? ": " : ", ") + report.missed[at];
    if (report.missed.size() > most) told += fmt::format(" and {} more", report.missed.size() - most);
    return wrapped("", told + fmt::format(". {} messages went out in all.", report.messages)) + "\n";
}

}  // namespace

std::string demo_text(const DemoReport& report) {
    std::string out = person_text(report) + stories_text(report);
    if (report.dark_feed) out += feed_text(*report.dark_feed);
    out += history_text(report) + "Three things to try:\n";
    for (const auto& [what, command] : report.to_try) out += wrapped("", what + ":") + command_line("  ", command);
    return out + "\n" + fmt::format("Messages, rules and log are in {}\n", report.folder);
}

std::string demo_json(const DemoReport& report) {
    using Json = nlohmann::ordered_json;
    Json stories = Json::array();
    for (const DemoReport::Story& story : report.stories) {
        stories.push_back({{"story", story.name},
                           {"entity", story.entity},
                           {"name", story.entity_name},
                           {"rule", story.rule.empty() ? Json(nullptr) : Json(story.rule)},
                           {"told", story.told},
                           {"should_alert", story.should_alert},
                           {"as_it_should", story.as_it_should},
                           {"found_on", story.found_on ? Json(format_day(*story.found_on)) : Json(nullptr)},
                           {"command", story.command}});
    }
    Json feed = nullptr;
    if (report.dark_feed) {
        feed = {{"dataset", report.dark_feed->dataset},
                {"from", format_day(report.dark_feed->from)},
                {"to", format_day(report.dark_feed->to)},
                {"alerts", report.dark_feed->alerts},
                {"messages", report.dark_feed->messages},
                {"to_ops", report.dark_feed->to_ops},
                {"alerts_if_counted_as_zero", report.dark_feed->alerts_if_zero},
                {"messages_if_counted_as_zero", report.dark_feed->messages_if_zero}};
    }
    const Json all = {{"from", format_day(report.first)},
                      {"as_of", format_day(report.last)},
                      {"stories", stories},
                      {"dark_feed", feed},
                      {"left", report.left},
                      {"told_before", report.told_before},
                      {"lead_days", report.lead_days},
                      {"missed", report.missed},
                      {"messages", report.messages},
                      {"folder", report.folder}};
    return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace retaind
