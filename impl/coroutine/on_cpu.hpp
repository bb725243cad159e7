// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <sched.h>
#include <system_error>

namespace coroutine_model {

/// Keeps the calling thread on one CPU from here on. Throws std::system_error.
inline void stay_on_cpu(int cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(cpu), &only);
    if (::sched_setaffinity(0, sizeof only, &only) != 0) {
        throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
    }
}

} // namespace coroutine_model
