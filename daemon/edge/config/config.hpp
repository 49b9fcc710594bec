// retaind.toml and rule packs from text to checked values: everything wrong at once, or everything right.
//
// What is read: RULES.md and CONFIG.md. No secret ever enters a message, a source line that is shown, or effective().
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "retaind/base/error.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// Text of files, by name.
using SourceTexts = std::map<std::string, std::string, std::less<>>;

struct Loaded {
    Settings settings;
    RuleSet rules;           ///< with `policy` and `hash`
    std::string rules_text;  ///< all packs as one, without comments: load_rules reads it back to the same hash
    std::vector<Error> warnings = {};  ///< what is allowed, and probably not meant
};

struct LoadOptions {
    /// Where packs are found that are named without a path ("saas"): extends = "saas", rules = ["saas"].
    std::string rules_directory = "/usr/share/retaind/rules";
    /// false: secret files and variables are not looked at (a check on another machine), only their keys.
    bool read_secrets = true;
    /// Texts that stand in for files, by path: what an editor holds, a test, a fuzzer.
    SourceTexts texts = {};
};

struct LoadResult {
    std::optional<Loaded> loaded = {};             ///< empty exactly when there are problems
    std::vector<Error> problems = {};              ///< all of them, by file, line and column
    std::vector<Error> warnings = {};              ///< also when loading failed
    SourceTexts sources = {};                      ///< every file that was read
    std::set<std::string, std::less<>> keys = {};  ///< "signal.*.weight": every key that was asked for
};

/// Reads and checks retaind.toml and the packs it names. Paths in it are relative to its folder.
LoadResult load_config(const std::string& path, const LoadOptions& options = {});

struct PackOptions {
    std::string rules_directory = "/usr/share/retaind/rules";
    Policy policy = {};
    /// The datasets that are mapped; nothing: any may be, with any column (a rule test, a pack on its own).
    std::optional<std::vector<DatasetSettings>> datasets = {};
    /// Receivers that `notify` may name; nothing: any.
    std::optional<std::vector<std::string>> receivers = {};
    SourceTexts texts = {};  ///< texts that stand in for files, by path
};

struct PackResult {
    std::optional<RuleSet> rules = {};  ///< empty exactly when there are problems
    std::string rules_text = {};
    std::vector<Error> problems = {}, warnings = {};
    SourceTexts sources = {};
    std::set<std::string, std::less<>> keys = {};
};

/// Packs alone. `files` are paths, or names of shipped packs.
PackResult load_rules(const std::vector<std::string>& files, const PackOptions& options = {});

/// For people: "file:line:column: message", the line, a caret, and the hint. Files that are not in `sources` are read
/// again. What may be a secret is starred out.
std::string format_problems(const std::vector<Error>& problems, const SourceTexts& sources = {});

/// Everything that is in force, defaults included, as TOML; secrets read "(set)".
std::string effective(const Settings& settings, const RuleSet& rules);

}  // namespace retaind
