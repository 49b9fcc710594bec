// The small pages behind the links in messages: who answers which alert is in the link, so there is no log-in. GET and
// HEAD only show; POST acts. Programs that follow every link in a mail do no harm.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "edge/http/http.hpp"
#include "edge/link/link.hpp"
#include "edge/pages/pages.hpp"
#include "retaind/ports/alert_desk.hpp"
#include "retaind/ports/clock.hpp"
#include "retaind/rules/ruleset.hpp"

namespace retaind {

/// What pages say that is configured.
struct PageSettings {
    std::string brand = {}, external_url = {}, currency = {};
    Zone zone = {};                                   ///< in which days begin
    std::map<std::string, std::string> renamed = {};  ///< by former name: what a rule is called now
};

/// As in PageSettings::renamed.
std::map<std::string, std::string> former_names(const RuleSet& rules);

/// The address of an alert's page for one reader; "" without an external_url or a key, or when ids are too long.
std::string alert_link(const std::string& external_url, const LinkTarget& target, const Secret& key);

class AlertPages {
public:
    /// `name_of` gives a customer's name, or "". The desk is used by whoever calls answer(), one at a time.
    AlertPages(AlertDesk& desk, Clock& clock, Secret key, std::function<std::string(const std::string&)> name_of);

    /// From any thread: what a reload changed.
    void configure(PageSettings settings);

    /// /alert/TOKEN; everything else is 404.
    HttpReply answer(const HttpRequest& request);

private:
    struct Visit;
    Result<std::optional<AlertStory>> find_story(const AlertKey& key, const PageSettings& settings);
    HttpReply act(const HttpRequest& request, Visit& visit);
    HttpReply show(const Visit& visit, int status);
    bool is_too_fast(const std::string& token);

    AlertDesk& desk_;
    Clock& clock_;
    const Secret key_;
    const std::function<std::string(const std::string&)> name_of_;
    std::mutex mutex_;
    PageSettings settings_;                 ///< under the mutex
    Instant second_ = {};                   ///< of the counts
    std::map<std::string, int> acts_ = {};  ///< by token, in this second
};

/// One link answers no more often.
inline constexpr int acts_per_second = 3;

}  // namespace retaind
