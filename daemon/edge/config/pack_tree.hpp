// Several packs as one tree: what they extend, what they override, what they remove.
#pragma once

#include <string>
#include <vector>

#include "edge/config/document.hpp"

namespace retaind::config {

struct PackTree {
    Node merged = {};                     ///< without schema, name and extends
    std::string name = {};                ///< of the last pack
    std::vector<std::string> packs = {};  ///< names, in the order in which they were laid over each other
};

/// The merged packs as one: TOML without comments that reads back to the same rules and hash, an entry a line.
std::string stored_text(const PackTree& tree);

struct PackFile {
    std::string name;
    Position where = {};
};  ///< as written, and where

struct PackTreeOptions {
    std::string rules_directory;
    std::string base_directory = {};  ///< of relative paths
    /// Packs with a path must lie in one of these, or further down, and be called *.toml; none: they may lie anywhere.
    std::vector<std::string> folders = {};
};

PackTree read_packs(const std::vector<PackFile>& files, const PackTreeOptions& options, Problems& problems);

/// `over` laid over `base`: tables key by key, everything else replaced; a scale of another kind is replaced whole.
/// [[profile]] tables of one name are one profile.
void lay_over(Node& base, const Node& over);

}  // namespace retaind::config
