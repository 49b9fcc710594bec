// Conditions of routes and silences from a command line.
#pragma once

#include <span>
#include <string_view>

#include "retaind/base/result.hpp"
#include "retaind/rules/policy.hpp"

namespace retaind {

/// A condition as [[route]] match takes it, over these fields: "segment == 'west'", with quotes of either kind. Errors:
/// usage.
Result<Route::Match> parse_match(std::string_view text, std::span<const std::string_view> fields);

}  // namespace retaind
