// Whether conditions can hold together, decided field by field from the constants they name.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "retaind/base/text.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What conditions leave possible for one field (or for the difference of two).
struct Domain {
    double least = -infinity, most = infinity;
    bool least_open = false, most_open = false;
    std::optional<std::set<std::string>> only = {};  ///< texts, or "true" and "false"
    std::set<std::string> never = {};
    bool must_be_known = false, must_be_missing = false;
    bool is_difference = false;    ///< of two fields, where no gap can be written
    const Field* field = nullptr;  ///< of one field: which; the conditions own it

    bool is_point() const { return least == most; }
    bool point_excluded() const { return is_point() && never.contains(fmt::format("{}", least)); }
    bool empty_interval() const {
        return least > most || (is_point() && (least_open || most_open)) || point_excluded();
    }
    bool empty_texts() const {
        return only && std::all_of(only->begin(), only->end(), [&](const auto& text) { return never.contains(text); });
    }
    bool empty() const { return (must_be_known && must_be_missing) || empty_interval() || empty_texts(); }
};

void at_least(Domain& domain, double number, bool open) {
    if (number < domain.least) return;
    domain.least_open = open || (number == domain.least && domain.least_open);
    domain.least = number;
}

void at_most(Domain& domain, double number, bool open) {
    if (number > domain.most) return;
    domain.most_open = open || (number == domain.most && domain.most_open);
    domain.most = number;
}

void bound(Domain& domain, Comparison comparison, double number) {
    switch (comparison) {
        case Comparison::equal:
            at_least(domain, number, false);
            at_most(domain, number, false);
            break;
        case Comparison::less: at_most(domain, number, true); break;
        case Comparison::less_equal: at_most(domain, number, false); break;
        case Comparison::greater: at_least(domain, number, true); break;
        case Comparison::greater_equal: at_least(domain, number, false); break;
        case Comparison::not_equal: domain.never.insert(fmt::format("{}", number)); break;
    }
}

void restrict_to(Domain& domain, std::set<std::string> texts) {
    if (domain.only) std::erase_if(texts, [&](const auto& text) { return !domain.only->contains(text); });
    domain.only = std::move(texts);
}

Comparison mirrored(Comparison comparison) {
    switch (comparison) {
        case Comparison::less: return Comparison::greater;
        case Comparison::less_equal: return Comparison::greater_equal;
        case Comparison::greater: return Comparison::less;
        case Comparison::greater_equal: return Comparison::less_equal;
        default: return comparison;
    }
}

std::string key_of(const Field& field) { return fmt::format("{}/{}", static_cast<int>(field.scope), field.name); }

class Domains {
public:
    void add(const Condition& condition) {
        const auto* left = std::get_if<Field>(&condition.left);
        const auto* right = std::get_if<Field>(&condition.right);
        if (condition.kind != Condition::Kind::compare) return add_membership(condition, of(*left));
        if (left && right) return add_difference(*left, condition.comparison, *right);
        if (left) return add_constant(*left, condition.comparison, condition.right);
        if (right) return add_constant(*right, mirrored(condition.comparison), condition.left);
    }

    const std::map<std::string, Domain>& by_key() const { return by_key_; }

private:
    Domain& of(const Field& field) {
        auto& domain = by_key_[key_of(field)];
        domain.field = &field;
        return domain;
    }

    static void add_membership(const Condition& condition, Domain& domain) {
        if (condition.kind == Condition::Kind::unknown) {
            domain.must_be_missing = true;
            return;
        }
        domain.must_be_known = true;
        if (condition.kind == Condition::Kind::in)
            restrict_to(domain, {condition.choices.begin(), condition.choices.end()});
    }

    /// a < b is about the number a - b; names in order, so that "b > a" is the same.
    void add_difference(const Field& left, Comparison comparison, const Field& right) {
        const auto a = key_of(left), b = key_of(right);
        of(left).must_be_known = of(right).must_be_known = true;
        auto& domain = a <= b ? by_key_[a + " - " + b] : by_key_[b + " - " + a];
        domain.is_difference = true;
        if (comparison != Comparison::not_equal) bound(domain, a <= b ? comparison : mirrored(comparison), 0);
    }

