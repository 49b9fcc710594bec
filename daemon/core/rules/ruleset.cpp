#include "retaind/rules/ruleset.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "retaind/base/text.hpp"
#include "retaind/rules/visit.hpp"

namespace retaind {
namespace {

// -- profiles -------------------------------------------------------------------------------------------------------

template <class T>
struct Key {
    std::string_view name;
    void (*copy)(T& to, const T& from);
};

constexpr std::array group_keys{
    Key<Group>{"weight", [](Group& to, const Group& from) { to.weight = from.weight; }},
};

constexpr std::array signal_keys{
    Key<Signal>{"group", [](Signal& to, const Signal& from) { to.group = from.group; }},
    Key<Signal>{"weight", [](Signal& to, const Signal& from) { to.weight = from.weight; }},
    Key<Signal>{"from", [](Signal& to, const Signal& from) { to.from = from.from; }},
    Key<Signal>{"field", [](Signal& to, const Signal& from) { to.field = from.field; }},
    Key<Signal>{"where", [](Signal& to, const Signal& from) { to.where_rows = from.where_rows; }},
    Key<Signal>{"of", [](Signal& to, const Signal& from) { to.of = from.of; }},
    Key<Signal>{"measure", [](Signal& to, const Signal& from) { to.measure = from.measure; }},
    Key<Signal>{"window", [](Signal& to, const Signal& from) { to.window = from.window; }},
    Key<Signal>{"baseline", [](Signal& to, const Signal& from) { to.baseline = from.baseline; }},
    Key<Signal>{"c", [](Signal& to, const Signal& from) { to.ratio_c = from.ratio_c; }},
    Key<Signal>{"per", [](Signal& to, const Signal& from) { to.per = from.per; }},
    Key<Signal>{"applies", [](Signal& to, const Signal& from) { to.applies = from.applies; }},
    Key<Signal>{"scale", [](Signal& to, const Signal& from) { to.scale = from.scale; }},
    Key<Signal>{"silence", [](Signal& to, const Signal& from) { to.silence = from.silence; }},
    Key<Signal>{"missing", [](Signal& to, const Signal& from) { to.when_missing = from.when_missing; }},
    Key<Signal>{"carry", [](Signal& to, const Signal& from) { to.carry = from.carry; }},
    Key<Signal>{"max_age", [](Signal& to, const Signal& from) { to.max_age = from.max_age; }},
    Key<Signal>{"stale_halflife", [](Signal& to, const Signal& from) { to.stale_halflife = from.stale_halflife; }},
    Key<Signal>{"grace", [](Signal& to, const Signal& from) { to.grace = from.grace; }},
};

constexpr std::array cap_keys{
    Key<Cap>{"at", [](Cap& to, const Cap& from) { to.at = from.at; }},
    Key<Cap>{"when", [](Cap& to, const Cap& from) { to.when = from.when; }},
};

/// A trigger's own keys move together with what `clear` means: a negation follows `when`.
void copy_clear(Trigger& to, const Trigger& from) {
    to.clear = from.clear;
    to.clear_is_negation = from.clear_is_negation;
}

constexpr std::array rule_keys{
    Key<Rule>{"applies", [](Rule& to, const Rule& from) { to.applies = from.applies; }},
    Key<Rule>{"when", [](Rule& to, const Rule& from) { to.trigger.when = from.trigger.when; }},
    Key<Rule>{"any", [](Rule& to, const Rule& from) { to.trigger.any = from.trigger.any; }},
    Key<Rule>{"clear", [](Rule& to, const Rule& from) { copy_clear(to.trigger, from.trigger); }},
    Key<Rule>{"for", [](Rule& to, const Rule& from) { to.trigger.hold = from.trigger.hold; }},
    Key<Rule>{"keep_firing_for", [](Rule& to, const Rule& from) { to.keep_firing_for = from.keep_firing_for; }},
    Key<Rule>{"severity", [](Rule& to, const Rule& from) { to.severity = from.severity; }},
    Key<Rule>{"critical", [](Rule& to, const Rule& from) { to.critical = from.critical; }},
    Key<Rule>{"notify", [](Rule& to, const Rule& from) { to.notify = from.notify; }},
    Key<Rule>{"doer", [](Rule& to, const Rule& from) { to.doer = from.doer; }},
    Key<Rule>{"message", [](Rule& to, const Rule& from) { to.message = from.message; }},
    Key<Rule>{"advice", [](Rule& to, const Rule& from) { to.advice = from.advice; }},
    Key<Rule>{"deadline", [](Rule& to, const Rule& from) { to.deadline = from.deadline; }},
    Key<Rule>{"step", [](Rule& to, const Rule& from) { to.steps = from.steps; }},
    Key<Rule>{"cooldown", [](Rule& to, const Rule& from) { to.cooldown = from.cooldown; }},
    Key<Rule>{"repeat", [](Rule& to, const Rule& from) { to.repeat = from.repeat; }},
};

template <class T, std::size_t N>
void apply(T& target, const Patch<T>& patch, const std::array<Key<T>, N>& keys) {
    for (const auto& written : patch.keys) {
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key<T>& k) { return k.name == written; });
        if (key != keys.end()) key->copy(target, patch.values);
    }
}

template <class T, std::size_t N>
void apply(std::vector<T>& targets, const std::vector<Patch<T>>& patches, const std::array<Key<T>, N>& keys) {
    for (const auto& patch : patches) apply(targets[static_cast<std::size_t>(patch.target)], patch, keys);
}

