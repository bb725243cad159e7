// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace cell {

/// Where a workload writes: a folder of this process's own in the folder for temporary files,
/// removed with all that is in it. One that was left by a killed process is removed by the next.
class output_folder {
public:
    /// Throws harness_error.
    output_folder();
    output_folder(output_folder const&) = delete;
    output_folder& operator=(output_folder const&) = delete;
    ~output_folder();

    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    void empty() const;

private:
    std::string path_;
};

} // namespace cell
