// Which datasets may be believed this cycle.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "feeds.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/signals/statistics.hpp"

namespace retaind {

namespace {

/// What a feed is held against: the good ones among its newest remembered days; all of them once none is good.
std::vector<const FeedDay*> remembered(std::span<const FeedDay> past, std::string_view dataset, Day as_of) {
    std::vector<const FeedDay*> found;
    for (const FeedDay& day : past) {
        const bool counts = day.day < as_of || (day.day == as_of && !day.suspect);
        if (day.dataset == dataset && day.loaded && counts) found.push_back(&day);
    }
    std::sort(found.begin(), found.end(), [](const FeedDay* a, const FeedDay* b) { return a->day > b->day; });
    if (found.size() > guard_band_days) found.resize(guard_band_days);
    const bool any_good = std::any_of(found.begin(), found.end(), [](const FeedDay* day) { return !day->suspect; });
    if (any_good) std::erase_if(found, [](const FeedDay* day) { return day->suspect; });
    return found;
}

double median_rows(const std::vector<const FeedDay*>& days) {
    std::vector<double> rows;
    for (const FeedDay* day : days) {
        if (day->rows > 0) rows.push_back(static_cast<double>(day->rows));
    }
    return median(rows);
}

std::string rows_outside_band(std::uint64_t rows, double median, const AlertPolicy& policy) {
    if (is_missing(median)) return {};
    const auto now = static_cast<double>(rows);
    const bool outside = now <= policy.rows_low * median || now >= policy.rows_high * median;
    const bool matters = rows == 0 || std::abs(now - median) >= static_cast<double>(rows_that_matter);
    if (!outside || !matters) return {};
    return fmt::format("{} rows, where {} are usual", rows, median);
}

std::string watermark_gone_back(std::optional<Day> watermark, const std::vector<const FeedDay*>& days) {
    std::optional<Day> newest;
    for (const FeedDay* day : days) newest = std::max(newest, day->watermark);
    if (!newest || (watermark && *watermark >= *newest)) return {};
    const auto now = watermark ? format_day(*watermark) : std::string{"none"};
    return fmt::format("newest day {}, after {} had been seen", now, format_day(*newest));
}

/// Rows that were lost only because what they speak of was not there.
std::uint64_t orphans(const Feed& feed) {
    std::uint64_t rows = 0;
    for (const char* reason : {"unknown_customer", "unknown_promise"}) {
        const auto found = feed.rejected.find(reason);
        if (found != feed.rejected.end()) rows += found->second.rows;
    }
    return rows;
}

struct FeedInput {
    const Snapshot& snapshot;
    std::span<const FeedDay> past;
    const AlertPolicy& policy;
    bool parents_believed = true;
};

FeedVerdict judge_feed(const FeedInput& input, const Feed& feed) {
    const Snapshot& snapshot = input.snapshot;
    FeedVerdict verdict{.dataset = feed.dataset,
                        .source = feed.source,
                        .watermark = watermark(snapshot, feed.dataset),
                        .rows = feed.rows};
    verdict.is_victim = !input.parents_believed && (feed.needs_parent || orphans(feed) > 0);
    if (verdict.is_victim) verdict.rows += orphans(feed);
    if (!feed.loaded) {
        verdict.trouble = feed.refused ? FeedTrouble::suspect : FeedTrouble::not_loaded;
        verdict.because = feed.error;
    }
    if (!feed.loaded || verdict.is_victim) return verdict;
    const auto days = remembered(input.past, feed.dataset, snapshot.as_of);
    verdict.because = rows_outside_band(verdict.rows, median_rows(days), input.policy);
    if (verdict.because.empty() && feed.dated) verdict.because = watermark_gone_back(verdict.watermark, days);
    if (!verdict.because.empty()) {
        verdict.trouble = FeedTrouble::suspect;
    } else if (feed_state(snapshot, feed.dataset) == FeedState::stale) {
        verdict.trouble = FeedTrouble::stale;
        verdict.because = verdict.watermark ? "nothing after " + format_day(*verdict.watermark) : "no rows";
    }
    return verdict;
}

bool is_parent(std::string_view dataset) { return dataset == "customers" || dataset == "promises"; }

bool is_read_by(const Rule& rule, std::string_view dataset) {
    if (dataset == "customers" || dataset == "subscriptions") return true;
    if (dataset == "promises" && rule.scope == Scope::promise) return true;
    return std::find(rule.reads.begin(), rule.reads.end(), dataset) != rule.reads.end();
}

}  // namespace

double rows_missing(const Snapshot& snapshot, std::span<const FeedDay> past, std::string_view dataset) {
    const Feed* feed = snapshot.feed(dataset);
    const double median = median_rows(remembered(past, dataset, snapshot.as_of));
    return feed && feed->loaded && is_known(median) ? median - static_cast<double>(feed->rows) : 0;
}

std::vector<FeedVerdict> judge_feeds(const Snapshot& snapshot, std::span<const FeedDay> past,
                                     const AlertPolicy& policy) {
    FeedInput input{.snapshot = snapshot, .past = past, .policy = policy};
    for (const Feed& feed : snapshot.feeds) {
        const bool doubtful = is_parent(feed.dataset) && judge_feed(input, feed).trouble != FeedTrouble::none;
        if (doubtful) input.parents_believed = false;
    }
    std::vector<FeedVerdict> verdicts;
    for (const Feed& feed : snapshot.feeds) verdicts.push_back(judge_feed(input, feed));
    std::sort(verdicts.begin(), verdicts.end(), [](const auto& a, const auto& b) { return a.dataset < b.dataset; });
    return verdicts;
}

std::vector<FeedDay> remember_feeds(const Snapshot& snapshot, std::span<const FeedDay> past,
                                    std::span<const FeedVerdict> feeds) {
    const Day today = snapshot.as_of;
    std::vector<FeedDay> days;
    for (const FeedDay& day : past) {
        if (day.day < today && today - day.day <= std::chrono::days{feed_days_kept}) days.push_back(day);
    }
    for (const FeedVerdict& verdict : feeds) {
        const Feed& feed = *snapshot.feed(verdict.dataset);
        const auto good = std::find_if(past.begin(), past.end(), [&](const FeedDay& day) {
            return day.day == today && day.dataset == verdict.dataset && day.loaded && !day.suspect;
        });
        const bool doubtful = verdict.trouble == FeedTrouble::suspect || !feed.loaded;
        if (doubtful && good != past.end())
            days.push_back(*good);
        else
            days.push_back({.day = today,
                            .dataset = feed.dataset,
                            .loaded = feed.loaded,
                            .rows = verdict.rows,
                            .watermark = verdict.watermark,
                            .suspect = doubtful && feed.loaded});
    }
    std::sort(days.begin(), days.end(), [](const FeedDay& a, const FeedDay& b) {
        return std::tie(a.day, a.dataset) < std::tie(b.day, b.dataset);
    });
    return days;
}

std::optional<Day> data_time(std::span<const FeedVerdict> feeds, const Rule& rule, Day as_of) {
    if (rule.scope == Scope::source) return as_of;
    Day oldest = as_of;
    for (const FeedVerdict& feed : feeds) {
        if (!is_read_by(rule, feed.dataset)) continue;
        if (feed.trouble != FeedTrouble::none) return std::nullopt;
        if (feed.watermark) oldest = std::min(oldest, *feed.watermark);
    }
    return oldest;
}

}  // namespace retaind
