#include "alert_laws.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>

namespace retaind::test {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Seconds digest_hour = hours{8}, night_begins = hours{20}, night_ends = hours{7}, week = days{7};
constexpr Seconds ops_repeat = hours{4};
const Reader readers[] = {{"chat", ""}, {"hook", ""}, {"mail", "ada"}, {"mail", "bo"}, {"mail", "lea"}, {"mail", "oz"}};

bool has_ended_phase(AlertPhase phase) { return phase == AlertPhase::resolved || phase == AlertPhase::closed; }
bool is_digest(MessageKind kind) { return kind == MessageKind::digest || kind == MessageKind::all_quiet; }
bool is_person(const Reader& reader) { return !reader.person.empty(); }
bool is_machine(const Reader& reader) { return reader.receiver == "hook"; }
bool acknowledges(ActKind kind) { return kind == ActKind::seen || kind == ActKind::on_it || kind == ActKind::wrong; }
bool names_role(const std::string& name) { return name == "account_manager" || name == "lead" || name == "ops"; }

/// A note that somebody was told, with where it stood.
struct Heard {
    std::size_t cycle = 0;
    MessageKind kind = MessageKind::alerts;
    const AlertNote* note = nullptr;
};

/// What a reader knows of an episode.
struct Knowledge {
    bool problem = false, ended = false, flapping = false, handed_over = false;
    Severity severity = Severity::info;
    std::size_t told = 0;  ///< the cycle of the last note
};

/// Where a note may stand, and where it must. Machines get all of theirs "now".
struct Due {
    bool news_now = false, news_in_digest = false;
    bool repeat = false, step = false, handed_over = false, flapping = false;
    bool must_now = false;            ///< there is no reason to wait
    bool must_within_budget = false;  ///< likewise, but for the budget
    bool must_in_digest = false;      ///< at the latest
};

class Laws {
public:
    explicit Laws(const Life& life) : life_(life) {
        auto heard = std::make_shared<HeardBy>();
        for (std::size_t at = 0; at < life.cycles.size(); ++at) {
            for (const Message& message : life.cycles[at].messages) {
                for (const AlertNote& note : message.notes)
                    (*heard)[{note.key, {message.receiver, person_key(message.recipient)}}].push_back(
                        {at, message.kind, &note});
            }
        }
        heard_ = std::move(heard);
    }

    std::vector<std::string> check() {
        for (at_ = 0; at_ < life_.cycles.size(); ++at_) {
            check_cycle();
            for (const Message& message : now().messages) check_message(message);
            for (const Move& move : now().moves) {
                for (const Reader& reader : readers) check_owed(move, reader);
            }
        }
        for (const std::string& id : life_.lost_ids) breaks("two messages have one identity: " + id);
        return std::move(broken_);
    }

private:
    using HeardBy = std::map<std::pair<AlertKey, Reader>, std::vector<Heard>>;

    /// The same log, seen from an earlier cycle.
    Laws(const Laws& later, std::size_t at) : life_(later.life_), at_(at), heard_(later.heard_) {}

    const LivedCycle& now() const { return life_.cycles[at_]; }

    void breaks(const std::string& law) {
        broken_.push_back("seed " + std::to_string(life_.seed) + " cycle " + std::to_string(at_) + " (" +
                          format_instant(now().now) + "): " + law);
    }
    void breaks(const std::string& law, const Reader& reader, const AlertNote& note) {
        breaks(law + ": " + reader.receiver + " " + reader.person + " about " + note.key.rule + " " + note.key.entity +
               " episode " + std::to_string(note.episode) + " " + std::string{transition_name(note.transition)} + " " +
               std::string{telling_name(note.telling)});
    }

    // -- time ---------------------------------------------------------------------------------------------------------

    Seconds local(std::string_view person, Instant at) const {
        const Zone& zone = zone_in(life_, person);
        Seconds offset = zone.offsets.front().offset;
        for (const auto& each : zone.offsets) {
            if (each.from <= at) offset = each.offset;
        }
        return at.time_since_epoch() + offset;
    }
    static days day_of(Seconds local_time) { return std::chrono::floor<days>(local_time); }
    static Seconds time_of(Seconds local_time) { return local_time - day_of(local_time); }

    /// When the clock went back since, a moment that was then counts as now: as early as it can be taken for.
    Instant seen_from_now(std::size_t cycle) const {
        Instant earliest = life_.cycles[cycle].now;
        for (std::size_t at = cycle; at <= at_; ++at) earliest = std::min(earliest, life_.cycles[at].now);
        return earliest;
    }
    bool went_back_since(std::size_t cycle) const {
        for (std::size_t at = cycle; at < at_; ++at) {
            if (life_.cycles[at + 1].now < life_.cycles[at].now) return true;
        }
        return false;
    }

    bool is_night(const Reader& reader, std::size_t cycle) const {
        if (life_.policy.alerts.quiet_hours.empty() || is_machine(reader)) return false;
        const Seconds time = time_of(local(reader.person, life_.cycles[cycle].now));
        return time >= night_begins || time < night_ends;
    }

