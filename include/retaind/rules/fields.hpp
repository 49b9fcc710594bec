// The fields a condition or template may name, per scope (RULES.md "Fields"): one table for the checker, the
// documentation and the code that looks values up.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/value.hpp"

namespace retaind {

/// What a rule or a field speaks about. `row` is a row of the dataset that a signal reads.
enum class Scope { row, customer, promise, segment, portfolio, source };

enum class CustomerField {
    customer_id,
    name,
    segment,
    motion,
    plan,
    stage,
    status,
    account_manager,
    seller,
    health,
    smoothed,
    health_change_7d,
    health_change_30d,
    band,
    coverage,
    risk,
    trend,
    revenue,
    mrr,
    seats,
    discount_ratio,
    payback_ratio,
    tenure_days,
    days_to_renewal,
    days_to_notice,
    days_past_due,
    owner_changed_days,
    promises,
    promises_off_track,
    promises_missed,
    promises_unmeasurable,
    days_since_touch,
    days_since_service,
    days_since_sales,
    days_since_review,
    pulse,
    disagreement,
    drift_since_days,
};

enum class PromiseField {
    promise_id,
    outcome,
    kind,
    state,
    disputed,
    progress,
    pace,
    days_behind,
    days_to_due,
    probability_kept,
    required_rate_ratio,
    target,
    last_reading,
    reported_kept,
    reviewed,
    days_since_kept,
    importance,
    promised_by,
    kept_by,
    handed_over,
    due_on,
};

/// Segment and portfolio share one list; the portfolio has no `segment`, a segment no `largest_segment_share`.
enum class SegmentField {
    segment,
    customers,
    revenue,
    revenue_share,
    revenue_change_yoy,
    customers_change_yoy,
    usage_change_28d,
    demand_change_yoy,
    health,
    at_risk_share,
    top5_share,
    top10_share,
    hhi,
    payback_ratio,
    largest_segment_share,
};

enum class SourceField { dataset, age_hours, rows, rows_change, rejected_share, contradictions, state };

struct FieldSpec {
    std::string_view name;
    ValueType type;
    /// "1", "days", "points", "0..1", "0..100", "hours", "events" (a count), "money" (yearly, MAJOR units of the base
    /// currency: what an author writes), "date" (days since 1970-01-01; templates only); "" for texts and booleans.
    std::string_view unit;
    /// Datasets it needs, separated by spaces; "health" and "risk" stand for all that the score or the model reads,
    /// "drift" for what signals of that measure read.
    std::string_view reads;
    std::string_view choices = {};  ///< of a text: the only values there are, separated by spaces; "" is any
};

/// The fields of a scope, in the order of its enumeration, so that position equals value.
std::span<const FieldSpec> fields(Scope scope);

/// A field that a condition or template names, resolved.
struct Field {
    enum class Kind {
        builtin,       ///< index into fields(scope)
        signal_raw,    ///< index into RuleSet::signals
        signal_score,  ///< index into RuleSet::signals
        attribute,     ///< a further column of customers, by name
        row_column,    ///< a column of the row, by name
    };
    Kind kind = Kind::builtin;
    Scope scope = Scope::customer;  ///< a promise rule may name `customer.FIELD`: scope customer
    int index = 0;
    std::string name = {};               ///< as written, without `customer.`
    ValueType type = ValueType::number;  ///< of attributes, `text` until a condition or the data says otherwise
    bool typed = true;                   ///< false: only the data knows its type (attributes, and signals over them)
    std::string_view unit = {};          ///< as in FieldSpec; "" when it is not known

    bool operator==(const Field&) const = default;
};

/// Names that exist where a condition stands; resolves them, or says what was probably meant.
struct FieldCatalogue {
    Scope scope = Scope::customer;
    std::vector<std::string> signals = {};  ///< in the order of RuleSet::signals
    /// Parallel to `signals`, or empty while all raw values are numbers; nothing: only the data knows.
    std::vector<std::optional<ValueType>> signal_types = {};
    std::vector<std::string_view> signal_units = {};  ///< likewise; "": not known
    std::vector<std::string> attributes = {};         ///< further columns of customers that are known to exist
    bool attributes_open = false;                     ///< an unknown name may still be an attribute (SELECT *)
    std::vector<std::pair<std::string, ValueType>> row_columns = {};  ///< in scope `row`
    std::string subject = {};  ///< "an alert": what messages call the scope; "": by scope

    std::optional<Field> resolve(std::string_view name) const;
    /// The nearest existing name within two edits, or ""; in scope `promise` also a customer field, with its prefix.
    std::string suggestion(std::string_view name) const;
};

const FieldSpec& field_spec(const Field& field);  ///< of a builtin field
std::string_view scope_fields_name(Scope scope);  ///< "a customer", "a promise", ...: for messages
std::string subject_of(const FieldCatalogue& catalogue);

/// The nearest of `names` within two edits of `name` (one for names under four letters), or "".
std::string nearest(std::string_view name, std::span<const std::string_view> names);

}  // namespace retaind
