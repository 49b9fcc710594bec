#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "families.hpp"

namespace retaind {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double count_open_files() {
    std::error_code error;
    double count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
        ++count;
    return count;
}

}  // namespace

void add_process(Families& families, double start_seconds) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    families.add("process_cpu_seconds_total", {}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    double virtual_pages = 0, resident_pages = 0;
    std::ifstream("/proc/self/statm") >> virtual_pages >> resident_pages;
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    families.add("process_resident_memory_bytes", {}, resident_pages * page);
    families.add("process_virtual_memory_bytes", {}, virtual_pages * page);
    families.add("process_open_fds", {}, count_open_files());
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    families.add("process_max_fds", {}, static_cast<double>(limit.rlim_cur));
    families.add("process_start_time_seconds", {}, start_seconds);
}

}  // namespace retaind
