// Signals `from = "promises"`: what a customer's promises, and their milestones, measure (RULES.md "measure").
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "retaind/promises/promise.hpp"
#include "retaind/signals/subject.hpp"

namespace retaind {

/// Raw values of one customer, or of one line of its subscriptions, over promises that have started and were due no
/// longer than `memory_days` ago; `where` reads the columns of the promise. Milestones of all of them are pooled. A
/// milestone is due once due_on + grace <= as_of (the signal's grace, else that of [promises]).
///
///   kept_probability      importance-weighted mean of the known probabilities, 0..1
///   milestone_attainment  (delivered due ones + [the last due was delivered]) / (due + 1); missing while none is due
///   milestone_quality     weighted mean quality, 0..100, of delivered ones whose quality is known
///   overdue               due and not delivered
///   next_due_days         days to the next undelivered one not yet past its due day
///
/// Missing when a dataset it needs is not loaded. Without any, `overdue` is 0 and the others are missing.
class PromiseMeasures {
public:
    /// `progress` is parallel to snapshot.promises. All three must outlive this.
    PromiseMeasures(const Snapshot& snapshot, const RuleSet& rules, const std::vector<Progress>& progress);

    /// `rows`: promises (kept_probability) or milestones behind the value; first and last: their due days.
    struct Value {
        double raw = missing;
        std::uint32_t rows = 0;
        std::optional<Day> first = {}, last = {};
    };
    Value measure(const Signal& signal, const Subject& subject) const;

private:
    std::vector<const Promise*> counted(const Signal& signal, const Subject& subject) const;
    std::vector<const Milestone*> pooled(const std::vector<const Promise*>& promises) const;
    Value kept_probability(const std::vector<const Promise*>& promises) const;
    Value attainment(const std::vector<const Milestone*>& milestones, double grace) const;
    Value quality(const std::vector<const Milestone*>& milestones) const;
    Value overdue(const std::vector<const Milestone*>& milestones, double grace) const;
    Value next_due_days(const std::vector<const Milestone*>& milestones) const;
    bool is_due(const Milestone& milestone, double grace) const;

    const Snapshot& snapshot_;
    const RuleSet& rules_;
    const std::vector<Progress>& progress_;
    bool promises_loaded_ = false, milestones_loaded_ = false;
};

}  // namespace retaind
