// Everything that was found wrong, with the texts it was found in. Nothing stops at the first problem.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "retaind/base/error.hpp"

namespace retaind::config {

/// File name to text, as read.
using Sources = std::map<std::string, std::string, std::less<>>;

class Problems {
public:
    void error(Position where, std::string message, std::string hint = {});
    void error(Error error);
    void warning(Position where, std::string message, std::string hint = {});

    /// Texts that stand in for files, by the name under which a file would be read.
    Sources given = {};

    /// Files in the order in which they were read; problems are told in that order.
    void add_source(const std::string& file, std::string text);
    const Sources& sources() const { return sources_; }

    /// Where the character number `index` (from 0) of the text stands that begins at `quote`: escapes and line ends of
    /// every kind of TOML string are counted as they were written.
    Position inside(const Position& quote, int index) const;

    bool has_errors() const { return !errors_.empty(); }
    std::size_t error_count() const { return errors_.size(); }
    /// By file, line and column; each once.
    std::vector<Error> errors() const { return sorted(errors_); }
    std::vector<Error> warnings() const { return sorted(warnings_); }

    /// "signal.*.weight": every key that some reader asked for. Documentation is tested against it.
    std::set<std::string, std::less<>> keys = {};

    /// "signal.logins": named tables that a pack took away from what it extends, and where.
    std::map<std::string, Position, std::less<>> removed = {};
    /// For whoever names something that is not there: where it was removed, or what was probably meant; or "".
    std::string hint_for_missing(std::string_view kind, std::string_view name, std::string_view meant) const;

private:
    std::vector<Error> sorted(std::vector<Error> problems) const;

    Sources sources_ = {};
    std::map<std::string, std::vector<std::size_t>, std::less<>> line_starts_ = {};  ///< of each source
    std::map<std::string, int, std::less<>> order_ = {};
    std::vector<Error> errors_ = {}, warnings_ = {};
};

/// Whether a line of TOML may hold a secret: it must not be shown.
bool is_sensitive(std::string_view line);

/// Whether lines of a file may be shown. One that is not TOML holds data, or was named by mistake.
bool may_quote(std::string_view file);

/// What somebody wrote, for a message: names and short words as they are, anything else "...": it may be a secret that
/// slipped out of its place.
std::string shown(std::string_view written);

/// Line `number` (from 1) of a text, without its end.
std::string_view line_of(std::string_view text, int number);

}  // namespace retaind::config
