#include <systemd/sd-daemon.h>

#include <asio.hpp>
#include <csignal>
#include <filesystem>

#include "alert_pages.hpp"
#include "board.hpp"
#include "deliver.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/state/state.hpp"
#include "evaluator.hpp"
#include "log.hpp"
#include "timetable.hpp"
#include "turn.hpp"
#include "verbs.hpp"
#include "version.hpp"
#include "watch.hpp"

namespace retaind {
namespace {

/// What a state of so many bytes can grow to, by what is free on its file system; 0 where that is not known.
std::uint64_t growth_limit(const StateSettings& settings, const std::string& directory, std::uint64_t bytes) {
    const Result<std::string> file = state_file(settings, directory);
    if (!file) return 0;
    const std::filesystem::path folder = std::filesystem::path(*file).parent_path();
    std::error_code failed;
    const auto space = std::filesystem::space(folder.empty() ? "." : folder, failed);
    return failed ? 0 : bytes + space.available;
}

/// The running daemon: an event loop for signals and timers, the evaluator's thread, the deliverer's, the listener's.
class Daemon {
public:
    Daemon(const Options& options, std::unique_ptr<Company> company)
        : options_(options),
          settings_(company->settings()),
          timetable_(settings_, company->zone(), clock_),
          company_(std::move(company)) {}
    int run();

private:
    Result<void> open();
    Result<void> open_states(const std::string& directory);
    Result<void> open_pages();
    void describe();
    void wait_for_signal();
    void sleep();
    void wake();
    void be_patient(const Settings& settings);
    void watch();
    void turn_ended(const TurnEnd& end);
    void note_clock_jump(Seconds by);
    void reload();
    void stop();

    const Options& options_;
    Settings settings_;
    SystemClock clock_;
    Timetable timetable_;
    std::unique_ptr<Company> company_;  ///< until the evaluator takes it
    asio::io_context io_;
    asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
    asio::steady_timer timer_{io_}, watch_timer_{io_};
    std::chrono::milliseconds patience_ = {};  ///< with an evaluator that does not move
    Board board_;
    std::unique_ptr<StateStore> store_;   ///< the evaluator's
    std::unique_ptr<StateStore> outbox_;  ///< the deliverer's
    std::unique_ptr<Deliverer> deliverer_;
    std::unique_ptr<HttpServer> server_;
    std::unique_ptr<AlertDesk> desk_;  ///< of the pages' listener
    Secret link_key_;
    std::unique_ptr<AlertPages> pages_;  ///< nothing without an external_url: no link leads there
    std::unique_ptr<HttpServer> pages_server_;
    std::unique_ptr<Evaluator> evaluator_;
};

/// The pages are asked by people: they would rather try again than wait while a large cycle is stored.
constexpr Seconds pages_patience{3};

PageSettings page_settings(const Company& company) {
    return {.brand = company.settings().brand,
            .external_url = company.settings().external_url,
            .currency = company.rules().policy.currency.base,
            .zone = company.zone(),
            .renamed = former_names(company.rules())};
}

void say_status(const std::string& line) { sd_notify(0, ("STATUS=" + as_logged(line)).c_str()); }

int Daemon::run() {
    if (const Result<void> opened = open(); !opened) return fail(opened.error());
    describe();
    wait_for_signal();
    sd_notify(0, "READY=1");
    log(LogLevel::info, std::string("retaind ") + engine_version + " runs; metrics on http://" + server_->address() +
                            "/metrics" + (pages_server_ ? ", pages on http://" + pages_server_->address() : ""));
    evaluator_->ask();
    sleep();
    be_patient(settings_);
    watch();
    io_.run();
    return 0;
}

Result<void> Daemon::open_states(const std::string& directory) {
    Result<std::unique_ptr<StateStore>> store =
        open_state(settings_.state,
                   {.directory = directory, .access = StateAccess::owner, .accept_loss = options_.accept_state_loss});
    if (!store) return store.error();
    store_ = std::move(*store);
    Result<std::unique_ptr<StateStore>> outbox =
        open_state(settings_.state, {.directory = directory, .access = StateAccess::companion});
    if (!outbox) return outbox.error();
    outbox_ = std::move(*outbox);
    Result<std::unique_ptr<AlertDesk>> desk = open_desk(
        settings_.state, {.directory = directory, .access = StateAccess::companion, .patience = pages_patience});
    if (!desk) return desk.error();
    desk_ = std::move(*desk);
    const Result<Secret> key = desk_->link_key();
    if (!key) return key.error();
    link_key_ = *key;
    const Result<std::uint64_t> recovered = store_->recover(clock_.now());
    if (!recovered) return recovered.error();
    if (*recovered > 0)
        log(LogLevel::warning,
            std::to_string(*recovered) + " deliveries were in flight when the last run ended; they go out again");
    return {};
}

Result<void> Daemon::open() {
    const std::string directory = state_directory(options_.state_directory, settings_);
    if (const Result<void> opened = open_states(directory); !opened) return opened;
    Result<std::unique_ptr<HttpServer>> server = listen_http(
        settings_.metrics.listen, true, [this](const HttpRequest& request) { return board_.answer(request); });
    if (!server) return server.error();
    server_ = std::move(*server);
    if (const Result<void> opened = open_pages(); !opened) return opened;
    deliverer_ = std::make_unique<Deliverer>(
        *outbox_, make_outlets(receivers(settings_, directory)), clock_,
        DelivererOptions{.retention = settings_.retention,
                         .on_result =
                             [this](const std::string& receiver, const std::string& result) {
                                 board_.update([&](Telemetry& telemetry) {
                                     ++telemetry.deliveries[{receiver, result}];
                                 });
                             },
                         .on_outbox =
                             [this, directory, state = settings_.state](const std::vector<OutboxCount>& counts,
                                                                        std::uint64_t bytes) {
                                 const std::uint64_t limit = growth_limit(state, directory, bytes);
                                 board_.update([&](Telemetry& telemetry) {
                                     telemetry.outbox = counts;
                                     telemetry.state_bytes = bytes;
                                     telemetry.state_limit_bytes = limit;
                                 });
                             }});
    evaluator_ = std::make_unique<Evaluator>(
        std::move(company_),
        EvaluatorParts{.board = board_,
                       .store = *store_,
                       .clock = clock_,
                       .wake_delivery = [this] { deliverer_->wake(); },
                       .status = say_status,
                       .turn_ended = [this](const TurnEnd& end) { asio::post(io_, [this, end] { turn_ended(end); }); },
                       .link_key = link_key_});
    return {};
}

Result<void> Daemon::open_pages() {
    if (settings_.external_url.empty()) return {};
    pages_ = std::make_unique<AlertPages>(*desk_, clock_, link_key_,
                                          [this](const std::string& id) { return board_.customer_name(id); });
    pages_->configure(page_settings(*company_));
    Result<std::unique_ptr<HttpServer>> server =
        listen_http(settings_.http.listen, settings_.http.behind_proxy,
                    [this](const HttpRequest& request) { return pages_->answer(request); });
    if (!server) return server.error();
    pages_server_ = std::move(*server);
    return {};
}

void Daemon::describe() {
    board_.update([this](Telemetry& telemetry) {
        telemetry.version = engine_version;
        telemetry.revision = engine_revision;
        telemetry.interval_seconds = static_cast<double>(longest_pause(settings_).count());
        telemetry.last_reload = clock_.now();
        telemetry.process_start_seconds = static_cast<double>(clock_.now().time_since_epoch().count());
    });
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](const asio::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGHUP) return stop();
        reload();
        wait_for_signal();
    });
}

