// run_cycle from day to day while its sources fail, fall behind, or send what cannot be believed: nothing that steps
// from one day to the next may rest on such a day.
#include <gmock/gmock.h>

#include <functional>
#include <set>

#include <fmt/format.h>

#include "edge/config/config.hpp"
#include "retaind/cycle/cycle.hpp"
#include "support/rows.hpp"

namespace retaind {
namespace {

using testing::Rows;
using testing::TextCell;
using testing::TextRow;

const Day origin = testing::on(2025, 1, 1);
Day on(int day) { return origin + std::chrono::days{day}; }
std::string text(int day) { return format_day(on(day)); }

/// Days are counted from 2025-01-01.
struct PromiseRow {
    std::string id, customer, measured_by = "readings";
    int starts_on = 0, due_on = 100;
    std::string target = "100", curve = {};
};

/// Two dozen customers who use the product and are talked to every day, unless a test says otherwise.
struct Company {
    std::function<double(int customer, int day)> use = [](int, int) { return 10; };
    std::function<bool(int customer, int day)> touched = [](int, int) { return true; };
    std::function<std::string(int customer, int day)> manager = [](int, int) { return "mia"; };
    std::function<double(int day)> reading = [](int day) { return day; };  ///< of every promise
    std::vector<PromiseRow> promises = {};
    int history = 60;  ///< days that are read

    static constexpr int customers = 24;  ///< c00 to c11 in the north, the others in the south
};

/// What goes wrong with one read.
struct Trouble {
    std::set<std::string> failed = {};
    std::set<std::string> cut = {};      ///< nothing but the first tenth of the rows arrives
    std::map<std::string, int> to = {};  ///< the newest day that arrives
};

std::string id(int customer) { return fmt::format("c{:02}", customer); }

class Read {
public:
    Read(const Company& company, int day, const Trouble& trouble) : company_(company), day_(day), trouble_(trouble) {}

    Snapshot snapshot() {
        customers();
        feeds();
        promises();
        return assemble(std::move(datasets_), std::move(failed_),
                        {.as_of = on(day_), .read_from = on(day_ - company_.history)});
    }

private:
    void add(Rows rows) {
        rows.options.source = rows.name();
        if (trouble_.cut.contains(rows.name())) rows.rows.resize(rows.rows.size() / 10);
        if (!trouble_.failed.contains(rows.name())) return datasets_.push_back(testing::read(rows));
        rows.options.name = rows.name();
        rows.options.kind = rows.kind;
        failed_.push_back({.options = rows.options, .error = "timeout"});
    }

    int last(const char* dataset) const { return trouble_.to.contains(dataset) ? trouble_.to.at(dataset) : day_; }

    void customers() {
        Rows customers{DatasetKind::customers, {"customer_id", "name", "segment", "account_manager"}, {}, {}};
        Rows subscriptions{
            DatasetKind::subscriptions, {"subscription_id", "customer_id", "status", "started_on", "mrr"}, {}, {}};
        for (int n = 0; n < Company::customers; ++n) {
            const char* segment = n < Company::customers / 2 ? "north" : "south";
            customers.rows.push_back({id(n), "Customer " + id(n), segment, company_.manager(n, day_)});
            subscriptions.rows.push_back({"s" + id(n), id(n), "active", text(-400), "10"});
        }
        add(std::move(customers));
        add(std::move(subscriptions));
    }

    void feeds() {
        const auto stale_after = std::chrono::days{2};
        Rows usage{DatasetKind::usage, {"customer_id", "at", "value"}, {}, {.name = "", .stale_after = stale_after}};
        Rows touchpoints{
            DatasetKind::touchpoints, {"customer_id", "at", "kind"}, {}, {.name = "", .stale_after = stale_after}};
        for (int day = day_ - company_.history; day <= day_; ++day) {
            for (int n = 0; n < Company::customers; ++n) {
                const double value = company_.use(n, day);
                if (value >= 0 && day <= last("usage")) usage.rows.push_back({id(n), text(day), std::to_string(value)});
                if (company_.touched(n, day) && day <= last("touchpoints"))
                    touchpoints.rows.push_back({id(n), text(day), "service"});
            }
        }
        add(std::move(usage));
        add(std::move(touchpoints));
    }

    void promises() {
        Rows promises{
            DatasetKind::promises,
            {"promise_id", "customer_id", "outcome", "kind", "starts_on", "due_on", "target", "measured_by", "curve"},
            {},
            {}};
        Rows readings{DatasetKind::readings, {"promise_id", "at", "value"}, {}, {}};
        for (const PromiseRow& row : company_.promises) {
            promises.rows.push_back({row.id, row.customer, "an outcome", "reach", text(row.starts_on), text(row.due_on),
                                     row.target, row.measured_by,
                                     row.curve.empty() ? TextCell() : TextCell(row.curve)});
            for (int day = row.starts_on; day <= last("readings"); ++day)
                readings.rows.push_back({row.id, text(day), std::to_string(company_.reading(day))});
        }
        add(std::move(promises));
        add(std::move(readings));
    }

