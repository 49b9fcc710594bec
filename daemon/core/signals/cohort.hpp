// Where cohorts stand, bucket by bucket: shared by cohort positions and drift.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/signals/measure.hpp"

namespace retaind {

/// Which cohort each member belongs to. Cohort 0 is of those of whom it is unknown.
struct Cohorts {
    std::vector<std::uint32_t> of;
    std::uint32_t count = 1;
};

Cohorts cohorts_by(const Snapshot& snapshot, const std::vector<std::string>& columns, std::span<const Subject> members);

/// u = ln(1 + x) of every member and bucket; missing where the member was not live at the bucket's end.
struct Levels {
    std::size_t buckets;
    std::vector<double> values;  ///< by member, then bucket, newest first

    std::size_t members() const { return values.size() / buckets; }
    double& at(std::size_t member, std::size_t bucket) { return values[member * buckets + bucket]; }
    double at(std::size_t member, std::size_t bucket) const { return values[member * buckets + bucket]; }
};

Levels levels(const Snapshot& snapshot, const SignalReader& reader, std::span<const Subject> members,
              std::size_t buckets);

struct Centre {
    double middle = missing, spread = missing;

    /// r of SCORING 1.1; missing when the level or the centre is.
    double position(double level) const;
};

/// Where each cohort stands in one bucket: its own centre, that of all when it is too small, or nowhere.
std::vector<Centre> centres(const Levels& all, std::size_t bucket, const Cohorts& cohorts, int min);

}  // namespace retaind
