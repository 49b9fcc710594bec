#include "edge/demo/company.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <asio.hpp>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "deliver.hpp"
#include "demo_files.hpp"
#include "demo_findings.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/report/demo_report.hpp"
#include "edge/state/lock_file.hpp"
#include "edge/state/state.hpp"
#include "log.hpp"
#include "replay.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

constexpr std::chrono::days replayed_days{180};
constexpr int seconds_until_ready = 60;
constexpr const char* mark_of_a_demo = ".retaind-demo";

/// Where the demo's files are.
struct DemoPlace {
    std::string folder, company, configuration, rules, state;
};

/// Only an empty folder, or one that an earlier demo has marked as its own: whatever else lies there is somebody's.
Result<DemoPlace> make_place(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const bool is_empty = !error && std::filesystem::is_empty(folder, error);
    if (error)
        return Error{.kind = ErrorKind::usage,
                     .message = "cannot use " + folder + ": " + error.message(),
                     .hint = "choose another --directory"};
    const std::string absolute = std::filesystem::canonical(folder, error).string();
    const std::string mark = absolute + "/" + mark_of_a_demo;
    if (!is_empty && !std::filesystem::exists(mark, error))
        return Error{.kind = ErrorKind::usage,
                     .message = absolute + " holds files that are not a demo's",
                     .hint = "choose a new or empty --directory"};
    std::ofstream(mark) << "retaind demo owns this folder and overwrites what is in it\n";
    return DemoPlace{.folder = absolute,
                     .company = absolute + "/company.db",
                     .configuration = absolute + "/retaind.toml",
                     .rules = absolute + "/rules.toml",
                     .state = absolute + "/state.db"};
}

std::string with(std::string text, const std::string& mark, const std::string& value) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
        text.replace(at, mark.size(), value);
    return text;
}

Result<void> write_configuration(const DemoPlace& place, int port) {
    std::string text = with(with(std::string(demo_configuration), "@FOLDER@", place.folder), "@RULES@", place.rules);
    text = with(text, "127.0.0.1:9848", "127.0.0.1:" + std::to_string(port));
    std::ofstream(place.configuration) << text;
    std::ofstream rules(place.rules);
    rules << demo_rules;
    rules.close();
    if (rules) return {};
    return Error{.kind = ErrorKind::usage, .message = "cannot write into " + place.folder};
}

/// An earlier demo's state speaks of another company. Its daemon must have ended.
Result<void> clear_earlier(const DemoPlace& place) {
    for (const char* name : {"/state.db", "/state.db-wal", "/state.db-shm", "/messages.jsonl"}) {
        std::error_code error;
        std::filesystem::remove(place.folder + name, error);
        if (error)
            return Error{.kind = ErrorKind::usage,
                         .message = "cannot remove " + place.folder + name + ": " + error.message(),
                         .hint = "choose another --directory"};
    }
    return {};
}

/// What is shown at the end, measured on the way.
struct Shown {
    std::vector<StoryFound> stories;
    DarkNights nights;
    DemoReport report;
    View last;
};

void say_progress(const std::string& line) {
    const bool terminal = isatty(STDERR_FILENO);
    if (terminal || !line.empty()) fmt::print(stderr, "{}{}{}", terminal ? "\r\033[K" : "", line, terminal ? "" : "\n");
}

/// The customer's name, and that of the one who looks after it.
void name_person(DemoReport& report, const Snapshot& snapshot) {
    const CustomerIndex about = snapshot.find_customer(report.person->customer_id);
    if (about == no_customer) return;
    report.customer_name = snapshot.text(snapshot.customers[about].name);
    const std::string_view manager = snapshot.text(snapshot.customers[about].account_manager);
    const Person* person = snapshot.person(manager);
    report.looked_after = person ? snapshot.text(person->name) : manager;
}

