// The program: one verb, its exit code.
#pragma once

namespace retaind {

/// Runs what the command line asks for; the exit codes are those of DESIGN.md 6.
int run_app(int argc, char** argv);

}  // namespace retaind
