#include "core/signals/cohort.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "retaind/signals/facts.hpp"
#include "retaind/signals/scale.hpp"
#include "retaind/signals/statistics.hpp"

namespace retaind {

namespace {

constexpr double least_sd = 0.5;
constexpr double farthest = 3;

struct PairHash {
    std::size_t operator()(const std::pair<std::uint32_t, std::uint32_t>& pair) const {
        return std::hash<std::uint64_t>{}((std::uint64_t{pair.first} << 32) | pair.second);
    }
};

/// Splits cohorts by one more column.
void split(Cohorts& cohorts, const CustomerColumn& column, std::span<const Subject> members) {
    std::unordered_map<std::string_view, std::uint32_t> texts;
    std::unordered_map<double, std::uint32_t> numbers;
    std::unordered_map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t, PairHash> pairs;
    for (std::size_t i = 0; i < cohorts.of.size(); ++i) {
        const auto value = column.value(members[i].customer);
        auto& cohort = cohorts.of[i];
        if (cohort == 0 || !value.known()) {
            cohort = 0;
            continue;
        }
        const auto fresh = static_cast<std::uint32_t>(texts.size() + numbers.size());
        const auto code = value.kind == Value::Kind::text ? texts.emplace(value.text, fresh).first->second
                                                          : numbers.emplace(value.number, fresh).first->second;
        cohort = pairs.emplace(std::pair{cohort, code}, static_cast<std::uint32_t>(pairs.size() + 1)).first->second;
    }
    cohorts.count = static_cast<std::uint32_t>(pairs.size() + 1);
}

Centre centre_of(std::span<double> levels) { return {median(levels), std::max(sample_sd(levels), least_sd)}; }

/// The levels of one bucket, sorted into cohorts: those of cohort i are values[first[i]] up to values[first[i + 1]].
struct Sorted {
    std::vector<double> values;
    std::vector<std::size_t> first;
};

Sorted sort_into_cohorts(const Levels& all, std::size_t bucket, const Cohorts& cohorts) {
    Sorted sorted{{}, std::vector<std::size_t>(cohorts.count + 1)};
    for (std::size_t i = 0; i < all.members(); ++i) sorted.first[cohorts.of[i] + 1] += is_known(all.at(i, bucket));
    std::partial_sum(sorted.first.begin(), sorted.first.end(), sorted.first.begin());
    sorted.values.resize(sorted.first.back());
    auto next = sorted.first;
    for (std::size_t i = 0; i < all.members(); ++i) {
        if (is_known(all.at(i, bucket))) sorted.values[next[cohorts.of[i]]++] = all.at(i, bucket);
    }
    return sorted;
}

}  // namespace

Cohorts cohorts_by(const Snapshot& snapshot, const std::vector<std::string>& columns,
                   std::span<const Subject> members) {
    Cohorts cohorts{std::vector<std::uint32_t>(members.size(), 1), 2};
    for (const auto& column : columns) split(cohorts, CustomerColumn(snapshot, column), members);
    return cohorts;
}

Levels levels(const Snapshot& snapshot, const SignalReader& reader, std::span<const Subject> members,
              std::size_t buckets) {
    Levels all{buckets, std::vector<double>(members.size() * buckets)};
    for (std::size_t member = 0; member < members.size(); ++member) {
        reader.buckets(members[member], std::span(all.values).subspan(member * buckets, buckets));
        for (std::size_t back = 0; back < buckets; ++back) {
            auto& level = all.at(member, back);
            if (is_missing(level)) continue;
            const Day end = *reader.bucket_end(static_cast<int>(back));
            level = level >= 0 && is_live(snapshot, members[member], end) ? std::log1p(level) : missing;
        }
    }
    return all;
}

double Centre::position(double level) const { return std::clamp((level - middle) / spread, -farthest, farthest); }

std::vector<Centre> centres(const Levels& all, std::size_t bucket, const Cohorts& cohorts, int min) {
    auto sorted = sort_into_cohorts(all, bucket, cohorts);
    const auto least = static_cast<std::size_t>(std::max(1, min));
    std::vector<Centre> result(cohorts.count);
    std::vector<std::uint32_t> small;
    for (std::uint32_t cohort = 0; cohort < cohorts.count; ++cohort) {
        const auto from = sorted.first[cohort], size = sorted.first[cohort + 1] - from;
        if (cohort != 0 && size >= least) {
            result[cohort] = centre_of(std::span(sorted.values).subspan(from, size));
        } else if (size > 0) {
            small.push_back(cohort);
        }
    }
    if (small.empty() || sorted.values.size() < least) return result;
    const auto everybody = centre_of(sorted.values);
    for (const auto cohort : small) result[cohort] = everybody;
    return result;
}

std::vector<double> cohort_positions(const Snapshot& snapshot, const Signal& signal, const CohortScale& scale,
                                     std::span<const Subject> members) {
    const SignalReader reader(snapshot, signal);
    const auto cohorts = cohorts_by(snapshot, scale.by, members);
    const auto all = levels(snapshot, reader, members, bucket_count);
    std::vector<double> positions(members.size(), missing);
    std::vector<int> newest(members.size(), 0);  // bucket of a member's last step
    for (int back = bucket_count - 1; back >= 0; --back) {
        const auto bucket = static_cast<std::size_t>(back);
        const auto where = centres(all, bucket, cohorts, scale.min);
        for (std::size_t member = 0; member < members.size(); ++member) {
            const double r = where[cohorts.of[member]].position(all.at(member, bucket));
            if (is_missing(r)) continue;
            auto& position = positions[member];
            const double days = bucket_days * (newest[member] - back);
            position = is_missing(position) ? r : smooth(position, r, days, scale.halflife);
            newest[member] = back;
        }
    }
    return positions;
}

}  // namespace retaind
