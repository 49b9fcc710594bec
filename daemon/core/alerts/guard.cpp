#include "retaind/alerts/guard.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "feeds.hpp"

namespace retaind {

namespace {

// -- held and adopted -----------------------------------------------------------------------------------------------

bool is_firing(const Alert& alert) {
    return alert.phase == AlertPhase::firing || alert.phase == AlertPhase::recovering;
}

bool somebody_knows(const Alert& alert) {
    return std::any_of(alert.told.begin(), alert.told.end(), [&](const Told& told) {
        return told.episode == alert.episode && told.phase == AlertPhase::firing;
    });
}

bool newly_opens(const Move& move) {
    if (!is_firing(move.alert) || move.adopting) return false;
    if (move.transition == Transition::escalated) return true;
    if (move.alert.adopted || move.alert.key.scope == Scope::source) return false;
    const bool back_unknown = move.transition == Transition::relapsed && !somebody_knows(move.alert);
    return move.transition == Transition::fired || back_unknown;
}

bool newly_ends(const Move& move) {
    const bool ended = move.transition == Transition::resolved || move.transition == Transition::closed;
    const bool announced = move.rule && !move.adopting && somebody_knows(move.alert);
    return ended && announced && move.alert.key.scope != Scope::source;
}

void adopt(Move& move) {
    const bool begins = move.transition == Transition::started_pending || move.transition == Transition::fired;
    if (move.adopting && begins) move.alert.adopted = true;
}

struct Blast {
    std::size_t opening = 0, ending = 0;
    double limit = 0, customers_missing = 0;

    bool too_many() const { return static_cast<double>(std::max(opening, ending)) > limit; }
    bool customers_gone() const { return customers_missing > limit; }
};

void release_now(Move& move) {
    move.released = move.released || move.alert.held;
    release(move.alert);
}

/// Whom somebody let go of. Their moves neither count nor are held again.
class Released {
public:
    explicit Released(const GuardInput& input) : keys_(input.released.begin(), input.released.end()) {}

    bool contains(const Move& move) const { return keys_.contains(move.alert.key); }
    void let_go(std::vector<Move>& moves) const {
        for (Move& move : moves) {
            if (contains(move)) release_now(move);
        }
    }

private:
    std::set<AlertKey> keys_;
};

/// Counts, and lets go of what opened and ended unseen.
Blast count(const GuardInput& input, const Released& released, std::vector<Move>& moves) {
    Blast blast{.limit = std::max<double>(input.policy.blast_min,
                                          input.policy.blast_share * static_cast<double>(input.live_customers)),
                .customers_missing = rows_missing(input.snapshot, input.past, "customers")};
    for (Move& move : moves) {
        if (released.contains(move)) continue;
        Alert& alert = move.alert;
        const bool let_go = alert.held && !is_open(alert) && !somebody_knows(alert);
        if (let_go)
            alert.held = false;
        else if (newly_opens(move) || (alert.held && is_firing(alert)))
            blast.opening += 1;
        else if (newly_ends(move) || (alert.held && !is_open(alert)))
            blast.ending += 1;
    }
    return blast;
}

void hold_or_release(const Blast& blast, const Released& released, std::vector<Move>& moves) {
    for (Move& move : moves) {
        Alert& alert = move.alert;
        if (alert.phase == AlertPhase::pending) continue;  // an ending that was held stays so until it is decided
        if (released.contains(move)) continue;
        const bool hold = blast.too_many() || (blast.customers_gone() && !is_open(alert));
        if (hold)
            alert.held = alert.held || newly_opens(move) || newly_ends(move);
        else
            release_now(move);
    }
}

// -- alerts to ops --------------------------------------------------------------------------------------------------

Rule ops_rule(std::string name) {
    return {.name = std::move(name),
            .scope = Scope::source,
            .severity = Severity::warning,
            .notify = {"ops"},
            .doer = "ops"};
}

/// Its window of a day (docs/decisions/004) is its cooldown: what is given up after that is told again.
Rule delivery_rule() {
    Rule rule = ops_rule("delivery_failed");
    rule.cooldown = Seconds{0};
    return rule;
}

/// A record changes slowly, and so does a rule: nobody is reminded every four hours.
Rule floor_rule() {
    Rule rule = ops_rule("rule_below_floor");
    rule.repeat = Seconds{0};
    return rule;
}

const std::vector<Rule>& builtin_rules() {
    static const std::vector<Rule> rules = {
        ops_rule("alerts_held"),   delivery_rule(),          floor_rule(),
        ops_rule("source_failed"), ops_rule("source_stale"), ops_rule("source_suspect")};
    return rules;
}

/// What is asked of one built-in rule about one entity.
struct OpsCase {
    AlertKey key;
    bool known = true;  ///< false: something worse is in the way
    bool present = true;
    bool holds = false;
    Seconds for_data_time = Seconds{0};
    Seconds for_wall_time = Seconds{0};
    std::string message = {};
    std::vector<std::string> reasons = {};
};

class OpsAlerts {
public:
    OpsAlerts(const GuardInput& input, std::vector<Move>& moves) : input_(input), moves_(moves) {}

