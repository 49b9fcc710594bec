// What each reader would be told at the end of this cycle, before night, budget and digest hours are asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absorption.hpp"
#include "audience.hpp"
#include "news.hpp"
#include "wall_time.hpp"

namespace retaind {

/// An alert that may be spoken of, and what decides about it.
struct Topic {
    Move* move = nullptr;
    AlertFacts facts = {};
    Handling handling = {};
    std::string doer = {};  ///< name of the one asked to act
    int steps_due = 0;
};

/// Something to tell one reader of one alert, if and when they may be told.
struct Draft {
    std::size_t subject = 0;
    Reader reader;
    News news;
    MessageKind kind = MessageKind::alerts;
    bool corrects_waiting = false;  ///< what waits undelivered goes along: nobody is interrupted once more
};

/// A reader, and all there is for them.
struct Correspondent {
    Reader reader;
    std::vector<std::size_t> customers = {};  ///< positions in NotifyInput::customers
    std::vector<Draft> now = {}, for_digest = {};
    std::vector<std::size_t> asked = {};  ///< subjects that they are asked to act on
    int held_back = 0;                    ///< of for_digest, for want of budget
};

struct Drafts {
    std::vector<Topic> subjects = {};
    std::map<ReaderKey, Correspondent> correspondents = {};
    std::vector<PeopleFinding> findings = {};
};

/// Also brings alerts themselves up to date where nobody needs to be told of it (owner), and notes when wall time alone
/// will change something.
Drafts gather_drafts(const NotifyInput& input, std::vector<Move>& moves, const WaitingMessages& waiting,
                     NextMoment& wake);

/// The alert as its reader needs it now.
AlertNote note_for(const NotifyInput& input, const Topic& subject, const News& news, const Reader& reader);

/// The draft was decided on: what the reader will know, and which steps are taken.
void note_told(const Draft& draft, Topic& subject, Instant now);

Told* find_told(Alert& alert, const ReaderKey& reader);

}  // namespace retaind
