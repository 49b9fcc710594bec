// The last screen of `retaind demo`: what was measured on the way, for people and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "retaind/alerts/alert.hpp"

namespace retaind {

struct DemoReport {
    struct Story {
        std::string name, entity, entity_name, rule, told;
        bool should_alert = true, as_it_should = false;
        std::optional<Day> found_on = {};
        std::string command = {};  ///< shows it, as it is typed into a shell
    };
    struct Feed {
        std::string dataset;
        Day from, to;
        /// Alerts about customers, messages to their managers, alerts to ops: done, and if silence counted as no use.
        std::size_t alerts = 0, messages = 0, to_ops = 0, alerts_if_zero = 0, messages_if_zero = 0;
    };

    Day first, last;                          ///< replayed
    std::optional<Alert> person = {};         ///< the one alert to begin with
    std::string customer_name, looked_after;  ///< whom it is about, and whose they are
    std::vector<Story> stories = {};
    std::optional<Feed> dark_feed = {};
    std::size_t left = 0, told_before = 0;  ///< customers that left; of whom somebody was told within 56 days before
    std::vector<double> lead_days = {};     ///< of those told, sorted
    std::vector<std::string> missed = {};   ///< names of the others
    std::size_t messages = 0;               ///< that went out
    std::vector<std::pair<std::string, std::string>> to_try = {};  ///< what it shows, and the command
    std::string folder = {};
};

/// At most 80 columns, but for paths that are longer.
std::string demo_text(const DemoReport& report);
std::string demo_json(const DemoReport& report);

}  // namespace retaind
