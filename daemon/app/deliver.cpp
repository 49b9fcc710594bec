#include "deliver.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "edge/delivery/delivery.hpp"
#include "log.hpp"
#include "retaind/ports/failpoint.hpp"

namespace retaind {
namespace {

AttemptOutcome outcome_of(SendResult::Outcome outcome) {
    switch (outcome) {
        case SendResult::Outcome::delivered: return AttemptOutcome::delivered;
        case SendResult::Outcome::retry: return AttemptOutcome::retry;
        case SendResult::Outcome::refused: return AttemptOutcome::refused;
        case SendResult::Outcome::abandoned: return AttemptOutcome::abandoned;
    }
    return AttemptOutcome::abandoned;
}

/// Spreads retries of many messages; nothing that is remembered depends on it but `next_at`.
double jitter() {
    static std::mt19937_64 random{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(random);
}

/// Not this message but its receiver is in trouble, or wants to be left alone: the next message would fare the same.
bool concerns_receiver(const SendResult& result) {
    constexpr std::array<std::string_view, 7> classes = {"name",     "connect",   "tls", "http_429",
                                                         "http_503", "disk_full", "file"};
    return result.retry_after || std::ranges::find(classes, result.error_class) != classes.end();
}

/// How much of the limits is taken by what is not settled.
double share_filled(const std::vector<OutboxCount>& counts, const OutboxLimits& limits) {
    std::uint64_t rows = 0, bytes = 0;
    for (const OutboxCount& count : counts) {
        if (count.status != DeliveryStatus::queued && count.status != DeliveryStatus::retry &&
            count.status != DeliveryStatus::in_flight)
            continue;
        rows += count.messages;
        bytes += count.bytes;
    }
    return std::max(static_cast<double>(rows) / static_cast<double>(limits.rows),
                    static_cast<double>(bytes) / static_cast<double>(limits.bytes));
}

/// Whom it was for is not said: `alerts show` does.
LogFields fields_of(const Payload& payload, const std::string& error_class) {
    return {.receiver = payload.receiver, .delivery_id = payload.delivery_id, .error_class = error_class};
}

Settlement untried(DeliveryStatus status, std::string error_class) {
    return {.delivery_id = {}, .status = status, .error_class = std::move(error_class), .counts_as_attempt = false};
}

}  // namespace

Outlets make_outlets(const std::vector<ReceiverSettings>& receivers) {
    Outlets outlets;
    for (const ReceiverSettings& receiver : receivers) {
        outlets[receiver.name] = {.sender = make_sender(receiver), .max_per_minute = receiver.max_per_minute};
    }
    return outlets;
}

Deliverer::Deliverer(StateStore& store, Outlets outlets, Clock& clock, DelivererOptions options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      outlets_(std::move(outlets)),
      pruned_(clock.steady() - options_.prune_every),
      thread_([this] { loop(); }) {}

Deliverer::~Deliverer() { stop(); }

void Deliverer::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    idle_ = false;
    changed_.notify_all();
}

void Deliverer::replace(Outlets outlets) {
    const std::lock_guard lock(mutex_);
    outlets_ = std::move(outlets);
    paused_until_.clear();  // what was wrong may be mended
}

void Deliverer::keep(const RetentionSettings& retention) {
    const std::lock_guard lock(mutex_);
    options_.retention = retention;
    pruned_ = clock_.steady() - options_.prune_every;
}

Result<void> Deliverer::wait_until_idle(Seconds longest) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, longest, [this] { return idle_ || failure_; });
    if (failure_) return *failure_;
    return {};
}

void Deliverer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const auto& [receiver, lane] : lanes_) lane.sender->stop();
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void Deliverer::loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        collect(lock);
        woken_ = false;
        const bool started = settle() && claim_and_start();
        idle_ = false;
        if (started) continue;
        report(lock);
        idle_ = !woken_ && lanes_.empty() && sent_.empty() && !failure_;
        changed_.notify_all();
        const Seconds pause = failure_ ? options_.after_failure : options_.look_again;
        changed_.wait_for(lock, pause, [this] { return woken_ || stopping_ || !sent_.empty(); });
    }
    while (!lanes_.empty()) {  // whoever is still sending was told to stop
        changed_.wait(lock, [this] { return !sent_.empty(); });
        collect(lock);
    }
    settle();
}

