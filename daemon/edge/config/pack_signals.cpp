#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "edge/config/pack.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind::config {

const one_of<Measure> measures{{{"count", Measure::count},
                                {"sum", Measure::sum},
                                {"mean", Measure::mean},
                                {"min", Measure::min},
                                {"max", Measure::max},
                                {"last", Measure::last},
                                {"active_days", Measure::active_days},
                                {"days_since", Measure::days_since},
                                {"ratio", Measure::ratio},
                                {"slope", Measure::slope},
                                {"rate", Measure::rate},
                                {"miss_streak", Measure::miss_streak},
                                {"share", Measure::share},
                                {"value", Measure::value},
                                {"kept_probability", Measure::kept_probability},
                                {"milestone_attainment", Measure::milestone_attainment},
                                {"milestone_quality", Measure::milestone_quality},
                                {"overdue", Measure::overdue},
                                {"next_due_days", Measure::next_due_days},
                                {"drift", Measure::drift}}};

std::string_view unit_of(Measure measure) {
    switch (measure) {
        case Measure::rate:
        case Measure::share:
        case Measure::kept_probability:
        case Measure::milestone_attainment: return "0..1";
        case Measure::milestone_quality: return "0..100";
        case Measure::active_days:
        case Measure::days_since:
        case Measure::next_due_days: return "days";
        case Measure::miss_streak:
        case Measure::overdue: return "events";
        case Measure::ratio:
        case Measure::slope:
        case Measure::drift: return "1";
        default: return "";
    }
}

namespace {

enum class Reads { series, attendance, customers, promises };

Reads reads(Measure measure) {
    switch (measure) {
        case Measure::rate:
        case Measure::miss_streak: return Reads::attendance;
        case Measure::value: return Reads::customers;
        case Measure::kept_probability:
        case Measure::milestone_attainment:
        case Measure::milestone_quality:
        case Measure::overdue:
        case Measure::next_due_days: return Reads::promises;
        default: return Reads::series;
    }
}

bool is_summed(Measure measure) {
    return measure == Measure::count || measure == Measure::sum || measure == Measure::active_days;
}

bool has_grace(Measure measure) {
    return measure == Measure::milestone_attainment || measure == Measure::milestone_quality ||
           measure == Measure::overdue || measure == Measure::next_due_days;
}

bool has_window(Measure measure) {
    switch (measure) {
        case Measure::last:
        case Measure::days_since:
        case Measure::miss_streak:
        case Measure::slope: return false;
        default: return reads(measure) == Reads::series || reads(measure) == Reads::attendance;
    }
}

/// Of counts a NULL is a row like others, of attendance it is an excuse.
bool can_carry(Measure measure) {
    const bool counts_rows = measure == Measure::count || measure == Measure::share;
    return reads(measure) == Reads::series && !counts_rows;
}

std::string_view name_of_measure(Measure measure) {
    for (const auto& [name, value] : measures.choices)
        if (value == measure) return name;
    return "";
}

/// What RULES.md leaves "by measure": four weeks say most, attendance needs a season's quarter, a ratio compares a
/// month with the quarter before it.
void set_defaults(Signal& to) {
    using std::chrono::days;
    to.window = days{to.measure == Measure::rate ? 90 : 28};
    to.baseline = days{84};
    to.silence = is_summed(to.measure) ? Silence::zero : Silence::unknown;
}

struct missing_score {
    std::optional<WhenMissing> operator()(const Item& item) const {
        constexpr auto expected = "\"prior\", \"worst\" or a number from 0 to 100";
        if (item.node.is_text("prior")) return WhenMissing{};
        if (item.node.is_text("worst")) return WhenMissing{.prior = false, .score = 0};
        if (item.node.kind == Node::Kind::text) return item.wrong(fmt::format("\"{}\" must be {}", item.key, expected));
        const auto score = number{0, 100}(item);
        if (!score) return std::nullopt;
        return WhenMissing{.prior = false, .score = *score};
    }
};

// -- scales -----------------------------------------------------------------------------------------------------------

Scale read_ramp(TableReader& in) {
    RampScale ramp;
    const bool both = in.require("bad", ramp.bad, number{}) && in.require("good", ramp.good, number{});
    if (both && ramp.bad == ramp.good)
        in.problems().error(in.where(), "good and bad are the same", "a ramp needs a way to go");
    return ramp;
}

Scale read_recency(TableReader& in) {
    RecencyScale recency;
    in.take("grace", recency.grace, days_or_duration{});
    in.take("halflife", recency.halflife, days_or_duration{.least = 0.01});
    return recency;
}

/// One column or several: `by = "segment"`, `by = ["segment", "region"]`.
/// Known before anything is scored, and cheap to read for everybody.
bool is_known_early(const Field& field) {
    return field.kind == Field::Kind::attribute || CustomerColumn::is_fact(field.name);
}

struct columns {
    const Pack& pack;
    std::optional<std::vector<std::string>> operator()(const Item& item) const {
        if (item.node.kind == Node::Kind::list) return list{column{pack}, 1, 10}(item);
        const auto one = column{pack}(item);
        if (!one) return std::nullopt;
        return std::vector{*one};
    }

