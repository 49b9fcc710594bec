// A server on 127.0.0.1 that does what a test tells it, for answers that no real server gives.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
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
    void until_gone();       ///< reads whatever comes until the other side leaves
    void deaf_until_gone();  ///< reads nothing until the other side leaves, or the server ends
    /// A byte at a time, for as long as the other side stays; the text from its start again when it ends.
    void drip(std::string_view text, std::chrono::milliseconds every);
    void reset();  ///< ends the connection with RST

private:
    bool fill();

    int socket_;
    std::string read_ = {};
};

/// Runs `serve` for each client, one thread each, and hangs up when it returns. Ends with the object.
class LoopbackServer {
public:
    enum class Door { open, closed };  ///< closed: connections are refused until open()

    explicit LoopbackServer(std::function<void(Peer&)> serve, Door door = Door::open);
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;
    ~LoopbackServer();

    void open();
    int port() const { return port_; }
    int clients() const { return clients_; }

private:
    void accept_all();

    std::function<void(Peer&)> serve_;
    int listener_ = -1, port_ = 0;
    std::atomic<int> clients_ = 0;
    std::mutex guard_;
    std::set<int> sockets_ = {};  ///< of clients being served
    std::vector<std::thread> serving_ = {};
    std::thread accepting_;
};

/// An HTTP request; names of headers in small letters.
struct Request {
    std::string first = {};
    std::map<std::string, std::string> headers = {};
    std::string body = {};
};
Request read_request(Peer& peer);

/// A port that nobody listens on at the moment.
int free_port();

}  // namespace retaind::test
