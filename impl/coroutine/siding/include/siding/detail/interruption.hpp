// SPDX-License-Identifier: MIT
#pragma once

#include "siding/task.hpp"

#include <atomic>

namespace siding::detail {

struct signal_handler;

/// What `run` makes of SIGINT while it lives: the first cancels `main`, a second ends the process.
/// As asyncio's Runner it does so in the main thread alone, and only if nobody else handles SIGINT.
class interruption {
public:
    explicit interruption(any_task main);
    interruption(interruption const&) = delete;
    interruption& operator=(interruption const&) = delete;
    ~interruption();

    /// SIGINT has come, and nobody else has cancelled `main`.
    [[nodiscard]] bool cancelled_main() const noexcept;

private:
    any_task main_;
    bool came_ = false;
    signal_handler* handler_ = nullptr; ///< not owned; nullptr: SIGINT is left alone
};

} // namespace siding::detail
