// What is in force, as TOML that a person can read and a diff can compare. Secrets are named, never shown.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "edge/config/config.hpp"
#include "edge/config/pack.hpp"
#include "edge/config/secrets.hpp"

namespace retaind {

using namespace config;

namespace {

/// Whatever a secret slipped into.
std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : without_secrets(text)) {
        if (c == '"' || c == '\\') result += '\\';
        if (c == '\n')
            result += "\\n";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        else
            result += c;
    }
    return result + '"';
}

std::string toml(const std::string& text) { return in_quotes(text); }
std::string toml(bool value) { return value ? "true" : "false"; }
std::string toml(int value) { return fmt::format("{}", value); }
std::string toml(double value) { return fmt::format("{}", value); }
std::string toml(Seconds span) { return in_quotes(format_duration(span)); }
std::string toml(Day day) { return format_day(day); }
std::string toml(const Condition& condition) { return in_quotes(condition.text); }
std::string toml(const Template& text) { return in_quotes(text.text); }
std::string toml(const std::pair<double, double>& point) { return fmt::format("[{}, {}]", point.first, point.second); }

template <class T>
std::string toml(const std::vector<T>& all) {
    std::string result;
    for (const auto& one : all) result += (result.empty() ? "" : ", ") + toml(one);
    return "[" + result + "]";
}

std::string days(double count) {
    const auto seconds = Seconds{static_cast<std::int64_t>(count * 86400)};
    return toml(seconds);
}

template <class T>
std::string_view name_of_choice(const one_of<T>& choices, T value) {
    for (const auto& [name, choice] : choices.choices)
        if (choice == value) return name;
    return "";
}

class Writer {
public:
    void table(std::string_view name) { text_ += fmt::format("{}[{}]\n", text_.empty() ? "" : "\n", name); }
    void element(std::string_view name) { text_ += fmt::format("\n[[{}]]\n", name); }

    template <class T>
    void key(std::string_view name, const T& value) {
        raw(name, toml(value));
    }
    void raw(std::string_view name, std::string_view value) { text_ += fmt::format("{} = {}\n", name, value); }

    /// Only what says something.
    void text(std::string_view name, const std::string& value) {
        if (!value.empty()) key(name, value);
    }
    template <class T>
    void list(std::string_view name, const std::vector<T>& all) {
        if (!all.empty()) key(name, all);
    }
    void secret(std::string_view name, const Secret& secret) {
        if (!secret.empty()) raw(name, "\"(set)\"");
    }
    void comment(std::string_view text) { text_ += fmt::format("# {}\n", text); }

    std::string finish() && { return std::move(text_); }

private:
    std::string text_ = {};
};

// -- settings ---------------------------------------------------------------------------------------------------------

std::string_view backend_name(Backend backend) {
    constexpr std::array names = {"sqlite3", "postgresql", "mysql", "odbc"};
    return names[static_cast<std::size_t>(backend)];
}

std::string_view receiver_type_name(ReceiverType type) {
    constexpr std::array names = {"email", "webhook", "slack", "alertmanager", "file"};
    return names[static_cast<std::size_t>(type)];
}

void write_daemon(Writer& out, const Settings& settings) {
    out.table("daemon");
    if (settings.schedule.empty())
        out.key("interval", settings.interval);
    else
        out.key("schedule", settings.schedule);
    out.key("timezone", settings.timezone);
    out.key("language", settings.language);
    out.key("rules", settings.rule_files);
    out.key("history", settings.history);
    out.text("external_url", settings.external_url);
    out.text("brand", settings.brand);
    out.key("threads", settings.threads);
}

void write_state(Writer& out, const StateSettings& state) {
    out.table("state");
    out.key("backend", std::string{backend_name(state.backend)});
    out.text("connection", state.connection);
    out.secret("password_file", state.password);
}

void write_retention(Writer& out, const RetentionSettings& retention) {
    out.table("state.retention");
    out.key("payloads", retention.payloads);
    out.key("scores", retention.scores);
    out.key("audit", retention.audit);
    out.key("rejects", retention.rejects);
}

