// Random lives of alerts: a few customers, rules and people, days on which data stand still, clocks that jump,
// receivers that are down, people who answer. Lived through step(), guard() and plan_messages() as guard.hpp says a
// cycle does, and written down cycle by cycle, so that laws can be held against what was seen from outside.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"

namespace retaind::test {

inline constexpr int customers_of_a_life = 3;

/// Who reads: a person behind a receiver, or the channel or machine itself (person "").
struct Reader {
    std::string receiver, person;
    auto operator<=>(const Reader&) const = default;
};

/// One cycle, as it was given to plan_messages, and what came of it.
struct LivedCycle {
    Instant now;
    Day as_of;
    bool clock_jumped = false, people_believed = true, customers_believed = true, outbox_is_full = false;
    std::optional<Instant> wake_at = {}, probed_at = {};  ///< asked again before wake_at
    std::vector<Message> too_early = {};                  ///< what was told then
    std::vector<Message> again = {};                      ///< the other answer, if there is one
    bool same_again = true;                               ///< the same inputs, moves in another order, gave the same
    std::array<std::string, customers_of_a_life> managers;
    std::array<bool, customers_of_a_life> present;
    bool ada_is_away = false;
    std::map<AlertKey, Finding> findings = {};
    std::vector<Move> moves = {};
    std::size_t acts = 0;  ///< of Life::acts, those that were known
    std::vector<AlertSilence> silences = {};
    std::vector<FirstDelivery> delivered = {};
    std::vector<WaitingMessage> waiting = {};
    std::vector<Message> messages = {};
};

struct Life {
    std::uint64_t seed = 0;
    Policy policy = {};
    std::vector<Rule> rules = {};
    std::vector<Act> acts = {};
    std::vector<LivedCycle> cycles = {};
    std::vector<std::string> lost_ids = {};  ///< identities that two messages had: the outbox keeps the first
};

/// What a life has of everything that happens; all of it in the shares of `live_randomly`.
struct LifeOptions {
    int cycles = 24;
    int percent_acts = 12, percent_outage = 6, percent_jump = 5, percent_frozen = 6, percent_silence = 5;
};

/// The same seed gives the same life.
Life live_randomly(std::uint64_t seed, const LifeOptions& options = {});

/// The zone of whom; "": the daemon's.
const Zone& zone_in(const Life& life, std::string_view person);

}  // namespace retaind::test
