// Time (SCORING 1.0): N cycles a day equal one, and a past day asked again from what was stored equals what was live.
#include <gmock/gmock.h>

#include <filesystem>
#include <random>

#include "edge/config/config.hpp"
#include "edge/state/state.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/wandering_company.hpp"

namespace retaind {
namespace {

using Company = testing::WanderingCompany;
using testing::Rows;
using testing::TextRow;
constexpr int walked = Company::walked;
const Day last = Company::last;

Snapshot company(unsigned seed) {
    return testing::snapshot_of(Company(seed).rows(),
                                {.as_of = last, .read_from = last - std::chrono::days{Company::days}});
}

RuleSet rules() {
    const std::filesystem::path root = std::getenv("RETAIND_ROOT") ? std::getenv("RETAIND_ROOT") : ".";
    PackResult pack = load_rules({(root / "tests/property/time_rules.toml").string()});
    EXPECT_TRUE(pack.rules) << format_problems(pack.problems);
    RuleSet rules = std::move(*pack.rules);
    rules.policy.receivers = {{.name = "mail", .addresses_people = true}};
    rules.policy.defaults.ops = "m1";
    return rules;
}

std::string text_of(const ScoreDay& day) {
    return format_day(day.day) + " " + std::string(band_name(day.band)) + " " + std::to_string(day.health) + " " +
           std::to_string(day.smoothed) + " " + std::to_string(day.coverage) + " " + std::to_string(day.risk);
}

/// Everything that is remembered, as text: equal texts are equal states (to the last bit where doubles are compared
/// below).
std::string text_of(const State& state) {
    std::string out;
    for (const CustomerMemory& customer : state.customers) {
        out += customer.customer_id + ":";
        for (const ScoreDay& day : customer.days) out += " [" + text_of(day) + "]";
        out += "\n";
    }
    for (const PromiseMemory& promise : state.promises) {
        out += promise.promise_id + ":";
        for (const PromiseDay& day : promise.days) {
            out += " [" + format_day(day.day) + " " + std::string(promise_state_name(day.state)) + " " +
                   std::to_string(day.probability) + "]";
        }
        out += "\n";
    }
    for (const FactsMemory& facts : state.facts)
        out += facts.customer_id + " " + std::to_string(facts.now) + " " + std::to_string(facts.before) + "\n";
    for (const PriorDay& prior : state.priors)
        out += format_day(prior.day) + " " + prior.segment + " " + std::to_string(prior.mean) + "\n";
    for (const FeedDay& feed : state.feeds)
        out += format_day(feed.day) + " " + feed.dataset + " " + std::to_string(feed.rows) + "\n";
    for (const Alert& alert : state.alerts) {
        out += alert.key.rule + " " + alert.key.entity + " " + std::string(phase_name(alert.phase)) + " " +
               std::to_string(alert.episode) + "." + std::to_string(alert.seq) + " " + alert.message + " told " +
               std::to_string(alert.told.size()) + "\n";
    }
    return out;
}

struct Walked {
    State state;
    std::size_t messages = 0;
};

/// Walks the days, each evaluated 1 to `most` times at different wall times.
Walked walk(Snapshot snapshot, const RuleSet& rules, int most, std::mt19937& random) {
    Walked result;
    for (int day = walked; day >= 0; --day) {
        snapshot.as_of = last - std::chrono::days{day};
        const int cycles = 1 + static_cast<int>(random() % static_cast<unsigned>(most));
        for (int cycle = 0; cycle < cycles; ++cycle) {
            const Instant now = snapshot.as_of + std::chrono::days{1} + std::chrono::hours{cycle};
            CycleResult next = run_cycle(snapshot, rules, result.state, now);
            result.messages += next.outbox.size();
            result.state = std::move(next.state);
        }
    }
    return result;
}

TEST(Time, ManyCyclesADayEqualOne) {
    const RuleSet pack = rules();
    for (const unsigned seed : {1u, 2u, 3u}) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const Snapshot snapshot = company(seed);
        const Walked one =
            walk(testing::snapshot_of(Company(seed).rows(), {.as_of = last, .read_from = snapshot.read_from}), pack, 1,
                 random);
        const Walked many =
            walk(testing::snapshot_of(Company(seed).rows(), {.as_of = last, .read_from = snapshot.read_from}), pack, 4,
                 random);
        EXPECT_GT(one.messages, 5u) << "the scenario must tell something";
        EXPECT_EQ(one.messages, many.messages);
        EXPECT_EQ(text_of(one.state), text_of(many.state));
    }
}

class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("retaind-time-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

bool same(double a, double b) { return a == b || (is_missing(a) && is_missing(b)); }

void expect_same(const View& live, const View& again) {
    ASSERT_EQ(live.customers.size(), again.customers.size());
    for (std::size_t at = 0; at < live.customers.size(); ++at) {
        const CustomerView &a = live.customers[at], &b = again.customers[at];
        EXPECT_TRUE(a.customer_id == b.customer_id && same(a.health, b.health) && same(a.smoothed, b.smoothed) &&
                    a.band == b.band && a.trend == b.trend && same(a.coverage, b.coverage) && same(a.risk, b.risk))
            << a.customer_id << ": smoothed " << a.smoothed << " against " << b.smoothed << ", health " << a.health
            << " against " << b.health;
    }
    ASSERT_EQ(live.promises.size(), again.promises.size());
    for (std::size_t at = 0; at < live.promises.size(); ++at) {
        EXPECT_EQ(promise_state_name(live.promises[at].state), promise_state_name(again.promises[at].state))
            << live.promises[at].promise_id;
    }
}

TEST(Time, APastDayAskedAgainEqualsWhatWasLive) {
    const RuleSet pack = rules();
    const Folder folder;
    Result<std::unique_ptr<StateStore>> store = open_state({}, {.directory = folder.path()});
    ASSERT_TRUE(store.ok()) << store.error().message;
    Snapshot snapshot = company(4);
    std::vector<View> live;
    State state;
    for (int day = walked; day >= 0; --day) {
        snapshot.as_of = last - std::chrono::days{day};
        CycleResult result = run_cycle(snapshot, pack, state, snapshot.as_of + std::chrono::days{1});
        const Result<void> stored = (*store)->commit(
            {.state = result.state, .outbox = {}, .now = snapshot.as_of, .engine_version = "test", .rules_text = ""});
        ASSERT_TRUE(stored.ok()) << stored.error().message;
        live.push_back(std::move(result.view));
        state = std::move(result.state);
    }
    for (const View& view : live) {
        SCOPED_TRACE(format_day(view.as_of));
        Result<State> past = (*store)->load(view.as_of, true);
        ASSERT_TRUE(past.ok()) << past.error().message;
        snapshot.as_of = view.as_of;
        expect_same(view, run_cycle(snapshot, pack, *past, Instant{}).view);
    }
}

TEST(Time, RowsAfterAsOfChangeNothing) {
    const RuleSet pack = rules();
    const Day day = last - std::chrono::days{30};
    std::vector<Rows> all = Company(5).rows(), cut = all;
    for (Rows& table : cut) {
        for (const char* column : {"at", "known_at"}) {
            const auto found = std::find(table.columns.begin(), table.columns.end(), column);
            if (found == table.columns.end()) continue;
            const auto at = static_cast<std::size_t>(found - table.columns.begin());
            std::erase_if(table.rows, [&](const TextRow& row) { return *row[at] > format_day(day); });
        }
    }
    const SnapshotOptions options{.as_of = day, .read_from = last - std::chrono::days{Company::days}};
    expect_same(run_cycle(testing::snapshot_of(all, options), pack, {}, Instant{}).view,
                run_cycle(testing::snapshot_of(cut, options), pack, {}, Instant{}).view);
}

TEST(Time, OrderOfRowsChangesNothing) {
    const RuleSet pack = rules();
    const SnapshotOptions options{.as_of = last, .read_from = last - std::chrono::days{Company::days}};
    const CycleResult straight = run_cycle(testing::snapshot_of(Company(6).rows(), options), pack, {}, Instant{});
    for (const unsigned seed : {10u, 11u, 12u}) {
        const CycleResult shuffled =
            run_cycle(testing::snapshot_of(testing::shuffled(Company(6).rows(), seed), options), pack, {}, Instant{});
        EXPECT_EQ(text_of(straight.state), text_of(shuffled.state)) << "seed " << seed;
        expect_same(straight.view, shuffled.view);
    }
}

}  // namespace
}  // namespace retaind
