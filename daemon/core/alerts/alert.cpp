#include "retaind/alerts/alert.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <utility>

namespace retaind {

namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;  // in the order of their enumeration

constexpr Names<5> phase_names = {"pending", "firing", "recovering", "resolved", "closed"};
constexpr Names<3> severity_names = {"info", "warning", "critical"};
constexpr Names<6> scope_names = {"row", "customer", "promise", "segment", "portfolio", "source"};
constexpr Names<10> transition_names = {"none",     "started_pending", "fired",     "dropped", "recovering",
                                        "relapsed", "resolved",        "escalated", "eased",   "closed"};

template <std::size_t N, class E>
std::string_view name_in(const Names<N>& names, E value) {
    return names[static_cast<std::size_t>(value)];
}

template <class E, std::size_t N>
std::optional<E> value_in(const Names<N>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<E>(found - names.begin());
}

bool has_lasted(std::optional<Day> since, Day until, Seconds span) { return since && until - *since >= span; }

bool in_cooldown(const Alert& alert, const Rule& rule, Day now) {
    return alert.ended_on && rule.cooldown > Seconds{0} && now - *alert.ended_on <= rule.cooldown;
}

/// Risen by its critical trigger, above what the rule says by itself.
bool is_raised(const Alert& alert, const Rule& rule) {
    return rule.critical && rule.severity != Severity::critical && alert.severity == Severity::critical;
}

void track_critical(Alert& alert, const Rule& rule, const Finding& finding) {
    if (!rule.critical) return;
    if (finding.critical_when == Truth::yes && !alert.critical_since) alert.critical_since = finding.data_time;
    if (finding.critical_when == Truth::no) alert.critical_since = std::nullopt;
}

bool critical_holds(const Alert& alert, const Rule& rule, const Finding& finding) {
    return rule.critical && finding.critical_when == Truth::yes &&
           has_lasted(alert.critical_since, finding.data_time, rule.critical->hold);
}

Transition change_severity(Alert& alert, Severity severity) {
    const auto before = std::exchange(alert.severity, severity);
    return severity > before ? Transition::escalated : severity < before ? Transition::eased : Transition::none;
}

/// Where the severity axis goes while the alert fires or recovers.
Transition step_severity(Alert& alert, const Rule& rule, const Finding& finding) {
    track_critical(alert, rule, finding);
    if (is_raised(alert, rule)) {
        const bool eases = finding.critical_clear == Truth::yes && finding.critical_when != Truth::yes;
        if (!eases) return Transition::none;
        alert.critical_since = std::nullopt;
        return change_severity(alert, rule.severity);
    }
    const bool may_rise = alert.phase == AlertPhase::firing;
    if (may_rise && critical_holds(alert, rule, finding)) return change_severity(alert, Severity::critical);
    if (alert.severity < rule.severity && !may_rise) return Transition::none;
    return change_severity(alert, rule.severity);
}

/// Pending ends without ever having fired: back to what was before, if anything.
Transition drop(std::optional<Alert>& alert) {
    if (!alert->firing_since) {
        alert.reset();
    } else {
        alert->phase = alert->closed_because.empty() ? AlertPhase::resolved : AlertPhase::closed;
        alert->critical_since = alert->absent_on = std::nullopt;
        alert->absent_cycles = 0;
    }
    return Transition::dropped;
}

Transition end(std::optional<Alert>& alert, AlertPhase phase, Day on, std::string because) {
    if (alert->phase == AlertPhase::pending) return drop(alert);
    alert->phase = phase;
    alert->ended_on = on;
    alert->closed_because = std::move(because);
    alert->recovering_since = alert->critical_since = alert->absent_on = std::nullopt;
    alert->absent_cycles = 0;
    return phase == AlertPhase::resolved ? Transition::resolved : Transition::closed;
}

Transition close(std::optional<Alert>& alert, const Finding& finding, std::string_view otherwise) {
    return end(alert, AlertPhase::closed, finding.data_time,
               finding.gone_because.empty() ? std::string{otherwise} : finding.gone_because);
}

Transition step_absent(std::optional<Alert>& alert, const Finding& finding) {
    if (alert->absent_on && finding.as_of <= *alert->absent_on) return Transition::none;
    alert->absent_on = finding.as_of;
    alert->absent_cycles += 1;
    if (alert->absent_cycles < absences_until_closed) return Transition::none;
    return close(alert, finding, "no longer in the data");
}

Transition reopen(Alert& alert, Severity severity) {
    const bool rises = severity > alert.severity;
    if (rises) alert.ended_on = std::nullopt;  // it is told, so there is nothing to catch up on
    alert.severity = severity;
    return rises ? Transition::escalated : Transition::relapsed;
}

Transition fire(Alert& alert, const Rule& rule, const Finding& finding) {
    const auto severity = critical_holds(alert, rule, finding) ? Severity::critical : rule.severity;
    const bool recurs = in_cooldown(alert, rule, finding.data_time);
    alert.phase = AlertPhase::firing;
    alert.closed_because.clear();
    if (recurs) return reopen(alert, severity);
    alert.episode += 1;
    alert.steps_taken = 0;
    alert.severity = severity;
    alert.firing_since = finding.data_time;
    alert.ended_on = std::nullopt;
    alert.opened_at = std::nullopt;
    alert.deadline = std::nullopt;
    return Transition::fired;
}

Transition step_pending(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    if (finding.when == Truth::no) return drop(alert);
    track_critical(*alert, rule, finding);
    if (finding.when != Truth::yes) return Transition::none;
    if (!has_lasted(alert->pending_since, finding.data_time, rule.trigger.hold)) return Transition::none;
    return fire(*alert, rule, finding);
}

Transition start(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    if (finding.when != Truth::yes) return Transition::none;
    alert->phase = AlertPhase::pending;
    alert->adopted = false;
    alert->pending_since = finding.data_time;
    const auto moved = step_pending(alert, rule, finding);
    return moved == Transition::none ? Transition::started_pending : moved;
}

/// firing <-> recovering -> resolved
Transition step_phase(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    const auto clear = finding.when == Truth::yes ? Truth::no : finding.clear;
    if (clear == Truth::unknown) return Transition::none;
    const auto before = alert->phase;
    if (clear == Truth::no) {
        alert->phase = AlertPhase::firing;
        alert->recovering_since = std::nullopt;
        return before == AlertPhase::recovering ? Transition::relapsed : Transition::none;
    }
    if (before == AlertPhase::firing) alert->recovering_since = finding.data_time;
    alert->phase = AlertPhase::recovering;
    if (has_lasted(alert->recovering_since, finding.data_time, rule.keep_firing_for)) {
        return end(alert, AlertPhase::resolved, finding.data_time, "");
    }
    return before == AlertPhase::firing ? Transition::recovering : Transition::none;
}

/// A recurrence that was kept quiet, and is still there when the cooldown is over, is told after all.
Transition outlive_cooldown(Alert& alert, const Rule& rule, const Finding& finding) {
    const bool still = finding.when == Truth::yes || finding.clear == Truth::no;
    if (alert.phase != AlertPhase::firing || !still || !alert.ended_on) return Transition::none;
    if (in_cooldown(alert, rule, finding.data_time)) return Transition::none;
    alert.ended_on = std::nullopt;
    return Transition::fired;
}

Transition step_firing(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    const auto moved = step_phase(alert, rule, finding);
    if (!is_open(*alert)) return moved;
    const auto severity = step_severity(*alert, rule, finding);
    const auto late = outlive_cooldown(*alert, rule, finding);
    if (severity == Transition::escalated) {
        alert->ended_on = std::nullopt;
        return severity;
    }
    if (late != Transition::none) return late;
    return moved == Transition::none ? severity : moved;
}

/// Somebody was told that this episode ended, and not that it is back.
bool is_thought_over(const Alert& alert) {
    return std::any_of(alert.told.begin(), alert.told.end(), [&](const Told& told) {
        return told.episode == alert.episode &&
               (told.phase == AlertPhase::resolved || told.phase == AlertPhase::closed);
    });
}

/// An ending that was held was never told, so it is judged again. If an earlier one was told, the cooldown goes on.
Transition step_held_end(Alert& alert, const Rule& rule, const Finding& finding) {
    const bool goes_on = finding.when == Truth::yes || finding.clear == Truth::no;
    if (goes_on) {
        alert.phase = AlertPhase::firing;
        alert.held = false;
        alert.closed_because.clear();
        const bool rises = step_severity(alert, rule, finding) == Transition::escalated;
        if (rises || !is_thought_over(alert) || !in_cooldown(alert, rule, finding.data_time))
            alert.ended_on = std::nullopt;
        return rises ? Transition::escalated : Transition::relapsed;
    }
    if (finding.clear != Truth::yes || alert.phase == AlertPhase::resolved) return Transition::none;
    alert.phase = AlertPhase::resolved;
    alert.ended_on = finding.data_time;
    alert.closed_because.clear();
    return Transition::resolved;
}

Transition step_present(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    alert->absent_cycles = 0;
    alert->absent_on = std::nullopt;
    if (finding.applies == Truth::unknown) return Transition::none;
    if (alert->phase == AlertPhase::pending) return step_pending(alert, rule, finding);
    if (alert->held && !is_open(*alert)) return step_held_end(*alert, rule, finding);
    return is_open(*alert) ? step_firing(alert, rule, finding) : start(alert, rule, finding);
}

Transition step_known(std::optional<Alert>& alert, const Rule& rule, const Finding& finding) {
    const bool exists = finding.present && !finding.ended && finding.applies != Truth::no;
    if (exists) return step_present(alert, rule, finding);
    if (!is_open(*alert)) return Transition::none;
    if (finding.ended) return close(alert, finding, "the contract ended");
    if (!finding.present) return step_absent(alert, finding);
    return close(alert, finding, "the rule no longer applies");
}

AlertStep step_new(const AlertKey& key, const Rule& rule, const Finding& finding, const AlertNumbers& forgotten) {
    const bool may_open = finding.present && !finding.ended && finding.applies == Truth::yes;
    if (!may_open || finding.when != Truth::yes) return {};
    AlertStep result{
        .after = Alert{.key = key, .severity = rule.severity, .episode = forgotten.episode, .seq = forgotten.seq + 1},
        .transition = Transition::none};
    result.transition = start(result.after, rule, finding);
    return result;
}

bool same_number(double a, double b) { return a == b || (is_missing(a) && is_missing(b)); }

}  // namespace

