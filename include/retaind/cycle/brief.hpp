// What somebody should know of a customer before they call: facts, chosen and ordered, and what had better not be said.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/base/result.hpp"
#include "retaind/cycle/state.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/rules/ruleset.hpp"
#include "retaind/scores/health.hpp"

namespace retaind {

/// People by name, where the people dataset has one. "" is unknown everywhere.
struct Brief {
    struct Signal {
        std::string name;
        double raw = missing, contribution = 0;
    };
    struct Touch {
        std::string kind, by, channel;
        Day day = {};
    };
    struct Promised {
        std::string promise_id, outcome, promised_by, kept_by;
        PromiseState state = PromiseState::open;
        double days_behind = missing, probability = missing;
        Day due_on = {};
        bool disputed = false;
        std::string why_unmeasurable = {};
    };
    struct Near {
        std::string name, kind;
        bool live = true;
        bool operator==(const Near&) const = default;
    };

    std::string customer_id, name, segment, motion, plan, account_manager, seller, currency;
    Day as_of = {};
    std::optional<Day> since = {}, renews_on = {}, notice_on = {};
    double revenue = missing;     ///< a year's, minor units of the base currency
    bool do_not_profile = false;  ///< then only what is above, and promises

    double health = missing, coverage = missing;
    Band band = Band::unknown;
    std::vector<Signal> ups = {}, downs = {};  ///< at most two each, the largest first
    double pulse = missing;                    ///< what a person feels, 0..100
    std::optional<Day> pulse_at = {};
    std::string pulse_note = {};
    std::vector<Touch> touches = {};      ///< the newest of each kind, newest first
    std::vector<Promised> promises = {};  ///< not kept yet, or disputed; the worst first
    std::vector<Alert> alerts = {};       ///< firing or recovering, the most severe first
    std::vector<Near> near = {};
    std::vector<std::string> gaps = {};        ///< "usage: nothing since 2026-02-01"
    std::vector<std::string> not_to_say = {};  ///< whole sentences
};

/// As a cycle of the snapshot's day sees it. Errors (usage): no such customer, or none with a live subscription.
Result<Brief> brief(const Snapshot& snapshot, const RuleSet& rules, const State& state, std::string_view customer_id);

}  // namespace retaind
