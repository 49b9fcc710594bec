#include "retaind/alerts/notify.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "budget.hpp"
#include "digest.hpp"
#include "drafts.hpp"

namespace retaind {

namespace {

/// Cycles do not begin to the second: one that comes a little early need not wait for the next.
constexpr Seconds heartbeat_slack{30};

/// What an alert is about, for the budget: one customer's alerts are one story.
std::string story_of(const Alert& alert) {
    if (!alert.customer_id.empty()) return "customer:" + alert.customer_id;
    return std::string{scope_name(alert.key.scope)} + ":" + alert.key.entity;
}

/// From drafts to messages: night, budget, digest hours; then what leaves is noted as told.
class Planner {
public:
    explicit Planner(const NotifyInput& input)
        : input_(input),
          policy_(input.rules.policy),
          night_(night_of(policy_.alerts.quiet_hours)),
          waiting_(input.waiting),
          wake_(input.now) {
        remember_mailings();
    }

    MessagePlan plan(std::vector<Move>& moves) {
        drafts_ = gather_drafts(input_, moves, waiting_, wake_);
        for (auto& [key, clientele] : find_clienteles(input_)) {
            const auto known = drafts_.correspondents.try_emplace(key, Correspondent{.reader = clientele.reader});
            known.first->second.customers = std::move(clientele.customers);
        }
        for (auto& [key, reader] : drafts_.correspondents) rest_at_night(key, reader);
        spend_budget();
        for (auto& [key, reader] : drafts_.correspondents) {
            serve_digest(key, reader);
            for (const auto kind : {MessageKind::alerts, MessageKind::adoption, MessageKind::ops})
                send_now(reader, kind);
        }
        beat();
        return finish();
    }

private:
    void remember_mailings() {
        for (Mailing mailing : input_.mailings) {
            if (!find_receiver(policy_, mailing.receiver)) continue;
            const Day today = zone_of(input_.snapshot, policy_, mailing.recipient).local_day(input_.now);
            if (mailing.digest_on) mailing.digest_on = std::min(*mailing.digest_on, today);
            if (mailing.told_at) mailing.told_at = std::min(*mailing.told_at, input_.now);
            mailings_[{mailing.receiver, mailing.recipient}] = mailing;
        }
    }

    Mailing& mailing_of(const ReaderKey& key) {
        return mailings_.try_emplace(key, Mailing{.receiver = key.first, .recipient = key.second}).first->second;
    }

    const Zone& zone_of_reader(const ReaderKey& key) const { return zone_of(input_.snapshot, policy_, key.second); }

    /// What may not be told at night waits.
    void rest_at_night(const ReaderKey& key, Correspondent& reader) {
        const Zone& zone = zone_of_reader(key);
        if (reader.reader.receiver->is_machine || !is_night(night_, zone, input_.now)) return;
        resting_.insert(key);
        const auto held = std::erase_if(reader.now, [](const Draft& draft) { return draft.kind != MessageKind::ops; });
        if (held > 0) wake_.add(end_of_night(night_, zone, input_.now));
    }

    // -- budget

    bool is_counted(const ReaderKey& key, const Draft& draft) const {
        return !key.second.empty() && draft.kind != MessageKind::adoption && !draft.corrects_waiting;
    }

    bool is_exempt(const Draft& draft) const {
        const Severity severity = drafts_.subjects[draft.subject].facts.severity;
        return draft.kind == MessageKind::ops || severity == Severity::critical ||
               draft.news.transition == Transition::escalated;
    }

    std::vector<std::optional<Day>> renewals() const {
        std::vector<std::optional<Day>> days(input_.snapshot.customers.size());
        for (const WatchedCustomer& one : input_.customers) days[one.customer] = one.renews_on;
        return days;
    }

    double worth_of(const Alert& alert, const std::vector<std::optional<Day>>& renewals) const {
        const auto customer =
            alert.customer_id.empty() ? no_customer : input_.snapshot.find_customer(alert.customer_id);
        return worth_of_story({.revenue = alert.revenue,
                               .risk = alert.risk,
                               .base_rate = input_.rules.risk.base_rate,
                               .deadline = alert.deadline,
                               .renews_on = customer == no_customer ? std::nullopt : renewals[customer],
                               .as_of = input_.snapshot.as_of});
    }

