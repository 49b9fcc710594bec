// Conditions on the rows of one series (`where`, `of`), compiled to comparisons of word codes and numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {

/// The snapshot and series must outlive it.
class RowFilter {
public:
    RowFilter() = default;
    RowFilter(const Snapshot& snapshot, const Series& series, const std::vector<Condition>& conditions);

    /// Whether every condition is known to hold: a row that lacks what one asks for does not match.
    bool matches(std::uint32_t row) const;

private:
    /// A column or a constant. A column that the series does not have is a constant nobody knows.
    struct Side {
        const std::vector<Word>* words = nullptr;
        const std::vector<double>* numbers = nullptr;
        Word word = no_word;
        double number = missing;
        bool is_text = false;

        Word word_at(std::uint32_t row) const { return words != nullptr ? (*words)[row] : word; }
        double number_at(std::uint32_t row) const { return numbers != nullptr ? (*numbers)[row] : number; }
        bool known_at(std::uint32_t row) const { return is_text ? word_at(row) != no_word : is_known(number_at(row)); }
    };
    struct Test {
        Condition::Kind kind;
        Comparison comparison;
        Side left, right;
        std::vector<Word> choices;

        bool holds(std::uint32_t row) const;
        bool compares(std::uint32_t row) const;
    };

    static Side side(const Snapshot& snapshot, const Series& series, const Operand& operand);

    std::vector<Test> tests_ = {};
};

}  // namespace retaind