    struct column {
        const Pack& pack;
        std::optional<std::string> operator()(const Item& item) const {
            const auto name = text{}(item);
            if (!name) return std::nullopt;
            const auto field = pack.facts.resolve(*name);
            const bool fits = field && !depends_on_scores(*field) && is_known_early(*field);
            if (fits) return name;
            const auto meant = pack.facts.suggestion(*name);
            return item.wrong(field ? fmt::format("\"{}\" does not divide customers into cohorts", *name)
                                    : fmt::format("customers have no column \"{}\"", *name),
                              meant.empty() ? "a cohort is made by segment, or any column of customers"
                                            : fmt::format("did you mean \"{}\"?", meant));
        }
    };
};

Scale read_cohort(TableReader& in, const Pack& pack) {
    CohortScale cohort;
    in.take("by", cohort.by, columns{pack});
    in.take("delta", cohort.delta, number{-5, 5});
    in.take("halflife", cohort.halflife, days_or_duration{.least = 0.01});
    in.take("min", cohort.min, integer{2});
    return cohort;
}

Scale read_category(const Item& item) {
    CategoryScale category;
    if (!item.node.is_table() || item.node.entries.empty())
        return item.must_be("a table of texts and scores", "as in { good = 100, poor = 20 }"), category;
    for (const auto& entry : item.node.entries)
        if (const auto score = number{0, 100}(Item{entry.key, entry.value, item.problems}))
            category.scores.emplace_back(entry.key, *score);
    return category;
}

Scale read_identity(const Item& item) {
    const auto value = boolean{}(item);
    if (value && !*value) item.wrong("\"identity\" can only be true", "leave it out, and name another scale");
    return IdentityScale{};
}

}  // namespace

std::optional<Scale> scale::operator()(const Item& item) const {
    if (!check_is_table(item.node, "signal.*.scale", item.problems)) return std::nullopt;
    TableReader in{item.node, "signal.*.scale", item.problems};
    Scale result;
    in.table("ramp", [&](TableReader& ramp) { result = read_ramp(ramp); });
    in.table("recency", [&](TableReader& recency) { result = read_recency(recency); });
    in.table("cohort", [&](TableReader& cohort) { result = read_cohort(cohort, pack); });
    PointList list_of_points;
    if (in.take("points", list_of_points, points{})) result = PointScale{list_of_points};
    if (in.take("steps", list_of_points, points{.least = 1})) result = StepScale{list_of_points};
    if (const auto* node = in.claim("category")) result = read_category({"category", *node, item.problems});
    if (const auto* node = in.claim("identity")) result = read_identity({"identity", *node, item.problems});
    in.finish();
    if (item.node.entries.size() != 1)
        return item.wrong("a scale is exactly one of ramp, points, steps, recency, cohort, category, identity");
    return result;
}

