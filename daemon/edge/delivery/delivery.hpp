// The ways out: a file of JSON lines, mail over SMTP, a signed webhook, a Slack-compatible one, Alertmanager. And the
// ids by which receivers recognise what they have seen already.
//
// Every exchange has one deadline for all of it (the receiver's `timeout`), follows no redirect, reads at most 64 KiB
// of the reply, uses TLS 1.2 or newer with a checked certificate, and never connects to link-local, metadata or
// multicast addresses unless the configuration writes that very address.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "retaind/alerts/message.hpp"
#include "retaind/ports/sender.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

/// SHA-256 over the identity, its first 128 bits as 32 hex digits.
std::string delivery_id(const Message& message);
std::string alert_id(const AlertKey& key);

/// The message as it goes to its receiver: one for each address of a fixed mail list, so that each is sent, tried again
/// and given up on its own. Any other message is itself.
std::vector<Message> addressed(const Message& message, const ReceiverSettings& receiver);

struct DeliveryOptions {
    std::string ca_file = {};                   ///< certificates to trust; "": SSL_CERT_FILE, or the system's
    std::vector<std::string> known_names = {};  ///< "host:port:address", instead of asking for the host's address
};

/// One sender per receiver; it sends one payload at a time. Nothing is opened before the first one.
///
/// Outcomes (ALERTS.md "Commit, outbox, restart"): 2xx and an accepted mail are delivered. 408, 425, 429, 5xx, SMTP
/// 4yz, a full disk, and everything that goes wrong on the way (name, connection, TLS, time, an unreadable reply) is to
/// be retried. Other statuses, SMTP 5yz, addresses that no mail can have and refused network addresses are `refused`.
std::unique_ptr<Sender> make_sender(const ReceiverSettings& receiver, const DeliveryOptions& options = {});

/// By name.
std::map<std::string, std::unique_ptr<Sender>> make_senders(const std::vector<ReceiverSettings>& receivers);

}  // namespace retaind
