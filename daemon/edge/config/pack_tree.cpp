#include "edge/config/pack_tree.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "edge/config/table_reader.hpp"

namespace retaind::config {
namespace {

namespace fs = std::filesystem;

/// Tables whose tables are things with names; two packs that do not extend each other must not both define one.
constexpr std::array named_kinds = {"group", "signal", "cap", "curve", "rule"};
constexpr int current_schema = 1;

bool is_named_kind(std::string_view key) {
    return std::find(named_kinds.begin(), named_kinds.end(), key) != named_kinds.end();
}

bool is_shipped_name(std::string_view name) {
    return name.find('/') == std::string_view::npos && !name.ends_with(".toml");
}

bool is_removable(const Node& node) { return node.is_table() || node.kind == Node::Kind::list; }

Entry* find_entry(Node& table, std::string_view key) {
    const auto found =
        std::find_if(table.entries.begin(), table.entries.end(), [&](const Entry& e) { return e.key == key; });
    return found == table.entries.end() ? nullptr : &*found;
}

std::string profile_name(const Node& profile) {
    const Node* name = profile.is_table() ? profile.find("name") : nullptr;
    return name && name->kind == Node::Kind::text ? name->text : "";
}

void lay_profiles_over(Node& base, const Node& over) {
    for (const auto& profile : over.items) {
        const auto name = profile_name(profile);
        const auto same = std::find_if(base.items.begin(), base.items.end(),
                                       [&](const Node& item) { return !name.empty() && profile_name(item) == name; });
        if (same == base.items.end())
            base.items.push_back(profile);
        else
            lay_over(*same, profile);
    }
}

/// Scales are alternatives: { points = ... } over { cohort = ... } must not leave both.
bool is_another_scale(const Node& base, const Node& over) {
    return base.entries.size() != 1 || over.entries.size() != 1 || base.entries[0].key != over.entries[0].key;
}

void lay_entry_over(Node& base, const Entry& over) {
    Entry* existing = find_entry(base, over.key);
    const bool both_lists = existing && existing->value.kind == Node::Kind::list && over.value.kind == Node::Kind::list;
    if (!existing) {
        base.entries.push_back(over);
    } else if (over.value.is_text("remove") && is_removable(existing->value)) {
        std::erase_if(base.entries, [&](const Entry& entry) { return entry.key == over.key; });
    } else if (both_lists && over.key == "profile") {
        lay_profiles_over(existing->value, over.value);
    } else if (!existing->value.is_table() || !over.value.is_table() ||
               (over.key == "scale" && is_another_scale(existing->value, over.value))) {
        *existing = over;
    } else {
        lay_over(existing->value, over.value);
    }
}

class PackReader {
public:
    PackReader(const PackTreeOptions& options, Problems& problems) : options_(options), problems_(problems) {}

    void add(const PackFile& file) {
        const auto path = resolved(file.name, options_.base_directory);
        if (check_place(file.name, path, file.where)) add(path, file.where);
    }

    PackTree finish() && {
        tree_.merged.entries.shrink_to_fit();
        return std::move(tree_);
    }

private:
    std::string resolved(const std::string& name, const std::string& directory) const {
        if (is_shipped_name(name)) return (fs::path{options_.rules_directory} / (name + ".toml")).string();
        const fs::path path{name};
        return path.is_absolute() || directory.empty() ? name
                                                       : (fs::path{directory} / path).lexically_normal().string();
    }

    bool check_place(const std::string& name, const std::string& path, const Position& asked_at) {
        const auto contains = [&](const std::string& folder) { return lies_below(path, folder); };
        if (options_.folders.empty() || is_shipped_name(name)) return true;
        if (path.ends_with(".toml") && std::ranges::any_of(options_.folders, contains)) return true;
        problems_.error(asked_at, "this pack lies elsewhere",
                        "a rule test reads packs (*.toml) from its folder, the one above it, and --rules-directory");
        return false;
    }

    void add(const std::string& path, const Position& asked_at) {
        if (std::find(read_.begin(), read_.end(), path) != read_.end())
            return problems_.error(asked_at, fmt::format("the pack {} is already part of these rules", path));
        if (read_.size() >= most_packs) return problems_.error(asked_at, fmt::format("more than {} packs", most_packs));
        read_.push_back(path);
        auto document = read_document(path, asked_at, problems_);
        if (!document) return;
        const bool extends = take_head(*document, path);
        note_removed(*document);
        if (extends)
            lay_over(tree_.merged, *document);
        else
            join(*document);
    }

    /// Remembers what the document takes away, and forgets what it brings back.
    void note_removed(const Node& document) {
        for (const auto* kind : named_kinds) {
            const Node* over = document.find(kind);
            const Node* existing = tree_.merged.find(kind);
            const auto key = [&](const Entry& entry) { return fmt::format("{}.{}", kind, entry.key); };
            if (over && existing && over->is_text("remove"))
                for (const auto& entry : existing->entries) problems_.removed[key(entry)] = over->where;
            if (!over) continue;
            for (const auto& entry : over->entries) {
                problems_.removed.erase(key(entry));
                if (entry.value.is_text("remove") && existing && existing->find(entry.key))
                    problems_.removed[key(entry)] = entry.value.where;
            }
        }
    }

