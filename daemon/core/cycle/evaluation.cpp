#include "evaluation.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "retaind/promises/measures.hpp"
#include "retaind/signals/facts.hpp"
#include "retaind/signals/measure.hpp"
#include "retaind/signals/scale.hpp"
#include "tree.hpp"
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
    if (!memory) return nullptr;
    auto record = std::ranges::lower_bound(memory->days, day, {}, &ScoreDay::day);
    while (record != memory->days.begin()) {
        --record;
        if (record->day <= oldest_carried(as_of)) break;
        if (is_known(record->health)) return &*record;
    }
    return nullptr;
}

constexpr std::chrono::days one_day{1};

/// Today, if the last cycle saw another one: the first cycle of a day finds what the later ones remember.
std::optional<Day> owner_since(const Snapshot& snapshot, CustomerIndex customer, const CustomerMemory* memory) {
    if (!memory) return {};
    const bool is_new = snapshot.text(snapshot.customers[customer].account_manager) != memory->account_manager;
    return is_new ? snapshot.as_of : memory->owner_since;
}

void find_live_customers(Evaluation& evaluation, const State& state) {
    const Snapshot& snapshot = evaluation.snapshot;
    evaluation.position.assign(snapshot.customers.size(), nowhere);
    if (!customers_known(snapshot)) return;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        if (!is_live(snapshot, customer, snapshot.as_of)) continue;
        const CustomerMemory* memory = find_memory(state, snapshot.text(snapshot.customers[customer].id));
        evaluation.position[customer] = static_cast<std::uint32_t>(evaluation.customers.size());
        const auto is_live_now = [&](const Subscription& each) { return is_live(each, snapshot.as_of); };
        evaluation.customers.push_back({.customer = customer,
                                        .memory = memory,
                                        .facts = contract_facts(snapshot, customer),
                                        .owner_since = owner_since(snapshot, customer, memory),
                                        .live_subscriptions = static_cast<std::uint32_t>(
                                            std::ranges::count_if(snapshot.subscriptions_of(customer), is_live_now))});
    }
}

ProfileSet matching_profiles(const Evaluation& evaluation, std::size_t at) {
    const CustomerValues values(evaluation, at);
    ProfileSet matching = 0;
    for (std::size_t profile = 0; profile < evaluation.rules.profiles.size(); ++profile) {
        if (evaluate_all(evaluation.rules.profiles[profile].match, values) == Truth::yes)
            matching |= ProfileSet{1} << profile;
    }
    return matching;
}

void match_profiles(Evaluation& evaluation, const std::vector<ProfileSet>* given) {
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const ProfileSet matching =
            given ? (*given)[evaluation.customers[at].customer] : matching_profiles(evaluation, at);
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

/// Everybody who ever was a customer as one signal sees them: whole, or each of its subscriptions' lines that the
/// signal's dataset tells apart. Cohorts are made of these.
struct Members {
    std::vector<Subject> subjects = {};
    std::vector<std::uint32_t> of_customer = {};  ///< CustomerIndex -> its member, or the first of its lines'
};

Members members_of(const Evaluation& evaluation, const Signal& signal) {
    const Snapshot& snapshot = evaluation.snapshot;
    Members members;
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        members.of_customer.push_back(static_cast<std::uint32_t>(members.subjects.size()));
        const ScoredCustomer* scored = evaluation.find(customer);
        const auto lines = scored ? std::span(evaluation.lines).subspan(scored->first_line, scored->lines)
                                  : std::span<SubscriptionLine>{};
        if (signal.measure != Measure::drift && names_a_line(snapshot, signal.from, customer, lines))
            for (const SubscriptionLine& line : lines) members.subjects.emplace_back(customer, line);
        else
            members.subjects.emplace_back(customer);
    }
    return members;
}

/// One signal as some customers have it: bound to its feed once, cohort positions for all.
struct BoundSignal {
    const Signal* signal = nullptr;
    std::unique_ptr<SignalReader> reader = {};
    std::optional<Field> field = {};     ///< measure value of what the reader does not know
    std::vector<double> positions = {};  ///< cohort scales only, by member
    std::vector<Drift> drifts = {};      ///< measure drift only, by CustomerIndex
};

/// The newest day before today on which an alert about the signal ended.
std::optional<Day> drift_ended(const CustomerMemory* memory, std::string_view signal, Day as_of) {
    std::optional<Day> found;
    if (!memory) return found;
    for (const DriftEnd& end : memory->drift_ends) {
        if (end.signal == signal && end.day < as_of) found = end.day;
    }
    return found;
}

