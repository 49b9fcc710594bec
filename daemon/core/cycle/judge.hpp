// Rules over the evaluation: what each rule found about each entity, and the step its alert takes.
#pragma once

#include <span>
#include <vector>

#include "evaluation.hpp"
#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/guard.hpp"

namespace retaind {

/// Sorted by key: every alert that is open, moved, or is still remembered, and what happened to it. `evaluated` says of
/// each rule whether it was (false: frozen).
struct Judged {
    std::vector<Move> moves;
    std::vector<bool> evaluated;
};

struct JudgeInput {
    const Evaluation& evaluation;
    const State& state;             ///< for fields of feeds
    std::span<const Alert> alerts;  ///< as stored, renamed
    std::span<const AdoptedRule> adopted;
    Instant now;
};

Judged judge(const JudgeInput& input);

/// Whether what a rule decides rests on a health or risk.
bool reads_health(const Rule& rule);

}  // namespace retaind
