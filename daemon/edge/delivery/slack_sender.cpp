#include "edge/delivery/http_sender.hpp"
#include "edge/delivery/senders.hpp"

namespace retaind {

namespace {

/// Slack, Mattermost and their like, whose address is the secret.
class SlackSender final : public HttpSender {
public:
    using HttpSender::HttpSender;

    SendResult send(const Payload& payload) override {
        return post(payload.json, {"Idempotency-Key: " + payload.delivery_id});
    }
};

}  // namespace

std::unique_ptr<Sender> make_slack_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<SlackSender>(receiver, options);
}

}  // namespace retaind
