// What a field is worth for the entity at hand: one adaptor per scope.
#pragma once

#include <string_view>

#include "evaluation.hpp"

namespace retaind {

/// Fields of one customer. Until health has been computed, fields that follow from it are missing.
class CustomerValues final : public FieldValues {
public:
    CustomerValues(const Evaluation& evaluation, std::size_t at) : evaluation_(evaluation), at_(at) {}
    Value value(const Field& field) const override;

private:
    Value builtin(CustomerField field) const;
    Value text(CustomerField field) const;
    double score(CustomerField field) const;
    double contract(CustomerField field) const;
    double promise_count(CustomerField field) const;
    double touch(CustomerField field) const;

    const Evaluation& evaluation_;
    std::size_t at_;
};

/// Fields of one promise, and `customer.FIELD` of whoever it was made to.
class PromiseValues final : public FieldValues {
public:
    PromiseValues(const Evaluation& evaluation, std::size_t promise, std::size_t customer_at)
        : evaluation_(evaluation), promise_(promise), customer_(evaluation, customer_at) {}
    Value value(const Field& field) const override;

private:
    Value builtin(PromiseField field) const;
    double number(PromiseField field) const;
    bool follows_from_evidence(PromiseField field) const;

    const Evaluation& evaluation_;
    std::size_t promise_;
    CustomerValues customer_;
};

/// Fields of a segment or of the portfolio.
class SegmentValues final : public FieldValues {
public:
    explicit SegmentValues(const SegmentView& view) : view_(view) {}
    Value value(const Field& field) const override;

private:
    const SegmentView& view_;
};

/// Fields of a dataset's feed.
class SourceValues final : public FieldValues {
public:
    SourceValues(const Snapshot& snapshot, const State& state, std::string_view dataset)
        : snapshot_(snapshot), state_(state), dataset_(dataset) {}
    Value value(const Field& field) const override;

private:
    const Snapshot& snapshot_;
    const State& state_;
    std::string_view dataset_;
};

/// Days from the newest touchpoint of a kind ("" = any) to as_of; missing when there is none, or the feed is.
double days_since_touch(const Snapshot& snapshot, CustomerIndex customer, std::string_view kind);

}  // namespace retaind
