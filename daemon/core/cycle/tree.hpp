// From signals to subscriptions, customers and their parents: who is a part of whom (docs/decisions/006).
#pragma once

#include "evaluation.hpp"

namespace retaind {

/// Finds the customers of whom subscriptions are scored apart. Needs Evaluation::customers.
void find_lines(Evaluation& evaluation);

/// Finds whose children live customers are, and the order in which every child comes before its parent.
void link_children(Evaluation& evaluation);

/// Health of a customer, its own part and its children's, before caps. Needs its children's.
Health joined_health(const Evaluation& evaluation, std::size_t at);

/// Shares of amounts that add up to 1; equal ones when their sum is 0 or an amount is missing.
std::vector<double> shares_of(std::span<const double> amounts);

}  // namespace retaind
