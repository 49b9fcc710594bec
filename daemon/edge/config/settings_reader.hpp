// retaind.toml, table by table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/config/secrets.hpp"
#include "edge/config/table_reader.hpp"
#include "retaind/ports/settings.hpp"
#include "retaind/rules/policy.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind::config {

/// What a match of a route says, and where: rules are known later than routes.
struct RouteValue {
    std::string field, value;
    Position where = {};
};

struct PackAsked {
    std::string name;
    Position where = {};
};

/// Everything read from one file.
struct Configuration {
    SecretOptions secrets = {};
    Settings settings = {};
    Policy policy = {};
    std::vector<PackAsked> packs = {};
    std::vector<RouteValue> route_values = {};
    std::vector<Position> route_places = {};  ///< parallel to policy.routes
};

void read_settings(TableReader& in, Configuration& to);

void read_daemon(TableReader& in, Configuration& to);
void read_state(TableReader& in, Configuration& to);
void read_sources(TableReader& in, Configuration& to);
void read_datasets(TableReader& in, Configuration& to);
void read_receivers(TableReader& in, Configuration& to);
void read_routes(TableReader& in, Configuration& to);
void read_policy(TableReader& in, Configuration& to);   ///< outcome, currency, calendar, people, alerts
void read_service(TableReader& in, Configuration& to);  ///< http, metrics, lease, backtest, log

/// After everything: what may not be missing, and what nobody uses.
void check_settings(TableReader& in, Configuration& to);
void warn_of_idle_keys(const Node& document, Problems& problems);  ///< set, and without effect in this version
void check_routes(const Configuration& configuration, const RuleSet& rules, Problems& problems);
void warn_of_idle_receivers(const Configuration& configuration, const RuleSet& rules, Problems& problems);
void warn_of_empty_roles(const Configuration& configuration, const RuleSet& rules, Problems& problems);

/// Roles and receivers that [alerts] escalation names.
struct escalation_audience {
    const std::vector<ReceiverSettings>& receivers;
    std::optional<std::vector<std::string>> operator()(const Item& item) const;
};

}  // namespace retaind::config