/// One person, one reason: the alert that is worth most among those about a customer.
std::optional<Alert> most_worth(const View& view) {
    const Alert* chosen = nullptr;
    for (const Alert& alert : view.alerts) {
        if (alert.phase != AlertPhase::firing || alert.customer_id.empty() || alert.severity == Severity::info)
            continue;
        const auto worth = [](const Alert& each) {
            return std::pair(each.severity, is_known(each.revenue) ? each.revenue : 0.0);
        };
        if (!chosen || worth(*chosen) < worth(alert)) chosen = &alert;
    }
    return chosen ? std::optional(*chosen) : std::nullopt;
}

void fill_report(Shown& shown, const Snapshot& snapshot, const Replayed& replayed, const RuleSet& rules) {
    DemoReport& report = shown.report;
    const Leavers leavers = find_leavers(snapshot, replayed, rules.policy.outcome.churn);
    report.first = replayed.days.front().day;
    report.last = replayed.days.back().day;
    report.left = leavers.left;
    report.told_before = leavers.told_before;
    report.lead_days = leavers.lead_days;
    report.missed = leavers.missed;
    for (const ReplayedDay& day : replayed.days) report.messages += day.messages;
    report.person = most_worth(replayed.last);
    if (report.person) name_person(report, snapshot);
    const auto& [dataset, from, to, done, if_zero] = shown.nights;
    if (from && to)
        report.dark_feed = DemoReport::Feed{.dataset = dataset,
                                            .from = *from,
                                            .to = *to,
                                            .alerts = done.alerts,
                                            .messages = done.messages,
                                            .to_ops = done.to_ops,
                                            .alerts_if_zero = if_zero.alerts,
                                            .messages_if_zero = if_zero.messages};
}

std::function<void(Day)> say_percent(Day from) {
    return [from, said = -1](Day day) mutable {
        const int percent = static_cast<int>(100 * (day - from + std::chrono::days{1}) / replayed_days);
        const int step = isatty(STDERR_FILENO) ? 1 : 25;
        if (percent / step == said / step && said >= 0) return;
        said = percent;
        say_progress(fmt::format("replaying {}: {} %", format_day(day), percent));
    };
}

Result<Shown> replay_history(Company& company, const DemoPlace& place, const std::vector<Story>& stories, Day until) {
    Result<std::unique_ptr<StateStore>> store =
        open_state(company.settings().state, {.directory = place.folder, .access = StateAccess::owner});
    if (!store) return store.error();
    SystemClock clock;
    Shown shown;
    for (const Story& story : stories) {
        if (story.name == "dead_feed")
            shown.nights = {.dataset = story.customer_id_or_segment, .from = story.from, .to = story.to};
    }
    const Day from = until - replayed_days + std::chrono::days{1};
    ReplayOptions options{.from = from, .to = until, .with_messages = true, .progress = say_percent(from)};
    options.before_day = [&](Snapshot& snapshot, const State& state) {
        if (snapshot.as_of == shown.nights.from) measure(shown.nights, snapshot, state, company.rules());
    };
    Result<Replayed> replayed = replay(company, **store, options, clock);
    if (!replayed) return replayed.error();
    say_progress("delivering messages");
    const Result<void> sent = deliver_all(**store, make_outlets(receivers(company.settings(), place.folder)), clock,
                                          company.settings().retention);
    if (!sent) return sent.error();
    shown.stories = find_stories(stories, *replayed);
    fill_report(shown, company.read(from, until), *replayed, company.rules());
    shown.last = std::move(replayed->last);
    say_progress("");
    return shown;
}

// ---- commands as one types them ------------------------------------------------------------------------------------

/// A word of a shell, as short as it can be: relative to the working directory where the file is below it.
std::string shell_path(const std::filesystem::path& path) {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    const std::string near = path.lexically_relative(here).string();
    const std::string word = error || near.empty() || near.starts_with("..") ? path.string() : near;
    const bool is_plain = std::all_of(word.begin(), word.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("/._-+=:@,").find(c) != std::string::npos;
    });
    return is_plain ? word : "'" + with(word, "'", "'\\''") + "'";
}

