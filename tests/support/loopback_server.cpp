#include "support/loopback_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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

void Peer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

LoopbackServer::LoopbackServer(std::function<void(Peer&)> serve) : serve_(std::move(serve)), listener_(bound_socket()) {
    port_ = port_of(listener_);
    if (::listen(listener_, 16) != 0) throw std::runtime_error("listen");
    accepting_ = std::thread{[this] { accept_all(); }};
}

void LoopbackServer::accept_all() {
    while (true) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        ++clients_;
        serving_.emplace_back([this, socket] {
            Peer peer{socket};
            serve_(peer);
            ::close(socket);
        });
    }
}

LoopbackServer::~LoopbackServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (auto& one : serving_) one.join();
    ::close(listener_);
}

int free_port() {
    const int socket = bound_socket();
    const int port = port_of(socket);
    ::close(socket);
    return port;
}

}  // namespace retaind::test
