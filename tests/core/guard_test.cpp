// Data first: feeds that may not be believed, mass changes that may not be announced, rules that are new (QUALITY.md
// D5).
#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retaind/alerts/guard.hpp"
#include "retaind/alerts/notify.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Rows;
using testing::TextRow;

constexpr Day first_day{std::chrono::year{2026} / 3 / 1};
Day on(int day) { return first_day + days{day}; }

// -- a small company, its bad nights, and a small cycle ---------------------------------------------------------------

constexpr int customers = 60, bad_from = 6, bad_until = 9, last = 14;
// c0 and c1 are quiet from the start; c1 comes back on day 7, c2 falls quiet on day 7: in the middle of the bad days.
bool uses(int customer, int day) {
    if (customer == 0) return false;
    if (customer == 1) return day >= 7;
    if (customer == 2) return day < 7;
    return true;
}

std::string id(int number) { return "c" + std::to_string(number); }

struct Company {
    Rows customers{.kind = DatasetKind::customers, .columns = {"customer_id", "name", "account_manager"}, .rows = {}};
    Rows subscriptions{.kind = DatasetKind::subscriptions,
                       .columns = {"subscription_id", "customer_id", "status", "started_on", "mrr"},
                       .rows = {}};
    Rows usage{.kind = DatasetKind::usage, .columns = {"customer_id", "at", "value"}, .rows = {}};
    Rows people{.kind = DatasetKind::people, .columns = {"person_id", "email"}, .rows = {}};
    std::set<std::string> failed = {};   ///< datasets
    std::set<std::string> refused = {};  ///< datasets with too many bad rows
};

Company company_on(int day) {
    Company company;
    for (int at = 0; at < customers; ++at) {
        company.customers.rows.push_back({id(at), "Name " + std::to_string(at), at % 2 == 0 ? "ada" : "bo"});
        company.subscriptions.rows.push_back({"s" + std::to_string(at), id(at), "active", "2025-01-01", "49.00"});
        for (int used = day - 14; used <= day; ++used) {
            company.usage.rows.push_back({id(at), format_day(on(used)), uses(at, used) ? "5" : "0"});
        }
    }
    for (int at = 0; at < 12; ++at) {
        const std::string name = at == 0 ? "ada" : at == 1 ? "bo" : "person" + std::to_string(at);
        company.people.rows.push_back({name, name + "@example.org"});
    }
    company.usage.options.stale_after = 36h;
    company.usage.options.source = "tracker";
    for (Rows* rows : {&company.customers, &company.subscriptions, &company.people}) rows->options.source = "crm";
    return company;
}

Snapshot snapshot_of(const Company& company, int day) {
    std::vector<Dataset> read;
    std::vector<FailedDataset> failed;
    for (const Rows* rows : {&company.customers, &company.subscriptions, &company.usage, &company.people}) {
        DatasetOptions options = rows->options;
        options.name = rows->name();
        options.kind = rows->kind;
        if (company.failed.contains(rows->name()))
            failed.push_back({.options = options, .error = "cannot connect"});
        else if (company.refused.contains(rows->name()))
            failed.push_back({.options = options, .error = "6 of 100 rows are bad", .refused = true});
        else
            read.push_back(testing::read(*rows));
    }
    return assemble(std::move(read), std::move(failed), {.as_of = on(day), .read_from = on(day - 14)});
}

/// Quiet: no use on the last three days up to the watermark.
Truth is_quiet(const Snapshot& snapshot, CustomerIndex customer) {
    const Series* usage = snapshot.find_series("usage");
    const auto newest = watermark(snapshot, "usage");
    if (!usage || !newest) return Truth::unknown;
    double used = 0;
    for (std::uint32_t row = usage->first[customer]; row < usage->first[customer + 1]; ++row) {
        const Day day{days{usage->day[row]}};
        if (day > *newest - days{3} && day <= *newest) used += usage->value[row];
    }
    return truth(used == 0);
}

struct Sent {
    std::string to, entity, what;
    auto operator<=>(const Sent&) const = default;
    friend void PrintTo(const Sent& sent, std::ostream* out) {
        *out << sent.entity << " " << sent.what << " -> " << sent.to;
    }
};

/// A cycle with one rule, and what it remembers.
class Daemon {
public:
    Daemon() {
        rules.rules.push_back(
            {.name = "quiet", .notify = {"account_manager"}, .doer = "account_manager", .reads = {"usage"}});
        rules.policy.receivers = {{.name = "mail", .addresses_people = true}};
        rules.policy.defaults.ops = "ops@example.org";
        rules.policy.alerts.digest = "04:00";
    }

