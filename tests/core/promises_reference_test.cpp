// The core against the slow reference implementation, over generated companies. RETAIND_SEED repeats a run.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reference/reference_promises.hpp"
#include "retaind/promises/evidence.hpp"
#include "retaind/promises/measures.hpp"
#include "retaind/promises/promise.hpp"
#include "support/company.hpp"
#include "support/promise_rows.hpp"

namespace retaind {
namespace {

using std::chrono::days;

const Day origin = company::day("2023-05-01");
Day on(int day) { return origin + days{day}; }
std::optional<Day> on(std::optional<int> day) { return day ? std::optional{on(*day)} : std::nullopt; }

struct World {
    std::vector<reference::Promise> promises;
    reference::Rules rules;
    int today = 0;
};

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    World mixed() {
        World world{.promises = {}, .rules = rules(), .today = between(20, 200)};
        const bool keepers = chance(0.2);
        for (int i = between(4, 20); i > 0; --i) world.promises.push_back(promise(world.today, keepers));
        return world;
    }

    /// One segment whose reach promises are mostly kept, so that they teach a curve.
    World taught() {
        World world{.promises = {}, .rules = rules(), .today = between(150, 200)};
        for (int i = 0; i < 70; ++i) {
            reference::Promise promise = reach_promise(between(0, 60), between(20, 80), 0.9);
            if (i >= 50) promise = reach_promise(world.today - between(5, 40), between(30, 80), 0.3);
            name(promise, i);
            promise.segment = "north";
            world.promises.push_back(promise);
        }
        return world;
    }

private:
    int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
    bool chance(double p) { return real(0, 1) < p; }
    template <class T>
    T one_of(std::vector<T> values) {
        return values[static_cast<std::size_t>(between(0, static_cast<int>(values.size()) - 1))];
    }

    reference::Rules rules() {
        reference::Rules rules;
        if (chance(0.5)) rules.grace = one_of<int>({0, 3, 14});
        if (chance(0.2)) rules.evidence_days = 10;
        if (chance(0.2)) rules.memory_days = 20;
        if (chance(0.2)) rules.quality_delay = 3;
        if (chance(0.3)) rules.gamma = real(0.5, 1), rules.a0 = real(0.2, 4), rules.b0 = real(0.2, 4);
        rules.curves = {{"late", {{0, 0}, {0.5, 0.1}, {1, 1}}}, {"rest", {{0, 0}, {0.3, 0.5}, {0.7, 0.5}, {1, 1}}}};
        return rules;
    }

    void name(reference::Promise& promise, int number) {
        const int customer = between(0, 4);
        promise.id = fmt::format("p{:03}", number);
        promise.customer = fmt::format("c{}", customer);
        promise.segment =
            std::vector<std::string>{"north", "north", "south", "", "south"}[static_cast<std::size_t>(customer)];
        promise.importance = one_of<double>({1, 1, 2, 0.5});
    }

    reference::Promise promise(int today, bool keepers) {
        reference::Promise promise;
        const int start = between(-60, today + 5), length = between(5, 150);
        switch (between(0, 2)) {
            case 0: promise = reach_promise(start, length, real(0.2, 1.3)); break;
            case 1: promise = hold_promise(start, length); break;
            default: promise = milestone_promise(start, length); break;
        }
        name(promise, counter_++);
        promise.curve = one_of<std::string>({"", "", "", "linear", "late", "rest", "unheard of"});
        if (keepers && chance(0.8)) promise.kept_by = "jo";
        if (chance(0.03)) promise.target.reset();
        return promise;
    }

    /// Values from the baseline to about `success` of the way, in steps, with noise and now and then a self-report.
    reference::Promise reach_promise(int start, int length, double success) {
        reference::Promise promise{.kind = reference::Promise::reach, .start = start, .due = start + length};
        promise.baseline = one_of<double>({0, 0, 50, -10});
        promise.target = promise.baseline + one_of<double>({100, 40, -40, 8});
        if (chance(0.3)) promise.quality = 3;
        const double reports = one_of<double>({0, 0, 0.3, 1});
        const int stop = chance(0.2) ? start + length / 2 : start + length + 20;
        for (int day = start + between(-5, 10); day <= stop; day += between(0, 14)) {
            const double share = success * (day - start) / length + real(-0.1, 0.1);
            const double value =
                std::round(10 * (promise.baseline + share * (*promise.target - promise.baseline))) / 10;
            promise.readings.push_back({day, value, chance(reports), chance(0.1) ? day + between(1, 20) : day});
        }
        return promise;
    }