    /// Whether this reader can be told anything in that cycle.
    bool can_hear(const Reader& reader, std::size_t cycle, bool about_source) const {
        const LivedCycle& then = life_.cycles[cycle];
        if (then.clock_jumped || (is_night(reader, cycle) && !about_source)) return false;
        return then.people_believed || !is_person(reader) || reader.person == "oz";
    }
    bool can_have_digest(const Reader& reader, std::size_t cycle) const {
        const LivedCycle& then = life_.cycles[cycle];
        return !is_machine(reader) && can_hear(reader, cycle, false) && !then.outbox_is_full &&
               then.customers_believed && time_of(local(reader.person, then.now)) >= digest_hour;
    }
    /// The first cycle of the reader's day at or after the digest hour, with a clock that never went back.
    bool is_digest_due(const Reader& reader) const {
        if (!can_have_digest(reader, at_) || went_back_since(0)) return false;
        const days today = day_of(local(reader.person, now().now));
        for (std::size_t at = at_; at-- > 0;) {
            const Seconds then = local(reader.person, life_.cycles[at].now);
            if (day_of(then) != today || time_of(then) < digest_hour) break;
            if (can_have_digest(reader, at)) return false;
        }
        return true;
    }

    // -- people -------------------------------------------------------------------------------------------------------

    static std::size_t customer_of(const Move& move) {
        return static_cast<std::size_t>(move.alert.key.entity.back() - '0');
    }
    std::string person_of(const std::string& role, const Move& move, std::size_t cycle) const {
        if (role == "ops") return "oz";
        if (role == "lead") return "lea";
        const LivedCycle& then = life_.cycles[cycle];
        const std::string& manager = then.managers[customer_of(move)];
        return manager == "ada" && then.ada_is_away ? "bo" : manager;
    }
    std::set<std::string> receivers_of(const Rule& rule) const {
        const bool by_route = rule.notify.empty() || std::ranges::any_of(rule.notify, names_role);
        std::set<std::string> names;
        if (by_route) names.insert(life_.policy.routes[0].receivers.begin(), life_.policy.routes[0].receivers.end());
        for (const std::string& name : rule.notify) {
            if (!names_role(name)) names.insert(name);
        }
        return names;
    }
    bool is_audience(const Move& move, const Reader& reader) const {
        if (!move.rule || !receivers_of(*move.rule).contains(reader.receiver)) return false;
        if (!is_person(reader)) return true;
        std::set<std::string> people;
        for (const std::string& name : move.rule->notify) {
            if (names_role(name)) people.insert(person_of(name, move, at_));
        }
        if (people.empty())
            people.insert(person_of(move.alert.key.scope == Scope::source ? "ops" : "account_manager", move, at_));
        return people.contains(reader.person);
    }
    std::vector<std::vector<std::string>> steps_of(const Rule& rule) const {
        std::vector<std::vector<std::string>> steps;
        for (const Step& step : rule.steps) steps.push_back(step.notify);
        for (const EscalationStep& step : life_.policy.alerts.escalation) {
            if (rule.steps.empty()) steps.push_back(step.notify);
        }
        return steps;
    }
    Seconds step_after(const Rule& rule, std::size_t step) const {
        return rule.steps.empty() ? life_.policy.alerts.escalation[step].after : rule.steps[step].after;
    }
    bool step_names(const Move& move, std::size_t step, const Reader& reader) const {
        const std::vector<std::string> names = steps_of(*move.rule)[step];
        for (const std::string& name : names) {
            if (names_role(name) ? is_person(reader) && person_of(name, move, at_) == reader.person
                                 : name == reader.receiver)
                return true;
        }
        return false;
    }

    bool is_named_by_steps(const Move& move, const Reader& reader) const {
        for (std::size_t step = 0; move.rule && step < steps_of(*move.rule).size(); ++step) {
            if (step_names(move, step, reader)) return true;
        }
        return false;
    }

    // -- what people did ----------------------------------------------------------------------------------------------

