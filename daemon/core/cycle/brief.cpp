#include "retaind/cycle/brief.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "evaluation.hpp"
#include "retaind/cycle/cycle.hpp"
#include "values.hpp"

namespace retaind {
namespace {

bool is_bad(PromiseState state) { return state == PromiseState::off_track || state == PromiseState::missed; }

/// The worst first.
int urgency(PromiseState state) {
    switch (state) {
        case PromiseState::missed: return 0;
        case PromiseState::off_track: return 1;
        case PromiseState::slipping: return 2;
        case PromiseState::unmeasurable: return 3;
        case PromiseState::open: return 4;
        case PromiseState::on_track: return 5;
        case PromiseState::kept: return 6;
    }
    return 7;
}

class Briefing {
public:
    Briefing(const Evaluation& evaluation, const std::vector<Alert>& alerts, const ScoredCustomer& scored)
        : evaluation_(evaluation),
          snapshot_(evaluation.snapshot),
          alerts_(alerts),
          scored_(scored),
          customer_(evaluation.snapshot.customers[scored.customer]) {}

    Brief write() {
        add_contract();
        add_promises();
        if (brief_.do_not_profile) {
            say_promises();
            return std::move(brief_);
        }
        add_health();
        add_touches();
        add_alerts();
        add_relations();
        add_gaps();
        say_promises();
        say_the_rest();
        return std::move(brief_);
    }

private:
    void add_contract();
    void add_health();
    void add_touches();
    void add_promises();
    void add_alerts();
    void add_relations();
    void add_gaps();
    void say_of(std::string_view sentence, const std::function<bool(const Brief::Promised&)>& is_meant);
    void say_promises();
    void say_the_rest();

    std::string text(Word word) const { return std::string(snapshot_.text(word)); }
    std::string person(std::string_view id) const {
        const Person* found = snapshot_.person(id);
        return found && found->name != no_word ? text(found->name) : std::string(id);
    }
    /// "uses", "uses of s1", or of a child its name.
    std::string name_of(const Term& term) const {
        if (term.child != no_customer) return text(snapshot_.customers[term.child].name);
        const std::string& signal = evaluation_.rules.signals[static_cast<std::size_t>(term.signal)].name;
        return term.subscription == no_word ? signal : signal + " of " + text(term.subscription);
    }
    std::optional<Day> in_days_from_now(double days) const {
        if (is_missing(days)) return std::nullopt;
        return snapshot_.as_of + std::chrono::days{static_cast<int>(days)};
    }

