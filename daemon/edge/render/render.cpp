#include "render.hpp"

#include "bodies.hpp"

namespace retaind {
namespace {

std::vector<Tell> tells_of(const Message& message) {
    std::vector<Tell> tells;
    for (const AlertNote& note : message.notes) {
        tells.push_back({.alert = {.key = note.key,
                                   .severity = note.severity,
                                   .customer_id = note.customer_id,
                                   .segment = note.segment},
                         .episode = note.episode,
                         .seq = note.seq,
                         .transition = note.transition});
    }
    return tells;
}

}  // namespace

Payload render(const Message& message, const RenderOptions& options) {
    const Message leaving = only(message, options.receiver.fields);
    Payload payload{.delivery_id = options.delivery_id,
                    .receiver = message.receiver,
                    .recipient = message.recipient.email,
                    .kind = message.kind,
                    .person = person_key(message.recipient),
                    .tells = tells_of(message)};
    switch (options.receiver.type) {
        case ReceiverType::email: {
            const MessageWords words = words_of(leaving, options);
            payload.subject = words.subject;
            payload.text = mail_text(words);
            payload.html = mail_html(words);
            break;
        }
        case ReceiverType::slack: payload.json = slack_body(words_of(leaving, options)); break;
        case ReceiverType::alertmanager: payload.json = alertmanager_body(leaving, options); break;
        case ReceiverType::webhook:
        case ReceiverType::file: payload.json = webhook_body(leaving, options); break;
    }
    return payload;
}

}  // namespace retaind
