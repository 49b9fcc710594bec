// Data first (ALERTS.md): what a whole cycle must not believe, and what it must not announce.
//
// How a cycle uses this room, in this order:
//
//   rename_rules(state.alerts, state.rules, renames);            // `was`: a renamed rule keeps its alerts
//   auto feeds = judge_feeds(snapshot, state.feeds, policy);     // which datasets may be believed
//   for every rule, and every entity it speaks about or has an alert on:
//       auto time = data_time(feeds, rule, as_of);               // nothing: frozen
//       auto stepped = step(before, key, rule, {.frozen = !time, ...});
//       if (stepped.after) moves.push_back({*stepped.after, stepped.transition, &rule, adopts(...)});
//   guard({...}, moves);                                         // held, adopted, and the alerts to ops
//   auto plan = plan_messages({snapshot, rules, feeds}, moves);  // notify.hpp
//   next.alerts = kept_alerts(moves, as_of);
//   next.forgotten = forgotten_numbers(state.forgotten, ...);
//   next.feeds = remember_feeds(snapshot, state.feeds, feeds);
//   next.rules = remember_rules(state.rules, rules, evaluated);
//
// A rule that is gone is stepped with `Rule{.name = ...}` and `present = false`; its Move has a null rule. Alerts of
// the built-in rules are guard()'s own: Moves that hold one are replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

/// What was seen of a feed on an as-of day: for the guard band and for watermarks that go back.
struct FeedDay {
    Day day;
    std::string dataset;
    bool loaded = true;
    std::uint64_t rows = 0;  ///< accepted
    std::optional<Day> watermark = {};
    bool suspect = false;  ///< outside the guard band, or its watermark had gone back
};

/// A rule that has been evaluated before, so that a new or changed one adopts instead of interrupting.
struct AdoptedRule {
    std::string rule;
    std::string hash;
};

enum class FeedTrouble { none, stale, suspect, not_loaded };  ///< the worst last

struct FeedVerdict {
    std::string dataset, source;
    FeedTrouble trouble = FeedTrouble::none;
    std::string because = {};  ///< for people: "rows fell from 12000 (median of 14 days) to 0"
    std::optional<Day> watermark = {};
    std::uint64_t rows = 0;  ///< as held against the past
    bool is_victim = false;  ///< of customers or promises, without whom nobody can say how it is
};

/// A change of fewer rows than this never makes a feed suspect.
inline constexpr std::uint64_t rows_that_matter = 10;
/// Days of a feed's own past that it is held against, and that are remembered.
inline constexpr int guard_band_days = 14;
inline constexpr int feed_days_kept = 32;

/// One verdict per mapped dataset, sorted by name. Suspect: refused for its bad rows; as many rows as rows_low or
/// rows_high times the median of its last 14 remembered days, or beyond (empty days are no measure); or a watermark
/// before one of theirs. Days that were suspect themselves are no measure either, so neither reading the same load
/// again nor a few more such nights change the verdict. A level that has lasted 14 days, so that no better one is left
/// among them, is believed: it is what the feed has become (docs/decisions/003).
std::vector<FeedVerdict> judge_feeds(const Snapshot& snapshot, std::span<const FeedDay> past,
                                     const AlertPolicy& policy);

/// The feeds to remember: what was there before this as-of day, and this day. A suspect load does not replace a good
/// one of the same day.
std::vector<FeedDay> remember_feeds(const Snapshot& snapshot, std::span<const FeedDay> past,
                                    std::span<const FeedVerdict> feeds);

/// The oldest watermark among the datasets a rule reads (`rule.reads`, and what its entities are made of); as_of when
/// none of them has one. Nothing when one of them is in trouble: the rule is frozen. Unmapped datasets say nothing.
std::optional<Day> data_time(std::span<const FeedVerdict> feeds, const Rule& rule, Day as_of);

/// What was given up of the messages to a receiver, within the last day.
struct Undelivered {
    std::string receiver;
    std::uint64_t messages = 0;
    std::string error_class = {};  ///< of the last one
};

/// An alert after its step, and what happened in it.
struct Move {
    Alert alert;
    Transition transition = Transition::none;
    const Rule* rule = nullptr;                 ///< as it is for this entity (profiles applied); null: the rule is gone
    bool adopting = false;                      ///< the rule is new here, or changed
    bool frozen = false;                        ///< an input is in trouble: nothing moved, and nobody is reminded
    std::vector<std::string> step_advice = {};  ///< parallel to rule->steps; "" where the alert's own is meant
    bool released = false;                      ///< held until now; set by guard()
};

