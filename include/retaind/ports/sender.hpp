// The seam to a receiver: sends one frozen payload and says how it went. When to try again is policy, not its business.
#pragma once

#include <optional>
#include <string>

#include "retaind/alerts/notify.hpp"
#include "retaind/base/time.hpp"

namespace retaind {

/// A message as the outbox keeps it: rendered when it was decided, so that a later change of rules, names or addresses
/// cannot change what was said.
struct Payload {
    std::string delivery_id;  ///< 32 hex digits; receivers collapse repeats by it
    std::string receiver;
    std::string recipient = {};  ///< e-mail address, or ""
    std::string subject = {};    ///< e-mail only, one line
    std::string text = {};       ///< e-mail: plain text body
    std::string html = {};       ///< e-mail: HTML body
    std::string json = {};       ///< webhook, slack, alertmanager, file: the body (one line of JSON)
    MessageKind kind = MessageKind::alerts;
    std::string person = {};       ///< person_key of the reader, or ""
    std::vector<Tell> tells = {};  ///< what it tells, for silences, escalation and the audit
    bool restates = false;         ///< it tells nothing new (Telling::restated): once it has arrived, earlier ones go
};

struct SendResult {
    enum class Outcome {
        delivered,
        retry,      ///< 408, 425, 429, 5xx, network, timeout, SMTP 4yz
        refused,    ///< other 4xx, SMTP 5yz: a few slow tries, then dead
        abandoned,  ///< the daemon stops: nothing is known, the next run sends it again
    };
    Outcome outcome = Outcome::delivered;
    std::string error_class = {};  ///< fit for a label: "timeout", "http_503", "smtp_550", "tls", "refused_address"
    std::string detail = {};       ///< for people; no secrets, no addresses
    std::optional<Seconds> retry_after = {};
};

class Sender {
public:
    virtual ~Sender() = default;
    Sender() = default;
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// Blocks until it is known, at most the receiver's timeout.
    virtual SendResult send(const Payload& payload) = 0;

    /// From another thread: a send under way returns `abandoned` within a second.
    virtual void stop() = 0;
};

}  // namespace retaind
