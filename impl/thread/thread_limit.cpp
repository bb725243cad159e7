// SPDX-License-Identifier: MIT
#include "thread_limit.hpp"

#include "contract/model.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace thread_model {
namespace {

/// For the rest of the machine, whose threads come and go meanwhile.
constexpr std::uint64_t reserve = 256;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
/// A used 64 KiB stack costs about 8 KiB, its kernel side about 24 KiB.
constexpr std::uint64_t bytes_a_thread = 32 * 1'024;

struct limit {
    std::uint64_t left;
    std::string name;
};

/// The number at the start of a file; none if it is absent or says "max".
std::optional<std::uint64_t> number_in(std::filesystem::path const& path) {
    std::ifstream file(path);
    std::uint64_t value = 0;
    if (file >> value) return value;
    return {};
}

std::uint64_t minus(std::uint64_t limit, std::uint64_t used) {
    return limit - std::min(limit, used);
}

/// Threads alive on this machine: the second number of the fourth field, "running/alive".
std::uint64_t threads_alive() {
    std::ifstream file("/proc/loadavg");
    std::string field;
    for (int i = 0; i < 4; ++i) {
        file >> field;
    }
    auto const slash = field.find('/');
    return slash == std::string::npos ? 0 : std::stoull(field.substr(slash + 1));
}

std::uint64_t mappings() {
    std::ifstream file("/proc/self/maps");
    return static_cast<std::uint64_t>(
        std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
}

std::uint64_t available_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    while (file >> key) {
        std::uint64_t kibibytes = 0;
        if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * 1'024;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return unlimited;
}

/// The tightest pids.max on the way from this process's control group to the root, of version 1
/// or 2.
void consider_control_groups(limit& tightest) {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        auto const first = line.find(':');
        auto const second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        auto const controllers = line.substr(first + 1, second - first - 1);
        std::filesystem::path root = "/sys/fs/cgroup";
        if (controllers == "pids") {
            root /= "pids";
        } else if (!controllers.empty()) {
            continue;
        }
        for (auto group = std::filesystem::path(line.substr(second + 1));;
             group = group.parent_path()) {
            auto const folder = root / group.relative_path();
            if (auto const most = number_in(folder / "pids.max")) {
                auto const left = minus(*most, number_in(folder / "pids.current").value_or(0));
                if (left < tightest.left) tightest = {left, (folder / "pids.max").string()};
            }
            if (!group.has_relative_path()) break;
        }
    }
}

limit tightest_limit() {
    auto const alive = threads_alive();
    limit tightest{unlimited, ""};
    auto const consider = [&](std::uint64_t left, char const* name) {
        if (left < tightest.left) tightest = {left, name};
    };
    rlimit processes{};
    // Not enforced for root, as setrlimit(2) says of RLIMIT_NPROC.
    if (::geteuid() != 0 && ::getrlimit(RLIMIT_NPROC, &processes) == 0 &&
        processes.rlim_cur != RLIM_INFINITY) {
        consider(minus(processes.rlim_cur, alive), "RLIMIT_NPROC (ulimit -u)");
    }
    for (auto const* path : {"/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"}) {
        if (auto const most = number_in(path)) consider(minus(*most, alive), path);
    }
    if (auto const most = number_in("/proc/sys/vm/max_map_count")) {
        // A stack and its guard page.
        consider(minus(*most, mappings()) / 2, "/proc/sys/vm/max_map_count");
    }
    consider(available_bytes() / bytes_a_thread, "MemAvailable of /proc/meminfo");
    consider_control_groups(tightest);
    tightest.left = minus(tightest.left, reserve);
    return tightest;
}

} // namespace

void require_threads(std::uint64_t count, std::string_view per_what) {
    auto const limit = tightest_limit();
    if (count <= limit.left) return;
    throw contract::declined_error("one thread per " + std::string(per_what) + ": " +
                                   std::to_string(count) + " threads exceed the " +
                                   std::to_string(limit.left) + " that " + limit.name + " allows");
}

} // namespace thread_model