namespace {

// -- what a signal reads ----------------------------------------------------------------------------------------------

/// The columns of a dataset that conditions on its rows may name.
FieldCatalogue row_catalogue(DatasetKind kind) {
    FieldCatalogue catalogue{.scope = Scope::row};
    for (const auto& column : dataset_spec(kind).columns) {
        const bool is_technical = column.name == "customer_id" || column.name == "row_id";
        if (is_technical) continue;
        if (column.type == CellType::text) catalogue.row_columns.emplace_back(column.name, ValueType::text);
        if (column.type == CellType::number) catalogue.row_columns.emplace_back(column.name, ValueType::number);
        if (column.type == CellType::flag) catalogue.row_columns.emplace_back(column.name, ValueType::boolean);
    }
    const bool has_value = std::any_of(catalogue.row_columns.begin(), catalogue.row_columns.end(),
                                       [](const auto& column) { return column.first == "value"; });
    if (!has_value) catalogue.row_columns.emplace_back("value", ValueType::number);
    return catalogue;
}

/// A pack may read more than a company has: what is not mapped is missing. Unless it was meant to be another name.
bool is_slip(TableReader& in, std::string_view dataset, Pack& pack) {
    if (pack.is_mapped(dataset)) return false;
    std::vector<std::string_view> names = {"customers", "promises"};
    for (const auto& [name, kind] : pack.datasets) names.push_back(name);
    const auto meant = nearest(dataset, names);
    auto message = fmt::format("the dataset \"{}\" is not mapped", shown(dataset));
    if (!meant.empty())
        in.problems().error(in.where("from"), std::move(message), fmt::format("did you mean \"{}\"?", meant));
    else if (pack.unmapped.emplace(dataset).second)
        in.problems().warning(in.where("from"), std::move(message),
                              fmt::format("what reads it says nothing; map it as [dataset.{}] in retaind.toml, or "
                                          "remove this signal",
                                          shown(dataset)));
    return !meant.empty();
}

/// The kind of dataset that the signal reads, if it may read it.
std::optional<DatasetKind> read_from(TableReader& in, Signal& to, Pack& pack, bool has_measure) {
    if (!in.require("from", to.from, text{}) || to.from.empty()) return std::nullopt;
    const auto complain = [&](std::string message, std::string hint) {
        in.problems().error(in.where("from"), std::move(message), std::move(hint));
        return std::nullopt;
    };
    if (is_slip(in, to.from, pack)) return std::nullopt;
    const auto kind = pack.kind(to.from);
    if (!has_measure) return kind;
    const auto name = name_of_measure(to.measure);
    const bool is_series = dataset_spec(kind).is_series;
    switch (reads(to.measure)) {
        case Reads::customers:
            if (kind != DatasetKind::customers)
                return complain(fmt::format("the measure {} reads an attribute of customers", name),
                                "from = \"customers\"");
            break;
        case Reads::promises:
            if (kind != DatasetKind::promises)
                return complain(fmt::format("the measure {} reads promises", name), "from = \"promises\"");
            break;
        case Reads::attendance:
            if (kind != DatasetKind::attendance)
                return complain(fmt::format("the measure {} reads attendance", name), "from = \"attendance\"");
            break;
        case Reads::series:
            if (!is_series)
                return complain(
                    fmt::format("\"{}\" has no dated rows of customers, which the measure {} reads", to.from, name),
                    "usage, attendance, touchpoints, or events of your own");
    }
    return kind;
}

void read_row_conditions(TableReader& in, Signal& to, std::optional<DatasetKind> kind) {
    if (!kind || !dataset_spec(*kind).is_series) {
        const bool is_given = in.claim("where") || in.claim("of");
        if (is_given && kind)
            in.problems().error(in.where(in.has("where") ? "where" : "of"),
                                fmt::format("\"{}\" has no rows to choose from", to.from));
        return;
    }
    const auto catalogue = row_catalogue(*kind);
    in.take("where", to.where_rows, conditions{catalogue});
    in.take("of", to.of, conditions{catalogue});
}

/// `applies` and `per` are known before any signal is measured.
void forbid_scores(TableReader& in, std::string_view key, const std::vector<Field>& fields) {
    for (const auto& field : fields)
        if (is_signal(field) || depends_on_scores(field))
            in.problems().error(in.where(key), fmt::format("\"{}\" cannot depend on \"{}\"", key, field.name),
                                "signals come first: use what is known of the customer without them");
}

std::vector<Field> all_fields(const std::vector<Condition>& list_of_conditions) {
    std::vector<Field> result;
    for (const auto& one : list_of_conditions)
        for (const auto& field : fields_of(one)) result.push_back(field);
    return result;
}

void read_field(TableReader& in, Signal& to, const Pack& pack) {
    if (!in.take("field", to.field, text{}) || to.field.empty()) return;
    const auto field = pack.facts.resolve(to.field);
    if (field) return forbid_scores(in, "field", {*field});
    const auto meant = pack.facts.suggestion(to.field);
    in.problems().error(in.where("field"), fmt::format("customers have no column \"{}\"", shown(to.field)),
                        meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant));
}

