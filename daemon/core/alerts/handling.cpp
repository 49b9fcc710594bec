#include "retaind/alerts/handling.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace retaind {

namespace {

constexpr std::array<std::string_view, 6> act_kinds = {"seen", "on_it", "wrong", "snooze", "resume", "release"};

bool acknowledges(const Act& act) {
    return act.kind == ActKind::seen || act.kind == ActKind::on_it || act.kind == ActKind::wrong;
}

bool is_about(const Act& act, const Alert& alert) { return act.key == alert.key && act.episode == alert.episode; }

/// What others did for the manager before binds the new one no more; nor does what the one before does afterwards,
/// while the cycle that notes the hand-over is still under way.
bool ended_with_hand_over(const Act& act, const Alert& alert) {
    if (!alert.handed_over_at || act.by == alert.owner) return false;
    const bool was_owner =
        std::ranges::any_of(alert.told, [&](const Told& told) { return told.was_owner && told.recipient == act.by; });
    return act.at <= *alert.handed_over_at || was_owner;
}

/// Until when an act holds that nothing else ends.
Instant end_of_act(const Act& act, const Alert& alert) {
    if (!ended_with_hand_over(act, alert)) return act.until;
    return std::min(act.until, std::max(act.at, *alert.handed_over_at));
}

std::string_view fact(const AlertFacts& alert, std::string_view field) {
    if (field == "rule") return alert.key.rule;
    if (field == "scope") return scope_name(alert.key.scope);
    if (field == "entity") return alert.key.entity;
    if (field == "severity") return severity_name(alert.severity);
    if (field == "customer_id") return alert.customer_id;
    if (field == "segment") return alert.segment;
    return field == "account_manager" ? std::string_view{alert.account_manager} : std::string_view{};
}

}  // namespace

std::string_view act_kind_name(ActKind kind) { return act_kinds[static_cast<std::size_t>(kind)]; }

std::optional<ActKind> parse_act_kind(std::string_view name) {
    const auto found = std::find(act_kinds.begin(), act_kinds.end(), name);
    if (found == act_kinds.end()) return std::nullopt;
    return static_cast<ActKind>(found - act_kinds.begin());
}

Handling handling_of(const Alert& alert, std::span<const Act> acts, Instant now) {
    Handling handling{.snoozed_until = snoozed_until(alert, acts, now)};
    for (const Act& act : acts) {
        if (!is_about(act, alert) || act.at > now) continue;
        if (act.kind == ActKind::resume) handling.acknowledged_until = std::nullopt;
        if (!acknowledges(act)) continue;
        handling.answered.push_back(act.by);
        handling.called_wrong = handling.called_wrong || act.kind == ActKind::wrong;
        if (ended_with_hand_over(act, alert)) continue;
        if (act.severity < alert.severity || act.until < handling.acknowledged_until) continue;
        handling.acknowledged_until = act.until;
        handling.acknowledged_by = act.by;
    }
    if (handling.acknowledged_until && *handling.acknowledged_until <= now) handling.acknowledged_until.reset();
    if (!handling.acknowledged_until) handling.acknowledged_by.clear();
    std::ranges::sort(handling.answered);
    handling.answered.erase(std::unique(handling.answered.begin(), handling.answered.end()), handling.answered.end());
    return handling;
}

std::optional<Instant> snoozed_until(const Alert& alert, std::span<const Act> acts, Instant now) {
    std::optional<Instant> until;
    for (const Act& act : acts) {
        if (!is_about(act, alert) || act.at > now) continue;
        if (act.kind == ActKind::resume) until.reset();
        if (act.kind == ActKind::snooze && !ended_with_hand_over(act, alert)) until = act.until;
    }
    return until > now ? until : std::nullopt;
}

Seconds time_in_hand(const Alert& alert, std::span<const Act> acts, Instant from, Instant to) {
    std::vector<std::pair<Instant, Instant>> spans;
    for (const Act& act : acts) {
        if (!is_about(act, alert) || act.at > to) continue;
        if (act.kind == ActKind::resume) {
            for (auto& [begins, ends] : spans) ends = std::min(ends, act.at);
        } else if (act.kind == ActKind::snooze || (acknowledges(act) && act.severity >= alert.severity)) {
            spans.emplace_back(act.at, std::min(end_of_act(act, alert), to));
        }
    }
    std::ranges::sort(spans);  // where the clock went back, acts are not in order
    Seconds sum{0};
    Instant counted = from;  // everything before is in `sum` already
    for (const auto& [begins, ends] : spans) {
        const Instant begin = std::max(begins, counted);
        if (ends <= begin) continue;
        sum += ends - begin;
        counted = ends;
    }
    return sum;
}

bool matches(const AlertSilence& silence, const AlertFacts& alert) {
    return !silence.match.empty() && std::ranges::all_of(silence.match, [&](const Route::Match& match) {
        const bool listed = std::ranges::count(match.values, fact(alert, match.field)) > 0;
        return listed != match.negated;
    });
}

std::optional<Instant> silenced_until(std::span<const AlertSilence> silences, const AlertFacts& alert, Instant now) {
    std::optional<Instant> until;
    for (const AlertSilence& silence : silences) {
        if (silence.from > now || silence.until <= now || !matches(silence, alert)) continue;
        until = std::max(until.value_or(silence.until), silence.until);
    }
    return until;
}

}  // namespace retaind
