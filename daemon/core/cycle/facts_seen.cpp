#include "facts_seen.hpp"

#include <string>

#include "evaluation.hpp"

namespace retaind {
namespace {

void see(FactsSeen& seen, FactsMemory memory, std::uint64_t hash, const std::string& text) {
    if (hash != memory.now)
        seen.changed.push_back({.customer_id = memory.customer_id, .text = hash == memory.before ? "" : text});
    memory.now = hash;
    if (hash != 0) seen.memory.push_back(std::move(memory));
}

}  // namespace

FactsSeen facts_seen(const Snapshot& snapshot, const RuleSet& rules, const State& state) {
    const bool again = state.as_of && *state.as_of >= snapshot.as_of;
    std::vector<FactsMemory> known = state.facts;
    for (FactsMemory& memory : known) memory.before = again ? memory.before : memory.now;
    if (!customers_known(snapshot)) return {.memory = std::move(known)};

    FactsSeen seen;
    seen.memory.reserve(snapshot.customers.size());
    const std::vector<std::string> attributes = attributes_read(rules);
    const FactsWriter writer(snapshot, attributes);
    std::string text;
    auto next = known.begin();
    const auto pass = [&] {
        see(seen, *next, next->before, "");
        ++next;
    };
    for (CustomerIndex customer = 0; customer < snapshot.customers.size(); ++customer) {
        const std::string_view id = snapshot.text(snapshot.customers[customer].id);
        while (next != known.end() && next->customer_id < id) pass();
        const bool is_there = next != known.end() && next->customer_id == id;
        writer.write(customer, text);
        see(seen, is_there ? *next++ : FactsMemory{.customer_id = std::string(id)}, facts_hash(text), text);
    }
    while (next != known.end()) pass();
    return seen;
}

}  // namespace retaind
