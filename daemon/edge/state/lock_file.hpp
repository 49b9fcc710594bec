// Holds a file's lock for as long as it lives. The lock ends with the process, however it ends.
#pragma once

#include <string>
#include <utility>

#include "retaind/base/result.hpp"

namespace retaind {

class LockFile {
public:
    /// Error (state) when another holder, in this process or another, has it; it names the holder's process.
    static Result<LockFile> take(const std::string& path);

    LockFile() = default;
    LockFile(LockFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    LockFile& operator=(LockFile&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~LockFile();

private:
    explicit LockFile(int file) : file_(file) {}
    int file_ = -1;
};

}  // namespace retaind
