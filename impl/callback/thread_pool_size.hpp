// SPDX-License-Identifier: MIT
#pragma once

#include "contract/model.hpp"

#include <cstdlib>
#include <string>

namespace callback {

/// libuv reads the size of its pool once, when the pool starts, and keeps the pool until the
/// process ends. Throws declined_error if it has started with another.
inline void size_thread_pool(unsigned workers) {
    static unsigned const started_with = [workers] {
        ::setenv("UV_THREADPOOL_SIZE", std::to_string(workers).c_str(), 1);
        return workers;
    }();
    if (started_with != workers) {
        throw contract::declined_error("libuv sizes its pool once a process, and it has " +
                                       std::to_string(started_with) + " threads already");
    }
}

} // namespace callback
