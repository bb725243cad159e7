// SPDX-License-Identifier: MIT
#pragma once

#include "harness/run_program.hpp"
#include "proc/posix.hpp"

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/types.h>
#include <vector>

namespace toy {

/// An executable of the build's bin folder under way. It inherits every descriptor that is not
/// close-on-exec; killed when the test gives up.
class program {
public:
    program(
        std::string const& name, std::vector<std::string> arguments,
        std::function<void()> const& before_exec = [] {});
    program(program const&) = delete;
    program& operator=(program const&) = delete;
    ~program();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] harness::ended wait();

private:
    pid_t pid_ = -1;
    proc::unique_fd out_;
    proc::unique_fd err_;
};

struct listening {
    proc::unique_fd socket;
    std::uint16_t port = 0;
};
/// A socket on 127.0.0.1, inheritable, on a port that the kernel chose. A backlog of -1 leaves it
/// bound and not listening: the port is taken and refuses.
[[nodiscard]] listening listen_on_loopback(int backlog = 1'024);
[[nodiscard]] proc::unique_fd connect_to(std::uint16_t port);

struct pipe_ends {
    proc::unique_fd read;
    proc::unique_fd write; ///< close-on-exec
};
[[nodiscard]] pipe_ends make_pipe();

/// The end of one switchyard-client, and its report if it wrote one.
struct client_end {
    harness::ended process;
    nlohmann::json report;
};
[[nodiscard]] client_end run_client(std::uint16_t port, std::vector<std::string> flags,
                                    char const* workload = "echo");

} // namespace toy