void write_source(Writer& out, const SourceSettings& source) {
    out.table("source." + source.name);
    out.key("backend", std::string{backend_name(source.backend)});
    out.key("connection", source.connection);
    out.secret("password_file", source.password);
    out.key("timeout", source.timeout);
    out.key("connect_timeout", source.connect_timeout);
    out.key("connections", source.connections);
    out.key("bad_rows", source.bad_rows);
}

void write_dataset(Writer& out, const DatasetSettings& dataset) {
    out.table("dataset." + dataset.name);
    out.key("source", dataset.source);
    out.key("query", dataset.query);
    if (dataset.kind == DatasetKind::events) out.key("kind", std::string{"events"});
    out.text("watermark", dataset.watermark);
    out.key("overlap", dataset.overlap);
    out.key("overlap_every", dataset.overlap_every);
    if (dataset.stale_after) out.key("stale_after", *dataset.stale_after);
    out.key("delay", dataset.delay);
    out.text("timezone", dataset.timezone);
    out.key("read", std::string{dataset.pushdown ? "pushdown" : "rows"});
}

void write_receiver(Writer& out, const ReceiverSettings& receiver) {
    out.table("receiver." + receiver.name);
    out.key("type", std::string{receiver_type_name(receiver.type)});
    out.text("smtp", receiver.smtp);
    out.text("user", receiver.user);
    out.secret("password_file", receiver.password);
    out.text("from", receiver.from);
    out.text("reply_to", receiver.reply_to);
    out.text("to", receiver.to);
    if (receiver.type == ReceiverType::email) out.key("tls", std::string{receiver.tls_required ? "required" : "none"});
    out.secret("url", receiver.url);
    out.secret("hmac_key_file", receiver.hmac_key);
    out.secret("hmac_old_key_file", receiver.hmac_old_key);
    out.text("path", receiver.path);
    out.list("fields", receiver.fields);
    out.text("digest", receiver.digest);
    if (receiver.heartbeat > Seconds{0}) out.key("heartbeat", receiver.heartbeat);
    out.key("timeout", receiver.timeout);
    out.key("max_per_minute", receiver.max_per_minute);
}

void write_service(Writer& out, const Settings& settings) {
    out.table("http");
    out.key("listen", settings.http.listen.listen);
    out.text("tls_cert", settings.http.tls_cert);
    out.text("tls_key_file", settings.http.tls_key_file);
    out.text("users_file", settings.http.users_file);
    out.key("behind_proxy", settings.http.behind_proxy);
    out.key("max_connections", settings.http.listen.max_connections);
    out.table("metrics");
    out.key("listen", settings.metrics.listen.listen);
    out.key("customers", settings.metrics.customers);
    out.key("segments_max", settings.metrics.segments_max);
    out.key("sellers", settings.metrics.sellers);
    out.table("lease");
    out.key("ttl", settings.lease.ttl);
    out.key("renew", settings.lease.renew);
    out.key("stop", settings.lease.stop);
    if (!settings.backtest.empty()) out.table("backtest");
    for (const auto& [name, floor] : settings.backtest) out.key(name, floor);
    out.table("log");
    out.key("level", settings.log.level);
    out.key("format", settings.log.format);
}

// -- policy -----------------------------------------------------------------------------------------------------------

void write_currency(Writer& out, const Currency& currency) {
    if (currency.base.empty() && currency.fallback.empty()) return;
    out.table("currency");
    out.text("base", currency.base);
    out.text("default", currency.fallback);
    std::string rates;
    for (const auto& [name, rate] : currency.rates)
        rates += fmt::format("{}{} = {}", rates.empty() ? "" : ", ", name, rate);
    if (!rates.empty()) out.raw("rates", "{ " + rates + " }");
}

void write_calendar(Writer& out, const Calendar& calendar) {
    out.table("calendar");
    out.key("weekdays", calendar.weekdays);
    out.list("holidays", calendar.holidays);
    for (const auto& season : calendar.off_season) {
        out.element("calendar.off_season");
        out.text("segment", season.segment);
        out.key("from", season.from);
        out.key("to", season.to);
    }
}

