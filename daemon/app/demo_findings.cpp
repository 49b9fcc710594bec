#include "demo_findings.hpp"

#include <algorithm>
#include <set>

namespace retaind {
namespace {

/// An alert counts as a warning of a departure when it opened at most this long before.
constexpr std::chrono::days warning_span{56};

bool is_about(const AlertNews& news, const Story& story) {
    return news.customer_id == story.customer_id_or_segment ||
           (news.customer_id.empty() && news.key.entity == story.customer_id_or_segment);
}

bool opens(const AlertNews& news) { return news.transition == Transition::fired; }

std::size_t opened(const std::vector<AlertNews>& news) {
    return static_cast<std::size_t>(std::count_if(news.begin(), news.end(), [](const AlertNews& each) {
        return opens(each) && !each.held && each.key.scope != Scope::source;
    }));
}

}  // namespace

std::vector<StoryFound> find_stories(const std::vector<Story>& stories, const Replayed& replayed) {
    std::vector<StoryFound> found;
    for (const Story& story : stories) {
        StoryFound each{.story = story};
        std::set<std::string> rules;
        for (const ReplayedDay& day : replayed.days) {
            for (const AlertNews& news : day.news) {
                if (!opens(news) || !is_about(news, story)) continue;
                rules.insert(news.key.rule);
                if (news.key.rule == story.rule && day.day >= story.from && !each.first_alert)
                    each.first_alert = day.day;
            }
        }
        each.alerts.assign(rules.begin(), rules.end());
        each.as_it_should = story.should_alert ? each.first_alert.has_value() : each.alerts.empty();
        found.push_back(std::move(each));
    }
    return found;
}

Leavers find_leavers(const Snapshot& snapshot, const Replayed& replayed, const std::vector<std::string>& churn) {
    Leavers leavers;
    if (replayed.days.empty()) return leavers;
    const Day first = replayed.days.front().day, last = replayed.days.back().day;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        std::optional<Day> left;
        for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
            const std::optional<Day> end = ended_on(subscription, last);
            const bool is_churn = std::find(churn.begin(), churn.end(), status(snapshot, subscription)) != churn.end();
            if (end && is_churn && *end > first && !is_live(snapshot, customer, last)) left = end;
        }
        if (!left) continue;
        ++leavers.left;
        const std::string_view id = snapshot.text(snapshot.customers[customer].id);
        std::optional<Day> told;
        for (const ReplayedDay& day : replayed.days) {
            for (const AlertNews& news : day.news) {
                const bool counts = opens(news) && news.severity != Severity::info && news.customer_id == id;
                if (counts && !told && day.day < *left && day.day >= *left - warning_span) told = day.day;
            }
        }
        if (told)
            leavers.lead_days.push_back(in_days(*left - *told));
        else
            leavers.missed.emplace_back(snapshot.text(snapshot.customers[customer].name));
    }
    leavers.told_before = leavers.lead_days.size();
    std::sort(leavers.lead_days.begin(), leavers.lead_days.end());
    return leavers;
}

void count_as_zero(DarkNights& nights, Snapshot& snapshot, const State& before, const RuleSet& rules,
                   std::string_view dataset) {
    const auto series = std::find_if(snapshot.series.begin(), snapshot.series.end(),
                                     [&](const Series& each) { return each.dataset == dataset; });
    if (series == snapshot.series.end()) return;
    const std::vector<Series::Presence> presence = series->presence;
    for (Series::Presence& day : series->presence) day.known = day.day;
    const Day as_of = snapshot.as_of;
    // Nor is there a guard that wonders about so many alerts at once.
    RuleSet naive = rules;
    naive.policy.alerts.blast_share = 1;
    naive.policy.alerts.blast_min = static_cast<int>(snapshot.customers.size());
    State state = before;
    for (Day day = *nights.from; day <= *nights.to; day += std::chrono::days{1}) {
        snapshot.as_of = day;
        CycleResult result = run_cycle(snapshot, naive, state, day + std::chrono::days{1});
        nights.alerts_if_counted_as_zero += opened(result.news);
        nights.messages_if_counted_as_zero += result.outbox.size();
        state = std::move(result.state);
    }
    snapshot.as_of = as_of;
    series->presence = presence;
}

void count_as_done(DarkNights& nights, const Replayed& replayed) {
    for (const ReplayedDay& day : replayed.days) {
        if (!nights.from || day.day < *nights.from || day.day > *nights.to) continue;
        nights.alerts += opened(day.news);
        nights.messages += day.messages;
    }
}

}  // namespace retaind
