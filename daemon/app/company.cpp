#include "company.hpp"

#include <algorithm>
#include <future>
#include <set>

#include "edge/source/source.hpp"
#include "edge/zones/zones.hpp"
#include "log.hpp"
#include "retaind/rules/visit.hpp"

namespace retaind {
namespace {

std::chrono::days history_days(const Settings& settings) {
    return std::chrono::duration_cast<std::chrono::days>(settings.history);
}

}  // namespace

Result<std::unique_ptr<Company>> Company::open(Loaded loaded) {
    std::unique_ptr<Company> company(new Company(std::move(loaded)));
    const Settings& settings = company->settings();
    Result<Zone> zone = load_zone(settings.timezone);
    if (!zone) return zone.error();
    company->zone_ = std::move(*zone);
    company->loaded_.rules.policy.zone = company->zone_;
    for (const DatasetSettings& dataset : settings.datasets) {
        Result<Zone> own = dataset.timezone.empty() ? Result<Zone>(company->zone_) : load_zone(dataset.timezone);
        if (!own)
            return Error{.kind = ErrorKind::config,
                         .message = "dataset " + dataset.name + ": " + own.error().message,
                         .hint = own.error().hint,
                         .where = dataset.where};
        company->dataset_zones_[dataset.name] = std::move(*own);
    }
    for (const SourceSettings& source : settings.sources)
        company->sources_[source.name] = open_source(source, [&moved = company->moved_] { moved(); });
    return company;
}

Result<void> Company::expect_complete(Day day, Instant now) const {
    const Day last = last_complete_day(now);
    if (day <= last) return {};
    return Error{.kind = ErrorKind::usage,
                 .message = format_day(day) + " has not ended yet; the last complete day is " + format_day(last),
                 .hint = "what is remembered of a day must be all of it"};
}

std::vector<DatasetRequest> Company::requests(const std::string& source, Day first, Day last) const {
    std::vector<DatasetRequest> result;
    const Day from = first - std::chrono::duration_cast<std::chrono::days>(settings().history);
    for (const DatasetSettings& dataset : settings().datasets) {
        if (dataset.source != source) continue;
        result.push_back({.options = {.name = dataset.name,
                                      .kind = dataset.kind,
                                      .source = source,
                                      .zone = dataset_zones_.at(dataset.name),
                                      .day_zone = zone_,
                                      .delay = dataset.delay,
                                      .stale_after = dataset.stale_after},
                          .query = dataset.query,
                          .watermark_query = dataset.watermark,
                          .from = from,
                          .to = last + std::chrono::days{1}});
    }
    return result;
}

Snapshot Company::read(Day first, Day last) {
    std::map<std::string, std::future<Result<std::vector<Dataset>>>> reads;
    std::map<std::string, std::vector<DatasetRequest>> asked;
    for (auto& [name, source] : sources_) {
        asked[name] = requests(name, first, last);
        reads[name] =
            std::async(std::launch::async, [&source = *source, &wanted = asked[name]] { return source.read(wanted); });
    }
    std::vector<Dataset> datasets;
    std::vector<FailedDataset> failed;
    source_up_.clear();
    for (auto& [name, read] : reads) {
        Result<std::vector<Dataset>> result = read.get();
        source_up_[name] = result.ok();
        if (result) {
            for (Dataset& dataset : *result) datasets.push_back(std::move(dataset));
            continue;
        }
        log(result.error());
        for (const DatasetRequest& request : asked[name])
            failed.push_back({.options = request.options,
                              .error = result.error().message,
                              .refused = result.error().kind == ErrorKind::bad_data});
    }
    Snapshot snapshot = assemble(std::move(datasets), std::move(failed),
                                 {.as_of = last,
                                  .read_from = first - history_days(settings()),
                                  .currency = rules().policy.currency,
                                  .off_season = rules().policy.calendar.off_season});
    refuse_bad_sources(snapshot);
    add_zones(snapshot);
    warn_of_missing_columns(snapshot);
    return snapshot;
}

void Company::look_at(Snapshot& snapshot, Day as_of) const {
    snapshot.as_of = as_of;
    snapshot.read_from = as_of - history_days(settings());
}

Result<RuleSet> Company::rules_of(const PastCycle& cycle) const {
    if (cycle.rules_hash == rules().hash) return rules();
    const std::string name = "rules of " + format_day(cycle.day) + ".toml";
    PackResult read = load_rules({name}, {.policy = rules().policy, .texts = {{name, cycle.rules_text}}});
    if (read.rules && read.rules->hash == cycle.rules_hash) return std::move(*read.rules);
    return Error{.kind = ErrorKind::state,
                 .message = name + " cannot be read back by this version of retaind",
                 .hint = read.problems.empty() ? "" : to_string(read.problems.front())};
}

/// What joining rejected (rows of unknown customers, duplicates) counts against a source as bad rows do while reading.
void Company::refuse_bad_sources(Snapshot& snapshot) {
    for (const SourceSettings& source : settings().sources) {
        const auto is_bad = [&](const Feed& feed) {
            return feed.source == source.name && feed.loaded && feed.rows_read >= source.bad_rows_of &&
                   rejected_share(feed) > source.bad_rows;
        };
        const auto bad = std::find_if(snapshot.feeds.begin(), snapshot.feeds.end(), is_bad);
        if (bad == snapshot.feeds.end()) continue;
        const Error error{.kind = ErrorKind::bad_data,
                          .message = "source \"" + source.name + "\": dataset \"" + bad->dataset +
                                     "\": too many bad rows: " + describe(bad->rejected),
                          .hint = "mend the query or the data; nothing of this source is used until then"};
        log(error);
        source_up_[source.name] = false;
        for (Feed& feed : snapshot.feeds) {
            if (feed.source != source.name) continue;
            feed.loaded = false;
            feed.refused = true;
            feed.error = error.message;
        }
    }
}

/// The zones that people name. One that nobody knows is a finding: they are told by the daemon's.
void Company::add_zones(Snapshot& snapshot) {
    std::set<std::string> names;
    std::uint64_t unknown = 0;
    for (const Person& person : snapshot.people) {
        const std::string name{snapshot.text(person.timezone)};
        if (name.empty()) continue;
        auto known = known_zones_.find(name);
        if (known == known_zones_.end()) {
            Result<Zone> zone = load_zone(name);
            known = known_zones_.emplace(name, zone ? std::optional(std::move(*zone)) : std::nullopt).first;
        }
        if (known->second)
            names.insert(name);
        else
            ++unknown;
    }
    for (const std::string& name : names) {
        snapshot.zones.push_back(*known_zones_.at(name));
        snapshot.zones.back().name = name;
    }
    for (Feed& feed : snapshot.feeds) {
        if (feed.dataset == "people" && unknown > 0) feed.contradictions["unknown_timezone"] = unknown;
    }
}

/// A query like SELECT * shows its columns only when it has run, so a misspelt name comes to light here. Said once.
void Company::warn_of_missing_columns(const Snapshot& snapshot) {
    const Feed* customers = snapshot.feed("customers");
    if (warned_of_columns_ || !customers || !customers->loaded || snapshot.customers.empty()) return;
    warned_of_columns_ = true;
    for (const std::string& name : attributes_read(rules())) {
        if (snapshot.attribute(name)) continue;
        log(LogLevel::warning, "the rules name \"" + name +
                                   "\", a column that the query of [dataset.customers] does not bring; "
                                   "what depends on it is unknown");
    }
}

std::vector<Error> Company::check_connections() {
    std::vector<Error> errors;
    const Day today = Day{std::chrono::days{0}};
    for (auto& [name, source] : sources_) {
        std::vector<DatasetRequest> wanted = requests(name, today, today);
        for (DatasetRequest& request : wanted)
            request.named = columns_named(rules(), request.options.name, request.options.kind);
        const std::vector<Error> found = source->check(wanted);
        errors.insert(errors.end(), found.begin(), found.end());
    }
    return errors;
}

void Company::cancel() {
    for (auto& [name, source] : sources_) source->cancel();
}

}  // namespace retaind
