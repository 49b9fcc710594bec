#include "retaind/alerts/message.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "audience.hpp"
#include "retaind/promises/promise.hpp"

namespace retaind {

namespace {

constexpr std::array<std::string_view, 6> roles = {"account_manager", "deputy", "keeper", "lead", "ops", "seller"};
constexpr std::array<std::string_view, 6> message_kinds = {"alerts", "adoption",  "ops",
                                                           "digest", "all_quiet", "heartbeat"};
constexpr std::array<std::string_view, 6> tellings = {"news", "repeat", "step", "handed_over", "flapping", "restated"};

bool is_same(double a, double b) { return a == b || (is_missing(a) && is_missing(b)); }

bool is_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
    return std::none_of(text.begin(), text.end(), [](unsigned char c) {
        return c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == ',' || c == ';' || c == '"';
    });
}

bool people_are_mapped(const Snapshot& snapshot) { return snapshot.feed("people") || !snapshot.people.empty(); }

/// By id, or by address where a role holds one although there is a people dataset.
Recipient as_recipient(const Snapshot& snapshot, const Person& person) {
    return {.person_id = std::string{snapshot.text(person.id)},
            .name = std::string{snapshot.text(person.name)},
            .email = std::string{snapshot.text(person.email)}};
}

/// One question, followed along deputies and leads; nobody is asked twice, so circles end.
class RoleSearch {
public:
    RoleSearch(const Snapshot& snapshot, const RoleDefaults& defaults, const RoleQuestion& question)
        : snapshot_(snapshot), defaults_(defaults), question_(question) {}

    RoleAnswer answer() {
        const std::string_view named = holder(question_.role);
        if (!question_.people_believed) return answer_without_people(named);
        auto found = named.empty() ? by_default(question_.role) : behind(named);
        if (!named.empty() && !found) found = first_of({defaults_.lead, defaults_.ops});
        if (!found && is_address(named)) found = Recipient{.email = std::string{named}};
        if (found) found->role = question_.role;
        return {.recipient = std::move(found), .finding = std::move(finding_)};
    }

private:
    RoleAnswer answer_without_people(std::string_view named) {
        auto found = question_.role == "ops" && !named.empty() ? behind(named) : std::nullopt;
        if (!found) return {.waiting = true};
        found->role = question_.role;
        return {.recipient = std::move(found)};
    }

    std::string_view holder(std::string_view role) const {
        if (role == "ops") return defaults_.ops;
        if (question_.customer == no_customer) return {};
        const Customer& customer = snapshot_.customers[question_.customer];
        if (role == "account_manager") return snapshot_.text(customer.account_manager);
        if (role == "keeper") return snapshot_.text(keeper());
        if (role == "seller") return snapshot_.text(seller(customer));
        const Person* manager = find_person(snapshot_, snapshot_.text(customer.account_manager));
        if (!manager) return {};
        return snapshot_.text(role == "lead" ? manager->lead : manager->deputy);
    }

    Word seller(const Customer& customer) const {
        const bool promised = question_.promise && question_.promise->promised_by != no_word;
        return promised ? question_.promise->promised_by : customer.seller;
    }

    Word keeper() const {
        if (question_.promise) return question_.promise->kept_by;
        const Promise* first = nullptr;
        for (const Promise& promise : snapshot_.promises_of(question_.customer)) {
            const bool runs = has_begun(promise, question_.on) && question_.on <= promise.due_on;
            if (runs && promise.kept_by != no_word && (!first || promise.due_on < first->due_on)) first = &promise;
        }
        return first ? first->kept_by : no_word;
    }

    std::optional<Recipient> by_default(std::string_view role) {
        if (role == "deputy") return first_of({defaults_.deputy});
        if (role == "lead" || role == "account_manager") return first_of({defaults_.lead});
        return std::nullopt;
    }

    std::optional<Recipient> first_of(std::initializer_list<std::string_view> keys) {
        for (const auto key : keys) {
            if (key.empty()) continue;
            if (auto found = behind(key)) return found;
        }
        return std::nullopt;
    }

