#include "retaind/alerts/notify.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "retaind/promises/promise.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {

namespace {

/// Through which receiver, to whom; nobody in particular where the receiver addresses no people.
struct Address {
    std::string receiver;
    Recipient person = {};
};

bool is_ended(AlertPhase phase) { return phase == AlertPhase::resolved || phase == AlertPhase::closed; }

bool is_believed(std::span<const FeedVerdict> feeds, std::string_view dataset) {
    return std::none_of(feeds.begin(), feeds.end(), [&](const FeedVerdict& feed) {
        return feed.dataset == dataset && feed.trouble >= FeedTrouble::suspect;
    });
}

/// What somebody who was told `told` of this alert should hear now, if anything.
std::optional<Transition> news_of_open(const Move& move, const Told* told) {
    const Alert& alert = move.alert;
    if (alert.phase != AlertPhase::firing) return std::nullopt;
    if (!told || told->episode != alert.episode) {
        const bool waits_for_digest = alert.severity == Severity::info && !alert.adopted;
        return waits_for_digest ? std::nullopt : std::optional{Transition::fired};
    }
    if (alert.severity > told->severity || move.transition == Transition::escalated) return Transition::escalated;
    const bool is_back = is_ended(told->phase) && !alert.ended_on;
    return is_back && alert.severity != Severity::info ? std::optional{Transition::fired} : std::nullopt;
}

bool must_hear_the_end(const Alert& alert, const Told& told) {
    return told.episode == alert.episode && !is_ended(told.phase) && told.severity != Severity::info;
}

/// What a route may ask of an alert or its customer, as text; nothing when it is not known.
class RouteFields {
public:
    RouteFields(const Snapshot& snapshot, const Alert& alert)
        : snapshot_(snapshot),
          alert_(alert),
          customer_(alert.customer_id.empty() ? no_customer : snapshot.find_customer(alert.customer_id)) {}

    bool matches(const Route& route) const {
        return std::all_of(route.match.begin(), route.match.end(), [&](const auto& match) { return holds(match); });
    }

private:
    bool holds(const Route::Match& match) const {
        const auto text = value(match.field);
        if (!text) return false;
        const bool listed = std::find(match.values.begin(), match.values.end(), *text) != match.values.end();
        return listed != match.negated;
    }

    std::optional<std::string> value(std::string_view field) const {
        if (field == "rule") return alert_.key.rule;
        if (field == "scope") return std::string{scope_name(alert_.key.scope)};
        if (field == "severity") return std::string{severity_name(alert_.severity)};
        if (field == "entity") return alert_.key.entity;
        if (field == "segment" && alert_.key.scope == Scope::segment) return alert_.key.entity;
        if (customer_ == no_customer) return std::nullopt;
        if (const Attribute* attribute = snapshot_.attribute(field)) return of_attribute(*attribute);
        return field == "status" ? status_text() : of_word(word(field));
    }

    std::optional<std::string> of_word(Word word) const {
        if (word == no_word) return std::nullopt;
        return std::string{snapshot_.text(word)};
    }

    std::optional<std::string> of_attribute(const Attribute& attribute) const {
        if (!attribute.is_number) return of_word(attribute.words[customer_]);
        const double number = attribute.numbers[customer_];
        return is_missing(number) ? std::nullopt : std::optional{format_number(number)};
    }

    Word word(std::string_view field) const {
        const Customer& customer = snapshot_.customers[customer_];
        if (field == "customer_id") return customer.id;
        if (field == "name") return customer.name;
        if (field == "segment") return customer.segment;
        if (field == "motion") return customer.motion;
        if (field == "account_manager") return customer.account_manager;
        if (field == "seller") return customer.seller;
        const Subscription* leading = leading_subscription(snapshot_, customer_);
        if (!leading) return no_word;
        return field == "plan" ? leading->plan : field == "stage" ? leading->stage : no_word;
    }

    std::optional<std::string> status_text() const {
        const Subscription* leading = leading_subscription(snapshot_, customer_);
        return leading ? std::optional{std::string{status(snapshot_, *leading)}} : std::nullopt;
    }

    const Snapshot& snapshot_;
    const Alert& alert_;
    CustomerIndex customer_;
};

/// Who hears of one alert.
class Audience {
public:
    Audience(const NotifyInput& input, const Move& move, std::vector<PeopleFinding>& findings)
        : snapshot_(input.snapshot),
          policy_(input.rules.policy),
          move_(move),
          findings_(findings),
          people_believed_(is_believed(input.feeds, "people")) {
        split_notify();
        find_people();
    }