void write_alerts(Writer& out, const AlertPolicy& alerts) {
    out.table("alerts");
    out.key("budget_per_week", alerts.budget_per_week);
    out.key("digest", alerts.digest);
    out.text("quiet_hours", alerts.quiet_hours);
    out.key("stale_ops_after", alerts.stale_ops_after);
    out.key("blast_share", alerts.blast_share);
    out.key("blast_min", alerts.blast_min);
    if (is_known(alerts.min_precision)) out.key("min_precision", alerts.min_precision);
    for (const auto& step : alerts.escalation) {
        out.element("alerts.escalation");
        out.key("after", step.after);
        out.key("notify", step.notify);
    }
}

std::string match_text(const Route::Match& match) {
    if (match.values.size() == 1)
        return fmt::format("{} {} '{}'", match.field, match.negated ? "!=" : "==", match.values[0]);
    std::string values;
    for (const auto& value : match.values) values += fmt::format("{}'{}'", values.empty() ? "" : ", ", value);
    return fmt::format("{} in [{}]", match.field, values);
}

void write_policy(Writer& out, const Policy& policy) {
    out.table("outcome");
    out.key("churn", policy.outcome.churn);
    out.key("gap_days", policy.outcome.gap_days);
    write_currency(out, policy.currency);
    write_calendar(out, policy.calendar);
    out.table("people.defaults");
    out.text("lead", policy.defaults.lead);
    out.text("deputy", policy.defaults.deputy);
    out.text("ops", policy.defaults.ops);
    write_alerts(out, policy.alerts);
    for (const auto& route : policy.routes) {
        out.element("route");
        std::vector<std::string> matches;
        for (const auto& match : route.match) matches.push_back(match_text(match));
        out.list("match", matches);
        out.key("receivers", route.receivers);
    }
}

// -- rules ------------------------------------------------------------------------------------------------------------

struct ScaleText {
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(const RampScale& s) const {
        return fmt::format("{{ ramp = {{ bad = {}, good = {} }} }}", s.bad, s.good);
    }
    std::string operator()(const PointScale& s) const { return fmt::format("{{ points = {} }}", toml(s.points)); }
    std::string operator()(const StepScale& s) const { return fmt::format("{{ steps = {} }}", toml(s.steps)); }
    std::string operator()(const RecencyScale& s) const {
        return fmt::format("{{ recency = {{ grace = {}, halflife = {} }} }}", s.grace, s.halflife);
    }
    std::string operator()(const CohortScale& s) const {
        return fmt::format("{{ cohort = {{ by = {}, delta = {}, halflife = {}, min = {} }} }}", toml(s.by), s.delta,
                           days(s.halflife), s.min);
    }
    std::string operator()(const CategoryScale& s) const {
        std::string scores;
        for (const auto& [name, score] : s.scores)
            scores += fmt::format("{}{} = {}", scores.empty() ? "" : ", ", in_quotes(name), score);
        return fmt::format("{{ category = {{ {} }} }}", scores);
    }
    std::string operator()(const IdentityScale&) const { return "{ identity = true }"; }
};

std::string missing_text(const WhenMissing& missing_rule) {
    if (missing_rule.prior) return "\"prior\"";
    return missing_rule.score == 0 ? "\"worst\"" : fmt::format("{}", missing_rule.score);
}

void write_signal(Writer& out, const std::string& prefix, const Signal& signal, const RuleSet& rules) {
    out.table(prefix + signal.name);
    out.key("group", rules.groups[static_cast<std::size_t>(signal.group)].name);
    out.key("weight", signal.weight);
    out.key("from", signal.from);
    out.text("field", signal.field);
    out.list("where", signal.where_rows);
    out.list("of", signal.of);
    out.key("measure", std::string{name_of_choice(measures, signal.measure)});
    out.key("window", signal.window);
    if (signal.measure == Measure::ratio) {
        out.key("baseline", signal.baseline);
        out.key("c", signal.ratio_c);
    }
    if (signal.per) out.key("per", signal.per->name);
    out.list("applies", signal.applies);
    const auto scale_text = std::visit(ScaleText{}, signal.scale);
    if (!scale_text.empty()) out.raw("scale", scale_text);
    out.key("silence", std::string{signal.silence == Silence::zero ? "zero" : "missing"});
    out.raw("missing", missing_text(signal.when_missing));
    if (signal.carry.count() > 0) out.key("carry", signal.carry);
    out.raw("max_age", days(signal.max_age));
    out.raw("stale_halflife", days(signal.stale_halflife));
    if (signal.grace) out.raw("grace", days(*signal.grace));
}

