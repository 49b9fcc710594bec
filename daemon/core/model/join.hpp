// How a dataset's rows become part of a snapshot: shared by the files that join one kind of dataset each.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/model/snapshot.hpp"

namespace retaind::join {

using Row = std::uint32_t;
using Presence = Feed::Presence;

/// An order of a dataset's rows by their contents alone: first by the keys, then by every other column by name. So
/// "the first of them" means the same whatever order the rows arrived in. Columns in `aside` take no part.
class RowOrder {
public:
    RowOrder(const Dataset& dataset, std::initializer_list<std::string_view> keys,
             std::initializer_list<std::string_view> aside = {"row_id"});

    int compare(Row a, Row b) const { return compare(a, b, 0, parts_.size()); }
    int compare_beyond_keys(Row a, Row b) const { return compare(a, b, keys_, parts_.size()); }
    bool same_keys(Row a, Row b) const { return compare(a, b, 0, keys_) == 0; }
    std::vector<Row> sorted(std::size_t rows) const;

private:
    int compare(Row a, Row b, std::size_t first, std::size_t last) const;
    int compare_cells(const Column& column, Row a, Row b) const;
    void rank(const Words& words);

    std::vector<const Column*> parts_;
    std::size_t keys_ = 0;
    std::vector<Word> ranks_;  ///< per word of the dataset: its place among the texts of these columns
};

/// Cells of one column; a column that is not there reads as NULL everywhere.
struct Texts {
    const Column* column;
    const std::vector<Word>* words;  ///< from words of the dataset to words of the snapshot
    Word operator()(Row row) const { return column ? (*words)[column->words[row]] : no_word; }
};
struct Numbers {
    const Column* column;
    double operator()(Row row) const { return column ? column->numbers[row] : missing; }
    double or_else(Row row, double absent) const {
        const double number = (*this)(row);
        return is_missing(number) ? absent : number;
    }
};
struct Days {
    const Column* column;
    std::optional<Day> operator()(Row row) const {
        if (!column || column->days[row] == no_day) return std::nullopt;
        return Day{std::chrono::days{column->days[row]}};
    }
};

/// A dataset on its way into the snapshot, with the feed that counts what becomes of it.
class Table {
public:
    Table(Dataset dataset, Snapshot& snapshot, Feed& feed);

    const Dataset& data() const { return data_; }
    Row rows() const { return static_cast<Row>(data_.rows); }
    Texts texts(std::string_view column);
    Numbers numbers(std::string_view column) const { return {data_.find(column)}; }
    Days days(std::string_view column) const { return {data_.find(column)}; }

    void reject(Row row, std::string_view reason);
    void contradict(std::string_view what, std::uint64_t times = 1) {
        if (times > 0) feed_.contradictions[std::string{what}] += times;
    }

    /// The customer of each row, by the column; rows of one that nobody knows are rejected and no longer alive.
    std::vector<CustomerIndex> customers(std::string_view column, std::vector<bool>& alive);
    /// The day by whose end each row was known (known_at, else its own day after the dataset's delay); empty when that
    /// is always its own day.
    std::vector<std::int32_t> known_days(std::string_view at) const;
    /// Of rows with the same row_id only the first by `order` stays alive; those that differ from it are "duplicate".
    void drop_repeats(const RowOrder& order, std::vector<bool>& alive);
    /// The same for rows with the same keys, in sorted order; all but the first are "duplicate".
    void drop_duplicates(const RowOrder& order, const std::vector<Row>& sorted, std::vector<bool>& alive);
    /// Lets go of a column's cells.
    void release(std::string_view column);
    void count_kept(std::uint64_t rows) { feed_.rows = rows; }

private:
    std::string key(Row row) const;

    Dataset data_;
    Snapshot& snapshot_;
    Feed& feed_;
    std::vector<Word> words_;  ///< of the snapshot; filled column by column
};

/// Amounts into the base currency. While the company names no base, amounts without a currency count as they are, and
/// so do those of the only currency that a dataset names.
class Exchange {
public:
    Exchange(const Currency& currency, const Dataset& dataset);
    /// Minor units of base, rounded to whole ones; missing when there is no amount, or no rate for its currency.
    double to_base(double minor_units, Row row) const;
    bool has_rate(Row row) const { return is_known(rate(row)); }

private:
    double rate(Row row) const;

    const Currency& currency_;
    const Column* column_;
    std::vector<double> rates_ = {};  ///< per word of the dataset
};

/// Rows per day and per day by whose end they were known, of the rows that are alive.
std::vector<Presence> presence_of(const Column& at, const std::vector<std::int32_t>& known,
                                  const std::vector<bool>& alive);

/// Who is whose child, by `parent`. A link to nobody, and links that lead round, count as none.
struct BrokenParents {
    std::uint64_t unknown = 0, in_circle = 0;
};
BrokenParents link_parents(Snapshot& snapshot);

/// Whether a subscription of this status is over, whatever its dates say.
bool is_over(std::string_view status);

void join_customers(Table& table, Snapshot& snapshot, const Currency& currency);
void join_people(Table& table, Snapshot& snapshot);
void join_subscriptions(Table& table, Snapshot& snapshot, const Currency& currency);
void join_relations(Table& table, Snapshot& snapshot);
void join_promises(Table& table, Snapshot& snapshot);
void join_readings(Table& table, Snapshot& snapshot, Feed& feed);
void join_milestones(Table& table, Snapshot& snapshot);
void join_series(Table& table, Snapshot& snapshot, Feed& feed);
void join_segment_series(Table& table, Snapshot& snapshot, Feed& feed);
void join_markers(Table& table, Snapshot& snapshot, Feed& feed);

}  // namespace retaind::join
