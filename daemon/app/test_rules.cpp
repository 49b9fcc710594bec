// `test-rules`: the companies of rule tests through run_cycle, day by day, and what differs from what was expected.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "edge/config/rule_tests.hpp"
#include "edge/report/rule_test_report.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/cycle/why_not.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

using Difference = RuleTestOutcome::Difference;

std::string number_text(double value) { return is_known(value) ? fmt::format("{:.6g}", value) : "missing"; }

/// Only of an alert that matters here: one that is open.
std::string alert_text(const Alert& alert) {
    return fmt::format("{} {}", phase_name(alert.phase), severity_name(alert.severity));
}

std::string alert_title(const std::string& rule, const std::string& entity) {
    return entity.empty() ? "alert " + rule : fmt::format("alert {} of {}", rule, entity);
}

/// What a step made of its snapshot, held against what was expected.
class StepCheck {
public:
    StepCheck(const RuleTest& test, const RuleTestStep& step, const Snapshot& snapshot, const State& before)
        : test_(test), step_(step), snapshot_(snapshot), before_(before) {}

    std::vector<Difference> compare(const CycleResult& result) {
        view_ = &result.view;
        if (step_.expect.alerts) compare_alerts(*step_.expect.alerts);
        for (const ExpectedWord& expected : step_.expect.words) compare_word(expected);
        for (const ExpectedNumber& expected : step_.expect.numbers) compare_number(expected);
        for (const FeedView& feed : view_->feeds) compare_rejected(feed);
        return std::move(differences_);
    }

private:
    void compare_alerts(const std::vector<ExpectedAlert>& expected);
    void compare_alert(const ExpectedAlert& expected, const Alert* alert);
    std::vector<std::string> why_not_firing(const ExpectedAlert& expected) const;
    void compare_word(const ExpectedWord& expected);
    void compare_number(const ExpectedNumber& expected);
    void compare_rejected(const FeedView& feed);

    const CustomerView* find_customer(const std::string& id) const {
        const auto found = std::ranges::find(view_->customers, id, &CustomerView::customer_id);
        return found == view_->customers.end() ? nullptr : &*found;
    }
    Result<Explanation> explain(const std::string& customer) {
        if (!explainer_) explainer_ = std::make_unique<Explainer>(snapshot_, test_.rules, before_);
        return explainer_->explain(customer);
    }
    double value_of(const ExpectedNumber& expected, const CustomerView& customer);
    std::string title_of(const ExpectedNumber& expected) const;

    const RuleTest& test_;
    const RuleTestStep& step_;
    const Snapshot& snapshot_;
    const State& before_;
    const View* view_ = nullptr;
    std::unique_ptr<Explainer> explainer_ = {};
    std::vector<Difference> differences_ = {};
};

void StepCheck::compare_alerts(const std::vector<ExpectedAlert>& expected) {
    const auto is_meant = [](const ExpectedAlert& one, const Alert& alert) {
        return one.rule == alert.key.rule && one.entity == alert.key.entity;
    };
    for (const ExpectedAlert& one : expected) {
        const auto found =
            std::ranges::find_if(view_->alerts, [&](const Alert& alert) { return is_meant(one, alert); });
        compare_alert(one, found == view_->alerts.end() ? nullptr : &*found);
    }
    for (const Alert& alert : view_->alerts) {
        if (std::ranges::any_of(expected, [&](const ExpectedAlert& one) { return is_meant(one, alert); })) continue;
        differences_.push_back({.what = alert_title(alert.key.rule, alert.key.entity),
                                .expected = "none",
                                .got = alert_text(alert),
                                .because = alert.reasons});
    }
}