    std::vector<Address> addresses() const {
        std::vector<Address> found;
        for (const auto& name : receivers()) {
            const ReceiverTraits* receiver = traits(name);
            if (!receiver) continue;
            if (!receiver->addresses_people) found.push_back({.receiver = name});
            if (!receiver->addresses_people) continue;
            for (const Recipient& person : people_) found.push_back({.receiver = name, .person = person});
        }
        if (found.empty() && !waiting_) found = last_resort();
        return found;
    }

    /// The name of the one asked to act.
    std::string doer() const {
        const auto one = std::find_if(people_.begin(), people_.end(), [](const auto& p) { return p.asked_to_act; });
        if (one == people_.end()) return {};
        return one->name.empty() ? one->email : one->name;
    }

private:
    void split_notify() {
        for (const auto& name : move_.rule->notify) (is_role(name) ? roles_ : named_).push_back(name);
        by_route_ = named_.empty() || !roles_.empty();
        if (!roles_.empty()) return;
        const Scope scope = move_.alert.key.scope;
        const bool of_many = scope == Scope::segment || scope == Scope::portfolio;
        roles_.push_back(scope == Scope::source ? "ops" : of_many ? "lead" : "account_manager");
    }

    void find_people() {
        const std::string& doer = move_.rule->doer.empty() ? roles_.front() : move_.rule->doer;
        add(doer);
        for (const auto& role : roles_) {
            if (role != doer) add(role);
        }
        if (people_.empty() && !waiting_) add("ops");
        if (!people_.empty()) people_.front().asked_to_act = true;
    }

    void add(const std::string& role) {
        if (!is_role(role)) return;
        const auto answer = find_role(snapshot_, policy_.defaults, question(role));
        waiting_ = waiting_ || answer.waiting;
        if (!answer.finding.empty()) findings_.push_back({move_.alert.key, role, answer.finding});
        if (!answer.recipient) return;
        const bool known = std::any_of(people_.begin(), people_.end(),
                                       [&](const auto& other) { return other.email == answer.recipient->email; });
        if (!known) people_.push_back(*answer.recipient);
    }

    RoleQuestion question(const std::string& role) const {
        const Alert& alert = move_.alert;
        RoleQuestion asked{.role = role, .on = snapshot_.as_of, .people_believed = people_believed_};
        if (!alert.customer_id.empty()) asked.customer = snapshot_.find_customer(alert.customer_id);
        if (alert.key.scope != Scope::promise || asked.customer == no_customer) return asked;
        for (const Promise& promise : snapshot_.promises_of(asked.customer)) {
            const bool is_it = snapshot_.text(promise.id) == alert.key.entity;
            if (is_it && has_begun(promise, snapshot_.as_of)) asked.promise = &promise;
        }
        return asked;
    }

    const ReceiverTraits* traits(std::string_view name) const {
        const auto found = std::find_if(policy_.receivers.begin(), policy_.receivers.end(),
                                        [&](const auto& receiver) { return receiver.name == name; });
        return found == policy_.receivers.end() ? nullptr : &*found;
    }

    std::set<std::string> receivers() const {
        std::set<std::string> names{named_.begin(), named_.end()};
        if (!by_route_) return names;
        const RouteFields fields{snapshot_, move_.alert};
        const auto route = std::find_if(policy_.routes.begin(), policy_.routes.end(),
                                        [&](const auto& one) { return fields.matches(one); });
        if (route != policy_.routes.end())
            names.insert(route->receivers.begin(), route->receivers.end());
        else
            for (const auto& receiver : policy_.receivers) names.insert(receiver.name);
        return names;
    }

    std::vector<Address> last_resort() const {
        std::vector<Address> found;
        for (const auto& receiver : policy_.receivers) {
            if (!receiver.addresses_people) found.push_back({.receiver = receiver.name});
        }
        findings_.push_back({move_.alert.key, roles_.front(), "nobody can be reached"});
        return found;
    }

    const Snapshot& snapshot_;
    const Policy& policy_;
    const Move& move_;
    std::vector<PeopleFinding>& findings_;
    bool people_believed_ = true, by_route_ = true, waiting_ = false;
    std::vector<std::string> roles_ = {}, named_ = {};
    std::vector<Recipient> people_ = {};
};

/// Gathers notes into messages.
class Planner {
public:
    explicit Planner(const NotifyInput& input) : input_(input) {}

