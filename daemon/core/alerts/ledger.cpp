#include "retaind/alerts/ledger.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "audience.hpp"
#include "retaind/signals/facts.hpp"
#include "retaind/signals/loss.hpp"

namespace retaind {

namespace {

constexpr std::array<std::string_view, 4> outcomes = {"churned", "shrank", "renewed", "open"};

bool is_equal(double a, double b) { return a == b || (is_missing(a) && is_missing(b)); }

std::optional<Day> next_renewal(const Snapshot& snapshot, CustomerIndex customer, Day from) {
    std::optional<Day> next;
    for (const Subscription& subscription : snapshot.subscriptions_of(customer)) {
        if (!is_live(subscription, snapshot.as_of) || !subscription.renews_on || *subscription.renews_on < from)
            continue;
        next = std::min(next.value_or(*subscription.renews_on), *subscription.renews_on);
    }
    return next;
}

/// Alerts of segments, of the whole and of sources foretell no single loss; opportunities foretell none; nor does what
/// is held, which nobody hears of.
bool foretells(const Move& move) {
    const Alert& alert = move.alert;
    const bool is_of_one = alert.key.scope == Scope::customer || alert.key.scope == Scope::promise;
    const bool is_let_out = move.released && is_open(alert) && alert.phase != AlertPhase::pending;
    const bool opens = !alert.held && (move.transition == Transition::fired || is_let_out);
    return is_of_one && opens && alert.severity != Severity::info && !alert.customer_id.empty();
}

LedgerEntry entry_of(const Snapshot& snapshot, const Move& move) {
    const Alert& alert = move.alert;
    const CustomerIndex customer = snapshot.find_customer(alert.customer_id);
    const Day opened_on = move.released ? snapshot.as_of : alert.firing_since.value_or(snapshot.as_of);
    return {.key = alert.key,
            .episode = alert.episode,
            .customer_id = alert.customer_id,
            .severity = alert.severity,
            .opened_on = opened_on,
            .revenue = alert.revenue,
            .renews_on = customer == no_customer ? std::nullopt : next_renewal(snapshot, customer, opened_on),
            .opened_at = alert.opened_at.value_or(Instant{opened_on}),
            .act_by = alert.deadline};
}

std::optional<Instant> first_touch(const Snapshot& snapshot, const LedgerEntry& entry) {
    const Series* touchpoints = snapshot.find_series("touchpoints");
    const CustomerIndex customer = snapshot.find_customer(entry.customer_id);
    if (!touchpoints || customer == no_customer) return std::nullopt;
    for (std::uint32_t row = touchpoints->first[customer]; row < touchpoints->first[customer + 1]; ++row) {
        const Day day{std::chrono::days{touchpoints->day[row]}};
        if (day < floor<std::chrono::days>(entry.opened_at)) continue;
        const Seconds second{touchpoints->second.empty() ? 0 : touchpoints->second[row]};
        return std::max(entry.opened_at, Instant{day} + second);
    }
    return std::nullopt;
}

/// When each episode was first acknowledged.
using FirstAnswers = std::map<std::pair<AlertKey, std::int64_t>, Instant>;
FirstAnswers first_answers(std::span<const Act> acts) {
    FirstAnswers first;
    for (const Act& act : acts) {
        const bool is_answer = act.kind == ActKind::seen || act.kind == ActKind::on_it || act.kind == ActKind::wrong;
        if (!is_answer) continue;
        const auto [at, is_new] = first.try_emplace({act.key, act.episode}, act.at);
        at->second = std::min(at->second, act.at);
    }
    return first;
}

std::optional<Instant> first_action(const Snapshot& snapshot, const FirstAnswers& answers, const LedgerEntry& entry) {
    const auto touch = first_touch(snapshot, entry);
    const auto answer = answers.find({entry.key, entry.episode});
    if (answer == answers.end()) return touch;
    return touch ? std::min(*touch, answer->second) : answer->second;
}

struct Window {
    Day first, last;  ///< both included
};

void label(LedgerEntry& entry, const Snapshot& snapshot, const Outcome& rules, Window window) {
    const CustomerIndex customer = snapshot.find_customer(entry.customer_id);
    entry.labelled_on = snapshot.as_of;
    entry.outcome = AlertOutcome::still_open;
    if (customer == no_customer) return;  // erased, or moved away: nobody knows
    const std::optional<Day> lost = lost_on(snapshot, customer, rules);
    if (lost && *lost >= window.first && *lost <= window.last) {
        entry.outcome = AlertOutcome::churned;
        entry.happened_on = lost;
        return;
    }
    if (!is_live(snapshot, customer, snapshot.as_of)) return;
    const double revenue = months_of_a_year * monthly_revenue(snapshot, customer);
    if (is_known(revenue) && revenue < (1 - shrunk_share) * entry.revenue)
        entry.outcome = AlertOutcome::shrank;
    else if (entry.renews_on && *entry.renews_on <= window.last)
        entry.outcome = AlertOutcome::renewed;
}

}  // namespace

std::string_view alert_outcome_name(AlertOutcome outcome) { return outcomes[static_cast<std::size_t>(outcome)]; }

std::optional<AlertOutcome> parse_alert_outcome(std::string_view name) {
    const auto found = std::ranges::find(outcomes, name);
    if (found == outcomes.end()) return std::nullopt;
    return static_cast<AlertOutcome>(found - outcomes.begin());
}

bool LedgerEntry::operator==(const LedgerEntry& other) const {
    const auto rest = [](const LedgerEntry& e) {
        return std::tie(e.key, e.episode, e.customer_id, e.severity, e.opened_on, e.renews_on, e.opened_at, e.act_by,
                        e.acted_at, e.outcome, e.happened_on, e.labelled_on);
    };
    return is_equal(revenue, other.revenue) && rest(*this) == rest(other);
}

bool RuleQuality::operator==(const RuleQuality& other) const {
    const auto rest = [](const RuleQuality& q) {
        return std::tie(q.rule, q.churned, q.shrank, q.renewed, q.still_open, q.called_wrong, q.followed_through,
                        q.first_actions, q.losses, q.foreseen);
    };
    return is_equal(median_lead_days, other.median_lead_days) && rest(*this) == rest(other);
}

LedgerNews keep_ledger(const LedgerInput& input) {
    const Snapshot& snapshot = input.snapshot;
    LedgerNews news;
    for (const Move& move : input.moves) {
        if (foretells(move)) news.opened.push_back(entry_of(snapshot, move));
    }
    std::ranges::sort(news.opened, {}, &LedgerEntry::key);
    const auto believed = [&](std::string_view dataset) {
        return is_loaded(snapshot, dataset) && is_believed(input.feeds, dataset);
    };
    const bool may_judge = believed("customers") && believed("subscriptions");
    const FirstAnswers answers = first_answers(input.acts);
    const Outcome& outcome = input.rules.policy.outcome;
    const std::chrono::days horizon{static_cast<int>(input.rules.risk.horizon)}, gap{outcome.gap_days};
    for (LedgerEntry entry : input.unlabelled) {
        const bool was_acted_on = entry.acted_at.has_value();
        if (!was_acted_on) entry.acted_at = first_action(snapshot, answers, entry);
        const Window window{.first = entry.opened_on, .last = entry.opened_on + horizon};
        if (may_judge && window.last + gap < snapshot.as_of) {
            label(entry, snapshot, outcome, window);
            news.labelled.push_back(std::move(entry));
        } else if (!was_acted_on && entry.acted_at) {
            news.acted.push_back(std::move(entry));
        }
    }
    if (!may_judge) return news;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        const std::optional<Day> lost = lost_on(snapshot, customer, outcome);
        if (!lost || *lost + days_losses_are_found < snapshot.as_of) continue;
        news.losses.push_back(
            {.customer_id = std::string{snapshot.text(snapshot.customers[customer].id)}, .on = *lost});
    }
    return news;
}

