// Wall time (QUALITY.md T1, T2): digests and quiet hours over the days on which clocks change, in five zones; and what
// a clock that jumps does to digests, repeats, escalation and budget.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "edge/zones/zones.hpp"
#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::null;
using testing::Rows;

constexpr Day today{std::chrono::year{2026} / 3 / 1};

/// Ada looks after one customer; Lea and Oz are told by escalation.
Snapshot company(const Zone& zone) {
    const Rows customers{.kind = DatasetKind::customers,
                         .columns = {"customer_id", "name", "account_manager"},
                         .rows = {{"c1", "One", "ada"}}};
    const Rows people{.kind = DatasetKind::people,
                      .columns = {"person_id", "name", "email", "lead_id", "timezone"},
                      .rows = {{"ada", "Ada", "ada@x.org", "lea", zone.name},
                               {"lea", "Lea", "lea@x.org", null, null},
                               {"oz", "Oz", "oz@x.org", null, null}}};
    Snapshot snapshot = testing::snapshot_of({customers, people}, {.as_of = today, .read_from = today});
    snapshot.zones = {zone};
    return snapshot;
}

/// A firing alert, and what people are told of it from cycle to cycle.
class Office {
public:
    explicit Office(const Zone& zone) : snapshot(company(zone)) {
        rules.policy.receivers = {{.name = "mail", .addresses_people = true}};
        rules.policy.defaults = {.lead = "lea", .deputy = "", .ops = "oz"};
        rules.policy.alerts.digest = "13:37";
        open("c1");
    }

    void open(const std::string& rule_name) {
        const Alert alert{.key = {.rule = rule_name, .scope = Scope::customer, .entity = "c1"},
                          .customer_id = "c1",
                          .phase = AlertPhase::firing,
                          .episode = 1,
                          .seq = 1,
                          .pending_since = today,
                          .firing_since = today,
                          .message = "trouble"};
        moves.push_back({.alert = alert, .transition = Transition::fired, .rule = &rule});
    }
    void know(Instant since) {
        moves.front().alert.told = {{.receiver = "mail", .recipient = "ada", .episode = 1, .at = since}};
        moves.front().transition = Transition::none;
    }

    const std::vector<Message>& cycle(Instant now, bool clock_jumped = false) {
        const WatchedCustomer watched[] = {{.customer = 0}};
        plan = plan_messages({.snapshot = snapshot,
                              .rules = rules,
                              .now = now,
                              .clock_jumped = clock_jumped,
                              .customers = watched,
                              .delivered = delivered,
                              .mailings = plan.mailings,
                              .interruptions = plan.interruptions},
                             moves);
        for (Move& move : moves) move.transition = Transition::none;
        for (const Message& message : plan.messages) {
            for (const AlertNote& note : message.notes) {
                const auto same = [&](const FirstDelivery& each) { return each.key == note.key; };
                if (std::ranges::none_of(delivered, same)) delivered.push_back({note.key, note.episode, now});
            }
        }
        std::ranges::sort(delivered, {}, &FirstDelivery::key);
        return plan.messages;
    }

