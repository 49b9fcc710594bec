// The life of an alert against an independent model (QUALITY.md T3), over random sequences of conditions, freezes, day
// gaps, absences and severities.
//
// The model is written from the table in ALERTS.md and shares nothing with the code under test: it keeps the whole
// log of fresh evaluations and finds every "since when" by reading it backwards, where the code keeps dates.
//
// RETAIND_SEED=n repeats a run; RETAIND_SEQUENCES=n changes its length.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "retaind/alerts/alert.hpp"

namespace retaind {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Day epoch{std::chrono::year{2026} / 1 / 1};
const AlertKey key{.rule = "r", .scope = Scope::customer, .entity = "c1"};

// -- the model ------------------------------------------------------------------------------------------------------

class Model {
public:
    enum class Place { ok, pending, firing, recovering };

    /// The message-worthy word for what happened, or "".
    std::string evaluate(const Rule& rule, const Finding& finding) {
        if (finding.frozen) return "";
        now_ = finding.data_time;
        as_of_ = finding.as_of;
        if (finding.ended) return leave("closed");
        if (!finding.present) return miss();
        if (finding.applies == Truth::no) return leave("closed");
        missed_.clear();
        if (finding.applies == Truth::unknown) return "";
        log_.push_back(finding);
        if (finding.when == Truth::yes) log_.back().clear = Truth::no;
        if (finding.critical_when == Truth::yes) log_.back().critical_clear = Truth::no;
        return decide(rule);
    }

    Place place = Place::ok;
    Severity severity = Severity::info;
    int episode = 0;
    bool ended_by_closing = false;

private:
    const Finding& latest() const { return log_.back(); }

    std::string decide(const Rule& rule) {
        switch (place) {
            case Place::ok: return decide_ok(rule);
            case Place::pending: return latest().when == Truth::no ? leave("closed") : try_to_fire(rule, "");
            case Place::firing:
            case Place::recovering: break;
        }
        return decide_open(rule);
    }

    std::string decide_ok(const Rule& rule) {
        if (latest().when != Truth::yes) return "";
        place = Place::pending;
        first_of_place_ = first_of_life_ = log_.size() - 1;
        if (episode == 0) severity = rule.severity;
        return try_to_fire(rule, "started_pending");
    }

    std::string try_to_fire(const Rule& rule, std::string otherwise) {
        if (latest().when != Truth::yes) return "";
        if (now_ - log_[first_of_place_].data_time < rule.trigger.hold) return otherwise;
        const bool quiet = in_cooldown(rule);
        const Severity before = severity;
        severity = critical_has_held(rule) ? Severity::critical : rule.severity;
        place = Place::firing;
        recurrence_ = quiet && severity <= before;
        if (!quiet) ++episode;
        return !quiet ? "fired" : severity > before ? "escalated" : "relapsed";
    }

    std::string decide_open(const Rule& rule) {
        const Place was = place;
        if (latest().clear == Truth::yes && was == Place::firing) first_of_place_ = log_.size() - 1;
        if (latest().clear == Truth::yes) place = Place::recovering;
        if (latest().clear == Truth::no) place = Place::firing;
        const bool cleared =
            latest().clear == Truth::yes && now_ - log_[first_of_place_].data_time >= rule.keep_firing_for;
        if (cleared) return leave("resolved");
        const std::string rank = decide_severity(rule);
        if (rank == "escalated") {
            recurrence_ = false;  // which is told, so that nothing is left to catch up on
            return rank;
        }
        const bool known = latest().when == Truth::yes || latest().clear == Truth::no;
        if (place == Place::firing && recurrence_ && known && !in_cooldown(rule)) {
            recurrence_ = false;
            return "fired";
        }
        if (place == was) return rank;
        return place == Place::firing ? "relapsed" : "recovering";
    }

    std::string decide_severity(const Rule& rule) {
        const bool risen = rule.critical && severity == Severity::critical && rule.severity != Severity::critical;
        Severity next = severity;
        if (risen && latest().critical_clear == Truth::yes) {
            next = rule.severity;
            eased_.insert(log_.size() - 1);
        } else if (!risen) {
            const Severity base = place == Place::firing ? rule.severity : std::min(severity, rule.severity);
            next = place == Place::firing && critical_has_held(rule) ? Severity::critical : base;
        }
        const Severity before = std::exchange(severity, next);
        return next > before ? "escalated" : next < before ? "eased" : "";
    }