    /// The acts on the present episode that are known, and not of the future; newest first.
    std::vector<const Act*> acts_on(const Alert& alert) const {
        std::vector<const Act*> found;
        for (std::size_t at = now().acts; at-- > 0;) {
            const Act& act = life_.acts[at];
            if (act.key == alert.key && act.episode == alert.episode && act.at <= now().now) found.push_back(&act);
        }
        return found;
    }
    /// Whose the account is, and since when that was known.
    std::pair<std::string, std::optional<Instant>> owner_of(const Alert& alert) const {
        const Move* move = find(alert.key);
        const bool may_change = move && move->rule && is_open(alert) && alert.phase != AlertPhase::pending &&
                                !alert.held && !alert.owner.empty() && !now().clock_jumped;
        if (may_change && now().customers_believed && now().people_believed && now().present[customer_of(*move)]) {
            const std::string manager{now().managers[customer_of(*move)]};
            if (manager != alert.owner) return {manager, now().now};
        }
        if (!alert.handed_over_at) return {alert.owner, std::nullopt};
        return {alert.owner, std::min(*alert.handed_over_at, now().now)};  // the clock may have gone back
    }
    /// What others than the new manager did before the account was theirs holds no longer.
    Instant end_of(const Act& act, const Alert& alert) const {
        const auto [owner, since] = owner_of(alert);
        const bool was_owner = std::ranges::any_of(
            alert.told, [&](const Told& told) { return told.was_owner && told.recipient == act.by; });
        const bool is_handed_over = since && act.by != owner && (act.at <= *since || was_owner);
        return is_handed_over ? std::min(act.until, std::max(act.at, *since)) : act.until;
    }
    bool is_acknowledged(const Alert& alert) const {
        for (const Act* act : acts_on(alert)) {
            if (act->kind == ActKind::resume) return false;
            if (acknowledges(act->kind) && act->severity >= alert.severity && end_of(*act, alert) > now().now)
                return true;
        }
        return false;
    }
    bool is_snoozed(const Alert& alert) const {
        if (!is_open(alert)) return false;
        for (const Act* act : acts_on(alert)) {
            if (act->kind == ActKind::resume) return false;
            if (act->kind == ActKind::snooze && end_of(*act, alert) > now().now) return true;
        }
        return false;
    }
    bool has_answered(const Alert& alert, const Reader& reader) const {
        return std::ranges::any_of(acts_on(alert), [&](const Act* act) {
            return acknowledges(act->kind) && act->by == (is_person(reader) ? reader.person : reader.receiver);
        });
    }
    /// Since `from`; with `at_most`, also under acts that a rise has outdated since.
    Seconds time_in_hand(const Alert& alert, Instant from, bool at_most) const {
        std::set<std::pair<Instant, Instant>> spans;
        Instant resumed = now().now;
        for (const Act* act : acts_on(alert)) {
            if (act->kind == ActKind::resume) resumed = std::min(resumed, act->at);
            const bool answers = acknowledges(act->kind) && (at_most || act->severity >= alert.severity);
            if (!answers && act->kind != ActKind::snooze) continue;
            spans.insert({std::max(act->at, from), std::min({end_of(*act, alert), resumed, now().now})});
        }
        Seconds total{0};
        for (Instant end = from; const auto& [begins, ends] : spans) {
            const Instant begin = std::max(begins, end);
            if (ends > begin) total += ends - begin, end = ends;
        }
        return total;
    }

    static bool matches_silence(const AlertSilence& silence, const Alert& alert) {
        const Route::Match& match = silence.match.front();
        const std::string value = match.field == "rule"          ? alert.key.rule
                                  : match.field == "entity"      ? alert.key.entity
                                  : match.field == "customer_id" ? alert.customer_id
                                                                 : std::string{severity_name(alert.severity)};
        return (std::ranges::count(match.values, value) > 0) != match.negated;
    }
    bool is_silenced(const Alert& alert) const {
        return std::ranges::any_of(now().silences, [&](const AlertSilence& each) {
            return each.from <= now().now && now().now < each.until && matches_silence(each, alert);
        });
    }
    bool is_suppressed(const Move& move) const {
        const Alert& alert = move.alert;
        if (alert.held || alert.phase == AlertPhase::pending || is_silenced(alert) || is_snoozed(alert)) return true;
        if (alert.key.scope == Scope::source || !is_open(alert)) return false;
        return !now().customers_believed || !now().present[customer_of(move)];
    }

    // -- what is known ------------------------------------------------------------------------------------------------

    const std::vector<Heard>& heard(const AlertKey& key, const Reader& reader) const {
        static const std::vector<Heard> nothing;
        const auto found = heard_->find({key, reader});
        return found == heard_->end() ? nothing : found->second;
    }
    /// Before this cycle. Who knows that it flaps knows that of each episode.
    Knowledge knowledge(const Alert& alert, const Reader& reader) const {
        const auto& notes = heard(alert.key, reader);
        for (std::size_t at = notes.size(); at-- > 0;) {
            const AlertNote& note = *notes[at].note;
            if (notes[at].cycle >= at_) continue;
            Knowledge known{.severity = note.severity, .told = notes[at].cycle};
            known.handed_over = note.telling == Telling::handed_over;
            known.flapping = note.telling == Telling::flapping || is_rise_of_flapping(notes[at], reader);
            if (note.episode != alert.episode && !known.flapping) return {};
            known.ended = !known.flapping && has_ended_phase(note.phase);
            known.problem = !known.handed_over && !known.ended;
            return known;
        }
        return {};
    }
    /// News of an alert while it flapped: that it does was known before.
    bool is_rise_of_flapping(const Heard& heard, const Reader& reader) const {
        if (heard.note->telling != Telling::news || is_machine(reader)) return false;
        const Laws then{*this, heard.cycle};
        const Move* move = then.find(heard.note->key);
        return move && move->alert.flapping;
    }
    bool is_told_now(const Alert& alert, const Reader& reader) const {
        return std::ranges::any_of(heard(alert.key, reader), [&](const Heard& each) { return each.cycle == at_; });
    }

