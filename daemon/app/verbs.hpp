// The verbs. Each takes the options, says on stdout what it found and on stderr what went wrong, and returns the exit
// code.
#pragma once

#include <memory>

#include "company.hpp"
#include "options.hpp"

namespace retaind {

int run_daemon(const Options& options);
int run_once(const Options& options);
int run_check(const Options& options);
int run_config(const Options& options);
int run_explain(const Options& options);
int run_why_not(const Options& options);
int run_brief(const Options& options);
int run_test_rules(const Options& options);
int run_replay(const Options& options);
int run_healthcheck(const Options& options);
int run_demo(const Options& options);
int run_alerts(const Options& options);

/// Loads configuration and rules and opens the company; says every problem (as JSON where asked) and returns nothing
/// otherwise.
std::unique_ptr<Company> open_company(const Options& options);

/// Says what was found wrong in files, as JSON on stdout where asked, with the lines and carets on stderr otherwise.
/// The daemon writes each into its log, without lines of files.
void say_problems(const Options& options, const std::vector<Error>& errors);

/// Says an error on stderr and returns its exit code.
int fail(const Error& error);

}  // namespace retaind
