// One maker per type of receiver.
#pragma once

#include <memory>

#include "edge/delivery/delivery.hpp"

namespace retaind {

/// Appends `payload.json` as a line to receiver.path: written, then synced. A file that would grow over rotate_bytes
/// becomes `path.1` first. A line that a crash left unfinished is ended before the next one.
std::unique_ptr<Sender> make_file_sender(const ReceiverSettings& receiver);

/// One mail per person: text and HTML, a Message-ID made of the delivery_id. TLS as the receiver requires; without it,
/// never a password beyond this machine.
std::unique_ptr<Sender> make_mail_sender(const ReceiverSettings& receiver, const DeliveryOptions& options);

/// POSTs `payload.json`, signed as docs/webhook.md says.
std::unique_ptr<Sender> make_webhook_sender(const ReceiverSettings& receiver, const DeliveryOptions& options);

/// POSTs `payload.json` as it is.
std::unique_ptr<Sender> make_slack_sender(const ReceiverSettings& receiver, const DeliveryOptions& options);

/// POSTs the alerts of `payload.json` to /api/v2/alerts below the receiver's url.
std::unique_ptr<Sender> make_alertmanager_sender(const ReceiverSettings& receiver, const DeliveryOptions& options);

}  // namespace retaind