    /// What was sent; nothing else leaves a cycle.
    std::vector<Message> cycle(const Snapshot& snapshot, Instant now) {
        const Rule& rule = rules.rules.front();
        const auto feeds = judge_feeds(snapshot, feed_days, rules.policy.alerts);
        const auto time = data_time(feeds, rule, snapshot.as_of);
        std::map<AlertKey, Finding> findings;
        std::size_t live = 0;
        for (CustomerIndex at = 0; at < snapshot.customers.size(); ++at) {
            if (!is_live(snapshot, at, snapshot.as_of)) continue;
            ++live;
            const Truth quiet = is_quiet(snapshot, at);
            findings[key(snapshot.text(snapshot.customers[at].id))] = {.when = quiet, .clear = negation(quiet)};
        }
        std::map<AlertKey, Alert> before;
        for (const Alert& alert : alerts) {
            before[alert.key] = alert;
            if (alert.key.rule == "quiet" && !findings.contains(alert.key)) findings[alert.key] = {.present = false};
        }
        std::vector<Move> moves;
        for (auto& [entity, finding] : findings) {
            finding.frozen = !time;
            finding.data_time = time.value_or(snapshot.as_of);
            finding.as_of = snapshot.as_of;
            auto stepped = step(before.contains(entity) ? &before[entity] : nullptr, entity, rule, finding);
            if (!stepped.after) continue;
            stepped.after->customer_id = entity.entity;
            moves.push_back({*stepped.after, stepped.transition, &rule, adopts(known, rules, rule)});
        }
        guard({.snapshot = snapshot,
               .policy = rules.policy.alerts,
               .past = feed_days,
               .feeds = feeds,
               .before = alerts,
               .live_customers = live,
               .undelivered = undelivered,
               .floors = floors,
               .now = now},
              moves);
        auto plan = plan_messages(
            {.snapshot = snapshot, .rules = rules, .feeds = feeds, .now = now, .mailings = mailings}, moves);
        mailings = plan.mailings;
        alerts = kept_alerts(moves, snapshot.as_of);
        feed_days = remember_feeds(snapshot, feed_days, feeds);
        known = remember_rules(known, rules, {time.has_value()});
        return plan.messages;
    }

    static AlertKey key(std::string_view customer) {
        return {.rule = "quiet", .scope = Scope::customer, .entity = std::string{customer}};
    }

    std::size_t held() const {
        return static_cast<std::size_t>(
            std::count_if(alerts.begin(), alerts.end(), [](const Alert& a) { return a.held; }));
    }

    std::multiset<std::string> open() const {
        std::multiset<std::string> found;
        for (const Alert& alert : alerts) {
            if (is_open(alert)) found.insert(alert.key.entity + " " + std::string{phase_name(alert.phase)});
        }
        return found;
    }

    RuleSet rules;
    std::vector<Alert> alerts = {};
    std::vector<FeedDay> feed_days = {};
    std::vector<AdoptedRule> known = {};
    std::vector<Undelivered> undelivered = {};
    std::vector<FlooredRule> floors = {};
    std::vector<Mailing> mailings = {};
};

struct History {
    std::multiset<Sent> to_managers, to_ops;
    std::multiset<std::string> open;  ///< at the end
    std::size_t most_held = 0, held_at_end = 0;
    std::multiset<Sent> on_bad_days;  ///< to managers
    std::size_t on_second_looks = 0;  ///< messages of cycles that read the same load again
};

using Fault = std::function<void(Company&, int day)>;

/// Fourteen days with a fault on days 6 to 8, each day's load read twice.
History live(const Fault& fault) {
    Daemon daemon;
    History history;
    for (int day = 0; day <= last; ++day) {
        Company company = company_on(day);
        const bool bad = day >= bad_from && day < bad_until;
        if (bad) fault(company, day);
        const Snapshot snapshot = snapshot_of(company, day);
        const Instant now = Instant{on(day + 1)} + 4h;
        for (const Message& message : daemon.cycle(snapshot, now)) {
            for (const AlertNote& note : message.notes) {
                if (note.telling == Telling::repeat) continue;
                const Sent sent{message.recipient.email, note.key.rule + " " + note.key.entity,
                                std::string{transition_name(note.transition)}};
                (message.kind == MessageKind::ops ? history.to_ops : history.to_managers).insert(sent);
                if (bad && message.kind != MessageKind::ops) history.on_bad_days.insert(sent);
            }
        }
        history.on_second_looks += daemon.cycle(snapshot, now + 1h).size();
        history.most_held = std::max(history.most_held, daemon.held());
    }
    history.open = daemon.open();
    history.held_at_end = daemon.held();
    return history;
}

