// Promises as plain rows, put into the snapshot of a small company: for tests of the core that need no database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "retaind/model/snapshot.hpp"

namespace retaind::company {

struct ReadingRow {
    Day at;
    double value = 0;
    bool reported = false;
    std::optional<Day> known = {};  ///< absent: its own day
};

struct MilestoneRow {
    std::string id;
    Day due_on;
    std::optional<Day> delivered_on = {};
    double weight = 1;
    double quality = missing;
    std::optional<Day> quality_known_on = {};
};

struct PromiseRow {
    std::string id;
    std::string customer = {};
    PromiseKind kind = PromiseKind::reach;
    Day starts_on = {}, due_on = {};
    std::optional<Day> known = {};  ///< absent: always
    double target = missing;
    double baseline = 0, quality = 0, importance = 1;
    std::string curve = {}, measured_by = {}, kept_by = {};  ///< "" is unknown
    std::vector<ReadingRow> readings = {};
    std::vector<MilestoneRow> milestones = {};
};

/// Adds promises of customers that the snapshot has, and the feeds `promises`, `readings` and `milestones`, mapped and
/// loaded. Call it once.
void add_promises(Snapshot& snapshot, std::vector<PromiseRow> rows);

}  // namespace retaind::company
