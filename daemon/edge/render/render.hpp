// A message as its reader gets it: mail, chat, JSON or Alertmanager's alerts, made once when it is decided (mustache
// templates, nlohmann).
#pragma once

#include <functional>
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
    /// The signed address of an alert's small page for this reader; "" where there is none. Empty: no links.
    std::function<std::string(const AlertNote& note)> link = {};
    Instant now = {};                             ///< when it was decided
    Seconds interval = std::chrono::minutes{15};  ///< between two cycles: how long Alertmanager believes an alert
};

/// The frozen payload, with what its receiver's type sends: subject, text and HTML of a mail; or JSON on one line, as
/// docs/webhook.md describes it, as a chat's blocks, or as Alertmanager takes it.
///
/// All text from data is escaped for where it goes, and shown on one line of bounded length without control characters;
/// the subject is one line. Everything is made of what the receiver's `fields` let out; only the address mail goes to
/// is not their business.
///
/// `tells` lacks the account manager, whom a note does not know.
Payload render(const Message& message, const RenderOptions& options);

}  // namespace retaind
