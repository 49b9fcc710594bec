#include "retaind/ports/failpoint.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

namespace retaind {

namespace {

std::string_view from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

/// RETAIND_FAILPOINT, taken apart once; `passes_left` counts down to the kill.
struct Deadly {
    std::string name = {};
    long passes_left = 0;
    std::mutex guard = {};

    Deadly() {
        const auto text = from_environment("RETAIND_FAILPOINT");
        const auto colon = text.rfind(':');
        name = text.substr(0, colon);
        passes_left = colon == text.npos ? 1 : std::strtol(text.data() + colon + 1, nullptr, 10);
    }
};

void write_down(std::string_view log, const std::string& name) {
    const int file = ::open(std::string{log}.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return;
    const auto line = name + "\n";
    [[maybe_unused]] const auto written = ::write(file, line.data(), line.size());
    ::close(file);
}

}  // namespace

void failpoint(const char* name) {
    static const auto log = from_environment("RETAIND_FAILPOINT_LOG");
    static const auto hangs = from_environment("RETAIND_HANG");
    static Deadly deadly;
    if (!log.empty()) write_down(log, name);
    while (hangs == name) ::pause();
    if (deadly.name.empty()) return;
    const std::lock_guard hold{deadly.guard};
    if (deadly.name == name && --deadly.passes_left == 0) ::kill(::getpid(), SIGKILL);
}

bool seeded_defect(const char* name) { return from_environment("RETAIND_DEFECT") == name; }

}  // namespace retaind