// -- the faults -----------------------------------------------------------------------------------------------------

int number_of(const TextRow& row, std::size_t column = 0) { return std::stoi(row[column]->substr(1)); }

void keep_if(Rows& rows, const std::function<bool(const TextRow&)>& keeps) {
    std::erase_if(rows.rows, [&](const TextRow& row) { return !keeps(row); });
}

void keep_customers(Company& company, const std::function<bool(int)>& keeps) {
    keep_if(company.customers, [&](const TextRow& row) { return keeps(number_of(row)); });
    keep_if(company.subscriptions, [&](const TextRow& row) { return keeps(number_of(row, 1)); });
}

void times(Rows& rows, int factor) {
    const auto once = rows.rows;
    for (int copy = 1; copy < factor; ++copy) rows.rows.insert(rows.rows.end(), once.begin(), once.end());
}

void drop_usage_after(Company& company, Day newest) {
    keep_if(company.usage, [&](const TextRow& row) { return *parse_day(*row[1]) <= newest; });
}

void stamp_usage(Company& company, int day, const std::function<bool(int)>& silent, int since) {
    for (TextRow& row : company.usage.rows) {
        if (*parse_day(*row[1]) > on(day - since) && silent(number_of(row))) row[2] = "0";
    }
}

struct Shape {
    std::string name;
    std::string ops;  ///< the one alert to ops, as rule and entity; "" for none
    Fault fault;
};

const std::vector<Shape> shapes = {
    {"usage is empty", "source_suspect tracker", [](Company& c, int) { c.usage.rows.clear(); }},
    {"half of usage is gone", "source_suspect tracker",
     [](Company& c, int) { keep_if(c.usage, [](const TextRow& row) { return number_of(row) % 2 == 0; }); }},
    {"two thirds of usage are gone", "source_suspect tracker",
     [](Company& c, int) { keep_if(c.usage, [](const TextRow& row) { return number_of(row) % 3 == 0; }); }},
    {"a single row of usage is left", "source_suspect tracker", [](Company& c, int) { c.usage.rows.resize(1); }},
    {"usage is read twice", "source_suspect tracker", [](Company& c, int) { times(c.usage, 2); }},
    {"usage is read three times", "source_suspect tracker", [](Company& c, int) { times(c.usage, 3); }},
    {"usage goes back three days", "source_suspect tracker",
     [](Company& c, int day) { drop_usage_after(c, on(day - 3)); }},
    {"usage goes back ten days", "source_suspect tracker",
     [](Company& c, int day) { drop_usage_after(c, on(day - 10)); }},
    {"usage is a backup of the week before", "source_suspect tracker",
     [](Company& c, int) { drop_usage_after(c, on(-1)); }},
    {"usage stops moving", "source_stale tracker", [](Company& c, int) { drop_usage_after(c, on(bad_from - 1)); }},
    {"usage arrives with zeros only", "alerts_held ",
     [](Company& c, int day) {
         stamp_usage(
             c, day, [](int) { return true; }, 40);
     }},
    {"usage has zeros for most on the newest days", "alerts_held ",
     [](Company& c, int day) {
         stamp_usage(
             c, day, [](int customer) { return customer % 4 != 0; }, 3);
     }},
    {"usage of a third is missing on the newest days", "alerts_held ",
     [](Company& c, int day) {
         keep_if(c.usage,
                 [&](const TextRow& row) { return *parse_day(*row[1]) <= on(day - 3) || number_of(row) % 3 != 2; });
     }},
    {"a twentieth of usage has arrived on the newest days", "source_stale tracker",
     [](Company& c, int) {
         keep_if(c.usage,
                 [&](const TextRow& row) { return *parse_day(*row[1]) < on(bad_from) || number_of(row) % 20 == 19; });
     }},
    {"customers is empty", "source_suspect crm", [](Company& c, int) { c.customers.rows.clear(); }},
    {"exactly half the customers are gone", "source_suspect crm",
     [](Company& c, int) { keep_customers(c, [](int customer) { return customer % 2 == 0; }); }},
    {"the other half is gone", "source_suspect crm",
     [](Company& c, int) { keep_customers(c, [](int customer) { return customer % 2 == 1; }); }},
    {"two thirds of the customers are gone", "source_suspect crm",
     [](Company& c, int) { keep_customers(c, [](int customer) { return customer % 3 == 1; }); }},
    {"a third of the customers is gone, the quiet ones among them", "alerts_held ",
     [](Company& c, int) { keep_customers(c, [](int customer) { return customer >= 20; }); }},
    {"there are twice as many customers", "source_suspect crm",
     [](Company& c, int) {
         auto more = c.customers.rows;
         for (TextRow& row : more) row[0] = "d" + row[0]->substr(1);
         c.customers.rows.insert(c.customers.rows.end(), more.begin(), more.end());
     }},
    {"every customer has another id", "source_suspect crm|source_suspect tracker",
     [](Company& c, int) {
         for (TextRow& row : c.customers.rows) row[0] = "e" + row[0]->substr(1);
     }},
    {"subscriptions is empty", "source_suspect crm", [](Company& c, int) { c.subscriptions.rows.clear(); }},
    {"half the subscriptions are gone", "source_suspect crm",
     [](Company& c, int) { keep_if(c.subscriptions, [](const TextRow& row) { return number_of(row) % 2 == 1; }); }},
    {"customers and subscriptions are empty together", "source_suspect crm",
     [](Company& c, int) {
         c.customers.rows.clear();
         c.subscriptions.rows.clear();
     }},
    {"people is empty", "source_suspect crm", [](Company& c, int) { c.people.rows.clear(); }},
    {"usage cannot be read", "source_failed tracker", [](Company& c, int) { c.failed = {"usage"}; }},
    {"too many rows of usage are bad", "source_suspect tracker", [](Company& c, int) { c.refused = {"usage"}; }},
    {"too many rows of the customer database are bad", "source_suspect crm",
     [](Company& c, int) {
         c.refused = {"customers", "subscriptions", "people"};
     }},
    {"the customer database cannot be read", "source_failed crm",
     [](Company& c, int) {
         c.failed = {"customers", "subscriptions", "people"};
     }},
    {"it cannot be read for one night only", "",
     [](Company& c, int day) {
         if (day == bad_from) c.failed = {"customers", "subscriptions", "people"};
     }},
    {"usage is there one day, empty the next, and there again", "source_suspect tracker",
     [](Company& c, int day) {
         if (day == bad_from + 1) c.usage.rows.clear();
     }},
    {"a tenth of usage is gone here and there, which happens", "",
     [](Company& c, int) {
         keep_if(c.usage, [](const TextRow& row) { return (number_of(row) + row[1]->back()) % 10 != 9; });
     }},
};

