// Past days, evaluated one by one from one read: the same cycles the daemon would have run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "company.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/ports/clock.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

struct ReplayOptions {
    Day from, to;
    /// Store the messages too, to be sent. Otherwise nobody was told: the first live cycle tells what is still open,
    /// in one digest per manager.
    bool with_messages = false;
    std::function<void(Day)> progress = {};
    /// Sees what each day starts from.
    std::function<void(Snapshot&, const State&)> before_day = {};
};

/// A day's news, kept small: what opened, rose, ended, and how much was to be told.
struct ReplayedDay {
    Day day;
    std::size_t customers = 0, messages = 0;
    std::vector<AlertNews> news = {};
};

struct Replayed {
    std::vector<ReplayedDay> days = {};
    View last;
};

/// Steps through the days, storing each. Refuses (usage) days that the state already has.
Result<Replayed> replay(Company& company, StateStore& store, const ReplayOptions& options, Clock& clock);

}  // namespace retaind
