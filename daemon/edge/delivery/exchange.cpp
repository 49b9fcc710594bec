#include "edge/delivery/exchange.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>

#include "edge/delivery/address_guard.hpp"

namespace retaind {

namespace {

/// How much of a reply was read.
struct Watch {
    std::size_t head = 0, body = 0;
    bool cut = false;
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

/// The host before the library makes an address of "2852039166" or "0xa9.0xfe.0xa9.0xfe".
std::string host_as_written(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    url.remove_prefix(url.rfind('@') + 1);
    if (url.starts_with('[')) return std::string{url.substr(1, url.find_first_of("]%") - 1)};
    return std::string{url.substr(0, url.find(':'))};
}

void initialise() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

List make_list(const std::vector<std::string>& lines) {
    List list;
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
    in_addr four{};
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && ::inet_pton(AF_INET, host.c_str(), &four) == 1);
}

Wire::Wire() {
    initialise();
    multi_.reset(curl_multi_init());
}

Easy Wire::prepare(const ExchangeOptions& options) {
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

curl_socket_t Wire::open_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& line = *static_cast<Wire*>(user);
    if (!may_connect(address->addr, line.written_)) {
        line.refused_address_ = true;
        return CURL_SOCKET_BAD;
    }
    const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    const std::lock_guard hold{line.guard_};
    if (socket >= 0) line.sockets_.insert(socket);
    line.tried_address_ = true;
    return socket;
}

int Wire::close_socket(void* user, curl_socket_t socket) {
    auto& line = *static_cast<Wire*>(user);
    const std::lock_guard hold{line.guard_};
    line.sockets_.erase(socket);
    return ::close(socket);
}

/// Called at least once a second, also where the library waits for an SMTP server's farewell without looking at its own
/// deadline.
int Wire::watch_time(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& line = *static_cast<Wire*>(user);
    if (!line.stopped_ && std::chrono::steady_clock::now() <= line.deadline_) return 0;
    line.hang_up();  // or the library would wait a second for a farewell
    return 1;
}

/// On a line that is down there is nothing to wait for.
void Wire::hang_up() {
    const std::lock_guard hold{guard_};
    for (const auto socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

CURLcode Wire::drive() {
    for (int running = 1; running > 0;) {
        if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
        if (stopped_ && running > 0) return CURLE_ABORTED_BY_CALLBACK;
        if (running > 0) curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
}

void Wire::listen_to(CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch_time);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
}

Reply Wire::run(CURL* easy, const ExchangeOptions& options) {
    if (stopped_) return {.abandoned = true};
    Watch watch;
    written_ = host_as_written(options.url);
    refused_address_ = tried_address_ = false;
    const bool is_first_line = sockets_.empty();  // on a kept one something may have been said
    const auto known_names = make_list(options.known_names);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, known_names.get());
    deadline_ = std::chrono::steady_clock::now() + options.timeout;
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &watch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &watch);
    listen_to(easy);
    curl_multi_add_handle(multi_.get(), easy);
    Reply reply{.code = drive()};
    reply.abandoned = stopped_ && reply.code != CURLE_OK;
    if (reply.code == CURLE_ABORTED_BY_CALLBACK && !stopped_) reply.code = CURLE_OPERATION_TIMEDOUT;
    if (reply.code != CURLE_OK) hang_up();
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    curl_off_t connected = 0;
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (reply.code == CURLE_OPERATION_TIMEDOUT && is_first_line && connected == 0) reply.code = CURLE_COULDNT_CONNECT;
    if (seconds > 0) reply.retry_after = Seconds{seconds};
    curl_multi_remove_handle(multi_.get(), easy);
    reply.cut = watch.cut;
    reply.refused_address = refused_address_ && !tried_address_ && reply.code == CURLE_COULDNT_CONNECT;
    return reply;
}

void Wire::stop() {
    stopped_ = true;
    hang_up();
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
