// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

#include <cstdint>
#include <string>

namespace cell {

/// The file of `file_read`: block b holds `kernel::payload(seed, b, block_bytes)`. It lies in the
/// folder for temporary files, on the device and in the page cache, and has no name: whatever ends
/// this process, nothing is left.
class data_file {
public:
    /// `direct`: throws contract::skipped_error where the file system refuses O_DIRECT.
    data_file(std::uint64_t seed, std::uint64_t block_bytes, std::uint64_t file_bytes, bool direct);

    /// Opens in this process, and in its children while this object lives.
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    proc::unique_fd file_;
    std::string path_;
};

} // namespace cell
