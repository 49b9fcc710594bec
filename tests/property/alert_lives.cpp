#include "alert_lives.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "support/rows.hpp"

namespace retaind::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::null;
using testing::Rows;

constexpr Day first_day{std::chrono::year{2026} / 3 / 2};
const char* const customer_ids[] = {"c0", "c1", "c2"};
constexpr unsigned all_customers = (1u << customers_of_a_life) - 1;

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ull + 1) {}
    int below(int n) { return static_cast<int>((engine_() >> 33) % static_cast<std::uint64_t>(n)); }
    bool percent(int n) { return below(100) < n; }
    template <class T, std::size_t N>
    const T& of(const T (&values)[N]) {
        return values[below(static_cast<int>(N))];
    }
    std::mt19937_64& engine() { return engine_; }

private:
    std::mt19937_64 engine_;
};

/// Of the customers in `mask`. Ada's deputy is Bo, who lives in the East; Lea leads both; Oz is ops.
Snapshot snapshot_of(unsigned mask) {
    Rows customers{.kind = DatasetKind::customers, .columns = {"customer_id", "name", "account_manager"}, .rows = {}};
    for (unsigned at = 0; at < customers_of_a_life; ++at) {
        if (mask >> at & 1) customers.rows.push_back({customer_ids[at], customer_ids[at], "ada"});
    }
    const Rows people{.kind = DatasetKind::people,
                      .columns = {"person_id", "name", "email", "lead_id", "deputy_id", "timezone"},
                      .rows = {{"ada", "Ada", "ada@x.org", "lea", "bo", null},
                               {"bo", "Bo", "bo@x.org", "lea", null, "East"},
                               {"lea", "Lea", "lea@x.org", null, null, null},
                               {"oz", "Oz", "oz@x.org", null, null, null}}};
    Rows usage{.kind = DatasetKind::usage, .columns = {"customer_id", "at", "value"}, .rows = {}};
    Rows touchpoints{.kind = DatasetKind::touchpoints, .columns = {"customer_id", "at", "kind"}, .rows = {}};
    Snapshot snapshot =
        testing::snapshot_of({customers, people, usage, touchpoints}, {.as_of = first_day, .read_from = first_day});
    snapshot.zones = {{.name = "East", .offsets = {{Instant{}, hours{9}}}}};
    return snapshot;
}

/// One for each set of customers that are there; what changes daily is set by each cycle.
Snapshot& snapshot_with(unsigned mask) {
    static std::vector<Snapshot> all = [] {
        std::vector<Snapshot> made;
        for (unsigned each = 0; each <= all_customers; ++each) made.push_back(snapshot_of(each));
        return made;
    }();
    return all[mask];
}

Policy any_policy(Dice& dice) {
    const char* const nights[] = {"", "20:00-07:00", "20:00-07:00"};
    const int budgets[] = {1, 2, 10};
    const int blasts[] = {1, 2, 100, 100};
    const std::vector<std::string> routes[] = {{"mail"}, {"mail", "chat", "hook"}, {"mail", "hook"}, {"chat", "mail"}};
    Policy policy;
    policy.receivers = {
        {.name = "chat"}, {.name = "hook", .is_machine = true}, {.name = "mail", .addresses_people = true}};
    policy.routes = {{.match = {}, .receivers = dice.of(routes)}};
    policy.defaults = {.lead = "lea", .deputy = "", .ops = "oz"};
    policy.zone = {.name = "West", .offsets = {{Instant{}, hours{-5}}, {first_day + days{12} + hours{7}, hours{-4}}}};
    policy.alerts = {.budget_per_week = dice.of(budgets),
                     .digest = "08:00",
                     .quiet_hours = dice.of(nights),
                     .blast_share = 0,
                     .blast_min = dice.of(blasts)};
    if (dice.percent(30)) policy.alerts.escalation = {{.after = days{2}, .notify = {"lead"}}};
    return policy;
}