    const Company& company_;
    int day_;
    const Trouble& trouble_;
    std::vector<Dataset> datasets_;
    std::vector<FailedDataset> failed_;
};

/// 60 points for 10 uses a day, 40 for a touch a day.
const std::string pack = R"(schema = 1
[health]
smoothing = "7d"
[group.use]
weight = 60
[group.care]
weight = 40
[signal.activity]
group = "use"
from = "usage"
measure = "sum"
window = "7d"
silence = "missing"
scale = { ramp = { bad = 0, good = 70 } }
[signal.helped]
group = "care"
from = "touchpoints"
measure = "count"
window = "7d"
silence = "missing"
scale = { ramp = { bad = 0, good = 7 } }
[signal.calls]
group = "use"
weight = 0
from = "usage"
measure = "sum"
)";

/// The rules at work, one day after the other.
class Walk {
public:
    explicit Walk(Company company, const std::string& more = "") : company_(std::move(company)) { use_rules(more); }

    /// The pack with more, from now on.
    void use_rules(const std::string& more) {
        PackResult result = load_rules({"pack.toml"}, {.texts = {{"pack.toml", pack + more}}});
        EXPECT_TRUE(result.rules) << format_problems(result.problems, result.sources);
        rules_ = std::move(*result.rules);
        rules_.policy.receivers = {{.name = "file"}};
    }

    Company& company() { return company_; }
    const State& state() const { return state_; }
    const View& view() const { return view_; }

    void day(int day, const Trouble& trouble = {}, Seconds after_midnight = Seconds{0}) {
        const Snapshot snapshot = Read(company_, day, trouble).snapshot();
        CycleResult result = run_cycle(snapshot, rules_, state_, on(day + 1) + after_midnight);
        news_ = std::move(result.news);
        messages_ = std::move(result.outbox);
        wake_at_ = result.wake_at;
        state_ = std::move(result.state);
        view_ = std::move(result.view);
    }
    void days(int first, int last) {
        for (int day = first; day <= last; ++day) this->day(day);
    }

    Explanation explain(int day, const Trouble& trouble, const std::string& customer) const {
        const Snapshot snapshot = Read(company_, day, trouble).snapshot();
        return Explainer(snapshot, rules_, state_).explain(customer).value();
    }

    /// What the store gives back after so long a stop that no record of a promise is carried any more.
    void stop_for_long() {
        for (PromiseMemory& memory : state_.promises) memory.days.clear();
    }

    void believe_prior(int day, const std::string& segment, double mean, int customers) {
        state_.priors.push_back({on(day), segment, rules_.score_hash, mean, customers});
    }

    /// "rule entity phase" of every alert that is open.
    std::vector<std::string> open() const {
        std::vector<std::string> found;
        for (const Alert& alert : view_.alerts)
            found.push_back(alert.key.rule + " " + alert.key.entity + " " + std::string(phase_name(alert.phase)));
        return found;
    }
    bool moved() const { return !news_.empty(); }
    const std::vector<Message>& messages() const { return messages_; }
    std::optional<Instant> wake_at() const { return wake_at_; }
    const CustomerView& customer(const std::string& wanted) const {
        return *std::ranges::find(view_.customers, wanted, &CustomerView::customer_id);
    }
    std::string promise(const std::string& wanted) const {
        return std::string(
            promise_state_name(std::ranges::find(view_.promises, wanted, &PromiseView::promise_id)->state));
    }
    const ScoreDay& remembered(const std::string& wanted) const {
        return std::ranges::find(state_.customers, wanted, &CustomerMemory::customer_id)->days.back();
    }
    bool has_prior(int day) const {
        return std::ranges::any_of(state_.priors, [&](const PriorDay& prior) { return prior.day == on(day); });
    }

private:
    Company company_;
    RuleSet rules_;
    State state_;
    View view_;
    std::vector<AlertNews> news_;
    std::vector<Message> messages_;
    std::optional<Instant> wake_at_;
};

const Trouble usage_fails{.failed = {"usage"}};
const Trouble usage_cut{.cut = {"usage"}};

Trouble usage_stopped_on(int day) { return {.to = {{"usage", day}}}; }

// -- promises -------------------------------------------------------------------------------------------------------

const std::string promise_rules = R"(
[rule.off_track]
scope = "promise"
when = ["state == 'off_track'"]
severity = "warning"
message = "{outcome}"
[rule.some_off_track]
when = ["promises_off_track >= 1"]
clear = ["promises_off_track == 0"]
severity = "warning"
message = "{name}"
)";

