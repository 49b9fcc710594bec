#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "plain.hpp"
#include "report.hpp"
#include "retaind/signals/scale.hpp"

namespace retaind {
namespace {

/// How many lines of each kind a person reads on one screen; the rest is counted.
constexpr std::size_t most_lines = 20;

/// Keys of rejected rows shown per reason.
constexpr std::size_t most_keys = 5;

std::string score(double value) { return is_known(value) ? fmt::format("{:.0f}", value) : "-"; }
std::string percent(double value) { return is_known(value) ? fmt::format("{:.1f} %", 100 * value) : "-"; }
std::string money(double minor, const std::string& currency) {
    return is_known(minor) ? fmt::format("{:.0f}{}{}", minor / 100, currency.empty() ? "" : " ", currency) : "-";
}

std::string customers_text(const View& view) {
    std::vector<const CustomerView*> attention;
    for (const CustomerView& customer : view.customers) {
        if (!customer.alerts.empty() || customer.band == Band::at_risk) attention.push_back(&customer);
    }
    std::stable_sort(attention.begin(), attention.end(), [](const CustomerView* a, const CustomerView* b) {
        const double health_a = is_known(a->health) ? a->health : 100, health_b = is_known(b->health) ? b->health : 100;
        return health_a < health_b;
    });
    std::string out = fmt::format("{} of {} customers need attention (as of {})\n", attention.size(),
                                  view.customers.size(), format_day(view.as_of));
    if (!attention.empty())
        out += fmt::format("  {:<14} {:<28} {:>6} {:<8} {:>7} {:>14}  {}\n", "customer", "name", "health", "band",
                           "risk", "a year", "alerts");
    for (std::size_t at = 0; at < attention.size() && at < most_lines; ++at) {
        const CustomerView& customer = *attention[at];
        out += fmt::format("  {:<14} {:<28} {:>6} {:<8} {:>7} {:>14}  {}\n", shown(customer.customer_id, 14),
                           shown(customer.name, 28), score(customer.health), band_name(customer.band),
                           percent(customer.risk), money(customer.revenue, view.currency),
                           fmt::join(customer.alerts, ", "));
    }
    if (attention.size() > most_lines)
        out += fmt::format("  and {} more (--json lists all)\n", attention.size() - most_lines);
    return out;
}

std::string alert_text(const Alert& alert) {
    std::string out = fmt::format("  {} {} {}: {}\n", severity_name(alert.severity), alert.key.rule,
                                  shown(alert.key.entity, 40), shown(alert.message, 200));
    for (const std::string& reason : alert.reasons) out += fmt::format("      because {}\n", shown(reason, 120));
    return out;
}

std::string rejected_text(const std::string& reason, const Rejection& rejection) {
    std::string keys;
    for (std::size_t at = 0; at < rejection.keys.size() && at < most_keys; ++at)
        keys += (at == 0 ? ": " : ", ") + shown(rejection.keys[at], 60);
    return fmt::format("      {} {}{}{}\n", rejection.rows, reason, keys,
                       rejection.keys.size() > most_keys ? ", ... (--json lists more)" : "");
}

std::string feeds_text(const View& view) {
    std::string out;
    for (const FeedView& feed : view.feeds) {
        const std::string state = !feed.loaded ? "not loaded: " + feed.error : feed.stale ? "stale" : "fresh";
        out += fmt::format("  {:<14} {:>9} rows {:>6} rejected  to {:<11} {}\n", feed.dataset, feed.rows,
                           feed.rows_rejected, feed.watermark ? format_day(*feed.watermark) : "-", shown(state, 160));
        for (const auto& [reason, rejection] : feed.rejected) out += rejected_text(reason, rejection);
        for (const auto& [check, rows] : feed.contradictions) out += fmt::format("      {} {}, kept\n", rows, check);
    }
    return out;
}

}  // namespace

std::string once_text(const View& view) {
    std::string out = customers_text(view);
    std::vector<const Alert*> firing;
    for (const Alert& alert : view.alerts) {
        if (alert.phase != AlertPhase::pending) firing.push_back(&alert);
    }
    std::stable_sort(firing.begin(), firing.end(),
                     [](const Alert* a, const Alert* b) { return a->severity > b->severity; });
    out += fmt::format("\n{} alerts\n", firing.size());
    for (std::size_t at = 0; at < firing.size() && at < most_lines; ++at) out += alert_text(*firing[at]);
    if (firing.size() > most_lines)
        out += fmt::format("  and {} more (--json lists all)\n", firing.size() - most_lines);
    if (view.held > 0)
        out +=
            fmt::format("\n{} alerts are held: more changed at once than is likely (--json lists them)\n", view.held);
    return out + "\ndata\n" + feeds_text(view);
}

namespace {

std::string whose(const Explanation& explanation, int signal, const TermSource& source) {
    if (signal < 0) return "customer " + shown(source.child_id, 40);
    const std::string& name = explanation.rules.signals[static_cast<std::size_t>(signal)].name;
    return source.subscription_id.empty() ? name : name + " of " + shown(source.subscription_id, 40);
}

std::string term_text(const Explanation& explanation, std::size_t at) {
    const Term& term = explanation.health.terms[at];
    const TermSource& source = explanation.sources[at];
    const std::string head = fmt::format("  {:>+9.4f}  {}", term.contribution, whose(explanation, term.signal, source));
    if (term.signal < 0)
        return fmt::format("{}: health {:.1f}; weight {:.1f} %\n", head, term.score, 100 * term.weight);
    const Signal& signal = explanation.rules.signals[static_cast<std::size_t>(term.signal)];
    const std::string what =
        is_missing(term.score)
            ? "missing: left to the prior"
            : fmt::format("{} scores {:.1f}{}", is_known(term.raw) ? fmt::format("{:.4g}", term.raw) : "nothing",
                          term.score, term.imputed ? " (imputed)" : "");
    std::string rows = fmt::format("{} rows", source.rows);
    if (source.first && source.last)
        rows += fmt::format(" ({} to {})", format_day(*source.first), format_day(*source.last));
    return fmt::format("{} [{}]: {}; weight {:.1f} %, freshness {:.2f}, {}\n", head,
                       explanation.rules.groups[static_cast<std::size_t>(signal.group)].name, what, 100 * term.weight,
                       term.freshness, rows);
}

/// How raw values become scores, once per signal.
std::string scales_text(const Explanation& explanation) {
    std::string out = "how values score\n";
    int last = -1;
    for (const Term& term : explanation.health.terms) {
        if (term.signal == last || term.signal < 0) continue;
        last = term.signal;
        const Signal& signal = explanation.rules.signals[static_cast<std::size_t>(term.signal)];
        out += fmt::format("  {}: {}\n", signal.name, shown(describe(signal.scale), 100));
    }
    return out;
}

/// A smaller movement is left out of the words; the JSON has it.
constexpr double least_points_shown = 0.005;

/// "activity -2.1, grade +0.4": the largest first.
std::string moved_text(const Explanation& explanation, const ChangeSince& since) {
    constexpr std::size_t most_moved = 6;
    std::vector<std::pair<double, std::string>> lines;
    for (std::size_t at = 0; at < since.change.terms.size(); ++at) {
        const TermChange& term = since.change.terms[at];
        lines.emplace_back(term.points, whose(explanation, term.signal, since.sources[at]));
    }
    const HealthChange& change = since.change;
    for (const auto& [points, name] : {std::pair{change.weakest_part, "the weakest part"},
                                       {change.caps, "caps"},
                                       {change.prior, "the segment's mean (not the customer)"},
                                       {change.data, "missing or late data (not the customer)"},
                                       {change.profile, "another profile"},
                                       {change.rules, "changed rules (not the customer)"},
                                       {change.engine, "another version of retaind (not the customer)"}})
        lines.emplace_back(points, name);
    std::erase_if(lines, [](const auto& line) { return std::abs(line.first) < least_points_shown; });
    std::ranges::stable_sort(lines, std::ranges::greater{}, [](const auto& line) { return std::abs(line.first); });
    std::string out;
    for (std::size_t at = 0; at < lines.size() && at < most_moved; ++at)
        out += fmt::format("{}{} {:+.2f}", out.empty() ? "" : ", ", lines[at].second, lines[at].first);
    if (lines.size() > most_moved) out += fmt::format(", and {} smaller", lines.size() - most_moved);
    return out.empty() ? "nothing" : out;
}

std::string change_text(const Explanation& explanation, std::string_view what,
                        const std::optional<ChangeSince>& since) {
    if (!since) return "";
    return fmt::format("  since {} ({}): {:.2f} to {:.2f}: {}\n", what, format_day(since->day), since->change.before,
                       since->change.after, moved_text(explanation, *since));
}

/// Odds factors by theme, and of each theme's the largest up and down.
std::string risk_text(const Risk& risk) {
    constexpr std::size_t most_parts = 3;
    std::map<std::string, double> themes;
    std::vector<const RiskPart*> parts;
    for (const RiskPart& part : risk.parts) {
        if (!is_known(part.log_odds)) continue;
        themes[part.theme] += part.log_odds;
        parts.push_back(&part);
    }
    if (parts.empty()) return "";
    std::string out = "risk, as odds against the average customer:";
    for (const auto& [theme, log_odds] : themes) out += fmt::format(" {} x{:.2f}", theme, std::exp(log_odds));
    out += "\n";
    std::ranges::stable_sort(parts, {}, [](const RiskPart* part) { return -std::abs(part->log_odds); });
    for (const bool up : {true, false}) {
        std::size_t count = 0;
        for (const RiskPart* part : parts) {
            if ((part->log_odds > 0) != up || part->log_odds == 0 || count == most_parts) continue;
            ++count;
            out += fmt::format("  x{:.2f}  {} ({})\n", std::exp(part->log_odds), part->feature,
                               is_known(part->raw) ? fmt::format("{:.4g}", part->raw) : "missing");
        }
    }
    return out;
}

/// Since when behaviour has left its own past, while that is worth a word.
std::string drift_text(const Explanation& explanation) {
    const auto& [signal, drift] = explanation.drift;
    if (signal < 0 || !(drift.cusum > cusum_alarm)) return "";
    return fmt::format(
        "drift: {} has fallen since {} (C {:.1f}, alarm above {:.0f}); the last weeks {} (EWMA {:.1f}, "
        "limit {:.1f})\n",
        explanation.rules.signals[static_cast<std::size_t>(signal)].name, drift.since ? format_day(*drift.since) : "-",
        drift.cusum, cusum_alarm, drift.ewma > drift.ewma_limit ? "confirm it" : "do not confirm it", drift.ewma,
        drift.ewma_limit);
}

/// The verdict of the person who knows the customer, beside the machine's.
std::string pulse_text(const Explanation& explanation) {
    const Pulse& pulse = explanation.pulse;
    if (is_missing(pulse.value)) return "";
    return fmt::format("pulse {}{}, against a health of {}{}{}\n", score(pulse.value),
                       pulse.at ? " of " + format_day(*pulse.at) : "", score(explanation.health.health),
                       pulse.expired ? " (expired: no longer counted)" : "",
                       pulse.note.empty() ? "" : ": " + shown(pulse.note, 160));
}

}  // namespace

std::string terms_text(const Explanation& explanation) {
    const Health& health = explanation.health;
    std::string out = fmt::format("  {:>9.4f}  prior: what customers of the segment show on average\n", health.prior);
    for (std::size_t at = 0; at < health.terms.size(); ++at) out += term_text(explanation, at);
    if (health.weakest_part != 0) out += fmt::format("  {:>+9.4f}  weakest part\n", health.weakest_part);
    if (health.cap >= 0)
        out += fmt::format("  {:>+9.4f}  cap {}\n", health.caps,
                           explanation.rules.caps[static_cast<std::size_t>(health.cap)].name);
    out += fmt::format("  {:>9.4f}  health\n", health.health);
    return out;
}

std::string explain_text(const Explanation& explanation) {
    const Health& health = explanation.health;
    std::string out = fmt::format("{} ({}), as of {}\n", shown(explanation.name, 60),
                                  shown(explanation.customer_id, 60), format_day(explanation.as_of));
    out += fmt::format("health {:.2f}, {} (smoothed {}), coverage {:.0f} %, risk {}\n", health.health,
                       band_name(explanation.band), score(explanation.smoothed), 100 * health.coverage,
                       percent(explanation.risk.probability));
    if (explanation.trend != Trend::unknown)
        out += fmt::format("trend: {}, 8 weeks ({:+.1f} points a week)\n", trend_name(explanation.trend),
                           explanation.trend_slope);
    out += drift_text(explanation) + pulse_text(explanation) + "\n" + terms_text(explanation);
    if (!explanation.profiles.empty()) out += fmt::format("\nprofiles: {}\n", fmt::join(explanation.profiles, ", "));
    const std::string moved = change_text(explanation, "the last cycle", explanation.since_last_cycle) +
                              change_text(explanation, "a week ago", explanation.since_week) +
                              change_text(explanation, "a month ago", explanation.since_month);
    if (!moved.empty()) out += "\nwhat moved it\n" + moved;
    out += "\n" + scales_text(explanation) + "\n" + risk_text(explanation.risk);
    for (const PromiseView& promise : explanation.promises) {
        out += fmt::format("\npromise {}: {}, {}, kept with probability {}", shown(promise.promise_id, 40),
                           shown(promise.outcome, 60), promise_state_name(promise.state),
                           percent(promise.probability_kept));
    }
    for (const Alert& alert : explanation.alerts) out += "\n" + alert_text(alert);
    return out + "\n";
}

}  // namespace retaind
