// Programs that a test runs beside itself.
#pragma once

#include <string>
#include <vector>

namespace retaind::test {

/// A server program: running when constructed (it printed a line), ended with the object.
class Program {
public:
    explicit Program(const std::vector<std::string>& command);
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program();

    bool ready() const { return ready_; }

private:
    int pid_ = -1, output_ = -1;
    bool ready_ = false;
};

/// What a command prints; throws when it fails. `input` is what it reads.
std::string output_of(const std::vector<std::string>& command, const std::string& input = {});

}  // namespace retaind::test
