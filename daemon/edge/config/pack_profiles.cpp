#include <algorithm>

#include <fmt/format.h>

#include "edge/config/pack.hpp"

namespace retaind::config {
namespace {

/// The thing that an override changes, as the packs have it; nothing when there is none.
const Node* find_target(const Pack& pack, std::string_view kind, std::string_view name) {
    const Node* tables = pack.tree.find(kind);
    const Node* target = tables ? tables->find(name) : nullptr;
    return target && target->is_table() ? target : nullptr;
}

std::vector<std::string> written_keys(const Node& over) {
    std::vector<std::string> keys;
    for (const auto& entry : over.entries) keys.push_back(entry.key);
    std::sort(keys.begin(), keys.end());
    return keys;
}

/// Reads the overrides of one kind: each is laid over its target and read like one.
template <class T, class Read>
void read_patches(TableReader& in, std::string_view kind, const std::vector<std::string>& names, const Pack& pack,
                  std::vector<Patch<T>>& to, const Read& read) {
    const Node* tables = in.claim(kind);
    if (!tables) return;
    if (!tables->is_table())
        return in.problems().error(tables->where, fmt::format("[profile.{}.NAME] must be tables", kind));
    for (const auto& entry : tables->entries) {
        const Node* target = find_target(pack, kind, entry.key);
        if (!target) {
            name_of{kind, names}(
                {kind, Node{.kind = Node::Kind::text, .where = entry.where, .text = entry.key}, in.problems()});
            continue;
        }
        if (!entry.value.is_table()) {
            in.problems().error(entry.value.where, fmt::format("[profile.{}.{}] must be a table", kind, entry.key));
            continue;
        }
        Node merged = *target;
        lay_over(merged, entry.value);
        TableReader table{merged, fmt::format("{}.*", kind), in.problems()};
        Patch<T> patch{.target = index_of(names, entry.key), .keys = written_keys(entry.value)};
        patch.values.name = entry.key;
        read(table, patch.values);
        table.finish();
        to.push_back(std::move(patch));
    }
}

/// A rule's default `clear` follows its `when`.
void add_clear(Patch<Rule>& patch) {
    const auto writes = [&](std::string_view key) {
        return std::find(patch.keys.begin(), patch.keys.end(), key) != patch.keys.end();
    };
    const bool follows =
        patch.values.trigger.clear_is_negation && !writes("clear") && (writes("when") || writes("any"));
    if (follows) patch.keys.insert(std::lower_bound(patch.keys.begin(), patch.keys.end(), "clear"), "clear");
    const bool changes_doer = writes("notify") && !writes("doer");
    if (changes_doer) patch.keys.insert(std::lower_bound(patch.keys.begin(), patch.keys.end(), "doer"), "doer");
}

/// Whose alerts a profile can change: those of customers; not what they are, nor how they are judged as a whole.
void check_rule_patch(TableReader& in, const Patch<Rule>& patch) {
    const Node& over = *in.node().find("rule")->find(patch.values.name);
    for (const auto* key : {"scope", "was", "min_precision"})
        if (const Node* node = over.find(key))
            in.problems().error(node->where, fmt::format("a profile cannot change \"{}\"", key),
                                "it says which rule this is: for all customers");
    const auto scope = patch.values.scope;
    if (scope == Scope::customer || scope == Scope::promise || over.find("scope")) return;
    in.problems().error(
        over.where,
        fmt::format("\"{}\" speaks of {}, and profiles are of customers", patch.values.name, scope_fields_name(scope)),
        "change the rule itself");
}

void read_risk_patch(TableReader& in, Profile& to) {
    in.table("risk", [&](TableReader& risk) {
        risk.take("base_rate", to.base_rate, above{0});
        risk.take("intercept", to.intercept, number{});
        if (to.base_rate && *to.base_rate >= 1)
            risk.problems().error(risk.where("base_rate"), "\"base_rate\" must be less than 1", "write 0.03 for 3 %");
    });
}

/// A profile says what exists for a customer, so it is known before any score.
void check_match(TableReader& in, const Profile& profile) {
    for (const auto& one : profile.match)
        for (const auto& field : fields_of(one))
            if (is_signal(field) || depends_on_scores(field))
                in.problems().error(one.where, fmt::format("\"match\" cannot depend on \"{}\"", field.name),
                                    "profiles come before signals: use what is known of the customer");
    if (!profile.match.empty() && is_contradiction(profile.match))
        in.problems().error(in.where("match"), "no customer can ever match this profile");
}

}  // namespace

void read_profile(TableReader& in, Profile& to, Pack& pack) {
    to.where = in.where();
    in.require("name", to.name, text{});
    in.require("match", to.match, conditions{pack.customer()});
    check_match(in, to);
    read_patches(in, "group", pack.groups, pack, to.groups, [](TableReader& t, Group& group) { read_group(t, group); });
    read_patches(in, "signal", pack.signals, pack, to.signals,
                 [&](TableReader& t, Signal& signal) { read_signal(t, signal, pack); });
    read_patches(in, "cap", pack.caps, pack, to.caps, [&](TableReader& t, Cap& cap) { read_cap(t, cap, pack); });
    read_patches(in, "rule", pack.rules, pack, to.rules, [&](TableReader& t, Rule& rule) { read_rule(t, rule, pack); });
    for (auto& patch : to.rules) {
        add_clear(patch);
        check_rule_patch(in, patch);
    }
    read_risk_patch(in, to);
}

}  // namespace retaind::config
