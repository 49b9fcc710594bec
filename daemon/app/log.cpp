#include "log.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace retaind {
namespace {

std::atomic<int> least_urgent{static_cast<int>(LogLevel::info)};

}  // namespace

void set_log_level(std::string_view name) {
    least_urgent = static_cast<int>(name == "error"     ? LogLevel::error
                                    : name == "warning" ? LogLevel::warning
                                    : name == "debug"   ? LogLevel::debug
                                                        : LogLevel::info);
}

void log(LogLevel level, std::string_view text) {
    if (static_cast<int>(level) > least_urgent) return;
    static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
    std::string line = journal ? "<" + std::to_string(static_cast<int>(level)) + ">" : "retaind: ";
    for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    line += '\n';
    // One write keeps lines of several threads apart; there is nobody to tell if it fails.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void log(const Error& error) { log(LogLevel::error, to_string(error)); }

}  // namespace retaind
