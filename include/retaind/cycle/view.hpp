// What everybody may look at after a cycle: immutable, made once, shared by metrics, pages, JSON and the command line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "retaind/alerts/alert.hpp"
#include "retaind/alerts/ledger.hpp"
#include "retaind/model/dataset.hpp"
#include "retaind/portfolio/forecast.hpp"
#include "retaind/portfolio/segments.hpp"
#include "retaind/promises/promise.hpp"
#include "retaind/scores/health.hpp"
#include "retaind/signals/statistics.hpp"

namespace retaind {

struct CustomerView {
    std::string customer_id = {}, name = {}, segment = {}, motion = {}, account_manager = {};
    double health = missing, smoothed = missing, coverage = 0, risk = missing;
    double change_7d = missing, change_30d = missing;  ///< of the health, in points
    Band band = Band::unknown;
    Trend trend = Trend::unknown;  ///< of the health, over the last 8 weeks
    double trend_slope = missing;  ///< points a week; missing while the trend is unknown
    double revenue = missing;      ///< yearly, minor units of base currency
    std::optional<Day> renews_on = {};
    std::vector<std::string> alerts = {};  ///< rules of its open alerts that are firing or recovering, sorted
};

struct PromiseView {
    std::string promise_id = {}, customer_id = {}, outcome = {}, segment = {};
    PromiseState state = PromiseState::open;
    double probability_kept = missing, days_behind = missing, pace = missing;
    std::optional<Day> due_on = {};
};

struct FeedView {
    std::string dataset = {}, source = {};
    bool loaded = true, stale = false;
    std::string error = {};
    std::uint64_t rows = 0, rows_read = 0, rows_rejected = 0;
    Rejections rejected = {};  ///< with the keys of the first rows, ids and days only
    std::map<std::string, std::uint64_t, std::less<>> contradictions = {};
    std::optional<Day> watermark = {};
    std::optional<Seconds> stale_after = {};
};

struct View {
    Day as_of = {};
    Instant evaluated_at = {};
    std::string rules_hash = {}, rules_name = {}, currency = {};
    std::vector<CustomerView> customers = {};  ///< live ones, sorted by id
    std::vector<PromiseView> promises = {};    ///< of live customers, sorted by id
    std::vector<Alert> alerts = {};            ///< open ones, sorted by key
    std::vector<FeedView> feeds = {};          ///< sorted by name
    std::vector<SegmentView> segments = {};    ///< sorted by name
    SegmentView portfolio = {};
    std::vector<RenewalForecast> renewals = {};  ///< of the renewals_ahead, sorted by segment; segments with any
    int held = 0;                                ///< alerts held by the blast guard
    int over_budget = 0;                         ///< stories that wait for a digest, for want of budget
    std::vector<RuleQuality> quality = {};       ///< sorted by rule
    std::vector<FlooredRule> floors = {};        ///< rules that have a floor of precision, in their order
};

}  // namespace retaind
