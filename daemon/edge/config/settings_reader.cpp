// [daemon], [state], and the order in which tables are read.
#include "edge/config/settings_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "edge/config/address.hpp"

namespace retaind::config {
namespace {

/// An IANA name as far as its letters go; whether the zone exists, the zone room knows.
struct zone_name {
    std::optional<std::string> operator()(const Item& item) const {
        const auto name = text{}(item);
        if (!name) return std::nullopt;
        const auto fits = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   std::string_view{"/_+-"}.find(c) != std::string_view::npos;
        };
        if (name->size() <= most_name_bytes && std::all_of(name->begin(), name->end(), fits)) return name;
        return item.wrong(fmt::format("\"{}\" must be a time zone", item.key), "as in \"Europe/Berlin\""), std::nullopt;
    }
};

struct web_address {
    std::optional<std::string> operator()(const Item& item) const {
        const auto url = text{}(item);
        if (!url) return std::nullopt;
        const bool is_web = url->starts_with("http://") || url->starts_with("https://");
        if (is_web && !host_of_url(*url).empty() && !carries_password(*url)) return url;
        return item.wrong(fmt::format("\"{}\" must be an address like https://retaind.example.org", item.key)),
               std::nullopt;
    }
};

const one_of<std::string> languages{{{"en", "en"}}};
const one_of<Backend> state_backends{{{"sqlite3", Backend::sqlite3}, {"postgresql", Backend::postgresql}}};

/// Like a text, and its place: packs are read later.
struct pack_asked {
    std::optional<PackAsked> operator()(const Item& item) const {
        auto name = text{}(item);
        if (!name) return std::nullopt;
        return PackAsked{std::move(*name), item.node.where};
    }
};

void read_retention(TableReader& in, RetentionSettings& to) {
    constexpr auto a_day = std::chrono::days{1};
    in.take("payloads", to.payloads, duration{a_day});
    in.take("scores", to.scores, duration{a_day});
    in.take("audit", to.audit, duration{a_day});
    in.take("rejects", to.rejects, duration{a_day});
}

void warn_of_connection(TableReader& in, Backend backend, const std::string& connection) {
    auto& problems = in.problems();
    const auto& where = in.where("connection");
    if (carries_password(connection))
        problems.warning(where, "\"connection\" holds a password",
                         "put it in a file, and name the file with \"password_file\"");
    if (is_open_connection(backend, connection))
        problems.warning(where, "this connection leaves the machine without asking for TLS", "add sslmode=verify-full");
    if (connection.find("${") != std::string::npos)
        problems.warning(where, "variables do not expand here", "only keys that end in _file expand ${...}");
}

}  // namespace

void read_daemon(TableReader& in, Configuration& to) {
    auto& settings = to.settings;
    in.take("interval", settings.interval, duration{Seconds{1}});
    in.take("schedule", settings.schedule, list{time_of_day{}, 1, 100});
    if (in.has("interval") && in.has("schedule"))
        in.problems().error(in.where("schedule"), "\"schedule\" stands instead of \"interval\"",
                            "leave one of them out");
    std::sort(settings.schedule.begin(), settings.schedule.end());
    in.take("timezone", settings.timezone, zone_name{});
    in.take("language", settings.language, languages);
    in.require("rules", to.packs, list{pack_asked{}, 1, most_packs});
    for (const auto& pack : to.packs) settings.rule_files.push_back(pack.name);
    in.take("history", settings.history, duration{std::chrono::days{1}});
    in.take("external_url", settings.external_url, web_address{});
    in.take("brand", settings.brand, text{});
    in.take("threads", settings.threads, integer{1, 256});
    to.policy.external_url = settings.external_url;
    to.policy.brand = settings.brand;
}

void read_state(TableReader& in, Configuration& to) {
    auto& state = to.settings.state;
    in.take("backend", state.backend, state_backends);
    in.take("connection", state.connection, text{});
    in.take("password_file", state.password, secret_file{to.secrets});
    in.table("retention", [&](TableReader& retention) { read_retention(retention, to.settings.retention); });
    if (state.backend == Backend::postgresql && !in.has("connection"))
        in.problems().error(in.where(), "\"connection\" is missing",
                            "as in \"host=db.example.org dbname=retaind sslmode=verify-full\"");
    warn_of_connection(in, state.backend, state.connection);
}

void read_settings(TableReader& in, Configuration& to) {
    if (!in.table("daemon", [&](TableReader& daemon) { read_daemon(daemon, to); }))
        in.problems().error({in.where().file, 1, 1}, "[daemon] is missing",
                            "it says which rules to use: rules = [\"saas\"]");
    in.table("state", [&](TableReader& state) { read_state(state, to); });
    read_sources(in, to);
    read_datasets(in, to);
    read_receivers(in, to);
    read_policy(in, to);
    read_routes(in, to);
    read_service(in, to);
    check_settings(in, to);
    in.finish();
}

// -- [source.NAME], [dataset.NAME] -----------------------------------------------------------------------------------

