#include "edge/delivery/senders.hpp"

#include <ctime>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "edge/delivery/digest.hpp"
#include "edge/delivery/exchange.hpp"

namespace retaind {

namespace {

bool may_be_better_later(long status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

SendResult judge_http(const Reply& reply) {
    if (reply.abandoned) return {.outcome = SendResult::Outcome::abandoned};
    if (reply.refused_address) {
        return {.outcome = SendResult::Outcome::refused,
                .error_class = "refused_address",
                .detail = "the name leads to an address that is not for messages"};
    }
    // A status is the answer, whatever becomes of the text after it.
    if (reply.status < 200) {
        return {.outcome = SendResult::Outcome::retry,
                .error_class = network_class(reply),
                .detail = curl_easy_strerror(reply.code)};
    }
    if (reply.status < 300) return {};
    return {.outcome = may_be_better_later(reply.status) ? SendResult::Outcome::retry : SendResult::Outcome::refused,
            .error_class = fmt::format("http_{}", reply.status),
            .detail = fmt::format("answered {}", reply.status),
            .retry_after = reply.retry_after};
}

/// POSTs a body; subclasses say which, and with which headers.
class HttpSender : public Sender {
public:
    HttpSender(const ReceiverSettings& receiver, const DeliveryOptions& options)
        : receiver_(receiver),
          exchange_{.url = receiver.url.value,
                    .protocols = "http,https",
                    .timeout = receiver.timeout,
                    .ca_file = options.ca_file,
                    .known_names = options.known_names} {}

    SendResult send(const Payload& payload) final {
        const auto body = body_of(payload);
        auto lines = headers_of(payload, body);
        lines.insert(lines.end(),
                     {"Content-Type: application/json", "User-Agent: retaind/" RETAIND_VERSION, "Expect:"});
        const auto headers = make_list(lines);
        const auto easy = line_.prepare(exchange_);
        curl_easy_setopt(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.c_str());
        return judge_http(line_.run(easy.get(), exchange_));
    }

    void stop() final { line_.stop(); }

protected:
    virtual std::string body_of(const Payload& payload) const = 0;
    virtual std::vector<std::string> headers_of(const Payload& payload, const std::string& body) const = 0;
    const ReceiverSettings& receiver() const { return receiver_; }

private:
    ReceiverSettings receiver_;
    ExchangeOptions exchange_;
    Line line_;
};

class WebhookSender final : public HttpSender {
public:
    using HttpSender::HttpSender;

private:
    std::string body_of(const Payload& payload) const override { return payload.json; }

    std::vector<std::string> headers_of(const Payload& payload, const std::string& body) const override {
        const auto timestamp = std::to_string(std::time(nullptr));
        std::vector<std::string> lines = {"Idempotency-Key: " + payload.delivery_id,
                                          "X-Retaind-Timestamp: " + timestamp};
        const auto sign = [&](const char* header, const Secret& key) {
            if (key.empty()) return;
            lines.push_back(fmt::format("{}: sha256={}", header, hmac_sha256_hex(key.value, timestamp + "." + body)));
        };
        sign("X-Retaind-Signature", receiver().hmac_key);
        sign("X-Retaind-Signature-Old", receiver().hmac_old_key);
        return lines;
    }
};

/// Slack's own escapes: without them a customer called "<!channel>" would call everybody.
std::string for_slack(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '&')
            escaped += "&amp;";
        else if (c == '<')
            escaped += "&lt;";
        else if (c == '>')
            escaped += "&gt;";
        else
            escaped += c;
    }
    return escaped;
}

/// Slack, Mattermost and their like: the plain text, whose address is the secret.
class SlackSender final : public HttpSender {
public:
    using HttpSender::HttpSender;

private:
    std::string body_of(const Payload& payload) const override {
        const nlohmann::json body = {{"text", for_slack(payload.text)}};
        return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }

    std::vector<std::string> headers_of(const Payload& payload, const std::string&) const override {
        return {"Idempotency-Key: " + payload.delivery_id};
    }
};

}  // namespace

std::unique_ptr<Sender> make_webhook_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<WebhookSender>(receiver, options);
}

std::unique_ptr<Sender> make_slack_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<SlackSender>(receiver, options);
}

}  // namespace retaind
