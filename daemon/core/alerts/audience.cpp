#include "audience.hpp"

#include <algorithm>
#include <set>

#include "retaind/promises/promise.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {

namespace {

/// What a route may ask of an alert or its customer, as text; nothing when it is not known.
class RouteFields {
public:
    static bool is_of_alert(std::string_view field) {
        return field == "rule" || field == "severity" || field == "entity" || field == "scope";
    }

    /// Without an alert: of news about a customer as such.
    RouteFields(const Snapshot& snapshot, CustomerIndex customer, const Alert* alert = nullptr)
        : snapshot_(snapshot), customer_(customer), alert_(alert) {}

    bool matches(const Route& route) const {
        return std::all_of(route.match.begin(), route.match.end(), [&](const auto& match) { return holds(match); });
    }

private:
    bool holds(const Route::Match& match) const {
        if (!alert_ && is_of_alert(match.field)) return true;
        const auto text = value(match.field);
        if (!text) return false;
        const bool listed = std::find(match.values.begin(), match.values.end(), *text) != match.values.end();
        return listed != match.negated;
    }

    std::optional<std::string> value(std::string_view field) const {
        if (field == "scope") return std::string{scope_name(alert_->key.scope)};
        if (field == "rule") return alert_->key.rule;
        if (field == "severity") return std::string{severity_name(alert_->severity)};
        if (field == "entity") return alert_->key.entity;
        if (field == "segment" && alert_ && alert_->key.scope == Scope::segment) return alert_->key.entity;
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
    CustomerIndex customer_;
    const Alert* alert_;
};

class AudienceSearch {
public:
    explicit AudienceSearch(const AudienceQuestion& question)
        : snapshot_(question.input.snapshot),
          policy_(question.input.rules.policy),
          move_(question.move),
          findings_(question.findings),
          customer_(move_.alert.customer_id.empty() ? no_customer : snapshot_.find_customer(move_.alert.customer_id)),
          people_believed_(is_believed(question.input.feeds, "people")),
          roles_(roles_told(*move_.rule, move_.alert.key.scope)) {
        for (const auto& name : move_.rule->notify) {
            if (!is_role(name)) named_.insert(name);
        }
        by_route_ = named_.size() < move_.rule->notify.size() || move_.rule->notify.empty();
        if (question.step) split_step(*question.step);
    }

    Audience answer() {
        find_people();
        Audience audience{.readers = readers(), .doer = doer()};
        if (audience.readers.empty() && !waiting_) audience.readers = last_resort();
        return audience;
    }

private:
    struct Found {
        Recipient person;
        bool by_step = false;
    };

    void split_step(const std::vector<std::string>& names) {
        for (const auto& name : names) {
            if (is_role(name))
                step_roles_.push_back(name);
            else
                step_receivers_.insert(name);
        }
    }

    void find_people() {
        const std::string& doer = move_.rule->doer.empty() ? roles_.front() : move_.rule->doer;
        add(doer, false);
        for (const auto& role : roles_) {
            if (role != doer) add(role, false);
        }
        if (people_.empty() && !waiting_) add("ops", false);
        if (!people_.empty()) people_.front().person.asked_to_act = true;
        for (const auto& role : step_roles_) add(role, true);
    }

    void add(const std::string& role, bool by_step) {
        if (!is_role(role)) return;
        const auto answer = find_role(snapshot_, policy_.defaults, question(role));
        waiting_ = waiting_ || answer.waiting;
        if (!answer.finding.empty()) findings_.push_back({move_.alert.key, role, answer.finding});
        if (!answer.recipient) return;
        const auto known = std::find_if(people_.begin(), people_.end(), [&](const Found& other) {
            return other.person.email == answer.recipient->email;
        });
        if (known == people_.end())
            people_.push_back({*answer.recipient, by_step});
        else
            known->by_step = known->by_step || by_step;
    }

    RoleQuestion question(const std::string& role) const {
        const Alert& alert = move_.alert;
        RoleQuestion asked{
            .role = role, .customer = customer_, .on = snapshot_.as_of, .people_believed = people_believed_};
        if (alert.key.scope != Scope::promise || customer_ == no_customer) return asked;
        for (const Promise& promise : snapshot_.promises_of(customer_)) {
            const bool is_it = snapshot_.text(promise.id) == alert.key.entity;
            if (is_it && has_begun(promise, snapshot_.as_of)) asked.promise = &promise;
        }
        return asked;
    }

    /// The name of the one asked to act.
    std::string doer() const {
        if (people_.empty() || !people_.front().person.asked_to_act) return {};
        const Recipient& one = people_.front().person;
        return one.name.empty() ? one.email : one.name;
    }

    /// Outside, perhaps: it hears that all works, and of alerts only where it is named.
    static bool is_watcher(const ReceiverTraits& receiver) { return receiver.heartbeat > Seconds{0}; }

