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

void add_rules_directory(CLI::App& verb, Options& options) {
    verb.add_option("--rules-directory", options.rules_directory, "where packs are that are named without a path")
        ->type_name("DIR")
        ->capture_default_str();
}

void add_common(CLI::App& verb, Options& options) {
    verb.add_option("--config,-c", options.config_file, "the configuration")->type_name("FILE")->capture_default_str();
    verb.add_option("--state-directory", options.state_directory,
                    "where the state lives when the configuration names no file")
        ->type_name("DIR");
    add_rules_directory(verb, options);
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
    CLI::Option* connect =
        check.add_flag("--connect", options.connect, "also run every query for no rows and compare its columns");
    check.add_flag("--without-secrets", options.without_secrets, "leave out the files that hold secrets")
        ->excludes(connect);
    CLI::App& tests = *app.add_subcommand("test-rules", "run rule tests: small companies and what rules make of them");
    tests.add_option("files", options.files, "files of tests (TOML)")->type_name("FILE")->required();
    add_rules_directory(tests, options);
    tests.add_flag("--json", options.json, "print JSON, the stable contract");
    CLI::App& config = *app.add_subcommand("config", "print the configuration as it is understood, secrets masked");
    add_common(config, options);
    config.add_flag("--effective", options.effective, "with all defaults");
    CLI::App& health = *app.add_subcommand(
        "healthcheck", "ask the running daemon whether it is alive; exit code 0 or 1, for containers");
    add_common(health, options);
    health.add_flag("--ready", options.ready, "whether its last cycle ended well, too");
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

CLI::App& add_alerts_verb(CLI::App& alerts, Options& options, const char* name, AlertsVerb which, const char* help) {
    CLI::App& verb = *alerts.add_subcommand(name, help);
    add_common(verb, options);
    verb.parse_complete_callback([&options, which] { options.alerts.verb = which; });
    return verb;
}

void add_who(CLI::App& verb, AlertsOptions& to) {
    verb.add_option("--by", to.by, "who says so (default: your login name)")->type_name("NAME");
}

CLI::Option* add_names(CLI::App& verb, AlertsOptions& to) {
    return verb.add_option("alerts", to.names, "RULE/ENTITY, or the beginning of an alert's id")->type_name("ALERT");
}

void add_looking(CLI::App& alerts, Options& options) {
    AlertsOptions& to = options.alerts;
    CLI::App& list = add_alerts_verb(alerts, options, "list", AlertsVerb::list, "open alerts, most urgent first");
    list.add_option("--rule", to.rule, "only of this rule")->type_name("RULE");
    list.add_option("--customer", to.customer, "only about this customer")->type_name("ID");
    list.add_option("--severity", to.severity, "only this severe")
        ->check(CLI::IsMember({"info", "warning", "critical"}));
    list.add_flag("--held", to.held, "only those that the blast guard holds");
    CLI::Option* all = list.add_flag("--all", to.all, "also those that are over, for as long as they are remembered");
    list.add_flag_callback(
            "--open", [] {}, "only those that are not over (as without it)")
        ->excludes(all);
    add_names(add_alerts_verb(alerts, options, "show", AlertsVerb::show,
                              "everything about one: why, who was told and how that went, answers, steps"),
              to)
        ->required();
    add_alerts_verb(alerts, options, "quality", AlertsVerb::quality,
                    "how often each rule was right, how early, and what it missed; exit code 1 below a floor");
}

void add_answering(CLI::App& alerts, Options& options) {
    AlertsOptions& to = options.alerts;
    CLI::App& ack = add_alerts_verb(alerts, options, "ack", AlertsVerb::ack,
                                    "it is in hand: no reminders, no escalation, until it gets worse or is over");
    add_names(ack, to)->required();
    CLI::Option* seen = ack.add_flag("--seen", to.seen, "only seen: for a shorter time");
    ack.add_flag("--wrong", to.wrong, "it is wrong: counted with its rule")->excludes(seen);
    ack.add_option("--until", to.until, "how long that holds (default: 14d; seen 3d, wrong 90d)")
        ->type_name("DATE|DURATION");
    ack.add_option("--comment", to.comment, "kept with the alert")->type_name("TEXT");
    add_who(ack, to);
    CLI::App& snooze =
        add_alerts_verb(alerts, options, "snooze", AlertsVerb::snooze, "nothing about it reaches anybody until then");
    add_names(snooze, to)->required();
    snooze.add_option("--until", to.until, "when it comes back: a day (as it begins) or a duration, at most 90d")
        ->type_name("DATE|DURATION")
        ->required();
    snooze.add_option("--reason", to.comment, "why it can wait")->type_name("TEXT")->required();
    add_who(snooze, to);
    CLI::App& resume =
        add_alerts_verb(alerts, options, "resume", AlertsVerb::resume, "takes back what was acknowledged or snoozed");
    add_names(resume, to)->required();
    resume.add_option("--comment", to.comment, "kept with the alert")->type_name("TEXT");
    add_who(resume, to);
}

void add_operating(CLI::App& alerts, Options& options) {
    AlertsOptions& to = options.alerts;
    CLI::App& silence = add_alerts_verb(alerts, options, "silence", AlertsVerb::silence,
                                        "messages about what matches wait until it ends");
    CLI::Option* match =
        silence.add_option("--match", to.match, "a condition as in [[route]]; all must hold: segment == 'west'")
            ->type_name("CONDITION")
            ->allow_extra_args(false);
    silence.add_option("--from", to.from, "when it begins (default: now)")->type_name("DATE|DURATION");
    CLI::Option* until = silence.add_option("--until", to.until, "when it ends: a day (as it begins) or a duration")
                             ->type_name("DATE|DURATION");
    CLI::Option* comment = silence.add_option("--comment", to.comment, "why")->type_name("TEXT");
    match->needs(until)->needs(comment);
    CLI::Option* list = silence.add_flag("--list", to.list, "print those that are not over")->excludes(match);
    silence.add_flag("--all", to.all, "with --list: also those that are over")->needs(list);
    CLI::Option* end = silence.add_option("--end", to.end, "end this one now")->type_name("ID")->excludes(match, list);
    silence.final_callback([match, list, end] {
        if (match->count() + list->count() + end->count() == 0) throw CLI::RequiredError("--match, --list or --end");
    });
    add_who(silence, to);
    CLI::App& release = add_alerts_verb(alerts, options, "release", AlertsVerb::release,
                                        "lets go of alerts that the blast guard holds, with the next cycle");
    CLI::Option* names = add_names(release, to);
    CLI::Option* all = release.add_flag("--all", to.all, "of all of them")->excludes(names);
    release.final_callback([names, all] {
        if (names->count() + all->count() == 0) throw CLI::RequiredError("ALERT or --all");
    });
    add_who(release, to);
    CLI::App& requeue =
        add_alerts_verb(alerts, options, "requeue", AlertsVerb::requeue, "sends again what was given up");
    CLI::Option* ids =
        requeue.add_option("deliveries", to.names, "delivery ids, as `alerts show` prints them")->type_name("DELIVERY");
    CLI::Option* receiver =
        requeue.add_option("--receiver", to.receiver, "all of this receiver's")->type_name("NAME")->excludes(ids);
    requeue.final_callback([ids, receiver] {
        if (ids->count() + receiver->count() == 0) throw CLI::RequiredError("DELIVERY or --receiver");
    });
    add_who(requeue, to);
}

void add_alerts(CLI::App& app, Options& options) {
    CLI::App& alerts = *app.add_subcommand("alerts", "alerts, and what people do about them; also beside the daemon");
    alerts.require_subcommand(1);
    add_looking(alerts, options);
    add_answering(alerts, options);
    add_operating(alerts, options);
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
    static const std::pair<const char*, Verb> verbs[] = {{"run", Verb::run},
                                                         {"once", Verb::once},
                                                         {"check", Verb::check},
                                                         {"config", Verb::config},
                                                         {"explain", Verb::explain},
                                                         {"why-not", Verb::why_not},
                                                         {"brief", Verb::brief},
                                                         {"test-rules", Verb::test_rules},
                                                         {"replay", Verb::replay},
                                                         {"demo", Verb::demo},
                                                         {"healthcheck", Verb::healthcheck},
                                                         {"alerts", Verb::alerts}};
    Options options;
    CLI::App app("retaind watches the promises a company made to its customers", "retaind");
    app.set_version_flag("--version", std::string("retaind ") + engine_version);
    app.require_subcommand(1);
    add_judging(app, options);
    add_checking(app, options);
    add_history(app, options);
    add_alerts(app, options);
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
