#include <algorithm>

#include <fmt/format.h>

#include "edge/config/pack.hpp"

namespace retaind::config {
namespace {

bool compares_numbers(const Condition& condition) {
    if (condition.kind != Condition::Kind::compare) return false;
    const auto fields = fields_of(condition);
    return std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.type == ValueType::number; });
}

const Condition* first_with_numbers(const Trigger& trigger) {
    for (const auto* list_of_conditions : {&trigger.when, &trigger.any})
        for (const auto& one : *list_of_conditions)
            if (compares_numbers(one)) return &one;
    return nullptr;
}

}  // namespace

std::vector<std::vector<Condition>> ways(const Trigger& trigger) {
    if (trigger.any.empty()) return {trigger.when};
    std::vector<std::vector<Condition>> result;
    for (const auto& one : trigger.any) {
        result.push_back(trigger.when);
        result.back().push_back(one);
    }
    return result;
}

Overlap clearing(const Trigger& trigger) {
    auto nearest_way = Overlap::apart;
    if (trigger.clear_is_negation) return nearest_way;
    for (const auto& way : ways(trigger)) nearest_way = std::min(nearest_way, overlap(way, trigger.clear));
    return nearest_way;
}

namespace {

void check_clear(TableReader& in, Trigger& trigger) {
    if (!in.has("clear")) {
        const auto* number = first_with_numbers(trigger);
        if (number)
            in.problems().error(number->where, fmt::format("\"clear\" is missing: {} compares numbers", number->text),
                                "numbers flicker: say when it is over, with a gap, as in clear = [\"health >= 45\"]");
        trigger.clear_is_negation = true;
        return;
    }
    const auto worst = clearing(trigger);
    if (is_contradiction(trigger.clear))
        return in.problems().error(in.where("clear"), "these conditions can never hold together",
                                   "the alert would never recover");
    if (worst == Overlap::overlapping)
        in.problems().error(in.where("clear"), "\"clear\" can hold together with \"when\"",
                            "one of its conditions must contradict one of \"when\"");
    if (worst == Overlap::touching)
        in.problems().error(in.where("clear"), "\"clear\" leaves no gap to \"when\"",
                            "noise would open and close it: move the edge away, as in health < 40 and health >= 45");
}

void check_possible(TableReader& in, const Trigger& trigger) {
    const auto all = ways(trigger);
    if (std::all_of(all.begin(), all.end(), is_contradiction))
        return in.problems().error(in.where(in.has("when") ? "when" : "any"),
                                   "these conditions can never hold together");
    for (std::size_t i = 0; i < trigger.any.size(); ++i)
        if (is_contradiction(all[i]))
            in.problems().warning(trigger.any[i].where, fmt::format("{} can never hold here", trigger.any[i].text),
                                  "it contradicts \"when\", or itself");
}

/// Whether the rule applies to anybody, and opens where it does.
void check_applies(TableReader& in, const Rule& rule) {
    if (!in.has("applies")) return;
    const auto complain = [&](std::string message, std::string effect) {
        in.problems().error(in.where("applies"), std::move(message), std::move(effect));
    };
    if (is_contradiction(rule.applies))
        return complain("these conditions can never hold together", "the rule would never open");
    const auto never = [&](std::vector<Condition> way) {
        way.insert(way.end(), rule.applies.begin(), rule.applies.end());
        return is_contradiction(way);
    };
    const auto excludes = [&](const Trigger& trigger) {
        const auto all = ways(trigger);
        const bool is_possible = !std::all_of(all.begin(), all.end(), is_contradiction);  // else it is said already
        return is_possible && std::all_of(all.begin(), all.end(), never);
    };
    if (excludes(rule.trigger)) complain("\"applies\" contradicts \"when\"", "the rule would never open");
    if (rule.critical && excludes(*rule.critical))
        complain("\"applies\" contradicts \"critical\"", "the rule would never rise");
}

/// when, any, clear and for, which a rule and its `critical` share.
void read_trigger(TableReader& in, Trigger& to, const FieldCatalogue& catalogue) {
    const auto is_read = [&](std::string_view key, std::vector<Condition>& list_of_conditions) {
        return !in.take(key, list_of_conditions, conditions{catalogue}) ||
               list_of_conditions.size() == in.node().find(key)->items.size();
    };
    const bool has_when = is_read("when", to.when), has_any = is_read("any", to.any),
               has_clear = is_read("clear", to.clear);
    in.take("for", to.hold, duration{});
    if (!in.has("when") && !in.has("any"))
        in.problems().error(in.where(), "\"when\" is missing", "without it nothing would open");
    const bool is_whole = has_when && has_any && has_clear && (in.has("when") || in.has("any"));
    if (!is_whole) return;
    check_possible(in, to);
    check_clear(in, to);
}

struct deadline {
    Scope scope;
    std::optional<Deadline> operator()(const Item& item) const {
        using Kind = Deadline::Kind;
        if (item.node.is_text("notice")) return Deadline{.kind = Kind::notice};
        if (item.node.is_text("renewal")) return Deadline{.kind = Kind::renewal};
        if (item.node.is_text("due")) {
            if (scope == Scope::promise) return Deadline{.kind = Kind::due};
            return item.wrong(fmt::format("{} has no due date", scope_fields_name(scope)),
                              "notice, renewal, or a duration");
        }
        const auto span = item.node.kind == Node::Kind::text ? parse_duration(item.node.text) : std::nullopt;
        if (!span) return item.wrong("\"deadline\" must be notice, renewal, due or a duration from opening");
        return Deadline{.kind = Kind::after_opening, .after = *span};
    }
};

struct advice {
    const FieldCatalogue& catalogue;

