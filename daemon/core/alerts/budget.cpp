#include "budget.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace retaind {

namespace {

constexpr double days_left_when_nobody_says = 90;

}  // namespace

double worth_of_story(const Stake& stake) {
    const auto end = stake.deadline ? stake.deadline : stake.renews_on;
    const double left = end ? in_days(*end - stake.as_of) : days_left_when_nobody_says;
    const double revenue = is_missing(stake.revenue) ? 0 : stake.revenue;
    return revenue * (is_missing(stake.risk) ? stake.base_rate : stake.risk) / std::max(left, 1.0);
}

std::vector<bool> choose_stories(const std::vector<StoryToTell>& stories, const std::map<std::string, int>& used,
                                 int budget_per_week) {
    std::vector<std::size_t> order(stories.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto rank = [&](const StoryToTell& story) {
            return std::tuple{!story.is_exempt, -story.worth, std::tie(story.recipient, story.about)};
        };
        return rank(stories[a]) < rank(stories[b]);
    });
    std::map<std::string, int> spent = used;
    std::vector<bool> chosen(stories.size(), false);
    for (const std::size_t at : order) {
        int& count = spent[stories[at].recipient];
        chosen[at] = stories[at].is_exempt || count < budget_per_week;
        if (chosen[at]) ++count;
    }
    return chosen;
}

}  // namespace retaind