/// Receivers that may not be given anything now: one is under way, they had their share of this minute, or they are
/// left alone for a while.
std::vector<std::string> Deliverer::closed_receivers() {
    std::vector<std::string> closed;
    const auto minute_ago = clock_.steady() - std::chrono::minutes{1};
    for (const auto& [name, outlet] : outlets_) {
        std::deque<std::chrono::steady_clock::time_point>& recent = recent_[name];
        while (!recent.empty() && recent.front() < minute_ago) recent.pop_front();
        const bool had_share = recent.size() >= static_cast<std::size_t>(outlet.max_per_minute);
        const auto pause = paused_until_.find(name);
        const bool is_paused = pause != paused_until_.end() && clock_.steady() < pause->second;
        if (lanes_.contains(name) || had_share || is_paused) closed.push_back(name);
    }
    return closed;
}

/// Under the mutex: the store is quick, sending is not.
bool Deliverer::claim_and_start() {
    if (lanes_.size() >= options_.lanes) return false;
    const Result<std::vector<Delivery>> claimed =
        store_.claim(clock_.now(), closed_receivers(), options_.lanes - lanes_.size());
    if (!claimed) {
        note(claimed.error());
        return false;
    }
    failure_.reset();
    for (const Delivery& delivery : *claimed) {
        failpoint("sender.claimed");
        const std::string& receiver = delivery.payload.receiver;
        const auto outlet = outlets_.find(receiver);
        if (outlet == outlets_.end()) {
            give_up(delivery, untried(DeliveryStatus::dead, "no_such_receiver"), "the configuration names it no more");
            continue;
        }
        if (delivery.claims > options_.claims_until_quarantine) {
            give_up(delivery, untried(DeliveryStatus::quarantined, "no_result"),
                    "no run that sent it lived to see the result");
            continue;
        }
        recent_[receiver].push_back(clock_.steady());
        if (seeded_defect("record_first"))
            note(store_.settle({.delivery_id = delivery.payload.delivery_id, .next_at = clock_.now()}));
        failpoint("sender.sending");
        const std::shared_ptr<Sender> sender = outlet->second.sender;
        lanes_[receiver] = {.sender = sender,
                            .thread = std::thread([this, delivery, sender] { send(delivery, sender); })};
    }
    return !claimed->empty();
}

void Deliverer::send(Delivery delivery, std::shared_ptr<Sender> sender) {
    SendResult result = sender->send(delivery.payload);
    failpoint("sender.sent");
    const std::lock_guard lock(mutex_);
    sent_.push_back({.delivery = std::move(delivery), .result = std::move(result)});
    changed_.notify_all();
}

/// Ends the lanes that are done, and decides what follows.
void Deliverer::collect(std::unique_lock<std::mutex>& lock) {
    while (!sent_.empty()) {
        const Sent sent = std::move(sent_.front());
        sent_.pop_front();
        std::thread lane = std::move(lanes_.extract(sent.delivery.payload.receiver).mapped().thread);
        lock.unlock();
        lane.join();
        lock.lock();
        decide(sent);
    }
}

