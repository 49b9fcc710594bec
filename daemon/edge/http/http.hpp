// A small HTTP/1.1 server on a thread of its own (RESTinio). Requests are answered one after another: while a handler
// waits, so does everybody else who asks this server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "retaind/base/result.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

using HttpFields = std::map<std::string, std::string, std::less<>>;

struct HttpRequest {
    std::string method;       ///< "GET", "HEAD", "POST"; anything else is answered 405 before the handler is asked
    std::string path;         ///< without the query
    HttpFields headers = {};  ///< names in lower case; of several with one name the last
    std::string body = {};    ///< of POST

    std::string_view header(std::string_view name) const;  ///< "" when it is not there
};

/// Every reply forbids sniffing, framing, referrers and storing, and may load nothing, unless `headers` says otherwise.
struct HttpReply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::shared_ptr<const std::string> body = {};
    HttpFields headers = {};  ///< further ones, by the names that they are sent under; they replace the usual ones
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

/// What was filled into a form; nothing when the body is no form (another type, broken escapes). Of several fields with
/// one name the first.
std::optional<HttpFields> form_of(const HttpRequest& request);

/// A reply to a method that a handler does not take: 405, and which ones it takes ("GET, HEAD").
HttpReply refuse_method(const std::string& allowed);

/// Bounds on what a client may cost.
struct HttpLimits {
    std::size_t header_fields = 64, header_bytes = 8 * 1024, url_bytes = 2 * 1024, body_bytes = 16 * 1024;
    Seconds read = Seconds{10}, write = Seconds{10}, handle = Seconds{5};
};

class HttpServer {
public:
    virtual ~HttpServer() = default;
    virtual std::string address() const = 0;  ///< "127.0.0.1:9848": the port that was really bound
};

/// Listens until destroyed. Anything but loopback is refused (kind config) unless `allow_any_address`; a port in use is
/// an error that says so. Port 0 takes a free one.
Result<std::unique_ptr<HttpServer>> listen_http(const ListenSettings& settings, bool allow_any_address,
                                                HttpHandler handler, const HttpLimits& limits = {});

}  // namespace retaind
