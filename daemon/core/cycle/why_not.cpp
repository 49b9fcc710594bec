#include "retaind/cycle/why_not.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "evaluation.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/cycle/cycle.hpp"
#include "values.hpp"

namespace retaind {
namespace {

std::string comma_separated(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string days_text(std::chrono::days span) {
    return fmt::format("{} day{}", span.count(), span.count() == 1 ? "" : "s");
}

/// "days_to_renewal is 210, the rule wants <= 180", where a field is compared with a constant.
std::string plain_words(const Condition& condition, const FieldValues& values) {
    const std::string described = describe(condition, values);
    const Field* field = std::get_if<Field>(&condition.left);
    if (!field || std::holds_alternative<Field>(condition.right)) return described;
    const std::string_view value = std::string_view(described).substr(condition.text.size());  // " (210)"
    const std::string_view plain = value.size() > 3 ? value.substr(2, value.size() - 3) : value;
    if (condition.kind == Condition::Kind::known) return fmt::format("{} is unknown", field->name);
    if (condition.kind == Condition::Kind::unknown) return fmt::format("{} is known: {}", field->name, plain);
    const auto end = condition.text.find_first_of(" =!<>");
    std::string_view rest = std::string_view(condition.text).substr(end);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    return fmt::format("{} is {}, the rule wants {}", condition.text.substr(0, end), plain, rest);
}

std::vector<const FoundCondition*> those(const std::vector<FoundCondition>& conditions, Truth wanted) {
    std::vector<const FoundCondition*> found;
    for (const FoundCondition& condition : conditions) {
        if (condition.holds == wanted) found.push_back(&condition);
    }
    return found;
}

std::string plainly(const FoundCondition& condition) {
    if (condition.holds != Truth::unknown) return condition.plainly;
    const std::string gaps = comma_separated(condition.gaps);
    return gaps.empty() ? condition.text : fmt::format("{}, because {}", condition.text, gaps);
}

/// What keeps the trigger from holding, at most two of them in words, and how many others hold.
std::string what_is_missing(const FoundTrigger& trigger) {
    std::vector<std::string> reasons;
    std::size_t well = those(trigger.when, Truth::yes).size();
    for (const Truth truth : {Truth::no, Truth::unknown}) {
        for (const FoundCondition* condition : those(trigger.when, truth)) reasons.push_back(plainly(*condition));
    }
    if (!trigger.any.empty() && those(trigger.any, Truth::yes).empty()) {
        std::vector<std::string> alternatives;
        for (const FoundCondition& condition : trigger.any) alternatives.push_back(plainly(condition));
        reasons.push_back("none of the alternatives holds: " + comma_separated(alternatives));
    } else if (!trigger.any.empty()) {
        ++well;
    }
    if (reasons.empty()) return "";
    constexpr std::size_t most = 2;
    std::string text;
    for (std::size_t at = 0; at < reasons.size() && at < most; ++at) text += (at == 0 ? "" : "; ") + reasons[at];
    if (reasons.size() > most) text += fmt::format("; and {} more do not hold", reasons.size() - most);
    if (well > 0)
        text += fmt::format("; the other {} hold{}", well == 1 ? "condition" : fmt::format("{} conditions", well),
                            well == 1 ? "s" : "");
    return text;
}

std::string open_verdict(const Alert& alert, const Rule& rule, Day data_time) {
    const auto since = [](const std::optional<Day>& day) { return day ? " since " + format_day(*day) : ""; };
    if (alert.phase == AlertPhase::pending) {
        const auto held = alert.pending_since ? data_time - *alert.pending_since : std::chrono::days{0};
        return fmt::format("not firing yet: the conditions have held for {}, the rule wants them for {}",
                           days_text(held), format_duration(rule.trigger.hold));
    }
    std::string text = alert.phase == AlertPhase::firing
                           ? fmt::format("firing{}, {}", since(alert.firing_since), severity_name(alert.severity))
                           : fmt::format("recovering{}: it ends once that has lasted {}", since(alert.recovering_since),
                                         format_duration(rule.keep_firing_for));
    if (alert.held) text += "; it is held: more changed at once than is likely, so nobody has been told";
    if (alert.adopted) text += "; it was found when the rule was new, and told in a digest only";
    if (alert.ended_on && alert.phase == AlertPhase::firing)
        text += fmt::format("; it came back within its cooldown ({}), so nobody is told again yet",
                            format_duration(rule.cooldown));
    return text;
}

std::string verdict_of(const RuleFinding& finding, const Rule& rule, Day data_time) {
    const bool is_up = finding.alert && is_open(*finding.alert);
    if (!finding.doubted.empty())
        return fmt::format("{}, because it is not judged now: {}",
                           is_up ? fmt::format("it stays {}", phase_name(finding.alert->phase)) : "not firing",
                           comma_separated(finding.doubted));
    if (is_up) return open_verdict(*finding.alert, rule, data_time);
    for (const Truth truth : {Truth::no, Truth::unknown}) {
        const auto found = those(finding.applies, truth);
        if (!found.empty())
            return fmt::format("not firing: {}: {}",
                               truth == Truth::no ? "the rule does not apply" : "nobody knows whether the rule applies",
                               plainly(*found.front()));
    }
    const std::string missing_part = what_is_missing(finding.trigger);
    return missing_part.empty() ? "all conditions hold: it fires" : "not firing: " + missing_part;
}

bool is_firing(const RuleFinding& finding) { return finding.alert && finding.alert->phase == AlertPhase::firing; }

class Inquiry {
public:
    Inquiry(const Snapshot& snapshot, const RuleSet& rules, const State& state, std::size_t rule)
        : evaluation_(evaluate(snapshot, rules, state)), snapshot_(snapshot), rule_(rule) {
        // Alerts as a cycle of this day leaves them, guard and cooldown included. The time is for people only.
        alerts_ = run_cycle(snapshot, rules, state, snapshot.as_of + std::chrono::days{1}).state.alerts;
    }

    Result<void> answer(WhyNot& to);

private:
    RuleFinding find(const RuleSet& rules, const FieldValues& values, std::string entity) const;
    std::vector<FoundCondition> found(const std::vector<Condition>& conditions, const FieldValues& values) const;
    FoundTrigger found(const Trigger& trigger, const FieldValues& values) const;
    std::vector<std::string> gaps_of(const Field& field, const FieldValues& values) const;
    std::vector<std::string> doubted_feeds(const Rule& rule) const;
    void add_promises(WhyNot& to, const ScoredCustomer& scored, std::size_t at);
    void add_profiles(WhyNot& to, const ScoredCustomer& scored) const;

    const Evaluation evaluation_;
    const Snapshot& snapshot_;
    std::size_t rule_;
    std::vector<Alert> alerts_ = {};
    const ScoredCustomer* customer_ = nullptr;  ///< of whom fields are asked, if it is live
};

std::vector<std::string> Inquiry::doubted_feeds(const Rule& rule) const {
    std::vector<std::string> doubted;
    for (const FeedVerdict& feed : evaluation_.feeds) {
        if (data_time({&feed, 1}, rule, snapshot_.as_of)) continue;
        const Feed* read = snapshot_.feed(feed.dataset);
        const std::string because = !feed.because.empty()                     ? feed.because
                                    : feed.trouble == FeedTrouble::not_loaded ? "it could not be read"
                                    : feed.trouble == FeedTrouble::stale      ? "it is stale"
                                                                              : "it cannot be believed";
        doubted.push_back(fmt::format(
            "{}: {}", feed.dataset, read && !read->error.empty() && !read->refused ? "it could not be read" : because));
    }
    return doubted;
}

std::vector<std::string> Inquiry::gaps_of(const Field& field, const FieldValues& values) const {
    std::vector<std::string> gaps;
    if (values.value(field).known()) return gaps;
    const bool is_signal = field.kind == Field::Kind::signal_raw || field.kind == Field::Kind::signal_score;
    if (customer_ && is_signal) {
        const auto at = static_cast<std::size_t>(customer_ - evaluation_.customers.data());
        const SignalScore& signal = evaluation_.signals_of(at)[static_cast<std::size_t>(field.index)];
        if (!signal.applies) return {fmt::format("{} does not apply to this customer", field.name)};
    }
    const RuleSet& rules = customer_ ? evaluation_.rules_of(*customer_) : evaluation_.rules;
    const auto datasets = datasets_read(rules, field);
    const bool follows = field.kind == Field::Kind::builtin && field.scope == Scope::customer &&
                         field_spec(field).reads.find("health") != std::string_view::npos;
    if (customer_ && follows && !covers(customer_->coverage, rules.health.coverage_floor))
        gaps.push_back(fmt::format("only {:.0f} % of the score is measured, less than the floor of {:.0f} %",
                                   100 * customer_->coverage, 100 * rules.health.coverage_floor));
    for (const std::string& dataset : datasets) {
        const bool is_part = dataset == "readings" || dataset == "milestones";
        switch (feed_state(snapshot_, dataset)) {
            case FeedState::unmapped:
                if (!is_part && !follows) gaps.push_back(dataset + " is not mapped");
                break;
            case FeedState::not_loaded: gaps.push_back(dataset + " could not be read"); break;
            case FeedState::stale: gaps.push_back(dataset + " is stale"); break;
            case FeedState::fresh: break;
        }
    }
    if (gaps.empty() && field.kind == Field::Kind::attribute && !snapshot_.attribute(field.name))
        gaps.push_back(fmt::format("customers have no column {}", field.name));
    if (gaps.empty()) gaps.push_back(fmt::format("the data say nothing of {}", field.name));
    return gaps;
}

std::vector<FoundCondition> Inquiry::found(const std::vector<Condition>& conditions, const FieldValues& values) const {
    std::vector<FoundCondition> result;
    for (const Condition& condition : conditions) {
        FoundCondition one{.text = describe(condition, values),
                           .plainly = plain_words(condition, values),
                           .holds = evaluate(condition, values)};
        if (one.holds == Truth::unknown) {
            for (const Field& field : fields_of(condition)) {
                const auto gaps = gaps_of(field, values);
                one.gaps.insert(one.gaps.end(), gaps.begin(), gaps.end());
            }
        }
        result.push_back(std::move(one));
    }
    return result;
}

FoundTrigger Inquiry::found(const Trigger& trigger, const FieldValues& values) const {
    return {.when = found(trigger.when, values),
            .any = found(trigger.any, values),
            .clear = found(trigger.clear, values),
            .hold = trigger.hold};
}

RuleFinding Inquiry::find(const RuleSet& rules, const FieldValues& values, std::string entity) const {
    const Rule& rule = rules.rules[rule_];
    RuleFinding finding{.entity = std::move(entity),
                        .applies = found(rule.applies, values),
                        .trigger = found(rule.trigger, values),
                        .doubted = doubted_feeds(rule)};
    if (rule.critical) finding.critical = found(*rule.critical, values);
    for (const Alert& alert : alerts_) {
        if (alert.key.rule == rule.name && alert.key.scope == rule.scope && alert.key.entity == finding.entity)
            finding.alert = alert;
    }
    const Day time = data_time(evaluation_.feeds, rule, snapshot_.as_of).value_or(snapshot_.as_of);
    finding.verdict = verdict_of(finding, rule, time);
    return finding;
}

void Inquiry::add_promises(WhyNot& to, const ScoredCustomer& scored, std::size_t at) {
    const Day oldest = snapshot_.as_of - std::chrono::days{static_cast<int>(evaluation_.rules.promises.memory_days)};
    for (std::size_t promise = 0; promise < snapshot_.promises.size(); ++promise) {
        const Promise& each = snapshot_.promises[promise];
        if (each.customer != scored.customer || !has_begun(each, snapshot_.as_of) || each.due_on < oldest) continue;
        const PromiseValues values(evaluation_, promise, at);
        RuleFinding finding = find(evaluation_.rules_of(scored), values, std::string(snapshot_.text(each.id)));
        finding.name = snapshot_.text(each.outcome);
        to.findings.push_back(std::move(finding));
    }
    std::ranges::sort(to.findings, {}, &RuleFinding::entity);
}

void Inquiry::add_profiles(WhyNot& to, const ScoredCustomer& scored) const {
    for (std::size_t at = 0; at < evaluation_.rules.profiles.size(); ++at) {
        const Profile& profile = evaluation_.rules.profiles[at];
        if ((scored.profiles >> at & 1) == 0) continue;
        for (const Patch<Rule>& patch : profile.rules) {
            if (patch.target == static_cast<int>(rule_))
                to.profiles.push_back(fmt::format("{} ({})", profile.name, comma_separated(patch.keys)));
        }
    }
}

Result<void> Inquiry::answer(WhyNot& to) {
    const CustomerIndex customer = snapshot_.find_customer(to.customer_id);
    const Result<const ScoredCustomer*> live = find_live(evaluation_, to.customer_id);
    if (customer == no_customer) return live.error();
    to.name = snapshot_.text(snapshot_.customers[customer].name);
    if (!live) {
        to.verdict = "not firing: " + live.error().message;
        return {};
    }
    customer_ = *live;
    const auto at = static_cast<std::size_t>(customer_ - evaluation_.customers.data());
    const std::string segment{snapshot_.text(snapshot_.customers[customer].segment)};
    add_profiles(to, *customer_);
    switch (to.scope) {
        case Scope::customer:
            to.findings.push_back(
                find(evaluation_.rules_of(*customer_), CustomerValues(evaluation_, at), to.customer_id));
            break;
        case Scope::promise: add_promises(to, *customer_, at); break;
        case Scope::segment:
            for (const SegmentView& view : evaluation_.segments) {
                if (view.segment == segment)
                    to.findings.push_back(find(evaluation_.rules, SegmentValues(view), segment));
            }
            break;
        case Scope::portfolio:
            to.findings.push_back(find(evaluation_.rules, SegmentValues(evaluation_.portfolio), ""));
            break;
        case Scope::source:
        case Scope::row: break;
    }
    if (to.findings.empty())
        to.verdict = to.scope == Scope::promise ? "not firing: there is no promise that the rule looks at"
                                                : "not firing: the customer has no segment";
    else if (to.findings.size() == 1)
        to.verdict = to.findings.front().verdict;
    else
        to.verdict = fmt::format("{} of {} promises are firing", std::ranges::count_if(to.findings, is_firing),
                                 to.findings.size());
    return {};
}

}  // namespace

Result<WhyNot> why_not(const Snapshot& snapshot, const RuleSet& rules, const State& state, std::string_view customer_id,
                       std::string_view rule) {
    std::vector<std::string_view> names;
    for (const Rule& each : rules.rules) names.push_back(each.name);
    const auto found = std::ranges::find(names, rule);
    if (found == names.end()) {
        const std::string meant = nearest(rule, names);
        return Error{.kind = ErrorKind::usage,
                     .message = fmt::format("there is no rule '{}'", rule),
                     .hint = meant.empty() ? fmt::format("there are {}", fmt::join(names, ", "))
                                           : fmt::format("did you mean '{}'?", meant)};
    }
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (rules.rules[index].scope == Scope::source)
        return Error{.kind = ErrorKind::usage,
                     .message = fmt::format("'{}' speaks of feeds, not of customers", rule),
                     .hint = "`retaind once` shows the state of every feed"};
    WhyNot result{.customer_id = std::string(customer_id),
                  .rule = std::string(rule),
                  .scope = rules.rules[index].scope,
                  .as_of = snapshot.as_of};
    if (const auto answered = Inquiry(snapshot, rules, state, index).answer(result); !answered) return answered.error();
    return result;
}

}  // namespace retaind