/// How often a rule was right that has a floor (ledger.hpp).
struct FlooredRule {
    std::string rule;
    std::int64_t right = 0, of = 0;
    double floor = 0;
    bool is_below = false;
};

struct GuardInput {
    const Snapshot& snapshot;
    const AlertPolicy& policy;
    std::span<const FeedDay> past;  ///< State::feeds
    std::span<const FeedVerdict> feeds;
    std::span<const Alert> before;  ///< State::alerts, sorted by key
    std::size_t live_customers = 0;
    std::span<const Undelivered> undelivered = {};  ///< as in Happened
    std::span<const AlertKey> released = {};        ///< likewise
    std::span<const FlooredRule> floors = {};       ///< of every rule that has one
    AlertNumbers forgotten = {};                    ///< State::forgotten
    Instant now;                                    ///< held against wall time only: since when a source has failed
};

/// Marks what may not be announced, and adds the alerts to ops.
///
/// Who is in `released` is let go of first, and no longer counts.
///
/// Blast guard: when more than max(blast_min, blast_share * live_customers) alerts newly fire or rise, or as many of
/// those that somebody was told of newly end, all of this cycle's are held. Those held before count again until they
/// are told or undone, so the same load read again releases nothing; once the number is down, all are released. While
/// as many customers are missing from `customers` (against its median), endings are held whatever their number. An
/// alert that opened and ended while held was never announced: it is let go. What `adopting` rules find is adopted
/// instead: neither counted nor held. Endings of a rule that is gone are not counted.
///
/// To ops, scope source, entity = source: `source_failed` (not loaded for stale_ops_after), `source_suspect` (at once),
/// `source_stale` (stale for stale_ops_after); of one source only the worst. `delivery_failed`, entity = receiver,
/// while messages to it were given up within the last day. `rule_below_floor`, entity = rule, not repeated: it stays
/// true for weeks. And `alerts_held`, entity "".
void guard(const GuardInput& input, std::vector<Move>& moves);

/// The built-in rules, notify ops. Null for other names.
const Rule* builtin_rule(std::string_view name);

/// Lets go of an alert that was held: the next plan tells what is still so. guard() does when the number falls back;
/// `alerts release` does for a person.
void release(Alert& alert);

/// All that is to be remembered, sorted by key.
std::vector<Alert> kept_alerts(const std::vector<Move>& moves, Day as_of);

/// With those of the alerts that this cycle forgets: which were there `before` or moved, and are not `kept` (sorted by
/// key). One that never fired has left no number anywhere.
AlertNumbers forgotten_numbers(AlertNumbers forgotten, std::span<const Alert> before, std::span<const Move> moves,
                               std::span<const Alert> kept);

/// Changes when the rule's conditions, times or severities do, its profiles' too; or anything in the packs when it
/// reads signals or scores. Not with its name, texts or receivers. 16 hex digits.
std::string rule_hash(const RuleSet& rules, const Rule& rule);

/// Whether what `rule` finds was there before it was asked: it is new in this state, or its hash has changed.
bool adopts(std::span<const AdoptedRule> known, const RuleSet& rules, const Rule& rule);

/// What was planned since `before` (sorted by key) is not going to be sent: people know what they knew by `before`.
/// What is firing and nobody knows of is adopted, so that the first cycle that speaks again interrupts nobody. What is
/// held stays held.
void take_back_told(std::vector<Alert>& alerts, std::span<const Alert> before);

/// `evaluated` is parallel to rules.rules: false for a rule that was frozen, which still has to adopt. Sorted by name.
std::vector<AdoptedRule> remember_rules(std::span<const AdoptedRule> known, const RuleSet& rules,
                                        const std::vector<bool>& evaluated);

struct RuleRename {
    std::string was, name;
    bool operator==(const RuleRename&) const = default;
};

/// The rules that take over what is remembered under their former name: not those that have something of their own, nor
/// while another rule has that name.
std::vector<RuleRename> rule_renames(std::span<const Alert> alerts, std::span<const AdoptedRule> known,
                                     const RuleSet& rules);

/// Alerts and adoptions of the former names become those of the new ones; sorted as they were.
void rename_rules(std::vector<Alert>& alerts, std::vector<AdoptedRule>& known, std::span<const RuleRename> renames);

}  // namespace retaind