    /// The last step that is due: as late, and as early, as it can be read.
    struct StepsDue {
        int surely = -1, perhaps = -1;
    };
    StepsDue steps_due(const Move& move) const {
        StepsDue due;
        if (!move.rule || (move.rule->steps.empty() && move.alert.severity == Severity::info)) return due;
        const auto found = std::ranges::find_if(now().delivered, [&](const FirstDelivery& each) {
            return each.key == move.alert.key && each.episode == move.alert.episode;
        });
        if (found == now().delivered.end()) return due;
        Instant earliest = std::min(found->at, now().now);
        for (std::size_t at = 0; at <= at_; ++at) {
            if (life_.cycles[at].now >= found->at || went_back_since(at))
                earliest = std::min(earliest, life_.cycles[at].now);
        }
        if (!went_back_since(0)) earliest = found->at;
        const Seconds most = now().now - earliest - time_in_hand(move.alert, earliest, false);
        const Instant latest = std::min(found->at, now().now);
        const Seconds least = now().now - latest - time_in_hand(move.alert, latest, true);
        for (std::size_t step = 0; step < steps_of(*move.rule).size(); ++step) {
            if (step_after(*move.rule, step) <= most) due.perhaps = static_cast<int>(step);
            if (step_after(*move.rule, step) <= least) due.surely = static_cast<int>(step);
        }
        return due;
    }

    // -- what is due --------------------------------------------------------------------------------------------------

    Due due(const Move& move, const Reader& reader) const {
        const bool about_source = move.alert.key.scope == Scope::source;
        if (is_suppressed(move)) return {};
        const Knowledge known = knowledge(move.alert, reader);
        const bool known_address = about_source && known.problem && !now().clock_jumped;  // though `people` is doubtful
        const bool flapping = move.alert.flapping && !is_machine(reader);
        if (!can_hear(reader, at_, about_source))
            return {.news_now = known_address,
                    .repeat = known_address,
                    .flapping = known_address && flapping && !known.flapping};
        if (flapping) return due_of_flapping(move, reader, known);
        if (has_ended_phase(move.alert.phase)) return due_of_ending(move, reader, known);
        Due result = known.problem ? due_of_known(move, reader, known) : due_of_unknown(move, reader, known);
        add_steps(move, reader, known, result);
        if (is_machine(reader)) result.news_now |= result.news_in_digest, result.must_now |= result.must_in_digest;
        return result;
    }

    /// Said once, and then nothing but that it rose; also to whom it was said to be over (a rise ignores the cooldown).
    /// A rise that comes first says that it flaps: else that would be a second message about the same.
    Due due_of_flapping(const Move& move, const Reader& reader, const Knowledge& known) const {
        const bool told = known.problem || known.ended;
        const bool risen = is_open(move.alert) &&
                           (move.alert.severity > known.severity || (told && has_risen_since(move.alert, known.told)));
        const bool hears = told || is_audience(move, reader) || is_named_by_steps(move, reader);
        Due handover;
        if (known.problem && is_open(move.alert)) add_handover(move, reader, known, handover);
        return {.news_now = risen && hears && known.flapping,
                .handed_over = handover.handed_over,
                .flapping = !known.flapping && hears};
    }

    Due due_of_ending(const Move& move, const Reader& reader, const Knowledge& known) const {
        if (!known.problem) return {};
        const bool at_once = is_machine(reader) || move.alert.key.scope == Scope::source;
        const bool waits = problem_waits(move.alert, reader);
        return {.news_now = at_once || waits || known.flapping || has_answered(move.alert, reader),
                .news_in_digest = true,
                .must_now = (at_once || waits) && !known.flapping,
                .must_in_digest = !known.flapping};
    }
    /// In the outbox, undelivered.
    bool problem_waits(const Alert& alert, const Reader& reader) const {
        return std::ranges::any_of(now().waiting, [&](const WaitingMessage& each) {
            return each.receiver == reader.receiver && each.recipient == reader.person &&
                   std::ranges::any_of(each.tells, [&](const Tell& tell) {
                       return tell.alert.key == alert.key && tell.episode == alert.episode &&
                              tell.transition != Transition::resolved && tell.transition != Transition::closed;
                   });
        });
    }

