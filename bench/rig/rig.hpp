// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/types.h>
#include <vector>

/// What the harness sets up around servers and clients: sockets, pipes and helper programs.
namespace cell {

/// A program that lies beside this executable, running as a child that dies with this process.
class helper_program {
public:
    /// `inherited`: the descriptors that stay open in it. Throws harness_error if it is missing.
    helper_program(std::string const& name, std::vector<std::string> const& arguments,
                   std::vector<int> const& cpus, std::vector<int> const& inherited);
    helper_program(helper_program const&) = delete;
    helper_program& operator=(helper_program const&) = delete;
    ~helper_program();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    /// Blocks until it has ended; how, in words: "exited with 1".
    std::string wait();

private:
    std::string name_;
    pid_t pid_ = -1;
    bool reaped_ = false;
    std::string end_;
};

struct pipe_ends {
    proc::unique_fd read;
    proc::unique_fd write;
};
[[nodiscard]] pipe_ends make_pipe();

/// Bound to a port of the kernel's choice on 127.0.0.1, listening, non-blocking.
struct listener {
    proc::unique_fd socket;
    std::uint16_t port = 0;
};
[[nodiscard]] listener make_listener();

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

} // namespace cell
