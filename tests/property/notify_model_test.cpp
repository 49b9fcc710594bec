// Who is told what and when (QUALITY.md T3): 100,000 random lives of alerts, held against the laws of ALERTS.md. And
// the laws themselves, held against lives in which something was lost, told twice, late, or to the wrong person.
//
// RETAIND_SEED=n repeats a run; RETAIND_SEQUENCES=n changes its length.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alert_laws.hpp"

namespace retaind::test {
namespace {

using std::chrono::days;
using std::chrono::hours;

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t sequences = 1'000;
constexpr int spoiled_lives = 12;
constexpr int chance = 20;  // percent that so few lives may miss of what many find
#else
constexpr std::uint64_t sequences = 100'000;
constexpr int spoiled_lives = 60;
constexpr int chance = 8;
#endif

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string first_of(const std::vector<std::string>& broken) {
    std::string text;
    for (std::size_t at = 0; at < std::min<std::size_t>(broken.size(), 5); ++at) text += broken[at] + "\n";
    return text;
}

TEST(WhoIsToldWhat, KeepsTheLawsInRandomLives) {
    const std::uint64_t seed = from_environment("RETAIND_SEED", std::random_device{}());
    const std::uint64_t count = from_environment("RETAIND_SEQUENCES", sequences);
    std::cout << "RETAIND_SEED=" << seed << " RETAIND_SEQUENCES=" << count << std::endl;
    std::size_t messages = 0;
    for (std::uint64_t at = 0; at < count; ++at) {
        const Life life = live_randomly(seed + at, {.cycles = (seed + at) % 10 == 0 ? 24 : 7});  // short ones are quick
        const auto broken = broken_laws(life);
        ASSERT_TRUE(broken.empty()) << first_of(broken) << "repeat with RETAIND_SEED=" << seed + at
                                    << " RETAIND_SEQUENCES=1";
        for (const LivedCycle& cycle : life.cycles) messages += cycle.messages.size();
    }
    EXPECT_GT(messages, 3 * count) << "lives in which nothing is told prove nothing";
}

// -- the laws can fail ------------------------------------------------------------------------------------------------

using Dice = std::mt19937_64;

/// A message of a life, by cycle and position.
struct Place {
    std::size_t cycle, message;
};

std::vector<Place> places(const Life& life, const std::function<bool(const Message&)>& fits) {
    std::vector<Place> found;
    for (std::size_t cycle = 0; cycle + 1 < life.cycles.size(); ++cycle) {
        const auto& messages = life.cycles[cycle].messages;
        for (std::size_t at = 0; at < messages.size(); ++at) {
            if (fits(messages[at])) found.push_back({cycle, at});
        }
    }
    return found;
}

Message take(Life& life, const Place& place) {
    auto& messages = life.cycles[place.cycle].messages;
    Message taken = messages[place.message];
    messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(place.message));
    return taken;
}

bool has_kind(const Message& message, MessageKind kind) { return message.kind == kind && !message.notes.empty(); }
bool is_of_alerts(const Message& message) { return has_kind(message, MessageKind::alerts); }
bool is_to_machine(const Message& message) { return message.receiver == "hook" && !message.notes.empty(); }
bool is_digest(const Message& message) { return message.kind == MessageKind::digest; }
bool ends_something(const Message& message) {
    return message.kind == MessageKind::alerts && std::ranges::any_of(message.notes, [](const AlertNote& note) {
               return !note.untold_problem.empty() || note.phase == AlertPhase::resolved ||
                      note.phase == AlertPhase::closed;
           });
}
bool escalates(const Message& message) {
    return std::ranges::any_of(message.notes, [](const AlertNote& note) { return note.telling == Telling::step; });
}

bool says_that_it_flaps(const Message& message) {
    return std::ranges::any_of(message.notes, [](const AlertNote& note) { return note.telling == Telling::flapping; });
}

/// Something that goes wrong with one message; false: this life has no such message.
struct Defect {
    std::string sentence;
    std::function<bool(const Message&)> fits;
    std::function<void(Life&, const Place&)> happens;
    int percent_found = 100;  ///< at least, of the lives that have such a message
};

void tell_again(Life& life, const Place& place) {
    Message copy = life.cycles[place.cycle].messages[place.message];
    life.cycles[place.cycle + 1].messages.push_back(std::move(copy));
}
void tell_a_day_late(Life& life, const Place& place) {
    Message late = take(life, place);
    const Instant due = life.cycles[place.cycle].now + days{1};
    for (std::size_t at = place.cycle + 1; at < life.cycles.size(); ++at) {
        if (life.cycles[at].now >= due) return life.cycles[at].messages.push_back(std::move(late));
    }
}
void tell_somebody_else(Life& life, const Place& place) {
    Message& message = life.cycles[place.cycle].messages[place.message];
    message.recipient.person_id = message.recipient.person_id == "oz" ? "ada" : "oz";
}
void pretend_to_repeat(Life& life, const Place& place) {
    tell_again(life, place);
    for (AlertNote& note : life.cycles[place.cycle + 1].messages.back().notes) note.telling = Telling::repeat;
}

const std::vector<Defect>& defects() {
    static const std::vector<Defect> all = {
        {"a machine is not told", is_to_machine, [](Life& life, const Place& place) { take(life, place); }},
        {"a message is lost", is_of_alerts, [](Life& life, const Place& place) { take(life, place); }, 60},
        {"a digest is lost", [](const Message& m) { return is_digest(m) && !m.notes.empty(); },
         [](Life& life, const Place& place) { take(life, place); }, 60},
        {"told again in the next cycle", is_of_alerts, tell_again},
        {"told a day late", is_of_alerts, tell_a_day_late, 60},
        {"told to the wrong person", [](const Message& m) { return is_of_alerts(m) && !m.recipient.person_id.empty(); },
         tell_somebody_else},
        {"an ending is told to somebody who was not told", ends_something,
         [](Life& life, const Place& place) {
             Message& message = life.cycles[place.cycle].messages[place.message];
             message.receiver = "mail", message.recipient.person_id = "oz";
         }},
        {"a second digest", is_digest, tell_again, 90},
        {"a repeat at once", is_of_alerts, pretend_to_repeat, 90},
        {"a step twice", escalates, tell_again},
        {"that it flaps is kept back", says_that_it_flaps,
         [](Life& life, const Place& place) {
             for (AlertNote& note : life.cycles[place.cycle].messages[place.message].notes) {
                 if (note.telling == Telling::flapping) note.telling = Telling::news;
             }
         },
         90},
        {"said twice that it flaps", says_that_it_flaps, tell_again},
        {"no budget",
         [](const Message& m) {
             return is_of_alerts(m) && !m.recipient.person_id.empty() &&
                    m.notes.front().severity == Severity::warning && !ends_something(m);
         },
         [](Life& life, const Place&) { life.policy.alerts.budget_per_week = 0; }},
        {"a longer `for`", is_of_alerts,
         [](Life& life, const Place&) {
             for (Rule& r : life.rules) r.trigger.hold += days{30};
         },
         60},
        {"it was held", is_of_alerts,
         [](Life& life, const Place& place) {
             for (Move& move : life.cycles[place.cycle].moves) move.alert.held = true;
         }},
        {"the clock had jumped", is_of_alerts,
         [](Life& life, const Place& place) { life.cycles[place.cycle].clock_jumped = true; }},
        {"an older episode", is_of_alerts,
         [](Life& life, const Place& place) {
             for (Move& move : life.cycles[place.cycle + 1].moves) move.alert.episode = move.alert.seq = 0;
         },
         80},
        {"another life on the same inputs", is_of_alerts,
         [](Life& life, const Place& place) { life.cycles[place.cycle].same_again = false; }},
    };
    return all;
}

TEST(TheLaws, AreBrokenByDefects) {
    for (const Defect& defect : defects()) {
        int applied = 0, found = 0;
        for (std::uint64_t seed = 1; applied < spoiled_lives && seed < 3'000; ++seed) {
            Life life = live_randomly(seed);
            const auto candidates = places(life, defect.fits);
            if (candidates.empty() || !broken_laws(life).empty()) continue;
            Dice dice{seed};
            defect.happens(life, candidates[dice() % candidates.size()]);
            ++applied;
            found += !broken_laws(life).empty();
        }
        EXPECT_EQ(applied, spoiled_lives) << defect.sentence;
        EXPECT_GE(found * 100, applied * (defect.percent_found - chance))
            << defect.sentence << ": " << found << " of " << applied;
    }
}

}  // namespace
}  // namespace retaind::test
