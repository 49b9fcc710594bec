#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "customer_report.hpp"
#include "plain.hpp"

namespace retaind {
namespace {

constexpr std::size_t widest = 200;

std::string conditions_text(std::string_view title, const std::vector<FoundCondition>& conditions) {
    std::string out;
    for (const FoundCondition& condition : conditions) {
        const char* holds = condition.holds == Truth::yes ? "yes" : condition.holds == Truth::no ? "no" : "unknown";
        out += fmt::format("  {:<14} {:<8} {}\n", &condition == conditions.data() ? title : "", holds,
                           shown(condition.text, widest));
        for (const std::string& gap : condition.gaps) out += fmt::format("  {:<23} ({})\n", "", shown(gap, widest));
    }
    return out;
}

std::string trigger_text(std::string_view lead, const FoundTrigger& trigger) {
    std::string out = conditions_text(fmt::format("{}when", lead), trigger.when) +
                      conditions_text(fmt::format("{}one of", lead), trigger.any);
    if (trigger.hold > Seconds{0})
        out += fmt::format("  {:<14} {}\n", fmt::format("{}for", lead), format_duration(trigger.hold));
    return out + conditions_text(fmt::format("{}clear", lead), trigger.clear);
}

std::string finding_text(const RuleFinding& finding) {
    std::string out = conditions_text("applies", finding.applies) + trigger_text("", finding.trigger);
    if (finding.critical) out += trigger_text("critical ", *finding.critical);
    for (const std::string& feed : finding.doubted)
        out += fmt::format("  {:<14} {}\n", "frozen by", shown(feed, widest));
    return out;
}

nlohmann::ordered_json conditions_json(const std::vector<FoundCondition>& conditions) {
    auto list = nlohmann::ordered_json::array();
    for (const FoundCondition& condition : conditions) {
        list.push_back(
            {{"condition", condition.text},
             {"holds", condition.holds == Truth::unknown ? nlohmann::ordered_json(nullptr)
                                                         : nlohmann::ordered_json(condition.holds == Truth::yes)},
             {"gaps", condition.gaps}});
    }
    return list;
}

nlohmann::ordered_json trigger_json(const FoundTrigger& trigger) {
    return {{"when", conditions_json(trigger.when)},
            {"any", conditions_json(trigger.any)},
            {"clear", conditions_json(trigger.clear)},
            {"for", format_duration(trigger.hold)}};
}

}  // namespace

std::string why_not_text(const WhyNot& why) {
    std::string out = fmt::format("{}\n\n{} for {} ({}), as of {}\n", shown(why.verdict, 2 * widest), why.rule,
                                  shown(why.name, 60), shown(why.customer_id, 60), format_day(why.as_of));
    for (const std::string& profile : why.profiles)
        out += fmt::format("  {:<14} {}\n", "changed by", shown(profile, widest));
    for (const RuleFinding& finding : why.findings) {
        if (why.scope == Scope::promise)
            out += fmt::format("\npromise {} ({})\n  {}\n", shown(finding.entity, 60), shown(finding.name, 60),
                               shown(finding.verdict, 2 * widest));
        if (why.scope == Scope::segment) out += fmt::format("segment {}\n", shown(finding.entity, 60));
        out += finding_text(finding);
    }
    return out;
}

std::string why_not_json(const WhyNot& why) {
    auto findings = nlohmann::ordered_json::array();
    for (const RuleFinding& finding : why.findings) {
        findings.push_back(
            {{"entity", finding.entity},
             {"verdict", finding.verdict},
             {"state", finding.alert && is_open(*finding.alert)
                           ? nlohmann::ordered_json(phase_name(finding.alert->phase))
                           : nlohmann::ordered_json(nullptr)},
             {"applies", conditions_json(finding.applies)},
             {"trigger", trigger_json(finding.trigger)},
             {"critical", finding.critical ? trigger_json(*finding.critical) : nlohmann::ordered_json(nullptr)},
             {"frozen_by", finding.doubted}});
    }
    const nlohmann::ordered_json all = {{"customer_id", why.customer_id},
                                        {"rule", why.rule},
                                        {"scope", scope_name(why.scope)},
                                        {"as_of", format_day(why.as_of)},
                                        {"verdict", why.verdict},
                                        {"profiles", why.profiles},
                                        {"findings", findings}};
    return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace retaind