    /// By person, of the last week.
    std::map<std::string, int> stories_told() {
        std::map<std::string, int> used;
        for (Interruption one : input_.interruptions) {
            one.at = std::min(one.at, input_.now);
            if (input_.now - one.at >= budget_days) continue;
            used[one.recipient] += one.stories;
            interruptions_.push_back(one);
        }
        return used;
    }

    std::vector<StoryToTell> stories_to_tell() const {
        const std::vector<std::optional<Day>> ends = renewals();
        std::map<std::pair<std::string, std::string>, StoryToTell> stories;
        for (const auto& [key, reader] : drafts_.correspondents) {
            for (const Draft& draft : reader.now) {
                if (!is_counted(key, draft)) continue;
                const Alert& alert = drafts_.subjects[draft.subject].move->alert;
                StoryToTell& story = stories[{key.second, story_of(alert)}];
                story.recipient = key.second;
                story.about = story_of(alert);
                story.is_exempt = story.is_exempt || is_exempt(draft);
                story.worth = std::max(story.worth, worth_of(alert, ends));
            }
        }
        std::vector<StoryToTell> list;
        for (auto& [key, story] : stories) list.push_back(std::move(story));
        return list;
    }

    void spend_budget() {
        const std::vector<StoryToTell> list = stories_to_tell();
        const std::vector<bool> chosen = choose_stories(list, stories_told(), policy_.alerts.budget_per_week);
        std::set<std::pair<std::string, std::string>> held;
        std::map<std::string, int> told;
        for (std::size_t at = 0; at < list.size(); ++at) {
            if (chosen[at])
                ++told[list[at].recipient];
            else
                held.emplace(list[at].recipient, list[at].about);
        }
        for (const auto& [recipient, count] : told) interruptions_.push_back({recipient, input_.now, count});
        over_budget_ = static_cast<int>(held.size());
        for (auto& [key, reader] : drafts_.correspondents) hold_back(key, reader, held);
    }

    void hold_back(const ReaderKey& key, Correspondent& reader,
                   const std::set<std::pair<std::string, std::string>>& held) {
        const auto first_held = std::stable_partition(reader.now.begin(), reader.now.end(), [&](const Draft& draft) {
            const Alert& alert = drafts_.subjects[draft.subject].move->alert;
            return !is_counted(key, draft) || !held.contains({key.second, story_of(alert)});
        });
        reader.held_back = static_cast<int>(reader.now.end() - first_held);
        std::move(first_held, reader.now.end(), std::back_inserter(reader.for_digest));
        reader.now.erase(first_held, reader.now.end());
    }

    // -- digests

    bool may_have_digest(const Correspondent& reader) const {
        if (reader.reader.receiver->is_machine || input_.outbox_is_full) return false;
        if (!is_believed(input_.feeds, "customers")) return false;
        if (reader.reader.receiver->addresses_people && !is_believed(input_.feeds, "people")) return false;
        return !reader.customers.empty() || !reader.for_digest.empty();
    }

    /// Marks the day as served when it is.
    bool digest_is_due(const ReaderKey& key, const Correspondent& reader) {
        const Zone& zone = zone_of_reader(key);
        const std::string& own = reader.reader.receiver->digest;
        const Seconds hour = time_of_day(own.empty() ? policy_.alerts.digest : own);
        const Day today = zone.local_day(input_.now);
        Mailing& mailing = mailing_of(key);
        if (!mailing.told_at) mailing.told_at = input_.now;  // from now on silence is counted
        wake_.add(zone.to_instant(today, hour));
        wake_.add(zone.to_instant(today + std::chrono::days{1}, hour));
        if (mailing.digest_on == today || input_.now < zone.to_instant(today, hour)) return false;
        if (resting_.contains(key)) {
            wake_.add(end_of_night(night_, zone, input_.now));
            return false;
        }
        mailing.digest_on = today;
        return true;
    }

    std::vector<AlertNote> act_today(const Correspondent& reader) const {
        std::set<std::size_t> told;
        for (const auto* drafts : {&reader.now, &reader.for_digest}) {
            for (const Draft& draft : *drafts) told.insert(draft.subject);
        }
        std::vector<AlertNote> notes;
        for (const std::size_t subject : reader.asked) {
            if (told.contains(subject)) continue;
            Reader asked = reader.reader;
            asked.person.asked_to_act = true;
            notes.push_back(note_for(input_, drafts_.subjects[subject], News{}, asked));
        }
        std::sort(notes.begin(), notes.end(), is_more_urgent);
        return notes;
    }

