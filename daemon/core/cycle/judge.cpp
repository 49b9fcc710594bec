#include "judge.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "values.hpp"

namespace retaind {
namespace {

/// Something a rule can speak about, with its fields.
struct Entity {
    std::string id;
    CustomerIndex customer = no_customer;
    const Promise* promise = nullptr;
    std::unique_ptr<FieldValues> values = {};
    const ContractFacts* facts = nullptr;
    std::string_view motion = {};
};

class Judge {
public:
    Judge(const Evaluation& evaluation, const State& state, const JudgeOptions& options)
        : evaluation_(evaluation), snapshot_(evaluation.snapshot), options_(options) {
        for (const Alert& alert : state.alerts) stored_.emplace(alert.key, alert);
        state_ = &state;
    }

    std::vector<Judgement> run() {
        for (std::size_t rule = 0; rule < evaluation_.rules.rules.size(); ++rule) judge_rule(rule);
        for (const auto& [key, alert] : stored_) judge_absent(alert);
        std::sort(judgements_.begin(), judgements_.end(), [](const Judgement& a, const Judgement& b) { return a.alert.key < b.alert.key; });
        return std::move(judgements_);
    }

private:
    void judge_rule(std::size_t index);
    void judge_entity(std::size_t index, const Rule& rule, bool frozen, const Entity& entity);
    void judge_absent(const Alert& alert);
    Finding find(const Rule& rule, const FieldValues& values) const;
    void describe_alert(Alert& alert, const Rule& rule, const Entity& entity) const;
    std::optional<Day> deadline_of(const Rule& rule, const Entity& entity) const;
    template <class Function>
    void for_each_entity(Scope scope, Function function);
    bool is_frozen(const std::vector<std::string>& datasets) const;
    Day data_time(const std::vector<std::string>& datasets) const;
    const Alert* take_stored(const AlertKey& key, const Rule& rule);