std::multiset<Sent> expected_ops(const std::string& ops) {
    std::multiset<Sent> sent;
    std::size_t from = 0;
    while (!ops.empty() && from <= ops.size()) {
        const auto bar = std::min(ops.find('|', from), ops.size());
        for (const char* what : {"fired", "resolved"})
            sent.insert({"ops@example.org", ops.substr(from, bar - from), what});
        from = bar + 1;
    }
    return sent;
}

TEST(DataFirst, ABadLoadTellsOpsOnceAndNobodyElse) {
    const History clean = live([](Company&, int) {});
    ASSERT_TRUE(clean.to_ops.empty());
    ASSERT_EQ(clean.to_managers.size(), 4u) << "two adopted, one that fell quiet, one that came back";
    for (const Shape& shape : shapes) {
        SCOPED_TRACE(shape.name);
        const History history = live(shape.fault);
        EXPECT_EQ(history.to_ops, expected_ops(shape.ops));
        EXPECT_EQ(history.to_managers, clean.to_managers) << "nothing spurious, nothing lost";
        EXPECT_EQ(history.open, clean.open);
        EXPECT_EQ(history.held_at_end, 0u) << "released once the data is right";
        EXPECT_EQ(history.most_held > 0, shape.ops == "alerts_held ");
        EXPECT_EQ(history.on_second_looks, 0u) << "reading the same load again tells nobody anything";
        if (!shape.ops.empty() && shape.name.find("one day") == std::string::npos) {
            EXPECT_TRUE(history.on_bad_days.empty()) << "the bad days are quiet";
        }
    }
}

// -- the blast guard by itself --------------------------------------------------------------------------------------

/// `count` alerts of a rule that is known, all with this transition.
std::vector<Move> moves_of(int count, const Rule& rule, Transition transition, AlertPhase phase) {
    std::vector<Move> moves;
    for (int at = 0; at < count; ++at) {
        Alert alert{.key = Daemon::key(id(at)), .phase = phase, .episode = 1, .seq = 1, .firing_since = on(0)};
        if (!is_open(alert)) alert.told = {{.receiver = "mail", .recipient = "ada", .episode = 1}};
        moves.push_back({.alert = alert, .transition = transition, .rule = &rule});
    }
    return moves;
}

struct Guarded {
    std::size_t held = 0;
    bool ops = false;  ///< alerts_held fires
};

