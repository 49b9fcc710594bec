#include "edge/config/pack.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "edge/config/hash.hpp"
#include "retaind/alerts/guard.hpp"

namespace retaind::config {
namespace {

std::vector<std::string> names_in(const Node& tree, std::string_view kind) {
    std::vector<std::string> names;
    const Node* tables = tree.find(kind);
    if (!tables) return names;
    for (const auto& entry : tables->entries)
        if (is_name(entry.key)) names.push_back(entry.key);
    std::sort(names.begin(), names.end());
    return names;
}

/// The type of a signal's raw value, as far as it can be told from here; nothing: the data will say.
std::optional<ValueType> raw_type(const Node& signal, const FieldCatalogue& customer) {
    const Node* measure = signal.find("measure");
    if (!measure || !measure->is_text("value")) return ValueType::number;
    const Node* field = signal.find("field");
    const auto resolved = field && field->kind == Node::Kind::text ? customer.resolve(field->text) : std::nullopt;
    if (resolved && resolved->typed) return resolved->type;
    const Node* scale_node = signal.find("scale");
    if (!scale_node || scale_node->entries.size() != 1) return std::nullopt;
    return scale_node->entries[0].key == "category" ? ValueType::text : ValueType::number;
}

/// Whether a profile changes what the signal is a number of.
bool is_remeasured(const Node& tree, const std::string& name) {
    const Node* profiles = tree.find("profile");
    if (!profiles) return false;
    return std::any_of(profiles->items.begin(), profiles->items.end(), [&](const Node& profile) {
        const Node* signals = profile.find("signal");
        const Node* signal = signals ? signals->find(name) : nullptr;
        return signal && (signal->find("measure") || signal->find("per") || signal->find("field"));
    });
}

/// The unit of a signal's raw value, as far as it is sure.
std::string_view raw_unit(const Node& tree, const std::string& name, const FieldCatalogue& customer) {
    const Node& signal = *tree.find("signal")->find(name);
    const Node* measure = signal.find("measure");
    if (!measure || signal.find("per") || is_remeasured(tree, name)) return "";
    for (const auto& [written, meaning] : measures.choices)
        if (measure->is_text(written) && meaning != Measure::value) return unit_of(meaning);
    const Node* field = signal.find("field");
    const auto resolved = field ? customer.resolve(field->text) : std::nullopt;
    return resolved ? resolved->unit : "";
}

void check_signal_names(const Pack& pack) {
    const Node* signals = pack.tree.find("signal");
    if (!signals) return;
    for (const auto& entry : signals->entries)
        for (const auto& field : fields(Scope::customer))
            if (field.name == entry.key)
                pack.problems.error(entry.where, fmt::format("\"{}\" is a field already", entry.key),
                                    "signals and fields share their names: choose another");
}

/// The daemon tells ops about feeds under names of its own; an alert is known by its rule's name.
void check_rule_names(const Pack& pack) {
    const Node* rules = pack.tree.find("rule");
    if (!rules) return;
    for (const auto& entry : rules->entries)
        if (builtin_rule(entry.key))
            pack.problems.error(entry.where, fmt::format("\"{}\" is a rule of retaind's own", entry.key),
                                "choose another name");
}

FieldCatalogue facts_for(const Pack& pack) {
    FieldCatalogue facts{.scope = Scope::customer};
    facts.attributes_open = !pack.options.datasets || !pack.datasets.contains("customers");
    if (pack.options.datasets)
        for (const auto& dataset : *pack.options.datasets)
            if (dataset.kind == DatasetKind::customers) add_attributes(facts, dataset.query);
    return facts;
}

std::map<Scope, FieldCatalogue> catalogues_for(const Pack& pack) {
    auto customer = pack.facts;
    const Node* signals = pack.tree.find("signal");
    for (const auto& name : pack.signals) {
        customer.signal_types.push_back(raw_type(*signals->find(name), pack.facts));
        customer.signal_units.push_back(raw_unit(pack.tree, name, pack.facts));
    }
    customer.signals = pack.signals;
    std::map<Scope, FieldCatalogue> result;
    for (const auto scope : {Scope::customer, Scope::promise, Scope::segment, Scope::portfolio, Scope::source}) {
        auto catalogue = customer;
        catalogue.scope = scope;
        result.emplace(scope, std::move(catalogue));
    }
    return result;
}

/// Sorted by name, every one there, whatever is wrong inside: so that indexes hold.
template <class T>
std::vector<T> placed_by_name(const std::vector<std::string>& names) {
    std::vector<T> result(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) result[i].name = names[i];
    return result;
}

template <class T, class Read>
void read_named(TableReader& in, std::string_view key, std::size_t most, const std::vector<std::string>& names,
                std::vector<T>& to, const Read& read) {
    to = placed_by_name<T>(names);
    in.named_tables(key, most, [&](const std::string& name, TableReader& table) {
        const int index = index_of(names, name);
        if (index >= 0) read(table, to[static_cast<std::size_t>(index)]);
    });
}

void read_tables(TableReader& in, RuleSet& rules, Pack& pack) {
    in.table("health", [&](TableReader& table) { read_health(table, rules.health); });
    read_named(in, "group", most_groups, pack.groups, rules.groups,
               [](TableReader& t, Group& group) { read_group(t, group); });
    read_named(in, "signal", most_signals, pack.signals, rules.signals,
               [&](TableReader& t, Signal& signal) { read_signal(t, signal, pack); });
    read_named(in, "cap", most_caps, pack.caps, rules.caps, [&](TableReader& t, Cap& cap) { read_cap(t, cap, pack); });
    read_named(in, "curve", most_curves, pack.curves, rules.curves,
               [](TableReader& t, Curve& curve) { read_curve(t, curve); });
    in.table("promises", [&](TableReader& table) { read_promises(table, rules.promises); });
    in.table("risk", [&](TableReader& table) { read_risk(table, rules.risk, pack); });
    read_named(in, "rule", most_rules, pack.rules, rules.rules,
               [&](TableReader& t, Rule& rule) { read_rule(t, rule, pack); });
    in.tables("profile", most_profiles,
              [&](TableReader& table) { read_profile(table, rules.profiles.emplace_back(), pack); });
    in.finish();
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

DatasetKind Pack::kind(std::string_view dataset) const {
    if (const auto found = datasets.find(dataset); found != datasets.end()) return found->second;
    if (const auto known = dataset_kind(dataset); known) return *known;
    return DatasetKind::events;
}

Pack gather(const Node& tree, const PackOptions& options, Problems& problems) {
    Pack pack{.options = options, .tree = tree, .problems = problems};
    pack.groups = names_in(tree, "group");
    pack.signals = names_in(tree, "signal");
    pack.caps = names_in(tree, "cap");
    pack.curves = names_in(tree, "curve");
    pack.rules = names_in(tree, "rule");
    if (options.datasets)
        for (const auto& dataset : *options.datasets) pack.datasets.emplace(dataset.name, dataset.kind);
    pack.facts = facts_for(pack);
    pack.catalogues = catalogues_for(pack);
    check_signal_names(pack);
    check_rule_names(pack);
    return pack;
}

RuleSet compile(const PackTree& tree, const PackOptions& options, Problems& problems) {
    RuleSet rules{.name = tree.name,
                  .hash = short_hash(canonical_text(tree.merged)),
                  .packs = tree.packs,
                  .policy = options.policy};
    auto pack = gather(tree.merged, options, problems);
    TableReader in{tree.merged, "", problems};
    read_tables(in, rules, pack);
    check_groups(rules, pack);
    check_profiles(rules, pack);
    if (problems.has_errors()) return rules;
    warn_of_idle_signals(rules, pack);
    warn_of_idle_profiles(rules, pack);
    warn_of_idle_caps(rules, pack);
    warn_of_unmapped_fields(rules, pack);
    for (auto& rule : rules.rules) rule.reads = datasets_read(rules, rule);
    return rules;
}

void add_attributes(FieldCatalogue& catalogue, std::string_view customers_query) {
    static const std::set<std::string_view> noise = {"select", "from",  "as",   "where", "join", "left", "on",
                                                     "and",    "or",    "case", "when",  "then", "else", "end",
                                                     "group",  "order", "by",   "null",  "inner"};
    const bool selects_all = customers_query.empty() || customers_query.find('*') != std::string_view::npos;
    catalogue.attributes_open = catalogue.attributes_open || selects_all;
    std::set<std::string> words;
    for (std::size_t at = 0; at < customers_query.size();) {
        std::size_t end = at;
        while (end < customers_query.size() && is_word(customers_query[end])) ++end;
        auto word = std::string{customers_query.substr(at, end - at)};
        auto small = word;
        std::transform(small.begin(), small.end(), small.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const bool is_column =
            !word.empty() && word.size() <= most_name_bytes && std::isdigit(static_cast<unsigned char>(word[0])) == 0;
        if (is_column && !noise.contains(small) && !find_column(dataset_spec(DatasetKind::customers), word))
            words.insert(std::move(word));
        at = end + 1;
    }
    catalogue.attributes.assign(words.begin(), words.end());
}

}  // namespace retaind::config
