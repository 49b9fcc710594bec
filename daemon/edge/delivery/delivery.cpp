#include "edge/delivery/delivery.hpp"

#include <cstdlib>

#include "edge/delivery/digest.hpp"
#include "edge/delivery/mail_text.hpp"
#include "edge/delivery/senders.hpp"

namespace retaind {

namespace {

constexpr std::size_t id_digits = 32;

DeliveryOptions with_defaults(DeliveryOptions options) {
    const char* file = std::getenv("SSL_CERT_FILE");
    if (options.ca_file.empty() && file != nullptr) options.ca_file = file;
    return options;
}

}  // namespace

std::string delivery_id(const Message& message) { return sha256_hex(identity(message)).substr(0, id_digits); }
std::string alert_id(const AlertKey& key) { return sha256_hex(identity(key)).substr(0, id_digits); }

std::vector<Message> addressed(const Message& message, const ReceiverSettings& receiver) {
    const bool to_person = receiver.type != ReceiverType::email || !message.recipient.email.empty();
    const auto list = to_person ? std::nullopt : parse_addresses(receiver.to);
    if (!list) return {message};
    std::vector<Message> each(list->size(), message);
    for (std::size_t at = 0; at < list->size(); ++at) {
        each[at].recipient.name = (*list)[at].name;
        each[at].recipient.email = (*list)[at].address;
    }
    return each;
}

std::unique_ptr<Sender> make_sender(const ReceiverSettings& receiver, const DeliveryOptions& options) {
    switch (receiver.type) {
        case ReceiverType::file: return make_file_sender(receiver);
        case ReceiverType::email: return make_mail_sender(receiver, with_defaults(options));
        case ReceiverType::webhook: return make_webhook_sender(receiver, with_defaults(options));
        case ReceiverType::slack: return make_slack_sender(receiver, with_defaults(options));
        case ReceiverType::alertmanager: return make_alertmanager_sender(receiver, with_defaults(options));
    }
    return nullptr;
}

std::map<std::string, std::unique_ptr<Sender>> make_senders(const std::vector<ReceiverSettings>& receivers) {
    std::map<std::string, std::unique_ptr<Sender>> senders;
    for (const auto& receiver : receivers) senders[receiver.name] = make_sender(receiver);
    return senders;
}

}  // namespace retaind