    std::optional<Recipient> behind(std::string_view key) {
        if (const Person* person = find_person(snapshot_, key)) return behind(*person);
        const bool stands_for_itself =
            !people_are_mapped(snapshot_) || key == defaults_.lead || key == defaults_.deputy || key == defaults_.ops;
        if (is_address(key) && stands_for_itself) return Recipient{.email = std::string{key}};
        note(fmt::format("{} {}", key, people_are_mapped(snapshot_) ? "is not in people" : "is not an e-mail address"));
        return std::nullopt;
    }

    std::optional<Recipient> behind(const Person& person) {
        if (std::find(asked_.begin(), asked_.end(), person.id) != asked_.end()) return std::nullopt;
        asked_.push_back(person.id);
        const bool reachable = is_address(snapshot_.text(person.email));
        const bool away = person.away_until && *person.away_until >= question_.on;
        if (reachable && !away) return as_recipient(snapshot_, person);
        if (!reachable) note(fmt::format("person {} has no e-mail address", snapshot_.text(person.id)));
        auto other = away ? first_of({snapshot_.text(person.deputy), defaults_.deputy, snapshot_.text(person.lead)})
                          : first_of({snapshot_.text(person.lead)});
        if (!other && reachable) return as_recipient(snapshot_, person);
        if (other && away) other->standing_in_for = std::string{snapshot_.text(person.name)};
        return other;
    }

    void note(std::string finding) {
        if (finding_.empty()) finding_ = std::move(finding);
    }

    const Snapshot& snapshot_;
    const RoleDefaults& defaults_;
    const RoleQuestion& question_;
    std::vector<Word> asked_ = {};
    std::string finding_ = {};
};

void append(std::string& to, std::string_view part) {
    fmt::format_to(std::back_inserter(to), "{}:{}", part.size(), part);
}

double worth(const AlertNote& note) { return is_missing(note.revenue) ? -1 : note.revenue; }

/// Of the version of the promise that holds.
std::string outcome_of(const Snapshot& snapshot, CustomerIndex customer, std::string_view promise_id) {
    std::string_view outcome;
    for (const Promise& promise : snapshot.promises_of(customer)) {
        const bool is_it = snapshot.text(promise.id) == promise_id;
        if (is_it && has_begun(promise, snapshot.as_of)) outcome = snapshot.text(promise.outcome);
    }
    return std::string{outcome};
}

bool is_over(const AlertNote& note) { return note.phase == AlertPhase::resolved || note.phase == AlertPhase::closed; }

}  // namespace

const Person* find_person(const Snapshot& snapshot, std::string_view key) {
    if (const Person* person = snapshot.person(key)) return person;
    if (!is_address(key)) return nullptr;
    const auto found = std::find_if(snapshot.people.begin(), snapshot.people.end(),
                                    [&](const Person& person) { return snapshot.text(person.email) == key; });
    return found == snapshot.people.end() ? nullptr : &*found;
}

const std::string& person_key(const Recipient& recipient) {
    return recipient.person_id.empty() ? recipient.email : recipient.person_id;
}

bool is_role(std::string_view name) { return std::find(roles.begin(), roles.end(), name) != roles.end(); }

RoleAnswer find_role(const Snapshot& snapshot, const RoleDefaults& defaults, const RoleQuestion& question) {
    return RoleSearch{snapshot, defaults, question}.answer();
}

std::optional<Recipient> resolve_role(const Snapshot& snapshot, const RoleDefaults& defaults,
                                      const RoleQuestion& question) {
    return find_role(snapshot, defaults, question).recipient;
}

std::optional<Recipient> find_recipient(const Snapshot& snapshot, std::string_view key) {
    if (const Person* person = find_person(snapshot, key)) {
        if (!is_address(snapshot.text(person->email))) return std::nullopt;
        return as_recipient(snapshot, *person);
    }
    if (!is_address(key)) return std::nullopt;
    return Recipient{.email = std::string{key}};
}

