#include "edge/state/rename.hpp"

#include <string_view>

#include <fmt/format.h>

namespace retaind {

void rename_in_all_tables(soci::session& sql, const RuleRename& rename) {
    for (const std::string_view table : {"alert", "alert_event", "act", "ledger", "outbox_tell", "adopted_rule"}) {
        sql << fmt::format("UPDATE OR IGNORE {} SET rule = :name WHERE rule = :was", table), soci::use(rename.name),
            soci::use(rename.was);
    }
    for (const std::string_view table : {"alert", "alert_event", "act", "outbox_tell"}) {
        sql << fmt::format("UPDATE OR IGNORE {} SET entity = :name WHERE rule = 'rule_below_floor' AND entity = :was",
                           table),
            soci::use(rename.name), soci::use(rename.was);
    }
    sql << "UPDATE silence_match SET value = :name WHERE field = 'rule' AND value = :was", soci::use(rename.name),
        soci::use(rename.was);
}

}  // namespace retaind