/// Days on which customers became others, to their account managers or by their plan, or an alert about them ended.
std::vector<DriftBreaks> find_breaks(const Evaluation& evaluation, const Signal& signal) {
    const Snapshot& snapshot = evaluation.snapshot;
    std::vector<DriftBreaks> breaks(snapshot.customers.size());
    for (CustomerIndex customer = 0; customer < breaks.size(); ++customer)
        breaks[customer].reset = plan_changed_on(snapshot, customer, evaluation.rules.policy.outcome.gap_days);
    for (const ScoredCustomer& customer : evaluation.customers) {
        auto& reset = breaks[customer.customer].reset;
        if (customer.owner_since <= snapshot.as_of) reset = std::max(reset, customer.owner_since);
        breaks[customer.customer].restart = drift_ended(customer.memory, signal.name, snapshot.as_of);
    }
    return breaks;
}

BoundSignal bind(const Evaluation& evaluation, const Signal& signal, const Members& members) {
    BoundSignal bound{.signal = &signal};
    if (signal.from != "promises")
        bound.reader =
            std::make_unique<SignalReader>(evaluation.snapshot, signal, evaluation.rules.policy.calendar.off_season);
    if (const auto* cohort = std::get_if<CohortScale>(&signal.scale)) {
        bound.positions = cohort_positions(evaluation.snapshot, signal, *cohort, members.subjects);
    }
    if (signal.measure == Measure::value && (signal.field == "pulse" || !CustomerColumn::is_fact(signal.field)))
        bound.field = FieldCatalogue{}.resolve(signal.field);
    if (signal.measure == Measure::drift)
        bound.drifts = drifts(evaluation.snapshot, signal, find_breaks(evaluation, signal));
    return bound;
}

/// Measure `value` of what rules call by the same name; a pulse that has expired is missing to both.
Measured measure_field(const Evaluation& evaluation, const Field& field, CustomerIndex customer) {
    const Value value = CustomerValues(evaluation, evaluation.position[customer]).value(field);
    Measured measured{.rows = value.known()};
    if (value.kind == Value::Kind::text) measured.text = value.text;
    if (value.kind == Value::Kind::number) measured.raw = value.number;
    return measured;
}

Measured measure(const Evaluation& evaluation, const BoundSignal& bound, const PromiseMeasures& promises,
                 const Subject& subject) {
    if (bound.field) return measure_field(evaluation, *bound.field, subject.customer);
    if (!bound.drifts.empty()) {
        const Drift& drift = bound.drifts[subject.customer];
        Measured measured = drift.from ? bound.reader->rows_since(subject, *drift.from) : Measured{};
        measured.raw = drift.cusum;
        return measured;
    }
    if (bound.reader) return bound.reader->measure(subject);
    const PromiseMeasures::Value value = promises.measure(*bound.signal, subject);
    return {.raw = value.raw, .rows = value.rows, .first = value.first, .last = value.last};
}

/// `member`: which cohort position is the subject's.
SignalScore score(const BoundSignal& bound, const Subject& subject, std::uint32_t member, const Measured& measured) {
    SignalScore result{.raw = measured.raw};
    if (const auto* cohort = std::get_if<CohortScale>(&bound.signal->scale)) {
        result.score = cohort_score(bound.positions[member], *cohort);
    } else {
        result.score = score_of(bound.signal->scale, measured);
    }
    if (bound.reader) result.freshness = bound.reader->freshness(subject, measured);
    return result;
}

/// One signal of the lines of a customer: measured on their own rows, or the customer's when its dataset does not tell
/// them apart. The customer's score then is their mean by revenue.
void score_lines(Evaluation& evaluation, const BoundSignal& bound, const PromiseMeasures& promises,
                 const Members& members, std::size_t at, std::size_t signal) {
    const ScoredCustomer& customer = evaluation.customers[at];
    const std::size_t count = evaluation.rules.signals.size();
    const std::uint32_t first = members.of_customer[customer.customer];
    const bool own = members.subjects[first].line != nullptr;
    std::vector<double> amounts, scores;
    for (std::uint32_t i = 0; i < customer.lines; ++i) {
        const std::size_t slot = (customer.first_line + i) * count + signal;
        evaluation.line_owns[slot] = own;
        evaluation.line_measured[slot] = evaluation.measured[at * count + signal];
        evaluation.line_signals[slot] = evaluation.signals[at * count + signal];
        if (!own) continue;
        const Subject& line = members.subjects[first + i];
        evaluation.line_measured[slot] = measure(evaluation, bound, promises, line);
        evaluation.line_signals[slot] = score(bound, line, first + i, evaluation.line_measured[slot]);
        if (is_missing(evaluation.line_signals[slot].score)) continue;
        amounts.push_back(line.line->subscription->mrr);
        scores.push_back(evaluation.line_signals[slot].score);
    }
    if (!own) return;
    const std::vector<double> shares = shares_of(amounts);
    evaluation.signals[at * count + signal].score =
        scores.empty() ? missing : std::inner_product(shares.begin(), shares.end(), scores.begin(), 0.0);
}