    /// Of a problem that this reader was not told of, or was told is over.
    Due due_of_unknown(const Move& move, const Reader& reader, const Knowledge& known) const {
        const Alert& alert = move.alert;
        const bool by_step = last_step_due(alert) >= 0 && is_named_by_steps(move, reader);  // taken, or for others
        if (!is_audience(move, reader) && !known.ended && !(known.handed_over && by_step)) return {};
        const bool in_cooldown = alert.ended_on.has_value();
        const bool worse = known.ended && alert.severity > known.severity;
        if (in_cooldown && known.ended && !worse && !has_risen_since(alert, known.told)) return {};
        const bool gentle = alert.severity == Severity::info && alert.key.scope != Scope::source;
        const bool believed = alert.phase == AlertPhase::firing && !in_cooldown && !move.frozen;
        const bool must = believed && is_audience(move, reader) && !(gentle && has_trouble_besides(move));
        const bool budgeted = is_person(reader) && alert.key.scope != Scope::source &&
                              alert.severity != Severity::critical && !alert.adopted;
        return {.news_now = !gentle || alert.adopted,
                .news_in_digest = true,
                .must_now = must && !gentle && !budgeted && !alert.adopted,
                .must_within_budget = must && !gentle,
                .must_in_digest = must};
    }

    /// An opening waits until nothing is wrong with the customer.
    bool has_trouble_besides(const Move& opening) const {
        return std::ranges::any_of(now().moves, [&](const Move& each) {
            return each.alert.customer_id == opening.alert.customer_id && is_open(each.alert) &&
                   each.alert.severity > Severity::info;
        });
    }

    Due due_of_known(const Move& move, const Reader& reader, const Knowledge& known) const {
        const Alert& alert = move.alert;
        Due result;
        const bool firing = alert.phase == AlertPhase::firing;
        if (known.flapping) {
            result.news_now = result.news_in_digest = true;
            result.must_in_digest = firing && !alert.ended_on && !move.frozen && is_audience(move, reader);
            return result;
        }
        if (alert.severity > known.severity) {
            result.news_now = true;
            result.must_now = firing && is_audience(move, reader);
        } else if (alert.severity < known.severity) {
            result.news_in_digest = true;
            result.must_in_digest = is_audience(move, reader);
        }
        const Seconds own = move.rule ? move.rule->repeat : Seconds::max();
        const Seconds pause = alert.key.scope == Scope::source ? std::min(ops_repeat, own) : own;
        const bool may_repeat = firing && alert.severity != Severity::info && !is_machine(reader) && !move.frozen &&
                                !is_acknowledged(alert) && !now().outbox_is_full;
        result.repeat = may_repeat && now().now - seen_from_now(last_said(alert, reader)) >= pause;
        if (result.repeat && alert.severity == known.severity && !alert.ended_on && is_audience(move, reader))
            result.must_in_digest |= !went_back_since(0) && now().now - life_.cycles[known.told].now >= pause;
        if (has_risen_since(alert, known.told)) result.news_now = true;
        add_handover(move, reader, known, result);
        return result;
    }

    /// Whether it was less severe at some time after that cycle.
    bool has_risen_since(const Alert& alert, std::size_t cycle) const {
        for (std::size_t at = cycle + 1; at < at_; ++at) {
            for (const Move& move : life_.cycles[at].moves) {
                if (move.alert.key == alert.key && move.alert.severity < alert.severity) return true;
            }
        }
        return false;
    }
    /// The cycle of the last note but those that say it eased.
    std::size_t last_said(const Alert& alert, const Reader& reader) const {
        const auto& notes = heard(alert.key, reader);
        for (std::size_t at = notes.size(); at-- > 0;) {
            if (notes[at].cycle < at_ && notes[at].note->transition != Transition::eased) return notes[at].cycle;
        }
        return 0;
    }

    void add_handover(const Move& move, const Reader& reader, const Knowledge& known, Due& result) const {
        if (!is_person(reader) || is_audience(move, reader) || move.alert.key.scope == Scope::source) return;
        const std::size_t customer = customer_of(move);
        bool changed = false;
        for (std::size_t at = 0; at < at_; ++at)
            changed |= life_.cycles[at].managers[customer] != life_.cycles[at + 1].managers[customer];
        result.handed_over = changed;
        const bool was_manager = life_.cycles[known.told].managers[customer] == reader.person;
        const bool asks_manager =
            move.rule && (move.rule->notify.empty() || move.rule->notify.front() == "account_manager");
        const bool is_manager = now().managers[customer] == reader.person;
        if (changed && was_manager && !is_manager && asks_manager && move.alert.phase == AlertPhase::firing)
            result.must_in_digest = true;
        // Who has handed it over, and was not told so yet, is not owed anything else.
        if (changed) result.must_now = result.must_within_budget = false;
    }

    void add_steps(const Move& move, const Reader& reader, const Knowledge& known, Due& result) const {
        if (move.alert.phase != AlertPhase::firing || !move.rule || is_acknowledged(move.alert) || move.frozen) return;
        const StepsDue steps = steps_due(move);
        const int taken = step_taken(move.alert, reader);
        for (int step = std::max(taken + 1, std::max(steps.surely, 0)); step <= steps.perhaps; ++step)
            result.step |= step_names(move, static_cast<std::size_t>(step), reader);
        const bool may_be_certain = steps.surely >= 0 && move.alert.severity != Severity::info;
        const bool stranger = !known.problem && !known.ended && !known.handed_over;
        const bool reachable = !is_person(reader) || receivers_of(*move.rule).contains(reader.receiver);
        if (may_be_certain && stranger && reachable && !move.frozen && !move.alert.adopted && !move.alert.ended_on &&
            step_names(move, static_cast<std::size_t>(steps.surely), reader) &&
            steps.surely == last_step_due(move.alert))
            result.must_in_digest = true;
    }

