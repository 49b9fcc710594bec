// Customers with their further columns, the people who look after them, and who is near whom.
#include <algorithm>

#include "core/model/join.hpp"

namespace retaind::join {
namespace {

void join_attributes(Table& table, const std::vector<Row>& kept, Snapshot& snapshot) {
    const auto& spec = dataset_spec(DatasetKind::customers);
    for (const auto& column : table.data().columns) {
        if (find_column(spec, column.name)) continue;
        Attribute attribute{.name = column.name, .is_number = !column.numbers.empty()};
        if (attribute.is_number)
            for (const Row row : kept) attribute.numbers.push_back(column.numbers[row]);
        else
            for (const auto text = table.texts(column.name); const Row row : kept) attribute.words.push_back(text(row));
        snapshot.attributes.push_back(std::move(attribute));
    }
    std::sort(snapshot.attributes.begin(), snapshot.attributes.end(),
              [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
}

std::vector<Row> only(const std::vector<Row>& sorted, const std::vector<bool>& alive) {
    std::vector<Row> kept;
    std::copy_if(sorted.begin(), sorted.end(), std::back_inserter(kept), [&](Row row) { return alive[row]; });
    return kept;
}

/// Marks who stands in a circle of parents, starting from one customer. Each link is followed once over all calls.
void mark_circle(const std::vector<CustomerIndex>& parents, CustomerIndex from, std::vector<CustomerIndex>& seen_from,
                 std::vector<bool>& in_circle) {
    CustomerIndex at = from;
    while (at != no_customer && seen_from[at] == no_customer) {
        seen_from[at] = from;
        at = parents[at];
    }
    if (at == no_customer || seen_from[at] != from) return;
    for (; !in_circle[at]; at = parents[at]) in_circle[at] = true;
}

}  // namespace

BrokenParents link_parents(Snapshot& snapshot) {
    BrokenParents broken;
    const std::size_t count = snapshot.customers.size();
    std::vector<CustomerIndex> parents(count, no_customer), seen_from(count, no_customer);
    for (CustomerIndex i = 0; i < count; ++i) {
        const Word parent = snapshot.customers[i].parent;
        if (parent == no_word) continue;
        parents[i] = snapshot.find_customer(snapshot.text(parent));
        broken.unknown += parents[i] == no_customer;
    }
    std::vector<bool> in_circle(count, false);
    for (CustomerIndex i = 0; i < count; ++i) mark_circle(parents, i, seen_from, in_circle);
    for (CustomerIndex i = 0; i < count; ++i) {
        broken.in_circle += in_circle[i];
        snapshot.customers[i].parent_customer = in_circle[i] ? no_customer : parents[i];
    }
    return broken;
}

void join_customers(Table& table, Snapshot& snapshot, const Currency& currency) {
    const RowOrder order{table.data(), {"customer_id"}};
    const auto sorted = order.sorted(table.rows());
    std::vector<bool> alive(table.rows(), true);
    table.drop_duplicates(order, sorted, alive);
    const auto kept = only(sorted, alive);

    const Exchange exchange{currency, table.data()};
    const auto id = table.texts("customer_id"), name = table.texts("name"), segment = table.texts("segment"),
               motion = table.texts("motion"), manager = table.texts("account_manager"), seller = table.texts("seller"),
               parent = table.texts("parent_id"), timezone = table.texts("timezone"), note = table.texts("pulse_note");
    const auto since = table.days("since"), pulse_at = table.days("pulse_at");
    const auto acquisition = table.numbers("acquisition_cost"), service = table.numbers("cost_to_serve"),
               pulse = table.numbers("pulse"), unprofiled = table.numbers("do_not_profile");
    snapshot.customers.reserve(kept.size());
    for (const Row row : kept) {
        if ((is_known(acquisition(row)) || is_known(service(row))) && !exchange.has_rate(row))
            table.contradict("no_rate");
        snapshot.customers.push_back({.id = id(row),
                                      .name = name(row),
                                      .segment = segment(row),
                                      .motion = motion(row),
                                      .account_manager = manager(row),
                                      .seller = seller(row),
                                      .parent = parent(row),
                                      .timezone = timezone(row),
                                      .pulse_note = note(row),
                                      .since = since(row),
                                      .pulse_at = pulse_at(row),
                                      .acquisition_cost = exchange.to_base(acquisition(row), row),
                                      .cost_to_serve = exchange.to_base(service(row), row),
                                      .pulse = pulse(row),
                                      .do_not_profile = unprofiled.or_else(row, 0) != 0});
    }
    join_attributes(table, kept, snapshot);
    const BrokenParents broken = link_parents(snapshot);
    table.contradict("unknown_parent", broken.unknown);
    table.contradict("parent_circle", broken.in_circle);
    table.count_kept(kept.size());
}

void join_people(Table& table, Snapshot& snapshot) {
    const RowOrder order{table.data(), {"person_id"}};
    const auto sorted = order.sorted(table.rows());
    std::vector<bool> alive(table.rows(), true);
    table.drop_duplicates(order, sorted, alive);

    const auto id = table.texts("person_id"), name = table.texts("name"), email = table.texts("email"),
               lead = table.texts("lead_id"), timezone = table.texts("timezone"), language = table.texts("language"),
               deputy = table.texts("deputy_id");
    const auto away_until = table.days("away_until");
    for (const Row row : only(sorted, alive))
        snapshot.people.push_back({.id = id(row),
                                   .name = name(row),
                                   .email = email(row),
                                   .lead = lead(row),
                                   .timezone = timezone(row),
                                   .language = language(row),
                                   .deputy = deputy(row),
                                   .away_until = away_until(row)});
    table.count_kept(snapshot.people.size());
}

void join_relations(Table& table, Snapshot& snapshot) {
    const RowOrder order{table.data(), {"customer_id", "related_id", "kind"}};
    std::vector<bool> alive(table.rows(), true);
    const auto customers = table.customers("customer_id", alive);
    const auto related = table.customers("related_id", alive);
    const auto sorted = order.sorted(table.rows());
    table.drop_duplicates(order, sorted, alive);

    const auto kind = table.texts("kind");
    for (const Row row : only(sorted, alive))
        snapshot.relations.push_back({.customer = customers[row], .related = related[row], .kind = kind(row)});
    table.count_kept(snapshot.relations.size());
}

}  // namespace retaind::join
