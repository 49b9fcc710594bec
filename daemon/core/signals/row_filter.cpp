#include "core/signals/row_filter.hpp"

#include <algorithm>

namespace retaind {

namespace {

/// A text that no row holds: equal to no word, and still known.
constexpr Word foreign_word = UINT32_MAX;

Word code_of(const Snapshot& snapshot, std::string_view text) {
    const Word word = snapshot.words.find(text);
    return word == no_word ? foreign_word : word;
}

template <class T>
bool compare(const T& left, Comparison comparison, const T& right) {
    switch (comparison) {
        case Comparison::equal: return left == right;
        case Comparison::not_equal: return left != right;
        case Comparison::less: return left < right;
        case Comparison::less_equal: return left <= right;
        case Comparison::greater: return left > right;
        case Comparison::greater_equal: return left >= right;
    }
    return false;
}

const std::vector<Word>* texts_named(const Series& series, std::string_view name) {
    const auto found = std::ranges::find(series.texts, name, &Series::Texts::name);
    return found == series.texts.end() ? nullptr : &found->words;
}

const std::vector<double>* numbers_named(const Series& series, std::string_view name) {
    if (name == "value" || name == "attended") return &series.value;
    const auto found = std::ranges::find(series.numbers, name, &Series::Numbers::name);
    return found == series.numbers.end() ? nullptr : &found->numbers;
}

}  // namespace

RowFilter::Side RowFilter::side(const Snapshot& snapshot, const Series& series, const Operand& operand) {
    Side result;
    if (const auto* field = std::get_if<Field>(&operand)) {
        result.is_text = field->type == ValueType::text;
        if (result.is_text) {
            result.words = texts_named(series, field->name);
        } else {
            result.numbers = numbers_named(series, field->name);
        }
    } else if (const auto* text = std::get_if<std::string>(&operand)) {
        result.is_text = true;
        result.word = code_of(snapshot, *text);
    } else if (const auto* flag = std::get_if<bool>(&operand)) {
        result.number = *flag ? 1 : 0;
    } else {
        result.number = std::get<double>(operand);
    }
    return result;
}

RowFilter::RowFilter(const Snapshot& snapshot, const Series& series, const std::vector<Condition>& conditions) {
    for (const auto& condition : conditions) {
        Test test{condition.kind,
                  condition.comparison,
                  side(snapshot, series, condition.left),
                  side(snapshot, series, condition.right),
                  {}};
        for (const auto& choice : condition.choices) test.choices.push_back(code_of(snapshot, choice));
        tests_.push_back(std::move(test));
    }
}

bool RowFilter::Test::compares(std::uint32_t row) const {
    if (!left.known_at(row) || !right.known_at(row)) return false;
    if (left.is_text) return compare(left.word_at(row), comparison, right.word_at(row));
    return compare(left.number_at(row), comparison, right.number_at(row));
}

bool RowFilter::Test::holds(std::uint32_t row) const {
    switch (kind) {
        case Condition::Kind::compare: return compares(row);
        case Condition::Kind::in:
            return left.known_at(row) && std::ranges::find(choices, left.word_at(row)) != choices.end();
        case Condition::Kind::known: return left.known_at(row);
        case Condition::Kind::unknown: return !left.known_at(row);
    }
    return false;
}

bool RowFilter::matches(std::uint32_t row) const {
    return std::ranges::all_of(tests_, [row](const Test& test) { return test.holds(row); });
}

}  // namespace retaind