    /// Read backwards: up to where the condition was known not to hold, the alert eased, or this life began.
    bool critical_has_held(const Rule& rule) const {
        if (!rule.critical || latest().critical_when != Truth::yes) return false;
        Day since = now_;
        for (std::size_t at = log_.size(); at-- > first_of_life_;) {
            if (log_[at].critical_when == Truth::no || eased_.contains(at)) break;
            if (log_[at].critical_when == Truth::yes) since = log_[at].data_time;
        }
        return now_ - since >= rule.critical->hold;
    }

    bool in_cooldown(const Rule& rule) const {
        return rule.cooldown > Seconds{0} && ended_ && now_ - *ended_ <= rule.cooldown;
    }

    std::string miss() {
        if (place == Place::ok) return "";
        if (missed_.empty() || as_of_ > *missed_.rbegin()) missed_.insert(as_of_);
        return missed_.size() < 2 ? "" : leave("closed");
    }

    std::string leave(const std::string& how) {
        missed_.clear();
        const Place was = std::exchange(place, Place::ok);
        if (was == Place::ok) return "";
        if (was == Place::pending) return "dropped";
        ended_ = now_;
        ended_by_closing = how == "closed";
        return how;
    }

    std::vector<Finding> log_ = {};
    std::size_t first_of_place_ = 0, first_of_life_ = 0;
    std::set<std::size_t> eased_ = {};
    std::set<Day> missed_ = {};
    std::optional<Day> ended_ = {};
    bool recurrence_ = false;
    Day now_ = epoch, as_of_ = epoch;
};

// -- random lives ---------------------------------------------------------------------------------------------------

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
    bool percent(int n) { return below(100) < n; }
    template <class T, std::size_t N>
    T of(const T (&values)[N]) {
        return values[below(static_cast<int>(N))];
    }

private:
    std::mt19937_64 engine_;
};

const Seconds spans[] = {Seconds{0}, Seconds{0}, hours{24}, hours{36}, hours{48}, days{5}};
const Severity gentle[] = {Severity::info, Severity::warning, Severity::warning};
const Truth truths[] = {Truth::no, Truth::unknown, Truth::yes};

Rule any_rule(Dice& dice) {
    Rule rule{.name = "r", .trigger = {.hold = dice.of(spans)}, .keep_firing_for = dice.of(spans)};
    if (dice.percent(60)) rule.critical = Trigger{.hold = dice.of(spans)};
    rule.severity = !rule.critical && dice.percent(20) ? Severity::critical : dice.of(gentle);
    rule.cooldown = dice.of(spans);
    return rule;
}

/// A customer whose trouble wanders: 0 well, 1 between, 2 in trouble, 3 in deep trouble.
class Customer {
public:
    explicit Customer(Dice& dice) : dice_(dice) {}

    Finding look() {
        wander();
        Finding finding{.data_time = epoch + days{day_}, .as_of = epoch + days{as_of_}};
        finding.frozen = outage_ > 0;
        finding.present = absence_ == 0;
        finding.ended = dice_.percent(1);
        finding.applies = dice_.percent(97) ? Truth::yes : dice_.of(truths);
        finding.when = blurred(truth(level_ >= 2));
        finding.clear = blurred(truth(level_ == 0));
        finding.critical_when = blurred(truth(level_ == 3));
        finding.critical_clear = blurred(truth(level_ <= 1));
        if (dice_.percent(2))
            finding.when = finding.clear = finding.critical_when = finding.critical_clear = Truth::yes;
        return finding;
    }

private:
    void wander() {
        const int steps[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 5, 9, -1, -3};
        day_ += dice_.percent(90) ? dice_.below(2) : dice_.of(steps);
        as_of_ += dice_.below(2);
        const int moves[] = {-1, 0, 0, 1};
        level_ = std::clamp(level_ + dice_.of(moves), 0, 3);
        if (dice_.percent(5)) level_ = dice_.below(4);
        outage_ = outage_ > 0 ? outage_ - 1 : dice_.percent(4) ? 1 + dice_.below(6) : 0;
        absence_ = absence_ > 0 ? absence_ - 1 : dice_.percent(2) ? 1 + dice_.below(4) : 0;
    }

