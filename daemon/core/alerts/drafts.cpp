#include "drafts.hpp"

#include <algorithm>
#include <set>

namespace retaind {

namespace {

std::string name_of(const Snapshot& snapshot, const std::string& person) {
    const Person* known = snapshot.person(person);
    const auto name = known ? snapshot.text(known->name) : std::string_view{};
    return name.empty() ? person : std::string{name};
}

/// A time from the future is one of a clock that went back; of one that was never noted nothing is known.
void clamp_told(Alert& alert, Instant now) {
    for (Told& told : alert.told) {
        if (told.at > now || told.at == Instant{}) told.at = now;
    }
    if (alert.handed_over_at > now) alert.handed_over_at = now;
}

/// Who hears of an adopted alert after others did (a step, a new account manager) does not hear what was found at the
/// start.
MessageKind kind_of(const Move& move) {
    const Alert& alert = move.alert;
    if (alert.key.scope == Scope::source) return MessageKind::ops;
    const bool is_known = std::any_of(alert.told.begin(), alert.told.end(),
                                      [&](const Told& told) { return told.episode == alert.episode; });
    const bool adopted = is_open(alert) && (move.adopting || alert.adopted) && !is_known;
    return adopted ? MessageKind::adoption : MessageKind::alerts;
}

class Gathering {
public:
    Gathering(const NotifyInput& input, const WaitingMessages& waiting, NextMoment& wake)
        : input_(input),
          snapshot_(input.snapshot),
          policy_(input.rules.policy),
          waiting_(waiting),
          wake_(wake),
          people_believed_(is_believed(input.feeds, "people")),
          customers_believed_(is_believed(input.feeds, "customers")) {
        for (const Act& act : input.acts) {
            acts_[act.key].push_back(act);
            wake_.add(act.at);  // of a clock that went back: it is not yet
        }
        for (const FirstDelivery& one : input.delivered) delivered_[one.key].push_back(&one);
    }

    Drafts gather(std::vector<Move>& moves) {
        for (const Move& move : moves) {
            const Alert& alert = move.alert;
            const bool is_wrong = alert.phase == AlertPhase::firing || alert.phase == AlertPhase::recovering;
            if (is_wrong && alert.severity != Severity::info && !alert.customer_id.empty())
                troubled_.insert(alert.customer_id);
        }
        for (Move& move : moves) consider(move);
        return std::move(drafts_);
    }

private:
    void consider(Move& move) {
        Alert& alert = move.alert;
        clamp_told(alert, input_.now);
        if (alert.phase == AlertPhase::pending || !somebody_cares(alert)) return;
        Topic subject = describe(move);
        const bool may_change = !alert.held && (!is_open(alert) || (move.rule && is_somebodys(alert)));
        if (may_change && is_open(alert)) note_owner(alert, subject.facts.account_manager);
        if (const auto acts = acts_.find(alert.key); acts != acts_.end())
            subject.handling = handling_of(alert, acts->second, input_.now);
        if (!may_change || is_suppressed(subject)) return restate(std::move(subject));
        if (is_open(alert))
            consider_open(std::move(subject));
        else
            consider_end(std::move(subject));
    }

    /// Whose alert it is may be asked only while the customers can be believed.
    bool is_somebodys(const Alert& alert) const {
        return alert.customer_id.empty() ||
               (customers_believed_ && snapshot_.find_customer(alert.customer_id) != no_customer);
    }

    static bool somebody_cares(const Alert& alert) {
        return is_open(alert) || std::any_of(alert.told.begin(), alert.told.end(),
                                             [&](const Told& told) { return waits_for_end(alert, told); });
    }

    /// Alertmanager ends what it no longer hears of. So while nobody may be told what has become of an alert, it hears
    /// again what it knows.
    void restate(Topic subject) {
        const Alert& alert = subject.move->alert;
        const std::size_t at = drafts_.subjects.size();
        drafts_.subjects.push_back(std::move(subject));
        for (const Told& told : alert.told) {
            const ReceiverTraits* receiver = find_receiver(policy_, told.receiver);
            if (!receiver || !receiver->wants_restating || !knows_it_fires(alert, told)) continue;
            add({.subject = at,
                 .reader = {.receiver = receiver},
                 .news = {.telling = Telling::restated, .again = true},
                 .kind = kind_of(*drafts_.subjects[at].move)});
        }
    }

