// States for tests: made up from a seed, and written out as text in which every bit shows.
#pragma once

#include <cstdint>
#include <string>

#include "retaind/cycle/state.hpp"

namespace retaind::test {

struct StateRecipe {
    std::uint64_t seed = 1;
    Day last;      ///< the cycle's day
    int days = 3;  ///< records each customer has, up to and with `last`
    int customers = 5;
    int promises = 4;
    int alerts = 6;
};

/// Hostile on purpose: NaN, -0.0, infinities, denormals, quotes, colons, newlines and foreign scripts.
State make_state(const StateRecipe& recipe);

/// One line per record; doubles as their bits, so that two states are equal exactly when their texts are.
std::string to_text(const State& state);
std::string to_text(const Alert& alert);

}  // namespace retaind::test
