// The command line as values (CLI11).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "retaind/base/time.hpp"

namespace retaind {

enum class Verb { run, once, check, config, explain, why_not, brief, test_rules, replay, healthcheck, demo, alerts };

enum class AlertsVerb { list, show, ack, snooze, resume, silence, release, requeue, quality };

/// `alerts VERB ...`
struct AlertsOptions {
    AlertsVerb verb = AlertsVerb::list;
    std::vector<std::string> names = {};                  ///< of alerts; requeue: delivery ids
    std::string rule = {}, customer = {}, severity = {};  ///< list: only those
    bool all = false;                                     ///< list: also what is over; silence; release
    bool held = false;                                    ///< list: only held ones
    bool seen = false, wrong = false;                     ///< ack; neither: it is in hand
    std::string from = {}, until = {};                    ///< a day, a moment or a duration
    std::string comment = {};                             ///< why
    std::string by = {};                                  ///< "": the login name
    std::vector<std::string> match = {};                  ///< silence
    bool list = false;                                    ///< silence: print them
    std::string end = {};                                 ///< silence: id of the one to end
    std::string receiver = {};                            ///< requeue: all of its
};

struct Options {
    Verb verb = Verb::run;
    std::string config_file = "/etc/retaind/retaind.toml";
    std::string state_directory = "";  ///< "": $STATE_DIRECTORY, else the configuration's own folder
    bool json = false;
    std::optional<Day> as_of = {};
    bool dry_run = false;                                      ///< once
    bool accept_state_loss = false;                            ///< run, once
    bool connect = false;                                      ///< check
    bool without_secrets = false;                              ///< check
    bool effective = false;                                    ///< config
    bool ready = false;                                        ///< healthcheck
    std::string customer = {};                                 ///< explain ("" with `all`), why-not, brief
    std::string rule = {};                                     ///< why-not
    bool all = false;                                          ///< explain
    std::vector<std::string> files = {};                       ///< test-rules
    std::string rules_directory = "/usr/share/retaind/rules";  ///< of shipped packs
    std::optional<Day> from = {}, to = {};                     ///< replay
    bool deliver = false;                    ///< replay: send what was decided, instead of only counting it
    std::string directory = "retaind-demo";  ///< demo: where the company, its configuration and state go
    unsigned long long seed = 7;             ///< demo
    bool only_once = false;                  ///< demo: stop the daemon again and end
    int port = 9848;                         ///< demo: of the daemon's metrics
    AlertsOptions alerts = {};
};

/// The options, or the exit code with which to end at once (help was printed, or a usage error was said).
std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace retaind
