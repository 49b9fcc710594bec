// A cycle's messages as the outbox takes them: rendered for each receiver, with their links, and what each tells.
#pragma once

#include <vector>

#include "company.hpp"
#include "retaind/alerts/message.hpp"
#include "retaind/ports/state_store.hpp"

namespace retaind {

struct Post {
    std::vector<Payload> outbox = {};
    std::vector<Absorption> absorptions = {};
};

struct PostOptions {
    Instant now;
    Secret link_key = {};  ///< AlertDesk::link_key(); without it messages have no links
};

/// `alerts` are those of the cycle, sorted by key.
Post render_post(const Company& company, const std::vector<Message>& messages, const std::vector<Alert>& alerts,
                 const PostOptions& options);

}  // namespace retaind