TEST(Outage, OfAMeasuringFeedNeitherResolvesNorShowsAnotherState) {
    const std::pair<const char*, Trouble> cases[] = {
        {"fails", usage_fails}, {"is stale", usage_stopped_on(34)}, {"is cut to a tenth", usage_cut}};
    for (const auto& [what, trouble] : cases) {
        SCOPED_TRACE(what);
        Walk walk({.promises = {{.id = "p", .customer = "c23", .measured_by = "calls", .target = "9999"}}},
                  promise_rules);
        walk.days(38, 40);
        const std::vector<std::string> open = {"off_track p firing", "some_off_track c23 firing"};
        ASSERT_EQ(walk.open(), open);
        for (const int day : {41, 42}) {
            walk.day(day, trouble);
            EXPECT_EQ(walk.promise("p"), "off_track") << day;
            EXPECT_THAT(walk.open(), ::testing::IsSupersetOf(open)) << day;
            EXPECT_EQ(walk.state().promises[0].days.back().verdict, PromiseState::off_track) << day;
        }
        walk.day(43);
        EXPECT_THAT(walk.open(), ::testing::IsSupersetOf(open)) << "nothing was resolved, nothing reopens";
    }
}

TEST(Outage, OfReadingsGivesNoVerdictADayEarly) {
    Company company{.promises = {{.id = "p", .customer = "c00"}}};
    company.reading = [](int day) { return day < 42 ? 1.3 * day : 5; };
    Walk walk(company);
    walk.days(38, 40);
    ASSERT_EQ(walk.promise("p"), "on_track");
    walk.day(41, {.failed = {"readings"}});
    EXPECT_EQ(walk.promise("p"), "on_track") << "kept while nothing is known";
    walk.day(42);
    EXPECT_EQ(walk.promise("p"), "on_track") << "a worse state needs two days";
    walk.day(43);
    EXPECT_EQ(walk.promise("p"), "off_track");
}

TEST(Outage, LaterTheSameDayKeepsWhatTheDayFound) {
    Walk walk({.promises = {{.id = "p", .customer = "c00", .target = "40"}}});
    walk.days(39, 40);
    ASSERT_EQ(walk.promise("p"), "kept");
    const double health = walk.remembered("c00").health;
    walk.day(40, {.failed = {"usage", "readings"}});
    EXPECT_EQ(walk.promise("p"), "kept");
    EXPECT_EQ(walk.state().promises[0].kept_on, on(40));
    EXPECT_EQ(walk.remembered("c00").health, health);
}

TEST(Kept, StaysSoWhenItsRowsAreNoLongerRead) {
    Company company{.promises = {{.id = "p", .customer = "c00", .measured_by = "calls", .starts_on = 20}}};
    Walk walk(company);
    walk.days(29, 31);
    ASSERT_EQ(walk.promise("p"), "kept") << "100 calls are reached on day 29";
    const std::optional<Day> kept_on = walk.state().promises[0].kept_on;
    walk.company().history = 5;
    walk.days(32, 33);
    EXPECT_EQ(walk.promise("p"), "kept");
    EXPECT_EQ(walk.view().promises[0].probability_kept, 1);
    EXPECT_EQ(walk.state().promises[0].kept_on, kept_on);
    walk.day(34, usage_fails);
    EXPECT_EQ(walk.promise("p"), "kept");
    walk.stop_for_long();
    for (const int day : {80, 80, 81}) {
        walk.day(day);
        EXPECT_EQ(walk.promise("p"), "kept") << "day " << day;
    }
}

TEST(Kept, OnADayIsFoundAgainByEveryCycleOfThatDay) {
    Company company{.promises = {{.id = "p", .customer = "c00", .target = "40"}}};
    Walk walk(company);
    walk.days(38, 40);
    ASSERT_EQ(walk.promise("p"), "kept");
    walk.company().reading = [](int day) { return day == 40 ? 39.5 : day; };
    walk.day(40);
    EXPECT_EQ(walk.promise("p"), "on_track") << "corrected before the day was over";
    EXPECT_EQ(walk.state().promises[0].kept_on, std::nullopt);
    walk.day(39);
    EXPECT_NE(walk.promise("p"), "kept") << "an earlier day knows nothing of it";
}

