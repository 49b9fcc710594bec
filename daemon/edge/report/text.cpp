#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plain.hpp"
#include "report.hpp"

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

std::string terms_text(const Explanation& explanation) {
    const Health& health = explanation.health;
    std::string out = fmt::format("  {:>9.4f}  prior: what customers of the segment show on average\n", health.prior);
    for (std::size_t at = 0; at < health.terms.size(); ++at) {
        const Term& term = health.terms[at];
        const Signal& signal = explanation.rules.signals[static_cast<std::size_t>(term.signal)];
        const std::string what =
            is_missing(term.score)
                ? "missing: left to the prior"
                : fmt::format("{} scores {:.1f}{}", is_known(term.raw) ? fmt::format("{:.4g}", term.raw) : "nothing",
                              term.score, term.imputed ? " (imputed)" : "");
        out += fmt::format("  {:>+9.4f}  {} [{}]: {}; weight {:.1f} %, freshness {:.2f}, {} rows\n", term.contribution,
                           signal.name, explanation.rules.groups[static_cast<std::size_t>(signal.group)].name, what,
                           100 * term.weight, term.freshness, explanation.rows[at]);
    }
    if (health.weakest_part != 0) out += fmt::format("  {:>+9.4f}  weakest subscription\n", health.weakest_part);
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
    out += fmt::format("health {:.2f}, {} (smoothed {}), coverage {:.0f} %, risk {}\n\n", health.health,
                       band_name(explanation.band), score(explanation.smoothed), 100 * health.coverage,
                       percent(explanation.risk.probability));
    out += terms_text(explanation);
    if (!explanation.profiles.empty()) out += fmt::format("\nprofiles: {}\n", fmt::join(explanation.profiles, ", "));
    for (const PromiseView& promise : explanation.promises) {
        out += fmt::format("\npromise {}: {}, {}, kept with probability {}", shown(promise.promise_id, 40),
                           shown(promise.outcome, 60), promise_state_name(promise.state),
                           percent(promise.probability_kept));
    }
    for (const Alert& alert : explanation.alerts) out += "\n" + alert_text(alert);
    return out + "\n";
}

}  // namespace retaind
