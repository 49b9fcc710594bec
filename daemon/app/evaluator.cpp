#include "evaluator.hpp"

#include <fmt/format.h>

#include <utility>

#include "log.hpp"
#include "retaind/alerts/answer.hpp"

namespace retaind {
namespace {

/// Alerts by id, for those who search the log. A cycle that opens thousands says how many.
void log_news(const std::vector<AlertNews>& news) {
    constexpr std::size_t most = 100;
    std::size_t said = 0;
    for (const AlertNews& one : news) {
        const bool is_news = one.transition == Transition::fired || one.transition == Transition::resolved ||
                             one.transition == Transition::closed;
        if (!is_news || ++said > most) continue;
        log(LogLevel::info,
            fmt::format("{} {}{}", alert_name(one.key), transition_name(one.transition), one.held ? ", held" : ""),
            {.customer_id = one.customer_id, .rule = one.key.rule});
    }
    if (said > most) log(LogLevel::info, fmt::format("and {} more", said - most));
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Evaluator::Evaluator(std::unique_ptr<Company> company, EvaluatorParts parts)
    : parts_(std::move(parts)), company_(std::move(company)), thread_([this] { loop(); }) {}

Evaluator::~Evaluator() { stop(); }

void Evaluator::ask() {
    const std::lock_guard lock(mutex_);
    if (busy_ || wanted_) {
        parts_.board.update([](Telemetry& telemetry) { ++telemetry.cycles["skipped"]; });
        log(LogLevel::warning, "a cycle was due while the one before still ran; skipped");
        return;
    }
    wanted_ = true;
    wanted_changed_.notify_one();
}

void Evaluator::note_clock_jump() {
    const std::lock_guard lock(mutex_);
    clock_jumped_ = true;
}

bool Evaluator::has_moved() {
    const std::lock_guard lock(mutex_);
    const bool waits = !busy_ && !wanted_;
    const std::uint64_t steps = steps_;
    return std::exchange(steps_seen_, steps) != steps || waits;
}

void Evaluator::replace(std::unique_ptr<Company> company) {
    const std::lock_guard lock(mutex_);
    next_ = std::move(company);
}

void Evaluator::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        if (company_) company_->cancel();
        wanted_changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void Evaluator::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wanted_changed_.wait(lock, [this] { return wanted_ || stopping_; });
        if (stopping_) return;
        wanted_ = false;
        busy_ = true;
        if (next_) company_ = std::move(next_);
        company_->on_answer([this] { ++steps_; });
        ++steps_;
        lock.unlock();
        const TurnEnd end = turn();
        lock.lock();
        busy_ = false;
        if (stopping_) return;
        lock.unlock();
        parts_.turn_ended(end);
        lock.lock();
    }
}

/// By the day it knows, should the clock say an earlier one: of a day before it there would be alerts and no memory.
bool Evaluator::load_state(Day day) {
    if (state_) return true;
    const Result<std::optional<Day>> newest = parts_.store.newest_day();
    Result<State> loaded = newest ? parts_.store.load(std::max(day, newest->value_or(day)), false) : newest.error();
    if (!loaded) {
        failed(loaded.error());
        return false;
    }
    state_ = std::move(*loaded);
    return true;
}

/// A day that the clock cannot be believed to have reached is not written down: the state would refuse every day before
/// it. Until the clock is right, the day that is known is evaluated again.
Day Evaluator::believed_day(Day day) {
    const Day known = state_->as_of.value_or(day);
    const bool leaps = has_taken_turns_ && day > known + longest_leap;
    const bool believed = day >= known && !leaps;
    if (!believed && believes_clock_)
        log({.kind = ErrorKind::state,
             .message = "the clock says the last complete day is " + format_day(day) + ", but the state knows " +
                        format_day(known) + "; that day is evaluated until the clock is right",
             .hint = leaps ? "set the clock, or restart retaind if so many days have really passed" : "set the clock"});
    believes_clock_ = believed;
    return believed ? day : known;
}

TurnEnd Evaluator::turn() {
    bool clock_jumped = false;
    {
        const std::lock_guard lock(mutex_);
        clock_jumped = std::exchange(clock_jumped_, false);
    }
    const Instant now = parts_.clock.now();
    const CycleInLog cycle(now);
    const Day day = company_->last_complete_day(now);
    if (!load_state(day)) {
        if (clock_jumped) note_clock_jump();
        return {.well = false};
    }
    ++steps_;
    const Day as_of = believed_day(day);
    const auto start = parts_.clock.steady();
    const Snapshot snapshot = company_->read(as_of);
    ++steps_;
    note_read(snapshot, seconds_between(start, parts_.clock.steady()));
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return {.well = false};
    }
    Result<Turn> turn = take_turn(
        *company_, parts_.store, snapshot, std::move(*state_),
        {.now = now, .clock_jumped = clock_jumped, .link_key = parts_.link_key, .evaluated = [this] { ++steps_; }},
        parts_.clock);
    if (!turn) {
        if (clock_jumped) note_clock_jump();
        state_.reset();
        failed(turn.error());
        return {.well = false};
    }
    ++steps_;
    note_turn(*turn, now);
    has_taken_turns_ = true;
    state_ = std::move(turn->result.state);
    parts_.board.show(std::move(turn->result.view), company_->settings().metrics);
    parts_.board.set_ready(true);
    parts_.wake_delivery();
    return {.wake_at = turn->result.wake_at};
}

void Evaluator::note_read(const Snapshot& snapshot, double seconds) {
    parts_.board.update([&](Telemetry& telemetry) {
        telemetry.cycle_durations["read"].observe(seconds);
        telemetry.source_up = company_->source_up();
        for (const Feed& feed : snapshot.feeds) {
            telemetry.rows_read[feed.dataset] += feed.rows_read;
            for (const auto& [reason, rejection] : feed.rejected)
                telemetry.rows_rejected[{feed.dataset, reason}] += rejection.rows;
        }
    });
}

void Evaluator::note_turn(const Turn& turn, Instant now) {
    const View& view = turn.result.view;
    std::size_t opened = 0;
    parts_.board.update([&](Telemetry& telemetry) {
        ++telemetry.cycles["ok"];
        telemetry.last_success = now;
        for (const auto& [phase, seconds] : turn.seconds) telemetry.cycle_durations[phase].observe(seconds);
        for (const AlertNews& news : turn.result.news) {
            if (news.transition != Transition::fired) continue;
            ++opened;
            ++telemetry.alerts_opened[{news.key.rule, std::string(severity_name(news.severity))}];
        }
    });
    log_news(turn.result.news);
    const std::string line =
        fmt::format("as of {}: {} customers, {} alerts open, {} opened, {} messages", format_day(view.as_of),
                    view.customers.size(), view.alerts.size(), opened, turn.result.outbox.size());
    log(LogLevel::info, line);
    parts_.status(line);
}

void Evaluator::failed(const Error& error) {
    log(error);
    parts_.board.update([](Telemetry& telemetry) { ++telemetry.cycles["failed"]; });
    parts_.board.set_ready(false);
    parts_.status("failing: " + error.message);
}

}  // namespace retaind
