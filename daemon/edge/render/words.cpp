#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bodies.hpp"
#include "digest_words.hpp"
#include "line.hpp"
#include "note_words.hpp"

namespace retaind {
namespace {

std::vector<StoryWords> stories_of(const Message& message, std::size_t shown, const RenderOptions& options) {
    std::vector<std::vector<const AlertNote*>> stories;
    for (std::size_t at = 0; at < shown; ++at) {
        const AlertNote& note = message.notes[at];
        const auto found = std::ranges::find_if(stories, [&](const auto& one) { return is_one_story(*one[0], note); });
        if (found == stories.end())
            stories.push_back({&note});
        else
            found->push_back(&note);
    }
    std::vector<StoryWords> words;
    for (const auto& story : stories) words.push_back(story_words(story, message.as_of, options));
    return words;
}

/// The notes that are not told in full: nobody is counted as told of what was not even named.
PartWords others_of(const Message& message, std::size_t from, const RenderOptions& options) {
    PartWords part{.title = "The others, in short"};
    for (std::size_t at = from; at < message.notes.size(); ++at) {
        if (!add_line(part, note_line(message.notes[at], options))) break;
    }
    part.left_out = message.notes.size() - from - part.lines.size();
    return part;
}

std::size_t stories_in(const std::vector<AlertNote>& notes) {
    std::vector<const AlertNote*> first;
    for (const AlertNote& note : notes) {
        if (std::ranges::none_of(first, [&](const AlertNote* one) { return is_one_story(*one, note); }))
            first.push_back(&note);
    }
    return first.size();
}

std::string subject_of(const Message& message) {
    if (message.digest) return digest_subject(message);
    if (message.kind == MessageKind::adoption) {
        return "Found at the start: " + counted(static_cast<std::int64_t>(message.notes.size()), "alert");
    }
    if (message.notes.empty()) return "Nothing new";
    const std::size_t stories = stories_in(message.notes);
    const std::string others = stories > 1 ? fmt::format(", and {} more", stories - 1) : "";
    return note_subject(message.notes.front(), longest_subject - others.size()) + others;
}

std::string intro_of(const Message& message) {
    std::string intro;
    if (!message.recipient.standing_in_for.empty())
        intro = "You receive this while " + line(message.recipient.standing_in_for) + " is away. ";
    if (message.kind == MessageKind::adoption) {
        intro +=
            "This was already so when watching began, or when a rule was new. Nobody was interrupted for it; this "
            "is the one list.";
    }
    if (message.digest) intro += digest_intro(message);
    if (intro.ends_with(' ')) intro.pop_back();
    return intro;
}

std::string footer_of(const Message& message, const RenderOptions& options) {
    const ReceiverSettings& receiver = options.receiver;
    const bool can_reply = receiver.type == ReceiverType::email && !receiver.reply_to.empty();
    return fmt::format("{}, from the data as of {}.{}", options.brand.empty() ? "retaind" : line(options.brand),
                       readable_date(message.as_of),
                       can_reply ? " Replies reach " + line(receiver.reply_to) + "." : "");
}

}  // namespace

bool add_line(PartWords& part, LineWords words) {
    const auto size = [](const LineWords& one) {
        return one.lead.size() + one.text.size() + one.detail.size() + one.link.size();
    };
    std::size_t bytes = size(words);
    for (const LineWords& one : part.lines) bytes += size(one);
    if (part.lines.size() == most_lines || bytes > most_line_bytes) return false;
    part.lines.push_back(std::move(words));
    return true;
}

std::string and_more(std::size_t left_out) { return left_out > 0 ? fmt::format("and {} more", left_out) : ""; }

MessageWords words_of(const Message& message, const RenderOptions& options) {
    MessageWords words{.subject = subject_of(message), .intro = intro_of(message)};
    if (message.digest) {
        words.parts = digest_parts(message, options);
    } else {
        const bool is_chat = options.receiver.type == ReceiverType::slack;
        const std::size_t in_full = std::min(message.notes.size(), is_chat ? most_notes_of_chat : most_notes);
        words.stories = stories_of(message, in_full, options);
        if (message.notes.size() > in_full) words.parts = {others_of(message, in_full, options)};
    }
    words.footer = footer_of(message, options);
    return words;
}

}  // namespace retaind
