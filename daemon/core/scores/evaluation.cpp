#include "retaind/scores/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "retaind/base/value.hpp"

namespace retaind {

namespace {

/// Predictions of one score: how many, and how many of them happened.
struct Tied {
    double score, count, happened;
};

/// Groups of equal scores, the highest first.
std::vector<Tied> ranked(std::span<const Prediction> predictions) {
    std::vector<Prediction> sorted(predictions.begin(), predictions.end());
    std::ranges::sort(sorted, std::greater{}, &Prediction::score);
    std::vector<Tied> groups;
    for (const auto& [score, happened] : sorted) {
        if (groups.empty() || groups.back().score != score) groups.push_back({score, 0, 0});
        groups.back().count += 1;
        groups.back().happened += happened ? 1 : 0;
    }
    return groups;
}

double count_happened(std::span<const Prediction> predictions) {
    return static_cast<double>(std::ranges::count(predictions, true, &Prediction::happened));
}

double size_of(std::span<const Prediction> predictions) { return static_cast<double>(predictions.size()); }

/// A mean over predictions, summed by score and so in no order but its own.
template <class Loss>
double mean_of(std::span<const Prediction> predictions, Loss loss) {
    double sum = 0;
    for (const auto& [score, count, happened] : ranked(predictions)) {
        sum += happened * loss(score, 1.0) + (count - happened) * loss(score, 0.0);
    }
    return predictions.empty() ? missing : sum / size_of(predictions);
}

}  // namespace

double auc(std::span<const Prediction> predictions) {
    double above = 0, wins = 0;  // what happened among higher scores; pairs in the right order
    for (const auto& [score, count, happened] : ranked(predictions)) {
        wins += (above + happened / 2) * (count - happened);
        above += happened;
    }
    const double pairs = above * (size_of(predictions) - above);
    return pairs > 0 ? wins / pairs : missing;
}

double auc_within_date(std::span<const DatedPrediction> predictions) {
    std::vector<DatedPrediction> sorted(predictions.begin(), predictions.end());
    std::ranges::stable_sort(sorted, {}, &DatedPrediction::day);
    double sum = 0, days = 0;
    for (auto from = sorted.begin(); from != sorted.end();) {
        std::vector<Prediction> of_day;
        const auto day = from->day;
        for (; from != sorted.end() && from->day == day; ++from) of_day.push_back(from->prediction);
        const double one = auc(of_day);
        if (is_missing(one)) continue;
        sum += one;
        days += 1;
    }
    return days > 0 ? sum / days : missing;
}

double average_precision(std::span<const Prediction> predictions) {
    const double all = count_happened(predictions);
    if (all == 0) return missing;
    double seen = 0, found = 0, sum = 0;
    for (const auto& [score, count, happened] : ranked(predictions)) {
        seen += count;
        found += happened;
        sum += happened / all * (found / seen);
    }
    return sum;
}

double brier(std::span<const Prediction> predictions) {
    return mean_of(predictions, [](double p, double y) { return (p - y) * (p - y); });
}

double brier_skill(std::span<const Prediction> predictions) {
    const double q = count_happened(predictions) / size_of(predictions);
    return q > 0 && q < 1 ? 1 - brier(predictions) / (q * (1 - q)) : missing;
}

double log_loss(std::span<const Prediction> predictions) {
    return mean_of(predictions, [](double p, double y) {
        const double kept = std::clamp(p, 1e-15, 1 - 1e-15);
        return -std::log(y > 0 ? kept : 1 - kept);
    });
}

double calibration_error(std::span<const Prediction> predictions, int bins) {
    if (predictions.empty() || bins < 1) return missing;
    const auto groups = ranked(predictions);
    const auto whole = predictions.size(), count = static_cast<std::size_t>(bins);
    auto group = groups.rbegin();           // the lowest score first
    double left = group->count, error = 0;  // of the group, not yet in a bin
    for (std::size_t bin = 0; bin < count; ++bin) {
        double room = static_cast<double>(whole / count + (bin < whole % count ? 1 : 0)), gap = 0;
        while (room > 0) {
            if (left == 0) left = (++group)->count;
            const double taken = std::min(room, left);
            gap += taken * (group->score - group->happened / group->count);
            room -= taken;
            left -= taken;
        }
        error += std::abs(gap);
    }
    return error / static_cast<double>(whole);
}

double recall_at(std::span<const Prediction> predictions, double share) {
    double room = std::ceil(share * size_of(predictions) - 1e-9), found = 0;
    for (const auto& [score, count, happened] : ranked(predictions)) {
        const double taken = std::min(room, count);
        found += taken * happened / count;
        room -= taken;
    }
    const double all = count_happened(predictions);
    return all > 0 ? found / all : missing;
}

double lift_at(std::span<const Prediction> predictions, double share) {
    const double taken = std::ceil(share * size_of(predictions) - 1e-9);
    return taken > 0 ? recall_at(predictions, share) * size_of(predictions) / taken : missing;
}

}  // namespace retaind