    /// The step of this reader's last step note in this episode, or -1.
    int step_taken(const Alert& alert, const Reader& reader) const {
        const auto& notes = heard(alert.key, reader);
        for (std::size_t at = notes.size(); at-- > 0;) {
            const AlertNote& note = *notes[at].note;
            if (notes[at].cycle >= at_ || note.episode != alert.episode || note.telling != Telling::step) continue;
            const Laws then{*this, notes[at].cycle};
            const Move* move = then.find(alert.key);
            return move ? std::max(then.steps_due(*move).surely, 0) : 0;
        }
        return -1;
    }
    /// That perhaps was due at some time in this episode, or -1: nobody goes back to one before it. (Fewer may be due
    /// now: an answer that a rise outdated counts again once that has eased, and `delivered` leaves out what ended.)
    int last_step_due(const Alert& alert) const {
        int last = -1;
        for (std::size_t at = 0; at <= at_; ++at) {
            const Laws then{*this, at};
            const Move* move = then.find(alert.key);
            if (move && move->alert.episode == alert.episode) last = std::max(last, then.steps_due(*move).perhaps);
        }
        return last;
    }

    const Move* find(const AlertKey& key) const {
        const auto found = std::ranges::find_if(now().moves, [&](const Move& move) { return move.alert.key == key; });
        return found == now().moves.end() ? nullptr : &*found;
    }

    // -- the laws -----------------------------------------------------------------------------------------------------

    void check_cycle() {
        if (!now().same_again) breaks("the same inputs give the same, in whatever order");
        if (!now().too_early.empty()) breaks("nothing is due before wake_at: at " + format_instant(*now().probed_at));
        if (now().clock_jumped && !now().messages.empty()) breaks("a jump of the clock holds messages for a cycle");
        std::set<std::tuple<std::string, std::string, MessageKind>> seen;
        for (const Message& message : now().messages) {
            if (!seen.insert({message.receiver, person_key(message.recipient), message.kind}).second)
                breaks("one message per receiver, person and kind");
        }
        for (const Move& move : now().moves) check_growth(move);
        for (const Reader& reader : readers) {
            if (is_person(reader)) check_budget(reader);
        }
    }

    void check_growth(const Move& move) {
        for (std::size_t at = at_; at-- > 0;) {
            const auto& moves = life_.cycles[at].moves;
            const auto found =
                std::ranges::find_if(moves, [&](const Move& m) { return m.alert.key == move.alert.key; });
            if (found == moves.end()) continue;
            const Alert& before = found->alert;
            if (move.alert.episode < before.episode || move.alert.seq < before.seq)
                breaks("episode and seq never fall: " + move.alert.key.rule + " " + move.alert.key.entity);
            return;
        }
    }

    /// Stories that interrupted: at most those that can count, or at least those that must.
    int stories(const Reader& reader, std::size_t cycle, bool at_most, bool only_gentle = false) const {
        std::map<std::string, std::pair<bool, bool>> found;  // whether something goes on; whether it is grave
        for (const Message& message : life_.cycles[cycle].messages) {
            if (message.receiver != reader.receiver || person_key(message.recipient) != reader.person) continue;
            const bool counts_perhaps = message.kind == MessageKind::ops || message.kind == MessageKind::adoption;
            if (is_digest(message.kind) || (counts_perhaps && !at_most)) continue;
            for (const AlertNote& note : message.notes) {
                auto& [goes_on, grave] = found[note.key.entity];
                goes_on |= !has_ended_phase(note.phase) || at_most;
                grave |= note.severity == Severity::critical || note.transition == Transition::escalated;
            }
        }
        return static_cast<int>(std::ranges::count_if(
            found, [&](const auto& each) { return each.second.first && !(only_gentle && each.second.second); }));
    }
    /// A week ago, now or when the clock had not gone back yet.
    bool is_forgotten(std::size_t cycle) const {
        for (std::size_t at = cycle; at <= at_; ++at) {
            if (life_.cycles[at].now - seen_from_now(cycle) >= week) return true;
        }
        return false;
    }
    int stories_of_week(const Reader& reader, bool at_most) const {
        int used = 0;
        for (std::size_t at = 0; at < at_; ++at) {
            const Seconds age = now().now - std::min(life_.cycles[at].now, now().now);
            if (at_most ? age <= week : !is_forgotten(at)) used += stories(reader, at, at_most);
        }
        return used;
    }
    void check_budget(const Reader& reader) {
        if (stories(reader, at_, false, true) == 0 || reader.person == "oz") return;
        const int total = stories_of_week(reader, false) + stories(reader, at_, false);
        if (total > life_.policy.alerts.budget_per_week)
            breaks("a budget is exceeded by critical stories only: " + reader.person + " has " + std::to_string(total));
    }