/// In words, asked for a customer whom the entity concerns; nothing where there is none.
std::vector<std::string> StepCheck::why_not_firing(const ExpectedAlert& expected) const {
    CustomerIndex customer = snapshot_.find_customer(expected.entity);
    for (const Promise& promise : snapshot_.promises) {
        if (snapshot_.text(promise.id) == expected.entity) customer = promise.customer;
    }
    for (CustomerIndex at = 0; at < snapshot_.customers.size() && customer == no_customer; ++at) {
        const bool is_meant =
            expected.entity.empty() || snapshot_.text(snapshot_.customers[at].segment) == expected.entity;
        if (is_meant && is_live(snapshot_, at, snapshot_.as_of)) customer = at;
    }
    if (customer == no_customer) return {};
    const Result<WhyNot> why =
        why_not(snapshot_, test_.rules, before_, snapshot_.text(snapshot_.customers[customer].id), expected.rule);
    if (!why) return {};
    const auto finding = std::ranges::find(why->findings, expected.entity, &RuleFinding::entity);
    return {finding == why->findings.end() ? why->verdict : finding->verdict};
}

void StepCheck::compare_alert(const ExpectedAlert& expected, const Alert* alert) {
    std::string wanted{phase_name(expected.phase)};
    if (expected.severity) wanted += fmt::format(" {}", severity_name(*expected.severity));
    const std::string title = alert_title(expected.rule, expected.entity);
    if (!alert) {
        differences_.push_back({.what = title, .expected = wanted, .got = "none", .because = why_not_firing(expected)});
        return;
    }
    if (alert->phase != expected.phase || alert->severity != expected.severity.value_or(alert->severity))
        differences_.push_back(
            {.what = title, .expected = wanted, .got = alert_text(*alert), .because = alert->reasons});
    for (const std::string& reason : expected.reasons) {
        if (std::ranges::any_of(alert->reasons,
                                [&](const std::string& each) { return each.find(reason) != each.npos; }))
            continue;
        differences_.push_back(
            {.what = title + ", reason", .expected = reason, .got = "other reasons", .because = alert->reasons});
    }
    const auto compare_text = [&](std::string_view what, const std::string& part, const std::string& whole) {
        if (whole.find(part) != whole.npos) return;
        differences_.push_back({.what = fmt::format("{}, {}", title, what), .expected = part, .got = whole});
    };
    compare_text("message", expected.message, alert->message);
    compare_text("advice", expected.advice, alert->advice);
}

void StepCheck::compare_word(const ExpectedWord& expected) {
    Difference difference{.expected = expected.word};
    if (expected.kind == ExpectedWord::Kind::band) {
        const CustomerView* customer = find_customer(expected.id);
        difference.what = "band of " + expected.id;
        difference.got = customer ? std::string{band_name(customer->band)} : "not a live customer";
    } else {
        const auto found = std::ranges::find(view_->promises, expected.id, &PromiseView::promise_id);
        difference.what = "promise " + expected.id;
        difference.got = found == view_->promises.end() ? "no such promise of a live customer"
                                                        : std::string{promise_state_name(found->state)};
    }
    if (difference.got != difference.expected) differences_.push_back(std::move(difference));
}

double StepCheck::value_of(const ExpectedNumber& expected, const CustomerView& customer) {
    switch (expected.kind) {
        case ExpectedNumber::Kind::health: return customer.health;
        case ExpectedNumber::Kind::coverage: return customer.coverage;
        case ExpectedNumber::Kind::risk: return customer.risk;
        case ExpectedNumber::Kind::signal:
        case ExpectedNumber::Kind::score: break;
    }
    const Result<Explanation> explanation = explain(expected.customer_id);
    if (!explanation) return missing;
    const SignalScore& signal = explanation->signals.at(static_cast<std::size_t>(expected.signal));
    return expected.kind == ExpectedNumber::Kind::score ? signal.score : signal.raw;
}

std::string StepCheck::title_of(const ExpectedNumber& expected) const {
    const auto signal = [&] { return test_.rules.signals.at(static_cast<std::size_t>(expected.signal)).name; };
    switch (expected.kind) {
        case ExpectedNumber::Kind::health: return "health of " + expected.customer_id;
        case ExpectedNumber::Kind::coverage: return "coverage of " + expected.customer_id;
        case ExpectedNumber::Kind::risk: return "risk of " + expected.customer_id;
        case ExpectedNumber::Kind::signal: return fmt::format("{} of {}", signal(), expected.customer_id);
        case ExpectedNumber::Kind::score: return fmt::format("{}.score of {}", signal(), expected.customer_id);
    }
    return "";
}

