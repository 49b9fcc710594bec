// Plain bytes to a server on loopback, for requests that no client would make.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace retaind::test {

/// Sends bytes as they are to "127.0.0.1:PORT" and reads until the server closes.
inline std::string talk_to(const std::string& address, const std::string& bytes) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int file = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(file, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    EXPECT_EQ(send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    std::string reply;
    char buffer[4096];
    for (ssize_t got; (got = recv(file, buffer, sizeof buffer, 0)) > 0;)
        reply.append(buffer, static_cast<std::size_t>(got));
    close(file);
    return reply;
}

}  // namespace retaind::test
