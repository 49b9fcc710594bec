#include "watch.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <string>

#include "edge/source/source.hpp"

namespace retaind {

std::chrono::milliseconds patience_for(const Settings& settings, std::optional<std::chrono::milliseconds> of_manager) {
    std::chrono::milliseconds patience = of_manager.value_or(usual_patience);
    for (const SourceSettings& source : settings.sources)
        patience = std::max<std::chrono::milliseconds>(patience, longest_answer(source) * 5 / 4);
    return patience;
}

std::optional<std::chrono::milliseconds> patience_of_manager() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::milliseconds{microseconds / 1000};
}

void feed_manager() { sd_notify(0, "WATCHDOG=1"); }

void ask_manager_for(std::chrono::milliseconds patience) {
    sd_notify(0, ("WATCHDOG_USEC=" + std::to_string(std::chrono::microseconds{patience}.count())).c_str());
}

}  // namespace retaind