    reference::Promise hold_promise(int start, int length) {
        reference::Promise promise{.kind = reference::Promise::hold, .start = start, .due = start + length};
        promise.baseline = one_of<double>({0, 100});
        promise.target = 60;
        if (chance(0.3)) promise.quality = 2.5;
        const double level = real(50, 70), noise = one_of<double>({0, 1, 8}), reports = one_of<double>({0, 0, 0.3, 1});
        for (int day = start + between(0, 7); day <= start + length + 10; day += between(1, 9)) {
            promise.readings.push_back(
                {day, std::round(10 * (level + real(-noise, noise))) / 10, chance(reports), day});
        }
        return promise;
    }

    reference::Promise milestone_promise(int start, int length) {
        reference::Promise promise{.kind = reference::Promise::milestones, .start = start, .due = start + length};
        promise.target = one_of<double>({0.5, 0.6, 0.8, 0.9, 1, 0.75, 2.0 / 3});
        const int count = chance(0.05) ? 0 : between(1, 12);
        const double diligence = real(0, 1);
        const bool weighted = chance(0.5), weightless = chance(0.05);
        for (int i = 0; i < count; ++i) {
            reference::Milestone step{.id = fmt::format("{}-{:02}", counter_, i),
                                      .due = start + between(-3, length + 3)};
            if (chance(0.2)) step.due = start + length / 2;
            if (chance(diligence)) step.delivered = step.due + between(-20, 15);
            step.weight = weightless ? 0 : weighted ? between(1, 30) / 10.0 : 1;
            if (step.delivered && chance(0.8)) step.quality = between(0, 100);
            if (step.quality && chance(0.3)) step.quality_known = *step.delivered + between(0, 30);
            promise.steps.push_back(step);
        }
        return promise;
    }

