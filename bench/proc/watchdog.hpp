// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

namespace proc {

/// While alive: after `limit` every descendant is killed, `line` is written to `samples_fd` (unless
/// it is -1), `notice` to standard error, and the process exits with facts::exit_code::failed. Only
/// one at a time. It needs SIGALRM, and nothing of a hung model: no lock, no allocation, no thread.
class watchdog {
public:
    watchdog(std::chrono::nanoseconds limit, std::string line, int samples_fd, std::string notice);
    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;
    ~watchdog();
};

/// Kills and reaps all descendants. Async-signal-safe. The process must be a subreaper, so that the
/// children of killed children come to it.
void kill_descendants() noexcept;

} // namespace proc
