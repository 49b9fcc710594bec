// How much memory this process takes.
#pragma once

#include <fstream>
#include <string>

namespace retaind::test {

/// The most that was resident since the last call, in KiB.
inline long peak_memory() {
    long peak = 0;
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) peak = std::stol(line.substr(6));
    }
    std::ofstream{"/proc/self/clear_refs"} << "5";  // begins anew
    return peak;
}

}  // namespace retaind::test
