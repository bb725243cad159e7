// SPDX-License-Identifier: MIT
#pragma once

#include "siding/io/descriptor.hpp"
#include "siding/lock.hpp"
#include "siding/subprocess.hpp"

#include <optional>
#include <string>
#include <vector>

namespace siding::subprocess::detail {

/// What asyncio reports for a child that somebody else has reaped.
inline constexpr int reaped_by_others = 255;

/// A child that has been started and has to be reaped, by its descriptor and no other way.
struct child {
    child() = default;
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child();

    /// Reaps it if it has ended; true if it has.
    bool poll() noexcept;
    void reap(int flags) noexcept;

    pid_t pid = -1;
    descriptor pidfd;
    std::optional<int> returncode;
    lock waiting; ///< one task waits for the descriptor, the others for that task
    descriptor input, output, error;
};

/// Starts the program. Throws std::system_error.
void start(child& made, std::vector<std::string> const& arguments, options const& how);

} // namespace siding::subprocess::detail
