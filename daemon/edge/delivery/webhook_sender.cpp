#include "edge/delivery/senders.hpp"

#include <ctime>
#include <string>

#include <fmt/format.h>

#include "edge/delivery/digest.hpp"
#include "edge/delivery/http_sender.hpp"

namespace retaind {

namespace {

class WebhookSender final : public HttpSender {
public:
    using HttpSender::HttpSender;

    SendResult send(const Payload& payload) override { return post(payload.json, headers_of(payload)); }

private:
    std::vector<std::string> headers_of(const Payload& payload) const {
        const auto timestamp = std::to_string(std::time(nullptr));
        std::vector<std::string> lines = {"Idempotency-Key: " + payload.delivery_id,
                                          "X-Retaind-Timestamp: " + timestamp};
        const auto sign = [&](const char* header, const Secret& key) {
            if (key.empty()) return;
            lines.push_back(
                fmt::format("{}: sha256={}", header, hmac_sha256_hex(key.value, timestamp + "." + payload.json)));
        };
        sign("X-Retaind-Signature", receiver().hmac_key);
        sign("X-Retaind-Signature-Old", receiver().hmac_old_key);
        return lines;
    }
};

}  // namespace

std::unique_ptr<Sender> make_webhook_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<WebhookSender>(receiver, options);
}

}  // namespace retaind
