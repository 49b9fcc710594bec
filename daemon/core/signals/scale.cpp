#include "retaind/signals/scale.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "retaind/rules/condition.hpp"

namespace retaind {

namespace {

/// Score of a raw value that is known.
struct ScoreOf {
    double x;

    double operator()(std::monostate) const { return missing; }
    double operator()(const CohortScale&) const { return missing; }
    double operator()(const CategoryScale&) const { return missing; }
    double operator()(const IdentityScale&) const { return std::clamp(x, 0.0, 100.0); }

    double operator()(const RampScale& ramp) const {
        return 100 * std::clamp((x - ramp.bad) / (ramp.good - ramp.bad), 0.0, 1.0);
    }

    double operator()(const RecencyScale& recency) const {
        const double late = std::max(0.0, x - recency.grace);
        return late == 0 ? 100 : 100 * std::exp2(-late / recency.halflife);
    }

    double operator()(const StepScale& scale) const {
        const auto above = std::ranges::upper_bound(scale.steps, x, {}, &PointList::value_type::first);
        return above == scale.steps.begin() ? above->second : std::prev(above)->second;
    }

    double operator()(const PointScale& scale) const {
        const auto& points = scale.points;
        const auto right = std::ranges::lower_bound(points, x, {}, &PointList::value_type::first);
        if (right == points.begin()) return right->second;
        if (right == points.end()) return points.back().second;
        const auto& [x0, y0] = *std::prev(right);
        return y0 + (right->second - y0) * (x - x0) / (right->first - x0);
    }
};

std::string listed(std::string_view first, const auto& all, auto each) {
    std::string words{first};
    for (const auto& one : all) words += (words.size() > first.size() ? ", " : "") + each(one);
    return words;
}

/// What a person reads of a scale.
struct InWords {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(const IdentityScale&) const { return "as it is"; }
    std::string operator()(const RampScale& ramp) const {
        return fmt::format("0 at {}, 100 at {}", format_number(ramp.bad), format_number(ramp.good));
    }
    std::string operator()(const PointScale& scale) const {
        return listed("", scale.points, [](const auto& point) {
            return fmt::format("{} at {}", format_number(point.second), format_number(point.first));
        });
    }
    std::string operator()(const StepScale& scale) const {
        return listed("", scale.steps, [](const auto& step) {
            return fmt::format("{} from {}", format_number(step.second), format_number(step.first));
        });
    }
    std::string operator()(const RecencyScale& recency) const {
        return fmt::format("100 up to {} days, then half every {}", format_number(recency.grace),
                           format_number(recency.halflife));
    }
    std::string operator()(const CohortScale& cohort) const {
        return listed("place among customers of the same ", cohort.by, [](const auto& name) { return name; });
    }
    std::string operator()(const CategoryScale& scale) const {
        return listed("", scale.scores, [](const auto& each) {
            return fmt::format("{} for '{}'", format_number(each.second), each.first);
        });
    }
};

double score_of_text(const CategoryScale& scale, std::string_view text) {
    const auto found = std::ranges::find(scale.scores, text, &std::pair<std::string, double>::first);
    return found == scale.scores.end() ? missing : found->second;
}

}  // namespace

double score_of(const Scale& scale, const Measured& measured) {
    if (const auto* category = std::get_if<CategoryScale>(&scale)) return score_of_text(*category, measured.text);
    return is_missing(measured.raw) ? missing : std::visit(ScoreOf{measured.raw}, scale);
}

std::string describe(const Scale& scale) { return std::visit(InWords{}, scale); }

double cohort_score(double position, const CohortScale& scale) { return 100 * normal_cdf(position + scale.delta); }

double normal_cdf(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double smooth(double previous, double x, double dt, double halflife) {
    if (!(halflife > 0)) return x;
    return previous + (1 - std::exp2(-dt / halflife)) * (x - previous);
}

}  // namespace retaind
