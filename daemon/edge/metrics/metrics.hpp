// The metrics page (METRICS.md), written with prometheus-cpp's own types and serialiser.
//
// Families about customers are rendered once per cycle from the View; those about the daemon itself at each scrape.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "retaind/cycle/view.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// One family: everything docs, dashboards and tests may know about it.
struct MetricSpec {
    std::string_view name;
    std::string_view type;  ///< counter, gauge or histogram
    std::string_view help;
    std::string_view labels;  ///< separated by spaces
};
std::span<const MetricSpec> metric_table();

inline constexpr double cycle_buckets[] = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

/// Seconds: by default of each finished cycle phase.
struct DurationHistogram {
    std::span<const double> bounds = cycle_buckets;
    std::vector<std::uint64_t> counts = {};  ///< one per bound, and one for the rest
    double sum = 0;
    void observe(double seconds);
};

/// What the daemon counts about itself, copied out of the running parts at each scrape.
struct Telemetry {
    std::string version, revision;
    double interval_seconds = 0;
    std::optional<Instant> last_success = {}, last_reload = {};
    bool last_reload_ok = true;
    std::map<std::string, std::uint64_t> cycles = {};               ///< by result: ok, failed, skipped
    std::map<std::string, DurationHistogram> cycle_durations = {};  ///< by phase
    std::map<std::string, bool> source_up = {};
    std::map<std::string, std::uint64_t> rows_read = {};                              ///< by dataset
    std::map<std::pair<std::string, std::string>, std::uint64_t> rows_rejected = {};  ///< by dataset and reason
    std::map<std::pair<std::string, std::string>, std::uint64_t> deliveries = {};     ///< by receiver and result
    std::map<std::pair<std::string, std::string>, std::uint64_t> alerts_opened = {};  ///< by rule and severity
    std::vector<OutboxCount> outbox = {};
    std::uint64_t state_bytes = 0;
    std::uint64_t state_limit_bytes = 0;  ///< 0: not known
    std::uint64_t clock_jumps = 0;
    double process_start_seconds = 0;
};

/// Text exposition of the families about customers.
std::string render_view(const View& view, const MetricsSettings& settings);

/// Text exposition of the families about the daemon, the process included.
std::string render_telemetry(const Telemetry& telemetry);

}  // namespace retaind
