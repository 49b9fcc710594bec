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

/// The days of the nights, one after another from `state`.
DarkNights::Told told_in(const DarkNights& nights, Snapshot& snapshot, const RuleSet& rules, State state) {
    DarkNights::Told told;
    std::set<std::pair<Day, std::string>> messages;  // day, reader
    for (Day day = *nights.from; day <= *nights.to; day += std::chrono::days{1}) {
        snapshot.as_of = day;
        CycleResult result = run_cycle(snapshot, rules, state, day + std::chrono::days{1});
        for (const AlertNews& news : result.news) {
            if (!opens(news) || news.held) continue;
            if (news.key.scope == Scope::source) ++told.to_ops;
            if (news.key.scope == Scope::source || news.severity == Severity::info) continue;
            ++told.alerts;
            const CustomerIndex about =
                news.customer_id.empty() ? no_customer : snapshot.find_customer(news.customer_id);
            const Word reader = about == no_customer ? no_word : snapshot.customers[about].account_manager;
            messages.emplace(day, reader == no_word ? "" : snapshot.text(reader));
        }
        state = std::move(result.state);
    }
    told.messages = messages.size();
    return told;
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

void measure(DarkNights& nights, Snapshot& snapshot, const State& before, const RuleSet& rules) {
    const auto feed = std::find_if(snapshot.feeds.begin(), snapshot.feeds.end(),
                                   [&](const Feed& each) { return each.dataset == nights.dataset; });
    if (feed == snapshot.feeds.end() || !nights.from || !nights.to) return;
    const Day as_of = snapshot.as_of;
    nights.done = told_in(nights, snapshot, rules, before);
    const std::vector<Feed::Presence> presence = feed->presence;
    for (Feed::Presence& day : feed->presence) day.known = day.day;
    // Nor is there a guard that wonders about so many alerts at once.
    RuleSet naive = rules;
    naive.policy.alerts.blast_share = 1;
    naive.policy.alerts.blast_min = static_cast<int>(snapshot.customers.size());
    nights.if_counted_as_zero = told_in(nights, snapshot, naive, before);
    feed->presence = presence;
    snapshot.as_of = as_of;
}

}  // namespace retaind
