#include "edge/delivery/senders.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "retaind/ports/failpoint.hpp"

namespace retaind {

namespace {

class OpenFile {
public:
    OpenFile(const std::string& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (file_ >= 0) ::close(file_);
    }
    explicit operator bool() const { return file_ >= 0; }
    int get() const { return file_; }

private:
    int file_;
};

SendResult failed() {
    const int error = errno;
    return {.outcome = SendResult::Outcome::retry,
            .error_class = error == ENOSPC || error == EDQUOT ? "disk_full" : "file",
            .detail = std::strerror(error)};
}

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Whether the file's last line was never ended: a crash or a full disk cut it off.
bool ends_torn(int file, off_t size) {
    char last = '\n';
    return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

class FileSender final : public Sender {
public:
    explicit FileSender(const ReceiverSettings& receiver)
        : path_(receiver.path), rotate_bytes_(receiver.rotate_bytes) {}

    SendResult send(const Payload& payload) override {
        if (stopped_) return {.outcome = SendResult::Outcome::abandoned};
        const auto line = payload.json + "\n";
        if (!rotate(line.size())) return failed();
        const OpenFile file{path_, O_RDWR | O_APPEND | O_CREAT};
        struct stat before {};
        if (!file || ::fstat(file.get(), &before) != 0) return failed();
        const auto text = (ends_torn(file.get(), before.st_size) ? "\n" : "") + line;
        if (!write_all(file.get(), text)) {
            const auto result = failed();
            [[maybe_unused]] const int cut = ::ftruncate(file.get(), before.st_size);
            return result;
        }
        failpoint("sender.file.written");
        if (::fsync(file.get()) != 0) return failed();
        return before.st_size == 0 && !sync_folder() ? failed() : SendResult{};
    }

    void stop() override { stopped_ = true; }

private:
    /// Makes room for a line; a file that is not there yet has room.
    bool rotate(std::size_t line) {
        struct stat now {};
        if (::stat(path_.c_str(), &now) != 0) return errno == ENOENT;
        const bool fits = static_cast<std::uint64_t>(now.st_size) + line <= rotate_bytes_;
        if (fits || now.st_size == 0 || !S_ISREG(now.st_mode)) return true;
        return std::rename(path_.c_str(), (path_ + ".1").c_str()) == 0;
    }

    /// A new file's name must survive a power cut as its lines do.
    bool sync_folder() {
        const auto folder = std::filesystem::path{path_}.parent_path();
        const OpenFile open{folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY};
        return open && ::fsync(open.get()) == 0;
    }

    std::string path_;
    std::uint64_t rotate_bytes_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace

std::unique_ptr<Sender> make_file_sender(const ReceiverSettings& receiver) {
    return std::make_unique<FileSender>(receiver);
}

}  // namespace retaind