void Daemon::sleep() {
    timer_.expires_after(timetable_.pause());
    timer_.async_wait([this](const asio::error_code& error) {
        if (!error) wake();
    });
}

void Daemon::wake() {
    const Timetable::Look look = timetable_.look();
    if (look.jumped_by) note_clock_jump(*look.jumped_by);
    if (look.is_due) evaluator_->ask();
    sleep();
}

/// A source may be silent for longer than the service manager waits. Never less than before: a read may be under way.
void Daemon::be_patient(const Settings& settings) {
    const auto of_manager = patience_of_manager();
    patience_ = std::max(patience_, patience_for(settings, of_manager));
    if (of_manager) ask_manager_for(patience_);
}

/// Only what moves proves life: a loop that turns beside a thread that hangs does not.
void Daemon::watch() {
    if (evaluator_->has_moved()) {
        feed_manager();
        board_.set_alive_for(patience_);
    }
    watch_timer_.expires_after(look_every(patience_));
    watch_timer_.async_wait([this](const asio::error_code& error) {
        if (!error) watch();
    });
}

void Daemon::turn_ended(const TurnEnd& end) {
    timetable_.turn_ended(end.well, end.wake_at);
    sleep();
}

void Daemon::note_clock_jump(Seconds by) {
    log(LogLevel::warning, "the wall clock jumped by " + std::to_string(by.count()) + " s");
    board_.update([](Telemetry& telemetry) { ++telemetry.clock_jumps; });
    evaluator_->note_clock_jump();
}

void Daemon::reload() {
    sd_notify(0, "RELOADING=1");
    std::unique_ptr<Company> company = open_company(options_);
    const bool taken = company != nullptr;
    if (taken) {
        const Settings& fresh = company->settings();
        if (!(fresh.state == settings_.state) || !(fresh.metrics.listen == settings_.metrics.listen) ||
            !(fresh.http == settings_.http) || fresh.threads != settings_.threads) {
            log(LogLevel::warning,
                "[state], [http] listen, [metrics] listen and threads need a restart; the old values stay");
        }
        if (!pages_ && !fresh.external_url.empty())
            log(LogLevel::warning, "external_url is new: the pages it leads to need a restart");
        if (pages_) pages_->configure(page_settings(*company));
        settings_.interval = fresh.interval;
        settings_.schedule = fresh.schedule;
        be_patient(fresh);
        timetable_.replace(settings_, company->zone());
        sleep();
        deliverer_->replace(make_outlets(receivers(fresh, state_directory(options_.state_directory, settings_))));
        deliverer_->keep(fresh.retention);
        log(LogLevel::info, "configuration and rules reloaded: rules " + company->rules().hash);
        evaluator_->replace(std::move(company));
    } else {
        log(LogLevel::error, "reload refused: the old configuration and rules stay in force");
    }
    board_.update([&](Telemetry& telemetry) {
        telemetry.last_reload_ok = taken;
        telemetry.interval_seconds = static_cast<double>(longest_pause(settings_).count());
        if (taken) telemetry.last_reload = clock_.now();
    });
    sd_notify(0, "READY=1");
}

void Daemon::stop() {
    sd_notify(0, "STOPPING=1");
    log(LogLevel::info, "stopping");
    timer_.cancel();
    watch_timer_.cancel();
    evaluator_->stop();
    deliverer_->stop();
    server_.reset();
    pages_server_.reset();
    io_.stop();
}

}  // namespace

int run_daemon(const Options& options) {
    if (options.json) set_log({.format = "json"});  // until the configuration says how
    std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    return Daemon(options, std::move(company)).run();
}

}  // namespace retaind
