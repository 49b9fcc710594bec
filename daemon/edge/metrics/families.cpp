#include "families.hpp"

#include <prometheus/text_serializer.h>

#include <cassert>
#include <iterator>
#include <sstream>

#include "retaind/model/dataset.hpp"

namespace retaind {
namespace {

constexpr MetricSpec table[] = {
    {"retaind_build_info", "gauge", "Version and revision of the running daemon; always 1.", "version revision"},
    {"retaind_leader", "gauge", "1 when this instance evaluates and sends.", ""},
    {"retaind_cycle_interval_seconds", "gauge", "Configured time between cycles.", ""},
    {"retaind_cycle_last_success_timestamp_seconds", "gauge", "When the last cycle ended well.", ""},
    {"retaind_data_asof_timestamp_seconds", "gauge", "End of the day that the last cycle speaks about.", ""},
    {"retaind_cycle_duration_seconds", "histogram", "Time that a phase of a cycle took.", "phase"},
    {"retaind_cycles_total", "counter", "Cycles by how they ended.", "result"},
    {"retaind_source_up", "gauge", "1 when the last read of the source succeeded.", "source"},
    {"retaind_dataset_watermark_timestamp_seconds", "gauge", "End of the newest day for which the dataset has rows.",
     "dataset"},
    {"retaind_dataset_stale", "gauge",
     "1 when the dataset counts as stale: its age is above stale_after, and no break of the season explains it.",
     "dataset"},
    {"retaind_dataset_stale_after_seconds", "gauge", "Age from which the dataset counts as stale.", "dataset"},
    {"retaind_dataset_rows_read_total", "counter", "Rows read.", "dataset"},
    {"retaind_dataset_rows_rejected_total", "counter", "Rows rejected, by reason.", "dataset reason"},
    {"retaind_dataset_contradictions", "gauge", "Kept rows that contradict themselves, by check.", "dataset check"},
    {"retaind_config_last_reload_successful", "gauge",
     "1 when the last reload was taken over, 0 when the old rules stayed.", ""},
    {"retaind_config_last_reload_timestamp_seconds", "gauge", "When configuration and rules were last taken over.", ""},
    {"retaind_rules_info", "gauge", "Rule pack and hash in force; always 1.", "pack hash"},
    {"retaind_state_size_bytes", "gauge", "Size of the state database.", ""},
    {"retaind_state_limit_bytes", "gauge", "What it can grow to: its size and what is free on its file system.", ""},
    {"retaind_outbox_messages", "gauge", "Messages in the outbox.", "receiver status"},
    {"retaind_outbox_oldest_message_timestamp_seconds", "gauge", "When the oldest undelivered message was decided.",
     "receiver"},
    {"retaind_deliveries_total", "counter", "Deliveries tried, by result.", "receiver result"},
    {"retaind_alerts", "gauge", "Alerts.", "rule severity state"},
    {"retaind_alerts_opened_total", "counter", "Alerts that began to fire.", "rule severity"},
    {"retaind_alerts_held", "gauge", "Alerts stored but not announced.", "reason"},
    {"retaind_alerts_over_budget", "gauge", "Stories that wait for a digest, for want of budget.", "reason"},
    {"retaind_alert_outcomes_total", "counter", "Alerts whose horizon has passed, by what became of their customer.",
     "rule outcome"},
    {"retaind_alert_first_action_seconds", "histogram",
     "Time from the opening of an alert to its first acknowledgement or touchpoint.", "rule"},
    {"retaind_rule_precision_ratio", "gauge", "Share of judged alerts whose customer left or shrank.", "rule"},
    {"retaind_rule_precision_floor_ratio", "gauge", "Precision that the rule must reach (min_precision).", "rule"},
    {"retaind_rule_recall_ratio", "gauge", "Share of lost customers that the rule told of before.", "rule"},
    {"retaind_rule_lead_seconds", "gauge", "Median time from the opening of an alert to the loss.", "rule"},
    {"retaind_customers", "gauge", "Live customers.", "segment motion band"},
    {"retaind_monthly_revenue", "gauge", "Monthly revenue of live customers, in major units.", "segment band currency"},
    {"retaind_renewal_revenue", "gauge",
     "Yearly revenue, in major units, of the renewals of the next 90 days: what is scheduled, and what will probably "
     "be kept, with an interval of 90 %.",
     "segment currency bound"},
    {"retaind_promises", "gauge", "Promises of live customers.", "segment state"},
    {"retaind_health_score", "gauge", "Quantiles of health, 0 to 100.", "segment q"},
    {"retaind_coverage_ratio", "gauge", "Quantiles of coverage, 0 to 1.", "segment q"},
    {"retaind_segment_revenue_ratio", "gauge", "Share of all revenue.", "segment"},
    {"retaind_customer_info", "gauge", "Customers with series of their own; always 1.", "customer segment motion band"},
    {"retaind_customer_health_score", "gauge", "Health of single customers, 0 to 100.", "customer"},
    {"retaind_customer_churn_risk_ratio", "gauge", "Churn risk of single customers, 0 to 1.", "customer"},
    {"retaind_customer_health_change_points", "gauge", "Change of the health of single customers, in points.",
     "customer period"},
    {"retaind_customer_renewal_timestamp_seconds", "gauge", "Next renewal of single customers.", "customer"},
    {"retaind_customer_alerts", "gauge", "Open alerts of single customers, pending ones left out.",
     "customer rule severity"},
    {"retaind_customer_promises", "gauge", "Promises of single customers.", "customer state"},
    {"retaind_customer_series_omitted", "gauge", "Customers without series of their own.", ""},
    {"retaind_clock_jumps_total", "counter", "Jumps of the wall clock by over 15 s.", ""},
    {"process_cpu_seconds_total", "counter", "User and system CPU time.", ""},
    {"process_resident_memory_bytes", "gauge", "Resident memory.", ""},
    {"process_virtual_memory_bytes", "gauge", "Virtual memory.", ""},
    {"process_open_fds", "gauge", "Open file descriptors.", ""},
    {"process_max_fds", "gauge", "Most file descriptors that may be open.", ""},
    {"process_start_time_seconds", "gauge", "When the process started.", ""},
};

prometheus::MetricType type_of(std::string_view type) {
    return type == "counter"     ? prometheus::MetricType::Counter
           : type == "histogram" ? prometheus::MetricType::Histogram
                                 : prometheus::MetricType::Gauge;
}

std::vector<prometheus::ClientMetric::Label> labels_of(LabelList labels) {
    std::vector<prometheus::ClientMetric::Label> result;
    for (const auto& [name, value] : labels) result.push_back({std::string(name), sanitised(value)});
    return result;
}

}  // namespace

std::span<const MetricSpec> metric_table() { return table; }

std::string sanitised(std::string_view text) {
    std::string clean;
    const bool valid = is_valid_utf8(text);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || (!valid && byte >= 0x80))
            clean += '?';
        else
            clean += c;
    }
    return clean;
}

