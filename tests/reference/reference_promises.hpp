// A slow, obvious second opinion on promises, written from SCORING 1.7 alone. It shares no code with the core: days are
// integers, texts are texts, every number is worked out again from the rows whenever it is wanted.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace reference {

struct Reading {
    int at = 0;
    double value = 0;
    bool reported = false;
    int known = 0;
};

struct Milestone {
    std::string id = {};
    int due = 0;
    std::optional<int> delivered = {};
    double weight = 1;
    std::optional<double> quality = {};
    std::optional<int> quality_known = {};
};

struct Promise {
    std::string id = {}, customer = {}, segment = {};
    enum Kind { reach, hold, milestones } kind = reach;
    int start = 0, due = 0;
    std::optional<double> target = {};
    double baseline = 0, quality = 0, importance = 1;
    std::string curve = {}, kept_by = {};
    std::vector<Reading> readings = {};
    std::vector<Milestone> steps = {};
};

struct Rules {
    int grace = 7, evidence_days = 30, memory_days = 90, quality_delay = 14;
    double on_track = 0.8, off_track = 0.3, gamma = 0.8, a0 = 1.4, b0 = 0.6;
    std::vector<std::pair<std::string, std::vector<std::pair<double, double>>>> curves = {};
};

struct Standing {
    std::optional<double> value = {}, progress = {}, expected = {}, pace = {}, days_behind = {}, probability = {},
                          required_rate_ratio = {};
    std::optional<int> kept_on = {};
    bool reported_kept = false, disputed = false;
    std::string state = {};
};

Standing standing(const std::vector<Promise>& all, const Promise& promise, const Rules& rules, int today);

/// One of kept_probability, milestone_attainment, milestone_quality, overdue, next_due_days.
std::optional<double> measure(const std::string& name, const std::vector<Promise>& all, const std::string& customer,
                              const Rules& rules, int grace, int today);

}  // namespace reference
