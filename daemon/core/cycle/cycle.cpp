#include "retaind/cycle/cycle.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "evaluation.hpp"
#include "facts_seen.hpp"
#include "judge.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"
#include "retaind/signals/facts.hpp"
#include "values.hpp"
#include "watch.hpp"

namespace retaind {
namespace {

/// Coverage from which a customer's health counts towards its segment's prior (SCORING 1.2).
constexpr double prior_coverage = 0.8;

// ---- the next state ------------------------------------------------------------------------------------------------

/// Puts a record in its day's place: later days (a rerun of the past) and days too old go.
template <class Record>
void set_day(std::vector<Record>& records, const Record& record) {
    std::erase_if(records,
                  [&](const Record& each) { return each.day >= record.day || each.day <= oldest_carried(record.day); });
    records.push_back(record);
}

/// Of a frozen day no health and no risk: nothing may be compared with them later. Unless an earlier cycle of the day
/// could believe its feeds.
ScoreDay day_to_remember(Day as_of, const ScoredCustomer& scored) {
    ScoreDay today{.day = as_of, .band = scored.band, .smoothed = scored.smoothed, .coverage = scored.coverage};
    if (!scored.frozen) {
        today.health = scored.health;
        today.risk = scored.risk;
        return today;
    }
    if (!scored.memory) return today;
    for (const ScoreDay& day : scored.memory->days) {
        if (day.day == as_of && is_known(day.health)) return day;
    }
    return today;
}

/// Names of the drift signals that a rule looks at.
std::set<std::string> drift_signals(const RuleSet& rules, const Rule& rule) {
    std::set<std::string> names;
    const auto add = [&](const std::vector<Condition>& conditions) {
        for (const Condition& condition : conditions) {
            for (const Field& field : fields_of(condition)) {
                const bool is_since = field.kind == Field::Kind::builtin && field.name == "drift_since_days";
                const bool is_signal = field.kind == Field::Kind::signal_raw || field.kind == Field::Kind::signal_score;
                for (std::size_t at = 0; at < rules.signals.size(); ++at) {
                    const bool is_this = is_since || (is_signal && field.index == static_cast<int>(at));
                    if (is_this && rules.signals[at].measure == Measure::drift) names.insert(rules.signals[at].name);
                }
            }
        }
    };
    add(rule.trigger.when);
    add(rule.trigger.any);
    if (rule.critical) add(rule.critical->when), add(rule.critical->any);
    return names;
}

/// By customer, the drift signals about which an alert ended in this cycle, and none is open any more: a restart must
/// not look like recovery to another rule.
using EndedDrifts = std::map<std::string, std::set<std::string>, std::less<>>;

EndedDrifts ended_drifts(const RuleSet& rules, const std::vector<Move>& moves) {
    EndedDrifts ended;
    for (const Move& move : moves) {
        const bool has_ended = move.transition == Transition::resolved || move.transition == Transition::closed;
        if (has_ended && move.rule) ended[move.alert.customer_id].merge(drift_signals(rules, *move.rule));
    }
    for (const Move& move : moves) {
        const auto found = ended.find(move.alert.customer_id);
        if (found == ended.end() || !is_open(move.alert) || !move.rule) continue;
        for (const std::string& signal : drift_signals(rules, *move.rule)) found->second.erase(signal);
    }
    return ended;
}

/// With what an earlier cycle of the day found, and without later days (a rerun of the past) or days that no week read
/// reaches back to.
void add_drift_ends(CustomerMemory& memory, const Snapshot& snapshot, const EndedDrifts& ended) {
    std::erase_if(memory.drift_ends,
                  [&](const DriftEnd& end) { return end.day > snapshot.as_of || end.day < snapshot.read_from; });
    const auto found = ended.find(memory.customer_id);
    if (found == ended.end()) return;
    for (const std::string& signal : found->second) {
        const DriftEnd end{.day = snapshot.as_of, .signal = signal};
        if (std::ranges::find(memory.drift_ends, end) == memory.drift_ends.end()) memory.drift_ends.push_back(end);
    }
}

CustomerMemory remember(const Evaluation& evaluation, const ScoredCustomer& scored, const EndedDrifts& ended) {
    const Snapshot& snapshot = evaluation.snapshot;
    const Customer& customer = snapshot.customers[scored.customer];
    CustomerMemory memory =
        scored.memory ? *scored.memory : CustomerMemory{.customer_id = std::string(snapshot.text(customer.id))};
    const std::string manager{snapshot.text(customer.account_manager)};
    if (memory.days.empty() || memory.days.back().day < snapshot.as_of) {
        memory.manager_before = memory.account_manager;
        memory.owner_before = memory.owner_since;
    }
    memory.owner_since = scored.owner_since;
    memory.account_manager = manager.empty() ? memory.manager_before : manager;
    add_drift_ends(memory, snapshot, ended);
    set_day(memory.days, day_to_remember(snapshot.as_of, scored));
    return memory;
}

/// Live customers as of today, and those of before for as long as days are carried.
std::vector<CustomerMemory> next_customers(const Evaluation& evaluation, const State& state, const EndedDrifts& ended) {
    std::vector<CustomerMemory> next;
    for (const ScoredCustomer& customer : evaluation.customers) next.push_back(remember(evaluation, customer, ended));
    std::set<std::string_view> live;
    for (const CustomerMemory& memory : next) live.insert(memory.customer_id);
    const std::size_t count = next.size();
    const Day oldest = oldest_carried(evaluation.snapshot.as_of);
    std::vector<CustomerMemory> gone;
    for (const CustomerMemory& memory : state.customers) {
        if (!live.contains(memory.customer_id) && !memory.days.empty() && memory.days.back().day > oldest)
            gone.push_back(memory);
    }
    next.insert(next.end(), gone.begin(), gone.end());
    const auto by_id = [](const CustomerMemory& a, const CustomerMemory& b) { return a.customer_id < b.customer_id; };
    std::inplace_merge(next.begin(), next.begin() + static_cast<std::ptrdiff_t>(count), next.end(), by_id);
    return next;
}

std::vector<PromiseMemory> next_promises(const Evaluation& evaluation, const State& state) {
    constexpr int promise_days = 2;
    std::map<std::string, PromiseMemory, std::less<>> next;
    const Snapshot& snapshot = evaluation.snapshot;
    const bool known = is_loaded(snapshot, "promises");
    for (const PromiseMemory& memory : state.promises) next.emplace(memory.promise_id, memory);
    std::set<std::string> begun;
    for (std::size_t at = 0; at < snapshot.promises.size(); ++at) {
        if (!has_begun(snapshot.promises[at], snapshot.as_of)) continue;
        const std::string id{snapshot.text(snapshot.promises[at].id)};
        PromiseMemory& memory = next[id];
        memory.promise_id = id;
        std::erase_if(memory.days, [&](const PromiseDay& day) { return day.day >= snapshot.as_of; });
        memory.days.push_back(evaluation.promise_days[at]);
        if (memory.days.size() > promise_days) memory.days.erase(memory.days.begin());
        if (memory.kept_on != evaluation.kept_on[at]) memory.kept_known = snapshot.as_of;
        memory.kept_on = evaluation.kept_on[at];
        begun.insert(id);
    }
    const auto is_recent = [&](const PromiseMemory& memory) {
        return !memory.days.empty() && memory.days.back().day > oldest_carried(snapshot.as_of);
    };
    std::vector<PromiseMemory> result;
    for (auto& [id, memory] : next) {
        if (!known || begun.contains(id) || is_recent(memory)) result.push_back(std::move(memory));
    }
    return result;
}

std::vector<PriorDay> next_priors(const Evaluation& evaluation, const State& state) {
    const Snapshot& snapshot = evaluation.snapshot;
    std::map<std::string, std::pair<double, int>, std::less<>> sums;
    std::set<std::string, std::less<>> frozen;  // segments of which some health cannot be believed: no mean today
    for (const ScoredCustomer& customer : evaluation.customers) {
        const std::string segment{snapshot.text(snapshot.customers[customer.customer].segment)};
        if (customer.frozen) frozen.insert(segment);
        auto& [sum, count] = sums[segment];  // also with nobody: then an older mean is not the last one either
        if (!covers(customer.coverage, prior_coverage)) continue;
        sum += customer.before_caps;
        ++count;
    }
    std::vector<PriorDay> next;
    for (const PriorDay& prior : state.priors) {
        const bool stays =
            prior.day < snapshot.as_of || (prior.day == snapshot.as_of && frozen.contains(prior.segment));
        if (stays && prior.day > oldest_carried(snapshot.as_of)) next.push_back(prior);
    }
    for (const auto& [segment, total] : sums) {
        if (frozen.contains(segment)) continue;
        next.push_back({.day = snapshot.as_of,
                        .segment = segment,
                        .rules_hash = evaluation.rules.score_hash,
                        .mean = total.second > 0 ? total.first / total.second : missing,
                        .customers = total.second});
    }
    return next;
}

std::vector<ScoreRules> next_score_rules(const Evaluation& evaluation, const State& state) {
    const Day as_of = evaluation.snapshot.as_of;
    std::vector<ScoreRules> next;
    std::ranges::copy_if(state.score_rules, std::back_inserter(next),
                         [&](const ScoreRules& each) { return each.day < as_of && each.day > oldest_carried(as_of); });
    next.push_back({.day = as_of, .hash = evaluation.rules.score_hash});
    return next;
}

// ---- the view ------------------------------------------------------------------------------------------------------

std::optional<Day> renewal_of(const Evaluation& evaluation, const ScoredCustomer& customer) {
    if (is_missing(customer.facts.days_to_renewal)) return std::nullopt;
    return evaluation.snapshot.as_of + std::chrono::days{static_cast<int>(customer.facts.days_to_renewal)};
}

CustomerView view_of(const Evaluation& evaluation, const ScoredCustomer& scored) {
    const Snapshot& snapshot = evaluation.snapshot;
    const Customer& customer = snapshot.customers[scored.customer];
    const auto text = [&](Word word) { return std::string(snapshot.text(word)); };
    return {.customer_id = text(customer.id),
            .name = text(customer.name),
            .segment = text(customer.segment),
            .motion = text(customer.motion),
            .account_manager = text(customer.account_manager),
            .health = scored.health,
            .smoothed = scored.smoothed,
            .coverage = scored.coverage,
            .risk = scored.risk,
            .change_7d = scored.change_7d,
            .change_30d = scored.change_30d,
            .band = scored.band,
            .trend = scored.trend,
            .trend_slope = scored.trend_slope,
            .revenue = scored.facts.revenue,
            .renews_on = renewal_of(evaluation, scored)};
}

PromiseView promise_view(const Evaluation& evaluation, std::size_t at) {
    const Snapshot& snapshot = evaluation.snapshot;
    const Promise& promise = snapshot.promises[at];
    const Customer& customer = snapshot.customers[promise.customer];
    const auto text = [&](Word word) { return std::string(snapshot.text(word)); };
    return {.promise_id = text(promise.id),
            .customer_id = text(customer.id),
            .outcome = text(promise.outcome),
            .segment = text(customer.segment),
            .state = evaluation.promise_days[at].state,
            .probability_kept = evaluation.promises[at].probability,
            .days_behind = evaluation.promises[at].days_behind,
            .pace = evaluation.promises[at].pace,
            .due_on = promise.due_on};
}

/// Promises worth showing: begun, of live customers, and due no longer ago than [promises] memory_days.
std::vector<PromiseView> promise_views(const Evaluation& evaluation, CustomerIndex of) {
    std::vector<PromiseView> views;
    const Snapshot& snapshot = evaluation.snapshot;
    const Day oldest = snapshot.as_of - std::chrono::days{static_cast<int>(evaluation.rules.promises.memory_days)};
    const auto own = of == no_customer ? std::span(snapshot.promises) : snapshot.promises_of(of);
    const auto first = static_cast<std::size_t>(own.data() - snapshot.promises.data());
    for (std::size_t at = first; at < first + own.size(); ++at) {
        const Promise& promise = snapshot.promises[at];
        if (!evaluation.find(promise.customer) || !has_begun(promise, snapshot.as_of) || promise.due_on < oldest)
            continue;
        views.push_back(promise_view(evaluation, at));
    }
    std::sort(views.begin(), views.end(),
              [](const PromiseView& a, const PromiseView& b) { return a.promise_id < b.promise_id; });
    return views;
}

/// By segment. A customer of unknown risk counts as the base rate says.
std::vector<RenewalForecast> renewal_forecasts(const Evaluation& evaluation) {
    const Snapshot& snapshot = evaluation.snapshot;
    std::map<std::string, std::vector<Renewal>, std::less<>> due;
    for (const ScoredCustomer& scored : evaluation.customers) {
        const double risk = is_known(scored.risk) ? scored.risk : evaluation.rules_of(scored).risk.base_rate;
        for (const Subscription& one : snapshot.subscriptions_of(scored.customer)) {
            if (!is_live(one, snapshot.as_of) || !one.renews_on || is_missing(one.mrr)) continue;
            if (*one.renews_on <= snapshot.as_of || *one.renews_on > snapshot.as_of + renewals_ahead) continue;
            due[std::string{snapshot.text(snapshot.customers[scored.customer].segment)}].push_back(
                {.amount = months_of_a_year * one.mrr, .risk = risk});
        }
    }
    std::vector<RenewalForecast> forecasts;
    for (const auto& [segment, renewals] : due) {
        forecasts.push_back(forecast_renewals(renewals));
        forecasts.back().segment = segment;
    }
    return forecasts;
}

FeedView feed_view(const Snapshot& snapshot, const Feed& feed) {
    return {.dataset = feed.dataset,
            .source = feed.source,
            .loaded = feed.loaded,
            .stale = feed_state(snapshot, feed.dataset) == FeedState::stale,
            .error = feed.error,
            .rows = feed.rows,
            .rows_read = feed.rows_read,
            .rows_rejected = rejected_rows(feed.rejected),
            .rejected = feed.rejected,
            .contradictions = feed.contradictions,
            .watermark = watermark(snapshot, feed.dataset),
            .stale_after = feed.stale_after};
}

View make_view(const Evaluation& evaluation, const std::vector<Alert>& alerts, Instant now) {
    const Snapshot& snapshot = evaluation.snapshot;
    View view{.as_of = snapshot.as_of,
              .evaluated_at = now,
              .rules_hash = evaluation.rules.hash,
              .rules_name = evaluation.rules.name,
              .currency = evaluation.rules.policy.currency.base,
              .promises = promise_views(evaluation, no_customer),
              .segments = evaluation.segments,
              .portfolio = evaluation.portfolio,
              .renewals = renewal_forecasts(evaluation)};
    std::map<std::string_view, std::vector<std::string>> firing;
    for (const Alert& alert : alerts) {
        if (!is_open(alert)) continue;
        view.alerts.push_back(alert);
        view.held += alert.held;
        if (alert.phase != AlertPhase::pending && !alert.customer_id.empty())
            firing[alert.customer_id].push_back(alert.key.rule);
    }
    for (const ScoredCustomer& customer : evaluation.customers) {
        CustomerView each = view_of(evaluation, customer);
        if (const auto found = firing.find(each.customer_id); found != firing.end()) {
            each.alerts = found->second;
            each.alerts.erase(std::unique(each.alerts.begin(), each.alerts.end()), each.alerts.end());
        }
        view.customers.push_back(std::move(each));
    }
    for (const Feed& feed : snapshot.feeds) view.feeds.push_back(feed_view(snapshot, feed));
    return view;
}

/// What only the cycle could find in the rows of a dataset.
void note_finding(View& view, std::string_view dataset, const std::string& check, std::size_t findings) {
    for (FeedView& feed : view.feeds) {
        if (feed.dataset == dataset && findings > 0) feed.contradictions[check] = findings;
    }
}

std::vector<AlertNews> news_of(const std::vector<Move>& moves) {
    std::vector<AlertNews> news;
    for (const Move& move : moves) {
        if (move.transition == Transition::none) continue;
        news.push_back({.key = move.alert.key,
                        .customer_id = move.alert.customer_id,
                        .transition = move.transition,
                        .severity = move.alert.severity,
                        .episode = move.alert.episode,
                        .held = move.alert.held});
    }
    std::sort(news.begin(), news.end(), [](const AlertNews& a, const AlertNews& b) { return a.key < b.key; });
    return news;
}

MessagePlan plan_for(const Evaluation& evaluation, const State& state, const std::vector<PromiseMemory>& promises,
                     std::vector<Move>& moves, Instant now) {
    set_risks(evaluation, moves);
    const std::vector<WatchedCustomer> customers = watched_customers(evaluation, moves);
    const std::vector<KeptPromise> kept = kept_promises(evaluation, promises);
    const Happened& happened = state.happened;
    return plan_messages({.snapshot = evaluation.snapshot,
                          .rules = evaluation.rules,
                          .feeds = evaluation.feeds,
                          .now = now,
                          .clock_jumped = happened.clock_jumped,
                          .customers = customers,
                          .kept = kept,
                          .acts = happened.acts,
                          .silences = happened.silences,
                          .delivered = happened.delivered,
                          .waiting = happened.waiting,
                          .mailings = state.mailings,
                          .interruptions = state.interruptions,
                          .quality = happened.quality,
                          .outbox_is_full = happened.outbox_is_full},
                         moves);
}

TermSource source_of(const Snapshot& snapshot, Word subscription, CustomerIndex child) {
    const Word child_id = child == no_customer ? no_word : snapshot.customers[child].id;
    return {.subscription_id = std::string(snapshot.text(subscription)),
            .child_id = std::string(snapshot.text(child_id))};
}

Pulse pulse_of(const Evaluation& evaluation, const Customer& customer) {
    const Day as_of = evaluation.snapshot.as_of;
    if (is_missing(pulse(customer, as_of))) return {};
    return {.value = customer.pulse,
            .at = customer.pulse_at,
            .note = std::string(evaluation.snapshot.text(customer.pulse_note)),
            .expired = is_missing(pulse(customer, as_of, evaluation.rules.health.pulse_expires))};
}

Explanation explanation_of(const Evaluation& evaluation, const State& state, const ScoredCustomer& scored) {
    const Customer& customer = evaluation.snapshot.customers[scored.customer];
    const auto at = static_cast<std::size_t>(&scored - evaluation.customers.data());
    Explanation result{.customer_id = std::string(evaluation.snapshot.text(customer.id)),
                       .name = std::string(evaluation.snapshot.text(customer.name)),
                       .as_of = evaluation.snapshot.as_of,
                       .health = evaluation.health_of(at),
                       .smoothed = scored.smoothed,
                       .band = scored.band,
                       .trend = scored.trend,
                       .trend_slope = scored.trend_slope,
                       .risk = evaluation.risk_of(at),
                       .drift = evaluation.drift_of(at),
                       .pulse = pulse_of(evaluation, customer),
                       .promises = promise_views(evaluation, scored.customer),
                       .rules = evaluation.rules_of(scored)};
    for (std::size_t profile = 0; profile < evaluation.rules.profiles.size(); ++profile) {
        if (scored.profiles >> profile & 1) result.profiles.push_back(evaluation.rules.profiles[profile].name);
    }
    result.frozen = scored.frozen;
    result.prior_of_segment = evaluation.priors.contains(evaluation.snapshot.text(customer.segment));
    const std::span<const SignalScore> signals = evaluation.signals_of(at);
    result.signals.assign(signals.begin(), signals.end());
    for (const Term& term : result.health.terms) {
        const Measured measured = evaluation.measured_behind(at, term);
        TermSource source = source_of(evaluation.snapshot, term.subscription, term.child);
        source.rows = measured.rows;
        source.first = measured.first;
        source.last = measured.last;
        result.sources.push_back(std::move(source));
    }
    for (const Alert& alert : state.alerts) {
        if (is_open(alert) && alert.customer_id == result.customer_id) result.alerts.push_back(alert);
    }
    return result;
}

}  // namespace

CycleResult run_cycle(const Snapshot& snapshot, const RuleSet& rules, const State& state, Instant now) {
    State renamed{.rules = state.rules, .alerts = state.alerts};
    rename_rules(renamed.alerts, renamed.rules, rule_renames(state.alerts, state.rules, rules));
    const Evaluation evaluation = evaluate(snapshot, rules, state);
    Judged judged = judge(
        {.evaluation = evaluation, .state = state, .alerts = renamed.alerts, .adopted = renamed.rules, .now = now});
    const std::vector<FlooredRule> floors = floored_rules(rules, state.happened.quality);
    guard({.snapshot = snapshot,
           .policy = rules.policy.alerts,
           .past = state.feeds,
           .feeds = evaluation.feeds,
           .before = renamed.alerts,
           .live_customers = evaluation.customers.size(),
           .undelivered = state.happened.undelivered,
           .released = state.happened.released,
           .floors = floors,
           .forgotten = state.forgotten,
           .now = now},
          judged.moves);

    CycleResult result;
    std::vector<PromiseMemory> promises = next_promises(evaluation, state);
    MessagePlan plan = plan_for(evaluation, state, promises, judged.moves, now);
    result.outbox = std::move(plan.messages);
    result.news = news_of(judged.moves);
    FactsSeen seen = facts_seen(snapshot, rules, state);
    result.facts = std::move(seen.changed);
    result.ledger = keep_ledger({.snapshot = snapshot,
                                 .rules = rules,
                                 .moves = judged.moves,
                                 .unlabelled = state.happened.unlabelled,
                                 .acts = state.happened.acts,
                                 .feeds = evaluation.feeds});
    result.state = {.as_of = snapshot.as_of,
                    .rules_hash = rules.hash,
                    .customers = next_customers(evaluation, state, ended_drifts(rules, judged.moves)),
                    .promises = std::move(promises),
                    .facts = std::move(seen.memory),
                    .priors = next_priors(evaluation, state),
                    .feeds = remember_feeds(snapshot, state.feeds, evaluation.feeds),
                    .score_rules = next_score_rules(evaluation, state),
                    .rules = remember_rules(renamed.rules, rules, judged.evaluated),
                    .alerts = kept_alerts(judged.moves, snapshot.as_of),
                    .mailings = std::move(plan.mailings),
                    .interruptions = std::move(plan.interruptions)};
    result.state.forgotten = forgotten_numbers(state.forgotten, renamed.alerts, judged.moves, result.state.alerts);
    result.wake_at = plan.wake_at;
    result.view = make_view(evaluation, result.state.alerts, now);
    result.view.over_budget = plan.over_budget;
    result.view.quality = state.happened.quality;
    result.view.floors = floors;
    note_finding(result.view, "people", "unreachable", plan.findings.size());  // to be told, and without an address
    note_finding(result.view, "customers", "unknown_category", evaluation.unknown_categories);
    return result;
}

namespace {

DayHealths healths_of(const Evaluation& evaluation, std::span<const CustomerIndex> wanted) {
    const std::size_t count = evaluation.snapshot.customers.size();
    DayHealths result{.health = std::vector<std::optional<Health>>(count),
                      .profiles = std::vector<ProfileSet>(count),
                      .is_live = std::vector<bool>(count, false)};
    for (const ScoredCustomer& customer : evaluation.customers) {
        result.profiles[customer.customer] = customer.profiles;
        result.is_live[customer.customer] = true;
    }
    for (const CustomerIndex customer : wanted) {
        if (evaluation.find(customer)) result.health[customer] = evaluation.health_of(evaluation.position[customer]);
    }
    return result;
}

/// What moved, with what moved a child for want of data told as data of its parent, too.
HealthChange own_change(const EarlierDay& earlier, CustomerIndex customer) {
    HealthChange change = change_between(*earlier.now.health[customer], *earlier.bridge.health[customer]);
    for (TermChange& term : change.terms) {
        if (term.child == no_customer || !earlier.now.health[term.child] || !earlier.bridge.health[term.child])
            continue;
        const double data = term.weight * own_change(earlier, term.child).data;
        term.points -= data;
        change.data += data;
    }
    return change;
}

}  // namespace

DayHealths healths_on(const Snapshot& snapshot, const RuleSet& rules, const State& state, const HealthsWanted& which) {
    return healths_of(evaluate(snapshot, rules, state, which.profiles), which.wanted);
}

std::optional<ChangeSince> change_since(const Snapshot& snapshot, const EarlierDay& earlier, const DayHealths& today,
                                        CustomerIndex customer) {
    const std::optional<Health>& after = today.health[customer];
    const std::optional<Health>& before = earlier.now.health[customer];
    if (!after || !before) return std::nullopt;
    const std::optional<Health>& then = earlier.then.health[customer];
    const std::optional<Health>& bridge = earlier.bridge.health[customer];
    if (!bridge) return std::nullopt;
    HealthChange change = own_change(earlier, customer);
    change.after = after->health;
    change.profile = after->health - bridge->health;
    if (then) change.rules = before->health - then->health;
    change.before = then ? then->health : before->health;
    const double remembered = earlier.remembered[customer];
    if (is_known(remembered)) {
        (earlier.same_engine ? change.data : change.engine) += change.before - remembered;
        change.before = remembered;
    }
    ChangeSince since{.day = earlier.day, .change = std::move(change)};
    for (const TermChange& term : since.change.terms)
        since.sources.push_back(source_of(snapshot, term.subscription, term.child));
    return since;
}

Explainer::Explainer(const Snapshot& snapshot, const RuleSet& rules, const State& state)
    : state_(state), evaluation_(std::make_unique<const Evaluation>(evaluate(snapshot, rules, state))) {}

Explainer::~Explainer() = default;

DayHealths Explainer::healths(std::string_view customer_id) const {
    std::vector<CustomerIndex> wanted;
    std::vector<std::uint32_t> next;
    const ScoredCustomer* top = evaluation_->find(evaluation_->snapshot.find_customer(customer_id));
    if (top) next.push_back(evaluation_->position[top->customer]);
    if (customer_id.empty()) next = evaluation_->order;
    for (std::size_t i = 0; i < next.size(); ++i) {
        wanted.push_back(evaluation_->customers[next[i]].customer);
        if (customer_id.empty()) continue;
        const auto& below = evaluation_->children[next[i]];
        next.insert(next.end(), below.begin(), below.end());
    }
    return healths_of(*evaluation_, wanted);
}

std::vector<std::string> Explainer::customers() const {
    std::vector<std::string> ids;
    for (const ScoredCustomer& customer : evaluation_->customers) {
        ids.emplace_back(evaluation_->snapshot.text(evaluation_->snapshot.customers[customer.customer].id));
    }
    return ids;
}

Result<Explanation> Explainer::explain(std::string_view customer_id) const {
    const Result<const ScoredCustomer*> scored = find_live(*evaluation_, customer_id);
    if (!scored) return scored.error();
    return explanation_of(*evaluation_, state_, **scored);
}

}  // namespace retaind