/// This program, as it can be called from here.
std::string program() {
    std::error_code error;
    const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "retaind" : shell_path(own);
}

/// What shows a story: the customer as it is now, or as it was when its alert opened, if that has ended since.
std::string command_of(const StoryFound& found, const View& last, const DemoPlace& place) {
    const std::string config = " --config " + shell_path(place.configuration);
    const Story& story = found.story;
    const bool is_customer = story.customer_name != story.customer_id_or_segment && story.rule != "segment_shrinks" &&
                             story.rule != "feed_late";
    const bool is_open = std::any_of(last.alerts.begin(), last.alerts.end(), [&](const Alert& alert) {
        return alert.key.rule == story.rule &&
               (alert.customer_id == story.customer_id_or_segment || alert.key.entity == story.customer_id_or_segment);
    });
    const std::string then = found.first_alert && !is_open ? " --as-of " + format_day(*found.first_alert) : "";
    if (is_customer) return program() + " explain " + story.customer_id_or_segment + config + then;
    return program() + " once --dry-run --json" + config + then + " | grep -A 12 " + story.rule;
}

void add_commands(Shown& shown, const DemoPlace& place, int port) {
    DemoReport& report = shown.report;
    for (const StoryFound& found : shown.stories) {
        const Story& story = found.story;
        report.stories.push_back({.name = story.name,
                                  .entity = story.customer_id_or_segment,
                                  .entity_name = story.customer_name,
                                  .rule = story.rule,
                                  .told = story.told,
                                  .should_alert = story.should_alert,
                                  .as_it_should = found.as_it_should,
                                  .found_on = found.first_alert,
                                  .command = command_of(found, shown.last, place)});
    }
    const std::string config = " --config " + shell_path(place.configuration);
    const std::string who = report.person ? report.person->customer_id : shown.last.customers.front().customer_id;
    report.to_try = {
        {"The customer above, number by number", program() + " explain " + who + config},
        {"Everybody who needs attention today, and the data", program() + " once --dry-run" + config},
        {"What Prometheus sees", fmt::format("curl -s http://127.0.0.1:{}/metrics | grep retaind_", port)}};
    report.folder = place.folder;
}

// ---- the daemon beside it ------------------------------------------------------------------------------------------

/// What answers on the port: nothing, or the first line of its reply to the question whether it is ready.
std::optional<std::string> reply_on(int port) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    asio::error_code error;
    socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<asio::ip::port_type>(port)}, error);
    if (error) return std::nullopt;
    asio::write(socket,
                asio::buffer(std::string("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")),
                error);
    std::string reply;
    asio::read_until(socket, asio::dynamic_buffer(reply), "\r\n", error);
    return reply;
}

/// Whether the daemon can listen there. Nobody is asked who else does: they might never answer.
Result<void> expect_free(int port) {
    asio::io_context io;
    asio::ip::tcp::acceptor acceptor(io);
    asio::error_code error;
    acceptor.open(asio::ip::tcp::v4(), error);
    acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    acceptor.bind({asio::ip::make_address("127.0.0.1"), static_cast<asio::ip::port_type>(port)}, error);
    if (!error) return {};
    return Error{.kind = ErrorKind::usage,
                 .message = fmt::format("127.0.0.1:{} cannot be listened on: {}", port, error.message()),
                 .hint = "end what listens there, or choose another --port"};
}

Result<pid_t> start_daemon(const DemoPlace& place) {
    const pid_t child = fork();
    if (child < 0)
        return Error{.kind = ErrorKind::state,
                     .message = std::string("cannot start the daemon: ") + std::strerror(errno),
                     .hint = "start it by hand: " + program() + " run --config " + shell_path(place.configuration)};
    if (child > 0) return child;
    [[maybe_unused]] FILE* log = std::freopen((place.folder + "/retaind.log").c_str(), "w", stderr);
    execl("/proc/self/exe", "retaind", "run", "--config", place.configuration.c_str(), static_cast<char*>(nullptr));
    std::_Exit(127);
}

