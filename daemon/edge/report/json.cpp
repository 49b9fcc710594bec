#include <cmath>

#include "json_parts.hpp"
#include "report.hpp"
#include "retaind/signals/scale.hpp"

namespace retaind {

using namespace json_parts;

Json json_parts::alert_json(const Alert& alert) {
    return {{"rule", alert.key.rule},
            {"scope", scope_name(alert.key.scope)},
            {"entity", alert.key.entity},
            {"state", phase_name(alert.phase)},
            {"severity", severity_name(alert.severity)},
            {"held", alert.held},
            {"since", day(alert.firing_since ? alert.firing_since : alert.pending_since)},
            {"deadline", day(alert.deadline)},
            {"reasons", alert.reasons},
            {"message", alert.message},
            {"advice", text(alert.advice)}};
}

namespace {

Json trend(Trend value) { return value == Trend::unknown ? Json(nullptr) : Json(trend_name(value)); }

Json customer_json(const CustomerView& customer) {
    return {{"customer_id", customer.customer_id},
            {"name", customer.name},
            {"segment", text(customer.segment)},
            {"account_manager", text(customer.account_manager)},
            {"health", number(customer.health)},
            {"smoothed", number(customer.smoothed)},
            {"band", band_name(customer.band)},
            {"trend", trend(customer.trend)},
            {"trend_slope", number(customer.trend_slope)},
            {"coverage", number(customer.coverage)},
            {"risk", number(customer.risk)},
            {"revenue", amount(customer.revenue)},
            {"alerts", customer.alerts}};
}

Json promise_json(const PromiseView& promise) {
    return {{"promise_id", promise.promise_id},
            {"customer_id", promise.customer_id},
            {"outcome", promise.outcome},
            {"state", promise_state_name(promise.state)},
            {"probability_kept", number(promise.probability_kept)},
            {"pace", number(promise.pace)},
            {"days_behind", number(promise.days_behind)},
            {"due_on", day(promise.due_on)}};
}

Json bands_json(const SegmentView& segment) {
    Json bands = Json::object();
    for (const Band band : {Band::healthy, Band::watch, Band::at_risk, Band::unknown}) {
        const BandShare& share = segment.bands[static_cast<std::size_t>(band)];
        bands[std::string(band_name(band))] = {{"customers_share", number(share.customers)},
                                               {"revenue_share", number(share.revenue)}};
    }
    return bands;
}

/// What a segment and the portfolio have in common.
Json standing_json(const SegmentView& segment) {
    return {{"customers", segment.customers},
            {"revenue", amount(segment.revenue)},
            {"revenue_share", number(segment.revenue_share)},
            {"revenue_change_yoy", number(segment.revenue_change_yoy)},
            {"customers_change_yoy", number(segment.customers_change_yoy)},
            {"usage_change_28d", number(segment.usage_change_28d)},
            {"demand_change_yoy", number(segment.demand_change_yoy)},
            {"health", number(segment.health)},
            {"at_risk_share", number(segment.at_risk_share)},
            {"bands", bands_json(segment)},
            {"top5_share", number(segment.top5_share)},
            {"top10_share", number(segment.top10_share)},
            {"hhi", number(segment.hhi)},
            {"payback_ratio", number(segment.payback_ratio)}};
}

Json segment_json(const SegmentView& segment) {
    Json json = {{"segment", text(segment.segment)}};
    json.update(standing_json(segment));
    return json;
}

Json portfolio_json(const SegmentView& portfolio) {
    Json json = standing_json(portfolio);
    json["largest_segment_share"] = number(portfolio.largest_segment_share);
    return json;
}

Json feed_json(const FeedView& feed) {
    Json rejected = Json::object(), keys = Json::object();
    for (const auto& [reason, rejection] : feed.rejected) {
        rejected[reason] = rejection.rows;
        keys[reason] = rejection.keys;
    }
    return {{"dataset", feed.dataset},
            {"loaded", feed.loaded},
            {"stale", feed.stale},
            {"rows", feed.rows},
            {"rejected", feed.rows_rejected},
            {"reasons", rejected},
            {"rejected_keys", keys},
            {"contradictions", feed.contradictions},
            {"watermark", day(feed.watermark)}};
}

/// Of a signal its name; of a child null, beside its id.
Json signal_name(const Explanation& explanation, int signal) {
    return signal < 0 ? Json(nullptr) : Json(explanation.rules.signals[static_cast<std::size_t>(signal)].name);
}

Json term_json(const Explanation& explanation, std::size_t at) {
    const Term& term = explanation.health.terms[at];
    const TermSource& source = explanation.sources[at];
    const RuleSet& rules = explanation.rules;
    Json group, scale;
    if (term.signal >= 0) {
        const Signal& signal = rules.signals[static_cast<std::size_t>(term.signal)];
        group = rules.groups[static_cast<std::size_t>(signal.group)].name;
        scale = describe(signal.scale);
    }
    return {{"signal", signal_name(explanation, term.signal)},
            {"subscription_id", text(source.subscription_id)},
            {"child_id", text(source.child_id)},
            {"group", group},
            {"raw", number(term.raw)},
            {"score", number(term.score)},
            {"scale", scale},
            {"weight", number(term.weight)},
            {"freshness", number(term.freshness)},
            {"imputed", term.imputed},
            {"contribution", number(term.contribution)},
            {"rows", source.rows},
            {"first", day(source.first)},
            {"last", day(source.last)}};
}

Json change_json(const Explanation& explanation, const std::optional<ChangeSince>& since) {
    if (!since) return nullptr;
    const HealthChange& change = since->change;
    Json terms = Json::array();
    for (std::size_t at = 0; at < change.terms.size(); ++at) {
        terms.push_back({{"signal", signal_name(explanation, change.terms[at].signal)},
                         {"subscription_id", text(since->sources[at].subscription_id)},
                         {"child_id", text(since->sources[at].child_id)},
                         {"points", number(change.terms[at].points)}});
    }
    return {{"since", format_day(since->day)},
            {"before", number(change.before)},
            {"after", number(change.after)},
            {"terms", terms},
            {"prior", number(change.prior)},
            {"caps", number(change.caps)},
            {"weakest_part", number(change.weakest_part)},
            {"profile", number(change.profile)},
            {"rules", number(change.rules)},
            {"engine", number(change.engine)},
            {"data", number(change.data)}};
}

Json drift_json(const Explanation& explanation) {
    if (explanation.drift.signal < 0) return nullptr;
    const Drift& drift = explanation.drift.drift;
    return {{"signal", explanation.rules.signals[static_cast<std::size_t>(explanation.drift.signal)].name},
            {"cusum", number(drift.cusum)},
            {"alarm", drift.cusum > cusum_alarm},
            {"since", day(drift.since)},
            {"ewma", number(drift.ewma)},
            {"ewma_limit", number(drift.ewma_limit)}};
}

Json pulse_json(const Pulse& pulse) {
    if (is_missing(pulse.value)) return nullptr;
    return {{"value", pulse.value}, {"at", day(pulse.at)}, {"note", text(pulse.note)}, {"expired", pulse.expired}};
}

Json explanation_json(const Explanation& explanation) {
    const Health& health = explanation.health;
    Json terms = Json::array(), risk_terms = Json::array();
    for (std::size_t at = 0; at < health.terms.size(); ++at) terms.push_back(term_json(explanation, at));
    for (const RiskPart& part : explanation.risk.parts) {
        risk_terms.push_back({{"feature", part.feature},
                              {"theme", part.theme},
                              {"raw", number(part.raw)},
                              {"log_odds", number(part.log_odds)},
                              {"odds_factor", number(std::exp(part.log_odds))}});
    }
    return {{"customer_id", explanation.customer_id},
            {"name", explanation.name},
            {"as_of", format_day(explanation.as_of)},
            {"rules_hash", explanation.rules.hash},
            {"health", number(health.health)},
            {"smoothed", number(explanation.smoothed)},
            {"band", band_name(explanation.band)},
            {"trend", trend(explanation.trend)},
            {"trend_slope", number(explanation.trend_slope)},
            {"drift", drift_json(explanation)},
            {"pulse", pulse_json(explanation.pulse)},
            {"coverage", number(health.coverage)},
            {"frozen", explanation.frozen},
            {"remembered", number(explanation.remembered)},
            {"prior", number(health.prior)},
            {"prior_of_segment", explanation.prior_of_segment},
            {"terms", terms},
            {"caps", number(health.caps)},
            {"cap",
             health.cap < 0 ? Json(nullptr) : Json(explanation.rules.caps[static_cast<std::size_t>(health.cap)].name)},
            {"weakest_part", number(health.weakest_part)},
            {"profiles", explanation.profiles},
            {"change", change_json(explanation, explanation.since_last_cycle)},
            {"change_7d", change_json(explanation, explanation.since_week)},
            {"change_30d", change_json(explanation, explanation.since_month)},
            {"risk", number(explanation.risk.probability)},
            {"risk_terms", risk_terms},
            {"promises", list(explanation.promises, promise_json)},
            {"alerts", list(explanation.alerts, alert_json)}};
}

}  // namespace

std::string once_json(const View& view) {
    return written({{"as_of", format_day(view.as_of)},
                    {"rules_hash", view.rules_hash},
                    {"customers", list(view.customers, customer_json)},
                    {"alerts", list(view.alerts, alert_json)},
                    {"promises", list(view.promises, promise_json)},
                    {"segments", list(view.segments, segment_json)},
                    {"portfolio", portfolio_json(view.portfolio)},
                    {"data", list(view.feeds, feed_json)}});
}

std::string explain_json(const Explanation& explanation) { return written(explanation_json(explanation)); }
std::string explain_line(const Explanation& explanation) { return written(explanation_json(explanation), -1); }

std::string errors_json(const std::vector<Error>& errors) {
    return written(list(errors, [](const Error& error) {
        return Json{{"file", text(error.where.file)},
                    {"line", error.where.line},
                    {"column", error.where.column},
                    {"message", error.message},
                    {"hint", text(error.hint)}};
    }));
}

}  // namespace retaind
