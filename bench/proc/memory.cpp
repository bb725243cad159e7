// SPDX-License-Identifier: MIT
#include "proc/memory.hpp"

#include "facts/errors.hpp"
#include "proc/process_tree.hpp"

#include <fmt/format.h>
#include <sstream>
#include <string>
#include <unistd.h>

namespace proc {
namespace {

/// Threads alive on this machine: the second number of the fourth field, "running/alive".
std::uint64_t threads_on_machine() {
    std::istringstream loads(read_proc("/proc/loadavg"));
    std::string field;
    for (int i = 0; i < 4; ++i) {
        loads >> field;
    }
    auto const slash = field.find('/');
    return slash == std::string::npos ? 0 : std::stoull(field.substr(slash + 1));
}

/// The kernel tells the sum over all threads of the machine only; all have stacks of one size.
std::uint64_t read_kernel_stack_bytes() {
    auto const page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    auto const all_kib = number_after(read_proc("/proc/meminfo"), "KernelStack").value_or(0);
    auto const threads = threads_on_machine();
    if (all_kib == 0 || threads == 0) {
        throw facts::unreadable_error(
            "/proc/meminfo has no KernelStack: memory per unit cannot be measured");
    }
    auto const pages = (all_kib * 1'024 / threads + page_bytes / 2) / page_bytes;
    return pages * page_bytes;
}

std::uint64_t kernel_stack_of_a_thread() {
    static auto const bytes = read_kernel_stack_bytes();
    return bytes;
}

std::optional<std::uint64_t> bytes_after(std::string const& text, std::string const& key) {
    auto const kibibytes = number_after(text, key);
    if (!kibibytes) return {};
    return *kibibytes * 1'024;
}

std::optional<std::uint64_t> pss_of(pid_t process) {
    return bytes_after(read_proc(fmt::format("/proc/{}/smaps_rollup", process)), "Pss");
}

std::uint64_t needed(std::optional<std::uint64_t> bytes, char const* from) {
    if (bytes) return *bytes;
    throw facts::unreadable_error(
        fmt::format("{} cannot be read: memory per unit cannot be measured", from));
}

} // namespace

memory memory_of(pid_t process) {
    auto const status = read_proc(fmt::format("/proc/{}/status", process));
    return {.rss_bytes = bytes_after(status, "VmRSS"),
            .peak_rss_bytes = bytes_after(status, "VmHWM"),
            .file_rss_bytes = bytes_after(status, "RssFile"),
            .page_table_bytes = bytes_after(status, "VmPTE"),
            .threads = number_after(status, "Threads").value_or(1)};
}

std::optional<std::uint64_t> pss_bytes(pid_t root, std::vector<pid_t> const& except) {
    auto processes = descendants(root, except);
    processes.push_back(root);
    std::uint64_t sum = 0;
    for (auto const process : processes) {
        auto const bytes = pss_of(process);
        // One that has ended has no memory; of a living one it must be known.
        if (!bytes && memory_of(process).rss_bytes) return {};
        sum += bytes.value_or(0);
    }
    return sum;
}

footprint read_footprint(pid_t root) {
    footprint sum;
    auto processes = descendants(root, {});
    processes.push_back(root);
    for (auto const process : processes) {
        auto const of_process = memory_of(process);
        if (!of_process.rss_bytes) continue;
        sum.pss_bytes += needed(pss_of(process), "/proc/<pid>/smaps_rollup");
        sum.page_table_bytes += needed(of_process.page_table_bytes, "VmPTE of /proc/<pid>/status");
        sum.kernel_stack_bytes += of_process.threads * kernel_stack_of_a_thread();
    }
    return sum;
}

} // namespace proc
