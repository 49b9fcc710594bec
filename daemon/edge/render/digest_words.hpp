// A digest in words: read in half a minute, so every part is one of short lines.
#pragma once

#include <string>
#include <vector>

#include "words.hpp"

namespace retaind {

/// These take messages that have a digest.
std::string digest_subject(const Message& message);
std::string digest_intro(const Message& message);
std::vector<PartWords> digest_parts(const Message& message, const RenderOptions& options);

}  // namespace retaind
