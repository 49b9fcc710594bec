// When to send again, and when to give up (ALERTS.md "Commit, outbox, restart"). A sender says how it went; this says
// what follows. Wall time only.
//
//   auto next = after_attempt({.outcome = ..., .attempts = d.attempts + 1, .created_at = d.created_at, ...});
#pragma once

#include <optional>

#include "retaind/base/time.hpp"

namespace retaind {

/// Every bound of delivery in time.
struct RetryPolicy {
    Seconds shortest = Seconds{1};
    Seconds longest = std::chrono::minutes{15};
    Seconds longest_retry_after = std::chrono::hours{1};  ///< a receiver that asks for more is asked again after this
    Seconds give_up_after = std::chrono::hours{72};
    int least_attempts = 12;   ///< before giving up, however old: who slept for days still tries in earnest
    int refused_attempts = 3;  ///< of a receiver that says no
    Seconds refused_wait = std::chrono::minutes{30};  ///< between them: three within an hour
};

/// How one attempt went (the outcomes of a sender, as plain values).
enum class AttemptOutcome { delivered, retry, refused, abandoned };

struct Attempt {
    AttemptOutcome outcome = AttemptOutcome::delivered;
    int attempts = 1;  ///< that have a result, this one included
    int refusals = 1;  ///< in a row, this one included
    Instant created_at, now;
    std::optional<Seconds> retry_after = {};
    double jitter = 0;  ///< uniform in [0, 1)
};

struct RetryDecision {
    enum class Kind { delivered, retry, dead };
    Kind kind = Kind::delivered;
    Instant next_at = {};  ///< of retry
    bool operator==(const RetryDecision&) const = default;
};

/// Delivered is done; abandoned is due at once, as if it had not been tried. `retry` waits shortest * 2^(attempts - 1),
/// at most longest, times jitter (full jitter, at least shortest), or what the receiver asked for, and ends dead. A
/// last try is made at the very end of give_up_after. Refused waits refused_wait.
RetryDecision after_attempt(const Attempt& attempt, const RetryPolicy& policy = {});

}  // namespace retaind
