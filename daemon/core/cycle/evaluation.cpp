#include "evaluation.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "retaind/promises/measures.hpp"
#include "retaind/signals/measure.hpp"
#include "retaind/signals/scale.hpp"
#include "values.hpp"

namespace retaind {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

/// A prior needs so many customers (SCORING 1.2).
constexpr int prior_customers = 20;

const CustomerMemory* find_memory(const State& state, std::string_view id) {
    const auto at = std::lower_bound(
        state.customers.begin(), state.customers.end(), id,
        [](const CustomerMemory& memory, std::string_view wanted) { return memory.customer_id < wanted; });
    return at != state.customers.end() && at->customer_id == id ? &*at : nullptr;
}

const PromiseMemory* find_promise_memory(const State& state, std::string_view id) {
    const auto at = std::lower_bound(
        state.promises.begin(), state.promises.end(), id,
        [](const PromiseMemory& memory, std::string_view wanted) { return memory.promise_id < wanted; });
    return at != state.promises.end() && at->promise_id == id ? &*at : nullptr;
}

/// Records of this day and before it are about to be forgotten: every cycle of a day must find the same ones.
Day oldest_carried(Day as_of) { return as_of - std::chrono::days{days_carried}; }

/// The newest record of a day before `day`.
const PromiseDay* before(const PromiseMemory* memory, Day day) {
    const PromiseDay* found = nullptr;
    if (!memory) return found;
    for (const PromiseDay& record : memory->days) {
        if (record.day < day) found = &record;
    }
    return found;
}

/// Likewise, of a day whose feeds could be believed.
const ScoreDay* before(const CustomerMemory* memory, Day day, Day as_of) {
    const ScoreDay* found = nullptr;
    if (!memory) return found;
    for (const ScoreDay& record : memory->days) {
        const bool is_carried = record.day > oldest_carried(as_of);
        if (is_carried && record.day < day && is_known(record.health)) found = &record;
    }
    return found;
}

constexpr std::chrono::days one_day{1};

void find_live_customers(Evaluation& evaluation, const State& state) {
    const Snapshot& snapshot = evaluation.snapshot;
    evaluation.position.assign(snapshot.customers.size(), nowhere);
    if (!customers_known(snapshot)) return;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        if (!is_live(snapshot, customer, snapshot.as_of)) continue;
        evaluation.position[customer] = static_cast<std::uint32_t>(evaluation.customers.size());
        evaluation.customers.push_back({.customer = customer,
                                        .memory = find_memory(state, snapshot.text(snapshot.customers[customer].id)),
                                        .facts = contract_facts(snapshot, customer)});
    }
}

void match_profiles(Evaluation& evaluation) {
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const CustomerValues values(evaluation, at);
        ProfileSet matching = 0;
        for (std::size_t profile = 0; profile < evaluation.rules.profiles.size(); ++profile) {
            if (evaluate_all(evaluation.rules.profiles[profile].match, values) == Truth::yes)
                matching |= ProfileSet{1} << profile;
        }
        evaluation.customers[at].profiles = matching;
        if (!evaluation.variants.contains(matching))
            evaluation.variants.emplace(matching, with_profiles(evaluation.rules, matching));
    }
}

/// Whether any profile of the set changes this signal; if not, all such sets share one reader.
bool is_patched(const RuleSet& rules, ProfileSet profiles, std::size_t signal) {
    for (std::size_t profile = 0; profile < rules.profiles.size(); ++profile) {
        if ((profiles >> profile & 1) == 0) continue;
        for (const Patch<Signal>& patch : rules.profiles[profile].signals) {
            if (patch.target == static_cast<int>(signal)) return true;
        }
    }
    return false;
}

/// One signal as some customers have it: bound to its feed once, cohort positions for all.
struct BoundSignal {
    const Signal* signal = nullptr;
    std::unique_ptr<SignalReader> reader = {};
    std::vector<double> positions = {};  ///< cohort scales only, by CustomerIndex
};

BoundSignal bind(const Evaluation& evaluation, const Signal& signal, std::span<const CustomerIndex> live) {
    BoundSignal bound{.signal = &signal};
    if (signal.from != "promises")
        bound.reader =
            std::make_unique<SignalReader>(evaluation.snapshot, signal, evaluation.rules.policy.calendar.off_season);
    if (const auto* cohort = std::get_if<CohortScale>(&signal.scale)) {
        bound.positions = cohort_positions(evaluation.snapshot, signal, *cohort, live);
    }
    return bound;
}