void write_trigger(Writer& out, const Trigger& trigger) {
    out.list("when", trigger.when);
    out.list("any", trigger.any);
    out.list("clear", trigger.clear);
    if (trigger.clear_is_negation) out.comment("clear: when the above is known not to hold");
    out.key("for", trigger.hold);
}

std::string deadline_text(const Deadline& deadline) {
    switch (deadline.kind) {
        case Deadline::Kind::notice: return "notice";
        case Deadline::Kind::renewal: return "renewal";
        case Deadline::Kind::due: return "due";
        case Deadline::Kind::after_opening: return format_duration(deadline.after);
        case Deadline::Kind::none: break;
    }
    return "";
}

void write_advice(Writer& out, const Advice& advice) {
    if (advice.size() == 1 && advice[0].first.empty()) return out.key("advice", advice[0].second);
    std::string texts;
    for (const auto& [motion, text] : advice)
        texts += (texts.empty() ? "" : ", ") +
                 without_secrets(fmt::format("{} = {}", motion.empty() ? "default" : in_quotes(motion), toml(text)));
    if (!texts.empty()) out.raw("advice", "{ " + texts + " }");
}

void write_rule(Writer& out, const std::string& prefix, const Rule& rule) {
    out.table(prefix + rule.name);
    out.key("scope", std::string{name_of_choice(scopes, rule.scope)});
    out.text("was", rule.was);
    out.list("applies", rule.applies);
    write_trigger(out, rule.trigger);
    out.key("keep_firing_for", rule.keep_firing_for);
    out.key("severity", std::string{name_of_choice(severities, rule.severity)});
    out.list("notify", rule.notify);
    out.text("doer", rule.doer);
    out.key("message", rule.message);
    write_advice(out, rule.advice);
    out.text("deadline", deadline_text(rule.deadline));
    out.key("cooldown", rule.cooldown);
    out.key("repeat", rule.repeat);
    if (is_known(rule.min_precision)) out.key("min_precision", rule.min_precision);
    if (!rule.reads.empty()) out.comment("reads " + toml(rule.reads));
    if (rule.critical) {
        out.table(prefix + rule.name + ".critical");
        write_trigger(out, *rule.critical);
    }
    for (const auto& step : rule.steps) {
        out.element(prefix + rule.name + ".step");
        out.key("after", step.after);
        out.key("notify", step.notify);
        if (step.advice) out.key("advice", *step.advice);
    }
}

void write_health(Writer& out, const HealthRules& health) {
    out.table("health");
    out.raw("bands", fmt::format("{{ healthy = {}, watch = {} }}", health.healthy, health.watch));
    out.key("hysteresis", health.hysteresis);
    out.key("coverage_floor", health.coverage_floor);
    out.key("smoothing", health.smoothing);
    out.key("prior", health.prior);
    out.key("weakest", health.weakest);
    out.key("pulse_expires", health.pulse_expires);
}

void write_promises(Writer& out, const PromiseRules& promises) {
    out.table("promises");
    out.raw("grace", days(promises.grace));
    out.key("evidence_days", promises.evidence_days);
    out.key("memory_days", promises.memory_days);
    out.key("on_track", promises.on_track);
    out.key("off_track", promises.off_track);
    out.key("gamma", promises.gamma);
    out.key("a0", promises.a0);
    out.key("b0", promises.b0);
    out.raw("quality_delay", days(promises.quality_delay));
}

