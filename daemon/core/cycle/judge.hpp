// Rules over the evaluation: what each rule found about each entity, and the step its alert takes.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "evaluation.hpp"
#include "retaind/alerts/alert.hpp"

namespace retaind {

/// An alert after this cycle's step, whether or not it moved.
struct Judgement {
    Alert alert;
    Transition transition = Transition::none;
    const Rule* rule = nullptr;              ///< with the customer's profiles; null when the rule is gone
    CustomerIndex customer = no_customer;
    const Promise* promise = nullptr;        ///< of promise rules
};

struct JudgeOptions {
    Instant now;
    std::set<std::string, std::less<>> suspect = {};   ///< datasets that the data-first guard does not trust this time
};

/// Sorted by key. Alerts that are neither open nor changed are among them, so that nothing stored is forgotten here.
std::vector<Judgement> judge(const Evaluation& evaluation, const State& state, const JudgeOptions& options);

}  // namespace retaind
