// Companies made from a seed, with everything that data do to a score: gaps, NULLs, late rows, lonely segments.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/company.hpp"

namespace retaind::company {

/// Random choices that are the same for the same seed.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(engine_); }
    bool chance(double share) { return number(0, 1) < share; }
    double number(double from, double to) { return std::uniform_real_distribution<double>(from, to)(engine_); }
    template <class T>
    const T& one_of(const std::vector<T>& choices) {
        return choices[static_cast<std::size_t>(below(static_cast<int>(choices.size())))];
    }
    template <class T>
    void shuffle(std::vector<T>& items) {
        std::shuffle(items.begin(), items.end(), engine_);
    }

private:
    std::mt19937_64 engine_;
};

/// Some customers, as of 2024-03-31, with rows of `usage` (metric a or b) and `attendance` over the last twenty weeks.
/// Some of the rows are NULL, some lie after as-of or were known only then, some customers have none.
Company generated_company(std::uint64_t seed, int customers);

/// Rows that must not matter: of days after as-of, or known only after it.
void add_later_rows(Company& company, std::uint64_t seed);

/// The same company with its rows in another order.
Company shuffled(Company company, std::uint64_t seed);

/// The same company with other customer ids, which sort differently.
std::string new_name(const std::string& id);
Company renamed(Company company);

}  // namespace retaind::company
