#include "retaind/promises/measures.hpp"

#include <algorithm>
#include <array>

#include "retaind/promises/evidence.hpp"

namespace retaind {

namespace {

Value text_of(const Snapshot& snapshot, Word word) {
    return word == no_word ? Value::none() : Value::of(snapshot.text(word));
}

Value kind_of(const Promise& promise) {
    constexpr std::array<std::string_view, 3> names = {"reach", "hold", "milestones"};
    return Value::of(names[static_cast<std::size_t>(promise.kind)]);
}

struct PromiseColumn {
    std::string_view name;
    Value (*read)(const Snapshot&, const Promise&);
};

template <Word Promise::*column>
Value text_column(const Snapshot& snapshot, const Promise& promise) {
    return text_of(snapshot, promise.*column);
}

template <double Promise::*column>
Value number_column(const Snapshot&, const Promise& promise) {
    return Value::of(promise.*column);
}

constexpr std::array columns = {
    PromiseColumn{"promise_id", text_column<&Promise::id>},
    PromiseColumn{"customer_id",
                  [](const Snapshot& snapshot, const Promise& promise) {
                      return text_of(snapshot, snapshot.customers[promise.customer].id);
                  }},
    PromiseColumn{"outcome", text_column<&Promise::outcome>},
    PromiseColumn{"kind", [](const Snapshot&, const Promise& promise) { return kind_of(promise); }},
    PromiseColumn{"unit", text_column<&Promise::unit>},
    PromiseColumn{"curve", text_column<&Promise::curve>},
    PromiseColumn{"measured_by", text_column<&Promise::measured_by>},
    PromiseColumn{"promised_by", text_column<&Promise::promised_by>},
    PromiseColumn{"kept_by", text_column<&Promise::kept_by>},
    PromiseColumn{"target", number_column<&Promise::target>},
    PromiseColumn{"baseline", number_column<&Promise::baseline>},
    PromiseColumn{"quality", number_column<&Promise::quality>},
    PromiseColumn{"importance", number_column<&Promise::importance>},
};

/// A promise as a row that `where` looks at.
class PromiseRow : public FieldValues {
public:
    PromiseRow(const Snapshot& snapshot, const Promise& promise) : snapshot_(snapshot), promise_(promise) {}