namespace {

const one_of<Backend> source_backends{{{"sqlite3", Backend::sqlite3},
                                       {"postgresql", Backend::postgresql},
                                       {"mysql", Backend::mysql},
                                       {"odbc", Backend::odbc}}};

const one_of<bool> ways_to_read{{{"rows", false}, {"pushdown", true}}};

/// By name, and with a name whatever is wrong inside, so that what refers to it is not wrong as well.
template <class T>
void sort_by_name(std::vector<T>& all) {
    std::sort(all.begin(), all.end(), [](const T& a, const T& b) { return a.name < b.name; });
}

void read_source(TableReader& in, SourceSettings& to, const SecretOptions& secrets) {
    to.where = in.where();
    in.require("backend", to.backend, source_backends);
    in.require("connection", to.connection, text{});
    in.take("password_file", to.password, secret_file{secrets});
    in.take("timeout", to.timeout, duration{Seconds{1}});
    in.take("connect_timeout", to.connect_timeout, duration{Seconds{1}});
    in.take("connections", to.connections, integer{1, 64});
    in.take("bad_rows", to.bad_rows, number{0, 1});
    warn_of_connection(in, to.backend, to.connection);
}

struct source_name {
    const std::vector<SourceSettings>& sources;
    std::optional<std::string> operator()(const Item& item) const {
        std::vector<std::string_view> names;
        for (const auto& source : sources) names.push_back(source.name);
        if (item.node.kind == Node::Kind::text && std::find(names.begin(), names.end(), item.node.text) != names.end())
            return item.node.text;
        if (!text{}(item)) return std::nullopt;
        const auto meant = nearest(item.node.text, names);
        return item.wrong(fmt::format("there is no source \"{}\"", shown(item.node.text)),
                          meant.empty() ? "define it as [source.NAME]" : fmt::format("did you mean \"{}\"?", meant)),
               std::nullopt;
    }
};

/// A name of ours says what the rows are; any other name is somebody's own, who must say so.
void read_kind(TableReader& in, DatasetSettings& to) {
    const auto own = dataset_kind(to.name);
    const bool is_ours = own && *own != DatasetKind::events;
    std::string kind;
    const bool says = in.take("kind", kind, text{});
    to.kind = is_ours ? *own : DatasetKind::events;
    if (says && is_ours && kind != to.name)
        in.problems().error(in.where("kind"), fmt::format("the dataset \"{}\" is always of its own kind", to.name),
                            "leave \"kind\" out");
    if (is_ours || kind == "events") return;
    std::vector<std::string_view> names;
    for (const auto& spec : data_contract()) names.push_back(spec.name);
    const auto meant = nearest(to.name, names);
    if (says)
        in.problems().error(in.where("kind"), "\"kind\" must be \"events\"",
                            "it is for datasets with names of your own");
    else
        in.problems().error(in.where(), fmt::format("there is no dataset \"{}\"", to.name),
                            meant.empty() ? "for a dataset of your own say kind = \"events\""
                                          : fmt::format("did you mean [dataset.{}]?", meant));
}

void read_dataset(TableReader& in, DatasetSettings& to, const Configuration& configuration) {
    to.where = in.where();
    read_kind(in, to);
    in.require("source", to.source, source_name{configuration.settings.sources});
    in.require("query", to.query, text{});
    in.take("watermark", to.watermark, text{});
    in.take("overlap", to.overlap, duration{});
    in.take("overlap_every", to.overlap_every, duration{Seconds{1}});
    Seconds stale_after{};
    if (in.take("stale_after", stale_after, duration{Seconds{60}}) && stale_after.count() > 0)
        to.stale_after = stale_after;
    in.take("delay", to.delay, duration{});
    in.take("timezone", to.timezone, zone_name{});
    in.take("read", to.pushdown, ways_to_read);
}

}  // namespace

void read_sources(TableReader& in, Configuration& to) {
    auto& sources = to.settings.sources;
    in.named_tables(
        "source", 50,
        [&](const std::string& name, TableReader& table) {
            SourceSettings source{};
            source.name = name;
            read_source(table, source, to.secrets);
            sources.push_back(std::move(source));
        },
        TableReader::Names::loose);
    sort_by_name(sources);
}

void read_datasets(TableReader& in, Configuration& to) {
    auto& datasets = to.settings.datasets;
    in.named_tables(
        "dataset", 200,
        [&](const std::string& name, TableReader& table) {
            DatasetSettings dataset{};
            dataset.name = name;
            read_dataset(table, dataset, to);
            to.policy.dataset_sources.emplace(name, dataset.source);
            datasets.push_back(std::move(dataset));
        },
        TableReader::Names::loose);
    sort_by_name(datasets);
}

// -- what is missing, what nobody uses -------------------------------------------------------------------------------

void check_settings(TableReader& in, Configuration& to) {
    auto& problems = in.problems();
    const Position start{in.where().file, 1, 1};
    const auto maps = [&](std::string_view name) { return to.policy.dataset_sources.contains(name); };
    if (to.settings.sources.empty())
        problems.error(start, "there is no [source.NAME]", "name the database to read from");
    if (!maps("customers")) problems.error(start, "[dataset.customers] is missing", "without it nobody can be watched");
    if (!maps("subscriptions"))
        problems.warning(start, "[dataset.subscriptions] is missing",
                         "a customer without a subscription is not watched");
    for (const auto& source : to.settings.sources) {
        const auto& datasets = to.settings.datasets;
        const bool is_used =
            std::any_of(datasets.begin(), datasets.end(), [&](const auto& d) { return d.source == source.name; });
        if (!is_used)
            problems.warning(source.where, fmt::format("no dataset reads from the source \"{}\"", source.name));
    }
}

}  // namespace retaind::config
