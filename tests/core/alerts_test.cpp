// The life of one alert (ALERTS.md "Transitions"), case by case, and when a delivery is tried again.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/retry.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Outcome = AttemptOutcome;
using Kind = RetryDecision::Kind;

constexpr Day first_day{std::chrono::year{2026} / 3 / 1};
Day on(int day) { return first_day + days{day}; }

const AlertKey key{.rule = "stopped_coming", .scope = Scope::customer, .entity = "c1"};

/// What an evaluation found, in one word:
///   holds, clear, between (neither), unknown, frozen, gone, ended, not_mine (applies is no), maybe_mine (applies is
///   unknown)
/// and after a space for the critical condition: critical, calm (its clear), or nothing (neither).
Finding found(int day, const std::string& words) {
    const auto space = words.find(' ');
    const std::string what = words.substr(0, space);
    const std::string severity = space == std::string::npos ? "" : words.substr(space + 1);
    Finding finding{.data_time = on(day), .as_of = on(day)};
    finding.frozen = what == "frozen";
    finding.present = what != "gone";
    finding.ended = what == "ended";
    if (what == "not_mine") finding.applies = Truth::no;
    if (what == "maybe_mine") finding.applies = Truth::unknown;
    const bool unknown = what == "unknown";
    finding.when = unknown ? Truth::unknown : truth(what == "holds" || what == "frozen" || what == "maybe_mine");
    finding.clear = unknown ? Truth::unknown : truth(what == "clear");
    finding.critical_when = truth(severity == "critical");
    finding.critical_clear = truth(severity == "calm");
    return finding;
}

struct Moment {
    int day;
    std::string found;
    Transition transition;
    std::optional<AlertPhase> phase = {};  ///< nothing: nothing is stored
    Severity severity = Severity::warning;
    std::int64_t episode = 1;
};

struct Life {
    std::string sentence;
    Rule rule;
    std::vector<Moment> moments;
};

constexpr auto pending = AlertPhase::pending;
constexpr auto firing = AlertPhase::firing;
constexpr auto recovering = AlertPhase::recovering;
constexpr auto resolved = AlertPhase::resolved;
constexpr auto closed = AlertPhase::closed;
constexpr auto critical = Severity::critical;
constexpr auto warning = Severity::warning;
using T = Transition;

Rule plain() { return {.name = "stopped_coming"}; }
Rule patient(int open_days, int clear_days = 0) {
    return {.name = "stopped_coming", .trigger = {.hold = days{open_days}}, .keep_firing_for = days{clear_days}};
}
Rule rising(int critical_days = 0) {
    return {.name = "stopped_coming", .critical = Trigger{.hold = days{critical_days}}};
}

void live(const Life& life) {
    std::optional<Alert> alert;
    for (const Moment& moment : life.moments) {
        SCOPED_TRACE(life.sentence + ", day " + std::to_string(moment.day) + ": " + moment.found);
        const Finding finding = found(moment.day, moment.found);
        const auto stepped = step(alert ? &*alert : nullptr, key, life.rule, finding);
        EXPECT_EQ(transition_name(stepped.transition), transition_name(moment.transition));
        ASSERT_EQ(stepped.after.has_value(), moment.phase.has_value());
        if (stepped.after) {
            EXPECT_EQ(phase_name(stepped.after->phase), phase_name(*moment.phase));
            EXPECT_EQ(stepped.after->severity, moment.severity);
            EXPECT_EQ(stepped.after->episode, moment.episode);
            EXPECT_EQ(stepped.after->seq, (alert ? alert->seq : 0) + (moment.transition == T::none ? 0 : 1));
        }
        alert = stepped.after;
        const auto again = step(alert ? &*alert : nullptr, key, life.rule, finding);
        EXPECT_EQ(again.transition, T::none) << "the same finding a second time";
        EXPECT_EQ(again.after, alert) << "the same finding a second time";
    }
}

