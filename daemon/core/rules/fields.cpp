#include "retaind/rules/fields.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>

namespace retaind {
namespace {

constexpr auto number = ValueType::number;
constexpr auto text = ValueType::text;
constexpr auto boolean = ValueType::boolean;

constexpr std::string_view promise_data = "promises readings milestones";

constexpr std::array customer_fields{
    FieldSpec{"customer_id", text, "", "customers"},
    FieldSpec{"name", text, "", "customers"},
    FieldSpec{"segment", text, "", "customers"},
    FieldSpec{"motion", text, "", "customers"},
    FieldSpec{"plan", text, "", "subscriptions"},
    FieldSpec{"stage", text, "", "subscriptions"},
    FieldSpec{"status", text, "", "subscriptions", "trial active past_due cancelled ended"},
    FieldSpec{"account_manager", text, "", "customers"},
    FieldSpec{"seller", text, "", "customers"},
    FieldSpec{"health", number, "0..100", "health"},
    FieldSpec{"smoothed", number, "0..100", "health"},
    FieldSpec{"health_change_7d", number, "points", "health"},
    FieldSpec{"health_change_30d", number, "points", "health"},
    FieldSpec{"band", text, "", "health", "healthy watch at_risk"},
    FieldSpec{"coverage", number, "0..1", "health"},
    FieldSpec{"risk", number, "0..1", "risk"},
    FieldSpec{"trend", text, "", "health", "rising steady falling"},
    FieldSpec{"revenue", number, "money", "subscriptions"},
    FieldSpec{"mrr", number, "money", "subscriptions"},
    FieldSpec{"seats", number, "1", "subscriptions"},
    FieldSpec{"discount_ratio", number, "1", "subscriptions"},
    FieldSpec{"payback_ratio", number, "1", "customers subscriptions"},
    FieldSpec{"tenure_days", number, "days", "customers subscriptions"},
    FieldSpec{"days_to_renewal", number, "days", "subscriptions"},
    FieldSpec{"days_to_notice", number, "days", "subscriptions"},
    FieldSpec{"days_past_due", number, "days", "subscriptions"},
    FieldSpec{"owner_changed_days", number, "days", "customers"},
    FieldSpec{"promises", number, "events", "promises"},
    FieldSpec{"promises_off_track", number, "events", promise_data},
    FieldSpec{"promises_missed", number, "events", promise_data},
    FieldSpec{"promises_unmeasurable", number, "events", promise_data},
    FieldSpec{"days_since_touch", number, "days", "touchpoints"},
    FieldSpec{"days_since_service", number, "days", "touchpoints"},
    FieldSpec{"days_since_sales", number, "days", "touchpoints"},
    FieldSpec{"days_since_review", number, "days", "touchpoints"},
    FieldSpec{"pulse", number, "0..100", "customers"},
    FieldSpec{"disagreement", number, "points", "customers health"},
    FieldSpec{"drift_since_days", number, "days", "health drift"},
};
static_assert(customer_fields.size() == static_cast<std::size_t>(CustomerField::drift_since_days) + 1);

constexpr std::array promise_fields{
    FieldSpec{"promise_id", text, "", "promises"},
    FieldSpec{"outcome", text, "", "promises"},
    FieldSpec{"kind", text, "", "promises", "reach hold milestones"},
    FieldSpec{"state", text, "", promise_data, "open on_track slipping off_track kept missed unmeasurable"},
    FieldSpec{"disputed", boolean, "", promise_data},
    FieldSpec{"progress", number, "1", promise_data},
    FieldSpec{"pace", number, "1", promise_data},
    FieldSpec{"days_behind", number, "days", promise_data},
    FieldSpec{"days_to_due", number, "days", "promises"},
    FieldSpec{"probability_kept", number, "0..1", promise_data},
    FieldSpec{"required_rate_ratio", number, "1", promise_data},
    FieldSpec{"target", number, "1", "promises"},
    FieldSpec{"last_reading", number, "1", promise_data},
    FieldSpec{"reported_kept", boolean, "", promise_data},
    FieldSpec{"reviewed", boolean, "", "promises readings milestones touchpoints"},
    FieldSpec{"days_since_kept", number, "days", promise_data},
    FieldSpec{"importance", number, "1", "promises"},
    FieldSpec{"promised_by", text, "", "promises"},
    FieldSpec{"kept_by", text, "", "promises"},
    FieldSpec{"handed_over", boolean, "", "promises readings milestones touchpoints"},
    FieldSpec{"due_on", number, "date", "promises"},
};
static_assert(promise_fields.size() == static_cast<std::size_t>(PromiseField::due_on) + 1);

constexpr std::array segment_fields{
    FieldSpec{"segment", text, "", "customers"},
    FieldSpec{"customers", number, "events", "customers subscriptions"},
    FieldSpec{"revenue", number, "money", "subscriptions"},
    FieldSpec{"revenue_share", number, "0..1", "subscriptions"},
    FieldSpec{"revenue_change_yoy", number, "1", "subscriptions"},
    FieldSpec{"customers_change_yoy", number, "1", "subscriptions"},
    FieldSpec{"usage_change_28d", number, "1", "usage"},
    FieldSpec{"demand_change_yoy", number, "1", "segment_series"},
    FieldSpec{"health", number, "0..100", "health"},
    FieldSpec{"at_risk_share", number, "0..1", "health"},
    FieldSpec{"top5_share", number, "0..1", "subscriptions"},
    FieldSpec{"top10_share", number, "0..1", "subscriptions"},
    FieldSpec{"hhi", number, "0..1", "subscriptions"},
    FieldSpec{"payback_ratio", number, "1", "customers subscriptions"},
    FieldSpec{"largest_segment_share", number, "0..1", "customers subscriptions"},
};
static_assert(segment_fields.size() == static_cast<std::size_t>(SegmentField::largest_segment_share) + 1);

// A source rule looks at the feeds themselves, so it reads none: a dead feed must not freeze the rule about it.
constexpr std::array source_fields{
    FieldSpec{"dataset", text, "", ""},
    FieldSpec{"age_hours", number, "hours", ""},
    FieldSpec{"rows", number, "events", ""},
    FieldSpec{"rows_change", number, "1", ""},
    FieldSpec{"rejected_share", number, "0..1", ""},
    FieldSpec{"contradictions", number, "events", ""},
    FieldSpec{"state", text, "", "", "unmapped not_loaded stale fresh"},
};
static_assert(source_fields.size() == static_cast<std::size_t>(SourceField::state) + 1);

constexpr std::string_view customer_prefix = "customer.";
constexpr std::string_view score_suffix = ".score";

bool exists_in(Scope scope, std::string_view name) {
    if (scope == Scope::portfolio) return name != "segment";
    if (scope == Scope::segment) return name != "largest_segment_share";
    return true;
}

std::optional<Field> builtin(Scope scope, std::string_view name) {
    const auto specs = fields(scope);
    const auto found =
        std::find_if(specs.begin(), specs.end(), [&](const FieldSpec& spec) { return spec.name == name; });
    if (found == specs.end() || !exists_in(scope, name)) return std::nullopt;
    return Field{.kind = Field::Kind::builtin,
                 .scope = scope,
                 .index = static_cast<int>(found - specs.begin()),
                 .name = std::string{name},
                 .type = found->type,
                 .unit = found->unit};
}

std::optional<Field> signal(const FieldCatalogue& catalogue, std::string_view name) {
    const bool is_score = name.ends_with(score_suffix);
    const auto bare = is_score ? name.substr(0, name.size() - score_suffix.size()) : name;
    const auto found = std::find(catalogue.signals.begin(), catalogue.signals.end(), bare);
    if (found == catalogue.signals.end()) return std::nullopt;
    const auto index = static_cast<std::size_t>(found - catalogue.signals.begin());
    Field field{.kind = is_score ? Field::Kind::signal_score : Field::Kind::signal_raw,
                .index = static_cast<int>(index),
                .name = std::string{name}};
    if (is_score)
        field.unit = "0..100";
    else if (!catalogue.signal_units.empty())
        field.unit = catalogue.signal_units[index];
    if (is_score || catalogue.signal_types.empty()) return field;
    const auto& type = catalogue.signal_types[index];
    field.type = type.value_or(ValueType::text);
    field.typed = type.has_value();
    return field;
}

std::optional<Field> attribute(const FieldCatalogue& catalogue, std::string_view name) {
    const bool known =
        std::find(catalogue.attributes.begin(), catalogue.attributes.end(), name) != catalogue.attributes.end();
    const bool possible = catalogue.attributes_open && !name.empty() && name.find('.') == std::string_view::npos;
    if (!known && !possible) return std::nullopt;
    return Field{.kind = Field::Kind::attribute, .name = std::string{name}, .type = ValueType::text, .typed = false};
}

std::optional<Field> customer_field(const FieldCatalogue& catalogue, std::string_view name) {
    if (auto field = builtin(Scope::customer, name)) return field;
    if (auto field = signal(catalogue, name)) return field;
    return attribute(catalogue, name);
}

std::optional<Field> row_column(const FieldCatalogue& catalogue, std::string_view name) {
    for (const auto& [column, type] : catalogue.row_columns)
        if (column == name)
            return Field{.kind = Field::Kind::row_column, .scope = Scope::row, .name = column, .type = type};
    return attribute(catalogue, name);
}

std::vector<std::string> customer_names(const FieldCatalogue& catalogue) {
    std::vector<std::string> names;
    for (const auto& spec : fields(Scope::customer)) names.emplace_back(spec.name);
    for (const auto& signal : catalogue.signals) {
        names.push_back(signal);
        names.push_back(signal + std::string{score_suffix});
    }
    names.insert(names.end(), catalogue.attributes.begin(), catalogue.attributes.end());
    return names;
}

std::vector<std::string> all_names(const FieldCatalogue& catalogue) {
    if (catalogue.scope == Scope::customer) return customer_names(catalogue);
    std::vector<std::string> names;
    for (const auto& spec : fields(catalogue.scope))
        if (exists_in(catalogue.scope, spec.name)) names.emplace_back(spec.name);
    for (const auto& [column, type] : catalogue.row_columns) names.push_back(column);
    if (catalogue.scope == Scope::promise)
        for (const auto& name : customer_names(catalogue)) names.push_back(std::string{customer_prefix} + name);
    return names;
}

/// Edits (insert, delete, replace, swap of neighbours) between two names, or `limit + 1` when there are more.
std::size_t edits(std::string_view a, std::string_view b, std::size_t limit) {
    const auto longer = std::max(a.size(), b.size()), shorter = std::min(a.size(), b.size());
    if (longer - shorter > limit) return limit + 1;
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    std::iota(previous.begin(), previous.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({replaced, previous[j] + 1, current[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

}  // namespace

std::span<const FieldSpec> fields(Scope scope) {
    switch (scope) {
        case Scope::row: return {};
        case Scope::customer: return customer_fields;
        case Scope::promise: return promise_fields;
        case Scope::segment: return segment_fields;
        case Scope::portfolio: return segment_fields;
        case Scope::source: return source_fields;
    }
    return {};
}

const FieldSpec& field_spec(const Field& field) {
    assert(field.kind == Field::Kind::builtin);
    return fields(field.scope)[static_cast<std::size_t>(field.index)];
}

std::string_view scope_fields_name(Scope scope) {
    switch (scope) {
        case Scope::row: return "a row of this dataset";
        case Scope::customer: return "a customer";
        case Scope::promise: return "a promise";
        case Scope::segment: return "a segment";
        case Scope::portfolio: return "the portfolio";
        case Scope::source: return "a source";
    }
    return "";
}

std::string subject_of(const FieldCatalogue& catalogue) {
    return catalogue.subject.empty() ? std::string{scope_fields_name(catalogue.scope)} : catalogue.subject;
}

std::optional<Field> FieldCatalogue::resolve(std::string_view name) const {
    if (scope == Scope::row) return row_column(*this, name);
    if (scope == Scope::customer) return customer_field(*this, name);
    if (scope == Scope::promise && name.starts_with(customer_prefix))
        return customer_field(*this, name.substr(customer_prefix.size()));
    return builtin(scope, name);
}

std::string FieldCatalogue::suggestion(std::string_view name) const {
    if (scope == Scope::promise && customer_field(*this, name)) return std::string{customer_prefix} + std::string{name};
    const auto names = all_names(*this);
    const std::vector<std::string_view> views(names.begin(), names.end());
    return nearest(name, views);
}

std::string nearest(std::string_view name, std::span<const std::string_view> names) {
    constexpr std::size_t longest_name = 100;
    if (name.size() > longest_name) return "";
    const std::size_t limit = name.size() < 4 ? 1 : 2;
    std::string_view best;
    std::size_t fewest = limit + 1;
    for (const auto candidate : names) {
        const std::size_t count = edits(name, candidate, limit);
        if (count == 0 || count > fewest || (count == fewest && (best.empty() || best <= candidate))) continue;
        if (count > limit) continue;
        fewest = count;
        best = candidate;
    }
    return std::string{best};
}

}  // namespace retaind
