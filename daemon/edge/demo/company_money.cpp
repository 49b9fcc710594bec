#include <algorithm>
#include <cmath>

#include "company_model.hpp"

namespace retaind::demo {

namespace {

constexpr double segment_share = 0.60;    // what the clubs carry on the last day
constexpr double segment_change = -0.10;  // of their revenue against a year before
constexpr double others_change = 0.32;    // so that the whole grows by some 3 %

Cents rounded(double cents) { return static_cast<Cents>(std::floor(cents / 50.0 + 0.5)) * 50; }

void write_terms(Company& company, std::size_t index) {
    const Life& life = company.lives[index];
    Day begins = life.joined;
    Day ends = life.renewal;
    while (plus(ends, -life.term_days) > begins) ends = plus(ends, -life.term_days);
    for (bool first = true;; first = false) {
        Contract term{index, begins, ends, "over", first ? "first" : "again", life.monthly, life.monthly};
        term.list = rounded(static_cast<double>(life.monthly) / (1.0 - life.discount));
        const bool last = ends > company.until || (life.leaves && *life.leaves <= ends);
        if (last && life.leaves) {
            term.ends = *life.leaves;
            term.state = "left";
        } else if (last) {
            term.state = life.pays_late ? "late" : "running";
        }
        company.contracts.push_back(std::move(term));
        if (last) return;
        begins = ends;
        ends = plus(ends, life.term_days);
    }
}

bool is_club(const Company& company, const Contract& term) { return company.lives[term.life].segment == "clubs"; }

// Prices renewals of the last year so that the group's revenue on the last day is (1 + change) times that of a year
// ago.
void reprice_renewals(Company& company, bool clubs, double change) {
    double before = 0.0, fresh = 0.0, renewed = 0.0;
    for (const auto& term : company.contracts) {
        if (is_club(company, term) != clubs) continue;
        const auto price = static_cast<double>(term.monthly);
        if (term.live(company.ago(365))) before += price;
        if (!term.live(company.until)) continue;
        (term.begins > company.ago(365) && term.phase != "first" ? renewed : fresh) += price;
    }
    const double factor = ((1.0 + change) * before - fresh) / renewed;
    for (auto& term : company.contracts) {
        if (is_club(company, term) != clubs || term.begins <= company.ago(365) || term.phase == "first") continue;
        term.monthly = rounded(static_cast<double>(term.monthly) * factor);
        term.list = std::max(term.list, term.monthly);
        if (factor > 1.1) term.phase = "more";
    }
}

}  // namespace

Cents yearly_revenue(const Company& company, const std::string& segment, Day day) {
    Cents sum = 0;
    for (const auto& term : company.contracts)
        if (term.live(day) && (segment.empty() || company.lives[term.life].segment == segment)) sum += term.monthly;
    return 12 * sum;
}

void write_contracts(Company& company) {
    for (std::size_t index = 0; index < company.lives.size(); ++index) write_terms(company, index);
}

void settle_prices(Company& company) {
    reprice_renewals(company, true, segment_change);
    reprice_renewals(company, false, others_change);
    const auto clubs = static_cast<double>(yearly_revenue(company, "clubs", company.until));
    const auto total = static_cast<double>(yearly_revenue(company, "", company.until));
    const double factor = segment_share / (1.0 - segment_share) * (total - clubs) / clubs;
    for (auto& term : company.contracts) {
        if (!is_club(company, term)) continue;
        term.monthly = rounded(static_cast<double>(term.monthly) * factor);
        term.list = std::max(term.monthly, rounded(static_cast<double>(term.list) * factor));
    }
}

}  // namespace retaind::demo
