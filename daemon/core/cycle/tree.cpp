#include "tree.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace retaind {
namespace {

/// What signals of any weight read, so that a watched one is told apart too.
std::set<std::string_view> datasets_of_signals(const RuleSet& rules) {
    std::set<std::string_view> datasets;
    for (const Signal& signal : rules.signals) datasets.insert(signal.from);
    return datasets;
}

/// The nearest live customer above, or nobody.
CustomerIndex live_parent(const Evaluation& evaluation, CustomerIndex customer) {
    CustomerIndex above = evaluation.snapshot.customers[customer].parent_customer;
    while (above != no_customer && !evaluation.find(above))
        above = evaluation.snapshot.customers[above].parent_customer;
    return above;
}

/// A customer's own parts: one for each line, or the customer as a whole. Shares are yearly revenues still.
std::vector<HealthPart> own_parts(const Evaluation& evaluation, std::size_t at, double prior) {
    constexpr double months = 12;
    const ScoredCustomer& customer = evaluation.customers[at];
    const RuleSet& rules = evaluation.rules_of(customer);
    if (customer.lines == 0)
        return {{.health = combine(rules, evaluation.signals_of(at), prior), .share = customer.facts.revenue}};
    std::vector<HealthPart> parts;
    for (std::size_t line = customer.first_line; line < customer.first_line + customer.lines; ++line) {
        const Subscription& subscription = *evaluation.lines[line].subscription;
        HealthPart part{.health = combine(rules, evaluation.line_signals_of(line), prior),
                        .share = months * subscription.mrr};
        for (Term& term : part.health.terms) {
            if (evaluation.is_own(line, static_cast<std::size_t>(term.signal))) term.subscription = subscription.id;
        }
        parts.push_back(std::move(part));
    }
    return parts;
}

}  // namespace

void find_lines(Evaluation& evaluation) {
    const Snapshot& snapshot = evaluation.snapshot;
    const auto datasets = datasets_of_signals(evaluation.rules);
    for (ScoredCustomer& customer : evaluation.customers) {
        if (customer.live_subscriptions < 2) continue;
        auto lines = subscription_lines(snapshot, customer.customer, evaluation.rules.policy.outcome.gap_days);
        const bool told_apart = std::ranges::any_of(datasets, [&](std::string_view dataset) {
            return names_a_line(snapshot, dataset, customer.customer, lines);
        });
        if (!told_apart) continue;
        customer.first_line = static_cast<std::uint32_t>(evaluation.lines.size());
        customer.lines = static_cast<std::uint32_t>(lines.size());
        std::ranges::move(lines, std::back_inserter(evaluation.lines));
    }
}

void link_children(Evaluation& evaluation) {
    const std::size_t count = evaluation.customers.size();
    constexpr std::uint32_t nobody = UINT32_MAX;
    std::vector<std::uint32_t> parents(count, nobody), waiting(count, 0);
    evaluation.children.assign(count, {});
    for (std::uint32_t at = 0; at < count; ++at) {
        const CustomerIndex above = live_parent(evaluation, evaluation.customers[at].customer);
        if (above == no_customer) continue;
        parents[at] = evaluation.position[above];
        evaluation.children[parents[at]].push_back(at);
        ++waiting[parents[at]];
    }
    for (ScoredCustomer& customer : evaluation.customers) customer.group_revenue = customer.facts.revenue;
    for (std::uint32_t leaf = 0; leaf < count; ++leaf) {
        if (!evaluation.children[leaf].empty()) continue;
        evaluation.order.push_back(leaf);
        for (std::uint32_t at = leaf; parents[at] != nobody; at = parents[at]) {
            evaluation.customers[parents[at]].group_revenue += evaluation.customers[at].group_revenue;
            if (--waiting[parents[at]] > 0) break;
            evaluation.order.push_back(parents[at]);
        }
    }
}

Health joined_health(const Evaluation& evaluation, std::size_t at) {
    const ScoredCustomer& customer = evaluation.customers[at];
    const double prior = evaluation.prior_of(customer.customer);
    std::vector<HealthPart> parts = own_parts(evaluation, at, prior);
    for (const std::uint32_t child : evaluation.children[at]) {
        const ScoredCustomer& other = evaluation.customers[child];
        parts.push_back({.health = {.health = other.health, .coverage = other.coverage},
                         .share = other.group_revenue,
                         .child = other.customer});
    }
    if (parts.size() == 1) return std::move(parts.front().health);
    std::vector<double> amounts;
    for (const HealthPart& part : parts) amounts.push_back(part.share);
    const std::vector<double> shares = shares_of(amounts);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].share = shares[i];
    return join_parts(parts, prior, evaluation.rules_of(customer).health.weakest);
}

std::vector<double> shares_of(std::span<const double> amounts) {
    const double sum = std::accumulate(amounts.begin(), amounts.end(), 0.0);
    const double equal = 1.0 / static_cast<double>(amounts.size());
    std::vector<double> shares;
    for (const double amount : amounts) shares.push_back(sum > 0 ? amount / sum : equal);
    return shares;
}

}  // namespace retaind
