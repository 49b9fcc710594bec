#include "retaind/scores/change.hpp"

#include <algorithm>

namespace retaind {

namespace {

bool is_same(const Term& a, const Term& b) {
    return a.signal == b.signal && a.subscription == b.subscription && a.child == b.child;
}

const Term* find(const Health& health, const Term& wanted) {
    const auto found = std::ranges::find_if(health.terms, [&](const Term& term) { return is_same(term, wanted); });
    return found == health.terms.end() ? nullptr : &*found;
}

bool is_measured(const Term& term) { return !term.imputed && is_known(term.score) && term.freshness > 0; }

/// How much of a term's movement is the data's.
double of_data(const Term& before, const Term& after, double prior_after) {
    const double moved = after.contribution - before.contribution;
    if (is_measured(before) != is_measured(after)) return moved;
    if (!is_measured(after)) return 0;
    return after.weight * (after.freshness - before.freshness) * (after.score - prior_after);
}

void add(HealthChange& change, const Term& term, double points) {
    if (points == 0) return;
    change.terms.push_back(
        {.signal = term.signal, .subscription = term.subscription, .child = term.child, .points = points});
}

}  // namespace

HealthChange change_between(const Health& before, const Health& after) {
    HealthChange change{.before = before.health,
                        .after = after.health,
                        .prior = after.prior - before.prior,
                        .weakest_part = after.weakest_part - before.weakest_part,
                        .caps = after.caps - before.caps};
    for (const Term& term : after.terms) {
        const Term* earlier = find(before, term);
        const double data = earlier ? of_data(*earlier, term, after.prior) : 0;
        change.data += data;
        add(change, term, term.contribution - (earlier ? earlier->contribution : 0) - data);
    }
    for (const Term& term : before.terms) {
        if (!find(after, term)) add(change, term, -term.contribution);
    }
    return change;
}

}  // namespace retaind
