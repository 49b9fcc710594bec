#include "post.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "alert_pages.hpp"
#include "edge/delivery/delivery.hpp"
#include "edge/render/render.hpp"
#include "timetable.hpp"

namespace retaind {
namespace {

using Link = std::function<std::string(const AlertNote&)>;

/// The signed addresses of the pages of a message's alerts, for its reader; for a channel that is all who read there.
/// The same all day, so that what is said again reads the same.
Link link_for(const Message& message, const Settings& settings, const PostOptions& options) {
    if (settings.external_url.empty() || options.link_key.empty()) return {};
    const std::string& reader = person_key(message.recipient);
    const Instant expires = floor<std::chrono::days>(options.now) + link_holds;
    return [&, expires, person = reader.empty() ? message.receiver : reader](const AlertNote& note) {
        return alert_link(settings.external_url,
                          {.key = note.key, .episode = note.episode, .person = person, .expires = expires},
                          options.link_key);
    };
}

std::vector<Tell> tells_of(const std::vector<AlertNote>& notes, const std::vector<Alert>& alerts) {
    std::vector<Tell> tells;
    for (const AlertNote& note : notes) {
        const auto alert = std::ranges::lower_bound(alerts, note.key, {}, &Alert::key);
        const bool is_known = alert != alerts.end() && alert->key == note.key;
        tells.push_back({.alert = {.key = note.key,
                                   .severity = note.severity,
                                   .customer_id = note.customer_id,
                                   .segment = note.segment,
                                   .account_manager = is_known ? alert->owner : ""},
                         .episode = note.episode,
                         .seq = note.seq,
                         .transition = note.transition});
    }
    return tells;
}

/// It says again what its receiver knows, or only that all works.
bool only_restates(const Message& message) {
    const auto is_known = [](const AlertNote& note) { return note.telling == Telling::restated; };
    if (message.kind == MessageKind::heartbeat) return true;
    return !message.notes.empty() && std::ranges::all_of(message.notes, is_known);
}

/// A message with all that it can take along.
Message combined(Message message) {
    message.notes = std::move(message.together);
    message.together.clear();
    message.absorbs.clear();
    return message;
}

class Postman {
public:
    Postman(const Settings& settings, const std::vector<Alert>& alerts, const PostOptions& options)
        : settings_(settings), alerts_(alerts), options_(options) {}

    void add(const Message& message) {
        const ReceiverSettings receiver = receiver_named(message.receiver);
        for (const Message& one : addressed(message, receiver)) {
            Payload payload = freeze(one, receiver, person_key(message.recipient));
            if (!one.absorbs.empty()) {
                post_.absorptions.push_back({.delivery_id = payload.delivery_id,
                                             .together = freeze(combined(one), receiver, person_key(message.recipient)),
                                             .absorbed = one.absorbs});
            }
            post_.outbox.push_back(std::move(payload));
        }
    }

    Post finish() { return std::move(post_); }

private:
    ReceiverSettings receiver_named(const std::string& name) const {
        const auto found = std::ranges::find(settings_.receivers, name, &ReceiverSettings::name);
        return found == settings_.receivers.end() ? ReceiverSettings{.name = name} : *found;
    }

    Payload freeze(const Message& message, const ReceiverSettings& receiver, const std::string& person) const {
        Payload payload = render(message, {.receiver = receiver,
                                           .delivery_id = delivery_id(message),
                                           .brand = settings_.brand,
                                           .external_url = settings_.external_url,
                                           .currency = options_.currency,
                                           .link = link_for(message, settings_, options_),
                                           .now = options_.now,
                                           .interval = longest_pause(settings_)});
        payload.person = person;
        payload.restates = only_restates(message);
        payload.tells = tells_of(message.notes, alerts_);
        return payload;
    }

    const Settings& settings_;
    const std::vector<Alert>& alerts_;
    const PostOptions& options_;
    Post post_ = {};
};

}  // namespace

Post render_post(const Settings& settings, const std::vector<Message>& messages, const std::vector<Alert>& alerts,
                 const PostOptions& options) {
    Postman postman{settings, alerts, options};
    for (const Message& message : messages) postman.add(message);
    return postman.finish();
}

}  // namespace retaind