TEST(Kept, IsSaidInTheDigestOfThatDayOnly) {
    using std::chrono::hours;
    Walk walk(Company{.promises = {{.id = "p", .customer = "c00", .target = "40"}}});
    walk.day(38, {}, hours{9});
    walk.day(39, {}, hours{9});
    EXPECT_TRUE(walk.messages().empty());
    walk.day(40, {}, hours{7});
    EXPECT_EQ(walk.wake_at(), on(41) + hours{8});
    walk.day(40, {}, hours{8});
    ASSERT_EQ(walk.messages().size(), 1u);
    const Digest& digest = *walk.messages()[0].digest;
    ASSERT_EQ(digest.kept.size(), 1u);
    EXPECT_EQ(digest.kept[0].customer_id, "c00");
    EXPECT_EQ(digest.watched, 24);
    walk.day(40, {}, hours{9});
    EXPECT_TRUE(walk.messages().empty()) << "the state remembers that it was said";
    walk.day(41, {}, hours{9});
    EXPECT_TRUE(walk.messages().empty());
}

TEST(Missed, WaitsUntilTheFeedHasComeSoFar) {
    Walk walk({.promises = {{.id = "p", .customer = "c00", .measured_by = "calls", .due_on = 40, .target = "9999"}}});
    walk.days(45, 46);
    walk.day(47, usage_stopped_on(45));
    EXPECT_EQ(walk.promise("p"), "off_track") << "due on day 40, seven days of grace, and two are not known yet";
    walk.day(48, usage_stopped_on(47));
    EXPECT_EQ(walk.promise("p"), "missed");
}

// -- health ---------------------------------------------------------------------------------------------------------

TEST(Outage, LeavesNoHealthBehind) {
    const std::pair<const char*, Trouble> cases[] = {
        {"fails", usage_fails}, {"is stale", usage_stopped_on(46)}, {"is cut to a tenth", usage_cut}};
    for (const auto& [what, trouble] : cases) {
        SCOPED_TRACE(what);
        Walk walk({}, R"(
[rule.rose]
when = ["health_change_7d >= 5"]
clear = ["health_change_7d < 2"]
severity = "info"
message = "{name}"
)");
        walk.days(48, 50);
        const ScoreDay before = walk.remembered("c23");
        ASSERT_NEAR(before.health, 100, 1e-9);
        EXPECT_TRUE(walk.has_prior(50));
        walk.day(51, trouble);
        EXPECT_TRUE(is_missing(walk.remembered("c23").health) && is_missing(walk.remembered("c23").risk));
        EXPECT_EQ(walk.customer("c23").smoothed, before.smoothed);
        EXPECT_EQ(walk.customer("c23").band, Band::healthy);
        EXPECT_FALSE(walk.has_prior(51));
        const Explanation explained = walk.explain(51, trouble, "c23");
        EXPECT_EQ(explained.smoothed, walk.customer("c23").smoothed);
        EXPECT_EQ(explained.health.health, walk.customer("c23").health);
        for (int day = 52; day <= 58; ++day) {
            walk.day(day);
            EXPECT_THAT(walk.open(), ::testing::Not(::testing::Contains(::testing::HasSubstr("rose")))) << day;
            EXPECT_NEAR(walk.customer("c23").smoothed, 100, 1e-9) << day;
        }
    }
}

TEST(Outage, OfTheFirstDayStartsNoSmoothing) {
    Walk walk({});
    walk.day(50, usage_fails);
    EXPECT_TRUE(is_missing(walk.customer("c00").smoothed));
    EXPECT_EQ(walk.customer("c00").band, Band::unknown);
    walk.day(51);
    EXPECT_NEAR(walk.customer("c00").smoothed, 100, 1e-9) << "the first believed day is the first";
}

TEST(Outage, IsAnIrregularStepOfTheSmoothing) {
    Company company;
    company.use = [](int, int day) { return day < 51 ? 10 : 0; };
    Walk straight(company), broken(company);
    straight.day(50);
    broken.day(50);
    for (const int day : {51, 52, 53}) broken.day(day, usage_fails);
    straight.day(54);
    broken.day(54);
    EXPECT_EQ(straight.customer("c00").smoothed, broken.customer("c00").smoothed)
        << "four days pass, whether they were not seen or not evaluated";
}

TEST(Prior, IsTheNewestOfEachSegment) {
    Walk walk({});
    walk.believe_prior(40, "north", 55, 20);
    walk.believe_prior(41, "south", 60, 20);
    EXPECT_EQ(walk.explain(50, {}, "c00").health.prior, 55) << "a day that left none of its own takes none away";
    EXPECT_EQ(walk.explain(50, {}, "c12").health.prior, 60);
    walk.believe_prior(45, "north", 10, 19);
    EXPECT_EQ(walk.explain(50, {}, "c00").health.prior, 70) << "the newest rests on too few";
    walk.believe_prior(50, "south", 10, 20);
    EXPECT_EQ(walk.explain(50, {}, "c12").health.prior, 60) << "that of the day itself is not an earlier one's";
}

