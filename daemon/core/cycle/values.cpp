#include "values.hpp"

#include <algorithm>
#include <cmath>

#include "retaind/base/text.hpp"

namespace retaind {
namespace {

Value text_or_none(std::string_view text) { return text.empty() ? Value::none() : Value::of(text); }

double days_between(std::optional<Day> from, Day to) { return from ? in_days(to - *from) : missing; }

/// A count over a dataset: 0 when it is not mapped, missing when it is not loaded.
double count_over(const Snapshot& snapshot, std::string_view dataset, double count) {
    return is_loaded(snapshot, dataset) ? count : missing;
}

}  // namespace

double days_since_touch(const Snapshot& snapshot, CustomerIndex customer, std::string_view kind) {
    const Series* series = snapshot.find_series("touchpoints");
    if (!series || !watermark(snapshot, "touchpoints")) return missing;
    const auto kinds = std::find_if(series->texts.begin(), series->texts.end(),
                                    [](const Series::Texts& texts) { return texts.name == "kind"; });
    for (std::uint32_t row = series->first[customer + 1]; row-- > series->first[customer];) {
        const Day day{std::chrono::days{series->day[row]}};
        const bool known = series->known.empty() || Day{std::chrono::days{series->known[row]}} <= snapshot.as_of;
        if (day > snapshot.as_of || !known) continue;
        if (kind.empty() || (kinds != series->texts.end() && snapshot.text(kinds->words[row]) == kind))
            return in_days(snapshot.as_of - day);
    }
    return missing;
}

Value CustomerValues::value(const Field& field) const {
    const Snapshot& snapshot = evaluation_.snapshot;
    const ScoredCustomer& customer = evaluation_.customers[at_];
    const auto signal = at_ * evaluation_.rules.signals.size() + static_cast<std::size_t>(field.index);
    switch (field.kind) {
        case Field::Kind::builtin: return builtin(static_cast<CustomerField>(field.index));
        case Field::Kind::signal_raw:
            if (signal >= evaluation_.signals.size()) return Value::none();
            if (!evaluation_.measured[signal].text.empty()) return Value::of(evaluation_.measured[signal].text);
            return Value::of(evaluation_.signals[signal].raw);
        case Field::Kind::signal_score:
            return signal < evaluation_.signals.size() ? Value::of(evaluation_.signals[signal].score) : Value::none();
        case Field::Kind::attribute: {
            const Attribute* attribute = snapshot.attribute(field.name);
            if (!attribute) return Value::none();
            if (attribute->is_number) return Value::of(attribute->numbers[customer.customer]);
            return attribute->words[customer.customer] == no_word
                       ? Value::none()
                       : Value::of(snapshot.text(attribute->words[customer.customer]));
        }
        case Field::Kind::row_column: return Value::none();
    }
    return Value::none();
}

Value CustomerValues::builtin(CustomerField field) const {
    switch (field) {
        using enum CustomerField;
        case customer_id:
        case name:
        case segment:
        case motion:
        case plan:
        case stage:
        case status:
        case account_manager:
        case seller: return text(field);
        case band: {
            const Band band = evaluation_.customers[at_].band;
            return band == Band::unknown ? Value::none() : Value::of(band_name(band));
        }
        case trend: return text_or_none(trend_name(evaluation_.customers[at_].trend));
        case health:
        case smoothed:
        case health_change_7d:
        case health_change_30d:
        case coverage:
        case risk:
        case pulse:
        case disagreement: return Value::of(score(field));
        case promises:
        case promises_off_track:
        case promises_missed:
        case promises_unmeasurable: return Value::of(promise_count(field));
        case days_since_touch:
        case days_since_service:
        case days_since_sales:
        case days_since_review: return Value::of(touch(field));
        default: return Value::of(contract(field));
    }
}

Value CustomerValues::text(CustomerField field) const {
    const Snapshot& snapshot = evaluation_.snapshot;
    const ScoredCustomer& scored = evaluation_.customers[at_];
    const Customer& customer = snapshot.customers[scored.customer];
    switch (field) {
        using enum CustomerField;
        case customer_id: return text_or_none(snapshot.text(customer.id));
        case name: return text_or_none(snapshot.text(customer.name));
        case segment: return text_or_none(snapshot.text(customer.segment));
        case motion: return text_or_none(snapshot.text(customer.motion));
        case account_manager: return text_or_none(snapshot.text(customer.account_manager));
        case seller: return text_or_none(snapshot.text(customer.seller));
        case plan: return text_or_none(snapshot.text(scored.facts.plan));
        case stage: return text_or_none(snapshot.text(scored.facts.stage));
        default: return text_or_none(scored.facts.status);
    }
}

/// A health that rests on too little says nothing: below the coverage floor, rules about it neither open nor clear.
double CustomerValues::score(CustomerField field) const {
    const ScoredCustomer& scored = evaluation_.customers[at_];
    const Customer& customer = evaluation_.snapshot.customers[scored.customer];
    const HealthRules& rules = evaluation_.rules_of(scored).health;
    const bool covered = covers(scored.coverage, rules.coverage_floor);
    const double pulsed = retaind::pulse(customer, evaluation_.snapshot.as_of, rules.pulse_expires);
    switch (field) {
        using enum CustomerField;
        case coverage: return scored.coverage;
        case pulse: return pulsed;
        case health: return covered ? scored.health : missing;
        case smoothed: return covered ? scored.smoothed : missing;
        case health_change_7d: return covered ? scored.change_7d : missing;
        case health_change_30d: return covered ? scored.change_30d : missing;
        case risk: return covered ? scored.risk : missing;
        default: return covered ? pulsed - scored.health : missing;
    }
}

double CustomerValues::contract(CustomerField field) const {
    const ScoredCustomer& scored = evaluation_.customers[at_];
    const ContractFacts& facts = scored.facts;
    switch (field) {
        using enum CustomerField;
        case revenue: return facts.revenue / minor_units;
        case mrr: return facts.mrr / minor_units;
        case seats: return facts.seats;
        case discount_ratio: return facts.discount_ratio;
        case payback_ratio: return facts.payback_ratio;
        case tenure_days: return facts.tenure_days;
        case days_to_renewal: return facts.days_to_renewal;
        case days_to_notice: return facts.days_to_notice;
        case days_past_due: return facts.days_past_due;
        case owner_changed_days: return days_between(scored.owner_since, evaluation_.snapshot.as_of);
        case drift_since_days: return days_between(evaluation_.drift_of(at_).drift.since, evaluation_.snapshot.as_of);
        default: return missing;
    }
}

double CustomerValues::promise_count(CustomerField field) const {
    const Snapshot& snapshot = evaluation_.snapshot;
    const Customer& customer = snapshot.customers[evaluation_.customers[at_].customer];
    const Day memory = snapshot.as_of - std::chrono::days{static_cast<int>(evaluation_.rules.promises.memory_days)};
    double all = 0, off_track = 0, missed = 0, unmeasurable = 0;
    bool known = true;
    for (std::uint32_t at = customer.first_promise; at < customer.first_promise + customer.promises; ++at) {
        const Promise& promise = snapshot.promises[at];
        if (!has_begun(promise, snapshot.as_of) || promise.due_on < memory) continue;
        known = known && !evaluation_.promises[at].not_loaded;
        const PromiseState state = evaluation_.promise_days[at].state;
        all += 1;
        off_track += state == PromiseState::off_track;
        missed += state == PromiseState::missed;
        unmeasurable += state == PromiseState::unmeasurable;
    }
    const double count = field == CustomerField::promises             ? all
                         : field == CustomerField::promises_off_track ? off_track
                         : field == CustomerField::promises_missed    ? missed
                                                                      : unmeasurable;
    if (!known && field != CustomerField::promises) return missing;
    return count_over(snapshot, "promises", count);
}

double CustomerValues::touch(CustomerField field) const {
    const std::string_view kind = field == CustomerField::days_since_service  ? "service"
                                  : field == CustomerField::days_since_sales  ? "sales"
                                  : field == CustomerField::days_since_review ? "review"
                                                                              : "";
    return retaind::days_since_touch(evaluation_.snapshot, evaluation_.customers[at_].customer, kind);
}

Value PromiseValues::value(const Field& field) const {
    if (field.scope != Scope::promise || field.kind != Field::Kind::builtin) return customer_.value(field);
    return builtin(static_cast<PromiseField>(field.index));
}

Value PromiseValues::builtin(PromiseField field) const {
    const Snapshot& snapshot = evaluation_.snapshot;
    const Promise& promise = snapshot.promises[promise_];
    const Progress& reached = evaluation_.promises[promise_];
    if (reached.not_loaded && follows_from_evidence(field)) return Value::none();
    switch (field) {
        using enum PromiseField;
        case promise_id: return text_or_none(snapshot.text(promise.id));
        case outcome: return text_or_none(snapshot.text(promise.outcome));
        case kind:
            return Value::of(promise.kind == PromiseKind::reach  ? "reach"
                             : promise.kind == PromiseKind::hold ? "hold"
                                                                 : "milestones");
        case state: return Value::of(promise_state_name(evaluation_.promise_days[promise_].state));
        case disputed: return Value::of(reached.disputed);
        case reported_kept: return Value::of(reached.reported_kept);
        case reviewed: return Value::of(is_reviewed());
        case handed_over: return Value::of(promise.kept_by != no_word);
        case promised_by:
        case kept_by: {
            const std::string_view id = snapshot.text(field == promised_by ? promise.promised_by : promise.kept_by);
            const Person* person = snapshot.person(id);
            return text_or_none(person && person->name != no_word ? snapshot.text(person->name) : id);
        }
        default: return Value::of(number(field));
    }
}

bool PromiseValues::follows_from_evidence(PromiseField field) const {
    const Field of_promise{.scope = Scope::promise, .index = static_cast<int>(field)};
    const std::vector<std::string_view> reads = words_of(field_spec(of_promise).reads);
    return std::find(reads.begin(), reads.end(), "readings") != reads.end();
}

double PromiseValues::number(PromiseField field) const {
    const Promise& promise = evaluation_.snapshot.promises[promise_];
    const Progress& reached = evaluation_.promises[promise_];
    const Day as_of = evaluation_.snapshot.as_of;
    switch (field) {
        using enum PromiseField;
        case progress: return reached.progress;
        case pace: return reached.pace;
        case days_behind: return reached.days_behind;
        case days_to_due: return in_days(promise.due_on - as_of);
        case probability_kept: return reached.probability;
        case required_rate_ratio: return reached.required_rate_ratio;
        case target: return promise.target;
        case last_reading: return reached.value;
        case days_since_kept: return days_between(evaluation_.kept_on[promise_], as_of);
        case importance: return promise.importance;
        case due_on: return in_days(promise.due_on.time_since_epoch());
        default: return missing;
    }
}

/// Talked over with the customer: a review since the promise was kept, or, while it is not, since it began.
bool PromiseValues::is_reviewed() const {
    const Promise& promise = evaluation_.snapshot.promises[promise_];
    const double since = days_since_touch(evaluation_.snapshot, promise.customer, "review");
    const Day from = evaluation_.kept_on[promise_].value_or(promise.starts_on);
    return is_known(since) && since <= in_days(evaluation_.snapshot.as_of - from);
}

Value SegmentValues::value(const Field& field) const {
    switch (static_cast<SegmentField>(field.index)) {
        using enum SegmentField;
        case segment: return Value::of(std::string_view(view_.segment));
        case customers: return Value::of(static_cast<double>(view_.customers));
        case revenue: return Value::of(view_.revenue / minor_units);
        case revenue_share: return Value::of(view_.revenue_share);
        case revenue_change_yoy: return Value::of(view_.revenue_change_yoy);
        case customers_change_yoy: return Value::of(view_.customers_change_yoy);
        case usage_change_28d: return Value::of(view_.usage_change_28d);
        case demand_change_yoy: return Value::of(view_.demand_change_yoy);
        case health: return Value::of(view_.health);
        case at_risk_share: return Value::of(view_.at_risk_share);
        case top5_share: return Value::of(view_.top5_share);
        case top10_share: return Value::of(view_.top10_share);
        case hhi: return Value::of(view_.hhi);
        case payback_ratio: return Value::of(view_.payback_ratio);
        case largest_segment_share: return Value::of(view_.largest_segment_share);
    }
    return Value::none();
}

Value SourceValues::value(const Field& field) const {
    const Feed* feed = snapshot_.feed(dataset_);
    if (!feed) return Value::none();
    switch (static_cast<SourceField>(field.index)) {
        using enum SourceField;
        case dataset: return Value::of(dataset_);
        case state: {
            const FeedState state = feed_state(snapshot_, dataset_);
            return Value::of(state == FeedState::not_loaded ? "not_loaded"
                             : state == FeedState::stale    ? "stale"
                                                            : "fresh");
        }
        case age_hours: {
            const auto age = feed_age(snapshot_, dataset_);
            return age ? Value::of(24 * in_days(*age)) : Value::none();
        }
        case rows: return feed->loaded ? Value::of(static_cast<double>(feed->rows)) : Value::none();
        case rows_change: {
            const FeedDay* earlier = nullptr;
            for (const FeedDay& day : state_.feeds) {
                if (day.dataset == dataset_ && day.loaded && day.day < snapshot_.as_of) earlier = &day;
            }
            if (!feed->loaded || !earlier || earlier->rows == 0) return Value::none();
            return Value::of(static_cast<double>(feed->rows) / static_cast<double>(earlier->rows) - 1);
        }
        case rejected_share: return feed->loaded ? Value::of(retaind::rejected_share(*feed)) : Value::none();
        case contradictions: {
            double count = 0;
            for (const auto& [check, rows] : feed->contradictions) count += static_cast<double>(rows);
            return feed->loaded ? Value::of(count) : Value::none();
        }
    }
    return Value::none();
}

}  // namespace retaind
