// An alert's identity as four columns: tables that outlive the alert repeat it instead of pointing at it.
#pragma once

#include <string>

#include <soci/soci.h>

#include "edge/state/words.hpp"
#include "retaind/alerts/alert.hpp"

namespace retaind {

struct KeyColumns {
    std::string rule = {}, scope = {}, entity = {}, dimension = {};

    KeyColumns() = default;
    explicit KeyColumns(const AlertKey& key)
        : rule(key.rule), scope(to_word(key.scope)), entity(key.entity), dimension(key.dimension) {}
    AlertKey key() const {
        return {.rule = rule, .scope = from_word<Scope>(scope), .entity = entity, .dimension = dimension};
    }
};

}  // namespace retaind
