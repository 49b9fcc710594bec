#include "metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

#include "families.hpp"
#include "retaind/signals/facts.hpp"

namespace retaind {
namespace {

constexpr std::size_t most_customer_series = 10'000;
constexpr double seconds_of_a_day = 86'400;
double seconds(Instant instant) { return static_cast<double>(instant.time_since_epoch().count()); }
double end_of(Day day) { return seconds(day + std::chrono::days{1}); }

/// Segments by number of customers; the smaller ones past the limit share the label "other".
class SegmentLabels {
public:
    SegmentLabels(const View& view, int most) {
        std::vector<const SegmentView*> ordered;
        for (const SegmentView& segment : view.segments) ordered.push_back(&segment);
        std::stable_sort(ordered.begin(), ordered.end(), [](auto* a, auto* b) { return a->customers > b->customers; });
        for (std::size_t at = 0; at < ordered.size() && at < static_cast<std::size_t>(most); ++at)
            kept_.insert(ordered[at]->segment);
    }
    std::string of(const std::string& segment) const { return kept_.contains(segment) ? segment : "other"; }

private:
    std::set<std::string> kept_;
};

double quantile(const std::vector<double>& sorted, double q) {
    const double at = q * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const std::size_t high = std::min(low + 1, sorted.size() - 1);
    return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

void add_quantiles(Families& families, std::string_view name, std::map<std::string, std::vector<double>> by_segment) {
    constexpr std::pair<double, std::string_view> quantiles[] = {{0.1, "0.1"}, {0.5, "0.5"}, {0.9, "0.9"}};
    for (auto& [segment, values] : by_segment) {
        std::sort(values.begin(), values.end());
        for (const auto& [q, label] : quantiles)
            families.add(name, {{"segment", segment}, {"q", label}}, quantile(values, q));
    }
}

void add_customers(Families& families, const View& view, const SegmentLabels& segments) {
    std::map<std::tuple<std::string, std::string, std::string>, double> customers, revenue;
    std::map<std::string, std::vector<double>> health, coverage;
    for (const CustomerView& customer : view.customers) {
        const std::string segment = segments.of(customer.segment), band{band_name(customer.band)};
        customers[{segment, customer.motion, band}] += 1;
        if (is_known(customer.revenue))
            revenue[{segment, band, view.currency}] += customer.revenue / minor_units / months_of_a_year;
        if (is_known(customer.health)) health[segment].push_back(customer.health);
        coverage[segment].push_back(customer.coverage);
    }
    for (const auto& [key, count] : customers) {
        families.add("retaind_customers",
                     {{"segment", std::get<0>(key)}, {"motion", std::get<1>(key)}, {"band", std::get<2>(key)}}, count);
    }
    for (const auto& [key, amount] : revenue) {
        families.add("retaind_monthly_revenue",
                     {{"segment", std::get<0>(key)}, {"band", std::get<1>(key)}, {"currency", std::get<2>(key)}},
                     amount);
    }
    add_quantiles(families, "retaind_health_score", std::move(health));
    add_quantiles(families, "retaind_coverage_ratio", std::move(coverage));
}

void add_segments(Families& families, const View& view, const SegmentLabels& segments) {
    std::map<std::string, double> share;
    for (const SegmentView& segment : view.segments) {
        if (is_known(segment.revenue_share)) share[segments.of(segment.segment)] += segment.revenue_share;
    }
    for (const auto& [segment, value] : share)
        families.add("retaind_segment_revenue_ratio", {{"segment", segment}}, value);
    std::map<std::pair<std::string, std::string>, double> promises;
    for (const PromiseView& promise : view.promises) {
        promises[{segments.of(promise.segment), std::string(promise_state_name(promise.state))}] += 1;
    }
    for (const auto& [key, count] : promises) {
        families.add("retaind_promises", {{"segment", key.first}, {"state", key.second}}, count);
    }
}

void add_alerts(Families& families, const View& view) {
    std::map<std::tuple<std::string, std::string, std::string>, double> alerts;
    double held = 0;
    for (const Alert& alert : view.alerts) {
        alerts[{alert.key.rule, std::string(severity_name(alert.severity)), std::string(phase_name(alert.phase))}] += 1;
        held += alert.held;
    }
    for (const auto& [key, count] : alerts) {
        families.add("retaind_alerts",
                     {{"rule", std::get<0>(key)}, {"severity", std::get<1>(key)}, {"state", std::get<2>(key)}}, count);
    }
    families.add("retaind_alerts_held", {{"reason", "blast_guard"}}, held);
    families.add("retaind_alerts_over_budget", {{"reason", "weekly_budget"}}, view.over_budget);
}

/// The ledger, as it was read before the cycle.
void add_ledger(Families& families, const View& view) {
    for (const RuleQuality& quality : view.quality) {
        const std::pair<AlertOutcome, std::int64_t> counts[] = {{AlertOutcome::churned, quality.churned},
                                                                {AlertOutcome::shrank, quality.shrank},
                                                                {AlertOutcome::renewed, quality.renewed},
                                                                {AlertOutcome::still_open, quality.still_open}};
        for (const auto& [outcome, count] : counts) {
            families.add("retaind_alert_outcomes_total",
                         {{"rule", quality.rule}, {"outcome", alert_outcome_name(outcome)}},
                         static_cast<double>(count));
        }
        const FirstActions& actions = quality.first_actions;
        families.add("retaind_alert_first_action_seconds", {{"rule", quality.rule}},
                     DurationHistogram{.bounds = FirstActions::bounds,
                                       .counts = {actions.counts.begin(), actions.counts.end()},
                                       .sum = actions.sum});
        const std::pair<std::string_view, double> gauges[] = {
            {"retaind_rule_precision_ratio", precision(quality)},
            {"retaind_rule_recall_ratio", recall(quality)},
            {"retaind_rule_lead_seconds", quality.median_lead_days * seconds_of_a_day}};
        for (const auto& [name, value] : gauges) {
            if (is_known(value)) families.add(name, {{"rule", quality.rule}}, value);
        }
    }
}

/// The largest changes of health over 30 days, either way.
constexpr std::size_t movers_shown = 10;
std::vector<const CustomerView*> movers(const View& view) {
    std::vector<const CustomerView*> moved;
    for (const CustomerView& customer : view.customers) {
        if (is_known(customer.change_30d) && customer.change_30d != 0) moved.push_back(&customer);
    }
    const std::size_t most = std::min(moved.size(), movers_shown);
    std::ranges::partial_sort(moved, moved.begin() + static_cast<std::ptrdiff_t>(most),
                              [](const CustomerView* a, const CustomerView* b) {
                                  const double by_a = std::abs(a->change_30d), by_b = std::abs(b->change_30d);
                                  return by_a != by_b ? by_a > by_b : a->customer_id < b->customer_id;
                              });
    moved.resize(most);
    return moved;
}

/// Which customers get series of their own: "firing", "top:N" by risk, or "all" up to the cap; and the movers.
std::vector<const CustomerView*> chosen_customers(const View& view, const std::string& choice) {
    std::vector<const CustomerView*> chosen;
    for (const CustomerView& customer : view.customers) {
        if (choice != "firing" || !customer.alerts.empty()) chosen.push_back(&customer);
    }
    std::size_t most = most_customer_series;
    if (choice.starts_with("top:")) std::from_chars(choice.data() + 4, choice.data() + choice.size(), most);
    std::stable_sort(chosen.begin(), chosen.end(), [](const CustomerView* a, const CustomerView* b) {
        return (is_known(a->risk) ? a->risk : -1) > (is_known(b->risk) ? b->risk : -1);
    });
    chosen.resize(std::min({chosen.size(), most, most_customer_series}));
    for (const CustomerView* mover : movers(view)) {
        if (chosen.size() < most_customer_series && std::ranges::find(chosen, mover) == chosen.end())
            chosen.push_back(mover);
    }
    return chosen;
}

/// Numbers of one customer. No revenue: whoever may scrape may read this.
void add_customer(Families& families, const CustomerView& customer, const SegmentLabels& segments) {
    const std::string& id = customer.customer_id;
    families.add("retaind_customer_info",
                 {{"customer", id},
                  {"segment", segments.of(customer.segment)},
                  {"motion", customer.motion},
                  {"band", band_name(customer.band)}},
                 1);
    const std::pair<std::string_view, double> numbers[] = {{"retaind_customer_health_score", customer.health},
                                                           {"retaind_customer_churn_risk_ratio", customer.risk}};
    for (const auto& [name, value] : numbers) {
        if (is_known(value)) families.add(name, {{"customer", id}}, value);
    }
    const std::pair<std::string_view, double> changes[] = {{"7d", customer.change_7d}, {"30d", customer.change_30d}};
    for (const auto& [period, value] : changes) {
        if (is_known(value))
            families.add("retaind_customer_health_change_points", {{"customer", id}, {"period", period}}, value);
    }
    if (customer.renews_on)
        families.add("retaind_customer_renewal_timestamp_seconds", {{"customer", id}},
                     seconds(Instant{*customer.renews_on}));
}

/// Open alerts and promises of the customers that have series.
void add_details(Families& families, const View& view, const std::set<std::string_view>& ids) {
    std::map<std::tuple<std::string, std::string, std::string>, double> alerts;
    for (const Alert& alert : view.alerts) {
        if (alert.phase != AlertPhase::pending && ids.contains(alert.customer_id))
            alerts[{alert.customer_id, alert.key.rule, std::string{severity_name(alert.severity)}}] += 1;
    }
    for (const auto& [key, count] : alerts) {
        families.add("retaind_customer_alerts",
                     {{"customer", std::get<0>(key)}, {"rule", std::get<1>(key)}, {"severity", std::get<2>(key)}},
                     count);
    }
    std::map<std::pair<std::string, std::string>, double> promises;
    for (const PromiseView& promise : view.promises) {
        if (ids.contains(promise.customer_id))
            promises[{promise.customer_id, std::string{promise_state_name(promise.state)}}] += 1;
    }
    for (const auto& [key, count] : promises)
        families.add("retaind_customer_promises", {{"customer", key.first}, {"state", key.second}}, count);
}

void add_single_customers(Families& families, const View& view, const std::string& choice,
                          const SegmentLabels& segments) {
    const std::vector<const CustomerView*> chosen = chosen_customers(view, choice);
    std::set<std::string_view> ids;
    for (const CustomerView* customer : chosen) {
        add_customer(families, *customer, segments);
        ids.insert(customer->customer_id);
    }
    add_details(families, view, ids);
    families.add("retaind_customer_series_omitted", {}, static_cast<double>(view.customers.size() - chosen.size()));
}

void add_renewals(Families& families, const View& view, const SegmentLabels& segments) {
    std::map<std::pair<std::string, std::string_view>, double> amounts;
    for (const RenewalForecast& forecast : view.renewals) {
        const std::pair<std::string_view, double> bounds[] = {{"low", forecast.low},
                                                              {"expected", forecast.expected},
                                                              {"high", forecast.high},
                                                              {"scheduled", forecast.scheduled}};
        for (const auto& [bound, amount] : bounds) amounts[{segments.of(forecast.segment), bound}] += amount;
    }
    for (const auto& [key, amount] : amounts) {
        families.add("retaind_renewal_revenue",
                     {{"segment", key.first}, {"currency", view.currency}, {"bound", key.second}},
                     amount / minor_units);
    }
}

void add_feeds(Families& families, const View& view) {
    for (const FeedView& feed : view.feeds) {
        if (feed.watermark)
            families.add("retaind_dataset_watermark_timestamp_seconds", {{"dataset", feed.dataset}},
                         end_of(*feed.watermark));
        if (feed.stale_after) {
            families.add("retaind_dataset_stale", {{"dataset", feed.dataset}}, feed.stale ? 1 : 0);
            families.add("retaind_dataset_stale_after_seconds", {{"dataset", feed.dataset}},
                         static_cast<double>(feed.stale_after->count()));
        }
        for (const auto& [check, rows] : feed.contradictions) {
            families.add("retaind_dataset_contradictions", {{"dataset", feed.dataset}, {"check", check}},
                         static_cast<double>(rows));
        }
    }
}

void add_outbox(Families& families, const std::vector<OutboxCount>& outbox) {
    std::map<std::string, Instant> oldest;
    for (const OutboxCount& count : outbox) {
        families.add("retaind_outbox_messages",
                     {{"receiver", count.receiver}, {"status", delivery_status_name(count.status)}},
                     static_cast<double>(count.messages));
        const bool waiting = count.status == DeliveryStatus::queued || count.status == DeliveryStatus::retry ||
                             count.status == DeliveryStatus::in_flight;
        if (!waiting || count.messages == 0) continue;
        const auto [at, is_new] = oldest.emplace(count.receiver, count.oldest);
        if (!is_new) at->second = std::min(at->second, count.oldest);
    }
    for (const auto& [receiver, instant] : oldest) {
        families.add("retaind_outbox_oldest_message_timestamp_seconds", {{"receiver", receiver}}, seconds(instant));
    }
}

void add_counters(Families& families, const Telemetry& telemetry) {
    for (const auto& [result, count] : telemetry.cycles)
        families.add("retaind_cycles_total", {{"result", result}}, static_cast<double>(count));
    for (const auto& [phase, histogram] : telemetry.cycle_durations) {
        families.add("retaind_cycle_duration_seconds", {{"phase", phase}}, histogram);
    }
    for (const auto& [source, up] : telemetry.source_up)
        families.add("retaind_source_up", {{"source", source}}, up ? 1 : 0);
    for (const auto& [dataset, rows] : telemetry.rows_read) {
        families.add("retaind_dataset_rows_read_total", {{"dataset", dataset}}, static_cast<double>(rows));
    }
    for (const auto& [key, rows] : telemetry.rows_rejected) {
        families.add("retaind_dataset_rows_rejected_total", {{"dataset", key.first}, {"reason", key.second}},
                     static_cast<double>(rows));
    }
    for (const auto& [key, count] : telemetry.deliveries) {
        families.add("retaind_deliveries_total", {{"receiver", key.first}, {"result", key.second}},
                     static_cast<double>(count));
    }
    for (const auto& [key, count] : telemetry.alerts_opened) {
        families.add("retaind_alerts_opened_total", {{"rule", key.first}, {"severity", key.second}},
                     static_cast<double>(count));
    }
}

}  // namespace

std::string render_view(const View& view, const MetricsSettings& settings) {
    Families families;
    const SegmentLabels segments(view, settings.segments_max);
    families.add("retaind_data_asof_timestamp_seconds", {}, end_of(view.as_of));
    families.add("retaind_rules_info", {{"pack", view.rules_name}, {"hash", view.rules_hash}}, 1);
    add_customers(families, view, segments);
    add_segments(families, view, segments);
    add_alerts(families, view);
    add_ledger(families, view);
    for (const FlooredRule& rule : view.floors)
        families.add("retaind_rule_precision_floor_ratio", {{"rule", rule.rule}}, rule.floor);
    add_renewals(families, view, segments);
    add_single_customers(families, view, settings.customers, segments);
    add_feeds(families, view);
    return families.text();
}

std::string render_telemetry(const Telemetry& telemetry) {
    Families families;
    families.add("retaind_build_info", {{"version", telemetry.version}, {"revision", telemetry.revision}}, 1);
    families.add("retaind_leader", {}, 1);
    families.add("retaind_cycle_interval_seconds", {}, telemetry.interval_seconds);
    if (telemetry.last_success)
        families.add("retaind_cycle_last_success_timestamp_seconds", {}, seconds(*telemetry.last_success));
    families.add("retaind_config_last_reload_successful", {}, telemetry.last_reload_ok ? 1 : 0);
    if (telemetry.last_reload)
        families.add("retaind_config_last_reload_timestamp_seconds", {}, seconds(*telemetry.last_reload));
    families.add("retaind_state_size_bytes", {}, static_cast<double>(telemetry.state_bytes));
    if (telemetry.state_limit_bytes > 0)
        families.add("retaind_state_limit_bytes", {}, static_cast<double>(telemetry.state_limit_bytes));
    families.add("retaind_clock_jumps_total", {}, static_cast<double>(telemetry.clock_jumps));
    add_counters(families, telemetry);
    add_outbox(families, telemetry.outbox);
    add_process(families, telemetry.process_start_seconds);
    return families.text();
}

}  // namespace retaind
