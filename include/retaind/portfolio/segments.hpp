// Segments and the portfolio: many customers as a few numbers, never only a mean (SCORING 1.2).
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "retaind/model/snapshot.hpp"
#include "retaind/portfolio/contract_facts.hpp"
#include "retaind/scores/health.hpp"

namespace retaind {

/// What stands in one band, as shares of the segment's customers and revenue.
struct BandShare {
    double customers = missing, revenue = missing;
};

/// A segment, or with segment = "" the portfolio. Shares and changes are ratios (0.05 is 5 %); missing where nothing
/// says.
struct SegmentView {
    std::string segment;
    int customers = 0;
    double revenue = 0;                   ///< yearly, minor units of base currency, of those whose revenue is known
    double revenue_share = missing;       ///< of the portfolio's
    double revenue_change_yoy = missing;  ///< against the subscriptions live 365 days earlier; without those who have
                                          ///< an amount without a rate, now or then
    double customers_change_yoy = missing;
    double usage_change_28d = missing;    ///< metric `usage` (else all rows): the 28 days to the watermark
                                          ///< against the 28 before, of everybody: who left takes theirs along
    double demand_change_yoy = missing;   ///< segment_series: the same
    double health = missing;              ///< weighted by revenue; equally where there is none
    double at_risk_share = missing;       ///< of customers
    std::array<BandShare, 4> bands = {};  ///< by Band; with some of the revenue unknown, of what is known
    double top5_share = missing, top10_share = missing;  ///< of the revenue, its largest customers
    double hhi = missing;                                ///< sum of squared revenue shares
    double payback_ratio = missing;                      ///< weighted by acquisition cost
    double largest_segment_share = missing;              ///< portfolio only
};

/// A live customer's part in the roll-up.
struct CustomerStanding {
    CustomerIndex customer = no_customer;
    double health = missing;
    Band band = Band::unknown;
    ContractFacts facts = {};
};

/// One view per segment with a live customer, sorted by name; customers without a segment are the segment "".
std::vector<SegmentView> segment_views(const Snapshot& snapshot, std::span<const CustomerStanding> customers);
SegmentView portfolio_view(const Snapshot& snapshot, std::span<const CustomerStanding> customers);

}  // namespace retaind
