// A message in words: what every rendering for people says, said once.
#pragma once

#include <string>
#include <vector>

#include "render.hpp"

namespace retaind {

/// "Mend by", "30 Apr 2026 (in 51 days)".
struct Fact {
    std::string label, value;
};

enum class Tone { critical, warning, calm, good, over };

/// One alert as a person reads it. Empty parts are left out.
struct NoteWords {
    std::string mark = {};  ///< "Warning", "Now critical", "Still open", "Resolved", ...
    Tone tone = Tone::calm;
    std::string message = {};
    std::string remark = {};       ///< why it is told (again), when it is not plain news
    std::vector<Fact> facts = {};  ///< since when; with one alert only, the story's too
    std::string reasons = {};      ///< the conditions with their values
    std::string advice = {};
    std::string doer = {};    ///< "You are asked to act."
    std::string record = {};  ///< "This rule was right in 4 of 10 cases so far."
    std::string link = {};    ///< where it can be answered
};

/// All that is said about one customer (or segment, source, ...).
struct StoryWords {
    std::string headline = {};
    std::vector<Fact> facts = {};  ///< what is true of all its alerts, when there are several
    std::vector<NoteWords> notes = {};
};

/// A line of a digest.
struct LineWords {
    std::string lead = {};  ///< whom it is about; "": the one of the line above
    std::string text = {};
    std::string detail = {};
    std::string link = {};
};

struct PartWords {
    std::string title = {};
    std::vector<LineWords> lines = {};
    std::string more = {};  ///< "and 12 more"
};

struct MessageWords {
    std::string subject = {};
    std::string intro = {};  ///< "" when the subject says all
    std::vector<StoryWords> stories = {};
    std::vector<PartWords> parts = {};  ///< of a digest, instead of stories
    std::string more = {};              ///< "and 12 more" beyond what fits a message
    std::string footer = {};
};

/// Alerts shown in one message; the rest is counted. Nobody reads the hundredth.
inline constexpr std::size_t most_notes = 40;
/// What a list of mails shows of a subject.
inline constexpr std::size_t longest_subject = 70;  // characters

MessageWords words_of(const Message& message, const RenderOptions& options);

}  // namespace retaind