    void about_sources() {
        std::set<std::string> sources;
        for (const FeedVerdict& feed : input_.feeds) sources.insert(feed.source);
        for (const Alert& alert : input_.before) {
            if (builtin_rule(alert.key.rule) && alert.key.rule.starts_with("source_")) sources.insert(alert.key.entity);
        }
        for (const auto& source : sources) about(source);
    }

    void about_held(const Blast& blast) {
        const auto held = std::count_if(moves_.begin(), moves_.end(), [](const Move& move) { return move.alert.held; });
        step_one(
            {.key = {.rule = "alerts_held", .scope = Scope::source, .entity = ""},
             .holds = held > 0,
             .message = fmt::format("{} alerts are held back, nobody was told: one cycle would open {} and end {}, "
                                    "more than {}. They are told once the number falls back.",
                                    held, blast.opening, blast.ending, std::floor(blast.limit)),
             .reasons = {fmt::format("opening or rising: {}", blast.opening), fmt::format("ending: {}", blast.ending),
                         fmt::format("customers missing: {}", std::max(0.0, blast.customers_missing))}});
    }

    void about_deliveries() {
        std::map<std::string, Undelivered> receivers;
        for (const Alert& alert : input_.before) {
            if (alert.key.rule == "delivery_failed") receivers[alert.key.entity] = {.receiver = alert.key.entity};
        }
        for (const Undelivered& each : input_.undelivered) receivers[each.receiver] = each;
        for (const auto& [receiver, given_up] : receivers) {
            step_one({.key = {.rule = "delivery_failed", .scope = Scope::source, .entity = receiver},
                      .holds = given_up.messages > 0,
                      .message = fmt::format("Messages to {} given up within a day: {}, the last for {}. They are not "
                                             "sent again by themselves.",
                                             receiver, given_up.messages, given_up.error_class)});
        }
    }

    void about_floors() {
        std::map<std::string, const FlooredRule*> rules;  // null: the rule is gone, or its floor
        for (const Alert& alert : input_.before) {
            if (alert.key.rule == "rule_below_floor") rules[alert.key.entity] = nullptr;
        }
        for (const FlooredRule& each : input_.floors) rules[each.rule] = &each;
        for (const auto& [name, rule] : rules) {
            OpsCase one{.key = {.rule = "rule_below_floor", .scope = Scope::source, .entity = name},
                        .present = rule != nullptr};
            if (rule) {
                one.holds = rule->is_below;
                one.message = fmt::format("rule {} was right in {} of {} alerts (floor {})", name, rule->right,
                                          rule->of, rule->floor);
            }
            step_one(std::move(one));
        }
    }

private:
    void about(const std::string& source) {
        FeedTrouble worst = FeedTrouble::none;
        bool present = false, has_victims = false;
        for (const FeedVerdict& feed : input_.feeds) {
            if (feed.source != source) continue;
            present = true;
            has_victims = has_victims || feed.is_victim;
            if (!feed.is_victim) worst = std::max(worst, feed.trouble);
        }
        const Seconds patience = input_.policy.stale_ops_after;
        const auto ask = [&](const char* rule, FeedTrouble trouble, std::string_view what) {
            OpsCase one{.key = {.rule = rule, .scope = Scope::source, .entity = source},
                        .known = worst == trouble || (worst < trouble && !has_victims),
                        .present = present,
                        .holds = worst == trouble,
                        .reasons = reasons(source, trouble)};
            if (trouble == FeedTrouble::stale) one.for_data_time = patience;
            if (trouble == FeedTrouble::not_loaded) one.for_wall_time = patience;
            one.message = fmt::format("{} {}. Alerts that depend on it stand still.", source, what);
            step_one(std::move(one));
        };
        ask("source_failed", FeedTrouble::not_loaded, "cannot be read");
        ask("source_suspect", FeedTrouble::suspect, "sends data that cannot be believed");
        ask("source_stale", FeedTrouble::stale, "sends nothing new");
    }

