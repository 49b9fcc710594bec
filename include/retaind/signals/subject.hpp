// Whom a measure speaks about: a customer, or one of its subscriptions (docs/decisions/006).
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"

namespace retaind {

/// A live subscription of a customer that has several, with those that it continues.
struct SubscriptionLine {
    const Subscription* subscription = nullptr;
    std::vector<Word> ids = {};  ///< its own, and those it continues; sorted
    Day since;                   ///< when the first of them began
};

/// The lines of a customer's live subscriptions, by id. Rows of an ended subscription belong to the line that continues
/// it: the one that began at most `gap_days` from its end; of several one of the same plan, then of the smaller id.
/// The snapshot must outlive them.
std::vector<SubscriptionLine> subscription_lines(const Snapshot& snapshot, CustomerIndex customer, int gap_days);

/// Whether any row of the dataset ("promises" too) that is known by as-of names one of these lines.
bool names_a_line(const Snapshot& snapshot, std::string_view dataset, CustomerIndex customer,
                  std::span<const SubscriptionLine> lines);

/// A customer as a whole, with all its rows; or one line of its subscriptions, with the rows that name it or none.
struct Subject {
    CustomerIndex customer = no_customer;
    const SubscriptionLine* line = nullptr;

    Subject(CustomerIndex whole) : customer(whole) {}  // a customer is a subject
    Subject(CustomerIndex of, const SubscriptionLine& only) : customer(of), line(&only) {}

    /// Whether a row speaks of it that names this subscription (no_word: none).
    bool is_spoken_of(Word subscription) const {
        return line == nullptr || subscription == no_word || std::ranges::binary_search(line->ids, subscription);
    }
};

/// Everybody who ever was a customer, whole, by CustomerIndex.
std::vector<Subject> whole_customers(const Snapshot& snapshot);

/// Since when it is there: a line since its first subscription, a customer as customer_since() says.
std::optional<Day> since(const Snapshot& snapshot, const Subject& subject);
/// Whether it is there on a day. Who has ended since then counts as it was.
bool is_live(const Snapshot& snapshot, const Subject& subject, Day day);

/// What a line has of its own to divide by: seats, mrr or revenue (major units); nothing for other facts.
std::optional<double> own_number(const SubscriptionLine& line, std::string_view fact);

}  // namespace retaind
