// One exchange over the network with all its bounds, for the senders that talk to servers (libcurl).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
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
};

struct Reply {
    CURLcode code = CURLE_OK;
    long status = 0;   ///< HTTP status, or the last code of an SMTP server
    bool cut = false;  ///< it went on after the limit and was not read to its end
    bool refused_address = false;
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
using Headers = std::unique_ptr<curl_slist, ListDeleter>;
using Mime = std::unique_ptr<curl_mime, MimeDeleter>;

Headers make_headers(const std::vector<std::string>& lines);

/// Whether a URL's host is this machine.
bool is_loopback(const std::string& url);

/// Runs exchanges one after another. stop() may come from another thread: it ends the one under way, and all later
/// ones.
class Line {
public:
    Line();

    /// A handle with every bound set; the caller adds what is to be said.
    Easy prepare(const ExchangeOptions& options);
    Reply run(CURL* easy, const ExchangeOptions& options);
    void stop();

private:
    std::unique_ptr<CURLM, MultiDeleter> multi_;
    std::atomic<bool> stopped_ = false;
};

/// Fit for a label: what went wrong on the way, as against a server's answer.
std::string network_class(const Reply& reply);

}  // namespace retaind