    /// Reads and removes schema, name and extends; lays what is extended first. True when the pack extends another.
    bool take_head(Node& document, const std::string& path) {
        TableReader head{document, "", problems_};
        int schema = current_schema;
        if (head.take("schema", schema, integer{}) && schema != current_schema)
            problems_.error(head.where("schema"), fmt::format("this retaind reads schema {}", current_schema));
        std::string name = fs::path{path}.stem().string(), base;
        head.take("name", name, text{});
        const bool extends = head.take("extends", base, text{});
        if (extends && !base.empty()) extend(base, path, head.where("extends"));
        std::erase_if(document.entries, [](const Entry& entry) {
            return entry.key == "schema" || entry.key == "name" || entry.key == "extends";
        });
        tree_.name = name;
        tree_.packs.push_back(name);
        return extends;
    }

    /// The base is already there when it was listed before; a pack that is being read cannot be its own base.
    void extend(const std::string& base, const std::string& path, const Position& where) {
        const bool listed = std::find(tree_.packs.begin(), tree_.packs.end(), base) != tree_.packs.end();
        const auto base_path = resolved(base, fs::path{path}.parent_path().string());
        const bool is_read = std::find(read_.begin(), read_.end(), base_path) != read_.end();
        const bool is_open = std::find(open_.begin(), open_.end(), base_path) != open_.end() || base_path == path;
        if (is_open) return problems_.error(where, "a pack cannot extend itself, not even by way of others");
        if (listed || is_read || !check_place(base, base_path, where)) return;
        open_.push_back(path);
        add(base_path, where);
        open_.pop_back();
    }

    /// Puts a pack beside the others: nothing may be defined twice.
    void join(const Node& document) {
        for (const auto& entry : document.entries) {
            Entry* existing = find_entry(tree_.merged, entry.key);
            if (!existing)
                tree_.merged.entries.push_back(entry);
            else if (is_named_kind(entry.key) && existing->value.is_table() && entry.value.is_table())
                join_named(existing->value, entry.value, entry.key);
            else if (entry.key == "profile" && existing->value.kind == Node::Kind::list &&
                     entry.value.kind == Node::Kind::list)
                existing->value.items.insert(existing->value.items.end(), entry.value.items.begin(),
                                             entry.value.items.end());
            else
                complain_twice(entry, *existing, fmt::format("[{}]", entry.key));
        }
    }

    void join_named(Node& existing, const Node& table, std::string_view kind) {
        for (const auto& entry : table.entries) {
            const Entry* same = find_entry(existing, entry.key);
            if (same)
                complain_twice(entry, *same, fmt::format("[{}.{}]", kind, entry.key));
            else
                existing.entries.push_back(entry);
        }
    }

    void complain_twice(const Entry& entry, const Entry& first, const std::string& what) {
        problems_.error(entry.where,
                        fmt::format("{} is already defined in {}:{}", what, first.where.file, first.where.line),
                        "a pack that changes another says extends = \"...\"");
    }

    const PackTreeOptions& options_;
    Problems& problems_;
    PackTree tree_ = {};
    std::vector<std::string> read_ = {}, open_ = {};
};

}  // namespace

void lay_over(Node& base, const Node& over) {
    for (const auto& entry : over.entries) lay_entry_over(base, entry);
}

namespace {

/// A list of tables one to a line: lines are bounded in length.
std::string entry_line(const Entry& entry) {
    const bool has_tables =
        entry.value.kind == Node::Kind::list && !entry.value.items.empty() && entry.value.items.front().is_table();
    if (!has_tables) return fmt::format("\"{}\" = {}\n", entry.key, canonical_text(entry.value));
    std::string items;
    for (const auto& item : entry.value.items) items += fmt::format("  {},\n", canonical_text(item));
    return fmt::format("\"{}\" = [\n{}]\n", entry.key, items);
}

}  // namespace

std::string stored_text(const PackTree& tree) {
    std::string text = fmt::format("# {}\nschema = {}\nname = {}\n", fmt::join(tree.packs, ", "), current_schema,
                                   canonical_text({.kind = Node::Kind::text, .text = tree.name}));
    for (const auto& entry : tree.merged.entries) {
        if (!entry.value.is_table()) text += entry_line(entry);
    }
    for (const auto& table : tree.merged.entries) {
        if (!table.value.is_table()) continue;
        text += fmt::format("[{}]\n", table.key);
        for (const auto& entry : table.value.entries) text += entry_line(entry);
    }
    return text;
}

PackTree read_packs(const std::vector<PackFile>& files, const PackTreeOptions& options, Problems& problems) {
    PackReader reader{options, problems};
    for (const auto& file : files) reader.add(file);
    return std::move(reader).finish();
}

}  // namespace retaind::config
