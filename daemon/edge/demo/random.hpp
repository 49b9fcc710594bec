// Numbers that look random and are the same everywhere: xoshiro256** seeded by splitmix64, and transforms that use
// only +, -, *, / and sqrt, which IEEE 754 fixes to the last bit.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace retaind::demo {

/// A stream of its own for each (seed, purpose, number), so that one more draw here moves nothing there.
class Random {
public:
    Random(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0);

    std::uint64_t next();
    double unit();                            ///< in [0, 1)
    double between(double low, double high);  ///< in [low, high)
    int below(int bound);                     ///< 0 .. bound - 1
    int whole(int low, int high);             ///< low .. high, both included
    bool chance(double probability);
    double normal();  ///< mean 0, variance 1: twelve units less six

private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace retaind::demo
