// A server on 127.0.0.1 that does what a test tells it, for answers that no real server gives.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace retaind::test {

/// One client, spoken to by blocking calls.
class Peer {
public:
    explicit Peer(int socket) : socket_(socket) {}

    bool say(std::string_view text);    ///< false when the other side has gone
    std::optional<std::string> line();  ///< without its end; nothing when the other side has gone
    std::string bytes(std::size_t count);
    void until_gone();  ///< reads whatever comes until the other side leaves
    void reset();       ///< ends the connection with RST

private:
    bool fill();

    int socket_;
    std::string read_ = {};
};

/// Runs `serve` for each client, one thread each, and hangs up when it returns. Ends with the object.
class LoopbackServer {
public:
    explicit LoopbackServer(std::function<void(Peer&)> serve);
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer();

    int port() const { return port_; }
    int clients() const { return clients_; }

private:
    void accept_all();

    std::function<void(Peer&)> serve_;
    int listener_ = -1, port_ = 0;
    std::atomic<int> clients_ = 0;
    std::vector<std::thread> serving_ = {};
    std::thread accepting_;
};

/// A port that nobody listens on at the moment.
int free_port();

}  // namespace retaind::test
