// Time zones from the system's tz database, as values (date's tz library).
#pragma once

#include <string>

#include "retaind/base/result.hpp"
#include "retaind/base/time.hpp"

namespace retaind {

/// The offsets of a zone by its IANA name ("Europe/Berlin") over all years a Day may have. An unknown name is an error
/// of kind config that says where names come from.
Result<Zone> load_zone(const std::string& name);

}  // namespace retaind
