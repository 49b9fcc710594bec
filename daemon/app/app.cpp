#include "app.hpp"

#include <csignal>
#include <stdexcept>

#include "log.hpp"
#include "options.hpp"
#include "retaind/ports/failpoint.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

int run_verb(const Options& options) {
    switch (options.verb) {
        case Verb::run: return run_daemon(options);
        case Verb::once: return run_once(options);
        case Verb::check: return run_check(options);
        case Verb::config: return run_config(options);
        case Verb::explain: return run_explain(options);
        case Verb::why_not: return run_why_not(options);
        case Verb::brief: return run_brief(options);
        case Verb::test_rules: return run_test_rules(options);
        case Verb::replay: return run_replay(options);
        case Verb::healthcheck: return run_healthcheck(options);
        case Verb::demo: return run_demo(options);
        case Verb::alerts: return run_alerts(options);
    }
    return 0;
}

}  // namespace

int run_app(int argc, char** argv) {
    // A receiver or a pager that goes away is an error of that write, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    const std::variant<Options, int> parsed = parse_options(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    try {
        if (seeded_defect("throw")) throw std::runtime_error("a seeded defect");
        return run_verb(std::get<Options>(parsed));
    } catch (const std::exception& unexpected) {
        log(LogLevel::error, std::string("this is a bug of retaind, please report it: ") + unexpected.what());
        return exit_code_of_a_bug;
    }
}

}  // namespace retaind
