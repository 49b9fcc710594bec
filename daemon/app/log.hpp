// One line per event on stderr. Under systemd the level leads the line as journald reads it ("<4>").
#pragma once

#include <string>
#include <string_view>

#include "retaind/base/error.hpp"

namespace retaind {

enum class LogLevel { error = 3, warning = 4, info = 6, debug = 7 };

/// Lines less urgent than this are not written. "error", "warning", "info" or "debug"; anything else is info.
void set_log_level(std::string_view name);

/// Control characters in the text become spaces, so that no value from data can fake a line.
void log(LogLevel level, std::string_view text);
void log(const Error& error);

}  // namespace retaind
