// What came out of rule tests: a line for each, and what differs where one failed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "retaind/base/error.hpp"
#include "retaind/cycle/cycle.hpp"

namespace retaind {

struct RuleTestOutcome {
    /// One expectation that was not met.
    struct Difference {
        std::string what = {}, expected = {}, got = {};
        std::vector<std::string> because = {};        ///< an alert's reasons
        std::optional<Explanation> explanation = {};  ///< of a health
    };
    struct FailedStep {
        int number = 1;  ///< from 1, the test's own table
        Day as_of = {};
        Position where = {};
        std::vector<Difference> differences = {};
    };

    std::string name;
    Position where = {};
    std::vector<FailedStep> failed = {};  ///< empty: all as expected
};

std::string rule_tests_text(const std::vector<RuleTestOutcome>& outcomes);
std::string rule_tests_json(const std::vector<RuleTestOutcome>& outcomes);

}  // namespace retaind
