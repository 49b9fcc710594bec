// A company that overwrites in place what it said yesterday (SCORING 1.0): each past day, asked again later from the
// newest rows and what was remembered, gives what was live, to the last bit.
#include <gmock/gmock.h>

#include <filesystem>
#include <random>
#include <set>

#include "edge/config/config.hpp"
#include "edge/state/state.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/temporary_folder.hpp"
#include "support/wandering_company.hpp"

namespace retaind {
namespace {

using testing::Rows;
using testing::TextCell;
using testing::TextRow;
using testing::WanderingCompany;

RuleSet overwritten_rules() {
    const std::filesystem::path root = std::getenv("RETAIND_ROOT") ? std::getenv("RETAIND_ROOT") : ".";
    PackResult pack = load_rules({(root / "tests/property/overwritten_rules.toml").string()});
    EXPECT_TRUE(pack.rules) << format_problems(pack.problems);
    return std::move(*pack.rules);
}

/// The rows of a company, some cells of which are overwritten now and then.
class OverwritingCompany {
public:
    explicit OverwritingCompany(unsigned seed) : random_(seed), tables_(WanderingCompany(seed).rows()) {
        for (Rows& table : tables_) {
            if (table.kind == DatasetKind::customers)
                for (const char* column : {"motion", "parent_id", "since", "pulse", "pulse_at", "tier", "size"})
                    add_column(table, column);
            if (table.kind == DatasetKind::subscriptions)
                for (const char* column : {"plan", "stage", "seats", "list_mrr", "notice_days"})
                    add_column(table, column);
        }
        for (int n = 0; n < 600; ++n) overwrite(WanderingCompany::last - std::chrono::days{WanderingCompany::walked});
    }

    void overwrite(Day today) {
        Rows& table = any(2) ? tables_[0] : tables_[1];
        const int keys = table.kind == DatasetKind::customers ? 1 : 2;
        const auto column = static_cast<std::size_t>(keys + any(static_cast<int>(table.columns.size()) - keys));
        TextRow& row = table.rows[static_cast<std::size_t>(any(static_cast<int>(table.rows.size())))];
        const TextCell value = some(table.columns[column], today);
        const std::set<std::string> required = {"name", "started_on", "mrr"};
        if (value || !required.contains(table.columns[column])) row[column] = value;
    }

    Snapshot snapshot(Day as_of) const {
        return testing::snapshot_of(tables_,
                                    {.as_of = as_of, .read_from = as_of - std::chrono::days{WanderingCompany::days}});
    }

private:
    static void add_column(Rows& table, const char* name) {
        table.columns.emplace_back(name);
        for (TextRow& row : table.rows) row.emplace_back();
    }

