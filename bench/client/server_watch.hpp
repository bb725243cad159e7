// SPDX-License-Identifier: MIT
#pragma once

#include "client/edges.hpp"
#include "proc/account.hpp"
#include "proc/machine.hpp"
#include "proc/usage.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace client {

/// The process whose clocks are to be read, and programs of the harness among its descendants.
struct watched {
    std::optional<pid_t> server;
    std::vector<pid_t> programs{};
};

/// Reads the clocks of a server and its descendants at both edges of the window: only the generator
/// knows when it opens and closes, and the server need not carry an observer. Programs of
/// the harness, this one too, are left out: it starts them as children of the server.
class server_watch final : public edges {
public:
    /// `account_fd`: of an account_giver in this process's parent; without it, or if the server is
    /// another process, threads and children that end in the window take their switches along.
    server_watch(watched whom, std::optional<int> account_fd);

    server_watch(server_watch const&) = delete;
    server_watch& operator=(server_watch const&) = delete;
    ~server_watch() override = default;

    void open() override;
    /// The difference to `open`; also threads and memory as they are now. `own_cpu_ns`: what the
    /// load generator itself used in between.
    [[nodiscard]] server_usage close(std::uint64_t own_cpu_ns) override;

private:
    std::optional<pid_t> server_;
    std::vector<pid_t> programs_; ///< and this one
    std::optional<proc::account_asker> asker_;
    std::optional<proc::usage_reader> reader_;
    std::vector<int> cpus_;
    std::optional<proc::cpu_times> cpu_times_before_;
    proc::usage before_;
};

} // namespace client
