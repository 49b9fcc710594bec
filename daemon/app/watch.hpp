// How long nothing may move before the daemon counts as hung: by the service manager, and by /healthz.
#pragma once

#include <chrono>
#include <optional>

#include "retaind/ports/settings.hpp"

namespace retaind {

/// Where no service manager says it (WatchdogSec=).
inline constexpr std::chrono::milliseconds usual_patience = std::chrono::seconds{45};

/// What the service manager waits, but never less than the longest silence of a source takes, with a quarter to spare.
std::chrono::milliseconds patience_for(const Settings& settings,
                                       std::optional<std::chrono::milliseconds> of_manager = {});

/// How often to look whether something has moved.
inline std::chrono::milliseconds look_every(std::chrono::milliseconds patience) { return patience / 8; }

/// The patience of the service manager that started us, if it has one.
std::optional<std::chrono::milliseconds> patience_of_manager();

/// Tells the service manager that we live.
void feed_manager();
/// Asks the service manager to wait so long instead.
void ask_manager_for(std::chrono::milliseconds patience);

}  // namespace retaind