TEST(AlertStep, OpensAndEndsAsTheTableSays) {
    const std::vector<Life> lives = {
        {"with no `for` it fires at once", plain(), {{0, "holds", T::fired, firing}}},
        {"nothing is stored while nothing is wrong", plain(), {{0, "clear", T::none}, {1, "between", T::none}}},
        {"with `for` it is pending, and fires once that has passed in data time",
         patient(3),
         {{0, "holds", T::started_pending, pending, warning, 0},
          {2, "holds", T::none, pending, warning, 0},
          {3, "holds", T::fired, firing}}},
        {"pending is forgotten when the condition no longer holds, and starts anew",
         patient(2),
         {{0, "holds", T::started_pending, pending, warning, 0},
          {1, "between", T::dropped},
          {2, "holds", T::started_pending, pending, warning, 0},
          {3, "holds", T::none, pending, warning, 0},
          {4, "holds", T::fired, firing}}},
        {"between `when` and `clear` a firing alert stays",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "between", T::none, firing}, {2, "clear", T::resolved, resolved}}},
        {"with keep_firing_for it recovers first",
         patient(0, 2),
         {{0, "holds", T::fired, firing},
          {1, "clear", T::recovering, recovering},
          {2, "clear", T::none, recovering},
          {3, "clear", T::resolved, resolved}}},
        {"recovering goes back to firing, same episode, and its clock starts anew",
         patient(0, 2),
         {{0, "holds", T::fired, firing},
          {1, "clear", T::recovering, recovering},
          {2, "between", T::relapsed, firing},
          {3, "clear", T::recovering, recovering},
          {4, "clear", T::none, recovering},
          {5, "clear", T::resolved, resolved}}},
        {"a day gap counts as the days it spans",
         patient(3),
         {{0, "holds", T::started_pending, pending, warning, 0}, {30, "holds", T::fired, firing}}},
    };
    for (const Life& life : lives) live(life);
}

TEST(AlertStep, MovesOnlyOnWhatIsKnown) {
    const std::vector<Life> lives = {
        {"frozen opens nothing", plain(), {{0, "frozen", T::none}}},
        {"unknown opens nothing", plain(), {{0, "unknown", T::none}}},
        {"an unknown `applies` opens nothing", plain(), {{0, "maybe_mine", T::none}}},
        {"frozen neither fires a pending alert nor drops it, and data time that covers the gap counts",
         patient(3),
         {{0, "holds", T::started_pending, pending, warning, 0},
          {1, "frozen", T::none, pending, warning, 0},
          {9, "frozen", T::none, pending, warning, 0},
          {3, "holds", T::fired, firing}}},
        {"frozen days that data time does not cover give no credit",
         patient(3),
         {{0, "holds", T::started_pending, pending, warning, 0},
          {0, "frozen", T::none, pending, warning, 0},
          {1, "holds", T::none, pending, warning, 0}}},
        {"unknown neither fires nor drops a pending alert",
         patient(1),
         {{0, "holds", T::started_pending, pending, warning, 0},
          {5, "unknown", T::none, pending, warning, 0},
          {6, "holds", T::fired, firing}}},
        {"unknown neither clears nor relapses",
         patient(0, 1),
         {{0, "holds", T::fired, firing},
          {1, "unknown", T::none, firing},
          {2, "clear", T::recovering, recovering},
          {5, "unknown", T::none, recovering},
          {6, "clear", T::resolved, resolved}}},
        {"frozen never resolves",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "frozen", T::none, firing}, {2, "clear", T::resolved, resolved}}},
        {"an unknown `applies` closes nothing",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "maybe_mine", T::none, firing}}},
        {"data time that goes back fires nothing early",
         patient(3),
         {{5, "holds", T::started_pending, pending, warning, 0},
          {2, "holds", T::none, pending, warning, 0},
          {8, "holds", T::fired, firing}}},
    };
    for (const Life& life : lives) live(life);
}

