#include "near.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace retaind {

std::vector<std::vector<Neighbour>> neighbours(const Snapshot& snapshot) {
    std::vector<std::vector<Neighbour>> found;
    if (snapshot.relations.empty()) return found;
    found.resize(snapshot.customers.size());
    for (const Relation& relation : snapshot.relations) {
        found[relation.customer].push_back({.customer = relation.related, .kind = relation.kind});
        found[relation.related].push_back({.customer = relation.customer, .kind = relation.kind});
    }
    const auto place = [&](const Neighbour& each) { return std::tuple(each.customer, snapshot.text(each.kind)); };
    for (std::vector<Neighbour>& of_one : found) {
        std::ranges::sort(of_one, {}, place);
        const auto repeated = std::ranges::unique(of_one);
        of_one.erase(repeated.begin(), repeated.end());
    }
    return found;
}

bool still_comes(const Evaluation& evaluation, CustomerIndex customer) {
    constexpr std::chrono::days lately{28};
    if (!evaluation.find(customer)) return false;
    const Snapshot& snapshot = evaluation.snapshot;
    const Series* attendance = snapshot.find_series("attendance");
    if (!attendance) return true;
    for (auto row = attendance->first[customer + 1]; row-- > attendance->first[customer];) {
        const Day day{std::chrono::days{attendance->day[row]}};
        if (day <= snapshot.as_of - lately) return false;
        const bool known =
            attendance->known.empty() || Day{std::chrono::days{attendance->known[row]}} <= snapshot.as_of;
        if (day <= snapshot.as_of && known && attendance->value[row] > 0) return true;
    }
    return false;
}

void find_near(Evaluation& evaluation) {
    constexpr std::size_t most_names = 3;
    const Snapshot& snapshot = evaluation.snapshot;
    const auto all = neighbours(snapshot);
    if (all.empty()) return;
    for (ScoredCustomer& customer : evaluation.customers) {
        std::vector<std::string_view> names;
        for (const Neighbour& each : all[customer.customer]) {
            const std::string_view name = snapshot.text(snapshot.customers[each.customer].name);
            const bool is_new = std::ranges::find(names, name) == names.end();
            if (is_new && each.customer != customer.customer && still_comes(evaluation, each.customer))
                names.push_back(name);
        }
        const std::size_t more = names.size() > most_names ? names.size() - most_names : 0;
        names.resize(names.size() - more);
        customer.near = fmt::format("{}", fmt::join(names, ", "));
        if (more > 0) customer.near += fmt::format(" and {} more", more);
    }
}

}  // namespace retaind