std::string_view phase_name(AlertPhase phase) { return name_in(phase_names, phase); }
std::optional<AlertPhase> parse_phase(std::string_view name) { return value_in<AlertPhase>(phase_names, name); }
std::string_view severity_name(Severity severity) { return name_in(severity_names, severity); }
std::optional<Severity> parse_severity(std::string_view name) { return value_in<Severity>(severity_names, name); }
std::string_view scope_name(Scope scope) { return name_in(scope_names, scope); }
std::optional<Scope> parse_scope(std::string_view name) { return value_in<Scope>(scope_names, name); }
std::string_view transition_name(Transition transition) { return name_in(transition_names, transition); }

bool Alert::operator==(const Alert& other) const {
    const auto rest = [](const Alert& a) {
        return std::tie(a.key, a.customer_id, a.phase, a.severity, a.held, a.adopted, a.episode, a.seq, a.pending_since,
                        a.firing_since, a.recovering_since, a.ended_on, a.critical_since, a.opened_at, a.reasons,
                        a.message, a.advice, a.deadline, a.closed_because, a.absent_cycles, a.absent_on, a.told,
                        a.flips, a.judged_on, a.flapping, a.steps_taken, a.owner, a.handed_over_at,
                        a.risk_is_base_rate);
    };
    return same_number(revenue, other.revenue) && same_number(risk, other.risk) && rest(*this) == rest(other);
}