void Deliverer::decide(const Sent& sent) {
    const Delivery& delivery = sent.delivery;
    const SendResult& result = sent.result;
    const RetryDecision decision = after_attempt({.outcome = outcome_of(result.outcome),
                                                  .attempts = delivery.attempts + 1,
                                                  .refusals = delivery.refusals + 1,
                                                  .created_at = delivery.created_at,
                                                  .now = clock_.now(),
                                                  .retry_after = result.retry_after,
                                                  .jitter = jitter()},
                                                 options_.policy);
    const bool abandoned = result.outcome == SendResult::Outcome::abandoned;
    Settlement settlement{.delivery_id = delivery.payload.delivery_id,
                          .next_at = decision.next_at,
                          .error_class = abandoned ? delivery.error_class : result.error_class,
                          .counts_as_attempt = !abandoned,
                          .refused = result.outcome == SendResult::Outcome::refused};
    std::string said = "delivered";
    switch (decision.kind) {
        case RetryDecision::Kind::delivered: settlement.next_at = clock_.now(); break;
        case RetryDecision::Kind::dead:
            settlement.status = DeliveryStatus::dead;
            return give_up(delivery, std::move(settlement), result.detail);
        case RetryDecision::Kind::retry:
            settlement.status = DeliveryStatus::retry;
            if (concerns_receiver(result))
                paused_until_[delivery.payload.receiver] = clock_.steady() + (decision.next_at - clock_.now());
            said = abandoned ? "abandoned" : "retry";
            log(LogLevel::warning,
                "delivery " + delivery.payload.delivery_id + " to " + delivery.payload.receiver + ": " +
                    (abandoned ? said : result.error_class + " (" + result.detail + ")") + "; next try at " +
                    format_instant(decision.next_at),
                fields_of(delivery.payload, abandoned ? said : result.error_class));
            break;
    }
    if (options_.on_result) options_.on_result(delivery.payload.receiver, said);
    unsettled_.push_back(std::move(settlement));
}

/// It is not sent any more unless a person wants it.
void Deliverer::give_up(const Delivery& delivery, Settlement settlement, const std::string& why) {
    const Payload& payload = delivery.payload;
    const std::string status{delivery_status_name(settlement.status)};
    const int tries = delivery.attempts + (settlement.counts_as_attempt ? 1 : 0);
    log(LogLevel::error,
        "delivery " + payload.delivery_id + " to " + payload.receiver + ": " + settlement.error_class + " (" + why +
            "); given up after " + std::to_string(tries) + " tries: " + status,
        fields_of(payload, settlement.error_class));
    settlement.delivery_id = payload.delivery_id;
    settlement.next_at = clock_.now();
    if (options_.on_result) options_.on_result(payload.receiver, status);
    unsettled_.push_back(std::move(settlement));
}

/// Stores what was decided; false while the store cannot. Then nothing new is claimed, and this is tried again.
bool Deliverer::settle() {
    while (!unsettled_.empty()) {
        const Result<void> settled = store_.settle(unsettled_.front());
        if (!settled) {
            note(settled.error());
            return false;
        }
        failpoint("sender.settled");
        unsettled_.pop_front();
    }
    return true;
}

/// Pruning may take long: nobody who wakes, reloads or stops waits for it, and results come in meanwhile.
void Deliverer::report(std::unique_lock<std::mutex>& lock) {
    if (clock_.steady() - pruned_ >= options_.prune_every) {
        pruned_ = clock_.steady();
        const RetentionSettings retention = options_.retention;
        lock.unlock();
        const Result<void> pruned = store_.prune(retention, clock_.now());
        lock.lock();
        note(pruned);
    }
    if (!options_.on_outbox) return;
    const Result<std::vector<OutboxCount>> counts = store_.outbox();
    const Result<std::uint64_t> bytes = store_.size_bytes();
    if (!counts || !bytes) return;
    warn(*counts);
    options_.on_outbox(*counts, *bytes);
}

void Deliverer::warn(const std::vector<OutboxCount>& counts) {
    const double share = share_filled(counts, options_.limits);
    if (share < outbox_warns_at / 2) warned_ = false;
    if (share < outbox_warns_at || warned_) return;
    warned_ = true;
    log(LogLevel::warning, "the outbox is " + std::to_string(static_cast<int>(share * 100)) +
                               " % full of messages that wait; when it is full, repeats and digests stop");
}

void Deliverer::note(const Result<void>& result) {
    if (result) return;
    log(result.error());
    failure_ = result.error();
}

Result<void> deliver_all(StateStore& store, Outlets outlets, Clock& clock, const RetentionSettings& retention) {
    Deliverer deliverer(store, std::move(outlets), clock, {.retention = retention});
    return deliverer.wait_until_idle(longest_delivery);
}

}  // namespace retaind
