// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <sys/types.h>
#include <vector>

/// Memory of processes, as the kernel counts it.
namespace proc {

/// Of one process. None for what the kernel does not tell, or if the process is gone.
struct memory {
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> peak_rss_bytes;
    std::optional<std::uint64_t> file_rss_bytes; ///< of files that it maps, its executable included
    std::optional<std::uint64_t> page_table_bytes;
    std::uint64_t threads = 0;
};
[[nodiscard]] memory memory_of(pid_t process);

/// Proportional set size of a tree: a page that n processes share counts a nth part for each. None
/// if the kernel does not tell it of one of them.
[[nodiscard]] std::optional<std::uint64_t> pss_bytes(pid_t root, std::vector<pid_t> const& except);

/// Memory of a process and its descendants, user and kernel side.
struct footprint {
    std::uint64_t pss_bytes = 0;
    std::uint64_t page_table_bytes = 0;
    std::uint64_t kernel_stack_bytes = 0;
};

/// Throws facts::unreadable_error where the kernel does not show it.
[[nodiscard]] footprint read_footprint(pid_t root);

} // namespace proc
