// A message in words: what every rendering says, said once.
#pragma once

#include <string>
#include <vector>

#include "render.hpp"

namespace retaind {

/// One alert as a person reads it. Empty parts are left out.
struct NoteWords {
    std::string headline = {};  ///< who
    std::string mark = {};      ///< "critical", "warning", "info", "resolved", "closed"
    std::string message = {};
    std::string reasons = {};  ///< the conditions with their values
    std::string facts = {};    ///< "since 1 Mar 2026; worth 1,200 EUR a year; mend by 1 Apr 2026"
    std::string advice = {};
    std::string doer = {};  ///< "You are asked to act." or "Maria is asked to act."
};

struct MessageWords {
    std::string subject = {};
    std::string intro = {};  ///< one sentence; "" when the subject says all
    std::vector<NoteWords> notes = {};
    std::string more = {};  ///< "and 12 more" beyond what fits a message
    std::string footer = {};
};

/// Notes shown in one message; the rest is counted. Nobody reads the hundredth.
inline constexpr std::size_t most_notes = 40;

MessageWords words_of(const Message& message, const RenderOptions& options);

}  // namespace retaind
