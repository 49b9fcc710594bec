// Columns between SOCI and our values: each cell is bound once and then used for every row.
#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <soci/soci.h>

#include "retaind/base/time.hpp"
#include "retaind/base/value.hpp"

namespace retaind {

inline long long to_column(Day day) { return day.time_since_epoch().count(); }
inline long long to_column(Instant instant) { return instant.time_since_epoch().count(); }
inline Day day_of(long long column) { return Day{std::chrono::days{column}}; }
inline Instant instant_of(long long column) { return Instant{Seconds{column}}; }

/// Equal as bits; all missing numbers are equal.
inline bool same(double a, double b) {
    if (is_missing(a) || is_missing(b)) return is_missing(a) == is_missing(b);
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// A double; a missing one is NULL.
struct RealCell {
    double value = 0;
    soci::indicator known = soci::i_null;

    RealCell& operator=(double number) {
        value = is_known(number) ? number : 0;
        known = is_known(number) ? soci::i_ok : soci::i_null;
        return *this;
    }
    double get() const { return known == soci::i_ok ? value : missing; }
    bool operator==(const RealCell& other) const { return same(get(), other.get()); }
};

/// A whole number, day or instant; an absent one is NULL.
struct WholeCell {
    long long value = 0;
    soci::indicator known = soci::i_null;

    template <class T>
    WholeCell& operator=(const std::optional<T>& point) {
        value = point ? to_column(*point) : 0;
        known = point ? soci::i_ok : soci::i_null;
        return *this;
    }
    std::optional<Day> day() const { return known == soci::i_ok ? std::optional{day_of(value)} : std::nullopt; }
    std::optional<Instant> instant() const {
        return known == soci::i_ok ? std::optional{instant_of(value)} : std::nullopt;
    }
    bool operator==(const WholeCell& other) const { return day() == other.day(); }
};

/// SOCI keeps a reference to the name, so the default argument's temporary must not be what it refers to.
inline const std::string unnamed;
inline auto use(RealCell& cell) { return soci::use(cell.value, cell.known, unnamed); }
inline auto use(WholeCell& cell) { return soci::use(cell.value, cell.known, unnamed); }
inline auto into(RealCell& cell) { return soci::into(cell.value, cell.known); }
inline auto into(WholeCell& cell) { return soci::into(cell.value, cell.known); }

}  // namespace retaind
