#include "retaind/rules/visit.hpp"

#include <set>

namespace retaind {

void visit_fields(const std::vector<Condition>& conditions, const FieldVisit& visit) {
    for (const Condition& condition : conditions)
        for (const Field& field : fields_of(condition)) visit(field);
}

void visit_fields(const Template& text, const FieldVisit& visit) {
    for (const auto& part : text.parts)
        if (const auto* hole = std::get_if<Template::Hole>(&part)) visit(hole->field);
}

void visit_fields(const Trigger& trigger, const FieldVisit& visit) {
    visit_fields(trigger.when, visit);
    visit_fields(trigger.any, visit);
    visit_fields(trigger.clear, visit);
}

void visit_decisive_fields(const Rule& rule, const FieldVisit& visit) {
    visit_fields(rule.applies, visit);
    visit_fields(rule.trigger, visit);
    if (rule.critical) visit_fields(*rule.critical, visit);
}

void visit_fields(const Rule& rule, const FieldVisit& visit) {
    visit_decisive_fields(rule, visit);
    visit_fields(rule.message, visit);
    for (const auto& [motion, text] : rule.advice) visit_fields(text, visit);
    for (const Step& step : rule.steps)
        if (step.advice) visit_fields(*step.advice, visit);
}

void visit_fields(const Signal& signal, const FieldVisit& visit) {
    visit_fields(signal.applies, visit);
    if (signal.per) visit(*signal.per);
}

void visit_fields(const RiskRules& risk, const FieldVisit& visit) {
    if (!risk.model) return;
    for (const RiskTerm& term : risk.model->terms) visit(term.feature);
}

void visit_fields(const RuleSet& rules, const FieldVisit& visit) {
    visit_signals(rules, [&](const Signal& signal) { visit_fields(signal, visit); });
    for (const Cap& cap : rules.caps) visit_fields(cap.when, visit);
    visit_fields(rules.risk, visit);
    visit_rules(rules, [&](const Rule& rule) { visit_fields(rule, visit); });
    for (const Profile& profile : rules.profiles) {
        visit_fields(profile.match, visit);
        for (const auto& patch : profile.caps) visit_fields(patch.values.when, visit);
    }
}

void visit_signals(const RuleSet& rules, const std::function<void(const Signal&)>& visit) {
    for (const Signal& signal : rules.signals) visit(signal);
    for (const Profile& profile : rules.profiles)
        for (const auto& patch : profile.signals) visit(patch.values);
}

void visit_rules(const RuleSet& rules, const std::function<void(const Rule&)>& visit) {
    for (const Rule& rule : rules.rules) visit(rule);
    for (const Profile& profile : rules.profiles)
        for (const auto& patch : profile.rules) visit(patch.values);
}

std::vector<std::string> columns_named(const RuleSet& rules, std::string_view dataset, DatasetKind kind) {
    if (kind == DatasetKind::customers) return attributes_read(rules);
    std::set<std::string> names;
    visit_signals(rules, [&](const Signal& signal) {
        if (signal.from != dataset) return;
        for (const auto* conditions : {&signal.where_rows, &signal.of})
            visit_fields(*conditions, [&](const Field& field) {
                // Of attendance one of two columns says both; a value that no query has is 1.
                const bool is_derived =
                    kind == DatasetKind::attendance && (field.name == "status" || field.name == "attended");
                if (!is_derived && find_column(dataset_spec(kind), field.name)) names.insert(field.name);
            });
    });
    return {names.begin(), names.end()};
}

std::vector<std::string_view> facts_named(const Signal& signal) {
    std::vector<std::string_view> names;
    if (!signal.field.empty()) names.push_back(signal.field);
    if (const auto* cohort = std::get_if<CohortScale>(&signal.scale))
        names.insert(names.end(), cohort->by.begin(), cohort->by.end());
    return names;
}

}  // namespace retaind
