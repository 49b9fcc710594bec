// What is known about a promise by the as-of day: dated values, whoever they come from (SCORING 1.7 "measured_by").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/promises/projection.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// Days since 1970-01-01, as formulae want them.
inline double day_number(Day day) { return static_cast<double>(day.time_since_epoch().count()); }
inline Day day_of(double number) { return Day{std::chrono::days{static_cast<int>(number)}}; }

/// Values of a reach or hold promise, known by the as-of day, ascending: from its start to its due day, and for a reach
/// promise on through the grace.
struct Evidence {
    std::vector<Point> measured = {};  ///< one per day, the newest of it
    std::vector<Point> reported = {};  ///< self-reports, likewise
    bool expires = false;              ///< rows are expected all along: `evidence_days` without one is a gap
    bool loaded = true;                ///< false: the dataset behind it failed, or is doubted this cycle
    std::optional<Day> known_to = {};  ///< the feed's watermark: later rows are still to come; none: as-of
    std::string trouble = {};          ///< why nothing can ever measure it; "" when something can
};

/// Collects the evidence of promises. `measured_by` names it: "readings" (also when empty and the promise has some);
/// "milestones" (reach: weight delivered so far; hold: the quality of each delivered one, once known); or a signal
/// over a dataset with measure count, sum or active_days (reach: its total since S, at the end of each week; hold:
/// its values per whole week since S). Snapshot, rules and `doubted` (datasets that are not to be believed this cycle,
/// loaded or not) must outlive it.
class EvidenceReader {
public:
    EvidenceReader(const Snapshot& snapshot, const RuleSet& rules, std::span<const std::string> doubted = {});
    ~EvidenceReader();
    Evidence read(const Promise& promise) const;
    bool believes(std::string_view dataset) const;

private:
    struct Windowed;
    enum class Origin { none, readings, milestones, signal };

    Origin origin(const Promise& promise) const;
    Evidence from_readings(const Promise& promise) const;
    Evidence from_milestones(const Promise& promise) const;
    Evidence from_signal(const Promise& promise, const Signal& signal) const;
    double total_since(const Signal& signal, CustomerIndex customer, Day first, Day watermark) const;
    double last_counted(const Promise& promise) const;

    const Snapshot& snapshot_;
    const RuleSet& rules_;
    std::span<const std::string> doubted_;
    mutable std::map<std::pair<const Signal*, std::int64_t>, Windowed> readers_;  ///< by signal and window
};

/// Whether a milestone was delivered by a day, and whether its quality was known by then: on `quality_known_on`, else
/// `quality_delay` days after delivery.
bool is_delivered(const Milestone& milestone, Day by);
std::optional<Day> quality_known(const Milestone& milestone, const PromiseRules& rules);

}  // namespace retaind
