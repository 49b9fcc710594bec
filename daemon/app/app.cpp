#include "app.hpp"

#include <csignal>

#include "options.hpp"
#include "verbs.hpp"

namespace retaind {

int run_app(int argc, char** argv) {
    // A receiver or a pager that goes away is an error of that write, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    const std::variant<Options, int> parsed = parse_options(argc, argv);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    const Options& options = std::get<Options>(parsed);
    switch (options.verb) {
        case Verb::run: return run_daemon(options);
        case Verb::once: return run_once(options);
        case Verb::check: return run_check(options);
        case Verb::config: return run_config(options);
        case Verb::explain: return run_explain(options);
        case Verb::replay: return run_replay(options);
        case Verb::demo: return run_demo(options);
    }
    return 0;
}

}  // namespace retaind
