#include "edge/delivery/http_sender.hpp"

#include <utility>

#include <fmt/format.h>

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

}  // namespace

HttpSender::HttpSender(const ReceiverSettings& receiver, const DeliveryOptions& options)
    : receiver_(receiver),
      exchange_{.url = receiver.url.value,
                .protocols = "http,https",
                .timeout = receiver.timeout,
                .ca_file = options.ca_file,
                .known_names = options.known_names} {}

void HttpSender::stop() { line_.stop(); }

SendResult HttpSender::post(const std::string& body, std::vector<std::string> headers) {
    return post_to(receiver_.url.value, receiver_.timeout, body, std::move(headers));
}

SendResult HttpSender::post_to(const std::string& url, Seconds timeout, const std::string& body,
                               std::vector<std::string> headers) {
    exchange_.url = url;
    exchange_.timeout = timeout;
    headers.insert(headers.end(),
                   {"Content-Type: application/json", "User-Agent: retaind/" RETAIND_VERSION, "Expect:"});
    const auto lines = make_list(headers);
    const auto easy = line_.prepare(exchange_);
    curl_easy_setopt(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, lines.get());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.c_str());
    return judge_http(line_.run(easy.get(), exchange_));
}

}  // namespace retaind
