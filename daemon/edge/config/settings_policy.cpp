// [outcome], [currency], [calendar], [people], [alerts], [[route]]: what the core needs to know.
#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "edge/config/match.hpp"
#include "edge/config/pack.hpp"
#include "edge/config/settings_reader.hpp"

namespace retaind::config {
namespace {

const one_of<std::string> statuses{{{"trial", "trial"},
                                    {"active", "active"},
                                    {"past_due", "past_due"},
                                    {"cancelled", "cancelled"},
                                    {"ended", "ended"}}};

void read_outcome(TableReader& in, Outcome& to) {
    in.take("churn", to.churn, list{statuses, 1});
    in.take("gap_days", to.gap_days, integer{0, 3650});
}

// -- currency ---------------------------------------------------------------------------------------------------------

bool is_currency(std::string_view text) {
    return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct currency_code {
    std::optional<std::string> operator()(const Item& item) const {
        const auto code = text{}(item);
        if (!code) return std::nullopt;
        if (is_currency(*code)) return code;
        return item.wrong(fmt::format("\"{}\" must be a currency", item.key), "three capitals, as in \"EUR\""),
               std::nullopt;
    }
};

struct exchange_rates {
    std::optional<std::map<std::string, double, std::less<>>> operator()(const Item& item) const {
        if (!item.node.is_table()) return item.must_be("a table", "as in { EUR = 1.0, USD = 0.92 }");
        std::map<std::string, double, std::less<>> rates;
        for (const auto& entry : item.node.entries) {
            if (!is_currency(entry.key))
                item.problems.error(entry.where, "a currency has three capitals, as in EUR");
            else if (const auto rate = above{0}(Item{entry.key, entry.value, item.problems}))
                rates.emplace(entry.key, *rate);
        }
        return rates;
    }
};

void read_currency(TableReader& in, Currency& to) {
    in.take("base", to.base, currency_code{});
    in.take("default", to.fallback, currency_code{});
    in.take("rates", to.rates, exchange_rates{});
    auto& problems = in.problems();
    const auto base = to.rates.find(to.base);
    if (!to.rates.empty() && to.base.empty())
        problems.error(in.where("rates"), "rates need a \"base\"", "as in base = \"EUR\"");
    if (base != to.rates.end() && base->second != 1.0)
        problems.error(in.where("rates"), fmt::format("the rate of the base {} must be 1", to.base));
    if (to.fallback.empty() || to.fallback == to.base || to.rates.contains(to.fallback)) return;
    problems.error(in.where("default"), fmt::format("{} has no rate", to.fallback), "add it to \"rates\"");
}

// -- calendar ---------------------------------------------------------------------------------------------------------

struct weekday {
    std::optional<int> operator()(const Item& item) const {
        constexpr std::array names = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
        if (item.node.kind == Node::Kind::integer) return integer{1, 7}(item);
        if (item.node.kind != Node::Kind::text) return item.must_be("days of the week", "as in [\"Mon\", \"Tue\"]");
        auto name = item.node.text.substr(0, 3);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const auto found = std::find(names.begin(), names.end(), name);
        if (found != names.end()) return static_cast<int>(found - names.begin()) + 1;
        return item.wrong(fmt::format("\"{}\" must be days of the week", item.key),
                          "Mon, Tue, Wed, Thu, Fri, Sat, Sun");
    }
};

void read_season(TableReader& in, Calendar& to) {
    OffSeason range{};
    in.take("segment", range.segment, text{});
    const bool has_both = in.require("from", range.from, day{}) & in.require("to", range.to, day{});
    if (has_both && range.to < range.from) in.problems().error(in.where("to"), "\"to\" lies before \"from\"");
    to.off_season.push_back(std::move(range));
}

void read_calendar(TableReader& in, Calendar& to) {
    in.take("weekdays", to.weekdays, list{weekday{}, 1, 7});
    in.take("holidays", to.holidays, list{day{}});
    in.tables("off_season", most_items, [&](TableReader& season) { read_season(season, to); });
    std::sort(to.weekdays.begin(), to.weekdays.end());
    to.weekdays.erase(std::unique(to.weekdays.begin(), to.weekdays.end()), to.weekdays.end());
    std::sort(to.holidays.begin(), to.holidays.end());
}

// -- people and alerts ------------------------------------------------------------------------------------------------

void read_people(TableReader& in, RoleDefaults& to) {
    in.table("defaults", [&](TableReader& defaults) {
        defaults.take("lead", to.lead, text{});
        defaults.take("deputy", to.deputy, text{});
        defaults.take("ops", to.ops, text{});
    });
}

struct hours {
    std::optional<std::string> operator()(const Item& item) const {
        const auto range = text{}(item);
        if (!range) return std::nullopt;
        if (range->size() == 11 && range->substr(0, 5) == range->substr(6))
            return item.wrong(fmt::format("\"{}\" must end at another time than they begin", item.key),
                              "leave it out to have none"),
                   std::nullopt;
        const bool fits = range->size() == 11 && (*range)[5] == '-' &&
                          parse_moment("2000-01-01 " + range->substr(0, 5)) &&
                          parse_moment("2000-01-01 " + range->substr(6));
        if (fits) return range;
        return item.wrong(fmt::format("\"{}\" must be hours of the day", item.key), "as in \"20:00-07:00\""),
               std::nullopt;
    }
};

void read_escalation(TableReader& in, Configuration& to) {
    auto& steps = to.policy.alerts.escalation;
    in.tables("escalation", most_steps, [&](TableReader& table) {
        EscalationStep step{};
        table.require("after", step.after, duration{Seconds{60}});
        table.require("notify", step.notify, escalation_audience{to.settings.receivers});
        if (!steps.empty() && step.after <= steps.back().after)
            table.problems().error(table.where("after"), "steps must come later and later");
        steps.push_back(std::move(step));
    });
}

void read_alerts(TableReader& in, Configuration& to) {
    auto& alerts = to.policy.alerts;
    in.take("budget_per_week", alerts.budget_per_week, integer{0, 10'000});
    in.take("digest", alerts.digest, time_of_day{});
    in.take("quiet_hours", alerts.quiet_hours, hours{});
    in.take("stale_ops_after", alerts.stale_ops_after, duration{});
    in.take("blast_share", alerts.blast_share, number{0, 1});
    in.take("blast_min", alerts.blast_min, integer{0});
    read_escalation(in, to);
}

// -- routes -----------------------------------------------------------------------------------------------------------

/// Fields of an alert, and texts that are known of its customer.
FieldCatalogue route_fields(const Configuration& configuration) {
    FieldCatalogue customer;
    for (const auto& dataset : configuration.settings.datasets)
        if (dataset.kind == DatasetKind::customers) add_attributes(customer, dataset.query);
    FieldCatalogue catalogue{.scope = Scope::row, .subject = "an alert"};
    for (const auto* name : {"rule", "scope", "severity", "entity"})
        catalogue.row_columns.emplace_back(name, ValueType::text);
    for (const auto& spec : fields(Scope::customer))
        if (spec.type == ValueType::text) catalogue.row_columns.emplace_back(spec.name, ValueType::text);
    catalogue.attributes = customer.attributes;
    catalogue.attributes_open = customer.attributes_open;
    return catalogue;
}

/// A condition as the core matches it: a text that is, or is not, one of several. Nothing for any other condition.
std::optional<Route::Match> as_match(const Condition& read) {
    const auto* field = std::get_if<Field>(&read.left);
    const auto* value = std::get_if<std::string>(&read.right);
    const bool is_order = read.comparison != Comparison::equal && read.comparison != Comparison::not_equal;
    const bool is_list = read.kind == Condition::Kind::in;
    if (!field || is_order || (!is_list && (read.kind != Condition::Kind::compare || !value))) return std::nullopt;
    return Route::Match{.field = field->name,
                        .negated = !is_list && read.comparison == Comparison::not_equal,
                        .values = is_list ? read.choices : std::vector{*value}};
}

constexpr auto match_hint = "as in \"severity == 'critical'\" or \"segment in ['west', 'east']\"";

struct route_match {
    const FieldCatalogue& catalogue;
    Configuration& configuration;

    std::optional<Route::Match> operator()(const Item& item) const {
        const auto read = condition{catalogue}(item);
        if (!read) return std::nullopt;
        const auto match = as_match(*read);
        if (!match) return item.wrong("a route compares a field with texts", match_hint), std::nullopt;
        for (const auto& one : match->values) configuration.route_values.push_back({match->field, one, read->where});
        return match;
    }
};

struct receiver_name {
    const std::vector<ReceiverSettings>& receivers;
    std::optional<std::string> operator()(const Item& item) const {
        std::vector<std::string_view> names;
        for (const auto& receiver : receivers) names.push_back(receiver.name);
        const auto name = text{}(item);
        if (!name || std::find(names.begin(), names.end(), *name) != names.end()) return name;
        const auto meant = nearest(*name, names);
        return item.wrong(fmt::format("there is no receiver \"{}\"", shown(*name)),
                          meant.empty() ? "define it as [receiver.NAME]" : fmt::format("did you mean \"{}\"?", meant)),
               std::nullopt;
    }
};

/// An alert that no route matches must not vanish: it goes to the file receiver.
void add_default_route(Configuration& to) {
    auto& routes = to.policy.routes;
    const bool has_default =
        std::any_of(routes.begin(), routes.end(), [](const Route& route) { return route.match.empty(); });
    if (routes.empty() || has_default) return;
    auto& receivers = to.settings.receivers;
    auto file =
        std::find_if(receivers.begin(), receivers.end(), [](const auto& r) { return r.type == ReceiverType::file; });
    if (file == receivers.end()) {
        ReceiverSettings built_in{};
        built_in.name = "file";
        file = receivers.insert(receivers.end(), built_in);
        to.policy.receivers.push_back({.name = "file", .is_machine = true});
    }
    routes.push_back({.receivers = {file->name}});
    to.route_places.push_back({});
}

}  // namespace

std::optional<std::vector<std::string>> escalation_audience::operator()(const Item& item) const {
    const auto names = list{text{}, 1}(item);
    if (!names) return std::nullopt;
    std::vector<std::string_view> known(roles.begin(), roles.end());
    for (const auto& receiver : receivers) known.push_back(receiver.name);
    for (const auto& node : item.node.items) {
        if (std::find(known.begin(), known.end(), node.text) != known.end()) continue;
        const auto meant = nearest(node.text, known);
        item.of(node).wrong(fmt::format("there is no role or receiver \"{}\"", shown(node.text)),
                            meant.empty() ? "roles: account_manager, deputy, lead, seller, keeper, ops"
                                          : fmt::format("did you mean \"{}\"?", meant));
    }
    return names;
}

void read_policy(TableReader& in, Configuration& to) {
    in.table("outcome", [&](TableReader& table) { read_outcome(table, to.policy.outcome); });
    in.table("currency", [&](TableReader& table) { read_currency(table, to.policy.currency); });
    in.table("calendar", [&](TableReader& table) { read_calendar(table, to.policy.calendar); });
    in.table("people", [&](TableReader& table) { read_people(table, to.policy.defaults); });
    in.table("alerts", [&](TableReader& table) { read_alerts(table, to); });
}

void read_routes(TableReader& in, Configuration& to) {
    const auto catalogue = route_fields(to);
    bool has_default = false;
    in.tables("route", 200, [&](TableReader& table) {
        Route route{};
        table.take("match", route.match, list{route_match{catalogue, to}, 1, most_conditions});
        table.require("receivers", route.receivers, list{receiver_name{to.settings.receivers}, 1});
        if (has_default)
            table.problems().warning(table.where(), "no alert gets this far",
                                     "an earlier route without \"match\" takes them all");
        has_default = has_default || !table.has("match");
        to.policy.routes.push_back(std::move(route));
        to.route_places.push_back(table.where());
    });
    add_default_route(to);
}

void check_routes(const Configuration& configuration, const RuleSet& rules, Problems& problems) {
    std::vector<std::string_view> names, severity_names, scope_names;
    for (const auto& rule : rules.rules) names.push_back(rule.name);
    for (const auto& [name, value] : severities.choices) severity_names.push_back(name);
    for (const auto& [name, value] : scopes.choices) scope_names.push_back(name);
    for (const auto& one : configuration.route_values) {
        const auto* known = one.field == "rule"       ? &names
                            : one.field == "severity" ? &severity_names
                            : one.field == "scope"    ? &scope_names
                                                      : nullptr;
        if (!known || std::find(known->begin(), known->end(), one.value) != known->end()) continue;
        const auto meant = nearest(one.value, *known);
        problems.error(one.where, fmt::format("there is no {} '{}'", one.field, shown(one.value)),
                       meant.empty() ? "no alert would ever match" : fmt::format("did you mean '{}'?", meant));
    }
}

}  // namespace retaind::config

namespace retaind {

Result<Route::Match> parse_match(std::string_view text, std::span<const std::string_view> fields) {
    FieldCatalogue catalogue{.scope = Scope::row, .subject = "an alert"};
    for (const auto field : fields) catalogue.row_columns.emplace_back(field, ValueType::text);
    // A shell's single quotes leave only double ones for the texts inside.
    std::string written{text};
    if (written.find('\'') == written.npos) std::replace(written.begin(), written.end(), '"', '\'');
    const auto read = parse_condition(written, catalogue, {});
    const auto wrong = [&](const std::string& message, const std::string& hint) {
        return Error{.kind = ErrorKind::usage, .message = fmt::format("{}: {}", written, message), .hint = hint};
    };
    if (!read) return wrong(read.error().message, read.error().hint);
    auto match = config::as_match(*read);
    if (!match) return wrong("it must compare a field with texts", config::match_hint);
    return std::move(*match);
}

}  // namespace retaind
