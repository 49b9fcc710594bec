// The program: one verb, its exit code.
#pragma once

namespace retaind {

/// Of an exception that nobody expected: it is told as a bug, instead of an abort.
inline constexpr int exit_code_of_a_bug = 70;

/// Runs what the command line asks for; the other exit codes are those of DESIGN.md 6.
int run_app(int argc, char** argv);

}  // namespace retaind
