// One exchange over the network with all its bounds, for the senders that talk to servers (libcurl).
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "retaind/base/time.hpp"

namespace retaind {

/// Of a reply, body and headers each; what comes after it is not read.
inline constexpr std::size_t reply_limit = 64 * 1024;

struct ExchangeOptions {
    std::string url;
    std::string protocols;          ///< "http,https"
    Seconds timeout = Seconds{60};  ///< for everything, names and TLS included
    std::string ca_file = {};
    std::vector<std::string> known_names = {};
};

struct Reply {
    CURLcode code = CURLE_OK;
    long status = 0;               ///< HTTP status, or the last code of an SMTP server
    bool cut = false;              ///< it went on after the limit and was not read to its end
    bool refused_address = false;  ///< the name leads to such ones only
    bool abandoned = false;
    std::optional<Seconds> retry_after = {};
};

struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MimeDeleter {
    void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;
using Mime = std::unique_ptr<curl_mime, MimeDeleter>;

List make_list(const std::vector<std::string>& lines);

/// Whether a URL's host is this machine.
bool is_loopback(const std::string& url);

/// Runs exchanges one after another. stop() may come from another thread: it ends the one under way, and all later
/// ones.
class Wire {
public:
    Wire();

    /// A handle with every bound set; the caller adds what is to be said.
    Easy prepare(const ExchangeOptions& options);
    Reply run(CURL* easy, const ExchangeOptions& options);
    void stop();

private:
    static curl_socket_t open_socket(void* user, curlsocktype purpose, curl_sockaddr* address);
    static int close_socket(void* user, curl_socket_t socket);
    static int watch_time(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
    void listen_to(CURL* easy);
    CURLcode drive();
    void hang_up();

    std::atomic<bool> stopped_ = false;
    std::mutex guard_;
    std::set<curl_socket_t> sockets_;  ///< open ones; guarded, since stop() hangs them up
    std::string written_;              ///< the host, as the URL of the exchange under way spells it
    bool refused_address_ = false, tried_address_ = false;
    std::chrono::steady_clock::time_point deadline_ = {};
    std::unique_ptr<CURLM, MultiDeleter> multi_;
};

/// Fit for a label: what went wrong on the way, as against a server's answer. "connect" also where nobody picked up in
/// time, or the line was not secure in time: nothing was said yet.
std::string network_class(const Reply& reply);

}  // namespace retaind