TEST(AlertStep, RisesAndEasesOnItsOwnConditions) {
    Rule both = patient(2);
    both.critical = Trigger{.hold = days{1}};
    Rule recovering_slowly = rising();
    recovering_slowly.keep_firing_for = days{3};
    const std::vector<Life> lives = {
        {"it opens critical when both hold", rising(), {{0, "holds critical", T::fired, firing, critical}}},
        {"it rises while firing, and eases on its own clear",
         rising(),
         {{0, "holds", T::fired, firing},
          {1, "holds critical", T::escalated, firing, critical},
          {2, "holds", T::none, firing, critical},
          {3, "holds calm", T::eased, firing},
          {4, "holds critical", T::escalated, firing, critical}}},
        {"the critical condition has a `for` of its own",
         rising(2),
         {{0, "holds critical", T::fired, firing},
          {1, "holds critical", T::none, firing},
          {2, "holds critical", T::escalated, firing, critical}}},
        {"which starts anew when the condition pauses",
         rising(2),
         {{0, "holds critical", T::fired, firing},
          {1, "holds", T::none, firing},
          {2, "holds critical", T::none, firing},
          {3, "holds critical", T::none, firing},
          {4, "holds critical", T::escalated, firing, critical}}},
        {"it counts while the alert is pending",
         both,
         {{0, "holds critical", T::started_pending, pending, warning, 0},
          {1, "holds critical", T::none, pending, warning, 0},
          {2, "holds critical", T::fired, firing, critical}}},
        {"it does not rise without `when` ever having held", rising(), {{0, "between critical", T::none}}},
        {"it rises while `when` pauses between its bounds",
         rising(),
         {{0, "holds", T::fired, firing}, {1, "between critical", T::escalated, firing, critical}}},
        {"it does not rise while recovering, but with the relapse",
         recovering_slowly,
         {{0, "holds", T::fired, firing},
          {1, "clear critical", T::recovering, recovering},
          {2, "clear critical", T::none, recovering},
          {3, "between critical", T::escalated, firing, critical}}},
        {"it eases while recovering",
         recovering_slowly,
         {{0, "holds critical", T::fired, firing, critical},
          {1, "clear calm", T::recovering, recovering},
          {4, "clear calm", T::resolved, resolved}}},
        {"frozen moves no severity",
         rising(),
         {{0, "holds", T::fired, firing}, {1, "frozen critical", T::none, firing}}},
    };
    for (const Life& life : lives) live(life);
}

TEST(AlertStep, ClosesWithoutCallingItRecovery) {
    const std::vector<Life> lives = {
        {"a contract that ended closes at once",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "ended", T::closed, closed}}},
        {"an entity is gone after two days, not after two looks at one",
         plain(),
         {{0, "holds", T::fired, firing},
          {1, "gone", T::none, firing},
          {1, "gone", T::none, firing},
          {2, "gone", T::closed, closed}}},
        {"an entity that comes back was never gone",
         plain(),
         {{0, "holds", T::fired, firing},
          {1, "gone", T::none, firing},
          {2, "between", T::none, firing},
          {3, "gone", T::none, firing},
          {4, "gone", T::closed, closed}}},
        {"frozen snapshots do not count as absence",
         plain(),
         {{0, "holds", T::fired, firing},
          {1, "gone", T::none, firing},
          {2, "frozen", T::none, firing},
          {3, "frozen", T::none, firing},
          {4, "gone", T::closed, closed}}},
        {"a rule that no longer applies closes",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "not_mine", T::closed, closed}}},
        {"pending alerts just go",
         patient(3),
         {{0, "holds", T::started_pending, pending, warning, 0}, {1, "ended", T::dropped}}},
        {"nothing opens for the ended, the gone and the others",
         plain(),
         {{0, "ended", T::none}, {1, "gone", T::none}, {2, "not_mine", T::none}}},
    };
    for (const Life& life : lives) live(life);
}

TEST(AlertStep, SaysWhyItClosed) {
    const Alert before{.key = key, .phase = firing, .episode = 1, .seq = 1, .firing_since = on(0)};
    const std::vector<std::pair<std::string, std::string>> cases = {{"ended", "the contract ended"},
                                                                    {"not_mine", "the rule no longer applies"}};
    for (const auto& [what, because] : cases) {
        EXPECT_EQ(step(&before, key, plain(), found(1, what)).after->closed_because, because);
    }
    Finding finding = found(1, "ended");
    finding.gone_because = "the contract ended on 2026-02-28";
    EXPECT_EQ(step(&before, key, plain(), finding).after->closed_because, "the contract ended on 2026-02-28");
    EXPECT_EQ(step(&before, key, plain(), found(1, "clear")).after->closed_because, "");
}