    Topic describe(Move& move) const {
        const Alert& alert = move.alert;
        Topic subject{.move = &move,
                      .facts = {.key = alert.key, .severity = alert.severity, .customer_id = alert.customer_id}};
        if (alert.key.scope == Scope::segment) subject.facts.segment = alert.key.entity;
        const auto customer = alert.customer_id.empty() ? no_customer : snapshot_.find_customer(alert.customer_id);
        if (customer == no_customer) return subject;
        subject.facts.segment = snapshot_.text(snapshot_.customers[customer].segment);
        subject.facts.account_manager = snapshot_.text(snapshot_.customers[customer].account_manager);
        return subject;
    }

    /// Somebody asked for silence. A snooze ends with the episode.
    bool is_suppressed(const Topic& subject) {
        const auto snoozed = is_open(subject.move->alert) ? subject.handling.snoozed_until : std::nullopt;
        const auto silenced = silenced_until(input_.silences, subject.facts, input_.now);
        if (snoozed) wake_.add(*snoozed);
        if (silenced) wake_.add(*silenced);
        return snoozed || silenced;
    }

    void consider_open(Topic subject) {
        Move& move = *subject.move;
        const Escalation escalation = escalate(subject);
        const Audience audience =
            find_audience({.input = input_, .move = move, .step = escalation.names, .findings = drafts_.findings});
        subject.doer = audience.doer;
        subject.steps_due = escalation.due;
        const std::size_t at = drafts_.subjects.size();
        drafts_.subjects.push_back(std::move(subject));
        for (const Reader& reader : audience.readers) offer(at, reader);
        hand_over(at, audience.readers);
    }

    bool is_machine(const std::string& receiver) const {
        const ReceiverTraits* known = find_receiver(policy_, receiver);
        return known && known->is_machine;
    }

    /// When the episode first reached somebody who could act on it.
    std::optional<Instant> delivered_at(const Alert& alert) const {
        const auto found = delivered_.find(alert.key);
        if (found == delivered_.end()) return std::nullopt;
        const bool asks_people = std::ranges::any_of(
            alert.told, [&](const Told& told) { return told.episode == alert.episode && !is_machine(told.receiver); });
        std::optional<Instant> first;
        for (const FirstDelivery* one : found->second) {
            if (one->episode != alert.episode || (asks_people && is_machine(one->receiver))) continue;
            first = std::min(first.value_or(input_.now), one->at);
        }
        return first;
    }

    Escalation escalate(const Topic& subject) {
        const Alert& alert = subject.move->alert;
        EscalationQuestion question{.move = *subject.move, .policy = policy_, .now = input_.now};
        question.pauses = subject.move->frozen || subject.handling.acknowledged_until;
        question.delivered_at = delivered_at(alert);
        if (question.delivered_at) {
            if (const auto acts = acts_.find(alert.key); acts != acts_.end())
                question.acknowledged = time_in_hand(alert, acts->second, *question.delivered_at, input_.now);
        }
        const Escalation escalation = escalation_of(question);
        if (escalation.next_at) wake_.add(*escalation.next_at);
        if (subject.handling.acknowledged_until) wake_.add(*subject.handling.acknowledged_until);
        return escalation;
    }

    /// Good news about somebody who has bad ones.
    bool is_untimely(const Topic& subject) const {
        const Alert& alert = subject.move->alert;
        if (alert.severity != Severity::info || !troubled_.contains(alert.customer_id)) return false;
        const Rule& rule = *subject.move->rule;
        return (rule.doer.empty() ? roles_told(rule, alert.key.scope).front() : rule.doer) != "ops";
    }

    Seconds repeat_after(const Topic& subject) const {
        const Move& move = *subject.move;
        if (move.frozen || subject.handling.acknowledged_until || input_.outbox_is_full) return Seconds{0};
        const bool to_ops = move.alert.key.scope == Scope::source;
        return to_ops ? std::min(move.rule->repeat, between_ops_repeats) : move.rule->repeat;
    }

