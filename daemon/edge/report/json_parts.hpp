// What the JSON of several reports is made of: unknown is null, amounts are in major units.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "retaind/alerts/alert.hpp"

namespace retaind::json_parts {

using Json = nlohmann::ordered_json;

inline Json number(double value) { return is_known(value) ? Json(value) : Json(nullptr); }
inline Json amount(double minor) { return is_known(minor) ? Json(minor / minor_units) : Json(nullptr); }
inline Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }
inline Json day(const std::optional<Day>& value) { return value ? Json(format_day(*value)) : Json(nullptr); }
inline Json instant(const std::optional<Instant>& value) {
    return value ? Json(format_instant(*value)) : Json(nullptr);
}

template <class Range, class Function>
Json list(const Range& range, Function each) {
    Json result = Json::array();
    for (const auto& element : range) result.push_back(each(element));
    return result;
}

inline std::string written(const Json& json, int indent = 2) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// As in the view of a cycle.
Json alert_json(const Alert& alert);

}  // namespace retaind::json_parts
