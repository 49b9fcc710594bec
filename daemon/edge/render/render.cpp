#include "render.hpp"

#include "bodies.hpp"

namespace retaind {
Payload render(const Message& message, const RenderOptions& options) {
    const Message leaving = only(message, options.receiver.fields);
    Payload payload{.delivery_id = options.delivery_id,
                    .receiver = message.receiver,
                    .recipient = message.recipient.email,
                    .kind = message.kind};
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