void apply(RuleSet& rules, const Profile& profile) {
    apply(rules.groups, profile.groups, group_keys);
    apply(rules.signals, profile.signals, signal_keys);
    apply(rules.caps, profile.caps, cap_keys);
    apply(rules.rules, profile.rules, rule_keys);
    if (profile.base_rate) rules.risk.base_rate = *profile.base_rate;
    if (profile.intercept && rules.risk.model) rules.risk.model->intercept = *profile.intercept;
}

// -- what depends on which datasets ----------------------------------------------------------------------------------

/// Collects datasets. Everything is walked once, so that a circle (which the checker refuses) would end.
class Reads {
public:
    explicit Reads(const RuleSet& rules) : rules_(rules) {}

    void add(const Field& field) {
        switch (field.kind) {
            case Field::Kind::builtin:
                for (const auto name : words_of(field_spec(field).reads)) add_name(std::string{name});
                break;
            case Field::Kind::attribute: add_name("customers"); break;
            case Field::Kind::signal_raw:
            case Field::Kind::signal_score: add_signal(static_cast<std::size_t>(field.index)); break;
            case Field::Kind::row_column: break;
        }
    }

    /// Takes in whatever a walk over rules finds.
    FieldVisit taking() {
        return [this](const Field& field) { add(field); };
    }

    void add_name(const std::string& name) {
        if (name == "health") return add_health();
        if (name == "risk") return add_risk();
        if (name == "drift") return add_drift();
        names_.insert(name);
    }

    std::vector<std::string> mapped() const {
        const auto& sources = rules_.policy.dataset_sources;
        std::vector<std::string> result;
        for (const auto& name : names_)
            if (sources.empty() || sources.contains(name)) result.push_back(name);
        return result;
    }

private:
    void add_signal(std::size_t index) {
        if (!signals_.insert(index).second) return;
        const auto& signal = rules_.signals[index];
        names_.insert(signal.from);
        if (signal.from == "promises") names_.insert({"readings", "milestones"});
        visit_fields(signal, taking());
    }

    void add_health() {
        if (std::exchange(has_health_, true)) return;
        for (std::size_t i = 0; i < rules_.signals.size(); ++i) {
            const auto& signal = rules_.signals[i];
            if (signal.weight > 0 && rules_.groups[static_cast<std::size_t>(signal.group)].weight > 0) add_signal(i);
        }
        for (const auto& cap : rules_.caps) visit_fields(cap.when, taking());
    }

    void add_risk() {
        if (std::exchange(has_risk_, true)) return;
        if (!rules_.risk.model) return add_health();
        visit_fields(rules_.risk, taking());
    }

    void add_drift() {
        for (std::size_t i = 0; i < rules_.signals.size(); ++i)
            if (rules_.signals[i].measure == Measure::drift) add_signal(i);
    }

    const RuleSet& rules_;
    std::set<std::string> names_ = {};
    std::set<std::size_t> signals_ = {};
    bool has_health_ = false, has_risk_ = false;
};

void add_existence(Reads& reads, Scope scope) {
    if (scope == Scope::source || scope == Scope::row) return;
    reads.add_name("customers");
    reads.add_name("subscriptions");
    if (scope == Scope::promise) reads.add_name("promises");
}

}  // namespace

Truth holds(const Trigger& trigger, const FieldValues& values) {
    const auto all = evaluate_all(trigger.when, values);
    return trigger.any.empty() ? all : both(all, evaluate_any(trigger.any, values));
}

Truth clears(const Trigger& trigger, const FieldValues& values) {
    return trigger.clear_is_negation ? negation(holds(trigger, values)) : evaluate_all(trigger.clear, values);
}

void apply(Rule& rule, const Patch<Rule>& patch) { apply(rule, patch, rule_keys); }

RuleSet with_profiles(const RuleSet& rules, ProfileSet profiles) {
    RuleSet result = rules;
    if (profiles == 0) return result;
    for (std::size_t i = 0; i < rules.profiles.size() && i < most_profiles; ++i)
        if ((profiles >> i & 1u) != 0) apply(result, rules.profiles[i]);
    for (auto& rule : result.rules) rule.reads = datasets_read(result, rule);
    return result;
}

std::vector<std::string> datasets_read(const RuleSet& rules, const Field& field) {
    Reads reads{rules};
    reads.add(field);
    return reads.mapped();
}

std::vector<std::string> datasets_read(const RuleSet& rules, const Rule& rule) {
    Reads reads{rules};
    add_existence(reads, rule.scope);
    visit_decisive_fields(rule, reads.taking());
    return reads.mapped();
}

std::vector<std::string> attributes_read(const RuleSet& rules) {
    std::set<std::string, std::less<>> names;
    visit_fields(rules, [&](const Field& field) {
        if (field.kind == Field::Kind::attribute) names.insert(field.name);
    });
    const auto known = fields(Scope::customer);
    visit_signals(rules, [&](const Signal& signal) {
        for (const auto name : facts_named(signal))
            if (std::ranges::find(known, name, &FieldSpec::name) == known.end()) names.emplace(name);
    });
    return {names.begin(), names.end()};
}

bool is_flow(Measure measure) {
    switch (measure) {
        case Measure::count:
        case Measure::sum:
        case Measure::active_days:
        case Measure::days_since:
        case Measure::ratio:
        case Measure::slope:
        case Measure::share:
        case Measure::rate:
        case Measure::miss_streak:
        case Measure::drift: return true;
        default: return false;
    }
}

}  // namespace retaind
