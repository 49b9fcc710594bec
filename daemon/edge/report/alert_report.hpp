// What `alerts ...` says of alerts and of what people do with them: text for people, JSON as the stable contract.
#pragma once

#include <string>
#include <vector>

#include "retaind/alerts/handling.hpp"
#include "retaind/alerts/ledger.hpp"
#include "retaind/ports/alert_desk.hpp"

namespace retaind {

/// An alert, and how people handle it.
struct AlertEntry {
    std::string alert_id;  ///< 32 hex digits
    Alert alert;
    Handling handling;
};

/// Most urgent first, what is over last.
void sort_by_urgency(std::vector<AlertEntry>& entries);

/// Days of people are those of the zone.
std::string alerts_text(const std::vector<AlertEntry>& entries, const std::string& currency, const Zone& zone);
std::string alerts_json(const std::vector<AlertEntry>& entries);

/// Everything about one alert: what it says and why, who has it in hand, who was told what and how that went, what
/// people answered, and the steps it took.
struct AlertReport {
    AlertEntry entry;
    AlertStory story;
    std::string currency = {};
    Zone zone = {};
};
std::string alert_story_text(const AlertReport& report);
std::string alert_story_json(const AlertReport& report);

std::string acts_text(const std::vector<Act>& acts);
std::string acts_json(const std::vector<Act>& acts);

std::string silences_text(const std::vector<AlertSilence>& silences, Instant now);
std::string silences_json(const std::vector<AlertSilence>& silences);

/// A rule's record, held against its floor (missing: none).
struct JudgedRule {
    RuleQuality quality;
    double min_precision = missing;
};
bool is_below_floor(const JudgedRule& rule);
std::string quality_text(const std::vector<JudgedRule>& rules);
std::string quality_json(const std::vector<JudgedRule>& rules);

/// `not_found`: deliveries that were asked for and are not there, or were not given up.
std::string requeued_text(const Requeued& requeued, const std::vector<std::string>& not_found);
std::string requeued_json(const Requeued& requeued, const std::vector<std::string>& not_found);

std::string count_json(const std::string& name, std::uint64_t count);  ///< {"released": 3}

}  // namespace retaind
