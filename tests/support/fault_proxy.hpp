// A proxy on loopback that misbehaves on demand: between a client and a server it passes bytes on, until so many have
// come from the server; then it cuts the connection, stalls, or lets one byte a second through.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace retaind::testing {

class FaultProxy {
public:
    enum class Fault { none, cut, stall, drip };

    explicit FaultProxy(int server_port) : server_port_(server_port), listener_(listen_on_loopback(port_)) {
        signal(SIGPIPE, SIG_IGN);
        if (pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
        thread_ = std::thread{[this] { run(); }};
    }
    ~FaultProxy() {
        stopping_ = true;
        wake();
        thread_.join();
        for (const int fd : {listener_, wake_[0], wake_[1]}) close(fd);
    }
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    int port() const { return port_; }

    /// From now on every new connection misbehaves once so many bytes have come from the server.
    void misbehave(Fault fault, std::uint64_t after_bytes = 0) {
        const std::lock_guard lock{mutex_};
        fault_ = fault;
        after_ = after_bytes;
    }

    /// Bytes that came from the server on the newest connection, and how many connections there were.
    std::uint64_t bytes() const { return bytes_; }
    int connections() const { return connections_; }

private:
    struct Link {
        int client, server;
        Fault fault;
        std::uint64_t after, passed = 0;
        std::chrono::steady_clock::time_point next_drop = {};
        bool over = false;
    };

    static int listen_on_loopback(int& port) {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 16) != 0 ||
            getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("no port to listen on");
        port = ntohs(address.sin_port);
        return listener;
    }

    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        return address;
    }

    void wake() { [[maybe_unused]] const auto written = write(wake_[1], "x", 1); }

    void run() {
        while (!stopping_) {
            std::vector<pollfd> watched = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
            for (const auto& link : links_) {
                watched.push_back({link.client, static_cast<short>(stalls(link) ? 0 : POLLIN), 0});
                watched.push_back({link.server, static_cast<short>(holds_back(link) ? 0 : POLLIN), 0});
            }
            poll(watched.data(), watched.size(), 20);
            std::size_t i = 2;
            for (auto& link : links_) {
                const auto client = watched[i++].revents, server = watched[i++].revents;
                if (client & (POLLIN | POLLHUP | POLLERR)) from_client(link);
                if (!link.over && (server & (POLLIN | POLLHUP | POLLERR))) from_server(link);
            }
            for (auto& link : links_)
                if (link.over) end(link);
            links_.remove_if([](const Link& link) { return link.over; });
            if (watched[0].revents & POLLIN) accept_one();
        }
        for (auto& link : links_) end(link);
    }

    static bool misbehaves(const Link& link) { return link.fault != Fault::none && link.passed >= link.after; }
    static bool stalls(const Link& link) { return link.fault == Fault::stall && misbehaves(link); }
    static bool holds_back(const Link& link) {
        return stalls(link) ||
               (link.fault == Fault::drip && misbehaves(link) && std::chrono::steady_clock::now() < link.next_drop);
    }

    void accept_one() {
        const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) return;
        const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(server_port_);
        if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            close(client);
            close(server);
            return;
        }
        const std::lock_guard lock{mutex_};
        links_.push_back({client, server, fault_, after_});
        bytes_ = 0;
        ++connections_;
    }

    void from_client(Link& link) const {
        char buffer[16384];
        const auto count = read(link.client, buffer, sizeof buffer);
        if (count <= 0 || !send_all(link.server, buffer, static_cast<std::size_t>(count))) link.over = true;
    }

    void from_server(Link& link) {
        char buffer[16384];
        std::size_t most = sizeof buffer;
        if (link.fault != Fault::none)
            most = misbehaves(link) ? 1 : std::min<std::uint64_t>(most, link.after - link.passed);
        if (link.fault == Fault::cut && misbehaves(link)) {
            link.over = true;
            return;
        }
        const auto count = read(link.server, buffer, most);
        if (count <= 0 || !send_all(link.client, buffer, static_cast<std::size_t>(count))) {
            link.over = true;
            return;
        }
        link.passed += static_cast<std::uint64_t>(count);
        bytes_ = link.passed;
        if (link.fault == Fault::drip) link.next_drop = std::chrono::steady_clock::now() + std::chrono::seconds{1};
        if (link.fault == Fault::cut && misbehaves(link)) link.over = true;
    }

    static bool send_all(int fd, const char* data, std::size_t size) {
        while (size > 0) {
            const auto sent = send(fd, data, size, MSG_NOSIGNAL);
            if (sent <= 0) return false;
            data += sent;
            size -= static_cast<std::size_t>(sent);
        }
        return true;
    }

    static void end(Link& link) {
        close(link.client);
        close(link.server);
        link.over = true;
    }

    int server_port_;
    int port_ = 0;
    int listener_;
    int wake_[2] = {-1, -1};
    std::mutex mutex_;
    Fault fault_ = Fault::none;
    std::uint64_t after_ = 0;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> stopping_ = false;
    std::list<Link> links_ = {};
    std::thread thread_;
};

}  // namespace retaind::testing
