#include "edge/metrics/metrics.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace retaind {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

CustomerView customer(std::string id, std::string segment, double health, std::vector<std::string> alerts = {}) {
    return {.customer_id = std::move(id),
            .name = "Somebody",
            .segment = std::move(segment),
            .motion = "price",
            .health = health,
            .coverage = 0.9,
            .risk = 0.1,
            .band = health < 40 ? Band::at_risk : Band::healthy,
            .revenue = 1'200'00,
            .alerts = std::move(alerts)};
}

View small_view() {
    View view{.as_of = Day{std::chrono::year{2026} / 3 / 1},
              .rules_hash = "0123456789abcdef",
              .rules_name = "saas",
              .currency = "EUR"};
    view.customers = {customer("c1", "north", 30, {"gone_quiet"}), customer("c2", "north", 90),
                      customer("c3", "south", 80)};
    view.segments = {{.segment = "north", .customers = 2, .revenue_share = 0.6},
                     {.segment = "south", .customers = 1, .revenue_share = 0.4}};
    view.alerts = {{.key = {.rule = "gone_quiet", .entity = "c1"}, .customer_id = "c1", .phase = AlertPhase::firing}};
    view.feeds = {{.dataset = "usage", .watermark = view.as_of, .stale_after = std::chrono::hours{36}}};
    view.over_budget = 2;
    view.quality = {{.rule = "gone_quiet",
                     .churned = 3,
                     .shrank = 1,
                     .renewed = 2,
                     .still_open = 2,
                     .losses = 4,
                     .foreseen = 1,
                     .median_lead_days = 21},
                    {.rule = "not_judged"}};
    return view;
}

/// Lines of samples, without their values.
std::vector<std::string> series(const std::string& page) {
    std::vector<std::string> result;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line[0] != '#') result.push_back(line.substr(0, line.rfind(' ')));
    }
    return result;
}

int promtool(const std::string& page) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("retaind-metrics-" + std::to_string(getpid()));
    std::ofstream(file) << page;
    const int code = std::system(("promtool check metrics < " + file.string()).c_str());
    std::filesystem::remove(file);
    return code;
}