void write_term(Writer& out, const RiskTerm& term) {
    constexpr std::array transforms = {"id", "ln1p", "asinh"};
    out.element("risk.term");
    out.key("feature", term.feature.name);
    out.key("transform", std::string{transforms[static_cast<std::size_t>(term.transform)]});
    if (term.clamp) out.key("clamp", *term.clamp);
    out.key("mean", term.mean);
    out.key("sd", term.sd);
    out.key("beta", term.beta);
    out.key("missing_beta", term.missing_beta);
    if (term.sign != ' ') out.key("sign", std::string(1, term.sign));
}

void write_fitted(Writer& out, const FittedFrom& fitted) {
    out.table("risk.fitted");
    out.text("at", fitted.at);
    out.text("from", fitted.from);
    out.text("to", fitted.to);
    const std::array<std::pair<const char*, double>, 4> numbers{
        {{"rows", fitted.rows}, {"events", fitted.events}, {"auc", fitted.auc}, {"brier", fitted.brier}}};
    for (const auto& [name, value] : numbers)
        if (is_known(value)) out.key(name, value);
}

void write_risk(Writer& out, const RiskRules& risk) {
    out.table("risk");
    out.raw("horizon", days(risk.horizon));
    out.key("base_rate", risk.base_rate);
    if (!risk.model) return;
    out.key("intercept", risk.model->intercept);
    for (const auto& term : risk.model->terms) write_term(out, term);
    out.table("risk.calibration");
    out.key("a", risk.model->calibration_a);
    out.key("b", risk.model->calibration_b);
    write_fitted(out, risk.model->fitted);
}

/// What a profile makes of each thing that it changes, whole; its keys are named in a comment.
void write_profile(Writer& out, const Profile& profile, const RuleSet& rules) {
    out.element("profile");
    out.key("name", profile.name);
    out.key("match", profile.match);
    const auto changes = [&](const auto& patches, const char* kind, const auto& names) {
        for (const auto& patch : patches)
            out.comment(fmt::format("changes {} {}: {}", kind, names[static_cast<std::size_t>(patch.target)].name,
                                    toml(patch.keys)));
    };
    changes(profile.groups, "group", rules.groups);
    changes(profile.signals, "signal", rules.signals);
    changes(profile.caps, "cap", rules.caps);
    changes(profile.rules, "rule", rules.rules);
    if (profile.base_rate) out.comment(fmt::format("changes risk: base_rate = {}", *profile.base_rate));
    if (profile.intercept) out.comment(fmt::format("changes risk: intercept = {}", *profile.intercept));
}

void write_rules(Writer& out, const RuleSet& rules) {
    write_health(out, rules.health);
    for (const auto& group : rules.groups) {
        out.table("group." + group.name);
        out.key("weight", group.weight);
    }
    for (const auto& signal : rules.signals) write_signal(out, "signal.", signal, rules);
    for (const auto& cap : rules.caps) {
        out.table("cap." + cap.name);
        out.key("at", cap.at);
        out.key("when", cap.when);
    }
    write_promises(out, rules.promises);
    for (const auto& curve : rules.curves) {
        out.table("curve." + curve.name);
        out.key("points", curve.points);
    }
    write_risk(out, rules.risk);
    for (const auto& profile : rules.profiles) write_profile(out, profile, rules);
    for (const auto& rule : rules.rules) write_rule(out, "rule.", rule);
}

}  // namespace

std::string effective(const Settings& settings, const RuleSet& rules) {
    Writer out;
    write_daemon(out, settings);
    write_state(out, settings.state);
    write_retention(out, settings.retention);
    for (const auto& source : settings.sources) write_source(out, source);
    for (const auto& dataset : settings.datasets) write_dataset(out, dataset);
    for (const auto& receiver : settings.receivers) write_receiver(out, receiver);
    write_policy(out, rules.policy);
    write_service(out, settings);
    Writer pack;
    write_rules(pack, rules);
    return fmt::format("{}\n# ---- rules {} {}\n\n{}", std::move(out).finish(), rules.hash, toml(rules.packs),
                       std::move(pack).finish());
}

}  // namespace retaind
