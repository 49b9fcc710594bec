#include <algorithm>
#include <cmath>
#include <set>

#include "core/model/join.hpp"

namespace retaind::join {
namespace {

double rate_of(const Currency& currency, std::string_view name) {
    if (const auto found = currency.rates.find(name); found != currency.rates.end()) return found->second;
    return name == currency.base ? 1.0 : missing;
}

bool names_one_currency(const Column& column) {
    std::set<Word> named{column.words.begin(), column.words.end()};
    named.erase(no_word);
    return named.size() == 1;
}

}  // namespace

Exchange::Exchange(const Currency& currency, const Dataset& dataset)
    : currency_(currency), column_(dataset.find("currency")) {
    if (column_ && column_->words.empty()) column_ = nullptr;
    rates_.resize(column_ ? dataset.words.size() : 1, missing);
    rates_[no_word] = rate_of(currency, currency.fallback.empty() ? currency.base : currency.fallback);
    if (!column_) return;
    const bool unnamed = currency.base.empty() && currency.fallback.empty() && currency.rates.empty();
    const bool only_one = unnamed && names_one_currency(*column_);
    for (const Word word : column_->words)
        if (word != no_word) rates_[word] = only_one ? 1.0 : rate_of(currency, dataset.words.text(word));
}

double Exchange::rate(Row row) const { return rates_[column_ ? column_->words[row] : no_word]; }

double Exchange::to_base(double minor_units, Row row) const { return std::round(minor_units * rate(row)); }

}  // namespace retaind::join
