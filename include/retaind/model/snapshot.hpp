// Everything one cycle knows about the world: values in columns, ordered by id and day, independent of row order.
//
// A snapshot holds all rows that were read; `as_of` says which of them exist. So one snapshot serves many as-of days
// (a backtest, a replay) by changing one field. Functions below answer "as of"; nothing else may look at later rows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "retaind/base/value.hpp"
#include "retaind/model/dataset.hpp"

namespace retaind {

/// Position of a customer in Snapshot::customers, which is sorted by customer_id.
using CustomerIndex = std::uint32_t;
inline constexpr CustomerIndex no_customer = UINT32_MAX;

/// An amount of money in minor units of the base currency.
using Money = std::int64_t;

struct Currency {
    std::string base = "";      ///< "" while the company has one currency and never names it
    std::string fallback = "";  ///< of rows without one ([currency] default)
    std::map<std::string, double, std::less<>> rates = {};  ///< units of base per unit
};

struct Customer {
    Word id, name = no_word, segment = no_word, motion = no_word, account_manager = no_word, seller = no_word;
    Word parent = no_word, timezone = no_word, pulse_note = no_word;
    std::optional<Day> since = {}, pulse_at = {};
    double acquisition_cost = missing, cost_to_serve = missing;  ///< base currency, minor units
    double pulse = missing;                                      ///< 0..100
    bool do_not_profile = false;
    CustomerIndex parent_customer = no_customer;  ///< whom `parent` names; no_customer also where links lead round
    std::uint32_t first_subscription = 0, subscriptions = 0;  ///< their run in Snapshot::subscriptions
    std::uint32_t first_promise = 0, promises = 0;            ///< their run in Snapshot::promises
};

/// A further column of customers, one value per customer.
struct Attribute {
    std::string name;
    bool is_number = false;
    std::vector<double> numbers = {};
    std::vector<Word> words = {};
};

struct Subscription {
    Word id;
    CustomerIndex customer = no_customer;
    Word plan = no_word, status = no_word, stage = no_word, exit_reason = no_word;
    Day started_on;
    std::optional<Day> renews_on = {}, ended_on = {};
    double notice_days = missing, seats = missing;
    double mrr = missing, list_mrr = missing;  ///< base currency, minor units; missing without a rate
    bool over = false;                         ///< the status as read is cancelled or ended
};

/// A dated numeric or text feed of customers: usage, attendance, touchpoints, events. Rows of a customer stand
/// together (`first[c]` to `first[c + 1]`), ascending by day, then second, then every other column; so sums are
/// taken in one canonical order whatever order the rows arrived in.
struct Series {
    struct Texts {
        std::string name;
        std::vector<Word> words;
    };
    struct Numbers {
        std::string name;
        std::vector<double> numbers;
    };