    void offer(std::size_t at, const Reader& reader) {
        const Topic& subject = drafts_.subjects[at];
        const Move& move = *subject.move;
        const bool is_machine = reader.receiver->is_machine;
        const Told* told = find_told(subject.move->alert, key_of(reader));
        const bool knows = told && told->episode == move.alert.episode;
        const Seconds repeat = repeat_after(subject);
        const auto news =
            news_of_open({.move = move,
                          .told = told,
                          .now = input_.now,
                          .is_machine = is_machine,
                          .is_restated = reader.receiver->wants_restating,
                          .may_wait = !is_machine && is_untimely(subject),
                          .step_is_due = reader.by_step && (!knows || subject.steps_due > move.alert.steps_taken),
                          .repeat = repeat});
        if (news) add({.subject = at, .reader = reader, .news = *news, .kind = kind_of(move)});
        const bool is_repeated = repeat > Seconds{0} && !is_machine && move.alert.severity != Severity::info;
        if (is_repeated && told) wake_.add(told->at + repeat);
        if (is_repeated && news) wake_.add(input_.now + repeat);
        const bool is_open_task = move.alert.phase == AlertPhase::firing && move.alert.severity != Severity::info;
        if (reader.person.asked_to_act && is_open_task && !subject.handling.acknowledged_until)
            correspondent(reader).asked.push_back(at);
    }

    /// Who reads for whom a customer names as its manager, be it by id or by address.
    std::string manager_key(const std::string& named) const {
        const Person* person = find_person(snapshot_, named);
        return person ? std::string{snapshot_.text(person->id)} : named;
    }

    /// Before anything is asked of acts and silences: what the former manager put off is none of the new one's doing.
    void note_owner(Alert& alert, const std::string& manager) const {
        if (alert.owner.empty() || manager.empty() || alert.owner == manager || !people_believed_) return;
        const std::string before = manager_key(alert.owner), now = manager_key(manager);
        for (Told& told : alert.told) {
            told.leaves = true;
            told.was_owner = (told.was_owner || told.recipient == before) && told.recipient != now;
        }
        alert.owner = manager;
        alert.handed_over_at = input_.now;
    }

    /// Whoever was told as, or for, an account manager who is it no more; unless they are asked again meanwhile.
    void hand_over(std::size_t at, const std::vector<Reader>& readers) {
        const Topic& subject = drafts_.subjects[at];
        Alert& alert = subject.move->alert;
        const std::string& manager = subject.facts.account_manager;
        if (alert.owner.empty() || manager.empty() || !people_believed_) return;
        const std::string reads = manager_key(manager);
        for (Told& told : alert.told) {
            const ReceiverTraits* receiver = find_receiver(policy_, told.receiver);
            const bool still_told = std::any_of(readers.begin(), readers.end(), [&](const Reader& reader) {
                return key_of(reader) == ReaderKey{told.receiver, told.recipient};
            });
            told.leaves = told.leaves && receiver && !told.recipient.empty() && told.recipient != reads &&
                          knows_it_fires(alert, told);
            if (!told.leaves || still_told) continue;  // perhaps as the new one's deputy, for a while
            if (const auto person = find_recipient(snapshot_, told.recipient)) {
                add({.subject = at,
                     .reader = {.receiver = receiver, .person = *person},
                     .news = {.telling = Telling::handed_over, .for_digest = true, .again = true}});
            } else {
                told.phase = AlertPhase::closed;
                told.leaves = false;
            }
        }
    }

    void consider_end(Topic subject) {
        Alert& alert = subject.move->alert;
        const std::size_t at = drafts_.subjects.size();
        drafts_.subjects.push_back(std::move(subject));
        const std::vector<std::string>& answered = drafts_.subjects[at].handling.answered;
        for (const Told& told : alert.told) {
            const ReceiverTraits* receiver = find_receiver(policy_, told.receiver);
            if (!receiver) continue;
            Reader reader{.receiver = receiver};
            if (!told.recipient.empty()) {
                if (!people_believed_ && alert.key.scope != Scope::source) continue;
                const auto person = find_recipient(snapshot_, told.recipient);
                if (!person) continue;
                reader.person = *person;
            }
            const ReaderKey key = key_of(reader);
            const bool undelivered = waiting_.hold_problem(key, alert.key, told.episode);
            const bool has_answered =
                std::ranges::count(answered, told.recipient.empty() ? told.receiver : told.recipient) > 0;
            const auto news = news_of_end({.alert = alert,
                                           .told = told,
                                           .is_machine = receiver->is_machine,
                                           .answered = has_answered,
                                           .undelivered = undelivered});
            if (!news) continue;
            add({.subject = at,
                 .reader = std::move(reader),
                 .news = *news,
                 .kind = kind_of(*drafts_.subjects[at].move),
                 .corrects_waiting = undelivered});
        }
    }

