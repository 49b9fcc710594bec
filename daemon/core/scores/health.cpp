#include "retaind/scores/health.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace retaind {

namespace {

bool counts(const Signal& signal, const SignalScore& score) { return score.applies && signal.weight > 0; }

/// Each signal's share of all applicable weight; they add up to 1, or are all 0.
std::vector<double> shares(const RuleSet& rules, std::span<const SignalScore> signals) {
    std::vector<double> in_group(rules.groups.size(), 0.0);
    for (std::size_t i = 0; i < signals.size(); ++i) {
        const auto& signal = rules.signals[i];
        if (counts(signal, signals[i])) in_group[static_cast<std::size_t>(signal.group)] += signal.weight;
    }
    double whole = 0;
    for (std::size_t g = 0; g < in_group.size(); ++g) {
        if (in_group[g] > 0) whole += rules.groups[g].weight;
    }
    std::vector<double> result(signals.size(), 0.0);
    for (std::size_t i = 0; i < signals.size() && whole > 0; ++i) {
        const auto& signal = rules.signals[i];
        const auto group = static_cast<std::size_t>(signal.group);
        if (counts(signal, signals[i]))
            result[i] = rules.groups[group].weight / whole * (signal.weight / in_group[group]);
    }
    return result;
}

Term term_of(const Signal& signal, const SignalScore& measured) {
    Term term;
    term.raw = measured.raw;
    term.score = measured.score;
    term.freshness = measured.freshness;
    if (is_missing(measured.score)) {
        term.imputed = !signal.when_missing.prior;
        term.score = term.imputed ? signal.when_missing.score : missing;
        term.freshness = term.imputed ? 1 : 0;
    }
    return term;
}

}  // namespace

Health combine(const RuleSet& rules, std::span<const SignalScore> signals, double prior) {
    assert(signals.size() == rules.signals.size());
    const auto weights = shares(rules, signals);
    Health result;
    result.prior = prior;
    double health = prior;
    for (std::size_t i = 0; i < signals.size(); ++i) {
        if (!(weights[i] > 0)) continue;
        auto term = term_of(rules.signals[i], signals[i]);
        term.signal = static_cast<int>(i);
        term.weight = weights[i];
        if (term.freshness > 0) term.contribution = term.weight * term.freshness * (term.score - prior);
        if (!term.imputed) result.coverage += term.weight * term.freshness;
        health += term.contribution;
        result.terms.push_back(term);
    }
    result.before_caps = std::clamp(health, 0.0, 100.0);  // a mean of scores: only rounding can leave the range
    result.health = result.before_caps;
    return result;
}

namespace {

/// Adds a part's terms, by share; one that stands there already, for another part of the customer, takes it in.
void add_terms(std::vector<Term>& terms, const HealthPart& part) {
    for (Term term : part.health.terms) {
        term.weight *= part.share;
        term.contribution *= part.share;
        const auto same = std::ranges::find_if(terms, [&](const Term& other) {
            return other.signal == term.signal && other.subscription == term.subscription && other.child == term.child;
        });
        if (same == terms.end()) {
            terms.push_back(term);
        } else {
            same->weight += term.weight;
            same->contribution += term.contribution;
        }
    }
}

Term child_term(const HealthPart& part, double prior) {
    const double health = part.health.health;
    return {.signal = -1,
            .child = part.child,
            .raw = health,
            .score = health,
            .weight = part.share,
            .freshness = 1,
            .contribution = part.share * (health - prior)};
}

}  // namespace

Health join_parts(std::span<const HealthPart> parts, double prior, double weakest) {
    Health result;
    result.prior = prior;
    double mean = 0, least = 100;
    for (const auto& part : parts) {
        const double health = part.health.health;
        mean += part.share * health;
        least = std::min(least, health);
        result.coverage += part.share * part.health.coverage;
        if (part.child == no_customer) add_terms(result.terms, part);
    }
    std::ranges::stable_sort(result.terms, {}, &Term::signal);
    for (const auto& part : parts) {
        if (part.child != no_customer) result.terms.push_back(child_term(part, prior));
    }
    result.weakest_part = weakest * std::min(0.0, least - mean);
    result.before_caps = std::clamp(mean + result.weakest_part, 0.0, 100.0);
    result.health = result.before_caps;
    return result;
}

void apply_caps(Health& health, const RuleSet& rules, const FieldValues& customer) {
    for (std::size_t i = 0; i < rules.caps.size(); ++i) {
        const auto& cap = rules.caps[i];
        if (!(cap.at < health.health) || evaluate_all(cap.when, customer) != Truth::yes) continue;
        health.health = cap.at;
        health.caps = cap.at - health.before_caps;
        health.cap = static_cast<int>(i);
    }
}

namespace {

constexpr std::array<std::string_view, 4> band_names = {"unknown", "at_risk", "watch", "healthy"};

}  // namespace

std::string_view band_name(Band band) { return band_names[static_cast<std::size_t>(band)]; }

std::optional<Band> parse_band(std::string_view name) {
    const auto found = std::ranges::find(band_names, name);
    if (found == band_names.end()) return {};
    return static_cast<Band>(found - band_names.begin());
}

bool covers(double coverage, double floor) {
    constexpr double rounding = 1e-9;
    return coverage >= floor - rounding;
}

Band next_band(Band previous, double smoothed, double coverage, const HealthRules& rules) {
    if (is_missing(smoothed) || !covers(coverage, rules.coverage_floor)) return Band::unknown;
    const auto is_in = [&](Band band, double edge) {
        const bool climbs = previous != Band::unknown && previous < band;
        return smoothed >= edge + (climbs ? rules.hysteresis : 0);
    };
    if (is_in(Band::healthy, rules.healthy)) return Band::healthy;
    return is_in(Band::watch, rules.watch) ? Band::watch : Band::at_risk;
}

}  // namespace retaind
