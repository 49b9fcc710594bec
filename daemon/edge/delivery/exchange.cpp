#include "edge/delivery/exchange.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <mutex>

#include "edge/delivery/address_guard.hpp"

namespace retaind {

namespace {

/// What the callbacks of one exchange share.
struct Watch {
    std::string host;
    std::size_t head = 0, body = 0;
    bool cut = false, refused_address = false;
};

std::size_t take(std::size_t& sum, std::size_t bytes, Watch& watch) {
    sum += bytes;
    watch.cut = watch.cut || sum > reply_limit;
    return watch.cut ? 0 : bytes;  // less than was offered ends the transfer
}

std::size_t on_body(char*, std::size_t size, std::size_t count, void* user) {
    auto& watch = *static_cast<Watch*>(user);
    return take(watch.body, size * count, watch);
}

std::size_t on_header(char*, std::size_t size, std::size_t count, void* user) {
    auto& watch = *static_cast<Watch*>(user);
    return take(watch.head, size * count, watch);
}

curl_socket_t on_open(void* user, curlsocktype, curl_sockaddr* address) {
    auto& watch = *static_cast<Watch*>(user);
    if (!may_connect(address->addr, watch.host)) {
        watch.refused_address = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string host_of(const std::string& url) {
    struct UrlDeleter {
        void operator()(CURLU* parsed) const { curl_url_cleanup(parsed); }
    };
    const std::unique_ptr<CURLU, UrlDeleter> parsed{curl_url()};
    char* host = nullptr;
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return "";
    if (curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) return "";
    std::string result{host};
    curl_free(host);
    return result;
}

void initialise() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

/// Runs until the transfer is done or somebody wants to stop; the library's own time limit ends it otherwise.
CURLcode drive(CURLM* multi, const std::atomic<bool>& stopped, bool& abandoned) {
    for (int running = 1; running > 0;) {
        if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
        abandoned = stopped && running > 0;
        if (abandoned) return CURLE_ABORTED_BY_CALLBACK;
        if (running > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi, &left);
    return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
}

}  // namespace

Headers make_headers(const std::vector<std::string>& lines) {
    Headers list;
    for (const auto& line : lines) {
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) continue;
        [[maybe_unused]] auto* before = list.release();
        list.reset(longer);
    }
    return list;
}

bool is_loopback(const std::string& url) {
    const auto host = host_of(url);
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

Line::Line() {
    initialise();
    multi_.reset(curl_multi_init());
}

Easy Line::prepare(const ExchangeOptions& options) {
    Easy easy{curl_easy_init()};
    const auto milliseconds = static_cast<long>(options.timeout.count() * 1000);
    curl_easy_setopt(easy.get(), CURLOPT_URL, options.url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, options.protocols.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS, milliseconds);
    // Covers names, STARTTLS and AUTH too, so it must not be shorter than the whole.
    curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    curl_easy_setopt(easy.get(), CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");  // what the environment says would lead past the address guard
    curl_easy_setopt(easy.get(), CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) curl_easy_setopt(easy.get(), CURLOPT_CAINFO, options.ca_file.c_str());
    return easy;
}

Reply Line::run(CURL* easy, const ExchangeOptions& options) {
    Watch watch{.host = host_of(options.url)};
    Reply reply{.abandoned = stopped_};
    if (reply.abandoned) return reply;
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &watch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &watch);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &watch);
    curl_multi_add_handle(multi_.get(), easy);
    reply.code = drive(multi_.get(), stopped_, reply.abandoned);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) reply.retry_after = Seconds{seconds};
    curl_multi_remove_handle(multi_.get(), easy);
    reply.cut = watch.cut;
    reply.refused_address = watch.refused_address && reply.code == CURLE_COULDNT_CONNECT;
    return reply;
}

void Line::stop() {
    stopped_ = true;
    curl_multi_wakeup(multi_.get());
}

std::string network_class(const Reply& reply) {
    switch (reply.code) {
        case CURLE_OPERATION_TIMEDOUT: return "timeout";
        case CURLE_COULDNT_RESOLVE_HOST: return "name";
        case CURLE_COULDNT_CONNECT: return "connect";
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_INVALIDCERTSTATUS: return "tls";
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_BAD_CONTENT_ENCODING: return "bad_reply";
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_PARTIAL_FILE: return "connection_lost";
        default: return reply.cut ? "bad_reply" : "network";
    }
}

}  // namespace retaind
