// A JSON object of texts on one line, for logs.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace retaind {

/// Members in their order, without a newline. What is no UTF-8 is replaced.
std::string json_line(const std::vector<std::pair<std::string, std::string>>& members);

}  // namespace retaind
