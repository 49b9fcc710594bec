// What can only be seen with everything read.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "edge/config/pack.hpp"
#include "retaind/base/text.hpp"
#include "retaind/rules/visit.hpp"

namespace retaind::config {
namespace {

using Indexes = std::set<int>;

/// Signals that rules, caps or the risk look at.
Indexes used_signals(const RuleSet& rules) {
    Indexes used;
    visit_fields(rules, [&](const Field& field) {
        if (is_signal(field)) used.insert(field.index);
    });
    return used;
}

/// Signals that count towards some customer's health: with the profiles that change a signal's weight or group, or the
/// group's weight.
Indexes weighed_signals(const RuleSet& rules) {
    Indexes weighty;
    const auto add = [&](int index, const Group& group) {
        if (group.weight > 0) weighty.insert(index);
    };
    for (std::size_t i = 0; i < rules.groups.size(); ++i) add(static_cast<int>(i), rules.groups[i]);
    for (const auto& profile : rules.profiles)
        for (const auto& patch : profile.groups) add(patch.target, patch.values);
    Indexes weighed;
    const auto weigh = [&](int index, const Signal& signal) {
        if (signal.weight > 0 && weighty.contains(signal.group)) weighed.insert(index);
    };
    for (std::size_t i = 0; i < rules.signals.size(); ++i) weigh(static_cast<int>(i), rules.signals[i]);
    for (const auto& profile : rules.profiles)
        for (const auto& patch : profile.signals) weigh(patch.target, patch.values);
    return weighed;
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

void warn_of_idle_signals(const RuleSet& rules, const Pack& pack) {
    const auto used = used_signals(rules), weighed = weighed_signals(rules);
    for (std::size_t i = 0; i < rules.signals.size(); ++i) {
        const auto& signal = rules.signals[i];
        const auto index = static_cast<int>(i);
        if (!weighed.contains(index) && !used.contains(index))
            pack.problems.warning(signal.where, fmt::format("nobody weighs or uses the signal \"{}\"", signal.name),
                                  "it is still shown in explanations");
    }
}

/// A profile may lower it for some.
void warn_of_idle_caps(const RuleSet& rules, const Pack& pack) {
    for (std::size_t i = 0; i < rules.caps.size(); ++i) {
        const bool is_lowered = std::ranges::any_of(rules.profiles, [&](const Profile& profile) {
            return std::ranges::any_of(profile.caps, [&](const auto& patch) {
                return patch.target == static_cast<int>(i) && patch.values.at < 100;
            });
        });
        if (rules.caps[i].at >= 100 && !is_lowered)
            pack.problems.warning(rules.caps[i].where,
                                  fmt::format("the cap \"{}\" never lowers a health", rules.caps[i].name),
                                  "health ends at 100 anyway");
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