Rule any_rule(Dice& dice, int number) {
    const Seconds spans[] = {Seconds{0}, Seconds{0}, hours{24}, hours{48}};
    const Seconds cooldowns[] = {Seconds{0}, hours{24}, days{5}};
    const Seconds repeats[] = {days{1}, days{3}, days{7}};
    const Severity severities[] = {Severity::info, Severity::warning, Severity::warning, Severity::critical};
    const std::vector<std::string> notified[] = {
        {"account_manager"}, {"account_manager"}, {}, {"account_manager", "lead"}, {"hook"}, {"lead"}};
    Rule rule{.name = "r" + std::to_string(number),
              .trigger = {.hold = dice.of(spans)},
              .keep_firing_for = dice.of(spans),
              .severity = dice.of(severities),
              .notify = dice.of(notified)};
    if (rule.severity != Severity::critical && dice.percent(50)) rule.critical = Trigger{.hold = dice.of(spans)};
    rule.cooldown = dice.of(cooldowns);
    rule.repeat = dice.of(repeats);
    rule.reads = {number == 0 ? "usage" : "touchpoints"};
    if (!rule.notify.empty() && is_role(rule.notify.front())) rule.doer = rule.notify.front();
    if (dice.percent(40)) rule.steps.push_back({.after = days{1}, .notify = {"lead"}, .advice = {}});
    if (!rule.steps.empty() && dice.percent(50))
        rule.steps.push_back({.after = days{3}, .notify = {"chat"}, .advice = {}});
    return rule;
}

/// A message in the outbox.
struct Waiting {
    WaitingMessage message;
    Reader reader;
    std::vector<AlertNote> notes;
};

class World {
public:
    World(std::uint64_t seed, const LifeOptions& options) : dice_(seed), options_(options) {
        life_.seed = seed;
        life_.policy = any_policy(dice_);
        const int count = 1 + dice_.below(2);
        for (int at = 0; at < count; ++at) life_.rules.push_back(any_rule(dice_, at));
        customers_ = 1 + dice_.below(customers_of_a_life);
        quick_ = dice_.percent(40);
        adopts_ = dice_.percent(40);
        curious_ = dice_.percent(8);
        rules_.policy = life_.policy;
        rules_.rules = life_.rules;
    }

    Life live() {
        for (int at = 0; at < options_.cycles; ++at) cycle();
        return std::move(life_);
    }

private:
    void cycle() {
        LivedCycle now = wander();
        const std::vector<FeedVerdict> feeds = look(now);
        Snapshot& snapshot = shown(now);
        now.moves = evaluate(now, snapshot, feeds);
        std::vector<Move> moves = now.moves;
        const std::vector<WatchedCustomer> watched = watch(snapshot);
        NotifyInput input{.snapshot = snapshot,
                          .rules = rules_,
                          .feeds = feeds,
                          .now = now.now,
                          .clock_jumped = now.clock_jumped,
                          .customers = watched,
                          .acts = life_.acts,
                          .silences = now.silences,
                          .delivered = now.delivered,
                          .waiting = now.waiting,
                          .mailings = mailings_,
                          .interruptions = interruptions_,
                          .outbox_is_full = now.outbox_is_full};
        const MessagePlan plan = plan_messages(input, moves);
        if (curious_) ask_again(input, plan, moves, now);
        alerts_ = kept_alerts(moves, now.as_of);
        past_ = remember_feeds(snapshot, past_, feeds);
        mailings_ = plan.mailings;
        interruptions_ = plan.interruptions;
        now.messages = plan.messages;
        life_.cycles.push_back(std::move(now));
        deliver(life_.cycles.back());
        react(life_.cycles.back());
    }

    // -- the world ----------------------------------------------------------------------------------------------------

    LivedCycle wander() {
        const Seconds quick[] = {minutes{15}, hours{1}, hours{3}, hours{5}, hours{9}};
        const Seconds slow[] = {hours{6}, hours{11}, hours{24}, hours{24}, hours{25}};
        const Seconds jumps[] = {hours{1}, hours{-1}, days{1}, days{-1}, days{7}, days{21}, days{-2}};
        LivedCycle next{.now = {}, .as_of = {}, .managers = {}, .present = {}};
        now_ += quick_ ? dice_.of(quick) : dice_.of(slow);
        if (dice_.percent(options_.percent_jump)) {
            now_ += dice_.of(jumps);
            next.clock_jumped = dice_.percent(75);  // else it happened while the daemon was off
        }
        as_of_ = std::max(as_of_, std::chrono::floor<days>(now_) - days{1});
        for (int at = 0; at < customers_of_a_life; ++at) {
            if (dice_.percent(3)) managers_[at] = managers_[at] == "ada" ? "bo" : "ada";
            absent_[at] = absent_[at] > 0 ? absent_[at] - 1 : dice_.percent(2) ? 1 + dice_.below(4) : 0;
            next.present[at] = at < customers_ && absent_[at] == 0;
        }
        if (dice_.percent(5)) ada_is_away_ = !ada_is_away_;
        went_back_ |= !life_.cycles.empty() && now_ <= life_.cycles.back().now;
        next.now = now_;
        next.as_of = as_of_;
        next.managers = managers_;
        next.ada_is_away = ada_is_away_;
        next.outbox_is_full = dice_.percent(2);
        std::erase_if(silences_, [&](const AlertSilence& each) { return each.until <= now_; });
        next.silences = silences_;
        for (auto& [receiver, cycles] : down_) {
            if (cycles > 0 ? --cycles == 0 : false) flush(receiver, dice_.percent(50));
            if (cycles == 0 && dice_.percent(options_.percent_outage)) cycles = 1 + dice_.below(8);
        }
        return next;
    }

