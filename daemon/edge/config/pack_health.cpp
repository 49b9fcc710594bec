// [health], [group], [curve], [promises], [risk].
#include <fmt/format.h>

#include "edge/config/pack.hpp"

namespace retaind::config {
namespace {

struct transform {
    std::optional<Transform> operator()(const Item& item) const {
        static const one_of<Transform> transforms{
            {{"id", Transform::id}, {"ln1p", Transform::ln1p}, {"asinh", Transform::asinh}}};
        return transforms(item);
    }
};

struct sign {
    std::optional<char> operator()(const Item& item) const {
        static const one_of<char> signs{{{"+", '+'}, {"-", '-'}}};
        return signs(item);
    }
};

/// A lower and an upper bound.
struct range {
    std::optional<std::pair<double, double>> operator()(const Item& item) const {
        const auto bounds = list{number{}, 2, 2}(item);
        if (!bounds || bounds->size() != 2) return std::nullopt;
        if ((*bounds)[0] >= (*bounds)[1])
            return item.wrong(fmt::format("\"{}\" must be [least, most]", item.key)), std::nullopt;
        return std::pair{(*bounds)[0], (*bounds)[1]};
    }
};

/// A date or a text: `fit` writes when it ran and over which days.
struct moment_text {
    std::optional<std::string> operator()(const Item& item) const {
        if (item.node.kind == Node::Kind::day) return format_day(item.node.day);
        if (item.node.kind == Node::Kind::moment)
            return item.node.text.substr(0, std::string_view{"2026-03-01"}.size());
        return text{}(item);
    }
};

void read_term(TableReader& in, RiskTerm& to, const Pack& pack) {
    in.require("feature", to.feature, numeric_field{pack});
    in.take("transform", to.transform, transform{});
    in.take("clamp", to.clamp, range{});
    in.take("mean", to.mean, number{});
    in.take("sd", to.sd, number{0});
    in.require("beta", to.beta, number{});
    in.take("missing_beta", to.missing_beta, number{});
    in.take("sign", to.sign, sign{});
    const bool is_risk = to.feature.kind == Field::Kind::builtin && to.feature.name == "risk";
    if (is_risk) in.problems().error(in.where("feature"), "risk cannot be made of risk");
    if ((to.sign == '+' && to.beta < 0) || (to.sign == '-' && to.beta > 0))
        in.problems().error(in.where("beta"), fmt::format("\"beta\" contradicts sign = \"{}\"", to.sign));
}

void read_fitted(TableReader& in, FittedFrom& to) {
    in.take("at", to.at, moment_text{});
    in.take("rows", to.rows, number{0});
    in.take("events", to.events, number{0});
    in.take("auc", to.auc, number{0, 1});
    in.take("brier", to.brier, number{0, 1});
    in.take("from", to.from, moment_text{});
    in.take("to", to.to, moment_text{});
}

void read_model(TableReader& in, RiskRules& to, const Pack& pack) {
    FittedModel model;
    const bool is_model = in.has("term") || in.has("intercept") || in.has("calibration") || in.has("fitted");
    in.take("intercept", model.intercept, number{});
    in.tables("term", most_risk_terms, [&](TableReader& term) { read_term(term, model.terms.emplace_back(), pack); });
    in.table("calibration", [&](TableReader& calibration) {
        calibration.require("a", model.calibration_a, number{});
        calibration.require("b", model.calibration_b, number{});
    });
    in.table("fitted", [&](TableReader& fitted) { read_fitted(fitted, model.fitted); });
    if (!is_model) return;
    if (!in.has("intercept")) in.problems().error(in.where(), "\"intercept\" is missing", "a fitted model needs it");
    if (!in.has("term")) in.problems().error(in.where(), "[[risk.term]] is missing", "a fitted model needs terms");
    to.model = std::move(model);
}

}  // namespace

void read_health(TableReader& in, HealthRules& to) {
    in.table("bands", [&](TableReader& bands) {
        bands.take("healthy", to.healthy, number{0, 100});
        bands.take("watch", to.watch, number{0, 100});
        if (to.healthy <= to.watch) bands.problems().error(bands.where(), "\"healthy\" must be above \"watch\"");
    });
    in.take("hysteresis", to.hysteresis, number{0, 50});
    in.take("coverage_floor", to.coverage_floor, number{0, 1});
    in.take("smoothing", to.smoothing, duration{});
    in.take("prior", to.prior, number{0, 100});
    in.take("weakest", to.weakest, number{0, 1});
    in.take("pulse_expires", to.pulse_expires, duration{std::chrono::days{1}});
}

void read_group(TableReader& in, Group& to) {
    to.where = in.where();
    in.take("weight", to.weight, number{0});
}

void read_curve(TableReader& in, Curve& to) {
    const bool has_points = in.require("points", to.points, points{.least = 2, .lowest = 0, .highest = 1});
    if (!has_points || to.points.empty()) return;
    const auto& p = to.points;
    if (p.front() != std::pair{0.0, 0.0} || p.back() != std::pair{1.0, 1.0})
        in.problems().error(in.where("points"), "a curve goes from [0, 0] to [1, 1]");
    for (std::size_t i = 1; i < p.size(); ++i)
        if (p[i].second < p[i - 1].second) return in.problems().error(in.where("points"), "a curve never falls");
}

void read_promises(TableReader& in, PromiseRules& to) {
    in.take("grace", to.grace, duration_in_days{});
    in.take("evidence_days", to.evidence_days, days_or_duration{});
    in.take("memory_days", to.memory_days, days_or_duration{});
    in.take("on_track", to.on_track, number{0, 1});
    in.take("off_track", to.off_track, number{0, 1});
    in.take("gamma", to.gamma, number{0, 1});
    in.take("a0", to.a0, above{0});
    in.take("b0", to.b0, above{0});
    in.take("quality_delay", to.quality_delay, duration_in_days{});
    if (to.on_track <= to.off_track)
        in.problems().error(in.where("on_track"), "\"on_track\" must be above \"off_track\"");
}

void read_risk(TableReader& in, RiskRules& to, const Pack& pack) {
    in.take("horizon", to.horizon, duration_in_days{std::chrono::days{1}});
    in.take("base_rate", to.base_rate, above{0});
    if (to.base_rate >= 1)
        in.problems().error(in.where("base_rate"), "\"base_rate\" must be less than 1", "write 0.03 for 3 %");
    read_model(in, to, pack);
}

}  // namespace retaind::config
