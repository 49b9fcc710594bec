// Ids of the outside (customers, promises, managers) kept once, so that a day's records hold a short number instead.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <soci/soci.h>

namespace retaind {

/// All rows of a table (key, id). Numbers are never used twice, also not after an erasure.
class Keys {
public:
    Keys(soci::session& sql, std::string_view table);

    long long of(const std::string& id);  ///< a new id is stored
    const std::string& id(long long key) const { return ids_[index(key)]; }
    std::size_t size() const { return ids_.size(); }  ///< every key is below it

private:
    static std::size_t index(long long key) { return static_cast<std::size_t>(key); }
    void remember(long long key, const std::string& id);

    soci::session& sql_;
    std::string table_;
    std::unordered_map<std::string, long long> keys_;
    std::vector<std::string> ids_;  ///< by key
};

}  // namespace retaind
