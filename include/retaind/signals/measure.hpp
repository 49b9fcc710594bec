// Measures: what a signal reads off a customer's rows (RULES.md "measure", SCORING 1.0, 1.1).
//
// Which rows there are: those of days up to the feed's watermark that were known by the end of as-of; nothing later
// exists. Windows of w days are the w days that end at the watermark, so a half day never reads as a fall.
//
// Three kinds of nothing stay apart:
// - not loaded: the feed failed, or nothing of it has arrived yet. Every measure is missing.
// - no row inside the window of a fresh feed: what `silence` says. Of ratio, slope and drift, when there is no row in
//   all of their periods; beside rows, a period without any sums to 0.
// - NULL, a row without a value: it counts for `count` and `share`, and in nothing else; a window of NULLs is missing.
//   With `carry`, the last value before it stands in for so many days (not for rate and miss_streak, where NULL means
//   excused).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/signals/subject.hpp"

namespace retaind {

/// A raw value and the rows behind it.
struct Measured {
    double raw = missing;
    std::string_view text = {};                ///< measure `value` of a text attribute; borrowed from the snapshot
    std::uint32_t rows = 0;                    ///< rows inside the window, after `where`
    std::optional<Day> first = {}, last = {};  ///< days of the first and the last of them
};

/// Buckets of cohort positions, and weeks of a slope: 8 of 7 days.
inline constexpr int bucket_count = 8;
inline constexpr int bucket_days = 7;

/// Reads one signal for one customer, or one line of its subscriptions, at a time, as of the snapshot's day. Window,
/// row conditions and feed are bound once. Signals `from = "promises"` and drift (see drift.hpp) are not read here
/// and measure as missing. Snapshot, signal and off-season must outlive it.
class SignalReader {
public:
    /// Days that `off_season` holds for a customer's segment ("" is everybody) age no feed.
    SignalReader(const Snapshot& snapshot, const Signal& signal, std::span<const OffSeason> off_season = {});
    ~SignalReader();
    SignalReader(SignalReader&&) noexcept;

    /// The raw value, in the unit of RULES.md's table, divided by the fact that `per` names (missing unless above 0).
    /// - last, days_since and miss_streak ask for the newest rows and know no window; days_since counts to as-of.
    /// - count over a dataset that is not mapped is 0.
    /// - ratio is missing while the customer, or the data, are younger than window and baseline together; also when the
    ///   baseline (with c) is not above 0.
    /// - slope likewise for 8 weeks; also when the median week is not above 0: it would turn a fall into a rise.
    Measured measure(const Subject& subject) const;

    /// f of SCORING 1.2, in 0..1, before "0 when missing": by the feed's age, or the newest row's; 0 without a feed.
    double freshness(const Subject& subject, const Measured& measured) const;

    /// The measure (count, sum, active_days) over the 7-day bucket that ends `back` weeks before the watermark.
    /// Missing before the data begin (Snapshot::read_from) or when the feed is.
    double bucket(const Subject& subject, int back) const;
    /// The newest of them at once, element i as bucket(subject, i); one walk over its rows.
    void buckets(const Subject& subject, std::span<double> newest_first) const;
    /// The rows from a day up to the watermark, without a raw value.
    Measured rows_since(const Subject& subject, Day from) const;
    /// The last day of that bucket; nothing without a watermark.
    std::optional<Day> bucket_end(int back) const;

private:
    struct Bound;
    std::unique_ptr<Bound> bound_;
};

}  // namespace retaind
