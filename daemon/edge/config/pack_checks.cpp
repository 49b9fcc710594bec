// What can only be seen with everything read.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "edge/config/pack.hpp"
#include "retaind/base/text.hpp"

namespace retaind::config {
namespace {

using Indexes = std::set<int>;

void add_signals(Indexes& to, const Field& field) {
    if (is_signal(field)) to.insert(field.index);
}

void add_signals(Indexes& to, const std::vector<Condition>& list_of_conditions) {
    for (const auto& one : list_of_conditions)
        for (const auto& field : fields_of(one)) add_signals(to, field);
}

void add_signals(Indexes& to, const Template& text) {
    for (const auto& part : text.parts)
        if (const auto* hole = std::get_if<Template::Hole>(&part)) add_signals(to, hole->field);
}

void add_signals(Indexes& to, const Trigger& trigger) {
    add_signals(to, trigger.when);
    add_signals(to, trigger.any);
    add_signals(to, trigger.clear);
}

void add_signals(Indexes& to, const Rule& rule) {
    add_signals(to, rule.applies);
    add_signals(to, rule.trigger);
    if (rule.critical) add_signals(to, *rule.critical);
    add_signals(to, rule.message);
    for (const auto& [motion, text] : rule.advice) add_signals(to, text);
    for (const auto& step : rule.steps)
        if (step.advice) add_signals(to, *step.advice);
}

Indexes used_signals(const RuleSet& rules) {
    Indexes used;
    for (const auto& rule : rules.rules) add_signals(used, rule);
    for (const auto& cap : rules.caps) add_signals(used, cap.when);
    if (rules.risk.model)
        for (const auto& term : rules.risk.model->terms) add_signals(used, term.feature);
    for (const auto& profile : rules.profiles) {
        for (const auto& patch : profile.rules) add_signals(used, patch.values);
        for (const auto& patch : profile.caps) add_signals(used, patch.values.when);
        for (const auto& patch : profile.signals)
            if (patch.values.weight > 0) used.insert(patch.target);
    }
    return used;
}

/// The first dataset that a builtin field reads and nobody maps, or "". Parts of promises may be left out.
std::string_view unmapped(const Field& field, const Pack& pack) {
    static const std::set<std::string_view> optional_parts = {"health", "risk", "drift", "readings", "milestones"};
    if (field.kind != Field::Kind::builtin) return "";
    for (const auto& dataset : words_of(field_spec(field).reads))
        if (!optional_parts.contains(dataset) && !pack.is_mapped(dataset)) return dataset;
    return "";
}

void warn_of_unmapped(const std::vector<Condition>& list_of_conditions, Pack& pack) {
    for (const auto& one : list_of_conditions)
        for (const auto& field : fields_of(one)) {
            const auto dataset = unmapped(field, pack);
            if (!dataset.empty() && pack.unmapped.emplace(dataset).second)
                pack.problems.warning(one.where,
                                      fmt::format("\"{}\" reads {}, which is not mapped", field.name, dataset),
                                      fmt::format("map it as [dataset.{}], or leave this condition out", dataset));
        }
}

}  // namespace

void check_groups(const RuleSet& rules, const Pack& pack) {
    Indexes filled;
    for (const auto& signal : rules.signals) filled.insert(signal.group);
    for (std::size_t i = 0; i < rules.groups.size(); ++i)
        if (!filled.contains(static_cast<int>(i)) && !pack.misses_a_group)
            pack.problems.error(rules.groups[i].where,
                                fmt::format("the group \"{}\" has no signals", rules.groups[i].name),
                                "remove it, or give it a signal");
}

void check_profiles(const RuleSet& rules, const Pack& pack) {
    std::map<std::string, Position> seen;
    for (const auto& profile : rules.profiles) {
        const auto [first, is_new] = seen.emplace(profile.name, profile.where);
        if (!is_new && !profile.name.empty())
            pack.problems.error(profile.where, fmt::format("there are two profiles \"{}\"", shown(profile.name)),
                                fmt::format("the first is in line {}", first->second.line));
        if (profile.intercept && !rules.risk.model)
            pack.problems.error(profile.where, "this profile sets the intercept of a model, and [risk] has none",
                                "set base_rate instead");
    }
}

void warn_of_idle_signals(const RuleSet& rules, const Pack& pack) {
    const auto used = used_signals(rules);
    for (std::size_t i = 0; i < rules.signals.size(); ++i) {
        const auto& signal = rules.signals[i];
        const bool is_weighed = signal.weight > 0 && rules.groups[static_cast<std::size_t>(signal.group)].weight > 0;
        if (!is_weighed && !used.contains(static_cast<int>(i)))
            pack.problems.warning(signal.where, fmt::format("nobody weighs or uses the signal \"{}\"", signal.name),
                                  "it is still shown in explanations");
    }
}

void warn_of_unmapped_fields(const RuleSet& rules, Pack& pack) {
    for (const auto& rule : rules.rules) {
        warn_of_unmapped(rule.applies, pack);
        warn_of_unmapped(rule.trigger.when, pack);
        warn_of_unmapped(rule.trigger.any, pack);
        if (rule.critical) warn_of_unmapped(rule.critical->when, pack);
    }
    for (const auto& cap : rules.caps) warn_of_unmapped(cap.when, pack);
    for (const auto& profile : rules.profiles) warn_of_unmapped(profile.match, pack);
}

}  // namespace retaind::config
