#include "judge.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "retaind/base/text.hpp"
#include "retaind/rules/visit.hpp"
#include "values.hpp"

namespace retaind {
namespace {

/// Something a rule can speak about, with its fields.
struct Entity {
    std::string id = {};
    CustomerIndex customer = no_customer;
    const Promise* promise = nullptr;
    std::unique_ptr<FieldValues> values = {};
    const ContractFacts* facts = nullptr;
    std::string_view motion = {};
};

class Judge {
public:
    explicit Judge(const JudgeInput& input)
        : input_(input), evaluation_(input.evaluation), snapshot_(input.evaluation.snapshot) {
        for (const Alert& alert : input.alerts) {
            if (!builtin_rule(alert.key.rule)) stored_.emplace(alert.key, alert);  // those are the guard's
        }
    }

    Judged run() {
        for (std::size_t rule = 0; rule < evaluation_.rules.rules.size(); ++rule) judge_rule(rule);
        for (const auto& [key, alert] : stored_) judge_absent(alert);
        std::sort(judged_.moves.begin(), judged_.moves.end(),
                  [](const Move& a, const Move& b) { return a.alert.key < b.alert.key; });
        return std::move(judged_);
    }

private:
    void judge_rule(std::size_t index);
    void judge_entity(std::size_t index, const Entity& entity);
    void judge_absent(const Alert& alert);
    Finding find(const Rule& rule, const FieldValues& values) const;
    void describe_alert(Alert& alert, const Rule& rule, const Entity& entity) const;
    std::vector<std::string> step_advice(const Rule& rule, const Entity& entity) const;
    std::optional<Day> deadline_of(const Rule& rule, const Entity& entity) const;
    template <class Function>
    void for_each_entity(Scope scope, Function function);
    std::optional<Alert> take_stored(const AlertKey& key);
    std::optional<Day> time_of(const Rule& rule) const { return data_time(evaluation_.feeds, rule, snapshot_.as_of); }
    void find_times(std::size_t index);