void score_signal(Evaluation& evaluation, const PromiseMeasures& promises, std::size_t signal) {
    std::map<ProfileSet, std::pair<Members, BoundSignal>> bound;
    const std::size_t count = evaluation.rules.signals.size();
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        const ScoredCustomer& customer = evaluation.customers[at];
        const ProfileSet key = is_patched(evaluation.rules, customer.profiles, signal) ? customer.profiles : 0;
        auto found = bound.find(key);
        if (found == bound.end()) {
            const Signal& patched = evaluation.variants.at(key).signals[signal];
            Members members = members_of(evaluation, patched);
            BoundSignal read = bind(evaluation, patched, members);
            found = bound.emplace(key, std::pair{std::move(members), std::move(read)}).first;
        }
        const auto& [members, read] = found->second;
        const std::size_t slot = at * count + signal;
        evaluation.measured[slot] = measure(evaluation, read, promises, customer.customer);
        evaluation.signals[slot] =
            score(read, customer.customer, members.of_customer[customer.customer], evaluation.measured[slot]);
        if (customer.lines > 0) score_lines(evaluation, read, promises, members, at, signal);
        if (read.drifts.empty()) continue;
        auto& drifts = evaluation.drifts[signal];
        drifts.resize(evaluation.customers.size());
        drifts[at] = read.drifts[customer.customer];
    }
}

/// What does not apply to a customer is not there; what may not apply is missing. Needs all raw values.
void leave_out(Evaluation& evaluation, std::size_t at) {
    const ScoredCustomer& customer = evaluation.customers[at];
    const std::size_t count = evaluation.rules.signals.size();
    const CustomerValues values(evaluation, at);
    std::vector<Truth> applies;
    for (const Signal& signal : evaluation.rules_of(customer).signals)
        applies.push_back(evaluate_all(signal.applies, values));
    for (std::size_t signal = 0; signal < count; ++signal) {
        if (applies[signal] == Truth::yes) continue;
        const SignalScore nothing{.applies = applies[signal] != Truth::no};
        evaluation.signals[at * count + signal] = nothing;
        evaluation.measured[at * count + signal] = {};
        for (std::size_t line = customer.first_line; line < customer.first_line + customer.lines; ++line) {
            evaluation.line_signals[line * count + signal] = nothing;
            evaluation.line_measured[line * count + signal] = {};
        }
    }
}

void count_unknown_categories(Evaluation& evaluation, std::size_t at) {
    const RuleSet& rules = evaluation.rules_of(evaluation.customers[at]);
    for (std::size_t signal = 0; signal < rules.signals.size(); ++signal) {
        if (!std::holds_alternative<CategoryScale>(rules.signals[signal].scale)) continue;
        const std::size_t slot = at * rules.signals.size() + signal;
        evaluation.unknown_categories +=
            evaluation.measured[slot].rows > 0 && is_missing(evaluation.signals[slot].score);
    }
}

