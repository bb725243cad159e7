// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace harness {

struct ended {
    int exit_code = -1; ///< -1: killed by `signal`
    int signal = 0;
    std::string out;
    std::string err;
};

/// Runs an executable of the build's bin folder to its end, with a hard limit of open descriptors
/// if that is not 0.
[[nodiscard]] ended run_program(std::string const& name, std::vector<std::string> arguments,
                                std::uint64_t most_descriptors = 0);

/// Makes the calling process adopt orphans, so that `descendants` finds what a program left behind.
void adopt_orphans();

/// Processes that descend from the calling process.
[[nodiscard]] std::vector<int> living_descendants();

/// A folder of its own under TMPDIR, removed with its content.
class temporary_folder {
public:
    temporary_folder();
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder();

    [[nodiscard]] std::string file(std::string const& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

[[nodiscard]] std::string read_file(std::string const& path);

} // namespace harness