    void flush(const std::string& receiver, bool at_once) {
        if (at_once) arrive_all([&](const Waiting& each) { return each.reader.receiver == receiver; });
    }

    /// What may be believed. A feed that is in trouble stays so for some cycles.
    std::vector<FeedVerdict> look(LivedCycle& now) {
        const auto verdict = [&](const char* dataset, const char* source, int share) {
            int& cycles = trouble_[dataset];
            cycles = cycles > 0 ? cycles - 1 : dice_.percent(share) ? 1 + dice_.below(5) : 0;
            if (cycles == 0) watermarks_[dataset] = std::max(watermarks_[dataset], now.as_of - days{dice_.below(2)});
            const FeedTrouble kinds[] = {FeedTrouble::stale, FeedTrouble::suspect};
            return FeedVerdict{.dataset = dataset,
                               .source = source,
                               .trouble = cycles == 0 ? FeedTrouble::none : kinds[share % 2],
                               .because = "trouble",
                               .watermark = watermarks_[dataset],
                               .rows = 100};
        };
        std::vector<FeedVerdict> feeds = {verdict("customers", "crm", 1), verdict("people", "crm", 1),
                                          verdict("touchpoints", "desk", options_.percent_frozen),
                                          verdict("usage", "app", options_.percent_frozen)};
        now.customers_believed = feeds[0].trouble == FeedTrouble::none;
        now.people_believed = feeds[1].trouble == FeedTrouble::none;
        feeds[0].watermark = feeds[1].watermark = now.as_of;
        for (const Alert& alert : alerts_) {
            const auto found = delivered_.find({alert.key, alert.episode});
            if (is_open(alert) && found != delivered_.end())
                now.delivered.push_back({alert.key, alert.episode, found->second});
        }
        for (const Waiting& each : waiting_) now.waiting.push_back(each.message);
        now.acts = life_.acts.size();
        return feeds;
    }

    Snapshot& shown(const LivedCycle& now) {
        unsigned mask = 0;
        for (unsigned at = 0; at < customers_of_a_life; ++at) mask |= now.present[at] ? 1u << at : 0;
        Snapshot& snapshot = snapshot_with(mask);
        snapshot.as_of = now.as_of;
        for (Customer& customer : snapshot.customers) {
            const auto at = static_cast<std::size_t>(snapshot.text(customer.id).back() - '0');
            customer.account_manager = snapshot.person(now.managers[at])->id;
        }
        snapshot.people.front().away_until =
            now.ada_is_away ? std::optional{now.as_of + days{60}} : std::optional<Day>{};
        return snapshot;
    }

    static std::vector<WatchedCustomer> watch(const Snapshot& snapshot) {
        std::vector<WatchedCustomer> watched;
        for (CustomerIndex at = 0; at < snapshot.customers.size(); ++at) watched.push_back({.customer = at});
        return watched;
    }

    std::vector<Move> evaluate(LivedCycle& now, const Snapshot& snapshot, const std::vector<FeedVerdict>& feeds) {
        std::vector<Move> moves;
        for (const Rule& rule : life_.rules) {
            for (int at = 0; at < customers_; ++at) {
                const AlertKey key{.rule = rule.name, .scope = Scope::customer, .entity = customer_ids[at]};
                const Finding finding = find(rule, at, now, feeds);
                now.findings[key] = finding;
                const auto before = std::ranges::find(alerts_, key, &Alert::key);
                AlertStep stepped = step(before == alerts_.end() ? nullptr : &*before, key, rule, finding);
                if (!stepped.after) continue;
                if (!finding.frozen)
                    note_evaluation(before == alerts_.end() ? nullptr : &*before, *stepped.after, now.as_of);
                dress(*stepped.after, at, now.now);
                moves.push_back({.alert = std::move(*stepped.after),
                                 .transition = stepped.transition,
                                 .rule = &rule,
                                 .adopting = adopts_ && life_.cycles.empty(),
                                 .frozen = finding.frozen,
                                 .step_advice = std::vector<std::string>(rule.steps.size())});
            }
        }
        std::vector<AlertKey> released;
        for (const Alert& alert : alerts_) {
            if (alert.held && dice_.percent(15)) released.push_back(alert.key);
        }
        guard({.snapshot = snapshot,
               .policy = life_.policy.alerts,
               .past = past_,
               .feeds = feeds,
               .before = alerts_,
               .live_customers = snapshot.customers.size(),
               .released = released,
               .now = now.now},
              moves);
        return moves;
    }

