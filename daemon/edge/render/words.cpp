#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bodies.hpp"
#include "digest_words.hpp"
#include "line.hpp"
#include "note_words.hpp"

namespace retaind {
namespace {

std::vector<StoryWords> stories_of(const Message& message, const RenderOptions& options) {
    const std::size_t shown = std::min(message.notes.size(), most_notes);
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

MessageWords words_of(const Message& message, const RenderOptions& options) {
    MessageWords words{.subject = subject_of(message), .intro = intro_of(message)};
    if (message.digest) {
        words.parts = digest_parts(message, options);
    } else {
        words.stories = stories_of(message, options);
        if (message.notes.size() > most_notes)
            words.more = fmt::format("and {} more", message.notes.size() - most_notes);
    }
    words.footer = footer_of(message, options);
    return words;
}

}  // namespace retaind