    std::optional<Advice> operator()(const Item& item) const {
        const template_text read{catalogue};
        Advice result;
        if (!item.node.is_table()) {
            if (item.node.kind != Node::Kind::text) return item.must_be("a text, or a table of texts by motion");
            if (auto text = read(item)) result.emplace_back("", std::move(*text));
            return result;
        }
        for (const auto& entry : item.node.entries) add(result, entry, item.problems);
        return result;
    }

private:
    void add(Advice& to, const Entry& entry, Problems& problems) const {
        static const std::vector<std::string_view> usual = {"default", "price", "product", "insight"};
        const auto meant = nearest(entry.key, usual);
        if (!meant.empty())
            problems.error(entry.where, fmt::format("unknown motion \"{}\"", entry.key),
                           fmt::format("did you mean \"{}\"?", meant));
        if (auto text = template_text{catalogue}({entry.key, entry.value, problems}))
            to.emplace_back(entry.key == "default" ? "" : entry.key, std::move(*text));
    }
};

void read_steps(TableReader& in, Rule& to, const Pack& pack) {
    in.tables("step", most_steps, [&](TableReader& step_in) {
        Step step{};
        step_in.require("after", step.after, duration{Seconds{60}});
        step_in.require("notify", step.notify, audience{pack, to.scope});
        step_in.take("advice", step.advice, template_text{pack.fields(to.scope)});
        if (!to.steps.empty() && step.after <= to.steps.back().after)
            step_in.problems().error(step_in.where("after"), "steps must come later and later");
        to.steps.push_back(std::move(step));
    });
}

void read_doer(TableReader& in, Rule& to) {
    if (!in.take("doer", to.doer, text{})) {
        const auto first = std::find_if(to.notify.begin(), to.notify.end(), [](const auto& name) {
            return std::find(roles.begin(), roles.end(), name) != roles.end();
        });
        if (first != to.notify.end()) to.doer = *first;
        return;
    }
    if (to.doer.empty() || std::find(to.notify.begin(), to.notify.end(), to.doer) != to.notify.end()) return;
    const bool is_role = std::find(roles.begin(), roles.end(), to.doer) != roles.end();
    in.problems().error(in.where("doer"), fmt::format("\"{}\" is not told by this rule", shown(to.doer)),
                        is_role ? "add the role to \"notify\"" : "the doer is one of the roles in \"notify\"");
}

/// A cap changes health, so its conditions cannot wait for it.
void check_cap(TableReader& in, const Cap& cap) {
    for (const auto& one : cap.when)
        for (const auto& field : fields_of(one))
            if (depends_on_scores(field) && !is_signal(field))
                in.problems().error(one.where, fmt::format("a cap cannot depend on \"{}\"", field.name),
                                    "caps change health; use signals, or what is known of the customer");
    if (in.has("when") && !cap.when.empty() && is_contradiction(cap.when))
        in.problems().error(in.where("when"), "these conditions can never hold together");
}

}  // namespace

void read_cap(TableReader& in, Cap& to, const Pack& pack) {
    to.where = in.where();
    in.require("at", to.at, number{0, 100});
    in.require("when", to.when, conditions{pack.customer()});
    check_cap(in, to);
}

void read_rule(TableReader& in, Rule& to, const Pack& pack) {
    to.where = in.where();
    in.take("scope", to.scope, scopes);
    const auto& catalogue = pack.fields(to.scope);
    in.take("was", to.was, text{});
    in.take("applies", to.applies, conditions{catalogue});
    read_trigger(in, to.trigger, catalogue);
    in.table("critical", [&](TableReader& critical) { read_trigger(critical, to.critical.emplace(), catalogue); });
    in.take("keep_firing_for", to.keep_firing_for, duration{});
    in.require("severity", to.severity, severities);
    in.take("notify", to.notify, audience{pack, to.scope});
    read_doer(in, to);
    in.require("message", to.message, template_text{catalogue});
    in.take("advice", to.advice, advice{catalogue});
    in.take("deadline", to.deadline, deadline{to.scope});
    read_steps(in, to, pack);
    check_applies(in, to);
    in.take("cooldown", to.cooldown, duration{});
    in.take("repeat", to.repeat, duration{});
    in.take("min_precision", to.min_precision, number{0, 1});
    if (to.critical && to.severity == Severity::critical)
        in.problems().error(in.where("critical"), "this rule is critical already",
                            "severity = \"warning\" rises by \"critical\"");
}

}  // namespace retaind::config