    /// A customer's trouble wanders: 0 well, 1 between, 2 in trouble, 3 in deep trouble.
    Finding find(const Rule& rule, int customer, const LivedCycle& now, const std::vector<FeedVerdict>& feeds) {
        const int moves[] = {-1, 0, 0, 1};
        int& level = levels_[{rule.name, customer}];
        level = std::clamp(level + dice_.of(moves), 0, 3);
        if (dice_.percent(25)) level = dice_.of({0, 2, 2, 3});
        const auto time = data_time(feeds, rule, now.as_of);
        return {.frozen = !time,
                .present = now.present[static_cast<std::size_t>(customer)],
                .ended = dice_.percent(1),
                .when = truth(level >= 2),
                .clear = truth(level == 0),
                .critical_when = truth(level == 3),
                .critical_clear = truth(level <= 1),
                .data_time = time.value_or(now.as_of),
                .as_of = now.as_of};
    }

    void dress(Alert& alert, int customer, Instant now) {
        alert.customer_id = customer_ids[customer];
        alert.message = "trouble";
        alert.revenue = 1000.0 * (customer + 1);
        if (!alert.opened_at && alert.phase == AlertPhase::firing) alert.opened_at = now;
    }

    // -- asking twice -------------------------------------------------------------------------------------------------

    /// The same again, with the moves in another order; and at a moment before wake_at, where nothing may be due.
    void ask_again(const NotifyInput& input, const MessagePlan& plan, const std::vector<Move>& after, LivedCycle& now) {
        std::vector<Move> again = now.moves;
        std::shuffle(again.begin(), again.end(), dice_.engine());
        const MessagePlan twin = plan_messages(input, again);
        now.same_again = twin.messages == plan.messages;
        now.again = now.same_again ? std::vector<Message>{} : twin.messages;
        for (const Move& move : after) {
            const auto found = std::ranges::find(again, move.alert.key, [](const Move& m) { return m.alert.key; });
            now.same_again = now.same_again && found->alert == move.alert;
        }
        if (now.clock_jumped || now.outbox_is_full || !now.people_believed || plan.over_budget > 0) return;
        const Instant end = plan.wake_at.value_or(now.now + days{3});
        if (end <= now.now + Seconds{1}) return;
        NotifyInput later = input;
        later.mailings = plan.mailings;
        later.interruptions = plan.interruptions;
        later.now = now.now + Seconds{1 + dice_.below(static_cast<int>((end - now.now).count()) - 1)};
        std::vector<Move> still = after;
        for (Move& move : still) move.transition = Transition::none;
        now.too_early = plan_messages(later, still).messages;
        now.probed_at = later.now;
        now.wake_at = plan.wake_at;
    }

    // -- the outbox, and who answers ----------------------------------------------------------------------------------

    void deliver(const LivedCycle& cycle) {
        for (const Message& message : cycle.messages) {
            const std::string id = identity(message);
            // Where the clock went back or stood, what is said again of the same day or second is the same.
            const bool same_time = went_back_ && !message.occurrence.empty();
            if (!ids_.insert(id).second) {  // the outbox keeps the first
                if (!same_time) life_.lost_ids.push_back(std::to_string(life_.cycles.size() - 1) + " " + id);
                continue;
            }
            const auto waits = [&](const std::string& absorbed) {
                return std::ranges::any_of(waiting_,
                                           [&](const Waiting& w) { return w.message.delivery_id == absorbed; });
            };
            const bool absorbs = !message.absorbs.empty() && std::ranges::all_of(message.absorbs, waits);
            Waiting queued = queue(message, id, absorbs ? message.together : message.notes);
            if (absorbs) {
                std::erase_if(waiting_, [&](const Waiting& each) {
                    return std::ranges::count(message.absorbs, each.message.delivery_id) > 0;
                });
            }
            waiting_.push_back(std::move(queued));
        }
        arrive_all([&](const Waiting& each) { return down_[each.reader.receiver] == 0; });
    }

