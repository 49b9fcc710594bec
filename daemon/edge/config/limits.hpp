// Every bound on what a person may write, in one place.
#pragma once

#include <cstddef>

namespace retaind::config {

inline constexpr std::size_t most_file_bytes = 1u << 20;
inline constexpr std::size_t most_line_bytes = 64u << 10;
inline constexpr std::size_t most_key_parts = 16;   ///< of a dotted key; the TOML library recurses into each
inline constexpr int most_nesting = 32;             ///< tables and lists inside one another
inline constexpr std::size_t most_problems = 1000;  ///< reported of one load
inline constexpr std::size_t most_name_bytes = 100;
inline constexpr std::size_t most_text_bytes = 100'000;  ///< of one value: queries are long
inline constexpr std::size_t most_secret_bytes = 64u << 10;

inline constexpr std::size_t most_packs = 50;  ///< files, with all they extend
inline constexpr std::size_t most_groups = 100;
inline constexpr std::size_t most_signals = 500;
inline constexpr std::size_t most_caps = 100;
inline constexpr std::size_t most_curves = 100;
inline constexpr std::size_t most_rules = 500;
inline constexpr std::size_t most_risk_terms = 500;
inline constexpr std::size_t most_conditions = 50;  ///< of one list
inline constexpr std::size_t most_points = 200;     ///< of one scale or curve
inline constexpr std::size_t most_steps = 20;       ///< of escalation
inline constexpr std::size_t most_items = 2000;     ///< of any other list, or named tables of one kind
inline constexpr std::size_t most_metric_customers = 10'000;

inline constexpr std::size_t most_tests = 500;            ///< rule tests in one file
inline constexpr std::size_t most_test_steps = 100;       ///< of one of them
inline constexpr std::size_t most_test_rows = 10'000;     ///< of one dataset at once
inline constexpr std::size_t most_read_rows = 1'000'000;  ///< of one file, over all its steps

}  // namespace retaind::config