bool is_followed_through(const LedgerEntry& entry) {
    return entry.acted_at && (!entry.act_by || *entry.acted_at < Instant{*entry.act_by + std::chrono::days{1}});
}

void FirstActions::add(Seconds wait) {
    const auto seconds = static_cast<double>(std::max(wait, Seconds{0}).count());
    const auto bound = std::ranges::lower_bound(bounds, seconds);
    ++counts[static_cast<std::size_t>(bound - bounds.begin())];
    sum += seconds;
}

double precision(const RuleQuality& quality) {
    const std::int64_t all = quality.churned + quality.shrank + quality.renewed + quality.still_open;
    return all == 0 ? missing : static_cast<double>(quality.churned + quality.shrank) / static_cast<double>(all);
}

double recall(const RuleQuality& quality) {
    return quality.losses == 0 ? missing : static_cast<double>(quality.foreseen) / static_cast<double>(quality.losses);
}

bool misses_floor(const RuleQuality& quality, double floor) {
    const std::int64_t cases = quality.churned + quality.shrank + quality.renewed + quality.still_open;
    return is_known(floor) && cases >= cases_worth_saying && precision(quality) < floor;
}

double precision_floor(const RuleSet& rules, std::string_view rule) {
    const auto found = std::ranges::find(rules.rules, rule, &Rule::name);
    const bool has_own = found != rules.rules.end() && is_known(found->min_precision);
    return has_own ? found->min_precision : rules.policy.alerts.min_precision;
}

std::vector<FlooredRule> floored_rules(const RuleSet& rules, std::span<const RuleQuality> quality) {
    std::vector<FlooredRule> floored;
    for (const Rule& rule : rules.rules) {
        const double floor = precision_floor(rules, rule.name);
        if (is_missing(floor)) continue;
        FlooredRule& one = floored.emplace_back(FlooredRule{.rule = rule.name, .floor = floor});
        const auto found = std::ranges::find(quality, rule.name, &RuleQuality::rule);
        if (found == quality.end()) continue;
        one.right = found->churned + found->shrank;
        one.of = one.right + found->renewed + found->still_open;
        one.is_below = misses_floor(*found, floor);
    }
    return floored;
}

}  // namespace retaind
