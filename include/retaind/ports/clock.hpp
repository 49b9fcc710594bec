// The seam to time. "Now" is read once per cycle, in one place; tests bring their own.
#pragma once

#include <chrono>

#include "retaind/base/time.hpp"

namespace retaind {

class Clock {
public:
    virtual ~Clock() = default;
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

    virtual Instant now() = 0;                                   ///< UTC wall time
    virtual std::chrono::steady_clock::time_point steady() = 0;  ///< for timeouts
};

}  // namespace retaind
