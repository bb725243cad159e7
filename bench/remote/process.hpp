// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace remote {

/// A program that this machine cannot start: it or its interpreter is missing.
struct start_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a process is started with.
struct command {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<int> inherited = {}; ///< descriptors that stay open in it, under the same numbers
};

/// A child and the pipes to its standard input and output. It dies with this process, and at the
/// latest with this object.
class process {
public:
    /// Returns when the program runs. Throws start_error.
    explicit process(command const&);
    process(process const&) = delete;
    process& operator=(process const&) = delete;
    ~process();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] int input() const noexcept { return input_.get(); }
    [[nodiscard]] int output() const noexcept { return output_.get(); }
    void end_input() noexcept { input_.reset(); }

    [[nodiscard]] bool has_ended() const noexcept { return !end_.empty(); }

    /// How it ended, in words ("exited with 1"); it is killed if it has not after `patience`.
    std::string const& wait(std::chrono::milliseconds patience);

private:
    pid_t pid_ = -1;
    std::string end_;
    proc::unique_fd input_;
    proc::unique_fd output_;
};

/// Whether there is something to read, or its end, within `patience`.
[[nodiscard]] bool is_readable(int fd, std::chrono::milliseconds patience);

/// All that a program prints before it ends with 0. Throws start_error, and std::runtime_error if
/// it ends in another way or takes longer than `patience`.
[[nodiscard]] std::string output_of(command const&, std::chrono::milliseconds patience);

} // namespace remote