    void consider(Move& move) {
        Alert& alert = move.alert;
        if (alert.held || alert.phase == AlertPhase::pending) return;
        if (is_open(alert))
            tell_open(move);
        else
            tell_end(alert);
        std::sort(alert.told.begin(), alert.told.end(), [](const Told& a, const Told& b) {
            return std::tie(a.receiver, a.recipient) < std::tie(b.receiver, b.recipient);
        });
    }

    MessagePlan finish() {
        MessagePlan plan{.findings = std::move(findings_)};
        for (auto& [place, drafts] : drafts_) plan.messages.push_back(message(place, drafts));
        std::sort(plan.findings.begin(), plan.findings.end());
        plan.findings.erase(std::unique(plan.findings.begin(), plan.findings.end()), plan.findings.end());
        return plan;
    }

private:
    using Place = std::tuple<std::string, std::string, MessageKind>;  // receiver, person, kind
    struct Draft {
        AlertNote note;
        Recipient reader;
    };

    void tell_open(Move& move) {
        if (!move.rule || !is_somebodys(move.alert)) return;
        const Audience audience{input_, move, findings_};
        for (const Address& address : audience.addresses()) {
            Told* told = find_told(move.alert, address.receiver, person_key(address.person));
            const auto news = news_of_open(move, told);
            if (!news) continue;
            const bool in_digest =
                move.adopting || (move.alert.adopted && (!told || told->episode != move.alert.episode));
            AlertNote note = make_note(input_.snapshot, move.alert, *news);
            note.doer = audience.doer();
            note.asked_to_act = address.person.asked_to_act;
            add(address, kind(move.alert, in_digest), std::move(note));
            if (!told) told = &move.alert.told.emplace_back(Told{address.receiver, person_key(address.person)});
            told->episode = move.alert.episode;
            told->severity = move.alert.severity;
            told->phase = AlertPhase::firing;
        }
    }

    void tell_end(Alert& alert) {
        for (Told& told : alert.told) {
            if (!must_hear_the_end(alert, told) || !has_receiver(told.receiver)) continue;
            const auto reader = told.recipient.empty() ? Recipient{} : find_recipient(input_.snapshot, told.recipient);
            if (!reader) continue;
            const auto what = alert.phase == AlertPhase::closed ? Transition::closed : Transition::resolved;
            add({told.receiver, *reader}, kind(alert, false), make_note(input_.snapshot, alert, what));
            told.phase = alert.phase;
        }
    }

    /// Whose alert it is may be asked only while the customers can be believed.
    bool is_somebodys(const Alert& alert) const {
        if (alert.customer_id.empty()) return true;
        return is_believed(input_.feeds, "customers") &&
               input_.snapshot.find_customer(alert.customer_id) != no_customer;
    }

    static MessageKind kind(const Alert& alert, bool in_digest) {
        if (alert.key.scope == Scope::source) return MessageKind::ops;
        return in_digest ? MessageKind::adoption : MessageKind::alerts;
    }

    static Told* find_told(Alert& alert, std::string_view receiver, std::string_view recipient) {
        const auto found = std::find_if(alert.told.begin(), alert.told.end(), [&](const Told& told) {
            return told.receiver == receiver && told.recipient == recipient;
        });
        return found == alert.told.end() ? nullptr : &*found;
    }

    bool has_receiver(std::string_view name) const {
        return std::any_of(input_.rules.policy.receivers.begin(), input_.rules.policy.receivers.end(),
                           [&](const auto& receiver) { return receiver.name == name; });
    }

    void add(const Address& to, MessageKind kind, AlertNote note) {
        drafts_[{to.receiver, person_key(to.person), kind}].push_back({std::move(note), to.person});
    }

    Message message(const Place& place, std::vector<Draft>& drafts) const {
        std::sort(drafts.begin(), drafts.end(),
                  [](const Draft& a, const Draft& b) { return is_more_urgent(a.note, b.note); });
        Message made{.receiver = std::get<0>(place),
                     .recipient = drafts.front().reader,
                     .kind = std::get<2>(place),
                     .as_of = input_.snapshot.as_of};
        for (Draft& draft : drafts) {
            made.recipient.asked_to_act = made.recipient.asked_to_act || draft.note.asked_to_act;
            made.notes.push_back(std::move(draft.note));
        }
        return made;
    }

    const NotifyInput& input_;
    std::map<Place, std::vector<Draft>> drafts_ = {};
    std::vector<PeopleFinding> findings_ = {};
};

}  // namespace

MessagePlan plan_messages(const NotifyInput& input, std::vector<Move>& moves) {
    Planner planner{input};
    for (Move& move : moves) planner.consider(move);
    return planner.finish();
}

}  // namespace retaind
