// SPDX-License-Identifier: MIT
#pragma once

#include "proc/posix.hpp"

namespace proc {

/// An empty file in memory, for what processes share (memfd_create(2)). Where the machine refuses
/// that call: a file without a name in the folder of shared memory or of temporary files
/// (O_TMPFILE, open(2)). Closed on exec. Throws std::system_error.
[[nodiscard]] unique_fd memory_file(char const* name);

} // namespace proc
