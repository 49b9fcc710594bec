// One message of every kind that people get, as it might come out on a Tuesday.
#pragma once

#include <string>
#include <vector>

#include "edge/render/render.hpp"

namespace retaind::test {

struct SampleMessage {
    std::string name;  ///< fit for a file
    Message message;
};
std::vector<SampleMessage> sample_messages();
/// The one of this name.
Message sample_message(const std::string& name);
Payload render_sample(const Message& message, ReceiverType type);

}  // namespace retaind::test
