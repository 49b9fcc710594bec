// An AlertDesk that lives in memory.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "retaind/ports/alert_desk.hpp"

namespace retaind::test {

class MemoryDesk final : public AlertDesk {
public:
    std::vector<AlertStory> stories = {};  ///< sorted by key
    std::vector<RuleQuality> qualities = {};
    std::vector<AlertSilence> all_silences = {};
    std::vector<std::string> given_up = {};                     ///< delivery ids
    std::vector<std::pair<AlertKey, std::string>> let_go = {};  ///< and by whom
    bool fails = false;                                         ///< every call is an error of kind state

    Result<std::vector<Alert>> alerts() override {
        if (fails) return failure();
        std::vector<Alert> result;
        for (const AlertStory& story : stories) result.push_back(story.alert);
        return result;
    }
    Result<std::vector<Act>> acts() override {
        std::vector<Act> result;
        for (const AlertStory& story : stories) result.insert(result.end(), story.acts.begin(), story.acts.end());
        return result;
    }
    Result<std::optional<AlertStory>> story(const AlertKey& key) override {
        if (fails) return failure();
        for (const AlertStory& each : stories) {
            if (each.alert.key == key) return std::optional(each);
        }
        return std::optional<AlertStory>{};
    }
    Result<void> add(const Act& act) override {
        if (fails) return failure();
        for (AlertStory& each : stories) {
            if (each.alert.key != act.key) continue;
            if (act.via == "link" && std::cmp_greater_equal(std::ranges::count(each.acts, act.by, &Act::by), most_acts))
                return Error{.kind = ErrorKind::usage, .message = "answered too often"};
            each.acts.push_back(act);
        }
        return {};
    }
    Result<std::uint64_t> release(const std::vector<AlertKey>& keys, Instant, const std::string& by) override {
        std::uint64_t count = 0;
        for (const AlertStory& each : stories) {
            if (!each.alert.held || (!keys.empty() && std::ranges::count(keys, each.alert.key) == 0)) continue;
            let_go.emplace_back(each.alert.key, by);
            ++count;
        }
        return count;
    }
    Result<std::string> add(const AlertSilence& silence, Instant) override {
        all_silences.push_back(silence);
        return all_silences.back().id = "s" + std::to_string(all_silences.size());
    }
    Result<std::vector<AlertSilence>> silences(Instant now, bool also_over) override {
        std::vector<AlertSilence> result;
        for (const AlertSilence& silence : all_silences) {
            if (also_over || silence.until > now) result.insert(result.begin(), silence);
        }
        return result;
    }
    Result<bool> end_silence(const std::string& id, Instant now, const std::string&) override {
        for (AlertSilence& silence : all_silences) {
            if (silence.id != id || silence.until <= now) continue;
            silence.until = now;
            return true;
        }
        return false;
    }
    Result<Requeued> requeue(const Requeue& which, Instant, const std::string&) override {
        if (!which.receiver.empty()) return Requeued{.queued = std::exchange(given_up, {})};
        Requeued result;
        for (const std::string& id : which.delivery_ids) {
            if (std::erase(given_up, id) > 0) result.queued.push_back(id);
        }
        return result;
    }
    Result<std::vector<RuleQuality>> quality() override { return qualities; }
    Result<Secret> link_key() override { return Secret{"a key of thirty-two bytes or more"}; }

private:
    static Error failure() { return {.kind = ErrorKind::state, .message = "the state is busy"}; }
};

/// A firing warning of `rule` about customer `id`, worth 1,200 a year.
inline AlertStory firing_alert(const std::string& rule, const std::string& id) {
    AlertStory story;
    story.alert = {.key = {.rule = rule, .scope = Scope::customer, .entity = id},
                   .customer_id = id,
                   .phase = AlertPhase::firing,
                   .episode = 1,
                   .seq = 2,
                   .firing_since = *parse_day("2026-03-01"),
                   .reasons = {"quiet_days >= 10 (12)"},
                   .message = id + " has not been seen for 12 days.",
                   .advice = "Call.",
                   .deadline = *parse_day("2026-04-01"),
                   .revenue = 120'000,
                   .owner = "m1"};
    story.segment = "north";
    story.account_manager = "m1";
    return story;
}

}  // namespace retaind::test
