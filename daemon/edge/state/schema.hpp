// The state's tables, and how older files become today's.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"

namespace soci {
class session;
}

namespace retaind {

/// Statements that bring a file of the version before to the next one. Versions count from 1 in the order of the list.
using Migration = std::vector<std::string_view>;

/// Every migration there ever was; its length is the version this program writes. Entries are never changed once
/// released, only added.
std::span<const Migration> migrations();

int schema_version(soci::session& sql);

/// Brings the file forward, each version in a transaction of its own. Error (state) when the file is newer than the
/// migrations, or holds tables of something else; then nothing is changed. Throws what SOCI throws.
Result<void> bring_forward(soci::session& sql, std::span<const Migration> to);

/// The same checks without changing anything, for those who may not: an older file is an error too.
Result<void> expect_current(soci::session& sql, std::span<const Migration> to);

}  // namespace retaind