    std::vector<std::string> reasons(const std::string& source, FeedTrouble trouble) const {
        std::vector<std::string> found;
        for (const FeedVerdict& feed : input_.feeds) {
            if (feed.source == source && feed.trouble == trouble && !feed.is_victim)
                found.push_back(feed.dataset + ": " + feed.because);
        }
        return found;
    }

    const Alert* find_before(const AlertKey& key) const {
        const auto found = std::find_if(input_.before.begin(), input_.before.end(),
                                        [&](const Alert& alert) { return alert.key == key; });
        return found == input_.before.end() ? nullptr : &*found;
    }

    void step_one(OpsCase one) {
        const Alert* before = find_before(one.key);
        const bool was_open = before && is_open(*before);
        const Instant since = was_open && before->opened_at ? *before->opened_at : input_.now;
        const bool waits = input_.now - since < one.for_wall_time;
        Rule rule = *builtin_rule(one.key.rule);
        rule.trigger.hold = waits ? Seconds::max() : one.for_data_time;
        const Finding finding{.frozen = one.present && !one.known,
                              .present = one.present,
                              .when = truth(one.holds),
                              .clear = truth(!one.holds),
                              .data_time = input_.snapshot.as_of,
                              .as_of = input_.snapshot.as_of,
                              .gone_because = "no longer configured"};
        auto stepped = step(before, one.key, rule, finding, input_.forgotten);
        if (!stepped.after) return;
        if (!finding.frozen) note_evaluation(before, *stepped.after, finding.as_of);
        if (one.holds && one.present) {
            stepped.after->opened_at = since;
            stepped.after->message = std::move(one.message);
            stepped.after->reasons = std::move(one.reasons);
        }
        moves_.push_back({.alert = std::move(*stepped.after),
                          .transition = stepped.transition,
                          .rule = builtin_rule(one.key.rule),
                          .frozen = finding.frozen});
    }

    const GuardInput& input_;
    std::vector<Move>& moves_;
};

}  // namespace

void guard(const GuardInput& input, std::vector<Move>& moves) {
    std::erase_if(moves, [](const Move& move) { return builtin_rule(move.alert.key.rule) != nullptr; });
    for (Move& move : moves) adopt(move);
    const Released released{input};
    released.let_go(moves);
    const Blast blast = count(input, released, moves);
    hold_or_release(blast, released, moves);
    OpsAlerts ops{input, moves};
    ops.about_held(blast);
    ops.about_deliveries();
    ops.about_floors();
    ops.about_sources();
}

const Rule* builtin_rule(std::string_view name) {
    const auto& rules = builtin_rules();
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.name == name; });
    return found == rules.end() ? nullptr : &*found;
}

void release(Alert& alert) { alert.held = false; }

std::vector<Alert> kept_alerts(const std::vector<Move>& moves, Day as_of) {
    std::vector<Alert> alerts;
    for (const Move& move : moves) {
        if (is_worth_keeping(move.alert, as_of)) alerts.push_back(move.alert);
    }
    std::sort(alerts.begin(), alerts.end(), [](const Alert& a, const Alert& b) { return a.key < b.key; });
    return alerts;
}

AlertNumbers forgotten_numbers(AlertNumbers forgotten, std::span<const Alert> before, std::span<const Move> moves,
                               std::span<const Alert> kept) {
    const auto note = [&](const Alert& alert) {
        if (!alert.firing_since || std::ranges::binary_search(kept, alert.key, {}, &Alert::key)) return;
        forgotten.episode = std::max(forgotten.episode, alert.episode);
        forgotten.seq = std::max(forgotten.seq, alert.seq);
    };
    for (const Alert& alert : before) note(alert);
    for (const Move& move : moves) note(move.alert);
    return forgotten;
}

}  // namespace retaind