void DurationHistogram::observe(double seconds) {
    counts.resize(bounds.size() + 1);
    std::size_t bucket = 0;
    while (bucket < bounds.size() && seconds > bounds[bucket]) ++bucket;
    ++counts[bucket];
    sum += seconds;
}

prometheus::MetricFamily& Families::family(std::string_view name) {
    for (std::size_t at = 0; at < std::size(table); ++at) {
        if (table[at].name != name) continue;
        prometheus::MetricFamily& found = families_[at];
        found.name = std::string(name);
        found.help = std::string(table[at].help);
        found.type = type_of(table[at].type);
        return found;
    }
    assert(!"a metric that is not in the table");
    return families_[std::size(table)];
}

void Families::add(std::string_view name, LabelList labels, double value) {
    prometheus::MetricFamily& into = family(name);
    prometheus::ClientMetric metric;
    metric.label = labels_of(labels);
    if (into.type == prometheus::MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    into.metric.push_back(std::move(metric));
}

void Families::add(std::string_view name, LabelList labels, const DurationHistogram& histogram) {
    prometheus::ClientMetric metric;
    metric.label = labels_of(labels);
    std::uint64_t cumulative = 0;
    for (std::size_t bucket = 0; bucket < histogram.counts.size(); ++bucket) {
        cumulative += histogram.counts[bucket];
        const bool last = bucket == histogram.bounds.size();
        metric.histogram.bucket.push_back(
            {cumulative, last ? std::numeric_limits<double>::infinity() : histogram.bounds[bucket]});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = histogram.sum;
    family(name).metric.push_back(std::move(metric));
}

std::string Families::text() const {
    std::vector<prometheus::MetricFamily> ordered;
    for (const auto& [position, each] : families_) ordered.push_back(each);
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, ordered);
    return out.str();
}

}  // namespace retaind
