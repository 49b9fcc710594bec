// Health, band and risk of every customer, worked out again from raw rows, day by day, as RULES.md and SCORING 1.0
// to 1.4 and 1.8, and docs/decisions/006 say them; only subscriptions that continue another are not known here. Slow
// and obvious: each number is found by walking through all rows. It shares no code with the core.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/reference_promises.hpp"
#include "support/company.hpp"

namespace retaind::reference {

struct Scale {
    std::string kind = {};                               ///< as in RULES.md
    double bad = 0, good = 1;                            ///< ramp
    std::vector<std::pair<double, double>> points = {};  ///< points, steps
    double grace = 3, halflife = 7;                      ///< recency; halflife also of a cohort
    std::map<std::string, double> categories = {};
    std::vector<std::string> by = {};  ///< cohort
    double delta = 0.5;
    int min = 20;
};

struct Signal {
    std::string name = {}, group = {}, from = {}, measure = {};
    double weight = 1;
    std::string metric = {};                ///< `where = ["metric == '...'"]`
    std::string of_metric = {};             ///< likewise of share
    std::string field = {};                 ///< of value
    std::string per = {};                   ///< seats, or a number of customers
    std::optional<double> least_size = {};  ///< applies = ["size >= ..."]
    int window = 28, baseline = 84;         ///< days
    double c = 0.5;
    bool silence_is_zero = false;
    std::optional<double> when_missing = {};  ///< nothing: left to the prior
    int carry = 0, grace = 0;                 ///< days
    double max_age = 7, stale_halflife = 14;
    Scale scale = {};
};

/// Health is at most `at` where the signal's raw value lies below.
struct Cap {
    double at = 0;
    std::string signal;
    double below = 0;
};

struct Pack {
    double healthy = 70, watch = 40, hysteresis = 5, coverage_floor = 0.35, smoothing = 7, prior = 70, base_rate = 0.03;
    double weakest = 0.25;
    std::map<std::string, double> groups = {};
    std::vector<Signal> signals = {};
    std::vector<Cap> caps = {};
};

/// What is behind one signal of one customer. Nothing where it is missing.
struct SignalStanding {
    std::optional<double> raw = {}, score = {};
    std::string text = {};
    double freshness = 1, contribution = 0;
    bool applies = true;
    int rows = 0;
    std::optional<Day> first = {}, last = {};
};

struct CustomerStanding {
    double health = 0, before_caps = 0, coverage = 0, prior = 0, smoothed = 0, risk = 0;
    std::string band;
    std::vector<SignalStanding> signals = {};  ///< parallel to the pack's, of the customer as a whole
    int parts = 1;                             ///< subscriptions and children that were scored apart
    double weakest_part = 0;
};

/// What one day leaves for later ones.
struct Memory {
    struct Customer {
        Day day;
        double smoothed = 0;
        std::string band;
    };
    struct Prior {
        double mean = 0;
        int customers = 0;
    };
    std::map<std::string, Customer> customers = {};
    std::map<std::string, Prior> priors = {};  ///< by segment, of the last day
};

struct Promises {
    ::reference::Rules rules = {};
    std::vector<::reference::Promise> rows = {};  ///< days since 1970-01-01
};

/// Every live customer as of company.as_of, which lies after every day that `memory` remembers.
std::map<std::string, CustomerStanding> score_day(const company::Company& company, const Promises& promises,
                                                  const Pack& pack, Memory& memory);

}  // namespace retaind::reference
