// Profiles beside each other: which can never matter, and what two of them together make of a rule.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "edge/config/pack.hpp"

namespace retaind::config {
namespace {

using Keys = std::set<std::tuple<std::string_view, int, std::string>>;  // what is changed, which, and its key

template <class T>
void add_keys(Keys& to, std::string_view kind, const std::vector<Patch<T>>& patches) {
    for (const auto& patch : patches)
        for (const auto& key : patch.keys) to.emplace(kind, patch.target, key);
}

Keys keys_of(const Profile& profile) {
    Keys keys;
    add_keys(keys, "group", profile.groups);
    add_keys(keys, "signal", profile.signals);
    add_keys(keys, "cap", profile.caps);
    add_keys(keys, "rule", profile.rules);
    if (profile.base_rate) keys.emplace("risk", 0, "base_rate");
    if (profile.intercept) keys.emplace("risk", 0, "intercept");
    return keys;
}

bool can_match_together(const Profile& a, const Profile& b) {
    auto both = a.match;
    both.insert(both.end(), b.match.begin(), b.match.end());
    return !is_contradiction(both);
}

bool writes(const Patch<Rule>& patch, std::initializer_list<std::string_view> keys) {
    return std::ranges::any_of(
        keys, [&](std::string_view key) { return std::ranges::find(patch.keys, key) != patch.keys.end(); });
}

/// One writes when the rule opens, the other when it ends: each is right with what the rule itself says.
bool may_disagree(const Patch<Rule>& a, const Patch<Rule>& b) {
    const auto meet = [](const Patch<Rule>& opens, const Patch<Rule>& ends) {
        return writes(opens, {"when", "any"}) && writes(ends, {"when", "any", "clear"});
    };
    return meet(a, b) || meet(b, a);
}

void check_together(const RuleSet& rules, const Profile& first, const Profile& second, const Pack& pack) {
    for (const auto& a : first.rules)
        for (const auto& b : second.rules) {
            if (a.target != b.target || !may_disagree(a, b)) continue;
            Rule rule = rules.rules[static_cast<std::size_t>(a.target)];
            apply(rule, a);
            apply(rule, b);
            if (clearing(rule.trigger) != Overlap::apart)
                pack.problems.error(
                    second.where,
                    fmt::format("with \"{}\" before it, \"clear\" of the rule \"{}\" can hold together with \"when\"",
                                shown(first.name), rule.name),
                    "customers may match both: let one of them write both keys, or let their matches exclude each "
                    "other");
        }
}

void warn_of_overridden(const Profile& earlier, const Profile& later, const Pack& pack) {
    if (!implies(earlier.match, later.match)) return;
    const auto keys = keys_of(earlier), all = keys_of(later);
    if (!keys.empty() && std::ranges::includes(all, keys))
        pack.problems.warning(
            earlier.where, fmt::format("the profile \"{}\" changes nothing", shown(earlier.name)),
            fmt::format("\"{}\" comes later, matches wherever it does, and sets the same keys", shown(later.name)));
    else if (implies(later.match, earlier.match))
        pack.problems.warning(
            later.where,
            fmt::format("the profile \"{}\" matches whom \"{}\" matches", shown(later.name), shown(earlier.name)),
            "put what they change together");
}

/// What a profile writes of something that does not exist for those whom it matches.
template <class T>
void warn_of_absent(const Profile& profile, std::string_view kind, const std::vector<Patch<T>>& patches,
                    const Pack& pack) {
    for (const auto& patch : patches) {
        auto both = profile.match;
        both.insert(both.end(), patch.values.applies.begin(), patch.values.applies.end());
        if (is_contradiction(both))
            pack.problems.warning(profile.where,
                                  fmt::format("the profile \"{}\" changes the {} \"{}\", which does not apply to "
                                              "anybody whom it matches",
                                              shown(profile.name), kind, patch.values.name),
                                  "\"match\" contradicts \"applies\"");
    }
}

}  // namespace

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
    if (pack.problems.has_errors()) return;
    for (std::size_t later = 1; later < rules.profiles.size(); ++later)
        for (std::size_t earlier = 0; earlier < later; ++earlier)
            if (can_match_together(rules.profiles[earlier], rules.profiles[later]))
                check_together(rules, rules.profiles[earlier], rules.profiles[later], pack);
}

void warn_of_idle_profiles(const RuleSet& rules, const Pack& pack) {
    for (std::size_t later = 0; later < rules.profiles.size(); ++later) {
        const auto& profile = rules.profiles[later];
        for (std::size_t earlier = 0; earlier < later; ++earlier)
            warn_of_overridden(rules.profiles[earlier], profile, pack);
        warn_of_absent(profile, "signal", profile.signals, pack);
        warn_of_absent(profile, "rule", profile.rules, pack);
    }
}

}  // namespace retaind::config
