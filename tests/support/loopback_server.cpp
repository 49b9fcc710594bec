#include "support/loopback_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

namespace retaind::test {

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

int bound_socket() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("bind");
    return socket;
}

int port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

}  // namespace

bool Peer::say(std::string_view text) {
    while (!text.empty()) {
        const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Peer::fill() {
    std::array<char, 4096> buffer{};
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    read_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
}

std::optional<std::string> Peer::line() {
    while (read_.find('\n') == read_.npos) {
        if (!fill()) return std::nullopt;
    }
    const auto end = read_.find('\n');
    auto line = read_.substr(0, end);
    read_.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

std::string Peer::bytes(std::size_t count) {
    while (read_.size() < count && fill()) {}
    auto text = read_.substr(0, count);
    read_.erase(0, count);
    return text;
}

void Peer::until_gone() {
    while (fill()) read_.clear();
}

void Peer::deaf_until_gone() {
    pollfd gone{.fd = socket_, .events = POLLRDHUP, .revents = 0};
    ::poll(&gone, 1, -1);
}

void Peer::drip(std::string_view text, std::chrono::milliseconds every) {
    for (std::size_t at = 0; say(text.substr(at % text.size(), 1)); ++at) {
        pollfd gone{.fd = socket_, .events = POLLRDHUP, .revents = 0};
        if (::poll(&gone, 1, static_cast<int>(every.count())) != 0) return;
    }
}

void Peer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

LoopbackServer::LoopbackServer(std::function<void(Peer&)> serve, Door door)
    : serve_(std::move(serve)), listener_(bound_socket()) {
    port_ = port_of(listener_);
    if (door == Door::open) open();
}

void LoopbackServer::open() {
    if (::listen(listener_, 16) != 0) throw std::runtime_error("listen");
    accepting_ = std::thread{[this] { accept_all(); }};
}

void LoopbackServer::accept_all() {
    while (true) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        ++clients_;
        const std::lock_guard hold{guard_};
        sockets_.insert(socket);
        serving_.emplace_back([this, socket] {
            Peer peer{socket};
            serve_(peer);
            const std::lock_guard done{guard_};
            sockets_.erase(socket);
            ::close(socket);
        });
    }
}

LoopbackServer::~LoopbackServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (accepting_.joinable()) accepting_.join();
    {
        const std::lock_guard hold{guard_};
        for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& one : serving_) one.join();
    ::close(listener_);
}

Request read_request(Peer& peer) {
    Request request{.first = peer.line().value_or("")};
    for (auto line = peer.line(); line && !line->empty(); line = peer.line()) {
        auto name = line->substr(0, line->find(':'));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers[name] = line->substr(std::min(line->size(), line->find(':') + 2));
    }
    if (request.headers.contains("content-length"))
        request.body = peer.bytes(std::stoul(request.headers["content-length"]));
    return request;
}

int free_port() {
    const int socket = bound_socket();
    const int port = port_of(socket);
    ::close(socket);
    return port;
}

}  // namespace retaind::test
