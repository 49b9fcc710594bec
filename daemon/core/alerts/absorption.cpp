#include "absorption.hpp"

#include <algorithm>

#include "news.hpp"

namespace retaind {

namespace {

bool tells_end(const Tell& tell) {
    return tell.transition == Transition::resolved || tell.transition == Transition::closed;
}

bool may_absorb(MessageKind by, MessageKind waiting) {
    if (by == MessageKind::ops || waiting == MessageKind::ops) return by == waiting;
    if (by == MessageKind::digest) return true;
    if (by == MessageKind::heartbeat || waiting == MessageKind::heartbeat) return by == waiting;
    if (by == MessageKind::all_quiet) return waiting == MessageKind::all_quiet;
    return waiting != MessageKind::digest;
}

}  // namespace

WaitingMessages::WaitingMessages(std::span<const WaitingMessage> waiting) {
    for (const WaitingMessage& message : waiting) {
        const ReaderKey reader{message.receiver, message.recipient};
        by_reader_[reader].push_back({.message = &message});
        for (const Tell& tell : message.tells) {
            if (!tells_end(tell)) problems_.emplace(reader, tell.alert.key, tell.episode);
        }
    }
}

bool WaitingMessages::hold_problem(const ReaderKey& reader, const AlertKey& alert, std::int64_t episode) const {
    return problems_.contains({reader, alert, episode});
}

void WaitingMessages::absorb(Message& message, const NoteOf& note_of) {
    const auto found = by_reader_.find({message.receiver, person_key(message.recipient)});
    if (found == by_reader_.end()) return;
    std::map<AlertKey, AlertNote> notes;
    for (const AlertNote& note : message.notes) notes.emplace(note.key, note);
    for (auto held = found->second.rbegin(); held != found->second.rend(); ++held) {
        const WaitingMessage& waiting = *held->message;
        const bool fits = notes.size() + waiting.tells.size() <= most_notes_together;
        if (held->taken || !fits || !may_absorb(message.kind, waiting.kind)) continue;
        std::map<AlertKey, AlertNote> taken;
        bool all_known = true;
        for (const Tell& tell : waiting.tells) {
            const auto known = notes.find(tell.alert.key);
            auto note = known != notes.end() ? std::optional{known->second} : note_of(tell.alert.key);
            all_known = all_known && note;
            if (!all_known) break;
            if (is_ended(note->phase) && !tells_end(tell)) note->untold_problem = note->message;
            taken.insert_or_assign(tell.alert.key, std::move(*note));
        }
        if (!all_known) continue;
        held->taken = true;
        message.absorbs.push_back(waiting.delivery_id);
        for (auto& [key, note] : taken) notes.insert_or_assign(key, std::move(note));
    }
    if (message.absorbs.empty()) return;
    std::reverse(message.absorbs.begin(), message.absorbs.end());
    for (auto& [key, note] : notes) message.together.push_back(std::move(note));
    std::sort(message.together.begin(), message.together.end(), is_more_urgent);
}

}  // namespace retaind
