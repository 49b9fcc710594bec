// One body for each kind of receiver.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "words.hpp"

namespace retaind {

/// Whether a part of a message may leave: one of receiver_fields.
bool may_leave(std::string_view field, const std::vector<std::string>& fields);
/// What may leave of a message, whatever it is written as.
Message only(Message message, const std::vector<std::string>& fields);

/// The answering address of an alert, if it may leave and a browser can open it; else "".
std::string link_of(const AlertNote& note, const RenderOptions& options);

std::string mail_text(const MessageWords& words);
std::string mail_html(const MessageWords& words);
std::string slack_body(const MessageWords& words);
std::string webhook_body(const Message& message, const RenderOptions& options);
std::string alertmanager_body(const Message& message, const RenderOptions& options);

}  // namespace retaind
