#include <cstdio>

#include "edge/config/config.hpp"
#include "edge/report/report.hpp"
#include "log.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

/// What is allowed, and probably not meant. A state that nobody named is another one for a service than for a shell.
std::vector<Error> warnings_of(const Loaded& loaded, const Options& options) {
    std::vector<Error> warnings = loaded.warnings;
    if (!loaded.settings.state.connection.empty() || !options.state_directory.empty()) return warnings;
    const std::string file = state_directory(options.state_directory, loaded.settings) + "/state.db";
    warnings.push_back({.message = "[state] connection is not set: here the state is " + file +
                                   "; a service and a shell may each have their own",
                        .hint = "name the file: connection = \"db=/var/lib/retaind/state.db\"",
                        .where = {.file = options.config_file}});
    return warnings;
}

}  // namespace

void say_problems(const Options& options, const std::vector<Error>& errors) {
    if (options.verb == Verb::run) {
        for (const Error& error : errors) log(error);
    } else if (options.json) {
        std::fputs(errors_json(errors).c_str(), stdout);
    } else {
        std::fputs(format_problems(errors).c_str(), stderr);
    }
}

int fail(const Error& error) {
    log(error);
    return exit_code(error.kind);
}

std::unique_ptr<Company> open_company(const Options& options) {
    // `alerts` speaks with the state alone: whoever uses it need not be able to read the service's secrets.
    const bool needs_secrets = options.verb != Verb::alerts;
    LoadResult loaded =
        load_config(options.config_file, {.rules_directory = options.rules_directory, .read_secrets = needs_secrets});
    if (!loaded.problems.empty()) {
        say_problems(options, loaded.problems);
        return nullptr;
    }
    set_log(loaded.loaded->settings.log);
    if (options.verb == Verb::run) {
        for (const Error& warning : warnings_of(*loaded.loaded, options)) log(LogLevel::warning, to_string(warning));
    }
    Result<std::unique_ptr<Company>> company = Company::open(std::move(*loaded.loaded));
    if (!company) {
        say_problems(options, {company.error()});
        return nullptr;
    }
    return std::move(*company);
}

int run_check(const Options& options) {
    LoadResult loaded = load_config(
        options.config_file, {.rules_directory = options.rules_directory, .read_secrets = !options.without_secrets});
    if (!loaded.problems.empty()) {
        say_problems(options, loaded.problems);
        return exit_code(ErrorKind::config);
    }
    std::vector<Error> findings = warnings_of(*loaded.loaded, options);
    Result<std::unique_ptr<Company>> company = Company::open(std::move(*loaded.loaded));
    if (!company) {
        say_problems(options, {company.error()});
        return exit_code(ErrorKind::config);
    }
    int code = 0;
    if (options.connect) {
        const std::vector<Error> failed = (*company)->check_connections();
        if (!failed.empty()) code = exit_code(ErrorKind::source);
        findings.insert(findings.end(), failed.begin(), failed.end());
    }
    if (options.json || !findings.empty()) say_problems(options, findings);
    if (!options.json && code == 0) {
        const RuleSet& rules = (*company)->rules();
        std::printf("%s: %zu signals, %zu rules, %zu datasets; rules %s; %zu warnings\n", options.config_file.c_str(),
                    rules.signals.size(), rules.rules.size(), (*company)->settings().datasets.size(),
                    rules.hash.c_str(), findings.size());
    }
    return code;
}

int run_config(const Options& options) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    std::fputs(effective(company->settings(), company->rules()).c_str(), stdout);
    return 0;
}

}  // namespace retaind
