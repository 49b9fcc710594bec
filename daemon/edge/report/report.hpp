// What the command line says of a cycle: JSON, the stable contract of DESIGN.md 6 (nlohmann), and plain text for
// people.
#pragma once

#include <string>
#include <vector>

#include "retaind/base/error.hpp"
#include "retaind/cycle/cycle.hpp"

namespace retaind {

/// Unknown numbers are null, lists sorted by id, amounts in major units: the same bytes for the same cycle.
std::string once_json(const View& view);
std::string explain_json(const Explanation& explanation);
std::string explain_line(const Explanation& explanation);  ///< the same on one line
std::string errors_json(const std::vector<Error>& errors);

/// The customers that need attention first, then the alerts with their reasons.
std::string once_text(const View& view);
std::string explain_text(const Explanation& explanation);
std::string terms_text(const Explanation& explanation);  ///< of it the sum: from the prior to the health

}  // namespace retaind
