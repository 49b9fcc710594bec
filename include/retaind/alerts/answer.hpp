// What somebody wants to do with an alert, checked before it becomes an act: the same from a command line, a link in a
// message, and the API.
#pragma once

#include <optional>
#include <string>

#include "retaind/alerts/handling.hpp"
#include "retaind/base/result.hpp"

namespace retaind {

/// As people write it: "gone_quiet/c017", with the dimension after a further slash.
std::string alert_name(const AlertKey& key);

struct Answer {
    ActKind kind = ActKind::seen;
    std::optional<Instant> until = {};       ///< snooze needs one
    std::string by = {}, via = {};           ///< as in Act
    std::string comment = {};                ///< snooze needs one
    std::optional<Severity> looked_at = {};  ///< as it was when they looked, if that is known
};

/// What somebody called wrong is not brought up again while it lasts, unless it gets worse.
inline constexpr Seconds wrong_holds = longest_act;

/// Until when an act of this kind holds when nobody says.
Seconds usual_span(ActKind kind);

/// The act on the alert's present episode; the comment on one line. Errors (usage): the alert does not fire (any more),
/// a time that is over or too far away, a snooze without a time or a reason, a comment that is too long or no text.
Result<Act> make_act(const Alert& alert, const Answer& answer, Instant now);

/// A comment as it is kept: on one line, without control characters. Errors (usage): longer than longest_comment, or no
/// UTF-8.
Result<std::string> clean_comment(const std::string& comment);

}  // namespace retaind
