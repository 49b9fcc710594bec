#include "edge/delivery/senders.hpp"

#include <utility>

#include <fmt/format.h>

#include "edge/delivery/exchange.hpp"
#include "edge/delivery/mail_text.hpp"

namespace retaind {

namespace {

SendResult refused(std::string error_class, std::string detail) {
    return {
        .outcome = SendResult::Outcome::refused, .error_class = std::move(error_class), .detail = std::move(detail)};
}

/// What the server said last was the answer to something before; a 502 to EHLO and then a cut is a cut.
bool ended_without_answer(CURLcode code) {
    return code == CURLE_OPERATION_TIMEDOUT || code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}

/// A reply of a server that says no; 2yz and 3yz mean that something else went wrong after it.
SendResult judge_smtp(const Reply& reply) {
    if (reply.abandoned) return {.outcome = SendResult::Outcome::abandoned};
    if (reply.code == CURLE_OK) return {};
    if (reply.refused_address)
        return refused("refused_address", "the name leads to an address that is not for messages");
    const bool said_no = reply.status >= 400 && !ended_without_answer(reply.code);
    if (!said_no) {
        return {.outcome = SendResult::Outcome::retry,
                .error_class = network_class(reply),
                .detail = curl_easy_strerror(reply.code)};
    }
    return {.outcome = reply.status < 500 ? SendResult::Outcome::retry : SendResult::Outcome::refused,
            .error_class = fmt::format("smtp_{}", reply.status),
            .detail = fmt::format("the server said {}", reply.status)};
}

Instant now() { return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now()); }

class MailSender final : public Sender {
public:
    MailSender(const ReceiverSettings& receiver, const DeliveryOptions& options)
        : receiver_(receiver),
          exchange_{.url = receiver.smtp,
                    .protocols = "smtp,smtps",
                    .timeout = receiver.timeout,
                    .ca_file = options.ca_file,
                    .known_names = options.known_names} {}

    SendResult send(const Payload& payload) override {
        if (!receiver_.user.empty() && !is_private()) return refused("no_tls", "a password is never sent without TLS");
        const auto from = parse_address(receiver_.from);
        if (!from) return refused("bad_address", "`from` is no mail address");
        const auto to = parse_address(payload.recipient);
        if (!to) return refused("bad_address", "the recipient is no mail address");
        return send_one(payload, *from, *to);
    }

    void stop() override { line_.stop(); }

private:
    SendResult send_one(const Payload& payload, const MailAddress& from, const MailAddress& to) {
        const auto easy = line_.prepare(exchange_);
        set_security(easy.get());
        const auto sender = "<" + from.address + ">";
        const auto recipient = make_list({"<" + to.address + ">"});
        const auto headers = make_list(headers_of(payload, from, to));
        const auto mime = make_body(easy.get(), payload);
        curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM, sender.c_str());
        curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, recipient.get());
        curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(easy.get(), CURLOPT_MIMEPOST, mime.get());
        return judge_smtp(line_.run(easy.get(), exchange_));
    }

    bool is_private() const {
        return receiver_.tls_required || receiver_.smtp.starts_with("smtps://") || is_loopback(receiver_.smtp);
    }

    void set_security(CURL* easy) const {
        const bool here = is_loopback(receiver_.smtp);
        const auto tls = receiver_.tls_required ? CURLUSESSL_ALL : here ? CURLUSESSL_NONE : CURLUSESSL_TRY;
        curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(tls));
        if (receiver_.user.empty()) return;
        curl_easy_setopt(easy, CURLOPT_USERNAME, receiver_.user.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, receiver_.password.value.c_str());
    }

    std::vector<std::string> headers_of(const Payload& payload, const MailAddress& from, const MailAddress& to) const {
        const auto domain = from.address.substr(from.address.find('@') + 1);
        std::vector<std::string> lines = {
            "Date: " + mail_date(now()),
            "From: " + to_header(from),
            "To: " + to_header(to),
            "Subject: " + encode_header(payload.subject),
            fmt::format("Message-ID: <{}@{}>", encode_header(payload.delivery_id), domain),
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative",  // the library adds the boundary
        };
        if (const auto reply_to = parse_address(receiver_.reply_to))
            lines.push_back("Reply-To: " + to_header(*reply_to));
        return lines;
    }

    static Mime make_body(CURL* easy, const Payload& payload) {
        Mime mime{curl_mime_init(easy)};
        add_part(mime.get(), payload.text, "text/plain; charset=utf-8");
        if (!payload.html.empty()) add_part(mime.get(), payload.html, "text/html; charset=utf-8");
        return mime;
    }

    static void add_part(curl_mime* mime, const std::string& text, const char* type) {
        curl_mimepart* part = curl_mime_addpart(mime);
        curl_mime_data(part, text.data(), text.size());
        curl_mime_type(part, type);
        curl_mime_encoder(part, "quoted-printable");
    }

    ReceiverSettings receiver_;
    ExchangeOptions exchange_;
    Wire line_;
};

}  // namespace

std::unique_ptr<Sender> make_mail_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    return std::make_unique<MailSender>(receiver, options);
}

}  // namespace retaind