    std::mt19937_64 random_;
    int counter_ = 0;
};

company::PromiseRow row_of(const reference::Promise& promise) {
    company::PromiseRow row{.id = promise.id,
                            .customer = promise.customer,
                            .kind = static_cast<PromiseKind>(promise.kind),
                            .starts_on = on(promise.start),
                            .due_on = on(promise.due),
                            .target = promise.target.value_or(missing),
                            .baseline = promise.kind == reference::Promise::milestones ? 0 : promise.baseline,
                            .quality = promise.quality,
                            .importance = promise.importance,
                            .curve = promise.curve,
                            .kept_by = promise.kept_by};
    for (const auto& r : promise.readings) row.readings.push_back({on(r.at), r.value, r.reported, on(r.known)});
    for (const auto& m : promise.steps) {
        row.milestones.push_back(
            {m.id, on(m.due), on(m.delivered), m.weight, m.quality.value_or(missing), on(m.quality_known)});
    }
    return row;
}

Snapshot snapshot_of(const World& world) {
    company::Company rows{.as_of = on(world.today)};
    std::map<std::string, std::string> segments = {
        {"c0", "north"}, {"c1", "north"}, {"c2", "south"}, {"c3", ""}, {"c4", "south"}};
    for (const auto& promise : world.promises) segments[promise.customer] = promise.segment;
    for (const auto& [id, segment] : segments) rows.customers.push_back({.id = id, .segment = segment});
    Snapshot snapshot = company::snapshot_of(rows);
    std::vector<company::PromiseRow> promises;
    for (const auto& promise : world.promises) promises.push_back(row_of(promise));
    company::add_promises(snapshot, std::move(promises));
    return snapshot;
}

RuleSet rules_of(const reference::Rules& rules) {
    RuleSet set;
    set.promises = {.grace = static_cast<double>(rules.grace),
                    .evidence_days = static_cast<double>(rules.evidence_days),
                    .memory_days = static_cast<double>(rules.memory_days),
                    .quality_delay = static_cast<double>(rules.quality_delay),
                    .on_track = rules.on_track,
                    .off_track = rules.off_track,
                    .gamma = rules.gamma,
                    .a0 = rules.a0,
                    .b0 = rules.b0};
    for (const auto& [name, points] : rules.curves) set.curves.push_back({name, points});
    return set;
}

/// What was compared, so that a generator that goes blind is seen.
struct Seen {
    int promises = 0, probabilities = 0, behind = 0, ratios = 0, disputed = 0;
    std::map<std::string, int> states = {};
};

void expect_same(const char* what, double actual, const std::optional<double>& expected, const std::string& where) {
    if (!expected)
        EXPECT_TRUE(is_missing(actual)) << where << " " << what << ": " << actual << ", expected nothing";
    else
        EXPECT_NEAR(actual, *expected, 1e-9 * std::max(1.0, std::abs(*expected))) << where << " " << what;
}

void compare(const Progress& actual, const reference::Standing& expected, const std::string& where, Seen& seen) {
    expect_same("value", actual.value, expected.value, where);
    expect_same("progress", actual.progress, expected.progress, where);
    expect_same("expected", actual.expected, expected.expected, where);
    expect_same("pace", actual.pace, expected.pace, where);
    expect_same("days behind", actual.days_behind, expected.days_behind, where);
    expect_same("probability", actual.probability, expected.probability, where);
    expect_same("required rate ratio", actual.required_rate_ratio, expected.required_rate_ratio, where);
    EXPECT_EQ(actual.kept_on, on(expected.kept_on)) << where;
    EXPECT_EQ(actual.reported_kept, expected.reported_kept) << where;
    EXPECT_EQ(actual.disputed, expected.disputed) << where;
    EXPECT_EQ(promise_state_name(actual.verdict), expected.state) << where;
    seen.promises += 1;
    seen.probabilities += expected.probability && *expected.probability > 0 && *expected.probability < 1;
    seen.behind += expected.days_behind && *expected.days_behind > 0;
    seen.ratios += expected.required_rate_ratio && *expected.required_rate_ratio > 0;
    seen.disputed += expected.disputed;
    seen.states[expected.state] += 1;
}

void compare_promises(const World& world, const std::string& where, Seen& seen) {
    const Snapshot snapshot = snapshot_of(world);
    const auto progress = measure_promises(snapshot, rules_of(world.rules));
    ASSERT_EQ(progress.size(), world.promises.size());
    for (std::size_t i = 0; i < progress.size(); ++i) {
        const auto id = snapshot.text(snapshot.promises[i].id);
        const auto promise = std::ranges::find(world.promises, id, &reference::Promise::id);
        const auto expected = reference::standing(world.promises, *promise, world.rules, world.today);
        compare(progress[i], expected, fmt::format("{} {}", where, id), seen);
    }
}

void compare_measures(const World& world, const std::string& where) {
    const std::vector<std::pair<Measure, std::string>> measures = {
        {Measure::kept_probability, "kept_probability"},
        {Measure::milestone_attainment, "milestone_attainment"},
        {Measure::milestone_quality, "milestone_quality"},
        {Measure::overdue, "overdue"},
        {Measure::next_due_days, "next_due_days"}};
    const Snapshot snapshot = snapshot_of(world);
    const RuleSet rules = rules_of(world.rules);
    const auto progress = measure_promises(snapshot, rules);
    const PromiseMeasures core(snapshot, rules, progress);
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        const std::string id{snapshot.text(snapshot.customers[customer].id)};
        for (const auto& [measure, name] : measures) {
            const auto expected = reference::measure(name, world.promises, id, world.rules, 2, world.today);
            const auto actual = core.measure({.from = "promises", .measure = measure, .grace = 2}, customer);
            expect_same(name.c_str(), actual.raw, expected, where + " " + id);
        }
    }
}

std::uint64_t seed() {
    if (const char* text = std::getenv("RETAIND_SEED")) return std::strtoull(text, nullptr, 10);
    return std::random_device{}();
}

TEST(PromisesAgreeWithTheReference, OverTenThousandGeneratedOnes) {
    const std::uint64_t first = seed();
    std::cout << "RETAIND_SEED=" << first << "\n";
    Generator generator(first);
    Seen seen;
    for (int i = 0; i < 900 && !HasFailure(); ++i) {
        const std::string where = fmt::format("RETAIND_SEED={} world {}", first, i);
        const World world = i % 150 == 7 ? generator.taught() : generator.mixed();
        compare_promises(world, where, seen);
        if (i % 150 != 7) compare_measures(world, where);
    }
    if (HasFailure()) return;
    EXPECT_GE(seen.promises, 10'000);
    EXPECT_GE(seen.probabilities, 1'000);
    EXPECT_GE(seen.behind, 1'000);
    EXPECT_GE(seen.ratios, 300);
    EXPECT_GE(seen.disputed, 10);
    for (const char* state : {"open", "on_track", "slipping", "off_track", "kept", "missed", "unmeasurable"}) {
        EXPECT_GE(seen.states[state], 100) << state;
    }
}

}  // namespace
}  // namespace retaind
