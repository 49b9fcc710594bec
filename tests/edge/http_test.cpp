#include "edge/http/http.hpp"
#include "support/talk.hpp"

#include <gmock/gmock.h>

namespace retaind {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpReply answer(const HttpRequest& request) {
    if (request.path == "/throws") throw std::runtime_error("a defect of the handler");
    if (request.path == "/missing") return {.status = 404, .body = std::make_shared<std::string>("no\n")};
    if (request.path == "/own") return {.headers = {{"Content-Security-Policy", "own"}, {"Retry-After", "1"}}};
    if (request.path == "/form") {
        const auto form = form_of(request);
        if (!form) return {.status = 400, .body = std::make_shared<std::string>("no form\n")};
        std::string said = std::string(request.header("x-kind")) + ":";
        for (const auto& [name, value] : *form) said += " " + name + "=" + value;
        return {.body = std::make_shared<std::string>(said + "\n")};
    }
    return {.body = std::make_shared<std::string>("path " + request.path + "\n")};
}

std::unique_ptr<HttpServer> server(const std::string& listen = "127.0.0.1:0", const HttpLimits& limits = {}) {
    Result<std::unique_ptr<HttpServer>> result = listen_http({.listen = listen}, false, answer, limits);
    EXPECT_TRUE(result.ok()) << (result ? "" : result.error().message);
    return result ? std::move(*result) : nullptr;
}

std::string talk(const HttpServer& to, const std::string& bytes) { return test::talk_to(to.address(), bytes); }

std::string request(const std::string& method, const std::string& path) {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
}

TEST(Http, AnswersGetWithTheHandlersBody) {
    const auto running = server();
    const std::string reply = talk(*running, request("GET", "/metrics?x=1"));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(reply, HasSubstr("path /metrics\n"));
    EXPECT_THAT(reply, HasSubstr("Content-Security-Policy: default-src 'none'"));
}

TEST(Http, AnswersHeadWithoutABody) {
    const std::string reply = talk(*server(), request("HEAD", "/metrics"));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(reply.find("path /metrics"), std::string::npos);
}

TEST(Http, RefusesOtherMethodsAndSaysWhatItTakes) {
    const std::string reply = talk(*server(), request("DELETE", "/metrics"));
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(reply, HasSubstr("Allow: GET, HEAD, POST\r\n"));
}

TEST(Http, AnswersADefectOfTheHandlerInsteadOfDroppingTheClient) {
    const auto running = server();
    EXPECT_THAT(talk(*running, request("GET", "/throws")), StartsWith("HTTP/1.1 500"));
    EXPECT_THAT(talk(*running, request("GET", "/missing")), StartsWith("HTTP/1.1 404"));
}

std::string post(const std::string& path, const std::string& body,
                 const std::string& type = "application/x-www-form-urlencoded") {
    return "POST " + path +
           " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Kind: A\r\nX-KIND: B\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Http, HandsOverFormsWithTheirHeaders) {
    const auto running = server();
    EXPECT_THAT(talk(*running, post("/form", "answer=on_it&comment=a+b%26c%3D%C3%A9&answer=two")),
                HasSubstr("B: answer=on_it comment=a b&c=\xc3\xa9\n"));
    EXPECT_THAT(talk(*running, post("/form", "a=1", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")),
                HasSubstr("B: a=1\n"));
    EXPECT_THAT(talk(*running, post("/form", "")), HasSubstr("B:\n"));
    EXPECT_THAT(talk(*running, post("/form", "a=%zz")), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(talk(*running, post("/form", "{\"a\":1}", "application/json")), StartsWith("HTTP/1.1 400"));
    EXPECT_EQ(talk(*running, post("/form", "a=" + std::string(17 * 1024, 'x'))), "") << "closed beyond the limit";
}

TEST(Http, ForbidsWhatAPageDoesNotNeedUnlessItSaysOtherwise) {
    const auto running = server();
    const std::string usual = talk(*running, request("GET", "/"));
    for (const char* header : {"X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
                               "Referrer-Policy: no-referrer", "Cache-Control: no-store"})
        EXPECT_THAT(usual, HasSubstr(header));
    const std::string own = talk(*running, request("GET", "/own"));
    EXPECT_THAT(own, HasSubstr("Content-Security-Policy: own\r\n"));
    EXPECT_THAT(own, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_EQ(own.find("default-src"), std::string::npos);
    EXPECT_THAT(own, HasSubstr("X-Frame-Options: DENY"));
}

TEST(Http, ClosesOnRequestsBeyondItsLimits) {
    const auto running = server("127.0.0.1:0", {.header_fields = 8, .url_bytes = 100, .read = Seconds{1}});
    EXPECT_EQ(talk(*running, request("GET", "/" + std::string(200, 'x'))), "");
    std::string many = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    for (int at = 0; at < 20; ++at) many += "X-" + std::to_string(at) + ": 1\r\n";
    EXPECT_EQ(talk(*running, many + "\r\n"), "");
    EXPECT_EQ(talk(*running, "GET / HT"), "");  // and never more: closed after a second
}

TEST(Http, RefusesAddressesThatOthersReach) {
    for (const char* listen : {"0.0.0.0:0", "192.0.2.1:9848", "[::]:0"}) {
        const auto result = listen_http({.listen = listen}, false, answer);
        ASSERT_FALSE(result.ok()) << listen;
        EXPECT_THAT(result.error().message, HasSubstr("refused")) << listen;
    }
}

TEST(Http, SaysWhatIsWrongWithAnAddress) {
    for (const char* listen : {"", "9848", "127.0.0.1", "localhost:http", "127.0.0.1:99999", "example.org:80"}) {
        const auto result = listen_http({.listen = listen}, false, answer);
        ASSERT_FALSE(result.ok()) << listen;
        EXPECT_EQ(result.error().kind, ErrorKind::config);
    }
}

TEST(Http, SaysWhenThePortIsInUse) {
    const auto running = server();
    const auto second = listen_http({.listen = running->address()}, false, answer);
    ASSERT_FALSE(second.ok());
    EXPECT_THAT(second.error().hint, HasSubstr("port in use"));
}

}  // namespace
}  // namespace retaind
