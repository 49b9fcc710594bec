// A checked rule pack as plain structs (RULES.md). Names are resolved, units known, conditions parsed; nothing here
// can fail any more. The config edge compiles TOML into it; the core only reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "retaind/base/time.hpp"
#include "retaind/base/value.hpp"
#include "retaind/rules/condition.hpp"
#include "retaind/rules/policy.hpp"

namespace retaind {

/// [health] (SCORING 1.2, 1.4)
struct HealthRules {
    double healthy = 70, watch = 40;           ///< lower edges of the bands; below `watch` is at_risk
    double hysteresis = 5;                     ///< points above the edge that climbing takes
    double coverage_floor = 0.35;              ///< below it the band is unknown
    Seconds smoothing = std::chrono::days{7};  ///< half-life; zero: none
    double prior = 70;
    double weakest = 0.25;                          ///< omega of the tree
    Seconds pulse_expires = std::chrono::days{90};  ///< an older pulse is missing
};

struct Group {
    std::string name = {};
    double weight = 1;
    Position where = {};
};

enum class Measure {
    count,
    sum,
    mean,
    min,
    max,
    last,
    active_days,
    days_since,
    ratio,
    slope,
    rate,
    miss_streak,
    share,
    value,
    kept_probability,
    milestone_attainment,
    milestone_quality,
    overdue,
    next_due_days,
    drift,
};

using PointList = std::vector<std::pair<double, double>>;  ///< (x, score), x strictly increasing

struct RampScale {
    double bad = 0, good = 1;
    bool operator==(const RampScale&) const = default;
};
struct PointScale {
    PointList points;
    bool operator==(const PointScale&) const = default;
};
struct StepScale {
    PointList steps;
    bool operator==(const StepScale&) const = default;
};
/// Days.
struct RecencyScale {
    double grace = 3, halflife = 7;
    bool operator==(const RecencyScale&) const = default;
};
struct CohortScale {
    std::vector<std::string> by = {"segment"};  ///< customer fields or attributes
    double delta = 0.5;
    double halflife = 14;  ///< days
    int min = 20;          ///< customers of a cohort; fewer: all; fewer of these: missing
    bool operator==(const CohortScale&) const = default;
};
struct CategoryScale {
    std::vector<std::pair<std::string, double>> scores;
    bool operator==(const CategoryScale&) const = default;
};
struct IdentityScale {
    bool operator==(const IdentityScale&) const = default;
};
using Scale = std::variant<std::monostate, RampScale, PointScale, StepScale, RecencyScale, CohortScale, CategoryScale,
                           IdentityScale>;

enum class Silence { zero, unknown };  ///< what no row inside a fresh feed means

/// What a missing value scores: the prior, the worst (0), or a number.
struct WhenMissing {
    bool prior = true;
    double score = 0;
    bool operator==(const WhenMissing&) const = default;
};

struct Signal {
    std::string name = {};
    int group = 0;                           ///< index into RuleSet::groups
    double weight = 1;                       ///< 0: only watched
    std::string from = {};                   ///< a dataset, "customers" or "promises"
    std::string field = {};                  ///< of measure value: an attribute or a customer column
    std::vector<Condition> where_rows = {};  ///< `where`
    std::vector<Condition> of = {};          ///< of measure share
    Measure measure = Measure::count;
    Seconds window = std::chrono::days{28};
    Seconds baseline = std::chrono::days{56};
    double ratio_c = 0.5;
    std::optional<Field> per = {};
    std::vector<Condition> applies = {};
    Scale scale = {};
    Silence silence = Silence::unknown;
    WhenMissing when_missing = {};
    Seconds carry = Seconds{0};
    double max_age = 7, stale_halflife = 14;  ///< days
    std::optional<double> grace = {};         ///< days; milestone measures
    Position where = {};
};

struct Cap {
    std::string name = {};
    double at = 100;
    std::vector<Condition> when = {};
    Position where = {};
};

struct Curve {
    std::string name = {};
    PointList points = {};
};  ///< from (0, 0) to (1, 1), both rising

/// [promises] (SCORING 1.7). Days where not said otherwise.
struct PromiseRules {
    double grace = 7, evidence_days = 30, memory_days = 90, quality_delay = 14;
    double on_track = 0.8, off_track = 0.3;  ///< probabilities
    double gamma = 0.8, a0 = 1.4, b0 = 0.6;
};

enum class Transform { id, ln1p, asinh };

struct RiskTerm {
    Field feature;
    Transform transform = Transform::id;
    std::optional<std::pair<double, double>> clamp = {};
    double mean = 0, sd = 1, beta = 0, missing_beta = 0;
    char sign = ' ';  ///< '+' or '-' when constrained
};

/// [risk.fitted]: where a model comes from, for people.
struct FittedFrom {
    std::string at = {}, from = {}, to = {};  ///< when it was fitted; over which days
    double rows = missing, events = missing, auc = missing, brier = missing;
};

struct FittedModel {
    double intercept = 0;
    std::vector<RiskTerm> terms = {};
    double calibration_a = 0, calibration_b = 1;  ///< calibrated logit = a + b * logit
    FittedFrom fitted = {};
};

/// [risk] (SCORING 1.8): either unfitted, following health, or a model.
struct RiskRules {
    double horizon = 28;  ///< days
    double base_rate = 0.03;
    std::optional<FittedModel> model = {};
};

enum class Severity { info, warning, critical };

/// A condition that opens an alert, or raises it.
struct Trigger {
    std::vector<Condition> when = {};
    std::vector<Condition> any = {};
    std::vector<Condition> clear = {};  ///< empty exactly when clear_is_negation
    bool clear_is_negation = false;     ///< no `clear` was written: recovers when `when` is known not to hold
    Seconds hold = Seconds{0};          ///< `for`
};
Truth holds(const Trigger& trigger, const FieldValues& values);   ///< all of `when` and, if given, one of `any`
Truth clears(const Trigger& trigger, const FieldValues& values);  ///< all of `clear`, or known not to hold

struct Step {
    Seconds after;
    std::vector<std::string> notify;
    std::optional<Template> advice;
};

/// Advice by motion; `""` is the default.
using Advice = std::vector<std::pair<std::string, Template>>;

struct Deadline {
    enum class Kind { none, notice, renewal, due, after_opening };
    Kind kind = Kind::none;
    Seconds after = Seconds{0};
};

struct Rule {
    std::string name = {};
    std::string was = {};  ///< a former name, whose alerts it keeps
    Scope scope = Scope::customer;
    std::vector<Condition> applies = {};
    Trigger trigger = {};
    std::optional<Trigger> critical = {};
    Seconds keep_firing_for = Seconds{0};
    Severity severity = Severity::warning;
    std::vector<std::string> notify = {};  ///< roles or receivers; empty: by route
    std::string doer = {};                 ///< the role that is asked to act
    Template message = {};
    Advice advice = {};
    Deadline deadline = {};
    std::vector<Step> steps = {};
    Seconds cooldown = std::chrono::hours{24};
    Seconds repeat = std::chrono::days{7};
    double min_precision = missing;       ///< its own floor; missing: that of [alerts]
    std::vector<std::string> reads = {};  ///< datasets its conditions depend on, sorted; see datasets_read
    Position where = {};
};

/// Overrides of one thing by a profile: the values, and which keys were written.
template <class T>
struct Patch {
    int target = 0;  ///< index of the signal, group, cap or rule
    T values = {};
    std::vector<std::string> keys = {};  ///< as in TOML, sorted
};

struct Profile {
    std::string name = {};
    std::vector<Condition> match = {};
    std::vector<Patch<Group>> groups = {};
    std::vector<Patch<Signal>> signals = {};
    std::vector<Patch<Cap>> caps = {};
    std::vector<Patch<Rule>> rules = {};
    std::optional<double> base_rate = {}, intercept = {};
    Position where = {};
};

/// Profiles of one pack; a customer's matching ones are a set of bits.
inline constexpr std::size_t most_profiles = 64;
using ProfileSet = std::uint64_t;

struct RuleSet {
    std::string name = {};        ///< of the last pack
    std::string hash = {};        ///< of the packs' meaning, 16 hex digits
    std::string score_hash = {};  ///< likewise, of what scores come from: without rules that only look at them
    std::vector<std::string> packs = {};
    HealthRules health = {};
    std::vector<Group> groups = {};  ///< sorted by name, like everything below
    std::vector<Signal> signals = {};
    std::vector<Cap> caps = {};
    std::vector<Curve> curves = {};
    PromiseRules promises = {};
    RiskRules risk = {};
    std::vector<Profile> profiles = {};  ///< in file order
    std::vector<Rule> rules = {};
    Policy policy = {};
};

/// The rules as they are for customers whose matching profiles are `profiles` (bit i: rules.profiles[i]): same order
/// and number of everything. Only keys that a profile wrote change; of two profiles the later one wins. `reads` is
/// kept right.
RuleSet with_profiles(const RuleSet& rules, ProfileSet profiles);

/// One rule as a profile has it; its `reads` stay as they were.
void apply(Rule& rule, const Patch<Rule>& patch);

/// Datasets that a field, or all of a rule's conditions, depend on: directly, through a signal, or through the health
/// (every dataset that a weighted signal or a cap reads). A rule also reads what says that its entity exists: customers
/// and subscriptions, and promises. Sorted; once policy.dataset_sources is known, only mapped ones. A rule whose
/// datasets are not fresh is frozen.
std::vector<std::string> datasets_read(const RuleSet& rules, const Field& field);
std::vector<std::string> datasets_read(const RuleSet& rules, const Rule& rule);

/// The further columns of customers that anything in the rules names, profiles included; sorted. A column that the
/// customers query does not bring is unknown for everybody.
std::vector<std::string> attributes_read(const RuleSet& rules);

/// Whether the measure sums over days, so that its freshness is the feed's and not the newest row's (SCORING 1.2).
bool is_flow(Measure measure);

}  // namespace retaind
