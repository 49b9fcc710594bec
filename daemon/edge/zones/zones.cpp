#include "zones.hpp"

#include <date/tz.h>

#include <exception>

namespace retaind {
namespace {

/// Rules of summer time are the same every year from here on; going on to the last Day would only cost memory.
constexpr int last_year_of_rules = 2100;

Zone read_zone(const std::string& name) {
    const date::time_zone* zone = date::locate_zone(name);
    Zone result{.name = name};
    Instant at = Day{std::chrono::year{1970} / 1 / 1};
    const Instant end = Day{std::chrono::year{last_year_of_rules} / 1 / 1};
    while (at < end) {
        const date::sys_info info = zone->get_info(at);
        if (result.offsets.empty() || result.offsets.back().offset != info.offset) {
            result.offsets.push_back({.from = at, .offset = info.offset});
        }
        at = std::chrono::time_point_cast<Seconds>(info.end);
    }
    return result;
}

}  // namespace

Result<Zone> load_zone(const std::string& name) {
    if (name == "UTC") return Zone{};
    try {
        return read_zone(name);
    } catch (const std::exception&) {
        return Error{.kind = ErrorKind::config,
                     .message = "unknown time zone '" + name + "'",
                     .hint = "use a name of the tz database, such as Europe/Berlin (package tzdata)"};
    }
}

}  // namespace retaind
