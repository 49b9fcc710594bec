// What a new or changed rule finds was there before it asked.
#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "retaind/alerts/guard.hpp"
#include "retaind/rules/visit.hpp"

namespace retaind {

namespace {

/// FNV-1a over length-prefixed parts: it tells versions of a rule apart, and guards against nobody.
class Fingerprint {
public:
    void add(std::string_view part) {
        mix(fmt::format("{}:", part.size()));
        mix(part);
    }
    void add(Seconds span) { add(fmt::format("{}", span.count())); }
    void add(int number) { add(fmt::format("{}", number)); }

    void add(const std::vector<Condition>& conditions) {
        add(static_cast<int>(conditions.size()));
        for (const Condition& condition : conditions) add(condition.text);
    }

    void add(const Trigger& trigger) {
        add(trigger.when);
        add(trigger.any);
        add(trigger.clear);
        add(trigger.clear_is_negation ? 1 : 0);
        add(trigger.hold);
    }

    void add(const Rule& rule) {
        add(static_cast<int>(rule.scope));
        add(rule.applies);
        add(rule.trigger);
        add(rule.critical ? 1 : 0);
        if (rule.critical) add(*rule.critical);
        add(rule.keep_firing_for);
        add(static_cast<int>(rule.severity));
    }

    std::string hex() const { return fmt::format("{:016x}", state_); }

private:
    void mix(std::string_view text) {
        for (const unsigned char byte : text) state_ = (state_ ^ byte) * 0x100000001b3ull;
    }

    std::uint64_t state_ = 0xcbf29ce484222325ull;
};

/// Signals, scores and promise states follow from the packs as a whole.
bool is_computed(const Field& field) {
    if (field.kind != Field::Kind::builtin) return field.kind != Field::Kind::attribute;
    const auto reads = field_spec(field).reads;
    return reads.find("health") != reads.npos || reads.find("risk") != reads.npos ||
           reads.find("readings") != reads.npos;
}

const AdoptedRule* find(std::span<const AdoptedRule> known, std::string_view name) {
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.rule == name; });
    return found == known.end() ? nullptr : &*found;
}

}  // namespace

std::string rule_hash(const RuleSet& rules, const Rule& rule) {
    Fingerprint digest;
    digest.add(rule);
    bool computed = false;
    const FieldVisit note = [&](const Field& field) { computed = computed || is_computed(field); };
    visit_decisive_fields(rule, note);
    for (const Profile& profile : rules.profiles) {
        for (const auto& patch : profile.rules) {
            if (rules.rules[static_cast<std::size_t>(patch.target)].name != rule.name) continue;
            digest.add(profile.match);
            digest.add(patch.values);
            for (const auto& key : patch.keys) digest.add(key);
            visit_fields(profile.match, note);
            visit_decisive_fields(patch.values, note);
        }
    }
    if (computed) digest.add(rules.hash);
    return digest.hex();
}

bool adopts(std::span<const AdoptedRule> known, const RuleSet& rules, const Rule& rule) {
    const AdoptedRule* before = find(known, rule.name);
    return !before || before->hash != rule_hash(rules, rule);
}

std::vector<AdoptedRule> remember_rules(std::span<const AdoptedRule> known, const RuleSet& rules,
                                        const std::vector<bool>& evaluated) {
    std::vector<AdoptedRule> result;
    for (std::size_t at = 0; at < rules.rules.size(); ++at) {
        const Rule& rule = rules.rules[at];
        if (evaluated[at])
            result.push_back({rule.name, rule_hash(rules, rule)});
        else if (const AdoptedRule* before = find(known, rule.name))
            result.push_back(*before);
    }
    std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.rule < b.rule; });
    return result;
}

void take_back_told(std::vector<Alert>& alerts, std::span<const Alert> before) {
    for (Alert& alert : alerts) {
        const auto known = std::lower_bound(before.begin(), before.end(), alert.key,
                                            [](const Alert& one, const AlertKey& key) { return one.key < key; });
        alert.told = known != before.end() && known->key == alert.key ? known->told : std::vector<Told>{};
        const bool is_known = std::any_of(alert.told.begin(), alert.told.end(),
                                          [&](const Told& told) { return told.episode == alert.episode; });
        const bool is_firing = alert.phase == AlertPhase::firing || alert.phase == AlertPhase::recovering;
        if (is_firing && !is_known && !alert.held) alert.adopted = true;
    }
}

std::vector<RuleRename> rule_renames(std::span<const Alert> alerts, std::span<const AdoptedRule> known,
                                     const RuleSet& rules) {
    std::vector<RuleRename> renames;
    for (const Rule& rule : rules.rules) {
        const auto is_own = [&](const Alert& alert) { return alert.key.rule == rule.name; };
        const bool was_another = !rule.was.empty() && std::ranges::count(rules.rules, rule.was, &Rule::name) == 0;
        if (was_another && !find(known, rule.name) && std::ranges::none_of(alerts, is_own))
            renames.push_back({.was = rule.was, .name = rule.name});
    }
    return renames;
}

void rename_rules(std::vector<Alert>& alerts, std::vector<AdoptedRule>& known, std::span<const RuleRename> renames) {
    for (const RuleRename& rename : renames) {
        for (Alert& alert : alerts) {
            if (alert.key.rule == rename.was) alert.key.rule = rename.name;
            const bool is_its_floor = alert.key.rule == "rule_below_floor" && alert.key.entity == rename.was;
            if (is_its_floor) alert.key.entity = rename.name;
        }
        for (AdoptedRule& one : known) {
            if (one.rule == rename.was) one.rule = rename.name;
        }
    }
    std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) { return a.key < b.key; });
    std::sort(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.rule < b.rule; });
}

}  // namespace retaind
