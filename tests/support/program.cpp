#include "support/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace retaind::test {

namespace {

struct Started {
    int pid, input, output;
};

Started start(const std::vector<std::string>& command) {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    std::vector<char*> arguments;
    for (const auto& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
    arguments.push_back(nullptr);
    const int pid = ::fork();
    if (pid == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    return {.pid = pid, .input = in[1], .output = out[0]};
}

std::string read_to_end(int file) {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(file, buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

Program::Program(const std::vector<std::string>& command) {
    const auto started = start(command);
    ::close(started.input);
    pid_ = started.pid;
    output_ = started.output;
    char c = 0;
    while (::read(output_, &c, 1) == 1 && c != '\n') {}
    ready_ = c == '\n';
}

Program::~Program() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    ::close(output_);
}

std::string output_of(const std::vector<std::string>& command, const std::string& input) {
    const auto started = start(command);
    [[maybe_unused]] const auto written = ::write(started.input, input.data(), input.size());
    ::close(started.input);
    auto text = read_to_end(started.output);
    ::close(started.output);
    int status = 0;
    ::waitpid(started.pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(command.front() + " failed: " + text);
    return text;
}

}  // namespace retaind::test
