// Receivers on loopback and what is sent to them, for tests that send.
#pragma once

#include <chrono>
#include <string>

#include <fmt/format.h>

#include "edge/delivery/delivery.hpp"

namespace retaind::test {

inline constexpr Seconds patience{30};  ///< for what happens at once

inline Payload payload(const std::string& id = "0123456789abcdef0123456789abcdef") {
    return {.delivery_id = id,
            .receiver = "r",
            .recipient = "ann@example.org",
            .subject = "Acme: renewal in 14 days",
            .text = "Acme drifts.\n.a line that begins with a dot\n",
            .html = "<p>Acme drifts.</p>",
            .json = "{\"delivery_id\":\"" + id + "\"}"};
}

inline ReceiverSettings webhook(int port, Seconds timeout = patience) {
    return {.name = "hook",
            .type = ReceiverType::webhook,
            .url = {fmt::format("http://127.0.0.1:{}/in?x=1", port)},
            .timeout = timeout};
}

inline ReceiverSettings mail(int port, Seconds timeout = patience) {
    return {.name = "mail",
            .type = ReceiverType::email,
            .smtp = fmt::format("smtp://127.0.0.1:{}", port),
            .from = "retaind@example.org",
            .to = "{recipient}",
            .tls_required = false,
            .timeout = timeout};
}

inline SendResult post(const ReceiverSettings& receiver, const Payload& what = payload(),
                       const DeliveryOptions& options = {}) {
    return make_sender(receiver, options)->send(what);
}

inline std::string name_of(SendResult::Outcome outcome) {
    switch (outcome) {
        case SendResult::Outcome::delivered: return "delivered";
        case SendResult::Outcome::retry: return "retry";
        case SendResult::Outcome::refused: return "refused";
        case SendResult::Outcome::abandoned: return "abandoned";
    }
    return "?";
}

/// "retry http_503"
inline std::string told(const SendResult& result) {
    return result.error_class.empty() ? name_of(result.outcome) : name_of(result.outcome) + " " + result.error_class;
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace retaind::test