    Truth blurred(Truth value) { return dice_.percent(6) ? Truth::unknown : value; }

    Dice& dice_;
    int day_ = 100, as_of_ = 100, level_ = 0, outage_ = 0, absence_ = 0;
};

std::string place_name(const Model& model) {
    switch (model.place) {
        case Model::Place::pending: return "pending";
        case Model::Place::firing: return "firing";
        case Model::Place::recovering: return "recovering";
        case Model::Place::ok: break;
    }
    if (model.episode == 0) return "nothing";
    return model.ended_by_closing ? "closed" : "resolved";
}

std::string place_name(const std::optional<Alert>& alert) {
    return alert ? std::string{phase_name(alert->phase)} : "nothing";
}

/// What must hold whatever the model says.
struct Promises {
    std::optional<Day> ended = {};
    bool told = false;  ///< of the problem, in this episode

    void check(const Rule& rule, const Finding& finding, const std::optional<Alert>& before, const AlertStep& stepped) {
        const auto what = stepped.transition;
        if (finding.frozen) {
            EXPECT_EQ(stepped.after, before) << "frozen moves nothing";
        }
        if (before && stepped.after) {
            EXPECT_EQ(stepped.after->seq, before->seq + (what == Transition::none ? 0 : 1))
                << "seq grows per transition";
            EXPECT_GE(stepped.after->episode, before->episode) << "episodes never fall";
        }
        if (what == Transition::fired) {
            EXPECT_GE(finding.data_time - *stepped.after->pending_since, rule.trigger.hold) << "no fire before `for`";
            const bool early = ended && rule.cooldown > Seconds{0} && finding.data_time - *ended <= rule.cooldown;
            EXPECT_FALSE(early) << "one page per cooldown";
            told = true;
        }
        if (what == Transition::resolved || what == Transition::closed) {
            EXPECT_TRUE(told) << "an end only after a beginning";
            ended = finding.data_time;
        }
    }
};

void live_once(std::uint64_t seed) {
    Dice dice{seed};
    Rule rule = any_rule(dice);
    Customer customer{dice};
    Model model;
    Promises promises;
    std::optional<Alert> alert;
    for (int at = 0; at < 40; ++at) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(at));
        if (dice.percent(1)) rule.severity = dice.of(gentle);
        const Finding finding = customer.look();
        const auto stepped = step(alert ? &*alert : nullptr, key, rule, finding);
        const std::string expected = model.evaluate(rule, finding);
        promises.check(rule, finding, alert, stepped);
        alert = stepped.after;
        ASSERT_EQ(transition_name(stepped.transition), expected.empty() ? "none" : expected);
        ASSERT_EQ(place_name(alert), place_name(model));
        ASSERT_EQ(alert ? alert->episode : 0, model.episode);
        ASSERT_TRUE(!alert || !is_open(*alert) || alert->severity == model.severity);
        const auto again = step(alert ? &*alert : nullptr, key, rule, finding);
        ASSERT_EQ(again.transition, Transition::none) << "the same finding a second time";
        ASSERT_EQ(again.after, alert);
    }
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t sequences = 5'000;
#else
constexpr std::uint64_t sequences = 100'000;
#endif

TEST(AlertStepAgainstAModel, AgreesOverRandomLives) {
    const std::uint64_t seed = from_environment("RETAIND_SEED", std::random_device{}());
    const std::uint64_t count = from_environment("RETAIND_SEQUENCES", sequences);
    std::cout << "RETAIND_SEED=" << seed << " RETAIND_SEQUENCES=" << count << std::endl;
    for (std::uint64_t at = 0; at < count; ++at) {
        live_once(seed + at);
        if (testing::Test::HasFailure()) FAIL() << "repeat with RETAIND_SEED=" << seed + at << " RETAIND_SEQUENCES=1";
    }
}

}  // namespace
}  // namespace retaind
