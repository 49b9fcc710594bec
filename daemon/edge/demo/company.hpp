// A company that does not exist, with customers whose stories we know.
//
// "Tribune" runs an arena (season tickets and boxes) and sells its ticketing software to clubs and theatres. The room
// writes two years of its life, ending on a given day, into an SQLite database with the company's OWN tables and
// column names: etc/demo/retaind.toml maps them by queries, as any user would. A dozen stories are planted among some
// three hundred ordinary customers, of whom some leave with a warning and some without. What was planted is returned,
// and written down in the tables planted_truth and planted_leavers, which no query of the configuration reads.
//
// The same options give the same rows on every platform: a generator of its own, no std:: distributions, no libm.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/base/time.hpp"

namespace retaind {

struct DemoOptions {
    std::string path;  ///< the database file; replaced whole when it exists
    std::uint64_t seed = 7;
    Day until = {};       ///< the last day with rows
    int customers = 300;  ///< how many there ever were, leavers included; at least 100
};

/// One planted fact, and what the rule pack "demo" should make of it.
struct Story {
    std::string name;                    ///< a word for the story: "stopped_coming"
    std::string customer_id_or_segment;  ///< whom it is about: a customer, a segment, or a dataset
    std::string customer_name;           ///< as people read it
    std::string rule;                    ///< the rule that should find it; "" when none may fire
    std::string told;                    ///< one short line: what happened
    bool should_alert = true;            ///< false: loyal, must be left alone
    Day from = {};                       ///< the first day on which the facts are there
    Day to = {};                         ///< the last such day (`until`, but for what has passed)
};

/// Writes the database and returns its stories, in a fixed order. Errors are of kind `usage` (options) or `source`
/// (the file cannot be written); then an older file at `path` is left as it was.
Result<std::vector<Story>> generate_demo_company(const DemoOptions& options);

}  // namespace retaind
