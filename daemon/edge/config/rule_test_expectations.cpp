// `expect` of a rule test.
#include <algorithm>
#include <map>
#include <span>

#include <fmt/format.h>

#include "edge/config/pack.hpp"
#include "edge/config/rule_test_reader.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/rules/fields.hpp"

namespace retaind::config {
namespace {

const one_of<AlertPhase> open_phases{
    {{"pending", AlertPhase::pending}, {"firing", AlertPhase::firing}, {"recovering", AlertPhase::recovering}}};

const one_of<std::string> band_names{
    {{"healthy", "healthy"}, {"watch", "watch"}, {"at_risk", "at_risk"}, {"unknown", "unknown"}}};

/// How near a number must be that is written without `within`: it is meant as it is read, to a decimal or so.
double usual_tolerance(ExpectedNumber::Kind kind) {
    switch (kind) {
        case ExpectedNumber::Kind::health:
        case ExpectedNumber::Kind::score: return 0.05;
        case ExpectedNumber::Kind::signal: return 0.005;
        case ExpectedNumber::Kind::coverage:
        case ExpectedNumber::Kind::risk: return 0.0005;
    }
    return 0;
}

/// 64, { value = 64, within = 0.1 }, or "missing".
struct expected_number {
    ExpectedNumber to;

    std::optional<ExpectedNumber> operator()(const Item& item) const {
        ExpectedNumber result = to;
        result.where = item.node.where;
        result.within = usual_tolerance(to.kind);
        if (item.node.is_text("missing")) return result;
        if (item.node.is_table()) {
            TableReader in{item.node, "test.expect.*", item.problems};
            in.require("value", result.value, number{});
            in.require("within", result.within, number{0});
            in.finish();
            return result;
        }
        if (item.node.kind != Node::Kind::integer && item.node.kind != Node::Kind::number)
            return item.must_be("a number, { value, within }, or \"missing\""), std::nullopt;
        result.value = item.node.number;
        return result;
    }
};

/// Entries of a table whose keys are ids: any text.
template <class Body>
void for_each_id(TableReader& in, std::string_view key, const Body& body) {
    const Node* node = in.claim(key);
    if (!node || !check_is_table(*node, fmt::format("test.expect.{}", key), in.problems())) return;
    for (const auto& entry : node->entries) body(Item{entry.key, entry.value, in.problems()});
}

void read_numbers(TableReader& in, std::string_view key, ExpectedNumber::Kind kind, Expectations& to) {
    for_each_id(in, key, [&](const Item& item) {
        const ExpectedNumber asked{.kind = kind, .customer_id = std::string{item.key}};
        if (auto read = expected_number{asked}(item)) to.numbers.push_back(std::move(*read));
    });
}

template <class Read>
void read_words(TableReader& in, std::string_view key, ExpectedWord::Kind kind, const Read& read, Expectations& to) {
    for_each_id(in, key, [&](const Item& item) {
        if (auto word = read(item))
            to.words.push_back(
                {.kind = kind, .id = std::string{item.key}, .word = std::move(*word), .where = item.node.where});
    });
}

struct promise_state {
    std::optional<std::string> operator()(const Item& item) const {
        std::vector<std::string_view> names;
        for (const auto state :
             {PromiseState::open, PromiseState::on_track, PromiseState::slipping, PromiseState::off_track,
              PromiseState::kept, PromiseState::missed, PromiseState::unmeasurable})
            names.push_back(promise_state_name(state));
        const auto index = choose(item, names);
        if (!index) return std::nullopt;
        return std::string{names[*index]};
    }
};

// -- signals: NAME = 3, "NAME.score" = 25, or NAME = { score = 25 } ---------------------------------------------------

/// { score = 25 } is one number; what stands beside it would not be looked at.
void check_stands_alone(const Item& signal, const Node* score) {
    if (!score) return;
    for (const auto& entry : signal.node.entries)
        if (entry.key != "score")
            signal.problems.error(entry.where, fmt::format("\"{}\" cannot stand beside \"score\"", shown(entry.key)),
                                  "write { score = { value = 25, within = 0.1 } }, and the signal's own number as "
                                  "another: { NAME = 3, \"NAME.score\" = 25 }");
}

/// A score can be written in two ways: NAME = { score = 25 } and "NAME.score" = 25.
void check_each_once(std::span<const ExpectedNumber> of_a_customer, Problems& problems) {
    std::map<std::pair<ExpectedNumber::Kind, int>, int> lines;
    for (const auto& number : of_a_customer) {
        const auto [first, is_first] = lines.emplace(std::pair{number.kind, number.signal}, number.where.line);
        if (!is_first)
            problems.error(number.where, fmt::format("this number is already expected in line {}", first->second));
    }
}

void read_signal_numbers(const Item& item, ExpectedNumber asked, const RuleSet& rules, Expectations& to) {
    constexpr std::string_view ending = ".score";
    std::vector<std::string> names;
    for (const auto& signal : rules.signals) names.push_back(signal.name);
    const bool is_score = item.key.ends_with(ending);
    Node name{.kind = Node::Kind::text, .where = item.node.where, .text = std::string{item.key}};
    if (is_score) name.text.resize(name.text.size() - ending.size());
    const auto index = name_of{"signal", names}({"signals", name, item.problems});
    if (!index) return;
    asked.signal = *index;
    const Node* score = is_score ? nullptr : item.node.find("score");
    asked.kind = is_score || score ? ExpectedNumber::Kind::score : ExpectedNumber::Kind::signal;
    check_stands_alone(item, score);
    if (auto read = expected_number{asked}(score ? Item{"score", *score, item.problems} : item))
        to.numbers.push_back(std::move(*read));
}

void read_signals(TableReader& in, const RuleSet& rules, Expectations& to) {
    for_each_id(in, "signals", [&](const Item& customer) {
        if (!check_is_table(customer.node, "test.expect.signals.*", customer.problems)) return;
        const auto others = to.numbers.size();
        for (const auto& entry : customer.node.entries)
            read_signal_numbers({entry.key, entry.value, customer.problems}, {.customer_id = std::string{customer.key}},
                                rules, to);
        check_each_once(std::span{to.numbers}.subspan(others), customer.problems);
    });
}

// -- alerts -----------------------------------------------------------------------------------------------------------

struct rule_name {
    const RuleSet& rules;
    std::optional<std::string> operator()(const Item& item) const {
        auto name = text{}(item);
        std::vector<std::string_view> names;
        for (const auto& rule : rules.rules) names.push_back(rule.name);
        if (!name || builtin_rule(*name) || std::find(names.begin(), names.end(), *name) != names.end()) return name;
        const auto meant = nearest(*name, names);
        return item.wrong(fmt::format("there is no rule \"{}\"", shown(*name)),
                          item.problems.hint_for_missing("rule", *name, meant));
    }
};

bool speaks_of_all(const RuleSet& rules, std::string_view name) {
    const auto rule =
        std::find_if(rules.rules.begin(), rules.rules.end(), [&](const Rule& r) { return r.name == name; });
    return rule == rules.rules.end() || rule->scope == Scope::portfolio;
}

void read_alert(TableReader& in, const RuleSet& rules, ExpectedAlert& to) {
    to.where = in.where();
    const bool is_known = in.require("rule", to.rule, rule_name{rules}) && !to.rule.empty();
    in.take("entity", to.entity, text{.may_be_empty = true});
    in.take("state", to.phase, open_phases);
    Severity severity{};
    if (in.take("severity", severity, severities)) to.severity = severity;
    in.take("reasons", to.reasons, list{text{}});
    in.take("message", to.message, text{});
    in.take("advice", to.advice, text{});
    if (!is_known) return;
    if (to.entity.empty() && !speaks_of_all(rules, to.rule))
        in.problems().error(in.where(), "\"entity\" is missing",
                            "whom the alert is about: a customer_id, a promise_id, a segment or a dataset");
    if (!to.entity.empty() && !builtin_rule(to.rule) && speaks_of_all(rules, to.rule))
        in.problems().error(in.where("entity"), fmt::format("\"{}\" is about the portfolio", to.rule),
                            "leave \"entity\" out");
}

/// All alerts are compared with each: a second one would only repeat, or contradict.
void check_each_once(const std::vector<ExpectedAlert>& alerts, Problems& problems) {
    std::map<std::pair<std::string_view, std::string_view>, int> lines;
    for (const auto& alert : alerts) {
        const std::pair<std::string_view, std::string_view> key{alert.rule, alert.entity};
        const auto [first, is_first] = lines.emplace(key, alert.where.line);
        if (!is_first && !alert.rule.empty())
            problems.error(alert.where, fmt::format("this alert is already expected in line {}", first->second),
                           "a rule has one alert for each entity");
    }
}

struct dataset_among {
    const std::vector<std::string>& datasets;
    std::optional<std::uint64_t> operator()(const Item& item) const {
        const Node name{.kind = Node::Kind::text, .where = item.node.where, .text = std::string{item.key}};
        const auto rows = integer{}(item);
        if (!name_of{"dataset", datasets}({"rejected", name, item.problems}) || !rows) return std::nullopt;
        return static_cast<std::uint64_t>(*rows);
    }
};

}  // namespace

void read_expectations(TableReader& in, const RuleSet& rules, const std::vector<std::string>& datasets,
                       Expectations& to) {
    if (in.has("alerts")) to.alerts.emplace();
    in.tables("alerts", most_items, [&](TableReader& table) { read_alert(table, rules, to.alerts->emplace_back()); });
    if (to.alerts) check_each_once(*to.alerts, in.problems());
    read_words(in, "band", ExpectedWord::Kind::band, band_names, to);
    read_words(in, "promises", ExpectedWord::Kind::promise, promise_state{}, to);
    read_numbers(in, "health", ExpectedNumber::Kind::health, to);
    read_numbers(in, "coverage", ExpectedNumber::Kind::coverage, to);
    read_numbers(in, "risk", ExpectedNumber::Kind::risk, to);
    read_signals(in, rules, to);
    for_each_id(in, "rejected", [&](const Item& item) {
        if (const auto rows = dataset_among{datasets}(item)) to.rejected[std::string{item.key}] = *rows;
    });
}

}  // namespace retaind::config