TEST(Prior, OfADayWithoutAnybodyWellCoveredIsNotThatOfADayBefore) {
    Company company;
    company.touched = [](int customer, int day) { return customer == 23 || day < 30; };
    Walk walk(company);
    walk.believe_prior(49, "north", 55, 20);
    walk.day(50);
    ASSERT_NEAR(walk.customer("c00").coverage, 0.6, 1e-9);
    EXPECT_EQ(walk.explain(51, {}, "c00").health.prior, 70) << "as with 19 of them";
}

TEST(Owner, WhoIsUnknownForADayIsNobodyNewAndEveryCycleOfADayFindsTheSame) {
    const std::string rule =
        "[rule.new_owner]\nwhen = [\"owner_changed_days <= 14\"]\nclear = [\"owner_changed_days > 20\"]\n"
        "severity = \"info\"\nmessage = \"{name}\"\n";
    Company company;
    company.manager = [](int customer, int day) {
        return customer == 0 && day == 51 ? "" : customer == 1 && day >= 53 ? "bob" : "mia";
    };
    Walk walk(company, rule);
    walk.days(49, 52);
    EXPECT_THAT(walk.open(), ::testing::IsEmpty());
    for (int cycle = 0; cycle < 3; ++cycle) {
        walk.day(53);
        EXPECT_THAT(walk.open(), ::testing::ElementsAre("new_owner c01 firing")) << cycle;
    }
}

TEST(Numbers, OfAnAlertThatComesBackAfterItWasForgottenAreNewOnes) {
    Company company;
    company.touched = [](int, int) { return false; };
    company.use = [](int customer, int day) { return customer == 0 && (day == 60 || day == 180) ? 99 : 10; };
    company.history = 3;
    Walk walk(company,
              "[signal.used]\ngroup = \"use\"\nweight = 0\nfrom = \"usage\"\nmeasure = \"sum\"\n"
              "window = \"1d\"\n[rule.busy]\nwhen = [\"used > 50\"]\nclear = [\"used <= 20\"]\ncooldown = \"0d\"\n"
              "severity = \"warning\"\nmessage = \"{name}\"\n");
    const auto alert = [&]() -> std::optional<Alert> {
        for (const Alert& each : walk.state().alerts) {
            if (each.key.rule == "busy") return each;
        }
        return std::nullopt;
    };
    walk.days(55, 61);
    const auto first = alert();
    ASSERT_TRUE(first && first->phase == AlertPhase::resolved);
    EXPECT_EQ(first->episode, 1);
    walk.days(62, 179);
    ASSERT_EQ(alert(), std::nullopt);
    EXPECT_EQ(walk.state().forgotten, (AlertNumbers{.episode = first->episode, .seq = first->seq}));
    walk.day(180);
    const auto second = alert();
    ASSERT_TRUE(second && second->phase == AlertPhase::firing);
    EXPECT_EQ(second->episode, first->episode + 1);
    EXPECT_GT(second->seq, first->seq);
}

const std::string fall_rule = R"(
[rule.fell]
when = ["health_change_7d <= -5"]
clear = ["health_change_7d >= 0"]
severity = "warning"
message = "{name}"
)";
const std::string cap = "[cap.all]\nat = 30\nwhen = [\"tenure_days > 0\"]\n";

TEST(ChangedRules, AreNoMovementOfTheCustomer) {
    Walk walk({}, fall_rule);
    walk.days(41, 50);
    ASSERT_NEAR(walk.customer("c00").smoothed, 100, 1e-9);
    walk.use_rules(fall_rule + cap);
    for (const int day : {51, 52}) {
        walk.day(day);
        EXPECT_EQ(walk.customer("c00").health, 30);
        EXPECT_EQ(walk.customer("c00").smoothed, 30) << "not from what other rules said";
        EXPECT_EQ(walk.customer("c00").band, Band::at_risk);
        EXPECT_THAT(walk.open(), ::testing::IsEmpty()) << "nobody fell";
    }
}

TEST(ChangedRules, ThatOnlyLookAtScoresLeaveThePast) {
    Company company;
    company.use = [](int, int day) { return day < 51 ? 10 : 0; };
    Walk walk(company);
    walk.days(41, 50);
    walk.use_rules(fall_rule);
    walk.days(51, 54);
    EXPECT_LT(walk.customer("c00").health, 70);
    EXPECT_GT(walk.customer("c00").smoothed, walk.customer("c00").health + 5) << "smoothing goes on";
    EXPECT_THAT(walk.open(), ::testing::Contains("fell c00 firing"));
}

