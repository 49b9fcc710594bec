#include "retaind/promises/decision.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace retaind {

namespace {

bool is_over(const Promise& promise, double today, const PromiseRules& rules) {
    return day_number(promise.due_on) + rules.grace <= today;
}

bool is_known_to_end(const Promise& promise, const Evidence& evidence, const PromiseRules& rules) {
    const double grace = promise.kind == PromiseKind::hold ? 0 : rules.grace;
    return !evidence.known_to || day_number(promise.due_on) + grace <= day_number(*evidence.known_to);
}

std::optional<Day> reach_kept_on(const std::vector<Point>& readings, const Goal& goal) {
    const Point* on_due_day = nullptr;
    std::optional<double> kept;
    for (const Point& reading : readings) {
        const bool after = reading.day > goal.due_on;
        if (!after) on_due_day = &reading;
        if (!kept && (goal.reached(reading.value) || (after && goal.within_quality(reading.value)))) kept = reading.day;
    }
    const bool held_on_due_day =
        on_due_day != nullptr && goal.today >= goal.due_on && goal.within_quality(on_due_day->value);
    if (held_on_due_day && (!kept || *kept > goal.due_on)) kept = goal.due_on;
    return kept ? std::optional{day_of(*kept)} : std::nullopt;
}

bool hold_is_met(const std::vector<Point>& buckets, const Goal& goal) {
    const double mean = mean_value(buckets);
    return is_known(mean) && goal.within_quality(mean);
}

std::optional<Day> kept_on(const Promise& promise, const Evidence& evidence, const Goal& goal) {
    if (promise.kind == PromiseKind::reach) return reach_kept_on(evidence.measured, goal);
    const bool held = goal.today >= goal.due_on && hold_is_met(evidence.measured, goal);
    return held ? std::optional{promise.due_on} : std::nullopt;
}

/// The day of the delivery that made `enough`, in order of delivery.
std::optional<Day> day_of_delivery(std::span<const Milestone> milestones, Day by, int enough) {
    std::vector<Day> deliveries;
    for (const Milestone& milestone : milestones) {
        if (is_delivered(milestone, by)) deliveries.push_back(*milestone.delivered_on);
    }
    if (enough <= 0 || std::ssize(deliveries) < enough) return {};
    std::ranges::sort(deliveries);
    return deliveries[static_cast<std::size_t>(enough - 1)];
}

double delivered_share(std::span<const Milestone> milestones, Day by) {
    double done = 0, all = 0, count = 0;
    for (const Milestone& milestone : milestones) {
        all += milestone.weight;
        if (!is_delivered(milestone, by)) continue;
        done += milestone.weight;
        count += 1;
    }
    return all > 0 ? done / all : count / static_cast<double>(milestones.size());
}

}  // namespace

Goal goal_of(const Promise& promise, Day today) {
    return {.starts_on = day_number(promise.starts_on),
            .due_on = day_number(promise.due_on),
            .today = day_number(today),
            .baseline = promise.baseline,
            .target = promise.target,
            .quality = promise.quality};
}

MilestoneTally tally_milestones(const Snapshot& snapshot, const Promise& promise, const PromiseRules& rules) {
    const auto milestones = snapshot.milestones_of(promise);
    const double today = day_number(snapshot.as_of);
    const Day counted = day_of(std::min(day_number(promise.due_on) + rules.grace, today));
    MilestoneTally tally{.total = static_cast<int>(milestones.size()), .odds = {.a = rules.a0, .b = rules.b0}};
    double weight = 1;
    for (auto milestone = milestones.rbegin(); milestone != milestones.rend(); ++milestone) {
        const bool due = day_number(milestone->due_on) + rules.grace <= today;
        const bool delivered = is_delivered(*milestone, counted);
        tally.due += due;
        tally.delivered += delivered;
        tally.odds.remaining += !due && !delivered;
        if (delivered) tally.last_delivery = std::max(tally.last_delivery, milestone->delivered_on);
        if (!due) continue;
        (delivered ? tally.odds.a : tally.odds.b) += weight;
        weight *= rules.gamma;
    }
    const int enough = static_cast<int>(std::ceil(promise.target * tally.total - 1e-9));
    tally.odds.need = enough - tally.delivered;
    tally.enough_on = day_of_delivery(milestones, counted, enough);
    tally.share = delivered_share(milestones, counted);
    return tally;
}

bool is_reported_kept(const Promise& promise, const Evidence& evidence, const Goal& goal) {
    if (promise.kind == PromiseKind::hold) {
        return !evidence.reported.empty() && goal.within_quality(evidence.reported.back().value);
    }
    return std::ranges::any_of(evidence.reported, [&](const Point& report) { return goal.reached(report.value); });
}

Decision decide(const Promise& promise, const Evidence& evidence, const Goal& goal, const PromiseRules& rules) {
    if (const auto kept = kept_on(promise, evidence, goal)) return {.kept_on = kept};
    const bool own_word_only = evidence.measured.empty() && is_reported_kept(promise, evidence, goal);
    const bool any = !evidence.measured.empty() || !evidence.reported.empty();
    const bool over = is_over(promise, goal.today, rules) && is_known_to_end(promise, evidence, rules);
    return {.missed = any && !own_word_only && over};
}

Decision decide(const Promise& promise, const MilestoneTally& tally, Day known_to, const PromiseRules& rules) {
    if (tally.enough_on) return {.kept_on = tally.enough_on};
    return {.missed = is_over(promise, day_number(known_to), rules)};
}

double mean_value(std::span<const Point> points) {
    double sum = 0;
    for (const Point& point : points) sum += point.value;
    return points.empty() ? missing : sum / static_cast<double>(points.size());
}

}  // namespace retaind
