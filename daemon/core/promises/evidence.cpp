#include "retaind/promises/evidence.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "retaind/signals/measure.hpp"

namespace retaind {

namespace {

using std::chrono::days;

bool is_additive(Measure measure) {
    return measure == Measure::sum || measure == Measure::count || measure == Measure::active_days;
}

const Signal* find_signal(const RuleSet& rules, std::string_view name) {
    const auto found = std::ranges::find(rules.signals, name, &Signal::name);
    return found == rules.signals.end() ? nullptr : &*found;
}

/// Adds a point, or replaces that of the same day.
void put(std::vector<Point>& points, Point point) {
    if (!points.empty() && points.back().day == point.day) points.pop_back();
    points.push_back(point);
}

bool is_mapped(const Snapshot& snapshot, std::string_view dataset) {
    return feed_state(snapshot, dataset) != FeedState::unmapped;
}

Evidence no_evidence(std::string trouble) { return {.trouble = std::move(trouble)}; }

}  // namespace

bool is_delivered(const Milestone& milestone, Day by) {
    return milestone.delivered_on && *milestone.delivered_on <= by;
}

std::optional<Day> quality_known(const Milestone& milestone, const PromiseRules& rules) {
    if (!milestone.delivered_on || is_missing(milestone.quality)) return {};
    if (milestone.quality_known_on) return std::max(*milestone.quality_known_on, *milestone.delivered_on);
    return *milestone.delivered_on + days{static_cast<int>(rules.quality_delay)};
}

/// A signal read over a window of its own.
struct EvidenceReader::Windowed {
    Signal signal;
    SignalReader reader;

    Windowed(const Snapshot& snapshot, Signal with) : signal(std::move(with)), reader(snapshot, signal) {}
};

EvidenceReader::EvidenceReader(const Snapshot& snapshot, const RuleSet& rules, std::span<const std::string> doubted)
    : snapshot_(snapshot), rules_(rules), doubted_(doubted) {}

EvidenceReader::~EvidenceReader() = default;

bool EvidenceReader::believes(std::string_view dataset) const {
    return is_loaded(snapshot_, dataset) && std::ranges::find(doubted_, dataset) == doubted_.end();
}

Evidence EvidenceReader::read(const Promise& promise) const {
    switch (origin(promise)) {
        case Origin::readings: return from_readings(promise);
        case Origin::milestones: return from_milestones(promise);
        case Origin::signal: break;
        case Origin::none: return no_evidence("nothing measures it: no readings, no milestones");
    }
    const auto name = snapshot_.text(promise.measured_by);
    const Signal* signal = find_signal(rules_, name);
    if (signal == nullptr) return no_evidence(fmt::format("measured_by \"{}\" is no signal", name));
    if (!is_additive(signal->measure) || signal->from == "customers" || signal->from == "promises") {
        return no_evidence(fmt::format("signal {} is no count, sum or active_days of a dataset", name));
    }
    return from_signal(promise, *signal);
}

EvidenceReader::Origin EvidenceReader::origin(const Promise& promise) const {
    const auto name = snapshot_.text(promise.measured_by);
    if (name == "milestones") return Origin::milestones;
    if (name != "" && name != "readings") return Origin::signal;
    const bool may_have_readings = promise.readings > 0 || !believes("readings");
    if (promise.milestones > 0 && name != "readings" && !may_have_readings) return Origin::milestones;
    return is_mapped(snapshot_, "readings") ? Origin::readings : Origin::none;
}

double EvidenceReader::last_counted(const Promise& promise) const {
    const double grace = promise.kind == PromiseKind::hold ? 0 : rules_.promises.grace;
    return std::min(day_number(promise.due_on) + grace, day_number(snapshot_.as_of));
}

Evidence EvidenceReader::from_readings(const Promise& promise) const {
    Evidence evidence{.expires = true, .loaded = believes("readings"), .known_to = watermark(snapshot_, "readings")};
    const double last = last_counted(promise);
    for (const Reading& reading : snapshot_.readings_of(promise)) {
        const bool counts = reading.at >= promise.starts_on && day_number(reading.at) <= last;
        if (!counts || reading.known > snapshot_.as_of || is_missing(reading.value)) continue;
        put(reading.reported ? evidence.reported : evidence.measured, {day_number(reading.at), reading.value});
    }
    return evidence;
}

Evidence EvidenceReader::from_milestones(const Promise& promise) const {
    if (!is_mapped(snapshot_, "milestones")) return no_evidence("the milestones are not mapped");
    Evidence evidence{.loaded = believes("milestones"), .known_to = watermark(snapshot_, "milestones")};
    const double first = day_number(promise.starts_on), last = last_counted(promise);
    std::vector<Point> deliveries;
    for (const Milestone& milestone : snapshot_.milestones_of(promise)) {
        if (!is_delivered(milestone, day_of(last))) continue;
        const double day = std::max(day_number(*milestone.delivered_on), first);
        const auto known = quality_known(milestone, rules_.promises);
        if (promise.kind == PromiseKind::reach)
            deliveries.push_back({day, milestone.weight});
        else if (known && *known <= snapshot_.as_of)
            deliveries.push_back({day, milestone.quality});
    }
    std::ranges::stable_sort(deliveries, {}, &Point::day);
    if (promise.kind != PromiseKind::reach) return evidence.measured = std::move(deliveries), evidence;
    double total = 0;
    for (const Point& delivery : deliveries) put(evidence.measured, {delivery.day, total += delivery.value});
    put(evidence.measured, {last, total});  // silence is news: nothing more was delivered
    return evidence;
}

double EvidenceReader::total_since(const Signal& signal, CustomerIndex customer, Day first, Day watermark) const {
    const std::int64_t window = (watermark - first).count() + 1;
    if (window <= 0) return 0;
    auto found = readers_.find({&signal, window});
    if (found == readers_.end()) {
        Signal copy = signal;
        copy.window = days{window};
        copy.silence = Silence::zero;
        found = readers_.try_emplace({&signal, window}, snapshot_, std::move(copy)).first;
    }
    return found->second.reader.measure(customer).raw;
}

Evidence EvidenceReader::from_signal(const Promise& promise, const Signal& signal) const {
    if (!is_mapped(snapshot_, signal.from)) return no_evidence(fmt::format("dataset {} is not mapped", signal.from));
    if (promise.starts_on < snapshot_.read_from) return no_evidence("it starts before the history that is read");
    const auto newest = watermark(snapshot_, signal.from);
    Evidence evidence{.expires = true, .loaded = believes(signal.from), .known_to = newest};
    if (!newest) return evidence;
    const bool is_reach = promise.kind == PromiseKind::reach;
    const Day until = std::min(*newest, day_of(last_counted(promise)));
    const double total = total_since(signal, promise.customer, promise.starts_on, *newest);
    double before = 0;
    for (Day first = promise.starts_on; first <= until; first += days{7}) {
        const Day end = std::min(first + days{6}, until);
        const double value = total - total_since(signal, promise.customer, end + days{1}, *newest);
        if (is_missing(value)) break;
        if (is_reach)
            put(evidence.measured, {day_number(end), value});
        else if (end == first + days{6})
            evidence.measured.push_back({day_number(end), value - before});
        before = value;
    }
    return evidence;
}

}  // namespace retaind
