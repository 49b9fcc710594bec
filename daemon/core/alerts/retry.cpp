#include "retaind/alerts/retry.hpp"

#include <algorithm>

namespace retaind {

namespace {

Seconds backoff(const Attempt& attempt, const RetryPolicy& policy) {
    Seconds ceiling = policy.shortest;
    for (int doubled = 1; doubled < attempt.attempts && ceiling < policy.longest; ++doubled) ceiling *= 2;
    ceiling = std::min(ceiling, policy.longest);
    const auto jittered =
        Seconds{static_cast<Seconds::rep>(attempt.jitter * static_cast<double>(ceiling.count()) + 0.5)};
    return std::max(jittered, policy.shortest);
}

RetryDecision again(const Attempt& attempt, const RetryPolicy& policy) {
    const Instant end = attempt.created_at + policy.give_up_after;
    const bool tried_enough = attempt.attempts >= policy.least_attempts;
    if (attempt.now >= end && tried_enough) return {.kind = RetryDecision::Kind::dead};
    Seconds wait = backoff(attempt, policy);
    if (attempt.retry_after) wait = std::max(wait, std::min(*attempt.retry_after, policy.longest_retry_after));
    const bool last = !attempt.retry_after && attempt.now < end && attempt.now + wait > end && tried_enough;
    return {.kind = RetryDecision::Kind::retry, .next_at = last ? end : attempt.now + wait};
}

}  // namespace

RetryDecision after_attempt(const Attempt& attempt, const RetryPolicy& policy) {
    switch (attempt.outcome) {
        case AttemptOutcome::delivered: return {.kind = RetryDecision::Kind::delivered};
        case AttemptOutcome::abandoned: return {.kind = RetryDecision::Kind::retry, .next_at = attempt.now};
        case AttemptOutcome::retry: return again(attempt, policy);
        case AttemptOutcome::refused: break;
    }
    if (attempt.refusals >= policy.refused_attempts) return {.kind = RetryDecision::Kind::dead};
    return {.kind = RetryDecision::Kind::retry, .next_at = attempt.now + policy.refused_wait};
}

}  // namespace retaind