int end_daemon(pid_t daemon) {
    kill(daemon, SIGTERM);
    int status = 0;
    waitpid(daemon, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(ErrorKind::state);
}

/// After an error it has ended.
Result<void> wait_until_ready(pid_t daemon, const DemoPlace& place, int port) {
    const auto failed = [&](const char* how) {
        return Error{.kind = ErrorKind::state,
                     .message = std::string("the daemon ") + how,
                     .hint = "see " + place.folder + "/retaind.log"};
    };
    for (int tenth = 0; tenth < 10 * seconds_until_ready; ++tenth) {
        // First whether it still lives: what answers might be somebody else.
        if (waitpid(daemon, nullptr, WNOHANG) == daemon) return failed("ended before it was ready");
        if (reply_on(port).value_or("").find(" 200 ") != std::string::npos) return {};
        usleep(100'000);
    }
    end_daemon(daemon);
    return failed("did not become ready");
}

int stay_with(pid_t daemon) {
    fmt::print(stderr, "\nThe daemon runs (process {}); Ctrl-C ends it.\n", daemon);
    std::signal(SIGINT, SIG_IGN);  // the daemon gets it too, and ends cleanly
    static pid_t child = daemon;
    std::signal(SIGTERM, [](int) { kill(child, SIGTERM); });
    int status = 0;
    while (waitpid(daemon, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(ErrorKind::state);
}

/// Under the lock of the state: a daemon that an earlier demo left behind keeps its files.
Result<std::vector<Story>> generate(const Options& options, const DemoPlace& place, Day until) {
    const Result<LockFile> lock = LockFile::take(place.state + ".lock");
    if (!lock) return lock.error();
    if (const Result<void> cleared = clear_earlier(place); !cleared) return cleared.error();
    if (const Result<void> written = write_configuration(place, options.port); !written) return written.error();
    return generate_demo_company({.path = place.company, .seed = options.seed, .until = until});
}

Result<Shown> prepare(const Options& options, const DemoPlace& place) {
    SystemClock clock;
    const Day yesterday = Zone{}.local_day(clock.now()) - std::chrono::days{1};
    const Day until = options.to.value_or(yesterday);
    if (until > yesterday)
        return Error{
            .kind = ErrorKind::usage,
            .message = format_day(until) + " has not ended yet; the last complete day is " + format_day(yesterday)};
    say_progress("inventing a company in " + place.folder);
    const Result<std::vector<Story>> stories = generate(options, place, until);
    if (!stories) return stories.error();
    Options own = options;
    own.config_file = place.configuration;
    const std::unique_ptr<Company> company = open_company(own);
    if (!company)
        return Error{.kind = ErrorKind::config,
                     .message = "the demo's own configuration is wrong: this is a defect of retaind"};
    Result<Shown> shown = replay_history(*company, place, *stories, until);
    if (shown) add_commands(*shown, place, options.port);
    return shown;
}

}  // namespace

int run_demo(const Options& options) {
    if (const Result<void> port = expect_free(options.port); !port) return fail(port.error());
    const Result<DemoPlace> place = make_place(options.directory);
    if (!place) return fail(place.error());
    const Result<Shown> shown = prepare(options, *place);
    if (!shown) return fail(shown.error());
    const Result<pid_t> daemon = start_daemon(*place);
    if (!daemon) return fail(daemon.error());
    if (const auto ready = wait_until_ready(*daemon, *place, options.port); !ready) return fail(ready.error());
    std::fputs((options.json ? demo_json(shown->report) : demo_text(shown->report)).c_str(), stdout);
    std::fflush(stdout);
    return options.only_once ? end_daemon(*daemon) : stay_with(*daemon);
}

}  // namespace retaind
