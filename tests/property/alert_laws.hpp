// The laws of ALERTS.md, held against a life as it was seen from outside: who was told what, when, and what was so
// then.
//
// Written from the specification alone. Nothing is remembered between cycles: what somebody knows, when a digest was
// served, how many steps were taken is found by reading the log backwards. Where the specification leaves a choice (may
// a repeat wait for the digest?) both are lawful.
#pragma once

#include <string>
#include <vector>

#include "alert_lives.hpp"

namespace retaind::test {

/// One sentence for each law that is broken somewhere, with where; empty when all hold.
std::vector<std::string> broken_laws(const Life& life);

}  // namespace retaind::test
