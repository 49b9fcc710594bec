// What the company's database said of customers: a row where it changed, which holds until the next.
#pragma once

#include <span>
#include <vector>

#include <soci/soci.h>

#include "retaind/cycle/state.hpp"
#include "retaind/model/facts.hpp"

namespace retaind {

/// The newest facts of each customer on `last` or before, sorted by customer.
std::vector<CustomerFacts> read_facts(soci::session& sql, Day last);

/// Fills State::facts, as known on `last`; the state's day must be there.
void read_facts_memory(soci::session& sql, Day last, State& state);

/// Facts of one day, as in Commit.
void write_facts(soci::session& sql, std::span<const CustomerFacts> facts, Day day);

}  // namespace retaind
