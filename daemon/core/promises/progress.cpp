#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "retaind/promises/history.hpp"
#include "retaind/promises/promise.hpp"

namespace retaind {

namespace {

const Curve* find_curve(const RuleSet& rules, std::string_view name) {
    const auto found = std::ranges::find(rules.curves, name, &Curve::name);
    return found == rules.curves.end() ? nullptr : &*found;
}

/// A promise with all that is known of it on its own.
struct Judged {
    Goal goal = {};
    Evidence evidence = {};
    MilestoneTally tally = {};
    Decision decision = {};
    bool begun = true;
};

std::string trouble_in_terms(const Promise& promise, const Snapshot& snapshot, const RuleSet& rules) {
    if (is_missing(promise.target)) return "it has no target";
    if (promise.due_on <= promise.starts_on) return "it is due before it starts";
    if (promise.target == promise.baseline) return "its target is its baseline";
    const auto curve = snapshot.text(promise.curve);
    const bool drawn = curve.empty() || curve == "linear" || find_curve(rules, curve);
    if (!drawn) return fmt::format("its curve \"{}\" is not defined", curve);
    if (promise.kind != PromiseKind::milestones) return "";
    if (promise.target < 0 || promise.target > 1) return "its target is not a share between 0 and 1";
    return promise.milestones == 0 ? "it has no milestones" : "";
}

Judged judge(const Snapshot& snapshot, const RuleSet& rules, const EvidenceReader& reader, const Promise& promise) {
    Judged judged{.goal = goal_of(promise, snapshot.as_of), .begun = has_begun(promise, snapshot.as_of)};
    if (!judged.begun) return judged;
    const bool in_steps = promise.kind == PromiseKind::milestones;
    if (!in_steps) judged.evidence = reader.read(promise);
    if (in_steps) judged.evidence.loaded = reader.believes("milestones");
    if (!reader.believes("promises")) judged.evidence.loaded = false;
    if (auto trouble = trouble_in_terms(promise, snapshot, rules); !trouble.empty())
        judged.evidence.trouble = std::move(trouble);
    if (!judged.evidence.loaded || !judged.evidence.trouble.empty()) return judged;
    if (in_steps) {
        judged.tally = tally_milestones(snapshot, promise, rules.promises);
        const Day known_to = watermark(snapshot, "milestones").value_or(snapshot.as_of);
        judged.decision = decide(promise, judged.tally, known_to, rules.promises);
    } else {
        judged.decision = decide(promise, judged.evidence, judged.goal, rules.promises);
    }
    return judged;
}

std::vector<Judged> judge_all(const Snapshot& snapshot, const RuleSet& rules, const PromiseKnowledge& knowledge) {
    const EvidenceReader reader(snapshot, rules, knowledge.doubted);
    std::vector<Judged> all;
    all.reserve(snapshot.promises.size());
    for (const Promise& promise : snapshot.promises) {
        const std::size_t at = all.size();
        all.push_back(judge(snapshot, rules, reader, promise));
        if (all.back().begun && at < knowledge.kept_before.size() && knowledge.kept_before[at])
            all.back().decision = {.kept_on = knowledge.kept_before[at]};
    }
    return all;
}

Word segment_of(const Snapshot& snapshot, const Promise& promise) {
    return snapshot.customers[promise.customer].segment;
}

History history_of(const Snapshot& snapshot, const PromiseRules& rules, const std::vector<Judged>& all) {
    History history;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Promise& promise = snapshot.promises[i];
        const Judged& judged = all[i];
        SegmentHistory& segment = history[segment_of(snapshot, promise)];
        const auto kept_on = judged.decision.kept_on;
        segment.missed += judged.decision.missed && judged.goal.due_on + rules.grace < judged.goal.today;
        if (!kept_on || *kept_on >= snapshot.as_of) continue;
        segment.kept += 1;
        const Evidence& evidence = judged.evidence;  // may have gone since an earlier day found it kept
        const bool has_path = evidence.loaded && evidence.trouble.empty() && !evidence.measured.empty();
        if (promise.kind == PromiseKind::reach && has_path)
            segment.paths.push_back(path_of(evidence, judged.goal, *kept_on));
    }
    return history;
}

/// Self-reports fill in where no measured reading is newer than `evidence_days`.
bool needs_reports(const Judged& judged, const PromiseRules& rules) {
    const auto& measured = judged.evidence.measured;
    const double today = std::min(judged.goal.today, judged.goal.due_on + rules.grace);
    return !judged.evidence.reported.empty() && (measured.empty() || today - measured.back().day > rules.evidence_days);
}

/// Measured and reported values together; on one day the measured one stands.
std::vector<Point> together(const Evidence& evidence) {
    std::vector<Point> points;
    std::ranges::set_union(evidence.measured, evidence.reported, std::back_inserter(points), {}, &Point::day,
                           &Point::day);
    return points;
}

/// Measures promises one by one against what their segments' history says.
class Meter {
public:
    Meter(const Snapshot& snapshot, const RuleSet& rules, const History& history);
    Progress measure(const Promise& promise, const Judged& judged) const;

private:
    Progress without_evidence(const Judged& judged) const;
    std::optional<Trajectory> trajectory(const Promise& promise) const;
    Trajectory due_steps(const Promise& promise) const;
    void place(Progress& progress, const Promise& promise, const Judged& judged) const;
    void project(Progress& progress, const Promise& promise, const Judged& judged, std::span<const Point> points) const;
    void rule(Progress& progress, const Promise& promise, const Judged& judged) const;
    std::string gap(const Promise& promise, const Judged& judged) const;

