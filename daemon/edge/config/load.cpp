#include <filesystem>

#include "edge/config/config.hpp"
#include "edge/config/pack.hpp"
#include "edge/config/settings_reader.hpp"

namespace retaind {

using namespace config;

namespace {

std::vector<std::string> names_of(const std::vector<ReceiverSettings>& receivers) {
    std::vector<std::string> names;
    for (const auto& receiver : receivers) names.push_back(receiver.name);
    return names;
}

std::vector<PackFile> files_of(const std::vector<PackAsked>& packs) {
    std::vector<PackFile> files;
    for (const auto& pack : packs) files.push_back({pack.name, pack.where});
    return files;
}

/// Everything after the file itself is read: its packs, and what needs both.
void load_parts(const Node& document, const std::string& directory, const LoadOptions& options, Problems& problems,
                LoadResult& result) {
    Configuration configuration{.secrets = {.directory = directory, .read = options.read_secrets}};
    TableReader in{document, "", problems};
    read_settings(in, configuration);
    warn_of_idle_keys(document, problems);
    configuration.settings.file = document.where.file;
    const auto tree = read_packs(files_of(configuration.packs), {options.rules_directory, directory}, problems);
    auto rules = compile(tree,
                         {.rules_directory = options.rules_directory,
                          .policy = configuration.policy,
                          .datasets = configuration.settings.datasets,
                          .receivers = names_of(configuration.settings.receivers)},
                         problems);
    check_routes(configuration, rules, problems);
    if (problems.has_errors()) return;
    warn_of_idle_receivers(configuration, rules, problems);
    warn_of_empty_roles(configuration, rules, problems);
    result.loaded = Loaded{
        .settings = std::move(configuration.settings), .rules = std::move(rules), .rules_text = stored_text(tree)};
    result.loaded->warnings = problems.warnings();
}

}  // namespace

LoadResult load_config(const std::string& path, const LoadOptions& options) {
    Problems problems;
    problems.given = options.texts;
    LoadResult result;
    const auto directory = std::filesystem::path{path}.parent_path().string();
    if (const auto document = read_document(path, {}, problems))
        load_parts(*document, directory, options, problems, result);
    result.problems = problems.errors();
    result.warnings = problems.warnings();
    result.sources = problems.sources();
    result.keys = problems.keys;
    return result;
}

PackResult load_rules(const std::vector<std::string>& files, const PackOptions& options) {
    Problems problems;
    problems.given = options.texts;
    PackResult result;
    std::vector<PackFile> asked;
    for (const auto& file : files) asked.push_back({file});
    const auto tree = read_packs(asked, {options.rules_directory, ""}, problems);
    auto rules = compile(tree, options, problems);
    result.rules_text = stored_text(tree);
    if (!problems.has_errors()) result.rules = std::move(rules);
    result.problems = problems.errors();
    result.warnings = problems.warnings();
    result.sources = problems.sources();
    result.keys = problems.keys;
    return result;
}

}  // namespace retaind