void score_signals(Evaluation& evaluation) {
    const std::size_t count = evaluation.rules.signals.size();
    evaluation.signals.assign(evaluation.customers.size() * count, {});
    evaluation.measured.assign(evaluation.signals.size(), {});
    evaluation.line_signals.assign(evaluation.lines.size() * count, {});
    evaluation.line_measured.assign(evaluation.line_signals.size(), {});
    evaluation.line_owns.assign(evaluation.line_signals.size(), false);
    const PromiseMeasures promises(evaluation.snapshot, evaluation.rules, evaluation.promises);
    for (std::size_t signal = 0; signal < count; ++signal) score_signal(evaluation, promises, signal);
    for (std::size_t at = 0; at < evaluation.customers.size(); ++at) {
        leave_out(evaluation, at);
        count_unknown_categories(evaluation, at);
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

/// The newest day at or before `days` ago that has a health, if it is not older than a few days more.
const ScoreDay* believed_ago(const CustomerMemory* memory, Day as_of, int days) {
    constexpr int slack = 3;
    const ScoreDay* found = before(memory, as_of - std::chrono::days{days - 1}, as_of);
    return found && found->day >= as_of - std::chrono::days{days + slack} ? found : nullptr;
}

double health_ago(const CustomerMemory* memory, Day as_of, int days) {
    const ScoreDay* found = believed_ago(memory, as_of, days);
    return found ? found->health : missing;
}

/// Of the health today and at the seven weeks' ends before it. A week without a health to believe, or with one that
/// rests on too little, leaves too few to speak of a trend.
void find_trend(ScoredCustomer& customer, Day as_of, double coverage_floor) {
    constexpr int weeks = 8;
    if (customer.frozen || !covers(customer.coverage, coverage_floor)) return;
    std::array<double, weeks> healths;
    healths.back() = customer.health;
    for (int back = 1; back < weeks; ++back) {
        const ScoreDay* found = believed_ago(customer.memory, as_of, 7 * back);
        if (!found || !covers(found->coverage, coverage_floor)) return;
        healths[static_cast<std::size_t>(weeks - 1 - back)] = found->health;
    }
    customer.trend = trend_of(healths);
    customer.trend_slope = theil_sen(healths).slope;
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
    find_trend(customer, as_of, rules.coverage_floor);
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
    for (const std::uint32_t at : evaluation.order) {
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

std::span<const SignalScore> Evaluation::line_signals_of(std::size_t line) const {
    return std::span(line_signals).subspan(line * rules.signals.size(), rules.signals.size());
}

Measured Evaluation::measured_behind(std::size_t at, const Term& term) const {
    if (term.signal < 0) return {};
    const auto signal = static_cast<std::size_t>(term.signal);
    const ScoredCustomer& customer = customers[at];
    for (std::size_t line = customer.first_line; line < customer.first_line + customer.lines; ++line) {
        if (lines[line].subscription->id == term.subscription)
            return line_measured[line * rules.signals.size() + signal];
    }
    return measured[at * rules.signals.size() + signal];
}

double Evaluation::prior_of(CustomerIndex customer) const {
    const auto found = priors.find(snapshot.text(snapshot.customers[customer].segment));
    return found == priors.end() ? rules.health.prior : found->second;
}

SignalDrift Evaluation::drift_of(std::size_t at) const {
    SignalDrift found;
    for (const auto& [signal, of_all] : drifts) {
        const bool speaks = is_known(signals_of(at)[signal].raw) && is_known(of_all[at].cusum);
        if (speaks && !(of_all[at].cusum <= found.drift.cusum)) found = {static_cast<int>(signal), of_all[at]};
    }
    return found;
}

Health Evaluation::health_of(std::size_t at) const {
    Health health = joined_health(*this, at);
    apply_caps(health, rules_of(customers[at]), CustomerValues(*this, at));
    return health;
}

Risk Evaluation::risk_of(std::size_t at) const {
    const ScoredCustomer& customer = customers[at];
    const RiskRules& own = rules_of(customer).risk;
    if (own.model) {
        Risk risk = fitted_risk(*own.model, CustomerValues(*this, at));
        for (std::size_t term = 0; term < risk.parts.size(); ++term)
            risk.parts[term].theme = theme_of(rules, own.model->terms[term].feature);
        return risk;
    }
    const double log_odds = is_known(customer.risk) ? logit(customer.risk) - logit(own.base_rate) : missing;
    return {.probability = customer.risk,
            .parts = {{.feature = "health", .theme = "health", .raw = customer.health, .log_odds = log_odds}}};
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

Evaluation evaluate(const Snapshot& snapshot, const RuleSet& rules, const State& state,
                    const std::vector<ProfileSet>* profiles) {
    Evaluation evaluation{.snapshot = snapshot, .rules = rules};
    evaluation.feeds = judge_feeds(snapshot, state.feeds, rules.policy.alerts);
    evaluation.variants.emplace(ProfileSet{0}, rules);
    place_promises(evaluation, state);
    find_live_customers(evaluation, state);
    match_profiles(evaluation, profiles);
    find_lines(evaluation);
    link_children(evaluation);
    score_signals(evaluation);
    find_priors(evaluation, state);
    score_health(evaluation);
    score_risk(evaluation);
    roll_up(evaluation);
    return evaluation;
}

}  // namespace retaind
