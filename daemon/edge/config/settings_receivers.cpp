// [receiver.NAME]: each type has its own keys; a key of another type is unknown.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "edge/config/address.hpp"
#include "edge/config/pack.hpp"
#include "edge/config/settings_reader.hpp"
#include "retaind/rules/visit.hpp"

namespace retaind::config {
namespace {

const one_of<ReceiverType> types{{{"email", ReceiverType::email},
                                  {"webhook", ReceiverType::webhook},
                                  {"slack", ReceiverType::slack},
                                  {"alertmanager", ReceiverType::alertmanager},
                                  {"file", ReceiverType::file}}};

struct field_name {
    std::optional<std::string> operator()(const Item& item) const {
        const auto index = choose(item, {receiver_fields.begin(), receiver_fields.end()});
        if (!index) return std::nullopt;
        return std::string{receiver_fields[*index]};
    }
};

const one_of<bool> tls_choices{{{"required", true}, {"none", false}}};

/// An address that must not be shown: a chat's address is its key.
struct secret_address {
    std::optional<Secret> operator()(const Item& item) const {
        auto url = text{}(item);
        if (!url) return std::nullopt;
        const bool is_web = url->starts_with("http://") || url->starts_with("https://");
        if (is_web && !host_of_url(*url).empty()) return Secret{std::move(*url)};
        return item.wrong(fmt::format("\"{}\" must begin with https:// or http://", item.key)), std::nullopt;
    }
};

struct mail_server {
    std::optional<std::string> operator()(const Item& item) const {
        auto url = text{}(item);
        if (!url) return std::nullopt;
        const bool is_mail = url->starts_with("smtp://") || url->starts_with("smtps://");
        if (!is_mail || host_of_url(*url).empty())
            return item.wrong(fmt::format("\"{}\" must be a mail server", item.key),
                              "as in \"smtp://mail.example.org:587\""),
                   std::nullopt;
        if (url->find('@') == std::string::npos) return url;
        return item.wrong(fmt::format("\"{}\" must not hold a user", item.key), "use \"user\" and \"password_file\""),
               std::nullopt;
    }
};

/// One mailbox, or "{recipient}" for the person whom a message is for.
struct mailboxes {
    std::optional<std::string> operator()(const Item& item) const {
        auto value = text{}(item);
        if (!value) return std::nullopt;
        const bool has_control =
            std::any_of(value->begin(), value->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        const bool is_mailbox = *value == "{recipient}" || value->find('@') != std::string::npos;
        if (is_mailbox && !has_control) return value;
        return item.wrong(fmt::format("\"{}\" must be an e-mail address", item.key),
                          item.key == "to" ? "or \"{recipient}\", the person whom the message is for" : ""),
               std::nullopt;
    }
};

void read_email(TableReader& in, ReceiverSettings& to, const SecretOptions& secrets) {
    in.require("smtp", to.smtp, mail_server{});
    in.take("user", to.user, text{});
    in.take("password_file", to.password, secret_file{secrets});
    in.require("from", to.from, mailboxes{});
    in.take("reply_to", to.reply_to, mailboxes{});
    to.to = "{recipient}";
    in.take("to", to.to, mailboxes{});
    to.tls_required = !is_loopback(host_of_url(to.smtp)) || to.smtp.empty();
    in.take("tls", to.tls_required, tls_choices);
    if (in.has("user") != in.has("password_file"))
        in.problems().error(in.where(in.has("user") ? "user" : "password_file"),
                            "\"user\" and \"password_file\" go together");
    if (!to.tls_required && in.has("user"))
        in.problems().warning(in.where("tls"), "the password travels without TLS", "leave \"tls\" out");
}

void read_web(TableReader& in, ReceiverSettings& to, const SecretOptions& secrets) {
    in.take("url", to.url, secret_address{});
    Secret from_file;
    if (in.take("url_file", from_file, secret_file{secrets}) && !in.has("url")) to.url = from_file;
    in.take("hmac_key_file", to.hmac_key, secret_file{secrets});
    in.take("hmac_old_key_file", to.hmac_old_key, secret_file{secrets});
    if (in.has("url") == in.has("url_file"))
        in.problems().error(in.where(), "exactly one of \"url\" and \"url_file\" is needed",
                            "an address that is a secret belongs into a file");
    if (in.has("hmac_old_key_file") && !in.has("hmac_key_file"))
        in.problems().error(in.where("hmac_old_key_file"), "\"hmac_key_file\" is missing",
                            "an old key is only for the time of a change");
}

void read_by_type(TableReader& in, ReceiverSettings& to, const SecretOptions& secrets) {
    switch (to.type) {
        case ReceiverType::email: return read_email(in, to, secrets);
        case ReceiverType::webhook:
        case ReceiverType::slack: return read_web(in, to, secrets);
        case ReceiverType::alertmanager: in.require("url", to.url, secret_address{}); return;
        case ReceiverType::file: in.take("path", to.path, text{}); return;
    }
}

bool may_beat(ReceiverType type) { return type == ReceiverType::webhook || type == ReceiverType::file; }

bool is_for_people(ReceiverType type) { return type == ReceiverType::email || type == ReceiverType::slack; }

void read_receiver(TableReader& in, ReceiverSettings& to, const SecretOptions& secrets) {
    to.where = in.where();
    std::optional<ReceiverType> type;
    in.require("type", type, types);
    in.take("fields", to.fields, list{field_name{}, 1});
    in.take("digest", to.digest, time_of_day{});
    in.take("timeout", to.timeout, duration{Seconds{1}});
    in.take("heartbeat", to.heartbeat, duration{Seconds{60}});
    in.take("max_per_minute", to.max_per_minute, integer{1, 100'000});
    if (!type) {
        for (const auto& entry : in.node().entries) in.claim(entry.key);  // which keys it has, its type would say
        return;
    }
    to.type = *type;
    if (in.has("digest") && !is_for_people(to.type))
        in.problems().warning(in.where("digest"), "this receiver gets no digest",
                              "it is told of everything at once; leave \"digest\" out");
    if (in.has("heartbeat") && !may_beat(to.type))
        in.problems().error(in.where("heartbeat"), "a heartbeat goes to a webhook or a file",
                            "people would soon not see it; let a watcher's webhook alarm when it stops");
    read_by_type(in, to, secrets);
}

bool is_role(std::string_view name) { return std::find(roles.begin(), roles.end(), name) != roles.end(); }

ReceiverTraits traits_of(const ReceiverSettings& receiver) {
    return {.name = receiver.name,
            .addresses_people = receiver.type == ReceiverType::email && receiver.to == "{recipient}",
            .is_machine = !is_for_people(receiver.type),
            .wants_restating = receiver.type == ReceiverType::alertmanager,
            .digest = receiver.digest,
            .heartbeat = receiver.heartbeat};
}

}  // namespace

void read_receivers(TableReader& in, Configuration& to) {
    auto& receivers = to.settings.receivers;
    in.named_tables(
        "receiver", 100,
        [&](const std::string& name, TableReader& table) {
            ReceiverSettings receiver{};
            receiver.name = name;
            read_receiver(table, receiver, to.secrets);
            if (is_role(name))
                table.problems().error(table.where(),
                                       fmt::format("\"{}\" is a role; a receiver needs another name", name));
            receivers.push_back(std::move(receiver));
        },
        TableReader::Names::loose);
    std::sort(receivers.begin(), receivers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    if (receivers.empty()) receivers.emplace_back().name = "file";
    for (const auto& receiver : receivers) to.policy.receivers.push_back(traits_of(receiver));
}

void warn_of_idle_receivers(const Configuration& configuration, const RuleSet& rules, Problems& problems) {
    if (configuration.policy.routes.empty()) return;  // then everything goes to all of them
    std::set<std::string, std::less<>> used;
    for (const auto& route : configuration.policy.routes) used.insert(route.receivers.begin(), route.receivers.end());
    for (const auto& step : configuration.policy.alerts.escalation) used.insert(step.notify.begin(), step.notify.end());
    visit_rules(rules, [&](const Rule& rule) {
        used.insert(rule.notify.begin(), rule.notify.end());
        for (const auto& step : rule.steps) used.insert(step.notify.begin(), step.notify.end());
    });
    for (const auto& receiver : configuration.settings.receivers)
        if (!used.contains(receiver.name) && receiver.heartbeat == Seconds{0})
            problems.warning(receiver.where, fmt::format("nobody routes to the receiver \"{}\"", receiver.name),
                             "name it in a [[route]]");
}

namespace {

/// Whether a query may bring a column: it names it, or selects all.
bool may_bring(const Settings& settings, std::string_view dataset, std::string_view column) {
    return std::ranges::any_of(settings.datasets, [&](const DatasetSettings& one) {
        return one.name == dataset &&
               (one.query.find('*') != std::string::npos || one.query.find(column) != std::string::npos);
    });
}

/// Where the holder of a role would stand; "" when it may stand there, or a default takes its place.
std::string_view missing_holder(std::string_view role, const Settings& settings, const RoleDefaults& defaults) {
    const auto brings = [&](std::string_view dataset, std::string_view column) {
        return may_bring(settings, dataset, column);
    };
    if (role == "ops") return defaults.ops.empty() ? "[people.defaults] ops" : "";
    if (role == "seller")
        return brings("customers", role) || brings("promises", "promised_by") ? "" : "the column seller of customers";
    if (role == "keeper") return brings("promises", "kept_by") ? "" : "the column kept_by of promises";
    const bool has_manager = brings("customers", "account_manager");
    const bool has_default = !(role == "deputy" ? defaults.deputy : defaults.lead).empty();
    if (has_default) return "";
    if (role == "account_manager") return has_manager ? "" : "the column account_manager of customers";
    if (role == "lead")
        return has_manager && brings("people", "lead_id") ? "" : "lead_id of people, or [people.defaults] lead";
    return has_manager && brings("people", "deputy_id") ? "" : "deputy_id of people, or [people.defaults] deputy";
}

}  // namespace

void warn_of_empty_roles(const Configuration& configuration, const RuleSet& rules, Problems& problems) {
    const auto& policy = configuration.policy;
    if (std::ranges::none_of(policy.receivers, &ReceiverTraits::addresses_people)) return;
    std::set<std::string, std::less<>> said;
    visit_rules(rules, [&](const Rule& rule) {
        const auto check = [&](const std::string& name) {
            const auto holder = is_role(name) ? missing_holder(name, configuration.settings, policy.defaults) : "";
            if (!holder.empty() && said.insert(name).second)
                problems.warning(rule.where,
                                 fmt::format("the rule \"{}\" tells \"{}\", and nobody is that", rule.name, name),
                                 fmt::format("it would be said by {}", holder));
        };
        std::ranges::for_each(rule.notify, check);
        for (const auto& step : rule.steps) std::ranges::for_each(step.notify, check);
    });
}

}  // namespace retaind::config
