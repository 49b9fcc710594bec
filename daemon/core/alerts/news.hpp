// What there is to tell one reader of one alert: what they should know, against what they were told.
#pragma once

#include <optional>

#include "retaind/alerts/notify.hpp"

namespace retaind {

struct News {
    Transition transition = Transition::fired;
    Telling telling = Telling::news;
    bool for_digest = false;
    bool again = false;  ///< this state of the alert may have been told before: the message needs an occurrence
};

struct NewsQuestion {
    const Move& move;
    const Told* told = nullptr;  ///< what the reader knows; null: nothing
    Instant now = {};
    bool is_machine = false;
    bool is_restated = false;     ///< the receiver wants to hear at every cycle of all that fires
    bool may_wait = false;        ///< an opening, while something else is wrong
    bool step_is_due = false;     ///< one that names this reader
    Seconds repeat = Seconds{0};  ///< after so long it is said again; zero: not
};
std::optional<News> news_of_open(const NewsQuestion& question);

struct EndQuestion {
    const Alert& alert;
    const Told& told;
    bool is_machine = false;
    bool answered = false;     ///< by this reader
    bool undelivered = false;  ///< what it ends still waits for this reader
};
/// Whoever has to hear of an end, even of one that is not told now.
bool waits_for_end(const Alert& alert, const Told& told);
std::optional<News> news_of_end(const EndQuestion& question);

bool is_ended(AlertPhase phase);
/// They know the present episode, and nothing of its end.
bool knows_it_fires(const Alert& alert, const Told& told);

/// Where an alert stands on the steps of escalation.
struct Escalation {
    int due = 0;                                      ///< steps that are due or taken
    const std::vector<std::string>* names = nullptr;  ///< whom the last of them names; null: there is none
    std::optional<Instant> next_at = {};              ///< when another one is due, if nobody answers
};
struct EscalationQuestion {
    const Move& move;
    const Policy& policy;
    std::optional<Instant> delivered_at = {};  ///< when the first message of the episode arrived
    Seconds acknowledged = Seconds{0};         ///< for how long since
    bool pauses = false;                       ///< it is acknowledged, or an input is frozen
    Instant now = {};
};
Escalation escalation_of(const EscalationQuestion& question);

}  // namespace retaind
