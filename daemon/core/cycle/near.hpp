// Who is near a customer, by the relations of the company.
#pragma once

#include <vector>

#include "evaluation.hpp"

namespace retaind {

/// A relation as the customer sees it; said by both, it stands once.
struct Neighbour {
    CustomerIndex customer = no_customer;
    Word kind = no_word;
    bool operator==(const Neighbour&) const = default;
};

/// By CustomerIndex, sorted by the neighbour's index, then kind; empty without relations.
std::vector<std::vector<Neighbour>> neighbours(const Snapshot& snapshot);

/// Live, and where attendance is mapped, there within the last 28 days.
bool still_comes(const Evaluation& evaluation, CustomerIndex customer);

/// Fills ScoredCustomer::near: the first three names, and how many more there are.
void find_near(Evaluation& evaluation);

}  // namespace retaind