    static Waiting queue(const Message& message, const std::string& id, const std::vector<AlertNote>& notes) {
        const Reader reader{message.receiver, person_key(message.recipient)};
        Waiting queued{.message = {.delivery_id = id,
                                   .receiver = reader.receiver,
                                   .recipient = reader.person,
                                   .kind = message.kind},
                       .reader = reader,
                       .notes = notes};
        for (const AlertNote& note : notes) {
            queued.message.tells.push_back(
                {.alert = {.key = note.key, .severity = note.severity, .customer_id = note.customer_id},
                 .episode = note.episode,
                 .seq = note.seq,
                 .transition = note.transition});
        }
        return queued;
    }

    template <class Which>
    void arrive_all(Which which) {
        for (const Waiting& each : waiting_) {
            if (!which(each)) continue;
            for (const AlertNote& note : each.notes) delivered_.try_emplace({note.key, note.episode}, now_);
        }
        std::erase_if(waiting_, which);
    }

    void react(const LivedCycle& cycle) {
        if (dice_.percent(options_.percent_silence)) silence();
        if (!dice_.percent(options_.percent_acts)) return;
        std::vector<const Alert*> open;
        for (const Alert& alert : alerts_) {
            if (is_open(alert) && alert.key.scope == Scope::customer && !alert.told.empty()) open.push_back(&alert);
        }
        if (open.empty()) return;
        const Alert& alert = *open[static_cast<std::size_t>(dice_.below(static_cast<int>(open.size())))];
        const ActKind kinds[] = {ActKind::seen, ActKind::on_it, ActKind::wrong, ActKind::snooze, ActKind::resume};
        const Seconds spans[] = {hours{12}, days{3}, days{14}};
        const ActKind kind = dice_.of(kinds);
        if (kind != ActKind::resume && answered_until_[{alert.key, kind == ActKind::snooze}] > cycle.now) return;
        const Instant until = cycle.now + (kind == ActKind::resume ? Seconds{0} : dice_.of(spans));
        answered_until_[{alert.key, kind == ActKind::snooze}] = until;
        if (kind == ActKind::resume) answered_until_[{alert.key, true}] = until;
        const Told& told = alert.told[static_cast<std::size_t>(dice_.below(static_cast<int>(alert.told.size())))];
        life_.acts.push_back({.key = alert.key,
                              .episode = alert.episode,
                              .kind = kind,
                              .severity = alert.severity,
                              .at = cycle.now,
                              .until = until,
                              .by = told.recipient.empty() ? told.receiver : told.recipient,
                              .via = "link",
                              .comment = "because"});
    }

    void silence() {
        const Route::Match matches[] = {{.field = "rule", .values = {"r0"}},
                                        {.field = "customer_id", .values = {"c0", "c1"}},
                                        {.field = "severity", .values = {"warning"}},
                                        {.field = "entity", .negated = true, .values = {"c0"}}};
        const Seconds spans[] = {hours{6}, days{1}, days{3}};
        const Instant from = now_ + (dice_.percent(50) ? Seconds{0} : Seconds{hours{6}});
        silences_.push_back({.id = "s" + std::to_string(silences_.size()),
                             .match = {dice_.of(matches)},
                             .from = from,
                             .until = from + dice_.of(spans),
                             .author = "root",
                             .comment = "because"});
    }

    Dice dice_;
    LifeOptions options_;
    Life life_;
    RuleSet rules_;
    int customers_ = 1;
    bool went_back_ = false, quick_ = false, adopts_ = false, curious_ = false, ada_is_away_ = false;
    Instant now_ = first_day + hours{12};
    Day as_of_ = first_day - days{1};
    std::array<std::string, customers_of_a_life> managers_ = {"ada", "bo", "ada"};
    std::array<int, customers_of_a_life> absent_ = {};
    std::map<std::string, int> down_ = {{"chat", 0}, {"hook", 0}, {"mail", 0}}, trouble_;
    std::map<std::string, Day> watermarks_;
    std::map<std::pair<std::string, int>, int> levels_;
    std::map<std::pair<AlertKey, std::int64_t>, Instant> delivered_;
    std::map<std::pair<AlertKey, bool>, Instant> answered_until_;
    std::vector<Waiting> waiting_;
    std::set<std::string> ids_;
    std::vector<Alert> alerts_;
    std::vector<FeedDay> past_;
    std::vector<Mailing> mailings_;
    std::vector<Interruption> interruptions_;
    std::vector<AlertSilence> silences_;
};

}  // namespace

Life live_randomly(std::uint64_t seed, const LifeOptions& options) { return World{seed, options}.live(); }

}  // namespace retaind::test
