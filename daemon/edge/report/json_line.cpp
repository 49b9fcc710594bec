#include "json_line.hpp"

#include <nlohmann/json.hpp>

namespace retaind {

std::string json_line(const std::vector<std::pair<std::string, std::string>>& members) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [name, value] : members) object[name] = value;
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace retaind