TEST(AlertStep, ReopensQuietlyWithinTheCooldown) {
    Rule never = plain();
    never.cooldown = Seconds{0};
    Rule week = rising();
    week.cooldown = days{7};
    Rule slow = patient(1);
    slow.cooldown = days{7};
    const std::vector<Life> lives = {
        {"a recurrence a day later is the old episode, without a message",
         plain(),
         {{0, "holds", T::fired, firing}, {1, "clear", T::resolved, resolved}, {2, "holds", T::relapsed, firing}}},
        {"later it is a new one",
         plain(),
         {{0, "holds", T::fired, firing},
          {1, "clear", T::resolved, resolved},
          {3, "holds", T::fired, firing, warning, 2}}},
        {"without a cooldown it is a new one at once",
         never,
         {{0, "holds", T::fired, firing},
          {1, "clear", T::resolved, resolved},
          {1, "holds", T::fired, firing, warning, 2}}},
        {"a recurrence that is more severe is told",
         week,
         {{0, "holds", T::fired, firing},
          {1, "clear", T::resolved, resolved},
          {4, "holds critical", T::escalated, firing, critical}}},
        {"one as severe as before is not",
         week,
         {{0, "holds critical", T::fired, firing, critical},
          {1, "clear", T::resolved, resolved, critical},
          {4, "holds critical", T::relapsed, firing, critical}}},
        {"one that is still there when the cooldown is over is told, once",
         plain(),
         {{0, "holds", T::fired, firing},
          {1, "clear", T::resolved, resolved},
          {2, "holds", T::relapsed, firing},
          {3, "holds", T::fired, firing},
          {4, "holds", T::none, firing}}},
        {"one that ends before is never told",
         week,
         {{0, "holds", T::fired, firing},
          {1, "clear", T::resolved, resolved},
          {2, "holds", T::relapsed, firing},
          {3, "clear", T::resolved, resolved},
          {12, "clear", T::none, resolved}}},
        {"a pending recurrence that goes away leaves what was",
         slow,
         {{0, "holds", T::started_pending, pending, warning, 0},
          {1, "holds", T::fired, firing},
          {2, "ended", T::closed, closed},
          {3, "holds", T::started_pending, pending},
          {4, "between", T::dropped, closed},
          {5, "holds", T::started_pending, pending},
          {6, "holds", T::relapsed, firing}}},
    };
    for (const Life& life : lives) live(life);
}

TEST(AlertStep, TakesAHeldEndingBackHoweverLateItRecurs) {
    const Alert before{
        .key = key, .phase = resolved, .held = true, .episode = 3, .seq = 8, .firing_since = on(0), .ended_on = on(2)};
    const auto stepped = step(&before, key, plain(), found(30, "holds"));
    EXPECT_EQ(stepped.transition, T::relapsed);
    EXPECT_EQ(stepped.after->episode, 3);
    EXPECT_FALSE(stepped.after->held);
    EXPECT_EQ(stepped.after->ended_on, std::nullopt);
}

TEST(AlertStep, KeepsQuietAboutAHeldEndingOfARecurrenceInItsCooldown) {
    Alert before{.key = key,
                 .phase = resolved,
                 .severity = warning,
                 .held = true,
                 .episode = 1,
                 .seq = 8,
                 .firing_since = on(0),
                 .ended_on = on(4),
                 .told = {{.receiver = "mail", .recipient = "ada", .episode = 1, .phase = resolved}}};
    Rule rule = plain();
    rule.cooldown = days{5};
    rule.critical = Trigger{};
    const auto ended_on = [&](int day, const char* words) {
        return step(&before, key, rule, found(day, words)).after->ended_on;
    };
    EXPECT_EQ(ended_on(5, "holds"), on(4)) << "ada knows that it ended: that it is back waits for the cooldown";
    EXPECT_EQ(ended_on(5, "holds critical"), std::nullopt) << "a rise does not wait";
    EXPECT_EQ(ended_on(10, "holds"), std::nullopt) << "the cooldown is over";
    before.told.front().phase = firing;
    EXPECT_EQ(ended_on(5, "holds"), std::nullopt) << "ada knows that it fires: there is nothing to keep quiet about";
}

