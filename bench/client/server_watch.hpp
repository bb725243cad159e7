// SPDX-License-Identifier: MIT
#pragma once

#include "proc/account.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <sys/types.h>

namespace client {

/// What the server's process tree used in the window.
struct server_usage {
    bool known = false;
    unsigned cpus = 1; ///< that it may run on
    std::uint64_t cpu_ns = 0;
    std::uint64_t user_ns = 0;
    std::uint64_t system_ns = 0;
    std::uint64_t busiest_thread_ns = 0;
    std::uint64_t voluntary_switches = 0;
    std::uint64_t involuntary_switches = 0;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t threads = 0;
    std::uint64_t processes = 0;
    std::uint64_t rss_bytes = 0;
    std::optional<std::uint64_t> pss_bytes;
};

/// Reads the clocks of a server and its descendants at both edges of the window: only the generator
/// knows when it opens and closes, and the server need not carry an observer. This process is left
/// out, for the harness starts it as a child of the server.
class server_watch {
public:
    /// `account_fd`: of an account_giver in this process's parent; without it, or if the server is
    /// another process, threads and children that end in the window take their counts along.
    server_watch(std::optional<pid_t> server, std::optional<int> account_fd);

    void open();
    /// The difference to `open`; also threads and memory as they are now.
    [[nodiscard]] server_usage close() const;

private:
    struct counters {
        std::uint64_t cpu_ns = 0;
        std::uint64_t user_ticks = 0;
        std::uint64_t system_ticks = 0;
        std::uint64_t voluntary_switches = 0;
        std::uint64_t involuntary_switches = 0;
        std::uint64_t minor_faults = 0;
        std::uint64_t major_faults = 0;
        std::map<pid_t, std::uint64_t> thread_cpu_ns;
        std::uint64_t processes = 0;
        bool has_account = false; ///< the server counted what ended, too
    };
    [[nodiscard]] counters read_once() const;
    [[nodiscard]] counters read() const;

    std::optional<pid_t> server_;
    std::optional<proc::account_asker> asker_;
    counters before_;
};

} // namespace client
