// SPDX-License-Identifier: MIT
#pragma once

#include "contract/workloads/file_read.hpp"
#include "proc/posix.hpp"
#include "rig/part.hpp"

#include <memory>
#include <string>

namespace rig {

/// The file of `file_read`: block b holds `kernel::payload(seed, b, block_bytes)`. It lies in the
/// folder for temporary files, on the device and in the page cache, and has no name: whatever ends
/// this process, nothing is left. It opens in this process, and in its children while this object
/// lives.
class data_file final : public part {
public:
    /// Throws contract::skipped_error where there is no room, or O_DIRECT is asked for and refused.
    data_file(order const& wanted, contract::has_file& given);

private:
    proc::unique_fd file_;
    std::string path_;
};

template <class W>
[[nodiscard]] std::unique_ptr<part> set_up(order const& wanted, contract::has_file& given) {
    return std::make_unique<data_file>(wanted, given);
}

} // namespace rig
