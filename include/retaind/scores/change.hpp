// What moved a health: the difference of two explanations, line by line (SCORING 1.8).
#pragma once

#include <vector>

#include "retaind/scores/health.hpp"

namespace retaind {

/// What a term did to the health between two days, in points.
struct TermChange {
    int signal = 0;  ///< as in Term; a child has -1
    Word subscription = no_word;
    CustomerIndex child = no_customer;
    double points = 0;
};

/// The sum of all lines is `after - before`, to 1e-9. The customer's own doing are `terms`; the rest is ours, our
/// data's or the segment's, and is never mistaken for it.
struct HealthChange {
    double before = missing, after = missing;
    std::vector<TermChange> terms = {};  ///< in the order of the rules; only those that moved
    double prior = 0;                    ///< the segment's mean moved
    double weakest_part = 0, caps = 0;
    double profile = 0;  ///< other profiles match
    double rules = 0;    ///< other rules are in force
    double engine = 0;   ///< another version of retaind computes
    double data = 0;     ///< signals went missing, came back or aged; rows came late or were corrected
};

/// Between two healths under the same rules and profiles. What a term moved because it went missing, came back, was
/// imputed or aged is `data`; of two measured values w' f' (s' - H0') - w f (s - H0), the part w' (f' - f) (s' - H0')
/// is.
HealthChange change_between(const Health& before, const Health& after);

}  // namespace retaind
