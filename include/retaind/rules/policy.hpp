// What retaind.toml says that the core needs to know: outcomes, currency, calendar, alerting, routes, roles.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "retaind/base/time.hpp"
#include "retaind/model/snapshot.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {

/// [outcome]: which statuses are churn, and how far apart two subscriptions still are one.
struct Outcome {
    std::vector<std::string> churn = {"cancelled"};
    int gap_days = 14;
};

/// [calendar]: working days, for deadlines; off-season days, in which a missing event is not a miss.
struct Calendar {
    std::vector<int> weekdays = {1, 2, 3, 4, 5};  ///< ISO: Monday is 1
    std::vector<Day> holidays = {};
    std::vector<OffSeason> off_season = {};
};

/// A default step of escalation: after so long without an answer, these roles or receivers are told too.
struct EscalationStep {
    Seconds after;
    std::vector<std::string> notify = {};
};

/// [alerts]: the life of alerts as a whole (ALERTS.md).
struct AlertPolicy {
    int budget_per_week = 10;
    std::string digest = "08:00";                  ///< local time of the receiver
    std::string quiet_hours = {};                  ///< "20:00-07:00", local time of the receiver; "": none
    Seconds stale_ops_after = Seconds{24 * 3600};  ///< a feed stale for so long is one alert to ops
    double blast_share = 0.1;                      ///< of the customers; more transitions than this
    int blast_min = 10;                            ///< and than this, in one cycle, are held
    std::vector<EscalationStep> escalation = {};   ///< of rules without steps of their own, ascending
    double rows_low = 0.5, rows_high = 2.0;        ///< guard band of a feed's rows around their 14-day median
    double min_precision = missing;                ///< how often a rule must be right, 0..1; missing: no floor
};

/// [[route]]: the first whose conditions hold names the receivers; fields of the alert (rule, scope, severity, entity)
/// and customer fields.
struct Route {
    struct Match {
        std::string field;
        bool negated = false;
        std::vector<std::string> values;
        bool operator==(const Match&) const = default;
    };
    std::vector<Match> match = {};  ///< all must hold; empty matches everything
    std::vector<std::string> receivers = {};
};

/// [people.defaults]: where roles end when the dataset has nobody. Person ids or e-mail addresses.
struct RoleDefaults {
    std::string lead, deputy, ops;
};

/// What the core knows about a receiver: whether its messages go to a person.
struct ReceiverTraits {
    std::string name;
    bool addresses_people = false;   ///< `to = "{recipient}"`: one message per person
    bool is_machine = false;         ///< webhook, alertmanager, file: told of every change at once, and of nothing else
    bool wants_restating = false;    ///< alertmanager: told at every cycle of all that fires
    std::string digest = {};         ///< local time of its digest; "": [alerts] digest
    Seconds heartbeat = Seconds{0};  ///< how often it hears that all works, whatever routes lead to it; zero: never
};

struct Policy {
    Outcome outcome = {};
    Currency currency = {};
    Calendar calendar = {};
    AlertPolicy alerts = {};
    std::vector<Route> routes = {};
    std::vector<ReceiverTraits> receivers = {};  ///< never empty: without any, the built-in file receiver
    RoleDefaults defaults = {};
    std::string brand = {}, external_url = {};
    Zone zone = {};                                                        ///< the daemon's
    std::map<std::string, std::string, std::less<>> dataset_sources = {};  ///< dataset -> source
};

}  // namespace retaind
