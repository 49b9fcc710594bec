#include "options.hpp"

#include <CLI/CLI.hpp>

#include "retaind/base/error.hpp"
#include "version.hpp"

namespace retaind {
namespace {

CLI::Option* add_day(CLI::App& verb, const std::string& name, std::optional<Day>& into, const std::string& help) {
    return verb
        .add_option_function<std::string>(
            name,
            [&into, name](const std::string& text) {
                into = parse_day(text);
                if (!into) throw CLI::ValidationError(name, "'" + text + "' is not a day; write it like 2026-03-01");
            },
            help)
        ->type_name("DATE");
}

void add_common(CLI::App& verb, Options& options) {
    verb.add_option("--config,-c", options.config_file, "the configuration")->type_name("FILE")->capture_default_str();
    verb.add_option("--state-directory", options.state_directory,
                    "where the state lives when the configuration names no file")
        ->type_name("DIR");
    verb.add_flag("--json", options.json, "print JSON, the stable contract");
}

void add_judging(CLI::App& app, Options& options) {
    CLI::App& run = *app.add_subcommand("run", "run as a daemon: evaluate on schedule, send alerts, serve metrics");
    add_common(run, options);
    run.add_flag("--accept-state-loss", options.accept_state_loss,
                 "go on with an empty state when the old one is corrupt (it is kept aside)");
    CLI::App& once =
        *app.add_subcommand("once", "evaluate one cycle, print who needs attention and why, send what is due");
    add_common(once, options);
    add_day(once, "--as-of", options.as_of, "as if that day had just ended; nothing later is read");
    once.add_flag("--dry-run", options.dry_run, "write and send nothing (implied for days before the newest one)");
    once.add_flag("--accept-state-loss", options.accept_state_loss,
                  "go on with an empty state when the old one is corrupt (it is kept aside)");
    CLI::App& explain = *app.add_subcommand("explain", "why a customer's health is what it is: every term, exactly");
    add_common(explain, options);
    CLI::Option* customer = explain.add_option("customer", options.customer, "customer_id");
    CLI::Option* all =
        explain.add_flag("--all", options.all, "every live customer, one after another (with --json one line each)")
            ->excludes(customer);
    explain.final_callback([customer, all] {
        if (customer->count() + all->count() == 0) throw CLI::RequiredError("customer_id or --all");
    });
    add_day(explain, "--as-of", options.as_of, "of that day");
    CLI::App& why_not = *app.add_subcommand("why-not", "why a rule does not fire for a customer: every condition");
    add_common(why_not, options);
    why_not.add_option("customer", options.customer, "customer_id")->required();
    why_not.add_option("rule", options.rule, "the rule's name")->required();
    add_day(why_not, "--as-of", options.as_of, "of that day");
    CLI::App& brief = *app.add_subcommand("brief", "half a page to read before the call");
    add_common(brief, options);
    brief.add_option("customer", options.customer, "customer_id")->required();
    add_day(brief, "--as-of", options.as_of, "of that day");
}

void add_checking(CLI::App& app, Options& options) {
    CLI::App& check = *app.add_subcommand("check", "find every mistake in configuration and rules");
    add_common(check, options);
    check.add_flag("--connect", options.connect, "also run every query for no rows and compare its columns");
    CLI::App& tests = *app.add_subcommand("test-rules", "run rule tests: small companies and what rules make of them");
    tests.add_option("files", options.files, "files of tests (TOML)")->type_name("FILE")->required();
    tests.add_option("--rules-directory", options.rules_directory, "where packs are that tests name without a path")
        ->type_name("DIR")
        ->capture_default_str();
    tests.add_flag("--json", options.json, "print JSON, the stable contract");
    CLI::App& config = *app.add_subcommand("config", "print the configuration as it is understood, secrets masked");
    add_common(config, options);
    config.add_flag("--effective", options.effective, "with all defaults");
}

void add_history(CLI::App& app, Options& options) {
    CLI::App& replay =
        *app.add_subcommand("replay", "evaluate past days one by one into the state, so that history exists");
    add_common(replay, options);
    add_day(replay, "--from", options.from, "first day")->required();
    add_day(replay, "--to", options.to, "last day")->required();
    replay.add_flag("--deliver", options.deliver,
                    "also send the messages of those days (they are only counted otherwise; what is still open "
                    "is told by the first live cycle, as one digest per manager)");
    CLI::App& demo =
        *app.add_subcommand("demo", "a made-up company with known stories: generate, replay, show what was found");
    demo.add_option("--directory", options.directory, "where its files go")->capture_default_str();
    demo.add_option("--seed", options.seed, "of the generator")->capture_default_str();
    demo.add_flag("--once", options.only_once,
                  "end after the last screen (the daemon goes on until interrupted otherwise)");
    demo.add_option("--port", options.port, "of the daemon's metrics, on 127.0.0.1")->capture_default_str();
    demo.add_flag("--json", options.json, "print what was found as JSON");
    add_day(demo, "--until", options.to, "its last day (default: yesterday)");
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
    static const std::pair<const char*, Verb> verbs[] = {{"run", Verb::run},         {"once", Verb::once},
                                                         {"check", Verb::check},     {"config", Verb::config},
                                                         {"explain", Verb::explain}, {"why-not", Verb::why_not},
                                                         {"brief", Verb::brief},     {"test-rules", Verb::test_rules},
                                                         {"replay", Verb::replay},   {"demo", Verb::demo}};
    Options options;
    CLI::App app("retaind watches the promises a company made to its customers", "retaind");
    app.set_version_flag("--version", std::string("retaind ") + engine_version);
    app.require_subcommand(1);
    add_judging(app, options);
    add_checking(app, options);
    add_history(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& stop) {
        return app.exit(stop) == 0 ? 0 : exit_code(ErrorKind::usage);
    }
    for (const auto& [name, verb] : verbs) {
        if (app.got_subcommand(name)) options.verb = verb;
    }
    return options;
}

}  // namespace retaind