    void check_message(const Message& message) {
        const Reader reader{message.receiver, person_key(message.recipient)};
        if (message.kind != MessageKind::ops && is_night(reader, at_))
            breaks("nobody is told anything at night: " + reader.person);
        if (is_machine(reader) && is_digest(message.kind)) breaks("machines get no digests");
        if (is_digest(message.kind) && !now().customers_believed) breaks("no digest without customers");
        if (is_digest(message.kind)) check_digest(message, reader);
        if (message.notes.empty() && !message.digest) breaks("a message without a word");
        for (const AlertNote& note : message.notes) check_note(message, reader, note);
        check_absorption(message, reader);
    }

    void check_digest(const Message& message, const Reader& reader) {
        const Seconds time = local(reader.person, now().now);
        if (time_of(time) < digest_hour) breaks("no digest before its hour: " + reader.person);
        for (std::size_t at = 0; at < at_; ++at) {
            for (const Message& earlier : life_.cycles[at].messages) {
                if (earlier.receiver != reader.receiver || person_key(earlier.recipient) != reader.person) continue;
                if (is_digest(earlier.kind) && day_of(local(reader.person, seen_from_now(at))) == day_of(time))
                    breaks("one digest per local day: " + reader.receiver + " " + reader.person);
                if (message.kind == MessageKind::all_quiet &&
                    day_of(time) - day_of(local(reader.person, seen_from_now(at))) < days{7})
                    breaks("all quiet, though something was sent this week: " + reader.person);
            }
        }
        if (!message.digest) return breaks("a digest has its parts");
        for (const AlertNote& note : message.digest->act_today) {
            const Move* move = find(note.key);
            if (!move || !is_open(move->alert) || is_suppressed(*move) || is_acknowledged(move->alert))
                breaks("who is asked to act today has something to do", reader, note);
        }
    }

    void check_note(const Message& message, const Reader& reader, const AlertNote& note) {
        const Move* move = find(note.key);
        if (!move) return breaks("a note is about an alert", reader, note);
        const Alert& alert = move->alert;
        if (note.episode != alert.episode || note.seq != alert.seq || note.severity != alert.severity ||
            note.phase != alert.phase)
            breaks("a note says what is so", reader, note);
        if ((message.kind == MessageKind::ops) != (note.key.scope == Scope::source) && !is_digest(message.kind))
            breaks("alerts about sources are messages of their own kind", reader, note);
        const Due lawful = due(*move, reader);
        const bool in_digest = is_digest(message.kind);
        switch (note.telling) {
            case Telling::news:
                if (!(in_digest ? lawful.news_in_digest : lawful.news_now))
                    breaks("news that is none, or not yet", reader, note);
                if (alert.adopted && is_open(alert) && (message.kind == MessageKind::alerts) && is_unheard(alert))
                    breaks("what was adopted interrupts nobody", reader, note);
                check_page(*move, reader, note);
                break;
            case Telling::repeat:
                if (!lawful.repeat) breaks("a repeat too early, or of what needs none", reader, note);
                break;
            case Telling::step:
                if (!lawful.step) breaks("a step that is not due, or taken already", reader, note);
                break;
            case Telling::handed_over:
                if (!lawful.handed_over || !in_digest) breaks("handed over by nobody", reader, note);
                break;
            case Telling::flapping:
                if (!lawful.flapping) breaks("said to flap", reader, note);
                break;
            case Telling::restated: breaks("restated to somebody who did not ask", reader, note); break;
        }
    }

    /// Nobody was told of this episode before.
    bool is_unheard(const Alert& alert) const {
        return std::ranges::none_of(readers, [&](const Reader& reader) {
            return std::ranges::any_of(heard(alert.key, reader), [&](const Heard& each) {
                return each.cycle < at_ && each.note->episode == alert.episode;
            });
        });
    }

    /// A page: news of a problem. None before `for`, and at most one per cooldown.
    void check_page(const Move& move, const Reader& reader, const AlertNote& note) {
        const Alert& alert = move.alert;
        if (!is_open(alert) || alert.key.scope == Scope::source || !move.rule) return;
        if (!has_held_for(move)) breaks("no fire before `for`", reader, note);
        const auto& notes = heard(note.key, reader);
        const Heard* page = nullptr;
        for (const Heard& each : notes) {
            if (each.cycle >= at_) break;
            if (each.note->telling == Telling::handed_over || each.note->episode != alert.episode ||
                each.note->telling == Telling::flapping)
                page = nullptr;
            else if (!has_ended_phase(each.note->phase))
                page = &each;
        }
        if (!page || alert.severity != page->note->severity || has_risen_since(alert, page->cycle) ||
            move.rule->cooldown == Seconds{0})
            return;
        const auto ended = last_end(note.key, page->cycle);
        if (ended && data_time(note.key) - *ended <= move.rule->cooldown) breaks("one page per cooldown", reader, note);
    }