    Snapshot snapshot;
    RuleSet rules;
    Rule rule{.name = "r", .notify = {"account_manager"}, .doer = "account_manager", .repeat = days{40'000}};
    std::vector<Move> moves;
    std::vector<FirstDelivery> delivered;
    MessagePlan plan;
};

// -- the days on which clocks change (T2) -----------------------------------------------------------------------------

/// A moment at which a zone's clocks change.
struct Edge {
    Instant at;
    Seconds before, after;
    bool is_gap() const { return after > before; }
    Seconds local_begin() const { return at.time_since_epoch() + std::min(before, after); }
};

struct ZoneOfYear {
    const char* name;
    int year;
};
/// Half an hour, midnight, and a winter time that is a month of fasting.
constexpr ZoneOfYear zones_of_year[] = {{"Europe/Berlin", 2026},
                                        {"America/New_York", 2026},
                                        {"Australia/Lord_Howe", 2026},
                                        {"America/Sao_Paulo", 2018},
                                        {"Africa/Casablanca", 2026}};

std::vector<Edge> edges(const Zone& zone, int year) {
    std::vector<Edge> found;
    for (std::size_t at = 1; at < zone.offsets.size(); ++at) {
        const Edge edge{zone.offsets[at].from, zone.offsets[at - 1].offset, zone.offsets[at].offset};
        const std::chrono::year_month_day day{std::chrono::floor<days>(edge.at)};
        if (int{day.year()} == year && edge.before != edge.after) found.push_back(edge);
    }
    return found;
}

struct LocalTime {
    days day;
    Seconds time;
};
LocalTime local(const Edge& edge, Instant at) {
    const Seconds wall = at.time_since_epoch() + (at < edge.at ? edge.before : edge.after);
    const days day = std::chrono::floor<days>(wall);
    return {day, wall - day};
}

std::string hour_text(Seconds time_of_day) {
    const auto minute = std::chrono::floor<minutes>(time_of_day % Seconds{days{1}}).count();
    const auto two = [](auto n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    return two(minute / 60) + ":" + two(minute % 60);
}

/// Inside the gap or the repeated hour, at both ends of it, and elsewhere.
std::vector<Seconds> interesting_hours(const Edge& edge) {
    const Seconds length = std::chrono::abs(edge.after - edge.before);
    const Seconds begin = edge.local_begin() - std::chrono::floor<days>(edge.local_begin());
    std::vector<Seconds> found = {hours{8}};
    for (const Seconds each : {begin, begin + length / 2, begin + length}) found.push_back(each % Seconds{days{1}});
    return found;
}

/// When a local time comes that day: the first time, where autumn repeats it; when the gap is over, where spring skips
/// it.
Instant when(const Edge& edge, days local_day, Seconds time) {
    const Instant by_old{local_day + time - edge.before}, by_new{local_day + time - edge.after};
    return by_old < edge.at ? by_old : std::max(by_new, edge.at);
}

/// The digest hours of all days but the first, of which nobody knows.
std::vector<std::string> digest_hours(const Edge& edge, Instant begin, Instant end, Seconds hour) {
    std::vector<std::string> found;
    for (days day = local(edge, begin).day + days{1}; when(edge, day, hour) <= end; day += days{1})
        found.push_back(format_instant(when(edge, day, hour)));
    return found;
}

/// Every so often, through the two days around the edge and half a day more at both ends.
std::vector<Instant> cycles_around(const Edge& edge, Seconds phase, Seconds every) {
    std::vector<Instant> cycles;
    for (Instant at = edge.at - hours{36} + phase; at < edge.at + hours{36}; at += every) cycles.push_back(at);
    return cycles;
}

/// Like the daemon: at those times, and when a plan asks for it.
void expect_daily_digests(const Zone& zone, const Edge& edge, Seconds hour, const std::vector<Instant>& cycles) {
    SCOPED_TRACE(zone.name + " at " + format_instant(edge.at) + ", digest at " + hour_text(hour));
    Office office{zone};
    office.know(edge.at - days{100});
    office.rules.policy.receivers.front().digest = hour_text(hour);
    const Instant first = when(edge, local(edge, cycles.front()).day + days{1}, hour);
    std::vector<std::string> told;
    const auto look = [&](Instant now) {
        for (const Message& message : office.cycle(now)) {
            EXPECT_EQ(message.kind, MessageKind::digest);
            if (now >= first) told.push_back(format_instant(now));
        }
    };
    for (const Instant cycle : cycles) {
        while (office.plan.wake_at && *office.plan.wake_at < cycle) look(*office.plan.wake_at);
        look(cycle);
    }
    EXPECT_EQ(told, digest_hours(edge, cycles.front(), cycles.back(), hour));
    EXPECT_GE(told.size(), 2u);
}

TEST(DaysOnWhichClocksChange, HaveOneDigestEach) {
    int points = 0;
    for (const auto& [name, year] : zones_of_year) {
        const Zone zone = *load_zone(name);
        const auto all = edges(zone, year);
        ASSERT_GE(all.size(), 2u) << name;  // a newer tz database may know of more
        for (const Edge& edge : all) {
            for (const Seconds hour : interesting_hours(edge)) {
                const auto cycles = cycles_around(edge, Seconds{0}, minutes{5});
                expect_daily_digests(zone, edge, hour, cycles);
                points += static_cast<int>(cycles.size());
                // The same points again, seldom enough that the hour itself is often missed.
                for (int phase = 0; phase < 13; ++phase)
                    expect_daily_digests(zone, edge, hour, cycles_around(edge, minutes{5 * phase}, minutes{65}));
            }
        }
    }
    EXPECT_GE(points, 4 * 4608);
}

TEST(DaysOnWhichClocksChange, HaveTheirQuietHours) {
    for (const auto& [name, year] : zones_of_year) {
        const Zone zone = *load_zone(name);
        for (const Edge& edge : edges(zone, year)) {
            for (const Seconds hour : interesting_hours(edge)) {
                const Seconds begins = (hour + hours{20}) % Seconds{days{1}};
                SCOPED_TRACE(zone.name + " at " + format_instant(edge.at) + ", quiet until " + hour_text(hour));
                for (const Instant now : cycles_around(edge, Seconds{0}, minutes{5})) {
                    Office office{zone};
                    office.rules.policy.alerts.quiet_hours = hour_text(begins) + "-" + hour_text(hour);
                    const Seconds time = local(edge, now).time;
                    const bool quiet = begins < hour ? begins <= time && time < hour : time >= begins || time < hour;
                    EXPECT_EQ(office.cycle(now).empty(), quiet) << format_instant(now);
                }
            }
        }
    }
}

// -- a clock that jumps (T1) ------------------------------------------------------------------------------------------

struct Jump {
    std::string sentence;
    Seconds by;
    bool noticed = true;  ///< by the daemon: it ran, and the steady clock disagreed
};

const Jump jumps[] = {{"an hour forward", hours{1}},
                      {"an hour back", hours{-1}},
                      {"a day forward", days{1}},
                      {"a day back", days{-1}},
                      {"ten years forward", days{3653}},
                      {"to 1970", Instant{} + hours{3} - Instant{today + days{2} + hours{10}}},
                      {"a leap second is repeated", Seconds{-1}, false},
                      {"a leap second is left out", Seconds{1}, false},
                      {"a night asleep", hours{9}},
                      {"a day back while the daemon was off", days{-1}, false},
                      {"three weeks forward while the daemon was off", days{21}, false}};

/// An office that has run for two days, with Ada's problem told on the first, and steps to Lea and Oz after three and
/// five.
class Jumped {
public:
    explicit Jumped(const Jump& jump) : jump_(jump) {
        office.rule.steps = {{.after = days{3}, .notify = {"lead"}, .advice = {}},
                             {.after = days{5}, .notify = {"ops"}, .advice = {}}};
        run(now_ + days{2});
    }
    void jump() {
        before = std::move(told);
        told.clear();
        now_ += jump_.by;
        office.open("new");
        run(now_ + minutes{15}, jump_.noticed);
    }
    void set_right() {
        now_ -= jump_.by;
        run(now_ + minutes{15}, jump_.noticed);
    }
    void run(Instant until, bool clock_jumped = false) {
        for (; now_ < until; now_ += minutes{15}) {
            for (const Message& message : office.cycle(now_, clock_jumped)) told.push_back({now_, message});
        }
    }
    template <class Fits>
    int notes(Fits fits) const {
        int count = 0;
        for (const auto& [at, message] : told) {
            for (const AlertNote& note : message.notes) count += fits(note) ? 1 : 0;
        }
        return count;
    }
    int digests(Instant from, Instant to) const {
        return static_cast<int>(std::ranges::count_if(told, [&](const Told& each) {
            return each.at >= from && each.at < to && each.message.kind == MessageKind::digest &&
                   person_key(each.message.recipient) == "ada";
        }));
    }
    Instant now() const { return now_; }

    struct Told {
        Instant at;
        Message message;
    };
    Office office{Zone{.name = "UTC"}};
    std::vector<Told> told, before;

private:
    Jump jump_;
    Instant now_ = today + hours{10};
};

bool is_step(const AlertNote& note) { return note.telling == Telling::step; }
bool is_old_step(const AlertNote& note) { return is_step(note) && note.key.rule != "new"; }
bool is_new(const AlertNote& note) { return note.key.rule == "new" && note.telling == Telling::news; }

TEST(AJumpOfTheClock, HoldsMessagesForOneCycleAndLosesNone) {
    for (const Jump& jump : jumps) {
        SCOPED_TRACE(jump.sentence);
        Jumped life{jump};
        life.jump();
        if (jump.noticed) {
            EXPECT_EQ(life.told.size(), 0u) << "held";
        }
        life.run(life.now() + minutes{15});
        EXPECT_EQ(life.notes(is_new), 1) << "and told in the next";
        EXPECT_LE(life.told.size(), 3u) << "no burst";
        life.run(life.now() + days{2});
        EXPECT_EQ(life.notes(is_new), 1) << "once";
    }
}

TEST(AJumpOfTheClock, LeavesOneDigestADay) {
    for (const Jump& jump : jumps) {
        SCOPED_TRACE(jump.sentence);
        Jumped life{jump};
        EXPECT_EQ(life.digests(today, life.now()), 2) << "13:37 on both days";
        life.jump();
        life.run(life.now() + days{4});
        const Day landed = std::chrono::floor<days>(life.now() - days{4});
        EXPECT_LE(life.digests(landed, landed + days{1}), 1);
        for (int day = 1; day < 4; ++day)
            EXPECT_EQ(life.digests(landed + days{day}, landed + days{day + 1}), 1) << "day " << day;
    }
}

TEST(AJumpOfTheClock, TakesEachStepOnceAndNoneTooEarly) {
    for (const Jump& jump : jumps) {
        SCOPED_TRACE(jump.sentence);
        Jumped life{jump};
        life.jump();
        life.run(life.now() + hours{12});
        const bool overdue = jump.by >= days{1};
        EXPECT_EQ(life.notes(is_step), overdue ? 1 : 0) << "after the jump";
        life.run(life.now() + days{12});
        // Of steps that are overdue together only the last is taken. The new alert takes its own two.
        EXPECT_EQ(life.notes([](const AlertNote& n) { return is_step(n) && n.key.rule == "new"; }), 2);
        if (jump.by >= days{-30}) {
            EXPECT_EQ(life.notes(is_old_step), jump.by >= days{5} ? 1 : 2);
            continue;
        }
        EXPECT_EQ(life.notes(is_old_step), 0) << "delivered in what is now the future";
        life.set_right();
        life.run(life.now() + hours{12});
        EXPECT_EQ(life.notes(is_old_step), 1) << "both overdue when the clock is right again";
    }
}

TEST(AJumpOfTheClock, RepeatsNoSoonerAndNotNever) {
    for (const Jump& jump : jumps) {
        SCOPED_TRACE(jump.sentence);
        Jumped life{jump};
        life.office.rule.repeat = days{4};
        life.office.rule.steps.clear();
        life.jump();
        const auto repeated = [](const AlertNote& note) {
            return note.telling == Telling::repeat && note.key.rule != "new";
        };
        life.run(life.now() + hours{12});
        EXPECT_EQ(life.notes(repeated), jump.by >= days{4} ? 1 : 0);
        life.run(life.now() + days{4});
        EXPECT_GE(life.notes(repeated), 1) << "also when it was told in what is now the future";
        EXPECT_LE(life.notes(repeated), 2);
    }
}

TEST(AJumpOfTheClock, GivesTheBudgetBackAfterAWeek) {
    for (const Jump& jump : jumps) {
        SCOPED_TRACE(jump.sentence);
        Jumped life{jump};
        life.office.rules.policy.alerts.budget_per_week = 1;
        life.office.rule.steps.clear();
        life.jump();
        life.run(life.now() + days{8});
        life.told.clear();
        life.office.open("later");
        life.run(life.now() + minutes{15});
        ASSERT_EQ(life.told.size(), 1u);
        EXPECT_EQ(life.told.front().message.kind, MessageKind::alerts);
    }
}

}  // namespace
}  // namespace retaind