Measured measure(const BoundSignal& bound, const PromiseMeasures& promises, CustomerIndex customer) {
    if (bound.reader) return bound.reader->measure(customer);
    const PromiseMeasures::Value value = promises.measure(*bound.signal, customer);
    return {.raw = value.raw, .rows = value.rows, .first = value.first, .last = value.last};
}

SignalScore score(const BoundSignal& bound, CustomerIndex customer, const Measured& measured) {
    SignalScore result{.raw = measured.raw};
    if (const auto* cohort = std::get_if<CohortScale>(&bound.signal->scale)) {
        result.score = cohort_score(bound.positions[customer], *cohort);
    } else {
        result.score = score_of(bound.signal->scale, measured);
    }
    if (bound.reader) result.freshness = bound.reader->freshness(customer, measured);
    return result;
}

void score_signal(Evaluation& evaluation, const PromiseMeasures& promises, std::span<const CustomerIndex> live,
                  std::size_t signal) {
    std::map<ProfileSet, BoundSignal> bound;
    const std::size_t count = evaluation.rules.signals.size();
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const ScoredCustomer& customer = evaluation.customers[at];
        const ProfileSet key = is_patched(evaluation.rules, customer.profiles, signal) ? customer.profiles : 0;
        auto found = bound.find(key);
        if (found == bound.end()) {
            found = bound.emplace(key, bind(evaluation, evaluation.variants.at(key).signals[signal], live)).first;
        }
        const std::size_t slot = at * count + signal;
        evaluation.measured[slot] = measure(found->second, promises, customer.customer);
        evaluation.signals[slot] = score(found->second, customer.customer, evaluation.measured[slot]);
    }
}

void score_signals(Evaluation& evaluation) {
    const std::size_t count = evaluation.rules.signals.size();
    evaluation.signals.assign(evaluation.customers.size() * count, {});
    evaluation.measured.assign(evaluation.signals.size(), {});
    std::vector<CustomerIndex> live;
    for (const ScoredCustomer& customer : evaluation.customers) live.push_back(customer.customer);
    const PromiseMeasures promises(evaluation.snapshot, evaluation.rules, evaluation.promises);
    for (std::size_t signal = 0; signal < count; ++signal) score_signal(evaluation, promises, live, signal);
    // Only now: `applies` may look at the raw value of any signal.
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const RuleSet& rules = evaluation.rules_of(evaluation.customers[at]);
        const CustomerValues values(evaluation, at);
        std::vector<Truth> applies;
        for (const Signal& signal : rules.signals) applies.push_back(evaluate_all(signal.applies, values));
        for (std::size_t signal = 0; signal < count; ++signal) {
            if (applies[signal] == Truth::yes) continue;
            evaluation.signals[at * count + signal] = {.applies = applies[signal] != Truth::no};
            evaluation.measured[at * count + signal] = {};
        }
    }
}

/// Of each segment the newest: a day that one segment could not be believed on takes nothing from the others.
void find_priors(Evaluation& evaluation, const State& state) {
    const Day as_of = evaluation.snapshot.as_of;
    for (const PriorDay& prior : state.priors) {
        if (prior.day >= as_of || prior.day <= oldest_carried(as_of)) continue;
        if (prior.rules_hash != evaluation.rules.hash) continue;
        if (prior.customers >= prior_customers)
            evaluation.priors[prior.segment] = prior.mean;
        else
            evaluation.priors.erase(prior.segment);
    }
}

/// Health of the newest day at or before `days` ago that has one, if it is not older than a few days more.
double health_ago(const CustomerMemory* memory, Day as_of, int days) {
    constexpr int slack = 3;
    const ScoreDay* found = before(memory, as_of - std::chrono::days{days - 1}, as_of);
    return found && found->day >= as_of - std::chrono::days{days + slack} ? found->health : missing;
}

/// Frozen, the last believed day is shown, but no band that rests on too little. The next day that is believed steps
/// from that day too, so an outage neither loses the band that climbing starts from nor feeds the smoothing.
void stand_still(ScoredCustomer& customer, Day as_of, const HealthRules& rules) {
    const ScoreDay* last = before(customer.memory, as_of + one_day, as_of);
    if (!last) return;
    customer.smoothed = last->smoothed;
    if (covers(customer.coverage, rules.coverage_floor)) customer.band = last->band;
}

