// From the merged tree of packs to a RuleSet: one short reader per table, and the checks that span several.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/config.hpp"
#include "edge/config/pack_tree.hpp"
#include "edge/config/table_reader.hpp"
#include "retaind/model/contract.hpp"

namespace retaind::config {

/// The names that exist in the packs at hand, gathered before anything is read that may refer to them.
struct Pack {
    const PackOptions& options;
    const Node& tree;
    Problems& problems;
    std::vector<std::string> groups = {}, signals = {}, caps = {}, curves = {}, rules = {};  ///< sorted
    FieldCatalogue facts = {};  ///< what is known of a customer without signals
    std::map<Scope, FieldCatalogue> catalogues = {};
    std::map<std::string, DatasetKind, std::less<>> datasets = {};  ///< mapped ones
    std::set<std::string, std::less<>> unmapped = {};               ///< read by the packs, and told of: each once
    bool misses_a_group = false;  ///< some signal names a group that is not there: said once, not twice

    const FieldCatalogue& fields(Scope scope) const { return catalogues.at(scope); }
    const FieldCatalogue& customer() const { return fields(Scope::customer); }
    bool is_mapped(std::string_view dataset) const { return !options.datasets || datasets.contains(dataset); }
    DatasetKind kind(std::string_view dataset) const;  ///< of any other name: events
};

Pack gather(const Node& tree, const PackOptions& options, Problems& problems);
RuleSet compile(const PackTree& tree, const PackOptions& options, Problems& problems);

/// Further columns that the customers query may bring, for the catalogue.
void add_attributes(FieldCatalogue& catalogue, std::string_view customers_query);

// -- tables ----------------------------------------------------------------------------------------------------------

void read_health(TableReader& in, HealthRules& to);
void read_group(TableReader& in, Group& to);
void read_signal(TableReader& in, Signal& to, Pack& pack);
void read_cap(TableReader& in, Cap& to, const Pack& pack);
void read_curve(TableReader& in, Curve& to);
void read_promises(TableReader& in, PromiseRules& to);
void read_risk(TableReader& in, RiskRules& to, const Pack& pack);
void read_rule(TableReader& in, Rule& to, const Pack& pack);
void read_profile(TableReader& in, Profile& to, Pack& pack);

// -- checks over everything ------------------------------------------------------------------------------------------

void check_groups(const RuleSet& rules, const Pack& pack);
void check_profiles(const RuleSet& rules, const Pack& pack);
void warn_of_idle_profiles(const RuleSet& rules, const Pack& pack);
void warn_of_idle_caps(const RuleSet& rules, const Pack& pack);
void warn_of_idle_signals(const RuleSet& rules, const Pack& pack);
void warn_of_unmapped_fields(const RuleSet& rules, Pack& pack);

// -- values ----------------------------------------------------------------------------------------------------------

struct condition {
    const FieldCatalogue& catalogue;
    std::optional<Condition> operator()(const Item& item) const;
};
/// At least one, each a text.
struct conditions {
    const FieldCatalogue& catalogue;
    std::optional<std::vector<Condition>> operator()(const Item& item) const;
};
struct template_text {
    const FieldCatalogue& catalogue;
    std::optional<Template> operator()(const Item& item) const;
};
/// Pairs of numbers, the first strictly rising, the second within bounds.
struct points {
    std::size_t least = 2;
    double lowest = 0, highest = 100;
    std::optional<PointList> operator()(const Item& item) const;
};
struct scale {
    const Pack& pack;
    std::optional<Scale> operator()(const Item& item) const;
};
/// A numeric field of customers, fit to be divided by.
struct numeric_field {
    const Pack& pack;
    std::optional<Field> operator()(const Item& item) const;
};
/// An index into sorted names of one kind ("group").
struct name_of {
    std::string_view kind;
    const std::vector<std::string>& names;
    std::optional<int> operator()(const Item& item) const;
};
/// Roles, and receivers where they are known.
struct audience {
    const Pack& pack;
    Scope scope = Scope::customer;
    std::optional<std::vector<std::string>> operator()(const Item& item) const;
};

int index_of(const std::vector<std::string>& sorted, std::string_view name);  ///< -1 when it is not there

/// The unit of a raw value, as in FieldSpec; "": that of the column.
std::string_view unit_of(Measure measure);

/// How `clear` relates to the nearest of the ways in which the trigger can hold.
Overlap clearing(const Trigger& trigger);
/// `when` with each of `any` in turn.
std::vector<std::vector<Condition>> ways(const Trigger& trigger);

/// What a field's value is made from: scores come after signals, and signals after facts.
bool depends_on_scores(const Field& field);
bool is_signal(const Field& field);

extern const one_of<Measure> measures;
extern const one_of<Severity> severities;
extern const one_of<Scope> scopes;
extern const std::vector<std::string_view> roles;

}  // namespace retaind::config
