#include "edge/state/keys.hpp"

#include <fmt/format.h>

namespace retaind {

Keys::Keys(soci::session& sql, std::string_view table) : sql_(sql), table_(table) {
    long long key = 0;
    std::string id;
    soci::statement rows =
        (sql_.prepare << fmt::format("SELECT key, id FROM {} ORDER BY key", table_), soci::into(key), soci::into(id));
    rows.execute();
    while (rows.fetch()) remember(key, id);
}

void Keys::remember(long long key, const std::string& id) {
    if (index(key) >= ids_.size()) ids_.resize(index(key) + 1);
    ids_[index(key)] = id;
    keys_.emplace(id, key);
}

long long Keys::of(const std::string& id) {
    if (const auto found = keys_.find(id); found != keys_.end()) return found->second;
    long long key = 0;
    sql_ << fmt::format("INSERT INTO {} (id) VALUES (:id) RETURNING key", table_), soci::use(id), soci::into(key);
    remember(key, id);
    return key;
}

}  // namespace retaind