// -- what fits together -----------------------------------------------------------------------------------------------

void check_keys(TableReader& in, const Signal& signal) {
    const auto only_for = [&](std::string_view key, bool fits, std::string_view whose) {
        if (in.has(key) && !fits)
            in.problems().error(in.where(key), fmt::format("\"{}\" belongs to {}, and this signal measures {}", key,
                                                           whose, name_of_measure(signal.measure)));
    };
    const auto needed = [&](std::string_view key, bool is_needed) {
        if (is_needed && !in.has(key))
            in.problems().error(in.where(), fmt::format("\"{}\" is missing", key),
                                fmt::format("the measure {} needs it", name_of_measure(signal.measure)));
    };
    only_for("of", signal.measure == Measure::share, "the measure share");
    only_for("field", signal.measure == Measure::value, "the measure value");
    only_for("c", signal.measure == Measure::ratio, "the measure ratio");
    only_for("baseline", signal.measure == Measure::ratio, "the measure ratio");
    only_for("grace", has_grace(signal.measure), "measures of milestones");
    needed("of", signal.measure == Measure::share);
    needed("field", signal.measure == Measure::value);
}

/// Keys that are harmless, and do nothing for this measure.
void warn_of_idle_signal_keys(TableReader& in, const Signal& signal) {
    const bool has_rows = reads(signal.measure) == Reads::series || reads(signal.measure) == Reads::attendance;
    const auto idle = [&](std::string_view key, bool is_used) {
        if (in.has(key) && !is_used)
            in.problems().warning(
                in.where(key),
                fmt::format("\"{}\" means nothing to the measure {}", key, name_of_measure(signal.measure)),
                "leave it out");
    };
    idle("window", has_window(signal.measure));
    idle("carry", can_carry(signal.measure));
    for (const auto key : {"silence", "max_age", "stale_halflife"}) idle(key, has_rows);
}

bool measures_text(const Signal& signal, const Pack& pack) {
    if (signal.measure != Measure::value) return false;
    const auto field = pack.facts.resolve(signal.field);
    return field && field->typed && field->type == ValueType::text;
}

bool measures_number(const Signal& signal, const Pack& pack) {
    if (signal.measure != Measure::value) return true;
    const auto field = pack.facts.resolve(signal.field);
    return field && field->typed && field->type == ValueType::number;
}

/// Why the scale does not fit the measure, or "".
std::string misfit(const Signal& signal, const Pack& pack) {
    const auto name = name_of_measure(signal.measure);
    if (std::holds_alternative<RecencyScale>(signal.scale))
        return signal.measure == Measure::days_since ? "" : fmt::format("recency scales days_since, not {}", name);
    if (std::holds_alternative<CohortScale>(signal.scale))
        return is_summed(signal.measure) ? "" : fmt::format("cohort scales count, sum and active_days, not {}", name);
    if (std::holds_alternative<CategoryScale>(signal.scale))
        return measures_number(signal, pack) ? "category scales texts, and this is a number" : "";
    if (std::holds_alternative<std::monostate>(signal.scale)) return "";
    if (measures_text(signal, pack)) return fmt::format("\"{}\" is a text, which only category scales", signal.field);
    if (std::holds_alternative<IdentityScale>(signal.scale) && unit_of(signal.measure) == "0..1" && !signal.per)
        return fmt::format("{} lies between 0 and 1, so identity would leave every score under 1", name);
    return "";
}