void StepCheck::compare_number(const ExpectedNumber& expected) {
    Difference difference{.what = title_of(expected), .expected = number_text(expected.value)};
    if (is_known(expected.value)) difference.expected += fmt::format(" within {:g}", expected.within);
    const CustomerView* customer = find_customer(expected.customer_id);
    if (customer) {
        constexpr double rounding = 1e-9;
        const double value = value_of(expected, *customer);
        const bool both_missing = is_missing(value) && is_missing(expected.value);
        if (both_missing || std::abs(value - expected.value) <= expected.within + rounding) return;
        difference.got = number_text(value);
    } else {
        difference.got = "not a live customer";
    }
    if (customer && expected.kind == ExpectedNumber::Kind::health) {
        Result<Explanation> explanation = explain(expected.customer_id);
        if (explanation) difference.explanation = std::move(*explanation);
    }
    differences_.push_back(std::move(difference));
}

/// A row that nobody reads is a slip, unless the test says that it is meant.
void StepCheck::compare_rejected(const FeedView& feed) {
    const auto found = step_.expect.rejected.find(feed.dataset);
    const std::uint64_t expected = found == step_.expect.rejected.end() ? 0 : found->second;
    if (!feed.loaded || feed.rows_rejected == expected) return;
    differences_.push_back({.what = "rejected rows of " + feed.dataset,
                            .expected = fmt::format("{}", expected),
                            .got = feed.rows_rejected == 0 ? "0" : describe(feed.rejected)});
}

/// The morning after: what is for people needs a time, and every run the same.
Instant morning_after(Day day) { return day + std::chrono::days{1} + std::chrono::hours{6}; }

RuleTestOutcome run(RuleTest test) {
    RuleTestOutcome outcome{.name = test.name, .where = test.where};
    State state;
    int number = 0;
    const auto history = std::chrono::duration_cast<std::chrono::days>(Settings{}.history);
    for (RuleTestStep& step : test.steps) {
        ++number;
        const Snapshot snapshot = assemble(std::move(step.datasets), std::move(step.failed),
                                           {.as_of = step.as_of,
                                            .read_from = step.as_of - history,
                                            .currency = test.rules.policy.currency,
                                            .off_season = test.rules.policy.calendar.off_season});
        CycleResult result = run_cycle(snapshot, test.rules, state, morning_after(step.as_of));
        std::vector<Difference> differences = StepCheck(test, step, snapshot, state).compare(result);
        if (!differences.empty())
            outcome.failed.push_back(
                {.number = number, .as_of = step.as_of, .where = step.where, .differences = std::move(differences)});
        state = std::move(result.state);
    }
    return outcome;
}

}  // namespace

int run_test_rules(const Options& options) {
    std::vector<RuleTestOutcome> outcomes;
    std::vector<Error> problems;
    for (const std::string& file : options.files) {
        RuleTestsResult read = load_rule_tests(file, {.rules_directory = options.rules_directory});
        problems.insert(problems.end(), read.problems.begin(), read.problems.end());
        for (RuleTest& test : read.tests) outcomes.push_back(run(std::move(test)));
    }
    if (!problems.empty()) {
        say_problems(options, problems);
        if (options.json) return exit_code(ErrorKind::config);
    }
    if (problems.empty() || !outcomes.empty())
        std::fputs((options.json ? rule_tests_json(outcomes) : rule_tests_text(outcomes)).c_str(), stdout);
    if (!problems.empty()) return exit_code(ErrorKind::config);
    const bool all_right = std::ranges::all_of(outcomes, [](const auto& outcome) { return outcome.failed.empty(); });
    return all_right ? 0 : exit_code(ErrorKind::findings);
}

}  // namespace retaind
