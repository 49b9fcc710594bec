#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/model/join.hpp"

namespace retaind {
namespace {

// Parents before children.
constexpr std::array joining_order = {
    DatasetKind::customers,  DatasetKind::people,      DatasetKind::subscriptions, DatasetKind::relations,
    DatasetKind::promises,   DatasetKind::readings,    DatasetKind::milestones,    DatasetKind::usage,
    DatasetKind::attendance, DatasetKind::touchpoints, DatasetKind::events,        DatasetKind::segment_series,
    DatasetKind::markers,
};
static_assert(joining_order.size() == static_cast<std::size_t>(DatasetKind::events) + 1);

std::size_t place(DatasetKind kind) {
    return static_cast<std::size_t>(std::find(joining_order.begin(), joining_order.end(), kind) -
                                    joining_order.begin());
}

std::optional<DatasetKind> parent_of(DatasetKind kind) {
    switch (kind) {
        case DatasetKind::readings:
        case DatasetKind::milestones: return DatasetKind::promises;
        case DatasetKind::customers:
        case DatasetKind::people:
        case DatasetKind::segment_series:
        case DatasetKind::markers: return std::nullopt;
        default: return DatasetKind::customers;
    }
}

bool is_dated(DatasetKind kind) { return find_column(dataset_spec(kind), "at") != nullptr; }

Feed new_feed(const DatasetOptions& options) {
    return {.dataset = options.name,
            .source = options.source,
            .delay = options.delay,
            .stale_after = options.stale_after,
            .dated = is_dated(options.kind)};
}

class Assembly {
public:
    explicit Assembly(const SnapshotOptions& options) : options_(options) {
        snapshot_.as_of = options.as_of;
        snapshot_.read_from = options.read_from;
        snapshot_.off_season = options.off_season;
    }

    void fail(const FailedDataset& failed) {
        auto feed = new_feed(failed.options);
        feed.error = failed.error;
        feed.refused = failed.refused;
        snapshot_.feeds.push_back(std::move(feed));
        remember(failed.options.kind, false);
    }

    void add(Dataset dataset) {
        const auto kind = dataset.options.kind;
        auto feed = new_feed(dataset.options);
        feed.error = why_not(dataset.options);
        feed.rows_read = dataset.rows_read;
        feed.stated_watermark = dataset.watermark;
        feed.loaded = feed.error.empty();
        feed.needs_parent = misses_parent(dataset.options.kind);
        if (feed.loaded) {
            feed.rejected = std::move(dataset.rejected);
            join::Table table{std::move(dataset), snapshot_, feed};
            join_table(kind, table, feed);
        }
        remember(kind, feed.loaded);
        snapshot_.feeds.push_back(std::move(feed));
    }

    Snapshot finish() && {
        std::sort(snapshot_.feeds.begin(), snapshot_.feeds.end(),
                  [](const Feed& a, const Feed& b) { return a.dataset < b.dataset; });
        std::sort(snapshot_.series.begin(), snapshot_.series.end(),
                  [](const Series& a, const Series& b) { return a.dataset < b.dataset; });
        return std::move(snapshot_);
    }

private:
    enum class Seen { no, failed, loaded };

    Seen& seen(DatasetKind kind) { return seen_[static_cast<std::size_t>(kind)]; }
    void remember(DatasetKind kind, bool loaded) { seen(kind) = loaded ? Seen::loaded : Seen::failed; }

    bool misses_parent(DatasetKind kind) {
        const auto parent = parent_of(kind);
        return parent && seen(*parent) != Seen::loaded;
    }

    std::string why_not(const DatasetOptions& options) {
        if (misses_parent(options.kind)) {
            const DatasetKind parent = *parent_of(options.kind);
            return fmt::format("needs \"{}\", which is not {}", dataset_spec(parent).name,
                               seen(parent) == Seen::failed ? "loaded" : "mapped");
        }
        const auto& spec = dataset_spec(options.kind);
        if (!spec.is_series && seen(options.kind) != Seen::no)
            return fmt::format("there are \"{}\" already", spec.name);
        return "";
    }

    void join_table(DatasetKind kind, join::Table& table, Feed& feed) {
        switch (kind) {
            case DatasetKind::customers: return join::join_customers(table, snapshot_, options_.currency);
            case DatasetKind::subscriptions: return join::join_subscriptions(table, snapshot_, options_.currency);
            case DatasetKind::people: return join::join_people(table, snapshot_);
            case DatasetKind::relations: return join::join_relations(table, snapshot_);
            case DatasetKind::promises: return join::join_promises(table, snapshot_);
            case DatasetKind::readings: return join::join_readings(table, snapshot_, feed);
            case DatasetKind::milestones: return join::join_milestones(table, snapshot_);
            case DatasetKind::segment_series: return join::join_segment_series(table, snapshot_, feed);
            case DatasetKind::markers: return join::join_markers(table, snapshot_, feed);
            case DatasetKind::usage:
            case DatasetKind::attendance:
            case DatasetKind::touchpoints:
            case DatasetKind::events: return join::join_series(table, snapshot_, feed);
        }
    }

    const SnapshotOptions& options_;
    Snapshot snapshot_;
    std::array<Seen, joining_order.size()> seen_ = {};
};

}  // namespace

Snapshot assemble(std::vector<Dataset> datasets, std::vector<FailedDataset> failed, const SnapshotOptions& options) {
    Assembly assembly{options};
    for (const auto& dataset : failed) assembly.fail(dataset);
    std::sort(datasets.begin(), datasets.end(), [](const Dataset& a, const Dataset& b) {
        return std::pair{place(a.options.kind), std::string_view{a.options.name}} <
               std::pair{place(b.options.kind), std::string_view{b.options.name}};
    });
    for (auto& dataset : datasets) assembly.add(std::move(dataset));
    return std::move(assembly).finish();
}

}  // namespace retaind
