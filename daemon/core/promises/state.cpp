#include <algorithm>
#include <array>
#include <utility>

#include "retaind/promises/promise.hpp"

namespace retaind {

namespace {

using enum PromiseState;

constexpr std::array<std::pair<PromiseState, std::string_view>, 7> names = {{
    {open, "open"},
    {on_track, "on_track"},
    {slipping, "slipping"},
    {off_track, "off_track"},
    {kept, "kept"},
    {missed, "missed"},
    {unmeasurable, "unmeasurable"},
}};

/// How bad a state is. `open` says nothing yet, so it is not compared.
int badness(PromiseState state) {
    switch (state) {
        case kept: return 0;
        case open:
        case on_track: return 1;
        case slipping: return 2;
        case off_track: return 3;
        case unmeasurable: return 4;
        case missed: return 5;
    }
    return 0;
}

bool applies_at_once(PromiseState verdict) { return verdict == kept || verdict == missed || verdict == open; }

}  // namespace

std::string_view promise_state_name(PromiseState state) {
    return std::ranges::find(names, state, &std::pair<PromiseState, std::string_view>::first)->second;
}

std::optional<PromiseState> parse_promise_state(std::string_view name) {
    const auto found = std::ranges::find(names, name, &std::pair<PromiseState, std::string_view>::second);
    return found == names.end() ? std::nullopt : std::optional{found->first};
}

bool has_begun(const Promise& promise, Day as_of) {
    const bool known = !promise.known || *promise.known <= as_of;
    const bool holds = !promise.replaced || as_of < *promise.replaced;
    return promise.starts_on <= as_of && known && holds;
}

PromiseState next_promise_state(const PromiseDay* before, PromiseState verdict) {
    if (before == nullptr || before->state == open || applies_at_once(verdict)) return verdict;
    if (badness(verdict) <= badness(before->state)) return verdict;
    if (badness(before->verdict) <= badness(before->state)) return before->state;
    return std::min(before->verdict, verdict, [](auto a, auto b) { return badness(a) < badness(b); });
}

}  // namespace retaind
