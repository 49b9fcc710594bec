#include <cstdio>

#include "edge/config/config.hpp"
#include "edge/report/report.hpp"
#include "log.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

void say_problems(const Options& options, const std::vector<Error>& errors) {
    if (options.json)
        std::fputs(errors_json(errors).c_str(), stdout);
    else
        std::fputs(format_problems(errors).c_str(), stderr);
}

}  // namespace

int fail(const Error& error) {
    log(error);
    return exit_code(error.kind);
}

std::unique_ptr<Company> open_company(const Options& options) {
    LoadResult loaded = load_config(options.config_file);
    if (!loaded.problems.empty()) {
        say_problems(options, loaded.problems);
        return nullptr;
    }
    set_log_level(loaded.loaded->settings.log.level);
    Result<std::unique_ptr<Company>> company = Company::open(std::move(*loaded.loaded));
    if (!company) {
        say_problems(options, {company.error()});
        return nullptr;
    }
    return std::move(*company);
}

int run_check(const Options& options) {
    LoadResult loaded = load_config(options.config_file);
    if (!loaded.problems.empty()) {
        say_problems(options, loaded.problems);
        return exit_code(ErrorKind::config);
    }
    std::vector<Error> findings = loaded.loaded->warnings;
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
