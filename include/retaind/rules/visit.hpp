// Where rules name fields: one walk over everything that may, for all who ask which fields, signals or columns are
// used.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/model/contract.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

using FieldVisit = std::function<void(const Field&)>;

/// Calls `visit` for each field that is named, as often as it is, in the order of the structs.
void visit_fields(const std::vector<Condition>& conditions, const FieldVisit& visit);
void visit_fields(const Template& text, const FieldVisit& visit);
void visit_fields(const Trigger& trigger, const FieldVisit& visit);
/// What decides whether the rule's alerts are open: not its texts.
void visit_decisive_fields(const Rule& rule, const FieldVisit& visit);
void visit_fields(const Rule& rule, const FieldVisit& visit);
/// Of customers, by condition; its rows' columns are not among them.
void visit_fields(const Signal& signal, const FieldVisit& visit);
void visit_fields(const RiskRules& risk, const FieldVisit& visit);
/// All of the above, caps and profiles with what they override included.
void visit_fields(const RuleSet& rules, const FieldVisit& visit);

/// Signals as they are, and as each profile that changes them has them.
void visit_signals(const RuleSet& rules, const std::function<void(const Signal&)>& visit);

void visit_rules(const RuleSet& rules, const std::function<void(const Rule&)>& visit);  ///< likewise

/// Columns of a dataset that rules name, sorted: further columns of customers; of dated rows what `where` and `of`
/// compare. A query that does not bring one says nothing about it.
std::vector<std::string> columns_named(const RuleSet& rules, std::string_view dataset, DatasetKind kind);

/// Facts of customers that a signal reads by name: what it measures, and what makes its cohorts.
std::vector<std::string_view> facts_named(const Signal& signal);

}  // namespace retaind