    const JudgeInput& input_;
    const Evaluation& evaluation_;
    const Snapshot& snapshot_;
    std::map<AlertKey, Alert> stored_;                ///< not yet judged
    std::map<ProfileSet, std::optional<Day>> times_;  ///< of the rule at hand, by profiles; nothing: frozen
    std::optional<Day> common_time_;                  ///< the oldest of them; nothing when one is frozen
    bool adopting_ = false;                           ///< likewise of the rule at hand
    Judged judged_;
};

template <class Function>
void Judge::for_each_entity(Scope scope, Function function) {
    const auto facts = [&](std::size_t at) { return &evaluation_.customers[at].facts; };
    const auto motion = [&](CustomerIndex customer) { return snapshot_.text(snapshot_.customers[customer].motion); };
    switch (scope) {
        case Scope::customer:
            for (std::size_t at = 0; at < evaluation_.customers.size(); ++at) {
                const CustomerIndex customer = evaluation_.customers[at].customer;
                function(Entity{.id = std::string(snapshot_.text(snapshot_.customers[customer].id)),
                                .customer = customer,
                                .values = std::make_unique<CustomerValues>(evaluation_, at),
                                .facts = facts(at),
                                .motion = motion(customer)});
            }
            break;
        case Scope::promise: {
            const Day oldest =
                snapshot_.as_of - std::chrono::days{static_cast<int>(evaluation_.rules.promises.memory_days)};
            for (std::size_t at = 0; at < snapshot_.promises.size(); ++at) {
                const Promise& promise = snapshot_.promises[at];
                const ScoredCustomer* customer = evaluation_.find(promise.customer);
                if (!customer || !has_begun(promise, snapshot_.as_of) || promise.due_on < oldest) continue;
                const auto customer_at = static_cast<std::size_t>(customer - evaluation_.customers.data());
                function(Entity{.id = std::string(snapshot_.text(promise.id)),
                                .customer = promise.customer,
                                .promise = &promise,
                                .values = std::make_unique<PromiseValues>(evaluation_, at, customer_at),
                                .facts = facts(customer_at),
                                .motion = motion(promise.customer)});
            }
            break;
        }
        case Scope::segment:
            for (const SegmentView& segment : evaluation_.segments)
                function(Entity{.id = segment.segment, .values = std::make_unique<SegmentValues>(segment)});
            break;
        case Scope::portfolio:
            if (!evaluation_.customers.empty())
                function(Entity{.values = std::make_unique<SegmentValues>(evaluation_.portfolio)});
            break;
        case Scope::source:
            for (const Feed& feed : snapshot_.feeds) {
                function(Entity{.id = feed.dataset,
                                .values = std::make_unique<SourceValues>(snapshot_, input_.state, feed.dataset)});
            }
            break;
        case Scope::row: break;
    }
}

std::optional<Alert> Judge::take_stored(const AlertKey& key) {
    const auto found = stored_.find(key);
    if (found == stored_.end()) return std::nullopt;
    return std::move(stored_.extract(found).mapped());
}

Finding Judge::find(const Rule& rule, const FieldValues& values) const {
    Finding finding;
    finding.applies = evaluate_all(rule.applies, values);
    finding.when = holds(rule.trigger, values);
    finding.clear = clears(rule.trigger, values);
    if (rule.critical) {
        finding.critical_when = holds(*rule.critical, values);
        finding.critical_clear = clears(*rule.critical, values);
    }
    return finding;
}

bool is_working_day(const Calendar& calendar, Day day) {
    const auto weekday = static_cast<int>(std::chrono::weekday{day}.iso_encoding());
    return std::ranges::count(calendar.weekdays, weekday) > 0 && std::ranges::count(calendar.holidays, day) == 0;
}

/// The last working day on which there is still time; the day itself when none is left.
Day in_working_time(const Calendar& calendar, Day deadline, Day today) {
    for (Day day = deadline; day > today; day -= std::chrono::days{1}) {
        if (is_working_day(calendar, day)) return day;
    }
    return deadline;
}

std::optional<Day> Judge::deadline_of(const Rule& rule, const Entity& entity) const {
    const auto in = [&](double days) -> std::optional<Day> {
        if (is_missing(days)) return std::nullopt;
        return snapshot_.as_of + std::chrono::days{static_cast<int>(days)};
    };
    switch (rule.deadline.kind) {
        case Deadline::Kind::none: return std::nullopt;
        case Deadline::Kind::notice:
            return entity.facts ? in(is_known(entity.facts->days_to_notice) ? entity.facts->days_to_notice
                                                                            : entity.facts->days_to_renewal)
                                : std::nullopt;
        case Deadline::Kind::renewal: return entity.facts ? in(entity.facts->days_to_renewal) : std::nullopt;
        case Deadline::Kind::due: return entity.promise ? std::optional(entity.promise->due_on) : std::nullopt;
        case Deadline::Kind::after_opening:
            return snapshot_.as_of + std::chrono::ceil<std::chrono::days>(rule.deadline.after);
    }
    return std::nullopt;
}

void add_reasons(std::vector<std::string>& reasons, const Trigger& trigger, const FieldValues& values) {
    for (const Condition& condition : trigger.when) reasons.push_back(describe(condition, values));
    for (const Condition& condition : trigger.any) {
        if (evaluate(condition, values) == Truth::yes) reasons.push_back(describe(condition, values));
    }
}

/// Words for people, as of the last evaluation at which the alert's condition held.
void Judge::describe_alert(Alert& alert, const Rule& rule, const Entity& entity) const {
    const std::string& currency = evaluation_.rules.policy.currency.base;
    alert.reasons.clear();
    add_reasons(alert.reasons, rule.trigger, *entity.values);
    if (alert.severity == Severity::critical && rule.critical)
        add_reasons(alert.reasons, *rule.critical, *entity.values);
    alert.message = render(rule.message, *entity.values, currency);
    alert.advice.clear();
    for (const auto& [motion, advice] : rule.advice) {
        if (motion == entity.motion || (motion.empty() && alert.advice.empty()))
            alert.advice = render(advice, *entity.values, currency);
    }
    alert.revenue = entity.facts ? entity.facts->revenue : missing;
    // Counted from the opening: an alert's deadline must not move away with each day.
    if (!alert.deadline || rule.deadline.kind != Deadline::Kind::after_opening) {
        alert.deadline = deadline_of(rule, entity);
        if (alert.deadline)
            alert.deadline = in_working_time(evaluation_.rules.policy.calendar, *alert.deadline, snapshot_.as_of);
    }
    if (!alert.opened_at) alert.opened_at = input_.now;
}

std::vector<std::string> Judge::step_advice(const Rule& rule, const Entity& entity) const {
    std::vector<std::string> texts;
    for (const Step& step : rule.steps) {
        texts.push_back(step.advice ? render(*step.advice, *entity.values, evaluation_.rules.policy.currency.base)
                                    : std::string{});
    }
    return texts;
}

void Judge::judge_entity(std::size_t index, const Entity& entity) {
    const ScoredCustomer* customer = entity.customer == no_customer ? nullptr : evaluation_.find(entity.customer);
    const Rule& rule = customer ? evaluation_.rules_of(*customer).rules[index] : evaluation_.rules.rules[index];
    const AlertKey key{.rule = rule.name, .scope = rule.scope, .entity = entity.id};
    const std::optional<Alert> before = take_stored(key);
    std::optional<Day> time = customer ? times_.at(customer->profiles) : common_time_;
    if (customer && customer->frozen && reads_health(rule)) time.reset();  // a child of it may read what it does not
    if (!before && !time) return;
    Finding finding = time ? find(rule, *entity.values) : Finding{};
    if (!before && (finding.when != Truth::yes || finding.applies != Truth::yes)) return;
    finding.frozen = !time;
    finding.data_time = time.value_or(snapshot_.as_of);
    finding.as_of = snapshot_.as_of;
    const AlertStep stepped = step(before ? &*before : nullptr, key, rule, finding, input_.state.forgotten);
    if (!stepped.after) return;
    Move move{.alert = *stepped.after,
              .transition = stepped.transition,
              .rule = &rule,
              .adopting = adopting_,
              .frozen = finding.frozen};
    if (!finding.frozen) note_evaluation(before ? &*before : nullptr, move.alert, snapshot_.as_of);
    if (!finding.frozen && is_open(move.alert)) move.step_advice = step_advice(rule, entity);
    if (entity.customer != no_customer)
        move.alert.customer_id = snapshot_.text(snapshot_.customers[entity.customer].id);
    if (!finding.frozen && finding.when == Truth::yes && is_open(move.alert)) describe_alert(move.alert, rule, entity);
    judged_.moves.push_back(std::move(move));
}

/// A profile may read other datasets. What is said of all customers together rests on those of every profile.
void Judge::find_times(std::size_t index) {
    times_.clear();
    common_time_ = snapshot_.as_of;
    for (const auto& [profiles, rules] : evaluation_.variants) {
        const std::optional<Day> time = times_[profiles] = time_of(rules.rules[index]);
        common_time_ = std::min(common_time_, time);  // nothing is less than any day
    }
}

void Judge::judge_rule(std::size_t index) {
    const Rule& rule = evaluation_.rules.rules[index];
    find_times(index);
    adopting_ = adopts(input_.adopted, evaluation_.rules, rule);
    const bool is_of_one = rule.scope == Scope::customer || rule.scope == Scope::promise;
    const bool some_were =
        times_.empty() || std::ranges::any_of(times_, [](const auto& time) { return time.second.has_value(); });
    judged_.evaluated.push_back(is_of_one ? some_were : common_time_.has_value());
    for_each_entity(rule.scope, [&](const Entity& entity) { judge_entity(index, entity); });
}

/// What is left in the store: its rule or its entity is no longer there.
void Judge::judge_absent(const Alert& alert) {
    const auto& rules = evaluation_.rules.rules;
    const auto found =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return each.name == alert.key.rule; });
    const Rule gone{.name = alert.key.rule, .scope = alert.key.scope};
    const Rule* rule = found == rules.end() ? nullptr : &*found;
    const std::optional<Day> time = rule ? time_of(*rule) : std::optional(snapshot_.as_of);
    Finding finding{.frozen = !time || !customers_known(snapshot_),
                    .present = false,
                    .data_time = time.value_or(snapshot_.as_of),
                    .as_of = snapshot_.as_of};
    const CustomerIndex customer = alert.customer_id.empty() ? no_customer : snapshot_.find_customer(alert.customer_id);
    if (!rule) {
        finding.gone_because = "the rule was removed";
    } else if (customer != no_customer && !evaluation_.find(customer)) {
        finding.ended = has_ended(snapshot_, customer);
        finding.gone_because = finding.ended ? "the contract ended" : "its subscriptions are no longer in the data";
    } else {
        finding.gone_because =
            alert.key.scope == Scope::promise ? "the promise is no longer open" : "no longer in the data";
    }
    AlertStep stepped = step(&alert, alert.key, rule ? *rule : gone, finding);
    if (!stepped.after) return;
    if (!finding.frozen) note_evaluation(&alert, *stepped.after, snapshot_.as_of);
    judged_.moves.push_back(
        {.alert = std::move(*stepped.after), .transition = stepped.transition, .rule = rule, .frozen = finding.frozen});
}

}  // namespace

bool reads_health(const Rule& rule) {
    bool found = false;
    visit_decisive_fields(rule, [&](const Field& field) {
        if (field.kind != Field::Kind::builtin) return;
        const std::vector<std::string_view> reads = words_of(field_spec(field).reads);
        found = found || std::ranges::count(reads, "health") + std::ranges::count(reads, "risk") > 0;
    });
    return found;
}

Judged judge(const JudgeInput& input) { return Judge(input).run(); }

}  // namespace retaind
