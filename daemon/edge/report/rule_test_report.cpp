#include "rule_test_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "plain.hpp"
#include "report.hpp"
#include "retaind/base/text.hpp"

namespace retaind {
namespace {

constexpr std::size_t widest_cell = 100;

std::string padded(const std::string& text, int width) {
    return text + std::string(static_cast<std::size_t>(std::max(0, width - characters(text))), ' ');
}

std::string notes_text(const RuleTestOutcome::Difference& difference) {
    std::string out;
    for (const std::string& reason : difference.because) out += fmt::format("        because {}\n", shown(reason, 120));
    if (!difference.explanation) return out;
    const std::string terms = terms_text(*difference.explanation);
    for (std::size_t at = 0; at < terms.size();) {
        const std::size_t end = terms.find('\n', at);
        out += "      " + terms.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return out;
}

/// Expected and got side by side.
std::string differences_text(const std::vector<RuleTestOutcome::Difference>& differences) {
    int what = characters("what"), expected = characters("expected");
    for (const auto& difference : differences) {
        what = std::max(what, characters(shown(difference.what, widest_cell)));
        expected = std::max(expected, characters(shown(difference.expected, widest_cell)));
    }
    std::string out = fmt::format("    {}  {}  got\n", padded("what", what), padded("expected", expected));
    for (const auto& difference : differences) {
        out +=
            fmt::format("    {}  {}  {}\n", padded(shown(difference.what, widest_cell), what),
                        padded(shown(difference.expected, widest_cell), expected), shown(difference.got, widest_cell)) +
            notes_text(difference);
    }
    return out;
}

std::size_t failed(const std::vector<RuleTestOutcome>& outcomes) {
    return static_cast<std::size_t>(
        std::ranges::count_if(outcomes, [](const RuleTestOutcome& outcome) { return !outcome.failed.empty(); }));
}

}  // namespace

std::string rule_tests_text(const std::vector<RuleTestOutcome>& outcomes) {
    std::string out;
    for (const RuleTestOutcome& outcome : outcomes) {
        const std::string name = shown(outcome.name, widest_cell);
        if (outcome.failed.empty()) out += fmt::format("ok {}\n", name);
        for (const auto& step : outcome.failed) {
            out += fmt::format("FAILED {} step {} ({}:{}), as of {}\n", name, step.number, step.where.file,
                               step.where.line, format_day(step.as_of)) +
                   differences_text(step.differences);
        }
    }
    return out + fmt::format("{} tests: {} ok, {} failed\n", outcomes.size(), outcomes.size() - failed(outcomes),
                             failed(outcomes));
}

std::string rule_tests_json(const std::vector<RuleTestOutcome>& outcomes) {
    using Json = nlohmann::ordered_json;
    Json tests = Json::array();
    for (const RuleTestOutcome& outcome : outcomes) {
        Json steps = Json::array();
        for (const auto& step : outcome.failed) {
            Json differences = Json::array();
            for (const auto& difference : step.differences) {
                differences.push_back({{"what", difference.what},
                                       {"expected", difference.expected},
                                       {"got", difference.got},
                                       {"reasons", difference.because}});
            }
            steps.push_back({{"step", step.number},
                             {"as_of", format_day(step.as_of)},
                             {"line", step.where.line},
                             {"differences", differences}});
        }
        tests.push_back({{"name", outcome.name},
                         {"file", outcome.where.file},
                         {"line", outcome.where.line},
                         {"ok", outcome.failed.empty()},
                         {"failed_steps", steps}});
    }
    const Json all = {{"tests", tests}, {"ok", outcomes.size() - failed(outcomes)}, {"failed", failed(outcomes)}};
    return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace retaind
