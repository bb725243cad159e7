// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace rig {

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

} // namespace rig