void step_from_memory(ScoredCustomer& customer, Day as_of, const HealthRules& rules) {
    customer.change_7d = customer.health - health_ago(customer.memory, as_of, 7);
    customer.change_30d = customer.health - health_ago(customer.memory, as_of, 30);
    if (customer.frozen) return stand_still(customer, as_of, rules);
    const ScoreDay* earlier = before(customer.memory, as_of, as_of);
    customer.smoothed = customer.health;
    if (earlier && is_known(earlier->smoothed)) {
        customer.smoothed =
            smooth(earlier->smoothed, customer.health, in_days(as_of - earlier->day), in_days(rules.smoothing));
    }
    customer.band = next_band(earlier ? earlier->band : Band::unknown, customer.smoothed, customer.coverage, rules);
}

/// As a rule about health would be.
bool is_score_frozen(const Evaluation& evaluation, const RuleSet& rules) {
    const Field health{.index = static_cast<int>(CustomerField::health), .name = "health"};
    const Rule rule{.scope = Scope::customer, .reads = datasets_read(rules, health)};
    return !data_time(evaluation.feeds, rule, evaluation.snapshot.as_of);
}

void score_health(Evaluation& evaluation) {
    std::map<ProfileSet, bool> frozen;
    for (const auto& [profiles, rules] : evaluation.variants) frozen[profiles] = is_score_frozen(evaluation, rules);
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const Health health = evaluation.health_of(at);
        ScoredCustomer& customer = evaluation.customers[at];
        customer.health = health.health;
        customer.before_caps = health.before_caps;
        customer.coverage = health.coverage;
        customer.frozen = frozen.at(customer.profiles);
        step_from_memory(customer, evaluation.snapshot.as_of, evaluation.rules_of(customer).health);
    }
}

void score_unfitted_risk(Evaluation& evaluation) {
    struct Healths {
        std::vector<double> believed = {}, all = {};
    };
    std::map<double, Healths> healths;  // by base rate, since profiles may have their own
    for (const ScoredCustomer& customer : evaluation.customers) {
        Healths& same = healths[evaluation.rules_of(customer).risk.base_rate];
        same.all.push_back(customer.health);
        if (!customer.frozen) same.believed.push_back(customer.health);
    }
    for (const auto& [base_rate, same] : healths) {
        evaluation.risk_intercepts[base_rate] =
            unfitted_intercept(same.believed.empty() ? same.all : same.believed, base_rate);
    }
    for (ScoredCustomer& customer : evaluation.customers) {
        const double intercept = evaluation.risk_intercepts.at(evaluation.rules_of(customer).risk.base_rate);
        customer.risk = unfitted_risk(intercept, customer.health);
    }
}

void score_risk(Evaluation& evaluation) {
    if (!evaluation.rules.risk.model) {
        score_unfitted_risk(evaluation);
        return;
    }
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        ScoredCustomer& customer = evaluation.customers[at];
        customer.risk =
            fitted_risk(*evaluation.rules_of(customer).risk.model, CustomerValues(evaluation, at)).probability;
    }
}

/// When a promise was kept, if an earlier day found that. What this day's earlier cycles found is theirs to find again,
/// and a day before the start is from former terms.
std::optional<Day> kept_before(const PromiseMemory* memory, const Promise& promise, Day as_of) {
    const bool found = memory && memory->kept_known < as_of && memory->kept_on >= promise.starts_on;
    return found ? memory->kept_on : std::nullopt;
}

/// Loaded or not.
std::vector<std::string> datasets_in_trouble(const Evaluation& evaluation) {
    std::vector<std::string> datasets;
    for (const FeedVerdict& feed : evaluation.feeds) {
        if (feed.trouble != FeedTrouble::none) datasets.push_back(feed.dataset);
    }
    return datasets;
}

/// What is shown of a promise; without its feed, what was shown last.
void place_promise(Evaluation& evaluation, const PromiseMemory* memory, std::size_t at) {
    const Day as_of = evaluation.snapshot.as_of;
    Progress& progress = evaluation.promises[at];
    const PromiseDay* last = before(memory, as_of + one_day);
    if (progress.not_loaded && last) {
        progress.probability = last->probability;
        if (last->state == PromiseState::kept) progress.kept_on = memory->kept_on;
        evaluation.promise_days.push_back(*last);
        evaluation.promise_days.back().day = as_of;
    } else {
        evaluation.promise_days.push_back({.day = as_of,
                                           .state = next_promise_state(before(memory, as_of), progress.verdict),
                                           .verdict = progress.verdict,
                                           .probability = progress.probability});
    }
    evaluation.kept_on.push_back(progress.kept_on);
}