    const Evaluation& evaluation_;
    const Snapshot& snapshot_;
    const std::vector<Alert>& alerts_;
    const ScoredCustomer& scored_;
    const Customer& customer_;
    Brief brief_ = {};
};

void Briefing::add_contract() {
    const ContractFacts& facts = scored_.facts;
    brief_.customer_id = text(customer_.id);
    brief_.name = text(customer_.name);
    brief_.segment = text(customer_.segment);
    brief_.motion = text(customer_.motion);
    brief_.plan = text(facts.plan);
    brief_.account_manager = person(snapshot_.text(customer_.account_manager));
    brief_.seller = person(snapshot_.text(customer_.seller));
    brief_.currency = evaluation_.rules.policy.currency.base;
    brief_.as_of = snapshot_.as_of;
    brief_.since = in_days_from_now(-facts.tenure_days);
    brief_.renews_on = in_days_from_now(facts.days_to_renewal);
    brief_.notice_on = in_days_from_now(facts.days_to_notice);
    brief_.revenue = facts.revenue;
    brief_.do_not_profile = customer_.do_not_profile;
}

void Briefing::add_health() {
    const auto at = static_cast<std::size_t>(&scored_ - evaluation_.customers.data());
    const Health health = evaluation_.health_of(at);
    brief_.health = health.health;
    brief_.coverage = health.coverage;
    brief_.band = scored_.band;
    std::vector<Brief::Signal> moved;
    for (const Term& term : health.terms) {
        moved.push_back({.name = name_of(term), .raw = term.raw, .contribution = term.contribution});
    }
    std::ranges::stable_sort(moved, std::greater{}, &Brief::Signal::contribution);
    constexpr std::size_t most = 2;
    constexpr double least = 0.5;  // points that nobody would call a reason
    for (const Brief::Signal& signal : moved) {
        if (signal.contribution >= least && brief_.ups.size() < most) brief_.ups.push_back(signal);
    }
    for (auto signal = moved.rbegin(); signal != moved.rend(); ++signal) {
        if (signal->contribution <= -least && brief_.downs.size() < most) brief_.downs.push_back(*signal);
    }
    brief_.pulse = pulse(customer_, snapshot_.as_of, evaluation_.rules.health.pulse_expires);
    if (is_missing(brief_.pulse)) return;
    brief_.pulse_at = customer_.pulse_at;
    brief_.pulse_note = text(customer_.pulse_note);
}

void Briefing::add_touches() {
    const Series* series = snapshot_.find_series("touchpoints");
    if (!series) return;
    const auto column = [&](std::string_view name, std::uint32_t row) {
        const auto found = std::ranges::find(series->texts, name, &Series::Texts::name);
        return found == series->texts.end() ? std::string_view{} : snapshot_.text(found->words[row]);
    };
    for (std::uint32_t row = series->first[scored_.customer + 1]; row-- > series->first[scored_.customer];) {
        const Day day{std::chrono::days{series->day[row]}};
        const bool known = series->known.empty() || Day{std::chrono::days{series->known[row]}} <= snapshot_.as_of;
        const std::string_view kind = column("kind", row);
        const bool is_older = std::ranges::find(brief_.touches, kind, &Brief::Touch::kind) != brief_.touches.end();
        if (day > snapshot_.as_of || !known || is_older) continue;
        brief_.touches.push_back({.kind = std::string(kind),
                                  .by = person(column("by", row)),
                                  .channel = std::string(column("channel", row)),
                                  .day = day});
    }
}

void Briefing::add_promises() {
    const Day oldest = snapshot_.as_of - std::chrono::days{static_cast<int>(evaluation_.rules.promises.memory_days)};
    for (std::uint32_t at = customer_.first_promise; at < customer_.first_promise + customer_.promises; ++at) {
        const Promise& promise = snapshot_.promises[at];
        const Progress& progress = evaluation_.promises[at];
        const PromiseState state = evaluation_.promise_days[at].state;
        if (!has_begun(promise, snapshot_.as_of) || promise.due_on < oldest) continue;
        if (state == PromiseState::kept && !progress.disputed) continue;
        brief_.promises.push_back({.promise_id = text(promise.id),
                                   .outcome = text(promise.outcome),
                                   .promised_by = person(snapshot_.text(promise.promised_by)),
                                   .kept_by = person(snapshot_.text(promise.kept_by)),
                                   .state = state,
                                   .days_behind = progress.not_loaded ? missing : progress.days_behind,
                                   .probability = progress.probability,
                                   .due_on = promise.due_on,
                                   .disputed = progress.disputed,
                                   .why_unmeasurable = progress.why_unmeasurable});
    }
    std::ranges::stable_sort(brief_.promises, {}, [](const Brief::Promised& promise) {
        return std::pair(urgency(promise.state), promise.due_on);
    });
}

void Briefing::add_alerts() {
    for (const Alert& alert : alerts_) {
        if (alert.customer_id == brief_.customer_id && is_open(alert) && alert.phase != AlertPhase::pending)
            brief_.alerts.push_back(alert);
    }
    std::ranges::stable_sort(brief_.alerts, std::greater{}, &Alert::severity);
}

void Briefing::add_relations() {
    for (const Relation& relation : snapshot_.relations) {
        if (relation.customer != scored_.customer && relation.related != scored_.customer) continue;
        const bool is_first = relation.customer == scored_.customer;
        const CustomerIndex other = is_first ? relation.related : relation.customer;
        const Customer& near = snapshot_.customers[other];
        const Brief::Near found{
            .name = text(near.name), .kind = text(relation.kind), .live = evaluation_.find(other) != nullptr};
        if (std::ranges::find(brief_.near, found) == brief_.near.end())
            brief_.near.push_back(found);  // both may say so
    }
}

/// Datasets that the score reads and that say nothing, or nothing new.
void Briefing::add_gaps() {
    const auto at = static_cast<std::size_t>(&scored_ - evaluation_.customers.data());
    const Health health = evaluation_.health_of(at);
    std::map<std::string, std::string> gaps;
    for (const Term& term : health.terms) {
        const std::string& dataset = evaluation_.rules.signals[static_cast<std::size_t>(term.signal)].from;
        const std::optional<Day> newest = watermark(snapshot_, dataset);
        switch (feed_state(snapshot_, dataset)) {
            case FeedState::unmapped: gaps[dataset] = "nobody measures it"; break;
            case FeedState::not_loaded: gaps[dataset] = "it could not be read"; break;
            case FeedState::stale:
                gaps[dataset] = newest ? "nothing is known since " + format_day(*newest) : "nothing is known";
                break;
            case FeedState::fresh:
                if (is_missing(term.raw)) gaps.emplace(dataset, "nothing is known of this customer");
                break;
        }
    }
    for (const auto& [dataset, why] : gaps) brief_.gaps.push_back(fmt::format("{}: {}", dataset, why));
}

// -- what had better not be said --------------------------------------------------------------------------------------

/// One sentence about the first promise of a kind, and how many more there are of it. The outcome comes last: it may be
/// long.
void Briefing::say_of(std::string_view sentence, const std::function<bool(const Brief::Promised&)>& is_meant) {
    const auto first = std::ranges::find_if(brief_.promises, is_meant);
    if (first == brief_.promises.end()) return;
    const auto count = std::ranges::count_if(brief_.promises, is_meant);
    brief_.not_to_say.push_back(
        fmt::format("{}{}: {}", sentence, count == 1 ? "" : fmt::format(" ({} promises)", count), first->outcome));
}

void Briefing::say_promises() {
    const auto is = [](PromiseState state) { return [=](const Brief::Promised& each) { return each.state == state; }; };
    const bool has_missed = std::ranges::any_of(brief_.promises, is(PromiseState::missed));
    say_of(has_missed ? "Do not sell; speak first of what was missed" : "Do not sell; speak first of what is off track",
           [](const Brief::Promised& each) { return is_bad(each.state); });
    say_of("Do not call it reached; somebody says so, what is measured does not",
           [](const Brief::Promised& each) { return each.disputed; });
    say_of("Claim no progress where it cannot be measured", is(PromiseState::unmeasurable));
}

void Briefing::say_the_rest() {
    auto& say = brief_.not_to_say;
    const bool has_bad =
        std::ranges::any_of(brief_.promises, [](const auto& promise) { return is_bad(promise.state); });
    const auto pressing =
        std::ranges::find_if(brief_.alerts, [](const Alert& alert) { return alert.severity != Severity::info; });
    if (!has_bad && pressing != brief_.alerts.end())
        say.push_back(fmt::format("Do not sell; speak first of what is open: {}", pressing->message));
    const auto review = std::ranges::find(brief_.touches, "review", &Brief::Touch::kind);
    constexpr std::chrono::days recent{365};
    if (review == brief_.touches.end() || review->day < snapshot_.as_of - recent)
        say.push_back(review == brief_.touches.end()
                          ? "Do not ask for a reference: no review of the outcomes has been held."
                          : "Do not ask for a reference: the last review was on " + format_day(review->day) + ".");
    if (!brief_.gaps.empty())
        say.push_back(
            fmt::format("Do not speak as if you knew what is missing ({}): ask.", fmt::join(brief_.gaps, "; ")));
    say.push_back("Mention no health, risk or band to the customer: they are for us.");
}

}  // namespace

Result<Brief> brief(const Snapshot& snapshot, const RuleSet& rules, const State& state, std::string_view customer_id) {
    const Evaluation evaluation = evaluate(snapshot, rules, state);
    const Result<const ScoredCustomer*> scored = find_live(evaluation, customer_id);
    if (!scored) return scored.error();
    // Alerts as a cycle of this day leaves them. The time is for people only.
    const CycleResult cycle = run_cycle(snapshot, rules, state, snapshot.as_of + std::chrono::days{1});
    return Briefing(evaluation, cycle.state.alerts, **scored).write();
}

}  // namespace retaind
