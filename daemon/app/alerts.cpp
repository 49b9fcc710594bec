#include "alerts.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "edge/config/match.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/report/alert_report.hpp"
#include "edge/state/state.hpp"
#include "retaind/alerts/answer.hpp"
#include "turn.hpp"
#include "verbs.hpp"

namespace retaind {
namespace {

constexpr std::size_t shortest_prefix = 4;  ///< of an id: less is a typing error
constexpr std::size_t most_named = 5;       ///< candidates named in an error

Error usage(std::string message, std::string hint = {}) {
    return {.kind = ErrorKind::usage, .message = std::move(message), .hint = std::move(hint)};
}

bool is_prefix_of_id(const std::string& text) {
    return text.size() >= shortest_prefix && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// RULE/ENTITY means all dimensions of it, as long as there is only one.
bool is_named(const Alert& alert, const std::string& name) {
    return alert_name(alert.key) == name || alert.key.rule + "/" + alert.key.entity == name ||
           (is_prefix_of_id(name) && alert_id(alert.key).starts_with(name));
}

Error no_such_alert(const std::vector<Alert>& alerts, const std::string& name) {
    std::vector<std::string> names;
    for (const Alert& alert : alerts) names.push_back(alert_name(alert.key));
    const std::string meant = nearest(name, std::vector<std::string_view>(names.begin(), names.end()));
    return usage(fmt::format("there is no alert \"{}\"", name),
                 meant.empty() ? "`retaind alerts list --all` names all that are remembered"
                               : fmt::format("did you mean \"{}\"?", meant));
}

Result<Alert> find_alert(const std::vector<Alert>& alerts, const std::string& name) {
    std::vector<const Alert*> found;
    for (const Alert& alert : alerts) {
        if (is_named(alert, name)) found.push_back(&alert);
    }
    if (found.empty()) return no_such_alert(alerts, name);
    if (found.size() == 1) return *found.front();
    std::string candidates;
    for (std::size_t at = 0; at < found.size() && at < most_named; ++at)
        candidates += fmt::format("{}{} {}", at == 0 ? "" : ", ", alert_id(found[at]->key).substr(0, 8),
                                  alert_name(found[at]->key));
    return usage(fmt::format("\"{}\" may be any of {} alerts", name, found.size()), candidates);
}

Result<std::vector<Alert>> named_alerts(AlertDesk& desk, const std::vector<std::string>& names) {
    const Result<std::vector<Alert>> alerts = desk.alerts();
    if (!alerts) return alerts.error();
    std::vector<Alert> result;
    for (const std::string& name : names) {
        Result<Alert> alert = find_alert(*alerts, name);
        if (!alert) return alert.error();
        result.push_back(std::move(*alert));
    }
    return result;
}

const std::string& speaker(const AlertsScene& scene, const AlertsOptions& options) {
    return options.by.empty() ? scene.login : options.by;
}

AlertEntry entry_of(const Alert& alert, const std::vector<Act>& acts, Instant now) {
    return {.alert_id = alert_id(alert.key), .alert = alert, .handling = handling_of(alert, acts, now)};
}

Result<Said> list_alerts(const AlertsScene& scene, const Options& all_options) {
    const AlertsOptions& options = all_options.alerts;
    const Result<std::vector<Alert>> alerts = scene.desk.alerts();
    if (!alerts) return alerts.error();
    const Result<std::vector<Act>> acts = scene.desk.acts();
    if (!acts) return acts.error();
    std::vector<AlertEntry> entries;
    for (const Alert& alert : *alerts) {
        const bool wanted = (options.all || is_open(alert)) && (!options.held || alert.held) &&
                            (options.rule.empty() || alert.key.rule == options.rule) &&
                            (options.customer.empty() || alert.customer_id == options.customer) &&
                            (options.severity.empty() || severity_name(alert.severity) == options.severity);
        if (wanted) entries.push_back(entry_of(alert, *acts, scene.now));
    }
    sort_by_urgency(entries);
    return Said{all_options.json ? alerts_json(entries)
                                 : alerts_text(entries, scene.rules.policy.currency.base, scene.zone)};
}

Result<Said> show_alerts(const AlertsScene& scene, const Options& options) {
    const Result<std::vector<Alert>> alerts = named_alerts(scene.desk, options.alerts.names);
    if (!alerts) return alerts.error();
    Said said;
    for (const Alert& alert : *alerts) {
        Result<std::optional<AlertStory>> story = scene.desk.story(alert.key);
        if (!story) return story.error();
        if (!story->has_value()) return usage(alert_name(alert.key) + " is not remembered any more");
        const AlertReport report{.entry = entry_of((*story)->alert, (*story)->acts, scene.now),
                                 .story = **story,
                                 .currency = scene.rules.policy.currency.base,
                                 .zone = scene.zone};
        if (!options.json && !said.text.empty()) said.text += "\n";
        said.text += options.json ? alert_story_json(report) : alert_story_text(report);
    }
    return said;
}

Result<Answer> asked_answer(const AlertsScene& scene, const AlertsOptions& options) {
    Answer answer{.by = speaker(scene, options), .via = "command", .comment = options.comment};
    if (options.verb == AlertsVerb::resume)
        answer.kind = ActKind::resume;
    else if (options.verb == AlertsVerb::snooze)
        answer.kind = ActKind::snooze;
    else
        answer.kind = options.wrong ? ActKind::wrong : options.seen ? ActKind::seen : ActKind::on_it;
    if (options.until.empty()) return answer;
    const Result<Instant> until = parse_time(options.until, scene.zone, scene.now);
    if (!until) return until.error();
    answer.until = *until;
    return answer;
}

/// Whether all of them can be answered so is asked before the first is.
Result<Said> act_on_alerts(const AlertsScene& scene, const Options& options) {
    const Result<Answer> answer = asked_answer(scene, options.alerts);
    if (!answer) return answer.error();
    const Result<std::vector<Alert>> alerts = named_alerts(scene.desk, options.alerts.names);
    if (!alerts) return alerts.error();
    std::vector<Act> acts;
    for (const Alert& alert : *alerts) {
        Result<Act> act = make_act(alert, *answer, scene.now);
        if (!act) return act.error();
        acts.push_back(std::move(*act));
    }
    for (const Act& act : acts) {
        if (const Result<void> added = scene.desk.add(act); !added) return added.error();
    }
    return Said{options.json ? acts_json(acts) : acts_text(acts)};
}

// -- silences ---------------------------------------------------------------------------------------------------------

/// A name that no alert will ever have makes a silence that never silences.
Result<void> check_names(const AlertsScene& scene, const Route::Match& match) {
    std::vector<std::string_view> known;
    if (match.field == "rule")
        for (const Rule& rule : scene.rules.rules) known.emplace_back(rule.name);
    if (match.field == "severity") known = {"info", "warning", "critical"};
    if (match.field == "scope") known = {"customer", "promise", "segment", "portfolio", "source"};
    if (known.empty()) return {};
    for (const std::string& value : match.values) {
        if (std::ranges::count(known, value) > 0 || builtin_rule(value)) continue;
        const std::string meant = nearest(value, known);
        return usage(fmt::format("there is no {} '{}'", match.field, value),
                     meant.empty() ? "nothing would ever match" : fmt::format("did you mean '{}'?", meant));
    }
    return {};
}

Result<AlertSilence> asked_silence(const AlertsScene& scene, const AlertsOptions& options) {
    AlertSilence silence;
    silence.from = scene.now;
    silence.author = speaker(scene, options);
    for (const std::string& text : options.match) {
        const Result<Route::Match> match = parse_match(text, silence_fields);
        if (!match) return match.error();
        if (const Result<void> known = check_names(scene, *match); !known) return known.error();
        silence.match.push_back(*match);
    }
    if (!options.from.empty()) {
        const Result<Instant> from = parse_time(options.from, scene.zone, scene.now);
        if (!from) return from.error();
        silence.from = *from;
    }
    const Result<Instant> until = parse_time(options.until, scene.zone, scene.now);
    if (!until) return until.error();
    silence.until = *until;
    const Result<std::string> comment = clean_comment(options.comment);
    if (!comment) return comment.error();
    silence.comment = *comment;
    if (silence.comment.empty()) return usage("a silence needs a comment", "say why, for whoever asks later");
    if (silence.until <= std::max(silence.from, scene.now)) return usage("the silence would end before it begins");
    if (silence.until - silence.from > longest_silence)
        return usage(fmt::format("a silence lasts at most {} days", longest_silence / std::chrono::days{1}));
    return silence;
}

Result<Said> list_silences(const AlertsScene& scene, const Options& options) {
    const auto silences = scene.desk.silences(scene.now, options.alerts.all);
    if (!silences) return silences.error();
    return Said{options.json ? silences_json(*silences) : silences_text(*silences, scene.now)};
}

Result<Said> end_silence(const AlertsScene& scene, const Options& options) {
    const std::string& id = options.alerts.end;
    const Result<bool> ended = scene.desk.end_silence(id, scene.now, speaker(scene, options.alerts));
    if (!ended) return ended.error();
    if (!*ended)
        return usage(fmt::format("there is no silence \"{}\" that is not over", id), "see alerts silence --list");
    return Said{options.json ? count_json("ended", 1) : fmt::format("{} is over\n", id)};
}

/// Open alerts that a silence keeps quiet from the start. The segment is known of those that somebody was told of.
Result<std::size_t> count_silenced(AlertDesk& desk, const AlertSilence& silence) {
    const Result<std::vector<Alert>> alerts = desk.alerts();
    if (!alerts) return alerts.error();
    const bool needs_segment =
        std::ranges::any_of(silence.match, [](const auto& match) { return match.field == "segment"; });
    std::size_t count = 0;
    for (const Alert& alert : *alerts) {
        if (!is_open(alert)) continue;
        AlertFacts facts{.key = alert.key,
                         .severity = alert.severity,
                         .customer_id = alert.customer_id,
                         .account_manager = alert.owner};
        if (needs_segment) {
            const Result<std::optional<AlertStory>> story = desk.story(alert.key);
            if (!story) return story.error();
            if (story->has_value()) facts.segment = story->value().segment;
        }
        count += matches(silence, facts) ? 1 : 0;
    }
    return count;
}

Result<Said> add_silence(const AlertsScene& scene, const Options& options) {
    if (options.alerts.list) return list_silences(scene, options);
    if (!options.alerts.end.empty()) return end_silence(scene, options);
    Result<AlertSilence> silence = asked_silence(scene, options.alerts);
    if (!silence) return silence.error();
    const Result<std::string> id = scene.desk.add(*silence, scene.now);
    if (!id) return id.error();
    silence->id = *id;
    if (options.json) return Said{silences_json({*silence})};
    const Result<std::size_t> count = count_silenced(scene.desk, *silence);
    if (!count) return count.error();
    return Said{silences_text({*silence}, scene.now) + fmt::format("matches {} of the open alerts\n", *count)};
}

// -- release, requeue, quality ----------------------------------------------------------------------------------------

Result<Said> release_alerts(const AlertsScene& scene, const Options& options) {
    const Result<std::vector<Alert>> alerts = named_alerts(scene.desk, options.alerts.names);
    if (!alerts) return alerts.error();
    std::vector<AlertKey> keys;
    for (const Alert& alert : *alerts) {
        if (!alert.held) return usage(alert_name(alert.key) + " is not held", "see alerts list --held");
        keys.push_back(alert.key);
    }
    const Result<std::uint64_t> count = scene.desk.release(keys, scene.now, speaker(scene, options.alerts));
    if (!count) return count.error();
    return Said{options.json ? count_json("released", *count)
                             : fmt::format("{} held alerts are told with the next cycle\n", *count)};
}

Result<Said> requeue_deliveries(const AlertsScene& scene, const Options& options) {
    const Requeue which{.delivery_ids = options.alerts.names, .receiver = options.alerts.receiver};
    const Result<Requeued> requeued = scene.desk.requeue(which, scene.now, speaker(scene, options.alerts));
    if (!requeued) return requeued.error();
    std::vector<std::string> not_found;
    for (const std::string& id : which.delivery_ids) {
        const bool is_found = std::ranges::count(requeued->queued, id) + std::ranges::count(requeued->over, id) > 0;
        if (!is_found) not_found.push_back(id);
    }
    return Said{options.json ? requeued_json(*requeued, not_found) : requeued_text(*requeued, not_found),
                not_found.empty() ? 0 : 1};
}

Result<Said> judge_rules(const AlertsScene& scene, const Options& options) {
    const Result<std::vector<RuleQuality>> qualities = scene.desk.quality();
    if (!qualities) return qualities.error();
    std::vector<JudgedRule> judged;
    for (const RuleQuality& quality : *qualities) {
        judged.push_back({.quality = quality, .min_precision = precision_floor(scene.rules, quality.rule)});
    }
    const bool missed = std::ranges::any_of(judged, is_below_floor);
    return Said{options.json ? quality_json(judged) : quality_text(judged), missed ? 1 : 0};
}

/// Behind sudo it is still the person who typed.
std::string login_name() {
    if (const char* person = std::getenv("SUDO_USER")) return person;
    const passwd* entry = getpwuid(getuid());
    return entry ? entry->pw_name : std::to_string(getuid());
}

}  // namespace

Result<Instant> parse_time(const std::string& text, const Zone& zone, Instant now) {
    if (const std::optional<Seconds> span = parse_duration(text)) return now + *span;
    const std::optional<Moment> moment = parse_moment(text);
    if (!moment) return usage(fmt::format("\"{}\" is neither a day nor a duration", text), "as in 2026-03-01 or 14d");
    const Seconds time = moment->time_of_day.value_or(Seconds{0});
    if (moment->utc_offset) return moment->day + time - *moment->utc_offset;
    return zone.to_instant(moment->day, time);
}

Result<Said> answer_alerts(const AlertsScene& scene, const Options& options) {
    switch (options.alerts.verb) {
        case AlertsVerb::list: return list_alerts(scene, options);
        case AlertsVerb::show: return show_alerts(scene, options);
        case AlertsVerb::ack:
        case AlertsVerb::snooze:
        case AlertsVerb::resume: return act_on_alerts(scene, options);
        case AlertsVerb::silence: return add_silence(scene, options);
        case AlertsVerb::release: return release_alerts(scene, options);
        case AlertsVerb::requeue: return requeue_deliveries(scene, options);
        case AlertsVerb::quality: break;
    }
    return judge_rules(scene, options);
}

int run_alerts(const Options& options) {
    const std::unique_ptr<Company> company = open_company(options);
    if (!company) return exit_code(ErrorKind::config);
    const Result<std::unique_ptr<AlertDesk>> desk = open_desk(
        company->settings().state,
        {.directory = state_directory(options.state_directory, company->settings()), .access = StateAccess::companion});
    if (!desk) return fail(desk.error());
    SystemClock clock;
    const Result<Said> said = answer_alerts(
        {.desk = **desk, .rules = company->rules(), .zone = company->zone(), .now = clock.now(), .login = login_name()},
        options);
    if (!said) return fail(said.error());
    std::fputs(said->text.c_str(), stdout);
    return said->code;
}

}  // namespace retaind