bool AlertNote::operator==(const AlertNote& other) const {
    const auto rest = [](const AlertNote& n) {
        return std::tie(n.key, n.episode, n.seq, n.transition, n.severity, n.phase, n.customer_id, n.customer_name,
                        n.segment, n.message, n.advice, n.reasons, n.since, n.deadline, n.risk_is_base_rate, n.outcome,
                        n.telling, n.untold_problem, n.acknowledged_by, n.answered_by, n.new_owner, n.record, n.doer,
                        n.asked_to_act, n.closed_because);
    };
    return is_same(revenue, other.revenue) && is_same(risk, other.risk) && rest(*this) == rest(other);
}

bool DigestMove::operator==(const DigestMove& other) const {
    const auto rest = [](const DigestMove& m) {
        return std::tie(m.customer_id, m.customer_name, m.band_before, m.band_after, m.because);
    };
    return is_same(before, other.before) && is_same(after, other.after) && rest(*this) == rest(other);
}

bool DigestDue::operator==(const DigestDue& other) const {
    const auto rest = [](const DigestDue& d) { return std::tie(d.customer_id, d.customer_name, d.what, d.due_on); };
    return is_same(revenue, other.revenue) && rest(*this) == rest(other);
}

std::string_view telling_name(Telling telling) { return tellings[static_cast<std::size_t>(telling)]; }

AlertNote make_note(const Snapshot& snapshot, const Alert& alert, Transition transition) {
    AlertNote note{.key = alert.key,
                   .episode = alert.episode,
                   .seq = alert.seq,
                   .transition = transition,
                   .severity = alert.severity,
                   .phase = alert.phase,
                   .customer_id = alert.customer_id,
                   .message = alert.message,
                   .advice = alert.advice,
                   .reasons = alert.reasons,
                   .since = alert.pending_since ? alert.pending_since : alert.firing_since,
                   .deadline = alert.deadline,
                   .revenue = alert.revenue,
                   .risk = alert.risk,
                   .risk_is_base_rate = alert.risk_is_base_rate,
                   .closed_because = alert.closed_because};
    if (alert.key.scope == Scope::segment) note.segment = alert.key.entity;
    const auto index = alert.customer_id.empty() ? no_customer : snapshot.find_customer(alert.customer_id);
    if (index == no_customer) return note;
    if (alert.key.scope == Scope::promise) note.outcome = outcome_of(snapshot, index, alert.key.entity);
    note.customer_name = snapshot.text(snapshot.customers[index].name);
    note.segment = snapshot.text(snapshot.customers[index].segment);
    return note;
}

bool is_more_urgent(const AlertNote& a, const AlertNote& b) {
    return std::tuple{is_over(a), -static_cast<int>(a.severity), -worth(a), std::tie(a.key)} <
           std::tuple{is_over(b), -static_cast<int>(b.severity), -worth(b), std::tie(b.key)};
}

std::string_view message_kind_name(MessageKind kind) { return message_kinds[static_cast<std::size_t>(kind)]; }

std::optional<MessageKind> parse_message_kind(std::string_view name) {
    const auto found = std::find(message_kinds.begin(), message_kinds.end(), name);
    if (found == message_kinds.end()) return std::nullopt;
    return static_cast<MessageKind>(found - message_kinds.begin());
}

std::string identity(const AlertKey& key) {
    std::string text;
    for (const std::string_view part : {std::string_view{key.rule}, scope_name(key.scope), std::string_view{key.entity},
                                        std::string_view{key.dimension}}) {
        append(text, part);
    }
    return text;
}

std::string identity(const Message& message) {
    std::vector<std::string> told;
    for (const AlertNote& note : message.notes) {
        std::string one;
        append(one, identity(note.key));
        append(one, fmt::format("{}", note.episode));
        append(one, fmt::format("{}", note.seq));
        told.push_back(std::move(one));
    }
    std::sort(told.begin(), told.end());
    std::string text;
    append(text, message.receiver);
    append(text, person_key(message.recipient));
    append(text, message_kind_name(message.kind));
    append(text, message.occurrence);
    for (const auto& one : told) append(text, one);
    return text;
}

}  // namespace retaind
