// A small company as plain rows, and the snapshot of it: for tests of the core that need data but no database.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "retaind/model/snapshot.hpp"

namespace retaind::company {

struct CustomerRow {
    std::string id;
    std::string segment = {};                       ///< "" is unknown, as everywhere below
    std::map<std::string, std::string> texts = {};  ///< further columns
    std::map<std::string, double> numbers = {};
    std::optional<Day> since = {};
    std::string parent = {};
};

struct SubscriptionRow {
    std::string customer;
    std::string id;
    Day started_on;
    std::optional<Day> ended_on = {};
    double mrr = 100'00;  ///< minor units
    double seats = missing;
    std::string plan = {};
};

/// A row of a dated feed. `value` of attendance: 1 attended, 0 missed, missing excused.
struct FeedRow {
    std::string customer;
    Day day;
    double value = 1;
    std::map<std::string, std::string> texts = {};
    std::optional<Day> known = {};  ///< absent: its own day
};

struct FeedRows {
    bool loaded = true;
    std::vector<FeedRow> rows = {};
};

struct Company {
    Day as_of;
    Day read_from = Day{};
    std::vector<CustomerRow> customers = {};
    std::vector<SubscriptionRow> subscriptions = {};
    std::map<std::string, FeedRows> feeds = {};  ///< a feed that is not here is not mapped
};

/// The company as a snapshot. Words are numbered in the order of the rows; nothing else depends on it.
Snapshot snapshot_of(const Company& company);

/// "2024-03-01"
Day day(const char* text);

}  // namespace retaind::company
