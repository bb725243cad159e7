// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cstdint>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <string>

/// What passes between this process, a model and a helper program.
namespace rig {

struct pipe_ends {
    proc::unique_fd read;
    proc::unique_fd write;
};
[[nodiscard]] pipe_ends make_pipe();

/// Bound to a port of the kernel's choice on `address` (in host order), listening, non-blocking.
struct listener {
    proc::unique_fd socket;
    std::uint16_t port = 0;
};
[[nodiscard]] listener make_listener(std::uint32_t host = INADDR_LOOPBACK);

/// A file in memory into which a helper program writes its report.
class report_file {
public:
    report_file();
    [[nodiscard]] int fd() const noexcept { return file_.get(); }

    /// Throws harness_error if there is no report of schema 1; `how_it_ended` tells why.
    [[nodiscard]] nlohmann::json read(std::string const& how_it_ended) const;

private:
    proc::unique_fd file_;
};

} // namespace rig
