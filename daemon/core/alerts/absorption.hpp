// Messages that wait undelivered, and which of them a new one can take along.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "audience.hpp"
#include "retaind/alerts/notify.hpp"

namespace retaind {

class WaitingMessages {
public:
    explicit WaitingMessages(std::span<const WaitingMessage> waiting);

    /// Whether the reader has not got yet what they were told of this episode.
    bool hold_problem(const ReaderKey& reader, const AlertKey& alert, std::int64_t episode) const;

    /// What is so now of an alert that a waiting message tells of, for that reader; null: nothing is known of it.
    using NoteOf = std::function<std::optional<AlertNote>(const AlertKey& alert)>;

    /// Fills `absorbs` and `together`. What one message takes no other does.
    void absorb(Message& message, const NoteOf& note_of);

private:
    struct Held {
        const WaitingMessage* message = nullptr;
        bool taken = false;
    };
    std::map<ReaderKey, std::vector<Held>> by_reader_ = {};  ///< oldest first
    std::set<std::tuple<ReaderKey, AlertKey, std::int64_t>> problems_ = {};
};

}  // namespace retaind
