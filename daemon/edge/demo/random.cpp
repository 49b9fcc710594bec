#include "random.hpp"

#include <bit>

namespace retaind::demo {

namespace {

std::uint64_t splitmix(std::uint64_t& state) {
    std::uint64_t mixed = (state += 0x9e3779b97f4a7c15U);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
    return hash;
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view purpose, std::uint64_t number) : state_{} {
    std::uint64_t mixing = seed;
    mixing = splitmix(mixing) ^ fnv1a(purpose);
    mixing = splitmix(mixing) ^ number;
    for (auto& word : state_) word = splitmix(mixing);
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Random::between(double low, double high) { return low + (high - low) * unit(); }

int Random::below(int bound) { return static_cast<int>(((next() >> 32) * static_cast<std::uint64_t>(bound)) >> 32); }

int Random::whole(int low, int high) { return low + below(high - low + 1); }

bool Random::chance(double probability) { return unit() < probability; }

double Random::normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
}

}  // namespace retaind::demo
