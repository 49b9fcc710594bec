// A PostgreSQL server of the test's own: a new cluster in a temporary folder, on a free loopback port, gone with its
// object (and with the test, should that be killed). Tests skip, and say why, where PostgreSQL is not installed.
//
//   const auto missing = PostgresServer::missing();
//   if (!missing.empty()) GTEST_SKIP() << missing;
//   PostgresServer server;                  // about 1.5 seconds
//   server.run("CREATE TABLE ...");         // as the superuser "retaind", in database "postgres"
//
// Everybody is trusted except the user "guarded", who needs a password.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/temporary.hpp"

namespace retaind::testing {

/// A port of 127.0.0.1 that nobody listened on a moment ago.
inline int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(listener);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

class PostgresServer {
public:
    /// Why no server can be had, or "".
    static std::string missing() {
        if (programs().empty()) return "PostgreSQL is not installed (/usr/lib/postgresql/*/bin/postgres)";
        if (geteuid() == 0 && !getpwnam("postgres"))
            return "run as root, and there is no user postgres to run the server";
        return "";
    }

    PostgresServer() : port_(free_port()) {
        hand_over(folder_.path());
        wait_for(spawn({programs() + "/initdb", "-D", data(), "-A", "trust", "-U", "retaind", "--no-sync", "-E", "UTF8",
                        "--locale=C"}));
        std::ofstream{data() + "/pg_hba.conf"}
            << "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        start();
    }
    ~PostgresServer() { stop(); }
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    void start() {
        process_ = spawn({programs() + "/postgres", "-D", data(), "-c", "listen_addresses=127.0.0.1", "-c",
                          "port=" + std::to_string(port_), "-c", "unix_socket_directories=", "-c", "fsync=off", "-c",
                          "max_connections=30", "-c", "shared_buffers=16MB"});
        const auto text = connection() + " connect_timeout=2";
        for (int i = 0; i < 600; ++i) {
            if (PQping(text.c_str()) == PQPING_OK) return;
            if (waitpid(process_, nullptr, WNOHANG) != 0) break;
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
        throw std::runtime_error("PostgreSQL did not start: see " + folder_.file("log"));
    }

    /// At once, as after a crash.
    void stop() {
        if (process_ <= 0) return;
        kill(process_, SIGQUIT);
        waitpid(process_, nullptr, 0);
        process_ = 0;
    }

    int port() const { return port_; }
    std::string connection(int port = 0) const {
        return "host=127.0.0.1 port=" + std::to_string(port ? port : port_) + " dbname=postgres user=retaind";
    }

    /// Statements, or a complaint.
    void run(const std::string& sql) const {
        PGconn* connected = PQconnectdb(connection().c_str());
        PGresult* result = PQexec(connected, sql.c_str());
        const auto status = PQresultStatus(result);
        const std::string complaint = PQerrorMessage(connected);
        PQclear(result);
        PQfinish(connected);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(complaint + sql);
    }

private:
    std::string data() const { return folder_.file("data"); }

    /// The folder of the newest installed server's programs, or "".
    static std::string programs() {
        std::string newest;
        std::error_code ignored;
        for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
            const auto folder = (version.path() / "bin").string();
            if (std::filesystem::exists(folder + "/postgres") && folder > newest) newest = folder;
        }
        return newest;
    }

    /// PostgreSQL refuses to run as root.
    static void hand_over(const std::filesystem::path& path) {
        const auto* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
        if (user && chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown failed");
    }

    pid_t spawn(const std::vector<std::string>& command) const {
        std::vector<char*> arguments;
        for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        const auto log = folder_.file("log");
        const auto* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
        const auto uid = user ? user->pw_uid : getuid();
        const auto gid = user ? user->pw_gid : getgid();
        const pid_t child = fork();
        if (child != 0) return child;
        if (user && (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) _exit(126);
        prctl(PR_SET_PDEATHSIG, SIGQUIT);
        const int out = open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0644);
        dup2(out, 1);
        dup2(out, 2);
        unsetenv("LD_PRELOAD");
        execv(arguments[0], arguments.data());
        _exit(127);
    }

    void wait_for(pid_t process) const {
        int status = 0;
        waitpid(process, &status, 0);
        if (status != 0) throw std::runtime_error("initdb failed: see " + folder_.file("log"));
    }

    TemporaryFolder folder_ = {};
    int port_;
    pid_t process_ = 0;
};

}  // namespace retaind::testing
