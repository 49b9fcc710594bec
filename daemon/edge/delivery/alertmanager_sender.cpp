#include <chrono>

#include <nlohmann/json.hpp>

#include "edge/delivery/http_sender.hpp"
#include "edge/delivery/senders.hpp"

namespace retaind {

namespace {

/// Alerts to a call: where Alertmanager is fastest, and far from its limit of size.
constexpr std::size_t alerts_at_once = 500;

std::string api_of(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url + "/api/v2/alerts";
}

/// All of a payload's alerts, a bounded number to a call. What was taken before a call that failed is sent again with
/// the rest: the same alert twice is one alert there.
class AlertmanagerSender final : public HttpSender {
public:
    using HttpSender::HttpSender;

    SendResult send(const Payload& payload) override {
        const auto alerts = nlohmann::json::parse(payload.json, nullptr, false);
        if (!alerts.is_array()) {
            return {.outcome = SendResult::Outcome::refused,
                    .error_class = "unreadable",
                    .detail = "the message holds no list of alerts"};
        }
        const auto end = std::chrono::steady_clock::now() + receiver().timeout;
        SendResult result;
        for (std::size_t at = 0; at < alerts.size() && result.outcome == SendResult::Outcome::delivered;
             at += alerts_at_once) {
            const auto left = std::chrono::ceil<Seconds>(end - std::chrono::steady_clock::now());
            if (left <= Seconds{0}) return {.outcome = SendResult::Outcome::retry, .error_class = "timeout"};
            result = post_to(api_of(receiver().url.value), left, some_of(alerts, at), {});
        }
        return result;
    }

private:
    static std::string some_of(const nlohmann::json& alerts, std::size_t first) {
        const auto size = std::min(alerts.size() - first, alerts_at_once);
        const auto begin = alerts.begin() + static_cast<std::ptrdiff_t>(first);
        return nlohmann::json(std::vector<nlohmann::json>(begin, begin + static_cast<std::ptrdiff_t>(size))).dump();
    }
};

}  // namespace

std::unique_ptr<Sender> make_alertmanager_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<AlertmanagerSender>(receiver, options);
}

}  // namespace retaind
