// What the command line says of one customer besides its score: why a rule does not fire, and what to know before a
// call.
#pragma once

#include <string>

#include "retaind/cycle/brief.hpp"
#include "retaind/cycle/why_not.hpp"

namespace retaind {

/// The verdict first, then every condition with what it found.
std::string why_not_text(const WhyNot& why);
std::string why_not_json(const WhyNot& why);

/// At most half a page: 40 lines of 100 columns.
std::string brief_text(const Brief& brief);
std::string brief_json(const Brief& brief);

}  // namespace retaind
