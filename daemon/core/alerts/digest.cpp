#include "digest.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace retaind {

namespace {

/// One reader's customers, looked through part by part.
class DigestParts {
public:
    DigestParts(const NotifyInput& input, const std::vector<std::size_t>& customers)
        : input_(input), snapshot_(input.snapshot), customers_(customers) {}

    Digest digest() const {
        Digest made{.watched = static_cast<int>(customers_.size())};
        for (const std::size_t at : customers_) {
            add_move(made.moved, input_.customers[at]);
            add_due(made.due, input_.customers[at]);
        }
        add_kept(made.kept);
        add_unknown(made.unknown);
        sort_and_cut(made);
        return made;
    }

private:
    std::string id(CustomerIndex customer) const {
        return std::string{snapshot_.text(snapshot_.customers[customer].id)};
    }
    std::string name(CustomerIndex customer) const {
        return std::string{snapshot_.text(snapshot_.customers[customer].name)};
    }

    void add_move(std::vector<DigestMove>& moved, const WatchedCustomer& one) const {
        if (is_missing(one.smoothed) || is_missing(one.smoothed_before)) return;
        const bool both_known = one.band != Band::unknown && one.band_before != Band::unknown;
        const bool is_far = std::abs(one.smoothed - one.smoothed_before) >= move_worth_telling;
        if (!is_far && !(both_known && one.band != one.band_before)) return;
        moved.push_back({.customer_id = id(one.customer),
                         .customer_name = name(one.customer),
                         .before = one.smoothed_before,
                         .after = one.smoothed,
                         .band_before = one.band_before,
                         .band_after = one.band,
                         .because = one.because});
    }

    void add_due(std::vector<DigestDue>& due, const WatchedCustomer& one) const {
        const auto add = [&](std::string what, std::optional<Day> on) {
            if (!on || *on <= snapshot_.as_of || *on - snapshot_.as_of > days_ahead) return;
            due.push_back({.customer_id = id(one.customer),
                           .customer_name = name(one.customer),
                           .what = std::move(what),
                           .due_on = *on,
                           .revenue = one.revenue});
        };
        add("notice", one.notice_on);
        add("renewal", one.renews_on);
        for (const DuePromise& promise : one.promises) add(promise.outcome, promise.due_on);
    }

    void add_kept(std::vector<DigestKept>& kept) const {
        if (input_.kept.empty()) return;
        std::set<CustomerIndex> own;
        for (const std::size_t at : customers_) own.insert(input_.customers[at].customer);
        for (const KeptPromise& one : input_.kept) {
            if (own.contains(one.customer)) kept.push_back({id(one.customer), name(one.customer), one.outcome});
        }
    }

    void add_unknown(std::vector<DigestUnknown>& unknown) const {
        if (customers_.empty()) return;
        for (const FeedVerdict& feed : input_.feeds) {
            if (feed.trouble != FeedTrouble::none && !feed.is_victim)
                unknown.push_back({feed.dataset, feed.because, static_cast<int>(customers_.size())});
        }
    }

    static void sort_and_cut(Digest& made) {
        const auto by = [](auto key) { return [key](const auto& a, const auto& b) { return key(a) < key(b); }; };
        std::sort(made.moved.begin(), made.moved.end(), by([](const DigestMove& m) {
                      return std::pair{-std::abs(m.after - m.before), m.customer_id};
                  }));
        std::sort(made.due.begin(), made.due.end(), by([](const DigestDue& d) {
                      return std::tuple{d.due_on, d.customer_id, d.what};
                  }));
        std::sort(made.kept.begin(), made.kept.end(), by([](const DigestKept& k) {
                      return std::pair{k.customer_id, k.outcome};
                  }));
        std::sort(made.unknown.begin(), made.unknown.end(), by([](const DigestUnknown& u) { return u.dataset; }));
        made.moved.resize(std::min(made.moved.size(), most_digest_lines));
        made.due.resize(std::min(made.due.size(), most_digest_lines));
        made.kept.resize(std::min(made.kept.size(), most_digest_lines));
        made.unknown.resize(std::min(made.unknown.size(), most_digest_lines));
    }

    const NotifyInput& input_;
    const Snapshot& snapshot_;
    const std::vector<std::size_t>& customers_;
};

}  // namespace

std::map<ReaderKey, Clientele> find_clienteles(const NotifyInput& input) {
    std::map<ReaderKey, Clientele> found;
    if (!is_believed(input.feeds, "customers")) return found;
    const bool people_believed = is_believed(input.feeds, "people");
    const CustomerRoutes routes{input.snapshot, input.rules.policy};
    std::map<std::pair<const ReceiverTraits*, Word>, std::vector<std::size_t>> groups;  // by account manager
    for (std::size_t at = 0; at < input.customers.size(); ++at) {
        const CustomerIndex customer = input.customers[at].customer;
        for (const ReceiverTraits* receiver : routes.receivers_of(customer)) {
            if (receiver->is_machine || (receiver->addresses_people && !people_believed)) continue;
            const Word manager =
                receiver->addresses_people ? input.snapshot.customers[customer].account_manager : no_word;
            groups[{receiver, manager}].push_back(at);
        }
    }
    for (auto& [group, customers] : groups) {
        Reader reader{.receiver = group.first};
        if (reader.receiver->addresses_people) {
            const auto person = resolve_role(input.snapshot, input.rules.policy.defaults,
                                             {.role = "account_manager",
                                              .customer = input.customers[customers.front()].customer,
                                              .on = input.snapshot.as_of});
            if (!person) continue;
            reader.person = *person;
        }
        Clientele& clientele = found.try_emplace(key_of(reader), Clientele{.reader = reader}).first->second;
        const auto stands_in = [](const Reader& one) { return one.person.standing_in_for; };
        if (stands_in(reader) < stands_in(clientele.reader)) clientele.reader = reader;  // best in their own name
        clientele.customers.insert(clientele.customers.end(), customers.begin(), customers.end());
    }
    for (auto& [key, clientele] : found) std::sort(clientele.customers.begin(), clientele.customers.end());
    return found;
}

Digest digest_of(const NotifyInput& input, const std::vector<std::size_t>& customers) {
    return DigestParts{input, customers}.digest();
}

bool is_empty(const Digest& digest) {
    return digest.act_today.empty() && digest.moved.empty() && digest.due.empty() && digest.kept.empty() &&
           digest.unknown.empty();
}

}  // namespace retaind
