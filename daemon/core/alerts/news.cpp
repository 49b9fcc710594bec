#include "news.hpp"

#include <algorithm>

namespace retaind {

namespace {

bool knows(const NewsQuestion& q) { return q.told && q.told->episode == q.move.alert.episode; }

/// Whoever knows that it comes and goes need not know of each time.
bool rises(const NewsQuestion& q) {
    const Alert& alert = q.move.alert;
    if (!q.told || alert.phase != AlertPhase::firing) return false;
    return (knows(q) && q.move.transition == Transition::escalated) ||
           ((knows(q) || q.told->flapping) && alert.severity > q.told->severity);
}

std::optional<News> news_of_flapping(const NewsQuestion& q) {
    const bool is_said = q.told && q.told->flapping;
    if (rises(q))  // one message says both
        return News{.transition = Transition::escalated, .telling = is_said ? Telling::news : Telling::flapping};
    if (is_said) return std::nullopt;
    const bool concerned =
        q.move.alert.phase == AlertPhase::firing || (q.told && knows_it_fires(q.move.alert, *q.told));
    if (!concerned) return std::nullopt;
    return News{.telling = Telling::flapping, .for_digest = q.move.alert.severity == Severity::info, .again = true};
}

std::optional<News> news_of_problem(const NewsQuestion& q) {
    if (q.may_wait) return std::nullopt;
    const bool for_digest = q.move.alert.severity == Severity::info && !q.move.alert.adopted && !q.is_machine;
    return News{.telling = q.step_is_due ? Telling::step : Telling::news, .for_digest = for_digest, .again = knows(q)};
}

/// Nothing has changed, but nobody answers; or a machine forgets what it does not hear.
std::optional<News> news_of_nothing_new(const NewsQuestion& q) {
    const Alert& alert = q.move.alert;
    if (!knows(q) || !knows_it_fires(alert, *q.told)) return std::nullopt;
    if (q.is_restated) return News{.telling = Telling::restated, .again = true};
    if (alert.phase != AlertPhase::firing) return std::nullopt;
    const bool for_digest = alert.severity == Severity::info && !q.is_machine;
    if (q.step_is_due) return News{.telling = Telling::step, .for_digest = for_digest, .again = true};
    const bool is_late = q.repeat > Seconds{0} && q.now - q.told->at >= q.repeat;
    if (!is_late || q.is_machine || alert.severity == Severity::info) return std::nullopt;
    return News{.telling = Telling::repeat, .again = true};
}

}  // namespace

bool is_ended(AlertPhase phase) { return phase == AlertPhase::resolved || phase == AlertPhase::closed; }

bool knows_it_fires(const Alert& alert, const Told& told) {
    return told.episode == alert.episode && !is_ended(told.phase);
}

std::optional<News> news_of_open(const NewsQuestion& q) {
    const Alert& alert = q.move.alert;
    if (alert.flapping && !q.is_machine) return news_of_flapping(q);
    if (alert.phase == AlertPhase::firing) {
        if (!knows(q)) return news_of_problem(q);
        if (rises(q)) return News{.transition = Transition::escalated};
        const bool is_back = is_ended(q.told->phase);
        if (is_back && alert.ended_on) return std::nullopt;
        if (is_back || q.told->flapping) return news_of_problem(q);
    }
    const bool eased = q.told && knows_it_fires(alert, *q.told) && alert.severity < q.told->severity;
    if (eased) return News{.transition = Transition::eased, .for_digest = !q.is_machine};
    return news_of_nothing_new(q);
}

bool waits_for_end(const Alert& alert, const Told& told) { return told.flapping || knows_it_fires(alert, told); }

std::optional<News> news_of_end(const EndQuestion& q) {
    if (!waits_for_end(q.alert, q.told)) return std::nullopt;
    News news{.transition = q.alert.phase == AlertPhase::closed ? Transition::closed : Transition::resolved};
    if (q.alert.flapping && !q.is_machine) {
        if (q.told.flapping) return std::nullopt;
        news.telling = Telling::flapping;
        news.for_digest = q.told.severity == Severity::info;
        news.again = true;
        return news;
    }
    const bool at_once = q.is_machine || q.answered || q.undelivered || q.alert.key.scope == Scope::source;
    news.for_digest = !at_once;
    return news;
}

Escalation escalation_of(const EscalationQuestion& q) {
    const Rule& rule = *q.move.rule;
    std::vector<std::pair<Seconds, const std::vector<std::string>*>> steps;
    for (const Step& step : rule.steps) steps.emplace_back(step.after, &step.notify);
    if (steps.empty() && q.move.alert.severity != Severity::info) {
        for (const EscalationStep& step : q.policy.alerts.escalation) steps.emplace_back(step.after, &step.notify);
    }
    const int count = static_cast<int>(steps.size());
    Escalation found{.due = std::min(q.move.alert.steps_taken, count)};
    if (q.delivered_at && !q.pauses) {
        const Instant counted_from = *q.delivered_at + q.acknowledged;
        const auto at = [&](int step) { return counted_from + steps[static_cast<std::size_t>(step)].first; };
        while (found.due < count && at(found.due) <= q.now) ++found.due;
        if (found.due < count) found.next_at = at(found.due);
    }
    if (found.due > 0) found.names = steps[static_cast<std::size_t>(found.due - 1)].second;
    return found;
}

}  // namespace retaind
