// Named places where a test may kill the process: between any two steps that matter (QUALITY.md K1).
//
// Compiled in only with RETAIND_FAILPOINTS; otherwise nothing is left of them. RETAIND_FAILPOINT="NAME:N" ends the
// process with SIGKILL when the N-th pass through NAME is reached; RETAIND_FAILPOINT_LOG=FILE appends every name
// passed; with RETAIND_HANG=NAME who passes there hangs for ever.
#pragma once

namespace retaind {

#ifdef RETAIND_FAILPOINTS
void failpoint(const char* name);
/// Whether a seeded defect is switched on (RETAIND_DEFECT=NAME), to show that a test can fail.
bool seeded_defect(const char* name);
#else
inline void failpoint(const char*) {}
constexpr bool seeded_defect(const char*) { return false; }
#endif

}  // namespace retaind
