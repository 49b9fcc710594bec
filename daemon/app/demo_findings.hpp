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

/// A feed's dark days: what it did, and what it would have done had its silence been counted as "nobody uses it".
struct DarkNights {
    struct Told {
        std::size_t alerts = 0;    ///< opened about customers and segments
        std::size_t messages = 0;  ///< to account managers and leads: one a day to each who has news
        std::size_t to_ops = 0;    ///< alerts about the data
    };
    std::string dataset = {};
    std::optional<Day> from = {}, to = {};
    Told done = {}, if_counted_as_zero = {};
};

/// Evaluates the days of `nights` twice from the state before them: as the data were, and with the late rows unseen
/// and nothing noticed. The snapshot is as it was afterwards.
void measure(DarkNights& nights, Snapshot& snapshot, const State& before, const RuleSet& rules);

}  // namespace retaind