    int any(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
    TextCell one_of(std::initializer_list<const char*> texts) {
        return TextCell(texts.begin()[any(static_cast<int>(texts.size()))]);
    }
    static TextCell day(Day today, int later) { return format_day(today + std::chrono::days{later}); }

    TextCell some(std::string_view column, Day today) {
        if (column == "status") return one_of({"trial", "active", "active", "past_due", "ended"});
        if (any(5) == 0) return {};
        if (column == "name") return "Name " + std::to_string(any(1000));
        if (column == "segment") return one_of({"north", "south", "south", "west"});
        if (column == "account_manager") return one_of({"m1", "m2"});
        if (column == "motion") return one_of({"price", "insight"});
        if (column == "tier") return one_of({"gold", "iron"});
        if (column == "plan") return one_of({"small", "large"});
        if (column == "stage") return one_of({"won", "won", "leaving"});
        if (column == "parent_id") return "c" + std::to_string(100 + any(WanderingCompany::customers));
        if (column == "size") return any(40) ? std::to_string(any(100) * 0.1) : "n/a";  // now and then no number at all
        if (column == "ended_on") return any(2) ? day(today, any(30) - 10) : TextCell();
        if (column == "started_on" || column == "since") return day(today, -30 - any(100));
        if (column == "pulse_at") return day(today, -any(30));
        if (column == "renews_on") return day(today, any(60));
        return std::to_string(any(100));  // pulse, mrr, list_mrr, seats, notice_days
    }

    std::mt19937 random_;
    std::vector<Rows> tables_;
};

bool same(double a, double b) { return a == b || (is_missing(a) && is_missing(b)); }

/// How many customers, segments and promises of two views differ.
int differences(const View& a, const View& b) {
    if (a.customers.size() != b.customers.size() || a.segments.size() != b.segments.size() ||
        a.promises.size() != b.promises.size())
        return 1000;
    int found = 0;
    for (std::size_t at = 0; at < a.customers.size(); ++at) {
        const CustomerView &x = a.customers[at], &y = b.customers[at];
        found += !(x.customer_id == y.customer_id && x.name == y.name && x.segment == y.segment &&
                   x.motion == y.motion && x.account_manager == y.account_manager && same(x.health, y.health) &&
                   same(x.smoothed, y.smoothed) && same(x.coverage, y.coverage) && same(x.risk, y.risk) &&
                   x.band == y.band && x.trend == y.trend && same(x.revenue, y.revenue) && x.renews_on == y.renews_on);
    }
    for (std::size_t at = 0; at < a.segments.size(); ++at) {
        const SegmentView &x = a.segments[at], &y = b.segments[at];
        found += !(x.segment == y.segment && x.customers == y.customers && same(x.revenue, y.revenue) &&
                   same(x.revenue_share, y.revenue_share) && same(x.revenue_change_yoy, y.revenue_change_yoy) &&
                   same(x.usage_change_28d, y.usage_change_28d) && same(x.health, y.health));
    }
    for (std::size_t at = 0; at < a.promises.size(); ++at)
        found += a.promises[at].state != b.promises[at].state || a.promises[at].segment != b.promises[at].segment;
    return found;
}

struct Life {
    std::vector<View> days = {};
    int changes = 0;
};

/// Walks the days; within a day rows are overwritten between cycles, and the last cycle counts.
Life live(OverwritingCompany& company, const RuleSet& rules, StateStore& store, unsigned seed) {
    std::mt19937 random(seed);
    Life life;
    State state;
    for (int ago = WanderingCompany::walked; ago >= 0; --ago) {
        const Day as_of = WanderingCompany::last - std::chrono::days{ago};
        const auto cycles = 1 + random() % 3;
        for (unsigned cycle = 0; cycle < cycles; ++cycle) {
            for (auto n = random() % 20; n > 0; --n) company.overwrite(as_of);
            CycleResult result = run_cycle(company.snapshot(as_of), rules, state, Instant{as_of});
            const Result<void> stored = store.commit({.state = result.state,
                                                      .outbox = {},
                                                      .now = Instant{as_of},
                                                      .engine_version = "test",
                                                      .rules_text = "",
                                                      .facts = result.facts});
            EXPECT_TRUE(stored.ok()) << (stored ? "" : to_string(stored.error()));
            life.changes += static_cast<int>(result.facts.size());
            state = std::move(result.state);
            if (cycle + 1 == cycles) life.days.push_back(std::move(result.view));
        }
    }
    const Result<State> loaded = store.load(WanderingCompany::last, false);
    EXPECT_TRUE(loaded.ok() && loaded->facts == state.facts) << "what is read back is what was remembered";
    return life;
}

TEST(Overwritten, APastDayAskedAgainEqualsWhatWasLive) {
    const RuleSet rules = overwritten_rules();
    for (const unsigned seed : {1u, 2u, 3u, 4u}) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const test::TemporaryFolder folder;
        Result<std::unique_ptr<StateStore>> store = open_state({}, {.directory = folder.path()});
        ASSERT_TRUE(store.ok()) << store.error().message;
        OverwritingCompany company(seed);
        const Life life = live(company, rules, **store, seed);
        EXPECT_GT(life.changes, 200);
        int as_read = 0;
        for (const View& view : life.days) {
            SCOPED_TRACE(format_day(view.as_of));
            const Result<State> past = (*store)->load(view.as_of, true);
            const Result<std::vector<CustomerFacts>> facts = (*store)->facts(view.as_of);
            ASSERT_TRUE(past.ok() && facts.ok());
            Snapshot newest = company.snapshot(view.as_of);
            as_read += differences(view, run_cycle(newest, rules, *past, Instant{}).view);
            ASSERT_TRUE(put_back(newest, *facts).ok());
            EXPECT_EQ(differences(view, run_cycle(newest, rules, *past, Instant{}).view), 0);
        }
        EXPECT_GT(as_read, 500) << "without what is remembered nearly everything differs";
    }
}

}  // namespace
}  // namespace retaind
