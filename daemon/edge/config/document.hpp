// A TOML file as a plain tree that knows where everything was written, also after trees of several files were merged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/config/problems.hpp"
#include "retaind/base/time.hpp"

namespace retaind::config {

struct Entry;

struct Node {
    enum class Kind { text, integer, number, boolean, day, moment, list, table };
    Kind kind = Kind::table;
    Position where = {};
    std::string text = {};  ///< of a moment: as parse_moment reads it; "" without a day
    std::int64_t integer = 0;
    double number = 0;  ///< of integers too
    bool boolean = false;
    Day day = {};
    std::vector<Node> items = {};
    std::vector<Entry> entries = {};  ///< in the order of the file

    bool is_table() const { return kind == Kind::table; }
    bool is_text(std::string_view wanted) const { return kind == Kind::text && text == wanted; }
    const Node* find(std::string_view key) const;
    Node* find(std::string_view key);
};

struct Entry {
    std::string key;
    Position where = {};  ///< of the key
    Node value = {};
};

/// "a text", "a number", "a table", ...
std::string_view kind_name(Node::Kind kind);

/// Parses a text that is safe to parse: bounded in size, line length, key depth and nesting, and valid. Anything else
/// is one error with its place, and nothing. The text becomes a source of `problems`.
std::optional<Node> parse_document(std::string text, const std::string& file, Problems& problems);

/// Whether a file lies in a folder or further down, wherever links lead. "" is the current folder.
bool lies_below(const std::string& file, const std::string& folder);

/// The text of a file, cut off not far beyond most_file_bytes; an unreadable one is an error at `asked_at`, where its
/// name was written.
std::optional<std::string> read_source(const std::string& file, const Position& asked_at, Problems& problems);

/// A document from a file; an unreadable one is an error at `asked_at`, where its name was written.
std::optional<Node> read_document(const std::string& file, const Position& asked_at, Problems& problems);

/// One text for one meaning: keys sorted, no comments, no spacing, 7 and 7.0 alike.
std::string canonical_text(const Node& node);

}  // namespace retaind::config