void place_promises(Evaluation& evaluation, const State& state) {
    const Snapshot& snapshot = evaluation.snapshot;
    std::vector<const PromiseMemory*> memories;
    std::vector<std::optional<Day>> kept;
    for (const Promise& promise : snapshot.promises) {
        memories.push_back(find_promise_memory(state, snapshot.text(promise.id)));
        kept.push_back(kept_before(memories.back(), promise, snapshot.as_of));
    }
    const std::vector<std::string> doubted = datasets_in_trouble(evaluation);
    evaluation.promises = measure_promises(snapshot, evaluation.rules, {.kept_before = kept, .doubted = doubted});
    for (std::size_t at = 0; at < snapshot.promises.size(); ++at) place_promise(evaluation, memories[at], at);
}

void roll_up(Evaluation& evaluation) {
    std::vector<CustomerStanding> standings;
    for (const ScoredCustomer& customer : evaluation.customers) {
        standings.push_back(
            {.customer = customer.customer, .health = customer.health, .band = customer.band, .facts = customer.facts});
    }
    evaluation.segments = segment_views(evaluation.snapshot, standings);
    evaluation.portfolio = portfolio_view(evaluation.snapshot, standings);
}

}  // namespace

const ScoredCustomer* Evaluation::find(CustomerIndex customer) const {
    return customer < position.size() && position[customer] != nowhere ? &customers[position[customer]] : nullptr;
}

std::span<const SignalScore> Evaluation::signals_of(std::size_t at) const {
    return std::span(signals).subspan(at * rules.signals.size(), rules.signals.size());
}

double Evaluation::prior_of(CustomerIndex customer) const {
    const auto found = priors.find(snapshot.text(snapshot.customers[customer].segment));
    return found == priors.end() ? rules.health.prior : found->second;
}

Health Evaluation::health_of(std::size_t at) const {
    const ScoredCustomer& customer = customers[at];
    Health health = combine(rules_of(customer), signals_of(at), prior_of(customer.customer));
    apply_caps(health, rules_of(customer), CustomerValues(*this, at));
    return health;
}

Risk Evaluation::risk_of(std::size_t at) const {
    const ScoredCustomer& customer = customers[at];
    const RiskRules& own = rules_of(customer).risk;
    if (own.model) return fitted_risk(*own.model, CustomerValues(*this, at));
    const double log_odds = is_known(customer.risk) ? logit(customer.risk) - logit(own.base_rate) : missing;
    return {.probability = customer.risk,
            .parts = {{.feature = "health", .raw = customer.health, .log_odds = log_odds}}};
}

Result<const ScoredCustomer*> find_live(const Evaluation& evaluation, std::string_view customer_id) {
    const Snapshot& snapshot = evaluation.snapshot;
    const CustomerIndex customer = snapshot.find_customer(customer_id);
    const std::string quoted = "'" + std::string(customer_id) + "'";
    if (customer == no_customer) {
        return Error{.kind = ErrorKind::usage,
                     .message = "there is no customer " + quoted,
                     .hint = "`retaind once --json` lists all customer ids"};
    }
    if (const ScoredCustomer* scored = evaluation.find(customer)) return scored;
    return Error{.kind = ErrorKind::usage,
                 .message = "customer " + quoted + " has no live subscription as of " + format_day(snapshot.as_of),
                 .hint = "ask with --as-of for a day on which it had one"};
}

bool customers_known(const Snapshot& snapshot) {
    return is_loaded(snapshot, "customers") && is_loaded(snapshot, "subscriptions");
}

Evaluation evaluate(const Snapshot& snapshot, const RuleSet& rules, const State& state) {
    Evaluation evaluation{.snapshot = snapshot, .rules = rules};
    evaluation.feeds = judge_feeds(snapshot, state.feeds, rules.policy.alerts);
    evaluation.variants.emplace(ProfileSet{0}, rules);
    place_promises(evaluation, state);
    find_live_customers(evaluation, state);
    match_profiles(evaluation);
    score_signals(evaluation);
    find_priors(evaluation, state);
    score_health(evaluation);
    score_risk(evaluation);
    roll_up(evaluation);
    return evaluation;
}

}  // namespace retaind
