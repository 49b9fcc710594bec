// The thread that owns the state: takes one turn after another, never two at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "board.hpp"
#include "turn.hpp"

namespace retaind {

/// How a turn went.
struct TurnEnd {
    bool well = true;                     ///< false: nothing could be evaluated or stored
    std::optional<Instant> wake_at = {};  ///< as in CycleResult
};

struct EvaluatorParts {
    Board& board;
    StateStore& store;
    Clock& clock;
    std::function<void()> wake_delivery;
    /// Tells the service manager how it goes, in one line.
    std::function<void(const std::string&)> status;
    /// After each turn, on the evaluator's thread.
    std::function<void(const TurnEnd& end)> turn_ended;
    Secret link_key = {};  ///< as in TurnOptions
};

/// A machine may sleep for weeks. A clock that leaps further while retaind runs is not believed until a restart.
inline constexpr std::chrono::days longest_leap{35};

class Evaluator {
public:
    Evaluator(std::unique_ptr<Company> company, EvaluatorParts parts);
    ~Evaluator();  ///< stops as stop() does

    /// Asks for a turn. One that is asked for while another runs is skipped, and counted.
    void ask();
    /// The wall clock jumped: the next turn that goes well tells nobody anything.
    void note_clock_jump();
    /// Whether it waits to be asked, or has got on with its turn since this was last called: a turn may take long, but
    /// not without a row, an answer or the end of a phase. For one caller.
    bool has_moved();
    /// Takes over a company at the next boundary between turns.
    void replace(std::unique_ptr<Company> company);
    /// Cancels reading, also one that has not begun yet, and ends the thread; nothing half-done is written.
    void stop();

private:
    void loop();
    TurnEnd turn();
    bool load_state(Day day);
    Day believed_day(Day day);
    void note_read(const Snapshot& snapshot, double seconds);
    void note_turn(const Turn& turn, Instant now);
    void failed(const Error& error);

    EvaluatorParts parts_;
    std::unique_ptr<Company> company_;  ///< touched by the thread, and under the mutex by stop()
    std::unique_ptr<Company> next_;
    std::atomic<std::uint64_t> steps_ = 0;  ///< counts what proves that a turn moves
    std::uint64_t steps_seen_ = 0;          ///< by has_moved()
    std::optional<State> state_;            ///< of the last turn; none: to be loaded
    bool has_taken_turns_ = false;          ///< in this process
    bool believes_clock_ = true;
    std::mutex mutex_;
    std::condition_variable wanted_changed_;
    bool wanted_ = false, busy_ = false, stopping_ = false, clock_jumped_ = false;
    std::thread thread_;
};

}  // namespace retaind