/// The raw values at which a scale bends.
std::vector<double> edges(const Scale& scale) {
    std::vector<double> result;
    const auto add = [&](const PointList& points) {
        for (const auto& point : points) result.push_back(point.first);
    };
    if (const auto* ramp = std::get_if<RampScale>(&scale)) result = {ramp->bad, ramp->good};
    if (const auto* scale_points = std::get_if<PointScale>(&scale)) add(scale_points->points);
    if (const auto* steps = std::get_if<StepScale>(&scale)) add(steps->steps);
    return result;
}

/// A share on a scale of percent would always be bad.
void check_edges(TableReader& in, const Signal& signal) {
    const auto unit = unit_of(signal.measure);
    const double most = unit == "0..1" ? 1 : unit == "0..100" ? 100 : 0;
    if (most == 0 || signal.per) return;
    for (const double edge : edges(signal.scale)) {
        if (edge >= 0 && edge <= most) continue;
        const bool is_percent = most == 1 && edge > 1 && edge <= 100;
        return in.problems().error(in.where("scale"),
                                   fmt::format("{} lies between 0 and {}", name_of_measure(signal.measure), most),
                                   is_percent ? fmt::format("write {} for {} %", edge / 100, edge) : "");
    }
}

void check_scale(TableReader& in, const Signal& signal, const Pack& pack) {
    if (!in.has("scale")) {
        if (signal.weight > 0)
            in.problems().error(in.where(), "\"scale\" is missing",
                                "a signal without one can only be watched: weight = 0");
        return;
    }
    const auto why = misfit(signal, pack);
    const bool is_identity = std::holds_alternative<IdentityScale>(signal.scale);
    if (!why.empty())
        in.problems().error(in.where("scale"), why, is_identity ? "write { ramp = { bad = 0, good = 1 } }" : "");
}

}  // namespace

void read_signal(TableReader& in, Signal& to, Pack& pack) {
    to.where = in.where();
    std::optional<Measure> measure;
    in.require("measure", measure, measures);
    const bool has_measure = measure.has_value();
    to.measure = measure.value_or(Measure::count);
    set_defaults(to);
    const auto kind = read_from(in, to, pack, has_measure);
    int group = -1;
    if (in.require("group", group, name_of{"group", pack.groups}) && group < 0) pack.misses_a_group = true;
    to.group = std::max(group, 0);
    in.take("weight", to.weight, number{0});
    read_row_conditions(in, to, kind);
    read_field(in, to, pack);
    in.take("window", to.window, duration{std::chrono::days{1}});
    in.take("baseline", to.baseline, duration{std::chrono::days{1}});
    in.take("c", to.ratio_c, above{0});
    if (in.take("per", to.per, numeric_field{pack}) && to.per) {
        forbid_scores(in, "per", {*to.per});
        if (!is_signal(*to.per) && !depends_on_scores(*to.per) && !is_known_early(*to.per))
            in.problems().error(in.where("per"), fmt::format("\"{}\" is not a size to divide by", to.per->name),
                                "seats, mrr, revenue, tenure_days, or a column of customers");
        else if (const auto field = pack.facts.resolve(to.field); field && !is_known_early(*field))
            in.problems().error(in.where("per"), fmt::format("\"{}\" cannot be divided", to.field),
                                "leave \"per\" out");
    }
    if (in.take("applies", to.applies, conditions{pack.customer()}))
        forbid_scores(in, "applies", all_fields(to.applies));
    in.take("scale", to.scale, scale{pack});
    in.take("silence", to.silence, one_of<Silence>{{{"zero", Silence::zero}, {"missing", Silence::unknown}}});
    in.take("missing", to.when_missing, missing_score{});
    in.take("carry", to.carry, duration{});
    in.take("max_age", to.max_age, duration_in_days{});
    in.take("stale_halflife", to.stale_halflife, duration_in_days{Seconds{1}});
    in.take("grace", to.grace, duration_in_days{});
    if (!has_measure) return;
    check_keys(in, to);
    warn_of_idle_signal_keys(in, to);
    check_scale(in, to, pack);
    check_edges(in, to);
}

}  // namespace retaind::config
