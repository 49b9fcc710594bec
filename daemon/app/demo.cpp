#include "edge/demo/company.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "deliver.hpp"
#include "demo_files.hpp"
#include "demo_findings.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/state/state.hpp"
#include "log.hpp"
#include "replay.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

constexpr std::chrono::days replayed_days{180};
constexpr int seconds_until_ready = 60;

/// Where the demo's files are.
struct DemoPlace {
    std::string folder, company, configuration, rules, state;
};

Result<DemoPlace> make_place(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        return Error{.kind = ErrorKind::usage,
                     .message = "cannot create " + folder + ": " + error.message(),
                     .hint = "choose another --directory"};
    const std::string absolute = std::filesystem::canonical(folder, error).string();
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

/// An earlier demo's state speaks of another company.
void clear_earlier(const DemoPlace& place) {
    for (const char* name : {"/state.db", "/state.db-wal", "/state.db-shm", "/messages.jsonl"})
        std::filesystem::remove(place.folder + name);
}

/// What is shown at the end, measured on the way.
struct Shown {
    std::vector<StoryFound> stories;
    Leavers leavers;
    DarkNights nights;
    View last;
    std::size_t messages = 0;
    std::string dark_dataset;
};

void say_progress(const std::string& line) {
    const bool terminal = isatty(STDOUT_FILENO);
    fmt::print("{}{}{}", terminal ? "\r\033[K" : "", line, terminal ? "" : "\n");
    std::fflush(stdout);
}

void note_dark_nights(Shown& shown, const std::vector<Story>& stories) {
    for (const Story& story : stories) {
        if (story.name != "dead_feed") continue;
        shown.nights.from = story.from;
        shown.nights.to = story.to;
        shown.dark_dataset = story.customer_id_or_segment;
    }
}

Result<Shown> replay_history(Company& company, const DemoPlace& place, const std::vector<Story>& stories, Day until) {
    Result<std::unique_ptr<StateStore>> store =
        open_state(company.settings().state, {.directory = place.folder, .access = StateAccess::owner});
    if (!store) return store.error();
    SystemClock clock;
    Shown shown;
    note_dark_nights(shown, stories);
    ReplayOptions options{.from = until - replayed_days + std::chrono::days{1}, .to = until, .with_messages = true};
    const auto total = static_cast<double>(replayed_days.count());
    options.progress = [&](Day day) {
        const int percent = static_cast<int>(100 * in_days(day - options.from + std::chrono::days{1}) / total);
        if (isatty(STDOUT_FILENO) || percent % 25 == 0)
            say_progress(fmt::format("replaying {}: {} %", format_day(day), percent));
    };
    options.before_day = [&](Snapshot& snapshot, const State& state) {
        if (snapshot.as_of == shown.nights.from)
            count_as_zero(shown.nights, snapshot, state, company.rules(), shown.dark_dataset);
    };
    Result<Replayed> replayed = replay(company, **store, options, clock);
    if (!replayed) return replayed.error();
    say_progress("delivering messages");
    const Result<void> sent =
        deliver_all(**store, make_outlets(receivers(company.settings(), place.folder)), clock, longest_delivery);
    if (!sent) return sent.error();
    shown.stories = find_stories(stories, *replayed);
    shown.leavers = find_leavers(company.read(options.from, until), *replayed, company.rules().policy.outcome.churn);
    count_as_done(shown.nights, *replayed);
    for (const ReplayedDay& day : replayed->days) shown.messages += day.messages;
    shown.last = std::move(replayed->last);
    say_progress("");
    return shown;
}

// ---- the last screen
// -------------------------------------------------------------------------------------------------

/// One person, one reason: the alert that is worth most among those about a customer.
void show_person(const View& view) {
    const Alert* chosen = nullptr;
    for (const Alert& alert : view.alerts) {
        if (alert.phase != AlertPhase::firing || alert.customer_id.empty() || alert.severity == Severity::info)
            continue;
        const auto worth = [](const Alert& each) {
            return std::pair(each.severity, is_known(each.revenue) ? each.revenue : 0.0);
        };
        if (!chosen || worth(*chosen) < worth(alert)) chosen = &alert;
    }
    if (!chosen) return;
    fmt::print("\n  {}\n", chosen->message);
    for (const std::string& reason : chosen->reasons) fmt::print("    because {}\n", reason);
    fmt::print("    -> {}\n", chosen->advice);
}

void show_stories(const Shown& shown) {
    fmt::print("\nThe stories that were planted, and what became of them:\n");
    for (const StoryFound& found : shown.stories) {
        const Story& story = found.story;
        const std::string verdict = !found.as_it_should  ? "MISSED"
                                    : story.should_alert ? "found " + format_day(*found.first_alert)
                                                         : "left alone";
        fmt::print("  {:<16} {:<22} {}\n", verdict, story.rule.empty() ? story.name : story.rule, story.told);
    }
}

void show_figures(const Shown& shown) {
    const DarkNights& nights = shown.nights;
    if (nights.from) {
        fmt::print(
            "\nThe feed \"{}\" was silent from {} to {}. Counted as \"nobody uses it\", it would have opened {} alerts "
            "({} messages); {} opened ({} messages).\n",
            shown.dark_dataset, format_day(*nights.from), format_day(*nights.to), nights.alerts_if_counted_as_zero,
            nights.messages_if_counted_as_zero, nights.alerts, nights.messages);
    }
    const Leavers& leavers = shown.leavers;
    fmt::print("\nIn these {} days {} customers left. Somebody had been told within 56 days before of {} of them",
               replayed_days.count(), leavers.left, leavers.told_before);
    if (!leavers.lead_days.empty())
        fmt::print(" (median {:.0f} days ahead)", leavers.lead_days[leavers.lead_days.size() / 2]);
    fmt::print("; {} left without a warning", leavers.missed.size());
    for (std::size_t at = 0; at < leavers.missed.size() && at < 3; ++at)
        fmt::print("{}{}", at == 0 ? ": " : ", ", leavers.missed[at]);
    fmt::print("{}.\n{} messages went out in all.\n", leavers.missed.size() > 3 ? ", ..." : "", shown.messages);
}

std::string example_customer(const Shown& shown) {
    for (const StoryFound& found : shown.stories) {
        if (found.story.should_alert && found.first_alert && found.story.rule != "segment_shrinks")
            return found.story.customer_id_or_segment;
    }
    return shown.last.customers.empty() ? "CUSTOMER" : shown.last.customers.front().customer_id;
}

void show_things_to_try(const Shown& shown, const DemoPlace& place, const std::string& program, int port) {
    fmt::print("\nThree things to try:\n");
    fmt::print("  {} explain {} --config {}\n", program, example_customer(shown), place.configuration);
    fmt::print("  {} once --config {} --as-of {} --dry-run\n", program, place.configuration,
               format_day(shown.last.as_of));
    fmt::print("  curl -s http://127.0.0.1:{}/metrics | grep retaind_\n", port);
    fmt::print("\nMessages: {}/messages.jsonl   Rules: {}   Log: {}/retaind.log\n", place.folder, place.rules,
               place.folder);
}

// ---- the daemon beside it
// --------------------------------------------------------------------------------------------

bool is_ready(int port) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    asio::error_code error;
    socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<asio::ip::port_type>(port)}, error);
    if (error) return false;
    asio::write(socket,
                asio::buffer(std::string("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")),
                error);
    std::string reply;
    asio::read_until(socket, asio::dynamic_buffer(reply), "\r\n", error);
    return reply.find(" 200 ") != std::string::npos;
}