Guarded run_guard(std::vector<Move>& moves, std::size_t live, const AlertPolicy& policy = {},
                  std::span<const AlertKey> released = {}) {
    const Snapshot snapshot{.as_of = on(20), .read_from = on(0)};
    guard({.snapshot = snapshot,
           .policy = policy,
           .past = {},
           .feeds = {},
           .before = {},
           .live_customers = live,
           .released = released,
           .now = Instant{on(21)}},
          moves);
    Guarded result;
    for (const Move& move : moves) {
        result.held += move.alert.held ? 1 : 0;
        result.ops = result.ops || (move.alert.key.rule == "alerts_held" && move.alert.phase == AlertPhase::firing);
    }
    return result;
}

TEST(BlastGuard, HoldsMoreThanItsLimitAndNotOneLess) {
    struct Case {
        std::string sentence;
        int alerts;
        Transition transition;
        AlertPhase phase;
        std::size_t live, held;
    };
    const std::vector<Case> cases = {
        {"ten may open among few customers", 10, Transition::fired, AlertPhase::firing, 20, 0},
        {"eleven may not", 11, Transition::fired, AlertPhase::firing, 20, 11},
        {"a tenth of many may", 50, Transition::fired, AlertPhase::firing, 500, 0},
        {"more than a tenth may not", 51, Transition::fired, AlertPhase::firing, 500, 51},
        {"nor rise", 51, Transition::escalated, AlertPhase::firing, 500, 51},
        {"nor resolve", 51, Transition::resolved, AlertPhase::resolved, 500, 51},
        {"nor close", 51, Transition::closed, AlertPhase::closed, 500, 51},
        {"what goes on is no news", 400, Transition::none, AlertPhase::firing, 500, 0},
        {"nor is a pending alert", 400, Transition::started_pending, AlertPhase::pending, 500, 0},
    };
    const Rule rule{.name = "quiet"};
    for (const auto& c : cases) {
        SCOPED_TRACE(c.sentence);
        auto moves = moves_of(c.alerts, rule, c.transition, c.phase);
        const Guarded guarded = run_guard(moves, c.live);
        EXPECT_EQ(guarded.held, c.held);
        EXPECT_EQ(guarded.ops, c.held > 0);
    }
}

TEST(BlastGuard, ReleasesOnceTheNumberFallsBackAndNotBefore) {
    const Rule rule{.name = "quiet"};
    auto moves = moves_of(30, rule, Transition::fired, AlertPhase::firing);
    ASSERT_EQ(run_guard(moves, 20).held, 30u);
    for (Move& move : moves) move.transition = Transition::none;
    EXPECT_EQ(run_guard(moves, 20).held, 30u) << "the same load again";
    for (int at = 0; at < 20; ++at) {
        moves[static_cast<std::size_t>(at)].alert.phase = AlertPhase::resolved;
        moves[static_cast<std::size_t>(at)].transition = Transition::resolved;
    }
    EXPECT_EQ(run_guard(moves, 20).held, 0u) << "ten are left: they are told, the others never were";
    EXPECT_EQ(std::ranges::count_if(moves, &Move::released), 10);
}

TEST(BlastGuard, LetsAPersonRelease) {
    const Rule rule{.name = "quiet"};
    auto moves = moves_of(30, rule, Transition::fired, AlertPhase::firing);
    ASSERT_EQ(run_guard(moves, 20).held, 30u);
    for (Move& move : moves) {
        release(move.alert);
        move.transition = Transition::none;
    }
    EXPECT_EQ(run_guard(moves, 20).held, 0u);
}

TEST(BlastGuard, LetsGoOfWhomAPersonReleasedAndNoLongerCountsThem) {
    const Rule rule{.name = "quiet"};
    auto moves = moves_of(30, rule, Transition::fired, AlertPhase::firing);
    std::vector<AlertKey> some;
    for (int at = 0; at < 5; ++at) some.push_back(Daemon::key(id(at)));
    EXPECT_EQ(run_guard(moves, 20, {}, some).held, 25u) << "not even in the cycle in which they fire";
    for (Move& move : moves) move.transition = Transition::none;
    EXPECT_EQ(run_guard(moves, 20).held, 25u);
    EXPECT_EQ(std::ranges::count_if(moves, &Move::released), 0) << "those five were never held";
    for (int at = 5; at < 20; ++at) some.push_back(Daemon::key(id(at)));
    EXPECT_EQ(run_guard(moves, 20, {}, some).held, 0u) << "the ten that are left are no blast";
}

