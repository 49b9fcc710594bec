// One connection to the state's file, ready to work with: pragmas set, contents checked, schema brought forward.
#pragma once

#include <memory>
#include <string>

#include <soci/soci.h>

#include "edge/state/state.hpp"

namespace retaind {

/// Opens as `options.access` says. A corrupt file is an error (state_lost), or set aside and begun anew when that loss
/// was accepted.
Result<std::unique_ptr<soci::session>> open_file(const std::string& path, const StateOptions& options);

/// What a failed statement means to the people: the state is busy, full, not writable, or lost.
Error state_error(const soci::soci_error& error, const std::string& path);

}  // namespace retaind
