// A cycle after another, over generated companies and generated rules, against the slow and obvious reference: every
// number of every customer to 1e-9.
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "edge/config/config.hpp"
#include "reference/reference_health.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/generated_company.hpp"
#include "support/promise_rows.hpp"

namespace retaind {
namespace {

using company::Company;
using company::Dice;
using std::chrono::days;

// -- rules -----------------------------------------------------------------------------------------------------------

const std::vector<std::string> summed = {"count", "sum", "active_days"};
const std::vector<std::string> of_usage = {"count", "sum",   "mean",  "min",         "max",       "last",
                                           "ratio", "slope", "share", "active_days", "days_since"};
const std::vector<std::string> of_promises = {"kept_probability", "milestone_attainment", "milestone_quality",
                                              "overdue", "next_due_days"};

reference::Scale some_scale(Dice& dice, const reference::Signal& signal) {
    reference::Scale scale;
    const bool is_share = signal.measure == "rate" || signal.measure == "share" ||
                          signal.measure == "kept_probability" || signal.measure == "milestone_attainment";
    const double top = is_share ? 1 : signal.measure == "ratio" || signal.measure == "slope" ? 1.5 : 60;
    const bool is_summed = std::find(summed.begin(), summed.end(), signal.measure) != summed.end();
    std::vector<std::string> kinds = {"ramp", "points", "steps"};
    if (!is_share) kinds.push_back("identity");
    if (signal.measure == "days_since") kinds.push_back("recency");
    if (is_summed && signal.per.empty()) kinds.insert(kinds.end(), 3, "cohort");
    if (signal.measure == "value" && signal.field != "size") kinds = {"category"};
    scale.kind = dice.one_of(kinds);
    scale.bad = dice.number(0, top / 2);
    scale.good = dice.chance(0.3) ? scale.bad / 2 : dice.number(scale.bad + 0.01 * top, top);
    if (scale.bad == scale.good) scale.good = top;
    for (double x = dice.number(0, top / 3); x < top; x += dice.number(0.1, 0.5) * top)
        scale.points.emplace_back(x, dice.number(0, 100));
    scale.points.emplace_back(top, dice.number(0, 100));
    if (scale.points.size() < 2) scale.points.insert(scale.points.begin(), {0, dice.number(0, 100)});
    scale.grace = dice.number(0, 9);
    scale.halflife = dice.number(1, 20);
    scale.categories = {{"south", dice.number(0, 100)}, {"west", dice.number(0, 100)}, {"spring", dice.number(0, 100)}};
    scale.by = dice.one_of<std::vector<std::string>>({{"segment"}, {"segment", "term"}, {"size"}});
    scale.delta = dice.number(-1, 1);
    scale.min = dice.one_of<int>({2, 5, 20});
    return scale;
}

reference::Signal some_signal(Dice& dice, int number) {
    reference::Signal signal{.name = fmt::format("s{:02}", number), .group = fmt::format("g{}", dice.below(3))};
    signal.from = dice.one_of<std::string>(
        {"usage", "usage", "usage", "usage", "attendance", "promises", "customers", "tickets"});
    signal.measure = signal.from == "usage"        ? dice.one_of(of_usage)
                     : signal.from == "attendance" ? dice.one_of<std::string>({"rate", "miss_streak", "count", "sum"})
                     : signal.from == "promises"   ? dice.one_of(of_promises)
                     : signal.from == "customers"  ? "value"
                                                   : dice.one_of<std::string>({"count", "sum"});
    signal.weight = dice.chance(0.15) ? 0 : dice.number(0.1, 3);
    if (signal.from == "usage" && dice.chance(0.3)) signal.metric = "a";
    if (signal.measure == "share") signal.of_metric = "b";
    if (signal.measure == "value") signal.field = dice.one_of<std::string>({"segment", "term", "size"});
    if (signal.measure != "value" && signal.from != "promises" && dice.chance(0.15))
        signal.per = dice.one_of<std::string>({"seats", "size"});
    if (dice.chance(0.3)) signal.least_size = 1 + dice.below(2);
    signal.window = dice.one_of<int>({1, 7, 14, 28, 90});
    signal.baseline = dice.one_of<int>({14, 28, 84});
    signal.c = dice.number(0.1, 2);
    const bool is_summed = std::find(summed.begin(), summed.end(), signal.measure) != summed.end();
    signal.silence_is_zero = is_summed ? dice.chance(0.8) : signal.measure == "ratio" && dice.chance(0.3);
    if (dice.chance(0.25)) signal.when_missing = dice.chance(0.5) ? 0 : dice.number(0, 100);
    if (signal.from == "usage" && signal.measure != "count" && signal.measure != "share" && dice.chance(0.3))
        signal.carry = 1 + dice.below(20);
    signal.grace = dice.below(10);
    signal.max_age = dice.below(10);
    signal.stale_halflife = 1 + dice.below(20);
    signal.scale = some_scale(dice, signal);
    return signal;
}

/// Signals that hardly any customer is without, so that a segment has a prior of its own.
void measure_everybody(reference::Pack& pack, Dice& dice) {
    for (auto& signal : pack.signals) {
        signal = {.name = signal.name, .group = signal.group, .from = "usage", .measure = dice.one_of(summed)};
        signal.weight = dice.number(0.1, 3);
        signal.silence_is_zero = true;
        signal.max_age = 40;
        signal.scale = some_scale(dice, signal);
    }
}

reference::Pack some_pack(Dice& dice) {
    reference::Pack pack;
    pack.healthy = dice.number(55, 80);
    pack.watch = dice.number(30, 50);
    pack.hysteresis = dice.number(0, 8);
    pack.coverage_floor = dice.number(0, 0.5);
    pack.smoothing = dice.one_of<int>({0, 3, 7});
    pack.prior = dice.number(40, 80);
    pack.weakest = dice.number(0, 1);
    pack.base_rate = dice.number(0.005, 0.2);
    const int count = 3 + dice.below(10);
    for (int number = 0; number < count; ++number) pack.signals.push_back(some_signal(dice, number));
    if (dice.chance(0.3)) measure_everybody(pack, dice);
    for (const auto& signal : pack.signals)
        if (!pack.groups.contains(signal.group)) pack.groups[signal.group] = dice.chance(0.1) ? 0 : dice.number(1, 50);
    for (const auto& signal : pack.signals)
        if (dice.chance(0.15) && signal.measure != "value")
            pack.caps.push_back({dice.number(10, 60), signal.name, dice.number(0.01, 1)});
    return pack;
}

// -- the same rules as TOML -------------------------------------------------------------------------------------------

std::string list_of(const std::vector<std::pair<double, double>>& points) {
    std::string text;
    for (const auto& [x, y] : points) text += fmt::format("{}[{}, {}]", text.empty() ? "" : ", ", x, y);
    return text;
}

std::string quoted_list(const std::vector<std::string>& names) {
    return fmt::format("[\"{}\"]", fmt::join(names, "\", \""));
}

std::string toml(const reference::Scale& scale) {
    if (scale.kind == "ramp") return fmt::format("ramp = {{ bad = {}, good = {} }}", scale.bad, scale.good);
    if (scale.kind == "identity") return "identity = true";
    if (scale.kind == "recency")
        return fmt::format("recency = {{ grace = {}, halflife = {} }}", scale.grace, scale.halflife);
    if (scale.kind == "cohort")
        return fmt::format("cohort = {{ by = {}, delta = {}, halflife = {}, min = {} }}", quoted_list(scale.by),
                           scale.delta, scale.halflife, scale.min);
    if (scale.kind != "category") return fmt::format("{} = [{}]", scale.kind, list_of(scale.points));
    std::string categories;
    for (const auto& [text, score] : scale.categories)
        categories += fmt::format("{}{} = {}", categories.empty() ? "" : ", ", text, score);
    return fmt::format("category = {{ {} }}", categories);
}

bool has_window(const reference::Signal& signal) {
    for (const auto* name : {"days_since", "last", "miss_streak", "slope", "value"})
        if (signal.measure == name) return false;
    return signal.from != "promises";
}

std::string toml(const reference::Signal& signal) {
    std::string text = fmt::format("[signal.{}]\ngroup = \"{}\"\nweight = {}\nfrom = \"{}\"\nmeasure = \"{}\"\n",
                                   signal.name, signal.group, signal.weight, signal.from, signal.measure);
    if (!signal.metric.empty()) text += fmt::format("where = [\"metric == '{}'\"]\n", signal.metric);
    if (!signal.of_metric.empty()) text += fmt::format("of = [\"metric == '{}'\"]\n", signal.of_metric);
    if (!signal.field.empty()) text += fmt::format("field = \"{}\"\n", signal.field);
    if (!signal.per.empty()) text += fmt::format("per = \"{}\"\n", signal.per);
    if (signal.least_size) text += fmt::format("applies = [\"size >= {}\"]\n", *signal.least_size);
    if (signal.measure == "ratio") text += fmt::format("baseline = \"{}d\"\nc = {}\n", signal.baseline, signal.c);
    if (signal.when_missing && *signal.when_missing == 0)
        text += "missing = \"worst\"\n";
    else if (signal.when_missing)
        text += fmt::format("missing = {}\n", *signal.when_missing);
    if (signal.carry > 0) text += fmt::format("carry = \"{}d\"\n", signal.carry);
    if (has_window(signal)) text += fmt::format("window = \"{}d\"\n", signal.window);
    if (signal.from == "promises" && signal.measure != "kept_probability")
        text += fmt::format("grace = \"{}d\"\n", signal.grace);
    if (signal.from != "promises" && signal.from != "customers")
        text += fmt::format("silence = \"{}\"\nmax_age = \"{}d\"\nstale_halflife = \"{}d\"\n",
                            signal.silence_is_zero ? "zero" : "missing", signal.max_age, signal.stale_halflife);
    return text + fmt::format("scale = {{ {} }}\n", toml(signal.scale));
}

std::string toml(const reference::Pack& pack) {
    std::string text = fmt::format(
        "schema = 1\n[health]\nbands = {{ healthy = {}, watch = {} }}\nhysteresis = {}\ncoverage_floor = {}\nsmoothing "
        "= "
        "\"{}d\"\nprior = {}\nweakest = {}\n[risk]\nbase_rate = {}\n",
        pack.healthy, pack.watch, pack.hysteresis, pack.coverage_floor, pack.smoothing, pack.prior, pack.weakest,
        pack.base_rate);
    for (const auto& [name, weight] : pack.groups) text += fmt::format("[group.{}]\nweight = {}\n", name, weight);
    for (const auto& signal : pack.signals) text += toml(signal);
    for (std::size_t i = 0; i < pack.caps.size(); ++i)
        text += fmt::format("[cap.c{}]\nat = {}\nwhen = [\"{} < {}\"]\n", i, pack.caps[i].at, pack.caps[i].signal,
                            pack.caps[i].below);
    return text;
}

RuleSet rules_of(const std::string& text) {
    const auto result = load_rules({"pack.toml"}, {.texts = {{"pack.toml", text}}});
    EXPECT_TRUE(result.rules) << format_problems(result.problems, result.sources);
    RuleSet rules = result.rules.value_or(RuleSet{});
    rules.policy.receivers = {{.name = "file"}};
    return rules;
}

// -- companies --------------------------------------------------------------------------------------------------------

int number_of(Day day) { return static_cast<int>(day.time_since_epoch().count()); }
Day day_of(int number) { return Day{days{number}}; }

/// Milestone promises: some over, some to come, with deliveries, grades and none of them.
reference::Promises some_promises(Dice& dice, const Company& company) {
    reference::Promises promises;
    const int today = number_of(company.as_of);
    for (const auto& customer : company.customers)
        for (int count = dice.below(3); count > 0; --count) {
            ::reference::Promise promise{.id = fmt::format("p{:05}", promises.rows.size()), .customer = customer.id};
            promise.segment = customer.segment;
            promise.kind = ::reference::Promise::milestones;
            promise.start = today - 20 - dice.below(150);
            promise.due = promise.start + 60 + dice.below(150);
            promise.target = dice.number(0.1, 1);
            promise.importance = dice.one_of<double>({0, 1, 2.5});
            for (int step = 0; step < 1 + dice.below(6); ++step) {
                ::reference::Milestone milestone{.id = fmt::format("m{}", step),
                                                 .due = promise.start + dice.below(200)};
                milestone.weight = dice.one_of<double>({0, 1, 1, 3});
                if (dice.chance(0.6)) milestone.delivered = milestone.due + dice.below(20) - 12;
                if (milestone.delivered && dice.chance(0.7)) milestone.quality = dice.number(0, 100);
                if (milestone.quality && dice.chance(0.3))
                    milestone.quality_known = *milestone.delivered + dice.below(30);
                promise.steps.push_back(milestone);
            }
            promises.rows.push_back(promise);
        }
    return promises;
}

std::vector<company::PromiseRow> rows_of(const reference::Promises& promises) {
    std::vector<company::PromiseRow> rows;
    for (const auto& promise : promises.rows) {
        company::PromiseRow row{.id = promise.id, .customer = promise.customer, .kind = PromiseKind::milestones};
        row.starts_on = day_of(promise.start);
        row.due_on = day_of(promise.due);
        row.target = *promise.target;
        row.importance = promise.importance;
        for (const auto& step : promise.steps) {
            company::MilestoneRow milestone{.id = step.id, .due_on = day_of(step.due), .weight = step.weight};
            if (step.delivered) milestone.delivered_on = day_of(*step.delivered);
            milestone.quality = step.quality.value_or(missing);
            if (step.quality_known) milestone.quality_known_on = day_of(*step.quality_known);
            row.milestones.push_back(milestone);
        }
        rows.push_back(row);
    }
    return rows;
}

/// Sometimes a feed ends early. Rows before read_from were not asked for.
Company some_company(Dice& dice, std::uint64_t seed, int customers) {
    Company company = company::generated_company(seed, customers);
    for (auto& [name, feed] : company.feeds) {
        const Day last = company.as_of - days{dice.chance(0.3) ? dice.below(25) : -5};
        std::erase_if(feed.rows, [&](const auto& row) { return row.day > last || row.day < company.read_from; });
    }
    return company;
}

/// Some customers with several products, of which some rows say which; some that belong to another.
void grow_a_tree(Company& company, Dice& dice) {
    for (std::size_t n = 0; n < company.customers.size(); ++n) {
        auto& customer = company.customers[n];
        const auto before = static_cast<std::size_t>(dice.below(4)) + 1;
        if (n >= before && dice.chance(0.25)) customer.parent = company.customers[n - before].id;
        if (!dice.chance(0.3)) continue;
        std::erase_if(company.subscriptions, [&](const auto& row) { return row.customer == customer.id; });
        for (const std::string product : {"-a", "-b", "-c"}) {
            if (product == "-c" && dice.chance(0.6)) continue;
            company::SubscriptionRow row{customer.id, customer.id + product,
                                         company.as_of - days{200 + dice.below(400)}};
            row.mrr = dice.chance(0.1) ? missing : dice.chance(0.1) ? 0 : dice.below(1000) * 100;
            row.seats = dice.below(20);
            company.subscriptions.push_back(row);
        }
        const double named = dice.one_of<double>({0, 0.3, 1});
        for (auto& [name, feed] : company.feeds)
            for (auto& row : feed.rows)
                if (row.customer == customer.id && dice.chance(named))
                    row.texts["subscription_id"] = customer.id + dice.one_of<std::string>({"-a", "-b", "-b", "-gone"});
    }
}

// -- the comparison ---------------------------------------------------------------------------------------------------

/// Sanitizers make each customer ten times as dear; they see their share.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long long wanted_customers = 2'000;
#else
constexpr long long wanted_customers = 10'000;
#endif

/// What was compared, so that a generator that goes blind is seen.
struct Compared {
    long long customers = 0, terms = 0, measured = 0, partly = 0, capped = 0, with_prior = 0, joined = 0, bands[4] = {};
};

void expect_same(double found, std::optional<double> expected, const std::string& what) {
    const double wanted = expected.value_or(missing);
    ASSERT_EQ(is_missing(found), is_missing(wanted)) << what << ": " << found << ", expected " << wanted;
    if (expected) {
        ASSERT_NEAR(found, wanted, 1e-9 * std::max(1.0, std::abs(wanted))) << what;
    }
}

void compare_terms(const Explanation& found, const reference::CustomerStanding& expected, const reference::Pack& pack,
                   Compared& compared) {
    for (std::size_t i = 0; i < found.health.terms.size(); ++i) {
        const Term& term = found.health.terms[i];
        const auto at = static_cast<std::size_t>(term.signal);
        const auto& signal = expected.signals[at];
        const auto what = fmt::format("{} {}", found.customer_id, pack.signals[at].name);
        const auto score = signal.score ? signal.score : pack.signals[at].when_missing;
        ASSERT_NO_FATAL_FAILURE(expect_same(term.raw, signal.raw, what + " raw"));
        ASSERT_NO_FATAL_FAILURE(expect_same(term.score, score, what + " score"));
        ASSERT_NO_FATAL_FAILURE(expect_same(term.contribution, signal.contribution, what + " contribution"));
        ASSERT_EQ(term.imputed, !signal.score && score.has_value()) << what;
        ASSERT_NEAR(term.freshness, signal.score ? signal.freshness : score ? 1 : 0, 1e-12) << what;
        ++compared.terms;
        compared.measured += signal.score.has_value();
        if (pack.signals[at].from == "promises") continue;
        const TermSource& source = found.sources[i];
        ASSERT_EQ(source.rows, static_cast<unsigned>(signal.rows)) << what;
        ASSERT_EQ(source.first, signal.first) << what;
        ASSERT_EQ(source.last, signal.last) << what;
    }
}

void compare_customer(const CustomerView& found, const reference::CustomerStanding& expected, Compared& compared) {
    const auto what = found.customer_id;
    ASSERT_NO_FATAL_FAILURE(expect_same(found.health, expected.health, what + " health"));
    ASSERT_NO_FATAL_FAILURE(expect_same(found.coverage, expected.coverage, what + " coverage"));
    ASSERT_NO_FATAL_FAILURE(expect_same(found.smoothed, expected.smoothed, what + " smoothed"));
    ASSERT_NO_FATAL_FAILURE(expect_same(found.risk, expected.risk, what + " risk"));
    ASSERT_EQ(band_name(found.band), expected.band) << what;
    ++compared.customers;
    ++compared.bands[static_cast<std::size_t>(found.band)];
    compared.partly += expected.coverage > 0.01 && expected.coverage < 0.99;
    compared.capped += expected.health < expected.before_caps;
}

/// Some days, at irregular distances; of the last one also why.
void compare_company(Company company, Dice& dice, Compared& compared) {
    const auto pack = some_pack(dice);
    const auto promises = some_promises(dice, company);
    const RuleSet rules = rules_of(toml(pack));
    if (testing::Test::HasFailure()) return;
    const Day last = company.as_of;
    State state;
    reference::Memory memory;
    for (const int back : {4 + dice.below(9), 1 + dice.below(3), 0}) {
        company.as_of = last - days{back};
        SCOPED_TRACE("as of " + format_day(company.as_of) + "\n" + toml(pack));
        Snapshot snapshot = snapshot_of(company);
        company::add_promises(snapshot, rows_of(promises));
        const auto expected = reference::score_day(company, promises, pack, memory);
        const Explainer explainer(snapshot, rules, state);
        CycleResult result = run_cycle(snapshot, rules, state, Instant{company.as_of + days{1}});
        ASSERT_EQ(result.view.customers.size(), expected.size());
        for (const CustomerView& found : result.view.customers) {
            const auto& wanted = expected.at(found.customer_id);
            const auto explained = explainer.explain(found.customer_id);
            if (wanted.parts == 1) {
                ASSERT_NO_FATAL_FAILURE(compare_terms(*explained, wanted, pack, compared));
            }
            ASSERT_NO_FATAL_FAILURE(
                expect_same(explained->health.weakest_part, wanted.weakest_part, found.customer_id + " weakest part"));
            ASSERT_NO_FATAL_FAILURE(expect_same(explained->health.prior, wanted.prior, found.customer_id + " prior"));
            ASSERT_NO_FATAL_FAILURE(compare_customer(found, wanted, compared));
            compared.with_prior += wanted.prior != pack.prior;
            compared.joined += wanted.parts > 1;
        }
        state = std::move(result.state);
    }
}

TEST(Health, OfTenThousandCustomersIsThatOfTheReference) {
    const char* text = std::getenv("RETAIND_SEED");
    const std::uint64_t first = text ? std::strtoull(text, nullptr, 10) : std::random_device{}();
    std::cout << "RETAIND_SEED=" << first << std::endl;
    Compared compared;
    for (std::uint64_t seed = first; compared.customers < wanted_customers && seed < first + 400; ++seed) {
        SCOPED_TRACE("RETAIND_SEED=" + std::to_string(seed));
        Dice dice(seed);
        const int customers = dice.one_of<int>({1, 8, 30, 60, 60, 90});
        Company company = some_company(dice, seed, customers);
        if (dice.chance(0.2)) grow_a_tree(company, dice);
        compare_company(std::move(company), dice, compared);
        if (HasFailure()) return;
    }
    EXPECT_GE(compared.customers, wanted_customers);
    if (wanted_customers < 10'000) return;  // so few companies need not have everything among them
    EXPECT_GT(compared.measured, compared.terms / 3);
    EXPECT_GT(compared.partly, compared.customers / 3);
    EXPECT_GT(compared.capped, compared.customers / 50);
    EXPECT_GT(compared.with_prior, compared.customers / 100);
    EXPECT_GT(compared.joined, compared.customers / 50);
    for (const auto count : compared.bands) EXPECT_GT(count, compared.customers / 50);
}

}  // namespace
}  // namespace retaind
