// What the demo shows on its last screen: measured on the replay, never claimed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/demo/company.hpp"
#include "replay.hpp"

namespace retaind {

/// A planted story and what became of it in the replay.
struct StoryFound {
    Story story;
    std::optional<Day> first_alert = {};   ///< when its rule first fired for it
    std::vector<std::string> alerts = {};  ///< rules that fired about it while its facts held
    bool as_it_should = false;             ///< found, or left alone
};
std::vector<StoryFound> find_stories(const std::vector<Story>& stories, const Replayed& replayed);

/// Customers that left during the replay, and whether somebody was told within 56 days before.
struct Leavers {
    std::size_t left = 0, told_before = 0;
    std::vector<double> lead_days = {};    ///< of those told, sorted
    std::vector<std::string> missed = {};  ///< names, sorted by id
};
Leavers find_leavers(const Snapshot& snapshot, const Replayed& replayed, const std::vector<std::string>& churn);

/// What counting a silent feed as "no use" would have done on its dark days, against what was done.
struct DarkNights {
    std::optional<Day> from = {}, to = {};
    std::size_t alerts_if_counted_as_zero = 0, alerts = 0;
    std::size_t messages_if_counted_as_zero = 0, messages = 0;
};

/// Evaluates the days of `nights` from the state before them, with the dataset's late rows unseen and nothing noticed;
/// the snapshot is as it was afterwards.
void count_as_zero(DarkNights& nights, Snapshot& snapshot, const State& before, const RuleSet& rules,
                   std::string_view dataset);
void count_as_done(DarkNights& nights, const Replayed& replayed);

}  // namespace retaind
