// One alert, and one customer's alerts, in words.
#pragma once

#include <string>
#include <vector>

#include "words.hpp"

namespace retaind {

bool is_over(const AlertNote& note);
/// Whether two alerts are about the same customer (or the same segment, source, ...).
bool is_one_story(const AlertNote& a, const AlertNote& b);
/// Whom it is about.
std::string who(const AlertNote& note);
/// "Warning", "Now critical", "Resolved".
std::string mark_of(const AlertNote& note);
/// What is said, without the name that stands above it: "has missed 3 events in a row".
std::string said_below_name(const AlertNote& note);
/// Why it is told when it is not plain news; "" when it is.
std::string remark_of(const AlertNote& note, Day as_of);

std::string amount_a_year(double minor_amount, const std::string& currency);
/// "30 Apr 2026 (in 51 days)", counted from the day that the data speak about, as the rules' own texts do.
std::string until(Day deadline, Day as_of);

/// The fact with its name, on at most so many characters.
std::string note_subject(const AlertNote& note, std::size_t most_characters);
/// All of it.
std::string note_sentence(const AlertNote& note);
/// On one line: whom it is about, and the fact. Plain news of a warning need no mark before it.
LineWords note_line(const AlertNote& note, const RenderOptions& options);
StoryWords story_words(const std::vector<const AlertNote*>& notes, Day as_of, const RenderOptions& options);

}  // namespace retaind