    void serve_digest(const ReaderKey& key, Correspondent& reader) {
        if (!may_have_digest(reader) || !digest_is_due(key, reader)) return;
        const Day today = zone_of_reader(key).local_day(input_.now);
        const auto is_adoption = [](const Draft& draft) { return draft.kind == MessageKind::adoption; };
        if (reader.for_digest.empty() && std::ranges::any_of(reader.now, is_adoption)) return;
        Digest digest = digest_of(input_, reader.customers);
        digest.act_today = act_today(reader);
        digest.held_back = reader.held_back;
        Message message{.receiver = key.first,
                        .kind = MessageKind::digest,
                        .occurrence = format_day(today),
                        .as_of = input_.snapshot.as_of};
        if (reader.for_digest.empty() && is_empty(digest)) {
            const Day told_on = zone_of_reader(key).local_day(*mailing_of(key).told_at);
            if (reader.customers.empty() || !reader.now.empty() || today - told_on < days_until_all_quiet) return;
            message.kind = MessageKind::all_quiet;
        }
        message.recipient = reader.reader.person;
        message.recipient.asked_to_act = !digest.act_today.empty();
        message.digest = std::move(digest);
        send(std::move(message), reader.for_digest);
    }

    // -- messages

    void send_now(const Correspondent& reader, MessageKind kind) {
        std::vector<Draft> drafts;
        std::ranges::copy_if(reader.now, std::back_inserter(drafts),
                             [&](const Draft& draft) { return draft.kind == kind; });
        if (drafts.empty()) return;
        const bool again = std::ranges::any_of(drafts, [](const Draft& draft) { return draft.news.again; });
        send({.receiver = reader.reader.receiver->name,
              .kind = kind,
              .occurrence = again ? format_instant(input_.now) : "",
              .as_of = input_.snapshot.as_of},
             drafts);
    }

    void send(Message message, const std::vector<Draft>& drafts) {
        std::vector<std::pair<AlertNote, const Recipient*>> notes;
        for (const Draft& draft : drafts) {
            Topic& subject = drafts_.subjects[draft.subject];
            notes.emplace_back(note_for(input_, subject, draft.news, draft.reader), &draft.reader.person);
        }
        std::sort(notes.begin(), notes.end(),
                  [](const auto& a, const auto& b) { return is_more_urgent(a.first, b.first); });
        if (!notes.empty()) {
            const bool asked = message.recipient.asked_to_act;
            message.recipient = *notes.front().second;
            message.recipient.asked_to_act = asked;
        }
        for (auto& [note, person] : notes) {
            message.recipient.asked_to_act = message.recipient.asked_to_act || note.asked_to_act;
            message.notes.push_back(std::move(note));
        }
        told_.insert(told_.end(), drafts.begin(), drafts.end());
        messages_.push_back(std::move(message));
    }

    /// For outside watchers. The last one is remembered as what the machine was told.
    void beat() {
        for (const ReceiverTraits& receiver : policy_.receivers) {
            if (receiver.heartbeat == Seconds{0} || input_.outbox_is_full) continue;
            Mailing& mailing = mailing_of({receiver.name, ""});
            if (mailing.told_at && input_.now - *mailing.told_at + heartbeat_slack < receiver.heartbeat) continue;
            mailing.told_at = input_.now;
            messages_.push_back({.receiver = receiver.name,
                                 .kind = MessageKind::heartbeat,
                                 .occurrence = format_instant(input_.now),
                                 .as_of = input_.snapshot.as_of});
        }
    }

    void note_all_told() {
        for (const Draft& draft : told_) note_told(draft, drafts_.subjects[draft.subject], input_.now);
        for (const Topic& subject : drafts_.subjects) {
            std::ranges::sort(subject.move->alert.told, [](const Told& a, const Told& b) {
                return std::tie(a.receiver, a.recipient) < std::tie(b.receiver, b.recipient);
            });
        }
    }