TEST(Risk, OfOthersIsNotMovedByThoseWhoseHealthCannotBeBelieved) {
    Walk walk({}, R"(
[[profile]]
name = "north"
match = ["segment == 'north'"]
signal.helped.weight = 0
[[profile]]
name = "south"
match = ["segment == 'south'"]
signal.activity.weight = 0
)");
    walk.day(50, {.failed = {"touchpoints"}});
    ASSERT_NEAR(walk.customer("c12").health, 70, 1e-9) << "nothing is known of the south";
    EXPECT_NEAR(walk.customer("c00").risk, 0.03, 1e-9) << "the north alone meets the base rate";
    EXPECT_GT(walk.customer("c12").risk, 0.03);
}

TEST(Outage, OfEverythingShowsNoBandAndForgetsNone) {
    Company company;
    company.use = [](int, int day) { return day < 50 ? 2 : 5.4; };  // health 52, then 72.4: climbing takes 75
    Walk walk(company);
    walk.days(48, 70);
    ASSERT_NEAR(walk.customer("c00").health, 72.4, 0.1);
    ASSERT_EQ(walk.customer("c00").band, Band::watch);
    walk.day(71, {.failed = {"usage", "touchpoints"}});
    EXPECT_EQ(walk.customer("c00").coverage, 0);
    EXPECT_EQ(walk.customer("c00").band, Band::unknown);
    walk.day(72, usage_fails);
    EXPECT_EQ(walk.customer("c00").band, Band::watch) << "40 % is covered, the floor is 35 %";
    walk.day(73);
    EXPECT_EQ(walk.customer("c00").band, Band::watch) << "climbing still takes five points more";
}

TEST(UnknownBand, NeitherOpensNorClears) {
    Company company;
    company.use = [](int customer, int day) { return customer < 2 && day > 50 ? -1 : customer == 0 ? 0 : 10; };
    company.touched = [](int customer, int day) { return customer == 0 ? day == 45 : customer != 1 || day <= 50; };
    Walk walk(company, R"toml(
[rule.low]
when = ["band == 'at_risk'"]
severity = "warning"
message = "{name}: {band}"
[rule.not_healthy]
when = ["band != 'healthy'"]
severity = "warning"
message = "{name}"
[rule.gap]
when = ["unknown(band)"]
severity = "info"
message = "{name}: {band}"
)toml");
    walk.days(49, 51);
    const std::vector<std::string> open = {"low c00 firing", "not_healthy c00 firing"};
    ASSERT_EQ(walk.open(), open);
    walk.days(52, 60);
    ASSERT_EQ(walk.customer("c00").band, Band::unknown) << "nothing is measured any more, though the feeds are fresh";
    ASSERT_EQ(walk.customer("c01").band, Band::unknown);
    EXPECT_EQ(walk.open(), (std::vector<std::string>{"gap c00 firing", "gap c01 firing", "low c00 firing",
                                                     "not_healthy c00 firing"}));
    EXPECT_EQ(walk.view().alerts[0].message, "Customer c00: unknown");
}

// -- trend ----------------------------------------------------------------------------------------------------------

/// c00 uses the product a tenth less each day (4.2 points a week), c01 as ever.
Company falling() {
    Company company;
    company.use = [](int customer, int day) { return customer == 0 ? 10 - 0.1 * day : 10; };
    return company;
}

const std::string trend_rules = R"(
[rule.sinking]
when = ["trend == 'falling'"]
severity = "info"
message = "{name}: {trend}"
)";

TEST(Trend, IsOfEightWeeks) {
    Walk walk(falling(), trend_rules);
    for (int day = 7; day <= 49; day += 7) {
        walk.day(day);
        EXPECT_EQ(walk.customer("c00").trend, Trend::unknown) << day << ": seven weeks are too few";
    }
    for (int cycle = 0; cycle < 3; ++cycle) {
        walk.day(56);
        EXPECT_EQ(walk.customer("c00").trend, Trend::falling);
        EXPECT_NEAR(walk.customer("c00").trend_slope, -4.2, 1e-4);
        EXPECT_EQ(walk.customer("c01").trend, Trend::steady);
        EXPECT_THAT(walk.open(), ::testing::ElementsAre("sinking c00 firing"));
    }
    EXPECT_EQ(walk.view().alerts[0].message, "Customer c00: falling");
    walk.company().use = [](int, int) { return 10; };
    walk.day(63);
    walk.company() = falling();
    const Explanation past = walk.explain(56, {}, "c00");
    EXPECT_EQ(past.trend, Trend::falling) << "as of a past day, what came later is not known";
    EXPECT_NEAR(past.trend_slope, -4.2, 1e-4);
}

