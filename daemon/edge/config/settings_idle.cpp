// Keys that are read and checked, and that this version does nothing with.
#include <array>

#include <fmt/format.h>

#include "edge/config/settings_reader.hpp"

namespace retaind::config {
namespace {

/// A key of a table ("source.*": of each source); with `value`, only when it is set to that. A key that is a table
/// itself counts once something stands in it.
struct IdleKey {
    std::string_view table, key, value = {};
};

constexpr std::array idle_keys = {
    IdleKey{"", "lease"},
    IdleKey{"", "backtest"},
    IdleKey{"daemon", "threads"},
    IdleKey{"http", "tls_cert"},
    IdleKey{"http", "tls_key_file"},
    IdleKey{"http", "users_file"},
    IdleKey{"state.retention", "rejects"},
    IdleKey{"source.*", "connections"},
    IdleKey{"source.*", "backend", "mysql"},
    IdleKey{"source.*", "backend", "odbc"},
    IdleKey{"dataset.*", "overlap"},
    IdleKey{"dataset.*", "overlap_every"},
    IdleKey{"dataset.*", "read", "pushdown"},
    IdleKey{"metrics", "sellers"},
};

void warn_in(const Node& table, const IdleKey& idle, Problems& problems) {
    const Node* node = table.find(idle.key);
    if (!node || (node->is_table() && node->entries.empty())) return;
    if (!idle.value.empty() && !node->is_text(idle.value)) return;
    const auto name = node->is_table()     ? fmt::format("[{}]", idle.key)
                      : idle.value.empty() ? fmt::format("\"{}\"", idle.key)
                                           : fmt::format("{} = \"{}\"", idle.key, idle.value);
    problems.warning(node->where, fmt::format("{} has no effect in this version", name),
                     "it is checked, and then ignored");
}

void warn_below(const Node& table, std::string_view path, const IdleKey& idle, Problems& problems) {
    if (path.empty()) return warn_in(table, idle, problems);
    const auto dot = path.find('.');
    const auto name = path.substr(0, dot);
    const auto rest = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
    for (const auto& entry : table.entries)
        if ((name == "*" || entry.key == name) && entry.value.is_table()) warn_below(entry.value, rest, idle, problems);
}

}  // namespace

void warn_of_idle_keys(const Node& document, Problems& problems) {
    for (const IdleKey& idle : idle_keys) warn_below(document, idle.table, idle, problems);
}

}  // namespace retaind::config