bool is_open(const Alert& alert) {
    return alert.phase == AlertPhase::pending || alert.phase == AlertPhase::firing ||
           alert.phase == AlertPhase::recovering;
}

void note_evaluation(const Alert* before, Alert& after, Day as_of) {
    constexpr std::uint32_t watched = (1u << evaluation_days_watched) - 1;
    const auto fires = [](AlertPhase phase) { return phase == AlertPhase::firing || phase == AlertPhase::recovering; };
    const bool flips = (before && fires(before->phase)) != fires(after.phase);
    if (!after.judged_on || as_of > *after.judged_on) {
        after.flips = (after.flips << 1) & watched;
        after.judged_on = as_of;
    }
    after.flips |= flips ? 1u : 0u;
    const double share = static_cast<double>(std::popcount(after.flips)) / evaluation_days_watched;
    if (share > flapping_begins) after.flapping = true;
    if (share < flapping_ends) after.flapping = false;
}

bool is_worth_keeping(const Alert& alert, Day as_of) {
    return is_open(alert) || alert.held || !alert.ended_on ||
           as_of - *alert.ended_on <= std::chrono::days{days_ended_alerts_are_kept};
}

AlertStep step(const Alert* before, const AlertKey& key, const Rule& rule, const Finding& finding,
               const AlertNumbers& forgotten) {
    if (!before) return finding.frozen ? AlertStep{} : step_new(key, rule, finding, forgotten);
    AlertStep result{.after = *before, .transition = Transition::none};
    if (finding.frozen) return result;
    result.transition = step_known(result.after, rule, finding);
    if (result.after && result.transition != Transition::none) result.after->seq += 1;
    return result;
}

}  // namespace retaind
