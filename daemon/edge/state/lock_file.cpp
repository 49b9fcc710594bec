#include "edge/state/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace retaind {

namespace {

std::string holder(int file) {
    std::array<char, 32> text{};
    const auto size = ::pread(file, text.data(), text.size() - 1, 0);
    std::string pid{text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    while (!pid.empty() && pid.back() == '\n') pid.pop_back();
    return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

void sign(int file) {
    const auto pid = fmt::format("{}\n", ::getpid());
    [[maybe_unused]] const auto cut = ::ftruncate(file, 0);
    [[maybe_unused]] const auto written = ::pwrite(file, pid.data(), pid.size(), 0);
}

}  // namespace

Result<LockFile> LockFile::take(const std::string& path) {
    LockFile lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (lock.file_ < 0) {
        return Error{.kind = ErrorKind::state,
                     .message = fmt::format("{} cannot be opened: {}", path, std::strerror(errno)),
                     .hint = "the state's folder must exist and belong to the user retaind runs as"};
    }
    if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
        return Error{
            .kind = ErrorKind::state,
            .message = fmt::format("{} is held by {}", path, holder(lock.file_)),
            .hint = "one retaind owns a state at a time: stop the other one, or give this one its own [state]"};
    }
    sign(lock.file_);
    return lock;
}

LockFile::~LockFile() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace retaind