    void add_constant(const Field& field, Comparison comparison, const Operand& constant) {
        auto& domain = of(field);
        domain.must_be_known = true;
        if (const auto* number = std::get_if<double>(&constant)) return bound(domain, comparison, *number);
        const auto* text = std::get_if<std::string>(&constant);
        const bool flag = !text && std::get<bool>(constant) == (comparison == Comparison::equal);
        if (!text) return restrict_to(domain, {flag ? "true" : "false"});
        if (comparison == Comparison::equal) return restrict_to(domain, {*text});
        domain.never.insert(*text);
    }

    std::map<std::string, Domain> by_key_;
};

Domains domains_of(const std::vector<Condition>& conditions) {
    Domains domains;
    for (const auto& condition : conditions) domains.add(condition);
    return domains;
}

/// What a field can be at all.
Domain range_of(const Field& field) {
    Domain range;
    const bool is_share = field.unit == "0..1", is_score = field.unit == "0..100";
    if (is_share || is_score || field.unit == "events") at_least(range, 0, false);
    if (is_share || is_score) at_most(range, is_share ? 1 : 100, false);
    if (field.kind != Field::Kind::builtin || field_spec(field).choices.empty()) return range;
    const auto choices = words_of(field_spec(field).choices);
    range.only.emplace(choices.begin(), choices.end());
    return range;
}

Domain intersect(Domain a, const Domain& b) {
    at_least(a, b.least, b.least_open);
    at_most(a, b.most, b.most_open);
    if (b.only) restrict_to(a, *b.only);
    a.never.insert(b.never.begin(), b.never.end());
    a.must_be_known = a.must_be_known || b.must_be_known;
    a.must_be_missing = a.must_be_missing || b.must_be_missing;
    return a;
}

Overlap relation(const Domain& a, const Domain& b) {
    const auto common = intersect(a, b);
    if (!common.empty()) return Overlap::overlapping;
    const bool only_interval =
        common.empty_interval() && !common.empty_texts() && !(common.must_be_known && common.must_be_missing);
    if (only_interval && common.is_point() && !a.is_point() && !b.is_point() && !a.is_difference)
        return Overlap::touching;
    return Overlap::apart;
}

Comparison opposite(Comparison comparison) {
    switch (comparison) {
        case Comparison::equal: return Comparison::not_equal;
        case Comparison::not_equal: return Comparison::equal;
        case Comparison::less: return Comparison::greater_equal;
        case Comparison::less_equal: return Comparison::greater;
        case Comparison::greater: return Comparison::less_equal;
        case Comparison::greater_equal: return Comparison::less;
    }
    return comparison;
}

/// What holds, all together, where a condition over known values does not.
std::vector<Condition> negated(Condition condition) {
    switch (condition.kind) {
        case Condition::Kind::known: condition.kind = Condition::Kind::unknown; break;
        case Condition::Kind::unknown: condition.kind = Condition::Kind::known; break;
        case Condition::Kind::compare: condition.comparison = opposite(condition.comparison); break;
        case Condition::Kind::in: {
            std::vector<Condition> others;
            for (const auto& choice : condition.choices)
                others.push_back(
                    {.left = condition.left, .comparison = Comparison::not_equal, .right = Operand{choice}});
            return others;
        }
    }
    return {std::move(condition)};
}

}  // namespace

Overlap overlap(const std::vector<Condition>& a, const std::vector<Condition>& b) {
    const auto left = domains_of(a), right = domains_of(b);
    auto result = Overlap::overlapping;
    for (const auto& [key, domain] : left.by_key()) {
        const auto other = right.by_key().find(key);
        if (other != right.by_key().end()) result = std::max(result, relation(domain, other->second));
    }
    return result;
}

bool is_contradiction(const std::vector<Condition>& conditions) {
    const auto domains = domains_of(conditions);
    return std::any_of(domains.by_key().begin(), domains.by_key().end(), [](const auto& entry) {
        const Domain& domain = entry.second;
        return domain.empty() || (domain.field && intersect(domain, range_of(*domain.field)).empty());
    });
}

bool implies(const std::vector<Condition>& a, const std::vector<Condition>& b) {
    return std::all_of(b.begin(), b.end(), [&](const Condition& condition) {
        if (std::any_of(a.begin(), a.end(), [&](const Condition& one) { return one.text == condition.text; }))
            return true;
        auto against = a;
        std::ranges::move(negated(condition), std::back_inserter(against));
        return is_contradiction(against);
    });
}

}  // namespace retaind