    std::string dataset;
    std::vector<std::uint32_t> first = {};  ///< customers + 1 elements
    std::vector<std::int32_t> day = {};     ///< days since 1970-01-01
    std::vector<std::int32_t> second = {};  ///< of the day; empty when every row is a date
    std::vector<double> value = {};         ///< attendance: 1 attended, 0 missed, missing excused;
                                            ///< touchpoints and events without a value: 1
    std::vector<std::int32_t> known = {};   ///< the day by whose end the row was known; empty: its own day
    std::vector<Texts> texts = {};          ///< metric, status, kind, channel, by, event, name, subscription_id
    std::vector<Numbers> numbers = {};      ///< minutes
};

enum class PromiseKind { reach, hold, milestones };

struct Promise {
    Word id;
    CustomerIndex customer = no_customer;
    Word outcome = no_word, unit = no_word, curve = no_word, measured_by = no_word;
    Word promised_by = no_word, kept_by = no_word;
    Word subscription = no_word;  ///< the subscription it belongs to, if it says so
    PromiseKind kind = PromiseKind::reach;
    Day starts_on, due_on;
    std::optional<Day> known = {};     ///< before the end of this day nobody knew of it
    std::optional<Day> replaced = {};  ///< from the end of this day on another version of it holds
    double target = missing, baseline = 0, quality = 0, importance = 1;
    std::uint32_t first_reading = 0, readings = 0;      ///< their run in Snapshot::readings
    std::uint32_t first_milestone = 0, milestones = 0;  ///< their run in Snapshot::milestones
};

/// A dated value of a promise, ascending by day within its promise.
struct Reading {
    Day at;
    std::int32_t second = 0;
    double value = missing;
    bool reported = false;  ///< origin = reported: the customer's or keeper's own word
    Day known;
};

/// A dated step of a promise, ascending by due day, then id, within its promise.
struct Milestone {
    Word id;
    Day due_on;
    double weight = 1;
    std::optional<Day> delivered_on = {};
    double quality = missing;  ///< 0..100
    std::optional<Day> quality_known_on = {};
};

struct Person {
    Word id, name = no_word, email = no_word, lead = no_word, timezone = no_word, language = no_word, deputy = no_word;
    std::optional<Day> away_until = {};
};

struct Relation {
    CustomerIndex customer = no_customer;
    CustomerIndex related = no_customer;
    Word kind = no_word;
};

struct SegmentValue {
    Word segment;
    Day at;
    double value = missing;
    std::optional<Day> known = {};  ///< the day by whose end it was known; none: its own day
};
struct Marker {
    Day at;
    Word text;
    Word segment = no_word;
};

/// What is known about a dataset's feed, whatever became of its rows.
struct Feed {
    /// How many rows of a day were known by the end of another.
    struct Presence {
        std::int32_t day;
        std::int32_t known;
        std::uint64_t rows;
    };

    std::string dataset;
    std::string source;
    bool loaded = false;        ///< false: the source failed this cycle; the rows are unknown
    std::string error = {};     ///< why it is not loaded
    bool refused = false;       ///< it was read, and too many rows of its source were bad
    bool needs_parent = false;  ///< not loaded only because customers or promises are not
    std::uint64_t rows = 0, rows_read = 0;
    Rejections rejected = {};
    /// Rows that were kept though something is wrong with them: "no_rate" (an amount in a currency without a rate),
    /// "active_past_renewal", "active_past_end", "ended_without_date", "ends_before_start", "usage_after_end",
    /// "unknown_parent", "parent_circle", "unknown_timezone" (people whose zone nobody knows, and who have ours).
    std::map<std::string, std::uint64_t, std::less<>> contradictions = {};
    std::vector<Presence> presence = {};  ///< of a dated feed, per day with rows and day they were known, ascending
    std::optional<Day> stated_watermark = {};  ///< by the dataset's own query
    Seconds delay = Seconds{0};                ///< rows become known this long after `at`
    std::optional<Seconds> stale_after = {};
    bool dated = false;  ///< has `at`: its watermark moves with its rows
};

/// Days without season, the first and the last included: a feed that is silent then is none the older.
struct OffSeason {
    std::string segment;  ///< "": everybody's
    Day from, to;
};

struct Snapshot {
    Day as_of;
    Day read_from;                           ///< the first day that series were read from (`:from`)
    std::vector<OffSeason> off_season = {};  ///< [calendar]
    Words words = {};
    std::vector<Customer> customers = {};          ///< sorted by id
    std::vector<Attribute> attributes = {};        ///< sorted by name
    std::vector<Subscription> subscriptions = {};  ///< by customer, then id
    std::vector<Series> series = {};               ///< sorted by dataset
    std::vector<Promise> promises = {};            ///< by customer, then id, then since when this version is known
    std::vector<Reading> readings = {};
    std::vector<Milestone> milestones = {};
    std::vector<Person> people = {};                ///< sorted by id
    std::vector<Relation> relations = {};           ///< by customer, then related, then kind
    std::vector<SegmentValue> segment_series = {};  ///< by segment, then day
    std::vector<Marker> markers = {};               ///< by day
    std::vector<Feed> feeds = {};                   ///< one per mapped dataset, sorted by name
    std::vector<Zone> zones = {};                   ///< that people name, as far as there are such; sorted by name