    /// The data time of the last fresh look.
    Day data_time(const AlertKey& key) const {
        for (std::size_t at = at_ + 1; at-- > 0;) {
            const Finding& finding = life_.cycles[at].findings.at(key);
            if (!finding.frozen) return finding.data_time;
        }
        return {};
    }
    /// When the alert last ended, if after that cycle, and has not been worth a page since.
    std::optional<Day> last_end(const AlertKey& key, std::size_t after) const {
        for (std::size_t at = at_ + 1; at-- > after + 1;) {
            for (const Move& move : life_.cycles[at].moves) {
                if (move.alert.key != key) continue;
                const Transition what = move.transition;
                if (what == Transition::fired || what == Transition::escalated) return {};
                if ((what == Transition::resolved || what == Transition::closed) && !move.alert.held)
                    return life_.cycles[at].findings.at(key).data_time;
            }
        }
        return {};
    }
    bool has_held_for(const Move& move) const {
        std::size_t fired = at_;
        for (std::size_t at = at_ + 1; at-- > 0;) {
            const auto& moves = life_.cycles[at].moves;
            const auto found =
                std::ranges::find_if(moves, [&](const Move& m) { return m.alert.key == move.alert.key; });
            if (found == moves.end() || found->alert.episode != move.alert.episode ||
                found->alert.phase == AlertPhase::pending)
                break;
            fired = at;
        }
        std::optional<Day> last, first;
        for (std::size_t at = fired + 1; at-- > 0;) {
            const Finding& finding = life_.cycles[at].findings.at(move.alert.key);
            if (finding.frozen || !finding.present || finding.when == Truth::unknown) continue;
            if (finding.when == Truth::no || finding.ended) break;
            if (!last) last = finding.data_time;
            first = finding.data_time;
        }
        return first && *last - *first >= move.rule->trigger.hold;
    }

    void check_owed(const Move& move, const Reader& reader) {
        const Due owed = due(move, reader);
        if (is_told_now(move.alert, reader)) return;
        const auto lost = [&](const char* law) {
            breaks(std::string{law} + ": " + reader.receiver + " " + reader.person + " about " + move.alert.key.rule +
                   " " + move.alert.key.entity + " episode " + std::to_string(move.alert.episode) + " " +
                   std::string{phase_name(move.alert.phase)} + " " + std::string{severity_name(move.alert.severity)});
        };
        if (owed.must_now) return lost("what cannot wait is told at once");
        if (owed.must_in_digest && is_digest_due(reader)) return lost("nothing is lost: the next digest tells it");
        if (owed.must_within_budget && !move.alert.adopted &&
            stories_of_week(reader, true) + stories(reader, at_, true) < life_.policy.alerts.budget_per_week)
            lost("nothing waits while there is budget");
    }

    void check_absorption(const Message& message, const Reader& reader) {
        if (message.absorbs.empty() && !message.together.empty()) breaks("`together` takes something along");
        for (const std::string& id : message.absorbs) {
            const auto waits = std::ranges::find(now().waiting, id, &WaitingMessage::delivery_id);
            if (waits == now().waiting.end()) {
                breaks("only what waits is absorbed");
                continue;
            }
            if (waits->receiver != reader.receiver || waits->recipient != reader.person ||
                (waits->kind == MessageKind::ops) != (message.kind == MessageKind::ops))
                breaks("only messages to the same reader are absorbed");
            for (const Tell& tell : waits->tells) check_taken_along(message, reader, tell);
        }
        if (message.absorbs.empty()) return;
        for (const AlertNote& note : message.notes) {
            if (std::ranges::find(message.together, note.key, &AlertNote::key) == message.together.end())
                breaks("`together` says all that the message says", reader, note);
        }
    }
    void check_taken_along(const Message& message, const Reader& reader, const Tell& tell) {
        const auto note = std::ranges::find(message.together, tell.alert.key, &AlertNote::key);
        if (note == message.together.end())
            return breaks("what is absorbed is told: " + tell.alert.key.rule + " " + tell.alert.key.entity);
        const bool was_problem = tell.transition != Transition::resolved && tell.transition != Transition::closed;
        if (was_problem && tell.episode == note->episode && has_ended_phase(note->phase) &&
            note->untold_problem.empty())
            breaks("an ending whose problem never arrived says both", reader, *note);
    }

    const Life& life_;
    std::size_t at_ = 0;
    std::shared_ptr<const HeardBy> heard_;
    std::vector<std::string> broken_;
};

}  // namespace

const Zone& zone_in(const Life& life, std::string_view person) {
    static const Zone east{.name = "East", .offsets = {{Instant{}, hours{9}}}};
    return person == "bo" ? east : life.policy.zone;
}

std::vector<std::string> broken_laws(const Life& life) { return Laws{life}.check(); }

}  // namespace retaind::test
