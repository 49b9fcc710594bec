// What a digest holds besides news: how the reader's customers moved, what is due, kept, and unknown.
#pragma once

#include <map>
#include <vector>

#include "audience.hpp"
#include "retaind/alerts/notify.hpp"

namespace retaind {

/// Somebody with customers of their own: their account manager, or a channel.
struct Clientele {
    Reader reader;
    std::vector<std::size_t> customers = {};  ///< positions in NotifyInput::customers
};

/// Everybody but machines. Nobody while `customers` cannot be believed, and no people while `people` cannot.
std::map<ReaderKey, Clientele> find_clienteles(const NotifyInput& input);

/// All but act_today and held_back, which are made of alerts.
Digest digest_of(const NotifyInput& input, const std::vector<std::size_t>& customers);

bool is_empty(const Digest& digest);

}  // namespace retaind
