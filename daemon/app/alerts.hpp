// `alerts ...`: what one sees of alerts and does about them. All of it goes through the desk, so it is the same with a
// running daemon beside it or without.
#pragma once

#include <string>

#include "options.hpp"
#include "retaind/ports/alert_desk.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// What a verb works on, and who speaks.
struct AlertsScene {
    AlertDesk& desk;
    const RuleSet& rules;
    const Zone& zone;  ///< in which days begin
    Instant now;
    std::string login;  ///< who it is when nobody says
};

/// What is printed, and the exit code: 1 when a rule is below its floor, or something asked for is not there.
struct Said {
    std::string text;
    int code = 0;
};

/// Errors: usage (no such alert, a time that is over, ...), state.
Result<Said> answer_alerts(const AlertsScene& scene, const Options& options);

/// "2026-03-01" (as that day begins), "2026-03-01 18:00" (both in the zone) or "14d" (from now). Errors: usage.
Result<Instant> parse_time(const std::string& text, const Zone& zone, Instant now);

}  // namespace retaind