    /// After all is noted as told: what a waiting message told is said anew, as it is now.
    void absorb_waiting() {
        if (input_.waiting.empty()) return;
        std::map<AlertKey, std::size_t> by_key;
        for (std::size_t at = 0; at < drafts_.subjects.size(); ++at) by_key.emplace(drafts_.subjects[at].facts.key, at);
        for (Message& message : messages_) {
            waiting_.absorb(message, [&](const AlertKey& key) -> std::optional<AlertNote> {
                const auto found = by_key.find(key);
                if (found == by_key.end()) return std::nullopt;
                return note_again(drafts_.subjects[found->second], message);
            });
        }
    }

    std::optional<AlertNote> note_again(const Topic& subject, const Message& message) const {
        Alert& alert = subject.move->alert;
        const Told* told = find_told(alert, {message.receiver, person_key(message.recipient)});
        if (!told || (is_ended(alert.phase) && !is_ended(told->phase))) return std::nullopt;
        News news;
        if (is_ended(alert.phase))
            news.transition = alert.phase == AlertPhase::closed ? Transition::closed : Transition::resolved;
        else if (is_ended(told->phase))
            news.telling = Telling::handed_over;
        if (told->flapping) news.telling = Telling::flapping;
        Reader reader{.receiver = find_receiver(policy_, message.receiver), .person = message.recipient};
        reader.person.asked_to_act =
            std::ranges::find(drafts_.correspondents.at(key_of(reader)).asked, &subject - drafts_.subjects.data()) !=
            drafts_.correspondents.at(key_of(reader)).asked.end();
        return note_for(input_, subject, news, reader);
    }

    MessagePlan finish() {
        note_all_told();
        std::sort(messages_.begin(), messages_.end(), [](const Message& a, const Message& b) {
            return std::tie(a.receiver, person_key(a.recipient), a.kind) <
                   std::tie(b.receiver, person_key(b.recipient), b.kind);
        });
        absorb_waiting();
        for (const Message& message : messages_) {
            const ReceiverTraits* receiver = find_receiver(policy_, message.receiver);
            if (!receiver->is_machine)
                mailing_of({message.receiver, person_key(message.recipient)}).told_at = input_.now;
        }
        MessagePlan plan{.messages = std::move(messages_),
                         .findings = std::move(drafts_.findings),
                         .interruptions = std::move(interruptions_),
                         .over_budget = over_budget_,
                         .wake_at = wake_.first()};
        for (auto& [key, mailing] : mailings_) plan.mailings.push_back(std::move(mailing));
        std::ranges::sort(plan.interruptions, [](const Interruption& a, const Interruption& b) {
            return std::tie(a.recipient, a.at) < std::tie(b.recipient, b.at);
        });
        std::sort(plan.findings.begin(), plan.findings.end());
        plan.findings.erase(std::unique(plan.findings.begin(), plan.findings.end()), plan.findings.end());
        return plan;
    }

    const NotifyInput& input_;
    const Policy& policy_;
    Night night_;
    WaitingMessages waiting_;
    NextMoment wake_;
    Drafts drafts_ = {};
    std::set<ReaderKey> resting_ = {};  ///< whom the night keeps from hearing anything
    std::map<ReaderKey, Mailing> mailings_ = {};
    std::vector<Interruption> interruptions_ = {};
    std::vector<Draft> told_ = {};
    std::vector<Message> messages_ = {};
    int over_budget_ = 0;
};

}  // namespace

MessagePlan plan_messages(const NotifyInput& input, std::vector<Move>& moves) {
    if (!input.clock_jumped) return Planner{input}.plan(moves);
    return {.mailings = {input.mailings.begin(), input.mailings.end()},
            .interruptions = {input.interruptions.begin(), input.interruptions.end()},
            .wake_at = input.now + after_clock_jump};
}

const Zone& zone_of(const Snapshot& snapshot, const Policy& policy, std::string_view person_key) {
    const Person* person = find_person(snapshot, person_key);
    const std::string_view name = person ? snapshot.text(person->timezone) : std::string_view{};
    const auto zone = std::ranges::lower_bound(snapshot.zones, name, {}, &Zone::name);
    const bool known = !name.empty() && zone != snapshot.zones.end() && zone->name == name;
    return known ? *zone : policy.zone;
}

}  // namespace retaind
