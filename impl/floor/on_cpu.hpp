// SPDX-License-Identifier: MIT
#pragma once

#include "posix.hpp"

#include <sched.h>

namespace floor_model {

/// Keeps the calling thread on one CPU from here on. Throws std::system_error.
inline void stay_on_cpu(int cpu) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(cpu), &only);
    checked(::sched_setaffinity(0, sizeof only, &only), "sched_setaffinity");
}

} // namespace floor_model
