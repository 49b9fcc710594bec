#include "alert_pages.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "alerts.hpp"
#include "log.hpp"
#include "retaind/alerts/answer.hpp"
#include "retaind/rules/condition.hpp"

namespace retaind {
namespace {

constexpr std::string_view alert_path = "/alert/";

HttpReply html(int status, const std::string& page) {
    return {.status = status,
            .content_type = "text/html; charset=utf-8",
            .body = std::make_shared<const std::string>(page),
            .headers = {{"Content-Security-Policy", page_policy()}}};
}

HttpReply notice(int status, const PageSettings& settings, std::string title, std::string text) {
    return html(status, page_html(NoticePage{settings.brand, std::move(title), std::move(text)}));
}

/// Whether another site's page sent this: browsers say so. `Origin: null` is what our own pages send, which tell no
/// referrer; without the link nobody can act anyway.
bool comes_from_elsewhere(const HttpRequest& request, const PageSettings& settings) {
    const std::string_view site = request.header("sec-fetch-site");
    if (!site.empty()) return site != "same-origin" && site != "none";
    const std::string_view origin = request.header("origin");
    if (origin.empty() || origin == "null") return false;
    const std::string_view url = settings.external_url;
    const std::string_view own = url.substr(0, url.find('/', url.find("//") + 2));
    const std::size_t scheme = origin.find("//");
    const std::string_view host = scheme == origin.npos ? origin : origin.substr(scheme + 2);
    return origin != own && host != request.header("host");
}

std::string days_of(Seconds span) { return fmt::format("{} days", span / std::chrono::days{1}); }

std::string local_day(const PageSettings& settings, Instant at) { return format_day(settings.zone.local_day(at)); }

std::optional<ActKind> answered_kind(const HttpFields& form) {
    const auto found = form.find("answer");
    const auto kind = found == form.end() ? std::nullopt : parse_act_kind(found->second);
    const bool is_offered =
        kind == ActKind::seen || kind == ActKind::on_it || kind == ActKind::wrong || kind == ActKind::snooze;
    return is_offered ? kind : std::nullopt;
}

std::string field_of(const HttpFields& form, std::string_view name) {
    const auto found = form.find(name);
    return found == form.end() ? "" : found->second;
}

std::string thanks(const Act& act, const PageSettings& settings) {
    const std::string until = local_day(settings, act.until);
    switch (act.kind) {
        case ActKind::seen: return "Noted that you have seen it. No reminders until " + until + ".";
        case ActKind::on_it: return "Thank you: it is in your hands. No reminders until " + until + ".";
        case ActKind::wrong: return "Noted as wrong. It is not brought up again until " + until + ".";
        case ActKind::snooze: return "Put off. It comes back on " + until + " if it is still so.";
        case ActKind::resume:
        case ActKind::release: break;
    }
    return "Done.";
}

bool fires(const Alert& alert) { return alert.phase == AlertPhase::firing || alert.phase == AlertPhase::recovering; }

std::string who(const Alert& alert, const std::string& name) {
    if (!name.empty()) return name;
    if (!alert.customer_id.empty()) return alert.customer_id;
    switch (alert.key.scope) {
        case Scope::segment: return "Segment " + alert.key.entity;
        case Scope::portfolio: return "All customers";
        case Scope::source: return alert.key.entity.empty() ? "The data" : "Data: " + alert.key.entity;
        default: return alert.key.entity;
    }
}

/// In whose hands it is, or until when it is put off.
std::string in_hand(const Handling& handling, const PageSettings& settings) {
    std::string words;
    if (handling.acknowledged_until)
        words = handling.acknowledged_by + ", until " + local_day(settings, *handling.acknowledged_until);
    if (handling.snoozed_until)
        words += (words.empty() ? "" : "; ") + ("put off until " + local_day(settings, *handling.snoozed_until));
    return words.empty() ? "nobody yet" : words;
}

std::vector<AlertPage::Fact> facts_of(const AlertStory& story, const Handling& handling, const PageSettings& settings) {
    const Alert& alert = story.alert;
    std::vector<AlertPage::Fact> facts;
    const auto add = [&](std::string label, std::string text) { facts.push_back({std::move(label), std::move(text)}); };
    if (alert.firing_since) add("Since", format_day(*alert.firing_since));
    if (is_known(alert.revenue))
        add("Worth",
            format_value(Value::of(alert.revenue / minor_units), Format::money, settings.currency) + " a year");
    if (alert.deadline && fires(alert)) add("Mend by", format_day(*alert.deadline));
    if (!story.segment.empty()) add("Segment", story.segment);
    if (fires(alert)) add("In hand", in_hand(handling, settings));
    if (handling.called_wrong) add("Called", "wrong");
    return facts;
}

std::string over_words(const Alert& alert) {
    if (fires(alert)) return "";
    const std::string when = alert.ended_on ? " on " + format_day(*alert.ended_on) : "";
    if (alert.phase == AlertPhase::pending) return "This is over" + when + ". It may be about to come back.";
    if (alert.phase == AlertPhase::resolved) return "This is over: it has recovered" + when + ". Nothing to do.";
    return "This is over: closed" + when + (alert.closed_because.empty() ? "" : ", " + alert.closed_because) + ".";
}

/// Whether the reader had the account, and hears of the alert no more since it is another's.
bool gave_away(const Alert& alert, const std::string& person) {
    return fires(alert) && std::ranges::any_of(alert.told, [&](const Told& told) {
               return told.was_owner && told.recipient == person && told.episode == alert.episode;
           });
}

std::string closed_to(const Alert& alert, const std::string& person) {
    if (!gave_away(alert, person)) return over_words(alert);
    return "This is no longer yours: the account has another account manager now, who hears of it and can answer.";
}

}  // namespace

std::map<std::string, std::string> former_names(const RuleSet& rules) {
    std::map<std::string, std::string> names;
    for (const Rule& rule : rules.rules) {
        if (!rule.was.empty()) names[rule.was] = rule.name;
    }
    return names;
}

std::string alert_link(const std::string& external_url, const LinkTarget& target, const Secret& key) {
    if (external_url.empty()) return "";
    const std::string token = make_link_token(target, key);
    if (token.empty()) return "";
    const std::size_t end = external_url.find_last_not_of('/') + 1;
    return external_url.substr(0, end).append(alert_path).append(token);
}

/// Somebody who came by a link.
struct AlertPages::Visit {
    Instant now;
    PageSettings settings = {};
    std::string token = {};
    LinkTarget target = {};
    AlertStory story = {};
    std::string done = {}, problem = {}, until = {}, reason = {};
};

AlertPages::AlertPages(AlertDesk& desk, Clock& clock, Secret key,
                       std::function<std::string(const std::string&)> name_of)
    : desk_(desk), clock_(clock), key_(std::move(key)), name_of_(std::move(name_of)) {}

void AlertPages::configure(PageSettings settings) {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
}

HttpReply AlertPages::answer(const HttpRequest& request) {
    Visit visit{.now = clock_.now()};
    {
        const std::lock_guard lock(mutex_);
        visit.settings = settings_;
    }
    const std::size_t at = request.path.rfind(alert_path);  // external_url may have a path of its own
    if (at == request.path.npos)
        return notice(404, visit.settings, "Not here", "Links in messages lead to pages; there are no others yet.");
    visit.token = request.path.substr(at + alert_path.size());
    const std::optional<LinkTarget> target = read_link_token(visit.token, key_);
    if (!target)
        return notice(403, visit.settings, "This link does not work",
                      "It is not whole, or was not made here. Open it from the message again: some mail programs cut "
                      "long links in two.");
    if (target->expires <= visit.now)
        return notice(410, visit.settings, "This link has expired",
                      "Links hold for " + days_of(link_holds) +
                          ". Use the one in a newer message about it, or ask whoever runs this service.");
    visit.target = *target;
    const Result<std::optional<AlertStory>> story = find_story(target->key, visit.settings);
    if (!story) {
        log(story.error());
        return notice(503, visit.settings, "Try again in a moment", "The alerts cannot be looked at just now.");
    }
    if (!story->has_value())
        return notice(410, visit.settings, "This is over", "The alert ended so long ago that it is not kept any more.");
    visit.story = **story;
    if (visit.story.alert.episode != target->episode)
        return notice(410, visit.settings, "This is over",
                      "What this message told of has ended. It came back later: use the link in the newer message.");
    return request.method == "POST" ? act(request, visit) : show(visit, 200);
}

/// A message that was sent before its rule was renamed leads to the same alert.
Result<std::optional<AlertStory>> AlertPages::find_story(const AlertKey& key, const PageSettings& settings) {
    Result<std::optional<AlertStory>> story = desk_.story(key);
    const auto renamed = settings.renamed.find(key.rule);
    if (!story || story->has_value() || renamed == settings.renamed.end()) return story;
    AlertKey now = key;
    now.rule = renamed->second;
    return desk_.story(now);
}

HttpReply AlertPages::act(const HttpRequest& request, Visit& visit) {
    if (comes_from_elsewhere(request, visit.settings))
        return notice(403, visit.settings, "Not from there", "Open the link from the message and answer on its page.");
    if (is_too_fast(visit.token)) {
        HttpReply reply = notice(429, visit.settings, "Too fast", "Wait a second, then try again.");
        reply.headers["Retry-After"] = "1";
        return reply;
    }
    const auto refuse = [&](std::string problem, int status = 400) {
        visit.problem = std::move(problem);
        return show(visit, status);
    };
    if (gave_away(visit.story.alert, visit.target.person)) return refuse("That was not done: it is not yours.", 403);
    const std::optional<HttpFields> form = form_of(request);
    const std::optional<ActKind> kind = form ? answered_kind(*form) : std::nullopt;
    if (!kind) return refuse("That was no answer. Use one of the buttons below.");
    Answer answer{.kind = *kind,
                  .by = visit.target.person,
                  .via = "link",
                  .comment = field_of(*form, "comment"),
                  .looked_at = parse_severity(field_of(*form, "looked_at"))};
    visit.until = field_of(*form, "until");
    visit.reason = answer.comment;
    if (*kind == ActKind::snooze && !visit.until.empty()) {
        const std::optional<Day> day = parse_day(visit.until);
        if (!day) return refuse("That is not a day.");
        answer.until = visit.settings.zone.to_instant(*day, Seconds{0});
    }
    const Result<Act> acted = make_act(visit.story.alert, answer, visit.now);
    if (!acted) return refuse("That was not done: " + acted.error().message + ".");
    const Result<void> added = desk_.add(*acted);
    if (!added && added.error().kind == ErrorKind::usage)
        return refuse("That was not stored: " + added.error().message + ".", 429);
    if (!added) {
        log(added.error());
        return notice(503, visit.settings, "Try again in a moment", "Your answer could not be stored just now.");
    }
    log(LogLevel::info, fmt::format("{} {} by {} (link)", alert_name(acted->key), act_kind_name(*kind), acted->by),
        {.customer_id = visit.story.alert.customer_id, .rule = acted->key.rule});
    visit.story.acts.push_back(*acted);
    visit.done = thanks(*acted, visit.settings);
    if (acted->severity < visit.story.alert.severity)
        visit.done += " It has become critical since you opened this page: please look again.";
    visit.until.clear();
    visit.reason.clear();
    return show(visit, 200);
}

HttpReply AlertPages::show(const Visit& visit, int status) {
    const Alert& alert = visit.story.alert;
    const Handling handling = handling_of(alert, visit.story.acts, visit.now);
    const Instant tomorrow = visit.now + std::chrono::days{1};
    return html(status, page_html(AlertPage{.brand = visit.settings.brand,
                                            .who = who(alert, name_of_(alert.customer_id)),
                                            .mark = std::string(fires(alert) ? severity_name(alert.severity)
                                                                : alert.phase == AlertPhase::closed ? "closed"
                                                                                                    : "resolved"),
                                            .message = alert.message,
                                            .facts = facts_of(visit.story, handling, visit.settings),
                                            .reasons = alert.reasons,
                                            .advice = fires(alert) ? alert.advice : "",
                                            .done = visit.done,
                                            .problem = visit.problem,
                                            .over = closed_to(alert, visit.target.person),
                                            .reader = visit.target.person,
                                            .seen_for = days_of(seen_holds),
                                            .on_it_for = days_of(acknowledged_holds),
                                            .wrong_for = days_of(wrong_holds),
                                            .looked_at = std::string(severity_name(alert.severity)),
                                            .first_day = local_day(visit.settings, tomorrow),
                                            .last_day = local_day(visit.settings, visit.now + longest_act),
                                            .until = visit.until,
                                            .reason = visit.reason,
                                            .longest_comment = longest_comment}));
}

bool AlertPages::is_too_fast(const std::string& token) {
    const Instant now = clock_.now();
    if (now != second_) acts_.clear();
    second_ = now;
    return ++acts_[token] > acts_per_second;
}

}  // namespace retaind