TEST(AlertStep, FollowsARuleWhoseSeverityChanged) {
    Alert before{.key = key, .phase = firing, .severity = warning, .episode = 1, .seq = 1, .firing_since = on(0)};
    Rule rule = plain();
    rule.severity = critical;
    EXPECT_EQ(step(&before, key, rule, found(1, "holds")).transition, T::escalated);
    before.severity = critical;
    rule.severity = Severity::info;
    EXPECT_EQ(step(&before, key, rule, found(1, "holds")).transition, T::eased);
}

TEST(AlertNames, AreReadBackAsTheyAreWritten) {
    for (const auto phase : {pending, firing, recovering, resolved, closed})
        EXPECT_EQ(parse_phase(phase_name(phase)), phase);
    for (const auto severity : {Severity::info, warning, critical}) {
        EXPECT_EQ(parse_severity(severity_name(severity)), severity);
    }
    for (const auto scope : {Scope::customer, Scope::promise, Scope::segment, Scope::portfolio, Scope::source}) {
        EXPECT_EQ(parse_scope(scope_name(scope)), scope);
    }
    EXPECT_EQ(parse_phase("burning"), std::nullopt);
    EXPECT_EQ(transition_name(T::closed), "closed");
    EXPECT_EQ(transition_name(T::escalated), "escalated");
}

TEST(AlertEquality, TakesTwoMissingRevenuesForTheSame) {
    const Alert one{.key = key};
    Alert other{.key = key};
    EXPECT_EQ(one, other);
    other.revenue = 12;
    EXPECT_NE(one, other);
    EXPECT_NE(one, (Alert{.key = key, .told = {{.receiver = "managers", .recipient = "ada"}}}));
}

TEST(EndedAlerts, AreRememberedForNinetyDaysAndLongerWhileHeld) {
    Alert alert{.key = key, .phase = resolved, .ended_on = on(0)};
    EXPECT_TRUE(is_worth_keeping(alert, on(90)));
    EXPECT_FALSE(is_worth_keeping(alert, on(91)));
    alert.held = true;
    EXPECT_TRUE(is_worth_keeping(alert, on(400)));
}

// -- when a delivery is tried again ---------------------------------------------------------------------------------

const Instant created = Instant{on(0)};

