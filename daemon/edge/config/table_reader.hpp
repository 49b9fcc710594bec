// Reads one table key by key. Each key is named once, with how its value is read and where it goes; a key that nobody
// asked for is an error with the nearest suggestion, a value of another type an error that says what was expected.
//
//   in.take("hysteresis", to.hysteresis, number(0, 100));
//   in.require("measure", to.measure, one_of(measures));
//   in.finish();
#pragma once

#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/config/document.hpp"
#include "edge/config/limits.hpp"
#include "retaind/base/time.hpp"

namespace retaind::config {

/// A value about to be read, and the words to complain with.
struct Item {
    std::string_view key;
    const Node& node;
    Problems& problems;

    /// "`weight` must be a number, and this is a text".
    std::nullopt_t must_be(std::string_view expected, std::string hint = {}) const;
    std::nullopt_t wrong(std::string message, std::string hint = {}) const;
    Item of(const Node& part) const { return {key, part, problems}; }
};

/// Complains about a node that is no table.
bool check_is_table(const Node& node, std::string_view path, Problems& problems);

class TableReader {
public:
    /// `path` is what documentation calls the table: "signal.*". `table` is one, and outlives the reader.
    TableReader(const Node& table, std::string path, Problems& problems);
    TableReader(const TableReader&) = delete;
    TableReader& operator=(const TableReader&) = delete;

    /// Reads a key that may be there; true when it was.
    template <class T, class Read>
    bool take(std::string_view key, T& to, const Read& read) {
        const Node* node = claim(key);
        if (!node) return false;
        if (auto value = read(Item{key, *node, problems_})) to = std::move(*value);
        return true;
    }

    /// Reads a key that must be there.
    template <class T, class Read>
    bool require(std::string_view key, T& to, const Read& read) {
        if (take(key, to, read)) return true;
        complain_missing(key);
        return false;
    }

    /// [path.key]: body(TableReader&), when it is there.
    template <class Body>
    bool table(std::string_view key, const Body& body) {
        const Node* node = claim(key);
        if (!node) return false;
        read_inside(*node, child(key), body);
        return true;
    }

    /// [path.key.NAME], by name: body(name, TableReader&). Names of things in rules are strict, as fields are; others
    /// may also have capitals and dashes.
    enum class Names { strict, loose };
    template <class Body>
    void named_tables(std::string_view key, std::size_t most, const Body& body, Names names = Names::strict) {
        for (const Entry* entry : named(key, most, names))
            read_inside(entry->value, child(key) + ".*", [&](TableReader& inner) { body(entry->key, inner); });
    }

    /// [[path.key]], in order: body(TableReader&).
    template <class Body>
    void tables(std::string_view key, std::size_t most, const Body& body) {
        for (const Node* node : listed(key, most)) read_inside(*node, child(key), body);
    }

    /// Complains about every key that nobody asked for.
    void finish();

    bool has(std::string_view key) const { return table_->find(key) != nullptr; }
    const Node& node() const { return *table_; }
    const Position& where() const { return table_->where; }
    const Position& where(std::string_view key) const;  ///< of the key's value, or of the table
    Problems& problems() { return problems_; }
    const std::string& path() const { return path_; }

    const Node* claim(std::string_view key);  ///< marks it as asked for

private:
    /// A node that is no table is an error, and not looked into.
    template <class Body>
    void read_inside(const Node& node, const std::string& path, const Body& body) {
        if (!check_is_table(node, path, problems_)) return;
        TableReader inner{node, path, problems_};
        body(inner);
        inner.finish();
    }

    std::vector<const Entry*> named(std::string_view key, std::size_t most, Names names);
    std::vector<const Node*> listed(std::string_view key, std::size_t most);
    std::string child(std::string_view key) const;
    void complain_missing(std::string_view key);
    void complain_unknown(const Entry& entry);

    const Node* table_;
    std::string path_;
    Problems& problems_;
    std::set<std::string, std::less<>> asked_ = {};
};

bool is_name(std::string_view text);        ///< [a-z][a-z0-9_]*, not too long
bool is_loose_name(std::string_view text);  ///< [A-Za-z0-9_-]+, not too long

// -- how values are read: each gives the value, or nothing after a complaint -----------------------------------------

inline constexpr double no_bound = std::numeric_limits<double>::infinity();

struct number {
    double least = -no_bound, most = no_bound;
    std::optional<double> operator()(const Item& item) const;
};
struct above {  ///< a number strictly greater
    double bound = 0;
    std::optional<double> operator()(const Item& item) const;
};
struct integer {
    std::int64_t least = 0, most = 1'000'000'000;
    std::optional<int> operator()(const Item& item) const;
};
struct boolean {
    std::optional<bool> operator()(const Item& item) const;
};
struct text {
    bool may_be_empty = false;
    std::optional<std::string> operator()(const Item& item) const;
};
struct duration {
    Seconds least = Seconds{0};
    std::optional<Seconds> operator()(const Item& item) const;
};
struct duration_in_days {  ///< "7d", as a number of days
    Seconds least = Seconds{0};
    std::optional<double> operator()(const Item& item) const;
};
struct days_or_duration {  ///< 7 or "7d", in days
    double least = 0;
    std::optional<double> operator()(const Item& item) const;
};
struct day {  ///< a TOML date, or the same as a text
    std::optional<Day> operator()(const Item& item) const;
};
struct time_of_day {  ///< "08:00"
    std::optional<std::string> operator()(const Item& item) const;
};

/// A list, every element read alike.
template <class Read>
struct list {
    Read read;
    std::size_t least = 0, most = most_items;

    auto operator()(const Item& item) const {
        using T = typename decltype(read(item))::value_type;
        std::optional<std::vector<T>> result;
        if (item.node.kind != Node::Kind::list) {
            item.must_be("a list", item.node.kind == Node::Kind::text ? "put it in square brackets" : "");
            return result;
        }
        if (!check_count(item)) return result;
        result.emplace();
        for (const auto& part : item.node.items)
            if (auto value = read(item.of(part))) result->push_back(std::move(*value));
        return result;
    }

private:
    bool check_count(const Item& item) const;
};
template <class Read>
list(Read) -> list<Read>;
template <class Read>
list(Read, std::size_t) -> list<Read>;
template <class Read>
list(Read, std::size_t, std::size_t) -> list<Read>;

bool check_list_count(const Item& item, std::size_t least, std::size_t most);
template <class Read>
bool list<Read>::check_count(const Item& item) const {
    return check_list_count(item, least, most);
}

/// The index of a text among `names`; complains with all of them, or the one that was probably meant.
std::optional<std::size_t> choose(const Item& item, const std::vector<std::string_view>& names);

/// One of several words, each standing for a value.
template <class T>
struct one_of {
    std::vector<std::pair<std::string_view, T>> choices;

    std::optional<T> operator()(const Item& item) const {
        std::vector<std::string_view> names;
        for (const auto& [name, value] : choices) names.push_back(name);
        const auto index = choose(item, names);
        if (!index) return std::nullopt;
        return choices[*index].second;
    }
};

}  // namespace retaind::config
