// A rule that was renamed keeps what is stored under its former name.
#pragma once

#include <soci/soci.h>

#include "retaind/alerts/guard.hpp"

namespace retaind {

/// Where a row of the new name is in the way, the former one's stays as it is.
void rename_in_all_tables(soci::session& sql, const RuleRename& rename);

}  // namespace retaind