TEST(RetryOfADelivery, WaitsAsThePolicySays) {
    struct Case {
        std::string sentence;
        Attempt attempt;
        RetryDecision decision;
    };
    const auto at = [](Seconds after) { return created + after; };
    const std::vector<Case> cases = {
        {"delivered is done", {.outcome = Outcome::delivered, .created_at = created, .now = at(1s)}, {Kind::delivered}},
        {"abandoned is due at once",
         {.outcome = Outcome::abandoned, .created_at = created, .now = at(1s)},
         {Kind::retry, at(1s)}},
        {"the first retry is never under a second away",
         {.outcome = Outcome::retry, .attempts = 1, .created_at = created, .now = at(0s), .jitter = 0.0},
         {Kind::retry, at(1s)}},
        {"the fifth is at most 16 s away",
         {.outcome = Outcome::retry, .attempts = 5, .created_at = created, .now = at(20s), .jitter = 0.999},
         {Kind::retry, at(36s)}},
        {"with full jitter it may be anywhere below",
         {.outcome = Outcome::retry, .attempts = 5, .created_at = created, .now = at(20s), .jitter = 0.25},
         {Kind::retry, at(24s)}},
        {"no wait is longer than 15 minutes",
         {.outcome = Outcome::retry, .attempts = 200, .created_at = created, .now = at(1h), .jitter = 0.9999},
         {Kind::retry, at(1h + 15min)}},
        {"Retry-After is honoured",
         {.outcome = Outcome::retry, .attempts = 1, .created_at = created, .now = at(5s), .retry_after = 90s},
         {Kind::retry, at(95s)}},
        {"up to an hour",
         {.outcome = Outcome::retry, .attempts = 1, .created_at = created, .now = at(0s), .retry_after = 48h},
         {Kind::retry, at(1h)}},
        {"the last try is made when the 72 hours end",
         {.outcome = Outcome::retry, .attempts = 300, .created_at = created, .now = at(72h - 1min), .jitter = 0.9},
         {Kind::retry, at(72h)}},
        {"after it the message is dead",
         {.outcome = Outcome::retry, .attempts = 301, .created_at = created, .now = at(72h)},
         {Kind::dead}},
        {"a daemon that slept through them still tries in earnest",
         {.outcome = Outcome::retry, .attempts = 1, .created_at = created, .now = at(200h)},
         {Kind::retry, at(200h + 1s)}},
        {"a clock that went back gives nothing up",
         {.outcome = Outcome::retry, .attempts = 40, .created_at = created, .now = at(-9000h)},
         {Kind::retry, at(-9000h + 1s)}},
        {"refused is tried again slowly",
         {.outcome = Outcome::refused, .attempts = 1, .refusals = 1, .created_at = created, .now = at(0s)},
         {Kind::retry, at(30min)}},
        {"a second time",
         {.outcome = Outcome::refused, .attempts = 2, .refusals = 2, .created_at = created, .now = at(30min)},
         {Kind::retry, at(1h)}},
        {"and three times within an hour is enough",
         {.outcome = Outcome::refused, .attempts = 3, .refusals = 3, .created_at = created, .now = at(1h)},
         {Kind::dead}},
        {"earlier failures of another kind are no refusals",
         {.outcome = Outcome::refused, .attempts = 50, .refusals = 1, .created_at = created, .now = at(9h)},
         {Kind::retry, at(9h + 30min)}},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(after_attempt(c.attempt), c.decision) << c.sentence;
    }
}

TEST(AlertStep, ANewAlertsNumbersFollowAllThatWereForgotten) {
    const AlertNumbers forgotten{.episode = 7, .seq = 40};
    const auto at_once = step(nullptr, key, plain(), found(0, "holds"), forgotten);
    ASSERT_EQ(at_once.transition, T::fired);
    EXPECT_EQ(at_once.after->episode, 8);
    EXPECT_EQ(at_once.after->seq, 41);
    const auto waits = step(nullptr, key, patient(3), found(0, "holds"), forgotten);
    ASSERT_EQ(waits.transition, T::started_pending);
    const auto fired = step(&*waits.after, key, patient(3), found(3, "holds"), forgotten);
    ASSERT_EQ(fired.transition, T::fired);
    EXPECT_EQ(fired.after->episode, 8);
    EXPECT_EQ(fired.after->seq, 42);
    EXPECT_EQ(step(&*waits.after, key, patient(3), found(1, "clear"), forgotten).after, std::nullopt)
        << "what never fired leaves nothing behind";
}

TEST(RetryOfADelivery, GivesUpWithinItsBoundsWhateverTheJitter) {
    for (const double jitter : {0.0, 0.3, 0.999}) {
        Instant now = created;
        int attempts = 1;
        auto next = after_attempt({.outcome = Outcome::retry, .created_at = created, .now = now, .jitter = jitter});
        while (next.kind == Kind::retry && attempts < 300'000) {
            ASSERT_GE(next.next_at - now, 1s);
            ASSERT_LE(next.next_at - now, 15min);
            now = next.next_at;
            ++attempts;
            next = after_attempt(
                {.outcome = Outcome::retry, .attempts = attempts, .created_at = created, .now = now, .jitter = jitter});
        }
        EXPECT_EQ(next.kind, Kind::dead);
        EXPECT_EQ(now, created + 72h);
    }
}

}  // namespace
}  // namespace retaind
