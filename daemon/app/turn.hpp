// One turn: read the company, run the cycle, store state and messages in one transaction. `run`, `once` and `replay`
// take the same turn.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "company.hpp"
#include "retaind/cycle/cycle.hpp"
#include "retaind/ports/clock.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

/// Wall and steady time of this machine.
class SystemClock final : public Clock {
public:
    Instant now() override;
    std::chrono::steady_clock::time_point steady() override;
};

/// What people know of alerts, and when they were last written to.
struct Correspondence {
    std::vector<Alert> alerts = {};
    std::vector<Mailing> mailings = {};
    std::vector<Interruption> interruptions = {};
};

struct TurnOptions {
    Instant now;
    bool commit = true;         ///< false: writes nothing
    bool clock_jumped = false;  ///< since the turn before: nobody is told anything in this one
    Secret link_key = {};       ///< AlertDesk::link_key(); without it messages have no links
    /// If set, messages are decided but not stored (they are about the past): what is stored says that people know only
    /// what they knew before those cycles.
    const Correspondence* untold_since = nullptr;
    std::function<void()> evaluated = [] {};  ///< called between evaluating and storing
};

struct Turn {
    CycleResult result;
    std::map<std::string, double> seconds = {};  ///< by phase: evaluate, store
};

/// Evaluates `snapshot` from `state` and what became of the messages, and stores what follows. Errors: state; then
/// nothing has been written.
Result<Turn> take_turn(const Company& company, StateStore& store, const Snapshot& snapshot, State state,
                       const TurnOptions& options, Clock& clock);

/// With which links in messages are signed; none where nobody has said how links begin. Errors: state.
Result<Secret> link_key_of(const Settings& settings, const std::string& directory);

/// Where the state lives when the configuration names no file.
std::string state_directory(const std::string& asked, const Settings& settings);

/// The receivers as configured, with the places that depend on the state's folder filled in.
std::vector<ReceiverSettings> receivers(const Settings& settings, const std::string& directory);

}  // namespace retaind
