// Whatever stands in retaind.toml or in a pack: accepted, or every problem has its place. Nothing on disk is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "edge/config/config.hpp"

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace retaind;
    const std::string text{reinterpret_cast<const char*>(bytes), size};
    const auto config = load_config("fuzz.toml", {.read_secrets = false, .texts = {{"fuzz.toml", text}}});
    must(config.loaded.has_value() == config.problems.empty());
    const auto pack = load_rules({"pack.toml"}, {.texts = {{"pack.toml", text}}});
    must(pack.rules.has_value() == pack.problems.empty());
    for (const auto* problems : {&config.problems, &pack.problems})
        for (const auto& problem : *problems) must(!problem.message.empty() && !problem.where.file.empty());
    format_problems(config.problems, config.sources);
    return 0;
}
