#include "watch.hpp"

#include <algorithm>
#include <map>

#include "judge.hpp"
#include "retaind/promises/promise.hpp"

namespace retaind {
namespace {

std::string in_words(const std::string& rule) {
    std::string words = rule;
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

using Causes = std::map<CustomerIndex, std::vector<std::string>>;

Causes causes_of(const Evaluation& evaluation, const std::vector<Move>& moves) {
    Causes causes;
    const Snapshot& snapshot = evaluation.snapshot;
    for (const Move& move : moves) {
        const Alert& alert = move.alert;
        const bool flipped = alert.judged_on == snapshot.as_of && (alert.flips & 1u) != 0;
        if (!flipped || alert.customer_id.empty() || !move.rule || reads_health(*move.rule)) continue;
        std::vector<std::string>& found = causes[snapshot.find_customer(alert.customer_id)];
        const bool fires = alert.phase == AlertPhase::firing || alert.phase == AlertPhase::recovering;
        if (!fires)
            found.push_back(in_words(alert.key.rule) + " is over");
        else if (alert.reasons.empty())
            found.push_back(in_words(alert.key.rule));
        else
            found.insert(found.end(), alert.reasons.begin(), alert.reasons.end());
    }
    return causes;
}

const ScoreDay* newest_before(const ScoredCustomer& scored, Day as_of) {
    if (!scored.memory) return nullptr;
    const ScoreDay* newest = nullptr;
    for (const ScoreDay& day : scored.memory->days) {
        if (day.day < as_of) newest = &day;
    }
    return newest;
}

std::vector<DuePromise> due_promises(const Evaluation& evaluation, CustomerIndex customer) {
    std::vector<DuePromise> due;
    const Snapshot& snapshot = evaluation.snapshot;
    for (const Promise& promise : snapshot.promises_of(customer)) {
        const auto at = static_cast<std::size_t>(&promise - snapshot.promises.data());
        const bool is_near = promise.due_on > snapshot.as_of && promise.due_on - snapshot.as_of <= days_ahead;
        const bool is_kept = evaluation.promise_days[at].state == PromiseState::kept;
        if (is_near && !is_kept && has_begun(promise, snapshot.as_of))
            due.push_back({std::string(snapshot.text(promise.outcome)), promise.due_on});
    }
    return due;
}

}  // namespace

std::vector<WatchedCustomer> watched_customers(const Evaluation& evaluation, const std::vector<Move>& moves) {
    const Day as_of = evaluation.snapshot.as_of;
    const auto in = [&](double days) -> std::optional<Day> {
        if (is_missing(days)) return std::nullopt;
        return as_of + std::chrono::days{static_cast<int>(days)};
    };
    Causes causes = causes_of(evaluation, moves);
    std::vector<WatchedCustomer> watched;
    for (const ScoredCustomer& scored : evaluation.customers) {
        WatchedCustomer one{.customer = scored.customer,
                            .smoothed = scored.smoothed,
                            .band = scored.band,
                            .revenue = scored.facts.revenue,
                            .risk = scored.risk,
                            .notice_on = in(scored.facts.days_to_notice),
                            .renews_on = in(scored.facts.days_to_renewal),
                            .promises = due_promises(evaluation, scored.customer)};
        if (const ScoreDay* before = newest_before(scored, as_of);
            before && !evaluation.other_rules.contains(before->day)) {
            one.smoothed_before = before->smoothed;
            one.band_before = before->band;
        }
        if (const auto found = causes.find(scored.customer); found != causes.end())
            one.because = std::move(found->second);
        watched.push_back(std::move(one));
    }
    return watched;
}

std::vector<KeptPromise> kept_promises(const Evaluation& evaluation, const std::vector<PromiseMemory>& promises) {
    std::vector<KeptPromise> kept;
    const Snapshot& snapshot = evaluation.snapshot;
    std::map<std::string_view, const PromiseMemory*> news;
    for (const PromiseMemory& memory : promises) {
        const bool was_watched = !memory.days.empty() && memory.days.front().day < snapshot.as_of;
        if (memory.kept_on && memory.kept_known == snapshot.as_of && was_watched)
            news.emplace(memory.promise_id, &memory);
    }
    if (news.empty()) return kept;
    for (const Promise& promise : snapshot.promises) {
        const bool is_news = news.contains(snapshot.text(promise.id)) && has_begun(promise, snapshot.as_of);
        if (is_news && evaluation.find(promise.customer))
            kept.push_back({promise.customer, std::string(snapshot.text(promise.outcome))});
    }
    return kept;
}

void set_risks(const Evaluation& evaluation, std::vector<Move>& moves) {
    const Snapshot& snapshot = evaluation.snapshot;
    std::map<Word, std::pair<double, int>> segments;
    for (const ScoredCustomer& scored : evaluation.customers) {
        if (is_missing(scored.risk)) continue;
        auto& [sum, count] = segments[snapshot.customers[scored.customer].segment];
        sum += scored.risk;
        ++count;
    }
    for (Move& move : moves) {
        Alert& alert = move.alert;
        if (alert.customer_id.empty()) continue;
        const ScoredCustomer* scored = evaluation.find(snapshot.find_customer(alert.customer_id));
        if (!scored) continue;
        const auto segment = segments.find(snapshot.customers[scored->customer].segment);
        alert.risk_is_base_rate = is_missing(scored->risk) && segment != segments.end();
        alert.risk = alert.risk_is_base_rate ? segment->second.first / segment->second.second : scored->risk;
    }
}

}  // namespace retaind
