// retaind's own database: opens the file, guards it, and hands it out as a StateStore, and to people as an AlertDesk.
//
// SQLite in WAL mode with synchronous=FULL: what a call has committed survives a power cut. The schema's version is the
// file's user_version; older files are brought forward when their owner opens them, newer ones are refused.
//
// One process owns a state: it holds `<file>.lock`, and a second owner is refused. The owner's other threads, and the
// desk, open the file as companions. Readers (verbs that only look) need no lock and change nothing, not even the
// schema.
#pragma once

#include <memory>
#include <string>

#include "retaind/base/result.hpp"
#include "retaind/ports/alert_desk.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

enum class StateAccess {
    owner,      ///< reads and writes, creates the file, holds the lock
    companion,  ///< beside the owner, or without one: reads and writes, no lock, the file must be there
    reader,     ///< only reads; finds an empty state where there is no file yet
};

struct StateOptions {
    std::string directory = ".";  ///< holds state.db when the settings name no file
    StateAccess access = StateAccess::owner;
    bool accept_loss = false;        ///< a corrupt file is kept aside as `<file>.lost-N` and a new one begun
    Seconds patience = Seconds{10};  ///< how long to wait while another connection writes
    OutboxLimits limits = {};
};

/// The file of these settings. An error (config) when `connection` holds anything but a file name.
Result<std::string> state_file(const StateSettings& settings, const std::string& directory);

/// Errors: config (settings), state (locked, not writable, a newer schema, no retaind state), state_lost (corrupt).
/// The store is for one thread at a time.
Result<std::unique_ptr<StateStore>> open_state(const StateSettings& settings, const StateOptions& options = {});

/// As a companion, whatever the options say. Where there is no state yet that is an error (state), and none is made.
Result<std::unique_ptr<AlertDesk>> open_desk(const StateSettings& settings, StateOptions options = {});

}  // namespace retaind
