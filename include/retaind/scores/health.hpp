// Health: one number, exactly the sum of its named parts (SCORING 1.2 to 1.4).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// A signal of one customer, measured and scaled.
struct SignalScore {
    double raw = missing;
    double score = missing;  ///< 0..100; missing when not measured
    double freshness = 1;    ///< 0..1
    bool applies = true;     ///< false: the signal does not exist for this customer
};

/// One line of an explanation: a signal of the customer or of one of its subscriptions, or a child customer.
/// contribution = weight * freshness * (score - prior).
struct Term {
    int signal = 0;                     ///< index into RuleSet::signals; -1 for a child
    Word subscription = no_word;        ///< whose signal it is; no_word: the customer's
    CustomerIndex child = no_customer;  ///< whose health it is
    double raw = missing, score = missing;
    double weight = 0;        ///< share of all applicable weight, 0..1
    double freshness = 0;     ///< 0 when missing and left to the prior; 1 when imputed
    bool imputed = false;     ///< missing, and `missing` gave it a score
    double contribution = 0;  ///< points away from the prior
};

/// prior + sum of contributions + weakest_part + caps == health, to 1e-9.
struct Health {
    double health = missing;       ///< after caps, 0..100
    double before_caps = missing;  ///< H
    double coverage = 0;           ///< k: share of weight that was measured, 0..1
    double prior = missing;        ///< H0
    double weakest_part = 0;       ///< what the weakest subscription takes away, <= 0
    double caps = 0;               ///< what the lowest cap takes away, <= 0
    int cap = -1;                  ///< index of the cap in force, or -1
    std::vector<Term> terms = {};  ///< applicable signals of positive weight, in the order of the rules; then children
};

/// Combines the signals of one customer. `signals` is parallel to rules.signals (rules already with the customer's
/// profiles). A signal's weight is its share of its group's among the applicable ones, times the group's share among
/// groups that have any. Missing ones leave their weight to the prior, unless `missing` gives them a score: then they
/// count in full for the health, and not at all for the coverage. Without any weight or score: health = prior.
Health combine(const RuleSet& rules, std::span<const SignalScore> signals, double prior);

/// One part of a customer, with its share of the revenue (shares add up to 1): a subscription with the health that its
/// signals make, or a child customer with its own.
struct HealthPart {
    Health health = {};
    double share = 1;
    CustomerIndex child = no_customer;
};

/// Joins parts: sum of share H plus weakest_part = weakest (min H - sum), docs/decisions/006. `prior` is the
/// customer's. Terms that say the same of several parts (no subscription) become one again. Caps are still to come.
Health join_parts(std::span<const HealthPart> parts, double prior, double weakest);

/// Applies the lowest of the caps whose conditions are known to hold, if the health lies above it.
void apply_caps(Health& health, const RuleSet& rules, const FieldValues& customer);

enum class Band { unknown, at_risk, watch, healthy };
std::string_view band_name(Band band);
std::optional<Band> parse_band(std::string_view name);

/// Whether so much is covered; one that only rounding keeps from it is.
bool covers(double coverage, double floor);

/// The band that `smoothed` sets, given the one before: falling is immediate, climbing takes `hysteresis` points above
/// the edge; below the coverage floor, or without a smoothed health, it is unknown (and what comes after unknown is set
/// directly).
Band next_band(Band previous, double smoothed, double coverage, const HealthRules& rules);

}  // namespace retaind
