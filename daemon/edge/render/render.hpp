// A message as its reader gets it: plain text, HTML and JSON, made once when it is decided (mustache templates,
// nlohmann).
#pragma once

#include <string>

#include "retaind/alerts/message.hpp"
#include "retaind/ports/sender.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

struct RenderOptions {
    ReceiverSettings receiver;
    std::string delivery_id = {};   ///< made by the delivery edge from the message
    std::string brand = {};         ///< "" reads "retaind"
    std::string external_url = {};  ///< "": no links
    std::string currency = {};
};

/// The frozen payload. All text from data is escaped for where it goes; the subject is one line. JSON is one line,
/// as docs/webhook.md describes it, cut down to the receiver's `fields` if it names any.
Payload render(const Message& message, const RenderOptions& options);

}  // namespace retaind