TEST(BlastGuard, LeavesAdoptedAlertsAndRemovedRulesAlone) {
    const Rule rule{.name = "quiet"};
    auto adopted = moves_of(300, rule, Transition::fired, AlertPhase::firing);
    for (Move& move : adopted) move.adopting = true;
    EXPECT_EQ(run_guard(adopted, 20).held, 0u);
    EXPECT_TRUE(adopted.front().alert.adopted);
    auto removed = moves_of(300, rule, Transition::closed, AlertPhase::closed);
    for (Move& move : removed) move.rule = nullptr;
    EXPECT_EQ(run_guard(removed, 20).held, 0u);
}

// -- feeds ----------------------------------------------------------------------------------------------------------

TEST(DataTime, IsTheOldestWatermarkOfWhatARuleReads) {
    const Rule rule{.name = "r", .reads = {"attendance", "usage"}};
    const std::vector<FeedVerdict> fresh = {
        {.dataset = "attendance", .source = "crm", .watermark = on(7)},
        {.dataset = "readings", .source = "crm", .trouble = FeedTrouble::stale, .watermark = on(1)},
        {.dataset = "usage", .source = "crm", .watermark = on(5)},
    };
    EXPECT_EQ(data_time(fresh, rule, on(9)), on(5));
    EXPECT_EQ(data_time(fresh, Rule{.name = "r"}, on(9)), on(9)) << "it reads nothing dated";
    for (const auto trouble : {FeedTrouble::stale, FeedTrouble::suspect, FeedTrouble::not_loaded}) {
        auto feeds = fresh;
        feeds.back().trouble = trouble;
        EXPECT_EQ(data_time(feeds, rule, on(9)), std::nullopt);
        feeds.push_back({.dataset = "customers", .source = "crm", .trouble = trouble});
        EXPECT_EQ(data_time(feeds, Rule{.name = "r"}, on(9)), std::nullopt) << "every rule needs the customers";
        EXPECT_EQ(data_time(feeds, Rule{.name = "r", .scope = Scope::source}, on(9)), on(9)) << "but one about feeds";
    }
}

TEST(GuardBand, ComesToBelieveANewLevelThatLasts) {
    std::vector<FeedDay> past;
    std::vector<std::string> doubtful, expected;
    for (int day = 0; day < 24; ++day) {
        Company company = company_on(day);
        if (day >= 5) times(company.usage, 3);
        const Snapshot snapshot = snapshot_of(company, day);
        const auto feeds = judge_feeds(snapshot, past, {});
        past = remember_feeds(snapshot, past, feeds);
        for (const FeedVerdict& feed : feeds) {
            if (feed.trouble == FeedTrouble::suspect) doubtful.push_back(std::to_string(day) + " " + feed.dataset);
        }
    }
    for (int day = 5; day < 5 + guard_band_days; ++day) expected.push_back(std::to_string(day) + " usage");
    EXPECT_EQ(doubtful, expected) << "until no better day is left among those it is held against";
}

TEST(GuardBand, DoesNotComeToBelieveALoadByReadingItAgain) {
    const Snapshot good = snapshot_of(company_on(0), 0);
    auto past = remember_feeds(good, {}, judge_feeds(good, {}, {}));
    Company company = company_on(1);
    times(company.usage, 2);
    const Snapshot bad = snapshot_of(company, 1);
    for (int look = 0; look < 5; ++look) {
        const auto feeds = judge_feeds(bad, past, {});
        EXPECT_EQ(feeds.back().dataset, "usage");
        EXPECT_EQ(feeds.back().trouble, FeedTrouble::suspect) << "look " << look;
        past = remember_feeds(bad, past, feeds);
    }
}

// -- adoption -------------------------------------------------------------------------------------------------------

