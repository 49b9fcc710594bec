#include "retaind/model/contract.hpp"

#include <algorithm>
#include <array>

namespace retaind {
namespace {

using enum CellType;
constexpr bool required = true;
constexpr bool nullable = true;

/// Numbers that cannot be negative, and scores of 0..100.
constexpr ColumnSpec amount(std::string_view name, CellType type = number, bool is_required = false) {
    return {.name = name, .type = type, .required = is_required, .nullable = is_required, .least = 0};
}
constexpr ColumnSpec score(std::string_view name) { return {.name = name, .type = number, .least = 0, .most = 100}; }

constexpr std::array<std::string_view, 5> subscription_statuses = {"trial", "active", "past_due", "cancelled", "ended"};
constexpr std::array<std::string_view, 3> attendance_statuses = {"attended", "missed", "excused"};
constexpr std::array<std::string_view, 4> touch_kinds = {"service", "sales", "success", "review"};
constexpr std::array<std::string_view, 3> promise_kinds = {"reach", "hold", "milestones"};
constexpr std::array<std::string_view, 2> reading_origins = {"measured", "reported"};

constexpr std::array customers = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"name", text, required},
    ColumnSpec{"segment"},
    ColumnSpec{"motion"},
    ColumnSpec{"account_manager"},
    ColumnSpec{"seller"},
    ColumnSpec{"since", day},
    ColumnSpec{"parent_id"},
    ColumnSpec{"timezone"},
    amount("acquisition_cost", money),
    amount("cost_to_serve", money),
    score("pulse"),
    ColumnSpec{"pulse_at", day},
    ColumnSpec{"pulse_note"},
    ColumnSpec{"do_not_profile", flag},
};
constexpr std::array subscriptions = {
    ColumnSpec{"subscription_id", text, required},
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"plan"},
    ColumnSpec{"status", text, required, false, subscription_statuses},
    ColumnSpec{"started_on", day, required},
    ColumnSpec{"renews_on", day},
    ColumnSpec{"ended_on", day},
    amount("notice_days"),
    amount("mrr", money, required),
    amount("list_mrr", money),
    ColumnSpec{"currency"},
    amount("seats"),
    ColumnSpec{"stage"},
    ColumnSpec{"exit_reason"},
};
constexpr std::array usage = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"value", number, required, nullable},
    ColumnSpec{"metric"},
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
// One of status and attended is needed; DatasetReader::open sees to it.
constexpr std::array attendance = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"status", text, false, false, attendance_statuses},
    ColumnSpec{"attended", flag},
    ColumnSpec{"event"},
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
constexpr std::array touchpoints = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"kind", text, required, false, touch_kinds},
    ColumnSpec{"channel"},
    ColumnSpec{"by"},
    amount("minutes"),
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
constexpr std::array promises = {
    ColumnSpec{"promise_id", text, required},
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"outcome", text, required},
    ColumnSpec{"starts_on", day, required},
    ColumnSpec{"due_on", day, required},
    ColumnSpec{"kind", text, required, false, promise_kinds},
    ColumnSpec{"target", number, required, nullable},
    ColumnSpec{"baseline", number},
    ColumnSpec{"unit"},
    amount("quality"),
    ColumnSpec{"curve"},
    ColumnSpec{"measured_by"},
    ColumnSpec{"promised_by"},
    ColumnSpec{"kept_by"},
    amount("importance"),
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
constexpr std::array readings = {
    ColumnSpec{"promise_id", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"value", number, required, nullable},
    ColumnSpec{"origin", text, false, false, reading_origins},
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
constexpr std::array milestones = {
    ColumnSpec{"promise_id", text, required}, ColumnSpec{"milestone_id", text, required},
    ColumnSpec{"due_on", day, required},      amount("weight"),
    ColumnSpec{"delivered_on", day},          score("quality"),
    ColumnSpec{"quality_known_on", day},
};
constexpr std::array people = {
    ColumnSpec{"person_id", text, required},
    ColumnSpec{"name"},
    ColumnSpec{"email", text, required},
    ColumnSpec{"lead_id"},
    ColumnSpec{"timezone"},
    ColumnSpec{"language"},
    ColumnSpec{"away_until", day},
    ColumnSpec{"deputy_id"},
    ColumnSpec{"skills"},
};
constexpr std::array relations = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"related_id", text, required},
    ColumnSpec{"kind"},
};
constexpr std::array segment_series = {
    ColumnSpec{"segment", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"value", number, required, nullable},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};
constexpr std::array markers = {
    ColumnSpec{"at", moment, required},
    ColumnSpec{"text", text, required},
    ColumnSpec{"segment"},
};
constexpr std::array events = {
    ColumnSpec{"customer_id", text, required},
    ColumnSpec{"at", moment, required},
    ColumnSpec{"value", number},
    ColumnSpec{"name"},
    ColumnSpec{"subscription_id"},
    ColumnSpec{"known_at", moment},
    ColumnSpec{"row_id"},
};

// In the order of DatasetKind.
constexpr std::array contract = {
    DatasetSpec{DatasetKind::customers, "customers", customers, false, true},
    DatasetSpec{DatasetKind::subscriptions, "subscriptions", subscriptions},
    DatasetSpec{DatasetKind::usage, "usage", usage, true},
    DatasetSpec{DatasetKind::attendance, "attendance", attendance, true},
    DatasetSpec{DatasetKind::touchpoints, "touchpoints", touchpoints, true},
    DatasetSpec{DatasetKind::promises, "promises", promises},
    DatasetSpec{DatasetKind::readings, "readings", readings},
    DatasetSpec{DatasetKind::milestones, "milestones", milestones},
    DatasetSpec{DatasetKind::people, "people", people},
    DatasetSpec{DatasetKind::relations, "relations", relations},
    DatasetSpec{DatasetKind::segment_series, "segment_series", segment_series},
    DatasetSpec{DatasetKind::markers, "markers", markers},
    DatasetSpec{DatasetKind::events, "events", events, true},
};

constexpr bool stands_in_order() {
    for (std::size_t i = 0; i < contract.size(); ++i)
        if (static_cast<std::size_t>(contract[i].kind) != i) return false;
    return true;
}
static_assert(stands_in_order());

}  // namespace

const DatasetSpec& dataset_spec(DatasetKind kind) { return contract[static_cast<std::size_t>(kind)]; }

std::span<const DatasetSpec> data_contract() { return contract; }

std::optional<DatasetKind> dataset_kind(std::string_view name) {
    const auto found =
        std::find_if(contract.begin(), contract.end(), [&](const auto& spec) { return spec.name == name; });
    if (found == contract.end()) return std::nullopt;
    return found->kind;
}

const ColumnSpec* find_column(const DatasetSpec& spec, std::string_view name) {
    const auto found =
        std::find_if(spec.columns.begin(), spec.columns.end(), [&](const auto& column) { return column.name == name; });
    return found == spec.columns.end() ? nullptr : &*found;
}

}  // namespace retaind
