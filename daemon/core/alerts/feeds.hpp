#pragma once

#include <span>
#include <string_view>

#include "retaind/alerts/guard.hpp"

namespace retaind {

/// How many rows fewer than usual (the median of its remembered days) a dataset has; 0 while nothing is usual.
double rows_missing(const Snapshot& snapshot, std::span<const FeedDay> past, std::string_view dataset);

}  // namespace retaind