TEST(Adoption, IsForRulesThatAreNewOrJudgeOtherwise) {
    const auto condition = [](std::string text) { return Condition{.text = std::move(text)}; };
    RuleSet rules{.name = "pack", .hash = "1"};
    rules.rules = {{.name = "quiet", .trigger = {.when = {condition("seats > 3")}}}};
    const auto known = remember_rules({}, rules, {true});
    struct Case {
        std::string sentence;
        std::function<void(RuleSet&)> change;
        bool adopts;
    };
    const std::vector<Case> cases = {
        {"the same rule does not", [](RuleSet&) {}, false},
        {"nor one with another message", [](RuleSet& r) { r.rules[0].message.text = "hello"; }, false},
        {"nor with other receivers", [](RuleSet& r) { r.rules[0].notify = {"lead"}; }, false},
        {"another condition does", [&](RuleSet& r) { r.rules[0].trigger.when = {condition("seats > 2")}; }, true},
        {"so does another `for`", [](RuleSet& r) { r.rules[0].trigger.hold = 24h; }, true},
        {"and another severity", [](RuleSet& r) { r.rules[0].severity = Severity::critical; }, true},
        {"and a rise that was not there", [](RuleSet& r) { r.rules[0].critical = Trigger{}; }, true},
        {"a pack that changed elsewhere does not", [](RuleSet& r) { r.hash = "2"; }, false},
        {"unless the rule reads what the pack computes",
         [](RuleSet& r) {
             r.rules[0].trigger.when[0].left =
                 Field{.index = static_cast<int>(CustomerField::health), .name = "health"};
             r.hash = "2";
         },
         true},
    };
    for (const auto& c : cases) {
        RuleSet changed = rules;
        c.change(changed);
        EXPECT_EQ(adopts(known, changed, changed.rules[0]), c.adopts) << c.sentence;
    }
    EXPECT_TRUE(adopts({}, rules, rules.rules[0])) << "a state that knows nothing";
    EXPECT_TRUE(remember_rules({}, rules, {false}).empty()) << "a frozen rule has still to adopt";
    EXPECT_EQ(remember_rules(known, rules, {false}).size(), 1u) << "but it does not forget";
}

TEST(Adoption, OfARenamedRuleIsNone) {
    RuleSet rules{.name = "pack", .hash = "1"};
    rules.rules = {{.name = "silent", .was = "quiet"}};
    std::vector<AdoptedRule> known = {{"quiet", rule_hash(rules, rules.rules[0])}};
    std::vector<Alert> alerts = {{.key = {.rule = "quiet", .entity = "c1"}},
                                 {.key = {.rule = "other", .entity = "c1"}},
                                 {.key = {.rule = "rule_below_floor", .scope = Scope::source, .entity = "quiet"}}};
    const auto renames = rule_renames(alerts, known, rules);
    EXPECT_THAT(renames, ElementsAre(RuleRename{.was = "quiet", .name = "silent"}));
    rename_rules(alerts, known, renames);
    EXPECT_EQ(alerts[0].key.rule, "other");
    EXPECT_EQ(alerts[1].key.entity, "silent") << "what ops were told about the rule goes on, too";
    EXPECT_EQ(alerts[2].key.rule, "silent");
    EXPECT_FALSE(adopts(known, rules, rules.rules[0]));
}

TEST(Adoption, ARuleTakesOverOnlyWhatNobodyElseHas) {
    RuleSet rules;
    rules.rules = {{.name = "silent", .was = "quiet"}};
    const std::vector<Alert> own = {{.key = {.rule = "silent", .entity = "c1"}}};
    const std::vector<AdoptedRule> known = {{"silent", "1"}};
    EXPECT_EQ(rule_renames({}, {}, rules).size(), 1u);
    EXPECT_THAT(rule_renames(own, {}, rules), IsEmpty()) << "it has alerts of its own";
    EXPECT_THAT(rule_renames({}, known, rules), IsEmpty()) << "it was there before";
    rules.rules.push_back({.name = "quiet"});
    EXPECT_THAT(rule_renames({}, {}, rules), IsEmpty()) << "another rule has that name";
}

// -- alerts that are forgotten --------------------------------------------------------------------------------------

TEST(ForgottenNumbers, AreTheGreatestOfAllThatFiredAndAreNoLongerKept) {
    const auto alert = [](const std::string& entity, std::int64_t episode, std::int64_t seq, bool has_fired = true) {
        Alert one{.key = {.rule = "quiet", .entity = entity}, .episode = episode, .seq = seq};
        if (has_fired) one.firing_since = on(0);
        return one;
    };
    struct Case {
        std::string sentence;
        std::vector<Alert> before;
        std::vector<Move> moves;
        std::vector<Alert> kept;
        AlertNumbers expected;
    };
    const std::vector<Case> cases = {
        {"nothing is forgotten", {alert("a", 9, 9)}, {{.alert = alert("a", 9, 10)}}, {alert("a", 9, 10)}, {3, 5}},
        {"after its last step", {alert("a", 4, 8)}, {{.alert = alert("a", 4, 9)}}, {}, {4, 9}},
        {"nobody looked at it", {alert("a", 4, 8)}, {}, {alert("b", 7, 7)}, {4, 8}},
        {"each number by itself", {alert("a", 2, 9), alert("b", 6, 1)}, {}, {}, {6, 9}},
        {"never less than before", {alert("a", 1, 1)}, {}, {}, {3, 5}},
        {"what never fired has no numbers", {alert("a", 4, 8, false)}, {}, {}, {3, 5}},
    };
    for (const auto& c : cases)
        EXPECT_EQ(forgotten_numbers({.episode = 3, .seq = 5}, c.before, c.moves, c.kept), c.expected) << c.sentence;
}