    std::set<std::string> receivers() const {
        std::set<std::string> names = named_;
        names.insert(step_receivers_.begin(), step_receivers_.end());
        if (!by_route_) return names;
        const RouteFields fields{snapshot_, customer_, &move_.alert};
        const auto route = std::find_if(policy_.routes.begin(), policy_.routes.end(),
                                        [&](const auto& one) { return fields.matches(one); });
        if (route != policy_.routes.end())
            names.insert(route->receivers.begin(), route->receivers.end());
        else
            for (const auto& receiver : policy_.receivers) {
                if (!is_watcher(receiver)) names.insert(receiver.name);
            }
        return names;
    }

    std::vector<Reader> readers() const {
        std::vector<Reader> found;
        bool reaches_people = false;
        for (const auto& name : receivers()) {
            const ReceiverTraits* receiver = find_receiver(policy_, name);
            if (!receiver) continue;
            const bool by_step = step_receivers_.contains(name);
            if (!receiver->addresses_people) found.push_back({.receiver = receiver, .by_step = by_step});
            if (!receiver->addresses_people) continue;
            reaches_people = true;
            for (const Found& one : people_)
                found.push_back({.receiver = receiver, .person = one.person, .by_step = by_step || one.by_step});
        }
        if (!reaches_people && !step_roles_.empty()) {  // whom nothing reaches in person is called upon in the channel
            for (Reader& reader : found) reader.by_step = reader.by_step || !reader.receiver->is_machine;
        }
        return found;
    }

    std::vector<Reader> last_resort() const {
        std::vector<Reader> found;
        for (const auto& receiver : policy_.receivers) {
            if (!receiver.addresses_people && !is_watcher(receiver)) found.push_back({.receiver = &receiver});
        }
        findings_.push_back({move_.alert.key, roles_.front(), "nobody can be reached"});
        return found;
    }

    const Snapshot& snapshot_;
    const Policy& policy_;
    const Move& move_;
    std::vector<PeopleFinding>& findings_;
    CustomerIndex customer_;
    bool people_believed_ = true, by_route_ = true, waiting_ = false;
    std::vector<std::string> roles_ = {}, step_roles_ = {};
    std::set<std::string> named_ = {}, step_receivers_ = {};
    std::vector<Found> people_ = {};
};

}  // namespace

ReaderKey key_of(const Reader& reader) { return {reader.receiver->name, person_key(reader.person)}; }

Audience find_audience(const AudienceQuestion& question) { return AudienceSearch{question}.answer(); }

std::vector<std::string> roles_told(const Rule& rule, Scope scope) {
    std::vector<std::string> roles;
    for (const auto& name : rule.notify) {
        if (is_role(name)) roles.push_back(name);
    }
    if (!roles.empty()) return roles;
    if (scope == Scope::source) return {"ops"};
    if (scope == Scope::segment || scope == Scope::portfolio) return {"lead"};
    if (scope == Scope::promise) return {"keeper", "account_manager", "seller"};
    return {"account_manager"};
}

const ReceiverTraits* find_receiver(const Policy& policy, std::string_view name) {
    const auto found = std::find_if(policy.receivers.begin(), policy.receivers.end(),
                                    [&](const auto& receiver) { return receiver.name == name; });
    return found == policy.receivers.end() ? nullptr : &*found;
}

CustomerRoutes::CustomerRoutes(const Snapshot& snapshot, const Policy& policy) : snapshot_(snapshot), policy_(policy) {
    for (const Route& route : policy.routes) {
        const bool is_for_customers = std::none_of(route.match.begin(), route.match.end(), [](const auto& match) {
            const auto names = [&](const char* scope) {
                return std::find(match.values.begin(), match.values.end(), scope) != match.values.end();
            };
            return match.field == "scope" && (names("customer") || names("promise")) == match.negated;
        });
        if (is_for_customers) routes_.push_back(&route);
    }
    const bool asks_who = std::any_of(routes_.begin(), routes_.end(), [](const Route* route) {
        return std::any_of(route->match.begin(), route->match.end(),
                           [](const auto& match) { return !RouteFields::is_of_alert(match.field); });
    });
    if (!asks_who) of_all_ = find(no_customer);
}

std::vector<const ReceiverTraits*> CustomerRoutes::receivers_of(CustomerIndex customer) const {
    return of_all_ ? *of_all_ : find(customer);
}

std::vector<const ReceiverTraits*> CustomerRoutes::find(CustomerIndex customer) const {
    std::vector<const ReceiverTraits*> found;
    const RouteFields fields{snapshot_, customer};
    for (const ReceiverTraits& receiver : policy_.receivers) {
        const bool reached = std::any_of(routes_.begin(), routes_.end(), [&](const Route* route) {
            return std::find(route->receivers.begin(), route->receivers.end(), receiver.name) !=
                       route->receivers.end() &&
                   fields.matches(*route);
        });
        if (reached || policy_.routes.empty()) found.push_back(&receiver);
    }
    return found;
}

bool is_believed(std::span<const FeedVerdict> feeds, std::string_view dataset) {
    return std::none_of(feeds.begin(), feeds.end(), [&](const FeedVerdict& feed) {
        return feed.dataset == dataset && feed.trouble >= FeedTrouble::suspect;
    });
}

}  // namespace retaind
