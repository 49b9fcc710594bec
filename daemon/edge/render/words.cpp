#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "retaind/model/dataset.hpp"

namespace retaind {
namespace {

constexpr std::size_t longest_subject = 120, longest_text = 2000;  // bytes

constexpr const char* month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string date(Day day) {
    const std::chrono::year_month_day ymd{day};
    return fmt::format("{} {} {}", static_cast<unsigned>(ymd.day()),
                       month_names[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()));
}

/// The first character of a text; a byte that begins none stands alone.
std::string_view first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return is_valid_utf8(text.substr(0, bytes)) ? text.substr(0, bytes) : text.substr(0, 1);
}

/// Controls of ASCII and Latin-1, separators of lines, and what turns the direction of reading around.
bool steers(std::string_view character) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
    if (character.size() > 3 || byte(0) != 0xe2) return false;
    return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

/// Text from data on one line, cut where nobody reads on.
std::string line(std::string_view text, std::size_t longest = longest_text) {
    std::string clean;
    while (!text.empty()) {
        const std::string_view character = first_character(text);
        const std::string_view shown = steers(character) ? " " : is_valid_utf8(character) ? character : "\xef\xbf\xbd";
        if (clean.size() + shown.size() > longest - 3) return clean + "...";
        clean += shown;
        text.remove_prefix(character.size());
    }
    return clean;
}

bool is_over(const AlertNote& note) {
    return note.transition == Transition::resolved || note.transition == Transition::closed;
}

std::string who(const AlertNote& note) {
    if (!note.customer_name.empty()) return line(note.customer_name);
    if (!note.customer_id.empty()) return line(note.customer_id);
    switch (note.key.scope) {
        case Scope::segment: return "Segment " + line(note.key.entity);
        case Scope::portfolio: return "All customers";
        case Scope::source: return note.key.entity.empty() ? "The data" : "Data: " + line(note.key.entity);
        default: return line(note.key.entity);
    }
}

std::string mark(const AlertNote& note) {
    if (note.transition == Transition::resolved) return "resolved";
    if (note.transition == Transition::closed) return "closed";
    return std::string(severity_name(note.severity));
}

std::string facts(const AlertNote& note, const std::string& currency) {
    std::vector<std::string> parts;
    if (note.since) parts.push_back("since " + date(*note.since));
    if (is_known(note.revenue))
        parts.push_back("worth " + format_value(Value::of(note.revenue / minor_units), Format::money, currency) +
                        " a year");
    if (note.deadline && !is_over(note)) parts.push_back("mend by " + date(*note.deadline));
    return fmt::format("{}", fmt::join(parts, "; "));
}

NoteWords words_of(const AlertNote& note, const std::string& currency) {
    // A receiver that may not be told the words still hears which rule it is.
    const std::string said = note.message.empty() ? "rule " + note.key.rule : note.message;
    NoteWords words{.headline = who(note), .mark = mark(note), .facts = facts(note, currency)};
    const std::string why = note.closed_because.empty() ? "" : ": " + line(note.closed_because);
    words.message = note.transition == Transition::closed     ? "Closed" + why + ". It was: " + line(said)
                    : note.transition == Transition::resolved ? "Resolved. It was: " + line(said)
                                                              : line(said);
    if (is_over(note)) return words;
    std::vector<std::string> reasons;
    for (const std::string& reason : note.reasons) reasons.push_back(line(reason));
    words.reasons = fmt::format("{}", fmt::join(reasons, "; "));
    words.advice = line(note.advice);
    if (note.asked_to_act)
        words.doer = "You are asked to act.";
    else if (!note.doer.empty())
        words.doer = line(note.doer) + " is asked to act.";
    return words;
}

std::string subject(const Message& message) {
    const std::size_t count = message.notes.size();
    if (message.kind == MessageKind::adoption)
        return fmt::format("What we found: {} alert{}", count, count == 1 ? "" : "s");
    if (message.notes.empty()) return "Nothing new";
    const AlertNote& first = message.notes.front();
    std::string text = who(first) + ": " + words_of(first, "").message;
    // The name often opens the sentence too.
    if (first.message.starts_with(first.customer_name) && !first.customer_name.empty() && !is_over(first))
        text = line(first.message);
    if (first.severity == Severity::critical && !is_over(first)) text = "Urgent: " + text;
    text = line(text, longest_subject);
    return count == 1 ? text : fmt::format("{} (and {} more)", text, count - 1);
}

std::string intro(const Message& message) {
    if (message.kind == MessageKind::adoption) {
        return "These alerts were already true when watching began. Nobody was interrupted for them; this is the one "
               "list.";
    }
    if (message.recipient.standing_in_for.empty()) return "";
    return "You receive this while " + line(message.recipient.standing_in_for) + " is away.";
}

}  // namespace

MessageWords words_of(const Message& message, const RenderOptions& options) {
    MessageWords words{.subject = subject(message), .intro = intro(message)};
    for (std::size_t at = 0; at < message.notes.size() && at < most_notes; ++at) {
        words.notes.push_back(words_of(message.notes[at], options.currency));
    }
    if (message.notes.size() > most_notes) words.more = fmt::format("and {} more", message.notes.size() - most_notes);
    words.footer = fmt::format("{}, from the data as of {}.", options.brand.empty() ? "retaind" : line(options.brand),
                               date(message.as_of));
    return words;
}

}  // namespace retaind
