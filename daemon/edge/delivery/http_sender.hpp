// What the senders over HTTP share: one POST of JSON, and what its answer means.
#pragma once

#include <string>
#include <vector>

#include "edge/delivery/delivery.hpp"
#include "edge/delivery/exchange.hpp"

namespace retaind {

class HttpSender : public Sender {
public:
    HttpSender(const ReceiverSettings& receiver, const DeliveryOptions& options);
    void stop() final;

protected:
    /// To the receiver's address, within its timeout.
    SendResult post(const std::string& body, std::vector<std::string> headers);
    /// To another one on the same server.
    SendResult post_to(const std::string& url, Seconds timeout, const std::string& body,
                       std::vector<std::string> headers);
    const ReceiverSettings& receiver() const { return receiver_; }

private:
    ReceiverSettings receiver_;
    ExchangeOptions exchange_;
    Wire line_;
};

}  // namespace retaind
