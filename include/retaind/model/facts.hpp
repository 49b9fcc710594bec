// What a company's database says of a customer today, and said differently before: columns that are overwritten in
// place. Written down as text, so that a past day can be shown as it was.
//
// The text is a line of the customer, then one per further column, then one per subscription; cells between tabs:
//   1 <name> <segment> <motion> <account_manager> <seller> <parent_id> <timezone> <pulse_note> <since> <pulse_at>
//     <acquisition_cost> <cost_to_serve> <pulse>
//   attribute <column> <value>
//   subscription <id> <plan> <status> <stage> <exit_reason> <renews_on> <ended_on> <notice_days> <seats> <mrr>
//     <list_mrr> <started_on>
// "1" is the version. An unknown value is an empty cell; a text begins with "=", and has \t, \n and \\ for what they
// stand for; a day is 2026-03-01; a number has as many digits as bring back the same double (amounts in minor units of
// the base currency). Attributes ascend by column, subscriptions by id. States are kept for years: a form that has been
// released is read for ever.
//
// Not in it is `do_not_profile`: who asks for that today asks for it of every day.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/result.hpp"
#include "retaind/model/snapshot.hpp"

namespace retaind {

struct CustomerFacts {
    std::string customer_id;
    std::string text;
    bool operator==(const CustomerFacts&) const = default;
};

/// Writes down customers of one snapshot, which must outlive it, with these further columns, sorted by name. One that
/// the snapshot does not have is left out.
class FactsWriter {
public:
    FactsWriter(const Snapshot& snapshot, std::span<const std::string> attributes);

    /// In place of what `text` held.
    void write(CustomerIndex customer, std::string& text) const;

private:
    const Snapshot& snapshot_;
    std::vector<const Attribute*> attributes_;
};

/// Tells texts apart; never 0. Means something within one run of the program only.
std::uint64_t facts_hash(std::string_view text);

/// Makes columns say what these facts do, in place, and links parents anew. Facts of a customer or subscription that
/// the snapshot does not know are passed over, and who has none stays as read. A further column is of texts when any of
/// the facts has a text in it, else of numbers; a value of the other type that no fact replaces is missing. Error
/// (state_lost), naming the customer and the line, for a text that no program has written; then the snapshot is of no
/// use.
Result<void> put_back(Snapshot& snapshot, std::span<const CustomerFacts> facts);

}  // namespace retaind
