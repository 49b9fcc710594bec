// A small HTTP/1.1 server on a thread of its own (RESTinio). It answers from what is at hand: a handler must not block.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "retaind/base/result.hpp"
#include "retaind/ports/settings.hpp"

namespace retaind {

struct HttpRequest {
    std::string method;  ///< "GET", "HEAD"; anything else is answered 405 before the handler is asked
    std::string path;    ///< without the query
};

struct HttpReply {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::shared_ptr<const std::string> body = {};
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

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