    const Evaluation& evaluation_;
    const Snapshot& snapshot_;
    const JudgeOptions& options_;
    const State* state_ = nullptr;
    std::map<AlertKey, Alert> stored_;           ///< not yet judged
    Alert taken_;                                ///< the one being judged
    std::vector<Judgement> judgements_;
};

bool Judge::is_frozen(const std::vector<std::string>& datasets) const {
    return any_not_fresh(snapshot_, datasets) || std::any_of(datasets.begin(), datasets.end(), [&](const std::string& dataset) {
               return options_.suspect.contains(dataset);
           });
}

Day Judge::data_time(const std::vector<std::string>& datasets) const {
    Day oldest = snapshot_.as_of;
    for (const std::string& dataset : datasets) {
        if (const std::optional<Day> newest = watermark(snapshot_, dataset)) oldest = std::min(oldest, *newest);
    }
    return oldest;
}

template <class Function>
void Judge::for_each_entity(Scope scope, Function function) {
    const auto facts = [&](std::size_t at) { return &evaluation_.customers[at].facts; };
    const auto motion = [&](CustomerIndex customer) { return snapshot_.text(snapshot_.customers[customer].motion); };
    switch (scope) {
        case Scope::customer:
            for (std::size_t at = 0; at < evaluation_.customers.size(); ++at) {
                const CustomerIndex customer = evaluation_.customers[at].customer;
                function(Entity{.id = std::string(snapshot_.text(snapshot_.customers[customer].id)), .customer = customer,
                                .values = std::make_unique<CustomerValues>(evaluation_, at), .facts = facts(at), .motion = motion(customer)});
            }
            break;
        case Scope::promise: {
            const Day oldest = snapshot_.as_of - std::chrono::days{static_cast<int>(evaluation_.rules.promises.memory_days)};
            for (std::size_t at = 0; at < snapshot_.promises.size(); ++at) {
                const Promise& promise = snapshot_.promises[at];
                const ScoredCustomer* customer = evaluation_.find(promise.customer);
                if (!customer || promise.starts_on > snapshot_.as_of || promise.due_on < oldest) continue;
                const auto customer_at = static_cast<std::size_t>(customer - evaluation_.customers.data());
                function(Entity{.id = std::string(snapshot_.text(promise.id)), .customer = promise.customer, .promise = &promise,
                                .values = std::make_unique<PromiseValues>(evaluation_, at, customer_at), .facts = facts(customer_at), .motion = motion(promise.customer)});
            }
            break;
        }
        case Scope::segment:
            for (const SegmentView& segment : evaluation_.segments) function(Entity{.id = segment.segment, .values = std::make_unique<SegmentValues>(segment)});
            break;
        case Scope::portfolio:
            if (!evaluation_.customers.empty()) function(Entity{.values = std::make_unique<SegmentValues>(evaluation_.portfolio)});
            break;
        case Scope::source:
            for (const Feed& feed : snapshot_.feeds) {
                function(Entity{.id = feed.dataset, .values = std::make_unique<SourceValues>(snapshot_, *state_, feed.dataset)});
            }
            break;
        case Scope::row: break;
    }
}

/// The stored alert of this key, or of the rule's former name.
const Alert* Judge::take_stored(const AlertKey& key, const Rule& rule) {
    auto found = stored_.find(key);
    if (found == stored_.end() && !rule.was.empty()) {
        AlertKey former = key;
        former.rule = rule.was;
        found = stored_.find(former);
    }
    if (found == stored_.end()) return nullptr;
    taken_ = std::move(found->second);
    taken_.key = key;
    stored_.erase(found);
    return &taken_;
}

Finding Judge::find(const Rule& rule, const FieldValues& values) const {
    Finding finding;
    finding.applies = evaluate_all(rule.applies, values);
    const auto opens = [&](const Trigger& trigger) {
        const Truth all = evaluate_all(trigger.when, values);
        return trigger.any.empty() ? all : both(all, evaluate_any(trigger.any, values));
    };
    finding.when = opens(rule.trigger);
    finding.clear = rule.trigger.clear_is_negation ? negation(finding.when) : evaluate_all(rule.trigger.clear, values);
    if (rule.critical) {
        finding.critical_when = opens(*rule.critical);
        finding.critical_clear = rule.critical->clear_is_negation ? negation(finding.critical_when) : evaluate_all(rule.critical->clear, values);
    }
    return finding;
}

std::optional<Day> Judge::deadline_of(const Rule& rule, const Entity& entity) const {
    const auto in = [&](double days) -> std::optional<Day> {
        if (is_missing(days)) return std::nullopt;
        return snapshot_.as_of + std::chrono::days{static_cast<int>(days)};
    };
    switch (rule.deadline.kind) {
        case Deadline::Kind::none: return std::nullopt;
        case Deadline::Kind::notice: return entity.facts ? in(is_known(entity.facts->days_to_notice) ? entity.facts->days_to_notice : entity.facts->days_to_renewal) : std::nullopt;
        case Deadline::Kind::renewal: return entity.facts ? in(entity.facts->days_to_renewal) : std::nullopt;
        case Deadline::Kind::due: return entity.promise ? std::optional(entity.promise->due_on) : std::nullopt;
        case Deadline::Kind::after_opening: return snapshot_.as_of + std::chrono::ceil<std::chrono::days>(rule.deadline.after);
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
    if (alert.severity == Severity::critical && rule.critical) add_reasons(alert.reasons, *rule.critical, *entity.values);
    alert.message = render(rule.message, *entity.values, currency);
    alert.advice.clear();
    for (const auto& [motion, advice] : rule.advice) {
        if (motion == entity.motion || (motion.empty() && alert.advice.empty())) alert.advice = render(advice, *entity.values, currency);
    }
    alert.revenue = entity.facts ? entity.facts->revenue : missing;
    // Counted from the opening: an alert's deadline must not move away with each day.
    if (!alert.deadline || rule.deadline.kind != Deadline::Kind::after_opening) alert.deadline = deadline_of(rule, entity);
    if (!alert.opened_at) alert.opened_at = options_.now;
}

void Judge::judge_entity(std::size_t index, const Rule& base, bool frozen, const Entity& entity) {
    const ScoredCustomer* customer = entity.customer == no_customer ? nullptr : evaluation_.find(entity.customer);
    const Rule& rule = customer ? evaluation_.rules_of(*customer).rules[index] : base;
    const AlertKey key{.rule = rule.name, .scope = rule.scope, .entity = entity.id};
    const Alert* before = take_stored(key, rule);
    if (!before && frozen) return;
    Finding finding = frozen ? Finding{} : find(rule, *entity.values);
    if (!before && (finding.when != Truth::yes || finding.applies != Truth::yes)) return;
    finding.frozen = frozen;
    finding.data_time = data_time(rule.reads);
    const AlertStep step = retaind::step(before, key, rule, finding);
    if (!step.after) return;
    Judgement judgement{.alert = *step.after, .transition = step.transition, .rule = &rule, .customer = entity.customer, .promise = entity.promise};
    if (entity.customer != no_customer) judgement.alert.customer_id = snapshot_.text(snapshot_.customers[entity.customer].id);
    if (!frozen && finding.when == Truth::yes && is_open(judgement.alert)) describe_alert(judgement.alert, rule, entity);
    judgements_.push_back(std::move(judgement));
}

void Judge::judge_rule(std::size_t index) {
    const Rule& base = evaluation_.rules.rules[index];
    const bool frozen = is_frozen(base.reads);
    for_each_entity(base.scope, [&](const Entity& entity) { judge_entity(index, base, frozen, entity); });
}

/// What is left in the store: its rule or its entity is no longer there.
void Judge::judge_absent(const Alert& alert) {
    const auto& rules = evaluation_.rules.rules;
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return each.name == alert.key.rule; });
    static const Rule removed{};
    const Rule& known = rule == rules.end() ? removed : *rule;
    const CustomerIndex customer = alert.customer_id.empty() ? no_customer : snapshot_.find_customer(alert.customer_id);
    Finding finding{.frozen = !customers_known(snapshot_) || options_.suspect.contains("customers") || options_.suspect.contains("subscriptions"),
                    .present = false, .data_time = snapshot_.as_of};
    finding.frozen = finding.frozen || is_frozen(known.reads);
    if (rule == rules.end()) {
        finding.gone_because = "the rule was removed";
        finding.frozen = false;
    } else if (customer != no_customer && !evaluation_.find(customer)) {
        finding.ended = true;
        finding.gone_because = "the contract ended";
    } else {
        finding.gone_because = alert.key.scope == Scope::promise ? "the promise is no longer open" : "no longer in the data";
    }
    const AlertStep step = retaind::step(&alert, alert.key, known, finding);
    if (step.after) {
        judgements_.push_back({.alert = *step.after, .transition = step.transition, .rule = rule == rules.end() ? nullptr : &*rule, .customer = customer});
    }
}

}  // namespace

std::vector<Judgement> judge(const Evaluation& evaluation, const State& state, const JudgeOptions& options) {
    return Judge(evaluation, state, options).run();
}

}  // namespace retaind
