// Measures: what a signal reads off a customer's rows (RULES.md "measure", SCORING 1.0, 1.1).
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// A raw value and the rows behind it.
struct Measured {
    double raw = missing;
    std::string_view text = {};            ///< measure `value` of a text attribute; borrowed from the snapshot
    std::uint32_t rows = 0;                ///< rows inside the window, after `where`
    std::optional<Day> first = {}, last = {};   ///< days of the first and the last of them
};

/// Reads one signal for one customer at a time, as of the snapshot's day. Window, row conditions and feed are bound
/// once. A feed that is not loaded, unmapped or has no watermark measures as missing (counts over an unmapped one:
/// 0). Signals `from = "promises"` are not read here: see promises/measures.hpp. The snapshot and signal must outlive
/// it.
class SignalReader {
public:
    SignalReader(const Snapshot& snapshot, const Signal& signal);
    ~SignalReader();
    SignalReader(SignalReader&&) noexcept;

    Measured measure(CustomerIndex customer) const;

    /// f of SCORING 1.2, in 0..1, before "0 when missing": by the feed's age, or the newest row's.
    double freshness(CustomerIndex customer, const Measured& measured) const;

    /// The measure (count, sum, active_days) over the 7-day bucket that ends `back` weeks before the watermark (0 =
    /// newest). Missing before the data begin (Snapshot::read_from) or when the feed is.
    double bucket(CustomerIndex customer, int back) const;
    /// The last day of that bucket; nothing without a watermark.
    std::optional<Day> bucket_end(int back) const;

private:
    struct Bound;
    std::unique_ptr<Bound> bound_;
};

}  // namespace retaind