pid_t start_daemon(const DemoPlace& place) {
    const pid_t child = fork();
    if (child != 0) return child;
    std::freopen((place.folder + "/retaind.log").c_str(), "w", stderr);
    execl("/proc/self/exe", "retaind", "run", "--config", place.configuration.c_str(), static_cast<char*>(nullptr));
    std::_Exit(127);
}

Result<void> wait_until_ready(pid_t daemon, const DemoPlace& place, int port) {
    for (int tenth = 0; tenth < 10 * seconds_until_ready; ++tenth) {
        if (is_ready(port)) return {};
        if (waitpid(daemon, nullptr, WNOHANG) == daemon) break;
        usleep(100'000);
    }
    return Error{.kind = ErrorKind::state,
                 .message = "the daemon did not become ready",
                 .hint = "see " + place.folder + "/retaind.log"};
}

int end_daemon(pid_t daemon) {
    kill(daemon, SIGTERM);
    int status = 0;
    waitpid(daemon, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(ErrorKind::state);
}

int stay_with(pid_t daemon) {
    fmt::print("\nThe daemon runs (process {}); Ctrl-C ends it.\n", daemon);
    std::fflush(stdout);
    std::signal(SIGINT, SIG_IGN);  // the daemon gets it too, and ends cleanly
    static pid_t child = daemon;
    std::signal(SIGTERM, [](int) { kill(child, SIGTERM); });
    int status = 0;
    while (waitpid(daemon, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(ErrorKind::state);
}

Result<Shown> prepare(const Options& options, const DemoPlace& place) {
    SystemClock clock;
    const Day until = options.to.value_or(Zone{}.local_day(clock.now()) - std::chrono::days{1});
    say_progress("inventing a company in " + place.folder);
    clear_earlier(place);
    const Result<std::vector<Story>> stories =
        generate_demo_company({.path = place.company, .seed = options.seed, .until = until});
    if (!stories) return stories.error();
    if (const Result<void> written = write_configuration(place, options.port); !written) return written.error();
    Options own = options;
    own.config_file = place.configuration;
    const std::unique_ptr<Company> company = open_company(own);
    if (!company)
        return Error{.kind = ErrorKind::config,
                     .message = "the demo's own configuration is wrong: this is a defect of retaind"};
    return replay_history(*company, place, *stories, until);
}

}  // namespace

int run_demo(const Options& options) {
    const Result<DemoPlace> place = make_place(options.directory);
    if (!place) return fail(place.error());
    const Result<Shown> shown = prepare(options, *place);
    if (!shown) return fail(shown.error());
    const pid_t daemon = start_daemon(*place);
    if (const Result<void> ready = wait_until_ready(daemon, *place, options.port); !ready) {
        end_daemon(daemon);
        return fail(ready.error());
    }
    show_person(shown->last);
    show_stories(*shown);
    show_figures(*shown);
    std::error_code error;
    show_things_to_try(*shown, *place, std::filesystem::read_symlink("/proc/self/exe", error).string(), options.port);
    if (options.only_once) return end_daemon(daemon);
    return stay_with(daemon);
}

}  // namespace retaind
