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

/// A line of a digest, or of what is not told in full.
struct LineWords {
    std::string lead = {};  ///< whom it is about; "": the one of the line above
    std::string text = {};
    std::string detail = {};
    std::string link = {};
};

struct PartWords {
    std::string title = {};
    std::vector<LineWords> lines = {};
    std::size_t left_out = 0;  ///< beyond its lines
};

struct MessageWords {
    std::string subject = {};
    std::string intro = {};  ///< "" when the subject says all
    std::vector<StoryWords> stories = {};
    std::vector<PartWords> parts = {};  ///< of a digest, instead of stories; or what is not told in full, after them
    std::string footer = {};
};

/// Alerts told in full in one message; nobody reads the hundredth. The rest is named on a line each.
inline constexpr std::size_t most_notes = 40;
inline constexpr std::size_t most_notes_of_chat = 5;  // of at most seven of 50 blocks each
/// Alerts named on a line each, and the bytes of such lines; what is beyond is counted.
inline constexpr std::size_t most_lines = 500, most_line_bytes = 150'000;
/// What a list of mails shows of a subject.
inline constexpr std::size_t longest_subject = 70;  // characters

/// Adds a line if there is room; else false, and the caller counts it and what follows.
bool add_line(PartWords& part, LineWords words);
/// "and 12 more"; "" for none.
std::string and_more(std::size_t left_out);

MessageWords words_of(const Message& message, const RenderOptions& options);

}  // namespace retaind