    Value value(const Field& field) const override {
        const auto column = std::ranges::find(columns, field.name, &PromiseColumn::name);
        return column == columns.end() ? Value::none() : column->read(snapshot_, promise_);
    }

private:
    const Snapshot& snapshot_;
    const Promise& promise_;
};

void count_row(PromiseMeasures::Value& value, Day due_on) {
    ++value.rows;
    value.first = value.first ? std::min(*value.first, due_on) : due_on;
    value.last = value.last ? std::max(*value.last, due_on) : due_on;
}

}  // namespace

PromiseMeasures::PromiseMeasures(const Snapshot& snapshot, const RuleSet& rules, const std::vector<Progress>& progress)
    : snapshot_(snapshot),
      rules_(rules),
      progress_(progress),
      promises_loaded_(is_loaded(snapshot, "promises")),
      milestones_loaded_(is_loaded(snapshot, "milestones")) {}

PromiseMeasures::Value PromiseMeasures::measure(const Signal& signal, const Subject& subject) const {
    if (!promises_loaded_) return {};
    const auto promises = counted(signal, subject);
    if (signal.measure == Measure::kept_probability) return kept_probability(promises);
    if (!milestones_loaded_) return {};
    const auto milestones = pooled(promises);
    const double grace = signal.grace.value_or(rules_.promises.grace);
    switch (signal.measure) {
        case Measure::milestone_attainment: return attainment(milestones, grace);
        case Measure::milestone_quality: return quality(milestones);
        case Measure::overdue: return overdue(milestones, grace);
        case Measure::next_due_days: return next_due_days(milestones);
        default: return {};
    }
}

std::vector<const Promise*> PromiseMeasures::counted(const Signal& signal, const Subject& subject) const {
    std::vector<const Promise*> promises;
    for (const Promise& promise : snapshot_.promises_of(subject.customer)) {
        if (!subject.is_spoken_of(promise.subscription)) continue;
        const bool remembered = in_days(snapshot_.as_of - promise.due_on) <= rules_.promises.memory_days;
        if (!has_begun(promise, snapshot_.as_of) || !remembered) continue;
        if (evaluate_all(signal.where_rows, PromiseRow{snapshot_, promise}) == Truth::yes) promises.push_back(&promise);
    }
    return promises;
}

/// By due day, then id, then promise: the order that says which was the last.
std::vector<const Milestone*> PromiseMeasures::pooled(const std::vector<const Promise*>& promises) const {
    std::vector<const Milestone*> milestones;
    for (const Promise* promise : promises) {
        for (const Milestone& milestone : snapshot_.milestones_of(*promise)) milestones.push_back(&milestone);
    }
    std::ranges::stable_sort(milestones, [&](const Milestone* a, const Milestone* b) {
        if (a->due_on != b->due_on) return a->due_on < b->due_on;
        return snapshot_.text(a->id) < snapshot_.text(b->id);
    });
    return milestones;
}

PromiseMeasures::Value PromiseMeasures::kept_probability(const std::vector<const Promise*>& promises) const {
    Value value;
    double sum = 0, importance = 0;
    for (const Promise* promise : promises) {
        const auto index = static_cast<std::size_t>(promise - snapshot_.promises.data());
        if (is_missing(progress_[index].probability)) continue;
        sum += promise->importance * progress_[index].probability;
        importance += promise->importance;
        count_row(value, promise->due_on);
    }
    value.raw = importance > 0 ? sum / importance : missing;
    return value;
}

bool PromiseMeasures::is_due(const Milestone& milestone, double grace) const {
    return day_number(milestone.due_on) + grace <= day_number(snapshot_.as_of);
}

PromiseMeasures::Value PromiseMeasures::attainment(const std::vector<const Milestone*>& milestones,
                                                   double grace) const {
    Value value;
    int delivered = 0;
    bool last_delivered = false;
    for (const Milestone* milestone : milestones) {
        if (!is_due(*milestone, grace)) continue;
        last_delivered = is_delivered(*milestone, snapshot_.as_of);
        delivered += last_delivered;
        count_row(value, milestone->due_on);
    }
    if (value.rows > 0) value.raw = (delivered + (last_delivered ? 1.0 : 0.0)) / (value.rows + 1.0);
    return value;
}

PromiseMeasures::Value PromiseMeasures::quality(const std::vector<const Milestone*>& milestones) const {
    Value value;
    double sum = 0, weight = 0;
    for (const Milestone* milestone : milestones) {
        const auto known = quality_known(*milestone, rules_.promises);
        if (!known || *known > snapshot_.as_of) continue;
        sum += milestone->weight * milestone->quality;
        weight += milestone->weight;
        count_row(value, milestone->due_on);
    }
    value.raw = weight > 0 ? sum / weight : missing;
    return value;
}

PromiseMeasures::Value PromiseMeasures::overdue(const std::vector<const Milestone*>& milestones, double grace) const {
    Value value{.raw = 0};
    for (const Milestone* milestone : milestones) {
        if (!is_due(*milestone, grace) || is_delivered(*milestone, snapshot_.as_of)) continue;
        value.raw += 1;
        count_row(value, milestone->due_on);
    }
    return value;
}

PromiseMeasures::Value PromiseMeasures::next_due_days(const std::vector<const Milestone*>& milestones) const {
    for (const Milestone* milestone : milestones) {
        if (milestone->due_on < snapshot_.as_of || is_delivered(*milestone, snapshot_.as_of)) continue;
        Value value{.raw = in_days(milestone->due_on - snapshot_.as_of)};
        count_row(value, milestone->due_on);
        return value;
    }
    return {};
}

}  // namespace retaind
