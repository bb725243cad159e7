// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// What /proc says of a process and those that it started. Everything here races with processes
/// that end meanwhile: what has gone is left out.
namespace proc {

/// A file of /proc, "" if it is gone.
[[nodiscard]] std::string read_proc(std::string const& path);

/// The descendants of `root`, zombies included, without those in `except` and their descendants.
[[nodiscard]] std::vector<pid_t> descendants(pid_t root, std::vector<pid_t> const& except);

/// The threads of a process, without the kernel's own workers for io_uring.
[[nodiscard]] std::vector<pid_t> threads_of(pid_t process);

/// ThreadSanitizer starts a thread of its own in each process, with the first other one.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool sanitizer_adds_threads = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool sanitizer_adds_threads = true;
#else
inline constexpr bool sanitizer_adds_threads = false;
#endif
#else
inline constexpr bool sanitizer_adds_threads = false;
#endif

/// Threads of `root` and of its descendants that are still running or waiting, without those of a
/// sanitizer.
[[nodiscard]] std::size_t count_live_threads(pid_t root, std::vector<pid_t> const& except);

/// The CPUs that a process may use, ascending; 0 is this one. Throws std::system_error.
[[nodiscard]] std::vector<int> cpus_of(pid_t process);

/// CPU time of a process with all its threads, or of one thread; none if it is gone.
[[nodiscard]] std::optional<std::uint64_t> process_cpu_ns(pid_t process);
[[nodiscard]] std::optional<std::uint64_t> thread_cpu_ns(pid_t thread);

/// How long a thread was ready to run while another was on the CPU; none where the kernel does not
/// count it.
[[nodiscard]] std::optional<std::uint64_t> thread_run_delay_ns(pid_t process, pid_t thread);

/// The number after `key` in a `key: value [kB]` file of /proc.
[[nodiscard]] std::optional<std::uint64_t> number_after(std::string const& text,
                                                        std::string const& key);

/// The fields of /proc/<process>/stat from field 3, `state`, on; empty if it is gone.
[[nodiscard]] std::vector<std::string> stat_fields(pid_t process);

} // namespace proc