Telemetry busy_telemetry() {
    Telemetry telemetry{.version = "0.1.0",
                        .revision = "abc",
                        .interval_seconds = 900,
                        .last_success = Instant{Seconds{1'700'000'000}}};
    telemetry.cycles["ok"] = 3;
    telemetry.cycle_durations["read"].observe(0.02);
    telemetry.source_up["crm"] = true;
    telemetry.rows_read["usage"] = 17;
    telemetry.rows_rejected[{"usage", "bad_date"}] = 2;
    telemetry.deliveries[{"managers", "delivered"}] = 1;
    telemetry.alerts_opened[{"gone_quiet", "warning"}] = 1;
    telemetry.outbox = {{.receiver = "managers",
                         .status = DeliveryStatus::retry,
                         .messages = 2,
                         .oldest = Instant{Seconds{1'700'000'000}}}};
    return telemetry;
}

TEST(Metrics, CountsCustomersBySegmentAndBand) {
    const std::string page = render_view(small_view(), {});
    EXPECT_THAT(page, HasSubstr("retaind_customers{segment=\"north\",motion=\"price\",band=\"at_risk\"} 1"));
    EXPECT_THAT(page, HasSubstr("retaind_monthly_revenue{segment=\"south\",band=\"healthy\",currency=\"EUR\"} 100"));
    EXPECT_THAT(page, HasSubstr("retaind_alerts{rule=\"gone_quiet\",severity=\"warning\",state=\"firing\"} 1"));
}

TEST(Metrics, TellWhatTheLedgerKnowsOfEachRule) {
    const std::string page = render_view(small_view(), {});
    for (const char* line : {"retaind_alert_outcomes_total{rule=\"gone_quiet\",outcome=\"churned\"} 3\n",
                             "retaind_alert_outcomes_total{rule=\"gone_quiet\",outcome=\"shrank\"} 1\n",
                             "retaind_alert_outcomes_total{rule=\"gone_quiet\",outcome=\"renewed\"} 2\n",
                             "retaind_alert_outcomes_total{rule=\"gone_quiet\",outcome=\"open\"} 2\n",
                             "retaind_alert_outcomes_total{rule=\"not_judged\",outcome=\"churned\"} 0\n",
                             "retaind_rule_precision_ratio{rule=\"gone_quiet\"} 0.5\n",
                             "retaind_rule_recall_ratio{rule=\"gone_quiet\"} 0.25\n",
                             "retaind_rule_lead_seconds{rule=\"gone_quiet\"} 1814400\n",
                             "retaind_alerts_over_budget{reason=\"weekly_budget\"} 2\n"})
        EXPECT_THAT(page, HasSubstr(line));
    EXPECT_THAT(page, AllOf(Not(HasSubstr("precision_ratio{rule=\"not_judged\"")),
                            Not(HasSubstr("recall_ratio{rule=\"not_judged\"")),
                            Not(HasSubstr("lead_seconds{rule=\"not_judged\""))))
        << "what is missing is no number";
}

TEST(Metrics, ShowsSingleCustomersOnlyWhereAskedAndCountsTheRest) {
    const std::string firing = render_view(small_view(), {.customers = "firing"});
    EXPECT_THAT(firing, HasSubstr("retaind_customer_health_score{customer=\"c1\"} 30"));
    EXPECT_THAT(firing, Not(HasSubstr("customer=\"c2\"")));
    EXPECT_THAT(firing, HasSubstr("retaind_customer_series_omitted 2"));
    EXPECT_THAT(render_view(small_view(), {.customers = "top:2"}), HasSubstr("retaind_customer_series_omitted 1"));
    EXPECT_THAT(render_view(small_view(), {.customers = "all"}), HasSubstr("retaind_customer_series_omitted 0"));
}

TEST(Metrics, ShowWhoMovedMostEvenWhenNothingFires) {
    View view = small_view();
    view.customers[1].change_30d = -12.5;
    view.customers[1].change_7d = 2;
    view.customers[1].renews_on = Day{std::chrono::year{2026} / 4 / 1};
    view.promises = {{.promise_id = "p1", .customer_id = "c2", .state = PromiseState::slipping}};
    const std::string page = render_view(view, {.customers = "firing"});
    for (const char* line :
         {"retaind_customer_health_change_points{customer=\"c2\",period=\"30d\"} -12.5\n",
          "retaind_customer_health_change_points{customer=\"c2\",period=\"7d\"} 2\n",
          "retaind_customer_info{customer=\"c2\",segment=\"north\",motion=\"price\",band=\"healthy\"} 1\n",
          "retaind_customer_renewal_timestamp_seconds{customer=\"c2\"} 1775001600\n",
          "retaind_customer_alerts{customer=\"c1\",rule=\"gone_quiet\",severity=\"warning\"} 1\n",
          "retaind_customer_promises{customer=\"c2\",state=\"slipping\"} 1\n", "retaind_customer_series_omitted 1\n"})
        EXPECT_THAT(page, HasSubstr(line));
    EXPECT_THAT(page, Not(HasSubstr("customer=\"c3\"")));
    for (int more = 0; more < 30; ++more) {
        view.customers.push_back(customer("m" + std::to_string(more), "north", 80));
        view.customers.back().change_30d = more;
    }
    EXPECT_THAT(render_view(view, {.customers = "firing"}), HasSubstr("retaind_customer_series_omitted 22\n"))
        << "ten of them, and who fires";
}

TEST(Metrics, TellWhatRenewalsWillBringAndWhatRulesMustReach) {
    View view = small_view();
    view.renewals = {
        {.segment = "north", .renewals = 2, .scheduled = 1'000'00, .low = 500'00, .expected = 900'00, .high = 990'00},
        {.segment = "south", .renewals = 1, .scheduled = 100'00, .low = 0, .expected = 80'00, .high = 100'00}};
    view.floors = {{.rule = "gone_quiet", .floor = 0.25}};
    view.feeds[0].stale = true;
    const std::string page = render_view(view, {});
    for (const char* line : {"retaind_renewal_revenue{segment=\"north\",currency=\"EUR\",bound=\"low\"} 500\n",
                             "retaind_renewal_revenue{segment=\"north\",currency=\"EUR\",bound=\"scheduled\"} 1000\n",
                             "retaind_renewal_revenue{segment=\"south\",currency=\"EUR\",bound=\"expected\"} 80\n",
                             "retaind_rule_precision_floor_ratio{rule=\"gone_quiet\"} 0.25\n",
                             "retaind_dataset_stale{dataset=\"usage\"} 1\n",
                             "retaind_alert_first_action_seconds_count{rule=\"gone_quiet\"} 0\n"})
        EXPECT_THAT(page, HasSubstr(line));
    EXPECT_EQ(promtool(page), 0);
}

TEST(Metrics, FoldsSegmentsPastTheLimitIntoOther) {
    const std::string page = render_view(small_view(), {.segments_max = 1});
    EXPECT_THAT(page, HasSubstr("segment=\"other\""));
    EXPECT_THAT(page, Not(HasSubstr("segment=\"south\"")));
    EXPECT_THAT(render_view(small_view(), {.customers = "all", .segments_max = 1}),
                HasSubstr("retaind_customer_info{customer=\"c3\",segment=\"other\""));
}

TEST(Metrics, SayNothingOfALimitThatIsNotKnown) {
    Telemetry telemetry = busy_telemetry();
    telemetry.state_limit_bytes = 0;
    EXPECT_THAT(render_telemetry(telemetry),
                AllOf(HasSubstr("retaind_state_size_bytes "), Not(HasSubstr("retaind_state_limit_bytes"))));
    telemetry.state_limit_bytes = 9;
    EXPECT_THAT(render_telemetry(telemetry), HasSubstr("retaind_state_limit_bytes 9\n"));
}

TEST(Metrics, SurviveHostileTextFromData) {
    View view = small_view();
    view.customers[0].customer_id = "c\"1\"\n\\evil{x=\"y\"} 1\xff";
    view.segments[0].segment = view.customers[0].segment = "a\nb\\\"";
    const std::string page = render_view(view, {.customers = "all"});
    EXPECT_EQ(promtool(page + render_telemetry(busy_telemetry())), 0) << page;
}

TEST(Metrics, AreCleanUnderPromtoolAndNameNoSeriesTwice) {
    const std::string page = render_view(small_view(), {}) + render_telemetry(busy_telemetry());
    EXPECT_EQ(promtool(page), 0);
    const std::vector<std::string> all = series(page);
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), all.size());
}

TEST(Metrics, ComeFromTheTableAlone) {
    std::set<std::string> names;
    for (const MetricSpec& spec : metric_table())
        EXPECT_TRUE(names.emplace(spec.name).second) << spec.name << " stands twice";
    for (const std::string& each : series(render_view(small_view(), {}) + render_telemetry(busy_telemetry()))) {
        std::string name = each.substr(0, each.find('{'));
        for (const char* suffix : {"_bucket", "_sum", "_count"}) {
            if (!names.contains(name) && name.ends_with(suffix))
                name.resize(name.size() - std::string_view(suffix).size());
        }
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

}  // namespace
}  // namespace retaind