    const Snapshot& snapshot_;
    const RuleSet& rules_;
    const History& history_;
    std::map<Word, Trajectory> medians_ = {};
    bool keepers_named_ = false;
};

Meter::Meter(const Snapshot& snapshot, const RuleSet& rules, const History& history)
    : snapshot_(snapshot), rules_(rules), history_(history) {
    for (const auto& [segment, taught] : history) {
        if (taught.paths.size() >= paths_needed) medians_.emplace(segment, median_trajectory(taught.paths));
    }
    keepers_named_ = std::ranges::any_of(snapshot.promises, [&](const Promise& promise) {
        return promise.kept_by != no_word && has_begun(promise, snapshot.as_of);
    });
}

Trajectory Meter::due_steps(const Promise& promise) const {
    const auto milestones = snapshot_.milestones_of(promise);
    double all = 0, due = 0;
    for (const Milestone& milestone : milestones) all += milestone.weight;
    const bool weighted = all > 0;
    if (!weighted) all = static_cast<double>(milestones.size());
    const double length = in_days(promise.due_on - promise.starts_on);
    PointList vertices = {{0.0, 0.0}};
    for (const Milestone& milestone : milestones) {
        if (milestone.due_on > promise.due_on) continue;
        const double tau = std::max(0.0, in_days(milestone.due_on - promise.starts_on) / length);
        vertices.emplace_back(tau, due / all);
        due += weighted ? milestone.weight : 1;
        vertices.emplace_back(tau, due / all);
    }
    vertices.emplace_back(1.0, due / all);
    return Trajectory{std::move(vertices)};
}

std::optional<Trajectory> Meter::trajectory(const Promise& promise) const {
    const auto name = snapshot_.text(promise.curve);
    if (const Curve* named = find_curve(rules_, name)) return Trajectory{named->points};
    if (name == "linear") return Trajectory{};
    if (promise.kind == PromiseKind::milestones) return due_steps(promise);
    if (promise.kind == PromiseKind::hold) return std::nullopt;
    const auto median = medians_.find(segment_of(snapshot_, promise));
    return median == medians_.end() ? Trajectory{} : median->second;
}

/// Value, progress, pace and days behind.
void Meter::place(Progress& progress, const Promise& promise, const Judged& judged) const {
    const Goal& goal = judged.goal;
    const double tau = std::clamp((goal.today - goal.starts_on) / (goal.due_on - goal.starts_on), 0.0, 1.0);
    const auto expected = trajectory(promise);
    progress.expected = expected ? expected->expected(tau) : 1;
    if (is_missing(progress.value)) return;
    progress.progress = goal.progress(progress.value);
    progress.pace = std::clamp(progress.progress, 0.0, 1.0) - progress.expected;
    if (!expected) return;
    progress.days_behind = days_behind(*expected, progress.progress, {goal.starts_on, goal.due_on, goal.today});
    if (judged.decision.kept_on) progress.days_behind = std::min(progress.days_behind, 0.0);
}

void Meter::project(Progress& progress, const Promise& promise, const Judged& judged,
                    std::span<const Point> points) const {
    if (promise.kind == PromiseKind::milestones) {
        if (judged.tally.due > 0) progress.probability = project_milestones(judged.tally.odds);
        return;
    }
    const bool at_end = judged.goal.today >= judged.goal.due_on && !points.empty();
    if (promise.kind == PromiseKind::hold) {
        progress.probability = at_end ? 0 : project_hold(points, judged.goal);
        return;
    }
    const ReachProjection reach = project_reach(points, judged.goal);
    progress.probability = at_end ? 0 : reach.probability;
    progress.required_rate_ratio = judged.decision.kept_on ? 0 : reach.required_rate_ratio;
}

/// Why nothing can be said although the promise's terms are sound; "" when something can.
std::string Meter::gap(const Promise& promise, const Judged& judged) const {
    const PromiseRules& rules = rules_.promises;
    const Goal& goal = judged.goal;
    const bool counted = promise.kind == PromiseKind::milestones || !judged.evidence.measured.empty();
    if (!counted && goal.due_on + rules.grace <= goal.today) {
        return "no measured reading by its end";
    }
    if (keepers_named_ && promise.kept_by == no_word) return "nobody keeps it";
    if (!judged.evidence.expires) return "";
    double newest = goal.starts_on;
    for (const auto* points : {&judged.evidence.measured, &judged.evidence.reported}) {
        if (!points->empty()) newest = std::max(newest, points->back().day);
    }
    if (std::min(goal.today, goal.due_on) - newest <= rules.evidence_days) return "";
    return fmt::format("no reading for {} days", static_cast<int>(goal.today - newest));
}

PromiseState by_probability(double probability, const PromiseRules& rules) {
    if (is_missing(probability)) return PromiseState::open;
    if (probability >= rules.on_track) return PromiseState::on_track;
    return probability >= rules.off_track ? PromiseState::slipping : PromiseState::off_track;
}

/// The verdict, and a probability that agrees with it.
void Meter::rule(Progress& progress, const Promise& promise, const Judged& judged) const {
    if (judged.decision.kept_on) {
        progress.verdict = PromiseState::kept;
        progress.probability = 1;
    } else if (judged.decision.missed) {
        progress.verdict = PromiseState::missed;
        progress.probability = 0;
    } else if (auto why = gap(promise, judged); !why.empty()) {
        progress.verdict = PromiseState::unmeasurable;
        progress.why_unmeasurable = std::move(why);
        progress.probability = missing;
    } else {
        progress.verdict = by_probability(progress.probability, rules_.promises);
    }
    progress.disputed = progress.reported_kept && progress.probability < rules_.promises.off_track;
}

/// Of a promise whose evidence is out of reach. Once kept, that changes nothing.
Progress Meter::without_evidence(const Judged& judged) const {
    if (judged.decision.kept_on)
        return {.probability = 1, .kept_on = judged.decision.kept_on, .verdict = PromiseState::kept};
    if (!judged.evidence.loaded) return {.not_loaded = true};
    return {.verdict = PromiseState::unmeasurable, .why_unmeasurable = judged.evidence.trouble};
}

Progress Meter::measure(const Promise& promise, const Judged& judged) const {
    if (!judged.begun) return {};
    if (!judged.evidence.loaded || !judged.evidence.trouble.empty()) return without_evidence(judged);
    Progress progress;
    const bool by_word = needs_reports(judged, rules_.promises);
    const auto points = by_word ? together(judged.evidence) : judged.evidence.measured;
    progress.kept_on = judged.decision.kept_on;
    progress.reported_kept = is_reported_kept(promise, judged.evidence, judged.goal);
    if (promise.kind == PromiseKind::milestones) {
        progress.value = judged.tally.share;
        progress.last_reading = judged.tally.last_delivery;
    } else if (!points.empty()) {
        progress.value = promise.kind == PromiseKind::hold ? mean_value(points) : points.back().value;
        progress.last_reading = day_of(points.back().day);
    }
    place(progress, promise, judged);
    project(progress, promise, judged, points);
    if (by_word) {
        const double reported = progress.reported_kept ? 1 : progress.probability;
        const double rate = history_.at(segment_of(snapshot_, promise)).kept_rate(rules_.promises);
        progress.probability = 0.5 * reported + 0.5 * rate;
    }
    rule(progress, promise, judged);
    return progress;
}

}  // namespace

std::vector<Progress> measure_promises(const Snapshot& snapshot, const RuleSet& rules,
                                       const PromiseKnowledge& knowledge) {
    const auto judged = judge_all(snapshot, rules, knowledge);
    const auto history = history_of(snapshot, rules.promises, judged);
    const Meter meter(snapshot, rules, history);
    std::vector<Progress> all;
    all.reserve(judged.size());
    for (std::size_t i = 0; i < judged.size(); ++i) all.push_back(meter.measure(snapshot.promises[i], judged[i]));
    return all;
}

}  // namespace retaind
