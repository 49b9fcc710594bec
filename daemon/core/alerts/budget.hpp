// How many stories may interrupt a person in a week, and which come first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "retaind/alerts/notify.hpp"

namespace retaind {

/// What one person would be told at once of one customer (or promise, segment, ...).
struct StoryToTell {
    std::string recipient;
    std::string about;       ///< tells the stories of one person apart
    double worth = 0;        ///< see worth_of_story
    bool is_exempt = false;  ///< counts, and is never held back
};

/// Revenue x risk / days left: what acting on it may be worth.
struct Stake {
    double revenue = missing, risk = missing;
    double base_rate = 0;  ///< taken for a missing risk
    std::optional<Day> deadline = {}, renews_on = {};
    Day as_of;
};
double worth_of_story(const Stake& stake);

/// For each story, whether it may be told now; `used` are the stories of the last week by person. The order of the
/// stories makes no difference.
std::vector<bool> choose_stories(const std::vector<StoryToTell>& stories, const std::map<std::string, int>& used,
                                 int budget_per_week);

}  // namespace retaind