// -- messages that did not arrive -----------------------------------------------------------------------------------

TEST(Undelivered, OpsHearOnceOfEachReceiverAndThatItIsOver) {
    Daemon daemon;
    const auto told = [&](int day) {
        std::vector<std::string> said;
        for (const Message& message : daemon.cycle(snapshot_of(company_on(day), day), Instant{on(day + 1)})) {
            for (const AlertNote& note : message.notes) {
                if (note.key.rule == "delivery_failed" && note.telling == Telling::news)
                    said.push_back(message.recipient.email + " " + note.key.entity + " " +
                                   std::string{transition_name(note.transition)});
            }
        }
        return said;
    };
    EXPECT_THAT(told(0), IsEmpty());
    daemon.undelivered = {{.receiver = "hook", .messages = 1, .error_class = "http_404"}};
    EXPECT_THAT(told(1), ElementsAre("ops@example.org hook fired"));
    daemon.undelivered = {{.receiver = "hook", .messages = 2, .error_class = "http_404"},
                          {.receiver = "mail", .messages = 1, .error_class = "no_result"}};
    EXPECT_THAT(told(2), ElementsAre("ops@example.org mail fired"));
    daemon.undelivered = {};
    EXPECT_THAT(told(3), ElementsAre("ops@example.org hook resolved", "ops@example.org mail resolved"));
    EXPECT_THAT(told(4), IsEmpty());
}

TEST(Undelivered, WhatIsGivenUpAfterItWasOverIsToldAtOnce) {
    Daemon daemon;
    daemon.undelivered = {{.receiver = "hook", .messages = 1, .error_class = "http_404"}};
    daemon.cycle(snapshot_of(company_on(0), 0), Instant{on(1)});
    daemon.undelivered = {};
    daemon.cycle(snapshot_of(company_on(0), 0), Instant{on(1)} + std::chrono::hours{1});
    daemon.undelivered = {{.receiver = "hook", .messages = 1, .error_class = "http_404"}};
    std::vector<std::string> said;
    for (const Message& message : daemon.cycle(snapshot_of(company_on(0), 0), Instant{on(1)} + std::chrono::hours{2})) {
        for (const AlertNote& note : message.notes) said.push_back(note.key.rule + " " + note.key.entity);
    }
    EXPECT_THAT(said, ElementsAre("delivery_failed hook")) << "its day is its window, no cooldown comes on top";
}

// -- rules that are rarely right ------------------------------------------------------------------------------------

TEST(RuleBelowFloor, IsToldToOpsOnceAndThatItIsOver) {
    Daemon daemon;
    const auto told = [&](int day) {
        std::vector<std::string> said;
        for (const Message& message : daemon.cycle(snapshot_of(company_on(day), day), Instant{on(day + 1)})) {
            for (const AlertNote& note : message.notes) {
                if (note.key.rule == "rule_below_floor")
                    said.push_back(message.recipient.email + " " + note.key.entity + " " +
                                   std::string{transition_name(note.transition)} + ": " + note.message);
            }
        }
        return said;
    };
    const std::string sentence = ": rule quiet was right in 1 of 9 alerts (floor 0.3)";
    daemon.floors = {{.rule = "quiet", .right = 0, .of = 2, .floor = 0.3}};
    EXPECT_THAT(told(0), IsEmpty());
    daemon.floors = {{.rule = "quiet", .right = 1, .of = 9, .floor = 0.3, .is_below = true}};
    EXPECT_THAT(told(1), ElementsAre("ops@example.org quiet fired" + sentence));
    EXPECT_THAT(told(2), IsEmpty()) << "nobody is reminded of it";
    daemon.floors = {{.rule = "quiet", .right = 4, .of = 12, .floor = 0.3}};
    EXPECT_THAT(told(3), ElementsAre("ops@example.org quiet resolved" + sentence));
    EXPECT_THAT(told(4), IsEmpty());
}

TEST(RuleBelowFloor, EndsWithItsRuleOrFloor) {
    Daemon daemon;
    daemon.floors = {{.rule = "quiet", .right = 1, .of = 9, .floor = 0.3, .is_below = true}};
    daemon.cycle(snapshot_of(company_on(0), 0), Instant{on(1)});
    EXPECT_TRUE(daemon.open().contains("quiet firing"));
    daemon.floors = {};
    for (const int day : {1, 2}) daemon.cycle(snapshot_of(company_on(day), day), Instant{on(day + 1)});
    EXPECT_FALSE(daemon.open().contains("quiet firing"));
}

}  // namespace
}  // namespace retaind
