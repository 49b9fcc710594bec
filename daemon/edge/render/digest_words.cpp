#include "digest_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bodies.hpp"
#include "line.hpp"
#include "note_words.hpp"
#include "retaind/base/text.hpp"

namespace retaind {
namespace {

constexpr std::size_t longest_name = 40;  // characters, in a subject

/// What waited for the digest and does not stand under "act today" already.
std::vector<const AlertNote*> other_news(const Message& message) {
    std::vector<const AlertNote*> news;
    for (const AlertNote& note : message.notes) {
        const auto is_same = [&](const AlertNote& other) { return other.key == note.key; };
        if (std::ranges::none_of(message.digest->act_today, is_same)) news.push_back(&note);
    }
    return news;
}

std::string name_of(const auto& part) {
    return line(part.customer_name.empty() ? part.customer_id : part.customer_name);
}

std::string sentence(std::string text) {
    if (!text.empty() && text.back() != '.' && text.back() != '?' && text.back() != '!') text += '.';
    return text;
}

std::string with(std::string text, const std::string& more) {
    if (more.empty()) return text;
    return text.empty() ? sentence(more) : sentence(std::move(text)) + " " + sentence(more);
}

std::string worth_and_deadline(const AlertNote& note, Day as_of, const std::string& currency) {
    std::vector<std::string> parts;
    if (note.deadline) parts.push_back("Mend by " + until(*note.deadline, as_of));
    if (is_known(note.revenue)) parts.push_back("worth " + amount_a_year(note.revenue, currency));
    return capitalised(fmt::format("{}", fmt::join(parts, "; ")));
}

/// One alert on one line, with what there is to do about it.
LineWords line_of(const AlertNote& note, Day as_of, const RenderOptions& options) {
    LineWords words = note_line(note, options);
    words.detail = with("", remark_of(note, as_of));
    if (is_over(note) || note.telling == Telling::handed_over) return words;
    words.detail = with(words.detail, worth_and_deadline(note, as_of, options.currency));
    if (!note.acknowledged_by.empty())
        words.detail = with(words.detail, line(note.acknowledged_by) + " has it in hand");
    else if (note.asked_to_act)
        words.detail = with(words.detail, line(note.advice));
    return words;
}

PartWords part_of(const char* title, const std::vector<const AlertNote*>& notes, Day as_of,
                  const RenderOptions& options) {
    PartWords part{.title = title};
    for (std::size_t at = 0; at < notes.size(); ++at) {
        LineWords words = line_of(*notes[at], as_of, options);
        if (at > 0 && is_one_story(*notes[at - 1], *notes[at])) {
            words.lead.clear();
            words.text = capitalised(words.text);
        }
        if (!add_line(part, std::move(words))) break;
    }
    part.left_out = notes.size() - part.lines.size();
    return part;
}

template <class Row, class Function>
PartWords part_of(const char* title, const std::vector<Row>& rows, Function line_of_row) {
    PartWords part{.title = title};
    for (std::size_t at = 0; at < std::min(rows.size(), most_digest_lines); ++at)
        part.lines.push_back(line_of_row(rows[at]));
    part.left_out = rows.size() - part.lines.size();
    return part;
}

std::string band_words(Band band) {
    std::string name(band_name(band));
    std::ranges::replace(name, '_', ' ');
    return name;
}

LineWords move_line(const DigestMove& move) {
    const bool shows = std::round(move.before) != std::round(move.after);
    const auto health = [&](double number) {
        return is_missing(number) ? "unknown" : fmt::format("{:.{}f}", number, shows ? 0 : 1);
    };
    LineWords words{.lead = name_of(move),
                    .text = fmt::format("health from {} to {}", health(move.before), health(move.after))};
    if (move.band_before != move.band_after) words.text += ", now " + band_words(move.band_after);
    std::vector<std::string> because;
    for (const std::string& cause : move.because) because.push_back(line(cause));
    words.detail = fmt::format("{}", fmt::join(because, ", "));
    return words;
}

LineWords due_line(const DigestDue& due, const std::string& currency) {
    const std::string what = due.what == "notice"    ? "last day to give notice"
                             : due.what == "renewal" ? "renews"
                             : due.what.empty()      ? "a promise is due"
                                                     : "\"" + line(due.what) + "\" is due";
    return {.lead = readable_date(due.due_on),
            .text = name_of(due) + ", " + what,
            .detail = is_known(due.revenue) ? amount_a_year(due.revenue, currency) : ""};
}

LineWords unknown_line(const DigestUnknown& unknown) {
    return {.lead = line(unknown.dataset),
            .text = with_readable_dates(line(unknown.because)),
            .detail = unknown.customers > 0 ? counted(unknown.customers, "customer") + " of yours" : ""};
}

std::vector<const AlertNote*> pointers(const std::vector<AlertNote>& notes) {
    std::vector<const AlertNote*> all;
    for (const AlertNote& note : notes) all.push_back(&note);
    return all;
}

}  // namespace

std::string digest_subject(const Message& message) {
    const Digest& digest = *message.digest;
    if (message.kind == MessageKind::all_quiet) return "All quiet, " + counted(digest.watched, "customer") + " watched";
    std::vector<std::string> parts;
    const auto add = [&](std::size_t number, const char* words) {
        if (number > 0) parts.push_back(fmt::format("{} {}", number, words));
    };
    add(other_news(message).size(), "new");
    add(digest.moved.size(), "moved");
    add(digest.due.size(), "due");
    add(digest.kept.size(), "kept");
    add(digest.unknown.size(), "unknown");
    std::string subject = "Since yesterday", before = ": ";
    if (!digest.act_today.empty()) {
        const std::size_t others = digest.act_today.size() - 1;
        subject = "Act today: " + shortened(who(digest.act_today.front()), longest_name) +
                  (others > 0 ? fmt::format(" and {} more", others) : "");
        before = "; ";
    } else if (parts.empty()) {
        return "Nothing new";
    }
    for (const std::string& part : parts) {
        const std::string next = subject + before + part;
        if (static_cast<std::size_t>(characters(next)) > longest_subject) break;
        subject = next;
        before = ", ";
    }
    return subject;
}

std::string digest_intro(const Message& message) {
    const Digest& digest = *message.digest;
    if (message.kind == MessageKind::all_quiet) {
        return fmt::format(
            "There has been nothing to tell about your {} for a week. This only shows that the watch "
            "goes on.",
            counted(digest.watched, "customer"));
    }
    if (digest.held_back == 0) return "";
    return fmt::format("{} below would have been a message of {} own, but you were interrupted often enough this week.",
                       counted(digest.held_back, "alert"), digest.held_back == 1 ? "its" : "their");
}

std::vector<PartWords> digest_parts(const Message& message, const RenderOptions& options) {
    const Digest& digest = *message.digest;
    std::vector<PartWords> parts;
    parts.push_back(part_of("Act today", pointers(digest.act_today), message.as_of, options));
    parts.push_back(part_of("Also new", other_news(message), message.as_of, options));
    parts.push_back(part_of("Moved since yesterday", digest.moved, move_line));
    parts.push_back(
        part_of("Due in 14 days", digest.due, [&](const DigestDue& due) { return due_line(due, options.currency); }));
    parts.push_back(part_of("Promises kept", digest.kept, [](const DigestKept& kept) {
        return LineWords{.lead = name_of(kept), .text = line(kept.outcome)};
    }));
    parts.push_back(part_of("Unknown", digest.unknown, unknown_line));
    std::erase_if(parts, [](const PartWords& part) { return part.lines.empty(); });
    return parts;
}

}  // namespace retaind
