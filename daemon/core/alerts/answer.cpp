#include "retaind/alerts/answer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "retaind/model/dataset.hpp"

namespace retaind {

namespace {

Error wrong(std::string message, std::string hint = {}) {
    return {.kind = ErrorKind::usage, .message = std::move(message), .hint = std::move(hint)};
}

/// Why nobody can answer the alert; nothing while it fires.
std::optional<Error> not_to_be_answered(const Alert& alert) {
    const std::string name = alert_name(alert.key);
    switch (alert.phase) {
        case AlertPhase::firing:
        case AlertPhase::recovering: return std::nullopt;
        case AlertPhase::pending: return wrong(name + " has not fired: nobody was told", "it holds, but not for long");
        case AlertPhase::resolved:
        case AlertPhase::closed: break;
    }
    const std::string when = alert.ended_on ? " on " + format_day(*alert.ended_on) : "";
    return wrong(fmt::format("{} is over: {}{}", name, phase_name(alert.phase), when));
}

/// Until when it holds.
Result<Instant> end_of(const Answer& answer, Instant now) {
    if (answer.kind == ActKind::resume || answer.kind == ActKind::release) return now;
    if (!answer.until && answer.kind == ActKind::snooze)
        return wrong("a snooze needs a time at which it ends", "a day or a duration, as in 2026-03-01 or 14d");
    const Instant until = answer.until.value_or(now + usual_span(answer.kind));
    if (until <= now) return wrong(format_instant(until) + " is over already");
    if (until > now + longest_act)
        return wrong(fmt::format("{} is more than {} days away", format_day(floor<std::chrono::days>(until)),
                                 longest_act / std::chrono::days{1}),
                     "nothing may be put off for longer");
    return until;
}

}  // namespace

std::string alert_name(const AlertKey& key) {
    return key.rule + "/" + key.entity + (key.dimension.empty() ? "" : "/" + key.dimension);
}

Seconds usual_span(ActKind kind) {
    switch (kind) {
        case ActKind::seen: return seen_holds;
        case ActKind::on_it: return acknowledged_holds;
        case ActKind::wrong: return wrong_holds;
        case ActKind::snooze:
        case ActKind::resume:
        case ActKind::release: break;
    }
    return Seconds{0};
}

Result<Act> make_act(const Alert& alert, const Answer& answer, Instant now) {
    if (const auto error = not_to_be_answered(alert)) return *error;
    const Result<Instant> until = end_of(answer, now);
    if (!until) return until.error();
    const Result<std::string> comment = clean_comment(answer.comment);
    if (!comment) return comment.error();
    if (answer.kind == ActKind::snooze && comment->empty())
        return wrong("a snooze needs a reason", "say why it can wait, for whoever asks later");
    return Act{.key = alert.key,
               .episode = alert.episode,
               .kind = answer.kind,
               .severity = std::min(alert.severity, answer.looked_at.value_or(alert.severity)),
               .at = now,
               .until = *until,
               .by = answer.by,
               .via = answer.via,
               .comment = *comment};
}

Result<std::string> clean_comment(const std::string& comment) {
    if (!is_valid_utf8(comment)) return wrong("the comment is not UTF-8");
    std::string clean = comment;
    for (char& c : clean)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    const auto first = clean.find_first_not_of(' ');
    if (first == clean.npos) return std::string{};
    clean = clean.substr(first, clean.find_last_not_of(' ') - first + 1);
    if (clean.size() > longest_comment)
        return wrong(fmt::format("the comment has {} bytes, more than {}", clean.size(), longest_comment));
    return clean;
}

}  // namespace retaind
