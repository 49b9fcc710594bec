#include "retaind/portfolio/forecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "retaind/signals/scale.hpp"

namespace retaind {

namespace {

constexpr double z_of_nine_in_ten = 1.6448536269514722;
constexpr std::size_t few = 5;

struct Moments {
    double mean = 0, variance = 0;  ///< of what is kept, while renewals are independent
    double swing = 0;               ///< by how much the mean falls with the log-odds of all
};

Moments moments_of(std::span<const Renewal> renewals) {
    Moments sum;
    for (const auto& [amount, risk] : renewals) {
        sum.mean += amount * (1 - risk);
        sum.variance += amount * amount * risk * (1 - risk);
        sum.swing += amount * risk * (1 - risk);
    }
    return sum;
}

double shifted(double risk, double shift) {
    if (risk <= 0 || risk >= 1) return risk;
    return 1 / (1 + (1 - risk) / risk * std::exp(-shift));
}

/// Nodes and weights of Gauss-Hermite quadrature, for a standard normal shock.
constexpr std::array<std::pair<double, double>, 7> shocks = {{{-3.750439717725742, 0.000548268855972218},
                                                              {-2.366759410734541, 0.030757123967586},
                                                              {-1.154405394739968, 0.240123178605013},
                                                              {0, 0.457142857142857},
                                                              {1.154405394739968, 0.240123178605013},
                                                              {2.366759410734541, 0.030757123967586},
                                                              {3.750439717725742, 0.000548268855972218}}};

/// One way in which the few may go, and a normal distribution of the rest.
struct FewOutcome {
    double probability = 0, mean = 0, deviation = 0;
};

/// `renewals` begin with the few.
std::vector<FewOutcome> outcomes_of(std::span<const Renewal> renewals, double shock) {
    std::vector<FewOutcome> all;
    std::vector<Renewal> moved(renewals.begin(), renewals.end());
    const std::size_t told_apart = std::min(few, renewals.size());
    for (const auto& [node, weight] : shocks) {
        for (std::size_t at = 0; at < moved.size(); ++at) moved[at].risk = shifted(renewals[at].risk, shock * node);
        const Moments rest = moments_of(std::span(moved).subspan(told_apart));
        for (unsigned kept = 0; kept < 1u << told_apart; ++kept) {
            FewOutcome one{.probability = weight, .mean = rest.mean, .deviation = std::sqrt(rest.variance)};
            for (std::size_t at = 0; at < told_apart; ++at) {
                const bool is_kept = (kept >> at & 1u) != 0;
                one.probability *= is_kept ? 1 - moved[at].risk : moved[at].risk;
                one.mean += is_kept ? moved[at].amount : 0;
            }
            all.push_back(one);
        }
    }
    return all;
}

double share_up_to(const std::vector<FewOutcome>& outcomes, double amount) {
    double share = 0;
    for (const auto& [probability, mean, deviation] : outcomes) {
        if (deviation > 0)
            share += probability * normal_cdf((amount - mean) / deviation);
        else
            share += mean <= amount ? probability : 0;
    }
    return share;
}

/// The least amount that is not exceeded with this probability, to a millionth of it all.
double quantile_of(const std::vector<FewOutcome>& outcomes, double probability, double most) {
    double low = 0, high = most;
    if (share_up_to(outcomes, 0) >= probability) return 0;
    while (high - low > 1e-6 * most) {
        const double middle = (low + high) / 2;
        (share_up_to(outcomes, middle) >= probability ? high : low) = middle;
    }
    return high;
}

}  // namespace

RenewalForecast forecast_renewals(std::span<const Renewal> renewals, double shock) {
    std::vector<Renewal> ordered(renewals.begin(), renewals.end());
    std::ranges::sort(ordered, [](const Renewal& a, const Renewal& b) {
        return a.amount != b.amount ? a.amount > b.amount : a.risk > b.risk;  // sums do not depend on the order given
    });
    RenewalForecast forecast{.renewals = static_cast<int>(ordered.size())};
    double largest = 0;
    for (std::size_t at = 0; at < ordered.size(); ++at) {
        forecast.scheduled += ordered[at].amount;
        if (at < few) largest += ordered[at].amount;
    }
    const Moments moments = moments_of(ordered);
    forecast.expected = moments.mean;
    if (largest > forecast.scheduled / 4) {
        const std::vector<FewOutcome> outcomes = outcomes_of(ordered, shock);
        forecast.low = std::min(quantile_of(outcomes, 0.05, forecast.scheduled), forecast.expected);
        forecast.high = std::max(quantile_of(outcomes, 0.95, forecast.scheduled), forecast.expected);
        return forecast;
    }
    const double reach = z_of_nine_in_ten * std::sqrt(moments.variance + shock * shock * moments.swing * moments.swing);
    forecast.low = std::max(0.0, forecast.expected - reach);
    forecast.high = std::min(forecast.scheduled, forecast.expected + reach);
    return forecast;
}

}  // namespace retaind