TEST(Trend, RestsOnDaysThatCouldBeBelieved) {
    struct Case {
        const char* sentence;
        std::vector<int> believed, in_trouble;
        Trend trend;
    };
    const Case cases[] = {
        {"a week without a believed day", {7, 14, 21, 35, 42, 49, 56}, {28}, Trend::unknown},
        {"the day before stands in", {7, 14, 21, 27, 35, 42, 49, 56}, {28}, Trend::falling},
        {"three days before, too", {7, 14, 21, 25, 35, 42, 49, 56}, {28}, Trend::falling},
        {"four days do not", {7, 14, 21, 24, 35, 42, 49, 56}, {28}, Trend::unknown},
        {"today is in trouble", {7, 14, 21, 28, 35, 42, 49}, {56}, Trend::unknown},
    };
    for (const Case& each : cases) {
        Walk walk(falling());
        for (int day = 7; day <= 56; ++day) {
            if (std::ranges::count(each.believed, day) > 0) walk.day(day);
            if (std::ranges::count(each.in_trouble, day) > 0) walk.day(day, usage_fails);
        }
        EXPECT_EQ(walk.customer("c00").trend, each.trend) << each.sentence;
        EXPECT_EQ(is_known(walk.customer("c00").trend_slope), each.trend != Trend::unknown) << each.sentence;
    }
}

TEST(Trend, DoesNotRestOnTooLittle) {
    Company company = falling();
    company.use = [](int customer, int day) { return customer == 0 && day > 15 && day < 30 ? -1 : 10 - 0.1 * day; };
    company.touched = [](int customer, int day) { return customer != 0 || day <= 15 || day >= 30; };
    Walk walk(company);
    for (int day = 7; day <= 56; day += 7) walk.day(day);
    EXPECT_EQ(walk.customer("c00").trend, Trend::unknown) << "on day 28 nothing of it was measured";
    EXPECT_EQ(walk.customer("c01").trend, Trend::falling);
}

// -- drift ----------------------------------------------------------------------------------------------------------

/// Three months of history, in which c00 has used the product a third as much since day 80.
Company drifting() {
    Company company{.history = 97};
    company.use = [](int customer, int day) { return customer == 0 && day > 80 ? 3 : 10; };
    return company;
}

const std::string drift_signal = R"(
[signal.own_past]
group = "use"
weight = 0
from = "usage"
measure = "drift"
scale = { ramp = { bad = 8, good = 0 } }
)";

const std::string drift_rules = drift_signal + R"(
[rule.drifted]
when = ["own_past > 4", "drift_since_days <= 30"]
clear = ["own_past <= 1"]
severity = "warning"
message = "{name} uses less since {drift_since_days:days}."
[rule.new_owner]
when = ["owner_changed_days <= 3"]
clear = ["owner_changed_days >= 10"]
severity = "info"
message = "{name}"
)";

TEST(Drift, IsASignalAndSaysSinceWhen) {
    Walk walk(drifting(), drift_rules);
    walk.day(84);
    EXPECT_THAT(walk.open(), ::testing::IsEmpty());
    for (int cycle = 0; cycle < 3; ++cycle) {
        walk.day(101);
        EXPECT_THAT(walk.open(), ::testing::ElementsAre("drifted c00 firing"));
    }
    EXPECT_EQ(walk.view().alerts[0].message, "Customer c00 uses less since 21 days.");
    const Explanation explained = walk.explain(101, {}, "c00");
    ASSERT_EQ(explained.rules.signals.at(static_cast<std::size_t>(explained.drift.signal)).name, "own_past");
    EXPECT_GT(explained.drift.drift.cusum, cusum_alarm);
    EXPECT_GT(explained.drift.drift.ewma, explained.drift.drift.ewma_limit);
    EXPECT_EQ(explained.drift.drift.since, on(80));
    EXPECT_EQ(walk.explain(101, {}, "c01").drift.drift.cusum, 0);
    walk.day(102, usage_fails);
    EXPECT_THAT(walk.open(), ::testing::Contains("drifted c00 firing")) << "a dark feed takes nothing back";
}

TEST(Drift, BeginsANewPastWithANewOwner) {
    Company company = drifting();
    company.manager = [](int customer, int day) { return customer == 0 && day >= 101 ? "ole" : "mia"; };
    Walk walk(company, drift_rules);
    walk.day(100);
    ASSERT_THAT(walk.open(), ::testing::ElementsAre("drifted c00 firing"));
    for (int cycle = 0; cycle < 2; ++cycle) {
        walk.day(101);
        EXPECT_THAT(walk.open(), ::testing::Contains("new_owner c00 firing")) << "in the first cycle of the day, too";
        EXPECT_EQ(walk.explain(101, {}, "c00").drift.signal, -1);
    }
    walk.day(102);
    EXPECT_EQ(walk.explain(102, {}, "c00").drift.signal, -1);
    EXPECT_EQ(walk.explain(102, {}, "c01").drift.drift.cusum, 0) << "everybody else's past goes on";
}