    std::string_view text(Word word) const { return words.text(word); }
    const Feed* feed(std::string_view dataset) const;
    const Series* find_series(std::string_view dataset) const;
    const Attribute* attribute(std::string_view name) const;
    const Person* person(std::string_view id) const;
    CustomerIndex find_customer(std::string_view id) const;  ///< no_customer when unknown
    std::span<const Subscription> subscriptions_of(CustomerIndex customer) const;
    std::span<const Promise> promises_of(CustomerIndex customer) const;
    std::span<const Reading> readings_of(const Promise& promise) const;
    std::span<const Milestone> milestones_of(const Promise& promise) const;
};

/// A dataset that is mapped but could not be read this cycle.
struct FailedDataset {
    DatasetOptions options;
    std::string error;
    bool refused = false;  ///< as in Feed
};

struct SnapshotOptions {
    Day as_of;
    Day read_from;
    Currency currency = {};
    std::vector<OffSeason> off_season = {};
};

/// Joins datasets into a snapshot. Rows that name an unknown customer or promise, duplicates of a key, and rows that
/// cannot be (a promise due before it starts, target = baseline) are rejected and counted on their feed. The result
/// is the same for any order of rows. A dataset needs a loaded parent: without customers, usage counts as not loaded;
/// so do readings and milestones without promises. Of rows with one row_id the first by content stays: equal ones go
/// silently (a row delivered twice), others are counted as "duplicate". Rows of one promise with different known_at are
/// versions of it: each holds until the next is known, and all have the same readings and milestones.
Snapshot assemble(std::vector<Dataset> datasets, std::vector<FailedDataset> failed, const SnapshotOptions& options);

/// Share of a feed's rows that were rejected, by the reader or while joining; 0 for an empty feed.
double rejected_share(const Feed& feed);

/// The newest whole day <= as_of with a row known by then; with a stated watermark that one, but no later than as_of
/// (less the feed's delay); of an undated feed, as_of. Nothing while a dated feed has no such row, or is not loaded.
///
/// A day is not whole while it has less than a fifth of the rows of its weekday in the two weeks before (the larger of
/// them, at least 50): the rest has not arrived, and nobody's silence on it is proven. Asked only of feeds with rows on
/// ten of the 14 days before, and not off-season. docs/decisions/003.
std::optional<Day> watermark(const Snapshot& snapshot, std::string_view dataset);

/// Days from the watermark to as_of, less those off-season for everybody; nothing without a watermark.
std::optional<std::chrono::days> feed_age(const Snapshot& snapshot, std::string_view dataset);

/// Stale: `stale_after` is set, and the feed is older than that, or has no watermark at all.
enum class FeedState { unmapped, not_loaded, stale, fresh };
FeedState feed_state(const Snapshot& snapshot, std::string_view dataset);
/// A dataset that nobody maps counts as loaded: there is nothing to wait for.
bool is_loaded(const Snapshot& snapshot, std::string_view dataset);

/// Facts after as_of do not exist yet: `ended_on` later than as_of is none, and the status then reads "active" ("trial"
/// stays). A customer is live while some subscription has started_on <= as_of < ended_on; one that is over without a
/// date is not live. Where subscriptions are not mapped, every customer is live from `since` on.
std::optional<Day> ended_on(const Subscription& subscription, Day as_of);
std::string_view status(const Snapshot& snapshot, const Subscription& subscription);
bool is_live(const Subscription& subscription, Day as_of);
bool is_live(const Snapshot& snapshot, CustomerIndex customer, Day as_of);
/// What the account manager feels, unless it was written down later, or longer ago than `expires`. Without a date it
/// never expires.
double pulse(const Customer& customer, Day as_of, Seconds expires = Seconds::max());
/// Not live, and a subscription says so: one has ended. Somebody whose subscriptions are merely gone has not ended.
bool has_ended(const Snapshot& snapshot, CustomerIndex customer);

}  // namespace retaind