    /// Who reads in a role of their own does so first of all, then who stands in for somebody; whatever came first.
    Correspondent& correspondent(const Reader& reader) {
        Correspondent& known =
            drafts_.correspondents.try_emplace(key_of(reader), Correspondent{.reader = reader}).first->second;
        const Recipient &person = reader.person, &other = known.reader.person;
        const bool stands_in = !person.standing_in_for.empty(), other_stands_in = !other.standing_in_for.empty();
        if (stands_in == other_stands_in ? person < other : other_stands_in) known.reader = reader;
        return known;
    }

    void add(Draft draft) {
        Correspondent& to = correspondent(draft.reader);
        (draft.news.for_digest ? to.for_digest : to.now).push_back(std::move(draft));
    }

    const NotifyInput& input_;
    const Snapshot& snapshot_;
    const Policy& policy_;
    const WaitingMessages& waiting_;
    NextMoment& wake_;
    bool people_believed_, customers_believed_;
    std::map<AlertKey, std::vector<Act>> acts_ = {};
    std::map<AlertKey, std::vector<const FirstDelivery*>> delivered_ = {};
    std::set<std::string> troubled_ = {};  ///< customers with an open warning or worse
    Drafts drafts_ = {};
};

TrackRecord record_of(const NotifyInput& input, const std::string& rule) {
    const auto found = std::ranges::find(input.quality, rule, &RuleQuality::rule);
    if (found == input.quality.end()) return {};
    const std::int64_t right = found->churned + found->shrank;
    return {.right = right, .of = right + found->renewed + found->still_open};
}

}  // namespace

Drafts gather_drafts(const NotifyInput& input, std::vector<Move>& moves, const WaitingMessages& waiting,
                     NextMoment& wake) {
    return Gathering{input, waiting, wake}.gather(moves);
}

AlertNote note_for(const NotifyInput& input, const Topic& subject, const News& news, const Reader& reader) {
    const Move& move = *subject.move;
    AlertNote note = make_note(input.snapshot, move.alert, news.transition);
    note.telling = news.telling;
    note.record = record_of(input, move.alert.key.rule);
    note.doer = subject.doer;
    note.asked_to_act = reader.person.asked_to_act;
    if (subject.handling.acknowledged_until)
        note.acknowledged_by = name_of(input.snapshot, subject.handling.acknowledged_by);
    if (const Told* told = find_told(subject.move->alert, key_of(reader)); told && news.telling == Telling::restated) {
        note.phase = AlertPhase::firing;
        note.severity = told->severity;
    }
    for (const std::string& person : subject.handling.answered) {
        if (person != subject.handling.acknowledged_by) note.answered_by.push_back(name_of(input.snapshot, person));
    }
    if (news.telling == Telling::handed_over) note.new_owner = name_of(input.snapshot, subject.facts.account_manager);
    const auto step = static_cast<std::size_t>(subject.steps_due) - 1;
    if (news.telling == Telling::step && step < move.step_advice.size() && !move.step_advice[step].empty())
        note.advice = move.step_advice[step];
    return note;
}

void note_told(const Draft& draft, Topic& subject, Instant now) {
    Alert& alert = subject.move->alert;
    const ReaderKey key = key_of(draft.reader);
    Told* told = find_told(alert, key);
    if (!told) told = &alert.told.emplace_back(Told{.receiver = key.first, .recipient = key.second});
    told->at = now;
    if (draft.news.telling == Telling::restated) return;
    told->episode = alert.episode;
    told->severity = alert.severity;
    told->flapping =
        draft.news.telling == Telling::flapping || (told->flapping && alert.flapping);  // also after a rise
    told->leaves = false;
    told->was_owner = told->was_owner && draft.news.telling == Telling::handed_over;
    const bool is_over = is_ended(alert.phase) && !told->flapping;
    told->phase = is_over                                      ? alert.phase
                  : draft.news.telling == Telling::handed_over ? AlertPhase::closed
                                                               : AlertPhase::firing;
    if (draft.reader.by_step) alert.steps_taken = std::max(alert.steps_taken, subject.steps_due);
    if (alert.owner.empty()) alert.owner = subject.facts.account_manager;
}

Told* find_told(Alert& alert, const ReaderKey& reader) {
    const auto found = std::find_if(alert.told.begin(), alert.told.end(), [&](const Told& told) {
        return told.receiver == reader.first && told.recipient == reader.second;
    });
    return found == alert.told.end() ? nullptr : &*found;
}

}  // namespace retaind
