#include "http.hpp"

#include <restinio/all.hpp>

#include <charconv>
#include <optional>
#include <thread>

namespace retaind {
namespace {

struct Traits : restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t> {
    static constexpr bool use_connection_count_limiter = true;
};
using Server = restinio::http_server_t<Traits>;

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};

std::optional<Endpoint> parse_endpoint(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    Endpoint endpoint{.host = text.substr(0, colon)};
    if (endpoint.host.size() > 2 && endpoint.host.front() == '[')
        endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    if (error != std::errc{} || at != end || endpoint.host.empty()) return std::nullopt;
    return endpoint;
}

Error bad_listen(const std::string& listen, const std::string& message, const std::string& hint) {
    return Error{.kind = ErrorKind::config, .message = "listen = \"" + listen + "\": " + message, .hint = hint};
}

restinio::http_status_line_t status_line(int status) {
    switch (status) {
        case 200: return restinio::status_ok();
        case 400: return restinio::status_bad_request();
        case 403: return restinio::status_forbidden();
        case 404: return restinio::status_not_found();
        case 405: return restinio::status_method_not_allowed();
        case 410: return restinio::status_gone();
        case 429: return restinio::status_too_many_requests();
        case 503: return restinio::status_service_unavailable();
        default: return restinio::status_internal_server_error();
    }
}

/// Whatever a page says of itself stands in place of these.
const HttpFields usual_headers = {{"X-Content-Type-Options", "nosniff"},
                                  {"X-Frame-Options", "DENY"},
                                  {"Referrer-Policy", "no-referrer"},
                                  {"Cache-Control", "no-store"},
                                  {"Content-Security-Policy", "default-src 'none'"}};

restinio::request_handling_status_t answer(const restinio::request_handle_t& request, const HttpReply& reply,
                                           bool with_body) {
    static const auto nothing = std::make_shared<const std::string>();
    auto response = request->create_response(status_line(reply.status));
    response.append_header(restinio::http_field::content_type, reply.content_type);
    HttpFields headers = reply.headers;
    headers.insert(usual_headers.begin(), usual_headers.end());
    for (const auto& [name, value] : headers) response.append_header(name, value);
    if (with_body) response.set_body(reply.body ? reply.body : nothing);
    return response.done();
}

std::string in_lower_case(std::string_view text) {
    std::string result{text};
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return result;
}

HttpRequest request_of(const restinio::request_handle_t& request) {
    HttpRequest result{.method = request->header().method().c_str(),
                       .path = std::string(request->header().path()),
                       .body = request->body()};
    request->header().for_each_field([&](const auto& field) {
        result.headers.insert_or_assign(in_lower_case(field.name()), std::string(field.value()));
    });
    return result;
}

restinio::request_handling_status_t handle(const restinio::request_handle_t& request, const HttpHandler& handler) {
    const auto method = request->header().method();
    const bool head = method == restinio::http_method_head();
    if (!head && method != restinio::http_method_get() && method != restinio::http_method_post())
        return answer(request, refuse_method("GET, HEAD, POST"), true);
    try {
        return answer(request, handler(request_of(request)), !head);
    } catch (const std::exception&) {
        // RESTinio would only drop the connection: the client deserves an answer.
        return answer(request, {.status = 500, .body = std::make_shared<std::string>("internal error\n")}, !head);
    }
}

class RestinioServer final : public HttpServer {
public:
    RestinioServer(const Endpoint& endpoint, std::size_t connections, HttpHandler handler, const HttpLimits& limits)
        : server_(restinio::external_io_context(io_), [&, this](auto& settings) {
              settings.address(endpoint.host)
                  .port(endpoint.port)
                  .max_parallel_connections(connections)
                  .read_next_http_message_timelimit(limits.read)
                  .write_http_response_timelimit(limits.write)
                  .handle_request_timeout(limits.handle)
                  .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                                .max_url_size(limits.url_bytes)
                                                .max_field_name_size(limits.header_bytes)
                                                .max_field_value_size(limits.header_bytes)
                                                .max_field_count(limits.header_fields)
                                                .max_body_size(limits.body_bytes))
                  .acceptor_post_bind_hook([this](auto& acceptor) { bound_ = acceptor.local_endpoint(); })
                  .request_handler([handler = std::move(handler)](const restinio::request_handle_t& request) {
                      return handle(request, handler);
                  });
          }) {
        server_.open_sync();
        thread_ = std::thread([this] { io_.run(); });
    }

    ~RestinioServer() override {
        asio::post(io_, [this] {
            server_.close_sync();
            io_.stop();
        });
        thread_.join();
    }

    std::string address() const override {
        const std::string host = bound_.address().to_string();
        return (bound_.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound_.port());
    }

private:
    asio::io_context io_;
    asio::ip::tcp::endpoint bound_;
    Server server_;
    std::thread thread_;
};

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

std::optional<HttpFields> form_of(const HttpRequest& request) {
    const std::string type = in_lower_case(request.header("content-type"));
    if (type.substr(0, type.find(';')) != "application/x-www-form-urlencoded") return std::nullopt;
    const auto fields = restinio::try_parse_query<restinio::parse_query_traits::x_www_form_urlencoded>(request.body);
    if (!fields) return std::nullopt;
    HttpFields form;
    for (const auto& [name, value] : *fields) form.emplace(name, value);
    return form;
}

HttpReply refuse_method(const std::string& allowed) {
    return {.status = 405,
            .body = std::make_shared<std::string>("only " + allowed + "\n"),
            .headers = {{"Allow", allowed}}};
}

Result<std::unique_ptr<HttpServer>> listen_http(const ListenSettings& settings, bool allow_any_address,
                                                HttpHandler handler, const HttpLimits& limits) {
    const std::optional<Endpoint> endpoint = parse_endpoint(settings.listen);
    if (!endpoint) return bad_listen(settings.listen, "not an address and a port", "write it like 127.0.0.1:9848");
    asio::error_code error;
    const auto address = asio::ip::make_address(endpoint->host == "localhost" ? "127.0.0.1" : endpoint->host, error);
    if (error) return bad_listen(settings.listen, "not an IP address", "write it like 127.0.0.1:9848");
    if (!address.is_loopback() && !allow_any_address) {
        return bad_listen(settings.listen, "refused: others could reach it without TLS and users",
                          "listen on 127.0.0.1, behind a proxy if need be");
    }
    try {
        const Endpoint bindable{.host = address.to_string(), .port = endpoint->port};
        std::unique_ptr<HttpServer> server = std::make_unique<RestinioServer>(
            bindable, static_cast<std::size_t>(settings.max_connections), std::move(handler), limits);
        return server;
    } catch (const std::exception& failure) {
        return bad_listen(settings.listen, failure.what(), "is the port in use by another program?");
    }
}

}  // namespace retaind