TEST(Drift, BeginsAnewOnTheDayAfterAnAlertEnded) {
    Company company = drifting();
    company.touched = [](int customer, int day) { return customer != 0 || day < 95 || day > 101; };
    const std::string alone = R"(
[rule.alone]
when = ["own_past > 4", "days_since_touch >= 3"]
clear = ["days_since_touch <= 1"]
severity = "warning"
message = "{name}"
)";
    Walk walk(company, drift_signal + alone);
    const auto cusum = [&](int day) { return walk.explain(day, {}, "c00").drift.drift.cusum; };
    walk.day(101);
    ASSERT_THAT(walk.open(), ::testing::Contains("alone c00 firing"));
    const double high = cusum(101);
    for (int cycle = 0; cycle < 2; ++cycle) {
        walk.day(102);
        ASSERT_THAT(walk.open(), ::testing::Not(::testing::Contains("alone c00 firing")));
        EXPECT_GT(cusum(102), 10) << "the day itself knows nothing of it";
    }
    walk.day(103);
    EXPECT_EQ(cusum(103), 0);
    walk.days(104, 109);
    EXPECT_NEAR(cusum(109), (high + 1.5) / 3 - 0.5, 0.5) << "one whole week since";
    EXPECT_EQ(walk.explain(109, {}, "c00").drift.drift.since, on(102));
    EXPECT_GT(cusum(102), 10) << "as of that day, still";

    Walk both(company, drift_rules + alone);
    both.days(101, 103);
    EXPECT_THAT(both.open(), ::testing::ElementsAre("drifted c00 firing")) << "to another rule it is no recovery";
}

// -- profiles and signals -------------------------------------------------------------------------------------------

const std::string profiles = R"(
[rule.rarely_seen]
when = ["visits <= 1"]
clear = ["visits >= 3"]
severity = "warning"
message = "{name}"
[signal.visits]
group = "care"
weight = 1
from = "usage"
measure = "count"
window = "7d"
scale = { ramp = { bad = 0, good = 7 } }
[signal.helped]
weight = 0
[[profile]]
name = "south"
match = ["segment == 'south'"]
[profile.signal.visits]
from = "touchpoints"
)";

TEST(Profile, FreezesWithItsOwnDatasets) {
    Company company;
    company.use = [](int customer, int day) { return customer == 0 && day > 43 ? -1 : 10; };
    std::string rules = profiles;
    rules.erase(rules.find("[signal.helped]"), std::string("[signal.helped]\nweight = 0\n").size());
    Walk walk(company, rules);
    walk.days(45, 48);
    ASSERT_EQ(walk.open(), std::vector<std::string>{});
    const double smoothed = walk.customer("c12").smoothed;
    walk.company().touched = [](int customer, int) { return customer == 0; };
    walk.day(50);
    EXPECT_THAT(walk.open(), ::testing::ElementsAre("rarely_seen c00 firing", "source_suspect touchpoints firing"))
        << "the north reads usage; touchpoints of the south cannot be believed";
    EXPECT_EQ(walk.customer("c12").smoothed, smoothed);
}

TEST(Adoption, EndsWhereItWasJudgedWhileTheFeedOfAnotherProfileIsInTrouble) {
    Company company;
    company.use = [](int customer, int day) { return customer == 0 && day > 43 ? -1 : 10; };
    Walk walk(company,
              profiles.substr(0, profiles.find("[signal.helped]")) + profiles.substr(profiles.find("[[profile]]")));
    const Trouble trouble{.failed = {"touchpoints"}};
    walk.day(45, trouble);
    ASSERT_EQ(walk.state().rules.size(), 1u) << "the north was judged by this rule";
    walk.days(46, 49);
    ASSERT_THAT(walk.open(), ::testing::ElementsAre("rarely_seen c00 firing"));
    EXPECT_FALSE(walk.view().alerts[0].adopted) << "it came after the rule";
}

TEST(Signal, ThatDoesNotApplySaysNothing) {
    Company company;
    company.use = [](int, int) { return 0; };
    Walk walk(company, R"(
[rule.idle]
when = ["logins == 0"]
clear = ["logins >= 5"]
severity = "warning"
message = "{name}"
[rule.idle_by_score]
when = ["logins.score <= 10"]
clear = ["logins.score >= 20"]
severity = "warning"
message = "{name}"
[signal.logins]
group = "use"
from = "usage"
measure = "sum"
applies = ["name == 'Customer c03'"]
scale = { ramp = { bad = 0, good = 70 } }
)");
    walk.days(49, 50);
    EXPECT_EQ(walk.open(), (std::vector<std::string>{"idle c03 firing", "idle_by_score c03 firing"}));
}

}  // namespace
}  // namespace retaind
