// A company as configured: its rules, its zone, its databases; and how one reads it as of a day.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "edge/config/config.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/ports/source.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

class Company {
public:
    /// Loads zones; connects to nothing yet. Errors: config.
    static Result<std::unique_ptr<Company>> open(Loaded loaded);

    const Settings& settings() const { return loaded_.settings; }
    const RuleSet& rules() const { return loaded_.rules; }
    const std::string& rules_text() const { return loaded_.rules_text; }
    const Zone& zone() const { return zone_; }

    /// The last day that has fully ended at `now`, in the daemon's zone: what a live cycle speaks about.
    Day last_complete_day(Instant now) const { return zone_.local_day(now) - std::chrono::days{1}; }

    /// Error (usage) for a day that has not fully ended: a state that knew it would refuse every live cycle until then.
    Result<void> expect_complete(Day day, Instant now) const;

    /// Reads all sources, each on a thread of its own. A source that fails leaves its datasets marked as not loaded;
    /// the rest is there. Rows from `history` before `first` up to and including `last`; as_of is `last`.
    Snapshot read(Day first, Day last);
    Snapshot read(Day as_of) { return read(as_of, as_of); }

    /// Turns a snapshot that reaches so far to another day: what it then shows is what reading that day would.
    void look_at(Snapshot& snapshot, Day as_of) const;

    /// The rules by which a cycle judged, with today's [outcome], [calendar] and other settings. Error (state) when
    /// they cannot be read back.
    Result<RuleSet> rules_of(const PastCycle& cycle) const;

    /// By source, of the last read.
    const std::map<std::string, bool>& source_up() const { return source_up_; }

    /// Checks every query against its database, for no rows.
    std::vector<Error> check_connections();

    /// What reads call, on their threads, whenever a database has answered. To be set while nothing is read.
    void on_answer(std::function<void()> moved) { moved_ = std::move(moved); }

    /// From another thread, for good: ends a read under way, and every later one.
    void cancel();

private:
    explicit Company(Loaded loaded) : loaded_(std::move(loaded)) {}
    void refuse_bad_sources(Snapshot& snapshot);
    void add_zones(Snapshot& snapshot);
    void warn_of_missing_columns(const Snapshot& snapshot);
    std::vector<DatasetRequest> requests(const std::string& source, Day first, Day last) const;

    Loaded loaded_;
    Zone zone_;
    std::map<std::string, Zone> dataset_zones_;
    std::map<std::string, std::optional<Zone>> known_zones_;  ///< by every name that people gave; nothing: no such zone
    std::map<std::string, std::unique_ptr<Source>> sources_;
    std::map<std::string, bool> source_up_;
    std::function<void()> moved_ = [] {};
    bool warned_of_columns_ = false;
};

}  // namespace retaind
