// Rule tests (RULES.md "Rule tests") from TOML to values: small companies written down, day by day, and what the rules
// must make of them. What is wrong in a file is told as of any configuration: all at once, each at its place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge/config/config.hpp"
#include "retaind/alerts/alert.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

/// One of the open alerts of a step. What is left out is not compared.
struct ExpectedAlert {
    std::string rule, entity;
    AlertPhase phase = AlertPhase::firing;
    std::optional<Severity> severity = {};
    std::vector<std::string> reasons = {};  ///< each must occur in one of the alert's reasons
    std::string message = {}, advice = {};  ///< must occur in the alert's; "": not compared
    Position where = {};
};

/// A number of a customer, to be met within a tolerance; `value` missing: there must be none.
struct ExpectedNumber {
    enum class Kind { health, coverage, risk, signal, score };
    Kind kind = Kind::health;
    std::string customer_id;
    int signal = -1;  ///< index into RuleSet::signals, of signal and score
    double value = missing, within = 0;
    Position where = {};
};

/// The band of a customer, or the state of a promise.
struct ExpectedWord {
    enum class Kind { band, promise };
    Kind kind = Kind::band;
    std::string id, word;
    Position where = {};
};

struct Expectations {
    std::optional<std::vector<ExpectedAlert>> alerts = {};  ///< all that are open; nothing: not compared
    std::vector<ExpectedNumber> numbers = {};
    std::vector<ExpectedWord> words = {};
    std::map<std::string, std::uint64_t, std::less<>> rejected = {};  ///< rows by dataset; 0 for the others
};

/// What is in the databases at the end of a day, and what must follow.
struct RuleTestStep {
    Day as_of = {};
    std::vector<Dataset> datasets = {};
    std::vector<FailedDataset> failed = {};
    Expectations expect = {};
    Position where = {};
};

struct RuleTest {
    std::string name;
    RuleSet rules = {};
    std::vector<RuleTestStep> steps = {};  ///< ascending by as_of; the first is the test's own table
    Position where = {};
};

struct RuleTestsOptions {
    std::string rules_directory = LoadOptions{}.rules_directory;  ///< where packs are that are named without a path
    SourceTexts texts = {};                                       ///< texts that stand in for files, by path
};

struct RuleTestsResult {
    std::vector<RuleTest> tests = {};  ///< empty exactly when there are problems
    std::vector<Error> problems = {};
    SourceTexts sources = {};
    std::set<std::string, std::less<>> keys = {};  ///< "test.expect.band": every key that was asked for
};

/// Reads a file of tests and the packs that they name. Paths in it are relative to its folder, and lead into the
/// project or the rules directory, nowhere else.
RuleTestsResult load_rule_tests(const std::string& file, const RuleTestsOptions& options = {});

}  // namespace retaind
